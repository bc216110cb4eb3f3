"""The little language of faults: `status=503,count=2` on a command line, `{"status": 503, "count": 2}` in JSON."""

import difflib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from reminderd.gateway.sandbox.connection import LONGEST, Ending
from reminderd.gateway.sandbox.course import STATES, Course
from reminderd.gateway.sandbox.faults import Effect, Fault, Kind
from reminderd.gateway.sandbox.http import Response, phrase

_SECONDS = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(ms|s|m)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}
_HEADER = re.compile(r"([A-Za-z0-9-]+):\s*([ -~]*)")
_LONGEST_PATTERN = 500
_FLAGS = ("truncate", "garbage", "empty")
_WRONG = {
    "no-uuid": {"api_id": "00000000-0000-4000-8000-000000000000", "message": "message(s) queued"},
    "null": None,
    "number": 202,
    "list": ["message(s) queued"],
}
_PAGES = {
    "text": ("text/plain; charset=utf-8", "{status} {phrase}\n"),
    "html": ("text/html; charset=utf-8", "<html><head><title>{phrase}</title></head><body>{phrase}</body></html>\n"),
    "json": ("application/json", '{{"api_id": "00000000-0000-4000-8000-000000000000", "error": "{phrase}"}}'),
    "empty": ("text/plain; charset=utf-8", ""),
}

Words = dict[str, str]


def parse_fault(spec: str | Mapping[str, object]) -> Fault:
    """The rule that `spec` says; raises ValueError with a sentence for people. docs/sandbox.md has all its keys."""
    words = _from_text(spec) if isinstance(spec, str) else _from_mapping(spec)
    spelled = ",".join(f"{key}={value}" for key, value in words.items())
    for key in words:
        if key not in _KEYS:
            raise ValueError(f"{key!r} is not a key of a fault{_did_you_mean(key)}")
    effect = _effect(words)
    return Fault(
        spec=spelled,
        effect=effect,
        on=_kinds(words.get("on", "send")),
        phone=_pattern("phone", words),
        text=_pattern("text", words),
        skip=_number("skip", words, 0) or 0,
        count=_number("count", words, None),
        probability=_probability(words.get("probability", "1")),
        seed=_number("seed", words, 0) or 0,
    )


def parse_seconds(text: str) -> float:
    """`50ms`, `1.5s`, `2m` or a bare number of seconds, at most 300 s; raises ValueError."""
    match = _SECONDS.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a time, write it like 50ms, 1.5s or 2m")
    seconds = float(match[1]) * _UNITS[match[2]]
    if seconds > LONGEST:
        raise ValueError(f"{text!r} is longer than {LONGEST:.0f}s")
    return seconds


# ---------------------------------------------------------------------------------------------------------
# Reading: both notations become words, key to value
# ---------------------------------------------------------------------------------------------------------


def _from_text(spec: str) -> Words:
    """A comma ends a value only before another key, so that patterns and bodies may contain commas."""
    if spec.lstrip().startswith("{"):
        try:
            return _from_mapping(json.loads(spec))
        except json.JSONDecodeError as error:
            raise ValueError(f"this is not JSON: {error}") from error
    words: Words = {}
    for part in re.split(rf",(?=\s*[a-z_]+\s*=|\s*(?:{'|'.join(_FLAGS)})\s*(?:,|$))", spec):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals and key in _FLAGS:
            value = "true"
        elif not equals:
            raise ValueError(f"{part.strip()!r} is not key=value")
        if key in words:
            raise ValueError(f"{key} comes twice")
        words[key] = value
    return words


def _from_mapping(spec: Mapping[str, object]) -> Words:
    words: Words = {}
    for key, value in spec.items():
        match value:
            case bool():
                words[key] = str(value).lower()
            case str() | int() | float():
                words[key] = str(value)
            case {**pairs} if key == "header":
                words[key] = "|".join(f"{name}: {content}" for name, content in pairs.items())
            case _:
                raise ValueError(f"{key}: a text, a number or true and false belong here")
    return words


def _did_you_mean(key: str) -> str:
    close = difflib.get_close_matches(key, _KEYS, n=1)
    return f", did you mean {close[0]!r}?" if close else f"; they are {', '.join(_KEYS)}"


# ---------------------------------------------------------------------------------------------------------
# Which requests
# ---------------------------------------------------------------------------------------------------------


def _kinds(text: str) -> frozenset[Kind]:
    if text == "any":
        return frozenset(Kind)
    try:
        return frozenset(Kind(word.strip()) for word in text.split("|"))
    except ValueError:
        raise ValueError(
            f"on={text}: write send, log, details, account, number, several with | between, or any"
        ) from None


def _pattern(key: str, words: Words) -> re.Pattern[str] | None:
    if key not in words:
        return None
    if len(words[key]) > _LONGEST_PATTERN:
        raise ValueError(f"{key}: a pattern is at most {_LONGEST_PATTERN} characters long")
    try:
        return re.compile(words[key])
    except re.error as error:
        raise ValueError(f"{key}={words[key]}: this is not a regular expression: {error}") from error


def _number(key: str, words: Words, default: int | None) -> int | None:
    if key not in words:
        return default
    if not re.fullmatch("[0-9]{1,9}", words[key]):
        raise ValueError(f"{key}={words[key]}: a whole number belongs here")
    return int(words[key])


def _probability(text: str) -> float:
    if not re.fullmatch(r"[01]|0?\.[0-9]{1,9}|1\.0+", text):
        raise ValueError(f"probability={text}: a number from 0 to 1 belongs here")
    return float(text)


# ---------------------------------------------------------------------------------------------------------
# What happens to them
# ---------------------------------------------------------------------------------------------------------


