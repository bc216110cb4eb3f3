"""The mark: which attempt this host began last, kept outside the state's directory.

A backup of the state that is put back knows nothing of what was sent since it was made; the mark does. It is written
after an attempt's beginning is committed and before its request, so it is never ahead of a state that only crashed.
"""

import fcntl
import os
import re
import zlib
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

_WIDTH = 96  # one sector at most, always overwritten as a whole
_SYSTEM_FOLDER = Path("/var/lib/reminderd-marks")
_ID = re.compile(r"[0-9a-f]{32}")


class Began(NamedTuple):
    """An attempt that began, by its id and a digest of its token; NOTHING before the first one."""

    attempt_id: int
    digest: str

    @classmethod
    def of(cls, attempt_id: int, token: str) -> "Began":
        return cls(attempt_id, sha256(token.encode()).hexdigest()[:32])


NOTHING = Began(0, "0" * 32)


class Mark:
    """The mark of one state on this host. Methods raise OSError where the disk fails."""

    def __init__(self, folder: Path, state_id: str) -> None:
        self.path = folder / f"{state_id}.mark"
        self._descriptor: int | None = None

    def read(self) -> Began | None:
        """What the mark says; None where there is none. Raises ValueError where it cannot be understood."""
        try:
            content = self.path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        if not content:
            return None  # just made, and nothing noted yet
        words = content.split()
        if len(words) != 5 or words[4] != _check(" ".join(words[:4])):
            raise ValueError(f"the mark {self.path} is damaged")
        return Began(int(words[2]), words[3])

    def has_others(self) -> bool:
        """Whether other states have begun anything on this host, by their marks."""
        for path in self.path.parent.glob("*.mark"):
            try:
                if path != self.path and Mark(path.parent, path.stem).read() not in (None, NOTHING):
                    return True
            except (OSError, ValueError):
                return True
        return False

    def take(self) -> bool:
        """Have it for this process alone; False where another one has it, which then uses a copy of the same state."""
        try:
            fcntl.flock(self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def write(self, began: Began) -> None:
        """Replace what the mark says; it outlives this process at once, and the machine after `flush`."""
        words = f"reminderd 1 {began.attempt_id} {began.digest}"
        line = f"{words} {_check(words)}".ljust(_WIDTH - 1) + "\n"
        os.pwrite(self._open(), line.encode("ascii"), 0)

    def _open(self) -> int:
        if self._descriptor is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._descriptor

    def flush(self) -> None:
        if self._descriptor is not None:
            os.fsync(self._descriptor)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Site:
    """Which state this host last used at one path; kept beside the marks. Methods raise OSError where the disk fails."""

    def __init__(self, folder: Path, state: Path) -> None:
        self._folder = folder
        self.path = folder / f"{sha256(os.path.realpath(state).encode()).hexdigest()[:32]}.site"

    def before(self, state_id: str) -> Began | None:
        """What began here in another state than this one, which lay at this path before it; None where nothing did.

        What cannot be understood says nothing: the state's own mark says what is wrong there.
        """
        try:
            known = self.path.read_text(encoding="ascii").strip()
            began = Mark(self._folder, known).read() if _ID.fullmatch(known) and known != state_id else None
        except (FileNotFoundError, ValueError):
            return None
        return None if began == NOTHING else began

    def note(self, state_id: str) -> None:
        """This state is the one at this path."""
        draft = self.path.with_suffix(".new")
        draft.write_text(f"{state_id}\n", encoding="ascii")
        draft.replace(self.path)


def _check(words: str) -> str:
    return f"{zlib.crc32(words.encode()):08x}"


def default_folder() -> Path:
    """Where marks lie unless the settings say otherwise: the system's folder, or the user's own where that is not ours."""
    for folder in (_SYSTEM_FOLDER, _SYSTEM_FOLDER.parent):
        if folder.is_dir():
            if os.access(folder, os.W_OK | os.X_OK):
                return _SYSTEM_FOLDER
            break
    base = os.environ.get("XDG_STATE_HOME") or f"{os.environ.get('HOME', '')}/.local/state"
    return Path(base) / _SYSTEM_FOLDER.name


def host_identity(named: str | None) -> str:
    """What tells this host from others: its name in the settings, else its machine-id, else its network name."""
    if named is not None:
        return f"named {named}"
    try:
        machine = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        machine = ""
    # A machine-id is not to be shown around; a digest of it tells as much.
    if len(machine) == 32:
        return f"machine {sha256(f'reminderd {machine}'.encode()).hexdigest()[:16]}"
    return f"host {os.uname().nodename}"
