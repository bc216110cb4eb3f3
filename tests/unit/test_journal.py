"""What goes to systemd's journal: entries on a real socket, and what happens where the journal does not take them."""

import json
import logging
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TextIO

import pytest

from reminderd.telemetry import Event, configure, emit, in_one_write, traceback
from reminderd.telemetry import log as log_module
from reminderd.telemetry.journal import JournalHandler, field_name, reads


def parsed(data: bytes) -> dict[str, str]:
    """An entry as the protocol's description has it."""
    found: dict[str, str] = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack("<Q", data[:8])
            value, end, data = data[8 : 8 + length], data[8 + length : 9 + length], data[9 + length :]
            assert end == b"\n"
        found[name.decode()] = value.decode()
    return found


class Journal:
    """Stands where journald does: its socket for entries, and the stream it reads."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "socket"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.setblocking(False)
        ours, theirs = socket.socketpair()
        self.reader, self.stream = ours, theirs.makefile("w")
        theirs.close()
        self.reader.setblocking(False)

    def entries(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        while True:
            try:
                data, descriptors, _, _ = socket.recv_fds(self.socket, 1 << 20, 1)
            except BlockingIOError:
                return found
            for descriptor in descriptors:
                with os.fdopen(descriptor, "rb") as file:
                    file.seek(0)
                    data += file.read()
            found.append(parsed(data))

    def lines(self) -> list[str]:
        try:
            return self.reader.recv(1 << 20).decode().splitlines()
        except BlockingIOError:
            return []

    def close(self) -> None:
        self.socket.close()
        self.stream.close()
        self.reader.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path)) as there:
        configure("text", "info")
        logger = logging.getLogger("reminderd")
        handler = JournalHandler(there.stream, log_module._lost, there.path)
        logger.handlers[:] = [handler]
        yield there
        logger.handlers[:] = []
        handler.close()


def test_an_event_comes_with_a_field_for_each_of_its_own(journal: Journal) -> None:
    emit(Event.DELIVERY_FAILED, job="rent", delivery=42, attempt=1, to="+1415***0101", reason="400 not a phone")
    assert journal.entries() == [
        {
            "MESSAGE": 'delivery.failed job=rent delivery=42 attempt=1 to=+1415***0101 reason="400 not a phone"',
            "PRIORITY": "3",
            "SYSLOG_IDENTIFIER": "reminderd",
            "REMINDERD_EVENT": "delivery.failed",
            "REMINDERD_JOB": "rent",
            "REMINDERD_DELIVERY": "42",
            "REMINDERD_ATTEMPT": "1",
            "REMINDERD_TO": "+1415***0101",
            "REMINDERD_REASON": "400 not a phone",
        }
    ]
    assert journal.lines() == []


def test_values_of_several_lines_stay_whole(journal: Journal) -> None:
    emit(Event.CATALOG_PROBLEM, problem="one\ntwo=three\n")
    try:
        raise ValueError("no\nsuch thing")
    except ValueError:
        traceback(Event.DAEMON_FAILED, where="loop")
    problem, failed = journal.entries()
    assert problem["REMINDERD_PROBLEM"] == "one\ntwo=three\n"
    assert problem["MESSAGE"].count("\n") == 0
    first, *rest = failed["MESSAGE"].splitlines()
    assert first.rstrip() == "daemon.failed where=loop"
    assert rest[0].startswith("Traceback")
    assert rest[-1] == "such thing"


def test_what_can_be_no_text_is_told_all_the_same(journal: Journal) -> None:
    emit(Event.CATALOG_PROBLEM, problem="a name of bytes \udcff")
    (entry,) = journal.entries()
    assert entry["REMINDERD_PROBLEM"] == "a name of bytes \\udcff"


def test_what_is_too_large_for_a_datagram_goes_as_a_file(journal: Journal) -> None:
    emit(Event.CATALOG_PROBLEM, problem="x" * 3_000_000)
    (entry,) = journal.entries()
    assert entry["REMINDERD_PROBLEM"] == "x" * 3_000_000
    assert journal.lines() == []


def test_what_comes_together_is_written_at_its_end(journal: Journal) -> None:
    with in_one_write():
        for number in range(3):
            emit(Event.DELIVERY_ACCEPTED, job="rent", delivery=number)
        assert journal.entries() == []
    assert [entry["REMINDERD_DELIVERY"] for entry in journal.entries()] == ["0", "1", "2"]


def test_without_the_socket_the_stream_gets_the_lines(journal: Journal) -> None:
    journal.path.unlink()
    emit(Event.DELIVERY_FAILED, job="rent", delivery=42)
    emit(Event.DELIVERY_ACCEPTED, job="rent", delivery=43)
    assert journal.lines() == ["<3>delivery.failed job=rent delivery=42", "<6>delivery.accepted job=rent delivery=43"]


def test_a_journal_that_takes_nothing_stops_nothing_and_what_is_lost_is_told(journal: Journal) -> None:
    """Nobody reads: first the datagrams find no room, then the stream."""
    number = 0
    while log_lost() == 0:
        number += 1
        emit(Event.DELIVERY_FAILED, job="rent", delivery=number, reason="x" * 2000)
        assert number < 5000
    there = len(journal.entries())
    lines = [line for line in journal.lines() if line.startswith("<3>")]
    assert there + len(lines) == number - 1
    emit(Event.DELIVERY_ACCEPTED, job="rent", delivery=0)
    told = journal.entries()
    assert [entry["REMINDERD_EVENT"] for entry in told] == ["delivery.accepted", "journal.lost"]
    assert told[1]["REMINDERD_LINES"] == "1"


def log_lost() -> int:
    (handler,) = (each for each in logging.getLogger("reminderd").handlers if isinstance(each, JournalHandler))
    return handler._lost


def test_the_stream_is_the_journals_only_where_its_inode_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def named(stream: TextIO) -> str:
        there = os.fstat(stream.fileno())
        return f"{there.st_dev}:{there.st_ino}"

    with (tmp_path / "log").open("w") as stream, (tmp_path / "other").open("w") as other:
        for value, expected in ((named(stream), True), (named(other), False), ("", False), ("8:x", False)):
            monkeypatch.setenv("JOURNAL_STREAM", value)
            assert reads(stream) is expected


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_other_formats_write_to_the_stream_under_systemd_too(
    log_format: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "log"
    with path.open("w") as stream:
        there = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{there.st_dev}:{there.st_ino}")
        configure(log_format, "info", stream)
        emit(Event.DELIVERY_ACCEPTED, job="rent", delivery=1)
        configure("text", "info")
    (line,) = path.read_text().splitlines()
    if log_format == "json":
        assert json.loads(line)["event"] == "delivery.accepted"
    else:
        assert line.split(" ", 1)[1] == "info    delivery.accepted job=rent delivery=1"


def test_names_of_fields_are_such_as_the_journal_takes() -> None:
    assert field_name("job") == "REMINDERD_JOB"
    assert field_name("retry_in") == "REMINDERD_RETRY_IN"
    assert field_name("a-b.c é") == "REMINDERD_A_B_C__"
    assert len(field_name("x" * 100)) == 64
