"""The time line of the coming day: what it shows, and that no job and no number of jobs makes it long work."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from reminderd import recurrence
from reminderd.jobs import parse_file
from reminderd.model import Job
from reminderd.plan import Override
from reminderd.web.page.coming import MOST_LANES, STEPS, Coming, Run, coming
from tests.support.clock import START
from tests.support.world import ANNA, BERT, DEFAULTS

NOW = START + timedelta(minutes=25)  # 08:25 on a Monday
HOUR = timedelta(hours=1)


def jobs(**schedules: dict[str, Any]) -> dict[str, Job]:
    """By name, jobs for two people."""
    entries = [
        {
            "name": name,
            "schedule": {k: v for k, v in keys.items() if k not in ("to", "timezone")},
            "message": "Hello.",
            "to": keys.get("to", [ANNA, BERT]),
            "timezone": keys.get("timezone", "UTC"),
        }
        for name, keys in schedules.items()
    ]
    parsed = parse_file("a.yaml", json.dumps({"jobs": entries}).encode(), DEFAULTS)
    assert parsed.problems == ()
    return {job.name: job for job in parsed.jobs}


def look(running: dict[str, Job], overrides: Sequence[Override] = (), now: datetime = NOW) -> Coming:
    due = {}
    for name, job in running.items():
        found = [recurrence.next_after(job.schedule, zone, now) for zone in job.by_zone()]
        due[name] = min(each.due_at for each in found if each is not None)
    return coming(running, due, overrides, now)


def test_the_day_begins_with_the_hour_and_shows_who_is_due_first_at_the_top() -> None:
    found = look(jobs(evening={"cron": "0 20 * * *"}, soon={"cron": "30 8,9 * * *"}, over={"cron": "15 8 * * *"}))
    assert found.start == START
    assert [(lane.job, lane.times, lane.people) for lane in found.lanes] == [("soon", 2, 2), ("evening", 1, 2)]
    assert found.lanes[0].runs == (Run(3, 1, False), Run(9, 1, False))
    assert found.messages == (2, 2, *[0] * 10, 2, *[0] * 11)
    assert (found.jobs, found.left_out, found.at_least) == (2, 0, False)


def test_what_is_past_the_day_is_not_there() -> None:
    assert look(jobs(later={"cron": "0 8 2 * *"})).lanes[0].times == 1  # the last moment of the day
    assert look(jobs(later={"cron": "1 8 2 * *"})) == Coming(START, (), (0,) * 24, 0, 0)


def test_a_pause_and_a_skip_are_shown_and_not_counted_as_messages() -> None:
    running = jobs(paused={"cron": "0 * * * *"}, skipped={"cron": "0 9,10 * * *"})
    pause = Override("pause", "paused", None, "ann", "moving", START)
    skip = Override("skip", "skipped", "2027-03-01T09:00:00", "ann", "holiday", START)
    found = {lane.job: lane for lane in look(running, [pause, skip]).lanes}
    assert (found["paused"].all_kept, found["paused"].kept) == (True, "paused by ann: moving")
    assert all(run.kept for run in found["paused"].runs)
    assert (found["skipped"].all_kept, found["skipped"].first) == (False, START + 2 * HOUR)
    assert found["skipped"].runs == (Run(6, 1, True), Run(12, 1, False))
    assert sum(look(running, [pause, skip]).messages) == 2


def test_a_job_by_the_minute_is_counted_as_it_is() -> None:
    found = look(jobs(beat={"every": "1m", "from": "2027-01-01T00:00"}))
    assert (found.lanes[0].times, found.at_least) == (24 * 60 - 25, False)
    assert found.messages == (68, *[120] * 22, 122)


def test_a_job_by_the_second_is_one_run_and_a_few_hundred_instants() -> None:
    found = look(
        jobs(
            beat={"every": "1s", "from": "2027-01-01T00:00"},
            rule={"rrule": "FREQ=MINUTELY;BYSECOND=0,10,20,30,40,50", "start": "2027-01-01T00:00"},
        )
    )
    for lane in found.lanes:
        assert lane.runs == (Run(2, STEPS - 2, False),)
        assert (lane.more, lane.times < 500) == (True, True)
    assert found.at_least


def test_of_ten_thousand_jobs_the_first_are_shown_and_the_rest_is_counted() -> None:
    (one,) = jobs(one={"cron": "*/10 * * * *"}).values()
    running = {f"job-{number:05}": one for number in range(10_000)}
    found = coming(running, dict.fromkeys(running, START + HOUR), [], NOW)
    assert (len(found.lanes), found.jobs) == (MOST_LANES, 10_000)
    assert 9_000 < found.left_out < 10_000
    assert found.at_least


def test_a_job_in_the_zones_of_its_people_is_one_lane() -> None:
    to = [{"phone": ANNA, "timezone": "Asia/Tokyo"}, {"phone": BERT, "timezone": "Europe/Berlin"}]
    running = jobs(each={"cron": "0 12 * * *", "timezone": "recipient", "to": to})
    (lane,) = look(running).lanes
    assert (lane.zones, lane.times, lane.people) == (2, 2, 2)
    assert sum(look(running).messages) == 2
