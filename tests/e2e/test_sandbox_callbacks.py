"""What the sandbox reports by itself, as somebody sees it who listens on this machine."""

import ssl
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from reminderd.gateway.sandbox import AUTH_TOKEN, CallbackOptions, Options, Sandbox, Seen, Standing, parse_behind
from reminderd.gateway.sandbox.callbacks.outbox import AT_ONCE as AT_ONCE_MOST
from tests.e2e.test_gateway_routes import CERTIFICATE
from tests.support.receiver import Call, Receiver
from tests.support.sandbox import SENDER, Played, sdk_client

PHONE = "+14155550101"
AT_ONCE = "ends=delivered,after=0s"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def send(sandbox: Sandbox, url: str, phone: str = PHONE, token: str = AUTH_TOKEN, **more: object) -> str:
    with sdk_client(sandbox.url, auth_token=token) as client:
        answer = client.messages.create(src=SENDER, dst=phone, text="Rent is due", url=url, **more)
        uuid: str = answer.message_uuid[0]
        return uuid


def states(calls: Sequence[Call]) -> list[str]:
    return [call.form["Status"] for call in calls]


def quick(*faults: str, **more: Any) -> Sandbox:
    """One whose messages come to their end at once, and that tries again soon."""
    return Sandbox(faults=faults, options=Options(callbacks=CallbackOptions(scale=0.0001, **more)))


def test_a_message_is_reported_queued_sent_and_delivered_with_what_its_details_say(receiver: Receiver) -> None:
    with quick(AT_ONCE) as sandbox:
        uuid = send(sandbox, f"{receiver.url}/plivo/status/9f2c")
        calls = receiver.wait(3)
        with sdk_client(sandbox.url) as client:
            details = client.messages.get(uuid)
    assert states(calls) == ["queued", "sent", "delivered"]
    last = calls[-1].form
    assert (last["MessageUUID"], last["ParentMessageUUID"], last["PartInfo"]) == (uuid, uuid, "1 of 1")
    assert (last["From"], last["To"], last["Type"], last["PowerpackUUID"]) == ("14155550100", "14155550101", "sms", "")
    assert [call.form["Sequence"] for call in calls] == ["1", "2", "3"]
    assert [call.form["TotalAmount"] for call in calls] == ["0.00000", "0.00500", "0.00500"]
    assert last["Units"] == str(details.units)
    assert (last["TotalRate"], last["TotalAmount"]) == (details.total_rate, details.total_amount)
    assert (last["MCC"], last["MNC"]) == (details.mcc, details.mnc) == ("310", "260")
    assert [bool(call.form["SentTime"]) for call in calls] == [False, True, True]
    assert [bool(call.form["DeliveryReportTime"]) for call in calls] == [False, False, True]
    assert details.message_time.startswith(last["MessageTime"])
    assert not any("ErrorCode" in call.form for call in calls)


def test_each_of_them_is_signed_in_both_versions_with_the_token_of_the_request(receiver: Receiver) -> None:
    with quick(AT_ONCE) as sandbox:
        send(sandbox, f"{receiver.url}/plivo/status/9f2c", token="one of the account's")
        for call in receiver.wait(3):
            assert all(call.is_v2("one of the account's", name) for name in ("V2", "Ma-V2"))
            assert all(call.is_v3("one of the account's", name) for name in ("V3", "Ma-V3"))
            assert not call.is_v2(AUTH_TOKEN)
            assert not call.is_v3(AUTH_TOKEN)


def test_a_get_says_it_in_the_query_beside_what_the_url_had_there(receiver: Receiver) -> None:
    with quick(AT_ONCE) as sandbox:
        send(sandbox, f"{receiver.url}/plivo/status?token=9f2c", method="GET")
        calls = receiver.wait(3)
    assert [(call.method, call.form["token"], call.body) for call in calls] == [("GET", "9f2c", {})] * 3
    assert states(calls) == ["queued", "sent", "delivered"]
    assert all(call.is_v2(AUTH_TOKEN) and call.is_v3(AUTH_TOKEN) for call in calls)


def test_a_failed_message_was_never_sent_and_has_its_error_code(receiver: Receiver) -> None:
    with quick("ends=failed,code=420,after=0s") as sandbox:
        send(sandbox, f"{receiver.url}/status")
        calls = receiver.wait(2)
        sandbox.wait_answered(2)
    assert states(calls) == ["queued", "failed"]
    assert (calls[1].form["ErrorCode"], calls[1].form["SentTime"], calls[1].form["TotalAmount"]) == (
        "420",
        "",
        "0.00000",
    )
    assert len(receiver.calls) == 2


def test_an_undelivered_one_was_sent(receiver: Receiver) -> None:
    with quick("ends=undelivered,code=30,after=0s") as sandbox:
        send(sandbox, f"{receiver.url}/status")
        calls = receiver.wait(3)
    assert states(calls) == ["queued", "sent", "undelivered"]
    assert (calls[2].form["ErrorCode"], calls[2].form["TotalAmount"]) == ("30", "0.00500")


