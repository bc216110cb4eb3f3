"""Expressions over the columns of a list."""

import time

import pytest

from reminderd.message import RenderError, parse_where

ROW = {
    "plan": "pro",
    "age": "42",
    "name": "Ann O'Hara",
    "city": "",
    "joined": "2026-03-01",
    "level": 3,
    "Post code": "53111",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('plan == "pro"', True),
        ('plan == "pro" and age|int >= 18', True),
        ('plan == "pro" and age|int < 18', False),
        ("plan in ['pro', 'team'] or level > 5", True),
        ("not city", True),
        ("city", False),
        ("name.startswith('Ann') and 'Hara' in name", True),
        ("nick is defined and nick", False),
        ("nick | default('x') == 'x'", True),
        ("joined < '2026-06-01' and joined | date('%Y') == '2026'", True),
        ("level is even", False),
        ("row['Post code'] == '53111' and row.plan == 'pro' and row.get('nick') is none", True),
        ("(age | int) % 2 == 0", True),
        ("plan | upper == 'PRO'\n  and level == 3", True),
        ("true", True),
    ],
)
def test_an_expression_says_whether_a_row_is_meant(text: str, expected: bool) -> None:
    assert parse_where(text).matches(ROW) is expected


def refused(text: str) -> RenderError:
    with pytest.raises(RenderError) as caught:
        parse_where(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("", "the expression is empty", 1, None),
        ("plan ==", "not a valid expression: the expression is not complete", 1, None),
        ("plan = 'pro'", "'=' cannot follow here, and == compares", 1, None),
        ("plan == 'pro' }} {{ age", "cannot follow here", 1, None),
        ("age > 1\nor age|itn", "there is no filter 'itn'", 2, 8),
        ("age is evn", "there is no test 'evn'", 1, 8),
        ("age.__class__", "__class__ cannot be used", 1, 5),
        ("exit()", "exit() cannot be called here", 1, 1),
        ("'a' ** 9", "** cannot be used", 1, None),
        ("(" * 400 + "1" + ")" * 400, "nested too deeply", 1, None),
        ("1" + " + 1" * 400, "nested too deeply", 1, None),
        ("x" * 3_000, "longer than 2048 characters", 1, None),
        ("[" + "1," * 1_000 + "]", "", 1, None),
    ],
)
def test_what_is_no_expression_is_told_with_its_place(text: str, message: str, line: int, column: int | None) -> None:
    if not message:
        parse_where(text)
        return
    error = refused(text)
    assert message in error.message
    assert (error.line, error.column) == (line, column)


def test_the_names_of_an_expression_are_the_columns_that_have_to_be_there() -> None:
    where = parse_where("plan == 'pro' and name.upper() == 'X' and nick is defined and row|default(1) and range(3)")
    assert where.names == {"plan", "name"}


def test_a_column_whose_name_is_no_word_is_one_of_the_row() -> None:
    where = parse_where("row['Post code'] and row.plan and plan and row.get('x') and row['y'] is defined")
    assert where.names == {"Post code", "plan"}
    error = where.unknown(["post code", "plan"])
    assert error is not None
    assert (error.message, error.column) == ("there is no column 'Post code'", 6)


def test_an_unknown_column_is_told_with_those_that_there_are() -> None:
    where = parse_where("plan == 'pro' and pln == 'x'")
    assert where.unknown(["plan", "pln"]) is None
    error = where.unknown(["plan", "age"])
    assert error is not None
    assert (error.message, error.line, error.column) == ("there is no column 'pln'", 1, 19)
    assert error.hint == "did you mean plan? The columns are age, plan"
    later = parse_where("plan\n and (age and\n  pln)").unknown(["plan", "age"])
    assert later is not None
    assert (later.line, later.column) == (3, 3)
    with pytest.raises(RenderError, match="pln is not defined"):
        where.matches(ROW)


def test_comparing_the_text_of_a_cell_with_a_number_is_explained() -> None:
    with pytest.raises(RenderError) as caught:
        parse_where("age > 18").matches(ROW)
    assert "age|int" in caught.value.hint


@pytest.mark.parametrize("text", ["age == 42", "42 != age", "plan == true", "level == 3 and not (age == 1.5)"])
def test_the_text_of_a_cell_equals_no_number_and_that_is_told_too(text: str) -> None:
    with pytest.raises(RenderError, match="is text and never equals this") as caught:
        parse_where(text).matches(ROW)
    assert caught.value.column is not None
    assert parse_where(text.replace("age", "level").replace("plan", "level")).matches(ROW) in (True, False)


@pytest.mark.parametrize(
    "text",
    [
        "range(1000) | sum > 0",
        "'a' * 1000000000 == name",
        "range(10000000000000) | length > 0",
        "name ~ big ~ big == ''",
        "big | upper == ''",
        "[big, big, big] | join | length > 0",
        "'%0999999999d' | format(1) == ''",
    ],
)
def test_an_expression_that_takes_too_much_ends_soon(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(RenderError):
        parse_where(text).matches({**ROW, "big": "x " * 500_000})
    assert time.perf_counter() - began < 1


def test_the_work_for_all_rows_together_is_bounded() -> None:
    where = parse_where("range(400) | length == 1")
    with pytest.raises(RenderError, match="too much work for so many rows"):
        sum(map(where.matches, [ROW] * 100_000))


def test_a_hundred_thousand_rows_are_no_strain() -> None:
    where = parse_where('plan == "pro" and age|int >= 18')
    rows = [{"plan": "pro" if each % 2 else "free", "age": str(each % 90), "phone": "x"} for each in range(100_000)]
    began = time.process_time()
    assert sum(map(where.matches, rows)) == 39_996
    assert time.process_time() - began < 5  # about one second
