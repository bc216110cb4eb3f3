"""The promise under SIGKILL: nothing is accepted twice, nothing is lost, and only what was cut is in doubt."""

import os
import random
import re
import sqlite3
import time
from collections import Counter
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.daemon import Home, Row, job, moment, phone
from tests.support.sandbox import SandboxProcess

SETTINGS = "plivo: {reconcile: [0s, 1s, 3s], rate: 0, threads: 3}\n"
CUT = "the daemon stopped while the request was under way"


def test_a_daemon_that_is_killed_ten_times_sends_every_message_once(tmp_path: Path) -> None:
    survive(tmp_path, jobs=60, kills=10, within=6.0, phones=60, patience=60.0)


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.parametrize("phones", [200, 80], ids=["own phones", "shared phones"])
def test_a_daemon_that_is_killed_fifty_times_sends_every_message_once(tmp_path: Path, phones: int) -> None:
    survive(tmp_path, jobs=200, kills=50, within=30.0, phones=phones, patience=300.0)


def survive(folder: Path, *, jobs: int, kills: int, within: float, phones: int, patience: float) -> None:
    """Run so many jobs that fall due in so many seconds through so many deaths, and check what became of them.

    REMINDERD_SEED makes the same moments again. patience: in seconds; Plivo answers 20 questions about its log a
    minute, so many doubts take minutes.
    """
    seed = int(os.environ.get("REMINDERD_SEED", random.randrange(1 << 32)))
    print(f"REMINDERD_SEED={seed}")  # pytest shows it with a failure
    choose = random.Random(seed)
    names = [f"job-{number}" for number in range(jobs)]
    with SandboxProcess(folder, "--fault", "latency=300ms") as sandbox:
        with Home(folder / "home", sandbox.environment, SETTINGS, patience=patience) as home:
            home.write(
                "all.yaml",
                *(
                    job(name, phone(number % phones), moment(1 + choose.uniform(0, within)))
                    for number, name in enumerate(names)
                ),
            )
            home.start()
            for deaths in range(1, kills + 1):
                time.sleep(choose.uniform(0, 0.8))  # the moment of death is what is drawn here
                home.kill()
                home.launch().until_logged("daemon.started", deaths + 1)
            home.until(lambda: _over(home, jobs), "not all is settled")
            rows = home.by_job()
            assert home.stop() == 0
            assert home.by_job() == rows
        accepted = [(message["dst"], message["text"]) for message in sandbox.ledger()]
    _check_once(rows, accepted)
    _check_doubts(home.state, rows, accepted)


def _over(home: Home, jobs: int) -> bool:
    """Whether everything has an end, after the last look into the log where there is a doubt."""
    states = home.states()
    log = home.log()
    return len(states) == jobs and all(
        state == "accepted" or (state == "in_doubt" and f"doubt.unresolved job={name} " in log)
        for name, state in states.items()
    )


def _check_once(rows: dict[str, Row], accepted: list[tuple[str, str]]) -> None:
    assert [message for message, times in Counter(accepted).items() if times > 1] == []
    owed = {_message(row): row["state"] for row in rows.values()}
    taken = set(accepted)
    assert taken <= owed.keys()
    assert {message for message, state in owed.items() if state == "accepted"} <= taken
    assert {message for message, state in owed.items() if state != "accepted" and message in taken} <= {
        message for message, state in owed.items() if state == "in_doubt"
    }
    uuids = [row["message_uuid"] for row in rows.values() if row["state"] == "accepted"]
    assert len(uuids) == len(set(uuids))


def _check_doubts(state: Path, rows: dict[str, Row], accepted: list[tuple[str, str]]) -> None:
    """Only what was cut may be in doubt; and what only one doubt can own is settled by the log."""
    doubtful = {row["id"]: row for row in rows.values() if row["state"] == "in_doubt"}
    with closing(sqlite3.connect(state)) as database:
        attempts = database.execute(
            "select delivery_id, begun_at, outcome, evidence from report_attempts order by delivery_id, number"
        ).fetchall()
    assert CUT in {evidence for *_, evidence in attempts}, "no death came in the middle of a request"
    last = {delivery: rest for delivery, *rest in attempts}
    earlier = [row for row, following in pairwise(attempts) if row[0] == following[0]]
    assert {outcome for _, _, outcome, _ in earlier} <= {"not_begun"}
    for delivery, row in doubtful.items():
        begun_at, outcome, evidence = last[delivery]
        assert begun_at is not None
        assert (outcome, evidence) == ("in_doubt", CUT)
        rivals = [other for other in doubtful.values() if other["recipient"] == row["recipient"]]
        assert len(rivals) > 1 or _message(row) not in accepted, f"the log could have proven {row}"


def _message(row: Row) -> tuple[str, str]:
    return re.sub(r"\D", "", row["recipient"]["phone"]), row["text"]
