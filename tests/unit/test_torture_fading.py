"""What the torture prunes and forgets is put together again for its judge, as it was."""

from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

from reminderd.model import InDoubt, NotSent
from reminderd.store import Began, Mark
from tests.support.world import ANNA, BERT, CARA, World, job
from tests.torture.fading import prune, whole
from tests.torture.views import State, read


def lived(world: World) -> None:
    """Some of everything, and a delivery that waits."""
    world.sync()
    world.load(
        "a.yaml", job(at=["2027-03-01T08:10", "2027-03-01T08:20"], to=[ANNA, BERT], valid_for="2h", retry=["1h"])
    )
    world.load("b.yaml", job(cron="15 8 * * *", to=[CARA]))
    world.go_to("08:16")
    world.command("opt-out add", phone=CARA, why="asked")
    world.gateway.script += [InDoubt("reset"), NotSent("no route")]
    world.go_to("08:40")
    world.command("cancel", ids=[row["id"] for row in world.rows("a") if row["state"] == "pending"])
    world.load("late.yaml", job(at="2027-03-01T08:45", to=[BERT], message="Late."))
    world.go_to("08:46")


def same(one: State, other: State) -> None:
    for field in fields(State):
        assert getattr(one, field.name) == getattr(other, field.name), field.name


def test_pruning_and_forgetting_are_undone(tmp_path: Path) -> None:
    world = World(tmp_path)
    lived(world)
    before = read(world.path)
    world.command("forget", phone=CARA)
    world.store.retention.empty_texts(world.clock.now(), 100)
    known = whole(before, read(world.path))
    world.store.retention.prune(world.clock.now(), 100, witnesses=timedelta(0))
    after = read(world.path)
    assert len(after.deliveries) < len(before.deliveries)
    again = whole(known, after)
    *actions, forgotten = again.actions
    assert forgotten["action"] == "forget"
    # What was forgotten stays so in what reasons say of it, and nothing else.
    same(again, _with_the_act(before, again, actions))
    world.kill()


def _with_the_act(before: State, again: State, actions: list[dict[str, object]]) -> State:
    assert tuple(actions) == before.actions
    erased = [{**row, "erased": new["erased"]} for row, new in zip(before.deliveries, again.deliveries, strict=True)]
    return replace(before, deliveries=tuple(erased), actions=again.actions)


def test_a_state_whose_mark_it_does_not_know_is_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    lived(world)
    before = read(world.path)
    mark = Mark(tmp_path / "others", world.store.origin.identity().state_id)
    mark.write(Began(99, "0" * 32))
    world.kill()
    prune(world.path, tmp_path / "others")
    same(read(world.path), before)
