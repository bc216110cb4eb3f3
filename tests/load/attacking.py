"""What nobody should ask, each with the answers that are right for it."""

import base64
import json
import random
from collections.abc import Callable, Sequence

from tests.load.calling import post
from tests.load.wire import Ask
from tests.support.api import READ

_LIMITED = 429
_FLOODER = "127.0.66.6"
_HEAD = "Host: localhost\r\n"
_METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


class Attacker:
    """tokens: of attempts that there are, as somebody who has seen one might use them."""

    def __init__(self, tokens: Sequence[str], seed: int) -> None:
        self._tokens = tokens
        self._chance = random.Random(seed)
        self._ways: list[tuple[int, Callable[[], Ask]]] = [
            (25, self._forged),
            (12, self._wrong_token),
            (12, self._path),
            (12, self._flood),
            (10, self._query),
            (8, self._not_unicode),
            (6, self._garbage),
            (5, self._sign_in),
            (5, self._large),
            (5, self._head),
        ]

    def asks(self, number: int) -> list[Ask]:
        weights, ways = zip(*self._ways, strict=True)
        return [way() for way in self._chance.choices(ways, weights, k=number)]

    def _address(self) -> str:
        """Of this machine, and seldom the same one twice."""
        return f"127.{self._chance.randrange(1, 255)}.{self._chance.randrange(256)}.{self._chance.randrange(1, 255)}"

    def _forged(self) -> Ask:
        nonce = self._chance.randbytes(8).hex()
        signature = base64.b64encode(self._chance.randbytes(32)).decode()
        body = "MessageUUID=u&Status=delivered&Sequence=9&" + "&".join(f"f{each}=v" for each in range(30))
        return Ask("forged callback", post(f"/plivo/status/{self._token()}", body, nonce, signature), frozenset({403}))

    def _token(self) -> str:
        return self._chance.choice(self._tokens)

    def _wrong_token(self) -> Ask:
        token = "rmd_" + base64.urlsafe_b64encode(self._chance.randbytes(32)).decode().rstrip("=")
        data = f"GET /api/v1/deliveries HTTP/1.1\r\n{_HEAD}Authorization: Bearer {token}\r\n\r\n"
        source = self._chance.choice((_FLOODER, self._address()))
        return Ask("wrong token", data.encode(), frozenset({401, _LIMITED}), source=source)

    def _path(self) -> Ask:
        path = "/" + "/".join(
            self._chance.choice(("..", "etc", "%2e%2e", "wp-login.php", "%00", "a" * 500)) for _ in range(5)
        )
        data = f"{self._chance.choice(_METHODS)} {path} HTTP/1.1\r\n{_HEAD}Connection: close\r\n\r\n"
        return Ask("path", data.encode(), frozenset({404, 405, _LIMITED}), fresh=True, source=self._address())

    def _flood(self) -> Ask:
        data = f"GET /live HTTP/1.1\r\n{_HEAD}\r\n"
        return Ask("flood", data.encode(), frozenset({303, _LIMITED}), source=_FLOODER)

    def _query(self) -> Ask:
        """By somebody whose token is good."""
        cursor = base64.urlsafe_b64encode(self._chance.randbytes(self._chance.randrange(60))).decode()
        what = self._chance.choice(
            (
                f"deliveries?cursor={cursor}",
                f"deliveries/{self._chance.randrange(2**70)}",
                f"jobs?limit={cursor}",
                "deliveries?state=x&from=y",
            )
        )
        data = f"GET /api/v1/{what} HTTP/1.1\r\n{_HEAD}Authorization: Bearer {READ}\r\n\r\n"
        return Ask("query", data.encode(), frozenset({400, 404, 422, _LIMITED}))

    def _not_unicode(self) -> Ask:
        raw = "".join(f"%{byte:02x}" for byte in self._chance.randbytes(40)).encode() + b"?a=\xff\xfe%ff"
        body = self._chance.randbytes(200)
        head = b"POST /plivo/inbound/" + raw + b" HTTP/1.1\r\nHost: localhost\r\n"
        data = head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
        return Ask("not Unicode", data, frozenset({400, 403, 404}), fresh=True, source=self._address())

    def _garbage(self) -> Ask:
        data = self._chance.randbytes(self._chance.randrange(1, 2000)) + b"\r\n\r\n"
        return Ask("garbage", data, frozenset({0, 400}), fresh=True, source=self._address())

    def _sign_in(self) -> Ask:
        body = "token=rmd_" + self._chance.randbytes(16).hex() + "&next=//elsewhere.example"
        head = f"POST /sign-in HTTP/1.1\r\n{_HEAD}Origin: http://localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        data = (
            f"{head}Cookie: reminderd={self._chance.randbytes(200).hex()}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )
        return Ask("sign-in", data.encode(), frozenset({401, 403, _LIMITED}), source=self._address())

    def _large(self) -> Ask:
        body = json.dumps({"name": "x" * 60_000})
        length = self._chance.choice((300_000, 99_999_999_999))
        head = f"POST /api/v1/reminders HTTP/1.1\r\n{_HEAD}Authorization: Bearer {READ}\r\nContent-Type: application/json\r\n"
        data = f"{head}Content-Length: {length}\r\n\r\n{body}"
        return Ask("large body", data.encode(), frozenset({0, 413, _LIMITED}), fresh=True)

    def _head(self) -> Ask:
        many = "".join(f"X-{each}: {'y' * 200}\r\n" for each in range(200))
        data = f"GET /healthz HTTP/1.1\r\n{_HEAD}{many}\r\n"
        return Ask("huge head", data.encode(), frozenset({0, 400, 431}), fresh=True, source=self._address())
