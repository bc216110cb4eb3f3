"""A state that is older than what was sent, or from elsewhere, is not sent from before somebody has looked."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from reminderd.gateway.callbacks import StatusReport
from reminderd.gateway.port import Details, LogUnavailable, MessageState
from reminderd.model import LogRow, digits
from reminderd.reconciler import Result
from reminderd.store import Began, Mark
from tests.support.machine import Machine, Start
from tests.support.world import ANNA, SENDER, job

MINUTE = timedelta(minutes=1)
_EVERY_MINUTE = job(cron="* * * * *", catch_up="all")


def sent(machine: Machine, number: int) -> None:
    machine.until(lambda: len(machine.gateway.arrived) == number and not machine.reports.counts().get("sending"))


def snapshot(machine: Machine, target: Path) -> None:
    """Yesterday's backup, made while nothing runs."""
    target.mkdir()
    shutil.copy2(machine.settings.state, target / "state.db")


def put_back(machine: Machine, source: Path) -> None:
    shutil.copy2(source / "state.db", machine.settings.state)


@pytest.fixture
def restored(start: Start, tmp_path: Path) -> Machine:
    """One message was sent, a backup made, two more sent, and the backup put back; it runs."""
    machine = start("2027-03-01 08:30", _EVERY_MINUTE).loaded()
    machine.clock.advance(MINUTE)
    sent(machine, 1)
    machine.stop()
    snapshot(machine, tmp_path / "backup")
    machine.start()
    for number in (2, 3):
        machine.loaded().clock.advance(MINUTE)
        sent(machine, number)
    machine.stop()
    put_back(machine, tmp_path / "backup")
    machine.start()
    return machine.loaded()


def test_a_backup_that_is_put_back_plans_but_sends_nothing(restored: Machine) -> None:
    restored.until(lambda: restored.reports.counts().get("pending") == 2)
    for _ in range(3):
        restored.clock.advance(timedelta(seconds=5))
        restored.look()
    assert len(restored.gateway.arrived) == 3
    assert list(restored.holds) == ["restored"]
    assert "older than what this host has sent" in restored.reports.holds()[0]["reason"]


def test_a_new_state_where_one_lay_that_has_sent_sends_nothing_before_it_is_approved(start: Start) -> None:
    machine = start("2027-03-01 08:59", job(at="2027-03-01T09:00", valid_for="8h")).loaded()
    machine.clock.advance(MINUTE)
    sent(machine, 1)
    machine.stop()
    for path in machine.settings.state.parent.glob("state.db*"):
        path.unlink()
    for _ in range(2):  # it stays so over a restart
        machine.start()
        machine.loaded().until(lambda: machine.reports.counts().get("pending") == 1)
        machine.look()
        assert len(machine.gateway.arrived) == 1
        assert list(machine.holds) == ["restored"]
        assert "another state lay here" in machine.reports.holds()[0]["reason"]
        machine.stop()
    machine.start()
    assert machine.loaded().ask("approve", hold=machine.holds["restored"])["ok"]
    sent(machine, 2)
    machine.stop()
    machine.start()
    assert machine.loaded().holds == {}, "somebody has looked"


def test_a_new_state_where_one_lay_that_has_sent_nothing_is_free(start: Start) -> None:
    machine = start("2027-03-01 08:30", _EVERY_MINUTE).loaded()
    machine.stop()
    for path in machine.settings.state.parent.glob("state.db*"):
        path.unlink()
    machine.start()
    machine.loaded().clock.advance(MINUTE)
    sent(machine, 1)
    assert machine.holds == {}


def test_what_people_have_got_can_be_cancelled_and_the_rest_goes_out_after_approval(restored: Machine) -> None:
    restored.until(lambda: restored.reports.counts().get("pending") == 2)
    ids = [row["id"] for row in restored.reports.history(states=["pending"])]
    assert restored.ask("cancel", ids=ids[:1])["ok"]
    assert restored.ask("approve", hold=restored.holds["restored"])["ok"]
    sent(restored, 4)
    assert restored.holds == {}


