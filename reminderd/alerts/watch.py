"""What is told, when: an alert begins when two looks agree, and is over when nothing of it was seen for a while.

Everything changes here first and is written down then, so that what the state cannot take is told all the same. Told is
written after telling: who dies in between tells again, and nothing is lost.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reminderd.alerts.rules import DO, Name
from reminderd.alerts.telling import Notice, Teller, Told
from reminderd.clock import to_text
from reminderd.store import Alert, Store
from reminderd.telemetry import Event, OpenAlert, emit

# Looks in a row that must agree, and for how long nothing must be seen: what comes and goes is one alert.
_LOOKS = 2
OVER_AFTER = timedelta(minutes=5)
_STALE = timedelta(days=1)
_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=15)

_Key = tuple[str, datetime, str]
Run = Callable[[Callable[[], list[Told]], Callable[[list[Told]], None], Callable[[], None]], None]


@dataclass(slots=True)
class _Telling:
    """Where telling of one alert's beginning, or its end, stands. not_before: by the clock that only counts."""

    done: set[str] = field(default_factory=set)
    tries: int = 0
    not_before: float = 0.0


class Watch:
    """The alerts of one daemon. All methods belong to the loop's thread.

    now(): the time as it is to be written down. counted(): seconds of a clock that only counts. run(work, done, failed):
    call `work()` in another thread, then `done(result)` or `failed()` in the loop's.
    """

    def __init__(
        self,
        store: Store,
        node: str,
        teller: Teller,
        now: Callable[[], datetime],
        counted: Callable[[], float],
        run: Run,
    ) -> None:
        self._store = store
        self._node = node
        self._teller = teller
        self._now = now
        self._counted = counted
        self._run = run
        self._alerts = store.alerts.unfinished()
        self._dirty: list[Alert] = []
        self._seen: dict[str, int] = {}
        self._gone_since: dict[str, float] = {}
        self._tellings: dict[_Key, _Telling] = {}
        self._busy = False

    def configure(self, teller: Teller) -> None:
        """Tell by these ways from now on, and at once what could not be told by the others."""
        if teller.ways != self._teller.ways:
            self._tellings.clear()
        self._teller = teller

    @property
    def open(self) -> frozenset[str]:
        """The names of what is open."""
        return frozenset(alert.name for alert in self._alerts if alert.over_at is None)

    @property
    def opened(self) -> tuple[OpenAlert, ...]:
        """What is open, also where the state has not taken it."""
        return tuple(
            OpenAlert(alert.name, alert.summary, alert.opened_at, alert.told_at)
            for alert in self._alerts
            if alert.over_at is None
        )

    # -- looking ----------------------------------------------------------------------------------------

    def look(self, needs: Mapping[Name, str]) -> None:
        """Compare what is open with what needs someone now, write that down, and tell. Raises what the state raises."""
        for name in sorted({*Name, *self.open}):  # what a newer version has opened is over for this one
            self._note(name, needs.get(Name(name)) if name in _NAMES else None)
        self._save()
        self._tell()

    def look_without_state(self, needs: Mapping[Name, str]) -> None:
        """As `look`, while nothing can be written and only these can be known: nothing is over for that."""
        for name, summary in needs.items():
            self._note(name, summary)
        self._tell()

    def _note(self, name: str, summary: str | None) -> None:
        known = next((alert for alert in self._alerts if alert.name == name and alert.over_at is None), None)
        if summary is None:
            self._seen.pop(name, None)
            if known is not None:
                self._gone(known)
            return
        self._gone_since.pop(name, None)
        self._seen[name] = self._seen.get(name, 0) + 1
        if known is None and self._seen[name] >= _LOOKS:
            alert = Alert(name, summary, self._now())
            self._alerts.append(alert)
            self._dirty.append(alert)
            emit(Event.ALERT_OPENED, alert=name, summary=summary, do=_do(name))

    def _gone(self, alert: Alert) -> None:
        since = self._gone_since.setdefault(alert.name, self._counted())
        if self._counted() - since < OVER_AFTER.total_seconds():
            return
        del self._gone_since[alert.name]
        alert.over_at = self._now()
        self._end_begin(alert, self._tellings.get(_key(alert, "open")))
        self._dirty.append(alert)
        emit(Event.ALERT_OVER, alert=alert.name, since=alert.opened_at)

    def _end_begin(self, alert: Alert, telling: _Telling | None) -> None:
        """It is over before all ways were told that it began: those that were are told of its end, and no other."""
        if alert.told_at is None and telling is not None and telling.done:
            alert.told_at = self._now()
            self._tellings[_key(alert, "over")] = _Telling(set(self._teller.ways.names) - telling.done)

    def _save(self) -> None:
        if self._dirty:
            self._store.alerts.save(list({id(alert): alert for alert in self._dirty}.values()))
            self._dirty.clear()
        self._alerts = [alert for alert in self._alerts if alert.over_at is None or self._wants_its_end(alert)]
        wanted = {_key(alert, state) for alert, state in self._untold()}
        self._tellings = {key: telling for key, telling in self._tellings.items() if key in wanted}

    # -- telling ----------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Have the next thing told that is due, unless something is being told."""
        if self._busy or not self._teller.ways.names:
            return
        for alert, state in self._untold():
            telling = self._tellings.setdefault(_key(alert, state), _Telling())
            if telling.not_before <= self._counted():
                self._begin(alert, state, telling)
                return

    def _untold(self) -> Iterable[tuple[Alert, str]]:
        for alert in self._alerts:
            if alert.over_at is None and alert.told_at is None:
                yield alert, "open"
            elif self._wants_its_end(alert):
                yield alert, "over"

    def _wants_its_end(self, alert: Alert) -> bool:
        """Whether somebody who knows that it began is to be told that it is over; after a day that is no news."""
        if alert.over_at is None or alert.told_at is None or alert.over_told_at is not None:
            return False
        return self._now() - alert.over_at < _STALE

    def _begin(self, alert: Alert, state: str, telling: _Telling) -> None:
        over_at = to_text(alert.over_at) if alert.over_at else None
        notice = Notice(
            alert.name, state, alert.summary, _do(alert.name), self._node, to_text(alert.opened_at), over_at
        )
        teller, done = self._teller, frozenset(telling.done)
        self._busy = True
        try:
            self._run(
                lambda: teller.tell(notice, done),
                lambda told: self._told(alert, state, telling, told),
                lambda: self._told(alert, state, telling, [Told("worker", False, "a defect, see the traceback")]),
            )
        except BaseException:
            self._busy = False
            raise

    def _told(self, alert: Alert, state: str, telling: _Telling, told: list[Told]) -> None:
        self._busy = False
        for each in told:
            if each.ok:
                telling.done.add(each.way)
                emit(Event.ALERT_TOLD, alert=alert.name, state=state, way=each.way)
            else:
                self._failed(alert, state, telling, each)
        if all(each.ok for each in told):
            if state == "open":
                alert.told_at = self._now()
            else:
                alert.over_told_at = self._now()
            self._dirty.append(alert)
        elif state == "open" and alert.over_at is not None:
            self._end_begin(alert, telling)
            self._dirty.append(alert)
        if not any(each is alert for each in self._alerts):  # it was over while it was being told
            self._alerts.append(alert)
        self._save()
        self._tell()

    def _failed(self, alert: Alert, state: str, telling: _Telling, told: Told) -> None:
        pause = min(_LONGEST_PAUSE, _SHORTEST_PAUSE * 2 ** min(telling.tries, 10))
        telling.tries += 1
        telling.not_before = self._counted() + pause.total_seconds()
        emit(Event.ALERT_FAILED, alert=alert.name, state=state, way=told.way, error=told.evidence, retry_in=pause)


_NAMES = frozenset(map(str, Name))


def _do(name: str) -> str:
    return DO[Name(name)] if name in _NAMES else "reminderd alerts"


def _key(alert: Alert, state: str) -> _Key:
    return alert.name, alert.opened_at, state
