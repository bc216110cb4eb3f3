"""Ask Plivo what became of accepted messages, a few at a time, until it says so for good or a day is over.

What it says is a fact beside the state. Only a message that no carrier ever had is sent again, and only where its job
says `on_undelivered: retry`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from reminderd.duration import format_duration
from reminderd.gateway.codes import OPTED_OUT, in_words, may_be_sent_again, meaning
from reminderd.gateway.port import Details, DetailsUnavailable, Gateway, MessageState
from reminderd.model import State, mask
from reminderd.store import Facts, Question, Report, Store
from reminderd.telemetry import Event, emit

# Ten questions, then a second of rest: a sixth of what Plivo answers an account at the most.
BATCH = 10
_PAUSE = timedelta(seconds=1)
# Where none can be asked: so long, then twice that, and so on.
_SHORTEST_REST, _LONGEST_REST = timedelta(seconds=30), timedelta(minutes=15)

# So many reports of callbacks are judged in one go.
_JUDGED = 100
WELL = frozenset({MessageState.DELIVERED, MessageState.READ})
BADLY = frozenset({MessageState.UNDELIVERED, MessageState.FAILED, MessageState.REJECTED})

_NO_FACTS = Facts()

Answered = tuple[Question, Details | DetailsUnavailable]


class Answers(NamedTuple):
    """What Plivo said, message by message; unavailable: why the others were not asked about."""

    found: tuple[Answered, ...]
    unavailable: DetailsUnavailable | None = None


def ask(gateway: Gateway, questions: Sequence[Question]) -> Answers:
    """Ask one after the other. Takes as long as its requests; needs no state."""
    found: list[Answered] = []
    for question in questions:
        answer = gateway.details(question.message_uuid)
        if isinstance(answer, DetailsUnavailable) and answer.pause:
            return Answers(tuple(found), answer)
        found.append((question, answer))
    return Answers(tuple(found))


def next_question(sent_at: datetime, delays: Sequence[timedelta], now: datetime) -> datetime | None:
    """When a message sent then is to be asked about after `now`; None: not any more."""
    return min((sent_at + delay for delay in delays if sent_at + delay > now), default=None)


class ReceiptCollector:
    """now(): the time as it is to be written down. suspended(): whether the gateway is to be left alone.

    belongs(job, recipient): whether the recipient of that identity is still in the job.

    run(work, done, failed): call `work()` in another thread, then `done(result)` or `failed()` in the loop's.
    """

    def __init__(
        self,
        store: Store,
        gateway: Gateway,
        now: Callable[[], datetime],
        delays: Sequence[timedelta],
        suspended: Callable[[], bool],
        belongs: Callable[[str, str], bool],
        run: Callable[[Callable[[], Answers], Callable[[Answers], None], Callable[[], None]], None],
    ) -> None:
        self._store = store
        self._now = now
        self._suspended = suspended
        self._belongs = belongs
        self._run = run
        self._busy = False
        self._rests_until: datetime | None = None
        self._in_vain = 0  # how often in a row nobody could be asked about
        self.configure(gateway, delays)

    def configure(self, gateway: Gateway, delays: Sequence[timedelta]) -> None:
        """delays: when a message is asked about, counted from its request; none: never."""
        self._gateway = gateway
        self._delays = tuple(delays)

    def advance(self, now: datetime) -> None:
        """Do what follows from what callbacks said; and start asking about what is due, unless that is under way, has just been
        done, or makes no sense now."""
        self._judge(now)
        if self._busy or self._suspended() or (self._rests_until and now < self._rests_until):
            return
        if not self._delays:
            if self._store.receipts.next_due():
                self._store.receipts.ask_no_more()
            return
        questions = self._store.receipts.due(now, BATCH)
        if not questions:
            return
        gateway = self._gateway
        self._busy = True
        unread = Answers((), DetailsUnavailable("a defect in asking; the log has its traceback", pause=True))
        try:
            self._run(lambda: ask(gateway, questions), self._settle, lambda: self._settle(unread))
        except BaseException:
            self._busy = False
            raise

    def next_wake(self) -> datetime | None:
        """None while only an event can change anything."""
        if self._busy or self._suspended() or not self._delays:
            return None
        due = self._store.receipts.next_due()
        return max(due, self._rests_until) if due and self._rests_until else due

    def _settle(self, answers: Answers) -> None:
        self._busy = False
        now = self._now()
        self._rest(answers.unavailable, now)
        told: list[Callable[[], None]] = []
        with self._store.together():
            for question, answer in answers.found:
                told += self._note(question, answer, now)
        _tell(told, [answer for _, answer in answers.found])

    def _judge(self, now: datetime) -> None:
        """What Plivo itself said for good, of what did not arrive, before it was asked."""
        heard = self._store.receipts.heard(_JUDGED)
        if not heard:
            return
        found: list[Details] = []
        told: list[Callable[[], None]] = []
        with self._store.together():
            for question, code in heard:
                details = Details(MessageState(state_of(question.receipt) or MessageState.FAILED), code)
                kept = self._keep(question, details, Event.RECEIPT_UNDELIVERED, now)
                if kept is None:  # of a delivery that is not accepted by this message
                    opted_out = code == OPTED_OUT and question.phone is not None
                    kept = self._opt_out(question, now) if opted_out else []
                told += kept
                self._store.receipts.judged(question)
                found.append(details)
        _tell(told, found)

    def _rest(self, unavailable: DetailsUnavailable | None, now: datetime) -> None:
        if unavailable is None:
            self._in_vain = 0
            self._rests_until = now + _PAUSE
            return
        wait = min(_LONGEST_REST, _SHORTEST_REST * 2 ** min(self._in_vain, 10))
        wait = max(unavailable.retry_after or timedelta(0), wait)
        self._in_vain += 1
        self._rests_until = now + wait
        emit(Event.RECEIPT_UNAVAILABLE, reason=unavailable.evidence, retry_in=wait)

    # -- one message ------------------------------------------------------------------------------------

    def _note(
        self, question: Question, answer: Details | DetailsUnavailable, now: datetime
    ) -> list[Callable[[], None]]:
        """Keep what is said of one message; returns what is to be told when that is committed."""
        again_at = next_question(question.sent_at, self._delays, now)
        if isinstance(answer, DetailsUnavailable):
            return self._nothing_new(question, _in_vain(answer), again_at, now)
        if answer.state in WELL:
            return self._keep(question, answer, Event.RECEIPT_DELIVERED, now) or []
        if answer.state in BADLY:
            return self._keep(question, answer, Event.RECEIPT_UNDELIVERED, now) or []
        known = question._replace(receipt=in_words(answer))
        return self._nothing_new(known, "", again_at, now, facts_of(answer))

    def _nothing_new(
        self, question: Question, trouble: str, again_at: datetime | None, now: datetime, facts: Facts = _NO_FACTS
    ) -> list[Callable[[], None]]:
        """It may still be on its way. After the last question it ends with what is known."""
        words = question.receipt or f"none yet: {trouble}"
        if again_at is None:
            words = (
                f"{state_of(question.receipt) or 'none'}; no final report within {format_duration(self._delays[-1])}"
            )
            words += f" ({trouble})" if trouble else ""
        noted = self._store.receipts.note(question, Report(words, facts=facts), again_at, now)
        if noted is None or again_at is not None:
            return []
        return [_telling(Event.RECEIPT_MISSING, question, receipt=words)]

    def _keep(
        self, question: Question, details: Details, event: Event, now: datetime
    ) -> list[Callable[[], None]] | None:
        """What Plivo says for good; None where the message is not, or no longer, what its delivery is accepted with."""
        report = report_of(details)
        again = may_be_sent_again(details)
        noted = self._store.receipts.note(question, report, None, now, try_again=again, belongs=self._belongs)
        if noted is None:
            return None
        told = [_telling(event, question, receipt=noted.words, at=details.at, segments=details.units)]
        if noted.state is State.PENDING:
            told.append(_telling(Event.DELIVERY_RETRYING, question, reason=f"Plivo's report: {noted.words}"))
        if event is Event.RECEIPT_UNDELIVERED and details.error_code == OPTED_OUT:
            told += self._opt_out(question, now)
        return told

    def _opt_out(self, question: Question, now: datetime) -> list[Callable[[], None]]:
        """Whoever has told Plivo to stop is not written to again from this sender; unless they have said since that message that
        they want them."""
        if self._store.inbound.started_since(question.phone, question.sender, question.attempt_id):
            return []
        why = f"Plivo reports error {OPTED_OUT}: opted out"
        cancelled = self._store.opt_outs.add(question.phone, question.sender, "plivo", "plivo", why, now)
        told = _telling(Event.OPT_OUT_ADDED, question, source="plivo", cancelled=len(cancelled))
        return [told, *(_cancelled(each.id, each.job) for each in cancelled)]


def state_of(receipt: str | None) -> str | None:
    """The message's state in an earlier report; None where there was none."""
    return None if receipt is None or receipt.startswith("none") else receipt.partition(";")[0].partition(" ")[0]


