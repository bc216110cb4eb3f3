"""What is found wrong with a message before anything is sent."""

from collections.abc import Mapping

import pytest

from reminderd.message import MessageProblem, check_job
from reminderd.model import Recipient
from tests.unit.test_message_render import ANN, DUE_AT, VARS, job

BOB = Recipient("+14155550124", name="Bob", variables={"unit": "7"})
NAMELESS = Recipient("+14155550125")


def check(message: str, *recipients: Recipient, variables: Mapping[str, object] = VARS) -> list[MessageProblem]:
    return check_job(job(message, variables, *recipients), DUE_AT).problems


@pytest.mark.parametrize(
    "message",
    [
        "Plain text",
        "Hi {{ recipient.name }}, {{ vars.amount }} at {{ due_at.strftime('%H:%M') }} from {{ job.name }}",
        "{{ vars.absent | default('x') }}",
        "{% if vars.absent is defined %}{{ vars.absent }}{% endif %}",
        "{% if 'absent' in vars %}{{ vars.absent }}{% endif %}",
        "{% if vars.get('absent') %}{{ vars.absent }}{% endif %}",
        "{% for x in range(3) %}{{ x }}{{ loop.index }}{% endfor %}",
        "{% set x = 1 %}{{ x }}",
        "{% for k, v in vars.rates.items() %}{{ k }}{{ v }}{% endfor %}",
        "{{ due_at.year }}",
    ],
)
def test_a_good_message_has_no_problems(message: str) -> None:
    assert check(message + "ok", ANN, BOB) == []


def test_a_name_that_is_not_there_is_reported_at_its_place() -> None:
    assert check("Dear\n  you: {{ vars.amuont }}") == [
        MessageProblem(("message",), 1, 10, "vars.amuont is not defined", "did you mean vars.amount?")
    ]


@pytest.mark.parametrize(
    ("message", "line", "column"),
    [
        ("Your amuont: {{ amuont }}", 0, 16),
        ("{{ vars.amount }} vars.amuont {{ vars . amuont }}", 0, 33),
        ("a\u2028b\r\n{{ vars['amuont'] }}", 1, 3),
        ("{% if true\n and vars.amuont %}{% endif %}", 1, 5),
        ("{{ vars.amuonts | default('') }}{{ vars.amuont }}", 0, 35),
    ],
)
def test_the_place_is_that_of_the_expression_and_not_of_the_text_around_it(
    message: str, line: int, column: int
) -> None:
    (problem,) = check(message)
    assert (problem.line_offset, problem.column_offset) == (line, column)


@pytest.mark.parametrize(
    ("message", "column"),
    [
        ("On {{ due_at | datetime }}: {{ 'now' | date }}", 28),
        ("{{ vars.amount }} {{ vars.amount | money(digits='x') }}", 18),
        ("{{ vars.amount }} {{ vars.amount | mony }}", 18),
        ("{{ vars.amount }} {{ vars.amount is evn }}", 18),
        ("{{ vars.amount }} {{ vars.amount is not divisibleby('x') }}", 18),
        ("{{ vars.amount }} {{ due_at.strftme('%H') }}", 18),
        ("{{ due_at.strftime('%H') }} {{ due_at.date().isoformat('xx') }}", 28),
        ("{{ due_at }} {{ job.name }} {{ vars.amount + 'x' }}", 28),
        ("{{ due_at }} {{ vars }}", 13),
        ("{% if due_at %}{% set x = vars.amount.upper() %}{% endif %}", 15),
        ("{{ due_at }} {{ 1 / 0 }}", 0),
    ],
)
def test_what_fails_is_placed_at_its_expression_where_its_words_tell_it_from_others(message: str, column: int) -> None:
    (problem,) = check(message)
    assert (problem.line_offset, problem.column_offset) == (0, column)


def test_a_block_that_is_never_closed_is_placed_where_it_begins() -> None:
    (problem,) = check("Hello\n{% if true %}{% endif %} {% if vars.amount %}\n{{ vars.amount }}\n\n")
    assert (problem.line_offset, problem.column_offset) == (1, 25)
    assert (problem.message, problem.hint) == ("not a valid template: {% if %} is never closed", "write {% endif %}")


def test_a_text_that_ends_too_early_is_placed_in_its_last_line() -> None:
    (problem,) = check("Hello\n{{ vars.amount\n\n\n")
    assert (problem.line_offset, problem.column_offset) == (1, 0)


def test_all_names_that_are_not_there_are_reported_at_once_each_at_its_first_place() -> None:
    found = check("{{ vars.aa }} {{ vars.bb }}\n{{ vars.aa }} {{ nobody }} {{ vars['cc'] }}")
    assert [(problem.line_offset, problem.column_offset, problem.message) for problem in found] == [
        (0, 3, "vars.aa is not defined"),
        (0, 17, "vars.bb is not defined"),
        (1, 17, "nobody is not defined"),
        (1, 30, "vars.cc is not defined"),
    ]


