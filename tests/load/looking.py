"""What pages that are open, and programs that read, ask again and again."""

from tests.load.wire import Ask
from tests.support.api import READ

_LOOKS = frozenset({200, 304})
_READS = frozenset({200})
_API = ("status", "jobs?limit=20", "deliveries?limit=20", "counts", "occurrences?limit=20", "reminders?limit=20")
_API_EVERY = 10  # the others ask for the page's changing part


def polls(number: int, cookie: str, paths: tuple[str, ...] = _API) -> list[Ask]:
    """cookie: of a session."""
    live = Ask("live", _get("/live", f"Cookie: {cookie}"), _LOOKS, tagged=True)
    reads = [
        Ask(f"api {path.partition('?')[0]}", _get(f"/api/v1/{path}", f"Authorization: Bearer {READ}"), _READS)
        for path in paths
    ]
    return [live if count % _API_EVERY else reads[count // _API_EVERY % len(reads)] for count in range(number)]


def _get(path: str, header: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Mode: cors\r\n{header}\r\n\r\n".encode()
