"""The only reader of the machine's clocks."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What the daemon needs to know of time."""

    def now(self) -> datetime:
        """The wall clock, as an aware UTC datetime."""

    def boottime(self) -> float:
        """Seconds since boot, counting suspend; never steps."""

    def boot(self) -> str:
        """Names the boot that `boottime` counts from; "" where that cannot be seen."""

    def synchronised(self) -> bool:
        """Whether the kernel says that the wall clock is synchronised."""


def to_text(moment: datetime) -> str:
    """An aware datetime as fixed-width UTC text: 2026-11-22T08:00:00.000Z. Sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def from_text(text: str) -> datetime:
    """The aware UTC datetime of `to_text`'s notation."""
    return datetime.fromisoformat(text)


def earliest(*moments: datetime | None) -> datetime | None:
    """The first of the moments that are known."""
    return min((moment for moment in moments if moment is not None), default=None)


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def boottime(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def boot(self) -> str:
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return ""

    def synchronised(self) -> bool:
        return _kernel_synchronised()


def _kernel_synchronised() -> bool:
    """Ask adjtimex(2) with nothing to adjust; 5 (TIME_ERROR) means that the clock is not synchronised."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    timex = (ctypes.c_byte * 512)()  # larger than struct timex on every architecture; modes = 0 only reads
    state: int = libc.adjtimex(ctypes.byref(timex))
    return 0 <= state < 5
