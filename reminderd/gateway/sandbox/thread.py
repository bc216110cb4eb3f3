"""The sandbox inside another program: a thread of its own, with direct access to what it holds."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from reminderd.clock import Clock, SystemClock
from reminderd.gateway.sandbox.api import Options
from reminderd.gateway.sandbox.connection import Limits
from reminderd.gateway.sandbox.faultspec import parse_fault
from reminderd.gateway.sandbox.ledger import Duplicate, Ledger, Message
from reminderd.gateway.sandbox.service import HOST, Seen, Service

AUTH_ID = "MASANDBOX00000000000"
AUTH_TOKEN = "sandbox"

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

    def hear(self, phone: str, sender: str, text: str) -> bool:
        """Somebody writes to a sender: STOP or START. Returns whether what is sent to them from now on ends failed."""
        return self._do(lambda: self._service.api.hear(phone, sender, text))

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


def _settle(done: "Future[T]", work: Callable[[], T]) -> None:
    try:
        done.set_result(work())
    except Exception as error:  # noqa: BLE001 - it belongs to the thread that asked, and rises there
        done.set_exception(error)
