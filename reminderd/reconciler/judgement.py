"""What a look into Plivo's log proves, and what it only makes possible. Reads the state, and changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from reminderd.model import LogRow, digits
from reminderd.reconciler.lookup import SLACK, Findings
from reminderd.reconciler.matching import Pair, match, may_be, rows_for, strangers, undisputed
from reminderd.store import Doubt, Store


@dataclass(frozen=True, slots=True)
class Judgement:
    """proven: attempts, each with the row that nobody else can own. strangers: rows that no attempt of ours can have
    made; with any of them, nothing from their sender is proven.
    """

    proven: tuple[Pair, ...] = ()
    strangers: tuple[LogRow, ...] = ()


def candidates(store: Store, doubt: Doubt, rows: Sequence[LogRow]) -> list[LogRow]:
    """The rows of the log that could be this doubt's message: right sender, right time, and no known owner.

    Their number is the doubt's, or could be it in a masked or rewritten form.
    """
    return [row for row in _unknown(store, rows) if may_be(doubt, row, SLACK)]


def judge(store: Store, findings: Findings) -> Judgement:
    """What these findings prove about everything that is in doubt, as the state is now.

    Whoever else may have reached the same phones is a possible owner too, also if somebody's word settled it.
    """
    rows = _unknown(store, findings.rows)
    owners = store.doubts.owners({row.message_uuid for row in findings.rows})
    foreign = strangers(owners, rows, SLACK)
    shared = {row.sender.casefold() for row in foreign}
    phones = {doubt.phone for doubt in findings.looked_up}
    quiet = [phone for phone in phones if not store.doubts.sending_to(phone)]
    clear = [row for row in undisputed(owners, rows, SLACK) if row.sender.casefold() not in shared]
    return Judgement(tuple(match(store.doubts.unproven(quiet), clear, SLACK)), tuple(foreign))


def in_words(
    doubt: Doubt, findings: Findings, found: Sequence[LogRow], foreign: Sequence[LogRow], *, shared_sender: bool
) -> str:
    """Why this look has not settled the doubt. found: its candidates; foreign: what came from its sender otherwise."""
    others = "" if shared_sender else _others(doubt, foreign)
    if found:
        uuids = ", ".join(row.message_uuid for row in found[:5])
        return f"in doubt: Plivo's log has {uuids}, not taken because {_reason(doubt, found, others, shared_sender)}"
    notes = [f"{findings.skipped} of its rows cannot be read"] if findings.skipped else []
    notes += [] if findings.whole else ["it is too long to be read as a whole"]
    notes += [others] if others else []
    return "; ".join(("in doubt: Plivo's log shows no such message yet, which proves nothing", *notes))


def _reason(doubt: Doubt, found: Sequence[LogRow], others: str, shared_sender: bool) -> str:
    if shared_sender:
        return "the sender is shared"
    if others:
        return others
    if not rows_for(doubt, found, SLACK):
        return "its number there is masked or rewritten"
    return "it could as well be another delivery's"


def _others(doubt: Doubt, foreign: Sequence[LogRow]) -> str:
    """What speaks for another program; also where the state was put back, which then does not know what it sent."""
    number = sum(1 for row in foreign if row.sender.casefold() == digits(doubt.sender).casefold())
    if not number:
        return ""
    what = f"{number} messages" if number > 1 else "a message"
    return f"the log has {what} from this sender that this state never sent (does another program? plivo.shared_sender)"


def _unknown(store: Store, rows: Sequence[LogRow]) -> list[LogRow]:
    """The rows that nobody is known to own, each once."""
    each = {row.message_uuid: row for row in rows}
    known = store.doubts.known_uuids(list(each))
    return [row for uuid, row in each.items() if uuid not in known]
