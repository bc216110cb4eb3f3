"""The guard against the removal of most jobs at once."""

from datetime import timedelta

import pytest

from reminderd.clock import to_text
from reminderd.model import NotSent
from reminderd.store import Refusal, Reminder, Wanted
from tests.support.world import FOLDER, World, job, nominal

NO_ROUTE = NotSent("no route")
TEN = [f"job-{number}" for number in range(10)]


def load_many(world: World, names: list[str] = TEN) -> None:
    for name in names:
        world.write(f"{name}.yaml", job(cron="0 9 * * *", message=f"From {name}.", valid_for="1d"))
    world.sync()


def files(names: list[str]) -> list[str]:
    return [f"{name}.yaml" for name in names]


def approve(world: World) -> None:
    (hold,) = world.store.holds.open_ones()
    world.command("approve", hold=hold.id)


def test_a_removal_of_more_than_half_of_ten_jobs_is_on_hold_and_they_go_on(world: World) -> None:
    load_many(world)
    world.go_to("08:30")
    synced = world.delete(*files(TEN[:6]))
    assert synced.held == set(TEN[:6])
    assert world.holds() == ["removal"]
    world.go_to("09:30")
    assert len(world.texts) == 10


def reserved(world: World, wanted: Wanted) -> Reminder:
    """As for a reminder that was made before the daemon knew its job."""
    values = {**wanted._asdict(), "now": to_text(world.clock.now())}
    world.store._connection.execute(
        "insert into reminders (name, file, digest, request_digest, who, created_at) "
        "values (:name, :file, :digest, :request_digest, :who, :now)",
        values,
    )
    found = world.store.reminders.newest(wanted.name)
    assert found is not None
    return found


def end_by_api(world: World, name: str) -> None:
    """As the API removes a reminder: its row says so, then the file goes."""
    wanted = Wanted(name, f"{FOLDER}/{name}.yaml", "", None, "", "api:ci")
    row = reserved(world, wanted)
    world.store.reminders.written(row.id, world.clock.now())
    world.store.reminders.condemn(row.id, "api:ci", world.clock.now())


def test_reminders_that_the_api_removed_one_by_one_are_no_accident(world: World) -> None:
    load_many(world)
    world.go_to("08:30")
    for name in TEN[:8]:
        end_by_api(world, name)
    synced = world.delete(*files(TEN[:8]))
    assert (synced.held, world.holds()) == (frozenset(), [])
    world.go_to("09:30")
    assert len(world.texts) == 2


NINE, BEFORE = f"+1415555{9:04}", f"+1415555{8:04}"


def owed_for_nine(world: World, *people: str) -> None:
    """A job `a` that is due at 09:00 for these; its messages wait for their first retry, to be sent at 09:01 or so."""
    world.load("a.yaml", job(at=nominal("09:00"), to=list(people), valid_for="2h"))
    world.gateway.script.extend([NO_ROUTE] * len(people))
    world.go_to("09:00:10")
    assert {state for _, state in world.states()} == {"pending"}


def test_what_the_end_of_a_reminder_cancelled_stays_so_when_its_file_comes_back(world: World) -> None:
    owed_for_nine(world, NINE)
    texts = dict(world.files)
    end_by_api(world, "a")
    world.delete("a.yaml")
    (row,) = world.rows()
    assert (row["state"], row["reason"]) == ("cancelled", "its reminder was ended through the API")
    for seconds in (1, 50, 600):
        world.files = dict(texts)
        world.clock.advance(timedelta(seconds=seconds))
        world.sync()
        world.restart()
        world.load("a.yaml", job(at=nominal("09:00"), to=[NINE], message="Another.", valid_for="2h"))
        world.tick()
        assert [state for _, state in world.states()] == ["cancelled"]
        world.delete("a.yaml")
    assert world.texts == []


def test_an_end_is_one_for_what_was_cancelled_before_it_too(world: World) -> None:
    """For a recipient who left by an edit, and for all of them where the file was gone already."""
    owed_for_nine(world, NINE, BEFORE)
    texts = dict(world.files)
    world.load("a.yaml", job(at=nominal("09:00"), to=[NINE], valid_for="2h"))
    end_by_api(world, "a")
    world.delete("a.yaml")
    world.files = dict(texts)
    world.sync()
    assert [state for _, state in world.states()] == ["cancelled", "cancelled"]


