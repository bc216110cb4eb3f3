"""Walks of people, files and time over one machine, beside a page that says what must come of it: tests/property/reference.py.

After each step the deliveries are those of the page: the same ones, in the same states, tried and sent as often.
REMINDERD_SEED makes the same walks again.
"""

import json
import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from reminderd.model import InDoubt, NotSent, Outcome, Refused
from reminderd.store import Refusal
from tests.property.reference import File, Key, Reference, Spec
from tests.support.clock import utc
from tests.support.world import ANNA, BERT, CARA, FOLDER, World

MEMORY = Path("/dev/shm")
MOODS: dict[str, Outcome] = {"refused": Refused(400, "no"), "unsent": NotSent("no route"), "lost": InDoubt("reset")}

Files = dict[str, File]
Change = Callable[[Files, Reference], Files]
T = TypeVar("T")

NAMES = ["a", "b", "c", "d"]
PATHS = ["x.yaml", "y.yaml", "z.yaml"]
PHONES = [ANNA, BERT, CARA]
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
}
DOZEN = [f"m{number:02}" for number in range(12)]


# -- what people do to files; each change makes new files of the old ---------------------------------------


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


RANDOM = st.randoms(use_true_random=True)


def drawn(*values: T) -> st.SearchStrategy[T]:
    return RANDOM.map(lambda chance: chance.choice(values))


EDITS = RANDOM.map(any_edit)
SECONDS = drawn(30, 60, 90, 300, 600, 600, 1800, 2400, 3600)
SOON = drawn(0, 0, 30, 60, 600)
MOOD = drawn("accepted", "accepted", *MOODS)
EITHER = drawn(False, True)


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
    return {
        "name": name,
        "schedule": schedule,
        "timezone": spec.zone,
        "to": list(spec.to),
        "message": spec.text,
        "valid_for": f"{spec.valid_for.total_seconds():.0f}s",
        "catch_up": spec.catch_up,
        "retry": ["4m"] * spec.retries,
        "enabled": spec.enabled,
    }


# -- the walk --------------------------------------------------------------------------------------------


