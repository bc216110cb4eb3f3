"""Others on our number, crossing messages, late answers: whose row is whose. With real daemons and the real SDK."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from socket import socket

import pytest

from reminderd.gateway.sandbox import environment
from tests.e2e.scripted_server import ACCEPTED, UUID, Request, ScriptedServer, answer, reset
from tests.support.daemon import Home, job, moment, phone
from tests.support.lies import FAST, another_program, check_promise
from tests.support.sandbox import SENDER, SandboxProcess


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path, "--log-limit", "0") as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Home]:
    with Home(tmp_path / "home", sandbox.environment, FAST) as made:
        yield made


STRANGER = (
    "the log has a message from this sender that this state never sent (does another program? plivo.shared_sender)"
)


def test_messages_to_one_phone_cross_while_one_is_in_doubt(sandbox: SandboxProcess, home: Home) -> None:
    """The first never arrived, the second did, under the same number in the same seconds."""
    sandbox.add_fault("reset=before,text=first", "latency=300ms,text=second")
    home.write("a.yaml", job("first", phone(1)), job("second", phone(1), moment(1)), job("third", phone(1), moment(2)))
    home.start().until_logged("doubt.unresolved job=first")
    home.until_states(second="accepted", third="accepted")
    states = check_promise(sandbox, home)
    assert states["Message of first."] == "in_doubt"


def test_of_two_in_doubt_to_one_phone_and_one_row_neither_is_accepted(sandbox: SandboxProcess, home: Home) -> None:
    sandbox.add_fault("reset=before,text=lost", "reset=after,text=taken")
    home.write("a.yaml", job("lost", phone(1)), job("taken", phone(1)))
    home.start().until_logged("doubt.unresolved", 2)
    assert set(check_promise(sandbox, home).values()) == {"in_doubt"}
    assert "it could as well be another delivery's" in home.by_job()["lost"]["reason"]


def test_another_program_that_sends_to_the_phone_in_doubt_is_seen_when_the_log_has_one_too_many(
    sandbox: SandboxProcess, home: Home
) -> None:
    another_program(sandbox, phone(1))
    sandbox.add_fault("reset=after,count=1")
    home.write("a.yaml", job("taken", phone(1)))
    home.start().until_logged("doubt.unresolved")
    assert STRANGER in home.by_job()["taken"]["reason"]
    assert set(check_promise(sandbox, home).values()) == {"in_doubt"}


def test_another_program_that_sends_to_others_makes_its_message_to_our_phone_no_proof(
    sandbox: SandboxProcess, home: Home
) -> None:
    another_program(sandbox, phone(1), phone(99))
    sandbox.add_fault("reset=before,count=1")
    home.write("a.yaml", job("lost", phone(1), on_doubt="resend"))
    home.start().until_logged("doubt.unresolved")
    assert STRANGER in home.by_job()["lost"]["reason"]
    assert set(check_promise(sandbox, home).values()) == {"in_doubt"}


def test_what_comes_from_another_number_of_the_account_hinders_nothing(sandbox: SandboxProcess, home: Home) -> None:
    another_program(sandbox, phone(1), phone(99), src="+14155550999")
    sandbox.add_fault("reset=after,count=1")
    home.write("a.yaml", job("taken", phone(1)))
    home.start().until_states(taken="accepted")
    assert set(check_promise(sandbox, home).values()) == {"accepted"}


def test_two_daemons_on_one_number_never_take_one_message_for_two(
    tmp_path: Path, sandbox: SandboxProcess, home: Home
) -> None:
    """Each has one lost and one taken, to the same phones; each sees of the other what was accepted before."""
    sandbox.add_fault("reset=before,text=lost", "reset=after,text=taken")
    with Home(tmp_path / "second", sandbox.environment, FAST) as second:
        for each, name, number in ((home, "one", 5), (second, "two", 6)):
            each.write("well.yaml", job(f"{name}-well", phone(number)))
            each.start().until_states(**{f"{name}-well": "accepted"})
        for each, name, lost, taken in ((home, "one", 1, 2), (second, "two", 2, 1)):
            each.write("a.yaml", job(f"{name}-lost", phone(lost)), job(f"{name}-taken", phone(taken)))
        for each in (home, second):
            each.until_logged("doubt.unresolved", 2)
        states = check_promise(sandbox, home, second)
    assert {text for text, state in states.items() if state == "accepted"} == {
        "Message of one-well.",
        "Message of two-well.",
    }


def test_what_nobody_can_tell_apart_is_taken(sandbox: SandboxProcess, home: Home) -> None:
    """The limit that docs/states.md names: the same number, phone and minutes, exactly one message, nothing else seen."""
    another_program(sandbox, phone(1))
    sandbox.add_fault("reset=before,count=1")
    home.write("a.yaml", job("lost", phone(1)))
    home.start().until_states(lost="accepted")
    assert [message["text"] for message in sandbox.ledger()] == ["From elsewhere, 0."]


def test_with_a_shared_sender_even_that_is_only_shown(sandbox: SandboxProcess, home: Home) -> None:
    home.settings.write_text(FAST.replace("rate: 0", "rate: 0, shared_sender: true"))
    another_program(sandbox, phone(1))
    sandbox.add_fault("reset=before,count=1")
    home.write("a.yaml", job("lost", phone(1)))
    home.start().until_logged("doubt.unresolved")
    assert set(check_promise(sandbox, home).values()) == {"in_doubt"}


def test_an_answer_that_names_what_the_log_gave_to_another_takes_it_back(tmp_path: Path) -> None:
    """The log has one row for the first; then Plivo's own answer gives its name to the second."""
    row = {
        "message_uuid": UUID,
        "message_time": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
        "message_direction": "outbound",
        "message_type": "sms",
        "from_number": SENDER[1:],
        "to_number": phone(1)[1:],
    }

    def play(sock: socket, request: Request) -> None:
        if request.line.startswith("GET"):
            answer(200, {"meta": {"next": None}, "objects": [row]})(sock, request)
        elif b"first" in request.body:
            reset(sock, request)
        else:
            answer(202, ACCEPTED)(sock, request)

    with ScriptedServer([play]) as server, Home(tmp_path / "home", environment(server.url), FAST) as home:
        home.write("a.yaml", job("first", phone(1)))
        home.start().until_states(first="accepted")
        home.write("b.yaml", job("second", phone(1)))
        home.until_states(first="in_doubt", second="accepted")
        home.until_logged("doubt.unresolved job=first")
        assert [row["message_uuid"] for row in home.history("--state", "accepted")] == [UUID]
        story = home.json("why", str(home.by_job()["first"]["id"]))
        assert story["moves"][-1]["reason"] == "Plivo's answer gave its message_uuid to another delivery"
