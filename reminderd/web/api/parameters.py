"""What stands in addresses: read strictly, so that a mistake is said and not passed over."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from reminderd.message import PhoneError, parse_phone
from reminderd.store.listing import LONGEST_PAGE

_TIME = re.compile(r"[1-9]\d{3}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_LONGEST = 200
_TIME_HINT = "write it like 2026-11-22T08:00:00Z (a + of an offset is %2B in an address)"


def _moment(given: object) -> datetime:
    if not isinstance(given, str) or not _TIME.fullmatch(given):
        raise ValueError(f"this is no time; {_TIME_HINT}")
    try:
        return datetime.fromisoformat(given.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"there is no such time; {_TIME_HINT}") from None


def _phone(given: object) -> str:
    if not isinstance(given, str) or len(given) > _LONGEST:
        raise ValueError("this is no phone number")
    try:
        # A + that was not written as %2B arrives as a space.
        return parse_phone("+" + given[1:] if given.startswith(" ") else given)
    except PhoneError as error:
        raise ValueError(error.message) from None


def printable(given: str) -> str:
    """Words on one line, which the state can hold."""
    if not given.isprintable():
        raise ValueError("this has characters that cannot be printed")
    return given


Time = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Phone = Annotated[
    str,
    BeforeValidator(_phone),
    WithJsonSchema({"type": "string", "maxLength": _LONGEST, "examples": ["+14155550123"]}),
]
Said = Annotated[str, Field(min_length=1, max_length=_LONGEST), AfterValidator(printable)]
Limit = Annotated[int, Field(ge=1, le=LONGEST_PAGE, description="How many at most.")]
Cursor = Annotated[
    str, Field(max_length=500, description="Where to go on: what `next` said of the page before, as it is.")
]

Id = Annotated[int, Path(ge=1, lt=2**63, description="Its number.", examples=[42])]
JobName = Annotated[
    str,
    Path(min_length=1, max_length=_LONGEST, description="The job's name.", examples=["rent"]),
    AfterValidator(printable),
]

PhoneInPath = Annotated[
    str,
    Path(description="In E.164.", examples=["+14155550123"]),
    BeforeValidator(_phone),
    WithJsonSchema({"type": "string", "maxLength": _LONGEST}),
]


class Query(BaseModel):
    """Parameters of one path; another one is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Paged(Query):
    """Of a list that is had in pages."""

    limit: Limit = 50
    cursor: Cursor | None = None
