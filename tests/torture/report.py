"""What a run prints: its counts, and the verdict."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.torture.judge import mistaken_by_a_wrong_clock
from tests.torture.plan import End, Plan
from tests.torture.record import Record
from tests.torture.views import Evidence

_SHOWN = 20


def counts(plan: Plan, evidence: Evidence, seconds: float) -> list[str]:
    """What happened, in a few lines."""
    record, state = evidence.record, evidence.state
    states = Counter(row["state"] for row in state.deliveries)
    outcomes = Counter(str(row["outcome"]) for row in state.attempts)
    by_log = sum(row["uuid_from"] == "log" for row in state.attempts)
    texts = Counter(row["intent"] for row in state.inbound)
    called = sum(row["uuid_from"] == "callback" for row in state.attempts)
    calls = sum(row["callbacks"] for row in state.attempts)
    typed = Counter(ran.words[0] for ran in record.commands)
    mistaken = mistaken_by_a_wrong_clock(evidence)
    holds = Counter(row["kind"] for row in state.holds)
    return [
        f"{len(plan.rounds)} rounds in {seconds:.0f} s: {kills(record)} times SIGKILL; {_listed(_ends(record))}",
        f"{len(state.deliveries)} deliveries, {len(record.owed)} certainly owed by {record.witnesses} witnesses: {_listed(states)}",
        f"{len(state.attempts)} attempts: {_listed(outcomes)}; {by_log} settled by the log, {called} by callbacks, of which {calls} were taken; "
        f"{len(evidence.ledger)} messages in the ledger",
        f"{len(state.inbound)} texts came in: {_listed(texts) or 'none'}",
        f"{len(mistaken)} may be taken for another by the log, because of a wrong clock (a known limit)",
        f"{len(record.commands)} commands: {_listed(typed)}",
        f"{len(state.actions)} actions of operators, holds: {_listed(holds) or 'none'}",
        f"and {_listed(Counter(record.counts) - Counter(_ends(record)))}",
    ]


def kills(record: Record) -> int:
    """How often the daemon was killed."""
    return sum(number for what, number in record.counts.items() if "SIGKILL" in what)


def verdict(breaches: Sequence[str], folder: Path, command: str) -> list[str]:
    """The last lines: all is well, or what is not, where the traces are, and how to do it again."""
    if not breaches:
        return ["every promise was kept"]
    shown = [f"  {breach}" for breach in breaches[:_SHOWN]]
    more = [f"  and {len(breaches) - _SHOWN} more"] if len(breaches) > _SHOWN else []
    return [f"{len(breaches)} BREACHES:", *shown, *more, f"everything is kept in {folder}", f"again: {command}"]


def _ends(record: Record) -> Counter[str]:
    return Counter({what: number for what, number in record.counts.items() if what.startswith(tuple(End))})


def _listed(found: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(found.items()))
