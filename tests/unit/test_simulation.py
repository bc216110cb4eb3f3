"""A simulated stretch of time: what goes out in it, when, and what becomes of it, told by the real parts."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from reminderd.gateway.sandbox import parse_fault
from reminderd.jobs import Reader, Scan
from reminderd.model import ParsedFile
from reminderd.settings import Settings
from reminderd.simulation import Line, Simulation, timetable, totals
from tests.support.clock import utc
from tests.support.world import ANNA, BERT, CARA, SENDER, job

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "America/Havana",
    "Asia/Kathmandu",
)


def settings(**plivo: Any) -> Settings:
    return Settings.model_validate({"plivo": {"sender": SENDER, **plivo}})


def scan(folder: Path, **jobs: dict[str, Any]) -> Scan:
    """Job files by name, read from the disk."""
    for name, spec in jobs.items():
        (folder / f"{name}.yaml").write_text(json.dumps(spec))
    return Reader([folder], settings().defaults).scan()


def simulate(
    files: Scan, start: str, end: str, faults: Sequence[str] = (), *, seed: int = 0, **plivo: Any
) -> list[Line]:
    simulation = Simulation(settings(**plivo), files, utc(start), [parse_fault(each) for each in faults], seed)
    try:
        return timetable(simulation.run(utc(end)), simulation.catalog.jobs)
    finally:
        simulation.close()


def due(lines: Sequence[Line]) -> list[str]:
    return [f"{line.due_at:%m-%d %H:%M}" for line in lines]


def test_the_first_moment_is_in_it_and_the_last_is_not(tmp_path: Path) -> None:
    files = scan(tmp_path, daily=job(cron="0 0 * * *"))
    assert due(simulate(files, "2027-03-01 00:00", "2027-03-03 00:00")) == ["03-01 00:00", "03-02 00:00"]


def test_what_was_due_before_is_not_in_it(tmp_path: Path) -> None:
    files = scan(tmp_path, visits=job(at=["2027-02-28T23:59", "2027-03-01T09:00"], valid_for="7d"))
    assert due(simulate(files, "2027-03-01 00:00", "2027-03-02 00:00")) == ["03-01 09:00"]


def test_what_was_due_in_it_is_followed_to_its_end(tmp_path: Path) -> None:
    files = scan(tmp_path, late=job(at="2027-03-01T23:59", valid_for="8h"))
    (line,) = simulate(files, "2027-03-01 00:00", "2027-03-02 00:00", ["status=503,accept=true"])
    assert (line.state, line.at) == ("accepted", utc("2027-03-01 23:59"))  # proven by the log at once


def expected(zone: str, year: int) -> list[datetime]:
    """02:30 on each Sunday, by walking through the minutes of each day that clocks show: in a gap at its end."""
    info = ZoneInfo(zone)
    found = []
    day = date(year, 1, 1)
    while day.year == year:
        if day.weekday() == 6:
            midnight = datetime(day.year, day.month, day.day, tzinfo=info).astimezone(UTC)
            minutes = (midnight + timedelta(minutes=number) for number in range(-60, 26 * 60))
            shown = (minute for minute in minutes if minute.astimezone(info).date() == day)
            found.append(next(each for each in shown if each.astimezone(info).strftime("%H:%M") >= "02:30"))
        day += timedelta(days=1)
    return found


def test_a_year_of_sundays_in_ten_zones_is_what_the_clocks_there_show(tmp_path: Path) -> None:
    files = scan(
        tmp_path, **{zone.replace("/", "-"): job(cron="30 2 * * 0", timezone=zone, to=[ANNA]) for zone in ZONES}
    )
    lines = simulate(files, "2026-12-30 00:00", "2028-01-03 00:00", rate="0")
    assert {line.state for line in lines} == {"accepted"}
    for zone in ZONES:
        sent = [line.due_at for line in lines if line.zone == zone and line.nominal.startswith("2027")]
        assert sent == expected(zone, 2027), zone


def test_messages_of_one_moment_go_out_at_the_pace_of_the_settings(tmp_path: Path) -> None:
    files = scan(tmp_path, all=job(at="2027-03-01T09:00", to=[ANNA, BERT, CARA]))
    lines = simulate(files, "2027-03-01 00:00", "2027-03-02 00:00", rate="0.5")
    assert sorted(f"{line.at:%H:%M:%S}" for line in lines) == ["09:00:00", "09:00:02", "09:00:04"]


def test_a_refusal_is_the_end_of_one_message(tmp_path: Path) -> None:
    files = scan(tmp_path, all=job(at="2027-03-01T09:00", to=[ANNA, BERT]))
    lines = simulate(files, "2027-03-01 00:00", "2027-03-02 00:00", [f"status=400,phone={BERT[-4:]}$"])
    assert [line.state for line in lines] == ["accepted", "failed"]


def test_a_gateway_that_says_too_many_is_asked_again_later(tmp_path: Path) -> None:
    files = scan(tmp_path, one=job(at="2027-03-01T09:00"))
    (line,) = simulate(files, "2027-03-01 00:00", "2027-03-02 00:00", ["status=429,count=1,header=Retry-After: 90"])
    assert (line.state, line.attempts) == ("accepted", 2)
    assert line.at >= utc("2027-03-01 09:01:30")


def test_an_answer_that_never_comes_is_a_doubt_that_the_log_settles(tmp_path: Path) -> None:
    files = scan(tmp_path, one=job(at="2027-03-01T09:00"), two=job(at="2027-03-01T10:00"))
    faults = ["reset=after,count=1", "hang=2m,skip=0,count=1"]
    proven, open_ = simulate(files, "2027-03-01 00:00", "2027-03-02 00:00", faults)
    assert (proven.state, proven.reason) == ("accepted", "found in Plivo's log")
    assert (open_.state, open_.went_out) == ("in_doubt", True)


def test_an_answer_that_takes_its_time_is_heard_then(tmp_path: Path) -> None:
    files = scan(tmp_path, one=job(at="2027-03-01T09:00"))
    (line,) = simulate(files, "2027-03-01 00:00", "2027-03-02 00:00", ["latency=12s"])
    assert (line.state, line.at) == ("accepted", utc("2027-03-01 09:00:12"))


def test_what_never_reached_a_carrier_is_sent_again_where_the_job_says_so(tmp_path: Path) -> None:
    files = scan(tmp_path, one=job(at="2027-03-01T09:00", valid_for="8h", on_undelivered="retry"))
    (line,) = simulate(files, "2027-03-01 00:00", "2027-03-02 00:00", ["ends=failed,code=420,count=1"])
    assert (line.state, line.attempts, line.receipt) == ("accepted", 2, "delivered")


def test_what_no_carrier_delivers_is_said(tmp_path: Path) -> None:
    files = scan(tmp_path, one=job(at="2027-03-01T09:00"))
    (line,) = simulate(files, "2027-03-01 00:00", "2027-03-02 00:00", ["ends=undelivered,code=30"])
    assert (line.state, line.attempts, line.receipt) == ("accepted", 1, "undelivered (30: spam detected)")


def test_a_message_into_quiet_hours_goes_out_when_they_end(tmp_path: Path) -> None:
    files = scan(tmp_path, one=job(at="2027-03-01T22:00", quiet_hours="21:00-08:00"))
    (line,) = simulate(files, "2027-03-01 00:00", "2027-03-02 00:00")
    assert (line.state, line.at) == ("accepted", utc("2027-03-02 08:00"))


def test_what_exceeds_a_limit_is_missed_since_nobody_approves(tmp_path: Path) -> None:
    files = scan(tmp_path, one=job(at="2027-03-01T09:00", to=[ANNA, BERT], limits={"per_occurrence": 1}))
    assert [line.state for line in simulate(files, "2027-03-01 00:00", "2027-03-02 00:00")] == ["missed", "missed"]


def test_a_gateway_that_never_comes_back_ends_when_validity_does(tmp_path: Path) -> None:
    files = scan(tmp_path, one=job(at="2027-03-01T09:00", valid_for="30m"))
    (line,) = simulate(files, "2027-03-01 00:00", "2027-03-02 00:00", ["status=402,on=any"])
    assert (line.state, line.went_out) == ("missed", False)


def test_the_same_files_faults_and_seed_give_the_same_timetable(tmp_path: Path) -> None:
    files = scan(tmp_path, many=job(cron="*/20 * * * *", to=[ANNA, BERT, CARA], retry=["5m", "9m"]))
    faults = ["status=503,probability=.2,accept=true", "status=429,probability=.2", "latency=2s,probability=.5"]
    first, again = (simulate(files, "2027-03-01 00:00", "2027-03-02 00:00", faults, seed=7) for _ in "ab")
    assert first == again
    assert len({line.at - line.due_at for line in first}) > 5


def test_private_people_are_counted_and_not_shown(tmp_path: Path) -> None:
    files = scan(tmp_path, all=job(at="2027-03-01T09:00", to=[ANNA, BERT], message="Your code, {{ recipient.phone }}"))
    (path, parsed), *_ = files.files.items()
    (one,) = parsed.jobs
    hidden = replace(one, recipients=tuple(replace(each, private=True) for each in one.recipients))
    (line,) = simulate(
        Scan({path: ParsedFile((hidden,), ())}, folders=files.folders), "2027-03-01 00:00", "2027-03-02 00:00"
    )
    assert (line.people, line.segments, line.state) == (2, 2, "accepted")
    assert ANNA not in repr(line)
    assert line.text is None


def test_totals_count_what_went_out_by_job_and_in_the_busiest_hour(tmp_path: Path) -> None:
    long = "x" * 200
    files = scan(
        tmp_path, a=job(cron="0 9,10 * * *", message=long, to=[ANNA, BERT]), b=job(at="2027-03-01T09:30", to=[CARA])
    )
    lines = simulate(files, "2027-03-01 00:00", "2027-03-02 00:00", [f"status=400,phone={CARA[-4:]}$"])
    found = totals(lines, "Europe/Berlin")
    assert (found.planned, found.went_out) == (5, (4, 8))
    assert found.by_state == {"accepted": 4, "failed": 1}
    assert found.by_job == {"a": (4, 8)}
    assert (found.busiest_hour, found.busiest_day) == (("2027-03-01 10:00", 2), ("2027-03-01", 4))


@pytest.mark.parametrize("number", [1, 400])
def test_many_people_of_one_moment_are_all_in_it(tmp_path: Path, number: int) -> None:
    people = [f"+49302312{position:05}" for position in range(number)]
    files = scan(tmp_path, all=job(at="2027-03-01T09:00", to=people, valid_for="8h"))
    lines = simulate(files, "2027-03-01 00:00", "2027-03-02 00:00", rate="0")
    assert [line.state for line in lines] == ["accepted"] * number
