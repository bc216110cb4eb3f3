"""Daemons to look at: one in which much has happened, all of it by real sends through the sandbox, and one without any data."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.support.daemon import Home, job, moment, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import answers, free_port

_SETTINGS = "plivo: {rate: 50}\ntimezone: Europe/Berlin\nalerts: {overdue_after: 10s}\nweb: {listen: '127.0.0.1:%d', tokens: ['ops read+act sha256:%s']}\n"
# By this name the browser finds this machine, and takes it for another one.
FAR_NAME = "reminders.lan"
# Of who may look and act.
TOKEN = "rmd_" + "o" * 43
_BROKEN = """jobs:
  - name: heating
    schedule: {cron: '0 25 * * *'}
    to: '+14155550171'
    mesage: The heating is off.
"""
_REFUSED, _LOST = phone(901), phone(902)


@dataclass(frozen=True, slots=True)
class Scene:
    """home: of the daemon, which runs. port: of its listener. deliveries: by job, the id of its delivery."""

    home: Home
    port: int
    deliveries: dict[str, int]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def far_url(self) -> str:
        """Without TLS and not of loopback: to a browser no secure context, so that it says less of where a form comes from."""
        return f"http://{FAR_NAME}:{self.port}"


def _settings(port: int) -> str:
    return _SETTINGS % (port, sha256(TOKEN.encode()).hexdigest())


@contextmanager
def empty_scene(folder: Path) -> Iterator[Scene]:
    """A daemon without a job, that has never sent anything."""
    port = free_port()
    with (
        SandboxProcess(folder) as sandbox,
        Home(folder / "home", sandbox.environment, _settings(port), patience=90) as home,
    ):
        yield Scene(_serving(home, port), port, {})


@contextmanager
def busy_scene(folder: Path) -> Iterator[Scene]:
    """One with deliveries in every state, holds, pauses, problems, and jobs of every kind to come."""
    port = free_port()
    faults = ["--fault", f"status=400,phone={_REFUSED[-4:]}$", "--fault", f"reset=before,phone={_LOST[-4:]}$"]
    with (
        SandboxProcess(folder, *faults) as sandbox,
        Home(folder / "home", sandbox.environment, _settings(port), patience=90) as home,
    ):
        _write(home)
        home.start()
        home.json("pause", "newsletter", "--why", "the new list is not ready")
        home.json("opt-out", "add", phone(999), "--why", "asked for it by phone")
        settled = {
            "refused": "failed",
            "lost": "in_doubt",
            "too-late": "missed",
            "sent-0": "accepted",
            "sent-20": "accepted",
        }
        home.until(lambda: settled.items() <= home.states().items(), f"not {settled}")
        (home.jobs / "heating.yaml").write_text(_BROKEN)
        home.until(lambda: home.json("status")["problems"] != [], "no problem is seen")
        home.until(lambda: home.json("status")["holds"] != [], "nothing is on hold")
        found = {row["job"]: row["id"] for row in home.history()}
        yield Scene(_serving(home, port), port, found)


@contextmanager
def stopped_scene(folder: Path) -> Iterator[Scene]:
    """One whose credentials Plivo refuses, so that nothing is sent."""
    port = free_port()
    with (
        SandboxProcess(folder, "--fault", "status=401") as sandbox,
        Home(folder / "home", sandbox.environment, _settings(port), patience=90) as home,
    ):
        home.write("waits.yaml", job("waits", phone(1), valid_for="1d"))
        home.start()
        home.until(lambda: home.json("status")["gateway"]["suspended"], "the gateway is in use")
        yield Scene(_serving(home, port), port, {})


def _write(home: Home) -> None:
    ago = [moment(-3600 * hours - 60) for hours in range(24)]
    home.write(
        "sent.yaml",
        *(job(f"sent-{hours}", phone(hours), at, valid_for="2d") for hours, at in enumerate(ago)),
        job("refused", _REFUSED, moment(-90), valid_for="1d"),
        job("lost", _LOST, moment(-30), valid_for="1d"),
        job("too-late", phone(903), moment(-7200), valid_for="5m"),
    )
    soon = datetime.now(UTC) + timedelta(hours=3)
    home.write(
        "coming.yaml",
        _rule("rent", {"cron": f"0 {soon.hour} * * *"}, 3),
        _rule("shift-handover", {"cron": "30 */8 * * *"}, 2, timezone="America/New_York"),
        _rule("pill", {"every": "2h", "from": "2026-11-22T09:10"}, 1, timezone="Asia/Kolkata"),
        _rule("newsletter", {"cron": "15 * * * *"}, 4),
        _rule("by-the-second", {"every": "1s", "from": moment(90_000)}, 1),
        _rule("crowd", {"at": moment(2)}, 12, limits={"per_occurrence": 5}),
    )


def _rule(name: str, schedule: dict[str, str], people: int, **keys: object) -> str:
    to = [{"phone": phone(100 + number), "name": f"Person {number}"} for number in range(people)]
    more: dict[str, Any] = {"to": to, "schedule": schedule, **keys}
    return job(name, "", **more)


def _serving(home: Home, port: int) -> Home:
    if not answers(port):
        if not home.notes.count("READY=1"):
            home.start()
        home.until(lambda: answers(port), "it does not listen")
    return home
