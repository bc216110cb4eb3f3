"""What Plivo was told before `web.public_url` was another one: it goes on to report there of what was sent then."""

from collections.abc import Callable

# Its callbacks of one message come within minutes, and are tried again for seven.
STILL_HEARD = 3600.0  # seconds
_MOST = 10


class FormerAddresses:
    """boottime(): seconds, of a clock that never goes back. `left` belongs to the loop's thread; `heard` may be asked from any."""

    def __init__(self, boottime: Callable[[], float]) -> None:
        self._boottime = boottime
        self._left: tuple[tuple[str, float], ...] = ()

    def left(self, url: str) -> None:
        """It is told to nobody from now on."""
        others = tuple(each for each in self._left if each[0] != url)
        self._left = (*others, (url, self._boottime()))[-_MOST:]

    def heard(self) -> tuple[str, ...]:
        """Those that what Plivo signs may still name, the newest first."""
        now = self._boottime()
        return tuple(url for url, since in reversed(self._left) if now - since < STILL_HEARD)
