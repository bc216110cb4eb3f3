"""Standard streams that are closed, full, or read by nobody: no command may end with a traceback for that."""

import os
import sys
from typing import Any

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class Watched:
    """An output stream that remembers why it could not be written to. Everything else is the stream's own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            written: int = self._stream.write(text)
        except OSError as error:
            self.failure = error
            raise
        return written

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self.failure = error
            raise


def stand_in_for_closed() -> None:
    """Give each standard stream that was closed the null device: else what is opened next would get its number."""
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def let_go(stream: Watched) -> None:
    """Have what is still buffered for a stream that failed go nowhere, so that Python does not stumble at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
