"""Making texts before any is sent: for everybody, or in a long list for those whose texts may differ or fail."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from reminderd.message.assembly import Assembly
from reminderd.message.effort import Effort
from reminderd.message.errors import RenderError
from reminderd.message.render import Renderer
from reminderd.model import Job, Recipient, Text

_MOST_TRIED = 10_000  # recipients; of more only some are
_IN_ORDER = 1_000  # recipients that are tried as they come; of more, the most telling first, should the steps not do
_MOST_SHAPES = 500
_MOST_VARIABLES = 200  # whose longest values are looked for
_MOST_STEPS = 200_000  # for all recipients of a wording; about half a second
_MOST_STEPS_OF_EVERYBODY = 50_000_000  # about two minutes
MOST_FAILURES = 20


class Tried(NamedTuple):
    """What came of trying texts, by the index of the recipient. wanted: how many texts could all differ."""

    texts: dict[int, Text]
    failures: dict[int, RenderError]
    steps: int
    wanted: int
    every_shape: bool

    @property
    def number(self) -> int:
        return len(self.texts) + len(self.failures)


class Audience(NamedTuple):
    """Whom a text is for: the template, None if it is plain; their indexes; and those who share a phone."""

    assembly: Assembly | None
    indexes: Sequence[int]
    sharing: Collection[int]


def sharing(job: Job) -> Collection[int]:
    """Who shares phone and key with another: only with one and the same text is that one message."""
    first: dict[str, int] = {}
    both: set[int] = set()
    for index, recipient in enumerate(job.recipients):
        other = first.setdefault(recipient.identity, index)
        if other != index:
            both |= {other, index}
    return both


def attempt(renderer: Renderer, audience: Audience, due_at: datetime, effort: Effort) -> Tried:
    """Make the texts of a wording for these recipients, within the effort."""
    assembly, indexes, _ = audience
    chosen, every_shape = _chosen(renderer.job, audience, everybody=effort.everybody)
    most_steps = _MOST_STEPS_OF_EVERYBODY if effort.everybody else _MOST_STEPS
    texts: dict[int, Text] = {}
    failures: dict[int, RenderError] = {}
    steps = 0
    for index in chosen:
        first = not (texts or failures)
        if steps > most_steps or len(failures) == MOST_FAILURES or not (first or effort.has_room):
            break
        try:
            drawn = renderer.draw(renderer.job.recipients[index], due_at)
        except RenderError as error:
            failures[index], spent = error, error.steps
        else:
            texts[index], spent = drawn.text, drawn.steps
        steps += spent
        effort.spend(spent, first=first)
    wanted = len(indexes) if _is_personal(assembly) else len(chosen)
    return Tried(dict(sorted(texts.items())), dict(sorted(failures.items())), steps, wanted, every_shape)


def _is_personal(assembly: Assembly | None) -> bool:
    return assembly is not None and "recipient" in assembly.names


def _chosen(job: Job, audience: Audience, *, everybody: bool) -> tuple[list[int], bool]:
    """Whom to try, the most telling first, and whether every shape of variables is among them.

    One if the texts cannot differ, one for each zone if they differ by that alone, else all, or of a long list: one
    of each shape, the longest value of each variable, those who share a phone, and a sample spread over the list.
    """
    assembly, indexes, sharing = audience
    those = [index for index in indexes if index in sharing] if sharing else []
    if not _is_personal(assembly):
        some = _by_zone(job, indexes) if assembly is not None else indexes[:1]
        return list(dict.fromkeys([*some, *those])), True
    if everybody or len(indexes) <= _IN_ORDER:
        return list(indexes), True
    shapes = _shapes(job, indexes)
    order = [*shapes[:_MOST_SHAPES], *_longest(job, indexes), *those]
    chosen = dict.fromkeys(order)
    rest = [index for index in indexes if index not in chosen]
    return [*chosen, *_spread(rest, _MOST_TRIED - len(chosen))], len(shapes) <= _MOST_SHAPES


def _by_zone(job: Job, indexes: Iterable[int]) -> Iterable[int]:
    """One recipient of each zone. Also filters show times in it."""
    first: dict[str, int] = {}
    for index in indexes:
        first.setdefault(job.zone_of(job.recipients[index]), index)
    return first.values()


def _shapes(job: Job, indexes: Iterable[int]) -> list[int]:
    """The first recipient of each shape: which values there are, of what kind, and whether they say anything."""
    first: dict[object, int] = {}
    for index in indexes:
        first.setdefault(_shape(job.recipients[index]), index)
    return list(first.values())


def _shape(recipient: Recipient) -> object:
    given = (recipient.name is None, recipient.key is None, recipient.timezone is None, recipient.language)
    values = recipient.variables.values()
    return (given, tuple(recipient.variables), tuple(map(type, values)), tuple(map(bool, values)))


def _longest(job: Job, indexes: Iterable[int]) -> Iterator[int]:
    """Who has the longest value of each variable: a text that is too long is so for them."""
    longest: dict[str, tuple[int, int]] = {}
    for index in indexes:
        recipient = job.recipients[index]
        for name, value in (("name", recipient.name), *recipient.variables.items()):
            length = len(value) if isinstance(value, str | list | tuple | Mapping) else 0
            if name not in longest:
                if len(longest) < _MOST_VARIABLES:
                    longest[name] = (length, index)
            elif length > longest[name][0]:
                longest[name] = (length, index)
    return (index for _, index in longest.values())


def _spread(indexes: Sequence[int], number: int) -> list[int]:
    """So many of them, evenly from the first to the last, the same each time."""
    if number <= 0:
        return []
    number = min(number, len(indexes))
    step = (len(indexes) - 1) / max(number - 1, 1)
    return [indexes[round(each * step)] for each in range(number)]