def test_a_backup_that_is_put_back_sends_nothing_again_that_the_later_state_has(start: Start, tmp_path: Path) -> None:
    """Plivo reports the same of the first message to both of them."""
    spec = job(cron="0 9 * * *", on_undelivered="retry", retry=["1m", "1m"], valid_for="3h")
    machine = start("2027-03-01 08:59", spec).loaded()
    machine.gateway.fates[ANNA] = (Details(MessageState.FAILED, 420), Details(MessageState.DELIVERED))
    machine.clock.advance(MINUTE)
    sent(machine, 1)
    machine.stop()
    snapshot(machine, tmp_path / "backup")
    machine.start()
    for _ in range(2):
        machine.loaded().clock.advance(MINUTE)
        machine.look()
        machine.until(lambda: machine.gateway.asked != [])
    sent(machine, 2)
    machine.stop()
    put_back(machine, tmp_path / "backup")
    machine.start()
    machine.loaded().ask("approve", hold=machine.holds["restored"])
    machine.until(lambda: machine.reports.history()[0]["receipt"] is not None)
    machine.clock.advance(5 * MINUTE)
    machine.look()
    assert machine.reports.history()[0]["state"] == "accepted"
    assert len(machine.gateway.arrived) == 2


def test_an_approval_holds_over_a_restart_and_for_this_backup_only(restored: Machine, tmp_path: Path) -> None:
    restored.ask("approve", hold=restored.holds["restored"])
    sent(restored, 5)
    restored.stop()
    restored.start()
    restored.loaded().look()
    assert restored.holds == {}
    restored.stop()
    put_back(restored, tmp_path / "backup")
    restored.start()
    restored.loaded()
    assert list(restored.holds) == ["restored"]


def test_a_stopped_daemons_hold_can_be_approved_too(restored: Machine) -> None:
    number = restored.holds["restored"]
    restored.stop()
    restored.open_store().holds.close(number, "ops", True, restored.clock.now())
    restored.store.close()
    restored.start()
    restored.loaded()
    assert restored.holds == {}
    sent(restored, 5)


def test_a_mark_that_comes_back_needs_nobody(start: Start) -> None:
    machine = start("2027-03-01 08:30", _EVERY_MINUTE).loaded()
    machine.stop()
    mark = machine.mark().path
    mark.rename(mark.with_suffix(".away"))
    machine.start()
    assert list(machine.loaded().holds) == ["restored"]
    machine.stop()
    mark.with_suffix(".away").rename(mark)
    machine.start()
    assert machine.loaded().holds == {}


def test_a_copy_on_another_host_is_held(start: Start) -> None:
    machine = start("2027-03-01 08:30", _EVERY_MINUTE).loaded()
    machine.clock.advance(MINUTE)
    sent(machine, 1)
    machine.stop()
    machine.host = "named elsewhere"
    machine.start()
    machine.loaded().clock.advance(MINUTE)
    machine.look()
    assert list(machine.holds) == ["restored"]
    assert "another host (named here, this is named elsewhere)" in machine.reports.holds()[0]["reason"]
    machine.ask("approve", hold=machine.holds["restored"])
    sent(machine, 2)


@pytest.mark.parametrize("named", [True, False])
def test_a_mark_that_is_gone_matters_unless_the_host_has_a_name(start: Start, named: bool) -> None:
    machine = start("2027-03-01 08:30", _EVERY_MINUTE).loaded()
    machine.stop()
    machine.mark().path.unlink()
    machine.named = named
    machine.start()
    machine.loaded()
    assert list(machine.holds) == ([] if named else ["restored"])


def test_a_mark_that_is_damaged_is_held_and_approval_writes_it_anew(start: Start) -> None:
    machine = start("2027-03-01 08:30", _EVERY_MINUTE).loaded()
    machine.stop()
    machine.mark().path.write_text("garbage")
    machine.start()
    machine.loaded()
    machine.ask("approve", hold=machine.holds["restored"])
    machine.look()
    machine.stop()
    machine.start()
    machine.loaded()
    assert machine.holds == {}


