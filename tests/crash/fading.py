"""Small stories in which rows are pruned, and people forgotten, between other things."""

from datetime import timedelta

from tests.crash.judge import Owed
from tests.crash.story import (
    CANCELLED,
    MISSED,
    NO_ROUTE,
    SENT,
    Scenario,
    go,
    have,
    nine,
    say,
    until,
)
from tests.support.deaths import Mortal
from tests.support.world import ANNA, BERT, CARA, job


def prune(world: Mortal) -> None:
    """All that has ended, one row a step."""
    retention, now = world.store.retention, world.clock.now()
    while retention.empty_texts(now, 1):
        pass
    while retention.prune(now, 1, timedelta(0)):
        pass
    retention.empty_definitions(now)
    retention.prune_empty(now, 0, 1000)
    while retention.prune_rest(now - timedelta(minutes=11), now, 1):
        pass


def _pruned() -> Scenario:
    """An appointment whose row is gone is looked at anew, by an edit and under another name."""
    a = job(at="2027-03-01T08:10", to=[ANNA], message="A.", valid_for="1d")
    others = {"b": nine([BERT]), "c": job(at="2027-03-01T08:12", to=[CARA], message="C.")}
    return Scenario(
        "pruned, and looked at anew",
        (
            have(a=a, **others),
            go("08:13"),
            prune,
            have(a={**a, "retry": ["9m"]}, **others),
            go("08:20"),
            have(renamed=a, **others),
            go("09:10"),
        ),
        (
            Owed("a", "08:10", ANNA, SENT, fades=True),
            Owed("c", "08:12", CARA, SENT),
            Owed("renamed", "08:10", ANNA, (MISSED,)),
            Owed("b", "09:00", BERT, SENT),
        ),
        small=True,
    )


def _forgotten() -> Scenario:
    """Of one message that was sent and one that waits for its retry; and their jobs, which still name them, are edited."""
    a = job(at="2027-03-01T08:10", to=[ANNA], message="A.", valid_for="1d")
    waits = job(cron="20 8 * * *", to=[CARA], message="Waits.", retry=["5m"], valid_for="2h")
    return Scenario(
        "forgotten, and looked at anew",
        (
            have(a=a, waits=waits, b=nine([BERT])),
            go("08:21"),
            say("forget", phone=ANNA),
            say("forget", phone=CARA),
            have(a={**a, "message": "Other words."}, waits={**waits, "retry": ["9m"]}, b=nine([BERT])),
            go("08:50"),
            prune,
            go("09:10"),
        ),
        (
            Owed("a", "08:10", ANNA, SENT, fades=True),
            Owed("waits", "08:20", CARA, (CANCELLED,), fades=True),
            Owed("b", "09:00", BERT, SENT),
        ),
        {CARA: until("08:24", NO_ROUTE)},
    )


FADING: tuple[Scenario, ...] = (_pruned(), _forgotten())
