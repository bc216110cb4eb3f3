"""The state itself: what the database allows, what a claim checks, how an attempt ends, how a state opens."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from reminderd.model import (
    BIRTHS,
    MOVES,
    Accepted,
    InDoubt,
    Instant,
    NotBegun,
    NotSent,
    OnDoubt,
    Outcome,
    Refused,
    Source,
    State,
    Text,
)
from reminderd.plan import NewDelivery, NewOccurrence, Plan
from reminderd.store import (
    Claim,
    Finished,
    Refusal,
    Settled,
    StateError,
    StateLocked,
    StateMissing,
    Store,
    Why,
    copy_state,
    is_locked,
    locked,
    open_reports,
)
from tests.support.clock import START
from tests.support.jobfiles import unprivileged
from tests.support.world import ANNA, BERT, CARA, SENDER, World, job

HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=90)
EVERYBODY = (ANNA, BERT, CARA)
ILLEGAL = [
    (before, after)
    for before, after in product(["", *State], State)
    if after not in (MOVES[State(before)] if before else BIRTHS)
]


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Desk:
    """A state with one job `a` for everybody, and hands to move its deliveries with."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.world.load("a.yaml", job(cron="0 0 1 1 *", to=EVERYBODY))
        self.world.load("b.yaml", job(cron="0 0 1 1 *", to=EVERYBODY))
        self.store = self.world.store
        self.path = self.world.path
        self._tokens = 0

    def owe(
        self,
        phone: str = ANNA,
        *,
        name: str = "a",
        nominal: str = "2027-03-01T08:00:00",
        due: datetime = START,
        valid_for: timedelta = HOUR,
        retry: Sequence[int] = (60,),
        text: str = "Hello.",
    ) -> int:
        """One delivery, pending; its id."""
        new = NewDelivery(phone, State.PENDING, "due", due + valid_for, phone, None, SENDER, Text(text, "GSM-7", 1))
        delays = tuple(timedelta(seconds=each) for each in retry)
        occurrence = NewOccurrence(
            name, Source("a.yaml", 1), "UTC", Instant(nominal, due), valid_for, delays, OnDoubt.WAIT, (new,)
        )
        self.store.deliveries.add(Plan((occurrence,), {}), START)
        return max(row["id"] for row in self.world.rows())

    def claim(self, most: int = 9, now: datetime = START) -> list[Claim]:
        self._tokens += most
        tokens = [f"token-{self._tokens}-{number}" for number in range(most)]
        return self.store.deliveries.claim(most, now, LEASE, tokens)

    def begin(self, now: datetime = START) -> Claim:
        """Claim the one delivery that can be claimed, and begin."""
        (claim,) = self.claim(now=now)
        assert self.store.deliveries.begin([claim], now) == {claim.attempt_id}
        return claim

    def finish(self, claim: Claim, outcome: Outcome, now: datetime = START, jitter: float = 0) -> Settled:
        (settled,) = self.store.deliveries.finish(
            [Finished(claim, outcome)], now, jitter=jitter, first_look=timedelta(0)
        )
        return settled

    def send(self, outcome: Outcome, now: datetime = START) -> Settled:
        return self.finish(self.begin(now), outcome, now)

    def state(self, delivery: int) -> str:
        row = self.store.reports.delivery(delivery)
        assert row is not None
        return str(row["state"])

    def raw(self) -> sqlite3.Connection:
        """A second connection, past all of our code."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("pragma foreign_keys = on")
        return connection


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    here = Desk(tmp_path)
    yield here
    here.world.kill()


# -- what the database itself refuses ---------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), ILLEGAL)
def test_the_database_refuses_every_move_that_is_not_in_the_table(desk: Desk, before: str, after: str) -> None:
    delivery = desk.owe()
    with closing(desk.raw()) as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute(
            "insert into moves (delivery_id, at, from_state, to_state, reason, who) values (?, '', ?, ?, '', '')",
            (delivery, before, after),
        )


def test_the_database_refuses_a_state_that_does_not_exist(desk: Desk) -> None:
    delivery = desk.owe()
    with closing(desk.raw()) as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute("update deliveries set state = 'sent' where id = ?", (delivery,))


def test_the_database_refuses_a_second_occurrence_of_a_job_at_a_nominal_time(desk: Desk) -> None:
    desk.owe()
    with closing(desk.raw()) as raw, pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        raw.execute(
            "insert into occurrences (job, nominal, zone, due_at, planned, created_at) "
            "select job, nominal, 'Europe/Berlin', '', 0, '' from occurrences"
        )


@pytest.mark.parametrize("change", ["phone = null", "text = null"])
def test_the_database_refuses_to_have_pending_what_nobody_can_send(desk: Desk, change: str) -> None:
    desk.owe()
    with closing(desk.raw()) as raw, pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        raw.execute(f"update deliveries set {change}")


def test_the_database_refuses_two_owners_of_one_message_uuid(desk: Desk) -> None:
    desk.owe(ANNA)
    desk.owe(BERT)
    for claim in desk.claim():
        desk.finish(claim, Refused(400, "no"))
    with closing(desk.raw()) as raw, pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        raw.execute("update attempts set message_uuid = 'u'")


def test_the_database_refuses_two_open_holds_of_a_kind(desk: Desk) -> None:
    with closing(desk.raw()) as raw, pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        for _ in range(2):
            raw.execute("insert into holds (kind, reason, detail, opened_at) values ('clock', '', '{}', '')")


def test_adding_the_same_twice_changes_nothing(desk: Desk) -> None:
    desk.owe()
    before = desk.world.rows()
    desk.owe(text="Reworded.")
    assert desk.world.rows() == before
    assert desk.world.planned() == 1


def test_a_transaction_that_fails_leaves_nothing_behind(desk: Desk) -> None:
    with pytest.raises(ZeroDivisionError), desk.store.together():
        desk.owe()
        raise ZeroDivisionError
    assert desk.world.rows() == []
    desk.owe()
    assert len(desk.world.rows()) == 1


# -- claiming ---------------------------------------------------------------------------------------------


def test_a_claim_has_all_that_sending_takes(desk: Desk) -> None:
    delivery = desk.owe()
    (claim,) = desk.claim()
    assert (claim.delivery_id, claim.number, claim.job, claim.phone) == (delivery, 1, "a", ANNA)
    assert (claim.sender, claim.text, claim.valid_until) == (SENDER, "Hello.", START + HOUR)
    assert desk.state(delivery) == "sending"


def test_what_is_claimed_is_not_claimed_again(desk: Desk) -> None:
    desk.owe()
    assert len(desk.claim()) == 1
    assert desk.claim() == []


def test_no_more_are_claimed_than_asked_for_and_the_earliest_deadline_comes_first(desk: Desk) -> None:
    desk.owe(ANNA, valid_for=3 * HOUR)
    desk.owe(BERT, valid_for=HOUR)
    desk.owe(CARA, valid_for=2 * HOUR)
    assert [claim.phone for claim in desk.claim(2)] == [BERT, CARA]
    assert [claim.phone for claim in desk.claim(2)] == [ANNA]


def test_a_phone_has_one_request_in_flight(desk: Desk) -> None:
    desk.owe(name="a")
    desk.owe(name="b")
    (first,) = desk.claim()
    assert desk.claim() == []
    desk.finish(first, Accepted("u"))
    assert len(desk.claim()) == 1


def test_not_before_its_time(desk: Desk) -> None:
    desk.owe(due=later(10))
    assert desk.claim(now=later(9.999)) == []
    assert len(desk.claim(now=later(10))) == 1


def test_not_with_less_than_five_seconds_of_validity_left(desk: Desk) -> None:
    desk.owe(valid_for=timedelta(seconds=60))
    assert desk.claim(now=later(55)) == []
    assert len(desk.claim(now=later(54.9))) == 1


def test_not_while_its_job_is_disabled(desk: Desk) -> None:
    desk.owe()
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=EVERYBODY, enabled=False))
    assert desk.claim() == []


def test_not_after_its_job_is_gone(desk: Desk) -> None:
    desk.owe()
    desk.world.delete("a.yaml")
    assert desk.claim() == []


def test_not_after_its_recipient_has_left(desk: Desk) -> None:
    desk.owe(ANNA)
    desk.owe(BERT)
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=[BERT]))
    assert [claim.phone for claim in desk.claim()] == [BERT]


def test_the_store_knows_when_something_can_be_claimed(desk: Desk) -> None:
    desk.owe(due=later(10), valid_for=timedelta(seconds=60))
    assert not desk.store.deliveries.claimable(START)
    assert desk.store.deliveries.next_pending(START) == later(10)
    assert desk.store.deliveries.claimable(later(10))
    assert desk.store.deliveries.next_pending(later(10)) == later(65)


# -- beginning --------------------------------------------------------------------------------------------


def test_a_claim_begins_once(desk: Desk) -> None:
    desk.owe()
    claim = desk.begin()
    assert desk.store.deliveries.begin([claim], START) == set()


def test_what_was_withdrawn_since_its_claim_does_not_begin(desk: Desk) -> None:
    delivery = desk.owe()
    (claim,) = desk.claim()
    desk.world.delete("a.yaml")
    assert desk.store.deliveries.begin([claim], START) == set()
    desk.finish(claim, NotBegun("withdrawn"))
    assert desk.state(delivery) == "cancelled"


def test_what_was_disabled_since_its_claim_does_not_begin_and_waits(desk: Desk) -> None:
    delivery = desk.owe()
    (claim,) = desk.claim()
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=EVERYBODY, enabled=False))
    assert desk.store.deliveries.begin([claim], START) == set()
    desk.finish(claim, NotBegun("disabled"))
    assert desk.state(delivery) == "pending"


def test_what_ran_out_of_validity_since_its_claim_does_not_begin_and_is_missed(desk: Desk) -> None:
    delivery = desk.owe(valid_for=timedelta(seconds=60))
    (claim,) = desk.claim()
    assert desk.store.deliveries.begin([claim], later(55)) == set()
    desk.finish(claim, NotBegun("late"), later(55))
    assert desk.state(delivery) == "missed"


def test_a_claim_that_was_settled_meanwhile_does_not_begin(desk: Desk) -> None:
    desk.owe()
    (claim,) = desk.claim()
    desk.store.deliveries.recover(START, timedelta(0))
    assert desk.store.deliveries.begin([claim], START) == set()


# -- ending -----------------------------------------------------------------------------------------------

NO_ROUTE = NotSent("no route")

ENDS = [
    (Accepted("u"), "accepted"),
    (Refused(400, "no"), "failed"),
    (InDoubt("reset"), "in_doubt"),
    (NO_ROUTE, "pending"),
    (NotSent("401", 401, suspend=True), "pending"),
]


@pytest.mark.parametrize(("outcome", "state"), ENDS, ids=[type(outcome).__name__ for outcome, _ in ENDS])
def test_each_outcome_leads_to_its_state(desk: Desk, outcome: Outcome, state: str) -> None:
    delivery = desk.owe()
    assert desk.send(outcome).state == state == desk.state(delivery)


@pytest.mark.parametrize(("outcome", "state"), ENDS, ids=[type(outcome).__name__ for outcome, _ in ENDS])
def test_each_outcome_of_what_was_withdrawn_meanwhile(desk: Desk, outcome: Outcome, state: str) -> None:
    delivery = desk.owe()
    claim = desk.begin()
    desk.world.delete("a.yaml")
    desk.finish(claim, outcome)
    assert desk.state(delivery) == ("cancelled" if state == "pending" else state)


def test_a_retry_waits_for_its_delay_with_jitter_and_then_they_are_used_up(desk: Desk) -> None:
    delivery = desk.owe(retry=[60])
    desk.finish(desk.begin(), NO_ROUTE, jitter=0.1)
    assert desk.store.deliveries.next_pending(START) == later(66)
    assert desk.send(NO_ROUTE, later(66)).state == "failed"
    assert desk.state(delivery) == "failed"


def test_what_concerns_the_account_spends_no_retry(desk: Desk) -> None:
    delivery = desk.owe(retry=[])
    for _ in range(5):
        assert desk.send(NotSent("402", 402, suspend=True)).state == "pending"
    row = desk.store.reports.delivery(delivery)
    assert row is not None
    assert (row["retries_used"], row["attempts"]) == (0, 5)


def test_a_retry_beyond_the_validity_is_missed(desk: Desk) -> None:
    desk.owe(retry=[3596])
    assert desk.send(NO_ROUTE).state == "missed"


def test_a_late_answer_proves_what_was_in_doubt(desk: Desk) -> None:
    delivery = desk.owe()
    claim = desk.begin()
    desk.store.deliveries.recover(START, timedelta(0))
    assert desk.state(delivery) == "in_doubt"
    desk.finish(claim, Accepted("u"))
    assert desk.state(delivery) == "accepted"
    assert desk.world.rows()[0]["message_uuid"] == "u"


@pytest.mark.parametrize("outcome", [NO_ROUTE, Refused(400, "no"), InDoubt("reset")])
def test_any_other_late_answer_changes_nothing(desk: Desk, outcome: Outcome) -> None:
    delivery = desk.owe()
    claim = desk.begin()
    desk.store.deliveries.recover(START, timedelta(0))
    desk.finish(claim, outcome)
    assert desk.state(delivery) == "in_doubt"


def test_a_late_acceptance_of_an_earlier_attempt_settles_what_waits_for_its_next(desk: Desk) -> None:
    delivery = desk.owe()
    claim = desk.begin()
    desk.finish(claim, InDoubt("time-out"))
    desk.store.doubts.not_sent(delivery, Why("the operator says so", "ops"), START)
    assert desk.state(delivery) == "pending"
    desk.finish(claim, Accepted("u"))
    assert desk.state(delivery) == "accepted"
    assert desk.claim() == []


def test_an_accepted_delivery_is_counted_once_in_its_occurrence(desk: Desk) -> None:
    desk.owe()
    claim = desk.begin()
    desk.finish(claim, Accepted("u"))
    desk.finish(claim, Accepted("u"))
    with closing(desk.raw()) as raw:
        assert raw.execute("select planned, accepted from report_occurrences").fetchall() == [(1, 1)]


# -- who owns a message_uuid ------------------------------------------------------------------------------


def doubtful(desk: Desk, phone: str) -> int:
    delivery = desk.owe(phone)
    desk.send(InDoubt("time-out"))
    return delivery


def take_from_log(desk: Desk, delivery: int, uuid: str) -> bool:
    doubt = desk.store.doubts.get(delivery)
    assert doubt is not None
    return desk.store.doubts.accept(doubt, uuid, "log", Why("found in Plivo's log"), START)


def test_a_uuid_of_the_log_that_an_answer_gives_to_another_goes_to_that_one(desk: Desk) -> None:
    first = doubtful(desk, ANNA)
    assert take_from_log(desk, first, "u")
    second = desk.owe(BERT)
    desk.send(Accepted("u"))
    assert (desk.state(first), desk.state(second)) == ("in_doubt", "accepted")
    with closing(desk.raw()) as raw:
        assert raw.execute("select sum(accepted) from report_occurrences").fetchone() == (1,)


def test_a_uuid_that_is_known_is_not_taken_from_the_log(desk: Desk) -> None:
    desk.owe(BERT)
    desk.send(Accepted("u"))
    first = doubtful(desk, ANNA)
    assert not take_from_log(desk, first, "u")
    assert desk.state(first) == "in_doubt"


def test_two_answers_with_one_uuid_are_both_accepted(desk: Desk) -> None:
    for phone in (ANNA, BERT):
        delivery = desk.owe(phone)
        desk.send(Accepted("u"))
        assert desk.state(delivery) == "accepted"


def test_what_is_in_doubt_is_due_for_its_look_and_can_be_put_off(desk: Desk) -> None:
    delivery = doubtful(desk, ANNA)
    (doubt,) = desk.store.doubts.due(START)
    assert doubt.delivery_id == delivery
    desk.store.doubts.postpone([doubt], later(30))
    assert desk.store.doubts.due(later(29)) == []
    assert desk.store.doubts.next_due() == later(30)
    desk.store.doubts.looked(doubt, None, "in doubt: nothing yet", later(30))
    assert desk.store.doubts.next_due() is None
    assert desk.state(delivery) == "in_doubt"


def test_resend_spends_a_retry_and_stays_in_doubt_without_one(desk: Desk) -> None:
    delivery = desk.owe(retry=[60])
    for state in ("pending", "in_doubt"):
        desk.send(InDoubt("time-out"))
        doubt = desk.store.doubts.get(delivery)
        assert doubt is not None
        assert desk.store.doubts.resend(doubt, START) == state


# -- time, crashes ----------------------------------------------------------------------------------------


def test_what_is_pending_when_its_validity_is_over_is_missed(desk: Desk) -> None:
    delivery = desk.owe(valid_for=timedelta(seconds=60))
    assert desk.store.deliveries.expire(later(54.9)) == []
    assert desk.store.deliveries.expire(later(55)) == [(delivery, "a")]
    assert desk.state(delivery) == "missed"


def test_only_what_is_pending_expires(desk: Desk) -> None:
    desk.owe(ANNA)
    desk.begin()
    doubt = doubtful(desk, BERT)
    assert desk.store.deliveries.expire(START + 9 * HOUR) == []
    assert desk.state(doubt) == "in_doubt"


def test_after_a_crash_what_had_begun_is_in_doubt_and_what_had_not_is_pending(desk: Desk) -> None:
    begun, waiting = desk.owe(ANNA), desk.owe(BERT)
    claims = {claim.delivery_id: claim for claim in desk.claim()}
    desk.store.deliveries.begin([claims[begun]], START)
    assert desk.store.deliveries.recover(later(5), timedelta(0)) == (1, 1)
    assert (desk.state(begun), desk.state(waiting)) == ("in_doubt", "pending")
    assert desk.store.deliveries.recover(later(6), timedelta(0)) == (0, 0)


def test_after_a_crash_what_had_not_begun_and_is_too_late_is_missed(desk: Desk) -> None:
    delivery = desk.owe()
    desk.claim()
    desk.store.deliveries.recover(START + HOUR, timedelta(0))
    assert desk.state(delivery) == "missed"


def test_after_a_crash_what_had_not_begun_and_was_withdrawn_is_cancelled(desk: Desk) -> None:
    delivery = desk.owe()
    desk.claim()
    desk.world.delete("a.yaml")
    desk.store.deliveries.recover(START, timedelta(0))
    assert desk.state(delivery) == "cancelled"


# -- operators --------------------------------------------------------------------------------------------


def settle(desk: Desk, state: str) -> int:
    """A delivery in this state."""
    delivery = desk.owe(retry=[])
    match state:
        case "sending":
            desk.begin()
        case "accepted":
            desk.send(Accepted("u"))
        case "failed":
            desk.send(Refused(400, "no"))
        case "in_doubt":
            desk.send(InDoubt("reset"))
        case "missed":
            desk.store.deliveries.expire(START + HOUR)
        case "cancelled":
            desk.store.operations.cancel(delivery, "ops", START)
    assert desk.state(delivery) == state
    return delivery


@pytest.mark.parametrize("state", ["failed", "missed"])
def test_retry_sends_what_failed_or_was_missed_with_a_new_validity(desk: Desk, state: str) -> None:
    delivery = settle(desk, state)
    assert desk.store.operations.retry(delivery, None, "ops", START + 2 * HOUR) == START + 3 * HOUR
    assert desk.send(Accepted("u2"), START + 2 * HOUR).state == "accepted"
    (last,) = [row for row in desk.store.reports.moves(delivery) if row["reason"] == "retried by an operator"]
    assert (last["who"], last["evidence"]) == ("ops", "operator")


@pytest.mark.parametrize("state", ["pending", "sending", "accepted", "in_doubt", "cancelled"])
def test_retry_refuses_everything_else(desk: Desk, state: str) -> None:
    delivery = settle(desk, state)
    with pytest.raises(Refusal, match=f"delivery {delivery} is {state}"):
        desk.store.operations.retry(delivery, None, "ops", START)
    assert desk.state(delivery) == state


def test_retry_refuses_what_its_job_no_longer_wants(desk: Desk) -> None:
    delivery = settle(desk, "failed")
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=EVERYBODY, enabled=False))
    with pytest.raises(Refusal, match="disabled"):
        desk.store.operations.retry(delivery, None, "ops", START)
    desk.world.delete("a.yaml")
    with pytest.raises(Refusal, match="no longer declared"):
        desk.store.operations.retry(delivery, None, "ops", START)


def test_retry_refuses_what_goes_to_somebody_who_has_left_the_job(desk: Desk) -> None:
    delivery = settle(desk, "failed")
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=[BERT]))
    with pytest.raises(Refusal, match="its recipient is no longer in the job"):
        desk.store.operations.retry(delivery, None, "ops", START)


@pytest.mark.parametrize("state", ["sending", "accepted", "failed", "in_doubt", "missed", "cancelled"])
def test_cancel_refuses_what_is_not_pending(desk: Desk, state: str) -> None:
    delivery = settle(desk, state)
    with pytest.raises(Refusal, match=f"delivery {delivery} is {state}"):
        desk.store.operations.cancel(delivery, "ops", START)


@pytest.mark.parametrize("state", ["pending", "sending", "accepted", "failed", "missed", "cancelled"])
def test_resolve_refuses_what_is_not_in_doubt(desk: Desk, state: str) -> None:
    delivery = settle(desk, state)
    for sent in (True, False):
        with pytest.raises(Refusal, match="nothing to resolve"):
            desk.world.command("resolve", id=delivery, sent=sent)


def test_a_delivery_that_does_not_exist_is_refused(desk: Desk) -> None:
    for command in ("retry", "cancel"):
        with pytest.raises(Refusal, match="there is no delivery 99"):
            desk.world.command(command, ids=[99])


def test_of_several_retries_with_one_refused_none_is_done(desk: Desk) -> None:
    failed, pending = settle(desk, "failed"), desk.owe(BERT)
    with pytest.raises(Refusal):
        desk.world.command("retry", ids=[failed, pending])
    assert desk.state(failed) == "failed"


def test_resolve_sent_with_a_uuid_of_another_is_refused(desk: Desk) -> None:
    desk.owe(BERT)
    desk.send(Accepted("u"))
    delivery = doubtful(desk, ANNA)
    with pytest.raises(Refusal, match="belongs to another"):
        desk.world.command("resolve", id=delivery, sent=True, uuid="u")
    assert desk.state(delivery) == "in_doubt"


def test_resolve_not_sent_looks_at_the_log_first(desk: Desk) -> None:
    delivery = doubtful(desk, ANNA)
    desk.world.gateway.deliver(desk_claim(desk, delivery))
    with pytest.raises(Refusal, match="has a message that can be delivery"):
        desk.world.command("resolve", id=delivery, sent=False)
    desk.world.command("resolve", id=delivery, sent=False, force=True)
    assert desk.state(delivery) == "pending"


def desk_claim(desk: Desk, delivery: int) -> Claim:
    (attempt,) = desk.store.reports.attempts(delivery)
    return Claim(delivery, attempt["id"], 1, attempt["token"], "a", ANNA, SENDER, "Hello.", START + HOUR)


# -- opening ----------------------------------------------------------------------------------------------


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A state that is not in use."""
    desk = Desk(tmp_path)
    desk.owe()
    desk.world.kill()
    return desk.path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_only_create_makes_a_state(tmp_path: Path) -> None:
    with pytest.raises(StateMissing):
        Store.open(tmp_path / "state.db")
    with pytest.raises(StateMissing):
        open_reports(tmp_path / "state.db")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="nowhere"):
        Store.open(tmp_path / "nowhere" / "state.db", create=True)


