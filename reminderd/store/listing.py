"""Deliveries as people look for them: filtered, newest due time first, a page at a time. Read-only; works on any connection.

However many there are, a page costs the reading of so many rows at most. Whatever is asked, one index gives candidates in
the order of the answer; where the rest of the question must be asked of each of them, only the newest are looked at, and
the page says from where it goes on.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from reminderd.clock import to_text
from reminderd.model import State
from reminderd.store.connection import Connection, Row, listed
from reminderd.store.fifth import NOT_DELIVERED
from reminderd.store.reports import FIRST_WORD, HISTORY

LONGEST_PAGE = 200
MOST_LOOKED_AT = 20_000  # rows, of each state where several are wanted

_PLACE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\d{1,19})", re.ASCII)
_WHOLE_NUMBER = re.compile(r"\+\d{7,15}", re.ASCII)
_PART_OF_NUMBER = re.compile(r"\+?\d{3,15}", re.ASCII)
_BETWEEN_DIGITS = str.maketrans("", "", " -./()")
_BADLY = frozenset(("undelivered", "failed", "rejected"))


class Place(NamedTuple):
    """A place in the list: that of one delivery."""

    due_at: str
    id: int

    def cursor(self) -> str:
        """As it is handed out: opaque, and safe in an address."""
        return base64.urlsafe_b64encode(f"{self.due_at} {self.id}".encode()).decode().rstrip("=")

    @classmethod
    def of(cls, cursor: str) -> "Place":
        """Raises ValueError for what was never handed out."""
        try:
            found = _PLACE.fullmatch(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", True).decode())
        except (binascii.Error, UnicodeError, ValueError):
            found = None
        if found is None or int(found[2]) >= 2**63:
            raise ValueError("this is no cursor: give what `next` said, as it is")
        return cls(found[1], int(found[2]))


_START = Place("9", 0)  # before the newest


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; all of it together. since, until: due from then on, and before then.

    receipts: what Plivo has reported of them, each the first word of a report. text: somewhere in the text, the name or the
    number, at most 200 characters.
    """

    job: str | None = None
    states: frozenset[State] = frozenset()
    receipts: frozenset[str] = frozenset()
    phone: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None


class Page(NamedTuple):
    """rows: deliveries as `Reports.history` has them. next: where the list goes on; None at its end.

    looked_until: where not all was looked at, the time due down to which it was; what is older may match too.
    """

    rows: list[Row]
    next: Place | None
    looked_until: str | None


class Counts(NamedTuple):
    """How many there are, by state. counted_until: where not all were, the time due down to which they were."""

    states: dict[str, int]
    counted_until: str | None


@dataclass(frozen=True, slots=True)
class _Way:
    """An index that has candidates in order. answers: the part of the question that it answers; states: one at a time."""

    index: str
    where: str
    answers: str
    states: tuple[State, ...] = ()


class Listing:
    """Questions about many deliveries."""

    def __init__(self, connection: Connection, most_looked_at: int = MOST_LOOKED_AT) -> None:
        self._db = connection
        self._most = most_looked_at

    def page(self, wanted: Wanted, after: Place | None = None, limit: int = 50) -> Page:
        """The first `limit` of them, or those after a place; at most `LONGEST_PAGE`."""
        query = _Query(self._settled(wanted), after or _START)
        way, floor = self._way(query)
        limit = min(limit, LONGEST_PAGE)
        values = {**query.values(way, floor), "most": limit + 1}
        found = [Place(row["due_at"], row["id"]) for row in self._db.rows(query.keys(way), values)]
        rows = self._rows([each.id for each in found[:limit]])
        if len(found) > limit:
            return Page(rows, found[limit - 1], None)
        return Page(rows, floor, floor.due_at if floor else None)

    def counts(self, wanted: Wanted) -> Counts:
        """By state. Without a job, phone, receipt or text, all of them are counted."""
        query, floor = _Query(self._settled(wanted), _START), None
        if query.conditions.keys() - {"states"}:
            way, floor = self._way(query, counts=True)
            rows = self._db.rows(query.counts(way), query.values(way, floor))
        else:
            rows = self._db.rows(*query.all_counts())
        found = {row["state"]: row["number"] for row in rows}
        return Counts({str(state): found.get(state, 0) for state in query.states}, floor.due_at if floor else None)

    def _settled(self, wanted: Wanted) -> Wanted:
        """With a text that is a phone's whole number as that phone."""
        number = (wanted.text or "").translate(_BETWEEN_DIGITS)
        if wanted.phone is not None or not _WHOLE_NUMBER.fullmatch(number):
            return wanted
        known = self._db.value("select 1 from deliveries where phone = :phone limit 1", {"phone": number})
        return Wanted(
            wanted.job,
            wanted.states,
            wanted.receipts,
            number if known else None,
            wanted.since,
            wanted.until,
            None if known else wanted.text,
        )

    def _way(self, query: "_Query", *, counts: bool = False) -> tuple[_Way, Place | None]:
        """By which index to look, and the last place to look at; without a place, all that it has is looked at.

        counts: the rows must be read, whatever the index answers.
        """
        tried = []
        for way in query.ways():
            read = counts or query.conditions.keys() - {way.answers}
            floor = self._floor(query, way) if read else None
            if floor is None:
                return way, None
            tried.append((way, floor))
        return tried[0]

    def _floor(self, query: "_Query", way: _Way) -> Place | None:
        floors = []
        for state in way.states or (None,):
            values = {**query.values(way, None), "state": state, "skipped": self._most - 1}
            row = self._db.row(query.last(way), values)
            floors += [Place(row["due_at"], row["id"])] if row else []
        return max(floors, default=None)

    def _rows(self, ids: list[int]) -> list[Row]:
        if not ids:
            return []
        names, values = listed(ids)
        return self._db.rows(f"{HISTORY} where d.id in ({names}) order by d.due_at desc, d.id desc", values)


