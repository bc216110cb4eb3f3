"""JSON Schema of job files, for editors and linters, of the drafts that are in use."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from reminderd.reference import shapes
from reminderd.reference.keys import JOB, LIMITS, LIST, RECIPIENT, RULE, Key
from reminderd.reference.shapes import Shape

DRAFTS = {
    "7": ("http://json-schema.org/draft-07/schema#", "definitions"),
    "2020-12": ("https://json-schema.org/draft/2020-12/schema", "$defs"),
}
_KINDS = ("at", "cron", "every", "rrule")
_TEXTS = ("message", "template", "messages")


def job_files(draft: str) -> Shape:
    """The schema of a job file: of one job, or of several under `jobs:`. draft: one of DRAFTS."""
    return document("A job file of reminderd", _FILE, _PARTS, draft)


def recipient_files(draft: str) -> Shape:
    """The schema of a list of people in YAML: of a group in recipients.d, or of what a job names as its file."""
    return document("A list of recipients of reminderd", _PEOPLE_FILE, {"recipient": _ONE}, draft)


def document(title: str, body: Shape, parts: Mapping[str, Shape], draft: str) -> Shape:
    """A whole schema of `draft`; parts: what stands under its `$defs`, which draft 7 calls otherwise."""
    uri, home = DRAFTS[draft]
    whole = {"$schema": uri, "title": title, **body}
    if parts:
        whole[home] = dict(parts)
    return whole if home == "$defs" else {key: _moved(each, home) for key, each in whole.items()}


def _moved(value: Any, home: str) -> Any:
    """The same with its references into `home`."""
    match value:
        case dict():
            return {key: _moved(each, home) for key, each in value.items()}
        case list():
            return [_moved(each, home) for each in value]
        case str() if value.startswith("#/$defs/"):
            return f"#/{home}/{value.removeprefix('#/$defs/')}"
    return value


def described(key: Key, shape: Shape) -> Shape:
    """The shape of a key's value, with all that the key says of it."""
    words: Shape = {"title": key.name, "description": key.says}
    if key.has_preset:
        words["default"] = key.preset
    if key.examples:
        words["examples"] = list(key.examples)
    return {**words, **shape}


def properties(keys: Iterable[Key], own: Mapping[str, Shape] | None = None) -> Shape:
    """The properties of a mapping; own: shapes that stand in the place of the keys' own ones."""
    return {key.name: described(key, (own or {}).get(key.name, key.shape)) for key in keys}


def mapping(keys: Iterable[Key], own: Mapping[str, Shape] | None = None, **more: Any) -> Shape:
    """A mapping that has these keys and no others."""
    keys = tuple(keys)
    required = [key.name for key in keys if key.required]
    body: Shape = {"type": "object", "properties": properties(keys, own), "additionalProperties": False}
    if required:
        body["required"] = required
    return body | more


def _ref(name: str) -> Shape:
    return {"$ref": f"#/$defs/{name}"}


def _only_with(key: str, other: str) -> Shape:
    """`key` goes with `other` alone."""
    return {"if": {"required": [key]}, "then": {"required": [other]}}


def without(one: str, other: str) -> Shape:
    """`other` does not go with `one`; said so that an editor marks it."""
    return {"if": {"required": [one]}, "then": {"properties": {other: False}}}


def _one_kind(kinds: Sequence[str]) -> list[Shape]:
    """Exactly one of these keys."""
    some: Shape = {"anyOf": [{"required": [kind]} for kind in kinds]}
    return [some, *(without(one, other) for one, other in combinations(kinds, 2))]


