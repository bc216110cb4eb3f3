"""Forgetting one person: what names their phone is emptied, or made a keyed digest. Each public method is one transaction."""

import json
import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from reminderd.clock import to_text
from reminderd.model import State
from reminderd.store.connection import Connection, Row, listed
from reminderd.store.inbound import Inbound
from reminderd.store.memory import Memory
from reminderd.store.moves import Why, move
from reminderd.store.operations import Refusal
from reminderd.store.retention import APART, NOBODY

FORGOTTEN_BY_AN_OPERATOR = "its recipient was forgotten by an operator"

_GONE = "[forgotten]"
_AT_ONCE = 500

# What may name the phone besides its own deliveries. In what people wrote names are looked for too; of what the program
# says, that is what follows a colon.
_TEXTS = (
    *(("holds", "reason"), ("holds", "detail"), ("actions", "target"), ("actions", "detail")),
    *(("overrides", "why"), ("opt_outs", "why"), ("deliveries", "reason"), ("moves", "reason")),
    *(("lookups", "finding"), ("attempts", "evidence"), ("gateway", "reason"), ("gateway", "refusal")),
    *(("problems", "path"), ("problems", "message"), ("problems", "hint")),
    *(("alerts", "summary"), ("heartbeats", "detail")),
    ("inbound", "text"),
)
_WRITTEN = ("why", "text")  # by people

# Plivo's log is asked for a doubt some minutes back at the most: what was settled by a word alone may be what it shows.
_RECENT = timedelta(minutes=30)
_UNPROVEN = """
select d.id from deliveries d join attempts a on a.delivery_id = d.id
where d.phone = :phone and a.outcome = 'in_doubt' and (a.message_uuid is null or a.uuid_from = 'operator')
  and a.begun_at > :recent order by d.id limit 1
"""

# Another attempt of about the same time may be the owner of the same row of Plivo's log, which only numbers tell.
_RIVALS = """
select other.id from deliveries d join attempts a on a.delivery_id = d.id
join deliveries other on other.state = 'in_doubt' join attempts b on b.delivery_id = other.id
where d.phone = :phone and a.outcome = 'in_doubt' and (a.message_uuid is null or a.uuid_from = 'operator')
  and b.begun_at is not null and abs(julianday(a.begun_at) - julianday(b.begun_at)) < :days
order by other.id limit 1
"""


class Forgotten(NamedTuple):
    """What a person had in the state. cancelled: (id, job) of deliveries that were pending."""

    deliveries: int
    attempts: int
    opt_outs: int
    inbound: int  # texts that they wrote
    others: int  # rows of other tables whose free text named them
    cancelled: tuple[tuple[int, str], ...]


