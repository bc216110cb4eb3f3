"""The message log that the sandbox plays, in a time of our own."""

import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from reminderd.gateway.sandbox import Options, parse_replacement
from tests.support.sandbox import MESSAGES, Played


@pytest.fixture
def played() -> Played:
    return Played(Options(log_limit=0))


def test_a_message_in_the_log_shows_digits_units_and_no_text() -> None:
    played = Played(Options(offset=timedelta(hours=5, minutes=30)))
    (uuid,) = played.uuids(text="secret word")
    (shown,) = played.page()["objects"]
    assert (shown["message_uuid"], shown["from_number"], shown["to_number"]) == (uuid, "14155550100", "14155550101")
    assert (shown["units"], shown["message_state"], shown["message_direction"]) == (1, "queued", "outbound")
    assert shown["message_time"] == "2026-11-22 13:30:00+05:30"
    assert "secret" not in json.dumps(shown)


def test_details_show_the_same_as_the_log(played: Played) -> None:
    (uuid,) = played.uuids()
    details = json.loads(played.ask("GET", f"{MESSAGES}{uuid}/").body)
    details.pop("api_id")
    assert details == played.page()["objects"][0]


def test_a_message_is_queued_then_sent_then_delivered(played: Played) -> None:
    (uuid,) = played.uuids()
    for passed, state in ((0.9, "queued"), (1.0, "sent"), (2.9, "sent"), (3.0, "delivered"), (9e3, "delivered")):
        played.clock.passed = passed
        assert played.page()["objects"][0]["message_state"] == state
        assert played.listed(message_state=state) == [uuid]
        assert [name for name in ("queued", "sent", "delivered", "failed") if played.listed(message_state=name)] == [
            state
        ]


@pytest.mark.parametrize(
    ("fault", "course"),
    [
        ("ends=undelivered,code=30", [(0.9, "queued", None), (1, "sent", None), (3, "undelivered", "30")]),
        ("ends=failed,code=420,after=2s", [(1.9, "queued", None), (2, "failed", "420")]),
        ("ends=sent", [(0.5, "queued", None), (1, "sent", None), (9e3, "sent", None)]),
        ("ends=queued", [(9e3, "queued", None)]),
        ("ends=delivered,after=0s", [(0, "delivered", None)]),
    ],
)
def test_a_message_ends_as_a_rule_says(fault: str, course: list[tuple[float, str, str | None]]) -> None:
    played = Played(Options(log_limit=0), fault)
    (uuid,) = played.uuids()
    for passed, state, code in course:
        played.clock.passed = passed
        shown = json.loads(played.ask("GET", f"{MESSAGES}{uuid}/").body)
        assert (shown["message_state"], shown["error_code"]) == (state, code)
        assert played.listed(message_state=state) == [uuid]


def test_what_failed_was_never_sent_and_costs_nothing() -> None:
    played = Played(None, "ends=failed,code=450,phone=0101$,count=1")
    failed, sent = played.uuids(), played.uuids()
    played.clock.passed = 10
    shown = {row["message_uuid"]: row for row in played.page()["objects"]}
    assert (shown[failed[0]]["message_sent_time"], shown[failed[0]]["total_amount"]) == (None, "0.00000")
    assert (shown[sent[0]]["message_sent_time"], shown[sent[0]]["total_amount"]) == (
        "2026-11-22 08:00:01+00:00",
        "0.00500",
    )


def test_an_answer_can_get_lost_for_a_message_that_fails_later() -> None:
    played = Played(None, "status=500,accept=true,ends=failed,code=900")
    assert played.send().status == 500
    played.clock.passed = 10
    assert [(row["message_state"], row["error_code"]) for row in played.page()["objects"]] == [("failed", "900")]


def test_who_has_said_stop_gets_nothing_from_that_sender_until_start(played: Played) -> None:
    control = "/__control/inbound"
    said = {"from": "+14155550101", "to": "+14155550100"}
    assert json.loads(played.ask("POST", control, {**said, "text": " stop "}).body)["stopped"] is True
    stopped = played.uuids(dst="+14155550101<+14155550102")
    assert json.loads(played.ask("POST", control, {**said, "text": "Thanks!"}).body)["stopped"] is True
    assert json.loads(played.ask("POST", control, {**said, "text": "START"}).body)["stopped"] is False
    again = played.uuids(text="again")
    played.clock.passed = 10
    ends = {row["message_uuid"]: (row["message_state"], row["error_code"]) for row in played.page()["objects"]}
    assert ends == {
        stopped[0]: ("failed", "200"),
        stopped[1]: ("delivered", None),
        again[0]: ("delivered", None),
    }


@pytest.mark.parametrize("body", [{}, [], {"from": 1, "to": "2", "text": "STOP"}, {"from": "1", "to": "2"}])
def test_an_incoming_message_that_is_none_is_refused(played: Played, body: object) -> None:
    assert played.ask("POST", "/__control/inbound", body).status == 400


def test_questions_about_one_phone_alone_can_go_wrong() -> None:
    played = Played(None, "status=503,on=details,phone=0102$")
    one, other = played.uuids(dst="+14155550101<+14155550102")
    asked = [played.ask("GET", f"{MESSAGES}{uuid}/").status for uuid in (one, other)]
    assert asked == [200, 503]


