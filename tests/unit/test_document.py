"""YAML as text with places: the traps of YAML, its bombs, and problems that point at the right character."""

from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from reminderd.document import Document, Fault, faults, load, scalars
from reminderd.document.scalars import Plain, Wrong, core, did_you_mean
from reminderd.document.yamlerrors import Misread
from reminderd.document.yamltree import MAX_DEPTH, MAX_NODES, compose


def read(text: str) -> Document:
    document, problems = load(text.encode(), "a.yaml")
    assert not problems
    assert document is not None
    return document


def only_problem(data: str | bytes) -> str:
    _, problems = load(data if isinstance(data, bytes) else data.encode(), "a.yaml")
    assert len(problems) == 1
    return str(problems[0])


# Scalars


@pytest.mark.parametrize(
    "written",
    [
        "12:30",
        "09:30",
        "1:30",
        "+14155550123",
        "0123",
        "004915112345678",
        "NO",
        "on",
        "yes",
        "off",
        "y",
        "1.10",
        "1e3",
        "1_000",
        "0x1f",
        "0o17",
        "0b11",
        ".inf",
        ".nan",
        "2026-03-29T02:30:00",
        "2026-03-29T02:30:00Z",
        "2026-03-29T02:30:00+0200",
        "2026-02-30",
        "2026-03-29",
        "=",
        "-0",
        "1:2:3:4",
    ],
)
def test_what_yaml_would_turn_into_something_else_stays_text(written: str) -> None:
    value = read(f"key: {written}").value["key"]
    assert value == written
    assert isinstance(value, Plain)
    assert core(value) == written


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12", 12),
        ("0", 0),
        ("-7", -7),
        ("1.5", 1.5),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("'null'", "null"),
        ("[1, {a: 2.5}, x]", [1, {"a": 2.5}, "x"]),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("1" * 5000, "1" * 5000),
        ("0.30000000000000004", 0.30000000000000004),
        ("0.300000000000000001", "0.300000000000000001"),
    ],
)
def test_the_core_view_reads_a_plain_value_only_when_it_prints_as_it_is_written(written: str, meant: object) -> None:
    found = core(read(f"key: {written}").value["key"])
    assert found == meant
    assert type(found) is type(meant)


def test_keys_are_text_too() -> None:
    assert list(read("on: 1\nNO: 2\n1: 3\nnull: 4\n").value) == ["on", "NO", "1", "null"]


def test_a_number_sign_after_a_space_begins_a_comment_and_one_inside_of_a_word_does_not() -> None:
    assert read("a: call #42\nb: call#42\n").value == {"a": "call", "b": "call#42"}


def test_quotes_and_blocks_are_not_plain() -> None:
    value = read("a: 'x'\nb: \"x\"\nc: |-\n  x\nd: >-\n  x\n").value
    assert set(value.values()) == {"x"}
    assert not any(isinstance(each, Plain) for each in value.values())


def test_a_byte_order_mark_changes_neither_the_content_nor_the_places() -> None:
    document, problems = load(b"\xef\xbb\xbfkey: value\n", "a.yaml")
    assert document is not None
    assert not problems
    assert document.value == {"key": "value"}
    assert document.place(("key",)) == (1, 6)


# Files without content


@pytest.mark.parametrize("content", ["# nothing yet\n", "\n# one\n\n# two", "---\n", "--- # x\n...\n"])
def test_a_file_of_comments_has_no_content_and_no_problem(content: str) -> None:
    assert load(content.encode(), "a.yaml") == (None, [])


@pytest.mark.parametrize("content", ["", "\n", "  \n\t\n", "\ufeff", "\ufeff\n"])
def test_a_file_with_nothing_at_all_is_a_problem(content: str) -> None:
    assert only_problem(content).startswith("a.yaml: is empty")


# Anchors, aliases, merge keys


def test_an_alias_stands_for_its_anchor() -> None:
    assert read("a: &x [1, 2]\nb: *x\n").value == {"a": ["1", "2"], "b": ["1", "2"]}


def test_an_alias_may_be_a_key() -> None:
    assert read("a: &x one\n*x : two\n").value == {"a": "one", "one": "two"}


