"""Texts from templates: what authors write, and that it means what Jinja means by it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reminderd.message import RenderError, render
from reminderd.message.render import job_view, recipient_view
from reminderd.model import CatchUp, Cron, Job, OnDoubt, Recipient, Source

DUE_AT = datetime(2026, 11, 22, 8, 5, tzinfo=UTC)
ANN = Recipient("+14155550123", name="Ann", variables={"unit": "4b", "balance": -12.5, "pets": ["cat", "Ant", "dog"]})
VARS: Mapping[str, object] = {
    "amount": 1250,
    "price": 9.5,
    "currency": "€",
    "nothing": None,
    "empty": "",
    "yes": True,
    "names": ["bo", "Al", "cy"],
    "none": [],
    "numbers": [3, 1, 2],
    "items": ["tea", "milk"],
    "rates": {"b": 2, "a": 1},
    "people": [{"name": "Bo", "age": 7}, {"name": "Al", "age": 9}],
    "long": "the quick brown fox jumps over the lazy dog",
    "html": "<b>&amp;'",
}


def job(
    message: str, variables: Mapping[str, object] = VARS, *recipients: Recipient, zone: str = "Europe/Berlin"
) -> Job:
    return Job(
        name="rent",
        source=Source("rent.yaml", 1),
        schedule=Cron("0 9 * * *"),
        timezone=zone,
        sender="+14155550100",
        recipients=recipients or (ANN,),
        message=message,
        vars=variables,
        valid_for=timedelta(hours=1),
        catch_up=CatchUp.LATEST,
        retry=(),
        on_doubt=OnDoubt.WAIT,
        enabled=True,
        description="Rent is due",
        definition="{}",
        digest="",
    )


def text(message: str, **variables: object) -> str:
    return render(job(message, {**VARS, **variables}), ANN, DUE_AT).text


def error(message: str, **variables: object) -> RenderError:
    with pytest.raises(RenderError) as caught:
        render(job(message, {**VARS, **variables}), ANN, DUE_AT)
    return caught.value


def by_jinja(message: str) -> str:
    """What Jinja itself makes of the message."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    local = DUE_AT.astimezone(ZoneInfo("Europe/Berlin"))
    variables = {"job": job_view(job("")), "recipient": recipient_view(ANN), "due_at": local, "vars": VARS}
    return environment.from_string(message).render(variables).strip()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Plain text, 100% of it.\n", "Plain text, 100% of it."),
        ("A { lone } brace, and }} too", "A { lone } brace, and }} too"),
        ("Hi {{ recipient.name }}", "Hi Ann"),
        ("{{ recipient.phone }} {{ recipient.unit }}", "+14155550123 4b"),
        (
            "{{ job.name }}: {{ job.description }} ({{ job.timezone }}, {{ job.sender }})",
            "rent: Rent is due (Europe/Berlin, +14155550100)",
        ),
        ("{{ due_at.strftime('%H:%M') }}", "09:05"),
        ("{{ due_at.strftime('%-d %B %Y') }}", "22 November 2026"),
        ("{{ due_at.isoformat() }}", "2026-11-22T09:05:00+01:00"),
        ("{{ due_at.isoformat(' ', timespec='minutes') }}", "2026-11-22 09:05+01:00"),
        ("{{ due_at.date() }} {{ due_at.time() }}", "2026-11-22 09:05:00"),
        ("{{ due_at }}", "2026-11-22 09:05:00+01:00"),
        ("{{ due_at.hour }}:{{ due_at.minute }} {{ due_at.tzname() }}", "9:5 CET"),
        ("{{ vars['amount'] }} {{ vars.names[0] }} {{ vars.rates.a }}", "1250 bo 1"),
        ("{{ vars.items | join(' and ') }}", "tea and milk"),
        ("{{ '%.2f' | format(vars.price) }} {{ vars.currency }}", "9.50 €"),
        ("{# a remark #}x", "x"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    ],
)
def test_a_message_reads_as_it_is_meant(message: str, expected: str) -> None:
    assert text(message) == expected


