"""Recurrence rules in words."""

from collections.abc import Sequence

from reminderd.model import DstFold, DstGap, Rrule
from reminderd.recurrence.rruletext import DATED, Parts, Weekday, parts_of

_UNITS = {
    "YEARLY": "year",
    "MONTHLY": "month",
    "WEEKLY": "week",
    "DAILY": "day",
    "HOURLY": "hour",
    "MINUTELY": "minute",
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_NTH = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth"}
_WORKDAYS = tuple(Weekday(day, 0) for day in range(5))


def describe_rrule(rule: Rrule, zone: str) -> str:
    """Every month on the last of Monday to Friday at 09:00 (Europe/Berlin), from 2027-01-01 09:00."""
    parts = parts_of(rule.rule)
    unit = _UNITS[parts.freq]
    words = [f"every {unit}" if parts.interval == 1 else f"every {parts.interval} {unit}s"]
    words += _on(parts, rule)
    if parts.freq in DATED:
        words.append(f"at {_clock(parts, rule)}")
    elif parts.numbers.keys() & {"BYHOUR", "BYMINUTE"}:
        words.append(_within_the_day(parts))
    said = f"{' '.join(words)} ({zone})"
    if rule.start is not None:
        said += f", from {_shown(rule.start)}"
    return f"{said}{_end(parts)}{_clocks(rule)}"


def _on(parts: Parts, rule: Rrule) -> list[str]:
    numbers, words = parts.numbers, []
    if "BYSETPOS" in numbers:
        words.append(f"on the {_listed([_nth(number) for number in numbers['BYSETPOS']])} of")
    if "BYMONTHDAY" in numbers:
        words.append(f"on the {_listed([_day_of_month(day) for day in numbers['BYMONTHDAY']])}")
    if "BYYEARDAY" in numbers:
        words.append(f"on the {_listed([_nth(day) for day in numbers['BYYEARDAY']])} day of the year")
    if parts.days:
        both = bool(numbers.keys() & {"BYMONTHDAY", "BYYEARDAY"})
        words.append(("if it is " if both else "on ") + _weekdays(parts.days))
    if "BYWEEKNO" in numbers:
        words.append(f"in week {_listed(list(map(str, numbers['BYWEEKNO'])))}")
    if not words and rule.start is not None and parts.freq in DATED[:3]:
        words.append(f"on the date of {rule.start[:10]}")
    if "BYMONTH" in numbers:
        words.append(f"in {_listed([_MONTHS[month - 1] for month in numbers['BYMONTH']])}")
    said = " ".join(words).replace(" of on ", " of ").replace(" of if it is ", " of ")
    return [said] if said else []


def _weekdays(days: Sequence[Weekday]) -> str:
    if tuple(days) == _WORKDAYS:
        return "Monday to Friday"
    return _listed([f"the {_nth(day.nth)} {_DAYS[day.day]}" if day.nth else _DAYS[day.day] for day in days])


def _nth(number: int) -> str:
    if number == -1:
        return "last"
    place = _NTH.get(abs(number), f"{abs(number)}th")
    return f"{place} to last" if number < 0 else place


def _day_of_month(day: int) -> str:
    if day > 0:
        suffix = "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
        return f"{day}{suffix}"
    return f"{_nth(day)} day"


def _clock(parts: Parts, rule: Rrule) -> str:
    hour, minute, second = map(int, (rule.start or "1970-01-01T00:00:00")[11:].split(":"))
    numbers = parts.numbers
    times = [
        f"{each:02}:{of:02}" + (f":{at:02}" if at else "")
        for each in numbers.get("BYHOUR", (hour,))
        for of in numbers.get("BYMINUTE", (minute,))
        for at in numbers.get("BYSECOND", (second,))
    ]
    return _listed(times) if len(times) <= 6 else f"{len(times)} times from {times[0]} to {times[-1]}"


def _within_the_day(parts: Parts) -> str:
    words = []
    if "BYMINUTE" in parts.numbers:
        words.append(f"at minute {_listed(list(map(str, parts.numbers['BYMINUTE'])))}")
    if "BYHOUR" in parts.numbers:
        words.append(f"in the hours {_listed([f'{hour:02}' for hour in parts.numbers['BYHOUR']])}")
    return " ".join(words)


def _end(parts: Parts) -> str:
    if parts.times is not None:
        return ", once" if parts.times == 1 else f", {parts.times} times"
    if parts.until is not None:
        shown = f"{parts.until:%Y-%m-%d %H:%M}" if parts.until.second != 59 else f"{parts.until:%Y-%m-%d}"
        return f", until {shown}{' UTC' if parts.until_utc else ''}"
    return ""


def _clocks(rule: Rrule) -> str:
    words = []
    if rule.gap is not DstGap.END:
        words.append({DstGap.LATER: "moved on by what clocks skip", DstGap.SKIP: "not where clocks skip it"}[rule.gap])
    if rule.fold is not DstFold.FIRST:
        words.append(
            {DstFold.SECOND: "the second time where it comes twice", DstFold.BOTH: "also again where it comes twice"}[
                rule.fold
            ]
        )
    return "".join(f", {each}" for each in words)


def _shown(text: str) -> str:
    return text.replace("T", " ").removesuffix(":00")


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
