"""How callbacks are made: where inbound texts go, how patient it is, and what public addresses stand for."""

import re
from typing import NamedTuple

from reminderd.gateway.sandbox.callbacks.address import parse_address

_BEHIND = re.compile(r"(https?://[^/=\s]+)=(https?://\S+)")
_SCALE = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,6})?")


class Behind(NamedTuple):
    """What Plivo would reach at `public` listens at `local`, as behind a proxy: `https://example.org`, `http://127.0.0.1:8080`."""

    public: str
    local: str


class CallbackOptions(NamedTuple):
    """inbound_url, inbound_method: where texts to our senders are posted, None for nowhere. scale: of the pauses before
    another try, which are Plivo's for 1. patience: seconds in which a callback is to be answered. behind: see there.
    most: so many may wait, with the states that are still to come; what comes on top is dropped.
    """

    inbound_url: str | None = None
    inbound_method: str = "POST"
    scale: float = 1.0
    patience: float = 8.0
    behind: tuple[Behind, ...] = ()
    most: int = 50_000

    def local(self, url: str) -> str:
        """The address to which a callback to `url` is made."""
        for public, local in self.behind:
            if url == public or url.startswith((f"{public}/", f"{public}?")):
                return local + url.removeprefix(public)
        return url


def parse_behind(text: str) -> Behind:
    """`https://reminders.example.org=http://127.0.0.1:8080`; raises ValueError."""
    match = _BEHIND.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not PUBLIC=LOCAL, write it like https://example.org=http://127.0.0.1:8080")
    parse_address(match[2])
    return Behind(match[1], match[2].rstrip("/"))


def parse_scale(text: str) -> float:
    """`0.01`; raises ValueError."""
    if not _SCALE.fullmatch(text):
        raise ValueError(f"{text!r} is not a factor, write it like 0.01")
    return float(text)
