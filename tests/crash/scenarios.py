"""Small stories of a day, each with what it owes and how each delivery may end when the daemon dies in them."""

from datetime import timedelta
from typing import Any

from reminderd.gateway.port import Details, MessageState
from reminderd.model import NotSent, Refused, State
from tests.crash.calling import CALLING
from tests.crash.fading import FADING
from tests.crash.judge import Owed
from tests.crash.said import SAID
from tests.crash.story import (
    ACCEPTED,
    CANCELLED,
    CUT,
    DORA,
    FAILED,
    IN_DOUBT,
    MISSED,
    NO_ROUTE,
    SENT,
    Scenario,
    always,
    approve,
    ask,
    down,
    go,
    have,
    nine,
    until,
)
from tests.crash.waiting import WAITING
from tests.support.world import ANNA, BERT, CARA, job

TEN = [f"j{number}" for number in range(10)]


def ten(names: list[str]) -> dict[str, dict[str, Any]]:
    """Ten people and ten jobs, so that none waits for another."""
    return {
        name: nine([f"+1415555012{TEN.index(name)}"], name=name, message=f"From {name}.", valid_for="1d")
        for name in names
    }


def _planning() -> Scenario:
    files = {
        "rule": nine([ANNA, BERT]),
        "interval": job(to=[CARA], every="1h", start="2027-01-01T00:15Z"),
        "past": job(to=[ANNA], at="2027-03-01T07:40", message="Past."),
        "late": job(to=[ANNA], at="2027-03-01T06:00", message="Late."),
        "wrong": job(
            to=[BERT], cron="5 8,9 * * *", message="{{ vars.words[due_at.hour - 8] }}", vars={"words": ["Eight."]}
        ),
    }
    return Scenario(
        "planning",
        (have(**files), go("08:15"), go("09:05"), go("09:10"), have(), go("09:30")),
        (
            Owed("rule", "09:00", ANNA, SENT),
            Owed("rule", "09:00", BERT, SENT),
            Owed("interval", "08:15", CARA, SENT),
            Owed("past", "07:40", ANNA, SENT),
            Owed("late", "06:00", ANNA, (MISSED,)),
            Owed("wrong", "08:05", BERT, SENT),
            Owed("wrong", "09:05", BERT, (FAILED,)),
        ),
        fresh=True,
    )


def _sending(name: str, standing: int, threads: int) -> Scenario:
    return Scenario(
        name,
        (have(a=nine([ANNA, BERT]), b=nine([ANNA], message="Another.")), go("09:30")),
        (Owed("a", "09:00", ANNA, SENT), Owed("a", "09:00", BERT, SENT), Owed("b", "09:00", ANNA, SENT)),
        standing=standing,
        threads=threads,
        small=True,
    )


def _retrying() -> Scenario:
    return Scenario(
        "retrying",
        (have(a=nine([ANNA, BERT], retry=["1m", "2m"])), go("09:30")),
        (Owed("a", "09:00", ANNA, SENT), Owed("a", "09:00", BERT, (FAILED,))),
        {ANNA: until("09:02", NO_ROUTE), BERT: always(NO_ROUTE)},
        small=True,
    )


def _too_late() -> Scenario:
    return Scenario(
        "retrying in vain until it is too late",
        (
            have(a=nine([ANNA], retry=["1m", "5m"], valid_for="4m"), b=nine([BERT], retry=["3m"], valid_for="3m5s")),
            go("09:30"),
        ),
        (Owed("a", "09:00", ANNA, (MISSED,)), Owed("b", "09:00", BERT, (MISSED,))),
        {ANNA: always(NO_ROUTE), BERT: always(NO_ROUTE)},
    )


def _refused() -> Scenario:
    return Scenario(
        "an operator retries what was refused",
        (have(a=nine()), go("09:10"), ask("retry", FAILED, "a", why="asked for"), go("09:40")),
        (Owed("a", "09:00", ANNA, SENT, through=(FAILED,)),),
        {ANNA: until("09:10", Refused(400, "no"))},
        small=True,
    )


def _suspended() -> Scenario:
    return Scenario(
        "a suspended gateway",
        (have(a=nine([ANNA, BERT])), go("09:40")),
        (Owed("a", "09:00", ANNA, SENT), Owed("a", "09:00", BERT, SENT)),
        {phone: until("09:00:20", NotSent("401", 401, suspend=True)) for phone in (ANNA, BERT)},
        unusable_until="09:00:20",
    )


