"""How often a token or an address may ask, and how often an address may guess."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from math import ceil

from reminderd.web.access.rate import Buckets
from reminderd.web.problems import Declined

# So many different wrong tokens of one address, and then one every three seconds.
GUESSES, GUESSES_RATE = 10, 1 / 3
_MOST_WRONG = 4096
_PEPPER = secrets.token_bytes(32)


def burst_of(rate: float) -> float:
    """How many requests may come at once: those of two seconds, and ten at least."""
    return max(10.0, 2 * rate)


class Limits:
    """rate(): requests a second. now(): seconds, of a clock that never goes back."""

    def __init__(self, rate: Callable[[], float], now: Callable[[], float]) -> None:
        self._rate = rate
        self._now = now
        self._requests = Buckets()
        self._guesses = Buckets()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()  # tokens, unreadable

    def count(self, key: str) -> None:
        """One request more. Raises Declined where that is too many."""
        rate = self._rate()
        _decline_for(self._requests.take(key, rate, burst_of(rate), self._now()), "requests", "web.rate")

    def before_looking(self, address: str, token: bytes) -> None:
        """Raises Declined where this address has guessed so often that no token of its is looked at now.

        A wrong one that came before is no guess, so that a forgotten script does not stop others at its address.
        """
        if _unreadable(token) not in self._wrong:
            wait = self._guesses.lacking(address, GUESSES_RATE, GUESSES, self._now())
            _decline_for(wait, "wrong tokens", "from this address")

    def was_wrong(self, address: str, token: bytes) -> None:
        """Raises Declined as `count` does."""
        key = _unreadable(token)
        if key not in self._wrong:
            self._guesses.take(address, GUESSES_RATE, GUESSES, self._now())
        self._wrong[key] = None
        if len(self._wrong) > _MOST_WRONG:
            self._wrong.popitem(last=False)
        self.count(f"address {address}")


def _decline_for(seconds: float, what: str, which: str) -> None:
    if seconds > 0:
        again = ceil(seconds)
        detail = f"too many {what} ({which}); ask again in {again} s"
        raise Declined(429, "Too Many Requests", detail, {"retry-after": str(again)})


def _unreadable(token: bytes) -> bytes:
    """By what a wrong token is told from others; it cannot be had back."""
    return hashlib.blake2b(token, key=_PEPPER, digest_size=16).digest()
