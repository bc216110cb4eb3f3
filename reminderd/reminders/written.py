"""A reminder as a job file that people can read and go on with."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from reminderd.clock import to_text
from reminderd.document import scalars
from reminderd.document.scalars import Plain
from reminderd.jobs import KEYS

_WORDS = re.compile(r"(?:[0-9]+[wdhms])+|[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*\.?")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
# What YAML of one version or another takes for something else than text.
_OTHERWISE = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
# All that may stand in a file as it is.
_SEEN = re.compile(
    r"[\x20-\x7e\xa0-\u1fff\u2010-\u2027\u2030-\u205f\u2070-\ud7ff\uf900-\ufdff\ufe10-\ufeef\U00010000-\U0001fffd]"
)
_INDENT = "  "


def write_job(job: Mapping[str, object], name: str, who: str, at: datetime) -> bytes:
    """The file of a job, which parses to exactly what `job` says, under this name. who: made it, by the API."""
    note = f"# Made through reminderd's API by {who} at {to_text(at)}; DELETE /api/v1/reminders/{name} ends it.\n"
    whole = {"name": name, **job} if "name" not in job else job
    return (note + "".join(_mapping(whole, 0, KEYS[()]))).encode()


def _mapping(
    value: Mapping[str, object], level: int, order: Collection[str], under: tuple[str, ...] = ()
) -> Iterator[str]:
    """The lines of a mapping: first the keys that it may have, as the docs have them; then others, as they were given."""
    known = [key for key in order if key in value]
    for key in (*known, *(key for key in value if key not in order)):
        yield f"{_INDENT * level}{_key(key)}:"
        yield from _value(value[key], level, (*under, key))


def _value(value: object, level: int, under: tuple[str, ...]) -> Iterator[str]:
    """What follows a colon, to the end of its line or lines."""
    match value:
        case dict() if value:
            yield "\n"
            yield from _mapping(value, level + 1, KEYS.get(under, ()), under)
        case list() if value:
            yield "\n"
            for each in value:
                yield from _item(each, level + 1, under)
        case str():
            yield f" {_scalar(value, level + 1)}\n"
        case _:
            yield " {}\n" if isinstance(value, dict) else " []\n"


def _item(value: object, level: int, under: tuple[str, ...]) -> Iterator[str]:
    """One of a list; a mapping begins on the line of its dash."""
    start = f"{_INDENT * level}-"
    if isinstance(value, dict) and value:
        lines = "".join(_mapping(value, level + 1, KEYS.get(under, ()), under))
        yield f"{start} {lines[len(_INDENT * (level + 1)) :]}"
    else:
        yield start
        yield from _value(value, level, under)


def _key(key: str) -> str:
    return key if _KEY.fullmatch(key) and key.lower() not in _OTHERWISE else _quoted(key)


def _scalar(text: str, level: int) -> str:
    if isinstance(text, Plain) or _means_itself(text):
        return text
    if _fits_a_block(text):
        keep = "|" if text.endswith("\n") else "|-"
        lines = text.removesuffix("\n").split("\n")
        return "\n".join([keep, *(f"{_INDENT * level}{line}" if line else "" for line in lines)])
    return _quoted(text)


def _means_itself(text: str) -> bool:
    """Whether it is the same text without quotes, to every reader."""
    if not _WORDS.fullmatch(text) or text.lower() in _OTHERWISE:
        return False
    return scalars.core(Plain(text)) == text


def _fits_a_block(text: str) -> bool:
    body = text.removesuffix("\n")
    return (
        "\n" in body
        and not body[0].isspace()
        and not body.endswith("\n")
        and all(char == "\n" or _SEEN.match(char) for char in text)
        and not any(line != line.rstrip() for line in body.split("\n"))
    )


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char == "\n":
        return "\\n"
    if char == "\t":
        return "\\t"
    if _SEEN.match(char):
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
