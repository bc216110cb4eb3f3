"""Whether the libraries are here that the settings ask for."""

import importlib.util
import sys
from collections.abc import Iterator

from reminderd.model import Problem
from reminderd.settings import Settings

_FIGURES = ("prometheus_client",)
_LISTENER = ("fastapi", "uvicorn", *_FIGURES)

MISSING = "needs libraries that are not installed"
# Not from an index: nothing of this name need be there, and it would be somebody else's.
HINT = f"in a checkout of this version: {sys.prefix}/bin/pip install --constraint requirements.lock '.[web]'"
HINT_TO_OPEN = f"{HINT}; then restart the daemon, which runs without it"


def missing_extras(settings: Settings) -> Iterator[Problem]:
    """What these settings want and what is not installed. The daemon runs without it, and says so."""
    if settings.web.listen is not None and not can_listen():
        yield Problem("settings", 0, 0, "web.listen", MISSING, HINT_TO_OPEN)
    if settings.metrics.textfile is not None and not has_figures():
        yield Problem("settings", 0, 0, "metrics.textfile", MISSING, HINT_TO_OPEN)


def can_listen() -> bool:
    return _installed(_LISTENER)


def callbacks_to(settings: Settings) -> str | None:
    """Where Plivo is told to report to; None where nothing would listen."""
    return settings.web.public_url if can_listen() else None


def has_figures() -> bool:
    return _installed(_FIGURES)


def _installed(names: tuple[str, ...]) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)
