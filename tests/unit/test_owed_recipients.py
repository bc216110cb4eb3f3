"""Jobs whose people and texts lie in other files: what they are owed, and the guard against losing most of them."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from reminderd.commands import Commands
from reminderd.model import Refused
from reminderd.store import Refusal
from tests.support.clock import utc
from tests.support.world import FOLDER, World

PEOPLE = f"{FOLDER}/people.csv"
NUMBERS = [f"+4477009001{number:02}" for number in range(12)]


def csv(*phones: str, name: str = "Ada") -> str:
    return "phone,name\n" + "".join(f"{phone},{name}\n" for phone in phones)


def listed(**keys: Any) -> dict[str, Any]:
    schedule = {"cron": keys.pop("cron", "0 9 * * *")}
    return {"schedule": schedule, "to": [{"file": "people.csv"}], "message": "Hello {{ recipient.name }}.", **keys}


def written(phones: list[str]) -> dict[str, Any]:
    return {"schedule": {"cron": "0 9 * * *"}, "to": phones, "message": "Hello."}


def load(world: World, *phones: str, **keys: Any) -> None:
    world.used[PEOPLE] = csv(*phones)
    world.load("a.yaml", listed(valid_for="1d", **keys))


def change(world: World, *phones: str) -> None:
    world.used[PEOPLE] = csv(*phones)
    world.sync()


def approve(world: World) -> None:
    (hold,) = world.store.holds.open_ones()
    world.command("approve", hold=hold.id)
    world.sync()


def reached(world: World) -> set[str]:
    return {request.phone for request in world.gateway.arrived}


def contents(world: World) -> list[tuple[str, str]]:
    """(job, path) of every file that is kept, after a check that no content is kept in vain."""
    with closing(sqlite3.connect(world.path)) as reader:
        unused = "select count(*) from files where digest not in (select digest from job_files)"
        assert reader.execute(unused).fetchone() == (0,)
        return list(reader.execute("select job, path from job_files order by 1, 2").fetchall())


def test_a_changed_list_counts_from_the_next_occurrence_on(world: World) -> None:
    load(world, *NUMBERS[:3])
    world.go_to("09:30")
    assert reached(world) == set(NUMBERS[:3])
    change(world, *NUMBERS[1:5])
    world.go_to("2027-03-02 09:30")
    assert reached(world) == set(NUMBERS[:5])
    assert len(world.texts) == 3 + 4


def test_a_text_names_what_the_row_says(world: World) -> None:
    load(world, NUMBERS[0])
    world.go_to("09:30")
    assert world.texts == ["Hello Ada."]


def test_who_left_the_list_is_not_sent_what_waits(world: World) -> None:
    load(world, *NUMBERS[:2])
    world.clock.go_to(utc("2027-03-01 09:00"))
    world.plan()
    change(world, NUMBERS[0])
    assert sorted(row["state"] for row in world.rows()) == ["cancelled", "pending"]


def test_a_list_that_is_gone_keeps_its_last_people_across_restarts(world: World) -> None:
    load(world, *NUMBERS[:3])
    before = world.syncer.running["a"]
    del world.used[PEOPLE]
    world.used["elsewhere"] = ""
    world.restart()
    assert world.syncer.running["a"] == before
    assert any("does not exist" in problem for problem in world.problems())
    world.go_to("09:30")
    assert reached(world) == set(NUMBERS[:3])


def test_a_template_that_is_gone_keeps_its_last_text_across_restarts(world: World) -> None:
    world.used["templates/hello.j2"] = "Hello{% include 'end.j2' %}"
    world.used["templates/end.j2"] = " and bye."
    world.load("a.yaml", {"schedule": {"cron": "0 9 * * *"}, "to": NUMBERS[0], "template": "hello.j2"})
    del world.used["templates/end.j2"]
    world.restart()
    world.go_to("09:30")
    assert world.texts == ["Hello and bye."]


def test_new_settings_reach_a_job_whose_list_is_gone(world: World) -> None:
    load(world, *NUMBERS[:3])
    del world.used[PEOPLE]
    world.used["elsewhere"] = ""
    world.syncer.configure(world.defaults._replace(timezone="Europe/Rome"))
    world.sync()
    assert world.syncer.running["a"].timezone == "Europe/Rome"
    assert len(world.syncer.running["a"].recipients) == 3


def test_only_what_declared_jobs_use_is_kept(world: World) -> None:
    load(world, *NUMBERS[:3])
    world.load("b.yaml", listed())
    assert contents(world) == [("a", PEOPLE), ("b", PEOPLE)]
    change(world, *NUMBERS[:4])
    assert contents(world) == [("a", PEOPLE), ("b", PEOPLE)]
    world.delete("a.yaml")
    assert contents(world) == [("b", PEOPLE)]
    world.delete("b.yaml")
    assert contents(world) == []


@pytest.mark.parametrize("stopped", [False, True])
def test_a_retry_is_for_those_who_are_still_in_the_list(world: World, stopped: bool) -> None:
    load(world, *NUMBERS[:2], retry=[])
    world.gateway.moods = dict.fromkeys(NUMBERS, Refused(400, "no"))
    world.go_to("09:30")
    first, second = (row["id"] for row in sorted(world.rows(), key=lambda row: str(row["phone"])))
    change(world, NUMBERS[1])
    commands = Commands(world.store) if stopped else world.commands
    with pytest.raises(Refusal, match="no longer in the job"):
        commands.perform({"command": "retry", "ids": [first]}, "ops", world.clock.now())
    assert commands.perform({"command": "retry", "ids": [second]}, "ops", world.clock.now())["retried"]


# The guard


def test_a_version_that_loses_most_of_ten_recipients_is_on_hold_and_the_one_before_goes_on(world: World) -> None:
    load(world, *NUMBERS[:10])
    change(world, *NUMBERS[:4])
    assert world.holds() == ["recipients"]
    (hold,) = world.store.holds.open_ones()
    assert "a 10 -> 4" in hold.reason
    assert hold.detail["jobs"] == ["a"]
    assert (hold.detail["versions"]["a"]["before"], hold.detail["versions"]["a"]["after"]) == (10, 4)
    world.go_to("09:30")
    assert reached(world) == set(NUMBERS[:10])


@pytest.mark.parametrize(("before", "after"), [(NUMBERS[:10], NUMBERS[:5]), (NUMBERS[:9], NUMBERS[:1])])
def test_half_of_ten_and_most_of_nine_may_go(world: World, before: list[str], after: list[str]) -> None:
    load(world, *before)
    change(world, *after)
    assert world.holds() == []
    assert len(world.syncer.running["a"].recipients) == len(after)


def test_others_in_their_place_do_not_hide_that_most_are_gone(world: World) -> None:
    load(world, *NUMBERS[:10])
    change(world, *(f"+4477009009{number:02}" for number in range(50)))
    assert world.holds() == ["recipients"]


def test_people_who_are_written_in_the_job_are_guarded_too(world: World) -> None:
    world.load("a.yaml", written(NUMBERS[:10]))
    world.load("a.yaml", written(NUMBERS[:1]))
    assert world.holds() == ["recipients"]
    assert len(world.syncer.running["a"].recipients) == 10


def test_one_hold_is_for_all_such_jobs_and_others_change_freely(world: World) -> None:
    load(world, *NUMBERS[:10])
    world.load("b.yaml", listed())
    world.load("c.yaml", written(NUMBERS[:3]))
    world.used[PEOPLE] = csv(NUMBERS[0])
    world.load("c.yaml", written(NUMBERS[:1]))
    (hold,) = world.store.holds.open_ones()
    assert hold.detail["jobs"] == ["a", "b"]
    assert len(world.syncer.running["c"].recipients) == 1


def test_a_hold_ends_when_the_list_comes_back(world: World) -> None:
    load(world, *NUMBERS[:10])
    change(world, NUMBERS[0])
    change(world, *NUMBERS[:10])
    assert world.holds() == []


def test_a_hold_goes_on_across_restarts_and_other_edits(world: World) -> None:
    load(world, *NUMBERS[:10])
    change(world, NUMBERS[0])
    world.restart()
    world.load("a.yaml", listed(valid_for="2d"))
    assert world.holds() == ["recipients"]
    assert len(world.syncer.running["a"].recipients) == 10


def test_a_loss_while_the_daemon_was_down_is_on_hold_too(world: World) -> None:
    load(world, *NUMBERS[:10])
    world.used[PEOPLE] = csv(NUMBERS[0])
    world.sleep_to("08:59")
    assert world.holds() == ["recipients"]
    world.go_to("09:30")
    assert reached(world) == set(NUMBERS[:10])


def test_an_approved_version_runs(world: World) -> None:
    load(world, *NUMBERS[:10])
    change(world, NUMBERS[0])
    world.go_to("08:10")
    approve(world)
    assert world.holds() == []
    world.go_to("09:30")
    assert reached(world) == {NUMBERS[0]}


def test_a_version_that_is_approved_while_the_daemon_is_down_runs_from_its_start(world: World) -> None:
    load(world, *NUMBERS[:10])
    change(world, NUMBERS[0])
    (hold,) = world.store.holds.open_ones()
    world.command("approve", hold=hold.id)
    world.sleep_to("08:30")
    assert world.holds() == []
    assert len(world.syncer.running["a"].recipients) == 1


def test_an_approval_is_for_exactly_that_version(world: World) -> None:
    load(world, *NUMBERS[:10])
    change(world, NUMBERS[0])
    (hold,) = world.store.holds.open_ones()
    world.command("approve", hold=hold.id)
    change(world, NUMBERS[1])
    assert world.holds() == ["recipients"]
    assert len(world.syncer.running["a"].recipients) == 10


def test_an_approval_is_used_up_by_the_version_that_it_let_through(world: World) -> None:
    load(world, *NUMBERS[:10])
    change(world, NUMBERS[0])
    world.go_to("08:10")
    approve(world)
    world.go_to("08:20")
    change(world, *NUMBERS[:10])
    change(world, NUMBERS[0])
    assert world.holds() == ["recipients"]


def test_a_removed_job_is_the_other_guards_business(world: World) -> None:
    load(world, *NUMBERS[:10])
    world.delete("a.yaml")
    assert world.holds() == []
    assert not world.syncer.running
