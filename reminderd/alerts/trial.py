"""A test alert, by the same ways as a real one."""

import socket
from collections.abc import Sequence
from typing import Any

from reminderd.alerts.telling import Notice, Teller, Told, Ways
from reminderd.settings import Settings


def teller_of(settings: Settings) -> Teller:
    """Who is told, by the settings."""
    alerts, plivo = settings.alerts, settings.plivo
    return Teller(Ways(alerts.command, alerts.url, plivo.proxy, plivo.ca_file))


def node_of(settings: Settings) -> str:
    """Who tells."""
    return settings.host or socket.gethostname()


def a_test(settings: Settings, now: str) -> list[Told]:
    """Tell a test by each way."""
    summary, do = "this is a test: somebody asked for it, and nothing is wrong", "nothing"
    return teller_of(settings).tell(Notice("test", "open", summary, do, node_of(settings), now))


def documents(told: Sequence[Told]) -> list[dict[str, Any]]:
    """What came of it, for JSON."""
    return [each._asdict() for each in told]
