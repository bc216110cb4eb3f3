"""Signs of life: a row for the loop and for each reload, and an address that is asked for while all is well.

The address belongs to somebody who misses it: it says that passes are made, that the state takes what is written, and that
what is due goes out. What only this process could say about itself, such as a failure, is an alert.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from reminderd.clock import Clock
from reminderd.daemon.inbox import Inbox
from reminderd.daemon.worker import Worker
from reminderd.settings import Settings
from reminderd.store import Store, Task
from reminderd.telemetry import Event, emit

_NOTE_SECONDS = 30.0


class Heartbeats:
    """All methods belong to the loop's thread.

    now(): the time as it is to be written down. sending(): whether what is due goes out. runs(): what runs since the
    files were read, whether it is without problems, and in words; None while it is still to be taken over.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        inbox: Inbox,
        now: Callable[[], datetime],
        sending: Callable[[], bool],
        runs: Callable[[], tuple[bool, str] | None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._now = now
        self._sending = sending
        self._runs = runs
        self._worker = Worker(inbox.post)
        self._started: datetime | None = None
        self._note_at = 0.0
        self._ask_at = 0.0
        self._asking = self._failing = False
        self._reload: int | None = None
        self._readers = 0  # reloads whose files are being read
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Use these from now on."""
        self._settings = settings
        self._ask_at = 0.0

    def start(self) -> None:
        """Before the first pass: what the last daemon left running has failed."""
        self._started = self._now()
        self._store.heartbeats.close_dead(self._started)

    def reloading(self) -> None:
        """Settings and files are read anew, because somebody asked."""
        self._readers += 1
        if self._reload is None:
            self._reload = self._store.heartbeats.begin(Task.RELOAD, self._now())

    def read_anew(self) -> None:
        """One reload has read its files; they need not run yet."""
        self._readers -= 1

    def pass_done(self) -> None:
        """A pass was good. Raises what the state raises."""
        if self._reload is not None and not self._readers and (came := self._runs()) is not None:
            self._store.heartbeats.end(self._reload, *came, self._now())
            self._reload = None
        at = self._clock.boottime()
        asks = self._wants_to_ask() and at >= self._ask_at
        if asks or at >= self._note_at:
            # What the state does not take is tried again in the next pass: none is good until it does.
            self._note()
            self._note_at = at + _NOTE_SECONDS
        if asks:
            self._ask_at = at + self._settings.heartbeat.every.total_seconds()
            self._ask()

    def _note(self) -> None:
        now = self._now()
        self._started = self._started or now
        self._store.heartbeats.loop(self._started, now)

    # -- the address ------------------------------------------------------------------------------------

    def next_wake(self, now: datetime) -> datetime | None:
        """When the address is to be asked for; None while only an event can change anything."""
        if not self._wants_to_ask():
            return None
        return now + timedelta(seconds=max(0.0, self._ask_at - self._clock.boottime()))

    def _wants_to_ask(self) -> bool:
        return self._settings.heartbeat.url is not None and not self._asking and self._sending()

    def _ask(self) -> None:
        from reminderd.gateway.hook import Hook  # those who are asked for by nobody do without the wire

        heartbeat, plivo = self._settings.heartbeat, self._settings.plivo
        assert heartbeat.url is not None
        hook = Hook(heartbeat.url, "heartbeat.url", plivo.proxy, plivo.ca_file)
        self._asking = True
        try:
            self._worker.run(
                hook.ask,
                lambda heard: self._asked(heard.ok, heard.evidence),
                lambda: self._asked(False, "a defect, see the traceback"),
            )
        except BaseException:
            self._asking = False
            raise

    def _asked(self, ok: bool, evidence: str) -> None:
        """That it fails is said once, and that it does not any more."""
        self._asking = False
        if not ok and not self._failing:
            emit(Event.HEARTBEAT_FAILED, error=evidence)
        elif ok and self._failing:
            emit(Event.HEARTBEAT_RECOVERED)
        self._failing = not ok
