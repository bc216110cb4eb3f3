"""What /healthz, /readyz and /health/scheduled say of a state, and of the loop."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reminderd.model import State
from reminderd.store import StateError
from reminderd.store.view import open_view_beside
from reminderd.telemetry import Figures
from reminderd.web import health
from reminderd.web.exposition import Exposition
from reminderd.web.families import suspension
from reminderd.web.readings import MOST_JOBS, Readings
from tests.support.world import ANNA, BERT, World, job

MINUTES = timedelta(minutes=5)


@pytest.fixture
def readings(world: World) -> Iterator[Readings]:
    made = Readings(lambda: open_view_beside(world.path), world.clock.now, lambda: MINUTES)
    yield made
    made.close()


@pytest.fixture
def figures(world: World) -> Figures:
    made = Figures(world.clock)
    made.loaded = True
    return made


def test_a_loop_that_makes_no_passes_is_not_healthy_and_one_whose_passes_fail_is(
    figures: Figures, world: World
) -> None:
    figures.pass_failed(OSError("full"), 9, "full")
    assert health.process(figures).status == 200
    world.clock.advance(timedelta(seconds=61))
    verdict = health.process(figures)
    assert (verdict.status, verdict.body["reasons"]) == (503, ["the loop has made no pass for 61 seconds"])


@pytest.mark.parametrize(
    ("word", "change"),
    [
        ("stopping", lambda it: setattr(it, "stopping", True)),
        ("not loaded", lambda it: setattr(it, "loaded", False)),
        ("the last 2 passes failed (OSError)", lambda it: it.pass_failed(OSError("full"), 2, "full")),
    ],
)
def test_a_daemon_that_cannot_do_what_it_is_for_is_not_ready(
    figures: Figures, readings: Readings, word: str, change: "object"
) -> None:
    assert health.ready(figures, readings.present()).status == 200
    assert callable(change)
    change(figures)
    verdict = health.ready(figures, readings.present())
    assert verdict.status == 503
    assert any(word in reason for reason in verdict.body["reasons"])


@pytest.mark.parametrize(("kind", "status"), [("clock", 503), ("restored", 503), ("removal", 200), ("limit", 200)])
def test_only_what_holds_everything_keeps_it_from_being_ready(
    figures: Figures, readings: Readings, world: World, kind: str, status: int
) -> None:
    world.store.holds.open(kind, "because", {}, world.clock.now())
    verdict = health.ready(figures, readings.present())
    assert (verdict.status, verdict.body["holds"]) == (status, {kind: 1})


def test_what_is_planned_too_late_is_behind_its_schedule(readings: Readings, world: World) -> None:
    world.load("a.yaml", job(at="2027-03-02T09:00"))
    world.tick()
    assert health.scheduled(readings.present(), MINUTES, None).status == 200
    world.clock.advance(timedelta(minutes=6))
    readings._present = None  # a second later
    verdict = health.scheduled(readings.present(), MINUTES, "a")
    assert verdict.status == 503
    assert verdict.body["reasons"][0].startswith("what is due is planned only until 2027-03-01T08:00")


def test_what_a_pause_or_a_hold_keeps_back_is_not_overdue(readings: Readings, world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", to=[ANNA, BERT], valid_for="5h"))
    world.clock.advance(timedelta(minutes=70))
    world.plan()
    world.syncer.note_alive(world.clock.now())
    assert health.scheduled(readings.present(), MINUTES, None).body["overdue"][0]["deliveries"] == 2
    world.command("pause", job="a", why="flood")
    readings._present = None
    assert health.scheduled(readings.present(), MINUTES, None).status == 200


def test_the_last_result_of_a_job_is_the_worst_of_its_newest_occurrence(readings: Readings, world: World) -> None:
    world.load("a.yaml", job(cron="0 9-11 * * *", to=[ANNA, BERT], valid_for="30m"))
    world.go_to("10:30")
    assert readings.counted().last_results["a"][1] is State.ACCEPTED
    world.clock.advance(timedelta(hours=1))
    world.tick()
    readings._counted = None
    at, state = readings.counted().last_results["a"]
    assert (f"{at:%H:%M}", state) in (("11:00", State.MISSED), ("11:00", State.ACCEPTED))
    assert readings.counted().deliveries["accepted"] + readings.counted().deliveries["missed"] == 6


def test_only_so_many_jobs_have_figures_of_their_own(readings: Readings, world: World) -> None:
    number = MOST_JOBS + 7
    jobs = [{"name": f"job-{i:04}", **job(at="2027-03-02T09:00")} for i in range(number)]
    world.load("a.yaml", *jobs)
    counted = readings.counted()
    assert (len(counted.jobs), counted.jobs[-1]) == (MOST_JOBS, f"job-{MOST_JOBS - 1:04}")
    assert readings.present().jobs["declared"] == number


def test_a_state_that_cannot_be_read_is_an_error_in_words_and_read_again_later(world: World, tmp_path: Path) -> None:
    paths = [tmp_path / "nothing" / "state.db", world.path]
    readings = Readings(lambda: open_view_beside(paths.pop(0)), world.clock.now, lambda: MINUTES)
    with pytest.raises(StateError, match="cannot be read: unable to open database file"):
        readings.present()
    assert readings.present().problems == 0
    readings.close()


def test_reading_beside_the_writer_takes_none_of_its_locks_away(world: World) -> None:
    view = open_view_beside(world.path)
    assert view.measures.problems() == 0
    view.close()
    # Another process that is told that nobody has the state open would take the log from under the daemon.
    import subprocess
    import sys

    code = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('pragma journal_mode = delete')"
    done = subprocess.run([sys.executable, "-c", code, str(world.path)], capture_output=True, text=True, check=False)
    assert "database is locked" in done.stderr
    with sqlite3.connect(world.path) as reader:
        assert reader.execute("pragma journal_mode").fetchone() == ("wal",)
    reader.close()


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (None, None),
        ("401: authentication failed", "credentials"),
        ("402, not Plivo's JSON", "credit"),
        ("407 without a body", "proxy"),
        ("429: too many; 503", "rate"),
        ("the last 5 different phones were all refused alike: 400", "other"),
        ("4290: who knows", "other"),
    ],
)
def test_why_the_gateway_is_suspended_is_one_of_a_handful_of_words(reason: str | None, kind: str | None) -> None:
    assert suspension(reason) == kind


def test_a_page_of_figures_is_written_once_a_second_and_in_few_formats(readings: Readings, world: World) -> None:
    exposition = Exposition(readings, world.path, Figures(world.clock), lambda: {})
    formats = [
        "application/openmetrics-text; version=1.0.0",
        "application/openmetrics-text; version=0.0.1",
        *(f"text/plain; version=1.0.0; escaping={how}" for how in ("allow-utf-8", "dots", "values", "underscores")),
        "text/plain",
        "nonsense; q=x",
        "",
    ]
    answers = [exposition.negotiated(accept) for accept in formats for _ in range(2)]
    assert len({content_type for _, content_type in answers}) <= 4
    assert answers[0][1].startswith("application/openmetrics-text; version=1.0.0")
    assert answers[-1][1].startswith("text/plain; version=0.0.4")
    assert answers[0][0] is answers[1][0]
    assert answers[-1][0] is answers[-2][0]
