"""As whom the daemon runs, and what the kernel lets that user do."""

import os
import pwd
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SERVICE_USER = "reminderd"
_AT_ONCE = 500
_SECONDS = 10.0
# Prints those of its arguments for which the test fails.
_TEST = 'how=$1; shift; for each; do test "$how" "$each" || printf "%s\\0" "$each"; done'


class CannotTell(Exception):
    """Only root can look on behalf of somebody else."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody on this machine."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]

    @property
    def is_us(self) -> bool:
        return self.uid == os.geteuid()

    def denied(self, how: str, paths: Sequence[Path]) -> list[Path]:
        """Those of the paths that this user cannot read (-r), write (-w) or, of directories, enter (-x), now, by the kernel's own
        judgement. Raises CannotTell, and OSError where it cannot be asked."""
        if self.is_us:
            return [path for path in paths if not os.access(path, _MODES[how], effective_ids=True)]
        if os.geteuid() != 0:
            raise CannotTell(f"only root can look on behalf of {self.name}")
        by_place = {os.path.abspath(path): path for path in paths}  # noqa: PTH100 - links stay as they are written
        places = list(by_place)
        parts = (places[start:][:_AT_ONCE] for start in range(0, len(places), _AT_ONCE))
        return [by_place[place] for part in parts for place in self._ask(how, part)]

    def _ask(self, how: str, places: Sequence[str]) -> Iterator[str]:
        """A process of that user's tells, so that lists of rights and odd file systems have their say."""
        done = subprocess.run(
            ["/bin/sh", "-c", _TEST, "sh", how, *places],
            user=self.uid,
            group=self.gid,
            extra_groups=self.groups,
            cwd="/",
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        return (os.fsdecode(each) for each in done.stdout.split(b"\0") if each)


_MODES = {"-r": os.R_OK, "-w": os.W_OK, "-x": os.X_OK}


def named(name: str) -> User | None:
    """The user of this name or number, where the system knows one."""
    try:
        found = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except (KeyError, OverflowError):
        return None
    groups = os.getgrouplist(found.pw_name, found.pw_gid)
    return User(found.pw_name, found.pw_uid, found.pw_gid, tuple(groups))


def of_uid(uid: int) -> User:
    """The user with this number, also where it has no name."""
    return named(str(uid)) or User(f"uid {uid}", uid, uid, ())


def of_process(pid: int) -> User | None:
    """As whom a process runs; None where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    words = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
    uid, gid = int(words["Uid"][1]), int(words["Gid"][1])
    return User(of_uid(uid).name, uid, gid, tuple(map(int, words["Groups"])))
