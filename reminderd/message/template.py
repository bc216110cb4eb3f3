"""Templates and expressions: Jinja's grammar, cut down to what can be bounded."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple, TypeVar

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from reminderd.message.errors import RenderError
from reminderd.message.functions import FILTERS, TESTS
from reminderd.message.grammar import explained, place_of
from reminderd.message.methods import METHODS
from reminderd.message.moments import MOMENT_FILTERS
from reminderd.message.names import DEFAULT, DEFINED, KNOWN, LONGEST_NAME, Uses, close, mark_of, uses

Tree = TypeVar("Tree", bound=nodes.Node)

_LONGEST_SOURCE = 65_536  # characters
_LONGEST_EXPRESSION = 2_048
_MOST_TOKENS = 6_000  # Jinja's parser takes some 30 µs for each
_MOST_NODES = 2_000
DEEPEST = 60
DEEPEST_LOOP = 2

_FILTERS = frozenset(FILTERS) | frozenset(MOMENT_FILTERS) | DEFAULT
_TESTS = frozenset(TESTS) | DEFINED
_ENVIRONMENT = Environment(autoescape=False)
_TEMPLATE_NAME = re.compile(r"(?!\.)[\w.-]+(?:/(?!\.)[\w.-]+)*")

_ALLOWED: frozenset[type[nodes.Node]] = frozenset(
    {
        nodes.Add,
        nodes.And,
        nodes.Assign,
        nodes.Call,
        nodes.Compare,
        nodes.Concat,
        nodes.CondExpr,
        nodes.Const,
        nodes.Dict,
        nodes.Div,
        nodes.Filter,
        nodes.FloorDiv,
        nodes.For,
        nodes.Getattr,
        nodes.Getitem,
        nodes.If,
        nodes.Include,
        nodes.Keyword,
        nodes.List,
        nodes.Mod,
        nodes.Mul,
        nodes.Name,
        nodes.Neg,
        nodes.Not,
        nodes.Operand,
        nodes.Or,
        nodes.Output,
        nodes.Pair,
        nodes.Pos,
        nodes.Slice,
        nodes.Sub,
        nodes.Template,
        nodes.TemplateData,
        nodes.Test,
        nodes.Tuple,
    }
)

_WORDS: Mapping[type[nodes.Node], str] = {
    nodes.AssignBlock: "a set block",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "a filter block",
    nodes.FromImport: "from … import",
    nodes.NSRef: "a namespace",
    nodes.Pow: "**",
}


class Include(NamedTuple):
    """An include in a template. depth, loops: how many nodes and loops it stands in."""

    name: str
    line: int
    depth: int
    loops: int


@dataclass(frozen=True, slots=True)
class Template:
    """One source that is safe to evaluate. depth, loops: how deep its nodes and loops are nested."""

    body: tuple[nodes.Node, ...]
    uses: Uses
    includes: tuple[Include, ...]
    depth: int
    loops: int


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that is safe to evaluate."""

    node: nodes.Expr
    uses: Uses


class _Found(NamedTuple):
    node: nodes.Node
    depth: int
    loops: int


@lru_cache(maxsize=512)
def compile_template(source: str) -> Template:
    """The template of `source`; raises RenderError with the line."""
    if len(source) > _LONGEST_SOURCE:
        raise RenderError(f"the message is longer than {_LONGEST_SOURCE} characters")
    tree = _parsed(lambda: _ENVIRONMENT.parse(source), source, "template")
    found = _checked(tree, "template")
    included = [Include(str(name), *_place(each)) for each in found if (name := _included(each.node)) is not None]
    deepest, loops = max(each.depth for each in found), max(each.loops for each in found)
    return Template(tuple(tree.body), uses([each.node for each in found]), tuple(included), deepest, loops)


def compile_expression(source: str) -> Expression:
    """The expression of `source`; raises RenderError with the line."""
    if len(source) > _LONGEST_EXPRESSION:
        raise RenderError(f"the expression is longer than {_LONGEST_EXPRESSION} characters")
    tree = _parsed(lambda: _whole_expression(source), source, "expression")
    return Expression(tree, uses([each.node for each in _checked(tree, "expression")]))


def _whole_expression(source: str) -> nodes.Expr:
    parser = Parser(_ENVIRONMENT, source, state="variable")
    expression = parser.parse_expression()
    if not parser.stream.eos:
        token = parser.stream.current
        also = ", and == compares" if token.value == "=" else ""
        parser.fail(f"{str(token.value)[:60]!r} cannot follow here{also}", token.lineno)
    return expression


