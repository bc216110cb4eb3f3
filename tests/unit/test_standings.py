"""How jobs stand, asked of several at once."""

from datetime import timedelta
from pathlib import Path

from reminderd.gateway.port import Details, MessageState
from reminderd.model import InDoubt, Refused, State
from reminderd.store.standings import Standing
from reminderd.store.view import open_view_beside
from tests.support.world import ANNA, BERT, World, job


def _of(world: World, *names: str) -> dict[str, Standing]:
    view = open_view_beside(world.path)
    try:
        return view.standings.of(names)
    finally:
        view.close()


def test_the_last_result_is_the_worst_of_those_due_at_that_time(world: World) -> None:
    world.gateway.moods = {BERT: Refused(400, "400")}
    world.load(
        "a.yaml",
        job(at=["2027-03-01T09:00", "2027-03-01T11:00"], to=[ANNA, BERT]),
    )
    world.load("b.yaml", job(at="2027-03-01T10:00"))
    world.go_to("10:30")
    found = _of(world, "a", "b", "none")
    assert found.keys() == {"a", "b"}
    assert (found["a"].last_due, found["a"].last_state) == ("2027-03-01T09:00:00.000Z", State.FAILED)
    assert found["b"].last_state is State.ACCEPTED
    assert (found["a"].waiting, found["a"].in_doubt) == (0, 0)


def test_what_waits_is_no_result_and_what_is_in_doubt_is_counted_apart(world: World) -> None:
    world.gateway.moods = {BERT: InDoubt("reset")}
    world.load("a.yaml", job(at="2027-03-01T09:00", to=[ANNA, BERT]))
    world.clock.advance(timedelta(hours=1))
    world.plan()
    assert _of(world, "a")["a"] == Standing("a", held=False, waiting=2, in_doubt=0, last_due=None, last_state=None)
    world.tick()
    found = _of(world, "a")["a"]
    assert (found.waiting, found.in_doubt, found.last_state) == (0, 1, State.IN_DOUBT)


def test_a_test_is_no_result(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.command("test-send", job="a", phone=BERT)
    world.go_to("08:30")
    assert _of(world, "a")["a"].last_state is None


def test_what_plivo_could_not_deliver_is_no_good_result(tmp_path: Path) -> None:
    world = World(tmp_path, receipts=(timedelta(minutes=1),))
    world.gateway.fates = {ANNA: (Details(MessageState.UNDELIVERED, 30),)}
    world.load("a.yaml", job(at="2027-03-01T09:00", to=[ANNA, BERT]))
    world.load("b.yaml", job(at="2027-03-01T09:00", to=[BERT]))
    world.go_to("09:10")
    found = _of(world, "a", "b")
    assert (found["a"].last_state, found["a"].undelivered) == (State.ACCEPTED, True)
    assert not found["b"].undelivered
    world.kill()
