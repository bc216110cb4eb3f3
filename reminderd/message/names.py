"""The names that a template or an expression refers to, and which was perhaps meant by one that is not there."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import NamedTuple

from jinja2 import nodes

KNOWN = frozenset({"job", "recipient", "due_at", "vars"})
DEFAULT = frozenset({"default", "d"})
DEFINED = frozenset({"defined", "undefined"})
LONGEST_NAME = 100
_MOST_CANDIDATES = 300

Member = tuple[str, str | None]


class Reference(NamedTuple):
    """A name in a template: `root`, or its member `attribute`. line: from 1. template: the file, if it is in one."""

    root: str
    attribute: str | None
    line: int
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Uses:
    """What one source does with names.

    names: all top-level ones in it. members: those that are not called, as written. asked_after: what it finds out to
    be there or not, by `default`, `is defined`, `get` or `in`. assigned: what it sets itself.
    """

    names: frozenset[str]
    members: tuple[Reference, ...]
    asked_after: frozenset[Member]
    assigned: frozenset[str]


def uses(found: Sequence[nodes.Node]) -> Uses:
    """What the nodes of one source do with names."""
    named = [node for node in found if isinstance(node, nodes.Name)]
    return Uses(
        frozenset(node.name for node in named),
        tuple(_members(found)),
        frozenset(member for node in found if (member := _asked_after(node)) is not None),
        frozenset(node.name for node in named if node.ctx == "store"),
    )


def mark_of(node: nodes.Node) -> str:
    """A regular expression of what is written for this node and hardly for others: the tree knows lines alone."""
    match node:
        case nodes.Filter(name=name):
            return rf"\|\s*{re.escape(name)}\b"
        case nodes.Test(name=name):
            return rf"\bis\s+(?:not\s+)?{re.escape(name)}\b"
        case nodes.Call(node=nodes.Getattr(attr=name)):
            return rf"\.\s*{re.escape(name)}\s*\("
        case nodes.Getattr(attr=name):
            return rf"\.\s*{re.escape(name)}\b"
        case nodes.Call(node=nodes.Name(name=name)) | nodes.Name(name=name):
            return rf"\b{re.escape(name)}\b"
    if not isinstance(node, nodes.Expr):
        return ""
    first = next(node.find_all((nodes.Filter, nodes.Test, nodes.Call, nodes.Getattr, nodes.Name)), None)
    return "" if first is None else mark_of(first)


def required(of: Uses, asked_after: frozenset[Member], assigned: frozenset[str]) -> Iterator[Reference]:
    """Of the names of a message what has to be there, whatever branch is taken."""
    for reference in of.members:
        root, attribute = reference.root, reference.attribute
        if (root, attribute) in asked_after:
            continue
        if (attribute is not None) if root in KNOWN else (attribute is None and root not in assigned | {"loop"}):
            yield reference


def close(name: str, known: Iterable[object], prefix: str = "") -> str:
    """The one of the known names that was perhaps meant, as a hint, or ""."""
    names = (other for other in known if isinstance(other, str) and len(other) <= LONGEST_NAME)
    meant = get_close_matches(name[:LONGEST_NAME], islice(names, _MOST_CANDIDATES), n=1)
    return f"did you mean {prefix}{meant[0]}?" if meant else ""


def absent(owner: str, name: str, known: Iterable[object]) -> str:
    """The hint about a member that is not there."""
    return close(name, known, f"{owner}.") or f"give it, or write {{{{ {owner}.{name} | default('…') }}}}"


def _members(found: Sequence[nodes.Node]) -> Iterator[Reference]:
    called = {id(node.node) for node in found if isinstance(node, nodes.Call)}
    for node in found:
        member = _member(node)
        if member is not None and id(node) not in called:
            yield Reference(*member, node.lineno)


def _asked_after(node: nodes.Node) -> Member | None:
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


def _member(node: nodes.Node | None) -> Member | None:
    """The (root, attribute) that the node refers to, such as vars.amount, vars['amount'], or a bare name."""
    match node:
        case nodes.Name(name=name):
            return name, None
        case nodes.Getattr(node=nodes.Name(name=name), attr=attribute):
            return name, attribute
        case nodes.Getitem(node=nodes.Name(name=name), arg=nodes.Const(value=str(attribute))):
            return name, attribute
    return None
