"""Who is signed in to the page: a random id in a cookie, of which only the digest is kept, in memory."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from reminderd.settings.grants import Grant

LIFE, IDLE = 12 * 3600.0, 2 * 3600.0  # seconds: of a session at most, and while nothing is asked
MOST, MOST_OF_ONE = 1000, 50


@dataclass(slots=True)
class Session:
    """grant: as it was at the sign-in. csrf: what each form of this session has to bring along."""

    grant: Grant
    csrf: str
    began: float
    used: float


class Sessions:
    """now(): seconds, of a clock that never goes back. A restart ends all of them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._secret = secrets.token_bytes(32)
        self._open: OrderedDict[bytes, Session] = OrderedDict()  # by the id's digest, the one used last at the end

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, grant: Grant) -> str:
        """The id of a new one. Of too many the one that was idle longest ends."""
        of_one = [key for key, each in self._open.items() if each.grant.name == grant.name]
        for key in of_one[: max(0, len(of_one) + 1 - MOST_OF_ONE)]:
            del self._open[key]
        if len(self._open) >= MOST:
            self._open.popitem(last=False)
        ident, now = secrets.token_urlsafe(32), self._now()
        key = _digest(ident)
        seal = hmac.digest(self._secret, key, "sha256")
        self._open[key] = Session(grant, urlsafe_b64encode(seal).decode().rstrip("="), now, now)
        return ident

    def find(self, ident: str, *, used: bool) -> Session | None:
        """None where there is none or it is over. used: somebody does something, and not only their browser."""
        key, now = _digest(ident), self._now()
        found = self._open.get(key)
        if found is None:
            return None
        if now >= found.began + LIFE or now >= found.used + IDLE:
            del self._open[key]
            return None
        if used:
            found.used = now
            self._open.move_to_end(key)
        return found

    def end(self, ident: str) -> None:
        self._open.pop(_digest(ident), None)


def _digest(ident: str) -> bytes:
    # What a guess could learn from the time that the search for its digest takes is nothing about any id.
    return hashlib.sha256(ident.encode("utf-8", "replace")).digest()


def fits(csrf: str, given: str) -> bool:
    """Whether a form brought along what it has to."""
    return bool(csrf) and hmac.compare_digest(csrf.encode(), given.encode("utf-8", "replace"))
