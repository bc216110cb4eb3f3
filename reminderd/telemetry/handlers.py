"""Where records go: to a stream, many at once where they come together."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import TextIO

_held = threading.local()


class Handler(logging.Handler):
    """Holds back what is emitted within `in_one_write`. A log that cannot be written must not stop the work."""

    def emit(self, record: logging.LogRecord) -> None:
        records: list[logging.LogRecord] | None = getattr(_held, "records", None)
        if records is None:
            self.write_all([record])
        else:
            records.append(record)

    def write_all(self, records: list[logging.LogRecord]) -> None:
        """Write these together. Raises nothing."""
        try:
            with self.lock or nullcontext():
                self._write(records)
        except Exception:  # noqa: BLE001 - the log's boundary: logging itself says what a defect in it was
            self.handleError(records[0])

    def _write(self, records: list[logging.LogRecord]) -> None:
        raise NotImplementedError


@contextmanager
def in_one_write(logger: logging.Logger) -> Iterator[None]:
    """What the block emits in its thread is written at its end, at once: each write is a turn for other threads."""
    _held.records = []
    try:
        yield
    finally:
        records, _held.records = _held.records, None
        for handler in logger.handlers:
            if records and isinstance(handler, Handler):
                handler.write_all(records)


class StreamHandler(Handler):
    """Lines on a stream, as the formatter makes them."""

    def __init__(self, stream: TextIO, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._stream = stream

    def _write(self, records: list[logging.LogRecord]) -> None:
        lines = "".join(self.format(record) + "\n" for record in records)
        with suppress(OSError, ValueError):  # the disk is full, the reader has gone
            self._stream.write(lines)
            self._stream.flush()