def test_an_anchor_may_be_set_again() -> None:
    assert read("a: &x 1\nb: &x 2\nc: *x\n").value["c"] == "2"


def test_the_place_of_an_aliased_value_is_where_it_is_written() -> None:
    document = read("a: &x\n  b: c\nd: *x\n")
    assert document.place(("d", "b")) == (2, 6)
    assert str(document.problem(Fault(("d", "b"), "bad"))) == "a.yaml:2:6: a.b: bad"


def test_merge_keys_fill_in_what_the_mapping_does_not_say() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  a: 0\n  <<: [*x, *y]\n"
    assert read(text).value["z"] == {"a": "0", "b": "1", "c": "2"}


def test_a_quoted_merge_key_is_read_like_a_plain_one_and_never_kept() -> None:
    assert read("x: &x {a: 1}\ny:\n  '<<': *x\n").value["y"] == {"a": "1"}


def test_one_alias_more_than_the_cap_is_refused() -> None:
    big = "a: &a [" + "x, " * 1000 + "]\n"
    assert len(read(big + "b: [" + "*a, " * 10 + "]").value["b"]) == 10
    assert "aliases repeat too much" in only_problem(big + "b: [" + "*a, " * 100 + "]")


@pytest.mark.parametrize("long_part", ["&a {" + "k" * 900 + ": x}", "&a " + "x" * 900])
def test_long_keys_and_texts_count_against_the_cap_of_aliases(long_part: str) -> None:
    assert "aliases repeat too much" in only_problem(f"a: {long_part}\nb: [" + "*a, " * 400 + "]")


def test_aliases_cannot_build_what_is_too_deep() -> None:
    levels = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, MAX_DEPTH + 1))
    assert "levels" in only_problem(levels)


def test_a_bomb_of_merge_keys_stays_as_small_as_it_is_written() -> None:
    levels = "a0: &a0 {x: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 9)
    )
    assert read(levels).value["a8"] == {"x": "1"}


# Limits


def test_depth_is_refused_at_the_limit_and_not_before() -> None:
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH).value
    assert only_problem("[" * (MAX_DEPTH + 1)).startswith(f"a.yaml:1:{MAX_DEPTH + 1}: more than {MAX_DEPTH} levels")


@pytest.mark.parametrize("opener", ["[", "{a: ", "- ", "? ", "[{"])
def test_endless_nesting_is_refused_without_recursion(opener: str) -> None:
    assert only_problem(opener * 100_000).startswith("a.yaml:1:")


def test_too_many_values_are_refused() -> None:
    assert f"more than {MAX_NODES} values" in only_problem("[" + "a," * MAX_NODES + "]")


def test_a_file_over_the_size_limit_is_refused_unread() -> None:
    assert only_problem(b"#" * (1024 * 1024 + 1)) == ("a.yaml: is larger than 1024 KiB, split it into several files")
    assert load(b"#" * 1024 * 1024, "a.yaml") == (None, [])


def test_ten_thousand_duplicates_are_reported_in_part() -> None:
    _, problems = load(b"a: 1\n" * 10_000, "a.yaml")
    assert 100 <= len(problems) <= 1000


# Places


def test_a_value_is_placed_at_its_first_character_and_an_unknown_key_at_the_key() -> None:
    document = read("one: x\ntwo:\n  - three:   y\n    four: 'z'\n")
    assert document.place(("one",)) == (1, 6)
    assert document.place(("two", 0, "three")) == (3, 14)
    assert document.place(("two", 0)) == (3, 5)
    problem = document.problem(Fault(("two", 0, "four"), "unknown", about_key=True))
    assert (problem.line, problem.column, problem.path) == (4, 5, "two[0].four")


def test_what_does_not_exist_is_placed_at_its_nearest_ancestor() -> None:
    document = read("one:\n  two: x\n")
    assert document.place(("one", "three", "four")) == (2, 3)
    missing = document.problem(Fault(("one", "three"), "is missing", missing=True))
    assert str(missing) == "a.yaml:2:3: one.three: is missing"


def test_an_empty_value_is_placed_at_its_key() -> None:
    assert read("one:\ntwo: x\n").place(("one",)) == (1, 1)


