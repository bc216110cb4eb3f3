"""The filters, tests and comparisons that templates may use: Jinja's by name and meaning, each bounded.

Every function takes values of any kind, and raises values.Fault or one of Python's own errors of a wrong value.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from jinja2 import Environment, filters

from reminderd.message.figures import money, ordinal
from reminderd.message.values import (
    LISTS,
    LONGEST,
    Fault,
    Missing,
    elements,
    integer,
    number,
    printed,
    scalar,
    text,
)

_ENVIRONMENT = Environment(autoescape=False)
_FORMATS = re.compile(r"%(?:%|[-+ 0#]?[0-9]{0,2}(?:\.[0-9]{1,2})?[dfis])")
_LONGEST_RANGE = 1000
_MOST_TEXT = 8 * LONGEST  # characters in all elements of a list


# --- text ---


def _of_printed(function: Callable[..., object]) -> Callable[..., object]:
    """Jinja's filters on text take whatever can be printed."""
    return lambda value, *rest: function(printed(value), *(text(more) for more in rest))


def replace(value: object, old: object, new: object, count: object = None) -> str:
    source, old, new = printed(value), text(old), text(new)
    times = source.count(old) if count is None else min(source.count(old), max(integer(count), 0))
    if len(source) + times * (len(new) - len(old)) > LONGEST:
        raise Fault(f"a text of more than {LONGEST} characters")
    return source.replace(old, new, times)


def _truncate(
    s: object, length: object = 255, killwords: object = False, end: object = "...", leeway: object = 5
) -> str:
    return filters.do_truncate(
        _ENVIRONMENT, text(s), integer(length), bool(killwords), text(end), leeway=integer(leeway)
    )


def _format(value: object, *args: object) -> str:
    pattern = text(value)
    if "%" in _FORMATS.sub("", pattern):
        raise Fault("an unknown format", "there are %s, %d and %f, with a width and digits as in %8.2f")
    given = [number(arg) if isinstance(arg, int | float) else printed(arg) for arg in args]
    return pattern % tuple(given)


def join(value: object, d: object = "", attribute: object = None) -> str:
    parts = [printed(part) for part in _picked(value, attribute)]
    if sum(map(len, parts)) + len(text(d)) * (len(parts) - 1) > LONGEST:
        raise Fault(f"a text of more than {LONGEST} characters")
    return text(d).join(parts)


# --- numbers ---


def _rounded(value: object, precision: object = 0, method: object = "common") -> float:
    if not -20 <= integer(precision) <= 20:
        raise Fault("the precision is out of range", "round to -20 to 20 digits")
    if method not in ("common", "ceil", "floor"):
        raise Fault("round knows 'common', 'ceil' and 'floor'")
    return filters.do_round(number(value), integer(precision), method)


def _numeric(value: object) -> object:
    return number(value) if isinstance(value, int | float) else text(value)


def _int(value: object, default: object = 0) -> object:
    try:
        return filters.do_int(_numeric(value), integer(default))
    except OverflowError:
        return default


def _float(value: object, default: object = 0.0) -> object:
    return filters.do_float(_numeric(value), float(number(default)))


# --- lists ---


def _picked(value: object, attribute: object) -> Sequence[object]:
    parts = elements(value)
    if attribute is not None:
        parts = [_attribute(part, text(attribute)) for part in parts]
    if sum(len(part) for part in parts if isinstance(part, str)) > _MOST_TEXT:
        raise Fault("a list of too much text")
    return parts


def _attribute(element: object, name: str) -> object:
    if not isinstance(element, Mapping) or name not in element:
        raise Fault(f"an element has no {name[:60]!r}")
    return element[name]


def _ordering(value: object, case_sensitive: object) -> Any:
    value = scalar(value)
    return value.lower() if isinstance(value, str) and not case_sensitive else value


def _sort(
    value: object, reverse: object = False, case_sensitive: object = False, attribute: object = None
) -> list[object]:
    keys = [_ordering(part, case_sensitive) for part in _picked(value, attribute)]
    order = sorted(range(len(keys)), key=keys.__getitem__, reverse=bool(reverse))
    return [elements(value)[index] for index in order]


def _best(
    choose: Callable[..., int], value: object, case_sensitive: object = False, attribute: object = None
) -> object:
    keys = [_ordering(part, case_sensitive) for part in _picked(value, attribute)]
    if not keys:
        return Missing("an empty list has no least and no greatest element")
    return elements(value)[choose(range(len(keys)), key=keys.__getitem__)]


def _sum(value: object, attribute: object = None, start: object = 0) -> object:
    return sum((number(part) for part in _picked(value, attribute)), start=number(start))


def _end(index: int, value: object) -> object:
    parts = text(value) if isinstance(value, str) else elements(value)
    return parts[index] if parts else Missing("an empty list has no first and no last element")


def _length(value: object) -> int:
    return len(value) if isinstance(value, str) else len(elements(value))


def numbers(*ends: object) -> list[object]:
    """Python's range, as a list."""
    found = range(*(integer(end) for end in ends))
    if len(found) > _LONGEST_RANGE:
        raise Fault(f"a range of more than {_LONGEST_RANGE} numbers")
    return list(found)


# --- tests ---


def contains(container: object, value: object) -> bool:
    """Whether `value in container`."""
    if isinstance(container, str):
        return text(value) in text(container)
    if isinstance(container, Mapping):
        return scalar(value) in container
    wanted = scalar(value)
    return any(not isinstance(part, (*LISTS, Mapping)) and part == wanted for part in _picked(container, None))


def _remainder(value: object, by: object) -> float:
    return number(value) % number(by)


def _is(*kinds: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kinds)


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: scalar(left) == scalar(right),
    "ne": lambda left, right: scalar(left) != scalar(right),
    "lt": lambda left, right: scalar(left) < scalar(right),  # type: ignore[operator]
    "lteq": lambda left, right: scalar(left) <= scalar(right),  # type: ignore[operator]
    "gt": lambda left, right: scalar(left) > scalar(right),  # type: ignore[operator]
    "gteq": lambda left, right: scalar(left) >= scalar(right),  # type: ignore[operator]
    "in": lambda left, right: contains(right, left),
    "notin": lambda left, right: not contains(right, left),
}

TESTS: Mapping[str, Callable[..., bool]] = {
    "none": lambda value: value is None,
    "string": _is(str),
    "number": _is(int, float),
    "boolean": _is(bool),
    "mapping": _is(Mapping),
    "sequence": _is(str, list, tuple, Mapping),
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "even": lambda value: _remainder(value, 2) == 0,
    "odd": lambda value: _remainder(value, 2) == 1,
    "divisibleby": lambda value, by: _remainder(value, by) == 0,
    "in": lambda value, container: contains(container, value),
}

FILTERS: Mapping[str, Callable[..., object]] = {
    "upper": _of_printed(str.upper),
    "lower": _of_printed(str.lower),
    "title": _of_printed(filters.do_title),
    "capitalize": _of_printed(str.capitalize),
    "trim": _of_printed(str.strip),
    "string": printed,
    "replace": replace,
    "truncate": _truncate,
    "format": _format,
    "join": join,
    "round": _rounded,
    "int": _int,
    "float": _float,
    "abs": lambda value: abs(number(value)),
    "length": _length,
    "count": _length,
    "first": partial(_end, 0),
    "last": partial(_end, -1),
    "sort": _sort,
    "min": partial(_best, min),
    "max": partial(_best, max),
    "sum": _sum,
    "ordinal": ordinal,
    "money": money,
}
