"""Whether the libraries are here that the settings ask for."""

import importlib.util

from reminderd.model import Problem
from reminderd.settings import Settings

_FIGURES = ("prometheus_client",)
_LISTENER = ("fastapi", "uvicorn", *_FIGURES)


def missing_extra(settings: Settings) -> Problem | None:
    """What is wrong with settings that want what is not installed; None where nothing is."""
    if settings.web.listen and not can_listen():
        return _problem("web.listen")
    if settings.metrics.textfile and not has_figures():
        return _problem("metrics.textfile")
    return None


def can_listen() -> bool:
    return _installed(_LISTENER)


def has_figures() -> bool:
    return _installed(_FIGURES)


HINT = "pip install 'reminderd[web]', in the environment that reminderd runs in"


def _problem(key: str) -> Problem:
    what = "needs libraries that are not installed"
    return Problem("settings", 0, 0, key, what, f"{HINT}; or leave it out")


def _installed(names: tuple[str, ...]) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)
