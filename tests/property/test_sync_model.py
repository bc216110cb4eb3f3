"""A long walk of people and time over one machine, beside a model that only counts what the promise is about."""

import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reminderd.model import BIRTHS, MOVES, InDoubt, Limits, NotSent, Outcome, Refused, State
from reminderd.planner import Terms
from reminderd.store import Refusal
from tests.support.world import ANNA, BERT, FOLDER, World, job

NIGHTLY = bool(os.environ.get("NIGHTLY"))
BROKEN = "schedule: {cron: nonsense}\n"
MEMORY = Path("/dev/shm")

NAMES = st.sampled_from(["a", "b", "c"])
TEXTS = st.sampled_from(["First.", "Second.", "From {{ job.name }}."])
PEOPLE = st.sampled_from([(ANNA,), (BERT,), (ANNA, BERT)])
SCHEDULES = st.sampled_from(
    [
        {"cron": "*/10 * * * *"},
        {"cron": "5 9 * * *", "timezone": "Europe/Berlin"},
        {"cron": "5 9 * * *", "timezone": "Europe/Lisbon"},
        {"at": ["2027-03-01T08:07", "2027-03-01T08:40"]},
        {"at": "2027-03-01T08:10"},
        {"at": "2027-03-01T08:10", "timezone": "Europe/Paris"},
        {"every": "7m", "start": "2027-03-01T07:55Z"},
    ]
)
CATCH_UPS = st.sampled_from(["latest", "all", "none"])
VALIDITIES = st.sampled_from(["30s", "12m", "3h"])
OUTCOMES = st.sampled_from(
    [NotSent("no route"), Refused(400, "no"), InDoubt("reset"), NotSent("401", 401, suspend=True), None, None]
)
NIGHTS = st.sampled_from(["none", "none", "08:20-08:50", "22:00-08:30"])
SPLAYS = st.sampled_from(["0s", "0s", "3m"])
STEPS = st.sampled_from([1, 20, 59, 61, 180, 300, 601, 2400])


