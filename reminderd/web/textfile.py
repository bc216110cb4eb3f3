"""The figures as a file for node_exporter's textfile collector, written anew every 15 seconds by a thread of its own."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from reminderd.store import StateError
from reminderd.telemetry import Event, emit, traceback
from reminderd.web.sources import Sources

_EVERY = 15.0


class Textfile:
    """told(trouble): called in its thread when the file cannot be written, and with None when it can again."""

    def __init__(self, sources: Sources, path: Path, told: Callable[[str | None], None]) -> None:
        self._sources = sources
        self._path = path
        self._told = told
        self._trouble: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="textfile", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Tell it to end; does not wait. The file stays, and says itself how old it is."""
        self._stopping.set()

    def join(self, seconds: float) -> None:
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        readings = self._sources.readings()
        try:
            from reminderd.web.exposition import Exposition  # takes a tenth of a second, and megabytes

            exposition = Exposition(readings, self._sources.state, self._sources.figures, self._sources.due)
            while not self._stopping.is_set():
                self._tell(self._write(exposition.text))
                self._stopping.wait(_EVERY)
        except Exception:  # noqa: BLE001 - the thread's boundary
            traceback(Event.DAEMON_FAILED, where="textfile")
            self._tell("a defect in the program; the log has its traceback")
        finally:
            readings.close()

    def _write(self, text: Callable[[], bytes]) -> str | None:
        """What was in the way, if anything."""
        try:
            replace(self._path, text())
        except StateError as error:
            return str(error)
        except OSError as error:
            return f"{self._path} cannot be written: {error.strerror}"
        return None

    def _tell(self, trouble: str | None) -> None:
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if trouble is None:
            emit(Event.TEXTFILE_RECOVERED, file=self._path)
        else:
            emit(Event.TEXTFILE_FAILED, error=trouble)
        self._told(trouble)


def replace(path: Path, content: bytes) -> None:
    """Put a file in place as a whole, readable by everybody. Raises OSError."""
    # Not .prom, which node_exporter would read as well.
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o644)
            file.write(content)
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
