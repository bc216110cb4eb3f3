"""The settings as the gateway takes them, with times fit for somebody who waits."""

from datetime import timedelta

from reminderd.gateway.config import PlivoConfig
from reminderd.settings import Settings

CONNECT, READ, DEADLINE = timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=15)


def config_of(settings: Settings, auth_token: str = "") -> PlivoConfig:
    """How to reach Plivo. Without a token it can be reached, and not asked."""
    plivo = settings.plivo
    return PlivoConfig(
        auth_id=plivo.auth_id or "",
        auth_token=auth_token,
        url=plivo.url,
        threads=1,
        connect_timeout=min(plivo.connect_timeout, CONNECT),
        read_timeout=min(plivo.read_timeout, READ),
        deadline=min(plivo.deadline, DEADLINE),
        proxy=plivo.proxy,
        ca_file=plivo.ca_file,
    )
