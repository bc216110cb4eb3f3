"""What is told, when: an alert begins when two looks agree, and is over when nothing of it was seen for a while.

Everything changes here first and is written down then, so that what the state cannot take is told all the same. Told is
written after telling: who dies in between tells again, and nothing is lost.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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

_Key = tuple[str, datetime, str, str]
Run = Callable[[Callable[[], list[Told]], Callable[[list[Told]], None], Callable[[], None]], None]


@dataclass(slots=True)
class _Telling:
    """Where telling of one alert's beginning, or its end, by one way stands. not_before: by the clock that only counts."""

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
        self._busy = self._stopping = False

    def configure(self, teller: Teller) -> None:
        """Tell by these ways from now on, and at once what could not be told by those before."""
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

    @property
    def telling(self) -> bool:
        """Whether somebody is being told of something at this moment."""
        return self._busy

    def stop(self) -> None:
        """Begin to tell nothing any more; what is being told is still noted."""
        self._stopping = True

    def save(self) -> None:
        """Write down what the state has not taken yet. Raises what the state raises."""
        self._save()

    # -- looking ----------------------------------------------------------------------------------------

    def look(self, needs: Mapping[Name, str]) -> None:
        """Compare what is open with what needs someone now, write that down, and tell. Raises what the state raises."""
        for name in sorted({*Name, *self.open}):  # what a newer version has opened is over for this one
            self._note(name, needs.get(Name(name)) if name in _NAMES else None)
        for alert, state in list(self._untold()):  # the settings may name fewer ways than before
            self._note_told(alert, state)
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
        if known is not None and known.gone_at is not None:
            known.gone_at = None
            self._dirty.append(known)
        self._seen[name] = self._seen.get(name, 0) + 1
        if known is None and self._seen[name] >= _LOOKS:
            alert = Alert(name, summary, self._now())
            self._alerts.append(alert)
            self._dirty.append(alert)
            emit(Event.ALERT_OPENED, alert=name, summary=summary, do=_do(name))

    def _gone(self, alert: Alert) -> None:
        if self._counted() - self._gone_from(alert) < OVER_AFTER.total_seconds():
            return
        del self._gone_since[alert.name]
        alert.over_at, alert.gone_at = self._now(), None
        self._end_begin(alert)
        self._dirty.append(alert)
        emit(Event.ALERT_OVER, alert=alert.name, since=alert.opened_at)

    def _gone_from(self, alert: Alert) -> float:
        """Since when it is not seen, by the clock that counts; where a daemon before this one saw so, since then."""
        if alert.name not in self._gone_since:
            if alert.gone_at is None:
                alert.gone_at = self._now()
                self._dirty.append(alert)
            known = (self._now() - alert.gone_at).total_seconds()
            self._gone_since[alert.name] = self._counted() - max(0.0, known)
        return self._gone_since[alert.name]

    def _end_begin(self, alert: Alert) -> None:
        """It is over before all ways were told that it began: those that were are told of its end, and no other."""
        if alert.told_at is None and alert.told_by:
            alert.told_at = self._now()
            self._dirty.append(alert)

    def _save(self) -> None:
        if self._dirty:
            self._store.alerts.save(list({id(alert): alert for alert in self._dirty}.values()))
            self._dirty.clear()
        self._alerts = [alert for alert in self._alerts if alert.over_at is None or self._wants_its_end(alert)]
        wanted = {(alert.name, alert.opened_at, state) for alert, state in self._untold()}
        self._tellings = {key: telling for key, telling in self._tellings.items() if key[:3] in wanted}

    # -- telling ----------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Have the next thing told that is due, unless something is being told."""
        if self._busy or self._stopping:
            return
        for alert, state in list(self._untold()):
            for way in self._ways_left(alert, state):
                telling = self._tellings.setdefault((alert.name, alert.opened_at, state, way), _Telling())
                if telling.not_before <= self._counted():
                    self._begin(alert, state, way, telling)
                    return

    def _ways_left(self, alert: Alert, state: str) -> list[str]:
        """By which ways it is still to be told: of an end only by those that told of the beginning."""
        if state == "open":
            return [way for way in self._teller.ways.names if way not in alert.told_by]
        return [way for way in self._teller.ways.names if way in alert.told_by - alert.over_told_by]

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

    def _begin(self, alert: Alert, state: str, way: str, telling: _Telling) -> None:
        over_at = to_text(alert.over_at) if alert.over_at else None
        notice = Notice(
            alert.name, state, alert.summary, _do(alert.name), self._node, to_text(alert.opened_at), over_at
        )
        teller, others = self._teller, frozenset(self._teller.ways.names) - {way}
        self._busy = True
        try:
            self._run(
                lambda: teller.tell(notice, others),
                lambda told: self._told(alert, state, telling, told),
                lambda: self._told(alert, state, telling, [Told(way, False, "a defect, see the traceback")]),
            )
        except BaseException:
            self._busy = False
            raise

    def _told(self, alert: Alert, state: str, telling: _Telling, told: list[Told]) -> None:
        self._busy = False
        for each in told:
            if each.ok:
                (alert.told_by if state == "open" else alert.over_told_by).add(each.way)
                self._dirty.append(alert)
                emit(Event.ALERT_TOLD, alert=alert.name, state=state, way=each.way)
            else:
                self._failed(alert, state, telling, each)
        self._note_told(alert, state)
        if not any(each is alert for each in self._alerts):  # it was over while it was being told
            self._alerts.append(alert)
        self._save()
        self._tell()

    def _note_told(self, alert: Alert, state: str) -> None:
        """Where somebody was told and nobody else is to be, note that all were."""
        if state == "open" and (alert.over_at is not None or not self._ways_left(alert, state)):
            self._end_begin(alert)
        elif state == "over" and alert.over_told_by and not self._ways_left(alert, state):
            alert.over_told_at = self._now()
            self._dirty.append(alert)

    def _failed(self, alert: Alert, state: str, telling: _Telling, told: Told) -> None:
        pause = min(_LONGEST_PAUSE, _SHORTEST_PAUSE * 2 ** min(telling.tries, 10))
        telling.tries += 1
        telling.not_before = self._counted() + pause.total_seconds()
        emit(Event.ALERT_FAILED, alert=alert.name, state=state, way=told.way, error=told.evidence, retry_in=pause)


_NAMES = frozenset(map(str, Name))


def _do(name: str) -> str:
    return DO[Name(name)] if name in _NAMES else "reminderd alerts"
