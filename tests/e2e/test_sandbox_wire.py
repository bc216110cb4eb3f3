"""The sandbox on a real socket: how faults look to a client, and what bad clients cannot do."""

import json
import select
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from reminderd.gateway.sandbox import AUTH_ID, AUTH_TOKEN, Limits, Sandbox
from tests.support.sandbox import wait_until

MESSAGES = f"/v1/Account/{AUTH_ID}/Message/"
SHORT = Limits(connections=4, idle=0.4, request=0.3, linger=10)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@contextmanager
def connect(sandbox: Sandbox) -> Iterator[socket.socket]:
    port = int(sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connected:
        yield connected


def send_request(text: str = "hello", phone: str = "+14155550101", extra: str = "") -> bytes:
    body = json.dumps({"src": "+14155550100", "dst": phone, "text": text}).encode()
    authorization = b64encode(f"{AUTH_ID}:{AUTH_TOKEN}".encode()).decode()
    head = f"POST {MESSAGES} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {authorization}\r\n{extra}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def read_answer(connected: socket.socket) -> tuple[int, bytes]:
    """Status and body of the next answer."""
    with connected.makefile("rb", buffering=0) as stream:
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = b""
        while len(body) < length:
            body += stream.read(length - len(body)) or pytest.fail("the answer broke off")
        return status, body


def is_served(sandbox: Sandbox) -> bool:
    """Whether a new connection is taken now, and not turned away."""
    with connect(sandbox) as connected:
        connected.sendall(send_request())
        return read_answer(connected)[0] == 202


def read_all(connected: socket.socket) -> bytes:
    data = b""
    while part := connected.recv(65536):
        data += part
    return data


# Faults


@pytest.mark.parametrize(("spec", "accepted"), [("reset=before", 0), ("reset=after", 1)])
def test_a_reset_shows_as_a_reset(sandbox: Sandbox, spec: str, accepted: int) -> None:
    sandbox.add_fault(spec)
    with connect(sandbox) as connected:
        connected.sendall(send_request())
        with pytest.raises(ConnectionResetError):
            connected.recv(1)
    assert len(sandbox.messages()) == accepted


@pytest.mark.parametrize(("spec", "accepted"), [("close=before", 0), ("close=after", 1), ("hang=50ms", 0)])
def test_a_close_shows_as_an_end_without_answer(sandbox: Sandbox, spec: str, accepted: int) -> None:
    sandbox.add_fault(spec)
    with connect(sandbox) as connected:
        connected.sendall(send_request())
        assert connected.recv(1) == b""
    assert len(sandbox.messages()) == accepted


def test_a_hang_can_come_after_accepting_and_stays_silent(sandbox: Sandbox) -> None:
    sandbox.add_fault("hang=300s,accept=true")
    with connect(sandbox) as connected:
        connected.sendall(send_request())
        wait_until(lambda: len(sandbox.messages()) == 1)
        connected.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connected.recv(1)


def test_half_an_answer_promises_more_than_it_brings(sandbox: Sandbox) -> None:
    sandbox.add_fault("truncate")
    with connect(sandbox) as connected:
        connected.sendall(send_request())
        head, _, body = read_all(connected).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 202 ")
    length = int(head.lower().partition(b"content-length: ")[2].split()[0])
    assert 0 < len(body) < length
    assert len(sandbox.messages()) == 1


def test_a_dribbled_answer_is_whole_in_the_end_and_the_connection_lives(sandbox: Sandbox) -> None:
    sandbox.add_fault("dribble=1ms,count=1")
    with connect(sandbox) as connected:
        connected.sendall(send_request("one") + send_request("two"))
        answers = [read_answer(connected) for _ in range(2)]
    assert [json.loads(body)["message_uuid"] for _, body in answers] == [
        [message.message_uuid] for message in sandbox.messages()
    ]


def test_answers_come_in_the_order_of_their_requests_even_behind_a_slow_one(sandbox: Sandbox) -> None:
    sandbox.add_fault("latency=100ms,text=slow")
    with connect(sandbox) as connected:
        connected.sendall(b"".join(send_request(text) for text in ("slow", "quick", "slow again", "quick again")))
        uuids = [json.loads(read_answer(connected)[1])["message_uuid"][0] for _ in range(4)]
    assert uuids == [message.message_uuid for message in sandbox.messages()]
    assert [message.text for message in sandbox.messages()] == ["slow", "quick", "slow again", "quick again"]


def test_many_requests_sent_in_one_go_are_all_answered(sandbox: Sandbox) -> None:
    with connect(sandbox) as connected:
        connected.sendall(b"".join(send_request(f"number {n}") for n in range(200)))
        assert {read_answer(connected)[0] for _ in range(200)} == {202}
    assert [message.text for message in sandbox.messages()] == [f"number {n}" for n in range(200)]


def test_a_slow_request_does_not_hold_up_other_connections(sandbox: Sandbox) -> None:
    sandbox.add_fault("hang=300s,text=stuck")
    with connect(sandbox) as stuck, connect(sandbox) as other:
        stuck.sendall(send_request("stuck"))
        wait_until(lambda: sandbox.faults()[0]["applied"] == 1)
        other.sendall(send_request("free"))
        assert read_answer(other)[0] == 202


def test_an_outage_is_a_stop_and_a_start_on_the_same_port() -> None:
    with Sandbox() as sandbox:
        url = sandbox.url
        sandbox.stop()
        with pytest.raises(ConnectionRefusedError), connect(sandbox):
            pass
        sandbox.start()
        assert sandbox.url == url
        with connect(sandbox) as connected:
            connected.sendall(send_request())
            assert read_answer(connected)[0] == 202
        sandbox.stop()
        assert len(sandbox.messages()) == 1


def test_a_port_that_is_taken_is_an_error(sandbox: Sandbox) -> None:
    second = Sandbox(port=int(sandbox.url.rpartition(":")[2]))
    with pytest.raises(OSError, match="in use"):
        second.start()
    second.close()


def test_stopping_does_not_wait_for_requests_in_flight(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "ledger", faults=["hang=300s"]) as sandbox, connect(sandbox) as connected:
        connected.sendall(send_request())
        wait_until(lambda: sandbox.requests().get("send") == 1)
        sandbox.stop()
        with suppress(ConnectionResetError):  # a reset is an end too
            assert read_all(connected) == b""


# Bad clients


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x00\xa5\x01\x00\x00", b"400"),
        (b"hello there\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000 + b"\r\n\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n" + b"z" * 2_000_000, b"413"),
    ],
)
def test_a_bad_request_gets_its_answer_and_the_close(sandbox: Sandbox, data: bytes, status: bytes) -> None:
    with connect(sandbox) as connected:
        connected.sendall(data)
        connected.shutdown(socket.SHUT_WR)
        answer = read_all(connected)
    assert answer.split()[1] == status
    assert b"Connection: close" in answer


