"""The conductor: wires the parts together and makes one pass after another.

A pass (`tick`) looks at the clock, takes over what the files say, plans what is due, and moves deliveries on. Between
passes the loop waits for an event, or for the next moment at which something is due.
"""

import contextlib
import signal
from datetime import datetime, timedelta

import schedule

from reminderd import __version__
from reminderd.clock import Clock, earliest
from reminderd.commands import Commands
from reminderd.daemon.arrivals import Arrivals
from reminderd.daemon.awaiting import Awaiting
from reminderd.daemon.clockguard import JUMP
from reminderd.daemon.clockhold import ClockHold, check_cursors
from reminderd.daemon.desk import Answer, Desk
from reminderd.daemon.endings import end_what_is_over, next_end
from reminderd.daemon.inbox import Inbox
from reminderd.daemon.observers import Observers
from reminderd.daemon.originhold import OriginHold, Place
from reminderd.daemon.parts import limits_of, reading_of, receipts_of, terms_of
from reminderd.daemon.planning import Planning
from reminderd.daemon.pruning import Pruning
from reminderd.daemon.reminding import reminders_of
from reminderd.daemon.saying import given_up, pass_failed, watcher_failed
from reminderd.daemon.surfaces import Surfaces, Within
from reminderd.daemon.tuning import BuildGateway, LoadSettings, Tuning
from reminderd.daemon.view import Phase, View
from reminderd.daemon.vitals import Vitals
from reminderd.daemon.worker import Worker
from reminderd.daemon.zonefiles import ZoneWatch
from reminderd.dispatcher import Dispatcher, hush, lease
from reminderd.gateway.callbacks import InboundText, StatusReport
from reminderd.gateway.port import Gateway, Probe
from reminderd.jobs import Scan, Watcher, reader_for
from reminderd.planner import Planner
from reminderd.reconciler import CallbackTaker, InboundTexts, ReceiptCollector, Reconciler
from reminderd.settings import Settings
from reminderd.store import StateFailure, Store
from reminderd.sync import Syncer
from reminderd.telemetry import Event, Figures, emit

_LONGEST_WAIT = 15.0  # even with nothing due the loop looks at the clock now and then
_HEARTBEAT_SECONDS = 30
# Seconds from one to the next, of what would cost each of many passes a second a commit.
_LEISURE, _HEARING = 0.25, 0.05


