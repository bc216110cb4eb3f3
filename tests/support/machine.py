"""The whole daemon in one process: its own loop in a thread, files on disk, time that tests move."""

import json
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from reminderd.daemon import Daemon, Place
from reminderd.settings import Settings
from reminderd.store import Mark, Reports, Site, Store, open_reports
from tests.support.clock import FakeClock
from tests.support.world import SENDER, ScriptedGateway

PATIENCE = 20.0  # seconds; only a test that fails waits so long
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Machine:
    """One machine with the daemon running in a thread."""

    def __init__(self, folder: Path, now: datetime, spec: dict[str, Any]) -> None:
        (folder / "jobs.d").mkdir()
        (folder / "jobs.d" / "a.yaml").write_text(json.dumps(spec))
        self.clock = FakeClock(now)
        self.gateway = ScriptedGateway(self.clock)
        values = {"jobs": [f"{folder}/jobs.d"], "state": f"{folder}/state.db", "plivo": {"sender": SENDER, "rate": "0"}}
        self.settings = Settings.model_validate(values)
        self.host, self.named = "named here", False
        self.start()

    def start(self) -> None:
        self.open_store()
        self.daemon = Daemon(
            self.settings, self.store, self.clock, lambda _: self.gateway, lambda: (self.settings, []), self.place()
        )
        self.daemon.handle_signals()
        self.daemon.start()
        self.thread = threading.Thread(target=self.daemon.run, daemon=True)
        self.thread.start()
        self.reports: Reports = open_reports(self.settings.state)

    def place(self) -> Place:
        mark = self.mark()
        return Place(mark, Site(mark.path.parent, self.settings.state), self.host, self.named, lambda: None)

    def mark(self) -> Mark:
        """What this machine keeps outside the state's directory."""
        folder = self.settings.state.parent
        return Mark(folder.with_name(f"{folder.name}-marks"), self.state_id)

    def open_store(self) -> Store:
        """The state of a machine that is stopped."""
        self.store = Store.open(self.settings.state, create=True)
        self.state_id = self.store.origin.identity().state_id
        return self.store

    def stop(self) -> None:
        signal.raise_signal(signal.SIGTERM)
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        self.reports._db.close()
        self.daemon.close()
        self.store.close()

    def look(self) -> None:
        """Have the daemon make a whole pass."""
        for _ in range(2):  # a call is made before a pass: when the second one is made, a pass is over
            self.ask("cancel", ids=[0])

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.daemon.handle({"command": command, **arguments}, "ops")

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline
            self.look()

    def loaded(self) -> "Machine":
        self.until(lambda: self.reports.job_exists("a"))
        return self

    def jump(self, length: timedelta) -> None:
        """Somebody sets the clock, and the daemon sees it."""
        self.clock.jump(length)
        self.look()

    def settle(self) -> None:
        """The clock is set right again, or declared to be right."""
        self.clock.in_sync = True
        self.clock.advance(timedelta(seconds=6))
        self.until(lambda: "clock" not in self.holds)

    def states(self) -> list[tuple[str, str]]:
        return [(row["nominal"][11:16], row["state"]) for row in self.reports.history(limit=0)[::-1]]

    @property
    def holds(self) -> dict[str, int]:
        """The kinds of holds that are open, with their numbers."""
        return {row["kind"]: row["id"] for row in self.reports.holds()}


Start = Callable[..., Machine]
