"""Where Plivo's callbacks are refused, it is said: not for a stranger's handful, and not while any is taken."""

import json
from datetime import timedelta

import pytest

from reminderd.daemon.hearing import Hearing
from reminderd.doctor import Grade, Scene
from reminderd.doctor.web import look
from reminderd.store import locked
from reminderd.telemetry import Figures, RefusedCallbacks, configure
from reminderd.web.plivo.refused import Refused
from tests.support.clock import FakeClock
from tests.support.doctor import one
from tests.support.machine import Start
from tests.support.web import free_port

MINUTE = timedelta(minutes=1)


class Ear:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.figures = Figures(self.clock)
        self.refused = Refused(self.figures, self.clock.now)
        self.hearing = Hearing(self.figures)

    def refuse(self, *, times: int = 1, kind: str = "status", after: timedelta = timedelta(0)) -> None:
        self.clock.advance(after)
        for _ in range(times):
            self.refused.note(kind, "unsigned")

    def troubled(self) -> bool:
        self.hearing.changed(self.clock.now())
        return self.hearing.trouble is not None


@pytest.fixture
def ear() -> Ear:
    return Ear()


def test_what_plivo_tries_again_in_vain_is_trouble_until_one_is_taken(ear: Ear) -> None:
    ear.refuse()
    for wait in (1, 2):
        ear.refuse(after=wait * MINUTE)
        assert not ear.troubled()
    ear.refuse(after=4 * MINUTE)
    assert ear.troubled()
    assert not ear.hearing.changed(ear.clock.now()), "it is said once"
    ear.refused.taken()
    assert ear.hearing.changed(ear.clock.now())
    assert not ear.troubled()
    ear.refuse(after=MINUTE)
    assert not ear.troubled()


def test_many_in_one_go_are_a_strangers(ear: Ear) -> None:
    ear.refuse(times=100)
    ear.clock.advance(60 * MINUTE)
    assert not ear.troubled()


def test_it_is_forgotten_after_a_day_in_which_none_came(ear: Ear) -> None:
    ear.refuse(times=3)
    ear.refuse(after=6 * MINUTE)
    assert ear.troubled()
    ear.clock.advance(timedelta(days=1, minutes=1))
    assert not ear.troubled()


def test_the_log_has_the_first_and_then_one_line_in_ten_minutes(ear: Ear, capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    ear.refuse(times=50)
    ear.refuse(kind="inbound")
    ear.refuse(after=9 * MINUTE)
    ear.refuse(after=MINUTE)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(each["event"], each["kind"], each["times"]) for each in lines] == [
        ("callback.refused", "status", 1),
        ("callback.refused", "inbound", 1),
        ("callback.refused", "status", 51),
    ]


def test_the_daemon_has_it_as_a_problem(start: Start) -> None:
    machine = start("2027-03-01 08:30").loaded()
    machine.stop()
    web = {"listen": f"127.0.0.1:{free_port()}", "public_url": "https://reminders.example"}
    machine.settings = machine.settings.model_copy(update={"web": machine.settings.web.model_copy(update=web)})
    machine.start()
    daemon, now = machine.loaded().daemon, machine.clock.now()
    daemon._inbox.post(lambda: daemon.surfaces.open(()))
    daemon._figures.refused = RefusedCallbacks(now - 7 * MINUTE, now, 4)
    machine.until(lambda: [row["path"] for row in machine.reports.problems()] == ["web.public_url"])
    (problem,) = machine.reports.problems()
    assert "refused for its signature (403) since 2027-03-01T08:23:00" in problem["message"]
    doctor = Scene(machine.settings, [], None, machine.clock)
    with locked(machine.settings.state, "just now"):
        finding = one(look(doctor), "web.callbacks")
    assert (finding.grade, finding.seen) == (Grade.WARN, problem["message"])
    daemon._figures.refused = None
    machine.until(lambda: not machine.reports.problems())
