"""What others see of the daemon: the listener and the textfile, opened, moved and closed as the settings say.

All methods belong to the loop's thread. Neither surface may hold it up: they have threads, and connections, of their own.
"""

import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from reminderd.clock import Clock
from reminderd.daemon.addresses import FormerAddresses
from reminderd.daemon.hearing import HINT, Hearing
from reminderd.gateway.callbacks import Arrival
from reminderd.gateway.port import Gateway, Probe
from reminderd.model import Job, Problem
from reminderd.reconciler import Result
from reminderd.reminders import RefusedError, Reminders
from reminderd.settings import Settings
from reminderd.telemetry import Credit, Figures
from reminderd.web.extra import HINT_TO_OPEN, MISSING, callbacks_to, can_listen, has_figures

if TYPE_CHECKING:  # imported when they are switched on
    from reminderd.web.listener import Listener
    from reminderd.web.sources import Sources
    from reminderd.web.textfile import Textfile

# How often Plivo is asked for the account, where somebody watches its credit.
_CREDIT_EVERY = timedelta(minutes=15)
_END_SECONDS = 2.0

Run = Callable[[Callable[[], Probe], Callable[[Probe], None], Callable[[], None]], None]


class Within(NamedTuple):
    """What the surfaces may ask of the daemon, from any thread: see `Sources`, which hands it on."""

    due: Callable[[], Mapping[str, datetime]]
    running: Callable[[], Mapping[str, Job]]
    perform: Callable[[dict[str, Any], str], dict[str, Any]]
    arrive: Callable[[Arrival], Future[Result]]
    gateway: Callable[[], Gateway]
    reminders: Reminders
    when: Callable[[Callable[[], bool], Callable[[], None]], None]


