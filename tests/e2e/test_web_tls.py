"""The listener over TLS: only with a good pair, renewed by a reload, and bounded from the first byte."""

import json
import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from reminderd.settings.secrets import digest_of, make_token
from tests.support.certificates import Pair, make
from tests.support.daemon import Home
from tests.support.sandbox import SandboxProcess
from tests.support.web import Answer, ask

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return make(tmp_path, "first")


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess, port: int, pair: Pair) -> Iterator[Home]:
    tls = f"tls_certificate: {pair.certificate}, tls_key: {pair.key}"
    settings = f"web: {{listen: '127.0.0.1:{port}', look: token, {tls}}}\n"
    with Home(tmp_path / "home", sandbox.environment, settings) as made:
        yield made


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def ask_secure(port: int, path: str, certificate: Path, **headers: str) -> Answer:
    connection = HTTPSConnection("127.0.0.1", port, timeout=20, context=trusting(certificate))
    with closing(connection):
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def serves(port: int, certificate: Path) -> bool:
    try:
        return ask_secure(port, "/healthz", certificate).status == 200
    except OSError:
        return False


def put(pair: Pair, fresh: Pair) -> None:
    shutil.copy(fresh.certificate, pair.certificate)
    shutil.copy(fresh.key, pair.key)


def test_a_reload_takes_renewed_files_and_connections_go_on(home: Home, port: int, pair: Pair, tmp_path: Path) -> None:
    old = tmp_path / "old.pem"
    shutil.copy(pair.certificate, old)
    home.start()
    home.until(lambda: serves(port, pair.certificate), "it does not answer")
    before = HTTPSConnection("127.0.0.1", port, timeout=20, context=trusting(old))
    with closing(before):
        before.request("GET", "/healthz")
        assert before.getresponse().read()
        put(pair, make(tmp_path, "second"))
        home.run("reload")
        home.until(lambda: serves(port, pair.certificate), "the renewed one is not used")
        assert not serves(port, old)
        before.request("GET", "/healthz")
        assert json.loads(before.getresponse().read())["status"] == "ok"
    assert "tls_certificate" not in str(home.json("status")["problems"])


def test_a_bad_pair_is_a_problem_and_the_one_before_goes_on(home: Home, port: int, pair: Pair, tmp_path: Path) -> None:
    old = tmp_path / "old.pem"
    shutil.copy(pair.certificate, old)
    home.start()
    home.until(lambda: serves(port, old), "it does not answer")
    shutil.copy(make(tmp_path, "second").certificate, pair.certificate)
    home.run("reload")
    home.until(lambda: "the key is not the certificate's" in str(home.json("status")["problems"]), "it is no problem")
    assert serves(port, old)
    shutil.copy(old, pair.certificate)
    home.run("reload")
    home.until(lambda: "tls_certificate" not in str(home.json("status")["problems"]), "it stays a problem")


def test_it_does_not_listen_in_the_clear_where_tls_cannot_be_had(home: Home, port: int, pair: Pair) -> None:
    content = pair.key.read_bytes()
    pair.key.write_text("nothing of the kind\n")
    home.start().until_logged("web.failed")
    home.until(lambda: "they are not PEM" in str(home.json("status")["problems"]), "it is no problem in status")
    with pytest.raises(OSError):
        ask(port, "/healthz")
    pair.key.write_bytes(content)
    home.until(lambda: serves(port, pair.certificate), "it is not tried again")
    home.until(lambda: not home.json("status")["problems"], "it stays a problem")


def test_what_is_not_tls_does_no_harm(home: Home, port: int, pair: Pair) -> None:
    home.start()
    home.until(lambda: serves(port, pair.certificate), "it does not answer")
    for words in (b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\xff" * 70000, b"\0", b""):
        with closing(socket.create_connection(("127.0.0.1", port), 20)) as plain, suppress(ConnectionError):
            plain.sendall(words)
            plain.shutdown(socket.SHUT_WR)
            assert b"HTTP" not in plain.recv(1000)
    old = trusting(pair.certificate)
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with closing(socket.create_connection(("127.0.0.1", port), 20)) as plain, pytest.raises(OSError):
        old.wrap_socket(plain, server_hostname="127.0.0.1")
    assert serves(port, pair.certificate)
    assert "Traceback" not in home.log()
    assert "daemon.failed" not in home.log()
    assert home.stop() == 0


def test_handshakes_that_never_end_take_no_place_from_others(home: Home, port: int, pair: Pair) -> None:
    home.start()
    home.until(lambda: serves(port, pair.certificate), "it does not answer")
    silent = []
    for _ in range(300):
        silent.append(socket.create_connection(("127.0.0.1", port), 20))
        silent[-1].sendall(b"\x16\x03\x01")
    assert len(list(Path(f"/proc/{home.process.pid}/fd").iterdir())) < 150
    home.until(lambda: serves(port, pair.certificate), "nobody else gets through")
    home.until(lambda: all(_is_over(each) for each in silent), "a handshake has no end")
    for each in silent:
        each.close()
    assert "Traceback" not in home.log()
    assert home.stop() == 0
    assert "never retrieved" not in home.log()


def _is_over(peer: socket.socket) -> bool:
    peer.settimeout(0.01)
    try:
        return peer.recv(100) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_who_signs_in_over_tls_has_a_cookie_that_is_bound_to_it(home: Home, port: int, pair: Pair) -> None:
    token = make_token()
    text = home.settings.read_text().replace("look: token", f"tokens: ['board read sha256:{digest_of(token)}']")
    home.settings.write_text(text)
    home.start()
    home.until(lambda: serves(port, pair.certificate), "it does not answer")
    connection = HTTPSConnection("127.0.0.1", port, timeout=20, context=trusting(pair.certificate))
    with closing(connection):
        headers = {
            "Origin": f"https://127.0.0.1:{port}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        connection.request("POST", "/sign-in", f"token={token}", headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303
        cookie = answer.getheader("set-cookie", "")
    assert cookie.startswith("__Host-reminderd=")
    assert "; Secure" in cookie


def test_a_token_is_asked_for_over_tls_as_well(home: Home, port: int, pair: Pair) -> None:
    home.start()
    home.until(lambda: serves(port, pair.certificate), "it does not answer")
    answer = ask_secure(port, "/api/v1/jobs", pair.certificate)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer realm="reminderd"')
