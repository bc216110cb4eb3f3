"""What commands ask for, as JSON from whoever asks: read here, and refused with a sentence where it makes no sense."""

import re
from datetime import datetime, timedelta
from typing import Any

from reminderd.clock import to_text
from reminderd.document import scalars
from reminderd.duration import HINT, format_duration, parse_duration
from reminderd.message import PhoneError, parse_phone
from reminderd.recurrence import ScheduleError, parse_zone, read_time
from reminderd.store import Malformed

Request = dict[str, Any]
Answer = dict[str, Any]

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DURATION = re.compile(r"\s*(?:[0-9]+[wdhms])+\s*")
_LONGEST_WORD = 200  # characters, as long as a message_uuid may be


def uuid_of(request: Request) -> str | None:
    """The message_uuid of a request, as Plivo writes it; None without one."""
    given = word(request.get("uuid"), "message_uuid")
    if given is None:
        return None
    if not _UUID.fullmatch(given):
        raise Malformed(f"{shown(given)} is not a message_uuid; one looks like 5b40a428-bfc7-4daf-9d06-726c558bf3b8")
    return given.lower()


def ids_of(request: Request) -> list[int]:
    ids = request.get("ids")
    if not isinstance(ids, list) or not ids:
        raise Malformed("name at least one delivery by its number")
    return list(dict.fromkeys(whole(each) for each in ids))


def whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise Malformed(f"{shown(value)} is not a number of a delivery or hold")
    return value


def word(value: object, what: str) -> str | None:
    """A short text, None where it is left out."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.isprintable() or len(value) > _LONGEST_WORD:
        raise Malformed(f"{shown(value)} is not a {what}")
    return value


def why_of(request: Request) -> str:
    """Whoever reads it later must not have to ask."""
    said = word(request.get("why"), "reason")
    if said is None or not said.strip():
        raise Malformed("say why, for those who see it later: --why TEXT")
    return said.strip()


def until_of(request: Request, zone: str, now: datetime) -> datetime | None:
    """When something ends by itself: after a duration, or at a time, in `zone` unless it has an offset."""
    given = word(request.get("until"), "time or duration")
    if given is None:
        return None
    if _DURATION.fullmatch(given):
        length = parse_duration(given)
        if length < timedelta(seconds=1):
            raise Malformed(f"--until {given}: that is now")
        return now + length
    try:
        moment = read_time(given, zone)
    except ScheduleError as error:
        raise Malformed(f"--until: {_said(error)}; or how long from now: {HINT}") from None
    if moment <= now:
        raise Malformed(f"--until {given}: that is {format_duration(now - moment)} ago ({to_text(moment)})")
    return moment


def phone_of(value: object, option: str) -> str:
    """A phone in E.164."""
    given = word(value, "phone number")
    if given is None:
        raise Malformed(f"{option} needs a phone number")
    try:
        return parse_phone(given)
    except PhoneError as error:
        raise Malformed(f"{option}: {_said(error)}") from None


def sender_of(request: Request) -> str:
    """A sender as jobs give it; "" where it is left out."""
    given = word(request.get("sender"), "sender")
    if given is None:
        return ""
    try:
        return scalars.sender(given)
    except scalars.Wrong as error:
        raise Malformed(f"--sender: {_said(error)}") from None


def zone_of(request: Request) -> str:
    """The zone of the settings, in which times are meant that belong to no job."""
    given = word(request.get("zone"), "time zone")
    try:
        return parse_zone(given) if given else "UTC"
    except ScheduleError:
        return "UTC"


def shown(value: object) -> str:
    text = repr(value) if isinstance(value, str | int | float) else type(value).__name__
    return text if len(text) <= _LONGEST_WORD else f"{text[:40]}…"


def _said(error: ScheduleError | PhoneError | scalars.Wrong) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message
