"""What Jinja's parser says of a mistake, in words for people who write messages."""

import re
from collections.abc import Callable, Mapping

from reminderd.message.names import close

_TAGS = ("if", "elif", "else", "endif", "for", "endfor", "set", "include")
_KINDS = {"integer": "a number", "float": "a number", "string": "a text"}
_CHARACTERS = {
    "&": "write and",
    "|": "write or",
    "?": "write a if b else c",
    "$": "names are written without it",
    "“": "write straight quotes",
    "”": "write straight quotes",
    "„": "write straight quotes",
    "‘": "write straight quotes",
    "’": "write straight quotes",
}


def explained(said: str) -> tuple[str, str]:
    """What is wrong, and a hint; of what is not known here Jinja's own words."""
    for pattern, words in _WORDS.items():
        if found := pattern.search(said):
            return words(*found.groups())
    return said[:160], ""


def place_of(said: str, source: str, line: int) -> tuple[int, int | None]:
    """The line of the mistake, and the column if it is known: a block that is never closed is placed where it begins."""
    never = _NEVER_CLOSED.search(said)
    if never is None:
        return min(line, source.rstrip().count("\n") + 1), None
    begun: list[int] = []
    for tag in re.finditer(rf"\{{%[-+]?\s*(end)?{never[1]}\b", source):
        if tag[1] is None:
            begun.append(tag.start())
        elif begun:
            begun.pop()
    if not begun:
        return line, None
    return source.count("\n", 0, begun[-1]) + 1, begun[-1] - source.rfind("\n", 0, begun[-1])


def _never_closed(block: str) -> tuple[str, str]:
    if block == "set":
        return "{% set %} gives no value", "write {% set name = value %}"
    return f"{{% {block} %}} is never closed", f"write {{% end{block} %}}"


def _too_early(tag: str, block: str) -> tuple[str, str]:
    return f"{{% {tag[:40]} %}} cannot stand here, {{% {block} %}} is still open", f"write {{% end{block} %}} before it"


def _unknown_tag(tag: str) -> tuple[str, str]:
    if tag in ("elif", "else", "endif", "endfor"):
        opening = "for" if tag == "endfor" else "if"
        return f"{{% {tag} %}} belongs to nothing", f"open it with {{% {opening} … %}}, or remove it"
    return f"there is no tag {tag[:40]!r}", close(tag, _TAGS)


def _cannot_follow(token: str) -> tuple[str, str]:
    if token in _KINDS:
        return f"{_KINDS[token]} cannot follow here", ""
    return f"{token[:40]!r} cannot follow here", "== compares" if token == "=" else ""


def _character(quoted: str | None, other: str | None) -> tuple[str, str]:
    character = quoted or other or ""
    if character in "'\"":
        return f"the quote {character} is never closed", "close it"
    return f"the character {character} cannot stand in an expression", _CHARACTERS.get(character, "")


def _bracket(token: str, expected: str | None) -> tuple[str, str]:
    if expected:
        return f"{token!r} stands where {expected!r} is missing", "close each bracket that is opened"
    hint = "{{ … }} ends with }}, {% … %} with %}" if token == "}" else "no bracket is open"
    return f"{token!r} cannot stand here", hint


_OPEN = r"needs to be closed is '(\w+)'"
_NEVER_CLOSED = re.compile(rf"^Unexpected end of template.*{_OPEN}")
_NEVER_ENDS = "the expression is never closed", "close its brackets, and itself with }} or %}"
_INCOMPLETE = "the expression is not complete", "something is missing before its end"
_BRACES = "the braces { } hold no pairs", "write an expression without {{ and }}, and pairs as {key: value}"
_WORDS: Mapping[re.Pattern[str], Callable[..., tuple[str, str]]] = {
    _NEVER_CLOSED: _never_closed,
    re.compile(rf"^Encountered unknown tag '(\w+)'.*{_OPEN}"): _too_early,
    re.compile(r"^Encountered unknown tag '(\w+)'"): _unknown_tag,
    re.compile(r"expected token 'end of [a-z ]+', got '(.+)'$"): _cannot_follow,
    re.compile(r"^unexpected end of template"): lambda: _NEVER_ENDS,
    re.compile(r"(?:got|unexpected) 'end of "): lambda: _INCOMPLETE,
    re.compile(r"^unexpected char (?:'\\?(.)'|\"(.)\")"): _character,
    re.compile(r"^unexpected '([)}\]])'(?:, expected '([)}\]])')?"): _bracket,
    re.compile(r"^expected token ':', got '}'$"): lambda: _BRACES,
    re.compile(r"^expected token '(.+)', got '(.+)'$"): lambda wanted, got: (
        f"{wanted!r} is missing before {got[:40]!r}",
        "",
    ),
    re.compile(r"^Missing end of comment tag"): lambda: ("this {# is never closed", "write #} at its end"),
}
