"""Who may ask the sandbox, and whose token signs what it says by itself."""

import base64
import binascii
import re
from functools import lru_cache

AUTH_ID = "MASANDBOX00000000000"
AUTH_TOKEN = "sandbox"

_AUTH_ID = re.compile(r"(?:MA|SA)[A-Za-z0-9]{18}")
_MOST_ACCOUNTS = 1000


class Credentials:
    """auth_id, auth_token: the only ones that are taken; None takes any well-formed id with any token."""

    def __init__(self, auth_id: str | None, auth_token: str | None) -> None:
        self._auth_id = auth_id
        self._auth_token = auth_token
        self._seen: dict[str, str] = {}

    def may(self, auth_id: str, authorization: str) -> bool:
        """Whether a request with this header may ask about this account."""
        user, token = _basic(authorization)
        if not token or user != auth_id or not _AUTH_ID.fullmatch(auth_id):
            return False
        if self._auth_id not in (None, user) or self._auth_token not in (None, token):
            return False
        if user in self._seen or len(self._seen) < _MOST_ACCOUNTS:
            self._seen.pop(user, None)
            self._seen[user] = token
        return True

    def token_of(self, auth_id: str) -> str:
        """The account's token: the one that is taken, else the one with which it asked last."""
        return self._auth_token or self._seen.get(auth_id, AUTH_TOKEN)

    @property
    def account(self) -> str:
        """The account that people write to: the one that is taken, else the one that asked last."""
        return self._auth_id or next(reversed(self._seen), AUTH_ID)


@lru_cache(maxsize=64)
def _basic(authorization: str) -> tuple[str, str]:
    """User name and password of a Basic authorization; both empty when it is none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, token = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, token
