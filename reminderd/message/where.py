"""Which rows of a list are meant: expressions over its columns, in the language of messages."""

import re
from collections.abc import Collection, Iterator, Mapping

from jinja2 import nodes

from reminderd.message.errors import RenderError
from reminderd.message.expressions import TOO_MUCH_WORK, Run, value_of
from reminderd.message.names import close
from reminderd.message.template import Expression, compile_expression

_STEPS_FOR_A_ROW = 1_000
_STEPS_FOR_ALL = 20_000_000  # some ten seconds
_CANDIDATES_SHOWN = 20
_ROW = "row"
_HINT = "the columns of a CSV file are text: compare age|int with a number, and age with 'text'"


class Where:
    """An expression over the columns of a list, such as plan == "pro" and age|int >= 18.

    A column whose name is no word is row['Plan type'].
    text: as written. names: the columns that have to be there; not those that it asks after by `default` or
    `is defined`. One Where is for one reading of one list: the work that it does for all rows is bounded.
    """

    def __init__(self, text: str, expression: Expression) -> None:
        self.text = text
        self._node = expression.node
        self._columns = dict(reversed(list(_columns(expression))))
        self.names: frozenset[str] = frozenset(self._columns)
        self._compared = tuple(dict.fromkeys(_compared(expression.node)))
        self._has_row = _ROW in expression.uses.names
        self._steps = 0

    def matches(self, columns: Mapping[str, object]) -> bool:
        """Whether the row with these values is meant; raises RenderError where that has no answer."""
        for name, line in self._compared:
            if isinstance(columns.get(name), str):
                raise _at(
                    RenderError(f"the column {name!r} is text and never equals this", _HINT, line), self.text, name
                )
        run = Run({**columns, _ROW: columns} if self._has_row else columns, most_steps=_STEPS_FOR_A_ROW)
        try:
            found = bool(value_of(run, self._node))
        except RenderError as error:
            raise self._explained(error) from None
        self._steps += run.steps
        if self._steps > _STEPS_FOR_ALL:
            raise RenderError("the expression takes too much work for so many rows", "make it smaller", 1)
        return found

    def unknown(self, header: Collection[str]) -> RenderError | None:
        """What is wrong when the columns are these, None if nothing is."""
        missing = [(line, name) for name, line in reversed(self._columns.items()) if name not in header]
        if not missing:
            return None
        line, name = missing[0]
        shown = ", ".join(sorted(header)[:_CANDIDATES_SHOWN]) + (", …" if len(header) > _CANDIDATES_SHOWN else "")
        meant = close(name, sorted(header))
        hint = f"{meant.rstrip('?')}? " if meant else ""
        error = RenderError(f"there is no column {name!r}", f"{hint}The columns are {shown}" if shown else "", line)
        return _at(error, self.text, name)

    def _explained(self, error: RenderError) -> RenderError:
        if error.message == TOO_MUCH_WORK:
            return RenderError("the expression takes too much work", "make its ranges and lists smaller", error.line)
        if error.message.startswith("the comparison cannot be applied to") and "text" in error.message:
            error.hint = _HINT
        unknown = re.match(r"(\w+) is not defined", error.message)
        return _at(error, self.text, unknown[1]) if unknown else error


def parse_where(text: str) -> Where:
    """The expression of `text`; raises RenderError with line, and column if it is known."""
    if not text.strip():
        raise RenderError("the expression is empty", "write for example plan == 'pro'", 1)
    try:
        return Where(text, compile_expression(text))
    except RenderError as error:
        error.line = error.line or 1
        raise _at(error, text, _culprit(error.message)) from None


def _columns(expression: Expression) -> Iterator[tuple[str, int]]:
    """With their lines, in the order in which they are written, those of which the expression does not find out whether they are there."""
    of = expression.uses
    for root, attribute, line, _ in of.members:
        if root == _ROW and attribute is not None and (_ROW, attribute) not in of.asked_after:
            yield attribute, line
        elif root != _ROW and (root, None) not in of.asked_after:
            yield root, line


def _compared(expression: nodes.Expr) -> Iterator[tuple[str, int]]:
    """The columns that are held to be equal to a number, true or false or not: were they text, that had one answer."""
    for node in (expression, *expression.find_all(nodes.Compare)):
        match node:
            case (
                nodes.Compare(
                    expr=nodes.Name(name=name),
                    ops=[nodes.Operand(op="eq" | "ne", expr=nodes.Const(value=int() | float()))],
                )
                | nodes.Compare(
                    expr=nodes.Const(value=int() | float()),
                    ops=[nodes.Operand(op="eq" | "ne", expr=nodes.Name(name=name))],
                )
            ):
                yield name, node.lineno


def _culprit(message: str) -> str:
    """The name that the message about an expression speaks of, or ""."""
    found = re.search(r"'(\w{1,60})'|^(\w{1,60})(?:\(\))? cannot", message)
    return (found[1] or found[2] or "") if found else ""


def _at(error: RenderError, text: str, name: str) -> RenderError:
    """The error at the place of the name, if it stands in its line."""
    lines = text.splitlines()
    line = (error.line or 1) - 1
    if name and line < len(lines) and (found := re.search(rf"\b{re.escape(name)}\b", lines[line])):
        error.column = found.start() + 1
    return error
