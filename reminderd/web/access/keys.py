"""The tokens that count now."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence

from reminderd.settings.grants import Grant

LONGEST = 512  # characters of a token that is looked at
_PEPPER = secrets.token_bytes(32)


class Keys:
    """grants(): those of the settings in use, so that a reload counts at once."""

    def __init__(self, grants: Callable[[], Sequence[Grant]]) -> None:
        self._grants = grants
        self._seen: Sequence[Grant] | None = None
        self._digests: list[tuple[bytes, Grant]] = []

    def grant_for(self, token: bytes) -> Grant | None:
        """Whose token this is. Takes the same time whichever it is, and whether it is one."""
        digest = hashlib.sha256(token[:LONGEST]).digest()
        found = None
        for known, grant in self._current():
            if hmac.compare_digest(known, digest):
                found = grant
        return found if len(token) <= LONGEST else None

    def still(self, grant: Grant) -> bool:
        """Whether it counts as it did."""
        return any(hmac.compare_digest(grant.digest, each.digest) and each == grant for _, each in self._current())

    def _current(self) -> list[tuple[bytes, Grant]]:
        grants = self._grants()
        if grants is not self._seen:
            self._digests = [(bytes.fromhex(grant.digest), grant) for grant in grants]
            self._seen = grants
        return self._digests


def bearer_of(header: bytes | None) -> bytes | None:
    """The token of an Authorization header; None where it is none of the kind `Bearer`."""
    if header is None:
        return None
    kind, _, token = header.partition(b" ")
    return token.strip() if kind.lower() == b"bearer" else None


def remembered(token: bytes) -> bytes:
    """By what a wrong token is told from others; it cannot be had back."""
    return hashlib.blake2b(token, key=_PEPPER, digest_size=16).digest()
