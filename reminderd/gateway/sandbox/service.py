"""The sandbox as one asyncio server: every request to the API or to the control addresses, with the faults between, and
the callbacks that it makes."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import cast

from reminderd.clock import Clock
from reminderd.gateway.sandbox.api import Call, Options, PlivoApi
from reminderd.gateway.sandbox.callbacks.callback import Callback
from reminderd.gateway.sandbox.callbacks.caller import Caller
from reminderd.gateway.sandbox.callbacks.control import CallbackControl
from reminderd.gateway.sandbox.connection import Connection, Ending, Limits, Reply
from reminderd.gateway.sandbox.control import PREFIX, Control
from reminderd.gateway.sandbox.faults import Fault, Faults, Subject
from reminderd.gateway.sandbox.http import Malformed, Request, Response, phrase
from reminderd.gateway.sandbox.ledger import Ledger
from reminderd.gateway.sandbox.message import Message

HOST = "127.0.0.1"  # and nothing else: whoever reaches the sandbox can read every text and set faults


@dataclass(frozen=True, slots=True)
class Seen:
    """One handled request, or one try of a callback, for the people who watch. fault: the rules that changed the answer, None for none."""

    at: datetime
    method: str
    what: str
    subject: Subject | None
    result: str
    fault: str | None


class Service:
    """All parts of one sandbox. Everything but the constructor runs in the event loop's thread."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        options: Options,
        faults: Sequence[Fault] = (),
        watch: Callable[[Seen], None] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.faults = Faults(faults)
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self.caller = Caller(clock, options.callbacks, self.faults, self._called)
        self.api = PlivoApi(ledger, clock, options, self._accepted)
        self.callbacks = CallbackControl(ledger, self.api, self.caller, clock)
        self.control = Control(ledger, self.faults, self.api, self.callbacks, self.counts)
        self._watch = watch
        self._limits = limits or Limits()
        self._peers: set[Connection] = set()
        self._date = ("", 0)
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> int:
        """Listen on the loopback interface; returns the port, which is a free one for 0; raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, HOST, port, backlog=self._limits.connections)
        self.caller.outbox.start()
        return cast(int, self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and drop every connection at once."""
        assert self._server is not None
        await self.caller.outbox.stop()
        loop = asyncio.get_running_loop()
        for listening in self._server.sockets:
            loop.remove_reader(listening.fileno())
        # A server that is closed loses, unclosed, what it accepted just before: that becomes a peer first.
        for _ in range(3):
            await asyncio.sleep(0)
        while self._peers:
            for peer in list(self._peers):
                peer.abort()
            await asyncio.sleep(0)  # the loop closes an aborted connection in its next pass
        self._server.close()
        await self._server.wait_closed()

    def handle(self, request: Request | Malformed) -> Reply:
        """The reply to one request, or to what should have been one."""
        if isinstance(request, Malformed):
            response = Response.of_text(request.status, f"{request.reason}\n")
            return self._note("?", "malformed", None, Reply(response, ending=Ending.CLOSE))
        if request.path.startswith(PREFIX):
            self.counts["control"] += 1
            return Reply(self.control.handle(request))
        call = self.api.route(request)
        if isinstance(call, Response):
            return self._note(request.method, "refused", None, Reply(call))
        return self._perform(request.method, call)

    def _perform(self, method: str, call: Call) -> Reply:
        subject = call.subject
        effect, fault = self.faults.choose(subject)
        if fault is None:
            return self._note(method, subject.kind.value, subject, Reply(call.perform(None, None)))
        own = call.perform(fault, effect.course) if effect.accept else None
        return self._note(method, subject.kind.value, subject, effect.reply(own), fault)

    def _note(self, method: str, what: str, subject: Subject | None, reply: Reply, fault: str | None = None) -> Reply:
        self.counts["total"] += 1
        self.counts[what] += 1
        if fault is not None:
            self.counts["faulty"] += 1
        if self._watch is not None:
            self._watch(Seen(self._clock.now(), method, what, subject, _result(reply), fault))
        return reply

    def _accepted(self, message: Message) -> None:
        self.caller.accepted(message, self.api.credentials.token_of(message.auth_id))

    def _called(self, callback: Callback) -> None:
        if self._watch is not None:
            subject = Subject(callback.kind, (callback.phone,), state=callback.state)
            at = self._clock.now()
            self._watch(Seen(at, callback.method, callback.kind.value, subject, callback.result, callback.fault))

    def _connection(self) -> Connection:
        return Connection(self.handle, self._today, self._peers, self._limits)

    def _today(self) -> str:
        """The Date header, made once a second."""
        now = self._clock.now()
        second = int(now.timestamp())
        if self._date[1] != second:
            self._date = (format_datetime(now, usegmt=True), second)
        return self._date[0]


def _result(reply: Reply) -> str:
    if reply.response is None:
        return "reset" if reply.ending is Ending.RESET else "closed without an answer"
    return f"{reply.response.status} {phrase(reply.response.status)}"
