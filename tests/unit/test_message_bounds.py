"""Templates and variables that would take all the time or memory, or reach what is not theirs."""

import tracemalloc
from collections.abc import Mapping
from dataclasses import replace

import pytest

from reminderd.message import Effort, RenderError, check_job, render
from reminderd.message.expressions import STEPS, Run
from reminderd.message.statements import write
from reminderd.message.template import compile_template
from reminderd.model import Recipient
from tests.unit.test_message_render import ANN, DUE_AT, job

BIG: Mapping[str, object] = {
    "text": "x" * 1_000_000,
    "words": "word " * 1_600,
    "list": ["y" * 8_000] * 10_000,
    "numbers": list(range(100_000)),
    "digits": 10**20_000,
    "limit": "9" * 8_000,
    "one": 1,
}

REFUSED_AS_WRITTEN = [
    "{{ 'a' ** 9 }}",
    "{{ ().__class__ }}",
    "{{ due_at.__class__.__mro__ }}",
    "{{ due_at._x }}",
    "{{ _x }}",
    "{{ vars.__init__.__globals__ }}",
    "{{ due_at['__class__'].mro() }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '%s' | attr('upper') }}",
    "{{ vars.text | center(999999999) }}",
    "{{ 'a'.ljust(999999999) }}",
    "{{ 'a'.encode() }}",
    "{{ due_at.replace(tzinfo=None).astimezone() }}",
    "{{ lipsum(100000) }}",
    "{{ cycler(1) }}",
    "{{ joiner() }}",
    "{{ namespace(a=1) }}",
    "{{ self.x }}{{ self.__init__() }}",
    "{{ range }}{{ range.start }}",
    "{{ (range)(3)() }}",
    "{{ vars.f()() }}",
    "{{ vars['f']() }}",
    "{{ vars.numbers[1:2, 3] }}",
    "{{ vars.numbers[1:2,] }}",
    "{{ [1].append(2) }}",
    "{{ vars.update({'a': 1}) }}",
    "{{ vars.pop('one') }}",
    "{{ vars.get(*['one']) }}",
    "{{ vars.get(**{'key': 'one'}) }}",
    "{{ loop.index }}",
    "{{ 'a' | upper(*[1]) }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% call vars.f() %}{% endcall %}",
    "{% include 'x' %}",
    "{% import 'x' as x %}",
    "{% from 'x' import y %}",
    "{% extends 'x' %}",
    "{% block x %}{% endblock %}",
    "{% filter upper %}x{% endfilter %}",
    "{% set x %}x{% endset %}",
    "{% set ns.x = 1 %}",
    "{% with %}{% endwith %}",
    "{% autoescape true %}{% endautoescape %}",
    "{% set vars = 1 %}",
    "{% set loop = 1 %}",
    "{% for job in vars.numbers %}{% endfor %}",
    "{% for x in vars.numbers recursive %}{{ loop(vars.numbers) }}{% endfor %}",
    "{% for a in [1] %}{% for b in [1] %}{% for c in [1] %}x{% endfor %}{% endfor %}{% endfor %}",
    "{{" + "(" * 500 + "1" + ")" * 500 + "}}",
    "{{" + "not " * 500 + "1 }}",
    "{{ vars" + ".a" * 500 + " }}",
    "{{ 1" + " + 1" * 500 + " }}",
    "{% if 1 %}" * 500 + "{% endif %}" * 500,
    "{{ " + "9" * 5_000 + " }}",
    "{{ " + "n" * 5_000 + " }}",
    "{{ 1 }}" * 3_000,
    "{{ 1 }}" * 9_000,
    "x{{ 1 }}" + " " * 70_000,
]


@pytest.mark.parametrize("message", REFUSED_AS_WRITTEN, ids=lambda message: message[:40])
def test_what_a_message_may_not_use_is_refused(message: str) -> None:
    with pytest.raises(RenderError) as caught:
        render(job(message, BIG), ANN, DUE_AT)
    assert len(caught.value.message) < 250


