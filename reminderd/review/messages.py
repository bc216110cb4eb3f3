"""What a change of the jobs does to the messages of the days to come: added, removed, moved, reworded."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminderd.forecast import Coming
from reminderd.model import State


class Kind(StrEnum):
    """What becomes of a message."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    REWORDED = "reworded"


class Difference(NamedTuple):
    """One message before and after. A moved one may have another text too."""

    kind: Kind
    before: Coming | None
    after: Coming | None

    @property
    def shown(self) -> Coming:
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def reworded(self) -> bool:
        """Whether both are there, with different texts."""
        return self.before is not None and self.after is not None and _said(self.before) != _said(self.after)


def compare(before: Sequence[Coming], after: Sequence[Coming]) -> list[Difference]:
    """The differences of one job's messages, by time.

    Two messages to one recipient are the same one at another time: when they are of the same occurrence, else when they
    are due at the same instant, else on the same local day, else in the order in which they come.
    """
    pairs, gone, new = _pair(before, after)
    found = [difference for old, fresh in pairs if (difference := _difference(old, fresh)) is not None]
    found += [Difference(Kind.REMOVED, old, None) for old in gone]
    found += [Difference(Kind.ADDED, None, fresh) for fresh in new]
    return sorted(found, key=_order)


Pairs = list[tuple[Coming, Coming]]


def _pair(before: Sequence[Coming], after: Sequence[Coming]) -> tuple[Pairs, list[Coming], list[Coming]]:
    pairs: Pairs = []
    gone, new = list(before), list(after)
    for key in (_occurrence, _moment, _day, _person):
        found, gone, new = _match(gone, new, key)
        pairs += found
    return pairs, gone, new


def _match(
    before: list[Coming], after: list[Coming], key: Callable[[Coming], object]
) -> tuple[Pairs, list[Coming], list[Coming]]:
    """Those with equal keys, the first with the first; and the rest of both."""
    waiting: dict[object, list[Coming]] = defaultdict(list)
    for each in reversed(before):
        waiting[key(each)].append(each)
    pairs: Pairs = []
    new = []
    for each in after:
        if waiting.get(key(each)):
            pairs.append((waiting[key(each)].pop(), each))
        else:
            new.append(each)
    taken = {id(old) for old, _ in pairs}
    return pairs, [each for each in before if id(each) not in taken], new


def _occurrence(each: Coming) -> object:
    return each.identity, each.instant.nominal


def _moment(each: Coming) -> object:
    return each.identity, each.instant.due_at


def _day(each: Coming) -> tuple[str, date]:
    return each.identity, each.instant.due_at.astimezone(ZoneInfo(each.zone)).date()


def _person(each: Coming) -> object:
    return each.identity


def _difference(before: Coming, after: Coming) -> Difference | None:
    if (before.instant.due_at, before.send_at) != (after.instant.due_at, after.send_at):
        return Difference(Kind.MOVED, before, after)
    return Difference(Kind.REWORDED, before, after) if _said(before) != _said(after) else None


def _said(each: Coming) -> object:
    """What the recipient reads, or why there is nothing to read."""
    return each.state, each.text if each.state is State.PENDING else each.reason


def _order(difference: Difference) -> tuple[object, ...]:
    shown = difference.shown
    return shown.send_at, shown.job, shown.identity, difference.kind


def every(differences: Sequence[Difference], kind: Kind) -> Iterator[Difference]:
    """Those of one kind."""
    return (each for each in differences if each.kind is kind)
