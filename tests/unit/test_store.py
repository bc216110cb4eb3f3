"""What the database itself refuses."""

import sqlite3
from contextlib import closing
from itertools import product

import pytest

from reminderd.model import BIRTHS, MOVES, Refused, State
from tests.support.desk import Desk
from tests.support.world import ANNA, BERT

ILLEGAL = [
    (before, after)
    for before, after in product(["", *State], State)
    if after not in (MOVES[State(before)] if before else BIRTHS)
]


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
    opening = "insert into holds (kind, reason, detail, opened_at) values ('clock', '', '{}', '')"
    with closing(desk.raw()) as raw:
        raw.execute(opening)
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            raw.execute(opening)


def test_adding_the_same_twice_changes_nothing(desk: Desk) -> None:
    desk.owe()
    before = desk.world.rows()
    desk.owe(text="Reworded.")
    assert desk.world.rows() == before
    assert desk.world.planned() == 1


def test_a_transaction_that_fails_leaves_nothing_behind(desk: Desk) -> None:
    def add_and_fail() -> None:
        with desk.store.together():
            desk.owe()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        add_and_fail()
    assert desk.world.rows() == []
    desk.owe()
    assert len(desk.world.rows()) == 1
