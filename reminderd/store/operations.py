"""What an operator's commands do to deliveries, with a record of who and when. Each public method is one transaction."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from reminderd.clock import to_text
from reminderd.model import Recipient, State
from reminderd.recurrence import parse_quiet_hours, quiet_period
from reminderd.store.connection import Connection, Row
from reminderd.store.holds import Hold, Holds
from reminderd.store.jobs import NOT_RECIPIENT
from reminderd.store.moves import Why, move
from reminderd.store.optouts import IS_OPTED_OUT

# The kind of a hold of a single delivery, whose number is the key.
DELIVERY = "delivery"


Belongs = Callable[[str, str], bool]  # a job's name, and the identity of a recipient


class Refusal(Exception):
    """A command that cannot be done as asked; the message says why and what to do instead."""

    kind = "refused"  # by the state that things are in


class Unknown(Refusal):
    """What it is about is not there."""

    kind = "unknown"


class Malformed(Refusal):
    """It makes no sense, whatever the state is."""

    kind = "malformed"


class Operations:
    """The operator's moves."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self._holds = Holds(connection)

    def retry(
        self, delivery_id: int, valid_for: timedelta | None, who: str, now: datetime, belongs: Belongs | None = None
    ) -> datetime:
        """Send a failed or missed delivery after all; it is valid again from now. Returns until when.

        belongs: whether a recipient is still in its job; None for those who are written in the job itself, and no list.
        """
        with self._db.write():
            row = self._get(delivery_id)
            self._check_retry(row)
            if not (belongs or is_written_in(row["definition"]))(row["job"], row["recipient"]):
                raise Refusal(f"delivery {delivery_id} cannot be retried: {NOT_RECIPIENT}")
            begins, quiet = _after_quiet_hours(row, now)
            until = begins + (valid_for or timedelta(seconds=row["valid_for"]))
            moved = move(
                self._db,
                delivery_id,
                State(row["state"]),
                State.PENDING,
                now,
                Why("retried by an operator", who, "operator"),
                not_before=to_text(begins),
                valid_until=to_text(until),
                retries_used=0,
                proven_by=None,
                hold_id=None,  # by the operator's word it is not to wait any longer
                **quiet,
            )
            assert moved
            self._record(who, "retry", delivery_id, {"valid_until": to_text(until)}, now)
        return until

    def _check_retry(self, row: Row) -> None:
        name, state = f"delivery {row['id']}", State(row["state"])
        if state not in (State.FAILED, State.MISSED):
            raise Refusal(
                f"{name} is {state}; only what is failed or missed can be retried" + _instead(state, row["id"])
            )
        if row["erased"] is not None:
            what = "its text is" if row["erased"] == "text" else "its recipient was forgotten: nothing of it is"
            raise Refusal(f"{name} cannot be retried: {what} no longer kept")
        if row["text"] is None or row["phone"] is None or row["sender"] is None:
            raise Refusal(f"{name} has nothing that could be sent: {row['reason']}")
        if row["proven_by"] is not None:
            self._check_proof(name, row["id"])
        if row["drill"]:
            raise Refusal(f"{name} was a test; send another: reminderd test-send {row['job']} --to PHONE")
        if row["opted_out"]:
            raise Refusal(
                f"{name} cannot be retried: its recipient has opted out; if they want messages again: "
                "reminderd opt-out remove PHONE"
            )
        if unwanted := no_longer_wanted(row):
            raise Refusal(f"{name} cannot be retried: {unwanted}")

    def _check_proof(self, name: str, delivery_id: int) -> None:
        """Only what no carrier ever had, as Plivo says for good, may be sent again."""
        attempt = self._db.row(
            "select number, receipt from attempts where delivery_id = :id and message_uuid is not null "
            "and (receipt_stage is null or receipt not like 'failed%' or carried is not null) order by id limit 1",
            {"id": delivery_id},
        )
        if attempt is not None:
            raise Refusal(
                f"{name} cannot be retried: Plivo took its attempt {attempt['number']}, and reports: {attempt['receipt']}; "
                "another one would be a second message"
            )

    def cancel(self, delivery_id: int, who: str, now: datetime) -> None:
        """Give up a pending delivery."""
        with self._db.write():
            row = self._get(delivery_id)
            state = State(row["state"])
            if state is not State.PENDING:
                raise Refusal(
                    f"delivery {delivery_id} is {state}; only what is pending can be cancelled"
                    + _instead(state, delivery_id)
                )
            move(self._db, delivery_id, state, State.CANCELLED, now, Why("cancelled by an operator", who, "operator"))
            self._record(who, "cancel", delivery_id, {}, now)

    def hold(self, delivery_id: int, until: datetime | None, who: str, why: str, now: datetime) -> bool:
        """Keep a pending delivery from going out, until then or until it is released; its validity goes on counting.

        One that is held already takes the new author, reason and end; False then.
        """
        with self._db.write():
            row = self._get(delivery_id)
            self._check_hold(row)
            reason = f"delivery {delivery_id} of {row['job']} is held by {who}: {why}"
            detail = {"delivery": delivery_id, "job": row["job"], "why": why}
            key = str(delivery_id)
            new = self._holds.open(DELIVERY, reason, detail, now, key=key, who=who, until=until)
            hold = self._holds.find(DELIVERY, key)
            assert hold is not None
            self._db.execute(
                "update deliveries set hold_id = :hold where id = :id", {"hold": hold.id, "id": delivery_id}
            )
            said = {"why": why, "until": to_text(until) if until else None}
            self._record(who, "hold", delivery_id, said, now)
        return new

    def _check_hold(self, row: Row) -> None:
        state, other = State(row["state"]), self._holds.get(row["hold_id"]) if row["hold_id"] else None
        if state is not State.PENDING:
            advice = _instead(state, row["id"])
            raise Refusal(f"delivery {row['id']} is {state}; only what is pending can be held{advice}")
        if other is not None and other.kind != DELIVERY:
            raise Refusal(
                f"delivery {row['id']} is on hold already, by hold {other.id} ({other.kind}); it waits for reminderd approve "
                f"{other.id}"
            )

    def release(self, delivery_id: int, who: str, now: datetime) -> State:
        """Let a delivery that was held go out, if it is still valid. Returns its state."""
        with self._db.write():
            row, hold = self._get(delivery_id), self._holds.find(DELIVERY, str(delivery_id))
            if hold is None:
                raise Refusal(f"delivery {delivery_id} is not held" + self._other_hold(row))
            self._release(hold, who, now)
            self._record(who, "release", delivery_id, {"hold": hold.id}, now)
        return State(row["state"])

    def _other_hold(self, row: Row) -> str:
        other = self._holds.get(row["hold_id"]) if row["hold_id"] else None
        if other is None:
            return f", it is {row['state']}"
        return (
            f" by itself: hold {other.id} ({other.kind}) keeps it back, and others maybe: reminderd approve {other.id}"
        )

    def _release(self, hold: Hold, who: str, now: datetime) -> None:
        self._holds.close(hold.id, who, True, now)
        self._holds.let_go(hold.id)

    def check_in_doubt(self, delivery_id: int) -> None:
        """Raises Refusal unless the delivery is in doubt."""
        state = State(self._get(delivery_id)["state"])
        if state is not State.IN_DOUBT:
            raise Refusal(f"delivery {delivery_id} is {state}, not in doubt; there is nothing to resolve")

    def _get(self, delivery_id: int) -> Row:
        row = self._db.row(
            f"select d.*, j.present, j.enabled, j.definition, {IS_OPTED_OUT} "
            "from deliveries d join jobs j on j.name = d.job where d.id = :id",
            {"id": delivery_id},
        )
        if row is None:
            raise Unknown(f"there is no delivery {delivery_id}; `reminderd history` lists them")
        return row

    def record(self, who: str, action: str, target: str, detail: Mapping[str, object], now: datetime) -> None:
        """Keep who did what, for actions whose effect is recorded elsewhere."""
        with self._db.write():
            self._record(who, action, target, detail, now)

    def last_action(self) -> int:
        """The number of what was done last; 0 where nothing was."""
        return int(self._db.value("select coalesce(max(id), 0) from actions"))

    def explain(self, after: int, why: str) -> None:
        """Add a reason to what was done after that action."""
        with self._db.write():
            self._db.execute(
                "update actions set detail = json_set(detail, '$.why', :why) where id > :after",
                {"why": why, "after": after},
            )

    def _record(self, who: str, action: str, target: object, detail: Mapping[str, object], now: datetime) -> None:
        self._db.execute(
            "insert into actions (at, who, action, target, detail) values (:at, :who, :action, :target, :detail)",
            {"at": to_text(now), "who": who, "action": action, "target": str(target), "detail": json.dumps(detail)},
        )


