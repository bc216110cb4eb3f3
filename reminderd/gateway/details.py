"""Plivo's details of one message: what became of it, out of whatever came back. Pure."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any, assert_never

from reminderd.gateway.classify import SUSPENDING, describe, message_uuid, plivo_json, read_json, utc
from reminderd.gateway.evidence import scrub
from reminderd.gateway.port import Details, DetailsUnavailable, MessageState
from reminderd.gateway.transport import Answer, Broken, Exchange, Rejected, Unreached, Withdrawn

REQUESTS_PER_SECOND = 10  # Plivo takes 60 from the whole account; sending, and others, come first
_LONGEST_CODE = 6
_MOST_PARTS = 100
_LONGEST_ADDRESS = 40
_WHOLE = re.compile("[0-9]{1,9}")
_NETWORK = re.compile("[0-9]{1,6}")
_PRICE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,12})?")
_CODE = re.compile(f"[0-9]{{1,{_LONGEST_CODE}}}")
# States whose code decides what is done, so that one which cannot be read is no answer.
NEED_A_CODE = frozenset({MessageState.FAILED, MessageState.UNDELIVERED, MessageState.REJECTED})


def details_of(exchange: Exchange, uuid: str, secrets: tuple[str, ...]) -> Details | DetailsUnavailable:
    """What the answer to the question about `uuid` says."""
    match exchange:
        case Answer():
            return _answered(exchange, uuid, secrets)
        case Unreached(evidence, _) | Broken(evidence, _):
            return DetailsUnavailable(scrub(evidence, secrets=secrets), pause=True)
        case Rejected(evidence):
            return DetailsUnavailable(scrub(evidence, secrets=secrets))
        case Withdrawn():
            return DetailsUnavailable("withdrawn before the request", pause=True)
        case _:
            assert_never(exchange)


def _answered(answer: Answer, uuid: str, secrets: tuple[str, ...]) -> Details | DetailsUnavailable:
    said = read_json(answer.body)
    if 200 <= answer.status < 300:
        found = _read(said, uuid) if isinstance(said, dict) else "no JSON object"
        return found if isinstance(found, Details) else DetailsUnavailable(f"{answer.status}: {found}")
    own = plivo_json(answer.body)
    evidence = scrub(describe(answer, own), secrets=secrets)
    if answer.status == 404 and own is not None:
        return DetailsUnavailable(evidence, unknown=True)
    return DetailsUnavailable(evidence, answer.retry_after, pause=answer.status in SUSPENDING)


def _read(said: dict[str, Any], uuid: str) -> Details | str:
    """The details, or in words what is wrong with them; of what they say nothing is repeated."""
    if message_uuid(said) != uuid:
        return "the details of another message"
    state = said.get("message_state")
    if not isinstance(state, str) or state not in list(MessageState):
        return "details with no message_state that is known"
    code = code_of(said.get("error_code"))
    if code is None and MessageState(state) in NEED_A_CODE:
        return "details with an error_code that cannot be read"
    return Details(
        MessageState(state),
        code or None,
        parts_of(said.get("units")),
        _time(said),
        sender=_text(said.get("from_number")),
        phone=_text(said.get("to_number")),
        charged=charge_of(said.get("total_amount")),
        mcc=network_of(said.get("mcc")),
        mnc=network_of(said.get("mnc")),
        queued_at=utc(said.get("message_time")),
        sent_at=utc(said.get("message_sent_time")),
    )


def code_of(code: object) -> int | None:
    """0 for no error; None for what cannot be a code. Documented as text of digits, null or "000"."""
    if code is None or code == "":
        return 0
    text = str(code).strip() if isinstance(code, str | int) and not isinstance(code, bool) else ""
    return int(text) if _CODE.fullmatch(text) else None


def _time(said: dict[str, Any]) -> datetime | None:
    """When it came into its state, as far as Plivo says."""
    times = (utc(said.get(key)) for key in ("message_updated_time", "message_sent_time", "message_time"))
    return next((time for time in times if time is not None), None)


def parts_of(value: object) -> int | None:
    """How many segments; None for what cannot be a number of them."""
    number = whole_of(value)
    return number if number is not None and 0 < number <= _MOST_PARTS else None


def charge_of(value: object) -> int | None:
    """Millionths of a US dollar; None for what is no price."""
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return int((Decimal(text) * 1_000_000).to_integral_value()) if _PRICE.fullmatch(text) else None


def network_of(value: object) -> str | None:
    """A country's or a network's code; None for what is none."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _NETWORK.fullmatch(text) else None


def whole_of(value: object) -> int | None:
    """A whole number of at most nine digits; None for what is none."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return int(text) if _WHOLE.fullmatch(text) else None


def _text(value: object) -> str | None:
    return value.strip() if isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST_ADDRESS else None
