"""Plivo's log: what is asked, what is read, how often."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from reminderd.gateway.messagelog import Budget, log_page, question
from reminderd.gateway.port import LogPage, LogUnavailable
from reminderd.gateway.transport import Answer, Broken, Rejected, Unreached, Withdrawn
from reminderd.model import LogRow

SINCE = datetime(2026, 11, 22, 8, 0, 0, 250_000, tzinfo=UTC)
UNTIL = datetime(2026, 11, 22, 8, 4, 0, 250_000, tzinfo=UTC)


def row(**changes: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "message_uuid": "u1",
        "message_time": "2026-11-22 13:31:00+05:30",
        "message_direction": "outbound",
        "message_state": "sent",
        "message_type": "sms",
        "from_number": "14155550100",
        "to_number": "14155550123",
        "units": 2,
    }
    return {**usual, **changes}


READ = LogRow("u1", datetime(2026, 11, 22, 8, 1, tzinfo=UTC), "14155550100", "14155550123", 2, "sent")


def read(objects: list[object], page: str | None = None, **meta: object) -> LogPage | LogUnavailable:
    return log_page(Answer(200, json.dumps({"objects": objects, "meta": {"next": None, **meta}}).encode()), page, ())


def test_times_are_asked_in_utc_without_an_offset_and_to_the_whole_second() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    assert question(SINCE.astimezone(india), UNTIL.astimezone(india), None, None, None) == {
        "message_direction": "outbound",
        "message_time__gte": "2026-11-22 08:00:00",
        "message_time__lte": "2026-11-22 08:04:01",
        "limit": "20",
        "offset": "0",
    }


def test_phone_and_sender_are_asked_for_when_given() -> None:
    params = question(SINCE, UNTIL, "+14155550123", "ACME", None)
    assert (params["to_number"], params["from_number"]) == ("+14155550123", "ACME")


@pytest.mark.parametrize(
    ("page", "key", "value"), [("offset=40", "offset", "40"), ("cursor=a%3D%26b", "cursor", "a=&b")]
)
def test_a_following_page_is_asked_the_way_it_was_named(page: str, key: str, value: str) -> None:
    params = question(SINCE, UNTIL, None, None, page)
    assert params[key] == value
    assert not {"offset", "cursor"} - {key} & params.keys()


def test_a_row_is_read_with_its_time_in_utc() -> None:
    assert read([row()]) == LogPage((READ,))


@pytest.mark.parametrize(
    "time",
    ["2026-11-22 13:31:00+05:30", "2026-11-22T08:01:00Z", "2026-11-22 08:01:00", "2026-11-22 03:01:00-0500"],
)
def test_every_notation_of_a_time_is_read(time: str) -> None:
    assert read([row(message_time=time)]) == LogPage((READ,))


@pytest.mark.parametrize(
    "bad",
    [
        17,
        None,
        {},
        row(message_time="yesterday"),
        row(message_time=None),
        row(message_time="0001-01-01 00:00:00+05:30"),
        row(message_uuid=None),
        row(message_uuid=""),
        row(to_number=None),
    ],
    ids=str,
)
def test_a_row_that_cannot_be_read_is_counted_and_disturbs_no_other(bad: object) -> None:
    assert read([bad, row()]) == LogPage((READ,), skipped=1)


@pytest.mark.parametrize(("units", "expected"), [("3", 3), (None, None), ("many", None), ([], None)])
def test_units_may_be_missing(units: object, expected: int | None) -> None:
    assert read([row(units=units)]) == LogPage((READ._replace(units=expected),))


def test_rows_of_another_kind_are_left_out() -> None:
    assert read([row(message_direction="inbound"), row(message_type="mms"), row()]) == LogPage((READ,))


def test_numbers_are_digits_and_sender_names_names() -> None:
    assert read([row(from_number="ACME", to_number="+1415555XXXX")]) == LogPage(
        (READ._replace(sender="ACME", phone="1415555XXXX"),)
    )
    assert read([row(from_number="+14155550100", to_number=14155550123)]) == LogPage((READ,))


@pytest.mark.parametrize("written", ["+1415555****", "1415555xxxx", "1415555XXXX", "+1 (415) 555-••••", "1415555####"])
def test_each_hidden_digit_of_a_number_is_marked(written: str) -> None:
    assert read([row(to_number=written)]) == LogPage((READ._replace(phone="1415555XXXX"),))


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (None, None),
        ("/v1/Account/MA/Message/?limit=20&offset=20", "offset=20"),
        ("/v1/Account/MA/Message/?limit=20&offset=20&cursor=a%3D%26b", "cursor=a%3D%26b"),
        ("https://elsewhere.example/?offset=20&to_number=1", "offset=20"),
        ("/v1/Account/MA/Message/?limit=20", None),
        (17, None),
    ],
)
def test_the_following_page_is_named_by_the_answer(named: object, expected: str | None) -> None:
    assert read([row()], next=named) == LogPage((READ,), expected)


def test_a_page_that_names_itself_again_is_no_answer() -> None:
    assert isinstance(read([row()], "offset=20", next="/?offset=20"), LogUnavailable)
    assert isinstance(read([row()], None, next="/?offset=0"), LogUnavailable)
    assert isinstance(read([row()], "cursor=a", next="/?cursor=a"), LogUnavailable)


def test_without_a_word_about_the_following_page_a_full_one_has_one() -> None:
    def page(size: int, asked: str | None) -> LogPage | LogUnavailable:
        return log_page(Answer(200, json.dumps({"objects": [row()] * size}).encode()), asked, ())

    assert page(20, None) == LogPage((READ,) * 20, "offset=20")
    assert page(20, "offset=20") == LogPage((READ,) * 20, "offset=40")
    assert page(19, "offset=20") == LogPage((READ,) * 19)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(429, b'{"error": "too many requests"}', timedelta(seconds=9)), timedelta(seconds=9)),
        (Answer(500, b"<html>"), None),
        (Answer(401, b"no"), None),
        (Answer(302, b'{"objects": []}'), None),
        (Answer(200, b"{}"), None),
        (Answer(200, b"[]"), None),
        (Answer(200, b"half"), None),
        (Answer(200, b'{"objects": {}}'), None),
        (Unreached("refused"), None),
        (Broken("reset"), None),
        (Rejected("no"), None),
        (Withdrawn(), None),
    ],
    ids=str,
)
def test_what_is_no_list_of_messages_is_unavailable(
    answer: Answer | Unreached | Broken | Rejected | Withdrawn, expected: timedelta | None
) -> None:
    unavailable = log_page(answer, None, ())
    assert isinstance(unavailable, LogUnavailable)
    assert unavailable.evidence
    assert unavailable.retry_after == expected


def test_the_budget_is_a_sliding_window() -> None:
    now = 0.0
    budget = Budget(3, 60.0, lambda: now)

    def take_at(moment: float) -> float:
        nonlocal now
        now = moment
        return budget.take()

    assert [take_at(moment) for moment in (0.0, 10.0, 20.0)] == [0, 0, 0]
    assert take_at(25.0) == 35.0
    assert [take_at(60.0), take_at(60.0)] == [0, 10.0]
    assert [take_at(200.0) for _ in range(4)] == [0, 0, 0, 60.0]