class Daemon:
    """One running daemon. `load_settings` is called again on a reload; `build_gateway` when the settings changed."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        build_gateway: BuildGateway,
        load_settings: LoadSettings,
        place: Place | None,
    ) -> None:
        """place: where this host keeps the mark of the state; None in a rehearsal, which leaves none."""
        self._tuning = Tuning(settings, load_settings, build_gateway)
        self._store = store
        self._clock = clock
        self._lost = place.lost if place else lambda: None
        # Why it ended by itself; None where it was told to.
        self.failure: str | None = None
        self._inbox = Inbox()
        # So that a long look into Plivo's log keeps nobody from asking for receipts, or a suspended gateway for its account.
        self._log_worker, self._probe_worker, self._receipt_worker = (Worker(self._inbox.post) for _ in range(3))
        self._figures = Figures(clock)
        self._planner = Planner(terms_of(settings))
        self._planning = Planning(store, self._planner, clock)
        gateway = self._tuning.gateway
        self._syncer = Syncer(store, self._planner, settings.defaults)
        self._clock_hold = ClockHold(store, clock, self._on_clock_hold, self._on_clock_released)
        self._origin = OriginHold(store, place, self._log_worker.run, self._set_claiming)
        limits, post = limits_of(settings), self._inbox.post
        self._dispatcher = Dispatcher(
            store, gateway, clock, limits, post, self._probe_gateway, self._origin.began, figures=self._figures
        )
        plivo, time, log = settings.plivo, self._clock_hold.time, self._log_worker.run
        self._reconciler = Reconciler(store, gateway, time, plivo.reconcile, plivo.shared_sender, log)
        self._receipts = ReceiptCollector(
            store,
            gateway,
            time,
            receipts_of(settings),
            lambda: self._dispatcher.suspended,
            self._syncer.belongs,
            self._receipt_worker.run,
        )
        known = sorted({job.source.file for job in self._syncer.running.values()})
        self._watcher = Watcher(
            reader_for(settings),
            lambda scan: self._inbox.post(lambda: self._take(scan)),
            on_error=watcher_failed,
            known=known,
        )
        phase = lambda: Phase(self._loaded, self._scan is None, self._stopping)  # noqa: E731
        parts = (self._syncer, self._planner, self._dispatcher, self._clock_hold, self._origin)
        view = View(store, *parts, phase)
        self._vitals = Vitals(view.standing, self._figures, clock)
        self._desk = Desk(
            self._inbox,
            Commands(store, self._approved, lambda: self._syncer.running, self._dispatcher.reread),
            lambda: self._tuning.gateway,
            clock.now,
            self._figures,
            self._reload,
            view.problems,
            lambda: self._tuning.settings,
        )
        self.handle = self._desk.handle  # a command from the socket, in a thread of its own
        self._callbacks = CallbackTaker(store, receipts_of(settings), plivo.shared_sender, self._origin.heard_of)
        texts = InboundTexts(store, self._figures)
        self._arrivals = Arrivals(
            store.together, lambda: post(lambda: None), {StatusReport: self._callbacks.hear, InboundText: texts.hear}
        )
        self._awaiting = Awaiting(self._inbox)
        within = Within(
            self._planner.due_by_job,
            lambda: self._syncer.running,
            self._desk.handle,
            self._arrivals.take,
            lambda: self._tuning.gateway,
            reminders_of(store, self._inbox, lambda: self._tuning.settings, clock, self._watcher.rescan),
            self._awaiting.when,
        )
        self.surfaces = Surfaces(settings, self._figures, clock, within, post, self._watcher.rescan)
        self._pruning = Pruning(store, settings.retention, clock)
        told = place is not None  # of a rehearsal nobody is
        self._observers = Observers(store, settings, clock, self._inbox, time, view.sight, self._figures, told=told)
        self._timetable = self._new_timetable()
        self._scan: Scan | None = None
        self._readers: list[Answer] = []  # who waits until what was read runs
        self._loaded: bool = False
        self._caught_up = False  # what fell while nobody ran is planned
        self._stopping: bool = False
        self._ends_by = 0.0
        self._awake_since = clock.now()
        self._changed_since = self._awake_since
        self._leisure_at = self._hears_at = 0.0
        self._zones = ZoneWatch(self._syncer)

    # -- life -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Settle what the last daemon left, and begin to watch the files."""
        self._clock_hold.start(self._clock.now())
        now = self._clock_hold.time()
        last_sign = self._store.origin.last_sign()
        last_alive = self._store.health.started(now)
        self._awake_since = now
        self._changed_since = min(last_alive, now) if last_alive else now
        limits = limits_of(self._tuning.settings)
        back, doubt = self._store.deliveries.recover(now, limits.first_look, limits.first_receipt)
        self._store.health.forget_future(now, now + JUMP)
        self._observers.start()
        self._dispatcher.reread()
        check_cursors(self._store, now)
        emit(Event.DAEMON_STARTED, version=__version__, state=self._tuning.settings.state, unsent=back, in_doubt=doubt)
        self._origin.start(now, last_sign)
        self._syncer.reload_planner()
        # A job that was removed while nobody ran must not send what waits: first the files, then the claims.
        self._set_claiming()
        self._watcher.start()

    def run(self) -> None:
        """Pass after pass until stopped and nothing is in flight."""
        failures = 0
        while True:
            wait = 0.0
            self._figures.pass_begins()
            try:
                self.tick()
                wait = self._seconds_to_next()
                if failures:
                    emit(Event.DAEMON_RECOVERED, after=failures)
                failures = 0
                self._observers.pass_done()
                self._vitals.pass_done()
            except Exception as error:  # noqa: BLE001 - the loop's boundary: said, and tried again
                failures += 1
                wait = min(30.0, 0.25 * 2**failures)
                pass_failed(error, failures, wait)
                if isinstance(error, StateFailure):
                    self._store.shrink_log()
                    self._answer_readers(error)
                self._vitals.pass_failed(error, failures)
                self._observers.pass_failed(error)
            if self._may_end():
                return
            self._wait(wait)

    def _may_end(self) -> bool:
        """Stopping, and nothing is in flight; or what is cannot be recorded long after all requests are over."""
        if not self._stopping:
            return False
        busy = self._dispatcher.in_flight or self._observers.last_words
        return not busy or self._clock.boottime() > self._ends_by

    def run_once(self) -> None:
        """One pass over everything that is due now, waiting for what is in flight."""
        while not ((self._loaded or self._clock_hold.held) and self._idle()):
            self.tick()
            self._wait(min(self._seconds_to_next(), 0.5))

    def _idle(self) -> bool:
        now = self._clock.now()
        if self._dispatcher.in_flight:
            return False
        if self._stopping or self._clock_hold.held or self._dispatcher.suspended:
            return True
        due = self._planner.next_due()
        if due and due <= now:
            return False
        if self._may_prune and self._pruning.busy:
            return False
        return self._origin.held or not (self._origin.open or self._store.deliveries.claimable(now))

    def close(self) -> None:
        """Stop the threads and say when this daemon was last alive."""
        self._inbox.close()
        self._arrivals.close()
        self.surfaces.close()
        self._watcher.stop()
        self._dispatcher.stop()
        self._tuning.gateway.close()
        self._origin.close()
        if self.failure is None:
            self._say_goodbye()
        emit(Event.DAEMON_STOPPED)

    def _say_goodbye(self) -> None:
        with contextlib.suppress(StateFailure):  # a disk that fails now has been reported by the loop
            self._clock_hold.note()
            self._mark_alive()
            self._store.health.stopped(self._clock.now())

    def handle_signals(self) -> None:
        """SIGTERM and SIGINT stop, SIGHUP reloads."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._inbox.post(self._stop))
        signal.signal(signal.SIGHUP, lambda *_: self._inbox.post(self._reload))

    def _set_claiming(self) -> None:
        self._dispatcher.pause(self._stopping or self._clock_hold.held or self._origin.open or not self._loaded)

    def _stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            self._ends_by = self._clock.boottime() + lease(self._tuning.settings.plivo.deadline).total_seconds()
            self._observers.stop()
            self._set_claiming()
            self._vitals.stopping(self._dispatcher.in_flight, self._ends_by - self._clock.boottime())
            emit(Event.DAEMON_STOPPING, in_flight=self._dispatcher.in_flight)

    # -- one pass ---------------------------------------------------------------------------------------

    def tick(self) -> None:
        """One pass. Raises what the state or the system raises; everything is as it was then, or further on."""
        if self.failure is None and (lost := self._lost()):
            # Another daemon may hold the state by now: what is under way is recorded, nothing else is begun.
            self.failure = f"{lost}; the daemon ends, so that it starts anew on what is there now"
            emit(Event.DAEMON_FAILED, where="state", error=self.failure)
            self._stop()
        try:
            self._look_at_clock(self._clock.now())  # before anybody writes down what time it is
        finally:
            busy = self._inbox.make_calls()
        now = self._clock.now()
        try:
            if self._scan is not None:
                self._sync(self._scan, now)
            if self._scan is None or self._clock_hold.held:
                self._answer_readers()
            if self._loaded and not self._clock_hold.held and not self._stopping:
                self._syncer.hand_over()
                self._planning.step(now, self._awake_since)
                self._caught_up = self._caught_up or self._syncer.note_alive(now)
                given_up(
                    hush(self._store, now)
                )  # before what is over is given up, and before the claims: a night may be over
        finally:
            # Whatever keeps us from planning, what is under way is recorded, and what is planned is sent.
            self._dispatcher.advance(self._clock_hold.time())
        in_a_hurry = busy and self._dispatcher.in_flight
        if not (in_a_hurry and self._clock.boottime() < self._hears_at):
            self._hears_at = self._clock.boottime() + _HEARING
            self._arrivals.advance(self._clock_hold.time())
        # While senders keep the loop busy, what can wait is looked at now and then, not in each of many passes a second.
        if not self._stopping and not (in_a_hurry and self._clock.boottime() < self._leisure_at):
            self._leisure_at = self._clock.boottime() + _LEISURE
            self._at_leisure(now)

    def _at_leisure(self, now: datetime) -> None:
        if not self._clock_hold.held:
            end_what_is_over(self._store, now)
        if self._loaded and not self._clock_hold.held:
            for delivery, job in self._store.deliveries.expire(now):
                emit(Event.DELIVERY_MISSED, job=job, delivery=delivery, reason="its validity is over")
            if (due := self._planner.next_due()) is None or due > now:
                self._origin.advance(now, self._tuning.gateway, shared_sender=self._tuning.settings.plivo.shared_sender)
        if not self._clock_hold.held:
            self._dispatcher.probe_if_due(now)
            self.surfaces.look(now, self._tuning.gateway, self._probe_worker.run)
            if not self._origin.open:  # what the state has forgotten could be taken for what is in doubt
                self._reconciler.advance(now)
                self._receipts.advance(now)
        if self._may_prune:
            self._pruning.advance(now)
        self._timetable.run_pending()

    @property
    def _may_prune(self) -> bool:
        """Not by a clock that may be wrong, nor from a state that may be an older one."""
        return self._loaded and not (self._clock_hold.held or self._origin.open or self._stopping)

    def _wait(self, seconds: float) -> None:
        self._clock_hold.waits_until(self._clock.now() + timedelta(seconds=seconds))
        self._inbox.wait(seconds)

    def _seconds_to_next(self) -> float:
        if self._inbox.waiting or self._arrivals.waiting:
            return 0.0
        now = self._clock.now()
        if self._clock_hold.held or self._stopping:
            return self._observers.last_words or _LONGEST_WAIT  # until a sender is done, or a signal comes
        moments = [self._dispatcher.next_wake(now), self._origin.next_wake(), next_end(self._store)]
        moments.append(self._observers.next_wake(now))
        if not self._origin.open:
            moments += [self._reconciler.next_wake(), self._receipts.next_wake()]
        if self._loaded:
            moments.append(self._planner.next_due())
        if self._may_prune:
            moments.append(self._pruning.next_wake(now))
        moment = earliest(*moments)
        if moment is None:
            return _LONGEST_WAIT
        return min(_LONGEST_WAIT, max(0.0, (moment - now).total_seconds()))

    # -- the files --------------------------------------------------------------------------------------

    def _take(self, scan: Scan) -> None:
        self._scan = scan

    def _answer_readers(self, failure: StateFailure | None = None) -> None:
        """failure: it does not run, and may not for long."""
        while self._readers:
            self._readers.pop()(failure)

    def _sync(self, scan: Scan, now: datetime) -> None:
        """Plan what the old catalog owes until now, then let the new one run."""
        if self._clock_hold.held:
            # Cursors must not begin at a time that is wrong; systemd need not wait for the right one.
            self._vitals.held("the clock cannot be believed")
            return
        self._zones.look(now)
        if self._loaded and not self._planning.up_to(now, self._awake_since):
            return  # a long list is planned chunk by chunk; the files wait, and nothing else does
        self._syncer.host_problems = self._origin.problems + self.surfaces.problems
        synced = self._syncer.sync(scan, now, now if self._loaded else self._changed_since)
        self._figures.loaded_files(now, problems=len(synced.catalog.problems))
        self._scan = None
        self._awaiting.synced()
        self._zones.learn()
        if not self._loaded:
            self._loaded = True
            self._set_claiming()
            self._clock_hold.note()
            self._vitals.ready()
        self._vitals.tell()

    def _reload(self, done: Answer = lambda _: None) -> None:
        """Settings and files anew; done(None) when they run, done(failure) while the state cannot take them over. Settings
        with a problem change nothing.
        """

        def answered(_: Scan) -> None:
            self._inbox.post(self._vitals.read_anew)
            self._inbox.post(self._observers.read_anew)
            self._inbox.post(lambda: self._readers.append(done))

        self._vitals.reloading()
        try:
            self._reload_settings()
        finally:
            self._watcher.rescan(answered)
            self._observers.reloading()

    def _reload_settings(self) -> None:
        before = reading_of(self._tuning.settings)

        def reread(settings: Settings, _: Gateway) -> None:
            if reading_of(settings) != before:
                self._syncer.configure(settings.defaults)
                self._watcher.replace_reader(reader_for(settings))

        self._syncer.settings_problems = self._tuning.reload((self._configure, reread))
        self.surfaces.renew()

    def _configure(self, settings: Settings, gateway: Gateway) -> None:
        plivo = settings.plivo
        self._dispatcher.configure(gateway, limits_of(settings))
        self._planner.terms = terms_of(settings)
        self._reconciler.configure(gateway, plivo.reconcile, plivo.shared_sender)
        self._receipts.configure(gateway, receipts_of(settings))
        self._callbacks.configure(receipts_of(settings), plivo.shared_sender)
        self._pruning.configure(settings.retention)
        self.surfaces.configure(settings)
        self._observers.configure(settings)

    # -- holds ------------------------------------------------------------------------------------------

    def _look_at_clock(self, now: datetime) -> None:
        self._clock_hold.look(now)
        if self._clock_hold.overslept(now):
            self._awake_since = now

    def _on_clock_hold(self) -> None:
        self._timetable = self._new_timetable()
        self._set_claiming()

    def _on_clock_released(self, now: datetime) -> None:
        self._awake_since = now
        self._dispatcher.reread()
        check_cursors(self._store, now)

    def _approved(self, kind: str) -> None:
        match kind:
            case "clock":
                self._clock_hold.approve()
                return  # which says so when it is over
            case "cursor":
                self._syncer.reload_planner()
            case "restored":
                self._origin.approve(self._clock.now())
            case _:
                self._watcher.rescan()
        emit(Event.HOLD_CLOSED, kind=kind, by="an operator")

    # -- the rest ---------------------------------------------------------------------------------------

    def _probe_gateway(self) -> None:
        gateway = self._tuning.gateway

        def probed(answer: Probe) -> None:
            self._dispatcher.probed(answer, self._clock_hold.time())
            self.surfaces.heard(answer, self._clock_hold.time())

        self._probe_worker.run(gateway.probe, probed, lambda: probed(Probe(False, "a defect in the probe")))

    def _new_timetable(self) -> schedule.Scheduler:
        """Housekeeping. It is made anew when the clock jumps, since it reads the wall clock."""
        timetable = schedule.Scheduler()
        timetable.every(_HEARTBEAT_SECONDS).seconds.do(self._heartbeat)
        timetable.every().hour.do(self._pruning.begin)
        return timetable

    def _mark_alive(self) -> None:
        if self._loaded and not self._clock_hold.held:
            self._syncer.note_alive(self._clock.now())

    def _heartbeat(self) -> None:
        self._origin.flush()
        self._clock_hold.note()
        if self._loaded and not self._clock_hold.held:
            self._mark_alive()
            check_cursors(self._store, self._clock.now())
            self._zones.look(self._clock.now())