class Forgetting:
    """Takes one phone, in E.164, out of a state."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self._memory = Memory(connection)
        self._inbound = Inbound(connection)
        self.log_is_full = False  # somebody read the state when the log was to be emptied

    def word(self, phone: str) -> str:
        """What stands in this state for the phone, once it is forgotten."""
        return self._memory.pseudonym("phone", phone)

    def check(self, phone: str, now: datetime) -> None:
        """Raises Refusal while Plivo's log must still be asked by this number."""
        query = "select id, state from deliveries where phone = :phone and state in ('sending', 'in_doubt') order by id limit 1"
        row = self._db.row(query, {"phone": phone})
        if row is not None and row["state"] == State.SENDING:
            raise Refusal(f"delivery {row['id']} to this phone is under way: say it again in a minute")
        if row is not None:
            raise Refusal(
                f"delivery {row['id']} to this phone is in doubt, and Plivo's log can be asked only by its number; settle it "
                f"first: reminderd resolve {row['id']} --sent or --not-sent"
            )
        recent = self._db.value(_UNPROVEN, {"phone": phone, "recent": to_text(now - _RECENT)})
        if recent is not None:
            raise Refusal(
                f"delivery {recent} to this phone was in doubt and is settled by a word alone: what comes into doubt next could be "
                "taken for it in Plivo's log; say it again in half an hour"
            )
        rival = self._db.value(_RIVALS, {"phone": phone, "days": APART.total_seconds() / 86_400})
        if rival is not None:
            raise Refusal(
                f"a message to this phone was settled by somebody's word, and may be what Plivo's log shows for delivery {rival}, "
                f"which is in doubt; settle that first: reminderd resolve {rival} --sent or --not-sent"
            )

    def named_by(self, number: "re.Pattern[str]") -> list[Row]:
        """The declared jobs that name it: `name, file, line`, and `lists`, the paths of their lists that do."""
        found = []
        for row in self._db.rows("select name, file, line, definition from jobs where present = 1 order by name"):
            files = self._db.rows(
                "select u.path, f.content from job_files u join files f on f.digest = u.digest where u.job = :job "
                "order by u.path",
                {"job": row["name"]},
            )
            lists = [each["path"] for each in files if number.search(each["content"].decode(errors="replace"))]
            if lists or number.search(row.pop("definition")):
                found.append({**row, "lists": lists})
        return found

    def forget(self, phone: str, number: "re.Pattern[str]", who: str, now: datetime) -> Forgotten:
        """Empty all that is about this phone, and cancel what is pending to it; that something was sent stays known.

        number: matches the phone in any notation. Raises Refusal as `check`.
        """
        with self._db.write():
            self.check(phone, now)
            rows = self._deliveries(phone)
            cancelled = tuple((row["id"], row["job"]) for row in rows if row["state"] == State.PENDING)
            for each, _ in cancelled:
                move(
                    self._db, each, State.PENDING, State.CANCELLED, now, Why(FORGOTTEN_BY_AN_OPERATOR, who, "operator")
                )
            names = {row["name"] for row in rows if row["name"]}
            attempts = self._remember(rows)
            for start in range(0, len(rows), _AT_ONCE):
                self._empty([row["id"] for row in rows[start : start + _AT_ONCE]])
            opt_outs = self._opt_outs(phone)
            inbound = self._inbound.forget(phone)
            self._db.execute(
                "update actions set target = :word where target = :phone", {"phone": phone, "word": self.word(phone)}
            )
            others = self._texts(_Eraser(number, names)) + self._absent(number) + self._refused(phone)
        return Forgotten(len(rows), attempts, opt_outs, inbound, others, cancelled)

    # -- the parts --------------------------------------------------------------------------------------

    def _deliveries(self, phone: str) -> list[Row]:
        return self._db.rows(
            "select d.id, d.job, o.nominal, d.recipient, d.due_at, d.phone, d.name, d.text, d.state, d.proven_by, d.drill "
            "from deliveries d join occurrences o on o.id = d.occurrence_id where d.phone = :phone order by d.id",
            {"phone": phone},
        )

    def _remember(self, rows: Sequence[Row]) -> int:
        """Keep in mind that these were owed and sent, and whose names at Plivo they had; returns how many attempts."""
        memory, attempts = self._memory, 0
        memory.keep([memory.delivery(row["job"], row["nominal"], row["recipient"]) for row in rows if not row["drill"]])
        memory.keep_texts(
            [
                (memory.text(row["phone"], row["due_at"], row["text"]), memory.occurrence(row["job"], row["nominal"]))
                for row in rows
                if (row["state"] == State.ACCEPTED or row["proven_by"] is not None) and row["text"] is not None
            ]
        )
        for start in range(0, len(rows), _AT_ONCE):
            ids, values = listed([row["id"] for row in rows[start : start + _AT_ONCE]])
            mine = self._db.rows(f"select message_uuid from attempts where delivery_id in ({ids})", values)
            memory.keep([memory.uuid(row["message_uuid"]) for row in mine if row["message_uuid"]])
            attempts += len(mine)
        for row in rows:
            self._db.execute(
                "update deliveries set recipient = :word where id = :id",
                {"id": row["id"], "word": memory.pseudonym("recipient", row["recipient"])},
            )
        return attempts

    def _empty(self, ids: Sequence[int]) -> None:
        """What follows a colon in a reason is what an answer, an error or a person said."""
        places, values = listed(ids)
        keys, keyed = listed([str(each) for each in ids])
        self._db.execute(
            "update deliveries set phone = null, name = null, text = null, message_uuid = null, receipt_due_at = null, "
            f"evidence = null, quiet_hours = null, quiet_zone = null, reason = {_head('reason')}, erased = 'forgotten' "
            f"where id in ({places})",
            values,
        )
        for statement in (
            "update attempts set evidence = null, message_uuid = null, uuid_from = null",
            f"update moves set reason = {_head('reason')}, evidence = {_KIND}",
            f"update lookups set finding = {_head('finding')}",
        ):
            self._db.execute(f"{statement} where delivery_id in ({places})", values)
        self._db.execute(
            f"update holds set reason = {_head('reason')}, detail = json_remove(detail, '$.why') "
            f"where kind = 'delivery' and key in ({keys})",
            keyed,
        )

    def _opt_outs(self, phone: str) -> int:
        """They stay in force under the word for the phone. The first one is kept where there are two."""
        values = {"phone": phone, "word": self.word(phone)}
        self._db.execute(
            "delete from opt_outs where phone = :phone and sender in (select sender from opt_outs where phone = :word)",
            values,
        )
        return self._db.execute("update opt_outs set phone = :word, why = '' where phone = :phone", values)

    def _texts(self, eraser: "_Eraser") -> int:
        """Take the number, and the names that it went by, out of other rows."""
        done = 0
        self._db.raw.create_function("without", 2, eraser.erase, deterministic=True)
        for table, column in _TEXTS:
            erased = f"without({column}, '{column}')"
            # Most of what the program says has neither, and is passed over at once.
            some = "true" if column in _WRITTEN else f"{column} glob '*[0-9:]*'"
            done += self._db.execute(f"update {table} set {column} = {erased} where {some} and {column} <> {erased}")
        return done

    def _absent(self, number: "re.Pattern[str]") -> int:
        """Jobs that are no longer declared keep nothing of what named the phone."""
        rows = self._db.rows("select name, definition from jobs where present = 0")
        named = [row["name"] for row in rows if number.search(row["definition"])]
        for name in named:
            values = {"name": name, "nobody": NOBODY}
            self._db.execute("update jobs set definition = :nobody, digest = '' where name = :name", values)
        return len(named)

    def _refused(self, phone: str) -> int:
        """Who was refused lately: so many different phones in a row suspend the gateway."""
        phones = json.loads(self._db.value("select refused_phones from gateway"))
        if phone not in phones:
            return 0
        left = json.dumps([each if each != phone else self.word(phone) for each in phones])
        return self._db.execute("update gateway set refused_phones = :left", {"left": left})

    # -- the file ---------------------------------------------------------------------------------------

    def rewrite(self) -> bool:
        """Write the file anew, so that no free page of it holds what was forgotten, and empty the log beside it; False
        where somebody reads the state now, and the log cannot be emptied before they end. Outside of a transaction."""
        self._db.raw.execute("vacuum")
        return self.empty_log()

    def empty_log(self) -> bool:
        """Have the log beside the state hold nothing any more; False where somebody reads it."""
        busy, _, _ = self._db.raw.execute("pragma wal_checkpoint(truncate)").fetchone()
        self.log_is_full = bool(busy)
        return not busy


