"""The tokens that count now."""

import hashlib
import hmac
from collections.abc import Callable, Sequence

from reminderd.settings.grants import Grant

LONGEST = 512  # characters of a token that is looked at


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

    def now(self, grant: Grant) -> Grant | None:
        """What this token may do now; None where it is gone."""
        return next((each for _, each in self._current() if each[::2] == grant[::2]), None)

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
