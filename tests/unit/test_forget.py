"""Whoever is forgotten is nowhere in the state, not even in its free pages; and still nothing is sent to them twice."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reminderd.message import in_any_notation
from reminderd.model import InDoubt, Intent, LogRow, NotSent, Refused, digits
from reminderd.store import Refusal, Written
from tests.support.clock import utc
from tests.support.world import ANNA, BERT, CARA, SENDER, World, job

NAME, TEXT = "Anna Absalom", "The rent of flat 11 is due, Anna Absalom."
WRITTEN = ("+1 (415) 555-0101", "415.555.0101", "001 415 555 01 01", "14155550101")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.sync()
    yield world
    world.kill()


def to_anna(**keys: Any) -> dict[str, Any]:
    return job(to=[{"phone": ANNA, "name": NAME, "key": "flat-11"}], message=TEXT, **keys)


def forget(world: World, phone: str = ANNA, **arguments: Any) -> dict[str, Any]:
    return world.command("forget", phone=phone, **arguments)


def traces(world: World, *words: str) -> list[str]:
    """Which of these are somewhere in the state's files, byte for byte."""
    files = [path for path in world.path.parent.iterdir() if path.name.startswith(world.path.name)]
    assert world.path in files
    contents = b"".join(path.read_bytes() for path in files)
    return [word for word in words if word.encode() in contents]


def everything(world: World) -> None:
    """Messages in every state, an opt-out, holds, pauses and commands that name Anna in many ways."""
    world.load("rent.yaml", to_anna(cron="0 9 * * *"))
    world.load("past.yaml", to_anna(at="2027-03-01T08:10", valid_for="30d"))
    world.load("bad.yaml", to_anna(at="2027-03-01T08:20"))
    world.load("doubt.yaml", to_anna(at="2027-03-01T08:30"))
    world.load("other.yaml", job(at="2027-03-01T08:15", to=[BERT], message="For Bert."))
    world.go_to("08:16")
    world.gateway.script.append(Refused(400, f"invalid number {ANNA}"))
    world.go_to("08:21")
    world.gateway.script.append(InDoubt("reset"))
    world.go_to("08:50")
    world.command("resolve", id=world.only("doubt")["id"], sent=True)
    world.command("test-send", job="rent", phone=ANNA, **{"as": ANNA})
    world.go_to("08:51")
    world.gateway.script.append(NotSent("no route"))
    world.go_to("09:00")
    (pending,) = [row["id"] for row in world.rows("rent") if row["state"] == "pending"]
    world.command("hold", ids=[pending], why=f"ask {NAME} at {WRITTEN[0]}")
    world.command("pause", job="other", why=f"{NAME} called from {WRITTEN[1]}")
    world.command("resume", job="other")
    world.command("opt-out add", phone=ANNA, sender="+14155550199", why=f"{WRITTEN[2]} said so")
    for uuid, phone, text in (
        ("text-of-anna", ANNA, f"This is {NAME}, stop it"),
        ("text-of-bert", BERT, f"I am {NAME}'s brother, call {WRITTEN[0]} or {WRITTEN[1]}. Bert."),
    ):
        world.store.inbound.record(Written(uuid, phone, SENDER, text, Intent.OTHER), world.clock.now())
    world.delete("rent.yaml", "past.yaml", "bad.yaml", "doubt.yaml")


def test_nothing_of_the_number_the_name_or_the_text_stays_in_the_files(world: World) -> None:
    everything(world)
    assert traces(world, ANNA, NAME, TEXT, *WRITTEN[:3]) == [ANNA, NAME, TEXT, *WRITTEN[:3]]
    answer = forget(world)
    assert (answer["deliveries"], answer["opt_outs"], answer["jobs"]) == (5, 1, [])
    assert (answer["rewritten"], answer["log_emptied"]) == (True, True)
    assert traces(world, ANNA, ANNA[1:], NAME, "flat-11", "flat 11", "Absalom", "text-of-anna", *WRITTEN) == []
    assert traces(world, BERT, "For Bert.", "text-of-bert") == [BERT, "For Bert.", "text-of-bert"]


def test_the_rows_stay_with_their_states_and_sums(world: World) -> None:
    everything(world)
    before = [(row["id"], row["job"], row["state"], row["attempts"]) for row in world.rows()]
    forget(world)
    assert [(row["id"], row["job"], row["state"], row["attempts"]) for row in world.rows()] == before
    assert sum(world.store.reports.counts().values()) == world.planned()
    with closing(sqlite3.connect(world.path)) as reader:
        assert reader.execute("pragma foreign_key_check").fetchall() == []
        assert reader.execute("pragma integrity_check").fetchall() == [("ok",)]


