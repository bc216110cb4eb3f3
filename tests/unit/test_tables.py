"""Lists of people as CSV: what is read of them, and where each mistake is."""

import csv
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminderd.jobs.lists import PeopleList, rows_of
from reminderd.jobs.table import MOST_PROBLEMS, read_table

HEADER = "phone,name,plan\n"


def read(text: str | bytes, *, private: bool = False, accepted: bool = False) -> PeopleList:
    data = text if isinstance(text, bytes) else text.encode()
    return read_table(data, "people.csv", private, accepted)


def people(text: str | bytes) -> PeopleList:
    listed = read(text)
    assert not listed.problems, listed.problems
    return listed


def only_problem(text: str | bytes) -> str:
    listed = read(text)
    assert not listed.recipients
    (problem,) = listed.problems
    return str(problem)


def test_each_row_is_a_person_with_variables_as_text() -> None:
    listed = people("phone,name,key,timezone,language,plan,age\n+44 7700 900101,Ada,a,Europe/Rome,it,pro,36\n")
    (ada,) = listed.recipients
    assert (ada.phone, ada.name, ada.key, ada.timezone, ada.language) == (
        "+447700900101",
        "Ada",
        "a",
        "Europe/Rome",
        "it",
    )
    assert ada.variables == {"plan": "pro", "age": "36"}
    assert not ada.private
    assert listed.columns == ("phone", "name", "key", "timezone", "language", "plan", "age")


def test_what_is_empty_in_a_known_column_is_not_given_and_a_variable_is_empty_text() -> None:
    (person,) = people("phone,name,timezone,plan\n+447700900101,,,\n").recipients
    assert (person.name, person.timezone) == (None, None)
    assert person.variables == {"plan": ""}


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffphone,name\n+447700900101,Ada\n",
        "phone;name\r\n+447700900101;Ada\r\n",
        'phone, name\n+447700900101 , "Ada"\n',
        "phone;name,or nick\n+447700900101;Ada\n".replace(",or nick", ""),
        "name,phone\n\nAda,+447700900101\n\n",
        "phone,name\n+447700900101,Ada",
        "phone,name\n+447700900101,Ada\n,\n",
    ],
)
def test_it_is_read_as_spreadsheets_of_all_countries_write_it(text: str) -> None:
    (person,) = people(text).recipients
    assert (person.phone, person.name) == ("+447700900101", "Ada")


def test_quotation_marks_keep_delimiters_and_line_breaks_and_rows_know_their_lines() -> None:
    listed = people('phone,note\n+447700900101,"a, ""b""\nc"\n+447700900102,d\n')
    assert [each.variables["note"] for each in listed.recipients] == ['a, "b"\nc', "d"]
    assert list(listed.lines) == [2, 4]


def test_people_of_one_list_share_its_header() -> None:
    first, second = people(HEADER + "+447700900101,Ada,pro\n+447700900102,Bob,pro\n").recipients
    assert first.variables["plan"] is second.variables["plan"]
    assert first.variables == {"plan": "pro"}
    assert "name" not in first.variables
    assert list(first.variables) == ["plan"]


def test_a_row_for_a_where_has_all_columns() -> None:
    (row,) = rows_of(people("phone,name,plan\n+447700900101,,pro\n"))
    assert row == {"phone": "+447700900101", "name": "", "plan": "pro"}