def test_an_end_after_its_file_was_removed_by_hand_is_one(world: World) -> None:
    owed_for_nine(world, NINE)
    texts = dict(world.files)
    world.delete("a.yaml")
    end_by_api(world, "a")
    world.files = texts
    world.sync()
    assert [state for _, state in world.states()] == ["cancelled"]


def test_they_do_not_hide_that_others_are_gone_by_accident(world: World) -> None:
    load_many(world, [*TEN, *(f"more-{number}" for number in range(10))])
    for name in TEN:
        end_by_api(world, name)
    assert world.delete(*files(TEN)).held == frozenset()
    gone = [f"more-{number}" for number in range(6)]
    assert world.delete(*files(gone)).held == set(gone)


def test_one_that_came_back_by_hand_is_guarded_like_any_job(world: World) -> None:
    load_many(world)
    for name in TEN:
        end_by_api(world, name)
    world.delete(*files(TEN))
    world.go_to(world.clock.now() + timedelta(minutes=30))
    load_many(world)
    world.go_to(world.clock.now() + timedelta(minutes=30))
    assert world.delete(*files(TEN[:6])).held == set(TEN[:6])


def test_what_a_hold_keeps_already_goes_when_the_api_removes_it(world: World) -> None:
    load_many(world)
    assert world.delete(*files(TEN[:6])).held == set(TEN[:6])
    for name in TEN[:6]:
        end_by_api(world, name)
    assert world.sync().held == frozenset()
    assert world.holds() == []


def test_a_removal_of_half_of_ten_jobs_is_believed(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN[:5]))
    assert world.holds() == []
    assert set(world.syncer.running) == set(TEN[5:])


def test_nine_jobs_may_all_go(world: World) -> None:
    load_many(world, TEN[:9])
    world.delete(*files(TEN[:9]))
    assert world.holds() == []
    assert not world.syncer.running


def test_removals_one_by_one_are_measured_against_ten_minutes_ago(world: World) -> None:
    load_many(world)
    for number, name in enumerate(TEN[:7]):
        world.delete(f"{name}.yaml")
        assert (number < 5) == (world.holds() == []), number
        world.go_to(world.clock.now() + timedelta(minutes=1))
    assert set(world.syncer.running) == set(TEN[5:])


def test_removals_spread_over_hours_are_believed(world: World) -> None:
    load_many(world)
    for name in TEN[:9]:
        world.delete(f"{name}.yaml")
        world.go_to(world.clock.now() + timedelta(minutes=11))
    assert world.holds() == []
    assert set(world.syncer.running) == {TEN[9]}


def test_a_hold_ends_when_the_files_come_back(world: World) -> None:
    load_many(world)
    texts = dict(world.files)
    world.delete(*files(TEN))
    world.go_to("08:20")
    world.files = texts
    world.sync()
    assert world.holds() == []
    world.go_to("09:30")
    assert len(world.texts) == 10


def test_a_hold_does_not_wear_off_by_time_or_restarts(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN))
    for time in ("08:15", "08:40"):
        world.go_to(time)
        world.restart()
    assert world.holds() == ["removal"]
    world.go_to("09:30")
    assert len(world.texts) == 10


def test_a_mass_removal_while_the_daemon_was_down_is_on_hold_too(world: World) -> None:
    load_many(world)
    for name in TEN[:8]:
        del world.files[f"{FOLDER}/{name}.yaml"]
    world.sleep_to("08:59")
    assert world.holds() == ["removal"]
    world.go_to("09:30")
    assert len(world.texts) == 10


def test_an_approved_removal_is_carried_out(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN[:8]))
    world.go_to("08:20")
    approve(world)
    world.go_to("08:20:01")
    world.sync()
    assert set(world.syncer.running) == set(TEN[8:])
    world.go_to("08:20:31")
    world.sync()
    assert world.holds() == []
    world.go_to("09:30")
    assert len(world.texts) == 2


