"""When the gateway as a whole is unusable: stop claiming, ask for the account now and then, go on carefully.

Pure: outcomes go in, the next `Suspension` comes out.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from reminderd.model import Accepted, NotSent, Outcome, Refused
from reminderd.store import Suspension

_LONGEST = timedelta(minutes=5)
# So many phones refused in a row with the same words: it is not the phones.
_SAME_REFUSALS = 5


def after_outcome(known: Suspension, outcome: Outcome, phone: str, now: datetime) -> Suspension:
    """What an outcome says about the gateway. An acceptance clears what went before."""
    match outcome:
        case Accepted():
            return replace(known, refusal=None, refused_phones=()) if known.reason else Suspension()
        case NotSent(suspend=True):
            return _suspended(known, outcome.evidence, now, outcome.retry_after)
        case Refused():
            return _after_refusal(known, outcome, phone, now)
        case _:
            return known


def _after_refusal(known: Suspension, outcome: Refused, phone: str, now: datetime) -> Suspension:
    refusal = f"{outcome.status} {outcome.evidence}"
    phones = known.refused_phones if refusal == known.refusal else ()
    if phone not in phones:
        phones = (*phones, phone)[-_SAME_REFUSALS:]
    seen = replace(known, refusal=refusal, refused_phones=phones)
    if len(phones) < _SAME_REFUSALS:
        return seen
    reason = f"the last {_SAME_REFUSALS} different phones were all refused alike: {outcome.evidence}"
    return _suspended(seen, reason, now, None)


def _suspended(known: Suspension, reason: str, now: datetime, retry_after: timedelta | None) -> Suspension:
    if known.reason is not None:
        return known  # answers to requests that were under way when it was suspended
    wait = max(_back_off(known.level), retry_after or timedelta(0))
    return replace(known, reason=reason, since=now, until=now + wait, level=known.level + 1)


def _back_off(level: int) -> timedelta:
    """1, 2, 4 ... seconds, at most five minutes; the level falls back only when a message is accepted."""
    return min(_LONGEST, timedelta(seconds=2 ** min(level, 16)))


def after_probe(known: Suspension, ok: bool, evidence: str, now: datetime, retry_after: timedelta | None) -> Suspension:
    """A good answer lifts the suspension; the level stays until a message is accepted."""
    if known.reason is None:
        return known
    if ok:
        return replace(known, reason=None, since=None, until=None)
    wait = max(_back_off(known.level), retry_after or timedelta(0))
    first = known.reason.split("; ")[0]
    said = first if evidence == first else f"{first}; {evidence}"
    return replace(known, reason=said, until=now + wait, level=known.level + 1)


def careful(known: Suspension) -> bool:
    """Whether to try with a single message first: it was suspended and nothing was accepted since."""
    return known.level > 0
