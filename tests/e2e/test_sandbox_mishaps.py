"""Callbacks that go wrong, by rule and by hand, as somebody sees them who listens on this machine."""

from collections.abc import Iterator, Sequence

import pytest

from reminderd.gateway.sandbox import AUTH_TOKEN, Callback, Sandbox, Standing
from tests.support.receiver import Call, Receiver
from tests.support.sandbox import SENDER, sdk_client

PHONE = "+14155550101"
AT_ONCE = "ends=delivered,after=0s"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def send(sandbox: Sandbox, receiver: Receiver, phone: str = PHONE, text: str = "Rent is due") -> str:
    with sdk_client(sandbox.url) as client:
        answer = client.messages.create(src=SENDER, dst=phone, text=text, url=f"{receiver.url}/status/9f2c")
        uuid: str = answer.message_uuid[0]
        return uuid


def states(calls: Sequence[Call]) -> list[str]:
    return [call.form["Status"] for call in calls]


def over(callbacks: Sequence[Callback]) -> bool:
    return bool(callbacks) and all(each.standing.over for each in callbacks)


def signatures(call: Call) -> dict[str, bool]:
    """Which signatures there are, and whether Plivo's SDK takes each."""
    found = {name: call.is_v2(AUTH_TOKEN, name) for name in ("V2", "Ma-V2")}
    found |= {name: call.is_v3(AUTH_TOKEN, name) for name in ("V3", "Ma-V3")}
    return {name: right for name, right in found.items() if f"X-Plivo-Signature-{name}" in call.headers}


@pytest.mark.parametrize(
    ("kind", "borne"),
    [
        ("right", {"V2": True, "Ma-V2": True, "V3": True, "Ma-V3": True}),
        ("wrong", {"V2": False, "Ma-V2": False, "V3": False, "Ma-V3": False}),
        ("v2", {"V2": True, "Ma-V2": True}),
        ("ma", {"V2": True, "Ma-V2": True, "V3": False, "Ma-V3": True}),
        ("list", {"V2": True, "Ma-V2": True, "V3": True, "Ma-V3": True}),
        ("none", {}),
    ],
)
def test_each_kind_of_signature_bears_what_it_says(receiver: Receiver, kind: str, borne: dict[str, bool]) -> None:
    with Sandbox(faults=["ends=queued", f"signature={kind}"]) as sandbox:
        uuid = send(sandbox, receiver)
        sandbox.call_back(uuid, "sent", signature=kind)
        for call in receiver.wait(2):
            assert signatures(call) == borne
            assert ("," in call.headers.get("X-Plivo-Signature-V3", "")) == (kind == "list")


def test_only_the_callbacks_that_a_rule_means_go_wrong(receiver: Receiver) -> None:
    rules = [AT_ONCE, "signature=none,state=sent,phone=0102$,text=Rent", "lost,on=inbound"]
    with Sandbox(faults=rules) as sandbox:
        send(sandbox, receiver)
        send(sandbox, receiver, "+14155550102", "Lunch")
        send(sandbox, receiver, "+14155550102")
        sandbox.wait_answered(9)
        assert [(each["seen"], each["applied"]) for each in sandbox.faults()] == [(3, 3), (1, 1), (0, 0)]
    unsigned = [call for call in receiver.calls if not signatures(call)]
    assert [(call.form["To"], call.form["Status"]) for call in unsigned] == [("14155550102", "sent")]


def test_a_callback_is_repeated_with_another_nonce(receiver: Receiver) -> None:
    with Sandbox(faults=["ends=queued", "repeat=3"]) as sandbox:
        send(sandbox, receiver)
        calls = receiver.wait(3)
        assert len(sandbox.wait_answered(3)) == 3
    assert len({tuple(sorted(call.form.items())) for call in calls}) == 1
    assert len({call.headers["X-Plivo-Signature-V3-Nonce"] for call in calls}) == 3


def test_they_come_the_other_way_round(receiver: Receiver) -> None:
    with Sandbox(faults=[AT_ONCE, "reorder"]) as sandbox:
        send(sandbox, receiver)
        sandbox.wait_answered(3)
    assert states(receiver.calls) == ["delivered", "sent", "queued"]


def test_one_comes_after_the_next_of_its_message(receiver: Receiver) -> None:
    with Sandbox(faults=[AT_ONCE, "reorder,state=queued"]) as sandbox:
        send(sandbox, receiver)
        sandbox.wait_answered(3)
    assert states(receiver.calls) == ["sent", "queued", "delivered"]


def test_what_is_held_waits_for_as_long_as_nothing_comes(receiver: Receiver) -> None:
    with Sandbox(faults=["ends=delivered,after=300s", "reorder,state=sent|delivered"]) as sandbox:
        uuid = send(sandbox, receiver)
        sandbox.wait_callbacks(
            lambda callbacks: [each.standing for each in callbacks] == [Standing.ANSWERED, Standing.HELD]
        )
        assert states(receiver.calls) == ["queued"]
        assert sandbox.call_back(uuid, "delivered").state == "delivered"
        sandbox.wait_answered(2)
    assert states(receiver.calls) == ["queued", "delivered"]


