"""The sandbox for tests: as a process of its own that can be killed, without sockets, and the real SDK pointed at it.

Inside the test's own process use `reminderd.gateway.sandbox.Sandbox`, which is a context manager.
"""

import json
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import plivo

from reminderd.gateway.sandbox import AUTH_ID, AUTH_TOKEN, Ledger, Options, Seen, Service, environment, parse_fault
from reminderd.gateway.sandbox.http import Request, Response

SENDER = "+14155550100"
_COMMAND = "from reminderd.cli.sandbox import command; command()"


def wait_until(condition: Callable[[], bool], timeout: float = 30.0) -> None:
    """Return as soon as the condition holds; fail when it does not within `timeout` seconds."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def sdk_client(url: str, auth_id: str = AUTH_ID, auth_token: str = AUTH_TOKEN, read_timeout: float = 30.0) -> Any:
    """An unchanged `plivo.RestClient` but for its address."""
    client_class = type(
        "LocalClient",
        (plivo.RestClient,),
        {"base_uri": property(lambda _: f"{url}/v1/Account", lambda _self, _value: None)},
    )
    return client_class(auth_id, auth_token, timeout=(30.0, read_timeout))


class SandboxProcess:
    """`reminderd sandbox` as a child process with its ledger in `directory`; a context manager.

    `kill` is SIGKILL. `start` after `kill` or `stop` comes back on the same port with the same ledger.
    """

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.ledger_path = directory / "ledger.jsonl"
        self.errors_path = directory / "sandbox.stderr"
        self._arguments = arguments
        self._port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point reminderd at it."""
        return environment(self.url)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        """Start it; returns when it listens."""
        command = [sys.executable, "-c", _COMMAND, "--quiet", "--port", str(self._port)]
        command += ["--ledger", str(self.ledger_path), *self._arguments]
        with self.errors_path.open("a") as errors:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert self._process.stdout is not None
        url = self._process.stdout.readline().strip()
        if not url:
            self._end()
            raise RuntimeError(f"the sandbox did not start: {self.errors_path.read_text()}")
        self._port = urlsplit(url).port or 0
        return self

    def stop(self) -> int:
        """End it with SIGTERM; its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it with SIGKILL, in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()

    def _end(self, number: int | None = None) -> int:
        assert self._process is not None
        with self._process as process:  # closes the pipe and waits
            if number is not None:
                process.send_signal(number)
        self._process = None
        return process.returncode

    # What it accepted, and how it behaves

    def ledger(self) -> list[dict[str, Any]]:
        """Every accepted message, in order; readable also while the sandbox is down."""
        if not self.ledger_path.exists():
            return []
        return [
            json.loads(line) for line in self.ledger_path.read_bytes().splitlines(keepends=True) if line[-1:] == b"\n"
        ]

    def wait_accepted(self, count: int, timeout: float = 30.0) -> list[dict[str, Any]]:
        """The ledger as soon as it has `count` messages."""
        wait_until(lambda: len(self.ledger()) >= count, timeout)
        return self.ledger()

    def add_fault(self, *faults: str | Mapping[str, object]) -> None:
        self.control("POST", "faults", faults)

    def clear_faults(self) -> None:
        self.control("DELETE", "faults")

    def show_log(self, **how: object) -> None:
        """Show the log otherwise from now on: lag="2s", numbers=["[0-9]{4}$=****"]."""
        self.control("POST", "log", how)

    def tell_account(self, **words: object) -> None:
        """The account says this of itself from now on: credit="3.50", numbers=["+14155550100"]."""
        self.control("POST", "account", words)

    def hear(self, phone: str, sender: str, text: str) -> None:
        """Somebody writes to a sender, perhaps STOP or START; it is passed on to the inbound URL, if there is one."""
        self.control("POST", "inbound", {"from": phone, "to": sender, "text": text})

    def inbound_to(self, url: str | None, method: str = "POST") -> None:
        """Pass texts that come in on to this URL from now on."""
        self.control("POST", "inbound-url", {"url": url, "method": method})

    def call_back(self, message_uuid: str, status: str | None = None, **more: object) -> None:
        """Make one callback by hand, told as docs/sandbox.md says of /__control/callback."""
        said = {} if status is None else {"status": status}
        self.control("POST", "callback", {"message_uuid": message_uuid, **said, **more})

    def callbacks(self) -> list[dict[str, Any]]:
        """All callbacks as they stand, in order."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.control("GET", f"callbacks?after={found[-1]['id'] if found else 0}")
            found += page["callbacks"]
            if not page["more"]:
                return found

    def wait_answered(self, count: int, timeout: float = 30.0) -> list[dict[str, Any]]:
        """The callbacks as soon as `count` of them were answered with 2xx."""
        wait_until(lambda: self.control("GET", "callbacks?limit=0")["counts"].get("answered", 0) >= count, timeout)
        return self.callbacks()

    def faults(self) -> list[dict[str, Any]]:
        """The rules in force, each with `fault`, `seen` and `applied`."""
        listed: list[dict[str, Any]] = self.control("GET", "faults")["faults"]
        return listed

    def duplicates(self) -> list[dict[str, Any]]:
        """The groups of equal (src, dst, text) accepted more than once."""
        groups: list[dict[str, Any]] = self.control("GET", "duplicates")["duplicates"]
        return groups

    def requests(self) -> dict[str, int]:
        """How many requests of each kind came since the start."""
        return dict(self.control("GET", "requests"))

    def reset(self) -> None:
        self.control("POST", "reset")

    def control(self, method: str, path: str, document: object = None) -> dict[str, Any]:
        """One request to a control address; fails unless it is answered with 200."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, f"/__control/{path}", json.dumps(document))
            response = connection.getresponse()
            answer: dict[str, Any] = json.load(response)
        finally:
            connection.close()
        assert response.status == 200, answer
        return answer


NOW = datetime(2026, 11, 22, 8, 0, 0, 250_000, tzinfo=UTC)
MESSAGES = f"/v1/Account/{AUTH_ID}/Message/"
BODY = {"src": "+14155550100", "dst": "+14155550101", "text": "Rent is due"}


class Frozen:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def boottime(self) -> float:
        return self.passed

    def boot(self) -> str:
        return "this boot"

    def synchronised(self) -> bool:
        return True


class Played:
    """A service with its clock, asked directly."""

    def __init__(self, options: Options | None = None, *faults: str) -> None:
        self.clock = Frozen()
        self.seen: list[Seen] = []
        rules = [parse_fault(fault) for fault in faults]
        self.ledger = Ledger()
        self.service = Service(self.ledger, self.clock, options or Options(), rules, self.seen.append)

    @staticmethod
    def authorization(credentials: str) -> str:
        """The header that goes with `user:token`."""
        return f"Basic {b64encode(credentials.encode()).decode()}"

    def ask(self, method: str, target: str, body: object = None, credentials: str = f"{AUTH_ID}:token") -> Response:
        path, _, query = target.partition("?")
        headers = {"authorization": self.authorization(credentials)}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = self.service.handle(Request(method, path, query, headers, content, keep_alive=True)).response
        assert response is not None
        return response

    def send(self, **fields: object) -> Response:
        return self.ask("POST", MESSAGES, {**BODY, **fields})

    def uuids(self, **fields: object) -> list[str]:
        answer = self.send(**fields)
        assert answer.status == 202, answer
        uuids: list[str] = json.loads(answer.body)["message_uuid"]
        return uuids

    def page(self, **filters: object) -> dict[str, Any]:
        answer = self.ask("GET", f"{MESSAGES}?{urlencode(filters)}")
        assert answer.status == 200, answer
        document: dict[str, Any] = json.loads(answer.body)
        return document

    def listed(self, **filters: object) -> list[str]:
        return [shown["message_uuid"] for shown in self.page(**filters)["objects"]]
