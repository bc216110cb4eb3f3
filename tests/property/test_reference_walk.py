"""Walks of people, files and time over one machine, beside a page that says what must come of it: tests/property/reference.py.

After each step the deliveries are those of the page: the same ones, in the same states, tried and sent as often.
REMINDERD_SEED makes the same walks again.
"""

import os
import random
import tempfile
from collections import Counter
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

from reminderd.gateway.port import Details, MessageState
from reminderd.model import InDoubt, NotSent, Outcome, Refused
from reminderd.store import Refusal
from tests.property.edits import NAMES, Change, Edit, Files, any_edit, as_text, first_edits
from tests.property.reference import NEVER, Key, Reference
from tests.support.world import ANNA, BERT, CARA, FOLDER, World

MEMORY = Path("/dev/shm")
MOODS: dict[str, Outcome] = {"refused": Refused(400, "no"), "unsent": NotSent("no route"), "lost": InDoubt("reset")}

T = TypeVar("T")
PHONES = [ANNA, BERT, CARA]

RANDOM = st.randoms(use_true_random=True)


def drawn(*values: T) -> st.SearchStrategy[T]:
    return RANDOM.map(lambda chance: chance.choice(values))


EDITS = RANDOM.map(any_edit)
SECONDS = drawn(30, 60, 90, 300, 600, 600, 1800, 2400, 3600)
SOON = drawn(0, 0, 30, 60, 600)
MOOD = drawn("accepted", "accepted", *MOODS)
EITHER = drawn(False, True)


# -- the walk --------------------------------------------------------------------------------------------


class Walk(RuleBasedStateMachine):
    """Every rule does the same to the machine and to the page."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="page-", dir=MEMORY if MEMORY.is_dir() else None)
        self.world = World(Path(self.folder.name))
        self.world.chunk = 3  # so that what is planned at once is often cut
        self.page = Reference(self.world.clock.now(), awake=self.world.clock.now())
        self.files: Files = {}
        self.history: list[Files] = [{}]
        self.written: list[tuple[str, str, str]] = []  # texts that came in: uuid, phone, words
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

    @precondition(lambda self: self.page.rows)
    @rule(
        data=st.data(), which=drawn(0, 1, 2), states=drawn(("pending", "in_doubt"), ("failed", "cancelled", "missed"))
    )
    def plivo_says_that_it_took_it(self, data: st.DataObject, which: int, states: tuple[str, ...]) -> None:
        """By a callback for one of the attempts, and once more."""
        key = self._some(data, *states)
        attempts = self.world.store.reports.attempts(self._ids()[key]) if key else []
        if key and attempts:
            attempt = attempts[which % len(attempts)]
            first = self.world.call_back(attempt["token"], Details(MessageState.SENT), 2)
            if attempt["message_uuid"] is None:
                assert first == "counted"
                self.page.prove(key)
            assert self.world.call_back(attempt["token"], Details(MessageState.SENT), 2) == "repeated"

    @rule(name=drawn(None, *NAMES), until=SECONDS, ends=EITHER)
    def say_pause(self, name: str | None, until: int, ends: bool) -> None:
        """An operator pauses a job, or all of them, for a while or until somebody resumes it."""
        end = self.page.now + timedelta(seconds=until)
        which = {"job": name} if name else {"all": True}
        if name is None or name in self.page.jobs:
            assert self._perform("pause", **which, why="x", until=end.strftime("%Y-%m-%dT%H:%M:%SZ") if ends else None)
            self.page.pause(name, end if ends else NEVER)

    @rule(name=drawn(None, None, *NAMES))
    def resume(self, name: str | None) -> None:
        which = {"job": name} if name else {"all": True}
        word = self.page.word(name, None)
        assert self._perform("resume", **which) == (word is not None)
        if word:
            word.until = self.page.now
            self.live(0)

    @rule(data=st.data(), taken_back=EITHER)
    def skip(self, data: st.DataObject, taken_back: bool) -> None:
        """A coming occurrence, in all of its zones; some time later perhaps not."""
        coming = sorted(self.page.coming())
        if coming:
            name, nominal = data.draw(st.sampled_from(coming))
            new = self.page.skip(name, nominal)
            assert self._perform("skip", job=name, at=nominal, why="x") == new
            if taken_back:
                self.live(600)
                assert self._perform("resume", job=name, at=nominal) == self.page.unskip(name, nominal)

    @rule(phone=drawn(*PHONES), gone=EITHER)
    def opt_out(self, phone: str, gone: bool) -> None:
        known = phone in self.page.opted_out
        if gone:
            assert self._perform("opt-out add", phone=phone)
            self.page.opt_out(phone)
        else:
            assert self._perform("opt-out remove", phone=phone) == known
            self.page.opted_out.discard(phone)

    @rule(phone=drawn(*PHONES), words=drawn("STOP", "Stop!", "start", "start", "when?"), again=SECONDS)
    def write_back(self, phone: str, words: str, again: int) -> None:
        """Somebody writes; what was written before comes again."""
        uuid, now = f"text-{len(self.written)}", self.world.clock.now()
        self.written.append((uuid, phone, words))
        assert self.world.hear(uuid, phone, words, written_at=now) == "counted"
        self.page.text(phone, words)
        older = self.written[again % len(self.written)]
        assert self.world.hear(*older, written_at=now) == "repeated"

    @precondition(lambda self: self.page.hold)
    @rule()
    def approve(self) -> None:
        for hold in self.world.store.holds.open_ones():
            assert self._perform("approve", hold=hold.id)
            self.page.approve()
            self._sync()

    # -- the comparison -----------------------------------------------------------------------------------

    def real(self) -> dict[Key, tuple[str, int, int]]:
        """By delivery: its state, how often it was tried, and how often it was sent."""
        arrived = self.world.gateway.arrived
        self.deliveries += [self.world.delivery_of(request.token) for request in arrived[len(self.deliveries) :]]
        sent = Counter(self.deliveries)
        return {key_of(row): (str(row["state"]), row["attempts"], sent[row["id"]]) for row in self.world.rows()}

    @invariant()
    def the_deliveries_are_those_of_the_page(self) -> None:
        real = self.real()
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
    return row["job"], row["nominal"], row["phone"] or row["recipient"]


def walk(examples: int, steps: int, machine: type[Walk] = Walk) -> None:
    number = int(os.environ.get("REMINDERD_SEED", random.randrange(1 << 32)))
    print(f"REMINDERD_SEED={number}")  # pytest shows it with a failure
    limits = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(number)(machine), settings=limits)


def test_what_is_owed_is_what_the_page_says() -> None:
    walk(60, 25)


@pytest.mark.nightly
def test_what_is_owed_is_what_the_page_says_at_length() -> None:
    walk(1_500, 50)
