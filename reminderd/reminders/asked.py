"""A reminder as a program asks for it: JSON, read into what a job file of the same job would give."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple, NoReturn

from reminderd.document.scalars import Plain, is_null, show
from reminderd.jobs import job_name

MAX_DEPTH = 24  # a job has four levels; a variable may have more
_ONE = "one reminder is one job: send each by itself"
_NO_FILE = "an API takes no path on this host: name a group of recipients.d, or write the people"


class Flaw(NamedTuple):
    """Something wrong with what was asked for. pointer: of RFC 6901. line, column: from 1, within the text at it; 0 where
    all of it is meant."""

    pointer: str
    message: str
    hint: str = ""
    line: int = 0
    column: int = 0


class Asked(NamedTuple):
    """job: its keys; scalars are text, and `Plain` where JSON has a number, true, false or null. digest: the same for the same
    request, however it is spaced and ordered."""

    job: Mapping[str, Any]
    digest: str

    @property
    def name(self) -> str | None:
        """The job's name, where it was given and is one."""
        try:
            return job_name(self.job["name"]) if "name" in self.job else None
        except ValueError:
            return None


class UnreadableError(ValueError):
    """The body is no JSON that could be a job."""


def read_asked(body: bytes) -> Asked:
    """What the body asks for, whether it is right or not. Raises UnreadableError."""
    try:
        found = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_once_each,
            parse_int=Plain,
            parse_float=Plain,
            parse_constant=_no_number,
        )
    except UnicodeDecodeError:
        raise UnreadableError("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise _too_deep() from None
    if not isinstance(found, dict):
        raise UnreadableError("the body must be a JSON object: the keys of a job")
    job = {key: _tree(each, 1) for key, each in found.items()}
    written = json.dumps(_marked(job), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return Asked(job, sha256(written.encode()).hexdigest())


def flaws_of(asked: Asked) -> list[Flaw]:
    """What no job file would be refused for, and who writes through the API is."""
    found = [Flaw(pointer((key,)), "is not taken here", _ONE) for key in ("jobs", "defaults") if key in asked.job]
    people = asked.job.get("to")
    for at, each in enumerate(people) if isinstance(people, list) else [(None, people)]:
        if isinstance(each, dict) and "file" in each and "phone" not in each:
            loc = ("to", "file") if at is None else ("to", at, "file")
            found.append(Flaw(pointer(loc), "is not taken here", _NO_FILE))
    return found


def pointer(path: tuple[str | int, ...]) -> str:
    """The JSON pointer (RFC 6901) of a place."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def plain_json(value: object) -> object:
    """A value of a job file in JSON's own terms, as YAML means it."""
    match value:
        case Plain():
            return _scalar(value)
        case dict():
            return {key: plain_json(each) for key, each in value.items()}
        case list():
            return [plain_json(each) for each in value]
    return value


def _scalar(value: Plain) -> object:
    if is_null(value):
        return None
    try:
        found: object = json.loads(value, parse_constant=_no_number)
    except ValueError:  # text
        return str(value)
    # A number that would not be printed as it is written goes as text, so that nothing is lost.
    return found if not isinstance(found, int | float) or json.dumps(found) == value else str(value)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise UnreadableError(f"the key {show(key)} stands there twice")
        if key == "<<" or not _is_text(key):
            raise UnreadableError(f"{show(key)} cannot be a key")
        found[key] = value
    return found


def _no_number(word: str) -> NoReturn:
    raise UnreadableError(f"the body is not JSON: {word} is no number")


def _too_deep() -> UnreadableError:
    return UnreadableError(f"the body has more than {MAX_DEPTH} levels")


def _is_text(value: str) -> bool:
    """Without half a surrogate pair, which JSON can write and nobody can send."""
    return not any("\ud800" <= char <= "\udfff" for char in value)


def _tree(value: object, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise _too_deep()
    match value:
        case dict():
            return {key: _tree(each, depth + 1) for key, each in value.items()}
        case list():
            return [_tree(each, depth + 1) for each in value]
        case None | True | False:
            return Plain(json.dumps(value))
        case str() if not _is_text(value):
            raise UnreadableError("half a surrogate pair (\\ud800 to \\udfff) is no text")
    return value


def _marked(value: object) -> object:
    """The same, where a number is another thing than its text."""
    match value:
        case Plain():
            return [str(value)]
        case dict():
            return {key: _marked(each) for key, each in value.items()}
        case list():
            return {"list": [_marked(each) for each in value]}
    return value
