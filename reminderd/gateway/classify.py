"""What an exchange means. The promise of the whole program rests on `send_outcome`: pure, and read first."""

import json
import re
from datetime import UTC, datetime
from typing import Any, assert_never

from reminderd.gateway.evidence import scrub
from reminderd.gateway.transport import Answer, Broken, Exchange, Rejected, Unreached, Withdrawn
from reminderd.model import Accepted, InDoubt, NotBegun, NotSent, Outcome, Refused

# Answers that speak of the account or the way and not of the message; nothing was taken, whoever gave them.
SUSPENDING = frozenset({401, 402, 407, 429})
# Answers that are final for the message, if Plivo itself gave them.
PERMANENT = frozenset({400, 403, 404, 405, 409, 410, 413, 422})

_API_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LONGEST_UUID = 200


def send_outcome(exchange: Exchange, text: str, secrets: tuple[str, ...]) -> Outcome:
    """The outcome of a request to send. text and secrets: kept out of its evidence."""
    match exchange:
        case Unreached(evidence, status):
            return NotSent(evidence, status, suspend=status in SUSPENDING)
        case Withdrawn():
            return NotBegun("withdrawn before the request")
        case Rejected(evidence):
            return Refused(0, scrub(evidence, text, secrets))
        case Broken(evidence, status):
            return InDoubt(evidence, status)
        case Answer():
            return _answered(exchange, text, secrets)
        case _:
            assert_never(exchange)


def _answered(answer: Answer, text: str, secrets: tuple[str, ...]) -> Outcome:
    status = answer.status
    if 200 <= status < 300:
        return _taken(status, read_json(answer.body))
    said = plivo_json(answer.body)
    evidence = scrub(describe(answer, said), text, secrets)
    if status in SUSPENDING:
        return NotSent(evidence, status, suspend=True, retry_after=answer.retry_after)
    if status in PERMANENT and said is not None:
        return Refused(status, evidence)
    return InDoubt(evidence, status)


def _taken(status: int, said: object) -> Outcome:
    """api_id is what Plivo's support asks for; shown only if it is an id, as it is not scrubbed."""
    uuid = message_uuid(said)
    if uuid is None:
        return InDoubt(f"{status} without a readable message_uuid", status)
    api_id = said.get("api_id") if isinstance(said, dict) else None
    known = isinstance(api_id, str) and _API_ID.fullmatch(api_id)
    return Accepted(uuid, f"{status} api_id={api_id}" if known else f"{status}")


def plivo_json(body: bytes) -> dict[str, Any] | None:
    """The answer if it is one of Plivo's: a JSON object that names its `api_id` or an `error`."""
    said = read_json(body)
    return said if isinstance(said, dict) and ("api_id" in said or "error" in said) else None


def read_json(body: bytes) -> object:
    """Whatever `body` says in JSON; None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def describe(answer: Answer, said: dict[str, Any] | None) -> str:
    """The answer in a few words, not yet scrubbed: only Plivo's own are repeated, others may echo anything."""
    if said is None:
        return f"{answer.status}, not Plivo's JSON" if answer.body else f"{answer.status} without a body"
    error = said.get("error")
    if error is None:
        return f"{answer.status}"
    return f"{answer.status}: {error if isinstance(error, str) else _written(error)}"


def _written(error: object) -> str:
    try:
        return json.dumps(error, ensure_ascii=False)
    except RecursionError:  # what could just be read is a little too deep to be written
        return "nested too deeply to be shown"


def message_uuid(said: object) -> str | None:
    """The one uuid that an accepted message has; documented as a list of one, in the log as text."""
    named = said.get("message_uuid") if isinstance(said, dict) else None
    uuid = named[0] if isinstance(named, list) and len(named) == 1 else named
    if not isinstance(uuid, str) or not uuid.isprintable():
        return None
    return uuid.strip() if 0 < len(uuid.strip()) <= _LONGEST_UUID else None


def whole_number(value: object) -> int | None:
    """A number that an answer has, also as text; None where it is none."""
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        return None


def utc(text: object) -> datetime | None:
    """Plivo answers with the account's offset, or with none where it means UTC."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
