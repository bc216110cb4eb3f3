"""What a change of the files does to the jobs: added, removed, renamed, changed, and in which keys."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from reminderd.model import Job, Recipient

# Told in another way: the people one by one, templates by their texts.
_ELSEWHERE = frozenset({"name", "to", "templates"})
_DIGEST = 12  # characters that tell two versions apart
_LISTS = ("file", "group", "where")


class Fate(StrEnum):
    """What becomes of a job."""

    ADDED = "added"
    CHANGED = "changed"
    RENAMED = "renamed"
    REMOVED = "removed"
    RELOCATED = "relocated"  # it says the same in another file


class KeyChange(NamedTuple):
    """One key of a job, in the notation of job files; None where it was not or is no longer written."""

    key: str
    before: object
    after: object


class People(NamedTuple):
    """The recipients. changed: the same person with another name, zone, language or variable."""

    before: int = 0
    after: int = 0
    added: tuple[Recipient, ...] = ()
    removed: tuple[Recipient, ...] = ()
    changed: tuple[Recipient, ...] = ()

    @property
    def same(self) -> bool:
        return not (self.added or self.removed or self.changed)


_NOBODY = People()


@dataclass(frozen=True, slots=True)
class JobChange:
    """One job before and after. held: its removal, or its new version, would wait for approval."""

    fate: Fate
    before: Job | None
    after: Job | None
    keys: tuple[KeyChange, ...] = ()
    people: People = _NOBODY
    held: bool = False

    @property
    def name(self) -> str:
        return self.shown.name

    @property
    def shown(self) -> Job:
        found = self.after or self.before
        assert found is not None
        return found


def compare_jobs(before: Mapping[str, Job], after: Mapping[str, Job]) -> list[JobChange]:
    """What changes, by name. A job that goes and one that comes are one with another name when all else is the same."""
    gone = {name: job for name, job in before.items() if name not in after}
    new = {name: job for name, job in after.items() if name not in before}
    renamed = dict(_renamed(gone, new))
    found = [_changed(Fate.RENAMED, gone[old], new[name]) for name, old in renamed.items()]
    found += [_changed(Fate.ADDED, None, job) for name, job in new.items() if name not in renamed]
    kept = frozenset(renamed.values())
    found += [_changed(Fate.REMOVED, job, None) for name, job in gone.items() if name not in kept]
    for name, job in after.items():
        old = before.get(name)
        if old is not None and old.digest != job.digest:
            found.append(_changed(Fate.CHANGED, old, job))
        elif old is not None and old.source.file != job.source.file:
            found.append(_changed(Fate.RELOCATED, old, job))
    return sorted(found, key=lambda change: change.name)


def _renamed(gone: Mapping[str, Job], new: Mapping[str, Job]) -> Iterator[tuple[str, str]]:
    """(new name, old name) of those that say the same, where it is certain which is which."""
    old, fresh = _by_essence(gone.values()), _by_essence(new.values())
    for essence, names in fresh.items():
        if len(names) == 1 and len(old.get(essence, ())) == 1:
            yield names[0], old[essence][0]


def _by_essence(jobs: Iterable[Job]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for job in jobs:
        written = {key: value for key, value in _written(job).items() if key != "name"}
        for key in written.keys() & {"to", "templates"}:
            written[key] = _without_paths(written[key])
        found.setdefault(json.dumps(written, sort_keys=True), []).append(job.name)
    return found


def _written(job: Job | None) -> dict[str, Any]:
    if job is None:
        return {}
    written: dict[str, Any] = json.loads(job.definition)
    return written


def _without_paths(found: Any) -> Any:
    """The same, wherever the files that a job uses lie."""
    match found:
        case {**pairs}:
            return {key: _without_paths(each) for key, each in pairs.items() if key != "path"}
        case list():
            return [_without_paths(each) for each in found]
        case _:
            return found


def _changed(fate: Fate, before: Job | None, after: Job | None) -> JobChange:
    keys = tuple(_keys(before, after)) if before and after else ()
    return JobChange(fate, before, after, keys, _people(before, after))


def _keys(before: Job, after: Job) -> Iterator[KeyChange]:
    old, new = _written(before), _written(after)
    for key in sorted(old.keys() | new.keys()):
        if key not in _ELSEWHERE and old.get(key) != new.get(key):
            yield KeyChange(key, old.get(key), new.get(key))
    lists = _lists(old.get("to")), _lists(new.get("to"))
    if lists[0] != lists[1]:
        yield KeyChange("to", *lists)
    for name in sorted(before.templates.keys() | after.templates.keys()):
        sources = before.templates.get(name), after.templates.get(name)
        if sources[0] != sources[1]:
            yield KeyChange(f"template {name}", *sources)


def _lists(to: object) -> list[dict[str, Any]]:
    """The lists of people that a job names, without the people; of private ones, whose people are not shown, the digest."""
    items = to if isinstance(to, list) else [to]
    return [_list(item) for item in items if isinstance(item, dict) and ("file" in item or "group" in item)]


def _list(item: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: item[key] for key in _LISTS if item.get(key) is not None}
    private = str(item.get("file", "")).startswith("/")
    return {**found, "digest": str(item.get("digest", ""))[:_DIGEST]} if private else found


def _people(before: Job | None, after: Job | None) -> People:
    old = {each.identity: each for each in before.recipients} if before else {}
    new = {each.identity: each for each in after.recipients} if after else {}
    return People(
        len(old),
        len(new),
        tuple(each for identity, each in new.items() if identity not in old),
        tuple(each for identity, each in old.items() if identity not in new),
        tuple(each for identity, each in new.items() if identity in old and old[identity] != each),
    )
