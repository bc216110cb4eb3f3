"""Every key of the job files in words: the one source of the schema's descriptions and of the tables in the docs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reminderd.reference import shapes
from reminderd.reference.shapes import Shape

_ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a mapping.

    takes: what may stand there, in a few words. says: what it means, in whole sentences. shape: its JSON Schema.
    default: what holds without it, in words; preset: the same as a value, where it is one.
    """

    name: str
    takes: str
    says: str
    shape: Shape
    examples: Sequence[Any] = ()
    default: str = ""
    preset: Any = _ABSENT
    required: bool = False

    @property
    def has_preset(self) -> bool:
        return self.preset is not _ABSENT


def preset(name: str, takes: str, says: str, shape: Shape, examples: Sequence[Any], value: Any) -> Key:
    """A key whose default is a value."""
    return Key(name, takes, says, shape, examples, _written(value), value)


def _written(value: Any) -> str:
    match value:
        case bool():
            return "`true`" if value else "`false`"
        case list():
            return f"`[{', '.join(value)}]`"
        case "" | {}:
            return ""
    return f"`{value}`"


RULE: tuple[Key, ...] = (
    Key(
        "at",
        "a time, or a list of up to 10,000",
        "Single times: local to the job's time zone, or with Z or an offset that very instant.",
        shapes.one_or_more(shapes.MOMENT, 10_000),
        ["2027-04-14T18:00", ["2027-04-14T18:00", "2027-05-12T18:00+02:00"]],
    ),
    Key(
        "cron",
        "five fields, or an alias such as `@daily`",
        "Minute, hour, day of month, month, day of week, in the job's time zone. L is the last day of the month, LW its last "
        "working day, MON#1 the first Monday, 5L the last Friday. When both days are given, either suffices.",
        shapes.CRON,
        ["0 9 * * MON-FRI", "0 9 1 * *", "0 9 * * MON#1", "@daily"],
    ),
    Key(
        "every",
        "a duration, with `from`",
        "A fixed interval, counted from `from`. It counts hours, not wall time: no change of clocks moves it.",
        shapes.INTERVAL,
        ["90m", "2d", "1w"],
    ),
    Key(
        "from",
        "a time",
        "When the first interval of `every` begins, which is also its first occurrence.",
        shapes.MOMENT,
        ["2027-01-01T08:00"],
        "required with `every`",
    ),
    Key(
        "rrule",
        "a rule of RFC 5545",
        "A recurrence rule on the wall time of the job's time zone, as calendars write it, without its DTSTART, which is `start`. "
        "Without `start` it must say itself on which day and at which hour it comes. SECONDLY is not supported.",
        shapes.RRULE,
        [
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=9",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH",
            "FREQ=YEARLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1;BYHOUR=14",
        ],
    ),
    Key(
        "start",
        "a date or a time",
        "Nothing comes before it; of an `rrule` it is the DTSTART, from where INTERVAL and COUNT count, and which says the time "
        "of day where BYHOUR does not. Not with `at`.",
        shapes.DATE_OR_MOMENT,
        ["2027-01-04", "2027-01-04T09:00"],
    ),
    Key(
        "until",
        "a date or a time",
        "Nothing comes after it; a date means the whole day. Not with `at`.",
        shapes.DATE_OR_MOMENT,
        ["2027-06-30", "2027-06-30T12:00"],
    ),
    Key(
        "count",
        "a number from 1 to 10,000",
        "So many occurrences and no more, counted from `start` (of `every` from `from`), those included that `except` and "
        "`holidays` leave out. Not with `at`.",
        shapes.whole(1, 10_000),
        [21],
    ),
    Key(
        "except",
        "dates, ranges of dates, times",
        "What is left out: whole days, stretches of days such as 2027-07-15..2027-08-28 with both ends, or single times.",
        shapes.one_or_more(shapes.EXCEPTION, 10_000),
        ["2027-12-24", ["2027-02-01..2027-02-06", "2027-12-24", "2027-12-31T09:00"]],
    ),
    Key(
        "holidays",
        "a calendar such as `DE-BE`, or several",
        "A country of ISO 3166 or a part of it, whose public holidays count, or an exchange such as NYSE. Needs the package "
        "`holidays`: `pip install '.[holidays]'`.",
        shapes.one_or_more(shapes.CALENDAR, 20),
        ["DE-BE", ["US", "US-CA"]],
    ),
    Key(
        "on_holiday",
        "`skip`, `before`, `after`",
        "What becomes of an occurrence on a holiday: left out, or moved at the same wall time to the nearest working day before or "
        "after it; with none within 31 days, it stays.",
        shapes.one_of("skip", "before", "after"),
        ["before"],
        "`skip`",
    ),
    Key(
        "dst_gap",
        "`end`, `later`, `skip`",
        "With `at` and `rrule`, what becomes of a time that a change of clocks skips: 02:30 becomes 03:00 (`end`), 03:30 "
        "(`later`), or nothing (`skip`).",
        shapes.one_of("end", "later", "skip"),
        ["later"],
        "`end` with `rrule`; with `at` such a time is a problem",
    ),
    Key(
        "dst_fold",
        "`first`, `second`, `both`",
        "With `at` and `rrule`, which is meant of a time that clocks show twice.",
        shapes.one_of("first", "second", "both"),
        ["both"],
        "`first` with `rrule`; with `at` such a time is a problem",
    ),
)

