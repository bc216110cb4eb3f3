"""The later words of the job language: each mistake in a file of its own, said at its place with what to write."""

from pathlib import Path

import pytest

from reminderd.jobs import Reader, places_for
from reminderd.model import Defaults
from reminderd.settings import Settings

BROKEN = Path(__file__).parent / "broken_language" / "jobs.d"

# Line and column, path, and pieces of what is said.
CASES = [
    # schedules of several rules
    ("no-rules", "3:11", "schedule", "is empty"),
    ("rule-as-text", "4:5", "schedule[0]", "must be a mapping, not text"),
    ("rules-as-a-mapping", "4:3", "schedule.rules", "unknown key 'rules'"),
    ("second-rule-without-a-time", "5:5", "schedule[1]", "says no time"),
    ("second-rule-with-two-times", "5:11", "schedule[1].cron", "at and cron exclude each other"),
    ("bad-field-in-the-second-rule", "3:40", "schedule[1].cron", "the hour field '25' is not valid, it takes 0 to 23"),
    ("unknown-key-in-the-second-rule", "5:5", "schedule[1].evry", "did you mean 'every'?"),
    # recurrence rules
    ("rule-without-freq", "4:19", "schedule.rrule", "begin it with FREQ=YEARLY|MONTHLY|WEEKLY"),
    ("rule-with-an-unknown-part", "4:19", "schedule.rrule", "unknown part 'BYDAYS', did you mean BYDAY?"),
    ("rule-every-second", "4:19", "schedule.rrule", "for seconds use every: 30s with from"),
    ("rule-in-words", "4:19", "schedule.rrule", "is not a part of a rule, write NAME=VALUE"),
    ("rule-with-its-start", "4:19", "schedule.rrule", "write it as start: 2027-01-01T09:00 beside rrule"),
    (
        "rule-below-its-start",
        "2:10",
        "schedule.rrule",
        "holds DTSTART, and only the rule is meant here, write it as start:",
    ),
    ("rule-with-exceptions-of-a-calendar", "2:10", "schedule.rrule", "holds EXDATE"),
    (
        "typographic-quotes-around-a-rule",
        "1:19",
        "schedule.rrule",
        "holds the typographic quote „, write straight quotes",
    ),
    ("typographic-quotes-around-cron", "1:18", "schedule.cron", 'write straight quotes, like "0 9 * * *", or none'),
    ("typographic-quotes-around-a-time", "4:7", "schedule.at[1]", "holds the typographic quote ’"),
    ("typographic-quotes-around-a-number", "3:26", "to[0].phone", "write straight quotes, or none"),
    ("typographic-quotes-around-a-duration", "4:12", "valid_for", 'write straight quotes, like "1h"'),
    ("rule-with-a-weekday-in-full", "4:19", "schedule.rrule", "BYDAY='MON' is not valid, it takes MO,TU,WE"),
    ("rule-of-a-thirteenth-month", "4:19", "schedule.rrule", "it takes numbers from 1 to 12"),
    ("rule-that-never-comes", "4:19", "schedule.rrule", "no month of BYMONTH has a day of BYMONTHDAY"),
    ("rule-without-an-hour", "4:19", "schedule.rrule", "it does not say the hour"),
    ("rule-with-an-unquoted-comma", "4:40", "schedule.'TU;BYHOUR=9'", "put the value in quotes"),
    ("cron-with-an-unquoted-comma", "4:22", "schedule.'12 * * *'", "put the value in quotes"),
    ("interval-of-nothing", "4:19", "schedule.rrule", "INTERVAL='0' is not valid"),
    ("interval-without-start", "4:19", "schedule.rrule", "its INTERVAL is counted from there"),
    ("count-twice", "4:73", "schedule.count", "COUNT in the rule and count exclude each other"),
    ("setpos-without-a-choice", "4:19", "schedule.rrule", "it does not say the day"),
    ("rrule-with-from", "4:48", "schedule.from", "write start, or remove it"),
    ("rrule-beside-cron", "6:10", "schedule.rrule", "cron and rrule exclude each other, write a list of rules"),
    # bounds, exceptions, holidays
    ("start-in-words", "6:10", "schedule.start", "'next monday' is not a time"),
    ("start-not-in-the-calendar", "6:10", "schedule.start", "2027-02-29 is not in the calendar"),
    ("until-before-start", "7:10", "schedule.until", "until is before start"),
    ("until-with-at", "6:10", "schedule.until", "until does not go with at"),
    ("count-without-start", "6:10", "schedule.count", "count needs start"),
    ("count-of-nothing", "4:54", "schedule.count", "write a number from 1 to 10000"),
    ("count-in-words", "4:54", "schedule.count", "'three' is not a number"),
    ("exception-not-in-the-calendar", "6:11", "schedule.except", "2027-02-30 is not in the calendar"),
    ("exception-in-german", "6:24", "schedule.except[1]", "'31.12.2027' is not a time"),
    ("exceptions-the-wrong-way-round", "7:7", "schedule.except[0]", "write 2027-07-15..2027-08-28"),
    ("range-with-a-dash", "7:7", "schedule.except[0]", "write 2027-07-15..2027-08-28"),
    ("exceptions-that-leave-nothing", "8:11", "schedule.except", "except leaves nothing of the rule"),
    ("exceptions-in-the-job", "6:1", "except", "it goes under schedule:"),
    ("unknown-country", "6:13", "schedule.holidays", "unknown calendar 'Germany'"),
    ("country-with-a-slash", "1:41", "schedule.holidays", "unknown calendar 'DE/BE', did you mean DE-BE?"),
    ("unknown-part-of-a-country", "6:18", "schedule.holidays[1]", "DE has no part 'XX'"),
    ("on-holiday-without-holidays", "6:15", "schedule.on_holiday", "add holidays, like DE-BE"),
    ("unknown-on-holiday", "7:15", "schedule.on_holiday", "'earlier' is none of skip, before, after"),
    # changes of clocks
    ("dst-gap-with-cron", "6:12", "schedule.dst_gap", "dst_gap goes with at and rrule, not with cron"),
    ("dst-fold-with-every", "4:57", "schedule.dst_fold", "dst_fold goes with at and rrule, not with every"),
    ("unknown-dst-gap", "4:45", "schedule.dst_gap", "'forward' is none of end, later, skip"),
    ("unknown-dst-fold", "4:46", "schedule.dst_fold", "'third' is none of first, second, both"),
    ("at-in-a-gap-with-the-other-key", "5:7", "schedule.at", "or say dst_gap: end or later"),
    ("one-time-in-two-rules", "6:28", "schedule[1].at[1]", "is given in schedule[0] already"),
    # quiet hours, splay, limits
    ("quiet-hours-in-words", "5:14", "quiet_hours", "'at night' are not quiet hours, write them like 21:00-08:00"),
    ("quiet-hours-without-an-end", "5:14", "quiet_hours", "'21:00' are not quiet hours"),
    ("quiet-hours-of-a-whole-day", "5:14", "quiet_hours", "never end"),
    ("quiet-hours-of-no-clock", "5:14", "quiet_hours", "'21:00-24:30' are not quiet hours"),
    ("quiet-hours-as-a-list", "5:14", "quiet_hours", "write one stretch of the day, like 21:00-08:00"),
    ("no-for-quiet-hours", "5:14", "quiet_hours", "write none"),
    ("unknown-on-quiet", "5:11", "on_quiet", "'hold' is none of wait, drop"),
    ("splay-as-a-number", "5:8", "splay", "'10' is not a duration"),
    ("splay-of-two-days", "5:8", "splay", "write at most 1d"),
    ("negative-splay", "5:8", "splay", "'-5m' is not a duration"),
    ("limits-as-a-number", "5:9", "limits", "must be a mapping, not text"),
    ("unknown-limit", "6:3", "limits.per_day", "did you mean 'per_job_and_day'?"),
    ("limit-of-the-settings", "6:3", "limits.spend_per_day", "known keys are per_occurrence, per_job_and_day"),
    ("limit-of-nothing", "5:26", "limits.per_occurrence", "write a number from 1 to 10000000"),
    ("limit-below-nothing", "4:26", "limits.per_occurrence", "-5 is out of range, write a number from 1 to 10000000"),
    ("limit-with-a-fraction", "5:26", "limits.per_occurrence", "1.5 is not a whole number"),
    ("limit-in-words", "5:27", "limits.per_job_and_day", "'many' is not a number"),
    ("unknown-on-undelivered", "5:17", "on_undelivered", "'resend' is none of fail, retry"),
    # zones and languages
    ("recipients-as-timezone", "5:11", "timezone", "did you mean 'recipient'"),
    ("timezone-from-number-as-a-zone", "5:23", "timezone_from_number", "is not true or false"),
    ("language-of-a-recipient", "4:37", "to[0].language", "'english' is not a language, write a code such as de"),
    ("no-text-for-a-recipient", "4:37", "to[0].language", "there is no text for it, give fallback: de"),
    ("recipient-without-a-zone", "4:5", "to[1]", "has no timezone"),
    ("number-of-several-zones", "4:5", "to[1]", "the number belongs to no time zone, or to several"),
    # lists of people
    ("group-that-is-not-there", "3:12", "to[0].group", "there is no group 'plattform', did you mean 'platform'?"),
    ("misspelt-group", "2:14", "to.groups", "there is no phone, and 'groups' is unknown, did you mean 'group'?"),
    ("name-of-a-group-alone", "2:5", "to", "if it is a list of people, write {group: platform}"),
    ("name-of-a-file-alone", "4:5", "to[1]", "write {file: lists/people.csv}"),
    ("group-as-a-path", "3:12", "to[0].group", "write the name of a file in recipients.d, without its ending"),
    ("group-without-a-name", "3:5", "to[0].group", "has no value"),
    ("group-and-file", "3:29", "to[0].file", "group and file exclude each other"),
    ("file-that-is-not-there", "3:11", "to[0].file", "does not exist, did you mean 'people.csv'?"),
    ("file-of-another-kind", "3:11", "to[0].file", "name one that ends in .csv, .yaml or .yml"),
    ("unknown-key-in-a-list", "3:30", "to[0].were", "did you mean 'where'?"),
    ("name-of-a-list", "3:23", "to[0].name", "it does not go with the other keys here"),
    ("where-without-a-list", "3:5", "to[0].phone", "is missing"),
    ("where-with-an-unknown-column", "3:38", "to[0].where", "there is no column 'plam', did you mean plan?"),
    ("where-with-one-equals-sign", "3:38", "to[0].where", "== compares"),
    ("where-in-braces", "3:38", "to[0].where", "not a valid expression"),
    ("where-as-a-list", "3:37", "to[0].where", "must be text, not a list"),
    ("empty-where", "3:37", "to[0].where", "the expression is empty"),
    ("where-of-text-and-number", "3:38", "to[0].where", "compare age|int with a number"),
    # texts
    ("template-that-is-not-there", "4:11", "template", "does not exist, did you mean 'rent.j2'?"),
    ("template-outside", "4:11", "template", "'../rent.j2' cannot be the name of a template"),
    ("absolute-template", "4:11", "template", "write its path within the directory of templates"),
    ("include-that-is-not-there", "4:10", "message", "does not exist"),
    ("column-that-the-message-needs", "4:26", "message", "recipient.flat is not defined"),
    ("message-and-template", "5:1", "template", "message and template exclude each other"),
    ("fallback-beside-message", "6:1", "fallback", "message is the text for all other languages already"),
    ("fallback-without-messages", "1:1", "message", "is missing"),
    (
        "fallback-to-a-language-without-text",
        "5:11",
        "fallback",
        "messages has no text for 'fr', name one that it has: de",
    ),
    ("texts-by-language-as-the-message", "3:10", "message", "texts by language under messages:"),
    ("messages-as-a-list", "6:3", "messages", "write messages: {de: a text, en: a text}"),
    ("language-by-its-name", "6:12", "messages.deutsch", "'deutsch' is not a language"),
    ("language-with-an-underscore", "5:19", "messages.pt_BR", "write a code such as de or pt-BR"),
    ("empty-text-of-a-language", "5:16", "messages.de", "the text is empty"),
    ("language-without-a-text", "6:3", "messages.de", "has no value"),
    ("list-as-the-text-of-a-language", "5:16", "messages.de", "must be text, not a list"),
    ("undefined-in-one-language", "6:24", "messages.de", "recipient.flatt is not defined"),
    ("unknown-filter", "6:17", "messages.de", "there is no filter 'shout'"),
    ("syntax-in-one-language", "5:27", "messages.de", "not a valid template"),
    ("text-too-long-in-one-language", "6:8", "messages.de", "at most 1600 can be sent"),
    ("yes-for-smart-punctuation", "5:20", "smart_punctuation", "'yes' is not true or false, write true"),
    ("misspelt-smart-punctuation", "5:1", "smart_punctation", "did you mean 'smart_punctuation'?"),
]


@pytest.mark.parametrize(("name", "place", "path", "piece"), CASES, ids=[case[0] for case in CASES])
def test_a_mistake_is_one_problem_at_one_place(name: str, place: str, path: str, piece: str) -> None:
    file = BROKEN / f"{name}.yaml"
    (parsed,) = Reader([file], Defaults(), places=places_for(Settings(), [file])).scan().files.values()
    assert parsed.jobs == ()
    (problem,) = parsed.problems
    assert str(problem).startswith(f"{file}:{place}: ")
    assert problem.path == path
    assert piece in str(problem)
    assert str(problem).isprintable()


def test_every_file_is_in_the_table() -> None:
    assert sorted(path.stem for path in BROKEN.glob("*.yaml")) == sorted(case[0] for case in CASES)
