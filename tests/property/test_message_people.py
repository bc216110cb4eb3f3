"""Filters for people, includes, languages and lists with values of every kind."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import DictLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reminderd.message import RenderError, measure, parse_where, render, wording
from reminderd.message.punctuation import plain
from reminderd.model import Job, Recipient
from tests.property.test_message import EXPRESSIONS, JINJA, VARS
from tests.unit.test_message_render import ANN, job

NOW = datetime(2026, 11, 22, 8, 5, tzinfo=UTC)
ISO = st.builds(
    "{:04}-{:02}-{:02}{}{}{}".format,
    st.integers(0, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from(["", "T18:00", " 24:00", "T07:05:59.5", "x"]),
    st.sampled_from(["", "Z", "+02:00", "-23:59", "+24:00"]),
    st.sampled_from(["", " ", "\n"]),
)
VALUES = st.one_of(
    ISO,
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.datetimes(),
    st.datetimes(timezones=st.timezones()),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)
FILTERS = st.sampled_from(
    [
        *("date", "time", "datetime", "humanize", "ordinal", "money", "date(f)", "time(f)", "datetime(f)", "money(f)"),
        *("money(f, 3)", "money(thousands=f, decimal=f)", "money(digits=f)", "humanize(f)", "ordinal(f)"),
    ]
)
FORMATS = st.one_of(VALUES, st.lists(st.sampled_from(["%H", "%d", "%", "-", "Q", "5", "x"])).map("".join))


def text_or_refusal(of: Job) -> str:
    try:
        return render(of, ANN, NOW).text
    except RenderError as error:
        return f"refused: {error.message}"


@given(VALUES, FILTERS, FORMATS)
@settings(max_examples=300, deadline=None)
def test_a_filter_for_people_gives_a_short_text_or_says_what_is_wrong(value: object, name: str, form: object) -> None:
    message = f"{{% set f = vars.f %}}x{{{{ vars.v | {name} }}}}"
    assert 0 < len(text_or_refusal(job(message, {"v": value, "f": form}))) < 1_000


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4), st.integers(0, 6), st.booleans())
def test_money_is_the_number_rounded(amount: Decimal, digits: int, as_text: bool) -> None:
    value = f"{amount:f}" if as_text else float(amount)
    shown = render(job(f"{{{{ vars.v | money(digits={digits}) }}}}", {"v": value}), ANN, NOW).text
    exact = amount if as_text else Decimal(repr(float(amount)))
    assert Decimal(shown.replace(",", "")) == exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    assert re.fullmatch(r"-?\d{1,3}(,\d{3})*(\.\d+)?", shown)


SIZES = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}


@given(st.integers(0, 10**9))
def test_a_span_in_words_is_never_longer_than_it_is_and_less_than_half_shorter(seconds: int) -> None:
    shown = render(job("{{ vars.v | humanize }}", {"v": timedelta(seconds=seconds)}), ANN, NOW).text
    said = sum(int(count) * SIZES[unit] for count, unit in re.findall(r"(\d+) (day|hour|minute|second)", shown))
    assert seconds / 2 <= said <= seconds


PIECES = st.sampled_from(
    ["a", "\n", "{{ y }}", "{% set y = y + 1 %}", "{% include 't0' %}", "{% include 't1' %}", "{% include 't2' %}"]
)
SOURCES = st.lists(PIECES, max_size=5).map("".join)


@given(SOURCES, st.lists(SOURCES, min_size=3, max_size=3))
@settings(max_examples=200, deadline=None)
def test_what_we_include_jinja_includes_and_what_we_refuse_is_a_circle(root: str, sources: list[str]) -> None:
    templates = {f"t{number}": source for number, source in enumerate(sources)}
    source = "{% set y = 1 %}x" + root
    text = text_or_refusal(replace(job(source), templates=templates))
    if text.startswith("refused"):
        assert "in a circle" in text
        return
    environment = ImmutableSandboxedEnvironment(loader=DictLoader(templates), undefined=StrictUndefined)
    assert text == environment.from_string(source).render().strip()


def names(expression: str) -> str:
    """The expression over columns that stands for one over variables."""
    return expression.replace("vars.", "").replace("recipient.name", "t").replace("job.name", "t")


@given(EXPRESSIONS)
@settings(max_examples=200, deadline=None)
def test_a_where_is_true_where_jinja_says_so(expression: str) -> None:
    text = names(expression)
    try:
        found = parse_where(text).matches(VARS)
    except RenderError:
        return
    assert found is bool(JINJA.compile_expression(text, undefined_to_none=False)(**VARS))


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_text_of_a_where_leads_to_another_error(text: str) -> None:
    with suppress(RenderError):
        parse_where(text).matches({"a": "1"})


@given(st.text(max_size=60))
def test_plain_punctuation_is_plain_already(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    if measure(text).encoding == "GSM-7":
        assert once == text


TAGS = st.lists(st.sampled_from(["de", "DE", "AT", "Latn", "en", "x", ""]), min_size=1, max_size=3).map("-".join)


@given(st.dictionaries(TAGS.filter(bool), st.just("text"), min_size=1, max_size=4), TAGS.filter(bool))
def test_a_language_is_its_own_text_or_that_of_what_it_begins_with(messages: Mapping[str, str], language: str) -> None:
    of: Job = replace(job("", {}), messages=messages)
    try:
        _, chosen = wording(of, Recipient("+14155550100", language=language)).place
    except RenderError:
        assert language not in messages
        return
    assert str(chosen) == language if language in messages else language.lower().startswith(str(chosen).lower())
