"""What `doctor` says of the way to Plivo, over real sockets: each way to fail, provoked."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reminderd.clock import SystemClock
from reminderd.doctor import Finding, Grade, network
from reminderd.gateway.sandbox import Sandbox
from tests.e2e.scripted_server import ScriptedServer, answer, raw, tunnel
from tests.support.doctor import grades, one, plivo, scene

FAIL, WARN, OK, SKIP = Grade.FAIL, Grade.WARN, Grade.OK, Grade.SKIP
Look = Callable[..., list[Finding]]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "ssl_cert_file"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def look(tmp_path: Path) -> Look:
    def at(url: str, **changes: object) -> list[Finding]:
        return list(network.look(scene(tmp_path / "home", SystemClock(), plivo=plivo(url, **changes))))

    return at


@pytest.fixture
def certificate(tmp_path: Path) -> Callable[..., Path]:
    """A real certificate of openssl, self-signed for 127.0.0.1, with its key in the same file."""
    if shutil.which("openssl") is None:
        pytest.skip("making a certificate needs openssl")

    def make(days: float, names: str = "IP:127.0.0.1,DNS:localhost") -> Path:
        file = tmp_path / "server.pem"
        now = datetime.now(UTC)
        start, end = (f"{now + timedelta(days=each):%Y%m%d%H%M%SZ}" for each in (min(days, 0) - 1, days))
        key = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", str(file), "-out", f"{file}.csr"]
        subprocess.run([*key, "-subj", "/CN=reminderd test"], check=True, capture_output=True)
        (tmp_path / "names").write_text(f"subjectAltName={names}\nbasicConstraints=critical,CA:TRUE\n")
        (tmp_path / "index.txt").write_text("")
        (tmp_path / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=us\n[us]\ndatabase={tmp_path}/index.txt\nnew_certs_dir={tmp_path}\nrand_serial=yes\n"
            "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n"
        )
        sign = ["openssl", "ca", "-batch", "-selfsign", "-notext", "-config", str(tmp_path / "ca.cnf")]
        sign += ["-keyfile", str(file), "-in", f"{file}.csr", "-out", f"{file}.crt"]
        sign += ["-startdate", start, "-enddate", end, "-extfile", str(tmp_path / "names")]
        subprocess.run(sign, check=True, capture_output=True)
        file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
        return file

    return make


def tls(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_way_that_can_be_gone(look: Look) -> None:
    with Sandbox() as sandbox:
        assert grades(look(sandbox.url)) == {"network.name": OK, "network.connect": OK, "network.tls": SKIP}
        assert sandbox.requests() == {}


def test_a_name_that_nobody_knows(look: Look) -> None:
    found = look("https://plivo.invalid")
    assert grades(found) == {"network.name": FAIL, "network.connect": SKIP, "network.tls": SKIP}
    assert "plivo.invalid: name not resolved" in one(found, "network.name").seen


def test_a_port_that_is_closed(look: Look) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = look(f"https://127.0.0.1:{port}")
    assert grades(found) == {"network.name": OK, "network.connect": FAIL, "network.tls": SKIP}
    assert "Connection refused" in one(found, "network.connect").seen


def test_a_good_certificate_tells_until_when(look: Look, certificate: Callable[..., Path]) -> None:
    file = certificate(90)
    with ScriptedServer([answer(200)], tls=tls(file)) as server:
        found = look(f"https://127.0.0.1:{server.port}", ca_file=str(file))
    assert grades(found) == {"network.name": OK, "network.connect": OK, "network.tls": OK}
    assert "certificate of reminderd test, until 20" in one(found, "network.tls").seen


def test_a_certificate_about_to_expire(look: Look, certificate: Callable[..., Path]) -> None:
    file = certificate(3)
    with ScriptedServer([answer(200)], tls=tls(file)) as server:
        assert grades(look(f"https://127.0.0.1:{server.port}", ca_file=str(file)))["network.tls"] is WARN


@pytest.mark.parametrize(
    ("days", "names", "trusted", "said"),
    [
        (-1, "IP:127.0.0.1", True, "certificate refused: certificate has expired"),
        (90, "IP:127.0.0.1", False, "certificate refused: self-signed certificate"),
        (90, "DNS:api.plivo.com", True, "certificate refused: IP address mismatch"),
    ],
)
def test_a_certificate_that_is_no_good(
    look: Look, certificate: Callable[..., Path], days: int, names: str, trusted: bool, said: str
) -> None:
    file = certificate(days, names)
    with ScriptedServer([answer(200)], tls=tls(file)) as server:
        found = look(f"https://127.0.0.1:{server.port}", **({"ca_file": str(file)} if trusted else {}))
    assert grades(found) == {"network.name": OK, "network.connect": OK, "network.tls": FAIL}
    assert said in one(found, "network.tls").seen


def test_who_speaks_no_tls(look: Look) -> None:
    with ScriptedServer([answer(200)], greeting=lambda sock: sock.sendall(b"220 mail.example ESMTP\r\n")) as server:
        found = look(f"https://127.0.0.1:{server.port}")
    assert "TLS failed" in one(found, "network.tls").seen


def test_who_takes_the_connection_and_says_nothing(look: Look) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = look(f"https://127.0.0.1:{silent.getsockname()[1]}", connect_timeout="1s")
    assert grades(found) == {"network.name": OK, "network.connect": OK, "network.tls": FAIL}


def test_who_keeps_the_handshake_going_for_ever_is_cut(look: Look) -> None:
    over = threading.Event()

    def dribble(sock: socket.socket) -> None:
        sock.sendall(b"\x16\x03\x03\x40\x00")  # the head of a long record
        with contextlib.suppress(OSError):
            while not over.wait(0.1):
                sock.sendall(b"\x02")

    with ScriptedServer([answer(200)], greeting=dribble) as server:
        found = look(f"https://127.0.0.1:{server.port}", connect_timeout="1s")
        over.set()
    assert "not ready in time" in one(found, "network.tls").seen


def test_the_way_leads_through_the_proxy(look: Look, certificate: Callable[..., Path]) -> None:
    file = certificate(90)
    with ScriptedServer([answer(200)], tls=tls(file)) as target, ScriptedServer([tunnel(target.port)]) as proxy:
        changes = {"ca_file": str(file), "proxy": f"http://127.0.0.1:{proxy.port}"}
        found = look("https://localhost:9", **changes)
    assert grades(found) == {"network.name": OK, "network.connect": OK, "network.tls": OK}
    assert one(found, "network.connect").seen == f"127.0.0.1:{proxy.port} takes connections"
    assert f"localhost:9, by the proxy 127.0.0.1:{proxy.port}" in one(found, "network.tls").seen


def test_the_way_leads_through_a_proxy_that_speaks_tls(look: Look, certificate: Callable[..., Path]) -> None:
    file = certificate(90)
    through = tls(file)
    with (
        ScriptedServer([answer(200)], tls=through) as target,
        ScriptedServer([tunnel(target.port)], tls=through) as proxy,
    ):
        found = look("https://localhost:9", ca_file=str(file), proxy=f"https://127.0.0.1:{proxy.port}")
    assert grades(found) == {"network.name": OK, "network.connect": OK, "network.tls": OK}
    assert "certificate of reminderd test" in one(found, "network.tls").seen


def test_what_the_proxy_is_told_is_shown_to_nobody(look: Look) -> None:
    refusal = raw(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
    with ScriptedServer([refusal]) as proxy:
        found = look("https://api.plivo.invalid", proxy=f"http://anna:s3cret@127.0.0.1:{proxy.port}")
    assert "s3cret" not in str(found)
    assert "anna" not in str(found)


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_opens_no_tunnel(look: Look, status: int) -> None:
    refusal = raw(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
    with ScriptedServer([refusal]) as proxy:
        found = look("https://api.plivo.invalid", proxy=f"http://127.0.0.1:{proxy.port}")
    assert grades(found) == {"network.name": OK, "network.connect": OK, "network.tls": FAIL}
    assert f"the proxy answered {status}" in one(found, "network.tls").seen
    assert "proxy" in one(found, "network.tls").do


def test_a_token_is_not_sent_in_the_clear(look: Look) -> None:
    """To another machine; here it is one of the names of this one."""
    with Sandbox() as sandbox:
        port = sandbox.url.rsplit(":", 1)[1]
        found = look(f"http://{socket.gethostname()}.invalid:{port}", proxy=sandbox.url)
    assert grades(found)["network.tls"] is FAIL
    assert one(found, "network.tls").do == "use https"


@pytest.fixture
def address_of_nobody() -> Iterator[str]:
    """A port whose queue of connections is full, so that nobody answers there."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        yield f"https://127.0.0.1:{full.getsockname()[1]}"
        for each in waiting:
            each.close()


def test_who_does_not_answer_at_all(look: Look, address_of_nobody: str) -> None:
    found = look(address_of_nobody, connect_timeout="1s")
    assert grades(found) == {"network.name": OK, "network.connect": FAIL, "network.tls": SKIP}
    assert "connect time-out" in one(found, "network.connect").seen
