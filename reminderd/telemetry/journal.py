"""Straight into systemd's journal, by its native protocol: each record with fields that `journalctl` can be asked for.

An entry is one datagram of `NAME=value` lines; a value of several lines has its length before it. What is too large for a
datagram goes as a sealed file in memory. Where the journal does not take an entry in time, its line goes to the stream that
the journal reads too; where that is stuck as well the line is lost, and counted.
"""

import errno
import fcntl
import logging
import os
import re
import select
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from reminderd.telemetry.handlers import Handler
from reminderd.telemetry.lines import PRIORITIES, by_priority, fields_of, sentence

SOCKET = Path("/run/systemd/journal/socket")
IDENTIFIER = "reminderd"

# For how long an entry may keep the loop waiting; where one did, the next ones do not wait for a while.
_WAIT_MS = 100
_REST = 1.0
_NO_NAME = re.compile(r"[^A-Z0-9_]")
_LONGEST_NAME = 64
_LONGEST_LINE = 32 * 1024  # in the stream, where the journal cuts at 48 KiB and it is all that is left of an entry
_TOO_LARGE = frozenset({errno.EMSGSIZE, errno.ENOBUFS})
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def reads(stream: TextIO) -> bool:
    """Whether the journal is at the other end of the stream: JOURNAL_STREAM has its device and inode then."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    if not (device.isdecimal() and inode.isdecimal()):
        return False
    try:
        there = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return (there.st_dev, there.st_ino) == (int(device), int(inode))


def entry(record: logging.LogRecord) -> bytes:
    """The record as the journal takes it."""
    parts = [
        _field("MESSAGE", sentence(record)),
        _field("PRIORITY", str(PRIORITIES.get(record.levelno, 6))),
        _field("SYSLOG_IDENTIFIER", IDENTIFIER),
        _field("REMINDERD_EVENT", record.getMessage()),
    ]
    parts += [_field(field_name(name), str(value)) for name, value in fields_of(record).items()]
    return b"".join(parts)


def field_name(name: str) -> str:
    """What a field of an event is called in the journal: REMINDERD_JOB."""
    return f"REMINDERD_{_NO_NAME.sub('_', name.upper())}"[:_LONGEST_NAME]


def _field(name: str, value: str) -> bytes:
    data = value.encode("utf-8", "backslashreplace")
    if b"\n" in data:
        return b"%s\n%s%s\n" % (name.encode(), struct.pack("<Q", len(data)), data)
    return b"%s=%s\n" % (name.encode(), data)


class JournalHandler(Handler):
    """stream: the one that the journal reads as well. lost(number): the record that says how many lines nobody got."""

    def __init__(self, stream: TextIO, lost: Callable[[int], logging.LogRecord], path: Path = SOCKET) -> None:
        super().__init__()
        self._stream = stream
        self._lost_record = lost
        self._path = str(path)
        self._lost = 0
        self._hurried_until = 0.0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        # Without a connection no poll shows whether the other side has room; the kernel waits for it in the call itself.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 0, _WAIT_MS * 1000))

    def close(self) -> None:
        self._socket.close()
        super().close()

    def _write(self, records: list[logging.LogRecord]) -> None:
        for record in records:
            if self._sent(entry(record)) or self._on_stream(record):
                self._tell_of_lost()
            else:
                self._lost += 1

    def _tell_of_lost(self) -> None:
        if self._lost and self._sent(entry(self._lost_record(self._lost))):
            self._lost = 0

    def _sent(self, data: bytes) -> bool:
        """Whether the journal took it."""
        flags = socket.MSG_DONTWAIT if self._hurried else 0
        try:
            self._socket.sendto(data, flags, self._path)
        except OSError as error:
            if error.errno in _TOO_LARGE:
                return self._sent_as_file(data, flags)
            self._hurry()
            return False
        return True

    def _sent_as_file(self, data: bytes, flags: int) -> bool:
        try:
            descriptor = os.memfd_create("reminderd-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                file.write(data)
                fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
                rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("@i", file.fileno()))
                self._socket.sendmsg([], [rights], flags, self._path)
        except OSError:
            self._hurry()
            return False
        return True

    def _on_stream(self, record: logging.LogRecord) -> bool:
        """Whether the stream took its line."""
        line = by_priority(record).encode("utf-8", "backslashreplace")[:_LONGEST_LINE]
        try:
            poll = select.poll()
            poll.register(self._stream, select.POLLOUT)
            ready = poll.poll(0 if self._hurried else _WAIT_MS)
            if not ready or not ready[0][1] & select.POLLOUT:
                self._hurry()
                return False
            os.write(self._stream.fileno(), line.replace(b"\n", b"\n ") + b"\n")
        except (OSError, ValueError):
            return False
        return True

    @property
    def _hurried(self) -> bool:
        return time.monotonic() < self._hurried_until

    def _hurry(self) -> None:
        self._hurried_until = time.monotonic() + _REST
