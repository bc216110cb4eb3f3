"""The value of an expression of a template, each step of it counted."""

from collections import ChainMap
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from jinja2 import nodes

from reminderd.message.errors import RenderError
from reminderd.message.functions import COMPARISONS, FILTERS, TESTS, numbers
from reminderd.message.methods import DATE_ATTRIBUTES, method
from reminderd.message.moments import MOMENT_FILTERS, Moment
from reminderd.message.names import DEFAULT, DEFINED, absent, close, mark_of
from reminderd.message.template import Template
from reminderd.message.values import (
    DATES,
    LISTS,
    LONGEST,
    Fault,
    Missing,
    cost,
    integer,
    kind,
    number,
    printed,
    scalar,
)

STEPS = 50_000  # about a tenth of a second
TOO_MUCH_WORK = "the message takes too much work to make"
_ANY_MOMENT = Moment()
_NO_PARTS: Mapping[str, Template] = {}


class Run:
    """One rendering: the steps it has taken, its variables, and what it has written."""

    __slots__ = ("_written", "_written_parts", "moment", "most_steps", "parts", "scope", "steps")

    def __init__(
        self,
        variables: Mapping[str, object],
        moment: Moment = _ANY_MOMENT,
        parts: Mapping[str, Template] = _NO_PARTS,
        most_steps: int = STEPS,
    ) -> None:
        self.steps = 0
        self.most_steps = most_steps
        self.moment = moment
        self.parts = parts  # the templates that may be included
        self.scope: ChainMap[str, object] = ChainMap({}, cast(dict[str, object], variables))  # the second is only read
        self._written_parts: list[str] = []
        self._written = 0

    @property
    def text(self) -> str:
        return "".join(self._written_parts)

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > self.most_steps:
            raise Fault(TOO_MUCH_WORK, "make its loops and lists smaller")

    def write(self, part: str) -> None:
        self._written += len(part)
        if self._written > LONGEST:
            raise Fault(f"the text is longer than {LONGEST} characters")
        self._written_parts.append(part)


def evaluate(run: Run, node: nodes.Node) -> object:
    """The value of an expression, which may be Missing."""
    try:
        run.spend(1)
        return _EXPRESSIONS[type(node)](run, node)
    except Fault as fault:
        raise RenderError(fault.message, fault.hint, node.lineno, mark=mark_of(node)) from None


def value_of(run: Run, node: nodes.Node) -> Any:
    """The value of an expression that has to be there."""
    value = evaluate(run, node)
    if isinstance(value, Missing):
        raise RenderError(value.message, value.hint(), node.lineno, mark=mark_of(node))
    return value


def _apply(run: Run, name: str, function: Callable[..., object], *args: object, **kwargs: object) -> object:
    """The result of one function of functions.py, paid for by the size of what goes in and comes out."""
    run.spend(sum(map(cost, args)))
    try:
        result = function(*args, **kwargs)
    except ZeroDivisionError:
        raise Fault("division by zero") from None
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, AssertionError):
        given = ", ".join(kind(arg) for arg in args)
        raise Fault(f"{name} cannot be applied to {given}") from None
    run.spend(cost(result))
    return result


def _arguments(run: Run, node: nodes.Filter | nodes.Test | nodes.Call) -> tuple[list[object], dict[str, object]]:
    return [value_of(run, arg) for arg in node.args], {str(pair.key): value_of(run, pair.value) for pair in node.kwargs}


def _name(run: Run, node: nodes.Name) -> object:
    for names in run.scope.maps:  # as the ChainMap would, in a third of its time
        if node.name in names:
            return names[node.name]
    return Missing(f"{node.name} is not defined", partial(close, node.name, list(run.scope)))


def _getattr(run: Run, node: nodes.Getattr) -> object:
    return _member(value_of(run, node.node), node.attr, node)


def _getitem(run: Run, node: nodes.Getitem) -> object:
    owner = value_of(run, node.node)
    if isinstance(node.arg, nodes.Slice):
        part = _slice(run, node.arg)
        if isinstance(owner, (str, *LISTS)):
            return _apply(run, "[:]", lambda value: value[part], owner)
        raise Fault(f"[:] cannot be applied to {kind(owner)}")
    return _member(owner, value_of(run, node.arg), node)


def _slice(run: Run, node: nodes.Slice) -> slice:
    ends = (None if end is None else value_of(run, end) for end in (node.start, node.stop, node.step))
    return slice(*(None if end is None else integer(end) for end in ends))


def _member(owner: object, key: object, node: nodes.Node) -> object:
    if isinstance(owner, Mapping):
        return owner[key] if scalar(key) in owner else _missing_key(owner, key, node)
    if isinstance(owner, (str, *LISTS)) and isinstance(key, int):
        if -len(owner) <= key < len(owner):
            return owner[key]
    elif isinstance(owner, DATES) and isinstance(key, str) and key in DATE_ATTRIBUTES and hasattr(owner, key):
        return getattr(owner, key)
    return Missing(f"{_shown(node)} is not defined")


def _missing_key(owner: Mapping[object, object], key: object, node: nodes.Node) -> Missing:
    missing = f"{_shown(node)} is not defined"
    if isinstance(node, nodes.Getattr):
        return Missing(missing, partial(absent, _shown(node.node), node.attr, owner))
    return Missing(missing, partial(close, key, owner)) if isinstance(key, str) else Missing(missing)


def _shown(node: nodes.Node) -> str:
    match node:
        case nodes.Name(name=name):
            return str(name)
        case nodes.Getattr(node=owner, attr=attribute):
            return f"{_shown(owner)}.{attribute}"
        case nodes.Getitem(node=owner, arg=nodes.Const(value=str(key))):
            return f"{_shown(owner)}[{key[:60]!r}]"
        case nodes.Getitem(node=owner, arg=nodes.Const(value=int(key))) if abs(key) < 1_000_000:
            return f"{_shown(owner)}[{key}]"
        case nodes.Getitem(node=owner):
            return f"{_shown(owner)}[…]"
    return "…"


