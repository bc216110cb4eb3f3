"""What is old goes; that it was never does, so that nothing of it is owed, sent or taken anew."""

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reminderd.model import Accepted, InDoubt, Instant, NotSent, OnDoubt, Refused, Source, State
from reminderd.plan import NewDelivery, NewOccurrence, Plan, summary
from reminderd.store import Refusal, Why
from tests.support.clock import START, utc
from tests.support.desk import EVERYBODY, HOUR, Desk, later
from tests.support.world import ANNA, BERT, CARA, World, job

FAR = utc("2099-01-01 00:00")
TABLES = (
    "occurrences",
    "deliveries",
    "attempts",
    "moves",
    "lookups",
    "holds",
    "actions",
    "overrides",
    "shifts",
    "jobs",
)


def prune(world: World, before: datetime = FAR) -> None:
    """All of it, as the daemon does, and without an end to what is old."""
    retention = world.store.retention
    while retention.empty_texts(before, 3) or retention.prune(before, 3):
        pass
    retention.empty_definitions(before)
    after: int | None = 0
    while after is not None:
        after = retention.prune_empty(before, after, 10)
    while retention.prune_rest(before, max(before, world.clock.now()), 10):
        pass


def last_word(world: World) -> None:
    """Something newer than all that is looked at: the newest row of each table stays, and what was sent within a day of it."""
    world.clock.advance(timedelta(days=3))
    world.load("newest.yaml", job(at=f"{world.clock.now():%Y-%m-%dT%H:%M}Z", to=["+14155550999"], message="Newest."))
    world.go_to(world.clock.now() + timedelta(minutes=1))


def rows(world: World, query: str) -> list[tuple[Any, ...]]:
    with closing(Desk.raw(world)) as raw:  # type: ignore[arg-type]
        return raw.execute(query).fetchall()


def numbers(world: World) -> dict[str, int]:
    return {table: rows(world, f"select count(*) from {table}")[0][0] for table in TABLES}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.sync()
    return world


def settled(world: World) -> None:
    """A message of 08:10 in job `a`, accepted, and nothing else under way."""
    world.load("a.yaml", job(at="2027-03-01T08:10", to=[ANNA], message="Hello Anna.", valid_for="30d"))
    world.go_to("08:11")
    assert world.only("a")["state"] == "accepted"


# -- texts ------------------------------------------------------------------------------------------------


def test_texts_and_names_go_and_numbers_stay(world: World) -> None:
    settled(world)
    assert world.store.retention.empty_texts(world.clock.now(), 10) == 1
    row = world.only("a")
    assert (row["text"], row["name"], row["phone"], row["erased"]) == (None, None, ANNA, "text")
    assert world.store.retention.empty_texts(world.clock.now(), 10) == 0


@pytest.mark.parametrize("state", ["pending", "sending", "in_doubt"])
def test_what_may_still_be_sent_keeps_its_text(desk: Desk, state: str) -> None:
    delivery = desk.doubtful(ANNA) if state == "in_doubt" else desk.owe(ANNA)
    if state == "sending":
        desk.begin()
    assert desk.state(delivery) == state
    prune(desk.world)
    assert desk.world.rows()[0]["text"] == "Hello."


def test_what_plivo_is_still_asked_about_keeps_its_text(desk: Desk) -> None:
    desk.owe(ANNA)
    desk.send(Accepted("uuid-1"))
    prune(desk.world)
    assert desk.world.only()["text"] == "Hello."
    desk.store.receipts.ask_no_more()
    prune(desk.world)
    assert desk.world.only()["text"] is None


