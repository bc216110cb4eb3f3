"""What happened, in words fit for a log: short, and without texts, phone numbers and credentials."""

import re
import socket
import ssl
from http.client import HTTPException, RemoteDisconnected

LONGEST = 200
_READ = 2000  # characters looked at; an answer can be long
_NUMBER = re.compile(r"\+?\d(?:[ ().\-/]{0,2}\d){6,}")
_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: (\d{3})")
_RECOGNISABLE = 12  # characters of a text in a row; fewer may be chance


def scrub(evidence: str, text: str = "", secrets: tuple[str, ...] = ()) -> str:
    """`evidence` on one line of at most 200 characters, every number of 7 digits or more cut to its last four.

    text: a message of which no recognisable part may show. secrets: replaced wherever they stand.
    """
    evidence = _line(evidence)
    # Before anything is cut, which could leave a part that is not recognised.
    for secret in secrets:
        evidence = evidence.replace(secret, "[secret]")
    evidence = _NUMBER.sub(lambda number: f"…{number.group()[-4:]}", _without(_line(text), evidence[:_READ]))
    return evidence if len(evidence) <= LONGEST else f"{evidence[: LONGEST - 1]}…"


def of_unreached(error: Exception) -> str:
    """Why no connection stands."""
    match error:
        case ssl.SSLCertVerificationError():
            return scrub(f"certificate refused: {error.verify_message}")
        case ssl.SSLError():
            return scrub(f"TLS failed: {getattr(error, 'reason', None) or type(error).__name__}")
        case socket.gaierror():
            return scrub(f"name not resolved: {error.strerror}")
        case UnicodeError():
            return "name not resolved: it can be none"
        case TimeoutError():
            return "connect time-out"
        case _ if (status := tunnel_status(error)) is not None:
            return f"the proxy answered {status}"
        case OSError():
            return scrub(f"no connection: {error.strerror or type(error).__name__}")
        case _:
            return f"no connection: {type(error).__name__}"


def of_broken(error: Exception, read_timeout: float) -> str:
    """Why there is no whole answer to a request that was begun."""
    match error:
        case TimeoutError():
            return f"no answer for {read_timeout:g} s"
        case RemoteDisconnected():
            return "closed without an answer"
        case OSError():
            return scrub(f"connection lost: {error.strerror or type(error).__name__}")
        case HTTPException():
            return f"no HTTP answer: {type(error).__name__}"
        case _:
            return f"no answer: {type(error).__name__}"


def tunnel_status(error: Exception) -> int | None:
    """What a proxy answered instead of opening a tunnel; http.client tells it in words only."""
    found = _TUNNEL_REFUSED.match(str(error)) if isinstance(error, OSError) else None
    return int(found.group(1)) if found else None


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _without(text: str, evidence: str) -> str:
    """`evidence` with each run of characters that it shares with `text` made an ellipsis."""
    size = min(_RECOGNISABLE, len(text))
    if size < 4:
        return evidence
    shown, position = [], 0
    while position < len(evidence):
        end = position
        while evidence[end : end + size] in text and end + size <= len(evidence):
            end += 1
        shown.append(evidence[position] if end == position else "…")
        position = position + 1 if end == position else end + size - 1
    return "".join(shown)
