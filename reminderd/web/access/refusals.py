"""Refusals in the log: each kind at once, and then once a minute with how many there were."""

from collections import OrderedDict
from collections.abc import Callable

from reminderd.telemetry import Event, emit

_EVERY = 60.0
_MOST = 100  # kinds that are told apart; of more the log is not to be filled


class Refusals:
    """now(): seconds, of a clock that never goes back."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._quiet: OrderedDict[tuple[str | None, ...], tuple[float, int]] = (
            OrderedDict()
        )  # until when, and how many since
        self._minute = 0.0
        self._told = 0

    def note(
        self, reason: str, *, who: str | None = None, scope: str | None = None, address: str | None = None
    ) -> None:
        """Never a token, or a path, which may hold one."""
        now, key = self._now(), (reason, who, scope, address)
        until, unsaid = self._quiet.pop(key, (0.0, 0))
        if now < until or not self._may_tell(now):
            self._quiet[key] = until, unsaid + 1
        else:
            emit(Event.WEB_REFUSED, reason=reason, who=who, scope=scope, address=address, times=unsaid + 1)
            self._quiet[key] = now + _EVERY, 0
        if len(self._quiet) > _MOST:
            self._quiet.popitem(last=False)

    def _may_tell(self, now: float) -> bool:
        """Few in a minute, whoever asks."""
        if now >= self._minute + _EVERY:
            self._minute, self._told = now, 0
        self._told += 1
        return self._told <= _MOST // 10
