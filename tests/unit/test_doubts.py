"""What is in doubt, when things happen around it that nobody expects."""

from reminderd.model import Accepted, InDoubt, NotSent
from reminderd.store import Why
from tests.support.world import ANNA, BERT, World, job, nominal


def test_a_doubt_is_about_the_attempt_that_began_not_about_a_later_one_that_did_not(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), valid_for="2h"))
    world.gateway.script.extend([InDoubt("a time-out"), NotSent("no route")])
    world.go_to("09:00")
    world.command("resolve", id=1, force=True)
    world.tick()
    (doubt,) = world.store.doubts.unproven([ANNA])
    world.store.doubts.accept(doubt, "uuid-1", "log", Why("found in Plivo's log"), world.clock.now())
    assert world.only()["state"] == "accepted"
    world.gateway.script.append(Accepted("uuid-1"))
    world.load("b.yaml", job(at=nominal("09:01"), to=[BERT]))
    world.go_to("09:30")
    assert [row["state"] for row in world.rows()] == ["in_doubt", "accepted"]
    found = world.store.doubts.get(1)
    assert found is not None
    assert found.attempt_id == doubt.attempt_id
