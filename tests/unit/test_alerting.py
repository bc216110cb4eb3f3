"""What the whole daemon tells: each alert provoked, told when it begins and when it is over, once each."""

import json
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reminderd.model import InDoubt, NotSent, Refused
from reminderd.settings import Settings
from tests.support.machine import Machine, Start
from tests.support.world import ANNA, BERT, job

MINUTE = timedelta(minutes=1)
LOOK = timedelta(seconds=15)
AT_NINE = job(at="2027-03-01T09:00", valid_for="12h")


class Pager:
    """A program that notes what it is told."""

    def __init__(self, folder: Path) -> None:
        self.program, self.notes = folder / "page", folder / "told"
        self.program.write_text(
            f'#!/bin/sh\necho "$REMINDERD_ALERT $REMINDERD_ALERT_STATE" >> {self.notes}\ncat >> {self.notes}.json\n'
        )
        self.program.chmod(0o755)

    def told(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in Path(f"{self.notes}.json").read_text().splitlines()]


class Paged:
    """A machine whose daemon tells a pager."""

    def __init__(self, machine: Machine, pager: Pager) -> None:
        self.machine, self.pager = machine.loaded(), pager
        self.set(alerts={"command": [str(pager.program)]})

    def set(self, **settings: Any) -> None:
        """Change the settings, and have the daemon take them."""
        known = self.machine.settings
        values = Settings.model_validate({"jobs": ["/"], "state": "/", **settings})
        changed = {name: getattr(values, name) for name in settings}
        self.machine.settings = known.model_copy(update=changed)
        self.machine.ask("reload")

    def let_pass(self, length: timedelta) -> None:
        """Time passes, with a look now and then."""
        for _ in range(int(length / LOOK)):
            self.machine.clock.advance(LOOK)
            self.machine.look()
            self.machine.until(lambda: not self.machine.daemon._observers._alerting._watch._busy)

    def until_told(self, *lines: str) -> None:
        """Wait until exactly this was told; time passes meanwhile."""
        for _ in range(40):
            if self.pager.told() == list(lines):
                break
            self.let_pass(LOOK)
        self.let_pass(4 * LOOK)  # once, and not again
        assert self.pager.told() == list(lines)


@pytest.fixture
def paged(start: Start, tmp_path: Path) -> Callable[..., Paged]:
    return lambda *arguments, **keys: Paged(start(*arguments, **keys), Pager(tmp_path))


Page = Callable[..., Paged]


def test_what_stays_in_doubt_after_the_last_look(paged: Page) -> None:
    here = paged("2027-03-01 09:00", spec=job(at="2027-03-01T09:01", valid_for="12h"))
    here.machine.gateway.moods[ANNA] = InDoubt("a time-out")
    here.let_pass(MINUTE)
    here.machine.until(lambda: here.machine.states() == [("09:01", "in_doubt")])
    here.let_pass(14 * MINUTE)
    assert here.pager.told() == []
    here.let_pass(4 * MINUTE)
    here.until_told("in_doubt open")
    here.machine.ask("resolve", id=1, sent=True)
    here.until_told("in_doubt open", "in_doubt over")


def test_what_failed(paged: Page) -> None:
    here = paged("2027-03-01 08:59", spec=AT_NINE)
    here.machine.gateway.moods[ANNA] = Refused(400, "not a phone")
    here.let_pass(MINUTE)
    here.machine.until(lambda: here.machine.states() == [("09:00", "failed")])
    here.until_told("failed open")
    (document,) = here.pager.documents()
    assert document["summary"] == "1 of 1 delivery of the last hour did not arrive: 1 failed"
    here.let_pass(50 * MINUTE)
    here.until_told("failed open")
    here.let_pass(12 * MINUTE)
    here.until_told("failed open", "failed over")


def test_a_gateway_without_credit_and_what_is_overdue_because_of_it(paged: Page) -> None:
    here = paged("2027-03-01 08:59", spec=AT_NINE)
    here.machine.gateway.moods[ANNA] = NotSent("402: no credit", suspend=True)
    here.machine.gateway.usable = False
    here.let_pass(MINUTE)
    here.until_told("gateway open")
    del here.machine.gateway.moods[ANNA]
    here.let_pass(5 * MINUTE)
    here.until_told("gateway open", "overdue open")
    assert [each["summary"] for each in here.pager.documents()] == [
        "nothing is sent, the gateway is suspended: 402: no credit; 503",
        "1 delivery waits past their time: of job a",
    ]
    here.machine.gateway.usable = True
    here.let_pass(6 * MINUTE)
    here.machine.until(lambda: here.machine.states() == [("09:00", "accepted")])
    here.let_pass(6 * MINUTE)
    assert sorted(here.pager.told()) == ["gateway open", "gateway over", "overdue open", "overdue over"]


