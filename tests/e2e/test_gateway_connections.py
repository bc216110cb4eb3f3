"""When a request counts as begun, and which connection carries it."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from reminderd.gateway.lines import Limits
from reminderd.gateway.route import Route
from reminderd.gateway.transport import Answer, Broken, Transport, Unreached
from reminderd.model import Accepted, InDoubt, NotBegun, NotSent
from tests.e2e.scripted_server import (
    ACCEPTED,
    SECONDS,
    Request,
    ScriptedServer,
    Step,
    answer,
    close,
    gateway_to,
    head,
    raw,
    reset,
    send,
)

ACCEPT = answer(202, ACCEPTED)


def yes() -> bool:
    return True


def never() -> bool:
    raise AssertionError("begin was called")


class Hangup:
    """A step that answers, and closes the connection once the test says so."""

    def __init__(self, farewell: bytes = b"") -> None:
        self._farewell = farewell
        self._asked = threading.Event()
        self._done = threading.Event()

    def __call__(self, sock: socket.socket, request: Request) -> None:
        ACCEPT(sock, request)
        assert self._asked.wait(SECONDS)
        sock.sendall(self._farewell)
        close(sock, request)
        self._done.set()

    def now(self) -> bool:
        self._asked.set()
        return self._done.wait(SECONDS)


def test_begin_is_asked_once_when_the_connection_stands_and_nothing_is_written() -> None:
    seen: list[tuple[int, int]] = []
    greeted = threading.Event()

    with ScriptedServer([ACCEPT], greeting=lambda _sock: greeted.set()) as server, gateway_to(server.url) as gateway:

        def begin() -> bool:
            assert greeted.wait(SECONDS)
            seen.append((server.connections, len(server.requests)))
            return True

        assert isinstance(send(gateway, begin), Accepted)
    assert seen == [(1, 0)]


def test_a_request_that_is_withdrawn_is_never_written_and_its_connection_kept() -> None:
    with ScriptedServer([ACCEPT]) as server, gateway_to(server.url) as gateway:
        assert send(gateway, lambda: False, text="withdrawn") == NotBegun("withdrawn before the request")
        assert isinstance(send(gateway, text="sent"), Accepted)
        assert [request.json["text"] for request in server.requests] == ["sent"]
        assert server.connections == 1


class Trouble(Exception):
    """Raised by a `begin`."""


def test_what_begin_raises_comes_out_and_nothing_is_written() -> None:
    def begin() -> bool:
        raise Trouble

    with ScriptedServer([ACCEPT]) as server, gateway_to(server.url) as gateway:
        with pytest.raises(Trouble):
            send(gateway, begin)
        assert isinstance(send(gateway), Accepted)
        assert (server.connections, len(server.requests)) == (2, 1)


def test_one_connection_carries_requests_one_after_the_other() -> None:
    with ScriptedServer([ACCEPT]) as server, gateway_to(server.url) as gateway:
        for _ in range(5):
            assert isinstance(send(gateway), Accepted)
        assert server.connections == 1


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 302])
def test_a_connection_outlives_a_bad_answer_that_was_whole(status: int) -> None:
    with ScriptedServer([answer(status, {"error": "no"}), ACCEPT]) as server, gateway_to(server.url) as gateway:
        send(gateway)
        assert isinstance(send(gateway), Accepted)
        assert server.connections == 1


@pytest.mark.parametrize(
    "step",
    [
        reset,
        close,
        raw(head(202, 500) + b"{", then=lambda _sock, _request: None),
        raw(b"nonsense\r\n\r\n", then=lambda _sock, _request: None),
        answer(202, b"x" * 300_000),
        answer(202, ACCEPTED, Connection="close"),
        raw(b"HTTP/1.0 202 ok\r\nContent-Length: 2\r\n\r\n{}", then=lambda _sock, _request: None),
    ],
    ids=["reset", "close", "half an answer", "garbage", "too long", "Connection: close", "HTTP/1.0"],
)
def test_a_connection_is_not_used_again_after(step: Step) -> None:
    with ScriptedServer([step, ACCEPT]) as server, gateway_to(server.url, read_timeout=0.3) as gateway:
        send(gateway)
        assert isinstance(send(gateway), Accepted)
        assert server.connections == 2


@pytest.mark.parametrize("farewell", [b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"])
def test_a_connection_that_the_peer_closed_while_idle_is_replaced(farewell: bytes) -> None:
    hangup = Hangup(farewell)
    with ScriptedServer([hangup, ACCEPT]) as server, gateway_to(server.url) as gateway:
        assert isinstance(send(gateway), Accepted)
        assert hangup.now()
        assert isinstance(send(gateway), Accepted)
        assert (server.connections, len(server.requests)) == (2, 2)


@pytest.mark.parametrize("farewell", [b"", b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"])
def test_a_connection_that_the_peer_closes_during_begin_is_not_written_to(farewell: bytes) -> None:
    hangup = Hangup(farewell)
    with ScriptedServer([hangup, ACCEPT]) as server, gateway_to(server.url) as gateway:
        assert isinstance(send(gateway), Accepted)
        assert send(gateway, hangup.now) == NotSent("the connection was closed before the request")
        assert len(server.requests) == 1


def test_nothing_is_repeated_when_a_kept_connection_dies_under_the_request() -> None:
    with ScriptedServer([ACCEPT, reset, ACCEPT]) as server, gateway_to(server.url) as gateway:
        assert isinstance(send(gateway), Accepted)
        assert isinstance(send(gateway), InDoubt)
        assert len(server.requests) == 2


@pytest.mark.parametrize(("idle", "connections"), [(0.0, 3), (600.0, 1)])
def test_a_connection_idle_for_too_long_is_closed_rather_than_used(idle: float, connections: int) -> None:
    with ScriptedServer([ACCEPT]) as server:
        transport = Transport(Route(server.url, "", None), {}, Limits(5, 5, 10, idle), keep=4)
        for _ in range(3):
            assert isinstance(transport.exchange("GET", "/", None, yes), Answer)
        transport.close()
        assert server.connections == connections


def slow(seconds: float) -> Step:
    """Accept after a while."""

    def step(sock: socket.socket, request: Request) -> None:
        threading.Event().wait(seconds)
        ACCEPT(sock, request)

    return step


def test_a_connection_is_idle_from_its_last_answer_on() -> None:
    with ScriptedServer([slow(0.9), ACCEPT]) as server:
        transport = Transport(Route(server.url, "", None), {}, Limits(5, 5, 10, idle=0.7), keep=4)
        for _ in range(2):
            assert isinstance(transport.exchange("GET", "/", None, yes), Answer)
        transport.close()
        assert server.connections == 1


def test_an_answer_may_take_longer_than_connecting_may() -> None:
    with ScriptedServer([slow(0.6)]) as server, gateway_to(server.url, connect_timeout=0.2) as gateway:
        assert isinstance(send(gateway), Accepted)


def test_a_connection_counts_as_idle_for_ten_seconds_at_most() -> None:
    assert Limits(1, 1, 1).idle == 10.0


def test_no_more_connections_are_kept_than_there_are_senders() -> None:
    everyone = threading.Barrier(6)

    def begin() -> bool:
        everyone.wait(SECONDS)
        return True

    with ScriptedServer([ACCEPT]) as server, gateway_to(server.url, threads=2) as gateway:
        with ThreadPoolExecutor(6) as senders:
            for _ in range(2):
                outcomes = list(senders.map(lambda _: send(gateway, begin), range(6)))
                assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert server.connections == 6 + 4


def test_many_threads_each_get_their_own_answer() -> None:
    def echo(sock: socket.socket, request: Request) -> None:
        answer(202, {"message_uuid": [str(request.json["text"])]})(sock, request)

    with ScriptedServer([echo]) as server, gateway_to(server.url, threads=8) as gateway:
        texts = [f"text {number}" for number in range(400)]
        with ThreadPoolExecutor(8) as senders:
            outcomes = list(senders.map(lambda text: send(gateway, text=text), texts))
        assert outcomes == [Accepted(text, "202") for text in texts]
        assert server.connections <= 8


def test_the_deadline_cuts_each_of_many_dribbled_requests() -> None:
    with ScriptedServer([]) as server:
        server.steps.append(server.dribble(head(202, 1_000)))
        with gateway_to(server.url, deadline=0.3) as gateway, ThreadPoolExecutor(8) as senders:
            outcomes = list(senders.map(lambda _: send(gateway), range(8)))
    assert outcomes == [InDoubt("no whole answer within the deadline of 0.3 s")] * 8


def test_closing_leaves_a_request_under_way_its_deadline() -> None:
    with ScriptedServer([]) as server:
        arrived = threading.Event()

        def dribble(sock: socket.socket, request: Request) -> None:
            arrived.set()
            server.dribble(head(202, 1_000))(sock, request)

        server.steps.append(dribble)
        with ThreadPoolExecutor(1) as sender:
            with gateway_to(server.url, deadline=1.0) as gateway:
                sending = sender.submit(send, gateway)
                assert arrived.wait(SECONDS)
            assert sending.result(SECONDS) == InDoubt("no whole answer within the deadline of 1 s")


def keepers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "gateway-keeper"}


def test_the_keeper_comes_with_the_first_request_and_goes_with_close() -> None:
    before = keepers()
    with ScriptedServer([ACCEPT]) as server, gateway_to(server.url, deadline=600) as gateway:
        assert keepers() <= before
        send(gateway)
        send(gateway)
        (thread,) = keepers() - before
    thread.join(SECONDS)
    assert not thread.is_alive()


@pytest.fixture
def refusing_port() -> Iterator[int]:
    """A port that is taken and on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@pytest.fixture
