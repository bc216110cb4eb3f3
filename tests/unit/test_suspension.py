from collections.abc import Sequence
from datetime import timedelta

from reminderd.dispatcher.suspension import after_outcome, after_probe, careful
from reminderd.model import Accepted, InDoubt, NotBegun, NotSent, Outcome, Refused
from reminderd.store import Suspension
from tests.support.clock import START

PHONES = [f"+1415555010{number}" for number in range(10)]
UNAUTHORISED = NotSent("401 unauthorised", 401, suspend=True)
REFUSED = Refused(400, "bad request")
SUSPENDED = after_outcome(Suspension(), UNAUTHORISED, PHONES[0], START)


def after(outcomes: Sequence[Outcome], phones: Sequence[str] = PHONES) -> Suspension:
    known = Suspension()
    for outcome, phone in zip(outcomes, phones, strict=False):
        known = after_outcome(known, outcome, phone, START)
    return known


def seconds(known: Suspension) -> float:
    assert known.until is not None
    return (known.until - START).total_seconds()


def test_an_answer_about_the_account_suspends_at_once() -> None:
    assert (SUSPENDED.reason, SUSPENDED.since, seconds(SUSPENDED)) == ("401 unauthorised", START, 1)


def test_a_retry_after_that_is_longer_counts() -> None:
    outcome = NotSent("429", 429, suspend=True, retry_after=timedelta(seconds=40))
    assert seconds(after([outcome])) == 40


def test_what_says_nothing_about_the_account_changes_nothing() -> None:
    for outcome in (NotSent("no route"), NotBegun("late"), InDoubt("reset")):
        assert after([outcome]) == Suspension()
        assert after_outcome(SUSPENDED, outcome, PHONES[0], START) == SUSPENDED


def test_the_same_refusal_of_five_phones_in_a_row_suspends() -> None:
    assert after([REFUSED] * 4).reason is None
    known = after([REFUSED] * 5)
    assert known.reason is not None
    assert "bad request" in known.reason


def test_five_refusals_of_one_phone_are_that_phones_own() -> None:
    assert after([REFUSED] * 9, PHONES[:1] * 9).reason is None


def test_another_refusal_begins_the_count_anew() -> None:
    assert after([REFUSED] * 4 + [Refused(400, "unknown destination")] + [REFUSED] * 4).reason is None


def test_an_acceptance_begins_the_count_anew() -> None:
    assert after([REFUSED] * 4 + [Accepted("u")] + [REFUSED] * 4).reason is None


def test_answers_to_what_was_under_way_do_not_lengthen_a_suspension() -> None:
    assert after_outcome(SUSPENDED, UNAUTHORISED, PHONES[1], START + timedelta(seconds=9)) == SUSPENDED


def test_an_acceptance_of_what_was_under_way_does_not_lift_a_suspension() -> None:
    assert after_outcome(SUSPENDED, Accepted("u"), PHONES[1], START).reason == SUSPENDED.reason


def test_a_good_answer_of_the_account_lifts_it() -> None:
    known = after_probe(SUSPENDED, True, "200", START, None)
    assert (known.reason, known.since, known.until) == (None, None, None)


def test_bad_answers_double_the_wait_up_to_five_minutes() -> None:
    known, waits = SUSPENDED, []
    for _ in range(12):
        known = after_probe(known, False, "503", START, None)
        waits.append(seconds(known))
    assert waits[:5] == [2, 4, 8, 16, 32]
    assert waits[-1] == 300
    assert known.reason == "401 unauthorised; 503"
    assert known.since == START


def test_after_a_suspension_it_goes_on_with_one_message_until_one_is_accepted() -> None:
    known = after_probe(SUSPENDED, True, "200", START, None)
    assert careful(known)
    assert not careful(after_outcome(known, Accepted("u"), PHONES[0], START))


def test_a_gateway_that_suspends_again_and_again_waits_longer_each_time() -> None:
    known, waits = Suspension(), []
    for _ in range(4):
        known = after_outcome(known, UNAUTHORISED, PHONES[0], START)
        waits.append(seconds(known))
        known = after_probe(known, True, "200", START, None)
    assert waits == [1, 2, 4, 8]


def test_one_more_of_the_same_refusal_after_the_suspension_suspends_again() -> None:
    known = after_probe(after([REFUSED] * 5), True, "200", START, None)
    assert after_outcome(known, REFUSED, PHONES[7], START).reason is not None


def test_a_late_answer_of_a_probe_changes_nothing_when_nothing_is_suspended() -> None:
    assert after_probe(Suspension(), False, "503", START, None) == Suspension()
