"""The nouns of HTTP that the sandbox speaks: requests, answers, and what is neither."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self


class Malformed(Exception):
    """What came is no request that can be answered; `status` and `reason` go back to the client, then the close."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Request:
    """One whole request. Header names are in lower case; `path` and `query` are as they came, still encoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool

    def document(self) -> Any:
        """The body as JSON; raises ValueError."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):  # json reads nested brackets by recursion
            raise ValueError("the request body is not JSON") from None


@dataclass(frozen=True, slots=True)
class Response:
    """One whole answer; its framing headers are added when it is encoded."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_json(cls, status: int, document: object) -> Self:
        return cls(status, json.dumps(document).encode(), "application/json")

    @classmethod
    def of_text(cls, status: int, text: str, *headers: tuple[str, str]) -> Self:
        return cls(status, text.encode(), headers=headers)

    def encode(self, date: str, *, close: bool = False, head_only: bool = False) -> bytes:
        """The bytes on the wire. `date` is the Date header; `head_only` is for answers to HEAD."""
        lines = [f"HTTP/1.1 {self.status} {phrase(self.status)}\r\nDate: {date}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        bodiless = self.status in (204, 304)
        if not bodiless:
            lines.append(f"Content-Type: {self.content_type}\r\nContent-Length: {len(self.body)}")
        if close:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        return head if bodiless or head_only else head + self.body


def phrase(status: int) -> str:
    """The words that go with a status code."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
