"""A program that asks a running daemon's API."""

import hashlib
import json
from http.client import HTTPConnection
from typing import Any

from tests.support.web import Answer

READ, ACT, WRITE, ALL = ("rmd_" + letter * 43 for letter in "ratw")
_SCOPES = {"board": (READ, "read"), "ops": (ACT, "act"), "maker": (WRITE, "write"), "all": (ALL, "read+act+write")}


def settings(port: int, more: str = "") -> str:
    """Of a daemon that listens there and knows these tokens. more: further keys of `web`."""
    lines = [
        f"'{name} {scopes} sha256:{hashlib.sha256(token.encode()).hexdigest()}'"
        for name, (token, scopes) in _SCOPES.items()
    ]
    return f"web: {{listen: '127.0.0.1:{port}', rate: 1000, tokens: [{', '.join(lines)}]{more}}}\n"


class Api:
    """Asks with one token; what goes wrong is an answer too."""

    def __init__(self, port: int, token: str | None = ALL) -> None:
        self.port = port
        self._token = token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request. body: sent as JSON; bytes are sent as they are. headers: by their names with underscores."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self._token is not None:
            given.setdefault("authorization", f"Bearer {self._token}")
        if body is not None:
            given.setdefault("content-type", "application/json")
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path if path.startswith("/api/") else f"/api/v1/{path}", sent, given)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """What a good answer says."""
        answer = self.ask("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.ask("POST", path, body)
        assert 200 <= answer.status < 300, answer
        return answer.json

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """The status of a problem, and what it says."""
        answer = self.ask(method, path, body)
        assert answer.headers["content-type"] == "application/problem+json", answer
        document = answer.json
        assert document["status"] == answer.status
        return answer.status, document["detail"]
