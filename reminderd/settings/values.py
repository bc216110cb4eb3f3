"""How each value of the settings is read; a value that cannot be used raises Wrong."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from reminderd.document import scalars
from reminderd.document.scalars import Wrong
from reminderd.model import OnQuiet
from reminderd.settings.grants import Grant, read_grant

Network = IPv4Network | IPv6Network

_ACCOUNT = re.compile(r"(?:MA|SA)[A-Za-z0-9]{18}")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_HOURS = re.compile(r"((?:[01][0-9]|2[0-3]):[0-5][0-9])-((?:[01][0-9]|2[0-3]):[0-5][0-9])")
_TOKEN = re.compile(r"[\x21-\x7e]{1,500}")
_LONGEST_TOKEN_FILE = 4096
_LONGEST_PATH_PART = 255
_FORMATS: dict[str, Literal["auto", "text", "json"]] = {"auto": "auto", "text": "text", "json": "json"}
_LEVELS: dict[str, Literal["debug", "info", "warning", "error"]] = {
    "debug": "debug",
    "info": "info",
    "warning": "warning",
    "error": "error",
}


def path(value: object) -> Path:
    path = Path(scalars.line(value))
    longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    if longest > _LONGEST_PATH_PART:
        raise Wrong(f"has a name of {longest} bytes in it, and no file's name has more than {_LONGEST_PATH_PART}")
    return path


def file(value: object) -> Path:
    found = path(value)
    if not os.path.isfile(found):  # noqa: PTH113 - also where nobody may look
        raise Wrong(f"{scalars.show(str(found))} is not a file")
    return found


def host(value: object) -> str:
    name = scalars.line(value)
    if not _HOST.fullmatch(name):
        raise Wrong("is not a name of a host", "write letters, digits, dots and hyphens, at most 200")
    return name


def one_or_more(value: object) -> list[object]:
    if scalars.is_null(value) or value == []:
        raise Wrong("is empty", "write one directory or a list of them")
    return value if isinstance(value, list) else [value]


def account(value: object) -> str:
    if not _ACCOUNT.fullmatch(scalars.line(value)):
        raise Wrong("is not a Plivo auth id", "it has 20 letters and digits and begins with MA or SA")
    return scalars.line(value)


def token(value: object) -> SecretStr:
    """A Plivo auth token; a problem never repeats it."""
    text = scalars.text(value)
    if not _TOKEN.fullmatch(text):
        raise Wrong("is not an auth token", "it has letters and digits, and no spaces")
    return SecretStr(text)


def read_token(path: Path) -> SecretStr:
    """The auth token in a file, without the white space around it. Raises Wrong where there is none to read."""
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_TOKEN_FILE)
    except OSError as error:
        raise Wrong(f"{scalars.show(str(path))} cannot be read: {error.strerror}") from None
    try:
        return token(content.decode("ascii").strip())
    except ValueError:
        raise Wrong(f"{scalars.show(str(path))} does not hold an auth token", "write the token into it") from None


def url(value: object) -> str:
    text = scalars.line(value)
    if not is_http(text):
        raise Wrong("is not an http or https URL", "write for example https://api.plivo.com")
    parts = urlsplit(text)
    if parts.query or parts.fragment or parts.username is not None:
        raise Wrong("must not have a user, a query or a fragment", "write for example https://api.plivo.com")
    return text.rstrip("/")


def proxy(value: object) -> str:
    text = scalars.line(value)
    if not is_http(text):
        raise Wrong("is not an http or https URL", "write for example http://proxy.example:3128")
    return text


def is_http(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and text.isprintable()
            and " " not in text
        )
    except ValueError:
        return False


def rate(value: object) -> float:
    return scalars.number(value, 0, 1000)


def threads(value: object) -> int:
    return scalars.whole(value, 1, 100)


def timeout(value: object) -> timedelta:
    return scalars.between(scalars.seconds(value), timedelta(milliseconds=1), timedelta(hours=1))


def delays(value: object) -> list[object]:
    if not isinstance(value, list):
        raise Wrong(f"must be a list of delays, not {scalars.kind(value)}", "write [0s, 1m, 5m, 15m]")
    return value


def format(value: object) -> Literal["auto", "text", "json"]:
    return scalars.choice(value, _FORMATS)


def level(value: object) -> Literal["debug", "info", "warning", "error"]:
    return scalars.choice(value, _LEVELS)


def price(value: object) -> float:
    return scalars.number(value, 0, 1000)


def currency(value: object) -> str:
    word = scalars.line(value)
    if not _CURRENCY.fullmatch(word):
        raise Wrong(f"{scalars.show(word)} is not a currency", "write a code such as USD")
    return word


def deliveries(value: object) -> int:
    return scalars.whole(value, 1, 10_000_000)


def spend(value: object) -> float:
    return scalars.number(value, 0, 10_000_000)


def quiet_hours(value: object) -> str:
    """Read by hand: the room that knows hours and zones lies above this one."""
    word = scalars.line(value).strip()
    match = _HOURS.fullmatch(word)
    if match is None or match[1] == match[2]:
        raise Wrong(f"{scalars.show(word)} are not quiet hours", "write them like 21:00-08:00")
    return word


def on_quiet(value: object) -> OnQuiet:
    return scalars.choice(value, {each.value: each for each in OnQuiet})


_LISTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})")


def listen(value: object) -> str:
    """HOST:PORT; an IPv6 address stands in brackets."""
    word = scalars.line(value).strip()
    match = _LISTEN.fullmatch(word)
    if match is None or not 0 < int(match[3]) < 65536:
        raise Wrong(
            f"{scalars.show(word)} is not an address to listen on", "write one like 127.0.0.1:9764 or [::1]:9764"
        )
    return word


def look(value: object) -> Literal["local", "token", "anyone"]:
    choices: dict[str, Literal["local", "token", "anyone"]] = {"local": "local", "token": "token", "anyone": "anyone"}
    return scalars.choice(value, choices)


def web_rate(value: object) -> float:
    return scalars.number(value, 0.1, 100_000)


def networks(value: object) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses, or networks of them."""
    found = []
    for each in value if isinstance(value, list | tuple) else [value]:
        word = scalars.line(each).strip()
        try:
            found.append(ip_network(word))
        except ValueError:
            raise Wrong(
                f"{scalars.show(word)} is not an address or a network", "write one like 127.0.0.1 or 10.0.0.0/8"
            ) from None
    return tuple(found)


