"""Settle what is in doubt: look the attempt up in Plivo's own log, at about 0, 1, 5 and 15 minutes.

A row of the log settles a delivery only when nobody else can own it. Nothing found proves nothing: the delivery stays in
doubt and is reported, unless its job says `on_doubt: resend`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from reminderd.gateway.port import Gateway, LogUnavailable
from reminderd.model import LogRow, OnDoubt, State
from reminderd.reconciler.matching import match, rows_for
from reminderd.store import Doubt, Store, Why
from reminderd.telemetry import Event, emit

# Plivo's clock and ours need not agree. More than a step of ours that opens no hold (five minutes): else an attempt from
# before the step does not count as the owner of its own row, and another one to the same phone is given it.
SLACK = timedelta(minutes=6)
# Plivo answers 20 such questions a minute; a look that needs more would never end.
_MOST_PAGES = 12
_BUSY_PHONE = timedelta(seconds=5)
# Between two looks, so that what comes into doubt together is one question.
_PAUSE = timedelta(seconds=1)
_TRY_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Findings:
    """What the log said: rows for the doubts that were looked up, and what was left for later, and why.

    skipped: how many rows could not be read; with any, "nothing found" says even less than usual.
    """

    looked_up: tuple[Doubt, ...]
    rows: tuple[LogRow, ...]
    left: tuple[Doubt, ...] = ()
    unavailable: LogUnavailable | None = None
    skipped: int = 0


class _Rows(NamedTuple):
    rows: list[LogRow]
    skipped: int


def look_up(gateway: Gateway, doubts: Sequence[Doubt]) -> Findings:
    """Ask the log about these doubts. Takes as long as its requests; needs no state."""
    groups = [list(group) for _, group in groupby(sorted(doubts, key=_by_phone), key=_by_phone)]
    if len(groups) > 1:
        # Unless much was sent at the time, all its messages are fewer requests than one for each phone.
        found = _ask(gateway, doubts, None, min(len(groups), _MOST_PAGES))
        if isinstance(found, LogUnavailable):
            return Findings((), (), tuple(doubts), found)
        if found is not None:
            return Findings(tuple(doubts), tuple(found.rows), skipped=found.skipped)
    return _one_by_one(gateway, groups)


def _one_by_one(gateway: Gateway, groups: Sequence[Sequence[Doubt]]) -> Findings:
    rows: list[LogRow] = []
    done: list[Doubt] = []
    skipped = 0
    for position, group in enumerate(groups):
        found = _ask(gateway, group, group[0].phone, _MOST_PAGES)
        if found is None:
            found = LogUnavailable(f"more than {_MOST_PAGES} pages of the log in question")
        if isinstance(found, LogUnavailable):
            left = [doubt for later in groups[position:] for doubt in later]
            return Findings(tuple(done), tuple(rows), tuple(left), found, skipped)
        rows += found.rows
        skipped += found.skipped
        done += group
    return Findings(tuple(done), tuple(rows), skipped=skipped)


def _by_phone(doubt: Doubt) -> tuple[str, str]:
    return doubt.phone, doubt.sender


def _ask(gateway: Gateway, doubts: Sequence[Doubt], phone: str | None, most: int) -> _Rows | LogUnavailable | None:
    """What the log has of the time of these doubts; None where that is more than `most` pages."""
    since = min(doubt.begun_at for doubt in doubts) - SLACK
    until = max(doubt.ended_by for doubt in doubts) + SLACK
    rows: list[LogRow] = []
    skipped = 0
    page = None
    for _ in range(most):
        answer = gateway.log(since=since, until=until, phone=phone, page=page)
        if isinstance(answer, LogUnavailable):
            return answer
        rows += answer.rows
        skipped += answer.skipped
        page = answer.next
        if page is None:
            return _Rows(rows, skipped)
    return None


def candidates(store: Store, doubt: Doubt, rows: Sequence[LogRow]) -> list[LogRow]:
    """The rows of the log that could be this doubt's message: right people, right time, and no known owner."""
    known = store.doubts.known_uuids([row.message_uuid for row in rows])
    return [row for row in rows_for(doubt, rows, SLACK) if row.message_uuid not in known]


