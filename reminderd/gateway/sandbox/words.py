"""The little language of `key=value` words that faults are written in, and what is common to all who read it."""

import json
import re
from collections.abc import Collection, Mapping

from reminderd.gateway.sandbox.connection import LONGEST

Words = dict[str, str]

_SECONDS = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(ms|s|m)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}
_LONGEST_PATTERN = 500


def words_of_text(spec: str, flags: Collection[str]) -> Words:
    """The words of `a=1,b=2`; `flags` are those that need no value. Raises ValueError.

    A comma ends a value only before another key, so that patterns and bodies may contain commas.
    """
    if spec.lstrip().startswith("{"):
        try:
            return words_of_mapping(json.loads(spec))
        except json.JSONDecodeError as error:
            raise ValueError(f"this is not JSON: {error}") from error
    words: Words = {}
    for part in re.split(rf",(?=\s*[a-z_]+\s*=|\s*(?:{'|'.join(flags)})\s*(?:,|$))", spec):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals and key in flags:
            value = "true"
        elif not equals:
            raise ValueError(f"{part.strip()!r} is not key=value")
        if key in words:
            raise ValueError(f"{key} comes twice")
        words[key] = value
    return words


def words_of_mapping(spec: Mapping[str, object]) -> Words:
    """The words of the same in JSON; raises ValueError."""
    words: Words = {}
    for key, value in spec.items():
        match value:
            case bool():
                words[key] = str(value).lower()
            case str() | int() | float():
                words[key] = str(value)
            case {**pairs} if key == "header":
                words[key] = "|".join(f"{name}: {content}" for name, content in pairs.items())
            case _:
                raise ValueError(f"{key}: a text, a number or true and false belong here")
    return words


def parse_seconds(text: str) -> float:
    """`50ms`, `1.5s`, `2m` or a bare number of seconds, at most 300 s; raises ValueError."""
    match = _SECONDS.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a time, write it like 50ms, 1.5s or 2m")
    seconds = float(match[1]) * _UNITS[match[2]]
    if seconds > LONGEST:
        raise ValueError(f"{text!r} is longer than {LONGEST:.0f}s")
    return seconds


def pattern(key: str, words: Words) -> re.Pattern[str] | None:
    """The regular expression of that key, None without one; raises ValueError."""
    if key not in words:
        return None
    if len(words[key]) > _LONGEST_PATTERN:
        raise ValueError(f"{key}: a pattern is at most {_LONGEST_PATTERN} characters long")
    try:
        return re.compile(words[key])
    except re.error as error:
        raise ValueError(f"{key}={words[key]}: this is not a regular expression: {error}") from error


def number(key: str, words: Words, default: int | None) -> int | None:
    """The whole number of that key, `default` without one; raises ValueError."""
    if key not in words:
        return default
    if not re.fullmatch("[0-9]{1,9}", words[key]):
        raise ValueError(f"{key}={words[key]}: a whole number belongs here")
    return int(words[key])


def whole_number(text: str) -> int:
    """A number of at most nine digits; raises ValueError."""
    if not re.fullmatch("[0-9]{1,9}", text):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def yes_or_no(key: str, text: str) -> bool:
    """What true or false says; raises ValueError."""
    if text not in ("true", "false"):
        raise ValueError(f"{key}={text}: write true or false")
    return text == "true"
