"""The truth about what a text costs, and typographic characters that are replaced on request."""

from dataclasses import replace

import pytest

from reminderd.message import MessageProblem, check_job, measure, render
from reminderd.message.punctuation import plain
from reminderd.model import Job, Recipient
from tests.unit.test_message_render import ANN, DUE_AT, job

LONG = "Please come to the desk on the second floor before you go to your room. " * 2


def notes(of: Job) -> list[MessageProblem]:
    found = check_job(of, DUE_AT)
    assert found.problems == []
    return found.notes


def test_the_character_that_makes_a_text_dearer_is_told_with_its_place() -> None:
    (note,) = notes(job("Hi,\nit\nis Ann’s " + LONG))
    assert note == MessageProblem(
        ("message",),
        2,
        6,
        "the ’ at 3:7 makes this 3 segments instead of 1",
        "smart_punctuation: true replaces it",
    )


def test_several_characters_are_told_together() -> None:
    (note,) = notes(job("“Hello” " + LONG))
    assert note.message == "the “ at 1:1 and 1 other make this 3 segments instead of 1"
    assert note.hint == "smart_punctuation: true replaces them"


def test_the_place_in_the_text_is_not_that_in_the_source() -> None:
    (note,) = notes(job("{# ’ #}{{ recipient.name }},\n{{ vars.x }} it’s " + LONG, {"x": "now"}))
    assert note.message.startswith("the ’ at 2:7 makes")
    assert (note.line_offset, note.column_offset) == (1, 15)


def test_a_character_that_came_with_a_value_is_told_with_the_recipient() -> None:
    people = [ANN, Recipient("+14155550124", name="Zoë’s"), Recipient("+14155550125", name="Bo")]
    (note,) = notes(job("Hi {{ recipient.name }}, " + LONG, {}, *people))
    assert note.message == "the ë at 1:6 and 1 other make this 3 segments instead of 1 for recipient to[1]"
    assert (note.line_offset, note.column_offset) == (0, 0)
    assert note.hint == "leave them out, or write them in the GSM alphabet"


def test_the_character_is_also_found_in_an_included_template() -> None:
    templates = {"a.j2": "{% include 'b.j2' %}", "b.j2": "Yours,\nthe “desk”"}
    (note,) = notes(replace(job("{% include 'a.j2' %} " + LONG), templates=templates))
    assert (note.path, note.line_offset, note.column_offset, note.template) == (("message",), 1, 4, "b.j2")


def test_the_note_on_a_text_of_a_language_is_placed_there() -> None:
    texts = {"en": "Hello", "de": "„Hallo“ " + LONG}
    people = [Recipient("+14155550123", language="de"), Recipient("+14155550124", language="en")]
    (note,) = notes(replace(job("", {}, *people), messages=texts))
    assert (note.path, note.column_offset) == (("messages", "de"), 0)


def test_the_dearest_text_is_told_of() -> None:
    people = [Recipient(f"+1415555012{count}", name="x" * 60 * count) for count in range(4)]
    (note,) = notes(job("It’s {{ recipient.name }} " + "y" * 60, {}, *people))
    assert note.message == "the ’ at 1:3 makes this 4 segments instead of 2"


@pytest.mark.parametrize(
    "message",
    [
        "It’s short",  # one segment either way
        LONG,
        "Напоминаем: завтра в 9:00 у вас приём у врача. “Ждём” вас в кабинете номер двенадцать, второй этаж.",
        "明日の午前九時に予約があります。" * 6,
        "Přijďte prosím zítra v devět hodin ráno, budeme se těšit na vaši návštěvu v naší nové ordinaci v centru.",
    ],
)
def test_there_is_no_note_where_the_characters_cost_nothing_or_the_text_is_in_another_script(message: str) -> None:
    assert notes(job(message)) == []


@pytest.mark.parametrize(
    ("message", "shown", "hint"),
    [
        ("a\u00a0b ", "the U+00A0 (no-break space) at 1:2", "smart_punctuation: true replaces it"),
        ("a\u00adb ", "the U+00AD (soft hyphen) at 1:2", "smart_punctuation: true replaces it"),
        ("a\tb ", "the U+0009 (a control character) at 1:2", "smart_punctuation: true replaces it"),
        ("a`b ", "the ` at 1:2", "smart_punctuation: true replaces it"),
        ("Hi 😀 ", "the 😀 at 1:4", "leave it out, or write it in the GSM alphabet"),
        ("fête ", "the ê at 1:2", "leave it out, or write it in the GSM alphabet"),
    ],
)
def test_a_character_that_cannot_be_seen_is_told_by_its_name(message: str, shown: str, hint: str) -> None:
    (note,) = notes(job(message + LONG))
    assert note.message.startswith(shown)
    assert note.hint == hint


def test_smart_punctuation_replaces_what_is_typographic_and_then_there_is_no_note() -> None:
    typed = replace(job("“It’s – well…” • 5\u00a0pm " + LONG), smart_punctuation=True)
    assert render(typed, ANN, DUE_AT).text.startswith('"It\'s - well..." - 5 pm Please')
    assert render(typed, ANN, DUE_AT).encoding == "GSM-7"
    assert notes(typed) == []


def test_smart_punctuation_reaches_values_too_and_leaves_letters() -> None:
    typed = replace(job("{{ vars.x }}", {"x": "‘ça’ ő 😀"}), smart_punctuation=True)
    assert render(typed, ANN, DUE_AT).text == "'ça' ő 😀"
    (note,) = notes(replace(job("ê ’ " + LONG), smart_punctuation=True))
    assert note.hint == "leave it out, or write it in the GSM alphabet"


def test_without_it_nothing_is_replaced() -> None:
    assert render(job("It’s"), ANN, DUE_AT).text == "It’s"


def test_a_text_of_which_nothing_is_left_is_empty() -> None:
    (problem,) = check_job(replace(job("\u200b\ufeff"), smart_punctuation=True), DUE_AT).problems
    assert problem.message == "the text is empty"


def test_everything_that_is_replaced_becomes_gsm_and_was_not() -> None:
    everything = [chr(code) for code in range(0x11000) if plain(chr(code)) != chr(code)]
    assert len(everything) > 50
    for character in everything:
        assert measure(character).encoding == "UCS-2", hex(ord(character))
        assert measure(plain(character)).encoding == "GSM-7", hex(ord(character))
        assert not character.isalnum(), hex(ord(character))
