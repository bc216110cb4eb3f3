"""The hold on a state that may be older than what was sent: a backup put back, or a copy on another host.

Two witnesses are asked at the start: the mark that this host keeps outside the state's directory (of this state, or of
one that lay in its place), and, where the state has slept for a while or is new beside the mark of another one, Plivo's
own log. While it is held files are read and deliveries planned, so that everybody can see what would be sent; nothing
is claimed until an operator approves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reminderd.daemon.reported import KEY, Reported, with_reports, without_reports
from reminderd.gateway.callbacks import StatusReport
from reminderd.gateway.port import Gateway, LogUnavailable
from reminderd.model import Problem
from reminderd.reconciler import SLACK, foreign_rows, read_log
from reminderd.store import Began, Identity, Mark, Owed, Site, Store
from reminderd.telemetry import Event, emit

RESTORED = "restored"
# A state that said something so recently is the one that was in use: a crash and its restart.
_AWAKE = timedelta(seconds=60)
_TRIES = (timedelta(seconds=5), timedelta(seconds=25))

Run = Callable[[Callable[[], Any], Callable[[Any], None], Callable[[], None]], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a state is used.

    site: which state lay at this path before. host: this host's identity; named: by the settings, so that a mark that is gone is no news. lost(): what happened to
    the state's files under the daemon, None while they are its own.
    """

    mark: Mark
    site: Site
    host: str
    named: bool
    lost: Callable[[], str | None]


