"""The list of what is ahead: in order, and whole."""

from datetime import UTC, datetime, timedelta

import pytest

from reminderd import recurrence
from reminderd.jobs import parse_file
from reminderd.model import Job
from reminderd.web.api.ahead import _key_of, _walk
from tests.support.world import DEFAULTS

NOW = datetime(2027, 3, 1, 8, tzinfo=UTC)
END = NOW + timedelta(days=3)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def jobs() -> list[Job]:
    lines = (
        f"  - {{name: job-{n}, schedule: {{cron: '{n % 7 * 5} {n % 24} * * *'}}, to: '+14155550123', message: x}}\n"
        for n in range(60)
    )
    return list(parse_file("jobs.yaml", ("jobs:\n" + "".join(lines)).encode(), DEFAULTS).jobs)


def test_it_is_in_order_whether_or_not_it_is_known_when_jobs_are_due_next(jobs: list[Job]) -> None:
    expected = sorted(
        _key_of(job, job.timezone, instant)
        for job in jobs
        for instant in recurrence.between(job.schedule, job.timezone, NOW - timedelta(milliseconds=1), END)
        if instant.due_at < END
    )
    assert len(expected) == 3 * len(jobs)
    for known in (False, True):
        found = [_key_of(*each) for each in _walk([(bound(job, known), job) for job in jobs], NOW, END, None)]
        assert found == expected
        for at in (0, 17, 100):
            rest = _walk([(bound(job, known), job) for job in jobs], NOW, END, expected[at])
            assert [_key_of(*each) for each in rest] == expected[at + 1 :]


def bound(job: Job, known: bool) -> datetime:
    if not known:
        return LONG_AGO
    following = recurrence.next_after(job.schedule, job.timezone, NOW - timedelta(milliseconds=1))
    assert following is not None
    return following.due_at
