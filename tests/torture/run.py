"""One run from its seed to its verdict."""

import pickle
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.torture.draw import draw
from tests.torture.driver import Driver
from tests.torture.judge import judge
from tests.torture.plan import Plan
from tests.torture.report import counts, kills, verdict
from tests.torture.views import Evidence


@dataclass(frozen=True, slots=True)
class Result:
    """evidence: none when the run could not come to its end."""

    breaches: tuple[str, ...]
    evidence: Evidence | None
    kills: int


def torture(
    seed: int, rounds: int, jobs: int, folder: Path, say: Callable[[str], None], *, clock: bool = True
) -> Result:
    """Carry out the plan of this seed in `folder`, which keeps all traces; say: takes each line of the report."""
    plan = draw(seed, rounds, jobs, clock=clock)
    (folder / "plan.txt").write_text(_written(plan))
    driver, began = Driver(plan, folder, say), time.monotonic()
    evidence, breaches = None, []
    try:
        evidence = driver.run()
    except Exception as error:  # noqa: BLE001 - whatever ends a run early is a breach, and its traces are kept
        (folder / "error.txt").write_text(traceback.format_exc())
        breaches = [
            f"the run did not come to its end: {type(error).__name__}: {str(error)[:2000]}",
            *driver.record.wrong,
        ]
    if evidence is not None:
        (folder / "evidence.pickle").write_bytes(
            pickle.dumps(evidence)
        )  # to judge it again, after a change of the judge
        for line in counts(plan, evidence, time.monotonic() - began):
            say(line)
        breaches = judge(evidence)
    command = f"make torture SEED={seed} ROUNDS={rounds} JOBS={jobs}{'' if clock else ' CLOCK=no'}"
    for line in verdict(breaches, folder, command):
        say(line)
    return Result(tuple(breaches), evidence, kills(driver.record))


def _written(plan: Plan) -> str:
    rounds = "\n".join(f"{number}: {each}" for number, each in enumerate(plan.rounds, 1))
    return f"{plan.start}\n{rounds}\n{plan.last}\n"
