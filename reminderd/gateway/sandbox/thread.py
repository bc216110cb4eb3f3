"""The sandbox inside another program: a thread of its own, with direct access to what it holds."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from reminderd.clock import Clock, SystemClock
from reminderd.gateway.sandbox.api import Options
from reminderd.gateway.sandbox.callbacks.callback import Callback, Standing
from reminderd.gateway.sandbox.connection import Limits
from reminderd.gateway.sandbox.credentials import AUTH_ID, AUTH_TOKEN
from reminderd.gateway.sandbox.faultspec import parse_fault
from reminderd.gateway.sandbox.incoming import Received
from reminderd.gateway.sandbox.ledger import Duplicate, Ledger
from reminderd.gateway.sandbox.message import Message
from reminderd.gateway.sandbox.service import HOST, Seen, Service

T = TypeVar("T")


def environment(url: str, auth_id: str = AUTH_ID, auth_token: str = AUTH_TOKEN) -> dict[str, str]:
    """The environment variables that point reminderd at a sandbox."""
    return {"REMINDERD_PLIVO__URL": url, "PLIVO_AUTH_ID": auth_id, "PLIVO_AUTH_TOKEN": auth_token}


class Sandbox(AbstractContextManager["Sandbox"]):
    """A sandbox on a free loopback port, or on `port`. Faults are given as `parse_fault` reads them.

    `stop` and `start` again play an outage: port, ledger and faults stay. `close`, or leaving the context, ends it.
    Raises LedgerError, ValueError for a fault, and OSError for a port that is taken.
    """

    def __init__(
        self,
        ledger: Path | None = None,
        *,
        port: int = 0,
        faults: Sequence[str | Mapping[str, object]] = (),
        options: Options | None = None,
        clock: Clock | None = None,
        watch: Callable[[Seen], None] | None = None,
        limits: Limits | None = None,
    ) -> None:
        rules = [parse_fault(fault) for fault in faults]
        self._ledger = Ledger(ledger)
        self._service = Service(self._ledger, clock or SystemClock(), options or Options(), rules, watch, limits)
        self._port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens: `http://127.0.0.1:8750`."""
        return f"http://{HOST}:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point reminderd at it."""
        return environment(self.url)

    def start(self) -> Self:
        """Listen; returns when connections are taken."""
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), name="sandbox", daemon=True)
        self._thread.start()
        try:
            self._port = ready.result()
        except (OSError, OverflowError):
            self._forget_thread()
            raise
        return self

    def stop(self) -> None:
        """Stop listening and drop every connection. What it holds can still be read."""
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._forget_thread()

    def close(self) -> None:
        """Stop, and close the ledger."""
        self.stop()
        self._ledger.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add_fault(self, *faults: str | Mapping[str, object]) -> None:
        """Put rules behind those in force."""
        rules = [parse_fault(fault) for fault in faults]
        self._do(lambda: self._service.faults.add(rules))

    def clear_faults(self) -> None:
        self._do(self._service.faults.clear)

    def faults(self) -> list[Mapping[str, object]]:
        """The rules in force, each with `fault`, `seen` and `applied`."""
        return self._do(self._service.faults.listed)

    def hear(self, phone: str, sender: str, text: str) -> Received:
        """Somebody writes to a sender, perhaps STOP or START; it is passed on to the inbound URL, if there is one."""
        return self._do(lambda: self._service.callbacks.hear(phone, sender, text))

    def inbound_to(self, url: str | None, method: str = "POST") -> None:
        """Pass texts that come in on to this URL from now on."""
        self._do(lambda: self._service.caller.inbound_to(url, method))

    def callbacks(self) -> list[Callback]:
        """All callbacks as they stand, in order."""
        return self._do(self._callbacks)

    def call_back(self, message_uuid: str, status: str | None = None, **more: object) -> Callback:
        """Make one callback by hand, told as docs/sandbox.md says of /__control/callback; the (first) one that was made."""
        said = {"message_uuid": message_uuid, **({} if status is None else {"status": status}), **more}
        return self._do(lambda: replace(self._service.callbacks.by_hand(said)[0]))

    def wait_callbacks(self, condition: Callable[[Sequence[Callback]], bool], timeout: float = 30.0) -> list[Callback]:
        """The callbacks as soon as `condition` holds of them; it is asked in the sandbox's thread, after each step of one.

        Raises TimeoutError.
        """
        done: Future[list[Callback]] = Future()

        def look() -> None:
            if not done.done():
                _settle_if(done, lambda: condition(outbox.kept()), self._callbacks)

        outbox = self._service.caller.outbox
        self._do(lambda: outbox.when_changed(look))
        try:
            self._do(look)
            return done.result(timeout)
        finally:
            self._do(lambda: outbox.forget_listener(look))

    def wait_answered(self, count: int, timeout: float = 30.0) -> list[Callback]:
        """The callbacks as soon as `count` of them were answered with 2xx. Raises TimeoutError."""
        counts = self._service.caller.outbox.counts
        return self.wait_callbacks(lambda _: counts[Standing.ANSWERED] >= count, timeout)

    def tell_account(self, **words: object) -> None:
        """From now on the account says this of itself: credit="3.50", numbers=["+14155550100"]."""
        self._do(lambda: self._service.api.tell_account(words))

    def messages(self) -> list[Message]:
        """Everything accepted, in order."""
        return self._do(self._ledger.messages)

    def duplicates(self) -> list[Duplicate]:
        return self._do(self._ledger.duplicates)

    def requests(self) -> dict[str, int]:
        """How many requests of each kind came."""
        return self._do(lambda: dict(self._service.counts))

    def reset(self) -> None:
        """Back to the start: an empty ledger, the faults of the start, no counts."""
        self._do(self._service.control.reset)

    def _callbacks(self) -> list[Callback]:
        return [replace(callback) for callback in self._service.caller.outbox.kept()]

    def _forget_thread(self) -> None:
        assert self._thread is not None
        self._thread.join()
        self._thread = self._loop = self._stopping = None

    async def _serve(self, ready: "Future[int]") -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            port = await self._service.start(self._port)
        except (OSError, OverflowError) as error:
            ready.set_exception(error)
            return
        ready.set_result(port)
        await self._stopping.wait()
        await self._service.stop()

    def _do(self, work: Callable[[], T]) -> T:
        """Run `work` where the sandbox runs, so that nothing changes meanwhile."""
        if self._loop is None:
            return work()
        done: Future[T] = Future()
        self._loop.call_soon_threadsafe(_settle, done, work)
        return done.result()


def _settle_if(done: "Future[T]", condition: Callable[[], bool], work: Callable[[], T]) -> None:
    try:
        if condition():
            done.set_result(work())
    except Exception as error:  # noqa: BLE001 - as below
        done.set_exception(error)


def _settle(done: "Future[T]", work: Callable[[], T]) -> None:
    try:
        done.set_result(work())
    except Exception as error:  # noqa: BLE001 - it belongs to the thread that asked, and rises there
        done.set_exception(error)
