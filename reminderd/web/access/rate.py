"""How often one may ask: a bucket for each, of which only so many are remembered."""

from collections import OrderedDict

_MOST = 10_000


class Buckets:
    """Each holds `burst` at first, and is filled again with `rate` a second. What was used longest ago is forgotten."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._empty_until: OrderedDict[str, float] = OrderedDict()  # when it would be full again, by whom it is for

    def __len__(self) -> int:
        return len(self._empty_until)

    def take(self, key: str, rate: float, burst: float, now: float) -> float:
        """Takes one and returns 0; or takes nothing and returns for how many seconds there will be none."""
        full_at = max(now, self._empty_until.get(key, now)) + 1 / rate
        wait = full_at - now - burst / rate
        if wait > 1e-9:
            return wait
        self._empty_until[key] = full_at
        self._empty_until.move_to_end(key)
        if len(self._empty_until) > self._most:
            self._empty_until.popitem(last=False)
        return 0.0

    def lacking(self, key: str, rate: float, burst: float, now: float) -> float:
        """What `take` would return, and takes nothing."""
        return max(0.0, self._empty_until.get(key, now) + 1 / rate - now - burst / rate)