def test_a_removal_approved_while_the_daemon_was_down_is_carried_out_at_its_start(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN[:8]))
    approve(world)
    world.sleep_to("08:20")
    assert set(world.syncer.running) == set(TEN[8:])


def test_after_an_approval_the_count_begins_anew(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN[:6]))
    world.go_to("08:01")
    approve(world)
    world.go_to("08:01:01")
    world.sync()
    world.go_to("08:02")
    world.delete(f"{TEN[6]}.yaml")
    assert world.holds() == []
    assert set(world.syncer.running) == set(TEN[7:])


def test_an_approval_covers_only_what_the_hold_named(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN[:8]))
    approve(world)
    del world.files[f"{FOLDER}/{TEN[8]}.yaml"], world.files[f"{FOLDER}/{TEN[9]}.yaml"]
    world.go_to("08:01")
    world.sync()
    assert set(world.syncer.running) <= set(TEN[8:])


def test_a_hold_that_is_approved_twice_is_refused_the_second_time(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN))
    approve(world)
    with pytest.raises(Refusal, match="no open hold 1"):
        world.command("approve", hold=1)


def test_new_jobs_beside_a_removal_do_not_hide_it(world: World) -> None:
    load_many(world)
    for name in TEN:
        del world.files[f"{FOLDER}/{name}.yaml"]
    load_many(world, [f"new-{number}" for number in range(30)])
    assert world.holds() == ["removal"]
    world.sync()
    assert world.holds() == ["removal"]


def test_jobs_that_were_added_a_moment_before_do_not_hide_a_removal(world: World) -> None:
    load_many(world)
    world.go_to("08:30")
    load_many(world, [f"new-{number}" for number in range(30)])
    world.go_to("08:31")
    world.delete(*files(TEN))
    assert world.holds() == ["removal"]


@pytest.mark.parametrize("again", [False, True], ids=["at once", "after a restart"])
@pytest.mark.parametrize("schedule", [{"cron": "0 9 * * *"}, {"at": nominal("09:00")}], ids=["cron", "at"])
def test_held_jobs_do_not_repeat_what_their_renamed_twins_send(
    world: World, schedule: dict[str, str], again: bool
) -> None:
    for name in TEN:
        world.write(f"{name}.yaml", job(message=f"From {name}.", **schedule))
    world.sync()
    for name in TEN:
        world.files[f"{FOLDER}/2027-{name}.yaml"] = world.files.pop(f"{FOLDER}/{name}.yaml")
    world.go_to("08:30")
    world.sync()
    assert world.holds() == ["removal"]
    if again:
        world.restart()
    world.go_to("09:30")
    assert sorted(world.texts) == [f"From {name}." for name in TEN]
    assert {row["state"] for row in world.rows("job-0")} == {"missed"}
    assert {row["state"] for row in world.rows("2027-job-0")} == {"accepted"}


def test_an_approval_does_not_cover_a_later_removal_of_the_same_jobs(world: World) -> None:
    for number in range(12):
        world.write(f"{number:02}.yaml", job(cron="0 12 * * *", to=[f"+1415555{number:04}"]))
    world.sync()
    world.clock.advance(timedelta(minutes=20))
    before = dict(world.files)
    world.delete(*(f"{number:02}.yaml" for number in range(1, 12)))
    world.command("approve", hold=1)
    world.sync()
    world.files = before
    world.sync()
    world.clock.advance(timedelta(days=1))
    world.files = {}
    for _ in range(3):
        assert len(world.sync().held) == 12


def test_what_was_approved_does_not_count_again_after_a_restart(world: World) -> None:
    names = [f"job-{number}" for number in range(12)]
    load_many(world, names)
    world.delete(*files(names[:8]))
    approve(world)
    world.go_to("08:00:01")
    world.sync()
    assert set(world.syncer.running) == set(names[8:])
    world.restart()
    world.delete(f"{names[8]}.yaml")
    assert world.holds() == []
    assert set(world.syncer.running) == set(names[9:])
