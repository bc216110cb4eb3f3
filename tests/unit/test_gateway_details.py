"""What became of a message: reading Plivo's details, and its error codes in words."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from reminderd.gateway.codes import CODES, Reading, in_words, may_be_sent_again, meaning
from reminderd.gateway.details import details_of
from reminderd.gateway.port import Details, DetailsUnavailable, MessageState
from reminderd.gateway.transport import Answer, Broken, Exchange, Rejected, Unreached, Withdrawn

DELIVERED, UNDELIVERED, FAILED = MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.FAILED
AT = datetime(2026, 11, 22, 8, 1, tzinfo=UTC)


def said(**changes: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "api_id": "a",
        "message_uuid": "u1",
        "message_state": "delivered",
        "error_code": None,
        "units": 2,
        "message_time": "2026-11-22 13:30:00+05:30",
        "message_updated_time": "2026-11-22 13:31:00+05:30",
    }
    return {**usual, **changes}


def details(state: MessageState, code: int | None = None) -> Details:
    """As the usual answer comes to be read."""
    return Details(state, code, 2, AT, queued_at=AT - timedelta(minutes=1))


def read(**changes: object) -> Details | DetailsUnavailable:
    return details_of(Answer(200, json.dumps(said(**changes)).encode()), "u1", ())


def test_details_are_read_with_their_time_in_utc() -> None:
    assert read() == details(DELIVERED)


def test_numbers_parts_price_network_and_times_are_read() -> None:
    found = read(
        from_number="14155550100",
        to_number="14155550101",
        total_amount="0.01300",
        mcc="310",
        mnc="012",
        message_sent_time="2026-11-22 13:30:30+05:30",
    )
    assert isinstance(found, Details)
    assert (found.sender, found.phone, found.units, found.charged) == ("14155550100", "14155550101", 2, 13_000)
    assert (found.mcc, found.mnc) == ("310", "012")
    assert (found.queued_at, found.sent_at) == (AT - timedelta(minutes=1), AT - timedelta(seconds=30))


@pytest.mark.parametrize(
    "price", ["", "-1", "1e9", "1e999999", "NaN", "Infinity", "0x1", True, [], {}, "9999999.1", None, "²"]
)
def test_what_is_no_price_charges_nothing(price: object) -> None:
    found = read(total_amount=price, mcc=price, mnc=price, from_number="1" * 50, to_number=7)
    assert isinstance(found, Details)
    assert (found.charged, found.sender, found.phone) == (None, None, None)


@pytest.mark.parametrize("state", list(MessageState))
def test_each_state_is_known(state: MessageState) -> None:
    found = read(message_state=str(state))
    assert isinstance(found, Details)
    assert found.state is state


@pytest.mark.parametrize(
    ("written", "code"),
    [(None, None), ("000", None), (0, None), ("", None), ("030", 30), ("420", 420), (900, 900), (" 20 ", 20)],
)
def test_a_code_is_read_however_it_is_written(written: object, code: int | None) -> None:
    assert read(message_state="failed", error_code=written) == details(FAILED, code)


@pytest.mark.parametrize("written", [True, 4.2, [], {}, "many", "4 20", -1, "²", 10**7])
def test_what_failed_with_a_code_that_is_none_is_no_answer(written: object) -> None:
    """Whether it may be sent again hangs on that code."""
    assert read(message_state="failed", error_code=written) == DetailsUnavailable(
        "200: details with an error_code that cannot be read"
    )
    assert read(message_state="delivered", error_code=written) == details(DELIVERED)


@pytest.mark.parametrize(
    "changes",
    [
        {"message_uuid": "u2"},
        {"message_uuid": None},
        {"message_uuid": ["u1", "u2"]},
        {"message_uuid": {}},
        {"message_state": "lost"},
        {"message_state": None},
        {"message_state": ["failed"]},
        {"message_state": {"a": 1}},
        {"message_state": 1},
        {"message_state": "FAILED"},
    ],
    ids=str,
)
def test_details_of_another_message_or_in_an_unknown_state_are_no_answer(changes: dict[str, object]) -> None:
    found = read(**changes)
    assert isinstance(found, DetailsUnavailable)
    assert not found.pause


@pytest.mark.parametrize("body", [b"", b"null", b"17", b"[]", b'"delivered"', b"<html>", b"\xff", b"[" * 5000])
def test_a_body_that_is_no_object_is_no_answer(body: bytes) -> None:
    assert details_of(Answer(200, body), "u1", ()) == DetailsUnavailable("200: no JSON object")


@pytest.mark.parametrize("missing", ["units", "message_time", "message_updated_time", "error_code", "api_id"])
def test_what_nobody_needs_may_be_missing(missing: str) -> None:
    document = {key: value for key, value in said().items() if key != missing}
    found = details_of(Answer(200, json.dumps(document).encode()), "u1", ())
    assert isinstance(found, Details)
    assert found.state is DELIVERED


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        (
            Answer(404, b'{"api_id": "a", "error": "not found"}'),
            DetailsUnavailable("404: not found", unknown=True),
        ),
        (Answer(404, b"<html>"), DetailsUnavailable("404, not Plivo's JSON")),
        (Answer(401, b"no"), DetailsUnavailable("401, not Plivo's JSON", pause=True)),
        (
            Answer(429, b"", timedelta(seconds=9)),
            DetailsUnavailable("429 without a body", timedelta(seconds=9), pause=True),
        ),
        (Answer(500, b'{"error": "oh"}'), DetailsUnavailable("500: oh")),
        (Answer(302, b""), DetailsUnavailable("302 without a body")),
        (Unreached("connection refused"), DetailsUnavailable("connection refused", pause=True)),
        (Broken("no answer for 30 s"), DetailsUnavailable("no answer for 30 s", pause=True)),
        (Rejected("not valid"), DetailsUnavailable("not valid")),
        (Withdrawn(), DetailsUnavailable("withdrawn before the request", pause=True)),
    ],
)
def test_every_other_exchange_says_why_there_is_no_answer(exchange: Exchange, expected: DetailsUnavailable) -> None:
    assert details_of(exchange, "u1", ()) == expected


@pytest.mark.parametrize(
    ("details", "words"),
    [
        (Details(DELIVERED), "delivered"),
        (Details(MessageState.SENT), "sent"),
        (Details(UNDELIVERED, 30), "undelivered (30: spam detected)"),
        (Details(FAILED, 200), "failed (200: the recipient has opted out)"),
        (Details(FAILED, 777), "failed (777: unknown code)"),
        (Details(FAILED), "failed"),
    ],
)
def test_a_receipt_in_words_begins_with_its_state(details: Details, words: str) -> None:
    assert in_words(details) == words


def test_only_what_failed_for_a_reason_that_passes_may_be_sent_again() -> None:
    again = {code for code in CODES if may_be_sent_again(Details(FAILED, code))}
    assert again == {20, 80, 420, 451, 900}
    assert not may_be_sent_again(Details(FAILED))
    assert not may_be_sent_again(Details(FAILED, 777))
    others = [state for state in MessageState if state is not FAILED]
    assert not [state for state in others for code in CODES if may_be_sent_again(Details(state, code))]


def test_what_is_wrong_with_the_account_is_a_matter_for_people() -> None:
    assert {code for code, known in CODES.items() if known.reading is Reading.ACCOUNT} == {450, 910}
    assert all(meaning(code).alert for code in (450, 451, 900, 910))
    assert not meaning(None).alert