def test_where_no_mark_can_be_written_it_is_said_and_sending_goes_on(start: Start, tmp_path: Path) -> None:
    folder = tmp_path.with_name(f"{tmp_path.name}-marks")
    folder.write_text("a file")
    machine = start("2027-03-01 08:30", _EVERY_MINUTE)
    machine.loaded().clock.advance(MINUTE)
    sent(machine, 1)
    (problem,) = machine.reports.problems()
    assert "cannot be written" in problem["message"]
    machine.stop()
    folder.unlink()
    machine.start()
    machine.loaded().look()
    assert machine.holds == {}


# -- Plivo's log as the second witness ---------------------------------------------------------------------


@pytest.fixture
def silent(start: Start) -> Machine:
    """A daemon that was down for two minutes in which two messages fell due; it does not run yet."""
    machine = start("2027-03-01 08:30", _EVERY_MINUTE).loaded()
    machine.clock.advance(MINUTE)
    sent(machine, 1)
    machine.stop()
    machine.clock.advance(2 * MINUTE)
    return machine


def forgotten(machine: Machine, phone: str = ANNA, age: timedelta = MINUTE) -> None:
    """Plivo has a message that this state does not know."""
    row = LogRow("uuid-forgotten", machine.clock.now() - age, digits(SENDER), digits(phone), 1, "delivered")
    machine.gateway.rows.append(row)


def test_a_snapshot_that_took_the_mark_along_is_found_by_plivos_log(silent: Machine) -> None:
    forgotten(silent)
    silent.start()
    silent.until(lambda: "restored" in silent.holds)
    silent.look()
    assert len(silent.gateway.arrived) == 1
    assert "uuid-forgotten" in silent.reports.holds()[0]["reason"]
    silent.stop()
    silent.start()
    silent.loaded().look()
    assert len(silent.gateway.arrived) == 1, "a restart is no approval"
    silent.ask("approve", hold=silent.holds["restored"])
    sent(silent, 3)


@pytest.mark.parametrize("known", [True, False], ids=["this host sent", "no mark"])
def test_a_new_state_for_one_that_is_gone_from_elsewhere_sends_nothing_again(start: Start, known: bool) -> None:
    machine = start("2027-03-01 08:30", job(at="2027-03-01T08:31:00Z", valid_for="8h")).loaded()
    machine.clock.advance(MINUTE)
    sent(machine, 1)
    machine.stop()
    forgotten(machine, age=timedelta(0))
    for path in machine.settings.state.parent.glob("state.db*"):
        path.unlink()
    for site in machine.mark().path.parent.glob("*.site"):
        site.unlink()
    if not known:
        machine.mark().path.unlink()
    machine.clock.advance(MINUTE)
    machine.start()
    machine.until(lambda: len(machine.gateway.arrived) == 2 or "restored" in machine.holds)
    machine.look()
    assert (len(machine.gateway.arrived), list(machine.holds)) == ((1, ["restored"]) if known else (2, []))
    if known:
        assert "uuid-forgotten" in machine.reports.holds()[0]["reason"]
        assert "new in place of one that is gone" in machine.reports.holds()[0]["reason"]


def test_a_new_state_beside_anothers_mark_sends_what_nobody_has_sent(start: Start) -> None:
    machine = start("2027-03-01 08:30", _EVERY_MINUTE)
    machine.stop()
    other = Mark(machine.mark().path.parent, "0" * 32)
    other.write(Began.of(7, "token"))
    other.close()
    for path in machine.settings.state.parent.glob("state.db*"):
        path.unlink()
    machine.start()
    machine.loaded().clock.advance(MINUTE)
    sent(machine, 1)
    assert machine.holds == {}


def test_an_ordinary_pause_holds_nothing(silent: Machine) -> None:
    silent.start()
    sent(silent.loaded(), 3)
    assert silent.holds == {}


