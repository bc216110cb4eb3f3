"""A job made again from its definition, as the state keeps it, and from the contents of the files that it used."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reminderd.jobs.build import TEMPLATES, build, zone_of
from reminderd.jobs.crowd import Crowd, Entry, recipient_of, write_recipient
from reminderd.jobs.library import read_list
from reminderd.jobs.lists import PeopleList, rows_of
from reminderd.jobs.person import KeptListSpec, ListSpec, Reading, RecipientSpec
from reminderd.jobs.schedule import schedule_of
from reminderd.jobs.spec import RECIPIENT, JobSpec
from reminderd.jobs.texts import Texts
from reminderd.jobs.zoning import zoned
from reminderd.message import RenderError, parse_where
from reminderd.model import Defaults, Job, Source, UsedFile


class Archive:
    """The contents of used files by their digests. Each list in it is read once for all jobs that use it."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._contents = contents
        self._lists: dict[tuple[str, str, bool], PeopleList] = {}

    @classmethod
    def of(cls, jobs: Iterable[Job]) -> "Archive":
        """What these jobs use."""
        return cls({file.digest: file.content for job in jobs for file in job.files})

    def file(self, path: str, digest: str) -> UsedFile:
        """Raises ValueError where it is not kept."""
        if digest not in self._contents:
            raise ValueError("a file that the job uses is not kept")
        return UsedFile(path, digest, self._contents[digest])

    def people(self, file: UsedFile, private: bool) -> PeopleList:
        """Raises ValueError where the content is no list any more."""
        key = (file.path, file.digest, private)
        if key not in self._lists:
            self._lists[key] = read_list(file.content, file.path, private, accepted=True)
        if self._lists[key].problems:
            raise ValueError("a list that the job uses cannot be read any more")
        return self._lists[key]


_EMPTY = Archive({})
_UNREADABLE = (ValueError, LookupError, TypeError, RecursionError, RenderError)


def restore(definition: str, source: Source, defaults: Defaults, archive: Archive = _EMPTY) -> Job:
    """The job that has this definition, the same in everything when `defaults` are the same.

    What was accepted once is accepted again: a phone number that newer numbering plans do not know, or a local time
    that new zone rules skip. Raises ValueError where `definition` is not a job, its zone does not exist any more, or
    a file that it uses is not in the archive.
    """
    try:
        spec, templates = _read(definition)
        schedule = schedule_of(spec.schedule, zone_of(spec, defaults), accepted=True)
        crowd = _crowd(spec.to, archive)
        if spec.timezone == RECIPIENT:
            crowd, lost = zoned(crowd, spec.timezone_from_number)
            if lost:
                raise ValueError("the zone of a recipient is not known any more")
        files = {name: archive.file(each["path"], each["digest"]) for name, each in templates.items()}
        texts = Texts({name: _text(file) for name, file in files.items()}, files)
        return build(spec, schedule, crowd, texts, source, defaults)
    except _UNREADABLE as error:
        # The error's own words may hold phone numbers and the message.
        raise ValueError(f"not the definition of a job ({type(error).__name__})") from None


def identities(definition: str, archive: Archive) -> frozenset[str]:
    """Who the recipients of the job with this definition are. Raises ValueError as `restore`."""
    try:
        spec, _ = _read(definition)
        return frozenset(person.identity for person in _crowd(spec.to, archive).recipients)
    except _UNREADABLE as error:
        raise ValueError(f"not the definition of a job ({type(error).__name__})") from None


def _read(definition: str) -> tuple[JobSpec, Mapping[str, Any]]:
    raw = json.loads(definition)
    templates = raw.pop(TEMPLATES, {}) if isinstance(raw, dict) else {}
    return JobSpec.model_validate(raw, context=Reading(accepted=True)), templates


def _crowd(items: Sequence[RecipientSpec | ListSpec], archive: Archive) -> Crowd:
    entries = []
    for at, item in enumerate(items):
        if isinstance(item, KeptListSpec):
            entries.append(_listed(at, item, archive))
        else:
            assert isinstance(item, RecipientSpec)
            person = recipient_of(item)
            entries.append(Entry(at, (person,), write_recipient(person)))
    return Crowd(tuple(entries)).once_each()


def _listed(at: int, item: KeptListSpec, archive: Archive) -> Entry:
    file = archive.file(item.path, item.digest)
    people = archive.people(file, item.private)
    written = item.model_dump(exclude_none=True)
    entry = Entry(at, people.recipients, written, file, people.lines)
    if item.where is None:
        return entry
    where = parse_where(item.where)
    return entry.only([index for index, row in enumerate(rows_of(people)) if where.matches(row)])


def _text(file: UsedFile) -> str:
    return file.content.decode("utf-8").removeprefix("\ufeff")
