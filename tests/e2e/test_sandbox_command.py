"""`reminderd sandbox` as people start it."""

import json
import re
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from reminderd.cli.sandbox import command
from reminderd.gateway.sandbox import AUTH_ID, AUTH_TOKEN, Sandbox, parse_fault
from tests.support.sandbox import SENDER, SandboxProcess, sdk_client, wait_until

COMMAND = [sys.executable, "-c", "from reminderd.cli.sandbox import command; command()"]
PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


def test_it_prints_its_address_and_how_to_point_reminderd_at_it(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    arguments = ["--port", "0", "--ready-file", str(ready)]
    with subprocess.Popen(COMMAND + arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(4)]
        url = lines[0]
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", url)
        assert lines[1:] == [
            f"export REMINDERD_PLIVO__URL={url}",
            f"export PLIVO_AUTH_ID={AUTH_ID}",
            f"export PLIVO_AUTH_TOKEN={AUTH_TOKEN}",
        ]
        wait_until(ready.exists)
        assert json.loads(ready.read_text()) == {"url": url, "pid": process.pid}
        process.terminate()
        assert process.wait(10) == 0
    assert list(tmp_path.iterdir()) == [ready]


def test_each_request_is_one_line_without_text_and_full_number(tmp_path: Path) -> None:
    arguments = ["--port", "0", "--fault", "status=503,phone=0102$"]
    with subprocess.Popen(COMMAND + arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url, *_ = (process.stdout.readline().strip() for _ in range(4))
        with sdk_client(url) as client:
            client.messages.create(src=SENDER, dst="+14155550101", text="secret")
            first = process.stdout.readline().rstrip()
            with pytest.raises(Exception, match="503"):
                client.messages.create(src=SENDER, dst="+14155550102", text="secret")
            second = process.stdout.readline().rstrip()
        process.terminate()
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}Z  POST send       …0101       202 Accepted", first)
    assert second.endswith("  503 Service Unavailable   fault: status=503,phone=0102$")


def test_texts_are_shown_to_those_who_ask() -> None:
    with subprocess.Popen([*COMMAND, "--port", "0", "--show-texts"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url, *_ = (process.stdout.readline().strip() for _ in range(4))
        with sdk_client(url) as client:
            client.messages.create(src=SENDER, dst="+14155550101", text="two\nlines")
        assert process.stdout.readline().rstrip().endswith(r"'two\nlines'")
        process.terminate()


def test_a_reader_that_goes_away_does_not_end_it(tmp_path: Path) -> None:
    errors = tmp_path / "stderr"
    with errors.open("w") as stderr:
        process = subprocess.Popen([*COMMAND, "--port", "0"], stdout=subprocess.PIPE, stderr=stderr, text=True)
    with process:
        assert process.stdout is not None
        url, *_ = (process.stdout.readline().strip() for _ in range(4))
        process.stdout.close()
        with sdk_client(url) as client:
            for _ in range(3):
                client.messages.create(src=SENDER, dst="+14155550101", text="hello")
        process.terminate()
    assert (process.returncode, errors.read_text()) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_success_also_while_a_client_hangs(tmp_path: Path, number: signal.Signals) -> None:
    sandbox = SandboxProcess(tmp_path, "--fault", "hang=300s,accept=true").start()
    threading.Thread(target=_send_in_vain, args=(sandbox.url,), daemon=True).start()
    sandbox.wait_accepted(1)
    assert sandbox._end(number) == 0
    assert sandbox.errors_path.read_text() == ""


def _send_in_vain(url: str) -> None:
    with sdk_client(url) as client:
        try:
            client.messages.create(src=SENDER, dst="+14155550101", text="hello")
        except OSError:
            return


def test_whatever_was_answered_survives_its_death(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox:
        url, answered = sandbox.url, []
        enough = threading.Event()

        def send() -> None:
            with sdk_client(url) as client:
                try:
                    for n in range(100_000):
                        answer = client.messages.create(src=SENDER, dst="+14155550101", text=f"number {n}")
                        answered.extend(answer.message_uuid)
                        if n == 20:
                            enough.set()
                except OSError:
                    return

        sender = threading.Thread(target=send)
        sender.start()
        assert enough.wait(30)
        sandbox.kill()
        sender.join()
        sandbox.start()
        assert sandbox.url == url
        with sdk_client(url) as client:
            assert client.messages.get(answered[-1]).message_uuid == answered[-1]
        uuids = [message["message_uuid"] for message in sandbox.ledger()]
        assert uuids[: len(answered)] == answered
        assert len(uuids) - len(answered) in (0, 1)  # at most the one whose answer was cut off


def test_it_is_controlled_while_it_runs(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox, sdk_client(sandbox.url) as client:
        sandbox.add_fault({"status": 503, "count": 1}, "latency=1ms")
        with pytest.raises(Exception, match="503"):
            client.messages.create(src=SENDER, dst="+14155550101", text="hello")
        assert [rule["applied"] for rule in sandbox.faults()] == [1, 1]
        sandbox.clear_faults()
        for _ in range(2):
            client.messages.create(src=SENDER, dst="+14155550101", text="hello")
        assert [group["count"] for group in sandbox.duplicates()] == [2]
        assert sandbox.requests()["send"] == 3
        sandbox.reset()
        assert (sandbox.ledger(), sandbox.duplicates()) == ([], [])


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--fault", "stauts=503"], 2, "did you mean 'status'"),
        (["--log-lag", "soon"], 2, "is not a time"),
        (["--account-offset", "5:30"], 2, "write it like +05:30"),
        (["--port", "70000"], 2, "70000"),
        (["--host", "0.0.0.0"], 2, "No such option"),
        (["--ledger", "/nowhere/ledger"], 1, "/nowhere/ledger: No such file or directory"),
        (["--ready-file", "/nowhere/ready", "--port", "0"], 1, "/nowhere/ready: No such file or directory"),
    ],
)
def test_what_cannot_be_is_one_clear_line(arguments: list[str], status: int, sentence: str) -> None:
    ended = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == status
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_one_clear_line() -> None:
    with Sandbox() as sandbox:
        port = sandbox.url.rpartition(":")[2]
        ended = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"cannot listen on port {port} of 127.0.0.1" in ended.stderr


def test_a_token_of_ones_own_is_not_printed() -> None:
    arguments = ["--port", "0", "--auth-token", "of-my-own"]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        process.terminate()
    assert lines[3] == "export PLIVO_AUTH_TOKEN=...\n"


def test_every_fault_in_the_help_can_be_read() -> None:
    text = CliRunner().invoke(command, ["--help"]).output
    _read_faults_in(text, least=4)


def test_every_fault_in_the_page_can_be_read() -> None:
    _read_faults_in(PAGE.read_text(), least=10)


def _read_faults_in(text: str, least: int) -> None:
    specs = [shlex.split(spec)[0] for spec in re.findall(r"--fault (?!RULE)('[^']+'|[^\s`]+)", text)]
    assert len(specs) >= least
    for spec in specs:
        parse_fault(spec)


def test_the_ledger_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox:
        assert sandbox.ledger_path.stat().st_mode & 0o777 == 0o600