def _proven() -> Scenario:
    return Scenario(
        "the log proves what was cut",
        (have(a=nine([ANNA, BERT])), go("09:30")),
        (Owed("a", "09:00", ANNA, SENT, through=(IN_DOUBT,)), Owed("a", "09:00", BERT, SENT)),
        {ANNA: always(CUT)},
        lost_arrive=True,
        log_unreadable_until="09:00:30",
    )


def _unproven() -> Scenario:
    return Scenario(
        "nothing proves what was cut",
        (have(a=nine([ANNA, BERT])), go("09:30")),
        (Owed("a", "09:00", ANNA, (IN_DOUBT,)), Owed("a", "09:00", BERT, SENT)),
        {ANNA: always(CUT)},
    )


def _resending() -> Scenario:
    return Scenario(
        "on_doubt: resend",
        (have(a=nine(on_doubt="resend")), go("09:45")),
        (Owed("a", "09:00", ANNA, SENT, through=(IN_DOUBT,)),),
        {ANNA: until("09:10", CUT)},
        small=True,
    )


def _resolved_not_sent() -> Scenario:
    return Scenario(
        "an operator says that it was not sent",
        (have(a=nine()), go("09:20"), ask("resolve", IN_DOUBT, "a", sent=False), go("09:45")),
        (Owed("a", "09:00", ANNA, SENT, through=(IN_DOUBT,)),),
        {ANNA: until("09:10", CUT)},
        small=True,
    )


def _resolved_by_force() -> Scenario:
    """The log cannot be read; the message did arrive; an operator insists that it did not."""
    return Scenario(
        "an operator insists that it was not sent",
        (have(a=nine()), go("09:00:10"), ask("resolve", IN_DOUBT, "a", sent=False, force=True), go("09:45")),
        (Owed("a", "09:00", ANNA, SENT, most=2, provable=False, through=(IN_DOUBT,)),),
        {ANNA: until("09:00:10", CUT)},
        lost_arrive=True,
        log_unreadable_until="09:00:20",
        small=True,
    )


def _resolved_sent() -> Scenario:
    return Scenario(
        "an operator says that it was sent",
        (have(a=nine()), go("09:20"), ask("resolve", IN_DOUBT, "a", sent=True), go("09:45")),
        (Owed("a", "09:00", ANNA, (ACCEPTED,), said_sent=True, through=(IN_DOUBT,)),),
        {ANNA: always(CUT)},
        small=True,
    )


def _reload() -> Scenario:
    keys = {"name": "renamed"}
    reworded, off, renamed = nine(message="Old."), nine([BERT]), nine([CARA], **keys)
    broken = nine([ANNA], message="Unbroken.")
    return Scenario(
        "reloading",
        (
            have(reworded=reworded, off=off, old=renamed, broken=broken),
            go("08:30"),
            have(
                reworded={**reworded, "message": "New."},
                off={**off, "enabled": False},
                new=renamed,
                broken="schedule: {",
            ),
            go("09:30"),
        ),
        (
            Owed("reworded", "09:00", ANNA, SENT),
            Owed("renamed", "09:00", CARA, SENT),
            Owed("broken", "09:00", ANNA, SENT),
        ),
    )


def _withdrawn() -> Scenario:
    files = {"a": nine([ANNA, BERT]), "b": nine([CARA])}
    return Scenario(
        "removed and returned while it waits",
        (
            have(**files),
            go("09:00:30"),
            have(a=nine([ANNA])),
            go("09:02"),
            have(**files),
            go("09:40"),
        ),
        (
            Owed("a", "09:00", ANNA, SENT),
            Owed("a", "09:00", BERT, SENT, through=(CANCELLED,)),
            Owed("b", "09:00", CARA, SENT, through=(CANCELLED,)),
        ),
        {phone: until("09:02", NO_ROUTE) for phone in (ANNA, BERT, CARA)},
    )


def _cancelled() -> Scenario:
    return Scenario(
        "an operator cancels",
        (have(a=nine([ANNA]), b=nine([BERT])), go("09:00:30"), ask("cancel", State.PENDING, "a"), go("09:40")),
        (Owed("a", "09:00", ANNA, (CANCELLED,)), Owed("b", "09:00", BERT, SENT)),
        {ANNA: until("09:05", NO_ROUTE)},
        small=True,
    )


