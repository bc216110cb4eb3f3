"""Templates made of random pieces: bounded, without surprises, and of one mind with Jinja."""

from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reminderd.message import RenderError
from reminderd.message.expressions import Run
from reminderd.message.statements import write
from reminderd.message.template import compile_template

VARS: dict[str, object] = {
    "n": 7,
    "f": 2.5,
    "t": "Some text",
    "e": "",
    "null": None,
    "l": [3, 1, 2],
    "w": ["b", "A"],
    "d": {"k": "v"},
}
VARIABLES = {
    "vars": VARS,
    "recipient": {"name": "Ann", "phone": "+14155550123"},
    "job": {"name": "rent"},
    "due_at": datetime(2026, 11, 22, 9, tzinfo=ZoneInfo("Europe/Berlin")),
}
JINJA = ImmutableSandboxedEnvironment(undefined=StrictUndefined)

ATOMS = st.sampled_from(
    [
        *(f"vars.{name}" for name in [*VARS, "absent"]),
        *("recipient.name", "job.name", "due_at", "x", "loop.index", "1", "0", "-2", "2.5", "'a'", "' bc '", "true"),
        *("vars.l[0]", "vars.d.k", "vars.t[1:3]", "due_at.strftime('%H')", "due_at.year", "vars.t.upper()", "[1, 'a']"),
    ]
)
FILTERS = st.sampled_from(
    [
        "upper",
        "lower",
        "title",
        "capitalize",
        "trim",
        "length",
        "first",
        "last",
        "sort",
        "join('-')",
        "round",
        "int",
        "float",
        "abs",
        "default('z')",
        "sum",
        "min",
        "max",
        "replace('e','--')",
        "truncate(5)",
        "string",
    ]
)
TESTS = st.sampled_from(
    ["defined", "undefined", "none", "string", "number", "even", "odd", "mapping", "sequence", "divisibleby(2)"]
)
OPERATORS = st.sampled_from(["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", ">=", "in", "not in", "and", "or"])


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, OPERATORS, inner),
        st.builds("({} | {})".format, inner, FILTERS),
        st.builds("({} is {})".format, inner, TESTS),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("not {}".format, inner),
    )


EXPRESSIONS = st.recursive(ATOMS, grown, max_leaves=6)


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, EXPRESSIONS, inner, inner),
        st.builds("{{% for x in {} %}}{}{{% else %}}{}{{% endfor %}}".format, EXPRESSIONS, inner, inner),
        st.builds("{{% for x in {} if x %}}{}{{% endfor %}}".format, EXPRESSIONS, inner),
        st.builds("{{% set x = {} %}}{}".format, EXPRESSIONS, inner),
        st.builds("{}\n {{%- if true -%}} {} {{% endif %}}".format, inner, inner),
        st.builds("{}{}".format, inner, inner),
    )


TEMPLATES = st.recursive(
    st.one_of(EXPRESSIONS.map("{{{{ {} }}}}".format), st.sampled_from(["text ", "\n"])), blocks, max_leaves=5
)


# Where we are stricter than Jinja: it prints and compares lists and null, and lets some tests ask after the undefined.
STRICTER = ("cannot be printed", "cannot be compared", "is needed here", "cannot be applied", "is not defined")


def attempt(source: str) -> tuple[str | None, str]:
    """The text, or why there is none."""
    run = Run(VARIABLES)
    try:
        write(compile_template(source), run)
    except RenderError as error:
        return None, error.message
    return run.text, ""


def ours(source: str) -> str | None:
    return attempt(source)[0]


def check_against_jinja(source: str) -> None:
    text = ours(source)
    if text is not None:
        assert text == JINJA.from_string(source).render(VARIABLES)


@given(TEMPLATES)
@settings(max_examples=120, deadline=None)
def test_a_text_that_we_make_is_the_text_that_jinja_makes(source: str) -> None:
    check_against_jinja(source)


@given(EXPRESSIONS)
@settings(max_examples=120, deadline=None)
def test_what_jinja_can_print_we_can_print_or_refuse_for_a_stated_reason(expression: str) -> None:
    source = f"{{{{ {expression} }}}}"
    try:
        expected = JINJA.from_string(source).render(VARIABLES)
    except Exception:  # noqa: BLE001 (whatever Jinja trips over is refused here in our own way)
        assert ours(source) is None
        return
    text, refusal = attempt(source)
    assert text == expected or any(reason in refusal for reason in STRICTER), refusal


SOUP = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "{{",
                "}}",
                "{%",
                "%}",
                "{#",
                "#}",
                "{%-",
                "-%}",
                "if",
                "else",
                "endif",
                "for",
                "in",
                "endfor",
                "set",
                "=",
                "(",
                ")",
                "[",
                "]",
                "|",
                ".",
                ",",
                ":",
                "'",
                '"',
                "~",
                "+",
                "*",
                "**",
                "x",
                "vars",
            ]
        ),
        st.text(max_size=3),
    ),
    max_size=25,
).map(" ".join)


@given(SOUP)
@settings(max_examples=120, deadline=None)
def test_no_source_leads_to_another_error(source: str) -> None:
    with suppress(RenderError):
        write(compile_template(source), Run(VARIABLES))


@pytest.mark.nightly
@given(st.one_of(TEMPLATES, SOUP))
@settings(max_examples=20_000, deadline=None)
def test_texts_are_those_of_jinja_at_length(source: str) -> None:
    check_against_jinja(source)