class Walk(RuleBasedStateMachine):
    """Files, time, failures, crashes and operators in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="walk-", dir=MEMORY if MEMORY.is_dir() else None)
        self.world = World(Path(self.folder.name))
        self.specs: dict[str, dict[str, Any]] = {}
        self.world.terms = self.world.planner.terms = Terms(Limits(per_occurrence=1, per_recipient_and_day=12))
        self.gone: set[str] = set()  # who has opted out
        self.paused: set[str | None] = set()
        self.held: set[int] = set()
        self.seen = 0  # of what arrived
        self.allowed: dict[int, int] = {}  # by delivery: how many sends an operator's word has added

    def teardown(self) -> None:
        self.world.kill()
        self.folder.cleanup()

    @initialize(name=NAMES, schedule=SCHEDULES)
    def begin(self, name: str, schedule: dict[str, Any]) -> None:
        self.world.sync()
        self._write(name, job(**schedule))

    def _write(self, name: str, spec: dict[str, Any]) -> None:
        self.specs[name] = spec
        self.world.load(f"{name}.yaml", spec)

    # -- people and files -------------------------------------------------------------------------------

    @rule(
        name=NAMES,
        schedule=SCHEDULES,
        message=TEXTS,
        to=PEOPLE,
        catch_up=CATCH_UPS,
        valid_for=VALIDITIES,
        quiet_hours=NIGHTS,
        on_quiet=st.sampled_from(["wait", "drop"]),
        splay=SPLAYS,
    )
    def write(self, name: str, schedule: dict[str, Any], **keys: Any) -> None:
        self._write(name, job(**schedule, **keys))

    @rule(name=NAMES, message=TEXTS)
    def reword(self, name: str, message: str) -> None:
        if name in self.specs:
            self._write(name, {**self.specs[name], "message": message})

    @rule(name=NAMES, enabled=st.booleans())
    def enable(self, name: str, enabled: bool) -> None:
        if name in self.specs:
            self._write(name, {**self.specs[name], "enabled": enabled})

    @rule(old=NAMES, new=NAMES)
    def rename(self, old: str, new: str) -> None:
        if old in self.specs and old != new:
            self.specs[new] = self.specs.pop(old)
            self.world.rename(f"{old}.yaml", f"{new}.yaml")

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        if self.specs.pop(name, None):
            self.world.delete(f"{name}.yaml")

    @rule(name=NAMES, mended=st.booleans())
    def break_or_mend(self, name: str, mended: bool) -> None:
        if name in self.specs:
            if mended:
                self._write(name, self.specs[name])
            else:
                self.world.files[f"{FOLDER}/{name}.yaml"] = BROKEN
                self.world.sync()

    @rule(name=NAMES, schedule=SCHEDULES)
    def edit_while_down(self, name: str, schedule: dict[str, Any]) -> None:
        self.world.stop()
        self.specs[name] = job(**schedule)
        self.world.write(f"{name}.yaml", self.specs[name])
        self.world.clock.advance(timedelta(minutes=4))
        self.world.start()
        self.world.sync()

    # -- time, failures, crashes ------------------------------------------------------------------------

    @rule(seconds=STEPS)
    def live(self, seconds: int) -> None:
        self.world.go_to(self.world.clock.now() + timedelta(seconds=seconds))

    @rule(seconds=STEPS)
    def sleep(self, seconds: int) -> None:
        self.world.sleep_to(self.world.clock.now() + timedelta(seconds=seconds))

    @rule(seconds=STEPS, begun=st.booleans())
    def crash(self, seconds: int, begun: bool) -> None:
        """Die in the middle of requests of which Plivo has got every second one."""
        self.world.clock.advance(timedelta(seconds=seconds))
        self.world.plan()
        claims = self.world.die_in_a_request(begun=begun)
        for claim in claims[::2] if begun else ():
            self.world.gateway.deliver(claim)
        self.world.sync()

    @rule(outcome=OUTCOMES, arrives=st.booleans(), seconds=STEPS)
    def fail(self, outcome: Outcome | None, arrives: bool, seconds: int) -> None:
        if outcome is not None:
            self.world.gateway.script.append(outcome)
        # A refusal that lies is a story of its own (tests/crash/calling.py).
        self.world.gateway.lost_arrive = arrives and not isinstance(outcome, Refused)
        self.live(seconds)

    @rule()
    def run_again(self) -> None:
        """What has just run and runs again changes nothing."""
        self.world.tick()
        self.world.tick()  # what the first one resumed, a suspended gateway, sends in the next
        before = self._everything()
        self.world.sync()
        self.world.tick()
        assert self._everything() == before

    # -- operators --------------------------------------------------------------------------------------

    def _some(self, *states: State) -> int | None:
        found = [row["id"] for row in self.world.rows() if row["state"] in states]
        return found[-1] if found else None

    @rule()
    def cancel(self) -> None:
        wanted = self._some(State.PENDING)
        if wanted is not None:
            self.world.command("cancel", ids=[wanted])

    @rule()
    def retry(self) -> None:
        wanted = self._some(State.FAILED, State.MISSED)
        if wanted is not None:
            try:
                self.world.command("retry", ids=[wanted])
            except Refusal:
                return
            self.allowed[wanted] = self.allowed.get(wanted, 0) + 1
            self.held.discard(wanted)

    @rule(phone=st.sampled_from([ANNA, BERT]), gone=st.booleans())
    def opt_out(self, phone: str, gone: bool) -> None:
        if gone:
            self.world.command("opt-out add", phone=phone)
            self.gone.add(phone)
        elif phone in self.gone:
            self.world.command("opt-out remove", phone=phone)
            self.gone.remove(phone)

    @rule(name=st.sampled_from(["a", "b", None]), paused=st.booleans())
    def pause(self, name: str | None, paused: bool) -> None:
        which = {"job": name} if name else {"all": True}
        if paused and (name is None or name in self.specs):
            self.world.command("pause", **which, why="a test")
            self.paused.add(name)
        elif not paused and name in self.paused:
            self.world.command("resume", **which)
            self.paused.remove(name)

    @rule()
    def hold(self) -> None:
        wanted = self._some(State.PENDING)
        if wanted is not None:
            try:
                self.world.command("hold", ids=[wanted], why="a test")
            except Refusal:
                return  # a limit holds it
            self.held.add(wanted)

    @rule()
    def approve(self) -> None:
        """All that is on hold, limits as well."""
        for each in self.world.store.holds.open_ones():
            self.world.command("approve", hold=each.id)
        self.held.clear()

    @rule(sent=st.booleans(), force=st.booleans())
    def resolve(self, sent: bool, force: bool) -> None:
        wanted = self._some(State.IN_DOUBT)
        if wanted is not None:
            try:
                self.world.command("resolve", id=wanted, sent=sent, force=force)
            except Refusal:
                return
            self.allowed[wanted] = self.allowed.get(wanted, 0) + (not sent)

    # -- what always holds ------------------------------------------------------------------------------

    def _everything(self) -> list[tuple[Any, ...]]:
        return [(row["id"], row["state"], row["attempts"], row["updated_at"]) for row in self.world.rows()]

    @invariant()
    def no_message_was_sent_twice_unless_somebody_said_so(self) -> None:
        sent: dict[int, int] = {}
        for request in self.world.gateway.arrived:
            delivery = self.world.delivery_of(request.token)
            sent[delivery] = sent.get(delivery, 0) + 1
        for delivery, number in sent.items():
            assert number <= 1 + self.allowed.get(delivery, 0), delivery

    @invariant()
    def what_arrived_is_accepted_or_in_doubt_unless_an_operator_decided(self) -> None:
        states = {row["id"]: row["state"] for row in self.world.rows()}
        for request in self.world.gateway.arrived:
            delivery = self.world.delivery_of(request.token)
            if delivery not in self.allowed:
                assert states[delivery] in (State.ACCEPTED, State.IN_DOUBT, State.SENDING), delivery

    @invariant()
    def one_delivery_for_each_job_time_and_recipient(self) -> None:
        keys = [(row["job"], row["nominal"], row["phone"]) for row in self.world.rows() if row["phone"]]
        assert len(keys) == len(set(keys))

    @invariant()
    def every_planned_delivery_is_in_one_state_and_every_move_is_legal(self) -> None:
        view = self.world.store.reports
        planned = self.world.planned()
        assert sum(view.counts().values()) == planned
        for row in self.world.rows():
            moves = self.world.moves(row["id"])
            assert moves[0][0] == ""
            assert moves[0][1] in BIRTHS
            for before, after in moves[1:]:
                assert State(after) in MOVES[State(before)]
            assert [after for _, after in moves][:-1] == [before for before, _ in moves][1:]
            assert moves[-1][1] == row["state"]

    @invariant()
    def nothing_arrived_that_was_kept_back(self) -> None:
        """By an opt-out, a pause, a hold, or a night: what each of them says stood before the last step began."""
        new = list(zip(self.world.gateway.arrived, self.world.gateway.arrived_at, strict=True))[self.seen :]
        self.seen += len(new)
        for request, at in new:
            row = self.world.store.reports.delivery(self.world.delivery_of(request.token))
            assert row is not None
            assert row["phone"] not in self.gone
            assert self.paused.isdisjoint({None, row["job"]})
            assert row["id"] not in self.held
            if row["quiet_hours"]:
                wall = f"{datetime.fromisoformat(at).astimezone(ZoneInfo(row['quiet_zone'])):%H:%M}"
                begins, ends = row["quiet_hours"].split("-")
                assert not (begins <= wall < ends if begins < ends else begins <= wall or wall < ends), (at, row)

    @invariant()
    def nothing_is_sent_before_its_time_or_after_its_validity(self) -> None:
        for request, at in zip(self.world.gateway.arrived, self.world.gateway.arrived_at, strict=True):
            row = self.world.store.reports.delivery(self.world.delivery_of(request.token))
            assert row is not None
            assert row["due_at"] <= at <= row["valid_until"]


TestWalk = Walk.TestCase
TestWalk.settings = settings(
    max_examples=400 if NIGHTLY else 20,
    stateful_step_count=60 if NIGHTLY else 20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
