"""Pause, resume and skip as operators ask for them: what is refused, with which advice, and what is recorded."""

from typing import Any

import pytest

from reminderd.store import Refusal
from tests.support.world import ANNA, World, job

NINE = "0 9 * * *"


@pytest.fixture
def rent(world: World) -> World:
    """A world with one job, at nine in Berlin: 08:00 UTC in winter."""
    world.load("rent.yaml", job(cron=NINE, timezone="Europe/Berlin"))
    return world


def actions(world: World) -> list[tuple[Any, ...]]:
    rows = world.store.reports.actions()
    return [(row["who"], row["action"], row["target"]) for row in rows]


def pauses(world: World) -> list[tuple[str | None, str]]:
    return [(each.job, each.why) for each in world.store.overrides.open_ones(world.clock.now())]


def test_each_override_is_recorded_with_who_and_what(rent: World) -> None:
    rent.command("pause", job="rent", why="flood")
    rent.command("pause", all=True, why="test")
    rent.command("resume", job="rent")
    rent.command("resume", all=True)
    rent.command("skip", job="rent", at="2027-03-02T09:00", why="holiday")
    rent.command("resume", job="rent", at="2027-03-02T09:00")
    assert actions(rent) == [
        ("ops", "pause", "rent"),
        ("ops", "pause", "--all"),
        ("ops", "resume", "rent"),
        ("ops", "resume", "--all"),
        ("ops", "skip", "rent"),
        ("ops", "resume --at", "rent"),
    ]
    assert pauses(rent) == []


def test_pausing_again_says_what_was_said_before(rent: World) -> None:
    assert rent.command("pause", job="rent", why="flood")["before"] is None
    again = rent.command("pause", job="rent", until="2h", why="still wet")
    assert again["before"] == {"who": "ops", "why": "flood", "until": None}
    assert again["until"] == "2027-03-01T10:00:00.000Z"


@pytest.mark.parametrize(
    ("until", "meant"),
    [
        ("90m", "2027-03-01T09:30:00.000Z"),
        ("1d", "2027-03-02T08:00:00.000Z"),
        ("2027-03-01T12:00", "2027-03-01T11:00:00.000Z"),
        ("2027-03-01 12:00", "2027-03-01T11:00:00.000Z"),
        ("2027-03-01T12:00Z", "2027-03-01T12:00:00.000Z"),
        ("2027-03-01T12:00+05:00", None),
    ],
)
def test_until_is_a_duration_or_a_time_in_the_job_s_zone(rent: World, until: str, meant: str | None) -> None:
    if meant is None:
        with pytest.raises(Refusal, match="that is 1h ago"):
            rent.command("pause", job="rent", until=until, why="flood")
    else:
        assert rent.command("pause", job="rent", until=until, why="flood")["until"] == meant


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"job": "rent"}, "say why"),
        ({"job": "rent", "why": "  "}, "say why"),
        ({"job": "rnet", "why": "x"}, "there was never a job 'rnet'; did you mean 'rent'"),
        ({"job": "rent", "all": True, "why": "x"}, "name a job, or say --all"),
        ({"why": "x"}, "name a job, or say --all"),
        ({"job": "rent", "until": "soon", "why": "x"}, r"--until: 'soon' is not a time.*how long from now"),
        ({"job": "rent", "until": "0s", "why": "x"}, "that is now"),
        ({"job": "rent", "until": "2027-02-28", "why": "x"}, "has no time of day"),
        ({"job": "rent", "until": "2027-03-28T02:30", "why": "x"}, "does not exist on 2027-03-28"),
    ],
)
def test_a_pause_that_makes_no_sense_is_refused(rent: World, request_: dict[str, Any], said: str) -> None:
    with pytest.raises(Refusal, match=said):
        rent.command("pause", **request_)
    assert pauses(rent) == []


def test_what_is_not_paused_cannot_be_resumed(rent: World) -> None:
    with pytest.raises(Refusal, match="job 'rent' is not paused"):
        rent.command("resume", job="rent")
    with pytest.raises(Refusal, match=r"there is no pause of all jobs$"):
        rent.command("resume", all=True)
    rent.command("pause", job="rent", why="x")
    with pytest.raises(Refusal, match=r"there is no pause of all jobs; of single ones: reminderd resume rent"):
        rent.command("resume", all=True)
    rent.command("pause", all=True, why="x")
    assert rent.command("resume", job="rent")["all_paused"]
    with pytest.raises(Refusal, match=r"all jobs are: reminderd resume --all"):
        rent.command("resume", job="rent")
    assert not rent.command("resume", all=True)["all_paused"]