def _call(run: Run, node: nodes.Call) -> object:
    args, kwargs = _arguments(run, node)
    if isinstance(node.node, nodes.Getattr):
        owner, name = value_of(run, node.node.node), node.node.attr
        return _apply(run, f"{name}()", method(owner, name), owner, *args, **kwargs)
    return _apply(run, "range()", numbers, *args, **kwargs)


def _filter(run: Run, node: nodes.Filter) -> object:
    assert node.node is not None  # only filter blocks have none, and they are not among the allowed statements
    if node.name in DEFAULT:
        return _default(run, node, node.node)
    operand = value_of(run, node.node)
    args, kwargs = _arguments(run, node)
    function = FILTERS.get(node.name) or partial(MOMENT_FILTERS[node.name], run.moment)
    return _apply(run, node.name, function, operand, *args, **kwargs)


def _default(run: Run, node: nodes.Filter, operand: nodes.Node) -> object:
    given = dict(zip(("default_value", "boolean"), node.args, strict=False))
    given |= {str(pair.key): pair.value for pair in node.kwargs}
    value = evaluate(run, operand)
    also_when_false = "boolean" in given and value_of(run, given["boolean"])
    if isinstance(value, Missing) or (also_when_false and not value):
        return value_of(run, given["default_value"]) if "default_value" in given else ""
    return value


def _test(run: Run, node: nodes.Test) -> bool:
    if node.name in DEFINED:
        return isinstance(evaluate(run, node.node), Missing) == (node.name == "undefined")
    operand = value_of(run, node.node)
    args, kwargs = _arguments(run, node)
    return bool(_apply(run, node.name, TESTS[node.name], operand, *args, **kwargs))


def _compare(run: Run, node: nodes.Compare) -> bool:
    left = value_of(run, node.expr)
    for operand in node.ops:
        right = value_of(run, operand.expr)
        if not _apply(run, "the comparison", COMPARISONS[operand.op], left, right):
            return False
        left = right
    return True


def _condition(run: Run, node: nodes.CondExpr) -> object:
    if value_of(run, node.test):
        return evaluate(run, node.expr1)
    if node.expr2 is None:
        return Missing("the inline if has no else, and its condition is false", lambda: "add else and another value")
    return evaluate(run, node.expr2)


def _and(run: Run, node: nodes.And) -> object:
    return value_of(run, node.left) and value_of(run, node.right)


def _or(run: Run, node: nodes.Or) -> object:
    return value_of(run, node.left) or value_of(run, node.right)


def _concatenation(run: Run, node: nodes.Concat) -> object:
    return _joined(run, [printed(value_of(run, part)) for part in node.nodes])


def _joined(run: Run, parts: list[str]) -> str:
    if sum(map(len, parts)) > LONGEST:
        raise Fault(f"a text of more than {LONGEST} characters")
    result = "".join(parts)
    run.spend(cost(result))
    return result


def _sum(run: Run, node: nodes.Add) -> object:
    left, right = value_of(run, node.left), value_of(run, node.right)
    if isinstance(left, str) and isinstance(right, str):
        return _joined(run, [left, right])
    if isinstance(left, str) or isinstance(right, str):
        raise Fault(f"{kind(left)} + {kind(right)}", "join text and numbers with ~")
    return _apply(run, "+", lambda left, right: number(left) + number(right), left, right)


def _arithmetic(symbol: str, function: Callable[[Any, Any], object]) -> Callable[[Run, nodes.BinExpr], object]:
    def evaluate_numbers(run: Run, node: nodes.BinExpr) -> object:
        left, right = value_of(run, node.left), value_of(run, node.right)
        if symbol == "%" and isinstance(left, str):
            raise Fault("% cannot be applied to text", "write {{ '%.2f' | format(x) }}")
        return _apply(run, symbol, lambda left, right: function(number(left), number(right)), left, right)

    return evaluate_numbers


def _dict(run: Run, node: nodes.Dict) -> object:
    return {scalar(value_of(run, pair.key)): value_of(run, pair.value) for pair in node.items}


_EXPRESSIONS: Mapping[type[nodes.Node], Callable[[Run, Any], object]] = {
    nodes.TemplateData: lambda _run, node: node.data,
    nodes.Const: lambda _run, node: node.value,
    nodes.Name: _name,
    nodes.Getattr: _getattr,
    nodes.Getitem: _getitem,
    nodes.Call: _call,
    nodes.Filter: _filter,
    nodes.Test: _test,
    nodes.Compare: _compare,
    nodes.CondExpr: _condition,
    nodes.And: _and,
    nodes.Or: _or,
    nodes.Not: lambda run, node: not value_of(run, node.node),
    nodes.Concat: _concatenation,
    nodes.Add: _sum,
    nodes.Sub: _arithmetic("-", lambda left, right: left - right),
    nodes.Mul: _arithmetic("*", lambda left, right: left * right),
    nodes.Div: _arithmetic("/", lambda left, right: left / right),
    nodes.FloorDiv: _arithmetic("//", lambda left, right: left // right),
    nodes.Mod: _arithmetic("%", lambda left, right: left % right),
    nodes.Neg: lambda run, node: -number(value_of(run, node.node)),
    nodes.Pos: lambda run, node: +number(value_of(run, node.node)),
    nodes.List: lambda run, node: [value_of(run, item) for item in node.items],
    nodes.Tuple: lambda run, node: tuple(value_of(run, item) for item in node.items),
    nodes.Dict: _dict,
}
