"""Templates that include others: what they see, where their mistakes are, and that they end."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from jinja2 import DictLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reminderd.message import MessageProblem, RenderError, check_job, includes, render
from reminderd.model import Job
from tests.unit.test_message_render import ANN, DUE_AT, VARS, job


def with_templates(message: str, templates: Mapping[str, str]) -> Job:
    return replace(job(message), templates=templates)


def text(message: str, **templates: str) -> str:
    return render(
        with_templates(message, {f"{name}.j2": source for name, source in templates.items()}), ANN, DUE_AT
    ).text


def refused(message: str, templates: Mapping[str, str]) -> RenderError:
    with pytest.raises(RenderError) as caught:
        render(with_templates(message, templates), ANN, DUE_AT)
    return caught.value


AS_IN_JINJA = [
    "a {% include 'b.j2' %} c",
    "{% set y = 1 %}{% include 'sees.j2' %}",
    "{% for y in [1, 2] %}{% include 'sees.j2' %}{% endfor %}",
    "{% set y = 1 %}{% include 'sets.j2' %}{{ y }}",
    "{% include 'twice.j2' %}-{% include 'twice.j2' %}",
    "{% if vars.amount > 2000 %}{% include 'b.j2' %}{% else %}{% include 'sub/c.j2' %}{% endif %}",
    "{% for y in [1, 2] %}{% include 'loops.j2' %}{% endfor %}",
]
TEMPLATES = {
    "b.j2": "b",
    "sub/c.j2": "c\n",
    "sees.j2": "<{{ y }} {{ recipient.name }}>",
    "sets.j2": "{% set y = 2 %}{{ y }}",
    "twice.j2": "{% include 'b.j2' %}{% include 'b.j2' %}",
    "loops.j2": "{% for x in [1, 2] %}{{ x * y }} {% endfor %}",
}


@pytest.mark.parametrize("message", AS_IN_JINJA)
def test_an_include_means_what_it_means_in_jinja(message: str) -> None:
    environment = ImmutableSandboxedEnvironment(loader=DictLoader(TEMPLATES), undefined=StrictUndefined)
    expected = environment.from_string(message).render({"vars": VARS, "recipient": {"name": "Ann"}}).strip()
    assert render(with_templates(message, TEMPLATES), ANN, DUE_AT).text == expected


def test_a_mistake_in_an_included_template_is_placed_in_it() -> None:
    templates = {"outer.j2": "Dear\n{% include 'inner.j2' %}", "inner.j2": "Hello\n  {{ vars.amuont }}"}
    found = check_job(with_templates("{% include 'outer.j2' %}", templates), DUE_AT).problems
    expected = ("vars.amuont is not defined", "did you mean vars.amount?", "inner.j2")
    assert found == [MessageProblem(("message",), 1, 5, *expected)]
    error = refused("{% include 'outer.j2' %}", templates)
    assert (error.line, error.template) == (2, "inner.j2")


def test_a_mistake_after_an_include_is_placed_in_the_text_itself() -> None:
    error = refused("{% include 'b.j2' %}\n{{ vars.amuont }}", TEMPLATES)
    assert (error.line, error.template) == (2, None)


def test_a_mistake_in_the_template_of_a_job_is_placed_in_it() -> None:
    own = replace(job("Hi\n{{ vars.amuont }}"), template="rent.j2")
    assert check_job(own, DUE_AT).problems == [
        MessageProblem(
            ("template",), 1, 3, "vars.amuont is not defined", "did you mean vars.amount?", template="rent.j2"
        )
    ]


def test_a_text_that_is_too_long_is_placed_at_the_key_that_asks_for_it() -> None:
    (problem,) = check_job(replace(job("x" * 2_000), template="rent.j2"), DUE_AT).problems
    assert (problem.path, problem.template) == (("template",), None)


def test_a_name_in_a_branch_of_an_include_that_is_not_taken_is_reported_too() -> None:
    templates = {"a.j2": "{% if false %}{{ vars.amuont }}{% endif %}x"}
    (problem,) = check_job(with_templates("{% include 'a.j2' %}", templates), DUE_AT).problems
    assert (problem.message, problem.template) == ("vars.amuont is not defined", "a.j2")


def test_what_is_asked_after_or_set_above_an_include_may_be_used_in_it() -> None:
    templates = {"a.j2": "{% include 'b.j2' %}", "b.j2": "{{ vars.absent }}{{ y }}"}
    message = "{% set y = 1 %}x{% if vars.absent is defined %}{% include 'a.j2' %}{% endif %}"
    assert check_job(with_templates(message, templates), DUE_AT).problems == []


def test_what_is_set_only_in_an_included_template_is_not_there_above_it() -> None:
    found = check_job(with_templates("{% include 'sets.j2' %}{{ y }}", TEMPLATES), DUE_AT).problems
    assert [problem.message for problem in found] == ["y is not defined"]


@pytest.mark.parametrize(
    ("message", "expected", "hint"),
    [
        ("{% include 'bb.j2' %}", "there is no template 'bb.j2'", "did you mean b.j2?"),
        ("{% include vars.name %}", "only a template whose name is written out", "{% include"),
        ("{% include 'b' ~ '.j2' %}", "only a template whose name is written out", ""),
        ("{% include ['b.j2', 'c.j2'] %}", "only a template whose name is written out", ""),
        ("{% include 'b.j2' ignore missing %}", "include … ignore missing cannot be used", ""),
        ("{% include 'b.j2' without context %}", "include … without context cannot be used", ""),
        ("{% include '../b.j2' %}", "this is not the name of a template", "below the directory"),
        ("{% include '/etc/passwd' %}", "this is not the name of a template", ""),
        ("{% include '.hidden' %}", "this is not the name of a template", ""),
        ("{% include 'a//b' %}", "this is not the name of a template", ""),
        ("{% extends 'b.j2' %}", "extends cannot be used in a message", ""),
        ("{% import 'b.j2' as b %}", "import cannot be used in a message", ""),
    ],
)
def test_what_cannot_be_included_is_told(message: str, expected: str, hint: str) -> None:
    error = refused("\n" + message, {**TEMPLATES, "../b.j2": "x", "/etc/passwd": "x", ".hidden": "x"})
    assert expected in error.message
    assert hint in error.hint
    assert (error.line, error.template) == (2, None)


def test_templates_that_include_each_other_are_told_as_a_circle() -> None:
    templates = {"a.j2": "x\n{% include 'b.j2' %}", "b.j2": "{% include 'a.j2' %}"}
    error = refused("{% include 'a.j2' %}", templates)
    assert error.message == "templates include each other in a circle: a.j2 includes b.j2 includes a.j2"
    assert (error.line, error.template) == (1, "b.j2")


def chain(length: int) -> dict[str, str]:
    middle = {f"{each}.j2": f"{{% include '{each + 1}.j2' %}}" for each in range(length - 1)}
    return {**middle, f"{length - 1}.j2": "end"}


def test_includes_are_bounded_in_depth() -> None:
    assert render(with_templates("{% include '0.j2' %}", chain(5)), ANN, DUE_AT).text == "end"
    assert "nested more than 5 deep" in refused("{% include '0.j2' %}", chain(6)).message


def test_the_depth_counts_also_where_a_template_is_included_for_the_second_time() -> None:
    message = "{% include '3.j2' %}{% include '0.j2' %}"
    assert "nested more than 5 deep" in refused(message, chain(6)).message


def test_includes_are_bounded_in_number_and_size() -> None:
    many = {f"{each}.j2": "x" for each in range(60)}
    message = "".join(f"{{% include '{name}' %}}" for name in many)
    assert "more than 50 templates" in refused(message, many).message
    large = {f"{each}.j2": "x" * 60_000 for each in range(6)}
    assert "longer than" in refused("".join(f"{{% include '{name}' %}}" for name in large), large).message


def test_loops_and_depth_count_across_includes() -> None:
    templates = {"a.j2": "{% for x in [1] %}{% for y in [1] %}x{% endfor %}{% endfor %}"}
    assert "loops are nested" in refused("{% for z in [1] %}{% include 'a.j2' %}{% endfor %}", templates).message
    nested = "{% if 1 %}" * 20 + "{}" + "{% endif %}" * 20
    deep = {"a.j2": nested.replace("{}", "{% include 'b.j2' %}"), "b.j2": nested.replace("{}", "x")}
    assert "nested too deeply" in refused(nested.replace("{}", "{% include 'a.j2' %}"), deep).message


@pytest.mark.timeout(20)
def test_doubling_by_includes_ends_soon() -> None:
    doubling = {f"{each}.j2": f"{{% include '{each + 1}.j2' %}}" * 40 for each in range(4)}
    assert "too much work" in refused("{% include '0.j2' %}", {**doubling, "4.j2": ""}).message


def test_a_syntax_error_in_an_included_template_is_placed_in_it() -> None:
    (problem,) = check_job(with_templates("{% include 'a.j2' %}", {"a.j2": "x\n{{ 1"}), DUE_AT).problems
    assert (problem.path, problem.line_offset, problem.template) == (("message",), 1, "a.j2")
    assert problem.message.startswith("not a valid template")


def test_the_includes_of_a_source_come_with_their_lines() -> None:
    assert includes("{% include 'a.j2' %}\n{% if 1 %}{% include 'sub/b.j2' %}{% endif %}") == (
        ("a.j2", 1),
        ("sub/b.j2", 2),
    )
    assert includes("plain") == ()
    with pytest.raises(RenderError):
        includes("{% include x %}")
