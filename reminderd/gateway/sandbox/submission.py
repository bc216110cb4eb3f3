"""Reading the body of a send request as Plivo does: what is missing, cleaned, dropped or refused."""

import json
import re
from dataclasses import dataclass

from reminderd.message import measure

MOST_DESTINATIONS = 1000
_UNWANTED = re.compile(r"[\s/.+()-]+")
_PHONE = re.compile(r"[1-9][0-9]{6,13}")
_NOT_SENDER = re.compile(r"[^A-Za-z0-9]+")
_SENDER = re.compile(r"[0-9]{3,14}|(?=.*[A-Za-z])[A-Za-z0-9]{1,11}")
_LOG_MODES = ("true", "false", "content_only", "number_only")
_TYPES = ("sms", "mms", "whatsapp")
_URL = re.compile(r"https?://[!-~]{1,2048}")
_EXPIRY = range(5, 10_801)  # seconds


class Rejected(Exception):
    """The API says no with status 400; the text is its `error`."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One send request, cleaned. Numbers are digits only; `invalid` are the destinations as they were written.

    url, method: where and how to report what becomes of it, None for nowhere.
    """

    src: str
    phones: tuple[str, ...]
    invalid: tuple[str, ...]
    text: str
    units: int
    type: str
    log: str
    message_expiry: int | None
    url: str | None
    method: str


def read_submission(body: bytes) -> Submission:
    """What the body asks for; raises Rejected."""
    fields = _fields(body)
    src = _source(fields)
    phones, invalid = _destinations(_text_field(fields, "dst"), src)
    text = _text_field(fields, "text")
    return Submission(
        src=src,
        phones=phones,
        invalid=invalid,
        text=text,
        units=_units(text),
        type=_one_of(fields, "type", _TYPES),
        log=_one_of(fields, "log", _LOG_MODES),
        message_expiry=_expiry(fields.get("message_expiry")),
        url=_url(fields.get("url")),
        method=_method(fields.get("method")),
    )


def _fields(body: bytes) -> dict[str, object]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):  # json reads nested brackets by recursion
        raise Rejected("the request body is not JSON") from None
    if not isinstance(fields, dict):
        raise Rejected("the request body is not a JSON object")
    return fields


def _text_field(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if value is None or value == "":
        raise Rejected(f"{name} parameter not present")
    if not isinstance(value, str):
        raise Rejected(f"{name} parameter is not a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Rejected(f"{name} parameter is not valid Unicode") from None
    return value


def _source(fields: dict[str, object]) -> str:
    if "powerpack_uuid" in fields:
        if fields.get("src") is not None:
            raise Rejected("only one of src and powerpack_uuid can be given")
        raise Rejected("powerpack not found")
    written = _text_field(fields, "src")
    src = _NOT_SENDER.sub("", written)
    if not _SENDER.fullmatch(src):
        raise Rejected(f"'{written}' is not a valid source")
    return src


def _destinations(written: str, src: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = written.split("<")
    if len(names) > MOST_DESTINATIONS:
        raise Rejected(f"more than {MOST_DESTINATIONS} destination numbers")
    phones: dict[str, None] = {}
    invalid = []
    for name in names:
        phone = _UNWANTED.sub("", name)
        if _PHONE.fullmatch(phone) and phone != src:
            phones[phone] = None
        else:
            invalid.append(name)
    if not phones:
        raise Rejected(f"'{written}' is not a valid phone number." if len(names) == 1 else "invalid phone numbers.")
    return tuple(phones), tuple(invalid)


def _units(text: str) -> int:
    measured = measure(text)
    if measured.units > measured.limit:
        raise Rejected(f"text is too long, at most {measured.limit} characters of {measured.encoding}")
    return measured.segments


def _one_of(fields: dict[str, object], name: str, choices: tuple[str, ...]) -> str:
    value = fields.get(name)
    if value is None:
        return choices[0]
    word = str(value).lower() if isinstance(value, bool) else value
    if word not in choices:
        raise Rejected(f"{name} parameter is not one of {', '.join(choices)}")
    return str(word)


def _url(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise Rejected("url parameter is not an address beginning with http:// or https://")
    return value


def _method(value: object) -> str:
    if value is None:
        return "POST"
    if str(value).upper() not in ("GET", "POST"):
        raise Rejected("method parameter is not one of GET, POST")
    return str(value).upper()


def _expiry(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not re.fullmatch("[0-9]{1,6}", str(value)) or int(str(value)) not in _EXPIRY:
        raise Rejected(f"message_expiry is not from {_EXPIRY[0]} to {_EXPIRY[-1]} seconds")
    return int(str(value))
