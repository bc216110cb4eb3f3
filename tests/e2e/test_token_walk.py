"""A token's way through every place where it could leak: it is used rightly and wrongly, and then found nowhere."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from reminderd.settings.secrets import digest_of, make_token
from tests.support.daemon import Home, job, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import answers

pytestmark = pytest.mark.timeout(300)

OWN = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def token() -> str:
    return make_token()


@pytest.fixture(params=["json", "text"])
def home(request: pytest.FixtureRequest, tmp_path: Path, port: int, token: str) -> Iterator[Home]:
    settings = (
        f"log: {{format: {request.param}, level: debug}}\n"
        f"web:\n  listen: 127.0.0.1:{port}\n  rate: 1000\n"
        f"  tokens: ['walker read+act+write sha256:{digest_of(token)}']\n"
    )
    with SandboxProcess(tmp_path) as sandbox, Home(tmp_path / "home", sandbox.environment, settings) as made:
        yield made


def heard(port: int, method: str, path: str, body: str | None, headers: dict[str, str]) -> bytes:
    """Head and body of the answer; nothing where the daemon hangs up."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    with closing(connection), suppress(ConnectionError):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return str(answer.getheaders()).encode() + answer.read()
    return b""


def use(port: int, token: str) -> Iterator[tuple[str, bytes]]:
    """What is answered to a token, by where it was put."""
    bearer = {"Authorization": f"Bearer {token}"}
    html = {"Accept": "text/html"}
    placed: list[tuple[str, str, str | None, dict[str, str]]] = []
    for path in ("/api/v1/jobs", "/api/v1/nothing", "/", "/deliveries", "/sign-in", "/metrics", "/plivo/inbound"):
        placed += [("GET", path, None, bearer), ("POST", path, "{}", {**bearer, **JSON})]
        for kind in ({}, html):
            placed += [
                ("GET", path, None, {"Authorization": f"Basic {token}", **kind}),
                ("GET", path, None, {"Authorization": token, **kind}),
                ("GET", path, None, {"Authorization": f"Bearer  {token} {token}", **kind}),
                ("GET", f"{path}?access_token={token}", None, dict(kind)),
                ("GET", f"{path}/{token}", None, dict(kind)),
                ("GET", path, None, {"Cookie": f"reminderd={token}; {token}={token}", **kind}),
                ("GET", path, None, {"X-Forwarded-For": token, "User-Agent": token, "Referer": token, **kind}),
                ("GET", path, None, {"Host": token, "Origin": token, **kind}),
                (f"G{token}", path, None, dict(kind)),
            ]
    for body in (f'{{"name": "{token}"}}', f'{{"{token}": 1, "{token}": 2}}', f'"{token}', f'["{token}"]'):
        placed += [("POST", path, body, {**bearer, **JSON}) for path in ("/api/v1/reminders", "/api/v1/jobs/x/pause")]
    for path in ("/sign-in", "/sign-out", "/plivo/status/x", f"/plivo/status/{token}", "/plivo/inbound"):
        for field in ("token", "csrf", "Text", token):
            placed.append(("POST", path, f"{field}={quote(token)}", OWN))
            placed.append(("POST", path, f"{field}={quote(token)}", {**OWN, **html}))
    placed += [
        ("GET", f"/health/scheduled?job={token}", None, {}),
        ("GET", f"/{token}", None, {"X-Plivo-Signature-V3": token, "X-Plivo-Signature-V3-Nonce": token}),
    ]
    for method, path, content, headers in placed:
        yield f"{method} {path} {headers} {content}", heard(port, method, path, content, headers)
    with closing(socket.create_connection(("127.0.0.1", port), 20)) as plain, suppress(ConnectionError):
        plain.sendall(f"{token}\r\n\r\n".encode())
        yield "garbage", plain.recv(65536)


def kept(home: Home, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Everything that stays, or that the program prints of itself."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()
    for name in ("cmdline", "environ", "comm", "status"):
        yield name, Path(f"/proc/{home.process.pid}/{name}").read_bytes()
    for thread in Path(f"/proc/{home.process.pid}/task").iterdir():
        yield str(thread), (thread / "comm").read_bytes()
    for command in (
        ["status", "--json"],
        ["doctor", "--json", "--offline"],
        ["history", "--json"],
        ["check", "--json"],
    ):
        done: Any = home.run(*command)
        yield " ".join(command), (done.out + done.err).encode()


def test_a_token_is_found_nowhere(home: Home, port: int, token: str, tmp_path: Path) -> None:
    home.write("jobs.yaml", job("sent", phone(1)))
    home.start().until_states(sent="accepted")
    home.until(lambda: answers(port), "it does not listen")
    wrong = make_token()
    for each in (token, wrong):
        for where, answer in use(port, each):
            assert each.encode() not in answer, where
    home.run("reload")
    home.run("backup", str(tmp_path / "home" / "copy.db"))
    for each in (token, wrong):
        found = [where for where, content in kept(home, tmp_path) if each.encode() in content]
        assert found == []
    assert "web.refused" in home.log()
    assert home.stop() == 0
    assert [each for each in (token, wrong) if each in home.log()] == []
