"""What is refused of what looks like Plivo's: said in the log, and kept as a figure while nothing of Plivo's is taken."""

from collections.abc import Callable
from datetime import datetime, timedelta

from reminderd.telemetry import Event, Figures, RefusedCallbacks, emit

_QUIET = timedelta(minutes=10)

_DO = {
    "unsigned": "compare plivo.auth_token, web.public_url and the Message URL in Plivo's console; does the proxy change "
    "path, query or body?",
    "unexpected": "set web.public_url, or take the address out of Plivo's console",
}


class Refused:
    """Belongs to the listener's thread. Whoever likes can have a line written: one of a sort at once, then one in ten minutes."""

    def __init__(self, figures: Figures, now: Callable[[], datetime]) -> None:
        self._figures = figures
        self._now = now
        self._said: dict[tuple[str, str], tuple[datetime, int]] = {}  # when last, and how many since

    def note(self, kind: str, result: str) -> None:
        """One more, which said what a callback of ours says."""
        now, key = self._now(), (kind, result)
        last, unsaid = self._said.get(key, (None, 0))
        if last is not None and timedelta(0) <= now - last < _QUIET:
            self._said[key] = last, unsaid + 1
        else:
            emit(Event.CALLBACK_REFUSED, kind=kind, reason=result, times=unsaid + 1, do=_DO.get(result))
            self._said[key] = now, 0
        if result == "unsigned":
            before = self._figures.refused
            since, times = (before.since, before.times) if before else (now, 0)
            self._figures.refused = RefusedCallbacks(since, now, times + 1)

    def taken(self) -> None:
        """One that is signed has come: whatever is refused besides, Plivo is heard."""
        self._figures.refused = None
