"""Tokens of the listener: who each is for, what it may do, and the digest by which it is known. Never the token itself."""

import re
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from reminderd.document import scalars
from reminderd.document.scalars import Wrong

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_HINT = "write NAME SCOPE+SCOPE sha256:DIGEST; `reminderd token` makes such a line"
_LONGEST_FILE = 64 * 1024


class Scope(StrEnum):
    """read: look at everything. act: do what operators do. write: make and remove reminders."""

    READ = "read"
    ACT = "act"
    WRITE = "write"


class Grant(NamedTuple):
    """What one token allows. digest: the SHA-256 of the token, in hex."""

    name: str
    scopes: frozenset[Scope]
    digest: str


def read_grant(line: str) -> Grant:
    """A line `NAME SCOPE+SCOPE sha256:DIGEST`; raises Wrong, whose words repeat nothing of the line but its name."""
    words = line.split()
    if len(words) != 3:
        raise Wrong("is not a token's line", _HINT)
    name, scopes, digest = words
    if not _NAME.fullmatch(name):
        raise Wrong("does not begin with a name of letters, digits, dots and hyphens, at most 64", _HINT)
    wanted = scopes.split("+")
    known = {str(scope): scope for scope in Scope}
    if not set(wanted) <= set(known):
        raise Wrong(f"the token {name!r} has a scope that is none of {', '.join(known)}", _HINT)
    match = _DIGEST.fullmatch(digest)
    if match is None:
        hint = "the token itself does not belong here, only its digest; `reminderd token` makes such a line"
        raise Wrong(f"the token {name!r} has no sha256: and 64 hex digits", hint)
    return Grant(name, frozenset(known[each] for each in wanted), match[1])


def read_grants(path: Path) -> tuple[Grant, ...]:
    """The tokens of a file, one a line; empty lines and those that begin with # do not count. Raises Wrong."""
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_FILE + 1)
        lines = content.decode("utf-8").splitlines()
    except OSError as error:
        raise Wrong(f"{scalars.show(str(path))} cannot be read: {error.strerror}") from None
    except ValueError:
        raise Wrong(f"{scalars.show(str(path))} is not UTF-8 text") from None
    if len(content) > _LONGEST_FILE:
        raise Wrong(f"{scalars.show(str(path))} has more than {_LONGEST_FILE} bytes")
    found: dict[str, Grant] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            grant = read_grant(line)
        except Wrong as error:
            raise Wrong(f"line {number} of {scalars.show(str(path))}: {error.message}", error.hint) from None
        if grant.name in found:
            raise Wrong(f"line {number} of {scalars.show(str(path))}: the name {grant.name!r} is taken already")
        found[grant.name] = grant
    return tuple(found.values())
