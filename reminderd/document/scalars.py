"""Reading single values that people wrote: text becomes what is meant, or a `Wrong` that says what to write instead."""

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from reminderd import duration

Item = TypeVar("Item")

LONGEST_LINE = 500

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Also what is printed as nothing, or turns the direction of the text after it.
_UNSEEN = re.compile(_CONTROL.pattern[:-1] + r"\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_QUOTES = "“”„‟«»‘’‚‛"
_TYPOGRAPHIC = re.compile(f"[{_QUOTES}]")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_YES_NO = {
    "yes": "true",
    "on": "true",
    "y": "true",
    "1": "true",
    "no": "false",
    "off": "false",
    "n": "false",
    "0": "false",
}
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_NEGATIVE = re.compile(r"-[0-9]{1,30}(?:\.[0-9]{1,30})?")
_AMOUNT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
# Files beside the zones that are this machine's own zone, or count leap seconds.
_NOT_IANA = re.compile(r"localtime|posixrules|Factory|(posix|right)/.*")
_IN_NUMBERS = re.compile("[ .()/\u00a0\u2010-\u2015-]+")
_SENDER = re.compile(r"\+?[0-9]{3,15}|(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,11}")


class Plain(str):
    """Text written without quotes."""

    __slots__ = ()


class Wrong(ValueError):
    """A value that cannot be used as it is written. at: where in it, as keys and indexes; () for the whole of it."""

    def __init__(self, message: str, hint: str = "", at: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.at = at


def show(text: str) -> str:
    """`text` in quotes for a problem: cut to 40 characters, control characters escaped."""
    return repr(str(text[:40]) + ("…" if len(text) > 40 else ""))


def clean(sentence: str) -> str:
    """`sentence` fit for one line of a terminal: what cannot be seen is escaped, and it is cut to 300 characters."""
    cut = sentence[:300] + ("…" if len(sentence) > 300 else "")
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), cut)


