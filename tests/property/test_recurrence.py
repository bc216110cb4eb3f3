"""Laws of every schedule around changes of the clock, and cron against a walk through every minute."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminderd.model import At, Cron, DstFold, DstGap, Every, Instant, Limited, OnHoliday, Rule, Schedule
from reminderd.recurrence import (
    ScheduleError,
    between,
    count,
    latest,
    next_after,
    parse_at,
    parse_cron,
    parse_limits,
    parse_rrule,
    parse_zone,
    several,
)
from reminderd.recurrence.zones import STRIDE

MINUTE = timedelta(minutes=1)
WINDOW = timedelta(hours=27)

# A zone and the UTC instant of a change: by an hour, half an hour, two hours, a day, at midnight, a week apart.
CHANGES = [
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("America/Havana", "2026-03-08T05:00"),
    ("America/Havana", "2026-11-01T05:00"),
    ("Asia/Beirut", "2026-03-28T22:00"),
    ("Asia/Beirut", "2026-10-24T21:00"),
    ("Africa/Casablanca", "2026-02-15T02:00"),
    ("Africa/Casablanca", "2026-03-22T02:00"),
    ("Africa/Cairo", "2026-04-23T22:00"),
    ("America/St_Johns", "2006-04-02T03:31"),
    ("America/St_Johns", "2006-10-29T02:31"),
    ("Antarctica/Troll", "2026-03-29T01:00"),
    ("Antarctica/Troll", "2026-10-25T01:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("America/Recife", "2000-10-08T03:00"),
    ("Asia/Kathmandu", "1985-12-31T18:30"),
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def field(values: range, starred: bool = True) -> st.SearchStrategy[str]:
    number = st.integers(values[0], values[-1])
    options = [
        st.lists(number, min_size=1, max_size=4).map(lambda chosen: ",".join(map(str, chosen))),
        st.tuples(number, number).map(lambda ends: f"{min(ends)}-{max(ends)}"),
    ]
    if starred:
        options += [st.just("*"), st.sampled_from([2, 5, 7, 15, 20, 30]).map(lambda step: f"*/{step}")]
    return st.one_of(options)


# Hours near midnight and the small hours, where clocks change, come more often than others.
HOURS = st.one_of(field(range(4)), field(range(24)), st.sampled_from(["23", "22-23", "0,23", "12"]))
DAYS = st.sampled_from(
    ["* * *", "* * SUN", "* * SAT,SUN", "28-31 * *", "1 * *", "* 3,10,11 *", "*/2 * *", "8,15 * SUN"]
)
EXPRESSIONS = st.builds(lambda minute, hour, days: f"{minute} {hour} {days}", field(range(60)), HOURS, DAYS)
NEAR = st.integers(-30 * 60, 30 * 60).map(lambda minutes: minutes * MINUTE)


def matching(text: str, values: range) -> set[int]:
    """What one field of the expressions above stands for."""
    found: set[int] = set()
    for term in text.split(","):
        if term.startswith("*"):
            found.update(values[:: int(term[2:] or 1)])
        else:
            low, _, high = term.partition("-")
            found.update(range(int(low), int(high or low) + 1))
    return found


@cache
def matching_days(text: str, day: datetime) -> bool:
    """Whether cronsim, asked without a zone, has `day` for the day, month and weekday fields in `text`."""
    return next_after(parse_cron(f"0 0 {text}"), "UTC", day - MINUTE) == (day.replace(tzinfo=None).isoformat(), day)


@cache
def minutes_around(zone: str, change: str) -> list[tuple[datetime, datetime]]:
    """Every minute near the change, with what clocks show then."""
    start = utc(change) - 2 * WINDOW
    instants = [start + number * MINUTE for number in range(int(4 * WINDOW / MINUTE))]
    return [(instant, instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)) for instant in instants]


def walk(expression: str, zone: str, change: str) -> Iterator[datetime]:
    """Cron by the written rule and by brute force: each minute is looked at, each wall time looked up."""
    minute, hour, days = expression.split(maxsplit=2)
    minutes, hours = matching(minute, range(60)), matching(hour, range(24))

    def matches(wall: datetime) -> bool:
        midnight = wall.replace(hour=0, minute=0, tzinfo=UTC)
        return wall.minute in minutes and wall.hour in hours and matching_days(days, midnight)

    table = minutes_around(zone, change)
    if minute.startswith("*") or hour.startswith("*"):
        yield from (instant for instant, wall in table if matches(wall))
        return
    highest = table[0][1]
    for instant, wall in table[1:]:
        skipped = (highest + number * MINUTE for number in range(1, int((wall - highest) / MINUTE) + 1))
        if any(matches(passed) for passed in skipped):
            yield instant
        highest = max(highest, wall)


@given(EXPRESSIONS, st.sampled_from(CHANGES))
@settings(max_examples=60, deadline=None)
def test_cron_agrees_with_a_walk_through_every_minute(expression: str, place: tuple[str, str]) -> None:
    check_against_the_walk(expression, *place)


def check_against_the_walk(expression: str, zone: str, change: str) -> None:
    after, until = utc(change) - WINDOW, utc(change) + WINDOW
    expected = [instant for instant in walk(expression, zone, change) if after < instant <= until]
    assert [instant.due_at for instant in between(parse_cron(expression), zone, after, until)] == expected


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Schedule, str, datetime]:
    """A schedule of any kind, its zone, and the instant of a change of that zone."""
    zone, change = draw(st.sampled_from(CHANGES))
    rules = [draw(single(zone, change)) for _ in range(draw(st.sampled_from([1, 1, 2, 3])))]
    return several(rules), zone, utc(change)


RRULES = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE=0,30",
        "FREQ=DAILY;INTERVAL=2;BYHOUR=2;BYMINUTE=15,30",
        "FREQ=WEEKLY;BYDAY=SA,SU,FR;BYHOUR=1,2;BYMINUTE=59,0",
        "FREQ=MONTHLY;BYDAY=-1SU,2SU,1SU,MO;BYHOUR=2,0;BYMINUTE=30",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1,1;BYHOUR=9",
        "FREQ=HOURLY;BYMINUTE=15,45",
        "FREQ=HOURLY;INTERVAL=5",
        "FREQ=MINUTELY;INTERVAL=17",
        "FREQ=DAILY;COUNT=3;BYHOUR=2;BYMINUTE=10,40",
    ]
)


@st.composite
def single(draw: st.DrawFn, zone: str, change: str) -> Rule | Limited:
    """One rule with occurrences near the change, perhaps with bounds, exceptions and holidays."""
    rule = draw(unlimited(zone, change))
    if draw(st.booleans()):
        return rule
    days = [f"{utc(change) + draw(NEAR):%Y-%m-%d}" for _ in range(draw(st.integers(0, 2)))]
    times = [f"{utc(change) + draw(NEAR):%Y-%m-%dT%H:%M}" for _ in range(draw(st.integers(0, 2)))]
    bounds = {} if isinstance(rule, At) else {"until": f"{utc(change) + draw(NEAR):%Y-%m-%dT%H:%M}"}
    if isinstance(rule, Cron | Every):
        bounds["start"] = f"{utc(change) - draw(st.integers(0, 40)) * MINUTE * 60:%Y-%m-%d}"
    count = draw(st.sampled_from([None, 2, 20])) if isinstance(rule, Cron | Every) else None
    calendars = draw(st.sampled_from([[], ["DE-BB"], ["CU", "LB"], ["US"]]))
    return parse_limits(
        rule,
        **bounds,
        count=count,
        exceptions=[*days, *times],
        holidays=calendars,
        on_holiday=draw(st.sampled_from(list(OnHoliday))),
    )


@st.composite
def unlimited(draw: st.DrawFn, zone: str, change: str) -> Rule:
    kind = draw(st.sampled_from(["cron", "cron", "every", "at", "rrule", "rrule"]))
    gap, fold = draw(st.sampled_from(list(DstGap))), draw(st.sampled_from(list(DstFold)))
    if kind == "cron":
        return parse_cron(draw(EXPRESSIONS))
    if kind == "rrule":
        start = f"{utc(change) - draw(st.integers(0, 100)) * 37 * MINUTE:%Y-%m-%dT%H:%M:%S}"
        return parse_rrule(draw(RRULES), start, None, gap, fold)
    if kind == "every":
        start_at = utc(change) + draw(NEAR)
        return Every(timedelta(seconds=draw(st.integers(60, 100_000))), start_at)
    moments = draw(st.lists(NEAR, min_size=1, max_size=5, unique=True))
    suffix = draw(st.sampled_from(["Z", ""]))
    texts = [f"{utc(change) + moment:%Y-%m-%dT%H:%M}{suffix}" for moment in moments]
    try:
        return parse_at(texts, zone, gap, fold)
    except ScheduleError:  # two of them come to one instant
        return parse_at(texts[:1], zone, gap, fold)


def listed(schedule: Schedule, zone: str, after: datetime, until: datetime) -> list[Instant]:
    return list(between(schedule, zone, after, until))


def check_laws(case: tuple[Schedule, str, datetime], cuts: list[timedelta]) -> None:
    schedule, zone, change = case
    start, middle, end = sorted(change + cut for cut in cuts)
    whole = listed(schedule, zone, start, end)
    assert listed(schedule, zone, start, middle) + listed(schedule, zone, middle, end) == whole
    assert all(left.due_at < right.due_at for left, right in pairwise(whole))
    assert all(start < instant.due_at <= end for instant in whole)
    assert len({instant.nominal for instant in whole}) == len(whole)
    assert latest(schedule, zone, start, end) == (whole[-1] if whole else None)
    assert count(schedule, zone, start, end, cap=10_000) == len(whole)
    assert count(schedule, zone, start, end, cap=3) == min(len(whole), 3)
    following = next_after(schedule, zone, start)
    assert (following if following and following.due_at <= end else None) == (whole[0] if whole else None)


CUTS = st.lists(
    st.one_of(NEAR, st.integers(-7200_000_000, 7200_000_000).map(lambda micro: timedelta(microseconds=micro))),
    min_size=3,
    max_size=3,
)


@given(schedules(), CUTS)
@settings(max_examples=120, deadline=None)
def test_ranges_join_and_all_questions_agree(case: tuple[Schedule, str, datetime], cuts: list[timedelta]) -> None:
    check_laws(case, cuts)


@given(st.text(max_size=40))
@settings(max_examples=120, deadline=None)
def test_no_text_makes_a_parser_fail_otherwise_than_by_its_own_error(text: str) -> None:
    for parse in (parse_cron, parse_zone, lambda text: parse_at([text], "Europe/Berlin")):
        with suppress(ScheduleError):
            parse(text)


@given(st.lists(st.text(alphabet="0123456789*,-/#LW MONSU", min_size=1, max_size=6), min_size=5, max_size=5))
@settings(max_examples=150, deadline=None)
def test_what_looks_like_cron_is_either_refused_or_has_instants(fields: list[str]) -> None:
    try:
        schedule: Cron = parse_cron(" ".join(fields))
    except ScheduleError:
        return
    assert next_after(schedule, "Europe/Berlin", utc("2026-01-01T00:00")) is not None


@pytest.mark.nightly
@given(EXPRESSIONS, st.sampled_from(CHANGES))
@settings(max_examples=5_000, deadline=None)
def test_cron_agrees_with_the_walk_at_length(expression: str, place: tuple[str, str]) -> None:
    check_against_the_walk(expression, *place)


@pytest.mark.nightly
@given(schedules(), CUTS)
@settings(max_examples=10_000, deadline=None)
def test_ranges_join_at_length(case: tuple[Schedule, str, datetime], cuts: list[timedelta]) -> None:
    check_laws(case, cuts)


@pytest.mark.nightly
def test_no_zone_changes_twice_within_the_stride_in_which_changes_are_looked_for() -> None:
    day = timedelta(days=1)
    for name in available_timezones():
        zone = ZoneInfo(name)
        offsets = [(utc("1970-01-01") + number * day).astimezone(zone).utcoffset() for number in range(25_000)]
        changed = [number for number, (left, right) in enumerate(pairwise(offsets)) if left != right]
        assert all(second - first > STRIDE / day for first, second in pairwise(changed)), name
