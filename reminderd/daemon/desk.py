"""Commands from the socket: each is asked in a thread of its own, and carried out by the loop."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from reminderd.alerts.trial import a_test, documents
from reminderd.clock import to_text
from reminderd.commands import Commands, target_of
from reminderd.daemon.inbox import Inbox
from reminderd.gateway.port import Gateway
from reminderd.reconciler import look_up
from reminderd.settings import Settings
from reminderd.store import Malformed, Refusal, StateFailure, advice
from reminderd.telemetry import LONGEST_PASS, Event, Figures, emit

# Of a reload: None when the files run, or what keeps the state from taking them over.
Answer = Callable[[StateFailure | None], None]

_ASK_SECONDS = 60.0
# Together less than what systemd gives a reload, so that there is an answer.
_FILES_SECONDS, _ANSWER_SECONDS = 80.0, 5.0


class Desk:
    """reload(done): settings and files anew, then done(None), or done(failure). problems(): what runs, and what is wrong. settings(): those
    in use."""

    def __init__(
        self,
        inbox: Inbox,
        commands: Commands,
        gateway: Callable[[], Gateway],
        now: Callable[[], datetime],
        figures: Figures,
        reload: Callable[[Answer], None],
        problems: Callable[[], dict[str, Any]],
        settings: Callable[[], Settings],
    ) -> None:
        self._inbox = inbox
        self._commands = commands
        self._gateway = gateway
        self._now = now
        self._figures = figures
        self._reload = reload
        self._problems = problems
        self._settings = settings

    def handle(self, request: dict[str, Any], who: str) -> dict[str, Any]:
        """Carry out one command; returns {"ok": True, "result": ...} or {"ok": False, "error": sentence, "kind": word}.

        kind: `refused`, `unknown` or `malformed`, as the refusal is; `unavailable` where it may be done later as it is.
        """
        try:
            if request.get("command") == "reload":
                return self._handle_reload(who)
            if request.get("command") == "standing":
                return {"ok": True, "result": self._standing()}
            if request.get("command") == "alerts-test":
                return self._handle_test(who)
            doubt = self._inbox.ask(lambda: self._commands.needs_log(request), _ASK_SECONDS)
            findings = look_up(self._gateway(), [doubt]) if doubt else None
            perform = lambda: self._commands.perform(request, who, self._now(), findings)  # noqa: E731
            result = self._inbox.ask(perform, _ASK_SECONDS)
        except (Refusal, ValueError) as refusal:
            kind = refusal.kind if isinstance(refusal, Refusal) else Malformed.kind
            return {"ok": False, "error": str(refusal), "kind": kind}
        except StateFailure as error:
            return _unavailable(f"the state cannot be used: {error}; {advice(error)}, and look what was done")
        except TimeoutError:
            return _unavailable("the daemon is busy or cannot write its state; see its log and try again")
        emit(Event.COMMAND_DONE, command=request.get("command"), target=target_of(request), who=who)
        return {"ok": True, "result": result}

    def _handle_reload(self, who: str) -> dict[str, Any]:
        """Settings and files anew; answers when what the files say now runs."""
        runs: Future[StateFailure | None] = Future()
        until = time.monotonic() + _FILES_SECONDS
        self._inbox.ask(lambda: self._reload(runs.set_result), _FILES_SECONDS)
        try:
            failure = runs.result(max(0.0, until - time.monotonic()))
        except TimeoutError:
            return _unavailable(
                "the files do not run yet: reading them or planning a long list takes time; see the log"
            )
        if failure is not None:
            return _unavailable(
                f"the state cannot be used: {failure}; {advice(failure)}, and the files run when it can be again"
            )
        result = self._inbox.ask(self._problems, _ANSWER_SECONDS)
        emit(Event.COMMAND_DONE, command="reload", who=who)
        return {"ok": True, "result": result}

    def _standing(self) -> dict[str, Any]:
        """What the loop knows of itself and its state may not; answered without it, so also while it hangs."""
        figures = self._figures
        good, hangs = figures.last_good_pass_at, figures.since_pass()
        trouble = figures.trouble
        if trouble is None and hangs > LONGEST_PASS:
            trouble = f"the loop has made no pass for {hangs:.0f} seconds; see the log"
        alerts = [
            {
                "name": each.name,
                "summary": each.summary,
                "opened_at": to_text(each.since),
                "told_at": to_text(each.told_at) if each.told_at else None,
            }
            for each in figures.alerts
        ]
        return {"trouble": trouble, "last_good_pass_at": to_text(good) if good else None, "alerts": alerts}

    def _handle_test(self, who: str) -> dict[str, Any]:
        """Tell a test alert from here, where the daemon's own rights count; in the thread of the one who asked."""
        told = a_test(self._settings(), to_text(self._now()))
        emit(Event.COMMAND_DONE, command="alerts --test", who=who)
        return {"ok": True, "result": {"told": documents(told)}}


def _unavailable(error: str) -> dict[str, Any]:
    return {"ok": False, "error": error, "kind": "unavailable"}
