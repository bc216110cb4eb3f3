"""What can go wrong with a callback on its way: the words of a rule, and the signatures that it then bears."""

import secrets
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from reminderd.gateway.sandbox.words import Words, number, yes_or_no
from reminderd.gateway.signatures import sign_v2, sign_v3

KEYS = ("signature", "repeat", "lost", "reorder")
FLAGS = ("lost", "reorder")
MOST_REPEATS = 100


class Signature(StrEnum):
    """Which signatures a callback bears.

    RIGHT: V2 and V3, each for the account and the main account. WRONG: the same, of another token. V2: no V3. MA: V3 is
    right for the main account alone. LIST: V3 of two tokens, of which the second is right. NONE: no header at all.
    """

    RIGHT = "right"
    WRONG = "wrong"
    V2 = "v2"
    MA = "ma"
    LIST = "list"
    NONE = "none"


class Mishap(NamedTuple):
    """repeat: how often it is made in all. reorder: it waits until the next one of the same message was answered."""

    signature: Signature = Signature.RIGHT
    repeat: int = 1
    lost: bool = False
    reorder: bool = False


def read_mishap(words: Words) -> Mishap | None:
    """What the words ask for, None if none of them is about that; raises ValueError."""
    if not words.keys() & set(KEYS):
        return None
    repeat = number("repeat", words, 1)
    if repeat is None or not 1 <= repeat <= MOST_REPEATS:
        raise ValueError(f"repeat={words['repeat']}: a callback is made from 1 to {MOST_REPEATS} times")
    lost, reorder = (key in words and yes_or_no(key, words[key]) for key in FLAGS)
    return Mishap(_signature(words.get("signature", "right")), repeat, lost, reorder)


def signed(kind: Signature, method: str, url: str, form: Mapping[str, str], token: str) -> list[tuple[str, str]]:
    """The headers of a callback to `url`, which for a GET has the form in its query."""
    if kind is Signature.NONE:
        return []
    wrong = f"not {token}"
    nonce = _nonce()
    v2 = sign_v2(url, nonce, wrong if kind is Signature.WRONG else token)
    headers = [("X-Plivo-Signature-V2", v2), ("X-Plivo-Signature-Ma-V2", v2), ("X-Plivo-Signature-V2-Nonce", nonce)]
    if kind is Signature.V2:
        return headers
    nonce = _nonce()
    params = form if method == "POST" else None
    right, other = (sign_v3(method, url, nonce, each, params) for each in (token, wrong))
    match kind:
        case Signature.WRONG:
            plain = main = other
        case Signature.MA:
            plain, main = other, right
        case Signature.LIST:
            plain = main = f"{other},{right}"
        case Signature.RIGHT:
            plain = main = right
    names = ("X-Plivo-Signature-V3", "X-Plivo-Signature-Ma-V3", "X-Plivo-Signature-V3-Nonce")
    return [*headers, *zip(names, (plain, main, nonce), strict=True)]


def _signature(text: str) -> Signature:
    try:
        return Signature(text)
    except ValueError:
        raise ValueError(f"signature={text}: write one of {', '.join(Signature)}") from None


def _nonce() -> str:
    return f"{secrets.randbelow(10**20):020d}"