def test_queued_is_reported_at_once_even_if_the_answer_gets_lost(receiver: Receiver) -> None:
    with quick("reset=after,ends=queued") as sandbox:
        with pytest.raises(Exception, match="reset"):
            send(sandbox, f"{receiver.url}/status")
        (call,) = receiver.wait(1)
        assert call.form["MessageUUID"] == sandbox.messages()[0].message_uuid


def test_what_asked_for_no_callbacks_gets_none(receiver: Receiver) -> None:
    with quick(AT_ONCE) as sandbox:
        with sdk_client(sandbox.url) as client:
            client.messages.create(src=SENDER, dst=PHONE, text="quiet")
        send(sandbox, f"{receiver.url}/status")
        sandbox.wait_answered(3)
        assert {callback.message_uuid for callback in sandbox.callbacks()} == {sandbox.messages()[1].message_uuid}


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/status", "https://reminders.example.org/status", "http://[2001:db8::1]/"]
)
def test_another_machine_is_never_called_and_the_sandbox_says_so(url: str) -> None:
    seen: list[Seen] = []
    with Sandbox(faults=[AT_ONCE], watch=seen.append) as sandbox:
        send(sandbox, url)
        (callback,) = sandbox.wait_callbacks(lambda callbacks: len(callbacks) == 1)
    assert callback.standing is Standing.REFUSED
    assert not callback.tries
    assert "loopback addresses only" in next(each.result for each in seen if each.what == "status")


def test_what_is_behind_a_proxy_is_called_there_and_signed_as_plivo_would(receiver: Receiver) -> None:
    behind = (parse_behind(f"https://reminders.example.org={receiver.url}"),)
    with quick(AT_ONCE, behind=behind) as sandbox:
        send(sandbox, "https://reminders.example.org/plivo/status/9f2c")
        call = receiver.wait(3)[0]
    assert call.headers["Host"] == "reminders.example.org"
    public = Call(call.method, call.url.replace("http://", "https://"), call.headers, call.body)
    assert public.is_v2(AUTH_TOKEN)
    assert public.is_v3(AUTH_TOKEN)


def test_https_is_spoken_to_any_certificate_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "server.pem").write_text(CERTIFICATE)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.pem")
    with Receiver(tls=tls) as receiver, quick("ends=queued") as sandbox:
        send(sandbox, f"{receiver.url}/status")
        (call,) = receiver.wait(1)
    assert call.url.startswith("https://127.0.0.1:")
    assert call.is_v3(AUTH_TOKEN)


def test_who_speaks_no_tls_where_it_should_is_asked_again(receiver: Receiver) -> None:
    with quick("ends=queued") as sandbox:
        send(sandbox, f"{receiver.url.replace('http:', 'https:')}/status")
        (callback,) = sandbox.wait_callbacks(lambda callbacks: any(each.standing.over for each in callbacks))
    assert callback.standing is Standing.GIVEN_UP
    assert not receiver.calls


def test_it_tries_again_three_times_and_gives_up() -> None:
    with Receiver(lambda _number, _call: 503) as receiver, quick("ends=queued") as sandbox:
        send(sandbox, f"{receiver.url}/status")
        (callback,) = sandbox.wait_callbacks(lambda callbacks: any(each.standing.over for each in callbacks))
        assert callback.standing is Standing.GIVEN_UP
        assert [each.status for each in callback.tries] == [503] * 4
        assert len({call.form["MessageUUID"] for call in receiver.wait(4)}) == 1


def test_it_is_content_with_any_2xx_and_with_nothing_else() -> None:
    statuses = [302, 404, 500, 204]
    with Receiver(lambda number, _call: statuses[number]) as receiver, quick("ends=queued") as sandbox:
        send(sandbox, f"{receiver.url}/status")
        (callback,) = sandbox.wait_answered(1)
        assert [each.status for each in callback.tries] == statuses


def test_who_does_not_listen_or_does_not_answer_is_asked_again() -> None:
    with Receiver(lambda number, _call: None if number == 0 else 200) as receiver, quick("ends=queued") as sandbox:
        send(sandbox, f"{receiver.url}/status")
        (callback,) = sandbox.wait_answered(1)
        assert [each.result for each in callback.tries] == ["closed without an answer", "200 OK"]
    with quick("ends=queued") as sandbox:
        send(sandbox, f"{receiver.url}/status")
        (callback,) = sandbox.wait_callbacks(lambda callbacks: any(each.standing.over for each in callbacks))
        assert [each.result for each in callback.tries] == ["Connection refused"] * 4


def test_who_is_slow_is_asked_again_and_holds_up_no_answer_to_a_send() -> None:
    free = threading.Event()

    def answer(number: int, _call: Call) -> int:
        if number == 0:
            assert free.wait(30)
        return 200

    with Receiver(answer) as receiver, quick("ends=queued", patience=0.5) as sandbox:
        try:
            send(sandbox, f"{receiver.url}/status")
            send(sandbox, f"{receiver.url}/status")
            callbacks = sandbox.wait_answered(2)
        finally:
            free.set()
    assert "no answer within 0.5 s" in [each.tries[0].result for each in callbacks]
    assert {each.tries[-1].result for each in callbacks} == {"200 OK"}


