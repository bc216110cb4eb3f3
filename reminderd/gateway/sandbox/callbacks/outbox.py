"""Making callbacks: so many at once and no more, in the order of their message, and again while nobody took them."""

import asyncio
import os
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from reminderd.clock import Clock
from reminderd.gateway.sandbox.callbacks.callback import Callback, Standing, Try
from reminderd.gateway.sandbox.callbacks.chain import Chain
from reminderd.gateway.sandbox.callbacks.options import CallbackOptions
from reminderd.gateway.sandbox.callbacks.post import post
from reminderd.gateway.sandbox.http import phrase

PAUSES = (60.0, 120.0, 240.0)  # seconds before the second, third and fourth try, as Plivo has them
MOST_KEPT = 50_000
AT_ONCE = 16


class Outbox:
    """Callbacks that are to be made, and those that were. Lives in the event loop's thread.

    watch: told of every try and of all that is not even tried. Callbacks are made between `start` and `stop` only.
    """

    def __init__(self, clock: Clock, options: CallbackOptions, watch: Callable[[Callback], None]) -> None:
        self._clock = clock
        self._options = options
        self._watch = watch
        self._kept: deque[Callback] = deque(maxlen=MOST_KEPT)
        self._open: dict[int, Callback] = {}
        self._ready: deque[Callback] = deque()
        self._chains: dict[str, Chain] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._workers = 0
        self._timers: set[asyncio.Handle] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: list[Callable[[], None]] = []
        self.counts: Counter[Standing] = Counter()
        self._last_number = 0

    @property
    def running(self) -> bool:
        return self._loop is not None

    @property
    def full(self) -> bool:
        """Whether no more will be made until some are over."""
        return len(self._open) + len(self._timers) > self._options.most

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        """Drop what is not over, and make no more."""
        self._drop_all("the sandbox ended")
        self._loop = None
        for task in list(self._tasks):
            task.cancel()
        for task in list(self._tasks):
            with suppress(asyncio.CancelledError):
                await task
        self._workers = 0  # some may not have begun

    def kept(self) -> Sequence[Callback]:
        """The newest of all, in order."""
        return self._kept

    def forget(self) -> None:
        """Drop what is not over, and all memory."""
        self._drop_all("forgotten")
        self._kept.clear()
        self.counts.clear()

    def _drop_all(self, reason: str) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._ready.clear()
        self._chains.clear()
        for callback in list(self._open.values()):
            self._stand(callback, Standing.DROPPED, reason)

    def when_changed(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each step of a callback."""
        self._listeners.append(listener)

    def forget_listener(self, listener: Callable[[], None]) -> None:
        self._listeners.remove(listener)

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Do this in so many seconds, or in its turn when the present request was answered, unless everything is dropped before."""
        assert self._loop is not None

        def fire() -> None:
            self._timers.discard(timer)
            work()

        timer = self._loop.call_later(seconds, fire) if seconds > 0 else self._loop.call_soon(fire)
        self._timers.add(timer)

    def put(self, callback: Callback, *, delay: float = 0.0, lost: bool = False, held: bool = False) -> None:
        """Make this callback: after those of its chain that are here already, or by itself in `delay` seconds.

        lost: it is written down and not made. held: it waits until one of its chain that comes later was tried.
        """
        self._enter(callback)
        if lost:
            self._stand(callback, Standing.LOST)
            self._watch(callback)
        elif not self.running or self.full:
            self._stand(callback, Standing.DROPPED, "too many wait" if self.running else "the sandbox does not run")
            self._watch(callback)
        elif delay:
            self.later(delay, lambda: self._make(callback))
        else:
            chain = self._chains.setdefault(callback.chain, Chain())
            if held:
                self._stand(callback, Standing.HELD)
                chain.hold(callback)
            else:
                chain.add(callback)
            self._go_on(chain)

    def refuse(self, callback: Callback, reason: str) -> None:
        """Write down a callback that is not made."""
        self._enter(callback)
        self._stand(callback, Standing.REFUSED, reason)
        self._watch(callback)

    def _enter(self, callback: Callback) -> None:
        self._last_number += 1
        callback.number = self._last_number
        self._kept.append(callback)
        self._open[callback.number] = callback
        self.counts[callback.standing] += 1

    def _go_on(self, chain: Chain) -> None:
        callback = chain.take()
        if callback is not None:
            self._make(callback)

    def _make(self, callback: Callback) -> None:
        self._ready.append(callback)
        if self._workers < AT_ONCE:
            assert self._loop is not None
            self._workers += 1
            task = self._loop.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        try:
            while self._ready:
                callback = self._ready.popleft()
                self._stand(callback, Standing.SENDING)
                status, result = await self._try(callback)
                if not callback.standing.over:  # else it was dropped meanwhile
                    self._took(callback, status, result)
        finally:
            self._workers -= 1  # here and not when the task is done: what comes in between would find nobody

    async def _try(self, callback: Callback) -> tuple[int | None, str]:
        try:
            status = await post(callback, self._options.local(callback.whole_url), self._options.patience)
        except TimeoutError:
            return None, f"no answer within {self._options.patience:g} s"
        except OSError as error:
            return None, os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        except ValueError as error:
            return None, str(error)
        return status, f"{status} {phrase(status)}"

    def _took(self, callback: Callback, status: int | None, result: str) -> None:
        """Record one try, and see to what comes after it."""
        at = self._clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z")
        callback.tries = (*callback.tries, Try(at, status, result))
        if status is not None and 200 <= status <= 299:
            self._stand(callback, Standing.ANSWERED)
        elif len(callback.tries) > len(PAUSES):
            self._stand(callback, Standing.GIVEN_UP)
        else:
            self._stand(callback, Standing.RETRYING)
            pause = PAUSES[len(callback.tries) - 1] * self._options.scale
            self.later(max(pause, 0.001), lambda: self._make(callback))
        self._watch(callback)
        chain = self._chains.get(callback.chain)
        if chain is not None and chain.over(callback):
            self._go_on(chain)
            if chain.empty:
                del self._chains[callback.chain]

    def _stand(self, callback: Callback, standing: Standing, reason: str | None = None) -> None:
        self.counts[callback.standing] -= 1
        callback.standing = standing
        callback.reason = reason
        self.counts[standing] += 1
        if standing.over:
            self._open.pop(callback.number, None)
        for listener in list(self._listeners):
            listener()
