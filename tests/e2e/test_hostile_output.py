"""Commands whose output goes nowhere, and what people wrote that would steer a terminal."""

import json
import os
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import PATIENCE, PROGRAM, Home, job, phone
from tests.support.sandbox import SandboxProcess

pytestmark = pytest.mark.timeout(300)

NASTY = "A\u202eB\u2066C\u200b\u0301D"
TEXT = "two\nlines \u202e\u2028and\u2066 more"
UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A stopped daemon's state with a delivery whose name and text are nasty, and a file that is broken."""
    folder = tmp_path_factory.mktemp("hostile")
    with SandboxProcess(folder) as sandbox, Home(folder / "home", sandbox.environment, "plivo: {rate: 0}\n") as made:
        made.write(
            "nasty.yaml",
            job(
                "nasty", phone(1), to={"phone": phone(1), "name": NASTY}, message=TEXT, description="\u202e\x1b[2J\x9b"
            ),
            job("coming", phone(2), to={"phone": phone(2), "name": NASTY}, message=TEXT, at="2031-05-04T09:00:00Z"),
        )
        (made.jobs / "bad\x1b[2J\u202e.yaml").write_text("name: x\n")
        (made.jobs / "broken.yaml").write_text('"\\e[2J\\u202e": 1\nname: "\\x9b2J"\n')
        made.start()
        made.until_states(nasty="accepted")
        made.stop()
        yield made


COMMANDS = ["check", "check --json", "list", "next", "next --json", "status", "history", "history --json", "why 1"]


def run(home: Home, command: str, redirection: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command with its streams as a shell redirects them."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *PROGRAM, *command.split()],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=home.environment,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize("command", ["check", "list --json", "--help"])
def test_a_full_disk_behind_the_output_is_said_in_a_sentence(home: Home, command: str) -> None:
    done = run(home, command, ">/dev/full")
    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[-1] == "reminderd: the output cannot be written: No space left on device"
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("redirection", [">&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full"])
@pytest.mark.parametrize("command", ["check"])
def test_streams_that_are_closed_or_full_end_a_command_quietly(home: Home, command: str, redirection: str) -> None:
    done = run(home, command, redirection)
    assert done.returncode in (0, 1, 2)
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("command", ["history"])
def test_a_reader_that_goes_away_ends_a_command_quietly(home: Home, command: str) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [*PROGRAM, *command.split()],
            stdout=write,
            stderr=subprocess.PIPE,
            env=home.environment,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.close(write)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def harmless(text: str) -> bool:
    """Whether a terminal shows this text as it is, line by line."""
    return not {unicodedata.category(character) for character in text if character != "\n"} & UNSEEN


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_that_people_wrote_steers_the_terminal(home: Home, command: str) -> None:
    done = run(home, command, "")
    assert harmless(done.stdout.decode()), ascii(done.stdout.decode())
    assert harmless(done.stderr.decode()), ascii(done.stderr.decode())


def test_json_means_what_was_written_though_nothing_in_it_steers_a_terminal(home: Home) -> None:
    (row,) = json.loads(run(home, "history --json", "").stdout)
    assert row["recipient"]["name"] == NASTY
    assert row["text"] == TEXT


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_log_holds_nothing_that_steers_a_terminal(home: Home, log_format: str) -> None:
    done = home.run("run", "--dry-run", "--once", REMINDERD_LOG__FORMAT=log_format)
    assert "catalog.problem" in done.err
    assert harmless(done.err), ascii(done.err)
    assert harmless(done.out), ascii(done.out)


@pytest.mark.parametrize(
    "argument", [b"\xff", "\x1b[2J\u202e\n".encode(), b"x" * 300], ids=["bytes", "controls", "long"]
)
@pytest.mark.parametrize("command", ["--state {} status", "check {}", "history {}"])
def test_any_argument_is_answered_in_sentences(home: Home, command: str, argument: bytes) -> None:
    words = [argument if word == "{}" else word.encode() for word in command.split()]
    done = subprocess.run(
        [*PROGRAM, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=home.environment,
        timeout=PATIENCE,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert b"pydantic" not in done.stderr
    assert harmless(done.stderr.decode() + done.stdout.decode())


@pytest.mark.parametrize("suffix", ["", ".lock"])
@pytest.mark.parametrize("command", ["status", "run --once"])
def test_a_fifo_in_the_place_of_the_state_hangs_nothing(home: Home, tmp_path: Path, command: str, suffix: str) -> None:
    os.mkfifo(tmp_path / f"state{suffix}")
    done = home.run("--state", str(tmp_path / "state"), *command.split())
    assert done.status in (1, 2)