def test_the_pause_of_a_job_that_was_removed_stays_and_can_be_ended(rent: World) -> None:
    rent.command("pause", job="rent", why="flood")
    rent.delete("rent.yaml")
    assert pauses(rent) == [("rent", "flood")]
    assert rent.command("pause", job="rent", why="longer")["declared"] is False
    rent.command("resume", job="rent")
    assert pauses(rent) == []


# -- skip -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["2027-03-02T09:00", "2027-03-02 09:00", "2027-03-02T08:00Z", "2027-03-02T10:00+02:00", "2027-03-02T09:00:00"],
)
def test_the_occurrence_to_skip_is_named_by_local_time_or_by_its_moment(rent: World, text: str) -> None:
    answer = rent.command("skip", job="rent", at=text, why="holiday")
    assert answer["nominal"] == "2027-03-02T09:00:00"
    assert answer["due_at"] == {"Europe/Berlin": "2027-03-02T08:00:00.000Z"}
    with pytest.raises(
        Refusal, match=r"is skipped already; to have it sent: reminderd resume rent --at 2027-03-02T08:00:00Z"
    ):
        rent.command("skip", job="rent", at=text, why="holiday")
    rent.command("resume", job="rent", at=text)
    assert pauses(rent) == []


def test_an_interval_s_occurrence_can_be_named_by_the_time_that_clocks_show(world: World) -> None:
    world.load("a.yaml", job(every="6h", start="2027-03-01T00:30Z", timezone="Europe/Berlin"))
    assert world.command("skip", job="a", at="2027-03-01T13:30", why="x")["nominal"] == "2027-03-01T12:30:00Z"


def test_a_time_at_which_nothing_is_due_is_refused_with_the_nearest_that_come(rent: World) -> None:
    with pytest.raises(
        Refusal, match=r"not due at 2027-03-03T10:00; the nearest that come: 2027-03-03T09:00, 2027-03-04T09:00"
    ):
        rent.command("skip", job="rent", at="2027-03-03T10:00", why="x")
    with pytest.raises(Refusal, match=r"the nearest that come: 2027-03-02T09:00 \(Europe/Berlin\)"):
        rent.command("skip", job="rent", at="2027-03-01T09:30", why="x")
    with pytest.raises(Refusal, match="is not a time"):
        rent.command("skip", job="rent", at="tomorrow", why="x")


def test_a_time_that_comes_twice_has_to_be_said_with_its_offset(world: World) -> None:
    world.load("a.yaml", job(cron="30 * * * *", timezone="Europe/Berlin"))
    with pytest.raises(
        Refusal, match="due twice at 2027-10-31T02:30; say which: 2027-10-31T00:30:00Z or 2027-10-31T01:30:00Z"
    ):
        world.command("skip", job="a", at="2027-10-31T02:30", why="x")
    second = world.command("skip", job="a", at="2027-10-31T01:30Z", why="x")
    assert second["nominal"] == "2027-10-31T02:30:00 fold=1"
    world.command("resume", job="a", at="2027-10-31T01:30:00Z")


def test_what_is_planned_already_is_cancelled_instead(world: World) -> None:
    world.load("b.yaml", job(at="2027-03-01T07:59", to=[ANNA]))
    world.plan()
    (row,) = world.rows("b")
    with pytest.raises(Refusal, match=f"planned already; cancel its deliveries instead: reminderd cancel {row['id']}$"):
        world.command("skip", job="b", at="2027-03-01T07:59", why="x")
    world.go_to("08:05")
    with pytest.raises(Refusal, match="is past, and nothing of it waits: reminderd history b"):
        world.command("skip", job="b", at="2027-03-01T07:59", why="x")


def test_nothing_of_a_job_that_is_no_longer_declared_can_be_skipped(rent: World) -> None:
    rent.delete("rent.yaml")
    with pytest.raises(Refusal, match="no longer declared"):
        rent.command("skip", job="rent", at="2027-03-02T09:00", why="x")


def test_only_what_is_skipped_can_be_sent_after_all(rent: World) -> None:
    rent.command("skip", job="rent", at="2027-03-02T09:00", why="x")
    with pytest.raises(Refusal, match=r"at 2027-03-03T09:00 is skipped; skipped ones: 2027-03-02T09:00:00"):
        rent.command("resume", job="rent", at="2027-03-03T09:00")
    rent.delete("rent.yaml")
    rent.command("resume", job="rent", at="2027-03-02T09:00")
    assert pauses(rent) == []
