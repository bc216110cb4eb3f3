"""Small stories of what Plivo says by itself: before the answer, late, twice, out of order, and against what the answer says."""

from datetime import timedelta

from reminderd.gateway.port import Details, MessageState
from reminderd.model import Refused, State
from tests.crash.judge import Owed
from tests.crash.story import (
    CANCELLED,
    CUT,
    FAILED,
    IN_DOUBT,
    NO_ROUTE,
    SENT,
    Scenario,
    always,
    ask,
    go,
    have,
    nine,
    until,
)
from tests.support.world import ANNA, BERT, CARA, job

QUEUED, ON_ITS_WAY, DELIVERED = (
    Details(state) for state in (MessageState.QUEUED, MessageState.SENT, MessageState.DELIVERED)
)
EXPIRED, STOPPED = Details(MessageState.FAILED, 420), Details(MessageState.FAILED, 200)
LATER = (timedelta(minutes=15),)
NEVER = "23:00"


def _before() -> Scenario:
    """The answer of one is lost, that of the other comes; of both Plivo has spoken before. Its log cannot be read."""
    return Scenario(
        "a callback before the answer",
        (have(a=nine([ANNA, BERT])), go("09:30")),
        (Owed("a", "09:00", ANNA, SENT), Owed("a", "09:00", BERT, SENT)),
        {ANNA: always(CUT)},
        lost_arrive=True,
        log_unreadable_until=NEVER,
        receipts=LATER,
        reports={
            ANNA: ([(0, QUEUED, 1), (5, DELIVERED, 3), (6, ON_ITS_WAY, 2), (7, DELIVERED, 3)],),
            BERT: ([(0, DELIVERED, 3), (0, QUEUED, 1), (2, DELIVERED, 3)],),
        },
        small=True,
    )


def _settled() -> Scenario:
    return Scenario(
        "a callback settles a doubt",
        (have(a=nine([ANNA])), go("09:20")),
        (Owed("a", "09:00", ANNA, SENT, through=(IN_DOUBT,)),),
        {ANNA: always(CUT)},
        lost_arrive=True,
        log_unreadable_until=NEVER,
        receipts=LATER,
        reports={ANNA: ([(20, ON_ITS_WAY, 2), (20, ON_ITS_WAY, 2), (40, DELIVERED, 3)],)},
        small=True,
    )


def _refused() -> Scenario:
    """What answers is no Plivo: it refuses what Plivo has taken, and Plivo says so first."""
    return Scenario(
        "a callback proves what was refused",
        (have(a=nine([ANNA], retry=["1m", "1m"])), go("09:20")),
        (Owed("a", "09:00", ANNA, SENT),),
        {ANNA: always(Refused(400, "no"))},
        lost_arrive=True,
        log_unreadable_until=NEVER,
        reports={ANNA: ([(0, ON_ITS_WAY, 2)],)},
        small=True,
    )


def _too_late() -> Scenario:
    """The same, said when the delivery has failed: it stays so, and an operator's retry is turned away."""
    return Scenario(
        "a callback proves what has failed",
        (have(a=nine([ANNA])), go("09:10"), ask("retry", FAILED, "a"), go("09:30")),
        # Who dies between the request and the end of the attempt is in doubt first, and then accepted.
        (Owed("a", "09:00", ANNA, (FAILED, *SENT), provable=False),),
        {ANNA: until("09:05", Refused(400, "no"))},
        lost_arrive=True,
        log_unreadable_until=NEVER,
        reports={ANNA: ([(60, DELIVERED, 3)],)},
        small=True,
    )


def _again() -> Scenario:
    """One message expires at Plivo and is sent again, one goes to somebody who has said STOP."""
    return Scenario(
        "what Plivo reports by itself",
        (
            have(
                a=nine([ANNA], on_undelivered="retry", retry=["1m", "1m"]),
                b=nine([BERT], on_undelivered="retry"),
                later=job(to=[BERT], cron="5 9 * * *", message="Later."),
            ),
            go("09:30"),
        ),
        (
            Owed("a", "09:00", ANNA, SENT, most=2, provable=False, through=(State.PENDING,)),
            Owed("b", "09:00", BERT, SENT),
            Owed("later", "09:05", BERT, (CANCELLED, *SENT)),
        ),
        receipts=LATER,
        reports={
            ANNA: (
                [(0, EXPIRED, 2), (0, QUEUED, 1), (30, EXPIRED, 2), (90, EXPIRED, 2)],
                [(1, DELIVERED, 3)],
            ),
            BERT: ([(3, STOPPED, 2)],),
        },
    )


def _contradicted() -> Scenario:
    """One message expires at Plivo, and half a minute later a carrier has it after all; of another the same was said before."""
    return Scenario(
        "Plivo contradicts itself",
        (have(a=nine([ANNA, BERT], on_undelivered="retry", retry=["1m", "1m"])), go("09:30")),
        (Owed("a", "09:00", ANNA, SENT, through=(State.PENDING,)), Owed("a", "09:00", BERT, SENT)),
        receipts=LATER,
        reports={
            ANNA: ([(0, EXPIRED, 2), (30, ON_ITS_WAY, 1), (31, EXPIRED, 2)],),
            BERT: ([(0, ON_ITS_WAY, 2), (1, EXPIRED, 3)],),
        },
    )


def _retried() -> Scenario:
    """Others wait for their retries meanwhile; who is said to have been sent is not sent again."""
    return Scenario(
        "callbacks while others wait",
        (have(a=nine([ANNA, BERT, CARA], retry=["1m", "2m"])), go("09:30")),
        (Owed("a", "09:00", ANNA, SENT), Owed("a", "09:00", BERT, SENT), Owed("a", "09:00", CARA, SENT)),
        {ANNA: until("09:01", NO_ROUTE), BERT: always(CUT)},
        lost_arrive=True,
        receipts=LATER,
        reports={phone: ([(0, QUEUED, 1), (61, DELIVERED, 3)],) for phone in (ANNA, BERT, CARA)},
    )


CALLING = (_before(), _settled(), _refused(), _too_late(), _again(), _contradicted(), _retried())