def test_parts_of_a_path_that_only_the_model_knows_are_passed_over() -> None:
    document = read("to:\n  phone: bad\n")
    problem = document.problem(Fault(("to", 0, "function-before", "phone"), "bad"))
    assert (problem.line, problem.column, problem.path) == (2, 10, "to.phone")


def test_a_key_named_like_a_part_of_the_model_is_found_where_it_is() -> None:
    assert read("to: {to: {to: x}}").place(("to", "to", "to")) == (1, 15)


def test_columns_count_characters_and_lines_count_as_editors_do() -> None:
    document = read("a: '😀\u2028é\u0085x'\nb: {c: '😀', d: e}\r\nf: g\n")
    assert document.place(("b", "d")) == (2, 16)
    assert document.place(("f",)) == (3, 4)


@pytest.mark.parametrize(
    ("text", "line_offset", "column_offset", "place"),
    [
        ("m: |\n  one\n  two x\n", 1, 4, (3, 7)),
        ("m: | # why\n\n    one\n      two\n", 2, 2, (4, 7)),
        ("m: |2\n    one\n  two\n", 1, 0, (3, 3)),
        ("m: >-\n  one\n  two\n  three\n", 0, 8, (4, 3)),
        ("m: >\n  one\n\n  two\n", 1, 0, (4, 3)),
        ("m: one two\n", 0, 4, (1, 8)),
        ("m: 'one two'\n", 0, 4, (1, 9)),
        ("m: one\n  two\n", 0, 4, (2, 3)),
        ('m: "one\\ttwo"\n', 0, 4, (1, 4)),
        ("m: &a one two\n", 0, 4, (1, 4)),
        ("m: |\n  one\n", 7, 0, (1, 4)),
        ("m: [one]\n", 0, 0, (1, 4)),
    ],
)
def test_a_point_within_a_text_is_placed_where_it_is_written(
    text: str, line_offset: int, column_offset: int, place: tuple[int, int]
) -> None:
    problem = read(text).problem_within(Fault(("m",), "bad"), line_offset, column_offset)
    assert (problem.line, problem.column) == place


# Problems


def test_a_problem_shows_control_characters_escaped_and_long_names_cut() -> None:
    long_key = "k" * 400_000
    text = f"? {long_key}\n: 1\n? {long_key}\n: 2\n" + '"\\e[31mred": 1\n"\\e[31mred": 2\n'
    _, problems = load(text.encode(), "a.yaml")
    texts = [str(problem) for problem in problems]
    assert len(texts) == 2
    assert max(map(len, texts)) < 300
    assert all(text.isprintable() for text in texts)
    assert "\\x1b[31mred" in texts[1]


def test_the_first_of_two_equal_keys_counts_so_that_the_rest_can_be_checked() -> None:
    document, problems = load(b"a: 1\na: {b: c}\n", "a.yaml")
    assert document is not None
    assert document.value == {"a": "1"}
    assert [str(problem) for problem in problems] == ["a.yaml:2:1: a: duplicate key 'a', first on line 1, keep one"]


def test_did_you_mean_speaks_only_of_what_is_near() -> None:
    assert did_you_mean("Mesage", ["message", "name"]) == "did you mean 'message'?"
    assert did_you_mean("xyz", ["message", "name"]) == ""
    assert did_you_mean("m" * 10_000_000, ["message"]) == ""


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    inner: Inner
    names: list[str] = []
    other: Inner | None = None


