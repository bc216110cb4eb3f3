"""The commands by name.

Each is a small JSON object, {"command": "retry", "ids": [42]}; each returns another, or raises Refusal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reminderd.clock import to_text
from reminderd.commands import drills, forgetting, holding, noting, opting, overriding, resolving
from reminderd.commands.known import belongs, restored
from reminderd.commands.requests import Answer, Request, ids_of, shown, whole, word
from reminderd.duration import format_duration, parse_duration
from reminderd.model import Job, mask
from reminderd.reconciler import Findings
from reminderd.store import Doubt, Malformed, Refusal, Store

# Those that do without a reason; one that is given is written down with what they did.
_MAY_SAY_WHY = frozenset({"retry", "cancel", "release", "resolve", "resume", "approve", "opt-out remove"})


@dataclass
class Commands:
    """The commands on one state.

    approved: tells a running daemon that a hold of this kind was approved. running: the jobs of a running daemon by name;
    None without one, and they are made again from the state. forgot: tells it that somebody was forgotten.
    """

    store: Store
    approved: Callable[[str], None] = field(default=lambda _: None)
    running: Callable[[], Mapping[str, Job]] | None = None
    forgot: Callable[[], None] = field(default=lambda: None)

    def needs_log(self, request: Request) -> Doubt | None:
        """The doubt that Plivo's log must be asked about before this command is carried out; None for most."""
        return resolving.doubt_to_look_up(self.store, request) if request.get("command") == "resolve" else None

    def perform(self, request: Request, who: str, now: datetime, findings: Findings | None = None) -> Answer:
        """Carry out one command. findings: what the log said, where `needs_log` asked for it."""
        why = word(request.get("why"), "reason") if str(request.get("command")) in _MAY_SAY_WHY else None
        last = self.store.operations.last_action() if why else 0
        answer = self._perform(request, who, now, findings)
        if why:
            self.store.operations.explain(last, why)
        return answer

    def _perform(self, request: Request, who: str, now: datetime, findings: Findings | None) -> Answer:
        match request.get("command"):
            case "resolve" if request.get("sent"):
                return resolving.sent(self.store, request, who, now, findings)
            case "resolve":
                return resolving.not_sent(self.store, request, who, now, findings)
            case "pause" | "resume" | "skip":
                return self._override(request, who, now)
            case "approve":
                return self._approve(request, who, now)
            case "retry":
                return self._retry(request, who, now)
            case "forget":
                return forgetting.forget(self.store, self.forgot, request, who, now)
            case "test-send":
                return drills.send(self.store, self.running and self._running_job, request, who, now)
            case other:
                perform = {
                    "cancel": _cancel,
                    "hold": holding.hold,
                    "release": holding.release,
                    "opt-out add": opting.add,
                    "opt-out remove": opting.remove,
                    "backup": noting.backup,
                }.get(str(other))
                if perform is None:
                    raise Refusal(f"there is no command {shown(other)}")
                return perform(self.store, request, who, now)

    def _override(self, request: Request, who: str, now: datetime) -> Answer:
        perform = {"pause": overriding.pause, "resume": overriding.resume, "skip": overriding.skip}[request["command"]]
        return perform(self.store, self._job, request, who, now)

    def _job(self, name: str) -> Job | None:
        """A job as it runs, or as it ran last."""
        return self._running_job(name) or restored(self.store, name)

    def _running_job(self, name: str) -> Job | None:
        return self.running().get(name) if self.running is not None else None

    def _retry(self, request: Request, who: str, now: datetime) -> Answer:
        given = word(request.get("valid_for"), "duration")
        valid_for = parse_duration(given) if given else None
        if valid_for is not None and valid_for < timedelta(seconds=10):
            raise Malformed(
                f"--valid-for {format_duration(valid_for)} is too short to send anything; give at least 10s"
            )
        operations = self.store.operations
        with self.store.together():
            until = {
                str(each): to_text(operations.retry(each, valid_for, who, now, self._belongs))
                for each in ids_of(request)
            }
        return {"retried": until}

    def _belongs(self, job: str, recipient: str) -> bool:
        return belongs(self.store, self._running_job(job), job, recipient)

    def _approve(self, request: Request, who: str, now: datetime) -> Answer:
        hold, released = holding.approve(self.store, whole(request.get("hold")), who, now)
        self.approved(hold.kind)
        return {"approved": hold.id, "kind": hold.kind, "reason": hold.reason, "released": released}


def target_of(request: Request) -> object:
    """What a command is about, fit for the log."""
    if request.get("command") == "forget":
        return None  # not even a part of the number
    if isinstance(request.get("phone"), str):
        return mask(str(request["phone"]))
    return next((request[key] for key in ("ids", "id", "hold", "job") if request.get(key)), None)


def _cancel(store: Store, request: Request, who: str, now: datetime) -> Answer:
    ids = ids_of(request)
    with store.together():
        for each in ids:
            store.operations.cancel(each, who, now)
    return {"cancelled": ids}