AS_IN_JINJA = [
    "{{ recipient.name | upper }} {{ 'aB' | lower }} {{ 'the o\\'neil-x (y)' | title }} {{ 'aBC' | capitalize }}",
    "[{{ '  x ' | trim }}] {{ 'aXbX' | replace('X', '-') }} {{ 'aXbX' | replace('X', '-', 1) }} {{ 5 | replace('5', 'V') }}",
    "{{ vars.long | truncate(20) }}|{{ vars.long | truncate(20, true) }}|{{ vars.long | truncate(20, end='') }}|{{ 'ab' | truncate }}",
    "{{ 2.5 | round }} {{ 1.005 | round(2) }} {{ 7 | round }} {{ 1.21 | round(1, 'ceil') }} {{ 1.29 | round(1, 'floor') }} {{ 1234 | round(-2) }}",
    "{{ '42' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ 3.9 | int }} {{ '3.9' | int }} {{ '1.5' | float }} {{ 'x' | float(0.5) }}",
    "{{ -5 | abs }} {{ vars.names | length }} {{ 'abc' | count }} {{ vars.rates | length }}",
    "{{ vars.numbers | first }} {{ vars.numbers | last }} {{ 'abc' | first }} {{ vars.numbers | sum }} {{ vars.people | sum('age') }}",
    "{{ vars.numbers | sort | join(',') }} {{ vars.names | sort | join(',') }} {{ vars.names | sort(case_sensitive=true) | join(',') }}",
    "{{ vars.numbers | sort(reverse=true) | join }} {{ vars.people | sort(attribute='name') | join(', ', attribute='name') }}",
    "{{ vars.numbers | min }} {{ vars.numbers | max }} {{ vars.names | min }} {{ vars.names | max(case_sensitive=true) }}",
    "{{ vars.absent | default('x') }} {{ vars.absent | d }} {{ vars.empty | default('y') }}{{ vars.empty | default('z', true) }} {{ vars.nothing | default('n', boolean=true) }}",
    "{% if vars.absent is defined %}a{% else %}b{% endif %}{{ 'c' if vars.amount is defined else 'd' }}{{ vars.absent is undefined }}",
    "{{ vars.nothing is none }} {{ 'a' is string }} {{ 1 is number }} {{ vars.yes is boolean }} {{ vars.rates is mapping }} {{ vars.names is sequence }}",
    "{{ 4 is even }} {{ 4 is odd }} {{ 9 is divisibleby(3) }} {{ 'a' is in('abc') }} {{ vars.yes is true }} {{ vars.yes is false }}",
    "{% if vars.amount > 2000 %}much{% elif vars.amount > 1000 %}some{% else %}little{% endif %}",
    "{% if not vars.none %}none{% endif %} {% if vars.nothing or vars.empty or 'third' %}or{% endif %} {{ vars.empty or 'else' }} {{ 'x' and 'y' }}",
    "{% for x in vars.names %}{{ loop.index }}/{{ loop.length }} {{ x }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for x in vars.none %}{{ x }}{% else %}nobody{% endfor %} {% for x in vars.numbers if x > 1 %}{{ loop.index0 }}{{ loop.first }}{{ x }} {% endfor %}",
    "{% for k, v in vars.rates.items() %}{{ k }}={{ v }} {% endfor %}{% for k in vars.rates %}{{ k }}{% endfor %}{{ vars.rates.keys() | join }}{{ vars.rates.values() | sum }}",
    "{% for a in range(3) %}{% for b in range(1, 6, 2) %}{{ loop.index }}{{ a * b }} {% endfor %}{{ loop.revindex }}{{ loop.revindex0 }} {% endfor %}",
    "{% set x = 1 %}{% for i in vars.numbers %}{{ x }}{% set x = x + i %}{{ x }} {% endfor %}{{ x }}",
    "{% if true %}{% set y = 'inside' %}{% endif %}{{ y }}{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set z = vars.absent %}{{ z | default('late') }}",
    "{{ 1 + 2 * 3 - 4 / 8 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ -3 + +1 }} {{ 'a' + 'b' }} {{ 'n' ~ 1 ~ 2.5 ~ true }}",
    "{{ 1 < 2 <= 2 }} {{ 3 == 3.0 }} {{ 'a' != 'b' }} {{ 2 in vars.numbers }} {{ 9 not in vars.numbers }} {{ 'ab' in 'cabs' }} {{ 'a' in vars.rates }}",
    "{{ 'Ann'.upper() }}{{ 'x'.lower() }}{{ ' x '.strip() }}{{ 'xxaxx'.strip('x') }}{{ 'ab'.startswith('a') }}{{ 'ab'.endswith('a') }}",
    "{{ 'a,b,c'.split(',') | last }} {{ 'a b'.split() | join('-') }} {{ 'a,b,c'.split(',', 1) | last }} {{ 'aa'.replace('a', 'b') }} {{ ', '.join(vars.names) }}",
    "{{ vars.get('amount') }} {{ vars.get('absent', 'none') }} {{ vars.names[1:] | join }} {{ vars.long[:9] }} {{ vars.long[-3:] }} {{ 'abc'[::-1] }} {{ vars.names[-1] }}",
    "{{ [1, 2, 3] | join('+') }} {{ (1, 2) | length }} {{ {'a': 'first'}['a'] }} {{ {'mon': 1}.get('tue', 0) }}",
    "{{ due_at.weekday() }} {{ due_at.isoweekday() }} {{ due_at.date().isoformat() }} {{ due_at.date().strftime('%d.%m.') }} {{ due_at.date().year }}",
    "{{ '%d of %s: %5.1f%%' | format(3, 'x', 2.25) }} {{ vars.html }} {{ vars.html | upper }} {{ 'x' | string }}",
    "a\n  {%- if true -%}  b  {%- endif %}\n\n{{ 'c' }}\n{% if true %}\n  d\n{% endif %}\ne",
    "{{ vars.people[0].name }} {{ vars.people[1]['age'] }} {{ recipient.pets | sort | first }} {{ recipient['balance'] | abs }}",
    "{{ 'yes' if vars.amount == 1250 else 'no' }} {{ (1 + 2) * 3 }} {{ not true }} {{ 1 if none else 2 }} {{ 1_000 }} {{ 1e3 }}",
]


