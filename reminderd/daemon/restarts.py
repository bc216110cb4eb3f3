"""Growing pauses between the starts of a daemon that keeps dying, for as long as systemd starts it again.

systemd 252 starts it always after the same pause. So the deaths are counted in the service's runtime directory, which
systemd keeps over a restart and removes at a stop, and each start waits by itself before it does anything else.
"""

import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from reminderd.clock import Clock, to_text
from reminderd.daemon.systemd import notify, takes
from reminderd.duration import format_duration
from reminderd.telemetry import Event, emit

_FIRST, _LONGEST = 5.0, 300.0
_WELL = 600.0  # seconds of life after which a death is the first one again
_START = 90.0  # what the start after the pause may take
_ENDS = {signal.SIGTERM, signal.SIGINT}


class _Note(NamedTuple):
    """deaths: how many in a row. since: by the boot's clock, when the start after them went on; None while it waits."""

    deaths: int
    since: float | None


class Restarts:
    """folder: where the deaths are counted; None where nobody starts the daemon again."""

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        self._path = folder / "deaths.json" if folder is not None else None
        self._clock = clock

    @classmethod
    def under_systemd(cls, environ: Mapping[str, str], clock: Clock) -> "Restarts":
        folder = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
        return cls(Path(folder) if folder else None, clock)

    def wait(self) -> bool:
        """Wait as long as the deaths before this start demand. False when it is told to stop meanwhile."""
        deaths = self._deaths()
        pause = _pause_after(deaths)
        self._write(_Note(deaths, None))
        if pause and not self._rest(deaths, pause):
            self.ended_well()
            return False
        self._write(_Note(deaths, self._clock.boottime()))
        return True

    def ended_well(self) -> None:
        """It ends because it was told to: the next start is no restart."""
        if self._path is not None:
            with suppress(OSError):  # then the next start waits, at the worst
                self._path.unlink(missing_ok=True)

    def _deaths(self) -> int:
        note = self._read()
        if note is None:
            return 0
        lived = self._clock.boottime() - note.since if note.since is not None else 0.0
        return 1 if lived >= _WELL else note.deaths + 1

    def _rest(self, deaths: int, pause: float) -> bool:
        length = timedelta(seconds=pause)
        until = self._clock.now() + length
        emit(Event.DAEMON_DELAYED, failures=deaths, again_in=length, until=until)
        words = f"died {deaths} times in a row soon after its start, so this start waits {format_duration(length)}"
        notify(takes(pause + _START), f"STATUS={words}, until {to_text(until)}; the journal has the reasons")
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
        try:
            return signal.sigtimedwait(_ENDS, pause) is None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _read(self) -> _Note | None:
        if self._path is None:
            return None
        try:
            found = json.loads(self._path.read_bytes())
            return _Note(int(found["deaths"]), None if found["since"] is None else float(found["since"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError):
            return _Note(0, None)  # it is there, so something died; how often is not known

    def _write(self, note: _Note) -> None:
        if self._path is None:
            return
        draft = self._path.with_suffix(f".{os.getpid()}")
        try:
            draft.write_text(json.dumps(note._asdict()))
            draft.replace(self._path)
        except OSError as error:
            emit(Event.DAEMON_DELAYED, failures=note.deaths, error=f"{self._path} cannot be written: {error.strerror}")


def _pause_after(deaths: int) -> float:
    """No pause after the first death; then 5 s, and twice as long with each further one, up to five minutes."""
    return 0.0 if deaths < 2 else min(_LONGEST, _FIRST * 2.0 ** min(deaths - 2, 10))
