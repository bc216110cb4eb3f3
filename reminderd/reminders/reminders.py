"""Making and removing reminders: the row that says so first, then the file, then the row that it is done.

Whatever dies in between is settled before anything else is done: a file that is there counts, one that is not was never
promised to anybody, and one that was to go goes.
"""

import errno
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from reminderd.clock import to_text
from reminderd.reminders import folder
from reminderd.reminders.asked import Asked, Flaw, UnreadableError, flaws_of, pointer, read_asked
from reminderd.reminders.checked import check_written, declared_elsewhere
from reminderd.reminders.refusals import RefusedError, Why
from reminderd.reminders.written import write_job
from reminderd.settings import Settings
from reminderd.store import BY_THE_FILES, Place, Refusal, Reminder, Reserved, StateFailure, Store, Wanted, advice
from reminderd.telemetry import Event, emit

MOST = 10_000  # that are there at a time
MOST_WAITING = 32  # requests
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}

T = TypeVar("T")


class Ask(Protocol):
    """Has the loop make a call with its state, and waits for what it returns; raises what that raises, and TimeoutError."""

    def __call__(self, call: Callable[[Store], T], /) -> T: ...


class Made(NamedTuple):
    """is_new: this request made it, and not an earlier one that said the same with the same key."""

    reminder: Reminder
    warnings: tuple[Flaw, ...]
    is_new: bool