def test_the_act_is_recorded_by_a_word_that_stands_for_the_number(world: World) -> None:
    everything(world)
    forget(world)
    *_, done = world.store.reports.actions()
    assert (done["who"], done["action"]) == ("ops", "forget")
    assert done["target"] == world.store.forgetting.word(ANNA)
    assert json.loads(done["detail"]) == {"deliveries": 5, "cancelled": 0, "opt_out": False}
    assert [row["target"] for row in world.store.reports.actions() if row["action"] == "opt-out add"] == [
        done["target"]
    ]


@pytest.mark.parametrize("seconds", [0, 3000])
@pytest.mark.parametrize("back", ["the same", "reworded", "another name"])
def test_nothing_is_sent_again_by_whatever_comes_back(world: World, back: str, seconds: int) -> None:
    spec = to_anna(at="2027-03-01T08:10", valid_for="30d")
    world.load("past.yaml", spec)
    world.go_to("08:11")
    world.delete("past.yaml")
    forget(world)
    world.clock.advance(timedelta(seconds=seconds))
    match back:
        case "the same":
            world.load("past.yaml", spec)
        case "reworded":
            world.load("past.yaml", {**spec, "message": "Other words."})
        case _:
            world.load("other.yaml", spec)
    world.go_to(world.clock.now() + timedelta(hours=1))
    assert len(world.texts) == 1


def test_a_rewound_cursor_sends_nothing_again(world: World) -> None:
    world.load("a.yaml", to_anna(cron="*/10 * * * *", catch_up="all", valid_for="30d"))
    world.go_to("08:30")
    number = len(world.texts)
    forget(world)
    with closing(sqlite3.connect(world.path)) as raw, raw:
        raw.execute("update cursors set planned_until = '2027-03-01T08:00:00.000Z' where job = 'a'")
    world.restart()
    world.go_to("08:31")
    assert len(world.texts) == number > 2


def test_what_is_pending_is_cancelled_and_does_not_come_back(world: World) -> None:
    world.gateway.moods[ANNA] = NotSent("no route")
    spec = to_anna(cron="0 9 * * *", retry=["5m"], valid_for="5h")
    world.load("a.yaml", spec)
    world.go_to("09:01")
    pending = world.only("a")["id"]
    assert forget(world)["cancelled"] == [pending]
    assert world.only("a")["state"] == "cancelled"
    world.gateway.moods.clear()
    world.delete("a.yaml")
    world.load("a.yaml", spec)
    world.go_to("10:00")
    assert world.texts == []
    with pytest.raises(Refusal, match="only what is failed or missed"):
        world.command("retry", ids=[pending])


def test_what_failed_cannot_be_retried(world: World) -> None:
    world.load("a.yaml", to_anna(at="2027-03-01T08:10"))
    world.gateway.script.append(Refused(400, "no"))
    world.go_to("08:11")
    forget(world)
    with pytest.raises(Refusal, match="its recipient was forgotten"):
        world.command("retry", ids=[world.only("a")["id"]])


# -- what must come to its end first ----------------------------------------------------------------------


def test_what_is_in_doubt_must_be_settled_first(world: World) -> None:
    world.load("a.yaml", to_anna(at="2027-03-01T08:10"))
    world.gateway.script.append(InDoubt("reset"))
    world.go_to("08:11")
    with pytest.raises(Refusal, match=r"in doubt.*reminderd resolve \d+ --sent or --not-sent"):
        forget(world)
    assert world.only("a")["phone"] == ANNA


def test_what_is_under_way_must_end_first(world: World) -> None:
    world.load("a.yaml", to_anna(at="2027-03-01T08:10"))
    world.clock.go_to(utc("2027-03-01 08:10"))
    world.plan()
    world.store.deliveries.claim(1, world.clock.now(), timedelta(seconds=90), ["token"])
    with pytest.raises(Refusal, match="under way: say it again in a minute"):
        forget(world)


def test_what_may_own_a_row_that_another_doubt_waits_for_stays(world: World) -> None:
    """Settled by a word alone; by its number the log's row is known not to be the other's."""
    for name, to in (("a", ANNA), ("b", BERT)):
        world.load(f"{name}.yaml", job(at="2027-03-01T08:10", to=[to], message=f"From {name}."))
    world.gateway.script += [InDoubt("reset"), InDoubt("reset")]
    world.go_to("08:39")
    world.command("resolve", id=world.only("a")["id"], sent=True)
    with pytest.raises(Refusal, match="say it again in half an hour"):
        forget(world)
    world.clock.advance(timedelta(minutes=1))
    with pytest.raises(Refusal, match=f"delivery {world.only('b')['id']}, which is in doubt"):
        forget(world)
    world.command("resolve", id=world.only("b")["id"], sent=True)
    assert forget(world)["deliveries"] == 1