class Walk(RuleBasedStateMachine):
    """Every rule does the same to the machine and to the page."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="page-", dir=MEMORY if MEMORY.is_dir() else None)
        self.world = World(Path(self.folder.name))
        self.page = Reference(self.world.clock.now(), awake=self.world.clock.now())
        self.files: Files = {}
        self.history: list[Files] = [{}]
        self.deliveries: list[int] = []  # of what arrived, in order
        self.world.sync()
        self.world.tick()
        self.page.tick()

    def teardown(self) -> None:
        self.world.kill()
        self.folder.cleanup()

    @initialize(edits=RANDOM.map(first_edits), moods=st.tuples(MOOD, MOOD, MOOD))
    def begin(self, edits: list[Edit], moods: tuple[str, ...]) -> None:
        for phone, mood in zip(PHONES, moods, strict=True):
            self.change_mood(phone, mood)
        for edit in edits:
            self.edit(edit, 0)

    # -- files --------------------------------------------------------------------------------------------

    def _save(self, edit: Change) -> None:
        """Write the edited files, unless two would claim one name."""
        files = edit(self.files, self.page)
        if self.page.catalog(files) is None:
            return
        self.files = files
        self.history.append(files)
        self.world.files = {f"{FOLDER}/{path}": as_text(content) for path, content in files.items()}

    def _sync(self) -> None:
        self.world.sync()
        self.world.tick()
        self.page.sync(self.files)
        self.page.tick()

    @rule(edit=EDITS, seconds=SOON)
    def edit(self, edit: Change, seconds: int) -> None:
        """Some time later a file is edited."""
        self.live(seconds)
        self._save(edit)
        self._sync()

    @rule(back=drawn(1, 2, 3, 4, 5, 6))
    def check_out_an_older_version(self, back: int) -> None:
        older = self.history[max(0, len(self.history) - 1 - back)]
        self.edit(lambda *_: older, 0)

    @rule(edit=EDITS, seconds=SECONDS)
    def gone_and_back(self, edit: Edit, seconds: int) -> None:
        """An edit that is taken back a little later."""
        before = self.files
        self.edit(edit, 0)
        self.edit(lambda *_: before, seconds)

    # -- time ---------------------------------------------------------------------------------------------

    @rule(seconds=SECONDS)
    def live(self, seconds: int) -> None:
        until = self.world.clock.now() + timedelta(seconds=seconds)
        self.world.go_to(until)
        self.page.run(until)

    @rule(seconds=SECONDS, edits=st.lists(EDITS, max_size=3), clean=EITHER)
    def sleep(self, seconds: int, edits: list[Edit], clean: bool) -> None:
        """The daemon is down, and people go on."""
        if clean:
            self.world.stop()
        else:
            self.world.kill()
        for edit in edits:
            self._save(edit)
        self.world.clock.advance(timedelta(seconds=seconds))
        self._start()

    def _start(self) -> None:
        self.world.start()
        self.world.sync()
        self.world.tick()
        self.page.now = self.world.clock.now()
        self.page.start(self.files)

    @rule(seconds=SECONDS, begun=EITHER)
    def die_while_sending(self, seconds: int, begun: bool) -> None:
        """It hangs, wakes up, claims, and dies right before or right after its requests began."""
        self.world.clock.advance(timedelta(seconds=seconds))
        self.world.plan()
        self.page.now, self.page.paused = self.world.clock.now(), False
        self.page.plan()
        claimed = self.page.claimable()
        if begun and len({key[2] for key in claimed}) < len(claimed):
            begun = False  # one of them is claimed; the page does not say which
        self.world.die_in_a_request(begun=begun)
        for row in [self.page.rows[key] for key in claimed] if begun else ():
            row.state, row.tried = "in_doubt", row.tried + 1
        self._start()

    @rule(paused=EITHER)
    def pause(self, paused: bool) -> None:
        """Nothing is claimed, as when the clock is on hold."""
        self.world.dispatcher.pause(paused)
        self.page.paused = paused
        self.live(0)

    @rule(wait=SECONDS, edit=EDITS, gap=SOON, back=EITHER, sent=EITHER)
    def edit_what_is_pending(self, wait: int, edit: Edit, gap: int, back: bool, sent: bool) -> None:
        """And take that back, before or after the rest was sent."""
        before = self.files
        self.pause(True)
        self.live(wait)
        self.edit(edit, 0)
        if sent:
            self.pause(False)
        if back:
            self.edit(lambda *_: before, gap)
        self.the_deliveries_are_those_of_the_page()
        self.pause(False)

    @rule(phone=drawn(*PHONES), mood=MOOD)
    def change_mood(self, phone: str, mood: str) -> None:
        """From now on Plivo answers so for this phone."""
        self.page.moods[phone] = mood
        if mood in MOODS:
            self.world.gateway.moods[phone] = MOODS[mood]
        else:
            self.world.gateway.moods.pop(phone, None)

    # -- operators ----------------------------------------------------------------------------------------

    def _ids(self) -> dict[Key, int]:
        return {key_of(row): row["id"] for row in self.world.rows()}

    def _some(self, data: st.DataObject, *states: str) -> Key | None:
        found = sorted(key for key, row in self.page.rows.items() if row.state in states)
        return data.draw(st.sampled_from(found)) if found else None

    def _perform(self, command: str, **arguments: Any) -> bool:
        try:
            self.world.command(command, **arguments)
        except Refusal:
            return False
        return True

    @precondition(lambda self: self.page.rows)
    @rule(data=st.data(), states=drawn(("pending",), ("pending",), ("accepted", "missed")))
    def cancel(self, data: st.DataObject, states: tuple[str, ...]) -> None:
        if key := self._some(data, *states):
            pending = self.page.rows[key].state == "pending"
            assert self._perform("cancel", ids=[self._ids()[key]]) == pending
            if pending:
                self.page.rows[key].state = "cancelled"

    @precondition(lambda self: self.page.rows)
    @rule(data=st.data(), states=drawn(("failed", "missed"), ("accepted", "cancelled", "in_doubt")))
    def retry(self, data: st.DataObject, states: tuple[str, ...]) -> None:
        if key := self._some(data, *states):
            assert self._perform("retry", ids=[self._ids()[key]]) == self.page.retry(key)
            self.live(0)

    @precondition(lambda self: any(row.state == "in_doubt" for row in self.page.rows.values()))
    @rule(data=st.data(), sent=EITHER, force=EITHER)
    def resolve(self, data: st.DataObject, sent: bool, force: bool) -> None:
        if key := self._some(data, "in_doubt"):
            assert self._perform("resolve", id=self._ids()[key], sent=sent, force=force)
            self.page.settle(key, sent)
            self.live(0)

    @precondition(lambda self: self.page.hold)
    @rule()
    def approve(self) -> None:
        for hold in self.world.store.holds.open_ones():
            assert self._perform("approve", hold=hold.id)
            self.page.approve()
            self._sync()

    # -- the comparison -----------------------------------------------------------------------------------

    @invariant()
    def the_deliveries_are_those_of_the_page(self) -> None:
        arrived = self.world.gateway.arrived
        self.deliveries += [self.world.delivery_of(request.token) for request in arrived[len(self.deliveries) :]]
        sent = Counter(self.deliveries)
        real = {key_of(row): (str(row["state"]), row["attempts"], sent[row["id"]]) for row in self.world.rows()}
        page = {key: (row.state, row.tried, row.sent) for key, row in self.page.rows.items()}
        wrong = {
            key: (real.get(key), page.get(key)) for key in real.keys() | page.keys() if real.get(key) != page.get(key)
        }
        assert not wrong, f"(real, page) by delivery: {wrong}"

    @invariant()
    def the_jobs_that_run_are_those_of_the_page(self) -> None:
        running = self.world.syncer.running
        assert set(running) == {name for name, job in self.page.jobs.items() if not job.gone}
        assert {name: job.source.file for name, job in running.items()} == {
            name: f"{FOLDER}/{self.page.jobs[name].path}" for name in running
        }
        assert self.world.holds() == (["removal"] if self.page.hold else [])


def key_of(row: dict[str, Any]) -> Key:
    return row["job"], row["nominal"], row["phone"] or "*"


def walk(examples: int, steps: int) -> None:
    number = int(os.environ.get("REMINDERD_SEED", random.randrange(1 << 32)))
    print(f"REMINDERD_SEED={number}")  # pytest shows it with a failure
    limits = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(number)(Walk), settings=limits)


def test_what_is_owed_is_what_the_page_says() -> None:
    walk(60, 25)


@pytest.mark.nightly
def test_what_is_owed_is_what_the_page_says_at_length() -> None:
    walk(3_000, 50)