def _effect(words: Words) -> Effect:
    named = [key for key in _EFFECTS if key in words and words[key] != "false"]
    if len(named) > 1 and set(named) != {"redirect", "status"}:
        raise ValueError(f"one fault has one effect, here are {' and '.join(named)}; write two faults")
    if not named and not words.keys() & {"latency", "ends"}:
        raise ValueError(f"what should happen? Give one of latency, ends, {', '.join(_EFFECTS)}")
    effect = _EFFECTS[named[0]](words) if named else Effect()
    for key, partners in _PARTNERS.items():
        if key in words and not {*named, *(words.keys() & {"ends"})} & set(partners):
            raise ValueError(f"{key} goes only with {', '.join(partners)}")
    if "accept" in words:
        effect = replace(effect, accept=_yes_or_no("accept", words["accept"]))
    effect = replace(effect, course=_course(words, accepted=effect.accept))
    return replace(effect, delay=effect.delay + parse_seconds(words.get("latency", "0")))


def _course(words: Words, *, accepted: bool) -> Course | None:
    """How what is accepted fares, where the rule says so."""
    if "ends" not in words:
        return None
    if words["ends"] not in STATES:
        raise ValueError(f"ends={words['ends']}: write one of {', '.join(STATES)}")
    if not accepted or words.get("on", "send") != "send":
        raise ValueError("ends goes only with a send that is accepted")
    after = parse_seconds(words["after"]) if "after" in words else Course().after
    return Course(words["ends"], _number("code", words, None), after)


def _status(words: Words) -> Effect:
    status = _number("status", words, None)
    if status is None or not 200 <= status <= 599:
        raise ValueError(f"status={words['status']}: a status is from 200 to 599")
    body = words.get("body", "json")
    if body in _PAGES:
        content_type, page = _PAGES[body]
        body = page.format(status=status, phrase=phrase(status))
    else:
        content_type = "application/json" if body[:1] in ("{", "[") else "text/plain; charset=utf-8"
    return Effect(accept=False, answer=Response(status, body.encode(), content_type, _headers(words)))


def _headers(words: Words) -> tuple[tuple[str, str], ...]:
    if "header" not in words:
        return ()
    matches = [_HEADER.fullmatch(line.strip()) for line in words["header"].split("|")]
    headers = tuple((match[1], match[2]) for match in matches if match is not None)
    if len(headers) < len(matches):
        raise ValueError(f"header={words['header']}: write Name: value, several with | between")
    for name, _ in headers:
        if name.lower() in ("content-length", "transfer-encoding", "connection"):
            raise ValueError(f"the header {name} is the sandbox's own")
    return headers


def _redirect(words: Words) -> Effect:
    target = words["redirect"]
    if not re.fullmatch("[!-~]+", target) or urlsplit(target).scheme not in ("", "http", "https"):
        raise ValueError(f"redirect={target}: an address belongs here")
    status = _number("status", words, 302)
    if status is None or not 300 <= status <= 399:
        raise ValueError("a redirect has a status from 300 to 399")
    return Effect(accept=False, answer=Response(status, headers=(("Location", target), *_headers(words))))


def _hang(words: Words) -> Effect:
    return Effect(accept=False, delay=parse_seconds(words["hang"]), silent=True, ending=Ending.CLOSE)


def _reset(words: Words) -> Effect:
    return Effect(accept=_after("reset", words), silent=True, ending=Ending.RESET)


def _close(words: Words) -> Effect:
    return Effect(accept=_after("close", words), silent=True, ending=Ending.CLOSE)


def _truncate(words: Words) -> Effect:
    _yes_or_no("truncate", words["truncate"])
    return Effect(half=True, ending=Ending.CLOSE)


def _garbage(words: Words) -> Effect:
    _yes_or_no("garbage", words["garbage"])
    return Effect(answer=Response(202, b"\x00\xff<accepted?>\xfe", "application/json"))


def _empty(words: Words) -> Effect:
    _yes_or_no("empty", words["empty"])
    return Effect(answer=Response(202, b"", "application/json"))


def _wrong(words: Words) -> Effect:
    if words["wrong"] not in _WRONG:
        raise ValueError(f"wrong={words['wrong']}: write one of {', '.join(_WRONG)}")
    return Effect(answer=Response.of_json(202, _WRONG[words["wrong"]]))


def _dribble(words: Words) -> Effect:
    pace = parse_seconds(words["dribble"])
    if not pace:
        raise ValueError("dribble: the time between two bytes is more than nothing")
    return Effect(pace=pace)


def _after(key: str, words: Words) -> bool:
    if words[key] not in ("before", "after"):
        raise ValueError(f"{key}={words[key]}: write before or after (accepting the message)")
    return words[key] == "after"


def _yes_or_no(key: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{key}={text}: write true or false")
    return text == "true"


_EFFECTS: Mapping[str, Callable[[Words], Effect]] = {
    "redirect": _redirect,
    "status": _status,
    "hang": _hang,
    "reset": _reset,
    "close": _close,
    "truncate": _truncate,
    "garbage": _garbage,
    "empty": _empty,
    "wrong": _wrong,
    "dribble": _dribble,
}
_PARTNERS = {
    "body": ("status",),
    "header": ("status", "redirect"),
    "accept": ("status", "redirect", "hang", "garbage", "empty", "wrong"),
    "code": ("ends",),
    "after": ("ends",),
}
_KEYS = (
    *_EFFECTS,
    "ends",
    "code",
    "after",
    "latency",
    "body",
    "header",
    "accept",
    "on",
    "phone",
    "text",
    "skip",
    "count",
    "probability",
    "seed",
)