def test_a_client_that_never_ends_its_request_is_told_and_dropped() -> None:
    with Sandbox(limits=SHORT) as sandbox, connect(sandbox) as connected:
        connected.sendall(send_request()[:-3])
        assert read_all(connected).split()[1] == b"408"
    assert sandbox.messages() == []


def test_bytes_that_come_now_and_then_do_not_buy_more_time() -> None:
    with Sandbox(limits=SHORT) as sandbox, connect(sandbox) as connected:
        connected.settimeout(0.02)
        answer = b""
        for byte in send_request("x" * 1000):
            try:
                answer = connected.recv(65536)
                break
            except TimeoutError:
                connected.sendall(bytes([byte]))
        assert answer.split()[1] == b"408"


def test_an_idle_connection_is_closed_and_a_busy_one_is_not() -> None:
    with Sandbox(limits=SHORT, faults=["latency=900ms,text=slow"]) as sandbox:
        with connect(sandbox) as busy, connect(sandbox) as idle:
            busy.sendall(send_request("slow"))
            assert read_all(idle) == b""
            assert read_answer(busy)[0] == 202


def test_a_client_that_does_not_read_is_dropped_and_the_others_are_served() -> None:
    limits = SHORT._replace(idle=30)
    with Sandbox(limits=limits) as sandbox, connect(sandbox) as deaf, connect(sandbox) as other:
        other.sendall(send_request(phone="<".join(f"+447700900{n:03d}" for n in range(1000))))
        assert read_answer(other)[0] == 202
        deaf.sendall(b"GET /__control/ledger HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        other.sendall(send_request())
        assert read_answer(other)[0] == 202
        poll = select.poll()
        poll.register(deaf, select.POLLRDHUP)
        assert poll.poll(20_000)


def test_connections_beyond_the_bound_are_turned_away_until_one_ends() -> None:
    with Sandbox(limits=SHORT._replace(idle=30)) as sandbox:
        with ExitStack() as stack:
            for _ in range(SHORT.connections):
                connected = stack.enter_context(connect(sandbox))
                connected.sendall(send_request())
                assert read_answer(connected)[0] == 202
            with connect(sandbox) as crowded:
                assert read_all(crowded).split()[1] == b"503"

        wait_until(lambda: is_served(sandbox))


def test_a_client_that_gives_up_frees_its_place() -> None:
    with Sandbox(limits=SHORT._replace(connections=1, idle=30), faults=["hang=300s,text=stuck"]) as sandbox:
        with connect(sandbox) as gone:
            gone.sendall(send_request("stuck"))
            wait_until(lambda: sandbox.requests().get("send") == 1)

        wait_until(lambda: is_served(sandbox))


def test_a_client_that_asks_for_leave_to_send_gets_it(sandbox: Sandbox) -> None:
    request = send_request(extra="Expect: 100-continue\r\n")
    head, _, body = request.partition(b"\r\n\r\n")
    with connect(sandbox) as connected:
        connected.sendall(head + b"\r\n\r\n")
        assert connected.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connected.sendall(body)
        assert read_answer(connected)[0] == 202


def test_only_this_machine_reaches_the_sandbox(sandbox: Sandbox) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    with connect(sandbox) as connected:
        assert connected.getpeername()[0] == "127.0.0.1"
    with socket.socket() as free:
        free.bind(("127.0.0.2", port))  # taken, were the sandbox listening on every address