RECIPIENT: tuple[Key, ...] = (
    Key(
        "phone",
        "a number in E.164",
        "The phone number with its country code, such as +4930231250101. Quotes are not needed.",
        shapes.PHONE,
        ["+4930231250101"],
        required=True,
    ),
    Key(
        "name",
        "text",
        "The person's name: shown by the commands, and `recipient.name` in the message.",
        shapes.LINE,
        ["Ada"],
    ),
    Key(
        "key",
        "text",
        "Tells several messages to one phone apart, for the same occurrence. Each key is sent its own.",
        shapes.LINE,
        ["morning", "flat-3"],
    ),
    Key(
        "timezone",
        "an IANA name",
        "The person's own time zone: for quiet hours, for times in the message, and for the schedule where the job says "
        "`timezone: recipient`.",
        shapes.ZONE,
        ["America/New_York"],
        "the job's",
    ),
    Key(
        "language",
        "a code such as `de` or `pt-BR`",
        "Which of the job's `messages` this person gets.",
        shapes.LANGUAGE,
        ["de", "pt-BR"],
    ),
)

LIST: tuple[Key, ...] = (
    Key(
        "group",
        "the name of a group",
        "Everybody in `recipients.d/NAME.yaml` or `.csv`.",
        shapes.GROUP,
        ["platform"],
        "one of `group` and `file`",
    ),
    Key(
        "file",
        "a path that ends in `.csv`, `.yaml` or `.yml`",
        "Everybody in that file, which lies beside the job file, or with an absolute path outside of the repository: then its "
        "people are counted and not shown.",
        shapes.LIST_FILE,
        ["people.csv", "/var/lib/crm/people.csv"],
        "one of `group` and `file`",
    ),
    Key(
        "where",
        "an expression over the columns",
        "Who of them is meant. Every value of a CSV file is text: compare numbers with `age|int >= 18`.",
        shapes.WORDING,
        ["plan == 'pro'", "plan == 'pro' and age|int >= 18"],
        "everybody",
    ),
)

LIMITS: tuple[Key, ...] = (
    Key(
        "per_occurrence",
        "a number",
        "How many messages one occurrence may send without an approval.",
        shapes.WHOLE,
        [5000],
        "the settings'",
    ),
    Key(
        "per_job_and_day",
        "a number",
        "How many messages the job may send within 24 hours without an approval.",
        shapes.WHOLE,
        [20000],
        "the settings'",
    ),
)

