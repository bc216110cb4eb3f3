"""Small stories of what waits: for the end of a night, for the rest of its list, for its own zone, for an operator."""

from typing import Any

from reminderd.model import Limits, State
from tests.crash.judge import Owed
from tests.crash.story import (
    CANCELLED,
    CUT,
    DORA,
    IN_DOUBT,
    MISSED,
    NO_ROUTE,
    SENT,
    Scenario,
    always,
    approve_of,
    ask,
    at,
    down,
    go,
    have,
    nine,
    say,
    text,
    until,
)
from tests.support.deaths import Mortal
from tests.support.world import ANNA, BERT, CARA, job

SEVEN = [f"+1415555013{number}" for number in range(7)]


def _quiet() -> Scenario:
    """One is due in a night of half an hour, one is to be dropped, one waits for its retry as the night comes."""
    night: dict[str, Any] = {"quiet_hours": "08:30-09:30", "valid_for": "20m"}
    return Scenario(
        "quiet hours over a restart",
        (
            have(
                due=nine([ANNA], **night),
                dropped=job(to=[BERT], cron="40 8 * * *", on_quiet="drop", **night),
                retried=job(to=[CARA], cron="26 8 * * *", retry=["10m"], message="Retried.", **night),
                given_up=job(to=[DORA], cron="26 8 * * *", retry=["3m", "10m"], on_quiet="drop", **night),
            ),
            go("08:45"),
            down("09:28"),
            go("10:00"),
        ),
        (
            Owed("due", "09:00", ANNA, SENT),
            Owed("dropped", "08:40", BERT, (MISSED,)),
            Owed("retried", "08:26", CARA, SENT),
            Owed("given_up", "08:26", DORA, (MISSED,)),
        ),
        {CARA: until("08:27", NO_ROUTE), DORA: until("09:20", NO_ROUTE)},
    )


def _in_parts() -> Scenario:
    """A long list and a short one. What is planned is cut every three rows."""
    everybody = nine(SEVEN, message="{{ recipient.phone }}")
    return Scenario(
        "a list that is planned in parts",
        (have(all=everybody, one=nine([ANNA])), go("09:20")),
        (*(Owed("all", "09:00", phone, SENT) for phone in SEVEN), Owed("one", "09:00", ANNA, SENT)),
        chunk=3,
        threads=3,
    )


def _finished_late() -> Scenario:
    """The first part is planned in time, the others while the daemon lags behind; what was begun is no matter of catch_up."""

    def first_part(world: Mortal) -> None:
        world.clock.go_to(max(at("09:00"), world.clock.now()))
        plan = world.planner.plan(world.clock.now(), world.awake_since, world.chunk)
        world.store.deliveries.add(plan, world.clock.now())
        world.planner.committed(plan)

    def lag(world: Mortal) -> None:
        world.clock.go_to(max(at("09:00:30"), world.clock.now()))

    return Scenario(
        "a list that is finished after a restart (catch_up: none)",
        (have(all=nine(SEVEN, catch_up="none")), first_part, lag, go("09:20")),
        tuple(Owed("all", "09:00", phone, SENT) for phone in SEVEN),
        chunk=3,
        threads=3,
        prompt=True,
    )


def _limited() -> Scenario:
    """Two occurrences exceed a limit, and are planned in parts; one is approved, the other is not."""
    three = [ANNA, BERT, CARA]
    return Scenario(
        "limits, and what is approved",
        (
            have(wanted=nine(three), unwanted=nine(SEVEN[:3], valid_for="20m"), standing=nine([DORA])),
            go("09:10"),
            approve_of("wanted"),
            go("09:40"),
        ),
        (
            *(Owed("wanted", "09:00", phone, SENT) for phone in three),
            *(Owed("unwanted", "09:00", phone, (MISSED,)) for phone in SEVEN[:3]),
            Owed("standing", "09:00", DORA, SENT),
        ),
        limits=Limits(per_occurrence=2),
        chunk=3,
    )


def _zones() -> Scenario:
    """Nine o'clock in three zones, one of which has it while the job is paused; one catches up after downtime."""
    zones = {ANNA: "UTC", BERT: "Atlantic/Azores", CARA: "America/Noronha", DORA: "America/Sao_Paulo"}
    people = [{"phone": phone, "timezone": zone} for phone, zone in zones.items()]
    return Scenario(
        "each recipient's own nine o'clock",
        (
            have(a=nine(people, timezone="recipient")),
            go("09:30"),
            say("pause", job="a", why="flood"),
            go("10:30"),
            say("resume", job="a"),
            go("11:30"),
            down("12:20"),
            go("12:30"),
        ),
        (
            Owed("a", "09:00", ANNA, SENT),
            Owed("a", "09:00", None, (MISSED,)),
            Owed("a", "09:00", CARA, SENT),
            Owed("a", "09:00", DORA, SENT),
        ),
    )


