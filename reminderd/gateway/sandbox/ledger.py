"""Everything that the sandbox accepted: one JSON line a message, on its way to the disk before the answer leaves.

The file is the truth; memory holds an index of 56 bytes a message. The uuid of a message ends in its `seq`, so
that no table of uuids is needed.
"""

import fcntl
import json
import os
import re
import stat
import tempfile
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path

from reminderd.gateway.sandbox.index import Criteria, Index
from reminderd.gateway.sandbox.message import Draft, Message

MOST_MESSAGES = 1_000_000
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-([0-9a-f]{12})")


class LedgerError(Exception):
    """The ledger cannot be used; the text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same text from one sender to one phone, accepted more than once."""

    src: str
    dst: str
    text: str
    count: int
    seqs: tuple[int, ...]


class Ledger:
    """The accepted messages, in `path` or, without one, in a nameless temporary file. Raises LedgerError.

    The file stays locked while it is open: two sandboxes never write one ledger.
    """

    def __init__(self, path: Path | None = None, *, most: int = MOST_MESSAGES) -> None:
        self.path = path
        self._most = most
        self._prefix = str(uuid.uuid4())[:24]
        self._fd = _open(path)
        self._index = Index()
        self._size = 0
        try:
            self._read_back()
        except BaseException:
            os.close(self._fd)
            raise

    def __len__(self) -> int:
        return len(self._index.offsets)

    def close(self) -> None:
        """Close and unlock the file."""
        os.close(self._fd)

    def accept(self, drafts: Sequence[Draft], now: datetime) -> list[Message]:
        """Write the drafts down as accepted, all or none, and return the messages; raises LedgerError if it cannot."""
        first = len(self) + 1
        if first + len(drafts) - 1 > self._most:
            raise LedgerError(f"the ledger is full: it holds {self._most} messages, POST /__control/reset empties it")
        ts = now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        messages = [self._message(seq, ts, draft) for seq, draft in enumerate(drafts, first)]
        lines = [_to_line(message) for message in messages]
        self._write(b"".join(lines))
        for message, line in zip(messages, lines, strict=True):
            self._index.add(message, now.timestamp(), self._size)
            self._size += len(line)
        return messages

    def find(self, message_uuid: str) -> Message | None:
        """The message of that uuid."""
        match = _UUID.fullmatch(message_uuid)
        seq = int(match[1], 16) if match else 0
        if not 1 <= seq <= len(self):
            return None
        message = self._read(seq)
        return message if message.message_uuid == message_uuid else None

    def search(
        self, criteria: Criteria, offset: int, limit: int, keep: Callable[[Message], bool] | None = None
    ) -> list[Message]:
        """At most `limit` messages that meet the criteria, newest first, after passing over `offset` of them.

        keep: what else they must meet, which the index cannot tell.
        """
        found = self._index.search(criteria)
        if keep is None:
            return [self._read(seq) for seq in islice(found, offset, offset + limit)]
        return list(islice(filter(keep, map(self._read, found)), offset, offset + limit))

    def messages(self) -> list[Message]:
        """All messages, in order."""
        return [_from_line(line) for line in self.raw(1, len(self)).splitlines()]

    def raw(self, first: int, last: int) -> bytes:
        """The lines from seq `first` to `last`, both included, as they are in the file."""
        if first > last:
            return b""
        start = self._index.offsets[first - 1]
        end = self._index.offsets[last] if last < len(self) else self._size
        return os.pread(self._fd, end - start, start)

    def duplicates(self) -> list[Duplicate]:
        """The groups of equal (src, dst, text) with more than one message."""
        groups: dict[tuple[str, str, str], list[int]] = {}
        for seq in self._index.repeated():
            message = self._read(seq)
            groups.setdefault((message.src, message.dst, message.text), []).append(seq)
        return [Duplicate(*key, len(seqs), tuple(seqs)) for key, seqs in groups.items() if len(seqs) > 1]

    def clear(self) -> None:
        """Forget everything, in the file too; uuids of before stay unknown."""
        os.ftruncate(self._fd, 0)
        self._prefix = str(uuid.uuid4())[:24]
        self._index = Index()
        self._size = 0

    def _message(self, seq: int, ts: str, draft: Draft) -> Message:
        return Message(
            seq=seq,
            ts=ts,
            text_sha256=sha256(draft.text.encode()).hexdigest(),
            message_uuid=f"{self._prefix}{seq:012x}",
            **draft._asdict(),
        )

    def _write(self, data: bytes) -> None:
        written = 0
        try:
            while written < len(data):
                written += os.pwrite(self._fd, data[written:], self._size + written)
        except OSError as error:
            os.ftruncate(self._fd, self._size)  # all or none: half a line would make the file unreadable
            raise LedgerError(f"the ledger cannot be written: {error.strerror}") from error

    def _read(self, seq: int) -> Message:
        return _from_line(self.raw(seq, seq))

    def _read_back(self) -> None:
        with open(self._fd, "rb", closefd=False) as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n") and _is_beginning(line):
                    os.ftruncate(self._fd, self._size)  # its answer never left: the line was cut while it was written
                    return
                self._take_back(number, line)

    def _take_back(self, number: int, line: bytes) -> None:
        if number > self._most:
            raise LedgerError(f"{self.path}: more than {self._most} messages, begin with a new file")
        try:
            message = _from_line(line)
            self._index.add(message, message.accepted_at.timestamp(), self._size)
        except (ValueError, TypeError) as error:
            raise LedgerError(f"{self.path}:{number}: this is not a line of a sandbox's ledger") from error
        if message.seq != number or not line.endswith(b"\n"):
            raise LedgerError(f"{self.path}:{number}: lines are missing or were added, begin with a new file")
        self._size += len(line)


def _to_line(message: Message) -> bytes:
    return _ENCODER.encode(message._asdict()).encode() + b"\n"


def _from_line(line: bytes) -> Message:
    record = json.loads(line)
    if not isinstance(record, dict):
        raise ValueError("not an object")
    return Message(**record)


def _is_beginning(line: bytes) -> bool:
    """Whether this may be the first part of one of our lines, and not the end of somebody's other file."""
    ours = b'{"seq":'
    return line[: len(ours)] == ours[: len(line)]


def _open(path: Path | None) -> int:
    if path is None:
        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise LedgerError(f"{path}: a ledger is a plain file")
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(fd)
        raise LedgerError(f"{path}: another sandbox is using this ledger") from error
    except LedgerError:
        os.close(fd)
        raise
    return fd
