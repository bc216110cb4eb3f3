"""What a run does, drawn up front from its seed: rounds, each with what happens in it and how the daemon ends."""

from dataclasses import dataclass, field
from enum import StrEnum

from tests.torture.files import FileSpec

# ---------------------------------------------------------------------------------------------------------
# What can happen
# ---------------------------------------------------------------------------------------------------------


class How(StrEnum):
    """How a file gets its new content."""

    ATOMIC = "atomic"  # written beside it, renamed over it
    IN_PLACE = "in place"  # truncated, written in two halves
    RECREATED = "recreated"  # unlinked, written anew, as git does


@dataclass(frozen=True, slots=True)
class Put:
    path: str
    spec: FileSpec
    how: How


@dataclass(frozen=True, slots=True)
class Remove:
    path: str


@dataclass(frozen=True, slots=True)
class Rename:
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Hide:
    """Take the whole directory away, or bring it back."""

    hidden: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A command, typed while everything goes on. A word in braces is chosen from the state when the time comes.

    pick: which of those that fit, from 0 to 1. lie: say the opposite of what the ledger says.
    """

    words: tuple[str, ...]
    pick: float = 0.0
    lie: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """Somebody writes to our number. pick: who of those that the state knows, from 0.0 to 1.0."""

    words: str
    pick: float


@dataclass(frozen=True, slots=True)
class AddFault:
    rule: str


@dataclass(frozen=True, slots=True)
class ClearFaults:
    pass


@dataclass(frozen=True, slots=True)
class EndSandbox:
    """The gateway goes away: connections are refused."""

    kill: bool


@dataclass(frozen=True, slots=True)
class StartSandbox:
    pass


@dataclass(frozen=True, slots=True)
class Pause:
    """SIGSTOP, some seconds, SIGCONT."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SetClock:
    """The daemon's wall clock is so many seconds ahead of the true one; whether the kernel calls it synchronised."""

    offset: int
    synchronised: bool


@dataclass(frozen=True, slots=True)
class Rival:
    """A second daemon on the same state."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Have the daemon say that it runs what the files say, and has planned what is due."""


@dataclass(frozen=True, slots=True)
class Configure:
    """Other settings, and SIGHUP."""

    threads: int
    rate: int


@dataclass(frozen=True, slots=True)
class Prune:
    """While the daemon is down all that has ended goes from the state."""


@dataclass(frozen=True, slots=True)
class Forget:
    """While the daemon is down somebody is forgotten. pick: who of those that the state knows, from 0.0 to 1.0."""

    pick: float


Edit = Put | Remove | Rename


@dataclass(frozen=True, slots=True)
class Edits:
    """Changes of files one right after the other, as a deployer makes them."""

    changes: tuple[Edit, ...]


Action = (
    Edits
    | Hide
    | Run
    | AddFault
    | ClearFaults
    | EndSandbox
    | StartSandbox
    | Pause
    | SetClock
    | Rival
    | Witness
    | Configure
    | Prune
    | Forget
    | Text
)


class End(StrEnum):
    """How a daemon ends."""

    KILL = "SIGKILL"
    KILL_PAUSED = "SIGKILL while stopped"
    STOP = "SIGTERM"
    STOP_KILL = "SIGTERM, then SIGKILL"


@dataclass(frozen=True, slots=True)
class Step:
    at: float  # seconds
    action: Action


@dataclass(frozen=True, slots=True)
class Round:
    """One daemon's life. from_launch: times count from the launch, else from when it says that it has started."""

    steps: tuple[Step, ...]
    ends_at: float
    end: End
    from_launch: bool = False
    while_down: tuple[Action, ...] = ()
    down_for: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run. phones: how many there are; few make messages wait for each other."""

    seed: int
    threads: int
    rate: int
    latency: str
    log_lag: str
    start: Edits
    rounds: tuple[Round, ...]
    last: Edits  # everything mended and enabled
    settled: Edits = field(default_factory=lambda: Edits(()))  # and the rules gone, so that it can end