class Reminders:
    """One for a daemon. What it is asked to do is done in a thread of its own, one thing after the other."""

    def __init__(
        self,
        ask: Ask,
        settings: Callable[[], Settings],
        now: Callable[[], datetime],
        look: Callable[[], None],
        most: int = MOST,
    ) -> None:
        """look(): have the job files looked at, and what they say taken over, also where none of them changed."""
        self._ask = ask
        self._look = look
        self._settings = settings
        self._now = now
        self._most = most
        self._thread: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._waiting = 0
        self._settled = False

    # -- from any thread --------------------------------------------------------------------------------

    def make(self, body: bytes, who: str, key: str | None = None) -> "Future[Made]":
        """Write a job file for the job that the JSON in `body` says. key: whoever asks with it again gets the same one.

        The future raises RefusedError.
        """
        return self._soon(lambda: self._make(body, who, key))

    def end(self, name: str, who: str, *, force: bool = False) -> "Future[Reminder]":
        """Remove the file of a reminder; force: also where somebody edited it. The future raises RefusedError."""
        return self._soon(lambda: self._end(name, who, force=force))

    def settle(self) -> "Future[None]":
        """Finish what an earlier process left. The future raises RefusedError."""
        return self._soon(self._settle)

    def close(self) -> None:
        """What is being written is finished; nothing that waits is begun."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _soon(self, call: Callable[[], T]) -> "Future[T]":
        with self._lock:
            if self._waiting >= MOST_WAITING:
                message = f"{MOST_WAITING} requests for reminders wait already"
                raise RefusedError(Why.BUSY, message, "ask again in a moment")
            self._waiting += 1
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, "reminders")
            try:
                future = self._thread.submit(self._guarded, call)
            except RuntimeError:  # closed, or no thread can be had
                self._waiting -= 1
                raise RefusedError(Why.BUSY, "the daemon ends, or no thread can be had", "ask again later") from None
        future.add_done_callback(self._done)
        return future

    def _done(self, _: object) -> None:
        with self._lock:
            self._waiting -= 1

    def _guarded(self, call: Callable[[], T]) -> T:
        try:
            if not self._settled:
                self._settle()
            return call()
        except RefusedError:
            raise
        except Exception as error:
            self._settled = False  # what was asked for last may be done all the same
            if isinstance(error, StateFailure | TimeoutError | Refusal):
                raise _of_state(error) from error
            raise

    # -- making -----------------------------------------------------------------------------------------

    def _make(self, body: bytes, who: str, key: str | None) -> Made:
        try:
            asked = read_asked(body)
        except UnreadableError as error:
            raise RefusedError(Why.UNREADABLE, str(error)) from None
        key_digest = None if key is None else sha256(f"{who}\0{key}".encode()).hexdigest()
        if key_digest is not None and (before := self._ask(lambda store: store.reminders.by_key(key_digest))):
            return self._again(before, asked)
        if flaws := flaws_of(asked):
            raise RefusedError(Why.WRONG, "this cannot be a reminder", flaws=flaws)
        name, now = asked.name or f"reminder-{secrets.token_hex(5)}", self._now()
        data, settings = write_job(asked.job, name, who, now), self._settings()
        path = settings.written_to / f"{name}.yaml"
        warnings = self._check(path, data, settings, now)
        wanted = Wanted(name, str(path), folder.digest_of(data), key_digest, asked.digest, who)
        return self._write(wanted, data, asked, now, warnings)

    def _again(self, before: Reminder, asked: Asked) -> Made:
        if before.request_digest != asked.digest:
            hint = "use another key for another reminder"
            raise RefusedError(Why.REUSED, f"this Idempotency-Key made {before.name!r} of another request", hint)
        if not before.written:  # asked for before, and carried out late; or its directory could not be looked into
            self._settled = False
            raise RefusedError(Why.BUSY, f"whether {before.name!r} was made is not known yet", "ask again in a moment")
        if before.deleted_at is not None:
            hint = "use another key to make another one, under another name or none"
            raise RefusedError(Why.GONE, f"this Idempotency-Key made {before.name!r}, which was removed", hint)
        return Made(before, (), is_new=False)

    def _check(self, path: Path, data: bytes, settings: Settings, now: datetime) -> tuple[Flaw, ...]:
        checked = check_written(path, data, settings, now)
        if checked.flaws:
            raise RefusedError(Why.WRONG, "`check` would refuse this job", flaws=checked.flaws)
        if checked.taken:
            raise _taken(checked.taken)
        return checked.warnings

    def _write(self, wanted: Wanted, data: bytes, asked: Asked, now: datetime, warnings: tuple[Flaw, ...]) -> Made:
        path = Path(wanted.file)
        with self._on_disk(path):
            vacant = folder.content_of(path) is None
        reserved = self._ask(lambda store: store.reminders.reserve(wanted, now, self._most, vacant=vacant))
        match reserved.place:
            case Place.REPEATED:
                assert reserved.found is not None
                return self._again(reserved.found, asked)
            case Place.TAKEN:
                raise _taken(f"there is a reminder {wanted.name!r} already")
            case Place.DECLARED:
                raise _taken(f"job {wanted.name!r} is already declared in {reserved.where}")
            case Place.USED:
                raise _taken(_used(wanted.name, reserved))
            case Place.FULL:
                hint = "delete those that are over"
                raise RefusedError(Why.FULL, f"there are {self._most:,} reminders, and no more are taken", hint)
        assert reserved.found is not None
        row = reserved.found
        try:
            with self._on_disk(path):
                folder.put(path, _draft_of(row), data)
        except FileExistsError:
            self._ask(lambda store: store.reminders.drop(row.id))
            raise _taken(f"there is a file {path} already") from None
        except RefusedError:
            self._ask(lambda store: store.reminders.drop(row.id))
            raise
        self._ask(lambda store: self._note_written(store, row, now))
        return Made(row, warnings, is_new=True)

    def _note_written(self, store: Store, row: Reminder, now: datetime) -> None:
        with store.together():
            store.reminders.written(row.id, now)
            store.operations.record(row.who, "reminder", row.name, {"file": row.file}, now)
        emit(Event.REMINDER_WRITTEN, job=row.name, file=row.file, by=row.who)

    # -- removing ---------------------------------------------------------------------------------------

    def _end(self, name: str, who: str, *, force: bool) -> Reminder:
        row = self._ask(lambda store: store.reminders.newest(name))
        if row is None or not row.written:
            raise RefusedError(Why.UNKNOWN, f"there is no reminder {name!r} that the API made")
        if row.deleted_at is not None:
            return row
        path = Path(row.file)
        with self._on_disk(path):
            content = folder.content_of(path)
        if content is not None and folder.digest_of(content) != row.digest and not force:
            hint = "remove it by hand, or ask with force=true"
            raise RefusedError(Why.EDITED, f"{path} is not as it was written: somebody edited it", hint)
        self._demand_alone(row)
        now = self._now()
        by = who if content is not None else BY_THE_FILES
        self._ask(lambda store: self._note_wanted_gone(store, row, who, now))
        try:
            with self._on_disk(path):
                folder.remove(path)
        except RefusedError:
            self._ask(lambda store: store.reminders.spare(row.id))
            raise
        self._ask(lambda store: store.reminders.removed(row.id, self._now()))
        if not {path, path.parent} & set(self._settings().reads):
            self._look()  # it ran on from a place that is read no longer, so that nobody sees the file go
        emit(Event.REMINDER_REMOVED, job=row.name, file=row.file, by=by)
        found = self._ask(lambda store: store.reminders.newest(name))
        assert found is not None
        return found

    def _demand_alone(self, row: Reminder) -> None:
        """A job that another file declares would go on, or begin to run from there, when this file is gone."""
        where = declared_elsewhere(row.name, Path(row.file), self._settings())
        if not where:  # what runs from a file that is broken now has only the state to tell of it
            runs = self._ask(lambda store: store.reminders.runs_elsewhere(row.name, row.file))
            where = runs if os.path.lexists(runs.rpartition(":")[0]) else ""
        if where:
            message = f"job {row.name!r} is declared in {where}, a file that the API did not write"
            raise RefusedError(Why.ELSEWHERE, message, "end it there, then ask again")

    def _note_wanted_gone(self, store: Store, row: Reminder, who: str, now: datetime) -> None:
        with store.together():
            store.reminders.condemn(row.id, who, now)
            store.operations.record(who, "reminder end", row.name, {"file": row.file}, now)

    # -- after a death ----------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Find out what became of what nobody knows to be done."""
        for row in self._ask(lambda store: store.reminders.unsettled()):
            with suppress(RefusedError):  # of a disk: one that cannot be looked into keeps the others from nothing
                self._settle_one(row)
        self._settled = True

    def _settle_one(self, row: Reminder) -> None:
        path = Path(row.file)
        with self._on_disk(path):
            with suppress(FileNotFoundError, NotADirectoryError):
                _draft_of(row).unlink()
            content = folder.content_of(path)
            ours = content is not None and folder.digest_of(content) == row.digest
            if row.deleted_at is not None and ours:
                folder.remove(path)
        self._note_settled(row, ours=ours, there=content is not None)

    def _note_settled(self, row: Reminder, *, ours: bool, there: bool) -> None:
        now = self._now()
        if row.deleted_at is None and ours:
            self._ask(lambda store: self._note_written(store, row, now))
        elif row.deleted_at is None:
            self._ask(lambda store: store.reminders.drop(row.id))
        elif there and not ours:  # edited, and its end had been forced: nobody was told that it is done
            self._ask(lambda store: store.reminders.spare(row.id))
        else:
            self._ask(lambda store: store.reminders.removed(row.id, now))

    @contextmanager
    def _on_disk(self, path: Path) -> Iterator[None]:
        """Say what a disk does not do; that something has the name already is the caller's."""
        try:
            yield
        except FileExistsError:
            raise
        except OSError as error:
            why = Why.NO_SPACE if error.errno in _NO_SPACE else Why.TROUBLE
            hint = "make room" if why is Why.NO_SPACE else f"let the daemon write in {path.parent} (docs/reminders.md)"
            raise RefusedError(why, f"{path} cannot be written or removed: {error.strerror}", hint) from error


def _draft_of(row: Reminder) -> Path:
    """What its file is called until it is whole: a name that nobody reads."""
    return Path(row.file).with_name(f".{row.name}.{row.id}.draft")


def _taken(message: str) -> RefusedError:
    flaw = Flaw(pointer(("name",)), message, "give it another name, or none")
    return RefusedError(Why.TAKEN, message, "give it another name, or none", [flaw])


def _used(name: str, reserved: Reserved) -> str:
    if reserved.found is None:
        what = "a job that was removed"
    elif reserved.since is None:
        what = "a reminder whose file was removed"
    else:
        what = "a reminder that ended"
    when = f" at {to_text(reserved.since)}" if reserved.since else ""
    return f"the name {name!r} was that of {what}{when}: messages of that name that are over would keep new ones from going out"


def _of_state(error: Exception) -> RefusedError:
    if isinstance(error, StateFailure):
        hint = f"{advice(error)}, and ask again with the same Idempotency-Key"
        return RefusedError(Why.TROUBLE, f"the state cannot be used: {error}", hint)
    if isinstance(error, TimeoutError):
        return RefusedError(Why.BUSY, "the daemon is busy", "ask again with the same Idempotency-Key")
    return RefusedError(Why.TROUBLE, str(error))