def test_private_people_are_marked() -> None:
    (person,) = read(HEADER + "+447700900101,Ada,pro\n", private=True).recipients
    assert person.private


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "people.csv: is empty, write a header"),
        (" \n\n", "people.csv: is empty, write a header"),
        (HEADER, "people.csv:1:1: has a header and nobody under it"),
        ("name,plan\nAda,pro\n", "people.csv:1:1: there is no column phone, write a header"),
        ("Phone,plan\n+447700900101,pro\n", "people.csv:1:1: there is no column phone, call it phone, not 'Phone'?"),
        (
            "phone\tname\n+447700900101\tAda\n",
            "people.csv:1:1: there is no column phone, put , or ; between the columns",
        ),
        ("+447700900101,Ada\n", "people.csv:1:1: there is no column phone"),
        ("phone,plan,plan\n", "people.csv:1:12: the column 'plan' is there twice, keep one"),
        ("phone,,plan\n", "people.csv:1:7: this column has no name"),
        ("phone,time_zone\n", "people.csv:1:7: the column 'time_zone' looks like timezone"),
        ("phone,Language\n", "people.csv:1:7: the column 'Language' looks like language"),
        (HEADER + "+447700900101,Ada\n", "people.csv:2:15: has 2 values, and the header has 3 columns"),
        (
            HEADER + "+447700900101,Ada,pro,x\n",
            "people.csv:2:23: has 4 values, and the header has 3 columns, put values that hold ',' in quotation marks",
        ),
        (HEADER + ",Ada,pro\n", "people.csv:2:1: phone: the phone number is empty"),
        (HEADER + "07700 900101,Ada,pro\n", "people.csv:2:1: phone: the phone number does not begin with +"),
        ('name,phone\n"A, B",  +4477\n', "people.csv:2:10: phone: the phone number is too short"),
        ('note,phone\n"A\nB",+4477\n', "people.csv:3:4: phone: the phone number is too short"),
        ("phone,timezone\n+447700900101,Berlin\n", "people.csv:2:15: timezone: "),
        ("phone,language\n+447700900101,german!\n", "people.csv:2:15: language: 'german!' is not a language"),
        (f"phone,name\n+447700900101,{'A' * 501}\n", "people.csv:2:15: name: is 501 characters long"),
        ('phone,name\n+447700900101,"Ada\n', "people.csv:2:15: the quotation mark of this value is never closed"),
        ('phone,name\n+447700900101,"Ada" B\n', "people.csv:2:15: something follows the closing quotation mark"),
        (f'phone,name\n+447700900101,"{"A" * 140_000}\n', "people.csv:2:15: this value has more than 131,072"),
        ("phone,name\n+447700900101,A\x00da\n", r"people.csv:2:16: the character '\x00' is not allowed in CSV"),
        ("phone,name\n+447700900101,Jörg\n".encode("latin-1"), "people.csv:2:16: not UTF-8 text, save it as UTF-8"),
        ("phone,name\n+447700900101,Ada\n".encode("utf-16"), "people.csv:1:1: not UTF-8 text"),
        ("phone," + ",".join(f"c{number}" for number in range(200)) + "\n", "people.csv:1:1: has 201 columns"),
    ],
)
def test_a_mistake_is_told_at_its_place(text: str | bytes, expected: str) -> None:
    assert only_problem(text).startswith(expected)


def test_all_mistakes_are_told_at_once_up_to_a_bound() -> None:
    listed = read("phone\n" + "1\n" * 5)
    assert [problem.line for problem in listed.problems] == [2, 3, 4, 5, 6]
    many = read("phone\n" + "1\n" * 10_000)
    assert len(many.problems) == MOST_PROBLEMS + 1
    assert many.problems[-1].message.startswith("has more problems")


def test_no_problem_repeats_a_phone_number() -> None:
    listed = read("phone\n+4477009001\n+447700900101;ext=5\n004477\nabc\n")
    assert listed.problems
    assert not any("7700" in str(problem) for problem in listed.problems)


def test_a_number_that_was_accepted_once_is_not_judged_again() -> None:
    assert read("phone\n+99914155550100\n").problems
    (person,) = read("phone\n+99914155550100\n", accepted=True).recipients
    assert person.phone == "+99914155550100"


def test_a_hundred_thousand_values_that_are_alike_are_kept_once() -> None:
    text = HEADER + "".join(f"+4477{number:08},,pro\n" for number in range(5_000))
    tracemalloc.start()
    listed = people(text)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(listed.recipients) == 5_000
    assert used / 5_000 < 700  # bytes for each


@given(
    st.text(alphabet='phone,;+44700"\n\r \tµ', max_size=200)
    | st.binary(max_size=100)
    | st.lists(st.text(alphabet='+4477009001"x', max_size=14), max_size=8).map(lambda rows: "phone\n" + "\n".join(rows))
)
def test_no_content_makes_it_fail(text: str | bytes) -> None:
    listed = read(text)
    assert bool(listed.recipients) != bool(listed.problems)
    assert len(listed.lines) == len(listed.recipients)
    for problem in listed.problems:
        assert problem.line >= 0


@given(
    st.lists(
        st.tuples(st.integers(0, 99), st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), max_size=20)),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from(",;"),
)
def test_what_a_csv_writer_writes_is_read_again(rows: list[tuple[int, str]], delimiter: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["phone", "note"])
    writer.writerows([f"+4477009001{number:02}", note] for number, note in rows)
    listed = people(out.getvalue())
    assert [(each.phone, each.variables["note"]) for each in listed.recipients] == [
        (f"+4477009001{number:02}", note) for number, note in rows
    ]