def unanswering_port() -> Iterator[int]:
    """A port whose queue is full, so that further connections get no answer at all."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        queued = [socket.socket() for _ in range(4)]
        for sock in queued:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for sock in queued:
            sock.close()


def test_a_refused_connection_is_not_sent(refusing_port: int) -> None:
    with gateway_to(f"http://127.0.0.1:{refusing_port}") as gateway:
        assert send(gateway, never) == NotSent("no connection: Connection refused")


def test_a_connection_that_nobody_answers_is_not_sent(unanswering_port: int) -> None:
    with gateway_to(f"http://127.0.0.1:{unanswering_port}", connect_timeout=0.2) as gateway:
        assert send(gateway, never) == NotSent("connect time-out")


@pytest.mark.parametrize("host", ["reminderd.invalid", f"{'x' * 64}.example"])
def test_a_name_that_is_not_resolved_is_not_sent(host: str) -> None:
    with gateway_to(f"http://{host}") as gateway:
        outcome = send(gateway, never)
    assert isinstance(outcome, NotSent)
    assert outcome.evidence.startswith("name not resolved")
    assert not outcome.suspend


def test_a_name_with_several_addresses_is_tried_at_each(refusing_port: int) -> None:
    """localhost is ::1 and 127.0.0.1 where IPv6 is on; the server has the second only."""
    with ScriptedServer([ACCEPT]) as server, gateway_to(f"http://localhost:{server.port}") as gateway:
        assert isinstance(send(gateway), Accepted)


def test_a_transport_tells_reached_from_unreached(refusing_port: int) -> None:
    def outcome(url: str, begin: Callable[[], bool]) -> object:
        transport = Transport(Route(url, "", None), {}, Limits(1, 1, 1), keep=1)
        try:
            return transport.exchange("GET", "/", None, begin)
        finally:
            transport.close()

    with ScriptedServer([close]) as server:
        assert isinstance(outcome(server.url, yes), Broken)
    assert isinstance(outcome(f"http://127.0.0.1:{refusing_port}", never), Unreached)
