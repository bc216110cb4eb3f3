"""A state with a loop of its own, and what makes reminders through it, as in the daemon."""

import json
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from reminderd.daemon.inbox import Inbox
from reminderd.daemon.reminding import reminders_of
from reminderd.jobs import assemble, reader_for
from reminderd.model import Catalog
from reminderd.reminders import Flaw, Made, RefusedError, Reminders
from reminderd.settings import Settings
from reminderd.store import Reminder, Store
from tests.support.clock import FakeClock

T = TypeVar("T")

PATIENCE = 20.0


def body(**keys: Any) -> dict[str, Any]:
    """A good job; None removes a key."""
    usual = {"name": "tea", "schedule": {"cron": "0 16 * * *"}, "to": "+14155550101", "message": "Tea."}
    return {key: value for key, value in {**usual, **keys}.items() if value is not None}


class Maker:
    """A context manager. folder: has jobs.d and the state, and in `var/jobs` what is made."""

    def __init__(self, folder: Path, *, most: int = 1000, **web: Any) -> None:
        self.folder = folder
        (folder / "jobs.d").mkdir(exist_ok=True)
        (folder / "var").mkdir(exist_ok=True)
        values = {"jobs": [str(folder / "jobs.d")], "state": str(folder / "var" / "state.db"), "web": web}
        self.settings = Settings.model_validate(values)
        self.clock = FakeClock()
        self.inbox = Inbox()
        self._most = most
        self._stopping = False
        self._ready: Future[Store] = Future()
        self._loop = threading.Thread(target=self._run)

    def __enter__(self) -> "Maker":
        self._loop.start()
        self.store = self._ready.result(PATIENCE)
        self.reminders = self.another()
        return self

    def __exit__(self, *_: object) -> None:
        self.inbox.post(self._stop)
        self._loop.join(PATIENCE)

    def another(self) -> Reminders:
        """As after a start: one that knows nothing of what the one before did."""
        made = reminders_of(self.store, self.inbox, lambda: self.settings, self.clock, lambda: None)
        made._most = self._most
        return made

    def _stop(self) -> None:
        self._stopping = True

    def _run(self) -> None:
        store = Store.open(self.settings.state, create=True)
        self._ready.set_result(store)
        while not self._stopping:
            self.inbox.wait(PATIENCE)
            self.inbox.make_calls()
        store.close()

    # -- asking -----------------------------------------------------------------------------------------

    def make(self, asked: Any = None, *, who: str = "api:ci", key: str | None = None) -> Made:
        data = asked if isinstance(asked, bytes) else json.dumps(body() if asked is None else asked).encode()
        return self.reminders.make(data, who, key).result(PATIENCE)

    def end(self, name: str = "tea", *, who: str = "api:ci", force: bool = False) -> Reminder:
        return self.reminders.end(name, who, force=force).result(PATIENCE)

    def refused(self, asked: Any = None, *, key: str | None = None) -> RefusedError:
        try:
            made = self.make(asked, key=key)
        except RefusedError as error:
            return error
        raise AssertionError(f"it was made: {made}")

    def flaws(self, asked: Any) -> list[tuple[str, str]]:
        return [(flaw.pointer, flaw.message) for flaw in self.refused(asked).flaws]

    def flaw(self, **keys: Any) -> Flaw:
        (flaw,) = self.refused(body(**keys)).flaws
        return flaw

    # -- looking ----------------------------------------------------------------------------------------

    def ask(self, call: Any) -> Any:
        return self.inbox.ask(lambda: call(self.store), PATIENCE)

    def catalog(self) -> Catalog:
        return assemble(reader_for(self.settings).scan(), {})

    @property
    def made(self) -> Path:
        return self.settings.written_to

    def files(self) -> list[str]:
        return sorted(path.name for path in self.made.iterdir()) if self.made.exists() else []