class Reconciler:
    """now(): the time as it is to be written down.

    run(work, done, failed): call `work()` in another thread, then `done(result)` or `failed()` in the loop's.
    """

    def __init__(
        self,
        store: Store,
        gateway: Gateway,
        now: Callable[[], datetime],
        delays: Sequence[timedelta],
        shared_sender: bool,
        run: Callable[[Callable[[], Findings], Callable[[Findings], None], Callable[[], None]], None],
    ) -> None:
        self._store = store
        self._now = now
        self._run = run
        self._busy = False
        self._rests_until: datetime | None = None
        self.configure(gateway, delays, shared_sender)

    def configure(self, gateway: Gateway, delays: Sequence[timedelta], shared_sender: bool) -> None:
        self._gateway = gateway
        self._delays = tuple(delays)
        self._shared_sender = shared_sender

    def advance(self, now: datetime) -> None:
        """Start looking up what is due, unless a look-up is under way, has just been, or cannot be had now."""
        if self._busy or (self._rests_until and now < self._rests_until):
            return
        due = self._store.doubts.due(now)
        ready = [doubt for doubt in due if not self._store.doubts.sending_to(doubt.phone)]
        waiting = [doubt for doubt in due if doubt not in ready]
        if waiting:
            self._store.doubts.postpone(waiting, now + _BUSY_PHONE)
        if not ready:
            return
        gateway = self._gateway
        self._busy = True
        unread = Findings((), (), tuple(ready), LogUnavailable("a defect in the look-up; the log has its traceback"))
        try:
            self._run(lambda: look_up(gateway, ready), self._settle, lambda: self._settle(unread))
        except BaseException:
            self._busy = False
            raise

    def next_wake(self) -> datetime | None:
        due = None if self._busy else self._store.doubts.next_due()
        return max(due, self._rests_until) if due and self._rests_until else due

    def _settle(self, findings: Findings) -> None:
        self._busy = False
        now = self._now()
        self._rests_until = now + _PAUSE
        if findings.unavailable is not None:
            self._leave(findings, findings.unavailable, now)
        with self._store.together():
            settled = self.accept_proven(findings, now)
            for doubt in findings.looked_up:
                if doubt.delivery_id not in settled and self._is_open(doubt):
                    self._nothing_found(doubt, findings, now)

    def _is_open(self, doubt: Doubt) -> bool:
        """Whether nobody has settled it since it was looked up, and it was not tried again."""
        known = self._store.doubts.get(doubt.delivery_id)
        return known is not None and known.attempt_id == doubt.attempt_id

    def _leave(self, findings: Findings, unavailable: LogUnavailable, now: datetime) -> None:
        """What comes into doubt meanwhile waits too, so that the next look is one for all of them."""
        wait = unavailable.retry_after or _TRY_AGAIN
        self._rests_until = now + wait
        self._store.doubts.postpone(findings.left, self._rests_until)
        emit(Event.LOG_UNAVAILABLE, reason=unavailable.evidence, doubts=len(findings.left), retry_in=wait)

    def accept_proven(self, findings: Findings, now: datetime) -> set[int]:
        """Accept what the log proves; returns the ids of the deliveries that it settled."""
        settled = set()
        for doubt, row in self._proven(findings):
            evidence = f"log: {row.message_uuid} {row.state}"
            why = Why("found in Plivo's log", evidence=evidence, attempt_id=doubt.attempt_id)
            if self._store.doubts.accept(doubt, row.message_uuid, "log", why, now):
                settled.add(doubt.delivery_id)
                emit(Event.DOUBT_SETTLED, job=doubt.job, delivery=doubt.delivery_id, state=State.ACCEPTED, by="log")
        return settled

    def _proven(self, findings: Findings) -> list[tuple[Doubt, LogRow]]:
        """The pairs of an attempt and the row that nobody else can own. With a shared sender there are none.

        Whoever else may have reached the same phones is a possible owner too, also if somebody's word settled it.
        """
        if self._shared_sender:
            return []
        doubts = self._store.doubts
        phones = {doubt.phone for doubt in findings.looked_up}
        quiet = [phone for phone in phones if not doubts.sending_to(phone)]
        known = doubts.known_uuids([row.message_uuid for row in findings.rows])
        unknown = [row for row in findings.rows if row.message_uuid not in known]
        return match(doubts.unproven(quiet), unknown, SLACK)

    def _nothing_found(self, doubt: Doubt, findings: Findings, now: datetime) -> None:
        found = [row.message_uuid for row in candidates(self._store, doubt, findings.rows)]
        finding = self._in_words(found, findings.skipped)
        again_at = self._next_look(doubt.step, now)
        self._store.doubts.looked(doubt, again_at, finding, now)
        emit(Event.DOUBT_LOOKED_UP, job=doubt.job, delivery=doubt.delivery_id, finding=finding, again_at=again_at)
        if again_at is None:
            self._give_up(doubt, now, absent=not found and not findings.skipped)

    def _in_words(self, found: list[str], skipped: int) -> str:
        if found:
            why = "the sender is shared" if self._shared_sender else "it could as well be another delivery's"
            return f"in doubt: Plivo's log has {', '.join(found[:5])}, not taken because {why}"
        unread = f"; {skipped} of its rows cannot be read" if skipped else ""
        return f"in doubt: Plivo's log shows no such message yet, which proves nothing{unread}"

    def _next_look(self, step: int, now: datetime) -> datetime | None:
        if step + 1 >= len(self._delays):
            return None
        return now + max(timedelta(seconds=1), self._delays[step + 1] - self._delays[step])

    def _give_up(self, doubt: Doubt, now: datetime, *, absent: bool) -> None:
        """After the last look. absent: the log was read as a whole and has nothing that could be this message."""
        if doubt.on_doubt is OnDoubt.RESEND and absent:
            state = self._store.doubts.resend(doubt, now)
            emit(Event.DOUBT_SETTLED, job=doubt.job, delivery=doubt.delivery_id, state=state, by="on_doubt: resend")
            if state is not State.IN_DOUBT:
                return
        command = f"reminderd resolve {doubt.delivery_id} --sent|--not-sent"
        emit(Event.DOUBT_UNRESOLVED, job=doubt.job, delivery=doubt.delivery_id, settle_with=command)