def test_one_that_is_late_holds_up_no_other(receiver: Receiver) -> None:
    with Sandbox(faults=[AT_ONCE, "latency=300s,on=status,state=queued"]) as sandbox:
        send(sandbox, receiver)
        callbacks = sandbox.wait_answered(2)
    assert states(receiver.calls) == ["sent", "delivered"]
    assert [each.standing for each in callbacks] == [Standing.WAITING, Standing.ANSWERED, Standing.ANSWERED]


def test_one_that_is_late_comes(receiver: Receiver) -> None:
    with Sandbox(faults=[AT_ONCE, "latency=100ms,on=status,state=queued"]) as sandbox:
        send(sandbox, receiver)
        sandbox.wait_answered(3)
    assert sorted(states(receiver.calls)) == ["delivered", "queued", "sent"]


def test_one_that_is_lost_is_written_down_and_not_made(receiver: Receiver) -> None:
    with Sandbox(faults=[AT_ONCE, "lost,state=sent"]) as sandbox:
        send(sandbox, receiver)
        callbacks = sandbox.wait_callbacks(lambda callbacks: len(callbacks) == 3 and over(callbacks))
    assert states(receiver.calls) == ["queued", "delivered"]
    assert [(each.standing, each.fault) for each in callbacks][1] == (Standing.LOST, "lost=true,state=sent")


def test_rules_can_be_changed_while_it_runs(receiver: Receiver) -> None:
    with Sandbox(faults=[AT_ONCE]) as sandbox:
        sandbox.add_fault({"signature": "none"})
        send(sandbox, receiver)
        sandbox.wait_answered(3)
        sandbox.clear_faults()
        sandbox.add_fault(AT_ONCE)
        send(sandbox, receiver)
        sandbox.wait_answered(6)
    assert [bool(signatures(call)) for call in receiver.calls] == [False] * 3 + [True] * 3


# By hand


def test_by_hand_any_state_is_reported_in_any_sequence_with_any_fields(receiver: Receiver) -> None:
    with Sandbox(faults=["ends=queued", "lost,state=undelivered"]) as sandbox:
        uuid = send(sandbox, receiver)
        sandbox.wait_answered(1)
        fields = {"MCC": None, "To": "14155550199", "Extra": "é"}
        made = sandbox.call_back(uuid, "undelivered", error_code=30, sequence=1, fields=fields)
        sandbox.wait_answered(2)
    call = receiver.calls[1]
    assert call.form == made.form
    assert (call.form["Status"], call.form["ErrorCode"], call.form["Sequence"]) == ("undelivered", "30", "1")
    assert (call.form["To"], call.form["Extra"], "MCC" in call.form) == ("14155550199", "é", False)
    assert call.is_v3(AUTH_TOKEN)


def test_by_hand_it_goes_anywhere_on_this_machine_and_nowhere_else(receiver: Receiver) -> None:
    with Sandbox(faults=["ends=queued"]) as sandbox:
        with sdk_client(sandbox.url) as client:
            uuid = client.messages.create(src=SENDER, dst=PHONE, text="quiet").message_uuid[0]
        with pytest.raises(ValueError, match="say the url"):
            sandbox.call_back(uuid, "sent")
        sandbox.call_back(uuid, "sent", url=f"{receiver.url}/status?a=1", method="GET", repeat=2)
        calls = receiver.wait(2)
        sandbox.call_back(uuid, "sent", url="http://192.0.2.1/")
        (refused,) = sandbox.callbacks()[2:]
    assert [(call.method, call.form["a"], call.form["Sequence"]) for call in calls] == [("GET", "1", "2")] * 2
    assert refused.standing is Standing.REFUSED


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"status": "arrived"}, "write one of queued"),
        ({}, "write one of queued"),
        ({"status": "sent", "when": "now"}, "'when' is nothing"),
        ({"status": "sent", "sequence": "first"}, "not a whole number"),
        ({"status": "sent", "signature": "odd"}, "write one of right"),
        ({"status": "sent", "repeat": 0}, "from 1 to 100"),
        ({"status": "sent", "latency": "soon"}, "not a time"),
        ({"status": "sent", "fields": {"MCC": 310}}, "texts by name"),
        ({"status": "sent", "method": "PUT"}, "GET or POST"),
    ],
)
def test_by_hand_what_cannot_be_understood_is_said(receiver: Receiver, said: dict[str, object], problem: str) -> None:
    with Sandbox(faults=["ends=queued"]) as sandbox:
        uuid = send(sandbox, receiver)
        with pytest.raises(ValueError, match=problem):
            sandbox.call_back(uuid, **said)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="no message of this sandbox"):
            sandbox.call_back("5b40a428-bfc7-4daf-9d06-726c558bf3b8", "sent")
