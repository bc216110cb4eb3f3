"""The filters that show dates, times and spans. Each is told for whom and for when the message is."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from reminderd.message.methods import strftime
from reminderd.message.values import Fault, kind, number, text

_DAY = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
_EXAMPLE = "write it as 2026-12-24 or 2026-12-24T18:00"
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


class Moment(NamedTuple):
    """For whom and for when a message is.

    zone: in which times with a zone are shown; without one they stay as they are. due_at: aware. schedule_zone: in
    which a time without a zone is meant where it has to be counted to.
    """

    zone: tzinfo | None = None
    due_at: datetime | None = None
    schedule_zone: tzinfo | None = None


def _date(moment: Moment, value: object, pattern: object = "%Y-%m-%d") -> str:
    found = _local(moment, value)
    if isinstance(found, time):
        raise Fault("a time of day has no date", _EXAMPLE)
    return strftime(found, pattern)


def _time(moment: Moment, value: object, pattern: object = "%H:%M") -> str:
    found = _local(moment, value)
    if isinstance(found, time | datetime):
        return strftime(found, pattern)
    raise Fault("a date has no time of day", "write it as 2026-12-24T18:00")


def _datetime(moment: Moment, value: object, pattern: object = "%Y-%m-%d %H:%M") -> str:
    found = _local(moment, value)
    if isinstance(found, datetime):
        return strftime(found, pattern)
    raise Fault(f"a date with its time is needed here, not a {type(found).__name__} alone", _EXAMPLE)


def _humanize(moment: Moment, value: object) -> str:
    if isinstance(value, timedelta):
        return _signed(value, "")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _signed(timedelta(seconds=number(value)), "")
    found = _local(moment, value)
    if moment.due_at is None:
        raise Fault("there is no time due to count from here")
    if isinstance(found, time):
        raise Fault("a time of day alone cannot be counted to", _EXAMPLE)
    due_at = moment.due_at.astimezone(moment.zone)
    if isinstance(found, datetime):
        aware = found if found.tzinfo else found.replace(tzinfo=moment.schedule_zone or due_at.tzinfo)
        # Of two times in one zone Python takes the difference of the wall clocks.
        return _signed(timedelta(seconds=aware.timestamp() - due_at.timestamp()), "in ") or "now"
    return _days((found - due_at.date()).days)


def _days(days: int) -> str:
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    return near.get(days) or _signed(timedelta(days=days), "in ")


def _signed(span: timedelta, ahead: str) -> str:
    """The span in words: what is over has `ago`, what is to come is preceded by `ahead`."""
    seconds = int(abs(span).total_seconds())
    if seconds == 0:
        return "" if ahead else "0 seconds"
    return f"{_words(seconds)} ago" if span < timedelta(0) else f"{ahead}{_words(seconds)}"


def _words(seconds: int) -> str:
    """In the largest unit that fits, rounded down; of a single one of it also the next smaller: 1 hour 30 minutes."""
    index = next(index for index, (size, _) in enumerate(_UNITS) if seconds >= size)
    count, rest = divmod(seconds, _UNITS[index][0])
    words = _counted(count, _UNITS[index][1])
    if count == 1 and index + 1 < len(_UNITS) and rest >= _UNITS[index + 1][0]:
        size, name = _UNITS[index + 1]
        words += f" {_counted(rest // size, name)}"
    return words


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


def _local(moment: Moment, value: object) -> date | time:
    """The date, time or datetime that is meant, in the zone of the moment if it has a zone at all."""
    found = _parsed(text(value).strip()) if isinstance(value, str) else value
    if isinstance(found, datetime):
        return found.astimezone(moment.zone) if found.tzinfo and moment.zone else found
    if isinstance(found, date | time):
        return found
    raise Fault(f"a date or time is needed here, not {kind(value)}", _EXAMPLE)


def _parsed(written: str) -> date | time:
    try:
        if day := _DAY.fullmatch(written):
            return datetime.fromisoformat(written) if day["time"] else date.fromisoformat(written)
        if _CLOCK.fullmatch(written):
            return time.fromisoformat(written)
    except ValueError:
        raise Fault("there is no such date or time", _EXAMPLE) from None
    raise Fault("the text is not a date or time", _EXAMPLE)


MOMENT_FILTERS: Mapping[str, Callable[..., object]] = {
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "humanize": _humanize,
}
