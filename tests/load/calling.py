"""What Plivo would say of messages that were sent: signed callbacks, out of order, repeated, and some that are not Plivo's."""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from reminderd.gateway.sandbox import AUTH_TOKEN
from reminderd.gateway.signatures import sign_v3
from tests.load.wire import Ask

PUBLIC = "https://reminders.example.org"
_TAKEN, _FORBIDDEN, _UNKNOWN = frozenset({200}), frozenset({403}), frozenset({404})
_SENT = "select token, message_uuid, phone from report_attempts where outcome = 'accepted' and job = :job order by id"
_STEPS = ("queued", "sent", "delivered")
_BAD_EVERY, _BAD = 20, ("undelivered", "30")
_FORGED_EVERY, _STRANGE_EVERY = 20, 40


class Sent(NamedTuple):
    """A message that Plivo took."""

    token: str
    message_uuid: str
    phone: str


def sent(state: Path, job: str) -> list[Sent]:
    """Those of one job, as the state has them."""
    with closing(sqlite3.connect(f"{state.absolute().as_uri()}?mode=ro", uri=True)) as database:
        return [Sent(*row) for row in database.execute(_SENT, {"job": job})]


def ends_badly(position: int) -> bool:
    """Whether the message at that place does not reach its phone."""
    return position % _BAD_EVERY == 0


def callbacks(messages: Sequence[Sent], number: int, seed: int) -> list[Ask]:
    """So many that count, each message's as evenly as can be; and among them some that are wrongly signed, or of no message."""
    chance = random.Random(seed)
    asks = list(_shuffled(_signed(messages, number, chance), chance))
    forged = [_forged(messages[chance.randrange(len(messages))], chance) for _ in range(number // _FORGED_EVERY)]
    strange = [_strange(messages[0], chance) for _ in range(number // _STRANGE_EVERY)]
    for ask in forged + strange:
        asks.insert(chance.randrange(len(asks)), ask)
    return asks


def _signed(messages: Sequence[Sent], number: int, chance: random.Random) -> Iterator[Ask]:
    """Round after round: each message's three steps first, and then any of them again."""
    for count in range(number):
        around, position = divmod(count, len(messages))
        step = around if around < len(_STEPS) else chance.randrange(len(_STEPS))
        form = _form(messages[position], step, bad=ends_badly(position))
        yield _posted("signed", messages[position].token, form, AUTH_TOKEN, chance, _TAKEN, again=True)


def _shuffled(asks: Iterator[Ask], chance: random.Random, reach: int = 4000) -> Iterator[Ask]:
    """In another order, in which nothing is farther from its place than can be."""
    held: list[Ask] = []
    for ask in asks:
        held.append(ask)
        if len(held) >= reach:
            place = chance.randrange(len(held))
            held[place], held[-1] = held[-1], held[place]
            yield held.pop()
    chance.shuffle(held)
    yield from held


def _forged(message: Sent, chance: random.Random) -> Ask:
    form = {**_form(message, 2, bad=False), "Status": "failed", "ErrorCode": "900", "Sequence": "9"}
    return _posted("forged", message.token, form, "x" * len(AUTH_TOKEN), chance, _FORBIDDEN)


def _strange(message: Sent, chance: random.Random) -> Ask:
    token = chance.randbytes(16).hex()
    return _posted("of no message", token, _form(message, 2, bad=False), AUTH_TOKEN, chance, _UNKNOWN)


def _form(message: Sent, step: int, *, bad: bool) -> dict[str, str]:
    status, code = _BAD if bad and step == len(_STEPS) - 1 else (_STEPS[step], "")
    return {
        "From": "14155550100",
        "To": message.phone.lstrip("+"),
        "MessageUUID": message.message_uuid,
        "ParentMessageUUID": message.message_uuid,
        "PartInfo": "1 of 1",
        "Type": "sms",
        "Status": status,
        "Units": "1",
        "TotalRate": "0.0050",
        "TotalAmount": "0.0050",
        "MCC": "234",
        "MNC": "10",
        "Sequence": str(step + 1),
        "ErrorCode": code,
    }


def _posted(
    kind: str,
    token: str,
    form: dict[str, str],
    key: str,
    chance: random.Random,
    expects: frozenset[int],
    *,
    again: bool = False,
) -> Ask:
    path, nonce = f"/plivo/status/{token}", chance.randbytes(8).hex()
    signature = sign_v3("POST", PUBLIC + path, nonce, key, form)
    return Ask(kind, post(path, urlencode(form), nonce, signature), expects, again=again)


def post(path: str, body: str, nonce: str, signature: str) -> bytes:
    """A callback as bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(PUBLIC).netloc}\r\nUser-Agent: Plivo\r\n"
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
        f"X-Plivo-Signature-V3: {signature}\r\nX-Plivo-Signature-V3-Nonce: {nonce}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()
