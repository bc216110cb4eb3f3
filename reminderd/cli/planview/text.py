"""A plan for a terminal."""

from collections.abc import Iterator, Sequence

import click

from reminderd.cli.common import clean, coloured, plural
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
from reminderd.model import Job
from reminderd.recurrence import describe_job
from reminderd.review import Fate, JobReview, Kind, Review
from reminderd.review.messages import every
from reminderd.settings import Settings

_COLOURS = {"+": "green", "-": "red", "~": "yellow", "!": "red"}
_FEW = 25  # messages of a kind, and problems
_FEW_PEOPLE = 5
_LONGEST = 200
_SIGNS = {
    Fate.ADDED: "+",
    Fate.REMOVED: "-",
    Fate.CHANGED: "~",
    Fate.RENAMED: "~",
    Fate.RELOCATED: " ",
    Kind.ADDED: "+",
    Kind.REMOVED: "-",
    Kind.MOVED: "~",
    Kind.REWORDED: "~",
}


def print_text(review: Review, settings: Settings, *, everything: bool) -> None:
    """Print the plan; everything: without leaving anything out."""
    for line in lines(review, settings, everything=everything):
        click.echo(line)


def lines(review: Review, settings: Settings, *, everything: bool) -> Iterator[str]:
    """The plan, line by line."""
    yield f"{compared_with(review, clean)} Messages of the next {days(review)}."
    few = None if everything else _FEW
    yield from _problems(review, few)
    yield from _jobs(review, everything=everything)
    yield from _messages(review, few)
    yield from _at_once(review, few)
    yield from _held(review, settings)
    yield ""
    yield _bold(words.headline(review))
    yield f"{words.sums(review, settings)} in the next {days(review)}"
    if not review.changes:
        yield "Nothing changes."


def _bold(text: str) -> str:
    return click.style(text, bold=True) if coloured() else text


def _signed(sign: str, text: str, indent: str = "  ") -> str:
    line = f"{indent}{sign} {text}"
    colour = _COLOURS.get(sign)
    return click.style(line, fg=colour) if colour and coloured() else line


def _problems(review: Review, few: int | None) -> Iterator[str]:
    if not review.problems:
        return
    yield ""
    yield _bold(plural(len(review.problems), "problem"))
    for problem in review.problems[:few]:
        yield _signed("!", clean(problem))
    yield from _rest(len(review.problems), few, "`reminderd check` shows all")
    for path, names in review.kept.items():
        goes_on = f"the last good version goes on: {', '.join(names)}" if names else "nothing runs from it"
        yield f"    {clean(path)}: {goes_on}"


def _rest(number: int, few: int | None, how: str = "--all shows all") -> Iterator[str]:
    if few is not None and number > few:
        yield f"    ... and {number - few:,} more ({how})"


def _left_out(number: int, few: int | None) -> Iterator[str]:
    if few is not None and number > 0:
        yield f"    ... and {number:,} more (--all shows all)"


# --- jobs ---


def _jobs(review: Review, *, everything: bool) -> Iterator[str]:
    if review.jobs:
        yield ""
        yield _bold("Jobs")
    for job in review.jobs:
        yield from _job(job, everything=everything)
    if review.unchanged_jobs:
        yield f"    {plural(review.unchanged_jobs, 'job')} unchanged"


def _job(job: JobReview, *, everything: bool) -> Iterator[str]:
    change = job.change
    shown = change.shown
    yield _signed(_SIGNS[change.fate], f"{_title(job)}  {clean(shown.source)}")
    if change.fate in (Fate.ADDED, Fate.REMOVED):
        disabled = "" if shown.enabled else ", disabled"
        yield f"        {clean(describe_job(shown))}, to {_to(shown)}{disabled}"
    for key in change.keys:
        yield from _key(key.key, key.before, key.after, None if everything else _LONGEST)
    if change.before and change.after:
        yield from _people(job, None if everything else _FEW_PEOPLE)
    if said := words.looked_at(job):
        yield f"        {said}"


def _title(job: JobReview) -> str:
    change = job.change
    match change.fate:
        case Fate.RENAMED:
            assert change.before is not None
            return f"{change.before.name} -> {change.name} (renamed)"
        case Fate.RELOCATED:
            assert change.before is not None
            return f"{change.name} (from {clean(change.before.source.file)}; it says the same)"
        case Fate.REMOVED if change.held:
            return f"{change.name} (its removal is held: it goes on)"
        case _:
            return f"{change.name} (held: it goes on as it is)" if change.held else change.name


def _to(job: Job) -> str:
    return crowd(job.recipients, _FEW_PEOPLE, clean)


def _key(key: str, before: object, after: object, longest: int | None) -> Iterator[str]:
    old, new = (_cut(clean(words.value(each)), longest) for each in (before, after))
    if len(old) + len(new) < 80:
        yield f"        {clean(key)}: {old} -> {new}"
        return
    yield f"        {clean(key)}:"
    yield _signed("-", old, "          ")
    yield _signed("+", new, "          ")


def _cut(text: str, longest: int | None) -> str:
    return text if longest is None or len(text) <= longest else f"{text[:longest]}..."


def _people(job: JobReview, few: int | None) -> Iterator[str]:
    people = job.change.people
    if people.same:
        return
    most = len(people.added) + len(people.removed) + len(people.changed) if few is None else few
    yield f"        people: {people.before:,} -> {people.after:,}"
    for sign, some in (("+", people.added), ("-", people.removed), ("~", people.changed)):
        if some:
            yield _signed(sign, crowd(some, most, clean), "          ")


# --- messages ---


def _messages(review: Review, few: int | None) -> Iterator[str]:
    differences = review.differences
    for kind in Kind:
        items = of_differences(every(differences, kind))
        if items:
            yield ""
            number = review.count(kind)
            yield _bold(f"Messages {kind}: {number:,}")
            yield from _items(items[:few], _SIGNS[kind])
            yield from _left_out(number - sum(item.people for item in items[:few]), few)


def _items(items: Sequence[Item], sign: str) -> Iterator[str]:
    cells = [_cells(item) for item in items]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for item, row in zip(items, cells, strict=True):
        left = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield _signed(sign, f"{left}  {_text(item)}".rstrip())
        if item.reworded:
            yield from _rewording(item)


def _cells(item: Item) -> tuple[str, str, str, str]:
    return times(item, "->"), clean(item.job), clean(named(item)), _segments(item)


def _segments(item: Item) -> str:
    after = clean(segments(item.side))
    before = clean(segments(item.before)) if item.before and item.after else after
    return after if before == after else f"{before} -> {after}"


def _text(item: Item) -> str:
    return "" if item.reworded else _said(item.side)


def _said(side: Side) -> str:
    if side.state != "pending":
        return clean(side.reason)
    return "" if side.text is None else clean(words.value(side.text))


def _rewording(item: Item) -> Iterator[str]:
    assert item.before is not None
    assert item.after is not None
    if item.who is None:
        yield "          other texts"
        return
    yield _signed("-", _said(item.before), "          ")
    yield _signed("+", _said(item.after), "          ")


# --- at once ---


def _at_once(review: Review, few: int | None) -> Iterator[str]:
    for sign, title, items in words.at_once(review):
        yield ""
        yield _bold(f"{title}: {sum(item.people for item in items):,}")
        yield from _items(items[:few], sign)
        yield from _rest(len(items), few)


def _held(review: Review, settings: Settings) -> Iterator[str]:
    found = words.held(review, settings)
    if found:
        yield ""
        yield _bold("Held")
    for text in found:
        yield _signed("!", clean(text))