def no_longer_wanted(row: Row) -> str | None:
    """Why its job does not want a delivery any more; None while it does, if its recipient still belongs to it.

    row: the delivery's `withdrawn, job` with its job's `present, enabled`.
    """
    withdrawn: str | None = row["withdrawn"]
    if withdrawn:
        return withdrawn
    if not row["present"] or not row["enabled"]:
        return f"its job {row['job']} is {'disabled' if row['present'] else 'no longer declared'}"
    return None


def is_written_in(definition: str) -> Belongs:
    """Who is in the definition of a job. Only what is unsettled is marked when one leaves."""
    people = [person for person in json.loads(definition)["to"] if "phone" in person]
    identities = {Recipient(person["phone"], key=person.get("key")).identity for person in people}
    return lambda _, recipient: recipient in identities


def _after_quiet_hours(row: Row, now: datetime) -> tuple[datetime, dict[str, object]]:
    """When it may go out, now or after the quiet hours that go on; and the columns of the quiet period after that."""
    if row["quiet_hours"] is None:
        return now, {}
    hours, zone = parse_quiet_hours(row["quiet_hours"]), row["quiet_zone"]
    since, until = quiet_period(hours, zone, now)
    begins = until if since <= now else now
    since, until = quiet_period(hours, zone, begins)
    return begins, {"quiet_from": to_text(since), "quiet_until": to_text(until)}


def _instead(state: State, delivery_id: int) -> str:
    match state:
        case State.IN_DOUBT:
            return f"; settle it first: reminderd resolve {delivery_id} --sent or --not-sent"
        case State.SENDING:
            return "; its request is under way: look again in a minute"
        case State.PENDING:
            return "; it will be sent by itself"
        case _:
            return ""