def _downtime() -> Scenario:
    quarterly = "0,15,30,45 * * * *"
    return Scenario(
        "a start after downtime",
        (
            have(
                latest=job(to=[ANNA], cron=quarterly, message="Latest.", valid_for="2h"),
                all=job(to=[BERT], cron=quarterly, message="{{ due_at }}", valid_for="27m", catch_up="all"),
                none=job(to=[CARA], cron=quarterly, message="None.", catch_up="none"),
                appointments=job(
                    to=[CARA], at=["2027-03-01T08:20", "2027-03-01T08:40"], message="{{ due_at }}", valid_for="30m"
                ),
            ),
            go("08:05"),
            down("08:55"),
            have(),
            go("09:20"),
        ),
        (
            Owed("latest", "08:30", None, (MISSED,)),
            Owed("latest", "08:45", ANNA, SENT),
            Owed("all", "08:15", None, (MISSED,)),
            Owed("all", "08:30", BERT, SENT),
            Owed("all", "08:45", BERT, SENT),
            Owed("none", "08:45", None, (MISSED,)),
            Owed("appointments", "08:20", CARA, (MISSED,)),
            Owed("appointments", "08:40", CARA, SENT),
        ),
    )


def _guarded() -> Scenario:
    return Scenario(
        "a removal that is approved",
        (have(**ten(TEN)), go("08:10"), have(**ten(TEN[8:])), go("08:20"), approve, have(**ten(TEN[8:])), go("09:20")),
        tuple(Owed(name, "09:00", f"+1415555012{TEN.index(name)}", SENT) for name in TEN[8:]),
    )


def _held() -> Scenario:
    return Scenario(
        "a removal that is not approved",
        (have(**ten(TEN)), go("08:10"), have(**ten(TEN[8:])), go("09:20")),
        tuple(Owed(name, "09:00", f"+1415555012{TEN.index(name)}", SENT) for name in TEN),
    )


def _reported() -> Scenario:
    """One message expires at Plivo and is sent again, one goes to somebody who has said STOP, and one is on its way."""
    return Scenario(
        "what Plivo reports",
        (
            have(
                a=nine([ANNA], on_undelivered="retry", retry=["1m", "1m"]),
                b=nine([BERT], on_undelivered="retry"),
                c=nine([CARA]),
                later=job(to=[BERT], cron="5 9 * * *", message="Later."),
            ),
            go("09:30"),
        ),
        (
            # What arrives without a reader shows in the log as Plivo's first one does, which has an owner.
            Owed("a", "09:00", ANNA, SENT, most=2, provable=False, through=(State.PENDING,)),
            Owed("b", "09:00", BERT, SENT),
            Owed("c", "09:00", CARA, SENT),
            Owed("later", "09:05", BERT, (CANCELLED, *SENT)),
        ),
        receipts=(timedelta(minutes=1), timedelta(minutes=5)),
        fates={
            ANNA: (Details(MessageState.FAILED, 420), Details(MessageState.DELIVERED)),
            BERT: (Details(MessageState.FAILED, 200),),
            CARA: (Details(MessageState.SENT),),
        },
    )


def _wired() -> Scenario:
    """One whose answer gets lost, one whose request does, and two that arrive."""
    return Scenario(
        "over a real socket",
        (
            have(a=nine([ANNA, BERT]), after=nine([CARA]), before=nine([DORA])),
            go("09:20"),
            ask("resolve", IN_DOUBT, "before", sent=False),
            go("09:40"),
        ),
        (
            Owed("a", "09:00", ANNA, SENT),
            Owed("a", "09:00", BERT, SENT),
            Owed("after", "09:00", CARA, SENT, through=(IN_DOUBT,)),
            Owed("before", "09:00", DORA, SENT, through=(IN_DOUBT,)),
        ),
        faults=("reset=after,phone=0103$", "reset=before,phone=0104$,count=1"),
    )


SCENARIOS = (
    _planning(),
    _sending("sending", standing=0, threads=2),
    _sending("sending on connections that stand", standing=2, threads=2),
    _sending("sending with one sender", standing=1, threads=1),
    _retrying(),
    _too_late(),
    _refused(),
    _suspended(),
    _proven(),
    _unproven(),
    _resending(),
    _resolved_not_sent(),
    _resolved_by_force(),
    _resolved_sent(),
    _reload(),
    _withdrawn(),
    _cancelled(),
    _downtime(),
    _guarded(),
    _held(),
    _reported(),
    _wired(),
    *WAITING,
    *CALLING,
    *SAID,
    *FADING,
)
