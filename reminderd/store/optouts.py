"""Who wants no messages, from one sender or from any. Each public method is one transaction."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from reminderd.clock import to_text
from reminderd.model import State, bare
from reminderd.plan import OPTED_OUT
from reminderd.store.connection import Connection, Row
from reminderd.store.memory import FORGOTTEN, Memory
from reminderd.store.moves import Why, move

Source = Literal["operator", "plivo", "inbound"]

# The plus sign of a number is not everywhere: Plivo writes none, and jobs may.
_SENDER = "ltrim({}, '+')"
# Of a delivery `d`: somebody has said that its phone wants nothing from its sender.
HAS_OPTED_OUT = (
    "exists (select 1 from opt_outs o where o.phone = d.phone "
    f"and {_SENDER.format('o.sender')} in ('', {_SENDER.format('d.sender')}))"
)
IS_OPTED_OUT = f"{HAS_OPTED_OUT} as opted_out"  # selected beside a delivery

# An empty sender is one of its own here: whoever sends.
_OF_ONE = f"phone = :phone and {_SENDER.format('sender')} = :sender"
_OF_SENDER = f"phone = :phone and (:sender = '' or {_SENDER.format('sender')} = {_SENDER.format(':sender')})"


# Of an opt-out, that the text which made it was written before then.
_WRITTEN = (
    "select 1 from inbound i where i.phone = opt_outs.phone and i.received_at = opt_outs.since and i.intent = 'stop' "
    "and ltrim(i.sender, '+') = ltrim(opt_outs.sender, '+') and i.written_at < :before"
)


class Cancelled(NamedTuple):
    """A delivery that was given up."""

    id: int
    job: str


class OptOuts:
    """The opt-outs of a state. An empty sender stands for whoever sends."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, phone: str, sender: str, who: str, source: Source, why: str, now: datetime) -> list[Cancelled]:
        """This phone, in E.164, wants nothing from `sender`: what is pending is cancelled, and returned.

        What is under way or in doubt is not sent again: `IS_OPTED_OUT` is asked wherever it could be. One that is known
        keeps its first author and time.
        """
        with self._db.write():
            recall_opt_outs(self._db, [phone])
            self._db.execute(
                "insert into opt_outs (phone, sender, since, who, source, why) "
                "values (:phone, :sender, :now, :who, :source, :why) on conflict do nothing",
                {"phone": phone, "sender": sender, "who": who, "source": source, "why": why, "now": to_text(now)},
            )
            key = {"phone": phone, "sender": sender}
            # What was cancelled for another reason does not come back either.
            self._db.execute(
                f"update deliveries set withdrawn = null where {_OF_SENDER} "
                "and state = 'cancelled' and withdrawn is not null",
                key,
            )
            rows = self._db.rows(f"select id, job from deliveries where {_OF_SENDER} and state = 'pending'", key)
            because = Why(OPTED_OUT, who, source)
            for row in rows:
                move(self._db, row["id"], State.PENDING, State.CANCELLED, now, because)
        return [Cancelled(row["id"], row["job"]) for row in rows]

    def remove(self, phone: str, sender: str) -> bool:
        """They want messages again, from now on; what was cancelled stays so. False where there is no such opt-out."""
        with self._db.write():
            recall_opt_outs(self._db, [phone])
            return 0 < self._db.execute(
                f"delete from opt_outs where {_OF_ONE}",
                {"phone": phone, "sender": bare(sender)},
            )

    def lift(self, phone: str, sender: str, before: datetime) -> bool:
        """They have said themselves that they want messages from this sender again: what they, or Plivo, had said before that
        moment ends, and what an operator has entered stays. False where nothing ended. What they said counts from when they
        wrote it, as far as that is known."""
        with self._db.write():
            recall_opt_outs(self._db, [phone])
            return 0 < self._db.execute(
                f"delete from opt_outs where {_OF_ONE} and source in ('inbound', 'plivo') "
                f"and (since < :before or source = 'inbound' and exists ({_WRITTEN}))",
                {"phone": phone, "sender": bare(sender), "before": to_text(before)},
            )

    def of(self, phone: str) -> list[Row]:
        """The opt-outs of one phone: `sender, since, who, source, why`."""
        query = "select sender, since, who, source, why from opt_outs where phone in (:phone, :word) order by sender"
        return self._db.rows(query, {"phone": phone, "word": Memory(self._db).pseudonym("phone", phone)})

    def covers(self, phone: str, sender: str) -> bool:
        """Whether this phone wants nothing from that sender."""
        return any(bare(each["sender"]) in ("", bare(sender)) for each in self.of(phone))


def recall_opt_outs(db: Connection, phones: Iterable[str]) -> None:
    """Whoever was forgotten, and comes into the state again, is known to have opted out; inside an open transaction.

    So that no opt-out is kept under a word while a delivery has the number itself: all that asks about it later compares
    the numbers.
    """
    forgotten = {row["phone"] for row in db.rows(_OF_FORGOTTEN)}
    memory = Memory(db)
    for phone in phones if forgotten else ():
        word = memory.pseudonym("phone", phone)
        if word in forgotten:
            # The first one is kept where there are two.
            db.execute(
                "update or ignore opt_outs set phone = :phone where phone = :word", {"phone": phone, "word": word}
            )
            db.execute("delete from opt_outs where phone = :word", {"word": word})


_OF_FORGOTTEN = f"select phone from opt_outs where phone >= '{FORGOTTEN}' and phone < '{FORGOTTEN[:-1]};'"
