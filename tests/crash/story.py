"""What a small story of a day is made of: its steps, what Plivo answers, and what it owes."""

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from reminderd.gateway.port import Details, DetailsUnavailable
from reminderd.model import InDoubt, Limits, NotSent, Outcome, State
from reminderd.planner import Terms
from reminderd.store import Refusal
from tests.crash.judge import Owed
from tests.support.clock import utc
from tests.support.deaths import Answer, Mortal
from tests.support.world import ANNA, FOLDER, Told, job

ACCEPTED, FAILED, MISSED, CANCELLED, IN_DOUBT = (
    State.ACCEPTED,
    State.FAILED,
    State.MISSED,
    State.CANCELLED,
    State.IN_DOUBT,
)
# A death between the committed beginning and Plivo leaves a doubt that no log can settle.
SENT = (ACCEPTED, IN_DOUBT)

Step = Callable[[Mortal], object]
Files = Mapping[str, dict[str, Any]]


@dataclass(frozen=True)
class Scenario:
    """steps: what happens, in order; each can be done again after a death in it. answers: what Plivo says, by phone.

    standing: connections that stand, so that requests begin with their claim. threads: senders. fresh: the state is to be
    created. receipts: when Plivo is asked what became of messages. fates: what it says then, reports: what it says by itself, as in `ScriptedGateway`. small:
    short enough for every pair of deaths. faults: the real SDK asks a sandbox that has these. chunk: rows planned at once.
    prompt: who starts again only after a while owes something else. limits: of the settings.
    """

    name: str
    steps: tuple[Step, ...]
    owed: tuple[Owed, ...]
    answers: Mapping[str, Answer] = field(default_factory=dict)
    lost_arrive: bool = False
    unusable_until: str = ""
    log_unreadable_until: str = ""
    standing: int = 0
    threads: int = 2
    fresh: bool = False
    small: bool = False
    receipts: tuple[timedelta, ...] = ()
    fates: Mapping[str, Sequence[Details | DetailsUnavailable]] = field(default_factory=dict)
    reports: Mapping[str, Sequence[Sequence[Told]]] = field(default_factory=dict)
    faults: tuple[str, ...] | None = None
    chunk: int = 25
    prompt: bool = False
    limits: Limits = Limits()  # noqa: RUF009 (a tuple)

    def prepare(self, world: Mortal) -> None:
        world.chunk, world.terms = self.chunk, Terms(self.limits)
        plivo = world.gateway
        plivo.answers = dict(self.answers)
        plivo.fates = dict(self.fates)
        plivo.reports = dict(self.reports)
        plivo.lost_arrive = self.lost_arrive
        plivo.standing = self.standing
        if self.unusable_until:
            plivo.unusable_until = at(self.unusable_until)
        if self.log_unreadable_until:
            plivo.log_unreadable_until = at(self.log_unreadable_until)


# -- steps ------------------------------------------------------------------------------------------------


def at(time: str) -> datetime:
    return utc(f"2027-03-01 {time}")


def go(time: str) -> Step:
    return lambda world: world.go_to(max(at(time), world.clock.now()))


def down(time: str) -> Step:
    """The daemon is not running until then."""
    return lambda world: world.sleep_to(max(at(time), world.clock.now()))


def have(**files: dict[str, Any] | str) -> Step:
    """The job files are these, by name, and no others."""
    texts = {
        f"{FOLDER}/{name}.yaml": each if isinstance(each, str) else json.dumps(each) for name, each in files.items()
    }
    return lambda world: world.have(texts)


def ask(command: str, state: State, name: str, **arguments: Any) -> Step:
    """An operator settles each delivery of this job that is in that state; whose command was cut short looks again, and may
    be told that it is done."""

    def step(world: Mortal) -> None:
        for row in world.rows(name):
            if row["state"] == state:
                which = {"id": row["id"]} if command == "resolve" else {"ids": [row["id"]]}
                with contextlib.suppress(Refusal):
                    world.command(command, **which, **arguments)

    return step


def approve(world: Mortal) -> None:
    for hold in world.store.reports.holds():
        world.command("approve", hold=hold["id"])


def approve_of(name: str) -> Step:
    """An operator approves what is on hold of this job."""

    def step(world: Mortal) -> None:
        for hold in world.store.holds.open_ones():
            if hold.detail.get("job") == name:
                world.command("approve", hold=hold.id)

    return step


def say(command: str, **arguments: Any) -> Step:
    """An operator says this; whose command was cut short, and was carried out all the same, is told so."""

    def step(world: Mortal) -> None:
        with contextlib.suppress(Refusal):
            world.command(command, **arguments)

    return step


def text(uuid: str, phone: str, words: str, written: str) -> Step:
    """Somebody writes to our number; what was not answered, Plivo hands on again."""
    return lambda world: world.hear(uuid, phone, words, written_at=at(written))


# -- answers ----------------------------------------------------------------------------------------------


def until(time: str, outcome: Outcome) -> Answer:
    """This answer before that time, and acceptance from then on."""
    return lambda now: outcome if now < at(time) else None


def always(outcome: Outcome) -> Answer:
    return lambda _now: outcome


NO_ROUTE = NotSent("no route to host")
CUT = InDoubt("reset")
NINE = "0 9 * * *"
DORA = "+14155550104"


def nine(to: Any = (ANNA,), **keys: Any) -> dict[str, Any]:
    return job(to=to, cron=NINE, **keys)
