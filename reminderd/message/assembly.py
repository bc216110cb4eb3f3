"""A message's template with all that it includes: bounded, without cycles, each name in it with the file it is in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from reminderd.message.errors import RenderError
from reminderd.message.names import Member, Reference, close, required
from reminderd.message.template import DEEPEST, DEEPEST_LOOP, Include, Template, compile_template

_DEEPEST_INCLUDE = 5
_MOST_PARTS = 50
_LONGEST_TOGETHER = 262_144  # characters


@dataclass(frozen=True, slots=True)
class Assembly:
    """A template that can be rendered.

    parts: by its name, each template that it includes, at whatever depth. effort: the steps that putting it together
    and looking through it are worth, beyond those for its own source.
    """

    root: Template
    parts: Mapping[str, Template]
    effort: int

    @property
    def names(self) -> frozenset[str]:
        """All top-level names in it."""
        return self.root.uses.names.union(*(part.uses.names for part in self.parts.values()))

    def references(self) -> Iterator[Reference]:
        """What has to be there, whatever branch is taken; without what is asked after on the way to it."""
        above = _above(self.root, self.parts)
        yield from required(self.root.uses, self.root.uses.asked_after, self.root.uses.assigned)
        for name, part in self.parts.items():
            for reference in required(part.uses, *above[name]):
                yield reference._replace(template=name)


def includes(source: str) -> tuple[tuple[str, int], ...]:
    """The names of the templates that `source` includes itself, with their lines; raises RenderError."""
    return tuple((include.name, include.line) for include in compile_template(source).includes)


def assemble(source: str, templates: Mapping[str, str]) -> Assembly:
    """The template of `source`, which may include `templates`; raises RenderError, with the template it is in."""
    root = compile_template(source)
    assembler = _Assembler(templates)
    assembler.check(root, None, len(source))
    effort = (assembler.size - len(source)) // 4 + sum(len(part.uses.members) for part in assembler.parts.values())
    return Assembly(root, assembler.parts, effort)


class _Height(NamedTuple):
    """How deep a template goes with all that it includes."""

    includes: int
    nodes: int
    loops: int


class _Above(NamedTuple):
    asked_after: frozenset[Member]
    assigned: frozenset[str]


class _Assembler:
    def __init__(self, templates: Mapping[str, str]) -> None:
        self.parts: dict[str, Template] = {}
        self._templates = templates
        self._heights: dict[str, _Height] = {}
        self.size = 0

    def check(self, template: Template, name: str | None, size: int, above: tuple[str, ...] = ()) -> _Height:
        """Find all that the template includes. above: the names of those that include it, itself the last."""
        height = _Height(0, template.depth, template.loops)
        self.size += size
        for include in template.includes:
            try:
                self._check_place(include, above)
                below = self._part(include, above)
                height = _higher(height, include, below)
            except RenderError as error:
                if error.line is None:
                    error.line, error.template = include.line, name
                raise
        return height

    def _check_place(self, include: Include, above: tuple[str, ...]) -> None:
        if include.name in above:
            circle = " includes ".join((*above[above.index(include.name) :], include.name))
            raise RenderError(f"templates include each other in a circle: {circle}")
        if include.name not in self._templates:
            hint = close(include.name, sorted(self._templates))
            raise RenderError(f"there is no template {include.name!r}", hint)
        if len(above) >= _DEEPEST_INCLUDE:
            raise RenderError(f"includes are nested more than {_DEEPEST_INCLUDE} deep")
        if len(self.parts) >= _MOST_PARTS and include.name not in self.parts:
            raise RenderError(f"more than {_MOST_PARTS} templates are included")
        if self.size > _LONGEST_TOGETHER:
            raise RenderError(f"the included templates are longer than {_LONGEST_TOGETHER} characters together")

    def _part(self, include: Include, above: tuple[str, ...]) -> _Height:
        name = include.name
        if name not in self._heights:
            source = self._templates[name]
            try:
                self.parts[name] = compile_template(source)
            except RenderError as error:
                raise _in_template(error, name) from None
            self._heights[name] = self.check(self.parts[name], name, len(source), (*above, name))
        return self._heights[name]


def _in_template(error: RenderError, name: str) -> RenderError:
    """The error as one of this template; compiled sources are kept, and so are their errors by nobody."""
    return RenderError(error.message, error.hint, error.line or 1, name, column=error.column, mark=error.mark)


def _higher(height: _Height, include: Include, below: _Height) -> _Height:
    """The height of the one with this include, at least; raises RenderError."""
    higher = _Height(
        max(height.includes, 1 + below.includes),
        max(height.nodes, include.depth + below.nodes),
        max(height.loops, include.loops + below.loops),
    )
    if higher.includes > _DEEPEST_INCLUDE:
        raise RenderError(f"includes are nested more than {_DEEPEST_INCLUDE} deep")
    if higher.nodes > DEEPEST:
        raise RenderError("the template is nested too deeply")
    if higher.loops > DEEPEST_LOOP:
        raise RenderError(f"loops are nested more than {DEEPEST_LOOP} deep")
    return higher


def _above(root: Template, parts: Mapping[str, Template]) -> Mapping[str | None, _Above]:
    """For each template, the root under None: what is asked after and assigned in it and in those that include it."""
    everything: dict[str | None, Template] = {None: root}
    everything.update(parts.items())
    known = {name: _Above(each.uses.asked_after, each.uses.assigned) for name, each in everything.items()}
    for _ in range(_DEEPEST_INCLUDE):
        for name, template in everything.items():
            for include in template.includes:
                own, above = known[include.name], known[name]
                known[include.name] = _Above(own.asked_after | above.asked_after, own.assigned | above.assigned)
    return known
