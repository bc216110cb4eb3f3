"""Lists of what was written down: a page at a time, nothing twice and nothing left out."""

from datetime import timedelta

from reminderd.store.attention import Attention
from reminderd.store.view import open_view_beside
from reminderd.web.page.annals import _in_words
from tests.support.world import ANNA, BERT, CARA, SENDER, World, job


def test_actions_come_newest_first_and_go_on_where_a_page_ends(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *"))
    for _ in range(3):
        world.command("pause", job="a", why="wait")
        world.command("resume", job="a")
    view = open_view_beside(world.path)
    found: list[int] = []
    before = None
    while rows := view.annals.actions(before, 2):
        assert len(rows) <= 3
        found += [row["id"] for row in rows[:2]]
        before = rows[:2][-1]["id"]
    assert found == sorted(found, reverse=True)
    assert len(found) == 6
    view.close()


def test_what_was_said_with_an_act_is_shown_and_what_was_not_is_left_out(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *"))
    world.command("pause", job="a", why="the house burns")
    row = _in_words(world.store.reports.actions()[-1] | {"id": 1})
    assert row["said"] == [("why", "the house burns")]


def test_opt_outs_come_by_number_and_go_on_after_a_number_and_its_sender(world: World) -> None:
    for phone in (CARA, ANNA, BERT):
        world.command("opt-out add", phone=phone, why="asked")
    world.command("opt-out add", phone=ANNA, sender=SENDER, why="asked")
    view = open_view_beside(world.path)
    first = view.annals.opt_outs(None, 2)
    assert [row["phone"] for row in first] == [ANNA, ANNA, BERT]
    rest = view.annals.opt_outs((first[1]["phone"], first[1]["sender"]), 2)
    assert [row["phone"] for row in rest] == [BERT, CARA]
    view.close()


def test_a_hold_tells_what_it_keeps_back_until_it_is_approved(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", to=[ANNA, BERT], limits={"per_occurrence": 1}))
    world.clock.advance(timedelta(hours=1))
    world.tick()
    attention = Attention(world.store.reports._db)
    assert attention.kept_by(1, 1).number == 2
    assert [(each["id"], each["number"]) for each in attention.holds_of_job("a")] == [(1, 2)]
    assert attention.holds_of_job("b") == []
    assert len(attention.kept_by(1, 1).rows) == 1
    world.command("approve", hold=1)
    assert attention.kept_by(1, 1).number == 0
    hold = attention.hold(1)
    assert hold is not None
    assert hold["closed_by"] == "ops"