def nearest(word: str, options: Collection[str]) -> str | None:
    """The option that `word` was perhaps meant to be, if any looks like it."""
    folded = {option.casefold(): option for option in options}
    close = get_close_matches(word[:40].casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def did_you_mean(word: str, options: Collection[str]) -> str:
    """A hint at the option that is nearest to `word`, or ""."""
    found = nearest(word, options)
    return "" if found is None else f"did you mean {found!r}?"


def kind(value: object) -> str:
    """What `value` is, in words of YAML."""
    match value:
        case Plain() if value in _NULLS:
            return "empty"
        case str():
            return "text"
        case Mapping():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "empty"
    return "a number" if not isinstance(value, bool) else "true or false"


def is_null(value: object) -> bool:
    """Whether YAML reads `value` as nothing: an empty place, ~ or null without quotes."""
    return value is None or (isinstance(value, Plain) and value in _NULLS)


def core(value: object) -> object:
    """`value` as YAML 1.2's core schema means it: numbers, true, false and null where they are written without quotes.

    A number stays text when it would not print as it is written: +1415, 007, 1.10, 1e3, 1_000.
    """
    match value:
        case Plain():
            return _core_scalar(value)
        case dict():
            return {str(key): core(item) for key, item in value.items()}
        case list():
            return [core(item) for item in value]
    return value


def _core_scalar(plain: Plain) -> object:
    if plain in _NULLS:
        return None
    if plain in _TRUTHS:
        return _TRUTHS[plain]
    text = str(plain)
    if _NUMBER.fullmatch(text):
        number = float(text) if "." in text else int(text)
        return number if str(number) == text else text
    return text


def text(value: object) -> str:
    """Text of any length, with line breaks."""
    if is_null(value):
        raise Wrong(
            "has no value", "write one, or remove the key" if not value else "put it in quotes if it is meant as text"
        )
    if not isinstance(value, str):
        raise Wrong(f"must be text, not {kind(value)}")
    return str(value)


def line(value: object) -> str:
    """Text of one line, not empty, of at most 500 characters."""
    read = text(value)
    if not read.strip():
        raise Wrong("is empty", "write a value, or remove the key")
    if len(read) > LONGEST_LINE:
        raise Wrong(f"is {len(read)} characters long, at most {LONGEST_LINE} are allowed")
    if found := _CONTROL.search(read):
        raise Wrong(f"holds the control character {found[0]!r}", "write it on one line, without control characters")
    return read


def notation(value: object) -> str:
    """A line in which nobody means typographic quotes: a time, a number, one of several words."""
    read = line(value)
    if quote := _TYPOGRAPHIC.match(read) or _TYPOGRAPHIC.search(read, len(read) - 1):
        straight = read.strip(_QUOTES + " ")
        shown = f', like "{straight}"' if straight and len(straight) <= 40 and not straight.startswith("+") else ""
        raise Wrong(f"holds the typographic quote {quote[0]}", f"write straight quotes{shown}, or none")
    return read


def choice(value: object, options: Mapping[str, Item]) -> Item:
    """The option that is named."""
    word = notation(value)
    if word not in options:
        hint = did_you_mean(word, options) or f"write one of {', '.join(options)}"
        raise Wrong(f"{show(word)} is none of {', '.join(options)}", hint)
    return options[word]


def boolean(value: object) -> bool:
    """true or false, and no other word for them."""
    if isinstance(value, bool):
        return value
    word = notation(value)
    if word not in _TRUTHS:
        meant = _YES_NO.get(word.lower())
        raise Wrong(f"{show(word)} is not true or false", f"write {meant}" if meant else "write true or false")
    return _TRUTHS[word]


def span(value: object) -> timedelta:
    """A duration such as 1h30m."""
    word = notation(value)
    try:
        return duration.parse_duration(word)
    except ValueError:
        raise Wrong(_why_no_duration(word), duration.HINT) from None


def _why_no_duration(word: str) -> str:
    try:
        duration.parse_duration(word[:40])
    except ValueError as error:
        return str(error)
    return f"{show(word)} is not a duration"


def between(length: timedelta, least: timedelta, most: timedelta) -> timedelta:
    """`length` when it is within the bounds, both included."""
    if least <= length <= most:
        return length
    words = duration.format_duration
    bound = f"at least {words(least)}" if length < least else f"at most {words(most)}"
    raise Wrong(f"{words(length)} is too {'short' if length < least else 'long'}", f"write {bound}")


def seconds(value: object) -> timedelta:
    """A duration, or a plain number of seconds."""
    word = notation(value)
    return timedelta(seconds=float(word)) if _AMOUNT.fullmatch(word) else span(value)


def number(value: object, least: float, most: float) -> float:
    """A number without sign or exponent, within the bounds."""
    read = notation(value)
    if _NEGATIVE.fullmatch(read) or (_AMOUNT.fullmatch(read) and not least <= float(read) <= most):
        raise Wrong(f"{read} is out of range", f"write a number from {least:.12g} to {most:.12g}")
    if not _AMOUNT.fullmatch(read):
        raise Wrong(f"{show(read)} is not a number", f"write one from {least:.12g} to {most:.12g}")
    return float(read)


def whole(value: object, least: int, most: int) -> int:
    """A whole number within the bounds."""
    read = number(value, least, most)
    if not read.is_integer():
        raise Wrong(f"{line(value)} is not a whole number", f"write one from {least} to {most}")
    return int(read)


def zone(value: object) -> str:
    """The name of an IANA time zone."""
    name = notation(value)
    try:
        if _NOT_IANA.fullmatch(name):
            raise KeyError(name)
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        zones = [zone for zone in available_timezones() if not _NOT_IANA.fullmatch(zone)]
        hint = did_you_mean(name, zones) or "write an IANA name such as Europe/Berlin"
        raise Wrong(f"{show(name)} is not a time zone", hint) from None
    return name


def sender(value: object) -> str:
    """Who a message comes from: a number, a short code, or a name of up to 11 letters and digits."""
    word = notation(value)
    number = _IN_NUMBERS.sub("", word.replace("(0)", ""))
    if number.removeprefix("+").isdigit():
        word = number
    if word.isdigit() and word.startswith("0"):
        raise Wrong(
            f"{show(word)} is a number of one country", "write it with + and the country code, like +14155550100"
        )
    if not _SENDER.fullmatch(word):
        raise Wrong(
            f"{show(word)} is not a sender",
            "write a number such as +14155550100, or a name of up to 11 letters and digits",
        )
    return word
