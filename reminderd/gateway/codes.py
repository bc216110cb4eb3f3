"""Plivo's error codes of messages: each in words, and what it says about trying again. Pure.

The words are ours, after Plivo's documentation; the readings are ours too (docs/decisions/0015).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from reminderd.gateway.port import Details, MessageState

OPTED_OUT = 200


class Reading(StrEnum):
    """lasting: the same again if tried again. passing: another try may work. account: a person has to look at the
    account first. unsure: nobody can say, so it is not tried again.
    """

    LASTING = "lasting"
    PASSING = "passing"
    ACCOUNT = "account"
    UNSURE = "unsure"


class Code(NamedTuple):
    """What an error code means. alert: a person should see it, whatever is tried."""

    words: str
    reading: Reading
    alert: bool = False


CODES: Mapping[int, Code] = {
    10: Code("invalid message", Reading.LASTING),
    20: Code("carrier network error", Reading.PASSING),
    30: Code("spam detected", Reading.LASTING),
    40: Code("invalid source number", Reading.LASTING, alert=True),
    50: Code("invalid destination number", Reading.LASTING),
    60: Code("loop detected", Reading.LASTING),
    70: Code("the destination is permanently unavailable", Reading.LASTING),
    80: Code("the destination is temporarily unavailable", Reading.PASSING),
    90: Code("no route to the destination", Reading.UNSURE),
    100: Code("the carrier prohibits it", Reading.LASTING),
    110: Code("the message is too long", Reading.LASTING),
    200: Code("the recipient has opted out", Reading.LASTING),
    201: Code("a US toll-free number cannot send to Canada", Reading.LASTING, alert=True),
    300: Code("it could not be dispatched", Reading.UNSURE),
    420: Code("it expired in Plivo's queue", Reading.PASSING),
    450: Code("the country is not permitted for this account", Reading.ACCOUNT, alert=True),
    451: Code("the hourly limit for the country is reached", Reading.PASSING, alert=True),
    900: Code("the account has no credit", Reading.PASSING, alert=True),
    910: Code("the account is disabled", Reading.ACCOUNT, alert=True),
    1000: Code("unknown error", Reading.UNSURE),
}

_UNKNOWN = Code("unknown code", Reading.UNSURE)
_WITHOUT = Code("no error code given", Reading.UNSURE)


def meaning(code: int | None) -> Code:
    """What the code of a message that was not delivered means."""
    return _WITHOUT if code is None else CODES.get(code, _UNKNOWN)


def in_words(details: Details) -> str:
    """A receipt as people read it: `delivered`, `undelivered (30: spam detected)`; the state comes first."""
    code = details.error_code
    if code is None:
        return str(details.state)
    return f"{details.state} ({code}: {meaning(code).words})"


def may_be_sent_again(details: Details) -> bool:
    """Whether Plivo itself says for good that no carrier ever had the message, for a reason that passes."""
    return details.state is MessageState.FAILED and meaning(details.error_code).reading is Reading.PASSING
