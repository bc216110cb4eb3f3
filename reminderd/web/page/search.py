"""What the list of deliveries is narrowed by, from an address to a question and back. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminderd.message import PhoneError, parse_phone
from reminderd.model import State
from reminderd.store.listing import Place, Wanted

STATES = tuple(str(state) for state in State)
# What somebody may have to look at, as one choice.
NEEDS = "needs_someone"
_NEEDS = frozenset({State.IN_DOUBT, State.FAILED, State.MISSED})
# What may be chosen of Plivo's reports, and which first words of a report each stands for.
RECEIPTS: Mapping[str, frozenset[str]] = {
    "delivered": frozenset({"delivered", "read"}),
    "not delivered": frozenset({"undelivered", "failed", "rejected"}),
    "on its way": frozenset({"queued", "sent"}),
    "unknown to Plivo": frozenset({"none"}),
}
_LONGEST = 200
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


class Given(NamedTuple):
    """The fields of the form, as they were filled in."""

    q: str = ""
    job: str = ""
    state: str = ""
    receipt: str = ""
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """given: what was filled in. wanted: what it means. troubles: what of it could not be understood, by field.

    number: the text may also be the number of a delivery.
    """

    given: Given
    wanted: Wanted
    after: Place | None = None
    troubles: Mapping[str, str] = field(default_factory=dict)

    @property
    def number(self) -> int | None:
        return int(self.given.q) if _NUMBER.fullmatch(self.given.q) else None

    @property
    def is_narrow(self) -> bool:
        return any(self.given)

    def query(self, after: Place | None = None) -> list[tuple[str, str]]:
        """The address again, without what is empty; going on after a place."""
        found = [(name, value) for name, value in self.given._asdict().items() if value]
        return [*found, ("after", after.cursor())] if after else found


def search_of(query: Mapping[str, str], zone: ZoneInfo) -> Search:
    """zone: in which the days are meant."""
    given = Given(*(query.get(name, "").strip()[:_LONGEST] for name in Given._fields))
    troubles: dict[str, str] = {}
    after = _after(query.get("after"), troubles)
    wanted = Wanted(
        job=given.job or None,
        states=_states(given.state, troubles),
        receipts=_receipts(given.receipt, troubles),
        since=_day(given.since, zone, "since", troubles),
        until=_day(given.until, zone, "until", troubles, whole=True),
        text=_text(given.q),
    )
    return Search(given, replace(wanted, text=wanted.text or None), after, troubles)


def _states(word: str, troubles: dict[str, str]) -> frozenset[State]:
    if word in STATES:
        return frozenset({State(word)})
    if word and word != NEEDS:
        troubles["state"] = "There is no such state."
    return _NEEDS if word == NEEDS else frozenset()


def _receipts(word: str, troubles: dict[str, str]) -> frozenset[str]:
    if word and word not in RECEIPTS:
        troubles["receipt"] = "There is no such report."
    return RECEIPTS.get(word, frozenset())


def _day(text: str, zone: ZoneInfo, name: str, troubles: dict[str, str], *, whole: bool = False) -> datetime | None:
    """The beginning of a day; whole: its end."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=int(whole))
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        troubles[name] = "Write a day like 2026-11-22."
        return None


def _after(cursor: str | None, troubles: dict[str, str]) -> Place | None:
    try:
        return Place.of(cursor) if cursor else None
    except ValueError:
        troubles["after"] = "That place in the list is unknown; this is its beginning."
        return None


def _text(text: str) -> str:
    """A number as it is stored, whatever its notation; any other text as it is, without what no text has."""
    number = f"+{text[2:]}" if text.startswith("00") else text
    try:
        return parse_phone(number)
    except PhoneError:
        return "".join(each for each in text if each.isprintable())
