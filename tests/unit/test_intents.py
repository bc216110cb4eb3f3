"""What a text that comes in is taken for."""

import pytest

from reminderd.gateway.intents import HELP_WORDS, START_WORDS, STOP_WORDS, as_plivo_reads, intent_of
from reminderd.model import Intent

NOTHING = ""  # Plivo's MessageIntent where it took a text for nothing in particular

PLAIN = [(word, Intent.STOP) for word in sorted(STOP_WORDS)]
PLAIN += [(word, Intent.START) for word in sorted(START_WORDS)]
PLAIN += [(word, Intent.HELP) for word in sorted(HELP_WORDS)]


@pytest.mark.parametrize(("word", "intent"), PLAIN)
@pytest.mark.parametrize("form", ["{}", " {} \n", "{}.", "«{}!»", "\u200b{}\u00a0", "-- {} --", "{} 🙏"])
def test_each_word_counts_in_any_case_and_with_any_signs_around_it(word: str, intent: Intent, form: str) -> None:
    for cased in (word, word.lower(), word.title(), word.swapcase()):
        assert intent_of(form.format(cased), None) is intent


@pytest.mark.parametrize(
    "text",
    ["stop all", "STOP   ALL", "Stop-all", "stopall", "STOP STOP stop", "Stop. Stop!", "unsubscribe stop", "ＳＴＯＰ"],
)
def test_what_is_nothing_but_stop_words_is_a_stop(text: str) -> None:
    assert intent_of(text, NOTHING) is Intent.STOP


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "...", "🛑", "ALL", "stop by at five", "please stop", "the end", "I quit smoking"),
        *("Yes please", "go on", "yes yes", "st op", "stopp", "help me", "info?x", "can't", "cancel my appointment"),
        *("\0", "\ud800", "STOP\0ME"),
    ],
)
@pytest.mark.parametrize("said", [None, NOTHING, "something new"])
def test_a_sentence_is_for_people_to_read(text: str, said: str | None) -> None:
    assert intent_of(text, said) is Intent.OTHER


@pytest.mark.parametrize("text", ["STOP", "cancel", "End"])
@pytest.mark.parametrize("said", ["", "optin", "help", "optout", None])
def test_a_stop_of_ours_is_one_whatever_plivo_says(text: str, said: str | None) -> None:
    assert intent_of(text, said) is Intent.STOP


@pytest.mark.parametrize("text", ["START", "yes", "help", "arrêt", ""])
def test_a_stop_of_plivo_s_is_one_whatever_the_text_says(text: str) -> None:
    assert intent_of(text, "optout") is Intent.STOP
    assert intent_of(text, " OptOut ") is Intent.STOP


@pytest.mark.parametrize(
    ("text", "said", "intent"),
    [
        ("YES", None, Intent.START),
        ("YES", "optin", Intent.START),
        ("yes", "", Intent.OTHER),
        ("Go!", "", Intent.OTHER),
        ("START", "", Intent.START),
        ("unstop", "", Intent.START),
        ("resume", "", Intent.START),
        ("JOIN", "optin", Intent.START),
        ("help", "optin", Intent.START),
        ("menu", "help", Intent.HELP),
        ("info", "", Intent.HELP),
    ],
)
def test_an_answer_to_a_question_is_no_start_where_plivo_takes_it_for_none(
    text: str, said: str | None, intent: Intent
) -> None:
    assert intent_of(text, said) is intent


@pytest.mark.parametrize(("word", "intent"), PLAIN)
def test_plivo_itself_reads_the_bare_word(word: str, intent: Intent) -> None:
    assert as_plivo_reads(f" {word.lower()} ") is intent
    assert as_plivo_reads(f"{word}!") is Intent.OTHER
