"""Those who look at the loop from the side after each pass: alerts and heartbeats."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reminderd.clock import Clock
from reminderd.daemon.alerting import Alerting
from reminderd.daemon.heartbeats import Heartbeats
from reminderd.daemon.inbox import Inbox
from reminderd.settings import Settings
from reminderd.settings.model import AlertSettings, HeartbeatSettings
from reminderd.store import Store
from reminderd.telemetry import Figures


@dataclass(frozen=True, slots=True)
class Sight:
    """The loop at one moment.

    loaded: files have been taken over. taken: what was read of them runs. on_hold: nothing at all may go out. sending: the
    gateway is used.
    """

    loaded: bool
    taken: bool
    on_hold: bool
    sending: bool
    next_due: datetime | None
    jobs: int


class Observers:
    """All methods belong to the loop's thread. now(): the time as it is to be written down."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        inbox: Inbox,
        now: Callable[[], datetime],
        sight: Callable[[], Sight],
        figures: Figures,
        *,
        told: bool,
    ) -> None:
        """told: whether anybody outside is told of anything."""
        self._store = store
        self._sight = sight
        self._told = told
        settings = self._for_others(settings)
        self._alerting = Alerting(store, settings, clock, inbox, now, self._unplanned, figures)
        self._heartbeats = Heartbeats(store, settings, clock, inbox, now, self._is_sending, self._runs)
        self.start = self._heartbeats.start
        self.reloading = self._heartbeats.reloading
        self.read_anew = self._heartbeats.read_anew
        self.next_wake = self._heartbeats.next_wake

    def configure(self, settings: Settings) -> None:
        """Use these from now on."""
        self._alerting.configure(self._for_others(settings))
        self._heartbeats.configure(self._for_others(settings))

    def pass_done(self) -> None:
        """A pass was good. Raises what the state raises: then it was not."""
        self._heartbeats.pass_done()
        self._alerting.pass_done()

    @property
    def last_words(self) -> float:
        """For how many seconds at most a daemon that is to end waits for somebody who is being told of something."""
        return self._alerting.last_words

    def stop(self) -> None:
        """The daemon is to end: nobody is told of anything new."""
        self._alerting.stop()

    def pass_failed(self, error: Exception) -> None:
        """A pass was cut short by this."""
        self._alerting.pass_failed(error)

    def _unplanned(self) -> datetime | None:
        now = self._sight()
        return now.next_due if now.loaded and not now.on_hold else None

    def _is_sending(self) -> bool:
        now = self._sight()
        return now.loaded and not now.on_hold and now.sending

    def _runs(self) -> tuple[bool, str] | None:
        now = self._sight()
        if not now.taken:
            return None
        problems, _ = self._store.conditions.problems()
        return not problems, f"{_number(now.jobs, 'job')}, {_number(problems, 'problem')}"

    def _for_others(self, settings: Settings) -> Settings:
        if self._told:
            return settings
        return settings.model_copy(update={"alerts": AlertSettings(), "heartbeat": HeartbeatSettings()})


def _number(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