def _overridden() -> Scenario:
    """What is paused, skipped and held before it is due, and while it waits for its retry."""
    waits: dict[str, Any] = {"cron": "20 8 * * *", "retry": ["5m"], "valid_for": "2h"}
    return Scenario(
        "an operator pauses, skips, holds and goes on",
        (
            have(
                paused=nine([ANNA], message="Paused."),
                skipped=nine([ANNA], message="Skipped."),
                stopped=job(to=[BERT], message="Stopped.", **waits),
                held=job(to=[CARA], message="Held.", **waits),
                forgotten=job(to=[DORA], message="Forgotten.", **waits | {"valid_for": "30m"}),
            ),
            go("08:21"),
            say("pause", job="paused", why="flood", until="2027-03-01T09:10Z"),
            say("skip", job="skipped", at="2027-03-01T09:00", why="holiday"),
            say("pause", job="stopped", why="flood"),
            ask("hold", State.PENDING, "held", why="wrong", until="2027-03-01T09:20Z"),
            ask("hold", State.PENDING, "forgotten", why="wrong"),
            go("08:40"),
            say("resume", job="stopped"),
            ask("release", State.PENDING, "held"),
            go("09:40"),
        ),
        (
            Owed("paused", "09:00", None, (MISSED,)),
            Owed("skipped", "09:00", None, (MISSED,)),
            Owed("stopped", "08:20", BERT, SENT),
            Owed("held", "08:20", CARA, SENT),
            Owed("forgotten", "08:20", DORA, (MISSED,)),
        ),
        {phone: until("08:24", NO_ROUTE) for phone in (BERT, CARA, DORA)},
    )


def _claim_at_nine(world: Mortal) -> None:
    if world.clock.now() < at("09:00"):
        world.clock.go_to(at("09:00"))
    world.plan()
    world.dispatcher.advance(world.clock.now())


def _opted_out() -> Scenario:
    """While it waits for its retry, before it is due, and between its claim and its beginning; somebody comes back."""

    def opted_out_in_flight(world: Mortal) -> None:
        _claim_at_nine(world)
        world.command("opt-out add", phone=CARA, why="told us")

    return Scenario(
        "an opt-out before, between claim and beginning, and after",
        (
            have(
                waits=job(to=[ANNA], cron="20 8 * * *", retry=["5m"], valid_for="2h"),
                later=nine([ANNA], message="Later."),
                claimed=nine([CARA]),
                refused=job(to=[DORA], cron="20 8 * * *", message="Refused."),
                again=job(to=[CARA], cron="30 9 * * *", message="Again."),
            ),
            go("08:21"),
            say("opt-out add", phone=ANNA, why="told us"),
            opted_out_in_flight,
            go("09:10"),
            say("opt-out remove", phone=CARA),
            go("09:40"),
        ),
        (
            Owed("waits", "08:20", ANNA, (CANCELLED,)),
            Owed("later", "09:00", ANNA, (CANCELLED,)),
            Owed("claimed", "09:00", CARA, (CANCELLED,)),
            Owed("refused", "08:20", DORA, SENT),
            Owed("again", "09:30", CARA, SENT),
        ),
        {ANNA: until("08:24", NO_ROUTE)},
    )


def _texted() -> Scenario:
    """STOP while it waits for its retry, between claim and beginning, in doubt; START, and the STOP once more."""

    def stopped_in_flight(world: Mortal) -> None:
        _claim_at_nine(world)
        world.hear("cara stops", CARA, "Stop!", written_at=at("09:00"))

    return Scenario(
        "texts that stop messages, and begin them again",
        (
            have(
                waits=job(to=[ANNA], cron="20 8 * * *", retry=["5m"], valid_for="2h"),
                later=nine([ANNA], message="Later."),
                elsewhere=job(to=[ANNA], cron="5 9 * * *", message="Elsewhere.", sender="+14155550199"),
                doubt=job(to=[DORA], cron="20 8 * * *", on_doubt="resend", valid_for="2h"),
                claimed=nine([CARA]),
                again=job(to=[CARA], cron="30 9 * * *", message="Again."),
            ),
            go("08:21"),
            text("anna stops", ANNA, "STOP", "08:20"),
            text("dora stops", DORA, "unsubscribe", "08:21"),
            stopped_in_flight,
            go("09:10"),
            text("cara starts", CARA, "start", "09:10"),
            text("cara stops", CARA, "Stop!", "09:00"),
            go("09:40"),
        ),
        (
            Owed("waits", "08:20", ANNA, (CANCELLED,)),
            Owed("later", "09:00", ANNA, (CANCELLED,)),
            Owed("elsewhere", "09:05", ANNA, SENT),
            Owed("doubt", "08:20", DORA, (CANCELLED,), through=(IN_DOUBT,)),
            Owed("claimed", "09:00", CARA, (CANCELLED,)),
            Owed("again", "09:30", CARA, SENT),
        ),
        {ANNA: until("08:24", NO_ROUTE), DORA: always(CUT)},
    )


WAITING: tuple[Scenario, ...] = (
    _quiet(),
    _in_parts(),
    _finished_late(),
    _limited(),
    _zones(),
    _overridden(),
    _opted_out(),
    _texted(),
)
