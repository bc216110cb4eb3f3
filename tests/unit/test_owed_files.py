"""Files that are renamed, reworded, broken, removed, or gone and back."""

import sqlite3
from datetime import timedelta

import pytest

from reminderd.model import NotSent
from tests.support.clock import utc
from tests.support.world import ANNA, BERT, CARA, FOLDER, World, hours, job, nominal

NO_ROUTE = NotSent("no route")


# -- files: renamed, reworded, gone and back -------------------------------------------------------------


def test_a_rename_that_keeps_the_name_sends_nothing_again(world: World) -> None:
    world.load("a.yaml", job(name="rent", at=nominal("08:10")))
    world.go_to("08:20")
    world.rename("a.yaml", "b.yaml")
    world.go_to("08:30")
    assert world.states() == [(nominal("08:10"), "accepted")]
    assert world.syncer.running["rent"].source.file == f"{FOLDER}/b.yaml"


def test_a_rename_that_keeps_the_name_leaves_what_is_pending_alone(world: World) -> None:
    world.load("a.yaml", job(name="rent", at=nominal("08:10")))
    world.gateway.script.append(NO_ROUTE)
    world.go_to("08:10:30")
    world.rename("a.yaml", "b.yaml")
    world.go_to("08:30")
    assert world.moves(1) == [
        ("", "pending"),
        ("pending", "sending"),
        ("sending", "pending"),
        ("pending", "sending"),
        ("sending", "accepted"),
    ]


def test_a_rule_in_a_renamed_file_without_a_name_starts_anew(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("09:10")
    world.rename("a.yaml", "b.yaml")
    world.go_to("2027-03-02 09:10")
    assert world.states("a") == [(nominal("09:00"), "accepted")]
    assert world.states("b") == [(nominal("09:00", "2027-03-02"), "accepted")]


def test_a_text_reworded_after_it_was_sent_is_not_sent_again(world: World) -> None:
    world.load("a.yaml", job(at=nominal("08:10"), message="First."))
    world.load("b.yaml", job(cron="10 8 * * *", message="First."))
    world.go_to("08:20")
    world.load("a.yaml", job(at=nominal("08:10"), message="Second."))
    world.load("b.yaml", job(cron="10 8 * * *", message="Second."))
    world.go_to("08:30")
    world.restart()
    world.go_to("08:40")
    assert world.texts == ["First.", "First."]


def test_a_file_that_goes_and_comes_back_sends_nothing_again(world: World) -> None:
    world.load("a.yaml", job(at=nominal("08:10")))
    world.load("b.yaml", job(cron="10 8 * * *"))
    world.go_to("08:20")
    texts = dict(world.files)
    for seconds in (5, 300):
        world.delete("a.yaml", "b.yaml")
        world.clock.advance(timedelta(seconds=seconds))
        world.tick()
        world.files = dict(texts)
        world.sync()
        world.tick()
    assert world.texts == ["Hello.", "Hello."]


# -- what is removed -------------------------------------------------------------------------------------


def waiting(world: World) -> None:
    """A job `a` for Anna and Bert, due at 09:00, whose messages wait for their first retry."""
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, BERT]))
    world.gateway.script.extend([NO_ROUTE, NO_ROUTE])
    world.go_to("09:00:30")
    assert [state for _, state in world.states()] == ["pending", "pending"]


def test_what_is_pending_of_a_removed_job_is_cancelled(world: World) -> None:
    waiting(world)
    world.delete("a.yaml")
    world.go_to("09:30")
    assert {row["state"] for row in world.rows()} == {"cancelled"}
    assert {row["reason"] for row in world.rows()} == {"its job is no longer declared"}
    assert world.texts == []


def test_it_is_pending_again_when_its_job_returns_while_it_is_valid(world: World) -> None:
    waiting(world)
    world.delete("a.yaml")
    world.go_to("09:30")
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, BERT]))
    world.go_to("09:40")
    assert [state for _, state in world.states()] == ["accepted", "accepted"]
    assert world.moves(1)[3:5] == [("pending", "cancelled"), ("cancelled", "pending")]


def test_it_stays_cancelled_when_its_job_returns_too_late(world: World) -> None:
    waiting(world)
    world.delete("a.yaml")
    world.go_to("10:00")
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, BERT]))
    world.go_to("10:30")
    assert {row["state"] for row in world.rows()} == {"cancelled"}


def test_what_is_pending_for_a_removed_recipient_is_cancelled_and_returns_with_the_recipient(world: World) -> None:
    waiting(world)
    world.load("a.yaml", job(at=nominal("09:00"), to=[BERT]))
    world.go_to("09:10")
    assert {row["phone"]: row["state"] for row in world.rows()} == {ANNA: "cancelled", BERT: "accepted"}
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, BERT]))
    world.go_to("09:20")
    assert {row["phone"]: row["state"] for row in world.rows()} == {ANNA: "accepted", BERT: "accepted"}
    assert len(world.texts) == 2


def test_what_an_operator_cancelled_does_not_return_with_its_job(world: World) -> None:
    waiting(world)
    world.command("cancel", ids=[1, 2])
    world.delete("a.yaml")
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, BERT]))
    world.go_to("09:30")
    assert {row["state"] for row in world.rows()} == {"cancelled"}


