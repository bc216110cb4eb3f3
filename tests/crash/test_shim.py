"""The shim does what it says: to the clocks that Python and SQLite read, and to what they write."""

import errno
import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.support.shim import Shim

_CLOCKS = """
import datetime, json, sqlite3, time
from reminderd.clock import SystemClock
(sql,) = sqlite3.connect(":memory:").execute("select unixepoch()").fetchone()
shown = [time.time(), datetime.datetime.now().timestamp(), sql, SystemClock().now().timestamp()]
print(json.dumps([shown, time.monotonic(), SystemClock().boottime(), SystemClock().synchronised()]))
"""
_WRITE = """
import json, sqlite3, sys
try:
    database = sqlite3.connect(sys.argv[1], isolation_level=None)
    database.execute("pragma synchronous = full")
    database.execute("pragma journal_mode = wal")
    database.execute("create table if not exists t (a)")
    database.execute("insert into t values (1)")
    print(json.dumps(None))
except sqlite3.Error as error:
    print(json.dumps(str(error)))
"""


def run(shim: Shim, code: str, *arguments: str) -> Any:
    environment = {**os.environ, **shim.environment}
    command = [sys.executable, "-c", code, *arguments]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)


def test_each_reader_of_the_wall_clock_sees_the_offset_and_those_that_only_count_stay_true(tmp_path: Path) -> None:
    with Shim(tmp_path) as shim:
        for days in (0, 400, -400):
            shim.set_offset(timedelta(days=days))
            shown, monotonic, boottime, _ = run(shim, _CLOCKS)
            assert all(abs(each - time.time() - days * 86400) < 300 for each in shown)
            assert abs(monotonic - time.monotonic()) < 300
            assert abs(boottime - time.clock_gettime(time.CLOCK_BOOTTIME)) < 300


def test_the_kernel_says_of_its_clock_what_it_is_told_to(tmp_path: Path) -> None:
    with Shim(tmp_path) as shim:
        for synchronised in (True, False):
            shim.set_synchronised(synchronised)
            assert run(shim, _CLOCKS)[3] is synchronised


def test_the_chosen_call_on_the_disk_fails_as_chosen(tmp_path: Path) -> None:
    with Shim(tmp_path, tmp_path / "state.db") as shim:
        assert run(shim, _WRITE, str(tmp_path / "state.db")) is None
        calls = shim.seen
        assert calls > 10
        assert shim.failed == 0
        said = set()
        for number in range(1, calls + 1, 4):
            shim.fail(number, errno.EIO)
            said.add(run(shim, _WRITE, str(tmp_path / f"state.db{number}")))
            assert shim.failed == 1
        assert "disk I/O error" in said  # SQLite says others otherwise, and of some nothing, as when it closes
        shim.fail(calls // 2, errno.ENOSPC, sticky=True)
        assert run(shim, _WRITE, str(tmp_path / "state.db-full")) is not None
        shim.heal()
        assert run(shim, _WRITE, str(tmp_path / "state.db-full")) is None


def test_what_lies_elsewhere_never_fails(tmp_path: Path) -> None:
    with Shim(tmp_path, tmp_path / "state.db") as shim:
        shim.fail(1, errno.EIO, sticky=True)
        assert run(shim, _WRITE, str(tmp_path / "other.db")) is None
        assert shim.seen == 0
