"""Die at every crash point of every scenario, and judge what came of it: `python -m tests.crash.every_step`.

A death is done by running the scenario anew up to its crash point. Points that leave the same behind (state, files,
clock, Plivo) are one to all that follows, since nothing else survives; unless told to, one run stands for all of those.
"""

import argparse
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from tests.crash.judge import Judge
from tests.crash.scenarios import SCENARIOS
from tests.crash.story import Scenario
from tests.crash.wire import Wired
from tests.support.deaths import Life, Mortal

MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One run: the points at which the daemon died, its lives, and what was wrong at the end."""

    deaths: tuple[int, ...]
    lives: tuple[Life, ...]
    violations: tuple[str, ...]

    def __str__(self) -> str:
        places = [life.points[at].label for life, at in zip(self.lives, self.deaths, strict=False) if life.dead]
        return f"died at {', then '.join(map(str, self.deaths))} ({'; '.join(places)}): {'; '.join(self.violations)}"


@dataclass(frozen=True, slots=True)
class Tally:
    """What all runs of a scenario came to. points: how many crash points it has, or pairs of them."""

    name: str
    points: int
    runs: int
    violations: tuple[str, ...]
    what: str = "crash points"

    def __str__(self) -> str:
        return f"{self.name}: {self.points} {self.what}, {self.runs} runs, {len(self.violations)} violations"


def run(
    scenario: Scenario, deaths: Sequence[int] = (), downtime: timedelta = timedelta(0), *, thorough: bool = True
) -> Verdict:
    """Run a scenario to its end, through these deaths, and judge it."""
    with tempfile.TemporaryDirectory(prefix="deaths-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        world = _world(scenario, Path(folder), deaths, downtime)
        scenario.prepare(world)
        try:
            world.play(scenario.steps)
            violations = Judge(world, scenario.owed, world.taken(), thorough).violations()
        except Exception as error:  # noqa: BLE001 - what a daemon dies of by itself is found as well
            violations = [f"{type(error).__name__}: {error}"]
            world.abandon()
        world.end()
    return Verdict(tuple(deaths), tuple(world.lives), tuple(violations))


def _world(scenario: Scenario, folder: Path, deaths: Sequence[int], downtime: timedelta) -> Mortal:
    if scenario.faults is not None:
        return Wired(folder, deaths, scenario.faults, downtime)
    return Mortal(
        folder, deaths, threads=scenario.threads, downtime=downtime, fresh=scenario.fresh, receipts=scenario.receipts
    )


def places(life: Life, *, each: bool = False) -> list[int]:
    """The crash points of a life; of those that leave the same behind only one, unless `each` is wanted."""
    if each:
        return list(range(len(life.points)))
    return sorted({point.left: number for number, point in enumerate(life.points)}.values())


def single(
    scenario: Scenario,
    *,
    each: bool = False,
    downtime: timedelta = timedelta(0),
    choose: Callable[[list[int]], list[int]] = list,
) -> Tally:
    """Die once, at every point; or only at those that `choose` picks of them."""
    whole = run(scenario)
    chosen = choose(places(whole.lives[0], each=each))
    verdicts = [whole, *(run(scenario, [at], downtime, thorough=each) for at in chosen)]
    return tally(scenario, len(whole.lives[0].points), verdicts)


def pairs(scenario: Scenario) -> Iterator[tuple[int, int]]:
    """Every point of the first life with every point of the life after it."""
    for first in places(run(scenario).lives[0]):
        second = run(scenario, [first]).lives[1]
        yield from ((first, at) for at in places(second))


def double(scenario: Scenario) -> Tally:
    """Die twice, at every pair of points."""
    verdicts = [run(scenario, deaths) for deaths in pairs(scenario)]
    return replace(tally(scenario, len(verdicts), verdicts), what="pairs of deaths")


def tally(scenario: Scenario, points: int, verdicts: Sequence[Verdict]) -> Tally:
    return Tally(scenario.name, points, len(verdicts), tuple(str(one) for one in verdicts if one.violations))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", action="store_true", help="a run of its own for each crash point")
    parser.add_argument("--twice", action="store_true", help="every pair of deaths, in the small scenarios")
    parser.add_argument("scenario", nargs="*", help="only those whose name begins so")
    wanted = parser.parse_args()
    logging.disable()
    wrong = 0
    for scenario in SCENARIOS:
        if wanted.scenario and not scenario.name.startswith(tuple(wanted.scenario)):
            continue
        if wanted.twice and not scenario.small:
            continue
        found = double(scenario) if wanted.twice else single(scenario, each=wanted.each)
        print(found, *found.violations, sep="\n  ", flush=True)
        wrong += len(found.violations)
    return min(wrong, 1)


if __name__ == "__main__":
    raise SystemExit(main())
