"""What people write to our numbers, and what comes of it for their opt-outs. Each public method is one transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never

from reminderd.clock import from_text, to_text
from reminderd.model import Intent, bare
from reminderd.store.connection import Connection, listed
from reminderd.store.memory import FORGOTTEN, Memory
from reminderd.store.optouts import Cancelled, OptOuts

RECIPIENT = "recipient"  # who said so, where nobody else did
LONGEST_TEXT = 1600  # characters: what ten segments hold, which is as much as Plivo joins

# For so long Plivo tries to hand a text on, and it tells no order: what comes may have been written before what came.
LATE = timedelta(hours=25)

_PRECISION = timedelta(seconds=1)  # of what Plivo says

_MOST_NAMED = 10
_WHY = "texted a word that stops messages"
_READ = "for people to read"


class Written(NamedTuple):
    """A text that somebody wrote. phone: theirs, in E.164 where it is a number. sender: ours. media: how many pictures and
    such came with it. written_at: by Plivo's clock; None where nobody has asked."""

    message_uuid: str
    phone: str
    sender: str
    text: str
    intent: Intent
    media: int = 0
    written_at: datetime | None = None


class Upshot(NamedTuple):
    """What came of a text, in words. changed: an opt-out is new, or is over. cancelled: what was pending and is given up."""

    result: str
    changed: bool = False
    cancelled: tuple[Cancelled, ...] = ()


