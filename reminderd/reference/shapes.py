"""The notations of single values as JSON Schema: each takes whatever the loader takes, and as little else as it can.

An editor reads YAML 1.2, so that a number without quotes is a number there; the loader reads every scalar as text.
"""

from collections.abc import Sequence
from typing import Any

Shape = dict[str, Any]

_SPACE = r"[ .()/\u00a0\u2007\u2009\u202f\u2010-\u2015\u2212-]*"
_DAY = r"(19[7-9][0-9]|2[01][0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
_OFFSET = r" ?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])?"
_SPAN = "(?=[0-9])([0-9]{1,9}w)?([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?"
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_ALIASES = ["hourly", "daily", "midnight", "weekly", "monthly", "yearly", "annually"]


def _any_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else letter for letter in word)


def _field(number: str, names: Sequence[str] = (), special: Sequence[str] = ()) -> str:
    """One field of a cron expression: a list of *, numbers, ranges and steps."""
    value = "|".join([f"0*({number})", *map(_any_case, names)])
    item = f"(\\*|({value})(-({value}))?)(/0*[1-9][0-9]*)?"
    one = "|".join([item, *special])
    return f"({one})(,({one}))*"


_WEEKDAY = f"0*[0-7]|{'|'.join(map(_any_case, _DAYS))}"
_CRON = r"[ \t]+".join(
    (
        _field("[0-5]?[0-9]"),
        _field("1?[0-9]|2[0-3]"),
        _field("[1-9]|[12][0-9]|3[01]", special=("[Ll][Ww]?",)),
        _field("[1-9]|1[0-2]", _MONTHS),
        _field("[0-7]", _DAYS, ("0*[0-7][Ll]", f"({_WEEKDAY})#0*[1-5]")),
    )
)


def _text(pattern: str, instead: str, **more: Any) -> Shape:
    """Text of this pattern. instead: what to write, for editors that show it in the place of the pattern."""
    return {"type": "string", **more, "pattern": pattern, "patternErrorMessage": instead}


_DURATIONS = "write a duration like 20s, 5m, 1h30m, 2d or 1w"
_SCALARS = ["string", "number", "boolean"]

_WALL = rf"{_DAY}[T ]{_CLOCK}{_OFFSET}"


def _listed(value: str) -> str:
    return rf"\s*{value}(\s*,\s*{value})*"


_MO_TO_SU = f"({'|'.join(map(_any_case, ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']))})"
_FREQUENCIES = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"]
# Each part of a recurrence rule: its name, and what may stand there.
_PARTS = {
    "FREQ": rf"\s*({'|'.join(map(_any_case, _FREQUENCIES))})",
    "INTERVAL": r"\s*0*[1-9][0-9]{0,4}",
    "COUNT": r"\s*0*[1-9][0-9]{0,4}",
    "UNTIL": r"\s*[0-9]{8}([Tt][0-9]{6}[Zz]?)?",
    "WKST": rf"\s*{_MO_TO_SU}",
    "BYDAY": _listed(rf"([+-]?[0-9]{{1,2}})?{_MO_TO_SU}"),
    "BYMONTH": _listed("0*([1-9]|1[0-2])"),
    "BYWEEKNO": _listed("[+-]?0*([1-9]|[1-4][0-9]|5[0-3])"),
    "BYYEARDAY": _listed("[+-]?0*[1-9][0-9]{0,2}"),
    "BYMONTHDAY": _listed("[+-]?0*([1-9]|[12][0-9]|3[01])"),
    "BYHOUR": _listed("0*(1?[0-9]|2[0-3])"),
    "BYMINUTE": _listed("0*[1-5]?[0-9]"),
    "BYSECOND": _listed("0*[1-5]?[0-9]"),
    "BYSETPOS": _listed("[+-]?0*[1-9][0-9]{0,2}"),
}
_PART = "|".join(rf"{_any_case(name)}\s*={value}" for name, value in _PARTS.items())