def grants(value: object) -> tuple[Grant, ...]:
    found = []
    for number, each in enumerate(value if isinstance(value, list | tuple) else [value]):
        try:
            found.append(each if isinstance(each, Grant) else read_grant(scalars.line(each)))
        except Wrong as error:
            raise Wrong(error.message, error.hint, (number,) if isinstance(value, list) else ()) from None
    return tuple(found)


def prom(value: object) -> Path:
    found = path(value)
    if found.suffix != ".prom":
        raise Wrong(f"{scalars.show(str(found))} does not end in .prom", "node_exporter reads no other files")
    return found


def argv(value: object) -> tuple[str, ...]:
    """A program and its arguments; no shell reads them."""
    words = tuple(scalars.line(word) for word in (value if isinstance(value, list) else [value]))
    if not words:
        raise Wrong("is empty", "write a program, or a list of it and its arguments")
    if not os.path.isabs(words[0]):  # noqa: PTH117 - a word, no path of ours
        hint = "write a list: the program's path from / on, then its arguments; no shell reads it"
        raise Wrong(f"{scalars.show(words[0])} is not the whole path of a program", hint)
    return words


def hook(value: object) -> str:
    text = scalars.line(value)
    if not is_http(text):
        raise Wrong("is not an http or https URL", "write for example https://hooks.example/reminderd")
    return text


def waiting(value: object) -> timedelta:
    return scalars.between(scalars.span(value), timedelta(seconds=10), timedelta(days=7))


def every(value: object) -> timedelta:
    return scalars.between(scalars.span(value), timedelta(seconds=10), timedelta(days=1))


def kept(least: timedelta) -> Callable[[object], timedelta | None]:
    """How long something is kept; None for ever."""

    def kept(value: object) -> timedelta | None:
        if isinstance(value, str) and value.strip() == "forever":
            return None
        return scalars.between(scalars.span(value), least, timedelta(days=3660))

    return kept


def section(value: object) -> object:
    """A section whose keys are all commented out is empty."""
    return {} if scalars.is_null(value) else value