TOO_MUCH = [
    "{{ 'a' * 1000000000 }}",
    "{{ '%0999999999d' | format(1) }}",
    "{{ '%.999999f' | format(1) }}",
    "{{ '%*d' | format(999999, 1) }}",
    "{{ '%0999999999d' is even }}",
    "{{ due_at.strftime('%0999999d') }}",
    "{{ due_at.strftime('%c' * 9) }}",
    "{{ due_at.strftime(vars.words) }}",
    "{{ range(1001) | length }}",
    "{{ range(10000000000000000000000) }}",
    "{{ range(0, 1000000000000, 1) | sum }}",
    "{{ vars.text }}",
    "{{ vars.text | upper }}",
    "{{ vars.text ~ 'x' }}",
    "{{ vars.text == vars.text }}",
    "{{ 'x' in vars.text }}",
    "{{ vars.text.split('x') | length }}",
    "{{ vars.list | join }}",
    "{{ vars.list | sort | first }}",
    "{{ 'y' in vars.list }}",
    "{{ vars.numbers | sum }}",
    "{{ vars.numbers[:] | length }}",
    "{{ vars.digits }}",
    "{{ vars.digits * vars.digits }}",
    "{{ -vars.digits }}",
    "{{ vars.digits | int }}",
    "{{ vars.one | round(vars.digits) }}",
    "{{ 1 | round(5000) }}",
    "{{ vars.words.replace('', vars.words) }}",
    "{{ vars.words | replace(' ', vars.words) }}",
    "{{ vars.words.split() | join(vars.words) }}",
    "{{ vars.words.join(vars.words.split()) }}",
    "{% for a in vars.numbers %}{% endfor %}",
    "{% for a in vars.numbers if false %}{% endfor %}",
    "{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}",
    "{% for a in range(1000) %}{% for b in range(1000) %}x{% endfor %}{% endfor %}",
    "{% for a in range(1000) %}{% if vars.words | title == '' %}{% endif %}{% endfor %}",
    "{% for a in range(1000) %}{% if vars.list | sort == '' %}{% endif %}{% endfor %}",
    "{% for a in range(1000) %}{% set b = vars.words.split() %}{% set c = b | sort %}{% endfor %}",
    "{% for a in range(1000) %}{% for b in range(1000) %}{{ '' }}{% endfor %}{% endfor %}",
    "{% set a = 'aaaaaaaa' %}" + "{% set a = a ~ a %}" * 100,
    "{% set a = 'aaaaaaaa' %}" + "{% set a = a + a %}" * 100,
    "{% set a = 'aaaaaaaa' %}" + "{% set a = a | replace('a', 'aa') %}" * 100,
    "{% set a = 'aaaaaaaa' %}" + "{% set a = [a, a] | join %}" * 100,
    "{% set a = 9 %}" + "{% set a = a * a %}" * 100,
    "{% set a = 9 %}" + "{% set a = [a, a] %}" * 100 + "{{ a }}",
    "{% set a = vars.words %}" + "".join(f"{{% set a{n} = a | upper %}}" for n in range(300)) + "x",
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("message", TOO_MUCH, ids=lambda message: message[:60])
def test_what_takes_too_much_is_refused_in_little_memory(message: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(RenderError):
            render(job(message, BIG), ANN, DUE_AT)
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()


def test_a_rendering_stops_soon_after_its_last_step() -> None:
    run = Run(BIG)
    with pytest.raises(RenderError, match="too much work"):
        write(compile_template("{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}"), run)
    assert STEPS < run.steps <= STEPS + 1_001


def test_asking_after_what_is_not_there_takes_no_time_for_hints() -> None:
    message = "{% for n in vars.some %}{{ vars.absent | default('') }}{% endfor %}x"
    known = {f"absentt{number}": number for number in range(5_000)}
    assert render(job(message, {**known, "some": list(range(5_000))}), ANN, DUE_AT).text == "x"


def test_a_message_full_of_unknown_names_gets_its_first_problems_soon() -> None:
    message = "".join(f"{{{{ vars.name{number} }}}}" for number in range(600))
    problems = check_job(job(message, {f"nam{number}": number for number in range(5_000)}), DUE_AT).problems
    assert len(problems) == 20


def test_thousands_of_list_elements_are_within_the_bounds() -> None:
    message = "{% for n in vars.some %}{% if n == 4999 %}{{ n }}{% endif %}{% endfor %}"
    assert render(job(message, {"some": list(range(5_000))}), ANN, DUE_AT).text == "4999"


SLOW = "{% for n in vars.some %}{% if n == 0 %}{{ recipient.phone }}{% endif %}{% endfor %}"


def people(number: int) -> tuple[Recipient, ...]:
    return tuple(Recipient("+14155550100", key=str(each)) for each in range(number))


def test_the_steps_of_a_check_are_bounded_for_all_recipients_together() -> None:
    """The texts of one occurrence are made in one go, so that all of them together are bounded, not only each."""
    some = {"some": list(range(5_000))}
    assert check_job(job(SLOW, some, *people(10)), DUE_AT).problems == []
    tracing = Effort()
    (problem,) = check_job(job(SLOW, some, *people(1_000)), DUE_AT, tracing).problems
    assert "the texts of its 1000 recipients together take too much work to make" in problem.message
    assert tracing.further < 250_000


def test_a_failing_text_is_tried_for_few_recipients() -> None:
    effort = Effort()
    (problem,) = check_job(
        job("{% for a in range(1000) %}" * 2 + "{% endfor %}" * 2, {}, *people(1_000)), DUE_AT, effort
    ).problems
    assert "too much work" in problem.message
    assert effort.further < 6 * STEPS


def checked(message: str, number: int) -> list[str]:
    """The problems of so many jobs of one file."""
    effort = Effort()
    found = [check_job(job(message, {"some": list(range(5_000))}), DUE_AT, effort).problems for _ in range(number)]
    return [problem.message for problems in found for problem in problems]


def test_the_messages_of_a_file_are_bounded_together_and_one_problem_says_so() -> None:
    assert checked(SLOW, 10) == []
    assert checked(SLOW, 1_000) == ["the messages of this file together take too much work to check"]


def test_thousands_of_honest_messages_are_no_trouble_together() -> None:
    honest = "{% if recipient.name is defined %}{{ recipient.name }}{% endif %}" + "{{ due_at.strftime('%H:%M') }} " * 5
    assert checked(honest, 5_000) == []


def nested(depth: int) -> list[object]:
    inner: list[object] = []
    for _ in range(depth):
        inner = [inner]
    return inner


class Odd:
    """A value that no file holds."""

    def __str__(self) -> str:
        raise AssertionError("never printed")


@pytest.mark.parametrize(
    "value",
    [nested(100_000), {"a": nested(100_000)}, float("nan"), float("inf"), 10**5_000, b"bytes", {1, 2}, Odd(), [Odd()]],
    ids=["deep", "deep mapping", "nan", "inf", "huge", "bytes", "set", "object", "objects"],
)
@pytest.mark.parametrize(
    "use",
    [
        "{{ v }}",
        "{{ v | int }}",
        "{{ v | round }}",
        "{{ v | sort | join }}",
        "{{ v | join }}",
        "{{ v == v }}",
        "{{ v < v }}",
        "{{ v in [v] }}",
        "{{ [v] | max }}",
        "{{ {v: 1} }}",
        "{{ vars[v] }}",
        "{{ vars.get(v) }}",
        "{{ v * v - v // v + v % v }}",
        "{{ '%d' | format(v) }}",
        "{{ 'x' | truncate(v) }}",
        "{{ 'abc'[v:] }}",
        "{{ range(v) }}",
        "{{ v ~ v }}",
        "{{ v.a.a }}",
        "{% for a in v %}{{ a }}{% endfor %}",
        "{% if v and not v %}{% endif %}",
        "{{ v is divisibleby(v) }}",
    ],
)
def test_no_variable_leads_to_another_error(value: object, use: str) -> None:
    message = "{% set v = vars.v %}x" + use
    try:
        text = render(job(message, {"v": value}), ANN, DUE_AT).text
    except RenderError:
        return
    assert text.startswith("x")


@pytest.mark.timeout(20)
def test_thousands_of_languages_with_unknown_names_are_checked_soon() -> None:
    texts = {
        f"l{number}": "".join(f"{{{{ vars.name{number}{each} }}}}" for each in range(30)) for number in range(3_000)
    }
    many = replace(job("", {f"nam{number}": number for number in range(5_000)}), messages=texts)
    assert 20 < len(check_job(many, DUE_AT).problems) < 200


@pytest.mark.timeout(20)
def test_thousands_of_texts_that_include_all_that_they_may_are_bounded_together() -> None:
    parts = {f"{number}.j2": "{{ vars.one }}" * 600 for number in range(15)}
    everything = "".join(f"{{% include '{name}' %}}" for name in parts)
    texts = {f"l{number}": f"{everything}{number}" for number in range(3_000)}
    people = tuple(Recipient("+14155550100", key=language, language=language) for language in texts)
    many = replace(job("", {"one": ""}, *people), messages=texts, templates=parts)
    assert [problem.message for problem in check_job(many, DUE_AT).problems] == [
        "the messages of this file together take too much work to check"
    ]
