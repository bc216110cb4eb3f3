"""The walk through a template that makes the text, each step of it counted.

Jinja's own runtime cannot be bounded: its sandbox lets through loops, repetition, padding and doubling, and folds
constants while it compiles, so that even looking at a template can eat the memory. So Jinja reads the template, and
its tree is walked here with Jinja's meaning, strict about undefined values.
"""

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import nodes

from reminderd.message.errors import RenderError
from reminderd.message.expressions import Run, evaluate, value_of
from reminderd.message.names import mark_of
from reminderd.message.template import Template
from reminderd.message.values import Fault, elements, printed


def write(template: Template, run: Run) -> None:
    """Write the text into `run`; raises RenderError and nothing else."""
    _execute(run, template.body)


def _execute(run: Run, statements: tuple[nodes.Node, ...] | list[nodes.Node]) -> None:
    for node in statements:
        try:
            run.spend(1)
            _STATEMENTS[type(node)](run, node)
        except Fault as fault:
            raise RenderError(fault.message, fault.hint, node.lineno) from None


def _output(run: Run, node: nodes.Output) -> None:
    for part in node.nodes:
        try:
            if isinstance(part, nodes.TemplateData):  # most of a text; it has no value to find
                run.spend(1)
                run.write(part.data)
            else:
                run.write(printed(value_of(run, part)))
        except Fault as fault:
            raise RenderError(fault.message, fault.hint, part.lineno, mark=mark_of(part)) from None


def _if(run: Run, node: nodes.If) -> None:
    for branch in (node, *node.elif_):
        if value_of(run, branch.test):
            return _execute(run, branch.body)
    return _execute(run, node.else_)


def _for(run: Run, node: nodes.For) -> None:
    outer = run.scope
    values = elements(value_of(run, node.iter))
    run.spend(len(values))
    if node.test is not None:
        values = [value for value in values if _passes(run, node, value)]
    for index, value in enumerate(values):
        run.scope = outer.new_child({"loop": _loop(index, len(values))})
        _assign_to(run, node.target, value)
        _execute(run, node.body)
    run.scope = outer
    if not values:
        run.scope = outer.new_child()
        _execute(run, node.else_)
        run.scope = outer


def _passes(run: Run, node: nodes.For, value: object) -> bool:
    outer = run.scope
    run.scope = outer.new_child()
    _assign_to(run, node.target, value)
    passes = node.test is None or bool(value_of(run, node.test))
    run.scope = outer
    return passes


def _loop(index: int, length: int) -> Mapping[str, object]:
    return {
        "index": index + 1,
        "index0": index,
        "revindex": length - index,
        "revindex0": length - index - 1,
        "first": index == 0,
        "last": index == length - 1,
        "length": length,
    }


def _include(run: Run, node: nodes.Include) -> None:
    """As in Jinja, what is included sees all that is set, and what it sets itself is gone after it."""
    assert isinstance(node.template, nodes.Const)  # else it was refused
    name = node.template.value
    run.spend(10)
    outer = run.scope
    run.scope = outer.new_child()
    try:
        _execute(run, run.parts[name].body)
    except RenderError as error:
        error.template = error.template or name
        raise
    run.scope = outer


def _assign(run: Run, node: nodes.Assign) -> None:
    _assign_to(run, node.target, evaluate(run, node.node))


def _assign_to(run: Run, target: nodes.Node, value: object) -> None:
    if isinstance(target, nodes.Name):
        run.scope[target.name] = value
    elif isinstance(target, nodes.Tuple):
        parts = elements(value)
        if len(parts) != len(target.items):
            raise Fault(f"{len(target.items)} names for {len(parts)} values")
        for name, part in zip(target.items, parts, strict=True):
            _assign_to(run, name, part)


_STATEMENTS: Mapping[type[nodes.Node], Callable[[Run, Any], None]] = {
    nodes.Output: _output,
    nodes.If: _if,
    nodes.For: _for,
    nodes.Assign: _assign,
    nodes.Include: _include,
}
