"""Cursors of lists that are not deliveries: where a page ended, in a form that nobody needs to understand."""

import base64
import binascii
import json

from reminderd.web.problems import Declined


def cursor_of(*place: str | int) -> str:
    """As it is handed out: safe in an address."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def place_of(cursor: str | None, *start: str | int) -> tuple[str | int, ...]:
    """The place that a cursor means; without one, the start. Raises Declined for what was never handed out."""
    if cursor is None:
        return start
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", True))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or [type(each) for each in found] != [type(each) for each in start]:
        raise no_cursor()
    if any(isinstance(each, int) and not 0 <= each < 2**63 for each in found):
        raise no_cursor()
    if any(isinstance(each, str) and not each.isprintable() for each in found):
        raise no_cursor()
    return tuple(found)


def no_cursor() -> Declined:
    return Declined(400, "Bad Request", "this is no cursor: give what `next` said, as it is")