def test_a_state_is_first_told_when_the_one_before_was_answered() -> None:
    free = threading.Event()

    def answer(number: int, _call: Call) -> int:
        if number == 0:
            assert free.wait(30)
            return 500
        return 200

    with Receiver(answer) as receiver, Sandbox(faults=[AT_ONCE]) as sandbox:
        send(sandbox, f"{receiver.url}/status")
        receiver.wait(1)
        callbacks = sandbox.wait_callbacks(lambda callbacks: len(callbacks) == 3)
        assert [callback.standing for callback in callbacks] == [Standing.SENDING, Standing.WAITING, Standing.WAITING]
        free.set()
        callbacks = sandbox.wait_answered(2)
    assert states(receiver.calls) == ["queued", "sent", "delivered"]
    assert callbacks[0].standing is Standing.RETRYING


def test_many_messages_are_all_reported(receiver: Receiver) -> None:
    phones = "<".join(f"+1415556{number:04d}" for number in range(300))
    with quick(AT_ONCE) as sandbox:
        send(sandbox, f"{receiver.url}/status", phones)
        callbacks = sandbox.wait_answered(900)
    by_message: dict[str, list[str]] = {}
    for call in receiver.calls:
        by_message.setdefault(call.form["MessageUUID"], []).append(call.form["Status"])
    assert len(by_message) == 300
    assert all(found == ["queued", "sent", "delivered"] for found in by_message.values())
    assert all(len(callback.tries) == 1 for callback in callbacks)


def test_so_many_are_made_at_once_and_no_more() -> None:
    free = threading.Event()
    under_way, most = 0, 0
    lock = threading.Lock()

    def answer(_number: int, _call: Call) -> int:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        assert free.wait(30)
        with lock:
            under_way -= 1
        return 200

    phones = "<".join(f"+1415556{number:04d}" for number in range(50))
    with Receiver(answer) as receiver, quick("ends=queued", patience=30.0) as sandbox:
        try:
            send(sandbox, f"{receiver.url}/status", phones)
            receiver.wait(AT_ONCE_MOST)
            send(sandbox, f"{receiver.url}/status")  # is answered all the same
        finally:
            free.set()
        sandbox.wait_answered(51)
    assert most == AT_ONCE_MOST


def test_what_comes_on_top_of_what_may_wait_is_dropped_and_said() -> None:
    seen: list[Seen] = []
    options = Options(callbacks=CallbackOptions(most=20))
    phones = "<".join(f"+1415556{number:04d}" for number in range(50))
    with Receiver(lambda _number, _call: 503) as receiver:
        with Sandbox(faults=["ends=queued"], options=options, watch=seen.append) as sandbox:
            send(sandbox, f"{receiver.url}/status", phones)
            callbacks = sandbox.wait_callbacks(lambda callbacks: len(callbacks) == 50)
    dropped = [each for each in callbacks if each.standing is Standing.DROPPED]
    assert 0 < len(dropped) < 50
    assert {each.reason for each in dropped} == {"too many wait"}
    assert sum(each.result == "dropped: too many wait" for each in seen) == len(dropped)


def test_an_outage_of_the_sandbox_drops_what_was_to_be_tried_again() -> None:
    with Receiver(lambda number, _call: 503 if number == 0 else 200) as receiver:
        with Sandbox(faults=["ends=queued"]) as sandbox:
            send(sandbox, f"{receiver.url}/status")
            sandbox.wait_callbacks(lambda callbacks: any(each.standing is Standing.RETRYING for each in callbacks))
            sandbox.stop()
            assert [callback.standing for callback in sandbox.callbacks()] == [Standing.DROPPED]
            sandbox.start()
            send(sandbox, f"{receiver.url}/status")
            callbacks = sandbox.wait_answered(1)
    assert [callback.standing for callback in callbacks] == [Standing.DROPPED, Standing.ANSWERED]


@pytest.mark.parametrize(("field", "value"), [("url", "ftp://127.0.0.1/"), ("url", 5), ("method", "PUT")])
def test_a_url_or_method_that_is_none_is_refused(field: str, value: object) -> None:
    played = Played()
    answer = played.send(**{"url": "http://127.0.0.1:8080/status", field: value})
    assert answer.status == 400
    assert field.encode() in answer.body


def test_the_ledger_keeps_where_and_how_it_was_to_be_reported(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "ledger.jsonl", faults=["ends=queued"]) as sandbox:
        send(sandbox, "http://127.0.0.1:1/status/9f2c", method="get")
        (message,) = sandbox.messages()
    assert (message.url, message.method) == ("http://127.0.0.1:1/status/9f2c", "GET")
    with Sandbox(tmp_path / "ledger.jsonl") as sandbox:
        assert sandbox.messages() == [message]
