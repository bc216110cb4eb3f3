"""What Plivo says by itself, on its way into the state: taken together, each for itself, and never more than there is room for."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from queue import Full

import pytest

from reminderd.daemon.arrivals import MOST_WAITING, Arrivals
from reminderd.gateway.callbacks import InboundText, StatusReport
from reminderd.gateway.port import Details, MessageState
from reminderd.reconciler import Heard, Result
from tests.support.clock import START


def report(uuid: str) -> StatusReport:
    return StatusReport("t", uuid, Details(MessageState.SENT))


class Desk:
    """A state that counts its transactions, and who hears."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.transactions = 0
        self.woken = 0
        self.told: list[str] = []
        self.failure: Exception | None = None
        self.arrivals = Arrivals(self.together, self.wake, {StatusReport: self.hear, InboundText: self.hear})

    def take_all(self) -> None:
        while self.arrivals.waiting:
            self.arrivals.advance(START)

    def wake(self) -> None:
        self.woken += 1

    @contextmanager
    def together(self) -> Iterator[None]:
        before = list(self.kept)
        try:
            if self.failure is not None:
                raise self.failure
            yield
            self.transactions += 1
        except BaseException:
            self.kept = before
            raise

    def hear(self, one: StatusReport | InboundText, now: datetime) -> Heard:
        assert now == START
        self.kept.append(one.message_uuid)
        if one.message_uuid == "poison":
            raise ValueError("this one cannot be taken")
        result = Result.UNKNOWN if one.message_uuid == "nobody's" else Result.COUNTED
        return Heard(result, (lambda: self.told.append(one.message_uuid),))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_waits_is_taken_in_one_transaction_and_in_order(desk: Desk) -> None:
    futures = [desk.arrivals.take(report(uuid)) for uuid in ("a", "nobody's", "c")]
    futures.append(desk.arrivals.take(InboundText("d", "+14155550101", "+14155550100", "Hello")))
    assert desk.woken == 4
    assert not any(each.done() for each in futures)
    assert desk.arrivals.advance(START) == 4
    assert [each.result(0) for each in futures] == ["counted", "unknown", "counted", "counted"]
    assert (desk.kept, desk.told, desk.transactions) == (["a", "nobody's", "c", "d"], ["a", "nobody's", "c", "d"], 1)
    assert desk.arrivals.advance(START) == 0
    assert desk.transactions == 1, "nothing waits: nothing is written"


def test_one_that_cannot_be_taken_harms_no_other(desk: Desk) -> None:
    futures = [desk.arrivals.take(report(uuid)) for uuid in ("a", "poison", "c")]
    desk.arrivals.advance(START)
    assert isinstance(futures[1].exception(0), ValueError)
    assert [each.result(0) for each in (futures[0], futures[2])] == ["counted", "counted"]
    assert (desk.kept, desk.told) == (["a", "c"], ["a", "c"])


def test_where_the_disk_fails_nothing_is_kept_or_told_and_the_loop_hears_of_it(desk: Desk) -> None:
    desk.failure = sqlite3.OperationalError("database or disk is full")
    desk.failure.sqlite_errorcode = sqlite3.SQLITE_FULL
    futures = [desk.arrivals.take(report(uuid)) for uuid in ("a", "b", "c")]
    with pytest.raises(sqlite3.OperationalError):
        desk.arrivals.advance(START)
    assert [type(each.exception(0)) for each in futures] == [sqlite3.OperationalError] * 3
    assert (desk.kept, desk.told) == ([], [])
    desk.failure = None
    assert desk.arrivals.advance(START) == 0, "Plivo comes again by itself"


def test_who_has_gone_is_not_answered_and_what_they_brought_is_left(desk: Desk) -> None:
    gone, there = desk.arrivals.take(report("gone")), desk.arrivals.take(report("there"))
    assert gone.cancel()
    desk.arrivals.advance(START)
    assert there.result(0) is Result.COUNTED
    assert desk.kept == ["there"]


def test_only_so_many_may_wait_and_one_pass_takes_a_part_of_them(desk: Desk) -> None:
    futures = [desk.arrivals.take(report(f"u{number}")) for number in range(MOST_WAITING)]
    with pytest.raises(Full):
        desk.arrivals.take(report("too many"))
    taken = desk.arrivals.advance(START)
    assert 0 < taken < MOST_WAITING
    assert [each.done() for each in futures] == [True] * taken + [False] * (MOST_WAITING - taken)
    desk.take_all()
    assert len(desk.kept) == MOST_WAITING


def test_at_the_end_who_waits_is_told_so_and_nothing_more_is_taken(desk: Desk) -> None:
    future = desk.arrivals.take(report("a"))
    desk.arrivals.close()
    assert isinstance(future.exception(0), Full)
    with pytest.raises(Full):
        desk.arrivals.take(report("b"))
    assert desk.kept == []


def test_several_threads_bring_theirs_at_once(desk: Desk) -> None:
    def bring(name: str) -> None:
        for number in range(50):
            desk.arrivals.take(report(f"{name}{number}"))

    threads = [threading.Thread(target=bring, args=(name,)) for name in "abcd"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    desk.take_all()
    assert len(set(desk.kept)) == 200
