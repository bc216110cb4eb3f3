"""Templates: Jinja's grammar, cut down to what can be bounded, with the names that a template refers to."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from jinja2 import Environment, TemplateSyntaxError, nodes

from reminderd.message.errors import RenderError
from reminderd.message.functions import FILTERS, TESTS
from reminderd.message.methods import METHODS

_LONGEST_SOURCE = 65_536  # characters
_MOST_TOKENS = 6_000  # Jinja's parser takes some 30 µs for each
_MOST_NODES = 2_000
_DEEPEST = 60
_LONGEST_NAME = 100
_MOST_CANDIDATES = 300
_DEEPEST_LOOP = 2

KNOWN = frozenset({"job", "recipient", "due_at", "vars"})
DEFAULT = frozenset({"default", "d"})
DEFINED = frozenset({"defined", "undefined"})
_FILTERS = frozenset(FILTERS) | DEFAULT
_TESTS = frozenset(TESTS) | DEFINED
_ENVIRONMENT = Environment(autoescape=False)

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


class Reference(NamedTuple):
    """A name in the template that has to be there: `root`, or its member `attribute`. line: from 1."""

    root: str
    attribute: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Template:
    """A template that is safe to evaluate.

    references: what has to be there, whatever branch is taken; without what the template itself asks after, by
    `default` or `is defined`. names: all top-level names in it.
    """

    body: tuple[nodes.Node, ...]
    references: tuple[Reference, ...]
    names: frozenset[str]


@lru_cache(maxsize=256)
def compile_template(source: str) -> Template:
    """The template of `source`; raises RenderError with the line."""
    tree = _parse(source)
    found = list(_walk(tree))
    for node in found:
        _check(node)
    return Template(tuple(tree.body), tuple(_references(found)), frozenset(_names(found)))


def close(name: str, known: Iterable[object], prefix: str = "") -> str:
    """The one of the known names that was perhaps meant, as a hint, or ""."""
    names = (other for other in known if isinstance(other, str) and len(other) <= _LONGEST_NAME)
    meant = get_close_matches(name[:_LONGEST_NAME], islice(names, _MOST_CANDIDATES), n=1)
    return f"did you mean {prefix}{meant[0]}?" if meant else ""


def absent(owner: str, name: str, known: Iterable[object]) -> str:
    """The hint about a member that is not there."""
    return close(name, known, f"{owner}.") or f"give it, or write {{{{ {owner}.{name} | default('…') }}}}"


def _parse(source: str) -> nodes.Template:
    if len(source) > _LONGEST_SOURCE:
        raise RenderError(f"the message is longer than {_LONGEST_SOURCE} characters")
    try:
        # No token is shorter than a character, and cutting a source into tokens twice takes its time.
        if len(source) > _MOST_TOKENS and next(islice(_ENVIRONMENT.lex(source), _MOST_TOKENS, None), None) is not None:
            raise RenderError("the template is too long", "move values into vars")
        return _ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        raise RenderError(f"not a valid template: {(error.message or '')[:160]}", line=error.lineno) from None
    except RecursionError:
        raise RenderError("the template is nested too deeply") from None
    except ValueError:  # Python's limit on the digits of a number
        raise RenderError("not a valid template: a number in it is too long") from None


def _walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Every node, as they are written; bounded in number, depth, and depth of loops."""
    waiting = [(tree, 0, 0)]
    seen = 0
    while waiting:
        node, depth, loops = waiting.pop()
        seen += 1
        loops += isinstance(node, nodes.For)
        if seen > _MOST_NODES:
            raise RenderError("the template is too long", "move values into vars")
        if depth > _DEEPEST:
            raise RenderError("the template is nested too deeply", line=node.lineno)
        if loops > _DEEPEST_LOOP:
            raise RenderError(f"loops are nested more than {_DEEPEST_LOOP} deep", line=node.lineno)
        yield node
        waiting += reversed([(child, depth + 1, loops) for child in node.iter_child_nodes()])


def _check(node: nodes.Node) -> None:
    if type(node) not in _ALLOWED:
        word = _WORDS.get(type(node), type(node).__name__.lower())
        raise RenderError(f"{word} cannot be used in a message", line=node.lineno)
    match node:
        case nodes.Name(name=name) | nodes.Getattr(attr=name) if len(name) > _LONGEST_NAME:
            raise RenderError(f"a name of more than {_LONGEST_NAME} characters", line=node.lineno)
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


def _names(found: list[nodes.Node]) -> Iterator[str]:
    return (node.name for node in found if isinstance(node, nodes.Name))


def _references(found: list[nodes.Node]) -> Iterator[Reference]:
    assigned = {node.name for node in found if isinstance(node, nodes.Name) and node.ctx == "store"}
    called = {id(node.node) for node in found if isinstance(node, nodes.Call)}
    asked_after = {member for node in found if (member := _asked_after(node)) is not None}
    for node in found:
        member = _member(node)
        if member is None or id(node) in called or member in asked_after:
            continue
        root, attribute = member
        if (attribute is not None) if root in KNOWN else (attribute is None and root not in assigned | {"loop"}):
            yield Reference(root, attribute, node.lineno)


def _asked_after(node: nodes.Node) -> tuple[str, str | None] | None:
    """What the node finds out to be there or not."""
    match node:
        case nodes.Filter(name=name) if name in DEFAULT:
            return _member(node.node)
        case nodes.Test(name=name) if name in DEFINED:
            return _member(node.node)
        case nodes.Call(
            node=nodes.Getattr(node=nodes.Name(name=root), attr="get"), args=[nodes.Const(value=str(key)), *_]
        ):
            return root, key
        case nodes.Compare(
            expr=nodes.Const(value=str(key)), ops=[nodes.Operand(op="in" | "notin", expr=nodes.Name(name=root))]
        ):
            return root, key
    return None


def _member(node: nodes.Node | None) -> tuple[str, str | None] | None:
    """The (root, attribute) that the node refers to, such as vars.amount, vars['amount'], or a bare name."""
    match node:
        case nodes.Name(name=name):
            return name, None
        case nodes.Getattr(node=nodes.Name(name=name), attr=attribute):
            return name, attribute
        case nodes.Getitem(node=nodes.Name(name=name), arg=nodes.Const(value=str(attribute))):
            return name, attribute
    return None
