"""The API that the sandbox plays, without sockets and in a time of our own."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from reminderd.gateway.sandbox import AUTH_ID, Ledger, Options, Seen, Service, parse_fault
from reminderd.gateway.sandbox.http import Malformed, Request, Response

NOW = datetime(2026, 11, 22, 8, 0, 0, 250_000, tzinfo=UTC)
MESSAGES = f"/v1/Account/{AUTH_ID}/Message/"
BODY = {"src": "+14155550100", "dst": "+14155550101", "text": "Rent is due"}


class Frozen:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def boottime(self) -> float:
        return self.passed

    def synchronised(self) -> bool:
        return True


class Played:
    """A service with its clock, asked directly."""

    def __init__(self, options: Options | None = None, *faults: str) -> None:
        self.clock = Frozen()
        self.seen: list[Seen] = []
        rules = [parse_fault(fault) for fault in faults]
        self.ledger = Ledger()
        self.service = Service(self.ledger, self.clock, options or Options(), rules, self.seen.append)

    def ask(self, method: str, target: str, body: object = None, credentials: str = f"{AUTH_ID}:token") -> Response:
        path, _, query = target.partition("?")
        headers = {"authorization": f"Basic {b64encode(credentials.encode()).decode()}"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = self.service.handle(Request(method, path, query, headers, content, keep_alive=True)).response
        assert response is not None
        return response

    def send(self, **fields: object) -> Response:
        return self.ask("POST", MESSAGES, {**BODY, **fields})

    def uuids(self, **fields: object) -> list[str]:
        answer = self.send(**fields)
        assert answer.status == 202, answer
        uuids: list[str] = json.loads(answer.body)["message_uuid"]
        return uuids

    def page(self, **filters: object) -> dict[str, Any]:
        answer = self.ask("GET", f"{MESSAGES}?{urlencode(filters)}")
        assert answer.status == 200, answer
        document: dict[str, Any] = json.loads(answer.body)
        return document

    def listed(self, **filters: object) -> list[str]:
        return [shown["message_uuid"] for shown in self.page(**filters)["objects"]]


@pytest.fixture
def played() -> Played:
    return Played(Options(log_limit=0))


# Sending


def test_a_message_is_accepted_with_one_uuid(played: Played) -> None:
    answer = played.send()
    document = json.loads(answer.body)
    assert (answer.status, answer.content_type) == (202, "application/json")
    assert document == {
        "api_id": document["api_id"],
        "message": "message(s) queued",
        "message_uuid": [played.ledger.messages()[0].message_uuid],
    }


def test_the_ledger_holds_what_was_asked_for(played: Played) -> None:
    played.send(log="number_only", message_expiry=60, text="x" * 161)
    (message,) = played.ledger.messages()
    assert (message.src, message.dst, message.units) == ("14155550100", "14155550101", 2)
    assert (message.log, message.message_expiry, message.ts) == ("number_only", 60, "2026-11-22T08:00:00.250000Z")


def test_many_destinations_are_cleaned_told_apart_and_sorted_out(played: Played) -> None:
    answer = json.loads(played.send(dst="+1 (415) 555-0101<1415.555.0101<111<+44 7700/900123<0049").body)
    assert answer["invalid_number"] == ["111", "0049"]
    assert [message.dst for message in played.ledger.messages()] == ["14155550101", "447700900123"]
    assert [message.message_uuid for message in played.ledger.messages()] == answer["message_uuid"]


def test_a_sender_name_is_stripped_to_letters_and_digits(played: Played) -> None:
    played.send(src="Rent-Desk 1")
    assert played.ledger.messages()[0].src == "RentDesk1"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"dst": "111"}, "'111' is not a valid phone number."),
        ({"dst": "111<222"}, "invalid phone numbers."),
        ({"dst": "+14155550100"}, "'+14155550100' is not a valid phone number."),
        ({"dst": ""}, "dst parameter not present"),
        ({"dst": ["+14155550101"]}, "dst parameter is not a string"),
        ({"dst": "<".join(["+14155550101"] * 1001)}, "more than 1000 destination numbers"),
        ({"src": None}, "src parameter not present"),
        ({"src": "---"}, "'---' is not a valid source"),
        ({"src": "AVeryLongName"}, "'AVeryLongName' is not a valid source"),
        ({"powerpack_uuid": "x"}, "only one of src and powerpack_uuid can be given"),
        ({"text": None}, "text parameter not present"),
        ({"text": 5}, "text parameter is not a string"),
        ({"text": "\ud800"}, "text parameter is not valid Unicode"),
        ({"text": "x" * 1601}, "text is too long, at most 1600 characters of GSM-7"),
        ({"log": "maybe"}, "log parameter is not one of true, false, content_only, number_only"),
        ({"type": "fax"}, "type parameter is not one of sms, mms, whatsapp"),
        ({"message_expiry": 4}, "message_expiry is not from 5 to 10800 seconds"),
        ({"message_expiry": "soon"}, "message_expiry is not from 5 to 10800 seconds"),
        ({"message_expiry": True}, "message_expiry is not from 5 to 10800 seconds"),
    ],
)
def test_what_plivo_refuses_is_refused_and_not_accepted(played: Played, fields: dict[str, object], error: str) -> None:
    answer = played.send(**fields)
    document = json.loads(answer.body)
    assert (answer.status, document) == (400, {"api_id": document["api_id"], "error": error})
    assert played.ledger.messages() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(played: Played, body: bytes) -> None:
    assert played.ask("POST", MESSAGES, body).status == 400


# Who may ask, and where


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/v1/Account/{AUTH_ID}", 404),
        ("POST", MESSAGES.rstrip("/"), 404),
        ("GET", "/", 404),
        ("GET", f"/v1/Account/{AUTH_ID}/Call/", 404),
        ("DELETE", MESSAGES, 405),
        ("POST", f"{MESSAGES}some-uuid/", 405),
        ("POST", f"/v1/Account/{AUTH_ID}/", 405),
        ("GET", f"{MESSAGES}00000000-0000-4000-8000-000000000001/", 404),
    ],
)
def test_other_addresses_and_methods_are_refused(played: Played, method: str, path: str, status: int) -> None:
    assert played.ask(method, path).status == status


@pytest.mark.parametrize(
    ("credentials", "options", "status"),
    [
        (f"{AUTH_ID}:anything", Options(), 200),
        (f"{AUTH_ID}:", Options(), 401),
        ("MA000000000000000000:anything", Options(), 401),
        (f"{AUTH_ID}:right", Options(auth_token="right"), 200),
        (f"{AUTH_ID}:wrong", Options(auth_token="right"), 401),
        (f"{AUTH_ID}:right", Options(auth_id="MA" + "9" * 18), 401),
    ],
)
def test_credentials_agree_with_the_path_and_with_the_options(credentials: str, options: Options, status: int) -> None:
    answer = Played(options).ask("GET", f"/v1/Account/{AUTH_ID}/", credentials=credentials)
    assert answer.status == status
    assert answer.content_type.startswith("application/json" if status == 200 else "text/plain")


@pytest.mark.parametrize("authorization", ["", "Bearer x", "Basic", "Basic !!", "Basic /w=="])
def test_what_is_no_basic_authorization_is_refused(played: Played, authorization: str) -> None:
    request = Request("GET", MESSAGES, "", {"authorization": authorization}, b"", keep_alive=True)
    response = played.service.handle(request).response
    assert response is not None
    assert response.status == 401


def test_an_account_sees_only_its_own_messages(played: Played) -> None:
    (uuid,) = played.uuids()
    other = "MA" + "9" * 18
    assert json.loads(played.ask("GET", f"/v1/Account/{other}/Message/", None, f"{other}:x").body)["objects"] == []
    assert played.ask("GET", f"/v1/Account/{other}/Message/{uuid}/", None, f"{other}:x").status == 404


def test_the_account_has_credit() -> None:
    played = Played(Options(offset=-timedelta(hours=3, minutes=30)))
    account = json.loads(played.ask("GET", f"/v1/Account/{AUTH_ID}/").body)
    assert account["cash_credits"] == "100.00000"
    assert account["timezone"] == "UTC-03:30"


# The log


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


# Faults, counts and the control addresses


def test_a_fault_before_accepting_accepts_nothing() -> None:
    played = Played(None, "status=503,count=1")
    assert played.send().status == 503
    assert played.ledger.messages() == []
    assert played.send().status == 202


def test_a_fault_after_accepting_is_named_in_the_ledger() -> None:
    played = Played(None, "status=503,accept=true,count=1")
    assert played.send().status == 503
    assert played.send().status == 202
    assert [message.fault for message in played.ledger.messages()] == ["status=503,accept=true,count=1", None]


def test_a_request_that_is_refused_anyway_spends_no_fault() -> None:
    played = Played(None, "status=503,count=1")
    assert played.send(dst="111").status == 400
    assert played.send().status == 503


def test_a_full_ledger_is_said(played: Played) -> None:
    played.ledger = Ledger(most=1)
    played.service = Service(played.ledger, played.clock, Options())
    assert [played.send().status for _ in range(2)] == [202, 503]


def test_requests_are_counted_by_kind_and_shown_without_text(played: Played) -> None:
    played.send()
    played.send(dst="111")
    played.page()
    played.service.handle(Malformed(400, "noise"))
    assert played.service.counts == {"total": 4, "send": 1, "refused": 1, "log": 1, "malformed": 1}
    assert [(seen.method, seen.what, seen.result) for seen in played.seen] == [
        ("POST", "send", "202 Accepted"),
        ("POST", "refused", "400 Bad Request"),
        ("GET", "log", "200 OK"),
        ("?", "malformed", "400 Bad Request"),
    ]


def control(played: Played, method: str, path: str, body: object = None) -> tuple[int, Any]:
    answer = played.ask(method, f"/__control/{path}", body, credentials="")
    return answer.status, json.loads(answer.body)


def test_faults_are_added_listed_and_cleared_while_it_runs(played: Played) -> None:
    status, listed = control(played, "POST", "faults", {"status": 503, "count": 1})
    assert (status, listed) == (200, {"faults": [{"fault": "status=503,count=1", "seen": 0, "applied": 0}]})
    control(played, "POST", "faults", ["reset=after", {"empty": True}])
    assert played.send().status == 503
    assert [rule["applied"] for rule in control(played, "GET", "faults")[1]["faults"]] == [1, 0, 0]
    assert control(played, "DELETE", "faults") == (200, {"faults": []})
    assert played.send().status == 202


@pytest.mark.parametrize("body", [b"{", 5, [5], {"stauts": 503}, "status=503,count=x"])
def test_a_fault_that_cannot_be_read_is_refused_with_a_sentence(played: Played, body: object) -> None:
    status, answer = control(played, "POST", "faults", body)
    assert status == 400
    assert len(answer["error"]) > 10
    assert control(played, "GET", "faults") == (200, {"faults": []})


def test_the_ledger_is_shown_in_pages(played: Played) -> None:
    for _ in range(3):
        played.send()
    first = control(played, "GET", "ledger?limit=2")[1]
    second = control(played, "GET", "ledger?limit=2&after=2")[1]
    assert [[message["seq"] for message in page["messages"]] for page in (first, second)] == [[1, 2], [3]]
    assert [(page["total"], page["more"]) for page in (first, second)] == [(3, True), (3, False)]
    assert first["messages"][0] == played.ledger.messages()[0]._asdict()
    assert control(played, "GET", "ledger?after=9")[1] == {"total": 3, "more": False, "messages": []}
    assert control(played, "GET", "ledger?after=x")[0] == 400


def test_duplicates_are_shown(played: Played) -> None:
    for text in ("one", "two", "one"):
        played.send(text=text)
    assert control(played, "GET", "duplicates")[1] == {
        "duplicates": [{"src": "14155550100", "dst": "14155550101", "text": "one", "count": 2, "seqs": [1, 3]}]
    }


def test_a_reset_goes_back_to_the_start() -> None:
    played = Played(None, "status=503,count=1")
    control(played, "POST", "faults", "status=500")
    assert [played.send().status for _ in range(2)] == [503, 500]
    for _ in range(20):
        played.page()
    assert control(played, "POST", "reset") == (200, {"accepted": 0})
    assert [played.send().status for _ in range(2)] == [503, 202]
    assert len(played.page()["objects"]) == 1


def test_other_control_addresses_say_which_there_are(played: Played) -> None:
    assert "ledger" in control(played, "GET", "faluts")[1]["error"]
    assert control(played, "PUT", "faults")[0] == 405
