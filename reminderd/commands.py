"""What operators may do, the same for a running daemon (over its socket) and for a stopped one's state.

Each command is a small JSON object, {"command": "retry", "ids": [42]}; each returns another, or raises Refusal.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from reminderd.clock import to_text
from reminderd.duration import format_duration, parse_duration
from reminderd.jobs import Archive, identities
from reminderd.model import Job
from reminderd.reconciler import Findings, candidates
from reminderd.store import Doubt, Refusal, Store, Why

Request = dict[str, Any]
Answer = dict[str, Any]
LookUp = Callable[[Doubt], Findings]

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST_WORD = 200  # characters, as long as a message_uuid may be


@dataclass
class Commands:
    """The commands on one state.

    approved: tells a running daemon that a hold of this kind was approved. running: the jobs of a running daemon by
    name; without it they are made again from the state.
    """

    store: Store
    approved: Callable[[str], None] = field(default=lambda _: None)
    running: Callable[[], Mapping[str, Job]] = field(default=dict)

    def needs_log(self, request: Request) -> Doubt | None:
        """The doubt that Plivo's log must be asked about before this command is carried out; None for most."""
        if request.get("command") != "resolve" or request.get("force"):
            return None
        if request.get("sent") and _uuid(request) is None:
            return None
        delivery_id = _whole(request.get("id"))
        self.store.operations.check_in_doubt(delivery_id)
        return self.store.doubts.get(delivery_id)

    def perform(self, request: Request, who: str, now: datetime, findings: Findings | None = None) -> Answer:
        """Carry out one command. findings: what the log said, where `needs_log` asked for it."""
        match request.get("command"):
            case "retry":
                return self._retry(request, who, now)
            case "cancel":
                return self._cancel(request, who, now)
            case "resolve" if request.get("sent"):
                return self._resolve_sent(request, who, now, findings)
            case "resolve":
                return self._resolve_not_sent(request, who, now, findings)
            case "approve":
                return self._approve(request, who, now)
            case other:
                raise Refusal(f"there is no command {_shown(other)}")

    def _retry(self, request: Request, who: str, now: datetime) -> Answer:
        given = _word(request.get("valid_for"), "duration")
        valid_for = parse_duration(given) if given else None
        if valid_for is not None and valid_for < timedelta(seconds=10):
            raise Refusal(f"--valid-for {format_duration(valid_for)} is too short to send anything; give at least 10s")
        with self.store.together():
            until = {
                str(each): to_text(self.store.operations.retry(each, valid_for, who, now, self._belongs))
                for each in _ids(request)
            }
        return {"retried": until}

    def _belongs(self, job: str, recipient: str) -> bool:
        """Whether the recipient is in the job as it runs, also by a list that the job names."""
        runs = self.running().get(job)
        if runs is not None:
            return any(person.identity == recipient for person in runs.recipients)
        try:
            return recipient in identities(self.store.jobs.known()[job].definition, Archive(self.store.jobs.files()))
        except ValueError as error:
            raise Refusal(f"the last good version of job {job!r} cannot be read: {error}; start the daemon") from None

    def _cancel(self, request: Request, who: str, now: datetime) -> Answer:
        ids = _ids(request)
        with self.store.together():
            for each in ids:
                self.store.operations.cancel(each, who, now)
        return {"cancelled": ids}

    def _resolve_sent(self, request: Request, who: str, now: datetime, findings: Findings | None) -> Answer:
        delivery_id, uuid = _whole(request.get("id")), _uuid(request)
        self.store.operations.check_in_doubt(delivery_id)
        doubt = self.store.doubts.get(delivery_id)
        assert doubt is not None
        if uuid is not None and self.store.doubts.known_uuids([uuid]):
            raise Refusal(f"the message_uuid {uuid} belongs to another delivery")
        if uuid is not None and not request.get("force"):
            self._check_named(doubt, uuid, findings)
        why = Why("an operator says that it was sent", who, "operator", doubt.attempt_id)
        with self.store.together():
            if not self.store.doubts.accept(doubt, uuid, "operator", why, now):
                raise Refusal(f"the message_uuid {uuid} belongs to another delivery")
            self.store.operations.record(who, "resolve --sent", str(delivery_id), {"uuid": uuid}, now)
        return {"id": delivery_id, "state": "accepted"}

    def _check_named(self, doubt: Doubt, uuid: str, findings: Findings | None) -> None:
        """Refuse where Plivo's log, as far as it can be read, speaks against this name."""
        number = doubt.delivery_id
        anyhow = f"reminderd resolve {number} --sent takes your word without a name, with {uuid} --force also for that"
        if findings is None or findings.unavailable is not None:
            return
        row = next((row for row in findings.rows if row.message_uuid == uuid), None)
        if row is None and findings.whole and not findings.skipped:
            raise Refusal(f"Plivo's log has no message {uuid} of the time of delivery {number}; {anyhow}")
        if row is not None and not candidates(self.store, doubt, [row]):
            raise Refusal(
                f"the message {uuid} cannot be delivery {number}: Plivo's log shows another sender, phone or time; {anyhow}"
            )

    def _resolve_not_sent(self, request: Request, who: str, now: datetime, findings: Findings | None) -> Answer:
        delivery_id = _whole(request.get("id"))
        self.store.operations.check_in_doubt(delivery_id)
        doubt = self.store.doubts.get(delivery_id)
        assert doubt is not None
        if not request.get("force"):
            self._check_absent(doubt, findings)
        why = Why("an operator says that it was not sent", who, "operator", doubt.attempt_id)
        with self.store.together():
            state = self.store.doubts.not_sent(delivery_id, why, now)
            detail = {"force": bool(request.get("force"))}
            self.store.operations.record(who, "resolve --not-sent", str(delivery_id), detail, now)
        return {"id": delivery_id, "state": str(state)}

    def _check_absent(self, doubt: Doubt, findings: Findings | None) -> None:
        """Refuse where Plivo's log cannot be read, or has a message that could be this one."""
        number = doubt.delivery_id
        force = f"reminderd resolve {number} --not-sent --force goes on without"
        if findings is None or findings.unavailable is not None:
            said = findings.unavailable.evidence if findings and findings.unavailable else "not asked"
            raise Refusal(f"Plivo's log could not be read ({said}); try again, or {force}")
        if doubt.attempt_id not in {each.attempt_id for each in findings.looked_up}:
            raise Refusal(f"delivery {number} was tried again in this moment; look again: reminderd why {number}")
        if findings.skipped:
            raise Refusal(f"{findings.skipped} rows of Plivo's log could not be read; {force}")
        found = candidates(self.store, doubt, findings.rows)
        if found:
            uuids = ", ".join(row.message_uuid for row in found[:5])
            raise Refusal(
                f"Plivo's log has a message that can be delivery {number}: {uuids}; if it is, "
                f"reminderd resolve {number} --sent {found[0].message_uuid}; if it surely is not, {force}"
            )
        if not findings.whole:
            raise Refusal(
                f"Plivo's log of that time is too long to be read as a whole; it has no message to the number of delivery "
                f"{number}, but could have one to that number masked or rewritten; {force}"
            )

    def _approve(self, request: Request, who: str, now: datetime) -> Answer:
        holds = self.store.holds.open_ones()
        wanted = _whole(request.get("hold"))
        hold = next((hold for hold in holds if hold.id == wanted), None)
        if hold is None:
            known = ", ".join(f"{hold.id} ({hold.kind})" for hold in holds) or "none"
            raise Refusal(f"there is no open hold {wanted}; open holds: {known}")
        with self.store.together():
            self.store.holds.close(hold.id, who, True, now)
            self.store.operations.record(who, "approve", str(hold.id), {"kind": hold.kind}, now)
            if hold.kind == "cursor":
                self.store.jobs.rewind_cursors(now)
        self.approved(hold.kind)
        return {"approved": hold.id, "kind": hold.kind, "reason": hold.reason}


def _uuid(request: Request) -> str | None:
    """The message_uuid of a request, as Plivo writes it; None without one."""
    given = _word(request.get("uuid"), "message_uuid")
    if given is None:
        return None
    if not _UUID.fullmatch(given):
        raise Refusal(f"{_shown(given)} is not a message_uuid; one looks like 5b40a428-bfc7-4daf-9d06-726c558bf3b8")
    return given.lower()


def _ids(request: Request) -> list[int]:
    ids = request.get("ids")
    if not isinstance(ids, list) or not ids:
        raise Refusal("name at least one delivery by its number")
    return list(dict.fromkeys(_whole(each) for each in ids))


def _word(value: object, what: str) -> str | None:
    """A short text, None where it is left out."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.isprintable() or len(value) > _LONGEST_WORD:
        raise Refusal(f"{_shown(value)} is not a {what}")
    return value


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str | int | float) else type(value).__name__
    return text if len(text) <= _LONGEST_WORD else f"{text[:40]}…"


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise Refusal(f"{_shown(value)} is not a number of a delivery or hold")
    return value