@pytest.mark.parametrize("message", AS_IN_JINJA)
def test_a_template_means_what_it_means_in_jinja(message: str) -> None:
    assert text(message) == by_jinja(message)


def test_due_at_is_in_the_zone_of_the_job() -> None:
    lima = job("{{ due_at.strftime('%H:%M %Z') }}", zone="America/Lima")
    assert render(lima, ANN, DUE_AT).text == "03:05 -05"


def test_the_text_comes_with_its_encoding_and_segments() -> None:
    assert render(job("{{ 'ő' }}" + "a" * 70), ANN, DUE_AT)[1:] == ("UCS-2", 2)


def test_white_space_around_the_text_is_dropped_and_line_ends_are_one_character() -> None:
    assert text("\n  a\r\nb \n\n") == "a\nb"
    assert text("{{ vars.block }}", block="x\r\ny\n") == "x\ny"


def test_a_variable_named_like_a_method_is_a_variable() -> None:
    assert text("{{ vars.items[0] }} {{ vars.keys }}", keys="k") == "tea k"


def test_a_variable_never_hides_a_field_of_the_recipient() -> None:
    bob = Recipient("+14155550124", variables={"phone": "other"})
    assert render(job("{{ recipient.phone }}"), bob, DUE_AT).text == "+14155550124"