class OriginHold:
    """changed(): claiming may have to stop or go on. Without a place, in a rehearsal, nothing is asked or held."""

    def __init__(self, store: Store, place: Place | None, run: Run, changed: Callable[[], None]) -> None:
        self._store = store
        self._place = place
        self._run = run
        self._changed = changed
        self._reported = Reported(store, RESTORED)
        self.held = False
        self.trouble: str | None = None  # why no mark can be written
        self._asking = False
        self._tries = 0
        self._ask_at: datetime | None = None  # when Plivo's log is asked next; None: nothing to ask
        self._started: datetime | None = None

    @property
    def problems(self) -> list[Problem]:
        if self.trouble is None:
            return []
        hint = "let `marks` in the settings name a directory that the daemon may write"
        what = f"{self.trouble}: a backup of the state that is put back would send again, and not be noticed"
        return [Problem("settings", 0, 0, "marks", what, hint)]

    @property
    def open(self) -> bool:
        """Whether nothing may be claimed because of it."""
        return self.held or self._ask_at is not None

    # -- the mark ---------------------------------------------------------------------------------------

    def start(self, now: datetime, last_sign: datetime | None) -> None:
        """Ask the mark. last_sign: when the state was last written, before this start."""
        if self._place is None:
            return
        detail, reason = self._against_the_mark(self._place, self._store.origin.identity())
        if reason is not None:
            if without_reports(self._store.holds.last_approved_detail(RESTORED)) != detail:
                self._hold(reason, detail, now)
            else:
                self._trust()  # somebody has looked, and nothing need be asked again
            return
        if self._still_waits(now):
            self.held = True
            self._changed()
            return
        self._trust()
        slept = last_sign is not None and now - last_sign > _AWAKE
        # A new state may stand for one that is gone from another place, and would send again what that one has sent.
        if slept or (last_sign is None and self._place.mark.has_others()):
            self._started, self._ask_at = now, now
            self._changed()

    def _still_waits(self, now: datetime) -> bool:
        """What Plivo's log has shown waits for an operator; where it was the mark, it agrees now."""
        waiting = [hold for hold in self._store.holds.open_ones() if hold.kind == RESTORED]
        if any("log" in hold.detail for hold in waiting):
            return True
        for hold in waiting:
            self._store.holds.close(hold.id, "the mark", False, now)
            emit(Event.HOLD_CLOSED, hold=hold.id, kind=RESTORED, by="the mark agrees again")
        return False

    def _against_the_mark(self, place: Place, known: Identity) -> tuple[dict[str, object], str | None]:
        """What was compared, and what is wrong with it in words."""
        unreadable, other = None, None
        try:
            began = place.mark.read()
            other = place.site.before(known.state_id)
        except (OSError, ValueError) as error:
            began, unreadable = None, str(error)
        detail: dict[str, object] = {
            "mark": began and list(began),
            "state": list(self._store.origin.last_began()),
            "unreadable": unreadable,
            "host": place.host,
        }
        if other is not None:
            detail["before"] = list(other)
            return detail, (
                "another state lay here before this one, and this host has sent from it; this one does not know what "
                "people have got: put that one back, or its newest backup, if you can"
            )
        return detail, self._suspicion(place, known, began, unreadable)

    def _suspicion(self, place: Place, known: Identity, began: Began | None, unreadable: str | None) -> str | None:
        if unreadable is not None and known.marked:
            return f"whether this state is older than what was sent cannot be seen: {unreadable}"
        if began is not None and not self._store.origin.knows(began):
            return (
                "this state is older than what this host has sent: it does not know attempt "
                f"{began.attempt_id}, which began here; it looks like a backup that was put back"
            )
        if known.host is not None and known.host != place.host:
            return (
                f"this state was last used on another host ({known.host}, this is {place.host}); "
                "it may be a copy whose original still sends"
            )
        if began is None and known.marked and not place.named:
            return (
                f"the mark {place.mark.path} is gone, which shows what this host has sent; "
                "this state may be a copy, or a backup that was put back"
            )
        return None

    def began(self, attempt_id: int, token: str) -> None:
        """An attempt's beginning is committed, and its request may go out as soon as this returns."""
        if self._place is not None:
            self._write(self._place.mark, Began.of(attempt_id, token))

    def _write(self, mark: Mark, began: Began) -> bool:
        try:
            mark.write(began)
        except OSError as error:
            if self.trouble is None:
                self.trouble = f"the mark {mark.path} cannot be written ({error.strerror})"
                emit(Event.MARK_FAILED, error=self.trouble)
            return False
        if self.trouble is not None:
            self.trouble = None
            emit(Event.MARK_RECOVERED)
        return True

    def _note_site(self, place: Place) -> None:
        """After the mark: a state that lies here in its place is told from it by that."""
        try:
            place.site.note(self._store.origin.identity().state_id)
        except OSError as error:
            if self.trouble is None:
                self.trouble = f"the mark {place.site.path} cannot be written ({error.strerror})"
                emit(Event.MARK_FAILED, error=self.trouble)

    def flush(self) -> None:
        """Bring the mark to the disk."""
        if self._place is not None and self.trouble is None:
            try:
                self._place.mark.flush()
            except OSError as error:
                self.trouble = f"the mark {self._place.mark.path} cannot be written ({error.strerror})"
                emit(Event.MARK_FAILED, error=self.trouble)

    def close(self) -> None:
        self.flush()
        if self._place is not None:
            self._place.mark.close()

    def _trust(self) -> None:
        """From now on this state, on this host, is the one."""
        assert self._place is not None
        marked = self._write(self._place.mark, self._store.origin.last_began())
        self.flush()
        self._note_site(self._place)
        host = self._place.host
        known = self._store.origin.identity()
        if known != Identity(known.state_id, host, marked):
            self._store.origin.settle(host, marked=marked)

    # -- Plivo's log ------------------------------------------------------------------------------------

    def advance(self, now: datetime, gateway: Gateway, *, shared_sender: bool) -> None:
        """Ask Plivo's log about what is owed since before the start; to be called when that is planned."""
        if self.held or self._asking or self._ask_at is None:
            return
        if now < self._ask_at <= now + _TRIES[-1]:
            return  # a moment further away is one of a clock that was set right meanwhile
        owed = [] if shared_sender else self._store.deliveries.owed_before(self._started or now)
        if not owed:
            self._done()
            return
        since = min(one.due_at for one in owed) - SLACK
        self._asking = True
        self._run(
            lambda: read_log(gateway, since, now, {one.phone for one in owed}),
            lambda rows: self._compare(owed, rows, now),
            lambda: self._compare(owed, LogUnavailable("a defect in the look-up"), now),
        )

    def next_wake(self) -> datetime | None:
        return None if self._asking else self._ask_at

    def _compare(self, owed: Sequence[Owed], rows: Any, now: datetime) -> None:
        self._asking = False
        if isinstance(rows, LogUnavailable):
            self._later(rows, now)
            return
        found = foreign_rows(self._store, owed, rows)
        if not found:
            self._done()
            return
        uuids = sorted(row.message_uuid for row in found)
        reason = (
            f"Plivo's log has {len(found)} messages that this state does not know, to people who are owed one now "
            f"({', '.join(uuids[:3])}{' …' if len(uuids) > 3 else ''}); the state looks older than what was sent, or new in "
            "place of one that is gone (or another program sends from this number: plivo.shared_sender)"
        )
        if set(uuids) <= set(self._store.holds.last_approved_detail(RESTORED).get("log", [])):
            self._done()
        else:
            self._hold(reason, {"log": uuids}, now)

    def _later(self, unavailable: LogUnavailable, now: datetime) -> None:
        """The log is the second witness: where it cannot be read for half a minute, the mark's word stands."""
        if self._tries >= len(_TRIES):
            emit(Event.ORIGIN_UNPROVEN, reason=unavailable.evidence)
            self._done()
            return
        self._ask_at = now + _TRIES[self._tries]
        self._tries += 1

    def _done(self) -> None:
        self._ask_at = None
        self._changed()

    # -- the hold ---------------------------------------------------------------------------------------

    def _hold(self, reason: str, detail: dict[str, Any], now: datetime) -> None:
        said = (
            f"{reason}; nothing is sent until approved. What would be sent is pending (reminderd history --state "
            "pending): cancel what people have got already (reminderd cancel ID...), then approve"
        )
        self._ask_at = None
        self.held = True
        self._changed()
        # What was accepted once may have been sent again since, by the state that this one is older than.
        self._store.receipts.forgo_retries()
        before = self._store.holds.find(RESTORED, "")
        if before is not None and KEY in before.detail:
            known = before.detail[KEY]
            said, detail = with_reports(said, known), {**detail, KEY: known}
        if self._store.holds.open(RESTORED, said, detail, now):
            emit(Event.HOLD_OPENED, kind=RESTORED, reason=reason, settle_with="reminderd approve")

    def heard_of(self, report: StatusReport, now: datetime) -> None:
        """Plivo reports of a message that this state does not know."""
        if self.held:
            self._reported.hear(report, now)

    def approve(self, now: datetime) -> None:
        """An operator has looked, and says: go on."""
        self._reported.keep_back(now)
        self._trust()
        self.held = False
        self._changed()