TEXT: Shape = {"type": _SCALARS}
WORDING: Shape = _text(r"\S", "write a text, it is empty", type=_SCALARS)  # of a message
LINE: Shape = _text(
    r"^[^\u0000-\u001f\u007f-\u009f]*[^ \u0000-\u001f\u007f-\u009f]", "write one line", type=_SCALARS, maxLength=500
)
TRUTH: Shape = _text("^(true|True|TRUE|false|False|FALSE)$", "write true or false", type=["boolean", "string"])
NAME: Shape = _text(
    "^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$",
    "write up to 100 letters a-z, digits, dots, dashes and underscores, and no dot or dash first",
    type=_SCALARS,
)
ZONE: Shape = _text(
    "^(?!(localtime|posixrules|Factory|posix|right)(/|$))[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$",
    "write an IANA name such as Europe/Berlin",
)
LANGUAGE: Shape = _text("^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "write a code such as de or pt-BR")
PHONE: Shape = _text(
    rf"^\s*{_SPACE}\+({_SPACE}[0-9]){{3,17}}{_SPACE}\s*$",
    "write the number with + and its country code, like +14155550123",
    type=["string", "integer"],
    minimum=100,
    maximum=999_999_999_999_999,
)
SENDER: Shape = _text(
    rf"^({_SPACE}\+?({_SPACE}[0-9]){{3,16}}{_SPACE}|(?=[0-9]*[A-Za-z])[A-Za-z0-9]{{1,11}})$",
    "write a number such as +14155550100, or a name of up to 11 letters and digits",
    type=_SCALARS,
)
DURATION: Shape = _text(rf"^\s*{_SPAN}\s*$", _DURATIONS)
INTERVAL: Shape = _text(rf"^\s*(?=.*[1-9]){_SPAN}\s*$", _DURATIONS)  # longer than nothing
VALIDITY: Shape = _text(rf"^\s*(?=.*[1-9])(?!0*[1-4]s\s*$){_SPAN}\s*$", f"{_DURATIONS}, at least 5s")
SECONDS: Shape = _text(  # in the settings a plain number is seconds
    rf"^\s*({_SPAN}|[0-9]{{1,9}}(\.[0-9]{{1,9}})?)\s*$", _DURATIONS, type=["string", "number"], minimum=0
)
AMOUNT: Shape = _text(r"^[0-9]{1,9}(\.[0-9]{1,9})?$", "write a number", type=["number", "string"], minimum=0)
DELAYS: Shape = {"type": "array", "items": DURATION, "maxItems": 100}
CRON: Shape = _text(
    rf"^\s*(@({'|'.join(map(_any_case, _ALIASES))})|{_CRON})\s*$",
    "write minute, hour, day of month, month and day of week, like 0 9 * * MON-FRI",
)
MOMENT: Shape = _text(
    rf"^\s*{_DAY}[T ]{_CLOCK}{_OFFSET}\s*$", "write a time like 2026-11-22T09:00 or 2026-11-22T09:00+01:00"
)
QUIET: Shape = _text(
    r"^\s*(?!([0-9:]+) ?- ?\1\s*$)(([01]?[0-9]|2[0-3]):[0-5][0-9] ?- ?([01]?[0-9]|2[0-3]):[0-5][0-9]|none)\s*$",
    "write them like 21:00-08:00, or none",
)
DATE_OR_MOMENT: Shape = _text(
    rf"^\s*({_DAY}|{_WALL})\s*$", "write a date like 2027-01-04, or a time like 2027-01-04T09:00"
)
EXCEPTION: Shape = _text(
    rf"^\s*({_DAY}|{_WALL}|{_DAY}\s*\.\.\s*{_DAY})\s*$",
    "write a date, two dates like 2027-07-15..2027-08-28, or a time like 2027-01-04T09:00",
)
CALENDAR: Shape = _text(r"^\s*[A-Za-z0-9]{2,5}(-.+)?\s*$", "write a country like DE, or a part of one like DE-BE")
RRULE: Shape = _text(
    rf"^\s*([Rr][Rr][Uu][Ll][Ee]\s*:\s*)?(?=.*{_any_case('FREQ')}\s*=)({_PART})(\s*;\s*({_PART}))*[\s;]*$",
    "write a rule like FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=9",
)
TEMPLATE: Shape = _text(
    r"^(?!/)(?!(.*/)?\.\.?(/|$)).*\S",
    "write its path within the directory of templates",
    maxLength=500,
)
GROUP: Shape = _text(
    "^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$", "write the name of a file in recipients.d, without its ending", type=_SCALARS
)
LIST_FILE: Shape = _text(
    r"\.([Cc][Ss][Vv]|[Yy][Aa]?[Mm][Ll])\s*$", "name a file that ends in .csv, .yaml or .yml", maxLength=500
)


def whole(least: int, most: int) -> Shape:
    """A whole number."""
    pattern = r"^[0-9]{1,8}(\.0+)?$"
    return _text(pattern, "write a whole number", type=["integer", "string"], minimum=least, maximum=most)


WHOLE = whole(1, 10_000_000)
ANY: Shape = {}
MAPPING: Shape = {"type": "object"}


def one_of(*words: str) -> Shape:
    """One of these words."""
    return {"type": "string", "enum": list(words)}


def one_or_more(item: Shape, most: int | None = None) -> Shape:
    """A value, or a list of such values. By `if` and not `anyOf`, so that what is wrong is said of the one that is meant."""
    many: Shape = {"items": item, "minItems": 1}
    return {
        "if": {"type": "array"},
        "then": many if most is None else {**many, "maxItems": most},
        "else": item,
    }