def test_a_gateway_that_answers_its_account_and_takes_no_message(paged: Page) -> None:
    """402 again and again, between good probes: it is one alert."""
    here = paged("2027-03-01 08:59", spec=AT_NINE)
    here.machine.gateway.moods[ANNA] = NotSent("402: no credit", suspend=True)
    here.let_pass(4 * MINUTE)
    here.until_told("gateway open")


def test_a_limit_of_plivo_that_is_over_in_seconds_is_not_told(paged: Page) -> None:
    here = paged("2027-03-01 08:59", spec=AT_NINE)
    here.machine.gateway.moods[ANNA] = NotSent("429", suspend=True)
    here.let_pass(MINUTE)
    here.machine.until(lambda: here.machine.daemon._dispatcher.suspended)
    del here.machine.gateway.moods[ANNA]
    here.let_pass(LOOK)
    here.machine.until(lambda: here.machine.states() == [("09:00", "accepted")])
    here.let_pass(10 * MINUTE)
    assert here.pager.told() == []


def test_files_with_problems(paged: Page) -> None:
    here = paged()
    broken = here.machine.settings.jobs[0] / "broken.yaml"
    broken.write_text("schedule: nonsense\n")
    here.machine.ask("reload")
    here.until_told("problems open")
    broken.unlink()
    here.machine.ask("reload")
    here.let_pass(5 * MINUTE)
    here.until_told("problems open", "problems over")


def test_what_waits_for_approval(paged: Page) -> None:
    here = paged("2027-03-01 08:50", spec={**AT_NINE, "to": [ANNA, BERT]})
    here.set(limits={"per_occurrence": "1"})
    here.let_pass(11 * MINUTE)
    here.until_told("holds open")
    here.machine.ask("approve", hold=here.machine.holds["limit"])
    here.let_pass(5 * MINUTE)
    here.until_told("holds open", "holds over")


def test_what_operators_keep_back_themselves_is_not_told(paged: Page) -> None:
    here = paged("2027-03-01 08:59", spec=AT_NINE)
    here.machine.gateway.moods[ANNA] = NotSent("no route")
    here.let_pass(MINUTE)
    here.machine.until(lambda: here.machine.states() == [("09:00", "pending")])
    here.machine.ask("hold", ids=[1], why="ask Anna")
    here.let_pass(10 * MINUTE)
    assert here.machine.states() == [("09:00", "pending")]
    assert here.pager.told() == []


def test_a_clock_that_cannot_be_believed(paged: Page) -> None:
    here = paged()
    here.machine.clock.in_sync = False
    here.machine.jump(timedelta(hours=3))
    here.until_told("clock open")
    here.machine.settle()
    here.let_pass(5 * MINUTE)
    here.until_told("clock open", "clock over")


def test_a_clock_that_nobody_keeps(paged: Page) -> None:
    here = paged()
    here.machine.clock.in_sync = False
    here.let_pass(9 * MINUTE)
    assert here.pager.told() == []
    here.let_pass(2 * MINUTE)
    here.until_told("clock open")
    here.machine.stop()
    here.machine.start()
    here.machine.loaded()
    here.let_pass(12 * MINUTE)
    assert here.pager.told() == ["clock open"], "a restart synchronises no clock"
    here.machine.clock.in_sync = True
    here.let_pass(5 * MINUTE)
    here.until_told("clock open", "clock over")


def test_a_state_that_cannot_be_written_is_told_all_the_same(paged: Page) -> None:
    here = paged()
    tables = {"heartbeats": "update", "alerts": "insert", "daemon": "update"}
    with closing(sqlite3.connect(here.machine.settings.state, timeout=10)) as other:
        for table, what in tables.items():
            other.execute(
                f"create trigger full_{table} before {what} on {table} begin select raise(abort, 'disk full'); end"
            )
        here.let_pass(2 * MINUTE)
        here.until_told("disk open")
        assert here.machine.reports.alerts() == []
        for table in tables:
            other.execute(f"drop trigger full_{table}")
    here.let_pass(2 * MINUTE)
    (row,) = here.machine.reports.alerts()
    assert row["told_at"] is not None
    here.let_pass(5 * MINUTE)
    here.until_told("disk open", "disk over")