class Inbound:
    """The texts of a state."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self._memory = Memory(connection)
        self._opt_outs = OptOuts(connection)

    def record(self, written: Written, now: datetime) -> Upshot | None:
        """Keep a text, and do what it asks for; None where it came before: then nothing changes, but that it may be told now when it
        was written.

        A stop counts whenever it arrives. A start ends what was said before it was written, and nothing that an operator
        said; what was cancelled stays so.
        """
        with self._db.write():
            if self._is_known(written.message_uuid):
                self._date(written)
                return None
            upshot = self._act(written, now)
            self._db.execute(
                "insert into inbound (message_uuid, received_at, written_at, phone, sender, text, media, intent, result) "
                "values (:uuid, :now, :written, :phone, :sender, :text, :media, :intent, :result)",
                {
                    "uuid": written.message_uuid,
                    "now": to_text(now),
                    "written": to_text(written.written_at) if written.written_at else None,
                    "phone": written.phone,
                    "sender": written.sender,
                    "text": written.text[:LONGEST_TEXT],
                    "media": written.media,
                    "intent": written.intent,
                    "result": upshot.result,
                },
            )
        return upshot

    def stopped_at(self, phone: str, sender: str) -> str | None:
        """When they wrote that they want nothing from this sender, as it came in; None where they have not, or have written
        since that they do."""
        row = self._db.row(
            "select intent, received_at from inbound where phone = :phone and ltrim(sender, '+') = :sender "
            "and intent in ('stop', 'start') order by id desc limit 1",
            {"phone": phone, "sender": bare(sender)},
        )
        return row["received_at"] if row is not None and row["intent"] == Intent.STOP else None

    def started_since(self, phone: str, sender: str, attempt_id: int) -> bool:
        """Whether they wrote, after this attempt's message was with Plivo, that they want messages from this sender. What only
        may have been written after it does not count."""
        row = self._db.row("select begun_at, queued_at from attempts where id = :id", {"id": attempt_id})
        times = [row["begun_at"], row["queued_at"]] if row else []
        with_plivo = max((from_text(each) for each in times if each is not None), default=None)
        return with_plivo is not None and bool(
            self._db.value(
                "select 1 from inbound where phone = :phone and ltrim(sender, '+') = :sender and intent = 'start' "
                "and written_at >= :since",
                {"phone": phone, "sender": bare(sender), "since": to_text(with_plivo + _PRECISION)},
            )
        )

    # -- what is no longer kept --------------------------------------------------------------------------

    def empty_texts(self, before: datetime, most: int) -> int:
        """Empty the texts that came before then, at most so many; returns how many it were."""
        with self._db.write():
            return self._db.execute(
                "update inbound set text = null where id in (select id from inbound indexed by inbound_with_text "
                "where text is not null and received_at < :before order by received_at limit :most)",
                {"before": to_text(before), "most": most},
            )

    def prune(self, before: datetime, most: int) -> int:
        """Remove what came before then, at most so much; that it came is remembered. Returns how many it were."""
        query = (
            "select id, message_uuid from inbound where received_at < :before "
            "and id < (select max(id) from inbound) order by received_at limit :most"
        )
        with self._db.write():
            rows = self._db.rows(query, {"before": to_text(before), "most": most})
            if rows:
                self._memory.keep([self._digest(row["message_uuid"]) for row in rows])
                places, values = listed([row["id"] for row in rows])
                self._db.execute(f"delete from inbound where id in ({places})", values)
        return len(rows)

    def forget(self, phone: str) -> int:
        """Empty what this phone wrote; that it came stays known. Returns how many texts it were."""
        with self._db.write():
            rows = self._db.rows("select id, message_uuid from inbound where phone = :phone", {"phone": phone})
            for row in rows:
                word = self._memory.pseudonym("inbound", row["message_uuid"])
                self._db.execute(
                    "update inbound set phone = null, text = null, message_uuid = :word where id = :id",
                    {"word": word, "id": row["id"]},
                )
        return len(rows)

    def _digest(self, message_uuid: str) -> bytes:
        """message_uuid: or the word that stands for it."""
        if message_uuid.startswith(FORGOTTEN):
            return bytes.fromhex(message_uuid.removeprefix(FORGOTTEN))
        return self._memory.inbound(message_uuid)

    # -- the parts --------------------------------------------------------------------------------------

    def _is_known(self, message_uuid: str) -> bool:
        digest = self._memory.inbound(message_uuid)
        names = {"uuid": message_uuid, "word": self._memory.pseudonym("inbound", message_uuid)}
        found = self._db.value("select 1 from inbound where message_uuid in (:uuid, :word)", names)
        return found is not None or bool(self._memory.known([digest]))

    def _date(self, written: Written) -> None:
        if written.written_at is not None:
            self._db.execute(
                "update inbound set written_at = :at where message_uuid = :uuid and written_at is null",
                {"at": to_text(written.written_at), "uuid": written.message_uuid},
            )

    def _act(self, written: Written, now: datetime) -> Upshot:
        match written.intent:
            case Intent.STOP:
                return self._stop(written, now)
            case Intent.START:
                return self._start(written, now)
            case Intent.HELP:
                return Upshot("Plivo answers by itself")
            case Intent.OTHER:
                return Upshot(_READ)
            case _:
                assert_never(written.intent)

    def _stop(self, written: Written, now: datetime) -> Upshot:
        known = any(bare(each["sender"]) == bare(written.sender) for each in self._opt_outs.of(written.phone))
        cancelled = self._opt_outs.add(written.phone, written.sender, RECIPIENT, "inbound", _WHY, now)
        words = "had opted out already" if known else "opted out"
        if cancelled:
            what = "delivery" if len(cancelled) == 1 else "deliveries"
            words += f"; cancelled: {what} {_ids(cancelled)}"
        return Upshot(words, not known, tuple(cancelled))

    def _start(self, written: Written, now: datetime) -> Upshot:
        """It was written a day ago at the most, so that what was said before that is over in any case."""
        before = now - LATE
        if written.written_at is not None:
            before = max(before, written.written_at + _PRECISION)
        changed = False
        if not self._stopped_since(written, before):
            changed = self._opt_outs.lift(written.phone, written.sender, before)
        left = [each for each in self._opt_outs.of(written.phone) if bare(each["sender"]) in ("", bare(written.sender))]
        if any(each["source"] != "operator" for each in left):
            return Upshot("still opted out: it may have been written before they stopped messages", changed)
        if left:
            return Upshot("still opted out: an operator has said so", changed)
        return Upshot("gets messages again" if changed else "had not opted out", changed)

    def _stopped_since(self, written: Written, before: datetime) -> bool:
        """Whether one of their stops may be the later word. What Plivo told of its time is by the same clock as the start's."""
        return bool(
            self._db.value(
                "select 1 from inbound where phone = :phone and ltrim(sender, '+') = :sender and intent = 'stop' "
                "and coalesce(written_at, received_at) >= :before",
                {"phone": written.phone, "sender": bare(written.sender), "before": to_text(before)},
            )
        )


def _ids(cancelled: Sequence[Cancelled]) -> str:
    shown = ", ".join(str(each.id) for each in cancelled[:_MOST_NAMED])
    return shown if len(cancelled) <= _MOST_NAMED else f"{shown} and {len(cancelled) - _MOST_NAMED} more"