def test_a_message_of_the_forgotten_is_nobody_elses(world: World) -> None:
    world.load("a.yaml", to_anna(at="2027-03-01T08:10"))
    world.go_to("08:11")
    uuid = world.only("a")["message_uuid"]
    forget(world)
    assert world.only("a")["message_uuid"] is None
    assert world.store.doubts.known_uuids([uuid]) == {uuid}
    # Plivo's log still shows it, and the daemon looks into that for somebody else.
    world.load("b.yaml", job(at="2027-03-01T08:12", to=[BERT]))
    world.gateway.script.append(InDoubt("reset"))
    world.gateway.rows.append(LogRow("uuid-b", utc("2027-03-01 08:12"), digits(SENDER), digits(BERT), 1, "sent"))
    world.go_to("08:13")
    assert world.only("b")["message_uuid"] == "uuid-b"


# -- opt-outs, and whoever comes again --------------------------------------------------------------------


def test_an_opt_out_stays_in_force(world: World) -> None:
    world.command("opt-out add", phone=ANNA, why="asked")
    forget(world)
    assert traces(world, ANNA) == []
    assert [row["phone"] for row in world.store.reports.opt_outs()] == [world.store.forgetting.word(ANNA)]
    world.load("a.yaml", job(at="2027-03-01T08:10", to=[ANNA, BERT]))
    with pytest.raises(Refusal, match="has opted out"):
        world.command("test-send", job="a", phone=ANNA)
    world.go_to("08:11")
    assert [(row["phone"], row["state"]) for row in world.rows("a")] == [(ANNA, "cancelled"), (BERT, "accepted")]
    assert forget(world)["jobs"] == [{"name": "a", "file": "jobs.d/a.yaml", "line": 1, "lists": []}]


def test_an_opt_out_of_one_who_was_forgotten_can_be_taken_back(world: World) -> None:
    world.command("opt-out add", phone=ANNA, why="asked")
    forget(world)
    assert world.command("opt-out remove", phone=ANNA)["still"] == []
    assert world.store.reports.opt_outs() == []
    world.load("a.yaml", to_anna(at="2027-03-01T08:10"))
    world.go_to("08:11")
    assert len(world.texts) == 1


def test_the_first_of_two_opt_outs_is_kept(world: World) -> None:
    world.command("opt-out add", phone=ANNA, why="first")
    forget(world)
    world.clock.advance(timedelta(minutes=5))
    world.command("opt-out add", phone=ANNA, why="second")
    (row,) = world.store.opt_outs.of(ANNA)
    assert row["since"] < "2027-03-01T08:01"
    forget(world)
    assert len(world.store.opt_outs.of(ANNA)) == 1


def test_forgetting_can_be_an_opt_out_as_well(world: World) -> None:
    world.load("a.yaml", to_anna(cron="0,30 * * * *"))
    world.go_to("08:31")
    answer = forget(world, opt_out=True)
    assert [each["name"] for each in answer["jobs"]] == ["a"]
    world.go_to("09:31")
    assert [row["state"] for row in world.rows("a")][-2:] == ["cancelled"] * 2


def test_without_an_opt_out_a_job_that_names_them_goes_on_and_is_shown(world: World) -> None:
    world.load("a.yaml", to_anna(cron="0,30 * * * *"))
    world.go_to("08:31")
    assert [each["name"] for each in forget(world)["jobs"]] == ["a"]
    world.go_to("09:01")
    assert [row["phone"] for row in world.rows("a") if row["state"] == "accepted"][-1] == ANNA


def test_a_list_that_names_them_is_shown(world: World) -> None:
    world.used["jobs.d/people.csv"] = f"phone,name\n{ANNA},Anna\n{BERT},Bert\n"
    world.load("a.yaml", job(at="2027-03-05T08:10", to=[{"file": "people.csv"}]))
    (named,) = forget(world)["jobs"]
    assert named["lists"] == ["jobs.d/people.csv"]


def test_what_they_wrote_counts_no_second_time(world: World) -> None:
    """Whoever repeats what Plivo handed on once changes nothing, also when nothing is left of it."""
    texts = [
        Written("one", ANNA, SENDER, "STOP", Intent.STOP),
        Written("two", ANNA, SENDER, "START", Intent.START, written_at=world.clock.now() + timedelta(seconds=1)),
    ]
    world.store.inbound.record(texts[0], world.clock.now())
    world.clock.advance(timedelta(minutes=1))
    world.store.inbound.record(texts[1], world.clock.now())
    assert forget(world)["inbound"] == 2
    (row, _) = world.store.reports.inbound()
    assert (row["phone"], row["text"], row["intent"]) == (None, None, "start")
    assert world.store.inbound.record(texts[0], world.clock.now()) is None
    world.clock.advance(timedelta(days=3))
    world.store.inbound.record(Written("three", BERT, SENDER, "Hello?", Intent.OTHER), world.clock.now())
    assert world.store.inbound.prune(world.clock.now(), 10) == 2
    assert [world.store.inbound.record(each, world.clock.now()) for each in texts] == [None, None]
    assert world.store.opt_outs.of(ANNA) == []