# What kind of evidence it was: not what an answer said, nor which message of the log.
_KIND = """case when evidence in ('answer', 'callback', 'operator', 'plivo', 'inbound') then evidence
    when evidence like 'log: %' then 'log' when evidence like 'receipt: %' then 'receipt' end"""


def _head(column: str) -> str:
    return f"rtrim(substr({column}, 1, instr({column} || ':', ':') - 1))"


class _Eraser:
    """Takes a number out of texts, and names where they stand by themselves."""

    def __init__(self, number: "re.Pattern[str]", names: Collection[str]) -> None:
        words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        self._number = number
        self._names = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None

    def erase(self, value: Any, column: str) -> Any:
        """The value of a column without them."""
        if not isinstance(value, str):
            return value
        return self._written(value) if column in _WRITTEN else self._said(value)

    def _written(self, value: str) -> str:
        """What a person wrote."""
        text = self._number.sub(_GONE, value)
        return self._names.sub(_GONE, text) if self._names else text

    def _said(self, value: str) -> str:
        """What the program says, which may end with what a person wrote; or a JSON document."""
        if value.startswith(("{", "[")):
            return self._document(value)
        head, colon, rest = self._number.sub(_GONE, value).partition(": ")
        return head + colon + self._written(rest)

    def _document(self, value: str) -> str:
        try:
            document = json.loads(value)
        except ValueError:
            return str(self._number.sub(_GONE, value))
        erased = self._walk(document)
        return value if erased == document else json.dumps(erased)

    def _walk(self, value: Any, name: str = "") -> Any:
        match value:
            case str():
                if " " not in value and self._number.search(value):
                    return _GONE  # a recipient's identity, whose key goes as well
                return self._written(value) if name == "why" else self._number.sub(_GONE, value)
            case list():
                return [self._walk(each) for each in value]
            case dict():
                return {key: self._walk(each, key) for key, each in value.items()}
            case _:
                return value
