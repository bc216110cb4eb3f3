"""What the daemon counts and measures of itself, while it lives through a day on another clock."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reminderd.dispatcher import Dispatcher
from reminderd.model import InDoubt, NotSent, Refused
from reminderd.store.deliveries import OUTCOMES
from reminderd.telemetry import Figures, Histogram
from tests.support.clock import FakeClock, utc
from tests.support.world import ANNA, BERT, World, job


def test_a_histogram_counts_at_or_below_each_bound() -> None:
    histogram = Histogram((0.1, 1, 10))
    for value in (0, 0.1, 0.11, 1, 5, 10, 11, 1e9):
        histogram.observe(value)
    assert histogram.cumulative() == [(0.1, 2), (1, 4), (10, 6), (float("inf"), 8)]
    assert histogram.sum == pytest.approx(1e9 + 27.21)


class Watched(World):
    """A world whose dispatcher has figures."""

    def start(self, *, create: bool = False) -> None:
        super().start(create=create)
        self.figures = Figures(self.clock)
        self.dispatcher = Dispatcher(
            self.store,
            self.line,
            self.clock,
            self.limits,
            self._poster(),
            self._probe_gateway,
            self._began,
            figures=self.figures,
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Watched]:
    here = Watched(tmp_path)
    here.sync()
    yield here
    here.kill()


def test_every_outcome_there_is_has_a_count_from_the_beginning(world: Watched) -> None:
    assert world.figures.attempts == dict.fromkeys(OUTCOMES.values(), 0)


def test_each_attempt_is_counted_once_by_how_it_ended(world: Watched) -> None:
    world.gateway.script.extend([NotSent("no route"), Refused(400, "no"), InDoubt("a time-out")])
    world.load("a.yaml", job(at="2027-03-01T09:00", to=[ANNA], valid_for="3h", retry=["1m"]))
    world.go_to("09:30")
    assert world.states() == [("2027-03-01T09:00:00", "failed")]
    world.load("b.yaml", {"name": "b", **job(at="2027-03-01T10:00", to=[ANNA, BERT], valid_for="3h")})
    world.go_to("10:30")
    counts = {word: n for word, n in world.figures.attempts.items() if n}
    assert counts == {"not_sent": 1, "refused": 1, "in_doubt": 1, "accepted": 1}


def test_lateness_counts_from_when_a_message_might_go_out(world: Watched) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", to=[ANNA], valid_for="3h"))
    world.clock.go_to(utc("2027-03-01 09:00:40"))
    world.tick()
    assert world.figures.lateness.sum == 40
    assert world.figures.lateness.cumulative()[-1][1] == 1
    assert world.figures.requests.cumulative()[-1][1] == 1


def test_a_loop_that_stands_still_is_seen_by_its_age_and_failures_by_their_number() -> None:
    clock = FakeClock(utc("2027-03-01 09:00"))
    figures = Figures(clock)
    clock.advance(timedelta(seconds=90))
    assert figures.since_pass() == 90
    figures.pass_begins()
    clock.advance(timedelta(seconds=2))
    figures.pass_failed(OSError("full"), 3, "full")
    assert (figures.since_pass(), figures.failures, figures.failure, figures.passes_failed) == (0, 3, "OSError", 1)
    assert (figures.last_pass_at, figures.last_good_pass_at) == (clock.now(), None)
    figures.pass_begins()
    clock.advance(timedelta(seconds=1))
    figures.pass_done()
    assert (figures.failures, figures.failure, figures.last_good_pass_at) == (0, None, clock.now())
    assert figures.passes.sum == 3
