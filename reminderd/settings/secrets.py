"""How a token of the listener is made, and what is kept of it."""

import hashlib
import secrets


def make_token() -> str:
    """A new one: 32 random bytes, so that nobody can guess it and its digest needs no salt."""
    return "rmd_" + secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """What the settings have in its place: its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()
