"""The little language of faults: `status=503,count=2` on a command line, `{"status": 503, "count": 2}` in JSON."""

import difflib
import re
from collections.abc import Mapping

from reminderd.gateway.sandbox import effects, mishaps
from reminderd.gateway.sandbox.course import STATES
from reminderd.gateway.sandbox.faults import CALLBACKS, REQUESTS, Effect, Fault, Kind
from reminderd.gateway.sandbox.words import Words, number, parse_seconds, pattern, words_of_mapping, words_of_text

_FLAGS = (*effects.FLAGS, *mishaps.FLAGS)


def parse_fault(spec: str | Mapping[str, object]) -> Fault:
    """The rule that `spec` says; raises ValueError with a sentence for people. docs/sandbox.md has all its keys."""
    words = words_of_text(spec, _FLAGS) if isinstance(spec, str) else words_of_mapping(spec)
    for key in words:
        if key not in _KEYS:
            raise ValueError(f"{key!r} is not a key of a fault{_did_you_mean(key)}")
    kinds = _kinds(words)
    return Fault(
        spec=",".join(f"{key}={value}" for key, value in words.items()),
        effect=_effect(words, kinds),
        on=kinds,
        phone=pattern("phone", words),
        text=pattern("text", words),
        states=_states(words, kinds),
        skip=number("skip", words, 0) or 0,
        count=number("count", words, None),
        probability=_probability(words.get("probability", "1")),
        seed=number("seed", words, 0) or 0,
    )


def _did_you_mean(key: str) -> str:
    close = difflib.get_close_matches(key, _KEYS, n=1)
    return f", did you mean {close[0]!r}?" if close else f"; they are {', '.join(_KEYS)}"


def _kinds(words: Words) -> frozenset[Kind]:
    text = words.get("on")
    if text is None:
        return CALLBACKS if words.keys() & set(mishaps.KEYS) else frozenset({Kind.SEND})
    if text == "any":
        return REQUESTS
    try:
        return frozenset(Kind(word.strip()) for word in text.split("|"))
    except ValueError:
        raise ValueError(
            f"on={text}: write send, log, details, account, number, status, inbound, several with | between, or any"
        ) from None


def _effect(words: Words, kinds: frozenset[Kind]) -> Effect:
    """Requests are answered otherwise, callbacks are made otherwise; what both can be is late."""
    if not kinds & CALLBACKS:
        if words.keys() & set(mishaps.KEYS):
            raise ValueError(f"{', '.join(mishaps.KEYS)} go only with on=status, on=inbound or both")
        return effects.read_effect(words)
    for key in (*effects.EFFECTS, "ends"):
        if key in words:
            raise ValueError(f"{key} does not happen to callbacks, what does is {_CALLBACK_WORDS}")
    delay = parse_seconds(words.get("latency", "0"))
    mishap = mishaps.read_mishap(words)
    if mishap is None and "latency" not in words:
        raise ValueError(f"what should happen to callbacks? Give one of {_CALLBACK_WORDS}")
    if mishap is not None and kinds & REQUESTS:
        raise ValueError(f"{', '.join(mishaps.KEYS)} go only with on=status, on=inbound or both")
    return Effect(delay=delay, mishap=mishap)


def _states(words: Words, kinds: frozenset[Kind]) -> frozenset[str]:
    if "state" not in words:
        return frozenset()
    states = frozenset(word.strip() for word in words["state"].split("|"))
    if not states <= set(STATES):
        raise ValueError(f"state={words['state']}: write {', '.join(STATES)}, or several with | between")
    if Kind.STATUS not in kinds:
        raise ValueError("state goes only with on=status")
    return states


def _probability(text: str) -> float:
    if not re.fullmatch(r"[01]|0?\.[0-9]{1,9}|1\.0+", text):
        raise ValueError(f"probability={text}: a number from 0 to 1 belongs here")
    return float(text)


_CALLBACK_WORDS = ", ".join(("latency", *mishaps.KEYS))
_KEYS = (
    *effects.EFFECTS,
    *mishaps.KEYS,
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
    "state",
    "skip",
    "count",
    "probability",
    "seed",
)