def test_what_can_come_back_keeps_its_text_while_it_is_valid(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *", to=[ANNA], retry=["2h"], valid_for="5h"))
    world.gateway.script.append(NotSent("no route"))
    world.go_to("09:01")
    world.delete("a.yaml")
    assert world.only()["state"] == "cancelled"
    prune(world, utc("2027-03-01 13:00"))
    assert world.only()["text"] is not None
    prune(world, utc("2027-03-01 14:01"))
    assert world.only()["text"] is None


def test_what_has_no_text_any_more_does_not_come_back(world: World) -> None:
    """Also when a clock that is set back makes it valid again."""
    world.load("a.yaml", job(cron="0 9 * * *", to=[ANNA], retry=["2h"], valid_for="5h"))
    world.gateway.script.append(NotSent("no route"))
    world.go_to("09:01")
    world.delete("a.yaml")
    prune(world)
    world.load("a.yaml", job(cron="0 9 * * *", to=[ANNA], retry=["2h"], valid_for="5h"))
    assert world.only()["state"] == "cancelled"


def test_a_message_without_its_text_cannot_be_retried(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T08:10", to=[ANNA]))
    world.gateway.script.append(Refused(400, "no"))
    world.go_to("08:11")
    prune(world)
    with pytest.raises(Refusal, match="its text is no longer kept"):
        world.command("retry", ids=[world.only()["id"]])


def test_what_an_error_said_of_a_text_goes_with_it(world: World) -> None:
    world.load("a.yaml", job(cron="5 8,9 * * *", to=[ANNA], message="{{ vars.w[due_at.hour - 8] }}", vars={"w": ["x"]}))
    world.go_to("09:06")
    prune(world)
    failed = next(row for row in world.rows() if row["state"] == "failed")
    assert failed["reason"] == "the text cannot be rendered"
    assert [move["reason"] for move in world.store.reports.moves(failed["id"])] == ["the text cannot be rendered"]


def test_an_equal_message_is_not_sent_under_another_name_when_the_text_is_gone(world: World) -> None:
    settled(world)
    world.store.retention.empty_texts(FAR, 10)
    world.load("b.yaml", job(at="2027-03-01T08:10", to=[ANNA], message="Hello Anna.", valid_for="30d"))
    world.go_to("08:20")
    assert len(world.texts) == 1
    assert world.only("b")["reason"] == (
        "the same text to the same phone for the same time was accepted as a delivery that is no longer kept"
    )


def test_what_was_withdrawn_does_not_come_back_for_a_message_whose_text_is_gone(world: World) -> None:
    """Of two jobs with the same message the renamed one sent it; the first returns."""
    spec = job(at="2027-03-01T08:10", to=[ANNA], valid_for="30d", retry=["1h"])
    world.gateway.moods[ANNA] = NotSent("no route")
    world.load("a.yaml", spec)
    world.go_to("08:11")
    world.rename("a.yaml", "b.yaml")
    world.gateway.moods.clear()
    world.go_to("08:12")
    assert (world.only("a")["state"], world.only("b")["state"]) == ("cancelled", "accepted")
    # Only what ended by then, so that the other keeps its text.
    prune(world, world.clock.now() + timedelta(seconds=1))
    assert (world.only("a")["text"], world.only("b")["text"]) == ("Hello.", None)
    world.load("a.yaml", spec)
    world.go_to("12:00")
    assert len(world.texts) == 1


# -- rows -------------------------------------------------------------------------------------------------


def test_all_rows_of_what_ended_go_and_nothing_else(world: World) -> None:
    settled(world)
    world.load("b.yaml", job(at="2027-03-01T08:20", to=[BERT], message="Doubt."))
    world.gateway.script.append(InDoubt("reset"))
    world.go_to("09:00")
    last_word(world)
    prune(world)
    assert [(row["job"], row["state"]) for row in world.rows()] == [("b", "in_doubt"), ("newest", "accepted")]
    assert numbers(world) | {"jobs": 0} == {
        **dict.fromkeys(TABLES, 0),
        **{"occurrences": 2, "deliveries": 2, "attempts": 2, "moves": 6, "lookups": 4},
    }
    assert rows(world, "pragma foreign_key_check") == []
    assert rows(world, "pragma integrity_check") == [("ok",)]
    assert world.planned() == 2


# Each with what it sends besides.
EDITS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "reworded": ({"message": "Hello again."}, []),
    "with another time": ({"at": ["2027-03-01T08:10", "2027-03-01T07:40"], "message": "New."}, ["New."]),
    "with another zone": ({"timezone": "Europe/Lisbon"}, []),
    "enabled": ({"enabled": True, "valid_for": "40d"}, []),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("pruned", [True, False])
def test_an_edit_does_not_send_what_was_sent(world: World, edit: str, pruned: bool) -> None:
    settled(world)
    last_word(world)
    if pruned:
        prune(world)
        assert world.rows("a") == []
    keys, more = EDITS[edit]
    world.load(
        "a.yaml", job(**{"at": "2027-03-01T08:10", "to": [ANNA], "message": "Hello Anna.", "valid_for": "30d"} | keys)
    )
    world.go_to(world.clock.now() + timedelta(hours=1))
    assert [request.text for request in world.gateway.arrived if request.phone == ANNA] == ["Hello Anna.", *more]


def test_a_job_that_is_renamed_away_and_back_owes_nothing_anew(world: World) -> None:
    settled(world)
    last_word(world)
    prune(world)
    world.rename("a.yaml", "b.yaml")
    world.go_to(world.clock.now() + timedelta(hours=1))
    assert world.only("b")["state"] == "missed", "the same message under another name"
    world.rename("b.yaml", "a.yaml")
    world.go_to(world.clock.now() + timedelta(hours=1))
    assert world.rows("a") == []
    assert world.texts.count("Hello Anna.") == 1


def test_a_job_that_was_away_for_long_leaves_nothing_and_owes_nothing_anew(world: World) -> None:
    settled(world)
    spec = job(at="2027-03-01T08:10", to=[ANNA], message="Hello Anna.", valid_for="30d")
    world.delete("a.yaml")
    last_word(world)
    prune(world)
    assert rows(world, "select name from jobs") == [("newest",)]
    assert not rows(world, "select 1 from cursors where job = 'a'")
    world.load("a.yaml", spec)
    world.go_to(world.clock.now() + timedelta(hours=1))
    assert world.rows("a") == []
    assert world.texts.count("Hello Anna.") == 1


def test_the_last_good_version_of_a_job_that_went_names_nobody_after_a_while(world: World) -> None:
    settled(world)
    world.delete("a.yaml")
    gone = world.clock.now()
    world.store.retention.empty_definitions(gone)
    assert ANNA in rows(world, "select definition from jobs where name = 'a'")[0][0]
    world.store.retention.empty_definitions(gone + timedelta(seconds=1))
    assert rows(world, "select definition, digest from jobs where name = 'a'") == [('{"to": []}', "")]
    with pytest.raises(Refusal, match="no longer declared"):
        world.command("skip", job="a", at="2027-03-02T08:10", why="x")
    world.command("pause", job="a", why="x")
    world.load("a.yaml", job(cron="0 9 * * *", to=[ANNA]))
    assert rows(world, "select present from jobs where name = 'a'") == [(1,)]


def test_a_rewound_cursor_sends_nothing_anew(world: World) -> None:
    world.load("a.yaml", job(cron="*/10 * * * *", to=[ANNA, BERT], valid_for="30d", catch_up="all"))
    world.go_to("08:30")
    last_word(world)
    prune(world, utc("2027-03-01 08:35"))
    number = len(world.texts)
    with closing(Desk.raw(world)) as raw:  # type: ignore[arg-type]
        raw.execute("update cursors set planned_until = '2027-03-01T08:00:00.000Z' where job = 'a'")
    world.restart()
    world.plan()
    assert len(world.texts) == number
    assert [row for row in world.rows("a") if row["state"] == "pending"] == []


def test_whoever_was_not_there_yet_gets_what_a_part_of_is_no_longer_kept(world: World) -> None:
    """An appointment that is still valid, and somebody who joined since."""
    settled(world)
    last_word(world)
    prune(world)
    world.load("a.yaml", job(at="2027-03-01T08:10", to=[ANNA, BERT], message="Hello Anna.", valid_for="30d"))
    world.go_to(world.clock.now() + timedelta(minutes=1))
    assert [(row["phone"], row["state"]) for row in world.rows("a")] == [(BERT, "accepted")]
    assert [request.phone for request in world.gateway.arrived].count(ANNA) == 1


def skipped(zone: str, *, each_zone: bool) -> Plan:
    """Three occurrences, the last at 08:00, in one row."""
    whom = summary(zone if each_zone else None)
    row = NewDelivery(whom, State.MISSED, "3 occurrences passed", later(3600))
    instant = Instant("2027-03-01T08:00:00", START)
    new = NewOccurrence(
        "a", Source("a.yaml", 1), zone, instant, HOUR, (), OnDoubt.WAIT, (row,), skipped=3, each_zone=each_zone
    )
    return Plan((new,), {})


@pytest.mark.parametrize("each_zone", [True, False])
def test_the_summary_of_what_was_skipped_is_not_made_anew(desk: Desk, each_zone: bool) -> None:
    desk.store.deliveries.add(skipped("UTC", each_zone=each_zone), START)
    desk.owe(ANNA, nominal="later")
    prune(desk.world)
    assert [row["nominal"] for row in desk.world.rows()] == ["later"]
    desk.store.deliveries.add(skipped("UTC", each_zone=each_zone), START)
    assert [row["nominal"] for row in desk.world.rows()] == ["later"]


def test_each_zone_of_an_occurrence_is_remembered_by_itself(desk: Desk) -> None:
    desk.store.deliveries.add(skipped("UTC", each_zone=True), START)
    desk.store.deliveries.add(skipped("Europe/Rome", each_zone=True), START)
    desk.owe(ANNA, nominal="later")
    prune(desk.world)
    for zone in ("UTC", "Europe/Rome", "Asia/Tokyo"):
        desk.store.deliveries.add(skipped(zone, each_zone=True), START)
    assert [row["recipient"] for row in desk.world.rows() if row["phone"] is None] == ["* Asia/Tokyo"]


def test_what_was_planned_of_an_occurrence_keeps_the_summary_of_it_away(desk: Desk) -> None:
    desk.world.command("cancel", ids=[desk.owe(ANNA)])
    desk.owe(ANNA, nominal="later")
    prune(desk.world)
    desk.store.deliveries.add(skipped("UTC", each_zone=False), START)
    assert [row["nominal"] for row in desk.world.rows()] == ["later"]


# -- what must stay ---------------------------------------------------------------------------------------


def test_a_pruned_message_is_nobody_elses(world: World) -> None:
    settled(world)
    uuid = world.only("a")["message_uuid"]
    world.load("b.yaml", job(at="2027-03-01T08:12", to=[ANNA], message="Doubt."))
    world.gateway.script.append(InDoubt("reset"))
    world.go_to("08:12")
    last_word(world)
    prune(world)
    assert world.rows("a") == []
    assert world.store.doubts.known_uuids([uuid, "other"]) == {uuid}
    doubt = world.store.doubts.get(world.only("b")["id"])
    assert doubt is not None
    assert not world.store.doubts.accept(doubt, uuid, "log", Why("found"), world.clock.now())


def test_attempts_that_may_own_what_is_looked_for_stay(world: World) -> None:
    """One is settled by a word alone; as long as another of its time is in doubt, it may own what the log shows."""
    for name, time in (("a", "08:10"), ("b", "08:12")):
        world.load(f"{name}.yaml", job(at=f"2027-03-01T{time}", to=[ANNA], message=f"From {name}."))
    world.gateway.script += [InDoubt("reset"), InDoubt("reset")]
    world.go_to("08:40")
    world.command("resolve", id=world.only("a")["id"], sent=True)
    last_word(world)
    prune(world)
    assert world.only("a")["state"] == "accepted"
    world.command("resolve", id=world.only("b")["id"], sent=True)
    prune(world)
    assert (world.rows("a"), world.rows("b")) == ([], [])


def test_the_state_still_knows_what_this_host_began_last(world: World) -> None:
    """However old that is: or it would be taken for a backup that was put back."""
    settled(world)
    world.clock.advance(timedelta(days=900))
    prune(world)
    assert world.only("a")["erased"] == "text"
    world.restart()  # which asks


def test_also_where_a_later_attempt_never_began(world: World) -> None:
    settled(world)
    world.load("b.yaml", job(at="2027-03-02T08:10", to=[BERT], retry=[]))
    world.gateway.script.append(NotSent("no route"))
    world.go_to(utc("2027-03-02 08:11"))
    assert world.only("b")["state"] == "failed"
    prune(world)
    assert len(world.rows("a")) == 1
    world.restart()


def test_the_newest_attempt_stays_also_of_an_older_delivery(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T08:10", to=[ANNA], retry=[]))
    world.gateway.moods[ANNA] = NotSent("no route")
    world.go_to("08:11")
    world.load("b.yaml", job(at="2027-03-01T08:20", to=[BERT]))
    world.go_to("08:21")
    world.clock.advance(timedelta(days=5))
    world.command("retry", ids=[world.only("a")["id"]])
    world.tick()
    newest = rows(world, "select max(id) from attempts")
    prune(world)
    assert rows(world, "select max(id) from attempts") == newest


def test_no_number_is_given_twice(world: World) -> None:
    settled(world)
    newest = {
        table: rows(world, f"select max(id) from {table}")[0][0] for table in ("deliveries", "attempts", "occurrences")
    }
    prune(world)
    assert newest == {table: rows(world, f"select max(id) from {table}")[0][0] for table in newest}


def test_the_newest_approval_of_each_kind_stays(desk: Desk) -> None:
    for number in range(3):
        for kind in ("removal", "recipients"):
            desk.store.holds.open(kind, f"{number}", {"jobs": [f"{number}"]}, later(number))
            (hold,) = desk.store.holds.open_ones()
            desk.store.holds.close(hold.id, "ops", number < 2, later(number))
    prune(desk.world)
    assert desk.store.holds.last_approved_detail("removal") == {"jobs": ["1"]}
    assert rows(desk.world, "select kind, reason from holds order by id") == [
        ("removal", "1"),
        ("recipients", "1"),
        ("recipients", "2"),
    ], "and the newest row, whatever it is"


def test_ended_pauses_stay_as_long_as_planning_hears_of_them(desk: Desk) -> None:
    world = desk.world
    world.command("pause", job="a", why="x")
    world.command("resume", job="a")
    before = world.clock.now() + timedelta(days=1)
    world.store.retention.prune_rest(before, world.clock.now() + timedelta(days=39), 10)
    assert len(rows(world, "select 1 from overrides")) == 1
    world.store.retention.prune_rest(before, world.clock.now() + timedelta(days=41), 10)
    assert rows(world, "select 1 from overrides") == []
    assert rows(world, "select 1 from actions") == []


def test_what_is_in_force_stays(desk: Desk) -> None:
    desk.world.command("pause", job="a", why="x")
    desk.store.opt_outs.add(CARA, "", "ops", "operator", "asked", START)
    desk.store.holds.open("removal", "x", {}, START)
    prune(desk.world)
    assert len(desk.store.overrides.open_ones(FAR)) == len(desk.store.opt_outs.of(CARA)) == 1
    assert desk.world.holds() == ["removal"]


def test_a_large_occurrence_goes_part_by_part_and_its_sums_stay_right(desk: Desk) -> None:
    for phone in EVERYBODY:
        desk.owe(phone)
    for claim in desk.claim():
        desk.store.deliveries.begin([claim], START)
        desk.finish(claim, Accepted(f"uuid-{claim.phone}"))
    desk.store.receipts.ask_no_more()
    desk.world.kill()
    desk.world.start()
    desk.world.loaded = True
    last_word(desk.world)
    assert desk.world.store.retention.prune(later(1), 2) == 2
    assert rows(desk.world, "select planned, accepted from occurrences where job = 'a'") == [(1, 1)]
    assert sum(desk.world.store.reports.counts().values()) == desk.world.planned()
    assert desk.world.store.retention.prune(later(1), 2) == 1
    assert rows(desk.world, "select planned, accepted from occurrences where job = 'a'") == []


def test_states_of_drills_go_too(world: World) -> None:
    settled(world)
    world.command("test-send", job="a", phone=CARA)
    world.go_to("08:30")
    last_word(world)
    prune(world)
    assert [row["job"] for row in world.rows()] == ["newest"]
    assert {State(row["state"]) for row in world.rows()} == {State.ACCEPTED}