def test_a_commit_is_on_the_disk_and_references_hold(desk: Desk) -> None:
    raw = desk.store.jobs._db.raw
    settings = [raw.execute(f"pragma {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert settings == ["wal", 2, 1]


def test_reports_read_beside_a_writing_daemon(desk: Desk) -> None:
    reports = open_reports(desk.path)
    desk.owe()
    with desk.store.together():
        desk.owe(BERT)
        assert len(reports.history()) == 1
    assert len(reports.history()) == 2


def test_reports_cannot_write(desk: Desk) -> None:
    reports = open_reports(desk.path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reports._db.raw.execute("delete from holds")


def test_reading_a_closed_state_leaves_no_trace(closed: Path) -> None:
    before = contents(closed.parent)
    assert len(open_reports(closed).history()) == 1
    assert contents(closed.parent) == before


def test_reading_a_closed_state_needs_no_permission_to_write_its_directory(closed: Path) -> None:
    closed.chmod(0o444)
    closed.parent.chmod(0o555)
    for folder in closed.parents:
        if folder != closed.parent and os.access(folder, os.W_OK) and folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o111)
        if folder.name.startswith("pytest-of"):
            break
    try:
        with unprivileged():
            assert len(open_reports(closed).history()) == 1
    finally:
        closed.parent.chmod(0o755)


@pytest.mark.parametrize("content", [b"hello\n", b"SQLite format 3\0" + b"\0" * 84], ids=["text", "header"])
def test_a_foreign_file_is_refused_untouched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    for opening in (lambda: Store.open(path, create=True), lambda: open_reports(path)):
        with pytest.raises(StateError, match="is not a state of reminderd"):
            opening()
    assert contents(tmp_path) == {"state.db": content}


def test_a_database_of_another_program_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("create table jobs (name text)")
    before = contents(tmp_path)
    with pytest.raises(StateError, match="is not a state of reminderd"):
        Store.open(path, create=True)
    assert contents(tmp_path) == before


def test_a_state_of_a_newer_program_is_refused_untouched(closed: Path) -> None:
    with closing(sqlite3.connect(closed, isolation_level=None)) as newer:
        newer.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('reminderd', 'm9999_newer', '')"
        )
    before = closed.read_bytes()
    with pytest.raises(StateError, match=r"newer reminderd .*m9999_newer"):
        Store.open(closed)
    assert closed.read_bytes() == before


def test_a_damaged_state_is_refused(closed: Path) -> None:
    content = bytearray(closed.read_bytes())
    content[4096 : 4096 * 3] = b"\xff" * 4096 * 2
    closed.write_bytes(content)
    with pytest.raises(StateError):
        Store.open(closed)
    assert closed.read_bytes() == content


def test_a_state_opens_again_with_all_that_was_in_it(closed: Path) -> None:
    store = Store.open(closed)
    assert len(store.reports.history()) == 1
    store.close()


def test_a_copy_has_what_the_original_has_while_that_is_in_use(desk: Desk, tmp_path: Path) -> None:
    desk.owe()
    copy_state(desk.path, tmp_path / "copy.db")
    store = Store.open(tmp_path / "copy.db")
    assert len(store.reports.history()) == 1
    store.close()


# -- the lock ---------------------------------------------------------------------------------------------

_HOLDER = """
import sys
from pathlib import Path
from reminderd.store import locked
with locked(Path(sys.argv[1]), "2027-03-01T08:00:00.000Z"):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock of `state.db`."""
    command = [sys.executable, "-c", _HOLDER, str(tmp_path / "state.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_a_second_holder_is_refused_and_told_who_it_is(holder: "subprocess.Popen[str]", tmp_path: Path) -> None:
    with pytest.raises(StateLocked, match=rf"process {holder.pid} on \S+ since 2027-03-01T08:00:00.000Z"):
        with locked(tmp_path / "state.db", "now"):
            pytest.fail("two processes hold the lock")
    assert is_locked(tmp_path / "state.db")


def test_a_holder_that_dies_leaves_no_lock_behind(holder: "subprocess.Popen[str]", tmp_path: Path) -> None:
    holder.kill()
    holder.wait()
    assert not is_locked(tmp_path / "state.db")
    with locked(tmp_path / "state.db", "now"):
        assert is_locked(tmp_path / "state.db")
    assert not is_locked(tmp_path / "state.db")


def test_a_state_that_nobody_ever_ran_is_not_locked(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "state.db")
    assert list(tmp_path.iterdir()) == []
