"""The ledger: written before it is said, read back as it was written."""

import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from reminderd.gateway.sandbox.course import Course
from reminderd.gateway.sandbox.index import Criteria
from reminderd.gateway.sandbox.ledger import Ledger, LedgerError
from reminderd.gateway.sandbox.message import Draft, Message

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
AUTH_ID = "MASANDBOX00000000000"
NOT_TEXT = json.dumps({key: [] for key in Message._fields} | {"seq": 1, "ts": NOW.isoformat()}).encode() + b"\n"


def draft(phone: str = "14155550101", text: str = "hello", auth_id: str = AUTH_ID, log: str = "true") -> Draft:
    return Draft(auth_id, "api", "14155550100", phone, text, 1, log=log)


def found(ledger: Ledger, **filters: str) -> list[int]:
    criteria = Criteria(filters.pop("auth_id", AUTH_ID), 0.0, float("inf"), **filters)
    return [message.seq for message in ledger.search(criteria, 0, 100)]


def test_a_message_is_in_the_file_when_accept_returns(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    (accepted,) = ledger.accept([draft(text="grüße")], NOW)
    uuid = accepted.message_uuid
    assert json.loads(path.read_bytes()) == {
        "seq": 1,
        "ts": "2026-11-22T08:00:00.000000Z",
        "auth_id": AUTH_ID,
        "api_id": "api",
        "src": "14155550100",
        "dst": "14155550101",
        "text": "grüße",
        "text_sha256": sha256("grüße".encode()).hexdigest(),
        "message_uuid": uuid,
        "units": 1,
        "type": "sms",
        "log": "true",
        "message_expiry": None,
        "fault": None,
        "ends": "delivered",
        "error_code": None,
        "ends_after": 3.0,
        "url": None,
        "method": "POST",
    }
    ledger.close()


def test_a_ledger_of_before_messages_could_fail_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.accept([draft()], NOW)
    ledger.close()
    path.write_text(re.sub(r',"ends".*}', "}", path.read_text()))
    after = Ledger(path)
    assert [message.course for message in after.messages()] == [Course()]
    after.close()


def test_a_ledger_is_read_back_whole(tmp_path: Path) -> None:
    before = Ledger(tmp_path / "ledger")
    messages = before.accept([draft("14155550101"), draft("14155550102")], NOW)
    uuids = [message.message_uuid for message in messages]
    assert before.messages() == messages
    before.close()
    after = Ledger(tmp_path / "ledger")
    assert after.messages() == messages
    assert [after.find(uuid) for uuid in uuids] == messages
    assert found(after, dst="14155550102") == [2]
    (third,) = after.accept([draft("14155550103")], NOW)
    assert third.message_uuid not in uuids
    assert [message.seq for message in after.messages()] == [1, 2, 3]
    after.close()


def test_a_line_cut_by_a_crash_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.accept([draft()], NOW)
    ledger.close()
    whole = path.read_bytes()
    for cut in (3, 30, len(whole) - 1):
        path.write_bytes(whole + whole.replace(b'"seq":1', b'"seq":2')[:cut])
        again = Ledger(path)
        assert len(again) == 1
        again.close()
        assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "content", [b"alias ll='ls -l'\n", b"no newline", b"[1]\n", b'{"seq":1}\n', b"null\n", b"\xff\n", NOT_TEXT]
)
def test_somebody_elses_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "profile"
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="profile:1: "):
        Ledger(path)
    assert path.read_bytes() == content


def test_a_ledger_with_lines_taken_out_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.accept([draft(), draft("14155550102")], NOW)
    ledger.close()
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[1])
    with pytest.raises(LedgerError, match="ledger:1: lines are missing"):
        Ledger(path)


def test_two_sandboxes_never_write_one_ledger(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "ledger")
    with pytest.raises(LedgerError, match="another sandbox"):
        Ledger(tmp_path / "ledger")
    first.close()
    Ledger(tmp_path / "ledger").close()


@pytest.mark.parametrize("place", ["missing/ledger", "."])
def test_a_ledger_that_cannot_be_opened_is_a_sentence(tmp_path: Path, place: str) -> None:
    with pytest.raises(LedgerError, match=r"No such file|Is a directory"):
        Ledger(tmp_path / place)


def test_a_full_ledger_takes_none_of_a_request() -> None:
    ledger = Ledger(most=2)
    ledger.accept([draft()], NOW)
    with pytest.raises(LedgerError, match="full: it holds 2"):
        ledger.accept([draft(), draft()], NOW)
    assert len(ledger) == 1
    ledger.close()


def test_a_full_disk_takes_none_of_a_request_and_leaves_the_file_whole(tmp_path: Path) -> None:
    import resource
    import signal

    ledger = Ledger(tmp_path / "ledger")
    ledger.accept([draft()], NOW)
    size = (tmp_path / "ledger").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, limits[1]))
        with pytest.raises(LedgerError, match="cannot be written"):
            ledger.accept([draft("14155550102")], NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert (tmp_path / "ledger").stat().st_size == size
    ledger.accept([draft("14155550103")], NOW)
    assert [message.dst for message in ledger.messages()] == ["14155550101", "14155550103"]
    ledger.close()


def test_searches_are_newest_first_and_by_every_criterion() -> None:
    ledger = Ledger()
    ledger.accept([draft("14155550101"), draft("14155550102")], NOW)
    ledger.accept([draft("14155550101")], NOW + timedelta(minutes=1))
    ledger.accept([draft("14155550101", auth_id="MA" + "1" * 18)], NOW)
    assert found(ledger) == [3, 2, 1]
    assert found(ledger, dst="14155550101") == [3, 1]
    assert found(ledger, src="14155550199") == []
    assert found(ledger, type="mms") == []
    assert found(ledger, auth_id="MA" + "1" * 18) == [4]
    span = Criteria(AUTH_ID, NOW.timestamp() + 1, float("inf"))
    assert [message.seq for message in ledger.search(span, 0, 9)] == [3]
    assert [message.seq for message in ledger.search(Criteria(AUTH_ID, 0, float("inf")), 1, 1)] == [2]
    ledger.close()


def test_hidden_numbers_are_found_only_as_they_are_shown() -> None:
    ledger = Ledger()
    ledger.accept([draft(log="content_only")], NOW)
    assert found(ledger, dst="14155550101") == []
    assert found(ledger, dst="1415555XXXX") == [1]
    ledger.close()


@pytest.mark.parametrize(
    "uuid", ["", "x", "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"]
)
def test_a_uuid_of_nobody_finds_nothing(uuid: str) -> None:
    ledger = Ledger()
    ledger.accept([draft()], NOW)
    assert ledger.find(uuid) is None
    ledger.close()


def test_duplicates_are_equal_in_sender_phone_and_text() -> None:
    ledger = Ledger()
    ledger.accept([draft(), draft("14155550102"), draft(text="other"), draft(), draft(text="other")], NOW)
    assert [(group.dst, group.text, group.count, group.seqs) for group in ledger.duplicates()] == [
        ("14155550101", "hello", 2, (1, 4)),
        ("14155550101", "other", 2, (3, 5)),
    ]
    ledger.close()


def test_a_cleared_ledger_begins_anew_and_forgets_its_uuids(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    (old,) = ledger.accept([draft()], NOW)
    ledger.clear()
    assert ((tmp_path / "ledger").read_bytes(), ledger.messages()) == (b"", [])
    ledger.accept([draft()], NOW)
    assert ledger.find(old.message_uuid) is None
    assert [message.seq for message in ledger.messages()] == [1]
    ledger.close()
