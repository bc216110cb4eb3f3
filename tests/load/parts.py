"""What is done to a daemon, and what is measured of it meanwhile."""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LANES = 16
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of clients. rate: requests a second; None: as fast as answers come. seconds: when it ends in any case."""

    kind: str
    number: int
    rate: float | None = None
    seconds: float = 600.0
    lanes: int = LANES

    @property
    def words(self) -> str:
        pace = "as fast as answers come" if self.rate is None else f"{self.rate:.0f}/s"
        return f"{self.number:,} {self.kind}, {pace}"


@dataclass
class Part:
    """What was measured in one stretch of time. late: milliseconds, in order. client: what came back; None where nobody asked."""

    words: str
    late: list[float]
    seconds: float
    cpu: float
    memory: tuple[int, int]
    files: tuple[int, int]
    client: dict[str, Any] | None = None

    def lateness(self, share: float) -> float:
        """Of what was due, so large a part was no later than this; nan where nothing was due."""
        if not self.late:
            return math.nan
        return self.late[min(len(self.late) - 1, int(len(self.late) * share))]

    @property
    def row(self) -> str:
        rate = f"{self.client['rate']:.0f}" if self.client else ""
        late = " | ".join(f"{self.lateness(share):.0f}" for share in (0.5, 0.95, 0.99, 1.0))
        return (
            f"| {self.words} | {rate} | {late} | {len(self.late)} | {self.cpu:.0%} | "
            f"{self.memory[0]} → {self.memory[1]} | {self.files[0]} → {self.files[1]} |"
        )


HEADER = (
    "| beside the loop | answers a second | median | 95 of 100 | 99 of 100 | latest | messages | of a core | MiB | files |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def cpu_of(pid: int) -> float:
    """Seconds that a process has used."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(words[11]) + int(words[12])) / _TICKS


def memory_of(pid: int) -> int:
    """MiB that are resident."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0]) // 1024


def files_of(pid: int) -> int:
    """How many it has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
