"""The message log as Plivo's API shows it: filters, pages, and how one message looks."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from reminderd.gateway.sandbox.charges import FREE, charge, network
from reminderd.gateway.sandbox.incoming import Received
from reminderd.gateway.sandbox.index import Criteria
from reminderd.gateway.sandbox.message import Message
from reminderd.gateway.sandbox.submission import Rejected
from reminderd.model import digits

LONGEST_PAGE = 20
_DEFAULT_REACH = timedelta(days=1)
_REACH = timedelta(days=90)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
_TINY = 0.000_001


class Replacement(NamedTuple):
    """How numbers are shown otherwise than they are."""

    pattern: re.Pattern[str]
    replacement: str


@dataclass(frozen=True, slots=True)
class Page:
    """One question to the log. inbound: about texts that came in, not about what was sent. state: the one asked for."""

    criteria: Criteria
    inbound: bool
    state: str | None
    offset: int
    limit: int
    others: tuple[tuple[str, str], ...]  # the filters, for the addresses of the next and the previous page

    def meta(self, path: str, more: bool) -> Mapping[str, object]:
        """The `meta` of the answer."""
        before = max(0, self.offset - self.limit)
        return {
            "limit": self.limit,
            "offset": self.offset,
            "next": self._address(path, self.offset + self.limit) if more else None,
            "previous": self._address(path, before) if self.offset else None,
        }

    def _address(self, path: str, offset: int) -> str:
        return f"{path}?{urlencode((*self.others, ('limit', self.limit), ('offset', offset)))}"


def read_page(auth_id: str, query: str, now: datetime, lag: float) -> Page:
    """The question that `query` asks; raises Rejected. Messages younger than `lag` seconds are not to be seen.

    Parameters that the sandbox does not know are passed over, as Plivo does.
    """
    asked = dict(parse_qsl(query))
    limit = _number(asked, "limit", LONGEST_PAGE, 1, LONGEST_PAGE)
    offset = _number(asked, "offset", 0, 0, 10**9)
    others = tuple((name, value) for name, value in asked.items() if name not in ("limit", "offset"))
    inbound = asked.get("message_direction") == "inbound"
    return Page(_criteria(auth_id, asked, now, lag), inbound, asked.get("message_state"), offset, limit, others)


def _number(asked: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = asked.get(name, str(default))
    if not re.fullmatch("[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise Rejected(f"{name} is not a number from {least} to {most}")
    return int(text)


def _criteria(auth_id: str, asked: Mapping[str, str], now: datetime, lag: float) -> Criteria:
    since, until = _span(asked, now)
    until = min(until, now.timestamp() - lag + _TINY)
    return Criteria(
        auth_id,
        since,
        until,
        src=_shown(asked.get("from_number")),
        dst=_shown(asked.get("to_number")),
        type=asked.get("message_type"),
    )


def _shown(number: str | None) -> str | None:
    return None if number is None else digits(number)


def _span(asked: Mapping[str, str], now: datetime) -> tuple[float, float]:
    """The asked span of time, from and below, in seconds since 1970; without any filter the last 24 hours."""
    moments = {name: _moment(name, text) for name, text in asked.items() if name.startswith("message_time")}
    reach = _REACH if moments else _DEFAULT_REACH
    since, until = (now - reach).timestamp(), float("inf")
    for name, moment in moments.items():
        match name.removeprefix("message_time"):
            case "":
                since, until = max(since, moment), min(until, moment + 1)
            case "__gte":
                since = max(since, moment)
            case "__gt":
                since = max(since, moment + _TINY)
            case "__lt":
                until = min(until, moment)
            case "__lte":
                until = min(until, moment + _TINY)
    return since, until


def _moment(name: str, text: str) -> float:
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Rejected(f"{name} is not a time of the form YYYY-MM-DD HH:MM[:SS[.ffffff]]") from None


def parse_replacement(text: str) -> Replacement:
    """`PATTERN=REPLACEMENT`, with \\1 for what the first group of the pattern found; raises ValueError."""
    pattern, equals, replacement = text.rpartition("=")
    try:
        if not equals or not pattern:
            raise ValueError(f"{text!r} is not PATTERN=REPLACEMENT")
        found = re.compile(pattern)
        re.sub(found, replacement, "")
    except re.error as error:
        raise ValueError(f"{text!r}: this is not a regular expression with its replacement: {error}") from error
    return Replacement(found, replacement)


def show(
    message: Message, now: datetime, offset: timedelta, numbers: Iterable[Replacement] = ()
) -> Mapping[str, object]:
    """One message as the log shows it: no text, digits only, times in the account's `offset` from UTC."""
    shown = message.shown_dst
    for pattern, replacement in numbers:
        shown = pattern.sub(replacement, shown, count=1)
    age = (now - message.accepted_at).total_seconds()
    state, code = message.course.standing(age)
    zone = timezone(offset)
    sent_after = message.course.sent_after(age)
    sent = None if sent_after is None else _show_time(message.accepted_at + timedelta(seconds=sent_after), zone)
    ended = _show_time(message.accepted_at + timedelta(seconds=message.ends_after), zone)
    charged = charge(message.units, sent=sent is not None)
    reached = network(message.dst)
    return {
        "message_uuid": message.message_uuid,
        "message_time": _show_time(message.accepted_at, zone),
        "message_sent_time": sent,
        "message_updated_time": ended if age >= message.ends_after else sent or _show_time(message.accepted_at, zone),
        "message_direction": "outbound",
        "message_state": state,
        "message_type": message.type,
        "from_number": message.src,
        "to_number": shown,
        "units": message.units,
        "total_rate": charged.rate,
        "total_amount": charged.amount,
        "mcc": reached and reached.mcc,
        "mnc": reached and reached.mnc,
        "destination_country_iso2": reached and reached.country,
        "error_code": None if code is None else str(code),
        "error_message": None if code is None else f"error {code}",
        "powerpack_id": None,
        "requester_ip": "127.0.0.1",
        "log": message.log,
        "resource_uri": f"/v1/Account/{message.auth_id}/Message/{message.message_uuid}/",
    }


def show_received(received: Received, offset: timedelta) -> Mapping[str, object]:
    """One incoming text as the API shows it."""
    at = _show_time(received.at, timezone(offset))
    return {
        "message_uuid": received.message_uuid,
        "message_time": at,
        "message_sent_time": None,
        "message_updated_time": at,
        "message_direction": "inbound",
        "message_state": "received",
        "message_type": "sms",
        "from_number": received.src,
        "to_number": received.dst,
        "units": received.units,
        "total_rate": FREE.rate,
        "total_amount": FREE.amount,
        "mcc": None,
        "mnc": None,
        "error_code": None,
        "error_message": None,
        "powerpack_id": None,
        "resource_uri": f"/v1/Account/{received.auth_id}/Message/{received.message_uuid}/",
    }


def _show_time(moment: datetime, zone: timezone) -> str:
    return moment.astimezone(zone).isoformat(" ", "seconds")
