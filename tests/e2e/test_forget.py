"""`reminderd forget` as people type it: beside a running daemon, on the state of a stopped one, on a terminal."""

import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import PROGRAM, Home, job, phone
from tests.support.sandbox import SandboxProcess

SETTINGS = "plivo: {rate: 0, reconcile: [0s, 1s]}\n"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Home]:
    sandbox.reset()
    with Home(tmp_path / "home", sandbox.environment, SETTINGS) as made:
        yield made


def traces(home: Home, *words: str) -> list[str]:
    """Which of these are in the state, in what lies beside it, or in the daemon's log."""
    files = [path for path in home.state.parent.iterdir() if path.name.startswith(home.state.name) and path.is_file()]
    contents = b"".join(path.read_bytes() for path in [*files, home.log_path] if path.exists())
    return [word for word in words if word.encode() in contents]


def sent(home: Home) -> None:
    """A message to one person, and one to another."""
    home.write("anna.yaml", job("anna", phone(1)))
    home.write("bert.yaml", job("bert", phone(2)))
    home.start()
    home.until_states(anna="accepted", bert="accepted")


def gone(home: Home) -> str:
    """Their job goes; what its file said."""
    text = (home.jobs / "anna.yaml").read_text()
    (home.jobs / "anna.yaml").unlink()
    assert home.run("reload").status == 0
    return text


def test_beside_a_running_daemon(home: Home, sandbox: SandboxProcess) -> None:
    sent(home)
    gone(home)
    assert traces(home, phone(1), "Message of anna.") == [phone(1), "Message of anna."]
    done = home.run("forget", "+44 7700 900001", "--yes")
    assert (done.status, done.err) == (0, "")
    assert (
        done.out
        == "1 delivery with 1 attempt, 0 opt-outs, 0 texts that came in and 1 other row are emptied of this phone\n"
    )
    assert traces(home, phone(1), phone(1)[-6:], "Message of anna.") == []
    assert traces(home, phone(2)) == [phone(2)]
    assert "recipient.forgotten deliveries=1" in home.log()
    assert home.by_job()["anna"]["recipient"] == {"name": None, "phone": None}
    assert "somebody who was forgotten" in home.run("why", str(home.by_job()["anna"]["id"])).out
    assert "forgotten" in home.run("history").out
    home.stop()
    assert traces(home, phone(1)) == []
    home.start()
    home.until_states(anna="accepted", bert="accepted")
    assert len(sandbox.ledger()) == 2


def test_on_the_state_of_a_stopped_daemon(home: Home, sandbox: SandboxProcess) -> None:
    sent(home)
    text = gone(home)
    home.stop()
    answer = home.json("forget", phone(1), "--yes", "--opt-out")
    assert (answer["deliveries"], answer["opted_out"], answer["rewritten"]) == (1, True, True)
    assert traces(home, phone(1), "Message of anna.") == []
    (home.jobs / "anna.yaml").write_text(text)
    home.write("later.yaml", job("later", phone(1)))
    home.start()
    home.until_states(later="cancelled")
    assert home.run("reload").status == 0
    assert len(sandbox.ledger()) == 2


def test_where_nobody_can_be_asked_nothing_is_forgotten(home: Home) -> None:
    sent(home)
    done = home.run("forget", phone(1))
    assert done.status == 1
    assert "nothing is forgotten: say --yes" in done.err
    assert f"job anna still names it: {home.jobs}/anna.yaml:2" in done.err
    assert home.by_job()["anna"]["recipient"]["phone"] == phone(1)


def test_a_dry_run_shows_what_it_would_do(home: Home) -> None:
    sent(home)
    done = home.run("forget", phone(1), "--dry-run")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(
        "1 delivery with 1 attempt, 0 opt-outs, 0 texts that came in and 0 other rows would be emptied of this phone\n"
    )
    assert home.json("forget", phone(1), "--dry-run")["dry_run"] is True
    assert home.by_job()["anna"]["recipient"]["phone"] == phone(1)


@pytest.mark.parametrize(("word", "status"), [("y", 0), ("n", 1)])
def test_on_a_terminal_it_asks(home: Home, word: str, status: int) -> None:
    sent(home)
    ours, theirs = pty.openpty()
    os.write(ours, f"{word}\n".encode())
    done = subprocess.run(
        [*PROGRAM, "forget", phone(1)], stdin=theirs, capture_output=True, text=True, env=home.environment, check=False
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == status
    assert "This cannot be undone." in done.stderr
    assert home.by_job()["anna"]["recipient"]["phone"] == (None if word == "y" else phone(1))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("07700 900001", "does not begin with +"),
        ("anna", "this is not a phone number"),
        ("", "needs a phone number"),
        ("+44 7700 9\u00e9", "letters"),
    ],
)
def test_what_is_no_number_is_refused(home: Home, typed: str, said: str) -> None:
    sent(home)
    done = home.run("forget", typed, "--yes")
    assert (done.status, done.out) == (1, "")
    assert said in done.err


def test_a_state_that_is_not_there_is_said(home: Home) -> None:
    done = home.run("forget", phone(1), "--yes")
    assert done.status == 2
    assert "there is no state" in done.err
