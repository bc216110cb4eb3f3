"""People who write to our numbers, and what the sandbox passes on of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reminderd.gateway.sandbox import AUTH_TOKEN, CallbackOptions, Options, Sandbox, Standing
from tests.support.receiver import Receiver
from tests.support.sandbox import SENDER, SandboxProcess, sdk_client

PHONE = "+14155550101"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def passing_on_to(receiver: Receiver, *faults: str, method: str = "POST") -> Sandbox:
    callbacks = CallbackOptions(f"{receiver.url}/plivo/inbound", method, scale=0.0001)
    return Sandbox(faults=faults, options=Options(callbacks=callbacks))


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_text_is_passed_on_signed(receiver: Receiver, method: str) -> None:
    with passing_on_to(receiver, method=method) as sandbox:
        received = sandbox.hear("+1 (415) 555-0101", SENDER, "Grüße & more?")
        (call,) = receiver.wait(1)
    assert call.form == {
        "From": "14155550101",
        "To": "14155550100",
        "Text": "Grüße & more?",
        "Type": "sms",
        "MessageUUID": received.message_uuid,
        "Units": "1",
        "TotalRate": "0.00000",
        "TotalAmount": "0.00000",
        "MessageIntent": "",
        "PowerpackUUID": "",
    }
    assert call.method == method
    assert call.is_v2(AUTH_TOKEN)
    if method == "POST":  # of a query the SDK reads ASCII only
        assert call.is_v3(AUTH_TOKEN)
        assert call.is_v3(AUTH_TOKEN, "Ma-V3")


@pytest.mark.parametrize(
    ("text", "intent"),
    [(" stop ", "optout"), ("Stop All", "optout"), ("START", "optin"), ("yes", "optin"), ("Help", "help"), ("no", "")],
)
def test_it_says_what_plivo_takes_a_text_for(receiver: Receiver, text: str, intent: str) -> None:
    with passing_on_to(receiver) as sandbox:
        sandbox.hear(PHONE, SENDER, text)
        (call,) = receiver.wait(1)
    assert (call.form["Text"], call.form["MessageIntent"]) == (text, intent)


def test_texts_of_one_writer_come_in_order_and_again_while_nobody_takes_them() -> None:
    with Receiver(lambda number, _call: 503 if number == 0 else 200) as receiver, passing_on_to(receiver) as sandbox:
        for text in ("STOP", "START", "STOP"):
            sandbox.hear(PHONE, SENDER, text)
        callbacks = sandbox.wait_answered(3)
        assert [call.form["Text"] for call in receiver.calls if call.form["Text"] != "STOP"] == ["START"]
    assert [[each.status for each in callback.tries] for callback in callbacks] == [[503, 200], [200], [200]]


def test_the_same_goes_wrong_with_them(receiver: Receiver) -> None:
    rules = ["signature=wrong,text=^one$", "repeat=2,text=^two$", "lost,text=^three$", "reorder,text=^four$"]
    with passing_on_to(receiver, *rules) as sandbox:
        for text in ("one", "two", "three", "four", "five"):
            sandbox.hear(PHONE, SENDER, text)
        callbacks = sandbox.wait_answered(5)
    assert [call.form["Text"] for call in receiver.calls] == ["one", "two", "two", "five", "four"]
    assert [call.is_v3(AUTH_TOKEN) for call in receiver.calls] == [False, True, True, True, True]
    assert [each.standing for each in callbacks if each.form["Text"] == "three"] == [Standing.LOST]


def test_where_they_go_is_told_while_it_runs(receiver: Receiver) -> None:
    with Sandbox() as sandbox:
        sandbox.hear(PHONE, SENDER, "to nobody")
        sandbox.inbound_to(f"{receiver.url}/plivo/inbound")
        sandbox.hear(PHONE, SENDER, "to us")
        sandbox.wait_answered(1)
        sandbox.inbound_to(None)
        sandbox.hear(PHONE, SENDER, "to nobody again")
        with pytest.raises(ValueError, match="loopback addresses only"):
            sandbox.inbound_to("https://reminders.example.org/plivo/inbound")
        assert [callback.form["Text"] for callback in sandbox.callbacks()] == ["to us"]


def test_one_is_passed_on_once_more_by_hand(receiver: Receiver) -> None:
    with passing_on_to(receiver) as sandbox:
        received = sandbox.hear(PHONE, SENDER, "STOP")
        sandbox.call_back(received.message_uuid)
        sandbox.call_back(received.message_uuid, fields={"Text": "START", "MessageIntent": "optin"})
        calls = receiver.wait(3)
        with pytest.raises(ValueError, match="'status' is nothing"):
            sandbox.call_back(received.message_uuid, "delivered")
    assert {call.form["MessageUUID"] for call in calls} == {received.message_uuid}
    assert sorted(call.form["Text"] for call in calls) == ["START", "STOP", "STOP"]


def test_details_tell_of_a_text_by_its_uuid(receiver: Receiver) -> None:
    with Sandbox() as sandbox, sdk_client(sandbox.url) as client:
        client.messages.create(src=SENDER, dst=PHONE, text="How are you?")
        received = sandbox.hear(PHONE, SENDER, "Fine")
        details = client.messages.get(received.message_uuid)
        assert [each.message_direction for each in client.messages.list()] == ["outbound"]
    assert (details.message_direction, details.message_state) == ("inbound", "received")
    assert (details.from_number, details.to_number, details.units) == ("14155550101", "14155550100", 1)
    assert (details.total_rate, details.total_amount, details.error_code) == ("0.00000", "0.00000", None)


def test_the_log_lists_texts_that_came_in_newest_first() -> None:
    with Sandbox(options=Options(log_limit=0)) as sandbox, sdk_client(sandbox.url) as client:
        client.messages.create(src=SENDER, dst=PHONE, text="How are you?")
        uuids = [sandbox.hear(phone, SENDER, "Fine").message_uuid for phone in [PHONE] * 3 + ["+14155550102"]]

        def listed(**filters: object) -> list[str]:
            return [each.message_uuid for each in client.messages.list(message_direction="inbound", **filters)]

        assert listed() == uuids[::-1]
        assert listed(from_number=PHONE) == uuids[2::-1]
        assert listed(limit=2, offset=1) == uuids[2:0:-1]
        assert listed(to_number=PHONE) == listed(message_state="delivered") == []
        assert listed(message_time__lt="2026-01-01 00:00:00") == []


def test_a_running_sandbox_is_told_over_its_control_addresses(tmp_path: Path, receiver: Receiver) -> None:
    arguments = ("--inbound-url", f"{receiver.url}/plivo/inbound", "--callback-scale", "0.0001")
    with SandboxProcess(tmp_path, *arguments, "--fault", "ends=delivered,after=0s") as sandbox:
        with sdk_client(sandbox.url, auth_token="the account's") as client:
            answer = client.messages.create(src=SENDER, dst=PHONE, text="Hello", url=f"{receiver.url}/status")
        sandbox.hear(PHONE, SENDER, "Hello yourself")
        sandbox.wait_answered(4)
        sandbox.call_back(answer.message_uuid[0], "read", repeat=2)
        callbacks = sandbox.wait_answered(6)
        sandbox.inbound_to(None)
        sandbox.hear(PHONE, SENDER, "Nobody hears this")
        assert sandbox.callbacks() == callbacks
        page = sandbox.control("GET", "callbacks?after=1&limit=2")
        assert [each["id"] for each in page["callbacks"]] == [2, 3]
        assert (page["more"], page["counts"]) == (True, {"answered": 6})
        sandbox.reset()
        assert sandbox.callbacks() == []
    assert all(call.is_v3("the account's") for call in receiver.calls)
    assert all(each["tries"][-1]["status"] == 200 for each in callbacks)
    assert "the account's" not in json.dumps(callbacks)
