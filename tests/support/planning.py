"""What is live, and `reminderd plan` on it, at one fixed moment."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from freezegun import freeze_time

from reminderd.cli import main
from reminderd.jobs import Reader
from reminderd.planner import Planner
from reminderd.settings import Settings, load_settings
from reminderd.store import Store
from reminderd.sync import Syncer

NOW = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)  # a Monday, at eight in Berlin
SETTINGS = """\
state: state.db
jobs: jobs.d
plivo: {sender: "+14155550100", price: 0.01, currency: EUR}
"""


class Desk:
    """A folder with settings, job files in `jobs.d`, and a state that has taken them over."""

    def __init__(self, folder: Path, settings: str = SETTINGS) -> None:
        self.folder = folder
        self.jobs = folder / "jobs.d"
        self.jobs.mkdir(exist_ok=True)
        self.config = folder / "reminderd.yaml"
        self.config.write_text(settings)

    @property
    def settings(self) -> Settings:
        settings, problems = load_settings(self.config, {})
        assert settings is not None, problems
        return settings

    def write(self, **files: Any) -> None:
        """Job files by name; JSON is YAML."""
        for name, content in files.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (self.jobs / f"{name}.yaml").write_text(text)

    def go_live(self, now: datetime = NOW) -> None:
        """Have the state take the files over, as a daemon does that runs, and plan what is due."""
        settings = self.settings
        if not settings.state.exists():
            Store.open(settings.state, create=True).close()
        with self.store() as store:
            planner = Planner()
            syncer = Syncer(store, planner, settings.defaults)
            syncer.sync(Reader(settings.jobs, settings.defaults).scan(), now, now)
            while (due := planner.next_due()) is not None and due <= now:
                plan = planner.plan(now, now, 100)
                store.deliveries.add(plan, now)
                planner.committed(plan)
            syncer.note_alive(now)

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The state, for what operators do to it."""
        store = Store.open(self.settings.state)
        try:
            yield store
        finally:
            store.close()

    def run(self, *arguments: str, now: datetime = NOW) -> Result:
        with freeze_time(now):
            return CliRunner().invoke(main, ["--config", str(self.config), "plan", *arguments])

    def plan(self, *arguments: str, now: datetime = NOW) -> dict[str, Any]:
        """The plan as JSON."""
        result = self.run("--json", *arguments, now=now)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        document: dict[str, Any] = json.loads(result.stdout)
        return document


def fates(plan: dict[str, Any]) -> dict[str, str]:
    """What becomes of each job that is named."""
    return {job["name"]: job["change"] for job in plan["jobs"]}


def messages(plan: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    """(job, local time) of those of a kind; of moved ones both times."""
    return [(each["job"], _times(each)) for each in plan["messages"][kind]]


def _times(message: dict[str, Any]) -> str:
    sides = [message[side]["local"][:20] for side in ("before", "after") if message[side]]
    return " > ".join(dict.fromkeys(sides))
