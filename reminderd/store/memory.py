"""What is remembered of rows that are no longer kept: keyed digests, by which nothing of them is owed, or taken, anew.

The key is made once for each state and stays in it (docs/decisions/0024-what-is-no-longer-kept.md).
"""

import hmac
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from reminderd.plan import NewOccurrence
from reminderd.store.connection import Connection, listed, listed_rows

_SIZE = 16  # bytes of a digest: enough that no two things ever share one
_AT_ONCE = 200

# Stands in the place of a phone, or of a recipient's identity, that was forgotten.
FORGOTTEN = "forgotten:"


class Memory:
    """The memory of one state; its methods join an open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self._key: bytes | None = None

    # -- digests ----------------------------------------------------------------------------------------

    def delivery(self, job: str, nominal: str, recipient: str) -> bytes:
        """Of a delivery, by what makes it the only one."""
        return self._digest("delivery", job, nominal, recipient)

    def occurrence(self, job: str, nominal: str) -> bytes:
        return self._digest("occurrence", job, nominal)

    def zone(self, job: str, nominal: str, zone: str) -> bytes:
        """Of what an occurrence had in one zone."""
        return self._digest("zone", job, nominal, zone)

    def uuid(self, message_uuid: str) -> bytes:
        return self._digest("uuid", message_uuid)

    def inbound(self, message_uuid: str) -> bytes:
        """Of a text that somebody wrote to us."""
        return self._digest("inbound", message_uuid)

    def text(self, phone: str, due_at: str, text: str) -> bytes:
        """Of what must not be repeated under another name."""
        return self._digest("text", phone, due_at, text)

    def pseudonym(self, kind: str, value: str) -> str:
        """A word that stands for a phone or a recipient, always the same for the same."""
        return f"{FORGOTTEN}{self._digest(kind, value).hex()}"

    def _digest(self, *parts: str) -> bytes:
        if self._key is None:
            key = self._db.value("select key from remembering")
            assert isinstance(key, bytes)
            self._key = key
        # Only the last part is free text, so that no two lists of parts are written alike.
        return hmac.digest(self._key, "\0".join(parts).encode(), "sha256")[:_SIZE]

    # -- what is known ----------------------------------------------------------------------------------

    def known(self, digests: Iterable[bytes]) -> set[bytes]:
        """Those of the digests that are remembered."""
        wanted, found = list(digests), set[bytes]()
        for start in range(0, len(wanted), _AT_ONCE):
            places, values = listed(wanted[start : start + _AT_ONCE])
            rows = self._db.rows(f"select digest from remembered where digest in ({places})", values)
            found |= {row["digest"] for row in rows}
        return found

    def known_elsewhere(self, text: bytes, occurrence: bytes) -> bool:
        """Whether this text was accepted as a message of another occurrence."""
        query = "select 1 from remembered_texts where digest = :text and occurrence <> :occurrence limit 1"
        return self._db.value(query, {"text": text, "occurrence": occurrence}) is not None

    # -- what is kept in mind ---------------------------------------------------------------------------

    def keep(self, digests: Collection[bytes]) -> None:
        wanted = sorted(set(digests))
        for start in range(0, len(wanted), _AT_ONCE):
            rows, values = listed_rows([(each,) for each in wanted[start : start + _AT_ONCE]])
            self._db.execute(f"insert or ignore into remembered (digest) values {rows}", values)

    def keep_texts(self, texts: Sequence[tuple[bytes, bytes]]) -> None:
        """texts: digests of what was accepted, each with that of its occurrence."""
        for start in range(0, len(texts), _AT_ONCE):
            rows, values = listed_rows(texts[start : start + _AT_ONCE])
            self._db.execute(f"insert or ignore into remembered_texts (digest, occurrence) values {rows}", values)


def not_remembered(memory: Memory, occurrences: Sequence[NewOccurrence]) -> list[NewOccurrence]:
    """What is still to be born of these: of what was here once, and is no longer kept, nothing is."""
    asked = {digest for new in occurrences for digest in _digests(memory, new)}
    known = memory.known(asked)
    if not known:
        return list(occurrences)
    return [left for new in occurrences if (left := _left(memory, new, known)) is not None]


def _digests(memory: Memory, new: NewOccurrence) -> list[bytes]:
    """One for what stands for the whole occurrence, or for all of a zone; else one for each delivery."""
    job, nominal = new.job, new.instant.nominal
    if new.skipped:
        return [memory.zone(job, nominal, new.zone) if new.each_zone else memory.occurrence(job, nominal)]
    return [memory.delivery(job, nominal, each.recipient) for each in new.deliveries]


def _left(memory: Memory, new: NewOccurrence, known: set[bytes]) -> NewOccurrence | None:
    """The occurrence without what is remembered; None where that was all of it."""
    digests = _digests(memory, new)
    if known.isdisjoint(digests):
        return new
    if new.skipped:
        return None
    left = tuple(each for each, digest in zip(new.deliveries, digests, strict=True) if digest not in known)
    return replace(new, deliveries=left) if left else None
