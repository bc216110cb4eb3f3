"""Commands that run beside everything else, as typed on a terminal; their ends are collected as they come."""

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.daemon import PROGRAM
from tests.torture.record import Ran

LONGEST = 60.0  # seconds; every command must have ended by then, also on a busy machine


@dataclass
class _Typed:
    words: tuple[str, ...]
    process: "subprocess.Popen[bytes]"
    out: Path
    err: Path
    began: float


class Terminal:
    """Runs commands in the background. environment: as the daemon has it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._folder.mkdir()
        self._environment = dict(environment)
        self._running: list[_Typed] = []
        self._number = 0

    def type(self, *words: str) -> None:
        """Start a command, and do not wait for it."""
        self._number += 1
        out, err = (self._folder / f"{self._number:04d}.{kind}" for kind in ("out", "err"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [*PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=self._environment
            )
        self._running.append(_Typed(words, process, out, err, time.monotonic()))

    @property
    def busy(self) -> int:
        return len(self._running)

    def ended(self) -> list[Ran]:
        """The commands that ended since the last call; what takes too long is killed, and has no status."""
        done = []
        for typed in list(self._running):
            seconds = time.monotonic() - typed.began
            status = typed.process.poll()
            if status is None and seconds < LONGEST:
                continue
            if status is None:
                typed.process.kill()
                typed.process.wait()
            self._running.remove(typed)
            done.append(Ran(typed.words, status, _text(typed.out), _text(typed.err), seconds))
        return done

    def wait(self) -> list[Ran]:
        """Wait for all of them."""
        done = []
        while self._running:
            done += self.ended()
            time.sleep(0.02)
        return done


def _text(path: Path) -> str:
    return path.read_text(errors="replace")
