"""`python -m tests.load.watched`: how late messages begin without a listener, with one, and with one under hostile clients.

Prints; asserts nothing: that everything goes out and nothing is used up is tested by tests/e2e/test_web_hostile.py.
"""

import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.support.daemon import Home, job, moment, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import answers, free_port

_SECONDS, _PEOPLE, _CROWD, _FILES = 25, 8, 10_000, 512
_LATE = """
select (julianday(a.begun_at) - julianday(d.due_at)) * 86400000 from report_attempts a
join report_deliveries d on d.id = a.delivery_id order by 1
"""


def main() -> None:
    for listens, hostile in ((False, False), (True, False), (True, True)):
        with tempfile.TemporaryDirectory() as folder:
            print(_measure(Path(folder), listens=listens, hostile=hostile), flush=True)


def _measure(folder: Path, *, listens: bool, hostile: bool) -> str:
    port = free_port()
    settings = "plivo: {rate: 0}\n" + (f"web: {{listen: '127.0.0.1:{port}'}}\n" if listens else "")
    with SandboxProcess(folder) as sandbox, Home(folder / "home", sandbox.environment, settings) as home:
        people = [phone(number) for number in range(_PEOPLE)]
        home.write("jobs.yaml", *(job(f"job-{at}", "", moment(6 + at), to=people) for at in range(_SECONDS)))
        home.start()
        if listens:
            home.until(lambda: answers(port), "it does not listen")
        resource.prlimit(home.process.pid, resource.RLIMIT_NOFILE, (_FILES, _FILES))
        most, done = _watch(home, port, hostile=hostile)
        home.until(lambda: len(sandbox.ledger()) == _SECONDS * _PEOPLE, "not all is sent")
        late = _lateness(home.state)
    words = f"{'listener' if listens else 'no listener'}{', hostile clients' if hostile else ''}"
    return f"{words}: {late}; at most {most[0]} files open, {most[1]} MiB resident {done}"


def _watch(home: Home, port: int, *, hostile: bool) -> tuple[tuple[int, int], str]:
    command = [sys.executable, "-m", "tests.support.hostile", str(port), str(_SECONDS), str(_CROWD)]
    if not hostile:
        command = [sys.executable, "-c", f"import time; time.sleep({_SECONDS})"]
    files = memory = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        while running.poll() is None:
            files = max(files, sum(1 for _ in Path(f"/proc/{home.process.pid}/fd").iterdir()))
            status = Path(f"/proc/{home.process.pid}/status").read_text()
            memory = max(memory, int(status.partition("VmRSS:")[2].split()[0]) // 1024)
            time.sleep(0.2)
        assert running.stdout is not None
        return (files, memory), running.stdout.read().strip()


def _lateness(state: Path) -> str:
    with closing(sqlite3.connect(f"{state.absolute().as_uri()}?mode=ro", uri=True)) as database:
        late = [row[0] for row in database.execute(_LATE)]
    of = {"median": statistics.median(late), "95 of 100": late[len(late) * 95 // 100], "the latest": late[-1]}
    return ", ".join(f"{word} {value:.0f} ms late" for word, value in of.items())


if __name__ == "__main__":
    main()