_RULE = mapping(
    RULE,
    title="a rule",
    description="One rule: exactly one of at, cron, every and rrule.",
    allOf=[
        *_one_kind(_KINDS),
        _only_with("from", "every"),
        _only_with("every", "from"),
        _only_with("on_holiday", "holidays"),
        *(without("at", key) for key in ("start", "until", "count")),
        *(without(kind, key) for kind in ("cron", "every") for key in ("dst_gap", "dst_fold")),
        {"if": {"required": ["cron", "count"]}, "then": {"required": ["start"]}},
    ],
)
_LIST = mapping(
    LIST,
    title="a list of people",
    description="Everybody in another file, or those of them for whom `where` is true.",
    allOf=_one_kind(("group", "file")),
)
_PERSON: Shape = {
    "type": "object",
    "title": "a recipient",
    "description": "One person; every key that is not one of these is a variable of the message.",
    "properties": properties(RECIPIENT),
    "required": ["phone"],
}
_SCALAR: Shape = {"type": ["string", "number", "boolean"]}
_NUMBER: Shape = {**shapes.PHONE, "title": "a phone number"}
_ONE: Shape = {"if": _SCALAR, "then": _NUMBER, "else": _PERSON}
_ONE_OR_LIST: Shape = {"if": _SCALAR, "then": _NUMBER, "else": {"anyOf": [_PERSON, _LIST]}}
_OWN = {
    "schedule": _ref("schedule"),
    "to": shapes.one_or_more(_ref("recipients")),
    "limits": _ref("limits"),
}
_FITTING = [
    without("message", "template"),
    without("message", "fallback"),
    without("template", "fallback"),
    _only_with("fallback", "messages"),
]
_SOME_TEXT: Shape = {"anyOf": [{"required": [text]} for text in _TEXTS]}
_SEVERAL: Mapping[str, Shape] = {
    "jobs": {"title": "jobs", "description": "Several jobs in one file, each with a name."},
    "defaults": {"title": "defaults", "description": "What all jobs of the file share; a job's own keys win."},
}
_SHARED = tuple(key for key in JOB if key.name != "name")


def _optional(keys: Iterable[Key]) -> Shape:
    return {**mapping(keys, _OWN), "required": []}


def _in_each_unless_shared(wanted: Shape) -> Shape:
    """What each job needs unless `defaults:` gives it."""
    shared = {"required": ["defaults"], "properties": {"defaults": wanted}}
    return {"if": {"not": shared}, "then": {"properties": {"jobs": {"items": wanted}}}}


_PARTS: Mapping[str, Shape] = {
    "schedule": shapes.one_or_more(_ref("rule"), 100),
    "rule": _RULE,
    "recipient": _ONE,
    "recipients": _ONE_OR_LIST,
    "limits": mapping(LIMITS, title="limits"),
    "job": mapping(JOB, _OWN, title="a job", allOf=[*_FITTING, _SOME_TEXT]),
    "listed-job": _optional(JOB) | {"title": "a job", "required": ["name"], "allOf": [*_FITTING[:3]]},
    "jobs": {
        "type": "object",
        "properties": {
            "jobs": {**_SEVERAL["jobs"], "type": "array", "items": _ref("listed-job")},
            "defaults": {**_SEVERAL["defaults"], **_optional(_SHARED)},
        },
        "required": ["jobs"],
        "additionalProperties": False,
        "allOf": [
            _in_each_unless_shared({"required": ["schedule"]}),
            _in_each_unless_shared({"required": ["to"]}),
            _in_each_unless_shared(_SOME_TEXT),
        ],
    },
}
# A file of comments alone has no content, and that is no problem.
_FILE: Shape = {
    "description": "What to send, to whom, when: one job, or several under jobs.",
    "type": ["object", "null"],
    "properties": _SEVERAL,  # for an editor that completes an empty file
    "if": {"type": "object", "required": ["jobs"]},
    "then": _ref("jobs"),
    "else": {"if": {"type": "object"}, "then": _ref("job")},
}
_PEOPLE: Shape = {"type": "array", "items": _ref("recipient"), "minItems": 1}
_PEOPLE_FILE: Shape = {
    "description": "A list of people, for `to: {group: …}` and `to: {file: …}`.",
    "anyOf": [
        {"title": "recipients", **_PEOPLE},
        {
            "type": "object",
            "properties": {
                "recipients": {
                    "title": "recipients",
                    "description": "The people.",
                    "anyOf": [_PEOPLE, _ref("recipient")],
                }
            },
            "required": ["recipients"],
            "additionalProperties": False,
        },
    ],
}
