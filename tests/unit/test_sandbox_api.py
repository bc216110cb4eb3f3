"""The API that the sandbox plays, without sockets: who may send what."""

import json
from datetime import timedelta

import pytest

from reminderd.gateway.sandbox import AUTH_ID, Options
from reminderd.gateway.sandbox.http import Request
from tests.support.sandbox import MESSAGES, Played


@pytest.fixture
def played() -> Played:
    return Played(Options(log_limit=0))


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
