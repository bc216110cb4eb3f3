"""The list of deliveries: what it holds whatever it is narrowed by, page by page, and how much of the state a page reads."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.listing import fill, questions
from reminderd.model import State
from reminderd.store.listing import LONGEST_PAGE, Listing, Place, Wanted
from reminderd.store.view import View, open_view

_NUMBER = 6000
_BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("listing") / "state.db"
    fill(path, _NUMBER)
    return path


@pytest.fixture
def view(path: Path) -> Iterator[View]:
    view = open_view(path)
    yield view
    view.close()


@pytest.fixture(scope="module")
def everything(path: Path) -> list[Row]:
    """All of them, newest due first."""
    with closing(open_view(path)) as view:
        rows = view.reports.history(limit=0)
    assert len(rows) == _NUMBER
    return rows


def fits(row: Row, wanted: Wanted) -> bool:
    word = (row["receipt"] or "").split(" ")[0]
    due = datetime.fromisoformat(row["due_at"])
    text = wanted.text.lower() if wanted.text else ""
    return (
        wanted.job in (None, row["job"])
        and (not wanted.states or row["state"] in wanted.states)
        and (not wanted.receipts or word in wanted.receipts)
        and wanted.phone in (None, row["phone"])
        and (wanted.since is None or due >= wanted.since)
        and (wanted.until is None or due < wanted.until)
        and any(text in str(row[key]).lower() for key in ("text", "name", "phone"))
    )


def walked(listing: Listing, wanted: Wanted, limit: int) -> list[int]:
    """The ids of all pages; each page's end is checked."""
    found: list[int] = []
    place: Place | None = None
    for _ in range(_NUMBER):
        page = listing.page(wanted, place, limit)
        assert len(page.rows) <= limit
        assert page.next is not None or page.looked_until is None
        found += [row["id"] for row in page.rows]
        if page.next is None:
            return found
        assert place is None or page.next < place
        place = Place.of(page.next.cursor())
    raise AssertionError("the list has no end")


def drawn(dice: random.Random, rows: list[Row]) -> Wanted:
    """A question that something fits, more often than not."""
    row = dice.choice(rows)
    due = datetime.fromisoformat(row["due_at"])
    maybe: Callable[[Any], Any] = lambda value: value if dice.random() < 0.3 else None  # noqa: E731
    return Wanted(
        maybe(row["job"]),
        maybe(frozenset(dice.sample(list(State), dice.randint(1, 7)))) or frozenset(),
        maybe(frozenset(dice.sample(["delivered", "undelivered", "failed", "queued"], 2))) or frozenset(),
        maybe(row["phone"]),
        maybe(due - timedelta(minutes=dice.randrange(600))),
        maybe(due + timedelta(minutes=dice.randrange(600))),
        maybe(dice.choice([row["name"], row["text"][-99:-60], row["phone"][4:], "rent OF 1", "nowhere"])),
    )


@pytest.mark.parametrize("most", [37, 20_000], ids=["little is looked at", "much is looked at"])
def test_the_pages_together_hold_what_fits_and_nothing_else(view: View, everything: list[Row], most: int) -> None:
    dice, listing = random.Random(7), Listing(view.reports._db, most)
    for wanted in [each for _, each in questions()] + [drawn(dice, everything) for _ in range(150)]:
        expected = [row["id"] for row in everything if fits(row, wanted)]
        assert walked(listing, wanted, 200) == expected, wanted


def test_pages_of_one_are_in_the_same_order(view: View, everything: list[Row]) -> None:
    wanted = Wanted(states=frozenset((State.FAILED, State.MISSED)))
    assert walked(view.listing, wanted, 1) == [row["id"] for row in everything if fits(row, wanted)]


def test_rows_are_those_of_history(view: View, everything: list[Row]) -> None:
    assert view.listing.page(Wanted(), None, 10).rows == everything[:10]


def test_no_page_is_longer_than_the_longest(view: View) -> None:
    assert len(view.listing.page(Wanted(), None, 9999).rows) == LONGEST_PAGE


