"""Plivo calls back, is answered late or never, and goes wrong itself."""

from tests.support.sandbox import SandboxProcess

FAULTS = (
    "signature=wrong,count={n}",
    "signature=v2,count={n}",
    "repeat=3,count={n}",
    "reorder,count={n}",
    "lost,count={n}",
    "latency=2s,on=status,count={n}",
    "hang=20s,accept=true,ends=failed,code=420,after=0s,count=1",
)
_OVER = ("answered", "given up", "lost", "refused", "dropped")


def all_told(sandbox: SandboxProcess) -> bool:
    """Whether no callback is under way or to come."""
    counts: dict[str, int] = sandbox.control("GET", "callbacks?limit=0")["counts"]
    return not any(number for standing, number in counts.items() if standing not in _OVER)
