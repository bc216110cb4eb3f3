"""What an address asks of the list of deliveries."""

from zoneinfo import ZoneInfo

import pytest

from reminderd.model import State
from reminderd.store.listing import Place
from reminderd.web.page.search import search_of
from tests.support.clock import utc

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "typed",
    ["+1 415 555 0123", "0014155550123", "+1 (415) 555-0123", "+1.415.555.0123", "  +14155550123 "],
)
def test_a_number_is_found_in_any_notation(typed: str) -> None:
    assert search_of({"q": typed}, BERLIN).wanted.text == "+14155550123"


@pytest.mark.parametrize("typed", ["Anna", "555 01", "rent of 12 %", "+1 call me"])
def test_other_text_is_searched_as_it_is(typed: str) -> None:
    assert search_of({"q": typed}, BERLIN).wanted.text == typed


def test_what_no_text_can_hold_is_left_out() -> None:
    assert search_of({"q": "an\x00na\ud800\x1b"}, BERLIN).wanted.text == "anna"


def test_days_are_meant_in_the_zone_and_the_last_one_is_whole() -> None:
    search = search_of({"since": "2027-03-28", "until": "2027-03-28"}, BERLIN)
    assert (search.wanted.since, search.wanted.until) == (utc("2027-03-27 23:00"), utc("2027-03-28 22:00"))


def test_what_cannot_be_understood_is_said_and_does_not_narrow() -> None:
    query = {"since": "yesterday", "until": "9999-12-31", "state": "lost", "receipt": "maybe", "after": "!!"}
    search = search_of(query, BERLIN)
    assert search.troubles.keys() == query.keys()
    assert search.wanted == search_of({}, BERLIN).wanted


def test_what_needs_someone_is_one_choice() -> None:
    assert search_of({"state": "needs_someone"}, BERLIN).wanted.states == {State.IN_DOUBT, State.FAILED, State.MISSED}


def test_its_own_address_asks_the_same_and_goes_on_after_a_place() -> None:
    search = search_of({"q": "a & b", "job": "rent", "state": "failed", "page": "7"}, BERLIN)
    place = Place("2027-03-01T08:00:00.000Z", 7)
    again = search_of(dict(search.query(place)), BERLIN)
    assert (again.given, again.wanted, again.after) == (search.given, search.wanted, place)


@pytest.mark.parametrize(
    ("typed", "number"), [("42", 42), ("+42", None), ("4 2", None), ("٤٢", None), ("9" * 30, None)]
)
def test_a_whole_number_may_be_that_of_a_delivery(typed: str, number: int | None) -> None:
    assert search_of({"q": typed}, BERLIN).number == number
