"""All the people of one job: those written in it and those of the lists that it names."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import PurePath
from typing import Any

from reminderd.jobs.person import RecipientSpec
from reminderd.message import Whereabouts
from reminderd.model import JobList, Recipient, UsedFile


@dataclass(frozen=True, slots=True)
class Entry:
    """What one item of `to` comes to. at: its index. written: its normal form.

    file: the list that it names, None for a person. lines: where in it each of the people is.
    """

    at: int
    people: Sequence[Recipient]
    written: Mapping[str, Any]
    file: UsedFile | None = None
    lines: Sequence[int] = ()

    def only(self, kept: Sequence[int]) -> "Entry":
        """With those people alone whose indexes are kept."""
        if len(kept) == len(self.people):
            return self
        return replace(
            self, people=[self.people[each] for each in kept], lines=[self.lines[each] for each in kept if self.lines]
        )

    def with_people(self, people: Sequence[Recipient]) -> "Entry":
        return replace(self, people=people)


@dataclass(frozen=True)
class Crowd:
    """The people of a job in the order of `to`."""

    entries: Sequence[Entry] = field(default_factory=tuple)

    @cached_property
    def recipients(self) -> tuple[Recipient, ...]:
        return tuple(chain.from_iterable(entry.people for entry in self.entries))

    @property
    def written(self) -> list[Mapping[str, Any]]:
        """What `to` says, in its normal form; a person who is there twice, once. Lists are named, with their digests."""
        return [entry.written for entry in self.entries if entry.people or entry.file is not None]

    @property
    def lists(self) -> tuple[JobList, ...]:
        return tuple(
            JobList(
                entry.file.path,
                entry.file.digest,
                len(entry.people),
                str(entry.written.get("file", "")).startswith("/"),
            )
            for entry in self.entries
            if entry.file is not None
        )

    @property
    def files(self) -> Iterable[UsedFile]:
        return (entry.file for entry in self.entries if entry.file is not None)

    @cached_property
    def _ends(self) -> list[int]:
        ends, end = [], 0
        for entry in self.entries:
            end += len(entry.people)
            ends.append(end)
        return ends

    def where(self, index: int) -> Whereabouts:
        """Where the recipient of this index is written."""
        number = bisect_right(self._ends, index)
        entry = self.entries[number]
        if entry.file is None:
            return Whereabouts(("to", entry.at), f"to[{entry.at}]")
        line = entry.lines[index - (self._ends[number] - len(entry.people))]
        return Whereabouts(("to", entry.at), f"{PurePath(entry.file.path).name}:{line}")

    def once_each(self) -> "Crowd":
        """The crowd with each person once, who is known by phone and key; the first counts."""
        seen: set[str] = set()
        entries = []
        for entry in self.entries:
            kept = []
            for index, person in enumerate(entry.people):
                identity = person.identity
                if identity not in seen:
                    seen.add(identity)
                    kept.append(index)
            entries.append(entry.only(kept))
        return Crowd(entries)


def recipient_of(spec: RecipientSpec) -> Recipient:
    """The recipient that is written."""
    return Recipient(spec.phone, spec.name, spec.key, spec.timezone, spec.variables, spec.language)


def write_recipient(recipient: Recipient) -> dict[str, Any]:
    """The recipient in the notation of job files, in its one normal form."""
    known = {
        "phone": recipient.phone,
        "name": recipient.name,
        "key": recipient.key,
        "timezone": recipient.timezone,
        "language": recipient.language,
    }
    return {**recipient.variables, **{key: value for key, value in known.items() if value is not None}}