def test_a_restart_between_begin_and_end_tells_each_once(paged: Page) -> None:
    here = paged()
    broken = here.machine.settings.jobs[0] / "broken.yaml"
    broken.write_text("schedule: nonsense\n")
    here.machine.ask("reload")
    here.until_told("problems open")
    here.machine.stop()
    here.machine.clock.advance(20 * MINUTE)
    here.machine.start()
    here.machine.loaded()
    here.let_pass(2 * MINUTE)
    assert here.pager.told() == ["problems open"]
    broken.unlink()
    here.machine.ask("reload")
    here.let_pass(5 * MINUTE)
    here.until_told("problems open", "problems over")


def test_a_clock_that_nobody_keeps_is_not_over_for_a_restart(paged: Page) -> None:
    here = paged()
    here.machine.clock.in_sync = False
    here.let_pass(10 * MINUTE)
    here.until_told("clock open")
    for _ in range(2):
        here.machine.stop()
        here.machine.start()
        here.machine.loaded()
        here.let_pass(12 * MINUTE)
    assert here.pager.told() == ["clock open"]
    here.machine.clock.in_sync = True
    here.let_pass(6 * MINUTE)
    assert here.pager.told() == ["clock open", "clock over"]


def test_a_gateway_that_takes_no_message_is_not_over_for_restarts(paged: Page) -> None:
    """Each suspension is younger than the minute that one lasts before it is told."""
    here = paged("2027-03-01 08:59", spec=AT_NINE)
    here.machine.gateway.moods[ANNA] = NotSent("402: no credit", suspend=True)
    here.let_pass(2 * MINUTE)
    here.until_told("gateway open")
    for _ in range(10):  # each too short for the minute
        here.machine.stop()
        here.machine.start()
        here.machine.loaded()
        here.let_pass(3 * LOOK)
    assert "gateway over" not in here.pager.told()
    assert here.pager.told().count("gateway open") == 1


def test_a_clean_stop_waits_for_who_is_told_and_notes_it(paged: Page, tmp_path: Path) -> None:
    here = paged()
    slow = tmp_path / "slow"
    wait = f"until [ -e {tmp_path}/go ]; do sleep 0.02; done"
    slow.write_text(f"#!/bin/sh\ntouch {tmp_path}/begun\n{wait}\n{here.pager.program}\n")
    slow.chmod(0o755)
    here.set(alerts={"command": [str(slow)]})
    (here.machine.settings.jobs[0] / "broken.yaml").write_text("schedule: nonsense\n")
    here.machine.ask("reload")
    for _ in range(3):
        here.machine.clock.advance(LOOK)
        here.machine.look()
    here.machine.until((tmp_path / "begun").exists)
    signal.raise_signal(signal.SIGTERM)
    here.machine.until(lambda: here.machine.daemon._stopping)
    (tmp_path / "go").touch()
    here.machine.stop()
    here.machine.start()
    here.machine.loaded()
    here.let_pass(2 * MINUTE)
    assert here.pager.told() == ["problems open"]


def test_the_pass_of_a_stop_tells_nothing_new(paged: Page) -> None:
    here = paged()
    (here.machine.settings.jobs[0] / "broken.yaml").write_text("schedule: nonsense\n")
    here.machine.ask("reload")
    daemon = here.machine.daemon

    def stop_later() -> None:
        here.machine.clock.advance(LOOK)
        daemon._stop()

    daemon._inbox.post(lambda: here.machine.clock.advance(LOOK))  # one look
    here.machine.look()
    daemon._inbox.post(stop_later)  # the pass of the stop would be the second
    here.machine.stop()
    with closing(sqlite3.connect(here.machine.settings.state)) as other:
        assert other.execute("select count(*) from alerts").fetchone() == (0,)
    assert here.pager.told() == []
    here.machine.start()
    here.machine.loaded()
    here.until_told("problems open")


def test_what_nobody_could_be_told_of_is_told_when_the_settings_name_somebody(paged: Page) -> None:
    here = paged()
    here.set(alerts={"command": ["/no/such/program"]})
    (here.machine.settings.jobs[0] / "broken.yaml").write_text("schedule: nonsense\n")
    here.machine.ask("reload")
    here.let_pass(2 * MINUTE)
    assert [row["told_at"] for row in here.machine.reports.alerts()] == [None]
    here.set(alerts={"command": [str(here.pager.program)]})
    here.until_told("problems open")