class Surfaces:
    """post(call): have the loop make it. changed(): `problems` are others now. Nothing is opened before `open`."""

    def __init__(
        self,
        settings: Settings,
        figures: Figures,
        clock: Clock,
        within: Within,
        post: Callable[[Callable[[], None]], None],
        changed: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._state = settings.state  # another one needs a restart
        self._figures = figures
        self._clock = clock
        self._within = within
        self._post = post
        self._changed = changed
        self._handed: Sequence[socket.socket] = ()
        self._opened = False
        self._former = FormerAddresses(clock.boottime)
        self._hearing = Hearing(figures)
        self._listener: Listener | None = None
        self._textfile: Textfile | None = None
        self._troubles: dict[str, tuple[str, str]] = {}  # by setting: what is wrong, and a hint
        self._asked_at: datetime | None = None

    def open(self, handed: Sequence[socket.socket]) -> None:
        """Begin. handed: listening sockets of systemd's, which stand for `web.listen`."""
        self._handed, self._opened = handed, True
        if handed and not can_listen():
            self._handed = ()
            handed_over = "systemd hands a socket over, and the libraries for it are not installed"
            self._note("web.listen", handed_over, HINT_TO_OPEN)
        self._listen(None)
        self._write(None)
        self._look_at_public_url()

    def configure(self, settings: Settings) -> None:
        """Move what these settings have elsewhere; what they leave as it is goes on."""
        before, self._settings = self._settings, settings
        if (url := before.web.public_url) is not None and url != settings.web.public_url:
            self._former.left(url)
        self._hearing.forget()  # it may be mended
        if self._opened and settings.web.listen != before.web.listen and not self._handed:
            self._clear("web.listen")
            self._clear("web.tls_certificate")
            self._listen(self._listener)
        if self._opened and settings.metrics.textfile != before.metrics.textfile:
            self._clear("metrics.textfile")
            self._write(self._textfile)
        if self._opened:
            self._look_at_public_url()

    def renew(self) -> None:
        """After a reload, also one that changed nothing: files that the settings name may have been renewed."""
        if (listener := self._listener) is not None:
            hint = "the one before goes on; mend it, then `reminderd reload`"
            listener.renew(lambda trouble: self._hear("web.tls_certificate", listener, trouble, hint))

    def _sources(self) -> "Sources":
        from reminderd.web.sources import Sources

        within = self._within
        return Sources(
            self._figures,
            self._state,
            self._clock.now,
            within.due,
            within.running,
            lambda: self._settings,
            within.perform,
            within.arrive,
            within.gateway,
            within.reminders,
            within.when,
            self._former.heard,
        )

    def _listen(self, before: "Listener | None") -> None:
        if before is not None:
            before.stop()
        self._listener = None
        address = self._settings.web.listen
        if address is not None and not can_listen():
            self._note("web.listen", MISSING, HINT_TO_OPEN)
        elif address is not None or self._handed:
            from reminderd.web.listener import Listener

            hint = "it is tried again; give another address, end what holds this one, or mend what is named"
            told = lambda trouble: self._hear("web.listen", fresh, trouble, hint)  # noqa: E731
            fresh: Listener = Listener(self._sources(), address, self._handed, told)
            self._listener = fresh
            self._start("web.listen", lambda: fresh.start(before))
            with suppress(RefusedError):
                self._within.reminders.settle()

    def _look_at_public_url(self) -> None:
        """Say it where Plivo reports, or should, and nobody hears it."""
        self._clear("web.public_url")
        if self._settings.web.public_url is None:
            return
        if callbacks_to(self._settings) is None:
            self._note("web.public_url", f"Plivo is told nothing: a listener {MISSING}", HINT_TO_OPEN)
        elif self._listener is None:
            hint = "set web.listen too, or take web.public_url out; what becomes of messages is asked for meanwhile"
            self._note("web.public_url", "Plivo is told to report here, and nothing listens", hint)

    def _write(self, before: "Textfile | None") -> None:
        if before is not None:
            before.stop()
        self._textfile = None
        path = self._settings.metrics.textfile
        if path is not None and not has_figures():
            self._note("metrics.textfile", MISSING, HINT_TO_OPEN)
        elif path is not None:
            from reminderd.web.textfile import Textfile

            hint = "let the daemon write there: under systemd by ReadWritePaths= (docs/monitoring.md)"
            told = lambda trouble: self._hear("metrics.textfile", fresh, trouble, hint)  # noqa: E731
            fresh: Textfile = Textfile(self._sources(), path, told)
            self._textfile = fresh
            self._start("metrics.textfile", fresh.start)

    def _start(self, setting: str, start: Callable[[], None]) -> None:
        try:
            start()
        except RuntimeError as error:
            self._note(setting, f"no thread can be had for it: {error}", "raise TasksMax=, or end others; then restart")

    # -- trouble ----------------------------------------------------------------------------------------

    def _hear(self, setting: str, who: "Listener | Textfile", trouble: str | None, hint: str) -> None:
        """From a surface's own thread."""

        def heard() -> None:
            if who not in (self._listener, self._textfile):
                return  # it was replaced meanwhile
            if trouble is None:
                self._clear(setting)
            else:
                self._note(setting, trouble, hint)

        self._post(heard)

    def _note(self, setting: str, trouble: str, hint: str) -> None:
        self._troubles[setting] = trouble, hint
        self._changed()

    def _clear(self, setting: str) -> None:
        if self._troubles.pop(setting, None) is not None:
            self._changed()

    @property
    def problems(self) -> list[Problem]:
        return [Problem("settings", 0, 0, setting, what, hint) for setting, (what, hint) in self._troubles.items()]

    # -- the account's credit ---------------------------------------------------------------------------

    def look(self, now: datetime, gateway: Gateway, run: Run) -> None:
        """See whether Plivo is heard; ask for the account now and then, where somebody may see the answer."""
        if self._listener is not None and self._hearing.changed(now):
            self._clear("web.public_url")
            if self._hearing.trouble is not None:
                self._note("web.public_url", self._hearing.trouble, HINT)
        watched = self._listener is not None or self._textfile is not None
        if not watched or (self._asked_at is not None and timedelta(0) <= now - self._asked_at < _CREDIT_EVERY):
            return
        self._asked_at = now
        run(gateway.probe, lambda answer: self.heard(answer, now), lambda: None)

    def heard(self, answer: Probe, now: datetime) -> None:
        """Plivo has said something of the account, whoever asked."""
        if answer.account is not None and answer.account.credit is not None:
            self._figures.credit = Credit(answer.account.credit, now)

    def close(self) -> None:
        """All of it ends, within a few seconds."""
        self._within.reminders.close()
        ends = [each for each in (self._listener, self._textfile) if each is not None]
        for each in ends:
            each.stop()
        for each in ends:
            each.join(_END_SECONDS)