@pytest.mark.parametrize(
    ("phone", "age"), [("+14155550199", MINUTE), (ANNA, timedelta(hours=3))], ids=["others", "earlier"]
)
def test_messages_to_others_and_from_before_hold_nothing(silent: Machine, phone: str, age: timedelta) -> None:
    forgotten(silent, phone, age)
    silent.start()
    sent(silent.loaded(), 3)
    assert silent.holds == {}


def test_with_a_shared_sender_the_log_is_no_witness(silent: Machine) -> None:
    forgotten(silent)
    silent.settings = silent.settings.model_copy(
        update={"plivo": silent.settings.plivo.model_copy(update={"shared_sender": True})}
    )
    silent.start()
    sent(silent.loaded(), 3)
    assert silent.holds == {}


def test_a_log_that_cannot_be_read_delays_but_does_not_hold(silent: Machine) -> None:
    silent.gateway.log_answers += [LogUnavailable("503")] * 3
    silent.start()
    silent.loaded().look()
    assert len(silent.gateway.arrived) == 1
    silent.until(lambda: silent.reports.counts().get("pending") == 2)
    for _ in range(20):  # an answer of the log may come before or after a step of the clock
        silent.clock.advance(timedelta(seconds=6))
        silent.look()
    silent.until(lambda: len(silent.gateway.arrived) >= 3)
    assert silent.holds == {}


def test_a_clock_that_is_set_back_before_the_log_was_asked_does_not_delay_sending(start: Start) -> None:
    """The moment at which it is to be asked was one of the wrong clock."""
    machine = start("2027-03-01 08:30", _EVERY_MINUTE).loaded()
    machine.clock.advance(MINUTE)
    sent(machine, 1)
    machine.stop()
    machine.clock.advance(5 * MINUTE)
    machine.clock.jump(-40 * MINUTE)
    machine.clock.in_sync = False
    machine.start()
    machine.until(lambda: "clock" in machine.holds)
    assert machine.daemon._origin.open
    machine.settle()
    machine.until(lambda: not machine.daemon._origin.open)


def report(machine: Machine, uuid: str, phone: str = ANNA) -> None:
    """Plivo reports, signed, of a message that the state does not know."""
    at = machine.clock.now() - timedelta(seconds=50)
    details = Details(MessageState.DELIVERED, phone=digits(phone), sender=digits(SENDER), queued_at=at)
    future = machine.daemon._arrivals.take(StatusReport("f" * 32, uuid, details, 3))
    assert future.result(20) is Result.UNKNOWN


def test_what_plivo_reports_meanwhile_is_said_and_not_sent_by_the_approval(restored: Machine) -> None:
    restored.until(lambda: restored.reports.counts().get("pending") == 2)
    report(restored, "of a stranger", "+14155550199")
    assert set(restored.holds) == {"restored"}
    for _ in range(2):
        report(restored, "lost")
    (reason,) = [row["reason"] for row in restored.reports.holds() if row["kind"] == "restored"]
    assert "Plivo reports 2 messages that this state does not know (to …0199 of 2027-03-01T08:32:10" in reason
    assert reason.count(f"…{ANNA[-4:]}") == 1
    assert len([row for row in restored.reports.holds() if row["kind"] == "delivery"]) == 2
    restored.stop()
    restored.start()
    restored.loaded()
    assert "Plivo reports 2 messages" in restored.reports.holds()[0]["reason"], "it is kept over a restart"
    assert restored.ask("approve", hold=restored.reports.holds()[0]["id"])["ok"]
    restored.look()
    assert len(restored.gateway.arrived) == 3
    restored.stop()
    restored.start()
    restored.loaded().look()
    assert "restored" not in restored.holds, "the approval counts whatever was reported"
    (first, *_) = [row["id"] for row in restored.reports.history(states=["pending"])]
    assert restored.ask("release", ids=[first])["ok"]
    sent(restored, 4)