def test_a_name_in_a_branch_that_is_not_taken_today_is_reported_too() -> None:
    found = check("{% if due_at.weekday() == 0 %}{{ vars.amuont }}{% endif %}x")
    assert [problem.message for problem in found] == ["vars.amuont is not defined"]


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("{{ amount }}", "did you mean vars.amount?"),
        ("{{ unit }}", "did you mean recipient.unit?"),
        ("{{ receipient.name }}", "did you mean recipient?"),
        ("{{ zzz }}", "there are job, recipient, due_at and vars"),
        ("{{ job.nam }}", "did you mean job.name?"),
        ("{{ recipient.nam }}", "did you mean recipient.name?"),
        ("{{ recipient.zzz }}", "give it, or write {{ recipient.zzz | default('…') }}"),
        ("{{ due_at.strftime }}", "write due_at.strftime()"),
        ("{{ due_at.yaer }}", "did you mean due_at.year?"),
    ],
)
def test_the_hint_says_what_was_perhaps_meant(message: str, hint: str) -> None:
    (problem,) = check(message)
    assert problem.hint == hint


def test_what_some_recipients_lack_is_reported_once_with_the_first_of_them() -> None:
    (problem,) = check("Hi {{ recipient.name }}", ANN, NAMELESS, NAMELESS, BOB)
    assert problem.message == "recipient.name is not defined for recipient to[1] and 1 other"
    assert (problem.path, problem.line_offset, problem.column_offset) == (("message",), 0, 6)


def test_what_all_recipients_lack_is_reported_without_naming_any() -> None:
    (problem,) = check("Hi {{ recipient.title }}", ANN, BOB)
    assert problem.message == "recipient.title is not defined"


def test_what_only_the_recipients_of_a_branch_have_is_no_problem() -> None:
    kinds = [
        Recipient("+14155550123", variables={"kind": "flat", "unit": "4b"}),
        Recipient("+14155550124", variables={"kind": "house"}),
    ]
    assert check("{% if recipient.kind == 'flat' %}{{ recipient.unit }}{% else %}x{% endif %}", *kinds) == []


def test_a_syntax_error_is_reported_at_its_line() -> None:
    (problem,) = check("Hi\n{{ recipient.name }\n")
    assert (problem.path, problem.line_offset) == (("message",), 1)
    assert problem.message.startswith("not a valid template")


def test_a_text_too_long_for_some_recipients_is_reported() -> None:
    long = Recipient("+14155550126", name="x" * 1_700)
    (problem,) = check("{{ recipient.name }}", ANN, long)
    assert problem.message.endswith("at most 1600 can be sent for recipient to[1]")


def test_a_text_too_long_for_everybody_is_reported_once() -> None:
    (problem,) = check("{{ vars.amount }}" + "x" * 1_700, ANN, BOB)
    assert problem.message == "the text takes 1704 units in GSM-7, at most 1600 can be sent"


def test_an_operation_that_fails_is_reported_at_the_first_expression_of_its_line() -> None:
    (problem,) = check("Pay\nnow {{ vars.amount / vars.zero }}", variables={"amount": 1, "zero": 0})
    assert problem == MessageProblem(("message",), 1, 4, "division by zero", "")


def test_one_phone_with_two_texts_needs_keys() -> None:
    twins = [Recipient("+14155550123", name="Ann"), BOB, Recipient("+14155550123", name="Al")]
    (problem,) = check("Hi {{ recipient.name }}", *twins)
    assert problem.path == ("to", 2)
    assert problem.message == "to[2] has the phone of to[0] but another text"
    assert "key" in problem.hint


def test_one_phone_with_one_text_or_with_keys_is_no_problem() -> None:
    same = [Recipient("+14155550123", name="Ann"), Recipient("+14155550123", name="Ann")]
    keyed = [Recipient("+14155550123", key="a", name="Ann"), Recipient("+14155550123", key="b", name="Al")]
    assert check("Hi {{ recipient.name }}", *same) == []
    assert check("Hi {{ recipient.name }}", *keyed) == []
    assert check("Hi all", *keyed, *same, Recipient("+14155550123", name="Cy")) == []


def test_in_a_long_list_those_who_differ_are_tried_too() -> None:
    many = [Recipient("+14155550100", key=str(number), name="A") for number in range(2_000)]
    many += [NAMELESS, Recipient("+14155550101", name="Al"), Recipient("+14155550101", name="Bo")]
    lacking, *_ = check("Hi {{ recipient.name }}", *many)
    assert lacking.message == "recipient.name is not defined for recipient to[2000]"
    phones = [problem.message for problem in check("Hi {{ recipient.name | default('you') }}", *many)]
    assert phones == ["to[2002] has the phone of to[2001] but another text"]


def test_no_problem_repeats_a_phone_number() -> None:
    twins = [Recipient("+14155550123", name="Ann"), Recipient("+14155550123", name="Al"), NAMELESS]
    for problem in check("Hi {{ recipient.name }} {{ recipient.phone / 2 }}", *twins):
        assert "555" not in problem.message + problem.hint