@pytest.mark.parametrize(
    ("message", "expected", "hint", "line"),
    [
        ("a\n\n{{ vars.amuont }}", "vars.amuont is not defined", "did you mean vars.amount?", 3),
        ("{{ recipient.nmae }}", "recipient.nmae is not defined", "did you mean recipient.name?", 1),
        ("{{ recipient.key }}", "recipient.key is not defined", "give it, or write", 1),
        ("{{ recipent.name }}", "recipent is not defined", "did you mean recipient?", 1),
        ("{{ vars.rates.c.d }}", "vars.rates.c is not defined", "", 1),
        ("{{ vars.names[7] }}", "vars.names[7] is not defined", "", 1),
        ("{{ vars['x y'] }}", "vars['x y'] is not defined", "", 1),
        ("{{ due_at.hours }}", "due_at.hours is not defined", "", 1),
        ("{{ 'x' if false }}", "the inline if has no else", "add else", 1),
        ("{% if vars.absent %}x{% endif %}", "vars.absent is not defined", "", 1),
        ("{{ vars.none | first }}", "an empty list has no first", "", 1),
        ("{% for x in vars.names %}\n{{ x }}{% endfor %}{{ x }}", "x is not defined", "", 2),
        ("{{ vars.nothing }}", "null cannot be printed", "default", 1),
        ("{{ vars.names }}", "a list cannot be printed", "join", 1),
        ("{{ vars }}", "a mapping cannot be printed", "", 1),
        ("{{ 'a' + 1 }}", "text + a number", "~", 1),
        ("{{ '%s' % 1 }}", "% cannot be applied to text", "format", 1),
        ("{{ 'a' * 3 }}", "a number is needed here, not text", "", 1),
        ("{{ 1 / 0 }}", "division by zero", "", 1),
        ("{{ 1 < 'a' }}", "the comparison cannot be applied to a number, text", "", 1),
        ("{{ due_at < vars.amount }}", "the comparison cannot be applied to a date, a number", "", 1),
        ("{{ [1, 'a'] | sort | join }}", "sort cannot be applied to a list", "", 1),
        ("{{ 'a' | round }}", "a number is needed here", "", 1),
        ("{{ 'a' | upper(1) }}", "text is needed here, not a number", "", 1),
        ("{{ 'x' | replace('x') }}", "replace cannot be applied to text, text", "", 1),
        ("{% for x in vars.long %}{% endfor %}", "a list is needed here, not text", "", 1),
        ("{% for a, b in vars.numbers %}{% endfor %}", "a list is needed here, not a number", "", 1),
        ("{% for a, b, c in vars.rates.items() %}{% endfor %}", "3 names for 2 values", "", 1),
        ("{{ vars.names == [] }}", "a list cannot be compared", "length", 1),
        ("{{ vars.amount.upper() }}", "upper() cannot be called here", "", 1),
        ("{{ due_at.upper() }}", "upper() cannot be called here", "strftime", 1),
        ("{{ due_at.strftime('%Q') }}", "strftime does not know", "%H:%M", 1),
        ("{{ '%q' | format(1) }}", "an unknown format", "%d", 1),
        ("{{ '%d' | format('x') }}", "format cannot be applied to text, text", "", 1),
    ],
)
def test_what_cannot_be_done_is_told_with_its_line(message: str, expected: str, hint: str, line: int) -> None:
    caught = error(message)
    assert expected in caught.message
    assert hint in caught.hint
    assert caught.line == line


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("{{ 'x'", "the expression is never closed"),
        ("{% if %}", "the expression is not complete"),
        ("{{ 1 + }}", "the expression is not complete"),
        ("{{ 1 2 }}", "a number cannot follow here"),
        ("{{ x y }}", "'y' cannot follow here"),
        ("{% if x = 1 %}{% endif %}", "'=' cannot follow here"),
        ("{% if true %}", "{% if %} is never closed"),
        ("{% if true %}{% if false %}{% endif %}\n\n", "{% if %} is never closed"),
        ("{% for x in [1] %}{% if x %}{% endfor %}", "{% endfor %} cannot stand here, {% if %} is still open"),
        ("{% set x %}", "{% set %} gives no value"),
        ("{% foo %}", "there is no tag 'foo'"),
        ("{% endfro %}", "there is no tag 'endfro'"),
        ("x{% endif %}", "{% endif %} belongs to nothing"),
        ("{% for x y %}{% endfor %}", "'in' is missing before 'y'"),
        ("{{ 'x }}", "the quote ' is never closed"),
        ("{{ a && b }}", "the character & cannot stand in an expression"),
        ("{{ (1 }}", "'}' stands where ')' is missing"),
        ("{{ 1 }", "'}' cannot stand here"),
        ("{# x", "this {# is never closed"),
        ("{{ x | uper }}", "there is no filter 'uper'"),
        ("{{ x is evn }}", "there is no test 'evn'"),
        ("{{ due_at.strftme('%H') }}", "strftme() cannot be called"),
        ("{{ \"a' }}", "not a valid template"),
    ],
)
def test_what_is_no_template_is_told(message: str, expected: str) -> None:
    caught = error("\n" + message)
    assert expected in caught.message
    assert caught.line == 2


@pytest.mark.parametrize("message", ["", " \n ", "{{ '' }}", "{# remark #}", "{% if false %}x{% endif %}"])
def test_an_empty_text_is_refused(message: str) -> None:
    assert error(message).message == "the text is empty"


def test_a_text_too_long_in_gsm_7_is_refused_with_its_length() -> None:
    assert len(text("a" * 1600)) == 1600
    assert error("a" * 1601).message == "the text takes 1601 units in GSM-7, at most 1600 can be sent"


def test_a_text_too_long_in_ucs_2_is_refused_with_the_character_that_is_to_blame() -> None:
    assert len(text("ő" * 737)) == 737
    caught = error("It" + "’" + "s" * 735)
    assert caught.message == "the text takes 738 units in UCS-2, at most 737 can be sent"
    assert "'’' (U+2019) at character 3" in caught.hint


@pytest.mark.parametrize(("character", "name"), [("\0", "U+0000"), ("\x1b", "U+001B"), ("\ud83d", "U+D83D")])
def test_a_character_that_cannot_be_sent_is_refused(character: str, name: str) -> None:
    for caught in (error(f"a{character}b"), error("{{ vars.odd }}", odd=f"a{character}b")):
        assert name in caught.message
