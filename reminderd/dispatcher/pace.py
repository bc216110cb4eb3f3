"""A token bucket: how many messages may go out now."""


class Pace:
    """`rate` messages a second on average, at most one second's worth at once; 0 means no limit.

    Times are seconds of one steady clock.
    """

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._size = max(1.0, rate)
        self._tokens = self._size
        self._at = now

    def available(self, now: float, wanted: int) -> int:
        """How many of `wanted` may go out now."""
        if not self._rate:
            return wanted
        self._tokens = min(self._size, self._tokens + max(0.0, now - self._at) * self._rate)
        self._at = now
        # The sum of many small refills may fall a hair short of the whole that they make.
        return min(wanted, int(self._tokens + 1e-6))

    def spend(self, number: int) -> None:
        if self._rate:
            self._tokens -= number

    def wait(self) -> float:
        """Seconds until one more may go out, as of the last `available()`."""
        return max(0.0, (1 - self._tokens) / self._rate) if self._rate else 0.0
