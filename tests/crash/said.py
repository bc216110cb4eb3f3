"""Small stories of what operators say above the files, each short enough for every pair of deaths."""

from tests.crash.judge import Owed
from tests.crash.story import (
    CANCELLED,
    CUT,
    IN_DOUBT,
    MISSED,
    NO_ROUTE,
    SENT,
    Scenario,
    always,
    ask,
    go,
    have,
    nine,
    say,
    text,
    until,
)
from tests.support.deaths import Mortal
from tests.support.world import ANNA, BERT, CARA, job

DRILL = "03-01"  # what stands in a drill's nominal time where others have the time of day


def _paused() -> Scenario:
    """One job waits for its retry when all are paused, one falls due meanwhile, and one occurrence is skipped."""
    return Scenario(
        "every job is paused",
        (
            have(
                waits=nine([ANNA]),
                due=job(to=[BERT], cron="10 9 * * *", message="Due."),
                skipped=job(to=[CARA], cron="40 9 * * *", message="Skipped."),
            ),
            say("skip", job="skipped", at="2027-03-01T09:40", why="holiday"),
            go("09:00:30"),
            say("pause", all=True, why="flood"),
            go("09:20"),
            say("resume", all=True),
            go("09:50"),
        ),
        (
            Owed("waits", "09:00", ANNA, SENT),
            Owed("due", "09:10", None, (MISSED,)),
            Owed("skipped", "09:40", None, (MISSED,)),
        ),
        {ANNA: until("09:00:40", NO_ROUTE)},
        small=True,
    )


def _opted_out() -> Scenario:
    """One waits for its retry, and one is in doubt."""
    return Scenario(
        "an opt-out while it is in doubt",
        (
            have(a=nine([ANNA]), b=nine([BERT])),
            go("09:00:30"),
            say("opt-out add", phone=ANNA),
            say("opt-out add", phone=BERT),
            go("09:17"),
            ask("resolve", IN_DOUBT, "b", sent=False),
            go("09:40"),
        ),
        (
            Owed("a", "09:00", ANNA, (CANCELLED, IN_DOUBT)),
            Owed("b", "09:00", BERT, (CANCELLED, IN_DOUBT), through=(IN_DOUBT,)),
        ),
        {ANNA: until("09:10", NO_ROUTE), BERT: always(CUT)},
        small=True,
    )


def _texted() -> Scenario:
    """STOP while one waits for its retry, START before the next one, and the STOP once more."""
    return Scenario(
        "a STOP, a START and the STOP again",
        (
            have(a=nine([ANNA]), b=job(to=[ANNA], cron="10 9 * * *", message="Later.")),
            go("09:00:30"),
            text("stop", ANNA, "STOP", "09:00:20"),
            text("start", ANNA, "START", "09:05"),
            text("stop", ANNA, "STOP", "09:00:20"),
            go("09:20"),
        ),
        (Owed("a", "09:00", ANNA, (CANCELLED, IN_DOUBT)), Owed("b", "09:10", ANNA, SENT)),
        {ANNA: until("09:09:50", NO_ROUTE)},
        small=True,
    )


def _drilled() -> Scenario:
    """Whose question was cut short looks first whether the test is there."""

    def drill(world: Mortal) -> None:
        if not any(row["drill"] for row in world.rows("a")):
            world.command("test-send", job="a", phone=BERT)

    return Scenario(
        "a test through the gateway",
        (have(a=nine([ANNA])), go("08:30"), drill, go("09:10")),
        (Owed("a", DRILL, BERT, SENT), Owed("a", "09:00", ANNA, SENT)),
        small=True,
    )


SAID: tuple[Scenario, ...] = (_paused(), _opted_out(), _texted(), _drilled())
