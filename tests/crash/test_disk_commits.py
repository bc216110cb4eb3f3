"""Single failures of the disk at the worst place: around a commit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reminderd.store import StateFailure
from tests.support.disks import FAILING, LOCKED, DiskWorld, Fault, FaultyConnection
from tests.support.world import ANNA, job

AT_NINE = job(at="2027-03-01T09:00", valid_for="3h")


@pytest.fixture
def fault() -> Fault:
    return Fault()


@pytest.fixture(params=[0, 2], ids=["begins later", "begins with its claim"])
def world(request: pytest.FixtureRequest, tmp_path: Path, fault: Fault) -> Iterator[DiskWorld]:
    """A daemon that runs on a disk with this fault."""
    here = DiskWorld(tmp_path, request.param)
    here.wrap = lambda raw: FaultyConnection(raw, fault)
    here.kill()
    here.start()
    here.sync()
    yield here
    here.kill()


def commit_all_the_same(fault: Fault) -> None:
    """The next commit is done and seems to fail."""
    fault.done, fault.says, fault.among, fault.first, fault.seen = True, FAILING, ("commit",), 1, 0


def test_what_was_claimed_by_a_commit_that_seemed_to_fail_is_sent_once(world: DiskWorld, fault: Fault) -> None:
    world.load("a.yaml", AT_NINE)
    world.go_to("08:59")
    world.clock.go_to(world._moment("09:00"))
    world.plan()
    commit_all_the_same(fault)
    with pytest.raises(StateFailure):
        world.dispatcher.advance(world.clock.now())
    assert world.states("a") == [("2027-03-01T09:00:00", "sending")]
    world.go_to("09:01")
    assert world.states("a") == [("2027-03-01T09:00:00", "accepted")]
    assert len(world.texts) == 1
    outcomes = [row["outcome"] for row in world.store.reports.attempts(1)]
    assert outcomes == ["not_begun", "accepted"]


def test_an_outcome_that_is_recorded_twice_keeps_its_name(world: DiskWorld, fault: Fault) -> None:
    world.load("a.yaml", AT_NINE)
    world.go_to("08:59")
    world.clock.go_to(world._moment("09:00"))
    world.plan()
    world.dispatcher.advance(world.clock.now())
    while not world.texts:
        world.inbox.wait(10)
        world.inbox.make_calls()
        if not world.texts:
            world.dispatcher.advance(world.clock.now())
    commit_all_the_same(fault)
    with pytest.raises(StateFailure):
        world.tick()
    world.tick()
    (attempt,) = world.store.reports.attempts(1)
    assert attempt["message_uuid"] == world.only("a")["message_uuid"] == f"uuid-{attempt['token']}"
    assert world.dispatcher.in_flight == 0


def test_a_job_taken_over_by_a_commit_that_seemed_to_fail_is_planned(world: DiskWorld, fault: Fault) -> None:
    world.write("a.yaml", AT_NINE)
    commit_all_the_same(fault)
    with pytest.raises(StateFailure):
        world.sync()
    world.sync()
    world.go_to("09:01")
    assert world.states("a") == [("2027-03-01T09:00:00", "accepted")]


def test_a_rollback_that_fails_too_does_not_keep_the_state_from_going_on(world: DiskWorld, fault: Fault) -> None:
    world.write("a.yaml", job(at="2027-03-01T09:00", to=[ANNA]))
    # The first write of the transaction, and the rollback after it.
    fault.says, fault.among, fault.times, fault.first, fault.seen = LOCKED, ("insert into jobs", "rollback"), 2, 1, 0
    with pytest.raises(StateFailure):
        world.sync()
    assert world.store._connection.raw.in_transaction
    world.sync()
    world.go_to("09:01")
    assert world.states("a") == [("2027-03-01T09:00:00", "accepted")]