def test_pages_lead_from_one_to_the_next_and_back(played: Played) -> None:
    uuids = [played.uuids(text=f"number {n}", dst="+14155550101<+14155550102")[0] for n in range(5)]
    newest = uuids[::-1]
    first = played.page(limit=2, to_number="+14155550101")
    assert [shown["message_uuid"] for shown in first["objects"]] == newest[:2]
    assert first["meta"]["previous"] is None
    second = json.loads(played.ask("GET", first["meta"]["next"]).body)
    third = json.loads(played.ask("GET", second["meta"]["next"]).body)
    pages = [shown["message_uuid"] for page in (second, third) for shown in page["objects"]]
    assert pages == newest[2:]
    assert third["meta"] == {
        "limit": 2,
        "offset": 4,
        "next": None,
        "previous": f"{urlsplit(MESSAGES).path}?to_number=%2B14155550101&limit=2&offset=2",
    }


def test_a_page_has_at_most_twenty(played: Played) -> None:
    for _ in range(21):
        played.send()
    page = played.page()
    assert (len(page["objects"]), page["meta"]["limit"]) == (20, 20)
    assert len(played.listed(offset=20)) == 1


@pytest.mark.parametrize(
    "query",
    ["limit=21", "limit=0", "limit=x", "offset=-1", "message_time__gt=2026-11-22T08:00:00Z", "message_time=noon"],
)
def test_filters_that_cannot_be_read_are_refused(played: Played, query: str) -> None:
    assert played.ask("GET", f"{MESSAGES}?{query}").status == 400


def test_the_log_goes_back_a_day_unless_asked_for_more(played: Played) -> None:
    old = played.uuids()
    played.clock.passed = 86_400.0 * 2
    new = played.uuids()
    assert played.listed() == new
    assert played.listed(message_time__gte="2026-11-01 00:00") == new + old
    played.clock.passed = 86_400.0 * 91
    assert played.listed(message_time__gte="2026-11-01 00:00") == new


@pytest.mark.parametrize(
    ("filters", "there"),
    [
        ({"message_time__gte": "2026-11-22 08:00:00.250000"}, True),
        ({"message_time__gt": "2026-11-22 08:00:00.250000"}, False),
        ({"message_time__lte": "2026-11-22 08:00:00.250000"}, True),
        ({"message_time__lt": "2026-11-22 08:00:00.250000"}, False),
        ({"message_time": "2026-11-22 08:00:00"}, True),
        ({"message_time": "2026-11-22 08:00:01"}, False),
        ({"message_time__gt": "2026-11-22 07:59", "message_time__lt": "2026-11-22 08:01"}, True),
        ({"from_number": "+14155550100"}, True),
        ({"from_number": "+14155550199"}, False),
        ({"to_number": "14155550101"}, True),
        ({"to_number": "+14155550102"}, False),
        ({"message_direction": "outbound"}, True),
        ({"message_direction": "inbound"}, False),
        ({"message_type": "sms"}, True),
        ({"message_type": "mms"}, False),
        ({"from": "+14155550199"}, True),
    ],
)
def test_each_filter_of_the_log_filters(played: Played, filters: dict[str, str], there: bool) -> None:
    uuids = played.uuids()
    assert played.listed(**filters) == (uuids if there else [])


@pytest.mark.parametrize("mode", ["false", "content_only"])
def test_numbers_that_the_sender_wants_hidden_are_hidden(played: Played, mode: str) -> None:
    played.send(log=mode)
    assert played.page()["objects"][0]["to_number"] == "1415555XXXX"
    assert played.listed(to_number="+14155550101") == []


def test_the_log_can_lag_behind() -> None:
    played = Played(Options(log_lag=2.0))
    (uuid,) = played.uuids()
    played.clock.passed = 1.9
    assert played.listed() == []
    assert played.ask("GET", f"{MESSAGES}{uuid}/").status == 404
    played.clock.passed = 2.0
    assert played.listed() == [uuid]
    assert played.ask("GET", f"{MESSAGES}{uuid}/").status == 200


def test_the_log_is_listed_twenty_times_a_minute() -> None:
    played = Played()
    for _ in range(20):
        played.page()
    refused = played.ask("GET", MESSAGES)
    assert (refused.status, json.loads(refused.body)["error"]) == (429, "too many requests")
    played.clock.passed = 60.0
    played.page()


def test_phones_can_be_shown_masked_or_rewritten_and_are_still_found_by_their_own_number() -> None:
    rules = (parse_replacement("^52(?!1)=521"), parse_replacement("^(1415)[0-9]{4}=\\1****"))
    played = Played(Options(numbers=rules))
    for phone in ("+525512345678", "+14155550101"):
        played.send(dst=phone)
    assert [row["to_number"] for row in played.page()["objects"]] == ["1415****101", "5215512345678"]
    assert [row["to_number"] for row in played.page(to_number="+525512345678")["objects"]] == ["5215512345678"]


@pytest.mark.parametrize("wrong", ["", "=x", "no pattern", "(=x", "a=\\1"])
def test_how_to_show_phones_is_checked(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"PATTERN=REPLACEMENT|regular expression"):
        parse_replacement(wrong)
