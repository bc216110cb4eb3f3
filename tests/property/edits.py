"""What people do to job files, for the walks beside tests/property/reference.py: each edit makes new files of the old."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from tests.property.reference import File, Reference, Spec
from tests.support.clock import utc
from tests.support.world import ANNA, BERT, CARA

Files = dict[str, File]
Change = Callable[[Files, Reference], Files]

NAMES = ["a", "b", "c", "d"]
PATHS = ["x.yaml", "y.yaml", "z.yaml"]
SCHEDULES: list[dict[str, Any]] = [
    {"minutes": (0, 10, 20, 30, 40, 50)},
    {"minutes": (5,), "hours": (9, 10)},
    {"minutes": (5,), "hours": (9, 10), "zone": "Europe/Berlin"},
    {"minutes": (5, 35), "hours": (13, 14, 15), "zone": "Asia/Kolkata"},
    {"interval": 7, "start": utc("2027-03-01 07:55")},
    {"interval": 60, "start": utc("2027-03-01 08:30")},
    {"times": ("2027-03-01T08:07:00", "2027-03-01T08:40:00", "2027-03-01T11:00:00")},
    {"times": ("2027-03-01T08:10:00", "2027-03-01T08:10:30")},
    {"times": ("2027-03-01T08:10:00Z",)},
    {"times": ("2027-03-01T09:10:00", "2027-03-01T10:05:00"), "zone": "Europe/Paris"},
    {"times": ("2027-02-01T09:00:00", "2027-03-01T09:05:00")},
]
BLANK: dict[str, Any] = {"minutes": (), "hours": tuple(range(24)), "interval": 0, "times": (), "zone": "UTC"}
KEYS: dict[str, list[Any]] = {
    "text": ["First.", "From {{ job.name }}."],
    "to": [(ANNA,), (BERT,), (ANNA, BERT), (BERT, CARA)],
    "valid_for": [timedelta(seconds=30), timedelta(minutes=12), timedelta(hours=3)],
    "catch_up": ["latest", "all", "none"],
    "retries": [0, 1],
    "enabled": [True, False],
    "own": [True, False],
    "zones": [
        (),
        ((BERT, "Atlantic/Azores"), (CARA, "Europe/Berlin")),
        ((ANNA, "Atlantic/Azores"), (BERT, "Asia/Kolkata")),
    ],
    "quiet": [None, (8 * 60 + 30, 9 * 60 + 15), (9 * 60 + 5, 8 * 60 + 20), (22 * 60, 9 * 60)],
    "drop": [True, False],
}
DOZEN = [f"m{number:02}" for number in range(12)]


# -- edits ----------------------------------------------------------------------------------------------


def one_of(files: Files, number: int) -> tuple[str, str, Spec] | None:
    """One of the jobs in the good files: its path, name and what it says. Those of the dozen come seldom."""
    found = sorted((path, name) for path, content in files.items() for name in content or ())
    found = [each for each in found if each[1] not in DOZEN] or found
    path, name = found[number % len(found)] if found else ("", "")
    return (path, name, (files[path] or {})[name]) if found else None


def one_path(files: Files, number: int) -> str:
    """One of the files, except the dozen."""
    found = sorted(path for path in files if path[:-5] not in DOZEN)
    return found[number % len(found)] if found else ""


def place_of(files: Files, name: str) -> str | None:
    return next((path for path, content in files.items() if content and name in content), None)


def without(files: Files, name: str) -> Files:
    return {path: content and {n: spec for n, spec in content.items() if n != name} for path, content in files.items()}


def put(files: Files, path: str, name: str, spec: Spec) -> Files:
    return {**files, path: {**(files.get(path) or {}), name: spec}}


def write(name: str, path: str, schedule: dict[str, Any], keys: dict[str, Any]) -> Change:
    """A job in its file, or in this one when it is new."""
    spec = Spec(**{"to": (ANNA,), **schedule, **keys})
    return lambda files, _: put(files, place_of(files, name) or path, name, spec)


def change(number: int, keys: dict[str, Any]) -> Change:
    """Some keys of a job."""

    def edit(files: Files, _: Reference) -> Files:
        chosen = one_of(files, number)
        return put(files, chosen[0], chosen[1], replace(chosen[2], **keys)) if chosen else files

    return edit


def move(number: int, to: str) -> Change:
    """A job from its file to another."""

    def edit(files: Files, _: Reference) -> Files:
        chosen = one_of(files, number)
        return put(without(files, chosen[1]), to, chosen[1], chosen[2]) if chosen else files

    return edit


def rename_job(number: int, new: str) -> Change:
    def edit(files: Files, _: Reference) -> Files:
        chosen = one_of(files, number)
        return put(without(files, chosen[1]), chosen[0], new, chosen[2]) if chosen else files

    return edit


def copy_job(number: int, name: str) -> Change:
    """The same under another name, in a file of its own."""

    def edit(files: Files, _: Reference) -> Files:
        chosen = one_of(files, number)
        return put(files, f"{name}.yaml", name, chosen[2]) if chosen and not place_of(files, name) else files

    return edit


def delete_job(number: int) -> Change:
    def edit(files: Files, _: Reference) -> Files:
        chosen = one_of(files, number)
        return without(files, chosen[1]) if chosen else files

    return edit


def rename_file(number: int, new: str) -> Change:
    """The jobs keep their names."""

    def edit(files: Files, _: Reference) -> Files:
        old = one_path(files, number)
        return {new if path == old else path: content for path, content in files.items()}

    return edit


def delete_file(number: int) -> Change:
    def edit(files: Files, _: Reference) -> Files:
        return {path: content for path, content in files.items() if path != one_path(files, number)}

    return edit


def spoil(number: int) -> Change:
    def edit(files: Files, _: Reference) -> Files:
        return {path: None if path == one_path(files, number) else content for path, content in files.items()}

    return edit


def mend(path: str) -> Change:
    """The last good version of a broken file."""

    def edit(files: Files, known: Reference) -> Files:
        good = {name: job.spec for name, job in known.jobs.items() if job.path == path and not job.gone}
        return {**files, path: good} if path in files and files[path] is None else files

    return edit


def add_dozen(schedule: dict[str, Any]) -> Change:
    """A dozen small jobs, each in its own file."""
    specs = {name: Spec(to=(ANNA,), text=f"From {name}.", **schedule) for name in DOZEN}
    return lambda files, _: {**files, **{f"{name}.yaml": {name: spec} for name, spec in specs.items()}}


def rename_dozen(new: str) -> Change:
    """All of the dozen get other names, and say the same."""

    def edit(files: Files, _: Reference) -> Files:
        dozen = {path: content for path, content in files.items() if path[:-5] in DOZEN}
        renamed = {new + path: {new + name: spec for name, spec in (dozen[path] or {}).items()} for path in dozen}
        return {path: content for path, content in files.items() if path not in dozen} | renamed

    return edit


def drop(first: int, last: int) -> Change:
    """Some of the dozen."""
    gone = {f"{name}.yaml" for name in DOZEN[first:last]}
    return lambda files, _: {path: content for path, content in files.items() if path not in gone}


@dataclass(frozen=True)
class Edit:
    """What somebody does to the files, fit to be printed."""

    make: Callable[..., Change]
    arguments: tuple[Any, ...]

    def __call__(self, files: Files, known: Reference) -> Files:
        return self.make(*self.arguments)(files, known)

    def __repr__(self) -> str:
        return f"{self.make.__name__}{self.arguments}"


def some_keys(chance: random.Random) -> dict[str, Any]:
    return {key: chance.choice(KEYS[key]) for key in chance.sample(sorted(KEYS), chance.randrange(4))}


def any_edit(chance: random.Random) -> Edit:
    """Drawn from one number: what Hypothesis draws piece by piece is too much alike."""
    name, path, one = chance.choice(NAMES), chance.choice(PATHS), chance.randrange(12)
    schedule, keys = chance.choice(SCHEDULES), some_keys(chance)
    edits: list[tuple[Callable[..., Change], tuple[Any, ...]]] = [
        (write, (name, path, schedule, keys)),
        (write, (name, path, schedule, keys)),
        (change, (one, keys)),
        (change, (one, {"enabled": chance.random() < 0.5})),
        (change, (one, BLANK | schedule)),
        (move, (one, path)),
        (rename_job, (one, name)),
        (copy_job, (one, name)),
        (copy_job, (one, name)),
        (rename_file, (one, path)),
        (delete_job, (one,)),
        (delete_job, (one,)),
        (delete_file, (one,)),
        (spoil, (one,)),
        (mend, (path,)),
        (drop, (chance.randrange(4), chance.randrange(4, 13))),
        (rename_dozen, (chance.choice("no"),)),
    ]
    return Edit(*chance.choice(edits))


def first_edits(chance: random.Random) -> list[Edit]:
    """Two jobs, and sometimes the dozen."""
    edits = [
        Edit(write, (name, chance.choice(PATHS), chance.choice(SCHEDULES), some_keys(chance))) for name in NAMES[:2]
    ]
    return edits + [Edit(add_dozen, (chance.choice(SCHEDULES),))] * (chance.random() < 0.3)


# -- as the program reads them ---------------------------------------------------------------------------


def as_text(content: File) -> str:
    if content is None:
        return "jobs: [{schedule: {cron: nonsense}}]\n"
    return json.dumps({"jobs": [_job(name, spec) for name, spec in content.items()]}) if content else "# nothing\n"


def _job(name: str, spec: Spec) -> dict[str, Any]:
    schedule: dict[str, Any] = {"at": list(spec.times)}
    if spec.interval:
        schedule = {"every": f"{spec.interval}m", "from": f"{spec.start:%Y-%m-%dT%H:%MZ}"}
    elif spec.minutes:
        schedule = {"cron": f"{','.join(map(str, spec.minutes))} {','.join(map(str, spec.hours))} * * *"}
    people: list[Any] = list(spec.to)
    if spec.own or spec.zones:
        people = [{"phone": phone, "timezone": spec.zone_of(phone)} for phone in spec.to]
    return {
        "name": name,
        "description": f"{spec.zone} {spec.zones} {spec.drop}",  # so that whatever is changed changes the job
        "schedule": schedule,
        "timezone": "recipient" if spec.own else spec.zone,
        "to": people,
        "message": spec.text,
        "valid_for": f"{spec.valid_for.total_seconds():.0f}s",
        "catch_up": spec.catch_up,
        "retry": ["4m"] * spec.retries,
        "enabled": spec.enabled,
        "quiet_hours": "-".join(f"{each // 60:02}:{each % 60:02}" for each in spec.quiet) if spec.quiet else "none",
        "on_quiet": "drop" if spec.drop else "wait",
    }