def report_of(details: Details) -> Report:
    """What Plivo says, as the state keeps it."""
    final, well = details.state in WELL | BADLY, details.state in WELL
    return Report(in_words(details), details.error_code, final, well, facts_of(details))


def facts_of(details: Details) -> Facts:
    return Facts(details.units, details.charged, details.mcc, details.mnc, details.queued_at, details.sent_at)


def _tell(told: Sequence[Callable[[], None]], answers: Sequence[Details | DetailsUnavailable]) -> None:
    for each in told:
        each()
    for code in sorted({code for answer in answers if (code := _alarming(answer)) is not None}):
        emit(Event.RECEIPT_ACCOUNT, code=code, meaning=meaning(code).words)


def _in_vain(answer: DetailsUnavailable) -> str:
    what = "Plivo has no message of this name" if answer.unknown else "Plivo's answer cannot be used"
    return f"{what}, {answer.evidence}"


def _alarming(answer: Details | DetailsUnavailable) -> int | None:
    """The code of what a person has to look at beyond this one message."""
    if isinstance(answer, DetailsUnavailable) or answer.state not in BADLY:
        return None
    return answer.error_code if meaning(answer.error_code).alert else None


def _telling(event: Event, question: Question, **fields: object) -> Callable[[], None]:
    return lambda: emit(event, job=question.job, delivery=question.delivery_id, to=mask(question.phone), **fields)


def _cancelled(delivery: int, job: str) -> Callable[[], None]:
    return lambda: emit(Event.DELIVERY_CANCELLED, job=job, delivery=delivery, reason="opted out")