def test_a_recipient_added_after_the_time_gets_the_message_while_it_is_valid(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA]))
    world.go_to("09:10")
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, CARA]))
    world.go_to("09:20")
    assert {row["phone"]: row["state"] for row in world.rows()} == {ANNA: "accepted", CARA: "accepted"}


def test_a_job_removed_while_its_request_is_under_way_is_cancelled_when_it_did_not_arrive(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00")))
    world.clock.go_to(utc("2027-03-01 09:00"))
    world.plan()
    world.die_in_a_request(begun=False)
    world.delete("a.yaml")
    world.go_to("09:30")
    assert world.only()["state"] == "cancelled"
    assert world.texts == []


# -- broken files ----------------------------------------------------------------------------------------


def test_a_broken_file_keeps_its_last_good_version_running_across_a_restart(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *"))
    world.files[f"{FOLDER}/a.yaml"] = "schedule: {cron: nonsense}\n"
    world.sync()
    world.go_to("09:30")
    world.sleep_to("10:30")
    assert hours(world) == [("09:00", "accepted"), ("10:00", "accepted")]
    assert world.problems() != []


def test_a_broken_file_never_disturbs_the_others(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00")))
    world.files[f"{FOLDER}/b.yaml"] = ""
    world.sync()
    world.go_to("09:30")
    assert world.states() == [(nominal("09:00"), "accepted")]


def test_mending_a_broken_file_sends_nothing_again(world: World) -> None:
    good = job(at=[nominal("09:00"), nominal("10:00")])
    world.load("a.yaml", good)
    world.go_to("09:30")
    world.files[f"{FOLDER}/a.yaml"] = "nonsense: ["
    world.sync()
    world.go_to("09:40")
    world.load("a.yaml", good)
    world.go_to("10:30")
    assert hours(world) == [("09:00", "accepted"), ("10:00", "accepted")]


def test_an_unreadable_directory_is_never_a_deletion(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00")))
    world.unreadable.add(FOLDER)
    world.sync()
    world.restart()
    world.go_to("09:30")
    assert world.states() == [(nominal("09:00"), "accepted")]


def test_a_file_with_comments_only_has_no_jobs_any_more(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00")))
    world.files[f"{FOLDER}/a.yaml"] = "# nothing for now\n"
    world.sync()
    world.go_to("09:30")
    assert world.rows() == []
    assert world.problems() == []


def test_of_two_files_that_claim_one_name_the_one_that_ran_first_keeps_running(world: World) -> None:
    world.load("b.yaml", job(name="rent", at=nominal("09:00"), message="From b."))
    world.load("a.yaml", job(name="rent", at=nominal("09:00"), message="From a."))
    assert any("already declared in jobs.d/b.yaml" in problem for problem in world.problems())
    world.restart()
    world.go_to("09:30")
    assert world.texts == ["From b."]


def test_when_the_first_of_two_claimants_goes_the_other_takes_over_without_repeating(world: World) -> None:
    world.load("b.yaml", job(name="rent", at=nominal("09:00"), message="From b."))
    world.load("a.yaml", job(name="rent", at=nominal("09:00"), message="From a."))
    world.go_to("09:30")
    world.delete("b.yaml")
    world.go_to("09:40")
    assert world.texts == ["From b."]
    assert world.problems() == []


def test_a_job_renamed_away_before_its_time_and_back_after_it_sends_nothing_again(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00")))
    world.load("c.yaml", job(cron="0 9 * * *", to=[BERT]))
    world.go_to("08:59:50")
    world.rename("a.yaml", "b.yaml")
    world.rename("c.yaml", "d.yaml")
    world.go_to("09:00:10")
    world.rename("b.yaml", "a.yaml")
    world.rename("d.yaml", "c.yaml")
    world.go_to("09:10")
    assert world.texts == ["Hello.", "Hello."]
    assert [row["state"] for name in "abcd" for row in world.rows(name)] == ["missed", "accepted"] * 2


def test_what_another_name_sent_meanwhile_does_not_return_with_its_job(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00")))
    world.gateway.script.append(NO_ROUTE)
    world.go_to("09:00:10")
    world.rename("a.yaml", "b.yaml")
    world.go_to("09:02")
    world.rename("b.yaml", "a.yaml")
    world.go_to("09:10")
    assert world.texts == ["Hello."]
    assert [row["state"] for name in "ab" for row in world.rows(name)] == ["cancelled", "accepted"]


def test_what_nobody_sent_meanwhile_returns_with_its_job(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), retry=["5m"]))
    world.gateway.script.extend([NO_ROUTE, NO_ROUTE])
    world.go_to("09:00:10")
    world.rename("a.yaml", "b.yaml")
    world.go_to("09:01")
    world.rename("b.yaml", "a.yaml")
    world.go_to("09:10")
    assert world.texts == ["Hello."]
    assert [row["state"] for name in "ab" for row in world.rows(name)] == ["accepted", "cancelled"]


def test_what_the_planner_could_not_take_over_it_takes_with_the_next_scan(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    world.write("a.yaml", job(cron="0 9 * * *"))
    with monkeypatch.context() as patch:
        patch.setattr(world.store.jobs, "cursors", fail)
        with pytest.raises(sqlite3.OperationalError):
            world.sync()
    world.sync()
    world.go_to("09:10")
    assert world.states() == [(nominal("09:00"), "accepted")]
