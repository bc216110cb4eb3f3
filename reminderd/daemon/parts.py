"""What the settings come to for each part of the daemon."""

from datetime import timedelta

from reminderd.dispatcher import Limits
from reminderd.planner import Terms
from reminderd.settings import Settings
from reminderd.web.extra import callbacks_to


def reading_of(settings: Settings) -> tuple[object, ...]:
    """What decides how job files are read."""
    return settings.reads, settings.may_lack, settings.templates, settings.recipients, settings.defaults


def terms_of(settings: Settings) -> Terms:
    return Terms(settings.limits.limits, settings.plivo.price)


# What has no report for good by then is asked about: callbacks are lost where nobody takes them for seven minutes.
_CALLED_BACK = timedelta(minutes=15)


def receipts_of(settings: Settings) -> tuple[timedelta, ...]:
    """When Plivo is asked what became of a message; where it says so by itself, not before it has had the time to."""
    delays = settings.plivo.receipts
    if callbacks_to(settings) is None:
        return delays
    return tuple(each for each in delays if each >= _CALLED_BACK) or delays[-1:]


def limits_of(settings: Settings) -> Limits:
    plivo = settings.plivo
    first_look = plivo.reconcile[0] if plivo.reconcile else timedelta(0)
    first_receipt = min(receipts_of(settings), default=None)
    return Limits(plivo.rate, plivo.threads, plivo.deadline, first_look, first_receipt)