def _parsed(parse: Callable[[], Tree], source: str, what: str) -> Tree:
    try:
        # No token is shorter than a character, and cutting a source into tokens twice takes its time.
        tokens = _ENVIRONMENT.lex(source if len(source) > _MOST_TOKENS else "")
        if next(islice(tokens, _MOST_TOKENS, None), None) is not None:
            raise RenderError("the template is too long", "move values into vars")
        return parse()
    except TemplateSyntaxError as error:
        said = error.message or ""
        message, hint = explained(said)
        line, column = place_of(said, source, error.lineno)
        raise RenderError(f"not a valid {what}: {message}", hint, line, column=column) from None
    except RecursionError:
        raise RenderError(f"the {what} is nested too deeply") from None
    except ValueError:  # Python's limit on the digits of a number
        raise RenderError(f"not a valid {what}: a number in it is too long") from None


def _checked(tree: nodes.Node, what: str) -> list[_Found]:
    found = list(_walk(tree, what))
    for each in found:
        try:
            _check(each.node)
        except RenderError as error:
            error.mark = mark_of(each.node)
            raise
    return found


def _included(node: nodes.Node) -> object:
    return node.template.value if isinstance(node, nodes.Include) and isinstance(node.template, nodes.Const) else None


def _place(found: _Found) -> tuple[int, int, int]:
    return found.node.lineno, found.depth, found.loops


def _walk(tree: nodes.Node, what: str) -> Iterator[_Found]:
    """Every node, as they are written; bounded in number, depth, and depth of loops."""
    waiting = [_Found(tree, 0, 0)]
    seen = 0
    while waiting:
        node, depth, loops = waiting.pop()
        seen += 1
        loops += isinstance(node, nodes.For)
        if seen > _MOST_NODES:
            raise RenderError(f"the {what} is too long", "move values into vars" if what == "template" else "")
        if depth > DEEPEST:
            raise RenderError(f"the {what} is nested too deeply", line=node.lineno)
        if loops > DEEPEST_LOOP:
            raise RenderError(f"loops are nested more than {DEEPEST_LOOP} deep", line=node.lineno)
        yield _Found(node, depth, loops)
        waiting += reversed([_Found(child, depth + 1, loops) for child in node.iter_child_nodes()])


def _check(node: nodes.Node) -> None:
    if type(node) not in _ALLOWED:
        word = _WORDS.get(type(node), type(node).__name__.lower())
        raise RenderError(f"{word} cannot be used in a message", line=node.lineno)
    match node:
        case nodes.Name(name=name) | nodes.Getattr(attr=name) if len(name) > LONGEST_NAME:
            raise RenderError(f"a name of more than {LONGEST_NAME} characters", line=node.lineno)
        case nodes.Name(name=name) | nodes.Getattr(attr=name) if name.startswith("_"):
            raise RenderError(f"{name} cannot be used: it starts with _", line=node.lineno)
        case nodes.Name(ctx="store", name=name) if name in KNOWN | {"loop", "range"}:
            raise RenderError(f"{name} is given and cannot be set", "use another name", node.lineno)
        case nodes.Tuple(items=items) if any(isinstance(item, nodes.Slice) for item in items):
            raise RenderError("only one slice can be taken", line=node.lineno)
        case nodes.For(recursive=True):
            raise RenderError("recursive loops cannot be used in a message", line=node.lineno)
        case nodes.Filter(name=name) if name not in _FILTERS:
            raise RenderError(f"there is no filter {name!r}", close(name, sorted(_FILTERS)), node.lineno)
        case nodes.Test(name=name) if name not in _TESTS:
            raise RenderError(f"there is no test {name!r}", close(name, sorted(_TESTS)), node.lineno)
        case nodes.Call():
            _check_call(node)
        case nodes.Include():
            _check_include(node)
    if getattr(node, "dyn_args", None) or getattr(node, "dyn_kwargs", None):
        raise RenderError("* and ** cannot be used in a call", line=node.lineno)


def _check_call(node: nodes.Call) -> None:
    match node.node:
        case nodes.Name(name="range"):
            return
        case nodes.Name(name=name):
            raise RenderError(f"{name}() cannot be called here", line=node.lineno)
        case nodes.Getattr(attr=name) if name not in METHODS:
            hint = "write {{ '%.2f' | format(x) }}" if name == "format" else close(name, sorted(METHODS))
            raise RenderError(f"{name}() cannot be called here", hint, node.lineno)
        case nodes.Getattr():
            return
    raise RenderError("only methods such as due_at.strftime('%H:%M') can be called", line=node.lineno)


def _check_include(node: nodes.Include) -> None:
    if not (isinstance(node.template, nodes.Const) and isinstance(node.template.value, str)):
        hint = 'write {% include "name.j2" %}, with if around it where it depends'
        raise RenderError("only a template whose name is written out can be included", hint, node.lineno)
    if node.ignore_missing or not node.with_context:
        words = "ignore missing" if node.ignore_missing else "without context"
        raise RenderError(f"include … {words} cannot be used in a message", "leave it out", node.lineno)
    if len(node.template.value) > LONGEST_NAME or not _TEMPLATE_NAME.fullmatch(node.template.value):
        hint = "write its path below the directory of templates, like footer.j2"
        raise RenderError("this is not the name of a template", hint, node.lineno)