# `schedule`, `to` and `limits` have shapes of their own, which the schema puts in.
JOB: tuple[Key, ...] = (
    Key(
        "name",
        "letters, digits, `.`, `_`, `-`",
        "The job's name in commands, history and logs; it must be unique. A job that gets another name is another job.",
        shapes.NAME,
        ["rent", "on-call.handover"],
        "the file's stem; required under `jobs:`",
    ),
    Key(
        "description",
        "text",
        "What the job is for, for people: shown by `list`, and `job.description` in the message.",
        shapes.TEXT,
        ["Remind the tenants of the rent"],
        "",
        "",
    ),
    Key(
        "schedule",
        "a rule, or a list of up to 100",
        "When the message is sent: each rule has one of `at`, `cron`, `every` with `from`, and `rrule`.",
        shapes.MAPPING,
        [
            {"cron": "0 9 * * MON-FRI"},
            {"at": "2027-04-14T18:00"},
            {"every": "90m", "from": "2027-01-01T08:00"},
            {"rrule": "FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=9"},
        ],
        required=True,
    ),
    Key(
        "timezone",
        "an IANA name, or `recipient`",
        "The zone of the schedule's wall times. With `recipient` the schedule is meant in each recipient's own zone.",
        {**shapes.ZONE, "patternErrorMessage": "write an IANA name such as Europe/Berlin, or recipient"},
        ["Europe/Berlin", "recipient"],
        "the settings'",
    ),
    preset(
        "timezone_from_number",
        "`true`, `false`",
        "Take a recipient's zone from the phone number where the recipient has none; only where the number tells exactly one. Goes with `timezone: recipient`.",
        shapes.TRUTH,
        [True],
        False,
    ),
    Key(
        "sender",
        "a number, or up to 11 letters and digits",
        "Who the message comes from.",
        shapes.SENDER,
        ["+14155550100", "Acme"],
        "the settings'",
    ),
    Key(
        "to",
        "a recipient, a `group` or a `file`, or a list of them",
        "Who gets the message. The same phone with the same text counts once.",
        shapes.ANY,
        ["+4930231250101", [{"name": "Ada", "phone": "+4930231250101"}, {"group": "platform"}]],
        required=True,
    ),
    Key(
        "message",
        "a text with `{{ ... }}`",
        "The text to send, in Jinja's language: `recipient`, `vars`, `due_at` and `job` are known. Beside `messages` it is the "
        "text for everybody else.",
        shapes.WORDING,
        ["Hello {{ recipient.name }}, the rent is due."],
        "one of `message`, `template` and `messages` is required",
    ),
    Key(
        "template",
        "the name of a file in the directory of templates",
        "The text to send, kept in a file. Not beside `message`.",
        shapes.TEMPLATE,
        ["appointment.j2"],
    ),
    Key(
        "messages",
        "a text for each language",
        "The text by the recipient's language.",
        {
            "type": "object",
            "propertyNames": shapes.LANGUAGE,
            "additionalProperties": shapes.WORDING,
            "minProperties": 1,
        },
        [{"de": "Die Miete ist fällig.", "en": "The rent is due."}],
    ),
    Key(
        "fallback",
        "one of the languages of `messages`",
        "Which of `messages` is for those whose language has none.",
        shapes.LANGUAGE,
        ["en"],
    ),
    Key(
        "smart_punctuation",
        "`true`, `false`",
        "Send typographic quotes, dashes and the like as plain ones, which cost fewer segments.",
        shapes.TRUTH,
        [True],
        "the settings', whose default is `false`",
    ),
    preset("vars", "any values", "Values for the message: `vars.amount`.", shapes.MAPPING, [{"amount": "640.00"}], {}),
    preset(
        "valid_for",
        "a duration from `5s` to ten years",
        "For how long after the time due the message is still worth sending. What was not sent by then is recorded as missed.",
        shapes.VALIDITY,
        ["10m", "8h", "2d"],
        "1h",
    ),
    preset(
        "catch_up",
        "`latest`, `all`, `none`",
        "Which of several occurrences missed while the daemon was down are still sent, while valid.",
        shapes.one_of("latest", "all", "none"),
        ["none"],
        "latest",
    ),
    preset(
        "retry",
        "a list of up to 100 delays; `[]` for none",
        "How long after each attempt that certainly did not send the next one is made.",
        shapes.DELAYS,
        [["20s", "1m"], []],
        ["1m", "5m", "25m"],
    ),
    preset(
        "on_doubt",
        "`wait`, `resend`",
        "What to do when nobody can find out whether an attempt was sent: `wait` for a person, or `resend` and risk a second text.",
        shapes.one_of("wait", "resend"),
        ["resend"],
        "wait",
    ),
    preset(
        "on_undelivered",
        "`fail`, `retry`",
        "What to do when Plivo took a message and then could not hand it to a carrier, for a reason that passes.",
        shapes.one_of("fail", "retry"),
        ["retry"],
        "fail",
    ),
    Key(
        "quiet_hours",
        "`21:00-08:00`, or `none`",
        "A stretch of each day, in the recipient's zone, in which nothing is sent. `none` where the settings have some.",
        shapes.QUIET,
        ["21:00-08:00", "none"],
        "the settings'",
    ),
    Key(
        "on_quiet",
        "`wait`, `drop`",
        "What to do with a message due in quiet hours: `wait` until they end, or `drop` it and record it as missed.",
        shapes.one_of("wait", "drop"),
        ["drop"],
        "the settings', whose default is `wait`",
    ),
    preset(
        "splay",
        "a duration of up to `1d`",
        "Spread the recipients over this time after the time due, each at the same place every time.",
        shapes.DURATION,
        ["10m"],
        "0s",
    ),
    preset(
        "limits",
        "`per_occurrence`, `per_job_and_day`",
        "The job's own limits, in the place of the settings'. What would exceed one is on hold until it is approved.",
        shapes.MAPPING,
        [{"per_occurrence": 5000}],
        {},
    ),
    preset(
        "enabled",
        "`true`, `false`",
        "With `false` nothing is planned or sent; what is pending waits, and is missed when it is too late for it.",
        shapes.TRUTH,
        [False],
        True,
    ),
)

GROUPS: Mapping[str, tuple[Key, ...]] = {
    "job": JOB,
    "schedule": RULE,
    "recipient": RECIPIENT,
    "list": LIST,
    "limits": LIMITS,
}
