"""A listener among clients that want it no good, beside a loop that sends: everything goes out, nothing is used up."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Home, job, moment, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import Answer, answers, ask

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
_SECONDS, _CROWD, _PEOPLE = 12, 1500, 5
_FILES = 256  # that the daemon may have open at once
_GROWTH = 64 * 1024 * 1024


@pytest.fixture
def home(tmp_path: Path, port: int) -> Iterator[Home]:
    settings = f"plivo: {{rate: 0}}\nweb: {{listen: '127.0.0.1:{port}'}}\n"
    with SandboxProcess(tmp_path) as sandbox, Home(tmp_path / "home", sandbox.environment, settings) as made:
        yield made


def memory(home: Home) -> int:
    text = Path(f"/proc/{home.process.pid}/status").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def open_files(home: Home) -> int:
    return sum(1 for _ in Path(f"/proc/{home.process.pid}/fd").iterdir())


def test_hostile_clients_keep_no_message_back_and_use_nothing_up(home: Home, port: int) -> None:
    people = [phone(number) for number in range(_PEOPLE)]
    jobs = [job(f"job-{second}", "", moment(4 + second), to=people) for second in range(_SECONDS)]
    home.write("jobs.yaml", *jobs)
    home.start()
    home.until(lambda: answers(port), "it does not listen")
    resource.prlimit(home.process.pid, resource.RLIMIT_NOFILE, (_FILES, _FILES))
    before, most_files, heard = memory(home), 0, list[Answer]()
    command = [sys.executable, "-m", "tests.support.hostile", str(port), str(_SECONDS), str(_CROWD)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as hostile:
        assert hostile.stdout is not None
        while hostile.poll() is None:
            most_files = max(most_files, open_files(home))
            try:
                heard.append(ask(port, "/healthz"))
            except OSError:
                continue  # in a crowd one may have to ask again
        done = json.loads(hostile.stdout.read())
    assert all(done[way] for way in ("silent", "slow heads", "garbage", "bodies", "deaf", "questions")), done
    home.until(
        lambda: len(home.states()) == _SECONDS and set(home.states().values()) == {"accepted"}, "not all is sent"
    )
    assert len(home.history()) == _SECONDS * _PEOPLE
    assert any(answer.status == 200 for answer in heard), "nobody else got through"
    home.until(lambda: answers(port), "it does not answer any more")
    home.until(lambda: open_files(home) < 64, "connections stay open")
    assert most_files < _FILES
    assert memory(home) - before < _GROWTH
    assert "Traceback" not in home.log()
    assert "web.failed" not in home.log()
    assert home.stop() == 0