class _Query:
    """The statements for one question."""

    _NEWEST_FIRST = "order by d.due_at desc, d.id desc"
    _RANGE = "(d.due_at, d.id) < (:before_due, :before_id) and (d.due_at, d.id) >= (:from_due, :from_id)"

    def __init__(self, wanted: Wanted, after: Place) -> None:
        self._wanted = wanted
        until = Place(to_text(wanted.until), 0) if wanted.until else _START
        self._before = min(after, until)
        self._values: dict[str, object] = {"job": wanted.job, "phone": wanted.phone}
        self.states = tuple(sorted(wanted.states)) or tuple(State)
        self.conditions: Mapping[str, str] = dict(self._conditions())

    def _conditions(self) -> Iterator[tuple[str, str]]:
        wanted = self._wanted
        if wanted.job is not None:
            yield "job", "d.job = :job"
        if wanted.phone is not None:
            yield "phone", "d.phone = :phone"
        if len(self.states) < len(State):
            yield "states", f"d.state in ({self._listed('state', self.states)})"
        if wanted.receipts:
            yield "receipts", f"{FIRST_WORD} in ({self._listed('receipt', sorted(wanted.receipts))})"
        if wanted.text:
            yield "text", f"({' or '.join(self._mentions(wanted.text))})"

    def _listed(self, name: str, words: tuple[State, ...] | list[str]) -> str:
        self._values |= {f"{name}{i}": word for i, word in enumerate(words)}
        return ", ".join(f":{name}{i}" for i in range(len(words)))

    def _mentions(self, text: str) -> Iterator[str]:
        # SQLite knows upper and lower case of ASCII alone.
        ways = {text} if text.isascii() else {text, text.lower(), text.upper(), text.title()}
        for number, way in enumerate(sorted(ways)):
            self._values[f"text{number}"] = f"%{_literally(way)}%"
            yield f"d.text like :text{number} escape '\\' or d.name like :text{number} escape '\\'"
        digits = text.translate(_BETWEEN_DIGITS)
        if _PART_OF_NUMBER.fullmatch(digits):
            self._values["digits"] = f"%{digits}%"
            yield "d.phone like :digits"

    def ways(self) -> Iterator[_Way]:
        """The indexes that could be used, the one that likely has fewest candidates first."""
        if "phone" in self.conditions:
            yield _Way("deliveries_by_phone", self.conditions["phone"], "phone")
        if self._wanted.receipts and self._wanted.receipts <= _BADLY:
            yield _Way("deliveries_not_delivered", NOT_DELIVERED, "")
        by_state = _Way("deliveries_by_state", "", "states", self.states)
        if "states" in self.conditions and State.ACCEPTED not in self.states:
            yield by_state
        if "job" in self.conditions:
            yield _Way("deliveries_of_job", self.conditions["job"], "job")
        elif "states" in self.conditions and State.ACCEPTED in self.states:
            yield by_state
        if not self.conditions.keys() & {"phone", "job", "states"}:
            yield _Way("deliveries_by_time", "", "")

    def values(self, way: _Way, floor: Place | None) -> dict[str, object]:
        lowest = Place(to_text(self._wanted.since), 0) if self._wanted.since else Place("", 0)
        last = max(floor or lowest, lowest)
        return {
            **self._values,
            **{f"way_{state}": str(state) for state in way.states},
            "before_due": self._before.due_at,
            "before_id": self._before.id,
            "from_due": last.due_at,
            "from_id": last.id,
        }

    def keys(self, way: _Way) -> str:
        """`due_at` and `id` of the first `:most`."""
        arms = (
            f"select * from (select d.due_at, d.id {self._from(way, where)} {self._NEWEST_FIRST} limit :most)"
            for where in self._wheres(way)
        )
        return f"{' union all '.join(arms)} order by due_at desc, id desc limit :most"

    def counts(self, way: _Way) -> str:
        arms = (f"select d.state {self._from(way, where)}" for where in self._wheres(way))
        return f"select state, count(*) as number from ({' union all '.join(arms)}) group by state"

    def all_counts(self) -> tuple[str, dict[str, object]]:
        """Of everything in these states and times, as far as an index alone tells."""
        names, values = listed(self.states)
        since, until = self._wanted.since, self._before.due_at
        return (
            "select state, count(*) as number from deliveries indexed by deliveries_by_state "
            f"where state in ({names}) and due_at >= :since and due_at < :until group by state",
            {**values, "since": to_text(since) if since else "", "until": until},
        )

    def last(self, way: _Way) -> str:
        """The place of the candidate after `:skipped` others; of those in `:state` where the way goes by states."""
        where = "d.state = :state" if way.states else way.where
        narrowed = " and ".join(part for part in (where, self._RANGE) if part)
        return (
            f"select d.due_at, d.id from deliveries d indexed by {way.index} where {narrowed} {self._NEWEST_FIRST} "
            "limit 1 offset :skipped"
        )

    def _wheres(self, way: _Way) -> list[str]:
        return [f"d.state = :way_{state}" for state in way.states] or [way.where]

    def _from(self, way: _Way, where: str) -> str:
        rest = [condition for name, condition in self.conditions.items() if name != way.answers]
        wheres = " and ".join(part for part in (where, self._RANGE, *rest) if part)
        return f"from deliveries d indexed by {way.index} where {wheres}"


def _literally(text: str) -> str:
    """A text for LIKE in which nothing stands for something else."""
    return re.sub(r"([\\%_])", r"\\\1", text)
