"""What Plivo's callbacks say, read out of the forms that may come: whole, in part, and hostile."""

from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from reminderd.gateway.callbacks import InboundText, StatusReport, read_inbound, read_status
from reminderd.gateway.port import Details, MessageState

FORM = (
    "MessageUUID=u-1&ParentMessageUUID=u-1&PartInfo=1+of+1&From=14155550100&To=14155550101&Type=sms&Status=delivered&Units=2"
    "&TotalRate=0.0065&TotalAmount=0.0130&MCC=310&MNC=012&Sequence=3&MessageTime=2026-11-22+08%3A00%3A00"
    "&QueuedTime=2026-11-22+08%3A00%3A00&SentTime=2026-11-22+08%3A00%3A02&DeliveryReportTime=2026-11-22+08%3A00%3A05"
    "&requester_ip=192.0.2.1"
)
AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


def form(**changes: str | list[str] | None) -> dict[str, list[str]]:
    """The usual form; None takes a field away."""
    fields = parse_qs(FORM, keep_blank_values=True)
    for name, value in changes.items():
        if value is None:
            fields.pop(name)
        else:
            fields[name] = [value] if isinstance(value, str) else value
    return fields


def status(**changes: str | list[str] | None) -> StatusReport:
    found = read_status("t-1", form(**changes))
    assert isinstance(found, StatusReport), found
    return found


def test_a_status_is_read_whole() -> None:
    said = Details(
        MessageState.DELIVERED,
        None,
        2,
        AT.replace(second=5),
        "14155550100",
        "14155550101",
        13_000,
        "310",
        "012",
        AT,
        AT.replace(second=2),
    )
    assert status() == StatusReport("t-1", "u-1", said, 3, True)


def test_a_failure_has_its_code() -> None:
    found = status(Status="undelivered", ErrorCode="030")
    assert (found.details.state, found.details.error_code) == (MessageState.UNDELIVERED, 30)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("MessageUUID", None),
        ("MessageUUID", ""),
        ("MessageUUID", "x" * 300),
        ("MessageUUID", ["u-1", "u-2"]),
        ("MessageUUID", "a\x00b"),
        ("Status", None),
        ("Status", "DELIVERED"),
        ("Status", "received"),
        ("Status", ["delivered", "failed"]),
    ],
)
def test_what_names_no_message_or_no_state_is_none(field: str, value: str | list[str] | None) -> None:
    assert isinstance(read_status("t-1", form(**{field: value})), str)


@pytest.mark.parametrize("code", ["many", "-1", "1" * 9, "4.2", "²"])
def test_a_failure_whose_code_cannot_be_read_is_none(code: str) -> None:
    assert read_status("t-1", form(Status="failed", ErrorCode=code)) == "ErrorCode cannot be read"


@pytest.mark.parametrize("field", ["Units", "TotalAmount", "MCC", "MNC", "Sequence", "SentTime", "From", "To"])
@pytest.mark.parametrize("value", ["", "x" * 5000, "-1", "1e999999", "\x00", "²", "<script>", ["1", "2"]])
def test_what_nobody_needs_may_be_anything(field: str, value: str | list[str]) -> None:
    found = status(**{field: value})
    assert found.details.state is MessageState.DELIVERED
    if field != "Sequence":
        assert found.sequence == 3


def test_a_text_is_read_with_the_meaning_that_plivo_gives_it() -> None:
    fields = {"MessageUUID": ["u-2"], "From": ["14155550101"], "To": ["14155550100"], "Text": ["Stop "]}
    fields |= {
        "MessageIntent": ["optout"],
        "Type": ["sms"],
        "MessageTime": ["2026-11-22 08:00:00"],
        "MediaCount": ["2"],
    }
    assert read_inbound(fields) == InboundText("u-2", "+14155550101", "+14155550100", "Stop ", "optout", AT, 2)


def test_where_plivo_says_no_meaning_that_is_not_the_same_as_none_in_particular() -> None:
    fields = {"MessageUUID": ["u-2"], "From": ["14155550101"], "To": ["14155550100"], "MediaCount": ["many"]}
    for given, known in (({}, None), ({"MessageIntent": [""]}, ""), ({"MessageIntent": [" OptIn "]}, "optin")):
        found = read_inbound({**fields, **given})
        assert isinstance(found, InboundText)
        assert (found.intent, found.media) == (known, 0)


def test_a_text_without_one_is_empty_and_a_long_one_is_cut() -> None:
    fields = {"MessageUUID": ["u-2"], "From": ["14155550101"], "To": ["52001"]}
    found = read_inbound(fields)
    assert isinstance(found, InboundText)
    assert (found.text, found.sender) == ("", "52001")
    found = read_inbound({**fields, "Body": ["y" * 9000], "MessageIntent": ["<b>"]})
    assert isinstance(found, InboundText)
    assert (len(found.text), found.intent) == (4000, "")


@pytest.mark.parametrize("field", ["MessageUUID", "From", "To"])
def test_a_text_that_names_nobody_is_none(field: str) -> None:
    fields = {"MessageUUID": ["u-2"], "From": ["14155550101"], "To": ["14155550100"], "Text": ["Hello"]}
    assert isinstance(read_inbound({**fields, field: ["\x00"]}), str)
    assert isinstance(read_inbound({**fields, field: []}), str)
