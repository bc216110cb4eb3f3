"""What would go out in a stretch of time to come: the planner's own answer, asked at each moment at which something is due.

Pure. Who is shown a forecast and who gets the messages are told by the same functions.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from reminderd import recurrence
from reminderd.model import Instant, Job, Recipient, State, Text
from reminderd.plan import OPTED_OUT, NewDelivery, NewOccurrence, Override, has_opted_out, is_summary
from reminderd.planner import BEGINNING, Entry, Planner, entries_of

_CHUNK = 10_000
_MOST_INSTANTS = 100_000  # of one job and zone; a job by the second has more in a day


@dataclass(frozen=True, slots=True)
class Coming:
    """One message that would be planned. state: pending, or what it would be born as instead, with the reason.

    send_at: when it may go out, after quiet hours and splay.
    """

    job: str
    zone: str
    instant: Instant
    send_at: datetime
    recipient: Recipient
    identity: str
    state: State
    reason: str
    message: Text | None

    @property
    def text(self) -> str | None:
        return self.message.text if self.message else None

    @property
    def segments(self) -> int:
        """What it costs; nothing where it would not go out."""
        return self.message.segments if self.message and self.state is State.PENDING else 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one job would send. total: how many messages; only those to `looked_at` of its people are in `messages`."""

    messages: tuple[Coming, ...] = ()
    total: int = 0
    people: int = 0
    looked_at: int = 0

    @property
    def segments(self) -> int:
        """Of all messages; where not all were looked at, as many as the others let expect."""
        found = sum(each.segments for each in self.messages)
        return found if self.whole else round(found * self.total / max(1, len(self.messages)))

    @property
    def whole(self) -> bool:
        return len(self.messages) >= self.total


class Word(NamedTuple):
    """What people said beside the files. overrides: pauses and skips. opted_out: (phone, bare sender) of who wants
    nothing; from anybody where the sender is empty."""

    overrides: tuple[Override, ...] = ()
    opted_out: frozenset[tuple[str, str]] = frozenset()


_NOTHING_SAID = Word()


def occurrences(job: Job, start: datetime, end: datetime) -> int:
    """How many times the job is due in (start, end] for each of its people, at most in any zone."""
    if not job.enabled:
        return 0
    counts = (recurrence.count(job.schedule, zone, start, end, _MOST_INSTANTS) for zone in job.by_zone())
    return max(counts, default=0)


def forecast(
    job: Job,
    start: datetime,
    end: datetime,
    only: Collection[str] | None = None,
    word: Word = _NOTHING_SAID,
    most: int | None = None,
) -> Forecast:
    """What `job` sends in (start, end], to the people with the identities in `only`, or to all; the first `most` of it."""
    if not job.enabled:
        return Forecast(people=len(job.recipients))
    chosen = [each for each in job.recipients if only is None or each.identity in only]
    total = sum(len(people) * _count(job, zone, start, end, word) for zone, people in job.by_zone().items())
    coming = _coming(replace(job, recipients=tuple(chosen)), start, end, word) if chosen else iter(())
    messages = tuple(islice(coming, most))
    return Forecast(messages, total, len(job.recipients), len(chosen))


def _count(job: Job, zone: str, start: datetime, end: datetime, word: Word) -> int:
    """How many occurrences are sent."""
    mine = [each for each in word.overrides if each.job in (None, job.name)]
    if not mine:
        return recurrence.count(job.schedule, zone, start, end, _MOST_INSTANTS)
    instants = recurrence.between(job.schedule, zone, start, end, limit=_MOST_INSTANTS)
    return sum(not any(each.covers(job.name, instant) for each in mine) for instant in instants)


def _coming(job: Job, start: datetime, end: datetime, word: Word) -> Iterator[Coming]:
    people = {each.identity: each for each in job.recipients}
    entries = [replace(entry, planned_until=start) for entry in entries_of(job, {}, BEGINNING)]
    for occurrence in _occurrences(entries, start, end, word):
        for delivery in occurrence.deliveries:
            if not is_summary(delivery.recipient):
                yield _message(occurrence, delivery, people, word)


def _occurrences(entries: Iterable[Entry], start: datetime, end: datetime, word: Word) -> Iterator[NewOccurrence]:
    """Asked as the daemon asks that is awake all the time."""
    planner = Planner()
    planner.overrides = word.overrides
    planner.replace(entries)
    while (due := planner.next_due()) is not None and due <= end:
        plan = planner.plan(due, start, _CHUNK)
        yield from plan.occurrences
        planner.committed(plan)


def _message(occurrence: NewOccurrence, delivery: NewDelivery, people: Mapping[str, Recipient], word: Word) -> Coming:
    known = people.get(delivery.recipient)
    if known is None:  # a second text to one phone, which fails
        private = any(each.private for each in people.values())
        known = Recipient(delivery.phone or "", delivery.name, private=private)
    state, reason = delivery.state, delivery.reason
    # As the state has it at the birth of a delivery.
    if state is State.PENDING and has_opted_out(known.phone, delivery.sender, word.opted_out):
        state, reason = State.CANCELLED, OPTED_OUT
    return Coming(
        job=occurrence.job,
        zone=occurrence.zone,
        instant=occurrence.instant,
        send_at=delivery.not_before or occurrence.instant.due_at,
        recipient=known,
        identity=delivery.recipient,
        state=state,
        reason=reason,
        message=delivery.message,
    )


def sample(before: Sequence[Recipient], after: Sequence[Recipient], most: int) -> frozenset[str] | None:
    """Whose messages to look at where these are too many: who comes or goes first; None for everybody."""
    were, are = ({each.identity for each in people} for people in (before, after))
    if len(were | are) <= most:
        return None
    # In the order of the files, so that the same change shows the same people.
    coming = [each.identity for each in after if each.identity not in were]
    going = [each.identity for each in before if each.identity not in are]
    staying = [each.identity for each in after if each.identity in were]
    half = most // 4
    chosen = coming[:half] + going[:half]
    return frozenset(chosen + staying[: most - len(chosen)])
