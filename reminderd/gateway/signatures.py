"""Plivo's signatures of the requests that it makes to us, versions 2 and 3, as its SDK 4.63 computes them.

V2 covers the address without its query, V3 covers address, query and form. Both are base64 of an HMAC-SHA256 with the
account's auth token. `url` is the address that Plivo was given, with scheme and host as they are outside of any proxy,
and with the query that came. The SDK's own functions raise for what a stranger may send, and compare byte by byte.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest
from urllib.parse import parse_qs, urlparse, urlunparse

Params = Mapping[str, str | Sequence[str]]
"""What a form holds: a name with its value, or with all of its values where it comes more than once."""


def sign_v2(url: str, nonce: str, token: str) -> str:
    """The value of X-Plivo-Signature-V2. Raises ValueError for a url that is none, and for text that is not Unicode."""
    return _sign(_base(url) + nonce, token)


def verify_v2(url: str, nonce: str | None, signature: str | None, token: str) -> bool:
    """Whether `signature`, one or several with commas between, is that of this request. Says nothing of query and form.

    Never raises; nonce and signature are what the headers hold, None where they are missing.
    """
    if not _complete(nonce, signature, token):
        return False
    try:
        return _matches(sign_v2(url, nonce or "", token), signature or "")
    except ValueError:
        return False


def sign_v3(method: str, url: str, nonce: str, token: str, params: Params | None = None) -> str:
    """The value of X-Plivo-Signature-V3. Raises ValueError for another method than GET and POST, a url that is none, and
    for text that is not Unicode.

    params: the form of a POST. What a GET says is in the query of `url`; params are merged with it, as the SDK does.
    """
    if method == "GET":
        query = _query(_parameters(url, params or {}))
        text = _base(url) + (f"?{query}" if query else "")
    elif method == "POST":
        query, form = _query(_parameters(url, {})), _form(params or {})
        text = _base(url) + (f"?{query}" if query or params else "") + ("." if query and params else "") + form
    else:
        raise ValueError(f"{method} is not a method that is signed, GET and POST are")
    return _sign(f"{text}.{nonce}", token)


def verify_v3(
    method: str, url: str, nonce: str | None, signature: str | None, token: str, params: Params | None = None
) -> bool:
    """Whether `signature`, one or several with commas between (one for each token that the account has), is that of this
    request.

    Never raises; nonce and signature are what the headers hold, None where they are missing.
    """
    if not _complete(nonce, signature, token):
        return False
    try:
        return _matches(sign_v3(method, url, nonce or "", token, params), signature or "")
    except ValueError:
        return False


def _complete(nonce: str | None, signature: str | None, token: str) -> bool:
    """Without a token anybody could sign; a nonce is ASCII, whatever a stranger writes."""
    return bool(token and signature and nonce and nonce.isascii())


def _matches(expected: str, signature: str) -> bool:
    """Every candidate is looked at, each in the same time: how long it takes tells nothing of what would be right."""
    wanted, found = expected.encode(), False
    for candidate in signature.encode("utf-8", "replace").split(b","):
        found |= compare_digest(wanted, candidate.strip(b" \t"))
    return found


def _sign(text: str, token: str) -> str:
    return b64encode(hmac_digest(token.encode(), text.encode(), sha256)).decode()


def _base(url: str) -> str:
    """Scheme, host and path."""
    parts = urlparse(url)
    if not parts.scheme or not parts.netloc:
        raise ValueError("this is not a whole address")
    return urlunparse((parts.scheme, parts.netloc, parts.path, "", "", ""))


def _parameters(url: str, params: Params) -> Params:
    return {**params, **parse_qs(urlparse(url).query, keep_blank_values=True)}


def _query(params: Params) -> str:
    return "&".join("&".join(f"{name}={value}" for value in values) for name, values in _sorted(params))


def _form(params: Params) -> str:
    return "".join(f"{name}{value}" for name, values in _sorted(params) for value in values)


def _sorted(params: Params) -> list[tuple[str, list[str]]]:
    return [(name, [values] if isinstance(values, str) else sorted(values)) for name, values in sorted(params.items())]
