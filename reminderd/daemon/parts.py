"""What the settings come to for each part of the daemon."""

from datetime import timedelta

from reminderd.dispatcher import Limits
from reminderd.planner import Terms
from reminderd.settings import Settings


def reading_of(settings: Settings) -> tuple[object, ...]:
    """What decides how job files are read."""
    return settings.reads, settings.may_lack, settings.templates, settings.recipients, settings.defaults


def terms_of(settings: Settings) -> Terms:
    return Terms(settings.limits.limits, settings.plivo.price)


def limits_of(settings: Settings) -> Limits:
    plivo = settings.plivo
    first_look = plivo.reconcile[0] if plivo.reconcile else timedelta(0)
    first_receipt = min(plivo.receipts, default=None)
    return Limits(plivo.rate, plivo.threads, plivo.deadline, first_look, first_receipt)
