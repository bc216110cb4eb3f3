"""What is said when: the states of a message as it comes to them, a text when it comes in, and what is told by hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reminderd.clock import Clock
from reminderd.gateway.sandbox.callbacks.address import parse_address
from reminderd.gateway.sandbox.callbacks.callback import Callback, encoded
from reminderd.gateway.sandbox.callbacks.forms import inbound_form, status_form
from reminderd.gateway.sandbox.callbacks.options import CallbackOptions
from reminderd.gateway.sandbox.callbacks.outbox import Outbox
from reminderd.gateway.sandbox.course import Step
from reminderd.gateway.sandbox.faults import Faults, Kind, Subject
from reminderd.gateway.sandbox.incoming import Received
from reminderd.gateway.sandbox.message import Message
from reminderd.gateway.sandbox.mishaps import Mishap


@dataclass(frozen=True, slots=True)
class Target:
    """Where and how something is told, and whose token signs it."""

    url: str
    method: str
    token: str


class Caller:
    """Makes the callbacks. watch: told of each try, and of all that is not tried. Raises ValueError for an inbound URL of
    another machine.
    """

    def __init__(
        self, clock: Clock, options: CallbackOptions, faults: Faults, watch: Callable[[Callback], None]
    ) -> None:
        self.outbox = Outbox(clock, options, watch)
        self._clock = clock
        self._options = options
        self._faults = faults
        self._inbound: tuple[str | None, str] = (None, "POST")
        self.inbound_to(options.inbound_url, options.inbound_method)

    def accepted(self, message: Message, token: str) -> None:
        """A message was accepted: report what becomes of it, if that is wanted and the sandbox runs."""
        if message.url is not None and self.outbox.running:
            target = Target(message.url.partition("#")[0], message.method, token)
            self.outbox.later(0, lambda: self._report(message, target, 0))

    def received(self, received: Received, token: str) -> None:
        """A text came in: pass it on to the inbound URL, if there is one."""
        url, method = self._inbound
        if url is None:
            return
        callback = inbound_callback(received, Target(url, method, token))
        self._make(callback, Subject(Kind.INBOUND, (callback.phone,), received.text), last=False)

    def inbound_to(self, url: str | None, method: str = "POST") -> None:
        """From now on texts that come in are passed on to this URL. Raises ValueError for one of another machine."""
        if url is not None:
            parse_address(self._options.local(url))
        self._inbound = url, method

    @property
    def inbound(self) -> tuple[str | None, str]:
        """Where and how texts that come in are passed on."""
        return self._inbound

    def by_hand(self, callback: Callback, mishap: Mishap, delay: float) -> list[Callback]:
        """Make this one as it is, whatever the rules say; what was made, once for each repetition."""
        copies = [replace(callback, signature=mishap.signature) for _ in range(mishap.repeat)]
        self._put(copies, mishap, delay, last=False)
        return copies

    def reset(self) -> None:
        """Back to the start."""
        self.outbox.forget()
        self._inbound = self._options.inbound_url, self._options.inbound_method

    def _report(self, message: Message, target: Target, position: int) -> None:
        """Tell of one step of a message, and see to it that the next one is told of in its time."""
        steps = message.course.steps()
        step, last = steps[position], position == len(steps) - 1
        callback = status_callback(message, step, position + 1, target)
        if not self._make(callback, _subject(message, step), last=last) or last:
            return
        age = (self._clock.now() - message.accepted_at).total_seconds()
        self.outbox.later(steps[position + 1].after - age, lambda: self._report(message, target, position + 1))

    def _make(self, callback: Callback, subject: Subject, *, last: bool) -> bool:
        """Make it as the rules say; whether its address is one that is called."""
        effect, callback.fault = self._faults.choose(subject)
        mishap = effect.mishap or Mishap()
        copies = [replace(callback, signature=mishap.signature) for _ in range(mishap.repeat)]
        return self._put(copies, mishap, effect.delay, last=last)

    def _put(self, copies: list[Callback], mishap: Mishap, delay: float, *, last: bool) -> bool:
        try:
            parse_address(self._options.local(copies[0].url))
        except ValueError as error:
            self.outbox.refuse(copies[0], str(error))
            return False
        for callback in copies:
            self.outbox.put(callback, delay=delay, lost=mishap.lost, held=mishap.reorder and not last)
        return True


def status_callback(message: Message, step: Step, sequence: int, target: Target) -> Callback:
    """The callback that reports this state of this message."""
    return Callback(
        kind=Kind.STATUS,
        chain=message.message_uuid,
        message_uuid=message.message_uuid,
        phone=f"+{message.dst}",
        url=target.url,
        method=target.method,
        body=encoded(status_form(message, step, sequence)),
        token=target.token,
        state=step.state,
    )


def inbound_callback(received: Received, target: Target) -> Callback:
    """The callback that passes this text on."""
    return Callback(
        kind=Kind.INBOUND,
        chain=f"{received.src}>{received.dst}",
        message_uuid=received.message_uuid,
        phone=f"+{received.src}",
        url=target.url,
        method=target.method,
        body=encoded(inbound_form(received)),
        token=target.token,
    )


def _subject(message: Message, step: Step) -> Subject:
    return Subject(Kind.STATUS, (f"+{message.dst}",), message.text, step.state)


def changed(form: Mapping[str, str], changes: Mapping[str, str | None]) -> Mapping[str, str]:
    """The form with these fields otherwise; None leaves one out."""
    merged: dict[str, str | None] = {**form, **changes}
    return {name: value for name, value in merged.items() if value is not None}
