"""Texts by language: whose is which, and that each of them is checked."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reminderd.message import MessageProblem, RenderError, check_job, render, wording
from reminderd.model import Job, Recipient
from tests.unit.test_message_render import ANN, DUE_AT, job

TEXTS = {"de": "Hallo {{ recipient.name }}", "en": "Hello {{ recipient.name }}", "pt-BR": "Oi", "zh-Hant": "您好"}


def person(language: str | None, name: str = "Kim") -> Recipient:
    return Recipient("+14155550199", name=name, key=language, language=language)


def in_languages(
    *recipients: Recipient, messages: Mapping[str, str] = TEXTS, fallback: str | None = None, message: str = ""
) -> Job:
    return replace(job(message, {}, *recipients), messages=messages, fallback=fallback)


@pytest.mark.parametrize(
    ("language", "place"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de_AT", "de"),
        ("DE", "de"),
        ("en-GB-oxendict", "en"),
        ("pt-BR", "pt-BR"),
        ("pt_br", "pt-BR"),
        ("zh-Hant-TW", "zh-Hant"),
        ("pt", "en"),
        ("fr", "en"),
        (None, "en"),
        ("", "en"),
        ("-", "en"),
    ],
)
def test_a_recipient_gets_the_text_of_the_language_that_fits_best_else_the_fallback(
    language: str | None, place: str
) -> None:
    found = wording(in_languages(fallback="en"), person(language))
    assert (found.source, found.place) == (TEXTS[place], ("messages", place))


def test_message_or_template_beside_messages_is_for_all_other_languages() -> None:
    found = wording(in_languages(message="Hi"), person("fr"))
    assert (found.source, found.place, found.template) == ("Hi", ("message",), None)
    found = wording(replace(in_languages(message="Hi"), template="hi.j2"), person(None))
    assert (found.source, found.place, found.template) == ("Hi", ("template",), "hi.j2")


def test_without_messages_the_message_is_for_everybody() -> None:
    assert wording(job("Hi"), person("fr")).place == ("message",)


def test_a_text_is_made_of_the_wording_of_the_recipient() -> None:
    assert render(in_languages(), person("de-CH"), DUE_AT).text == "Hallo Kim"
    assert render(in_languages(), person("zh-hant"), DUE_AT).encoding == "UCS-2"
    with pytest.raises(RenderError, match="has language 'fr', and there is no text for it"):
        render(in_languages(), person("fr"), DUE_AT)


def test_recipients_for_whom_there_is_no_text_are_a_problem() -> None:
    people = [person("de"), person("fr"), person("fr-CA"), Recipient("+14155550101"), person("fr")]
    assert check_job(in_languages(*people), DUE_AT).problems == [
        MessageProblem(
            ("to", 1, "language"),
            0,
            0,
            "to[1] and 1 other have language 'fr', and there is no text for it",
            "give fallback: de",
        ),
        MessageProblem(
            ("to", 2, "language"), 0, 0, "to[2] has language 'fr-CA', and there is no text for it", "give fallback: de"
        ),
        MessageProblem(
            ("to", 3, "language"), 0, 0, "to[3] has no language, and there is no text for it", "give fallback: de"
        ),
    ]


def test_each_text_is_tried_for_those_whom_it_is_for() -> None:
    people = [person("de"), Recipient("+14155550101", language="en"), person("pt-BR")]
    (problem,) = check_job(in_languages(*people), DUE_AT).problems
    assert (problem.path, problem.message) == (("messages", "en"), "recipient.name is not defined")
    empty = {**TEXTS, "de": "{% if recipient.name == 'x' %}x{% endif %}"}
    (problem,) = check_job(in_languages(person("de"), person("en"), messages=empty), DUE_AT).problems
    assert (problem.path, problem.message) == (("messages", "de"), "the text is empty")


def test_a_text_that_nobody_gets_is_checked_for_its_grammar_and_names() -> None:
    texts = {"en": "Hi", "de": "x\n{{ recipient.nmae }}", "fr": "{{ 1", "it": "{{ vars.x }}"}
    found = check_job(in_languages(person("en"), messages=texts), DUE_AT).problems
    assert [(problem.path, problem.line_offset, problem.message[:24]) for problem in found] == [
        (("messages", "de"), 1, "recipient.nmae is not de"),
        (("messages", "fr"), 0, "not a valid template: th"),
        (("messages", "it"), 0, "vars.x is not defined"),
    ]
    assert (
        check_job(in_languages(person("en"), messages={"en": "Hi", "de": "{{ recipient.name }}"}), DUE_AT).problems
        == []
    )


def test_one_phone_with_texts_in_two_languages_needs_keys() -> None:
    twins = [Recipient("+14155550123", name="A", language="de"), Recipient("+14155550123", name="A", language="en")]
    (problem,) = check_job(in_languages(*twins), DUE_AT).problems
    assert problem.message == "to[1] has the phone of to[0] but another text"


def test_one_phone_with_plain_texts_in_two_languages_needs_keys_also_far_down_the_list() -> None:
    texts = {"de": "Hallo", "en": "Hello"}
    many = [Recipient(f"+1415555{number:04}", language="de") for number in range(3_000)]
    many += [Recipient("+14155550123", language="en")]
    (problem,) = check_job(in_languages(*many, messages=texts), DUE_AT).problems
    assert problem.message == "to[3000] has the phone of to[123] but another text"


def test_the_language_of_a_recipient_is_known_in_the_text() -> None:
    assert render(job("{{ recipient.language }}"), person("de"), DUE_AT).text == "de"
    assert check_job(job("{{ recipient.language | default('en') }}", {}, ANN), DUE_AT).problems == []
