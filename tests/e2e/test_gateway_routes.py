"""TLS, proxies, and what the environment says about both."""

import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from reminderd.model import Accepted, InDoubt, NotSent
from tests.e2e.scripted_server import (
    ACCEPTED,
    ScriptedServer,
    Step,
    answer,
    close,
    gateway_to,
    raw,
    reset,
    send,
    tunnel,
)

ACCEPT = answer(202, ACCEPTED)

# Self-signed for 127.0.0.1 and localhost, valid until 2126; the key protects nothing and never will.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBgTCCASegAwIBAgIBATAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5yZW1pbmRl
cmQgdGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTI2MDEwMTAwMDAwMFowGTEXMBUG
A1UEAwwOcmVtaW5kZXJkIHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATp
TWludks8WUWISPIoxeJh9bBX7JRO60PjBHN4MtWDcICTqQwvNWkrpjl59eKNu9DS
r1hgXtqY0HCTV8qyMh+to14wXDAdBgNVHQ4EFgQUr4RRE8S/ztmdPxHHYpqkyG1w
aX0wDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAoQwGgYDVR0RBBMwEYcE
fwAAAYIJbG9jYWxob3N0MAoGCCqGSM49BAMCA0gAMEUCIQCS7/UExmUBPWPzIxO5
BwWdAJ2mss8owDSyie93wiv9gAIga5FibJvVT0SrIlCizRKvK3QlfCoMAbuRrCY5
QiAdtdg=
-----END CERTIFICATE-----
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8wSuQ5XifG2HIvTs
L1yHPc2OzhcpX0Q/gEFQ8XCHWg2hRANCAATpTWludks8WUWISPIoxeJh9bBX7JRO
60PjBHN4MtWDcICTqQwvNWkrpjl59eKNu9DSr1hgXtqY0HCTV8qyMh+t
-----END PRIVATE KEY-----
"""

ENVIRONMENT = (
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "requests_ca_bundle",
    "ssl_cert_file",
    "ssl_cert_dir",
)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    file = tmp_path / "server.pem"
    file.write_text(CERTIFICATE)
    return file


@pytest.fixture
def tls(ca_file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca_file)
    return context


def never() -> bool:
    raise AssertionError("begin was called")


# TLS ----------------------------------------------------------------------------------------------------


def test_a_message_goes_out_over_tls(tls: ssl.SSLContext, ca_file: Path) -> None:
    with ScriptedServer([ACCEPT], tls) as server, gateway_to(server.url, ca_file=ca_file) as gateway:
        for _ in range(3):
            assert isinstance(send(gateway), Accepted)
        assert (server.connections, len(server.requests)) == (1, 3)


def test_a_tls_connection_outlives_a_withdrawal_with_its_session_tickets_unread(
    tls: ssl.SSLContext, ca_file: Path
) -> None:
    with ScriptedServer([ACCEPT], tls) as server, gateway_to(server.url, ca_file=ca_file) as gateway:
        for _ in range(3):
            send(gateway, lambda: False)
        assert isinstance(send(gateway), Accepted)
        assert (server.connections, len(server.requests)) == (1, 1)


def test_a_certificate_that_nobody_vouches_for_is_not_sent(tls: ssl.SSLContext) -> None:
    with ScriptedServer([ACCEPT], tls) as server, gateway_to(server.url) as gateway:
        outcome = send(gateway, never)
        assert isinstance(outcome, NotSent)
        assert outcome.evidence.startswith("certificate refused: ")
        assert not outcome.suspend
        assert server.requests == []


def test_a_certificate_of_another_host_is_not_sent(tls: ssl.SSLContext, ca_file: Path) -> None:
    with ScriptedServer([ACCEPT], tls) as server:
        url = f"https://127.0.0.2:{server.port}"
        with (
            ScriptedServer([tunnel(server.port)]) as proxy,
            gateway_to(url, ca_file=ca_file, proxy=proxy.url) as gateway,
        ):
            outcome = send(gateway, never)
    assert isinstance(outcome, NotSent)
    assert outcome.evidence.startswith("certificate refused: ")


def test_a_server_that_speaks_no_tls_is_not_sent(ca_file: Path) -> None:
    def greet(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with ScriptedServer([close], greeting=greet) as server:
        with gateway_to(f"https://127.0.0.1:{server.port}", ca_file=ca_file) as gateway:
            outcome = send(gateway, never)
    assert isinstance(outcome, NotSent)


@pytest.mark.parametrize("hello", [b"", b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x00"], ids=["silent", "dribbling"])
def test_a_tls_handshake_has_its_end(hello: bytes, ca_file: Path) -> None:
    with ScriptedServer([close]) as server:
        server.greeting = server.dribble(hello) if hello else server.silence
        with gateway_to(f"https://127.0.0.1:{server.port}", ca_file=ca_file, connect_timeout=0.2) as gateway:
            assert send(gateway, never) == NotSent("connect time-out")


@pytest.mark.parametrize("step", [reset, close, raw(b"HTTP/1.1 202 Acc")])
def test_a_request_cut_over_tls_is_in_doubt(step: Step, tls: ssl.SSLContext, ca_file: Path) -> None:
    with ScriptedServer([step], tls) as server, gateway_to(server.url, ca_file=ca_file) as gateway:
        assert isinstance(send(gateway), InDoubt)


def test_the_deadline_cuts_a_dribble_over_tls(tls: ssl.SSLContext, ca_file: Path) -> None:
    with ScriptedServer([], tls) as server:
        server.steps.append(server.dribble(b"HTTP/1.1 202 Accepted"))
        with gateway_to(server.url, ca_file=ca_file, deadline=0.3) as gateway:
            assert send(gateway) == InDoubt("no whole answer within the deadline of 0.3 s")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_environment_names_whom_to_trust(
    variable: str, tls: ssl.SSLContext, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(ca_file))
    with ScriptedServer([ACCEPT], tls) as server, gateway_to(server.url) as gateway:
        assert isinstance(send(gateway), Accepted)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_read_is_said_at_once(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match=r"plivo\.ca_file"), gateway_to("https://127.0.0.1", ca_file=file):
        pass


# Proxies ------------------------------------------------------------------------------------------------


def test_a_proxy_tunnels_to_an_https_target(tls: ssl.SSLContext, ca_file: Path) -> None:
    with ScriptedServer([ACCEPT], tls) as server, ScriptedServer([tunnel(server.port)]) as proxy:
        by = f"http://me:h%40sh@127.0.0.1:{proxy.port}"
        with gateway_to(f"https://localhost:{server.port}", ca_file=ca_file, proxy=by) as gateway:
            for _ in range(2):
                assert isinstance(send(gateway), Accepted)
        (connect,) = proxy.requests
        assert connect.line.split()[:2] == ["CONNECT", f"localhost:{server.port}"]
        assert connect.headers["proxy-authorization"] == f"Basic {b64encode(b'me:h@sh').decode()}"
        assert [request.headers["host"] for request in server.requests] == [f"localhost:{server.port}"] * 2
        assert "proxy-authorization" not in server.requests[0].headers


def test_a_proxy_forwards_to_an_http_target() -> None:
    with ScriptedServer([ACCEPT]) as proxy:
        by = f"me:hush@127.0.0.1:{proxy.port}"
        with gateway_to("http://plivo.example:8080/base", proxy=by) as gateway:
            assert isinstance(send(gateway), Accepted)
        (request,) = proxy.requests
        assert request.line.startswith("POST http://plivo.example:8080/base/v1/Account/MA")
        assert request.headers["host"] == "plivo.example:8080"
        assert request.headers["proxy-authorization"] == f"Basic {b64encode(b'me:hush').decode()}"


def test_a_proxy_is_reached_over_tls(tls: ssl.SSLContext, ca_file: Path) -> None:
    with ScriptedServer([ACCEPT], tls) as proxy:
        with gateway_to("http://plivo.example", proxy=proxy.url, ca_file=ca_file) as gateway:
            assert isinstance(send(gateway), Accepted)
        assert proxy.requests[0].line.startswith("POST http://plivo.example/v1/")


def test_tls_goes_within_the_tls_of_a_proxy(tls: ssl.SSLContext, ca_file: Path) -> None:
    with ScriptedServer([ACCEPT], tls) as server, ScriptedServer([tunnel(server.port)], tls) as proxy:
        with gateway_to(server.url, proxy=proxy.url, ca_file=ca_file) as gateway:
            assert send(gateway, lambda: False)
            for _ in range(3):
                assert isinstance(send(gateway), Accepted)
        assert (server.connections, len(server.requests)) == (1, 3)


def test_a_proxy_that_wants_credentials_suspends_the_gateway() -> None:
    with ScriptedServer([answer(407, b"<h1>Who are you?</h1>")]) as proxy:
        with gateway_to("https://plivo.example", proxy=proxy.url) as gateway:
            assert send(gateway, never) == NotSent("the proxy answered 407", 407, suspend=True)


@pytest.mark.parametrize("status", [403, 404, 500, 502, 503])
def test_a_proxy_that_opens_no_tunnel_is_not_sent(status: int) -> None:
    with ScriptedServer([answer(status)]) as proxy:
        with gateway_to("https://plivo.example", proxy=proxy.url) as gateway:
            assert send(gateway, never) == NotSent(f"the proxy answered {status}", status)


@pytest.mark.parametrize(
    "step",
    [
        close,
        reset,
        raw(b"nonsense\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\n\r\nnot TLS at all"),
        raw(b"HTTP/1.1 200 OK\r\n\r\n", then=reset),
    ],
    ids=["close", "reset", "garbage", "tunnel to nowhere", "tunnel to no TLS", "tunnel reset"],
)
def test_a_proxy_that_fails_before_the_target_is_reached_is_not_sent(step: Step) -> None:
    with ScriptedServer([step]) as proxy, gateway_to("https://plivo.example", proxy=proxy.url) as gateway:
        outcome = send(gateway, never)
        assert isinstance(outcome, NotSent)
        assert not outcome.suspend


def test_a_proxy_that_never_answers_connect_is_not_sent() -> None:
    with ScriptedServer([]) as proxy:
        proxy.steps.append(proxy.silence)
        with gateway_to("https://plivo.example", proxy=proxy.url, connect_timeout=0.2) as gateway:
            assert send(gateway, never) == NotSent("connect time-out")


def test_a_proxy_that_dribbles_its_answer_to_connect_is_cut() -> None:
    with ScriptedServer([]) as proxy:
        proxy.steps.append(proxy.dribble(b"HTTP/1.1 200 OK\r\nX: y"))
        with gateway_to("https://plivo.example", proxy=proxy.url, connect_timeout=0.2) as gateway:
            assert send(gateway, never) == NotSent("connect time-out")


def test_a_certificate_of_the_proxy_counts_too(tls: ssl.SSLContext) -> None:
    with ScriptedServer([ACCEPT], tls) as proxy, gateway_to("http://plivo.example", proxy=proxy.url) as gateway:
        outcome = send(gateway, never)
    assert isinstance(outcome, NotSent)
    assert outcome.evidence.startswith("certificate refused: ")


def test_a_502_of_a_forwarding_proxy_is_in_doubt() -> None:
    with ScriptedServer([answer(502)]) as proxy, gateway_to("http://plivo.example", proxy=proxy.url) as gateway:
        assert isinstance(send(gateway), InDoubt)


def test_evidence_of_a_failing_proxy_names_no_credentials() -> None:
    with ScriptedServer([answer(403)]) as proxy:
        by = f"http://someone:hush@127.0.0.1:{proxy.port}"
        with gateway_to("https://plivo.example", proxy=by) as gateway:
            outcome = send(gateway, never)
    assert "hush" not in repr(outcome)
    assert "someone" not in repr(outcome)


# The environment ----------------------------------------------------------------------------------------


def reached(proxy: ScriptedServer, url: str) -> bool:
    """Whether a message to `url` arrives at the proxy of the environment."""
    with gateway_to(url, proxy=None, connect_timeout=1.0) as gateway:
        send(gateway)
    return bool(proxy.requests)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_the_environment_names_a_proxy(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer([ACCEPT]) as proxy:
        monkeypatch.setenv(variable, proxy.url)
        assert reached(proxy, "http://plivo.example")


def test_https_has_its_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer([answer(403)]) as wrong, ScriptedServer([answer(403)]) as right:
        monkeypatch.setenv("HTTP_PROXY", wrong.url)
        monkeypatch.setenv("HTTPS_PROXY", right.url)
        assert reached(right, "https://plivo.example")
        assert not wrong.requests


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "http://127.0.0.1:{port}"},
        {"url": "http://localhost:{port}"},
        {"url": "http://127.0.0.9:{port}"},
    ],
    ids=lambda settings: settings["url"],
)
def test_this_machine_is_never_reached_by_the_environments_proxy(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, refusing_port: int
) -> None:
    with ScriptedServer([ACCEPT]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert not reached(proxy, settings["url"].format(port=refusing_port))


def test_no_proxy_exempts_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer([ACCEPT]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "other.example,.invalid")
        assert not reached(proxy, "http://plivo.invalid")


def test_the_settings_proxy_wins_over_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer([ACCEPT]) as ours, ScriptedServer([ACCEPT]) as theirs:
        monkeypatch.setenv("HTTP_PROXY", theirs.url)
        monkeypatch.setenv("NO_PROXY", "*")
        with gateway_to("http://plivo.example", proxy=ours.url) as gateway:
            assert isinstance(send(gateway), Accepted)
        assert theirs.connections == 0


@pytest.fixture
def refusing_port() -> Iterator[int]:
    """A port that is taken and on which nobody listens, on any address."""
    with socket.socket() as sock:
        sock.bind(("", 0))
        yield sock.getsockname()[1]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"url": "ftp://plivo.example"}, "plivo.url"),
        ({"url": "plivo.example"}, "plivo.url"),
        ({"url": ""}, "plivo.url"),
        ({"url": "https://me:hush@plivo.example"}, "plivo.url"),
        ({"url": "https://plivo.example/?a=b"}, "plivo.url"),
        ({"url": "https://plivo.example:99999"}, "plivo.url"),
        ({"proxy": "socks5://127.0.0.1:1080"}, "plivo.proxy"),
        ({"proxy": "http://"}, "plivo.proxy"),
    ],
    ids=str,
)
def test_an_address_that_cannot_work_is_said_at_once(changes: dict[str, str], key: str) -> None:
    values = {"url": "http://plivo.example", **changes}
    with pytest.raises(ValueError, match=re.escape(key)) as said, gateway_to(**values):
        pass
    assert "hush" not in str(said.value)
