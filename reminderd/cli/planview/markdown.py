"""A plan to be posted on a pull request.

Whatever people wrote stands in code spans, where nothing is a link, a mention, HTML or a table's edge.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from reminderd.cli.common import clean, plural
from reminderd.cli.planview import words
from reminderd.cli.planview.items import (
    Item,
    Side,
    compared_with,
    crowd,
    days,
    named,
    of_differences,
    segments,
    times,
)
from reminderd.recurrence import describe_job
from reminderd.review import Fate, JobReview, Kind, Review
from reminderd.review.messages import every
from reminderd.settings import Settings

LONGEST = 60_000  # characters; GitHub takes 65,536
_ROOM_FOR_THE_END = 400
_FEW = 50
_FEW_PEOPLE = 10
_LONGEST_TEXT = 320

Section = tuple[str, Sequence[str], bool]  # title, lines, whether it is open


def markdown(review: Review, settings: Settings, *, everything: bool) -> str:
    """The plan in Markdown, at most `LONGEST` characters."""
    few = None if everything else _FEW
    head = [
        "### reminderd plan",
        "",
        f"**{words.headline(review)}**" if review.changes else "**Nothing changes.**",
        "",
        f"{words.sums(review, settings)} in the next {days(review)}. {compared_with(review, code)}",
    ]
    return _bounded(head, list(_sections(review, settings, few)))


def code(text: object) -> str:
    """A code span of `text`, on one line, that nothing in it can end."""
    shown = clean(text)
    if len(shown) > _LONGEST_TEXT:
        shown = f"{shown[:_LONGEST_TEXT]}…"
    if not shown.strip():
        return "` `"
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _bounded(head: Sequence[str], sections: Sequence[Section]) -> str:
    """The sections, with whole lines left out where it would be too long."""
    out = list(head)
    room = LONGEST - _ROOM_FOR_THE_END - sum(len(line) + 1 for line in head)
    left_out = 0
    for title, lines, is_open in sections:
        frame = [f"<details{' open' * is_open}><summary>{title}</summary>", "", "", "</details>"]
        room -= sum(len(line) + 2 for line in frame)
        taken = []
        for line in lines:
            if len(line) + 1 > room:
                break
            room -= len(line) + 1
            taken.append(line)
        left_out += len(lines) - len(taken)
        if taken:
            out += ["", frame[0], "", *taken, "", "</details>"]
    if left_out:
        out += [
            "",
            f"_{plural(left_out, 'line')} left out, since a comment has its limits; `reminderd plan` shows all._",
        ]
    return "\n".join(out) + "\n"


def _sections(review: Review, settings: Settings, few: int | None) -> Iterator[Section]:
    if review.problems:
        yield plural(len(review.problems), "problem"), list(_problems(review, few)), True
    if held := words.held(review, settings):
        yield "Held", [f"- {code(each)}" for each in held], True
    for _, title, items in words.at_once(review):
        yield f"{title}: {_number(items)}", list(_items(items, few)), True
    if review.jobs:
        yield f"Jobs: {len(review.jobs)}", [line for job in review.jobs for line in _job(job)], True
    differences = review.differences
    for kind in Kind:
        items = of_differences(every(differences, kind))
        if items:
            yield f"Messages {kind}: {review.count(kind):,}", list(_items(items, few, review.count(kind))), False


def _number(items: Iterable[Item]) -> str:
    return f"{sum(item.people for item in items):,}"


def _problems(review: Review, few: int | None) -> Iterator[str]:
    yield from (f"- {code(problem)}" for problem in review.problems[:few])
    yield from _rest(len(review.problems), few)
    for path, names in review.kept.items():
        shown = ", ".join(map(code, names))
        yield f"- {code(path)}: " + (f"the last good version goes on: {shown}" if names else "nothing runs from it")


def _rest(number: int, few: int | None) -> Iterator[str]:
    if few is not None and number > few:
        yield f"- and {number - few:,} more"


def _job(job: JobReview) -> Iterator[str]:
    change = job.change
    shown = change.shown
    name = code(change.name)
    if change.fate is Fate.RENAMED and change.before:
        name = f"{code(change.before.name)} → {name}"
    held = " (held: it goes on)" if change.held else ""
    yield f"- **{change.fate}** {name}{held}, {code(shown.source)}"
    if change.fate is Fate.RELOCATED and change.before:
        yield f"  - from {code(change.before.source.file)}; it says the same"
    if change.fate in (Fate.ADDED, Fate.REMOVED):
        yield f"  - {code(describe_job(shown))}, to {crowd(shown.recipients, _FEW_PEOPLE, code)}"
        if not shown.enabled:
            yield "  - disabled"
    for key in change.keys:
        yield f"  - {code(key.key)}: {code(words.value(key.before))} → {code(words.value(key.after))}"
    if change.before and change.after and not change.people.same:
        yield f"  - people: {change.people.before:,} → {change.people.after:,}"
        for what in ("added", "removed", "changed"):
            if some := getattr(change.people, what):
                yield f"    - {what}: {crowd(some, _FEW_PEOPLE, code)}"
    if said := words.looked_at(job):
        yield f"  - {said}"


def _items(items: Sequence[Item], few: int | None, number: int | None = None) -> Iterator[str]:
    """number: how many messages there are, where not all are items."""
    for item in items[:few]:
        yield from _item(item)
    all_of_them = sum(item.people for item in items) if number is None else number
    left_out = all_of_them - sum(item.people for item in items[:few])
    if few is not None and left_out > 0:
        yield f"- and {left_out:,} more"


def _item(item: Item) -> Iterator[str]:
    who = named(item) if item.who is None else code(named(item))
    number = _segments(item.side)
    if item.before and item.after and _segments(item.before) != number:
        number = f"{_segments(item.before)} → {number}"
    line = f"- {times(item, '→')}, {code(item.job)}, {who}, {number}"
    if item.reworded and item.before and item.after and item.who:
        yield line
        yield f"  - before: {_said(item.before)}"
        yield f"  - after: {_said(item.after)}"
    else:
        said = _said(item.side)
        yield f"{line}: {said}" if said else line


def _segments(side: Side) -> str:
    """With the character that takes it into UCS-2 in a span of its own."""
    number, colon, culprit = segments(side).partition("UCS-2: ")
    return f"{number}UCS-2: {code(culprit[:-1])})" if colon else number


def _said(side: Side) -> str:
    if side.state != "pending":
        return code(side.reason)
    return "" if side.text is None else code(side.text)
