"""A process that is stopped, connections that die without a word: nothing goes out too late, and nothing twice."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.daemon import Home, job, phone
from tests.support.lies import FAST, check_promise
from tests.support.relay import Relay
from tests.support.sandbox import SandboxProcess, wait_until


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path, "--log-limit", "0") as running:
        yield running


@pytest.fixture
def relay(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Relay]:
    with Relay(tmp_path, urlsplit(sandbox.url).port or 0) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, relay: Relay) -> Iterator[Home]:
    patient = FAST.replace("rate: 0", "rate: 0, connect_timeout: 60s")
    with Home(tmp_path / "home", relay.environment, patient, patience=60.0) as made:
        yield made


def stop_before_request(home: Home, relay: Relay, **keys: Any) -> None:
    """Stop the daemon when a delivery is claimed and its connection begun, and nothing of a request is written."""
    home.start()
    relay.gate.clear()
    taken = relay.connections
    home.write("a.yaml", job("slept", phone(1), **keys))
    wait_until(lambda: relay.connections > taken)
    home.signal(signal.SIGSTOP)


def seconds_since(text: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()


def outcomes(home: Home) -> list[str]:
    """Of the attempts of the one delivery."""
    return [attempt["outcome"] for attempt in home.json("why", "1")["attempts"]]


def test_a_process_stopped_before_its_request_sends_nothing_after_validity(
    sandbox: SandboxProcess, relay: Relay, home: Home
) -> None:
    stop_before_request(home, relay, valid_for="10s")
    valid_until = home.json("why", "1")["valid_until"]
    wait_until(lambda: seconds_since(valid_until) > 0)
    relay.gate.set()
    home.signal(signal.SIGCONT)
    home.until_states(slept="missed")
    assert sandbox.ledger() == []
    assert outcomes(home) == ["not_begun"]


@pytest.mark.nightly
def test_a_process_stopped_for_longer_than_its_lease_sends_once_and_by_a_new_claim(
    sandbox: SandboxProcess, relay: Relay, home: Home
) -> None:
    stop_before_request(home, relay)
    (row,) = home.history()
    wait_until(lambda: seconds_since(row["updated_at"]) > 33, 60)  # the deadline of 2 s and half a minute
    relay.gate.set()
    home.signal(signal.SIGCONT)
    home.until_states(slept="accepted")
    assert outcomes(home) == ["not_begun", "accepted"]
    assert check_promise(sandbox, home) == {"Message of slept.": "accepted"}


@pytest.mark.parametrize("fault", ["latency=1500ms", "hang=5s,accept=true", "dribble=20ms"])
def test_a_process_stopped_in_its_request_for_longer_than_the_deadline_sends_once(
    sandbox: SandboxProcess, home: Home, fault: str
) -> None:
    sandbox.add_fault(f"{fault},count=1")
    home.start()
    home.write("a.yaml", job("slept", phone(1)))
    (taken,) = sandbox.wait_accepted(1)
    home.signal(signal.SIGSTOP)
    wait_until(lambda: seconds_since(taken["ts"]) > 4)
    home.signal(signal.SIGCONT)
    home.until_states(slept="accepted")
    assert check_promise(sandbox, home) == {"Message of slept.": "accepted"}


def warm(home: Home) -> None:
    """Have a connection stand that the next message goes out on."""
    home.write("warm.yaml", job("warm", phone(9)))
    home.start().until_states(warm="accepted")


def test_what_is_written_to_a_dead_connection_is_in_doubt_and_not_written_again(
    sandbox: SandboxProcess, relay: Relay, home: Home
) -> None:
    """What the network held back arrives when nobody waits for it any more, and the log shows it."""
    home.settings.write_text(home.settings.read_text().replace("1s, 3s", "1s, 15s"))
    warm(home)
    relay.flow.clear()
    home.write("a.yaml", job("held-back", phone(1)))
    home.until_logged("delivery.in_doubt job=held-back")
    assert len(sandbox.ledger()) == 1
    relay.flow.set()
    home.until_states(**{"held-back": "accepted"})
    states = check_promise(sandbox, home)
    assert set(states.values()) == {"accepted"}


@pytest.mark.parametrize("how", ["reset", "half_close"])
def test_a_connection_that_was_closed_while_idle_is_not_used(
    sandbox: SandboxProcess, relay: Relay, home: Home, how: str
) -> None:
    warm(home)
    getattr(relay, how)()
    home.write("a.yaml", job("next", phone(1)))
    home.until_states(next="accepted")
    assert set(check_promise(sandbox, home).values()) == {"accepted"}
    assert "in_doubt" not in home.log().replace("in_doubt=0", "")


ANSWERS = {
    "empty-list": '{"message_uuid": []}',
    "null-in-list": '{"message_uuid": [null]}',
    "number": '{"message_uuid": 17}',
    "other-words": '{"message": "message(s) queued"}',
    "two": '{"message_uuid": ["a", "b"]}',
    "empty-name": '{"message_uuid": [""]}',
}


def test_a_good_answer_that_names_no_message_is_in_doubt_and_found_in_the_log(
    sandbox: SandboxProcess, home: Home
) -> None:
    for name, body in ANSWERS.items():
        sandbox.add_fault({"status": 202, "body": body, "accept": True, "text": f"taken-{name}"})
        sandbox.add_fault({"status": 202, "body": body, "text": f"lost-{name}"})
    jobs = [f"{kind}-{name}" for name in ANSWERS for kind in ("taken", "lost")]
    home.write("a.yaml", *(job(name, phone(number)) for number, name in enumerate(jobs)))
    home.start().until_logged("doubt.unresolved", len(ANSWERS))
    states = check_promise(sandbox, home)
    assert {text: state for text, state in states.items() if "lost" in text} == {
        f"Message of lost-{name}.": "in_doubt" for name in ANSWERS
    }
    assert {state for text, state in states.items() if "taken" in text} == {"accepted"}
