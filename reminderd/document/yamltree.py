"""YAML text as a tree of values that know their places, built from parser events under limits.

Scalars stay text, whatever YAML makes of them: phone numbers, times and words like `NO` mean what people wrote.
Nothing here recurses, and every limit is checked while the events arrive, before anything large can be built.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from reminderd.document.scalars import Plain, show
from reminderd.document.yamlerrors import Misread, explain

MAX_DEPTH = 32
MAX_NODES = 100_000
MAX_MISREAD = 200
MAX_BORROWED = 256 * 1024  # what all aliases together may repeat, by weight

_NODE_WEIGHT = 16  # a node counts as its text plus this, so that many tiny nodes weigh as one long text does
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Child(NamedTuple):
    """An entry of a mapping or list; `key_index` is where its key is written, for a list where the item is."""

    key_index: int
    node: "Node"


@dataclass(slots=True, eq=False)
class Node:
    """One value: `value` is text, a list or a dict; `index` and `path` say where it is written.

    weight: its size with every alias written out; 0 while it is still open. height: the levels below it.
    """

    path: tuple[str | int, ...]
    index: int
    style: str  # of a scalar: "" for a plain one, else ' " | or >; of a collection: [ or {
    value: Any
    weight: int = 0
    height: int = 0
    children: dict[str | int, Child] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Open:
    """A collection whose end has not come yet, with the key that waits for its value."""

    node: Node
    key: str | None = None
    key_index: int = 0
    doubled: bool = False
    merges: list[Node] = field(default_factory=list)

    def next_path(self) -> tuple[str | int, ...]:
        return (*self.node.path, len(self.node.children) if self.key is None else self.key)


def compose(text: str, loader: Any = None) -> tuple[Node | None, list[Misread]]:
    """The tree of `text`, None when it has no content, with what is wrong but still left a tree.

    Raises Misread where no tree can be made.
    """
    tree = _Tree(text)
    try:
        for event in yaml.parse(text, Loader=loader or _LOADER):
            tree.take(event)
    except yaml.YAMLError as error:
        raise explain(error, text, tree.last_scalar, tree.last_open) from None
    return tree.root, tree.misread


def mapping(path: tuple[str | int, ...], index: int, children: dict[str | int, Child]) -> Node:
    """A mapping made of children that are written elsewhere."""
    node = Node(path, index, "{", {}, children=children)
    _close(node)
    return node


class _Tree:
    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Node | None = None
        self.misread: list[Misread] = []
        self.last_scalar = 0
        self._documents = 0
        self._nodes = 0
        self._borrowed = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}

    @property
    def last_open(self) -> int:
        """Where the innermost collection begins whose end has not come."""
        return self._open[-1].node.index if self._open else 0

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.CollectionStartEvent():
                self._start(event)
            case yaml.CollectionEndEvent():
                self._end()
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._document(_begin(event))

    def _document(self, index: int) -> None:
        self._documents += 1
        if self._documents > 1:
            raise Misread(index, "a second document starts here", "one file holds one document: remove the ---")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        index = self.last_scalar = _begin(event)
        plain = event.implicit[0] and not event.tag
        value = Plain(event.value) if plain else event.value
        node = Node(self._path(), index, "" if plain else event.style or "", value, _NODE_WEIGHT + len(value))
        self._new(node, event)
        if self._open or not (plain and not value):
            self._add(node)

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        index = _begin(event)
        if len(self._open) >= MAX_DEPTH:
            raise Misread(index, f"more than {MAX_DEPTH} levels of lists and mappings")
        if self._open and self._key_is_due():
            raise self._odd_key(index)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        node = Node(self._path(), index, "[" if is_list else "{", [] if is_list else {})
        self._new(node, event)
        self._open.append(_Open(node))

    def _end(self) -> None:
        opened = self._open.pop()
        for merged in opened.merges:
            for key, child in merged.children.items():
                opened.node.children.setdefault(key, child)
        _close(opened.node)
        self._add(opened.node)

    def _alias(self, event: yaml.AliasEvent) -> None:
        index, name = _begin(event), event.anchor or ""
        node = self._anchors.get(name)
        if node is None:
            raise Misread(
                index, f"the alias {show('*' + name)} has no anchor before it", "quote values that start with *"
            )
        if not node.weight:
            raise Misread(index, f"the alias {show('*' + name)} is inside of what it stands for")
        self._borrowed += node.weight
        if self._borrowed > MAX_BORROWED:
            raise Misread(
                index, "aliases repeat too much", f"at most {MAX_BORROWED // 1024} KiB may be repeated in a file"
            )
        if len(self._open) + node.height > MAX_DEPTH:
            raise Misread(index, f"more than {MAX_DEPTH} levels of lists and mappings")
        self._add(node, index)

    def _new(self, node: Node, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise Misread(node.index, f"more than {MAX_NODES} values in one file", "split the file")
        if event.tag:
            message = f"the tag {show(event.tag)} is not allowed"
            raise Misread(node.index, message, "quote values that start with !", node.path)
        if event.anchor:
            self._anchors[event.anchor] = node

    def _path(self) -> tuple[str | int, ...]:
        return self._open[-1].next_path() if self._open else ()

    def _key_is_due(self) -> bool:
        parent = self._open[-1]
        return parent.node.style == "{" and parent.key is None

    def _odd_key(self, index: int) -> Misread:
        parent = self._open[-1].node
        if self.text.startswith("{{", parent.index):
            return Misread(
                parent.index, "YAML reads an unquoted {{ as a mapping", "quote values that start with {{", parent.path
            )
        return Misread(index, "a key must be a single word, not a list or mapping", "", parent.path)

    def _add(self, node: Node, alias_index: int | None = None) -> None:
        """Hand a finished node to the collection it stands in: as an item, a key or a key's value."""
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        index = node.index if alias_index is None else alias_index
        if parent.node.style == "[":
            parent.node.children[len(parent.node.children)] = Child(index, node)
        elif parent.key is None:
            self._key(parent, node, index)
        else:
            self._value(parent, node)

    def _key(self, parent: _Open, node: Node, index: int) -> None:
        if node.children or not isinstance(node.value, str):
            raise self._odd_key(index)
        key = str(node.value)
        parent.key, parent.key_index = key, index
        first = parent.node.children.get(key)
        parent.doubled = first is not None
        # Counting lines takes time, and nobody reads thousands of problems.
        if first is not None and len(self.misread) < MAX_MISREAD:
            line = self.text.count("\n", 0, first.key_index) + 1
            message = f"duplicate key {show(key)}, first on line {line}"
            self.misread.append(Misread(index, message, "keep one", (*parent.node.path, key)))

    def _value(self, parent: _Open, node: Node) -> None:
        key, parent.key = parent.key, None
        assert key is not None
        if key == "<<":
            parent.merges.extend(self._merged(node, parent))
        elif not parent.doubled:
            parent.node.children[key] = Child(parent.key_index, node)

    def _merged(self, node: Node, parent: _Open) -> Iterator[Node]:
        sources = [child.node for child in node.children.values()] if node.style == "[" else [node]
        for source in sources:
            if source.style != "{":
                raise Misread(
                    parent.key_index, "<< takes a mapping or a list of mappings", "", (*parent.node.path, "<<")
                )
            yield source


def _begin(event: yaml.Event) -> int:
    mark: Any = event.start_mark
    index: int = mark.index
    return index


def _close(node: Node) -> None:
    """Fill in what follows from the children: the value, the weight, the height."""
    node.weight, node.height = _NODE_WEIGHT, 1
    for key, (_, child) in node.children.items():
        if isinstance(key, int):
            node.value.append(child.value)
        else:
            node.value[key] = child.value
            node.weight += len(key)
        node.weight += child.weight
        node.height = max(node.height, 1 + child.height)