KEYS: dict[Any, tuple[str, ...]] = {(): ("inner", "names", "other"), ("inner",): ("size",)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("names: []", ["a.yaml:1:1: inner: is missing, write inner: {size: 1}"]),
        ("inner: x", ["a.yaml:1:8: inner: must be a mapping, not text"]),
        ("inner: {size: 1}\nnames: x", ["a.yaml:2:8: names: must be a list, not text"]),
        ("inner: {sise: 1, size: 1}", ["a.yaml:1:9: inner.sise: unknown key 'sise', did you mean 'size'?"]),
        ("inner: {size: 1}\nsize: 1", ["a.yaml:2:1: size: unknown key 'size', it goes under inner:"]),
        ("inner: {size: 1, names: 1}", ["a.yaml:1:18: inner.names: unknown key 'names', it goes one level up"]),
        ("inner: {size: 1}\nqqq: 1", ["a.yaml:2:1: qqq: unknown key 'qqq', known keys are inner, names, other"]),
        (
            "inner: {sise: 1}\nnames:\n  - []\n",
            [
                "a.yaml:1:9: inner.sise: unknown key 'sise', did you mean 'size'?",
                "a.yaml:3:5: names[0]: Input should be a valid string",
            ],
        ),
    ],
)
def test_what_pydantic_finds_is_said_in_our_words_and_all_at_once(text: str, expected: list[str]) -> None:
    document = read(text)
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(document.value)
    found = faults(caught.value, KEYS, {"inner": "write inner: {size: 1}"})
    assert [str(document.problem(fault)) for fault in found] == expected


# Readers of single values


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Plain(""), "has no value"),
        (Plain("null"), "has no value"),
        (None, "has no value"),
        ("  ", "is empty"),
        (["a"], "must be text, not a list"),
        ({"a": "b"}, "must be text, not a mapping"),
        (1, "must be text, not a number"),
        (True, "must be text, not true or false"),
        ("x" * 501, "is 501 characters long"),
        ("a\nb", "control character '\\n'"),
        ("a\x1bb", "control character '\\x1b'"),
    ],
)
def test_a_line_of_text_is_one_line_of_text(value: object, message: str) -> None:
    with pytest.raises(Wrong) as caught:
        scalars.line(value)
    assert message in str(caught.value)


def test_the_word_null_in_quotes_is_text() -> None:
    assert scalars.line("null") == "null"


@pytest.mark.parametrize("sender", ["+14155550100", "14155550100", "12345", "Acme", "ACME24", "4you", "ABCDEFGHIJK"])
def test_a_sender_is_a_number_or_a_short_name(sender: str) -> None:
    assert scalars.sender(sender) == sender


def test_a_number_of_a_sender_is_written_as_people_write_numbers() -> None:
    assert scalars.sender("+49 (30) 231-2501") == scalars.sender("+49 (0)30 / 231 2501") == "+49302312501"
    with pytest.raises(scalars.Wrong, match="'01761234567' is a number of one country"):
        scalars.sender("0176 / 1234567")


@pytest.mark.parametrize(
    "sender",
    ["", "12", "ABCDEFGHIJKL", "My Co", "Café", "+Acme", "1 4 1 5 5 5 A", "1234567890123456", "0176", "0176 1234567"],
)
def test_other_senders_are_refused(sender: str) -> None:
    with pytest.raises(Wrong):
        scalars.sender(sender)


# The two parsers of PyYAML


values = st.recursive(
    st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none()),
    # << is the merge key, which takes mappings only.
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5).filter(lambda key: key != "<<"), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(values, st.booleans())
def test_both_parsers_give_the_same_values_at_the_same_places(value: object, flow: bool) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow)
    fast, slow = compose(text), compose(text, yaml.SafeLoader)
    assert (fast[0] is None) == (slow[0] is None)
    if fast[0] is not None and slow[0] is not None:
        assert fast[0].value == slow[0].value
        assert [node.index for _, node in fast[0].children.values()] == [
            node.index for _, node in slow[0].children.values()
        ]


@given(st.text(alphabet=":-?[]{}&*!|>'\"%@`#, \n\tab0\\<~", max_size=40))
def test_no_text_makes_it_fail_and_each_problem_lies_within_the_file(text: str) -> None:
    _, problems = load(text.encode(), "a.yaml")
    lines = text.split("\n")
    for problem in problems:
        if problem.line:
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


@given(st.text(alphabet=":-?[]{}&*!|>'\"%@`#, \n\tab0\\<~", max_size=40))
def test_the_slow_parser_fails_on_no_text_either(text: str) -> None:
    with suppress(Misread):
        compose(text, yaml.SafeLoader)


@given(st.binary(max_size=60))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    document, problems = load(data, "a.yaml")
    assert document is None or document.value is not None
    assert all(str(problem).startswith("a.yaml") for problem in problems)