def test_a_page_says_down_to_when_it_looked_where_that_is_not_all(view: View, everything: list[Row]) -> None:
    page = Listing(view.reports._db, 100).page(Wanted(text="nowhere"))
    assert page.rows == []
    assert page.next == Place(everything[99]["due_at"], everything[99]["id"])
    assert page.looked_until == everything[99]["due_at"]
    assert view.listing.page(Wanted(text="nowhere")) == ([], None, None)


def test_the_best_index_is_used_where_another_one_has_too_much(view: View, everything: list[Row]) -> None:
    """Of one job that has much, the few failed ones are all found, by their state."""
    wanted = Wanted(job="everybody", states=frozenset((State.FAILED,)))
    failed = [row for row in everything if row["state"] == "failed"]
    page = Listing(view.reports._db, len(failed) + 1).page(wanted)
    assert [row["id"] for row in page.rows] == [row["id"] for row in failed if row["job"] == "everybody"]
    assert page.looked_until is None


def test_a_whole_number_is_looked_up_as_a_phone(view: View, everything: list[Row]) -> None:
    last = everything[-1]["phone"]
    assert f"+{last[1:4]} ({last[4:7]}) {last[7:]}" != last
    for typed in (last, f"+{last[1:4]} ({last[4:7]}) {last[7:]}"):
        page = Listing(view.reports._db, 10).page(Wanted(text=typed))  # far fewer than there are
        assert everything[-1]["id"] in {row["id"] for row in page.rows}
        assert page.looked_until is None


def test_what_stands_for_anything_in_a_pattern_stands_for_itself(view: View) -> None:
    for text in ("%", "_", "\\", "Name_", "100%"):
        assert view.listing.page(Wanted(text=text)).rows == []


def test_case_does_not_matter_beyond_ascii_either(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    fill(path, 3)
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("update deliveries set name = 'Jörg MÜLLER' where id = 2")
    with closing(open_view(path)) as view:
        for typed in ("müller", "Jörg", "MÜLLER", "jörg"):
            assert [row["id"] for row in view.listing.page(Wanted(text=typed)).rows] == [2]


def test_counts_are_those_of_the_rows(view: View, everything: list[Row]) -> None:
    dice = random.Random(8)
    for wanted in [each for _, each in questions()] + [drawn(dice, everything) for _ in range(50)]:
        states, until = view.listing.counts(wanted)
        expected = {str(state): 0 for state in wanted.states or State}
        for row in everything:
            if fits(row, wanted):
                expected[row["state"]] += 1
        assert (states, until) == (expected, None), wanted


def test_counts_say_down_to_when_they_counted(view: View, everything: list[Row]) -> None:
    listing = Listing(view.reports._db, 100)
    counted = listing.counts(Wanted(text="rent"))
    assert sum(counted.states.values()) == 100
    assert counted.counted_until == everything[99]["due_at"]
    assert sum(listing.counts(Wanted(since=_BEGAN)).states.values()) == _NUMBER


@pytest.mark.parametrize(
    "cursor", ["", "x", "Zm9v", "é", "=" * 9, "A" * 999, Place("2027-03-01T08:00:00.000Z", 2**63).cursor(), "\x00"]
)
def test_what_was_never_handed_out_is_no_cursor(cursor: str) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        Place.of(cursor)


def test_each_question_is_answered_by_an_index(view: View, everything: list[Row]) -> None:
    """As SQLite explains each statement: nothing goes through all deliveries to find a few."""
    statements: list[str] = []
    raw = view.reports._db.raw
    dice = random.Random(9)
    raw.set_trace_callback(statements.append)
    for wanted in [each for _, each in questions()] + [drawn(dice, everything) for _ in range(100)]:
        view.listing.page(wanted)
        view.listing.counts(wanted)
    raw.set_trace_callback(None)
    assert len(statements) > 300
    for sql in statements:
        plans = [row[3] for row in raw.execute("explain query plan " + sql)]
        assert [each for each in plans if each.startswith(("SCAN d", "SCAN o"))] == [], (sql, plans)
        assert [each for each in plans if "AUTOMATIC" in each] == [], (sql, plans)
