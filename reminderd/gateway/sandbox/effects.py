"""What a fault does to a request: the words of a rule, read as an effect on the answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from reminderd.gateway.sandbox.connection import Ending
from reminderd.gateway.sandbox.course import STATES, Course
from reminderd.gateway.sandbox.faults import Effect
from reminderd.gateway.sandbox.http import Response, phrase
from reminderd.gateway.sandbox.words import Words, number, parse_seconds, yes_or_no

_HEADER = re.compile(r"([A-Za-z0-9-]+):\s*([ -~]*)")
FLAGS = ("truncate", "garbage", "empty")
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


def read_effect(words: Words) -> Effect:
    """The effect that the words ask for; raises ValueError."""
    named = [key for key in EFFECTS if key in words and words[key] != "false"]
    if len(named) > 1 and set(named) != {"redirect", "status"}:
        raise ValueError(f"one fault has one effect, here are {' and '.join(named)}; write two faults")
    if not named and not words.keys() & {"latency", "ends"}:
        raise ValueError(f"what should happen? Give one of latency, ends, {', '.join(EFFECTS)}")
    effect = EFFECTS[named[0]](words) if named else Effect()
    for key, partners in _PARTNERS.items():
        if key in words and not {*named, *(words.keys() & {"ends"})} & set(partners):
            raise ValueError(f"{key} goes only with {', '.join(partners)}")
    if "accept" in words:
        effect = replace(effect, accept=yes_or_no("accept", words["accept"]))
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
    return Course(words["ends"], number("code", words, None), after)


def _status(words: Words) -> Effect:
    status = number("status", words, None)
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
    status = number("status", words, 302)
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
    yes_or_no("truncate", words["truncate"])
    return Effect(half=True, ending=Ending.CLOSE)


def _garbage(words: Words) -> Effect:
    yes_or_no("garbage", words["garbage"])
    return Effect(answer=Response(202, b"\x00\xff<accepted?>\xfe", "application/json"))


def _empty(words: Words) -> Effect:
    yes_or_no("empty", words["empty"])
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


EFFECTS: Mapping[str, Callable[[Words], Effect]] = {
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
