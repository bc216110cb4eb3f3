"""The later words of the job language: each mistake in a file of its own, said at its place with what to write."""

from pathlib import Path

import pytest

from reminderd.jobs import Reader
from reminderd.model import Defaults

BROKEN = Path(__file__).parent / "broken_language"

# Line and column, path, and pieces of what is said.
CASES = [
    # schedules of several rules
    ("no-rules", "3:11", "schedule", "is empty"),
    ("rule-as-text", "4:5", "schedule[0]", "must be a mapping, not text"),
    ("rules-as-a-mapping", "4:3", "schedule.rules", "known keys are at, cron, every"),
    ("second-rule-without-a-time", "5:5", "schedule[1]", "says no time"),
    ("second-rule-with-two-times", "5:11", "schedule[1].cron", "at and cron exclude each other"),
    ("bad-field-in-the-second-rule", "3:40", "schedule[1].cron", "the hour field '25' is not valid, it takes 0 to 23"),
    ("unknown-key-in-the-second-rule", "5:5", "schedule[1].evry", "did you mean 'every'?"),
    # quiet hours, splay, limits
    ("quiet-hours-in-words", "5:14", "quiet_hours", "'at night' are not quiet hours, write them like 21:00-08:00"),
    ("quiet-hours-without-an-end", "5:14", "quiet_hours", "'21:00' are not quiet hours"),
    ("quiet-hours-of-a-whole-day", "5:14", "quiet_hours", "never end"),
    ("quiet-hours-of-no-clock", "5:14", "quiet_hours", "'21:00-24:30' are not quiet hours"),
    ("quiet-hours-as-a-list", "5:14", "quiet_hours", "must be text, not a list"),
    ("no-for-quiet-hours", "5:14", "quiet_hours", "write none"),
    ("unknown-on-quiet", "5:11", "on_quiet", "'hold' is none of wait, drop"),
    ("splay-as-a-number", "5:8", "splay", "'10' is not a duration"),
    ("splay-of-two-days", "5:8", "splay", "write at most 1d"),
    ("negative-splay", "5:8", "splay", "'-5m' is not a duration"),
    ("limits-as-a-number", "5:9", "limits", "must be a mapping, not text"),
    ("unknown-limit", "6:3", "limits.per_day", "did you mean 'per_job_and_day'?"),
    ("limit-of-the-settings", "6:3", "limits.spend_per_day", "known keys are per_occurrence, per_job_and_day"),
    ("limit-of-nothing", "5:26", "limits.per_occurrence", "write a number from 1 to 10000000"),
    ("limit-with-a-fraction", "5:26", "limits.per_occurrence", "1.5 is not a whole number"),
    ("limit-in-words", "5:27", "limits.per_job_and_day", "'many' is not a number"),
    ("unknown-on-undelivered", "5:17", "on_undelivered", "'resend' is none of fail, retry"),
    # zones and languages
    ("recipients-as-timezone", "5:11", "timezone", "did you mean 'recipient'"),
    ("timezone-from-number-as-a-zone", "5:23", "timezone_from_number", "is not true or false"),
    ("language-of-a-recipient", "4:37", "to[0].language", "'english' is not a language, write a code such as de"),
    ("no-text-for-a-recipient", "4:37", "to[0].language", "there is no text for it, give fallback: de"),
    # texts
    ("message-and-template", "5:1", "template", "message and template exclude each other"),
    ("fallback-beside-message", "6:1", "fallback", "message is the text for all other languages already"),
    ("fallback-without-messages", "1:1", "message", "is missing"),
    ("fallback-to-a-language-without-text", "5:11", "fallback", "messages has no text for 'fr'"),
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
    (parsed,) = Reader([file], Defaults()).scan().files.values()
    assert parsed.jobs == ()
    (problem,) = parsed.problems
    assert str(problem).startswith(f"{file}:{place}: ")
    assert problem.path == path
    assert piece in str(problem)
    assert str(problem).isprintable()


def test_every_file_is_in_the_table() -> None:
    assert sorted(path.stem for path in BROKEN.glob("*.yaml")) == sorted(case[0] for case in CASES)