# -- saying so without doing it, and what fails ------------------------------------------------------------


def test_a_rehearsal_counts_and_changes_nothing(world: World) -> None:
    everything(world)
    before = world.path.read_bytes(), world.store.reports.actions(), world.rows()
    answer = forget(world, dry_run=True, opt_out=True)
    assert (answer["deliveries"], answer["dry_run"]) == (5, True)
    assert (world.path.read_bytes(), world.store.reports.actions(), world.rows()) == before
    real = forget(world, opt_out=True)
    assert {key: real[key] for key in ("deliveries", "attempts", "opt_outs", "inbound", "cancelled")} == {
        key: answer[key] for key in ("deliveries", "attempts", "opt_outs", "inbound", "cancelled")
    }


@pytest.mark.parametrize("phone", ["", "Anna", "0170 1234567", None, 5, "+1"])
def test_what_is_no_number_is_refused(world: World, phone: object) -> None:
    with pytest.raises(Refusal):
        forget(world, phone=phone)  # type: ignore[arg-type]


def test_whoever_is_not_there_is_forgotten_all_the_same(world: World) -> None:
    answer = forget(world, "+14155559999")
    assert (answer["deliveries"], answer["others"], answer["rewritten"]) == (0, 0, True)


def test_a_reader_keeps_the_log_from_being_emptied_for_as_long_as_it_reads(world: World) -> None:
    everything(world)
    with closing(sqlite3.connect(f"{world.path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select * from deliveries").fetchall()
        world.store._connection.raw.execute("pragma busy_timeout = 50")
        assert forget(world)["log_emptied"] is False
        assert world.store.forgetting.log_is_full
    assert world.store.forgetting.empty_log()
    assert traces(world, ANNA, NAME) == []


def test_a_file_that_cannot_be_written_anew_is_said(world: World) -> None:
    everything(world)
    reading = world.store._connection.raw.execute("select * from deliveries")
    reading.fetchone()
    answer = forget(world)
    assert (answer["rewritten"], answer["deliveries"]) == (False, 5)
    assert answer["trouble"].startswith("cannot VACUUM - SQL statements in progress; ")
    reading.close()
    assert forget(world)["rewritten"] is True
    assert traces(world, ANNA, NAME) == []


def test_who_was_refused_lately_is_no_longer_named(world: World) -> None:
    world.load("a.yaml", to_anna(at="2027-03-01T08:10"))
    world.gateway.script.append(Refused(400, "no"))
    world.go_to("08:11")
    assert world.store.health.suspension().refused_phones == (ANNA,)
    forget(world)
    assert world.store.health.suspension().refused_phones == (world.store.forgetting.word(ANNA),)


def test_names_go_from_what_people_wrote_and_from_nowhere_else(world: World) -> None:
    world.load("anna.yaml", job(to=[{"phone": ANNA, "name": "anna"}], at="2027-03-01T08:10"))
    world.load("b.yaml", job(to=[{"phone": CARA, "name": "anna"}], at="2027-03-01T08:10"))
    world.go_to("08:11")
    world.command("pause", job="anna", why="susanna and anna")
    forget(world)
    (pause,) = world.store.reports.overrides(world.clock.now())
    assert (pause["job"], pause["why"]) == ("anna", "susanna and [forgotten]")
    assert world.only("b")["name"] == "anna"


@pytest.mark.parametrize("text", WRITTEN)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert in_any_notation(ANNA).sub("X", f"call {text}, please") == "call X, please"


@pytest.mark.parametrize("text", ["+44 (0)20 7946 0958", "020 7946 0958", "+442079460958", "0044 20-7946.0958"])
def test_also_with_a_trunk_zero(text: str) -> None:
    assert in_any_notation("+442079460958").sub("X", f"call {text}!") == "call X!"


@pytest.mark.parametrize("text", ["+141555501019", "914155550101", "415555010", "4155550102"])
def test_another_number_is_not_taken_for_it(text: str) -> None:
    assert in_any_notation(ANNA).sub("X", text) == text


def test_a_state_in_which_somebody_was_forgotten_opens_and_goes_on(world: World) -> None:
    everything(world)
    forget(world)
    world.restart()
    world.load("next.yaml", job(at="2027-03-01T09:10", to=[BERT], message="Next."))
    world.go_to("09:11")
    assert world.only("next")["state"] == "accepted"
