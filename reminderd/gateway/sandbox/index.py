"""What memory holds of the ledger: 56 bytes a message, enough to find the lines that a question is about."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reminderd.gateway.sandbox.message import Message


@dataclass(frozen=True, slots=True)
class Criteria:
    """What the index can be asked for; None is anything. The span of time is half open: from <= at < until."""

    auth_id: str
    since: float
    until: float
    src: str | None = None
    dst: str | None = None
    type: str | None = None


class Index:
    """What the searches need of each message, in columns; position `n` is seq `n + 1`. Words are kept as hashes."""

    def __init__(self) -> None:
        self.offsets = array("Q")
        self._at = array("d")
        self._ordered = True  # unless a clock was set back
        self._accounts, self._sources, self._targets, self._types, self._contents = (array("q") for _ in range(5))

    def add(self, message: Message, at: float, offset: int) -> None:
        """One more message, accepted `at` (seconds since 1970), whose line begins at `offset`."""
        self.offsets.append(offset)
        self._ordered = self._ordered and (not self._at or self._at[-1] <= at)
        self._at.append(at)
        self._accounts.append(hash(message.auth_id))
        self._sources.append(hash(message.src))
        self._targets.append(hash(message.shown_dst))
        self._types.append(hash(message.type))
        self._contents.append(hash((message.src, message.dst, message.text)))

    def search(self, criteria: Criteria) -> Iterator[int]:
        """The seqs of what meets the criteria, newest first."""
        asked = (
            (self._accounts, criteria.auth_id),
            (self._sources, criteria.src),
            (self._targets, criteria.dst),
            (self._types, criteria.type),
        )
        tests = [(column, hash(word)) for column, word in asked if word is not None]
        first, end = 0, len(self._at)
        if self._ordered:
            first, end = bisect_left(self._at, criteria.since), bisect_left(self._at, criteria.until)
        for position in range(end - 1, first - 1, -1):
            if criteria.since <= self._at[position] < criteria.until and all(
                column[position] == number for column, number in tests
            ):
                yield position + 1

    def repeated(self) -> Iterable[int]:
        """The seqs of what may be there more than once."""
        counts = Counter(self._contents)
        return (position + 1 for position, content in enumerate(self._contents) if counts[content] > 1)
