"""Plivo's log of messages: the question, the answer page by page, and how often one may ask."""

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never
from urllib.parse import parse_qsl, urlencode

from reminderd.gateway.classify import describe, message_uuid, plivo_json, read_json, utc, whole_number
from reminderd.gateway.evidence import scrub
from reminderd.gateway.port import LogPage, LogUnavailable
from reminderd.gateway.transport import Answer, Broken, Exchange, Rejected, Unreached, Withdrawn
from reminderd.model import MASKED, LogRow, digits

PAGE_SIZE = 20  # Plivo's largest
REQUESTS_PER_MINUTE = 20  # Plivo's limit for this question, an account
_MASKS = "*#_?•●"
_PAGE_KEYS = frozenset({"offset", "cursor"})
_OURS = {"message_direction": "outbound", "message_type": "sms"}
_LONGEST_PAGE = 1000  # characters of what names a page
_LONGEST_FIELD = 100  # characters of a number, a name or a state


class Budget:
    """At most `limit` requests in any `window` seconds, shared by all threads."""

    def __init__(self, limit: int, window: float, now: Callable[[], float]) -> None:
        """now: monotonic seconds."""
        self._taken: deque[float] = deque(maxlen=limit)
        self._limit = limit
        self._window = window
        self._now = now
        self._lock = threading.Lock()

    def take(self) -> float:
        """0 and one request is yours; or the seconds until there is one."""
        with self._lock:
            now = self._now()
            if len(self._taken) == self._limit and (left := self._taken[0] + self._window - now) > 0:
                return left
            self._taken.append(now)
            return 0.0


def question(
    since: datetime, until: datetime, phone: str | None, sender: str | None, page: str | None
) -> dict[str, str]:
    """The parameters of the request, as the port's `log` means it. Times go out as UTC without an offset."""
    last_second = until.astimezone(UTC) + timedelta(microseconds=999_999)
    params = {
        "message_direction": "outbound",
        "message_time__gte": f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        "message_time__lte": f"{last_second:%Y-%m-%d %H:%M:%S}",
        "limit": str(PAGE_SIZE),
        "offset": "0",
    }
    if phone is not None:
        params["to_number"] = phone
    if sender is not None:
        params["from_number"] = sender
    if page is not None:
        del params["offset"]
        params |= parse_qsl(page)
    return params


def log_page(exchange: Exchange, page: str | None, secrets: tuple[str, ...]) -> LogPage | LogUnavailable:
    """What the answer to `question` holds; `page` as it was asked."""
    match exchange:
        case Answer(status, body, retry_after):
            listing = read_json(body) if 200 <= status < 300 else None
            if isinstance(listing, dict) and isinstance(listing.get("objects"), list):
                return _page(listing["objects"], listing.get("meta"), page)
            evidence = scrub(describe(exchange, plivo_json(body)), secrets=secrets)
            return LogUnavailable(f"no list of messages in {evidence}", retry_after)
        case Unreached(evidence, _) | Broken(evidence, _) | Rejected(evidence):
            return LogUnavailable(scrub(evidence, secrets=secrets))
        case Withdrawn():
            return LogUnavailable("withdrawn before the request")
        case _:
            assert_never(exchange)


def _page(objects: list[Any], meta: object, asked: str | None) -> LogPage | LogUnavailable:
    outbound = [row for row in objects if not _is_another_kind(row)]
    rows = [read for row in outbound if (read := _row(row)) is not None]
    following = _next(meta, asked, len(objects))
    if following is not None and len(following) > _LONGEST_PAGE:
        return LogUnavailable("the log names the following page at too great a length")
    if following is not None and following == (asked or "offset=0"):
        return LogUnavailable("the log names the same page again")
    return LogPage(tuple(rows), following, skipped=len(outbound) - len(rows))


def _is_another_kind(row: object) -> bool:
    """Inbound, or no SMS: the filters are asked for, but not relied upon."""
    return isinstance(row, dict) and any(
        isinstance(row.get(key), str) and row[key] != ours for key, ours in _OURS.items()
    )


def _row(row: object) -> LogRow | None:
    if not isinstance(row, dict):
        return None
    uuid, sent_at = message_uuid(row), utc(row.get("message_time"))
    sender, phone = _field(row.get("from_number")), _field(row.get("to_number"))
    kinds = {type(row.get(key)) for key in _OURS}
    if uuid is None or sent_at is None or sender is None or not phone or not kinds <= {str, type(None)}:
        return None
    return LogRow(
        uuid,
        sent_at,
        digits(sender),
        _shown(phone),
        whole_number(row.get("units")),
        _field(row.get("message_state")) or "",
    )


def _field(value: object) -> str | None:
    """A number, a name or a word as text, "" where there is none; None for what cannot be one."""
    if value is None:
        return ""
    text = str(value) if isinstance(value, str | int) else "\0"
    return text if text.isprintable() and len(text) <= _LONGEST_FIELD else None


def _shown(number: str) -> str:
    """The digits of a number, and MASKED for each that is hidden behind a star or a letter."""
    return "".join(c if c.isdecimal() else MASKED for c in number if c.isalnum() or c in _MASKS)


def _next(meta: object, asked: str | None, size: int) -> str | None:
    """Where the following page is: `offset=…` or `cursor=…`, whichever way of paging Plivo uses for the account."""
    if not isinstance(meta, dict) or "next" not in meta:
        start = dict(parse_qsl(asked or "offset=0")).get("offset", "")
        return f"offset={int(start) + size}" if start.isdecimal() and len(start) < 10 and size >= PAGE_SIZE else None
    if not isinstance(meta["next"], str):
        return None
    # What follows the question mark; the rest may be no address at all.
    query = meta["next"].partition("?")[2].partition("#")[0]
    found = {key: value for key, value in parse_qsl(query, errors="replace") if key in _PAGE_KEYS}
    key = "cursor" if "cursor" in found else "offset"
    return urlencode({key: found[key]}, errors="replace") if key in found else None
