"""What every form of a plan shows: one item a message, and people of private lists only as numbers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminderd.cli.common import plural
from reminderd.clock import from_text
from reminderd.forecast import Coming
from reminderd.message import measure
from reminderd.message.encoding import UCS_2
from reminderd.model import Job, Recipient, State
from reminderd.review import Difference, Review
from reminderd.store import Row


class Side(NamedTuple):
    """A message before or after. at: when it may go out; text: None where it is not shown, or there is none."""

    zone: str
    due_at: datetime
    at: datetime
    text: str | None
    encoding: str | None
    segments: int
    state: str
    reason: str

    @property
    def when(self) -> str:
        return when(self.at, self.zone)


@dataclass(frozen=True, slots=True)
class Item:
    """One message, or those to `people` of a private list at one time. who: None for them."""

    job: str
    who: Recipient | None
    people: int
    before: Side | None
    after: Side | None
    reworded: bool = False

    @property
    def side(self) -> Side:
        found = self.after or self.before
        assert found is not None
        return found


def when(moment: datetime, zone: str) -> str:
    """Mon 2026-11-30 09:00 Europe/Berlin; seconds only where there are some."""
    local = moment.astimezone(ZoneInfo(zone))
    shown = "%a %Y-%m-%d %H:%M:%S" if local.second else "%a %Y-%m-%d %H:%M"
    fold = f" ({local:%Z})" if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset() else ""
    return f"{local.strftime(shown)} {zone}{fold}"


def named(item: Item) -> str:
    """Who gets it, in words; not yet fit for a terminal."""
    if item.who is None:
        return f"{plural(item.people, 'person', 'people')} of a private list"
    return person(item.who)


def person(who: Recipient) -> str:
    key = f" ({who.key})" if who.key else ""
    return f"{who.name} {who.phone}{key}" if who.name else f"{who.phone}{key}"


def segments(side: Side) -> str:
    """How many, and in UCS-2 the character that takes it there; or what becomes of a message that is not sent."""
    if side.state != State.PENDING:
        return side.state
    number = plural(side.segments, "segment")
    culprit = measure(side.text).culprit if side.text and side.encoding == UCS_2 else None
    return f"{number} (UCS-2: {culprit})" if culprit else number


def of_differences(differences: Iterable[Difference]) -> list[Item]:
    """The items of these differences, in their order."""
    return _joined(_of_difference(each) for each in differences)


def _of_difference(difference: Difference) -> Item:
    shown = difference.shown
    before, after = (_side(each) if each else None for each in (difference.before, difference.after))
    return Item(shown.job, shown.recipient, 1, before, after, difference.reworded)


def _side(each: Coming) -> Side:
    encoding = each.message.encoding if each.message else None
    number = each.message.segments if each.message else 0
    return Side(each.zone, each.instant.due_at, each.send_at, each.text, encoding, number, each.state, each.reason)


def of_rows(rows: Iterable[Row], jobs: Mapping[str, Job]) -> list[Item]:
    """The items of deliveries. jobs: those whose people these are."""
    people: dict[str, dict[str, Recipient]] = {}

    def who(row: Row) -> Recipient:
        job = jobs.get(row["job"])
        known = people.setdefault(row["job"], {each.identity: each for each in job.recipients} if job else {})
        # Not known: a second text to one phone, which fails; it may be that of somebody whom nobody may see.
        private = any(each.private for each in known.values())
        return known.get(row["recipient"]) or Recipient(row["phone"] or "", row["name"], private=private)

    return _joined(Item(row["job"], who(row), 1, None, _of_row(row)) for row in rows)


def _of_row(row: Row) -> Side:
    return Side(
        row["zone"],
        from_text(row["due_at"]),
        from_text(row["not_before"]),
        row["text"],
        row.get("encoding"),
        row["segments"] or 0,
        row["state"],
        row["reason"],
    )


def _joined(items: Iterable[Item]) -> list[Item]:
    """Private people of one job and time become one item."""
    found: dict[object, Item] = {}
    for position, item in enumerate(items):
        if item.who is None or not item.who.private:
            found[position] = item
            continue
        hidden = replace(item, who=None, before=_hidden(item.before), after=_hidden(item.after))
        key = (item.job, _times(item.before), _times(item.after), item.reworded)
        known = found.get(key)
        found[key] = hidden if known is None else _sum(known, hidden)
    return list(found.values())


def _hidden(side: Side | None) -> Side | None:
    return side and side._replace(text=None, encoding=None, reason="")  # a reason may name a number


def _times(side: Side | None) -> object:
    return side and (side.due_at, side.at, side.zone, side.state)


def _sum(first: Item, other: Item) -> Item:
    sides: list[Side | None] = []
    for one, two in ((first.before, other.before), (first.after, other.after)):
        sides.append(one._replace(segments=one.segments + two.segments) if one and two else one)
    return replace(first, people=first.people + other.people, before=sides[0], after=sides[1])


def crowd(people: Sequence[Recipient], most: int, show: Callable[[str], str]) -> str:
    """The first of them by name and number, and how many more there are; of a private list only how many."""
    seen = [each for each in people if not each.private]
    shown = [show(person(each)) for each in seen[:most]]
    if len(seen) > most:
        shown.append(f"{len(seen) - most:,} more")
    if private := len(people) - len(seen):
        shown.append(f"{plural(private, 'person', 'people')} of a private list")
    return ", ".join(shown)


def compared_with(review: Review, show: Callable[[str], str]) -> str:
    """What the files are compared with, in one sentence. show: makes a name fit to be shown."""
    live, number = review.live, len(review.staged.before)
    if live.state is None and live.scan is None:
        return f"There is nothing to compare with ({show(live.name)}): everything is new."
    return f"Compared with {show(live.name)}, where {plural(number, 'job')} {'runs' if number == 1 else 'run'}."


def times(item: Item, arrow: str) -> str:
    """When it goes out, or from when to when it moves."""
    if item.before is None or item.after is None or item.before.when == item.after.when:
        return item.side.when
    old, new = item.before.when.split(" ", 2), item.after.when.split(" ", 2)
    if old[:2] == new[:2]:
        clock, _, zone = old[2].partition(" ")
        if new[2].partition(" ")[2] == zone:
            return f"{old[0]} {old[1]} {clock} {arrow} {new[2]}"
    return f"{item.before.when} {arrow} {item.after.when}"


def days(review: Review) -> str:
    """How far it looks ahead."""
    return plural((review.until - review.now).days, "day")
