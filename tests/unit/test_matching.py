from datetime import timedelta

from reminderd.daemon.clockguard import JUMP
from reminderd.model import LogRow, OnDoubt, State
from reminderd.reconciler.lookup import SLACK as OWN_SLACK
from reminderd.reconciler.matching import match, rows_for, strangers, undisputed
from reminderd.store import Doubt
from tests.support.clock import START

SLACK = timedelta(seconds=2)


def doubt(number: int, begun: int, length: int = 4, segments: int = 1, phone: str = "+14155550101") -> Doubt:
    """An attempt that began and ended so many seconds after START and after that."""
    begun_at = START + timedelta(seconds=begun)
    ended_by = begun_at + timedelta(seconds=length)
    return Doubt(
        number, number, State.IN_DOUBT, "a", phone, "+14155550100", segments, OnDoubt.WAIT, 0, begun_at, ended_by
    )


def row(uuid: str, at: int, units: int | None = 1, phone: str = "14155550101", sender: str = "14155550100") -> LogRow:
    """A row of the log, so many seconds after START."""
    return LogRow(uuid, START + timedelta(seconds=at), sender, phone, units, "sent")


def pairs(doubts: list[Doubt], rows: list[LogRow]) -> dict[int, str]:
    return {doubt.attempt_id: row.message_uuid for doubt, row in match(doubts, rows, SLACK)}


def test_one_attempt_and_one_row_in_its_time_belong_together() -> None:
    assert pairs([doubt(1, 10)], [row("u", 12)]) == {1: "u"}


def test_the_window_reaches_from_the_beginning_to_the_end_with_some_slack() -> None:
    times = [7, 8, 16, 17]
    assert [bool(rows_for(doubt(1, 10), [row("u", at)], SLACK)) for at in times] == [False, True, True, False]


def test_another_phone_or_sender_is_never_it() -> None:
    assert pairs([doubt(1, 10)], [row("u", 12, phone="14155550102"), row("v", 12, sender="14155550199")]) == {}


def test_a_masked_phone_is_never_it() -> None:
    assert pairs([doubt(1, 10)], [row("u", 12, phone="1415555")]) == {}


def test_one_row_that_two_attempts_could_own_is_nobodys() -> None:
    assert pairs([doubt(1, 10), doubt(2, 11)], [row("u", 12)]) == {}


def test_two_rows_for_two_attempts_prove_both() -> None:
    assert set(pairs([doubt(1, 10), doubt(2, 11)], [row("u", 12), row("v", 13)])) == {1, 2}


def test_what_only_one_can_own_settles_who_owns_the_rest() -> None:
    assert pairs([doubt(1, 0, 2), doubt(2, 0, 20)], [row("u", 1), row("v", 20)]) == {1: "u", 2: "v"}


def test_a_chain_of_rivals_with_too_few_rows_stays_open() -> None:
    # The first row is the first's or the second's, the second row the second's or the third's.
    chain = [doubt(1, 0, 4), doubt(2, 6, 4), doubt(3, 12, 4)]
    assert pairs(chain, [row("u", 5), row("v", 11)]) == {}


def test_of_several_rows_an_attempt_takes_the_one_of_its_length() -> None:
    assert pairs([doubt(1, 10, segments=2)], [row("u", 11, 1), row("v", 12, 2)]) == {1: "v"}


def test_a_row_whose_length_is_not_known_can_still_be_it() -> None:
    assert pairs([doubt(1, 10, segments=2)], [row("u", 11, None)]) == {1: "u"}


def test_nothing_matches_nothing() -> None:
    assert pairs([], []) == {}
    assert pairs([doubt(1, 1)], []) == {}
    assert pairs([], [row("u", 1)]) == {}


def test_an_attempt_from_before_a_step_of_the_clock_that_opens_no_hold_still_owns_its_row() -> None:
    # The first began while our clock was ahead; one of the two after it never arrived, and nobody can know which.
    ahead = int(JUMP.total_seconds())
    begun = [doubt(1, ahead), doubt(2, 50), doubt(3, 52)]
    assert match(begun, [row("u", 0), row("v", 52)], OWN_SLACK) == []


def over(owners: list[Doubt], rows: list[LogRow]) -> set[str]:
    return {row.message_uuid for row in strangers(owners, rows, SLACK)}


def test_a_row_that_no_attempt_can_have_made_is_a_stranger_s() -> None:
    assert over([doubt(1, 10)], [row("u", 12), row("v", 12, phone="14155550199")]) == {"v"}
    assert over([doubt(1, 10)], [row("u", 40)]) == {"u"}
    assert over([], [row("u", 1)]) == {"u"}


def test_of_more_rows_than_attempts_the_surplus_is_strangers() -> None:
    assert len(over([doubt(1, 10)], [row("u", 12), row("v", 13)])) == 1
    assert over([doubt(1, 10), doubt(2, 11)], [row("u", 12), row("v", 13)]) == set()


def test_an_attempt_excuses_a_row_that_may_be_its_own_under_another_number() -> None:
    assert over([doubt(1, 10)], [row("u", 12, phone="1415555XXXX")]) == set()
    assert over([doubt(1, 10)], [row("u", 12, phone="4155550101")]) == set()
    assert over([doubt(1, 10)], [row("u", 12, phone="1415556XXXX")]) == {"u"}


def test_rows_are_handed_out_so_that_as_few_as_can_be_are_strangers() -> None:
    # The first attempt could have made either row, the second only the first.
    assert over([doubt(1, 10, 8), doubt(2, 10, 1)], [row("u", 11), row("v", 18)]) == set()


def test_a_row_under_a_number_that_is_another_phone_of_ours_rewritten_is_disputed() -> None:
    exact, rival = doubt(1, 10, phone="+5215512345678"), doubt(2, 10, phone="+525512345678")
    clear = row("v", 30, phone="5215512345678")
    assert undisputed([exact, rival], [row("u", 12, phone="5215512345678"), clear], SLACK) == [clear]
    assert undisputed([exact], [row("u", 12, phone="5215512345678")], SLACK) != []
