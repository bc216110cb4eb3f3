"""A machine whose clock and disk do what a test says: shim.c, preloaded into a process, and the handle that steers it."""

import hashlib
import mmap
import os
import shutil
import struct
import subprocess
import tempfile
from datetime import timedelta
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Self

import pytest

_SOURCE = Path(__file__).with_name("shim.c")


class _Word(IntEnum):
    """The control file: one little-endian int64 each, as in shim.c."""

    OFFSET = 0
    SYNCHRONISED = 1
    COUNTDOWN = 2
    ERROR = 3
    STICKY = 4
    SEEN = 5
    FAILED = 6
    SHORT = 7
    DONE = 8


class Shim:
    """Steers each process that was started with its `environment`, while it runs. A context manager.

    folder: where the control file lies. disk: the prefix of the paths on which calls can fail: of all pwrite, write,
    ftruncate, fsync, fdatasync, and open with O_CREAT. What is mapped into memory (`-shm`) is not seen.
    Skips the test where there is no C compiler.
    """

    def __init__(self, folder: Path, disk: Path | None = None) -> None:
        self._library = _compiled()
        self._path = folder / "shim.control"
        self._path.write_bytes(bytes(8 * len(_Word)))
        self._disk = disk
        self._words = _mapped(self._path)

    @classmethod
    def our_own(cls) -> Self:
        """The one that this process runs on."""
        shim = cls.__new__(cls)
        shim._words = _mapped(Path(os.environ["SHIM_CONTROL"]))
        return shim

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._words.close()

    @property
    def environment(self) -> dict[str, str]:
        """What a process must be started with."""
        found = {"LD_PRELOAD": str(self._library), "SHIM_CONTROL": str(self._path)}
        return found | ({"SHIM_DISK": str(self._disk)} if self._disk else {})

    # The clock

    def set_offset(self, offset: timedelta) -> None:
        """The wall clock shows so much more than the machine's; those that only count stay true."""
        self._put(_Word.OFFSET, (offset // timedelta(microseconds=1)) * 1000)

    def set_synchronised(self, synchronised: bool | None) -> None:
        """What the kernel says of its clock; None for the truth."""
        self._put(_Word.SYNCHRONISED, 0 if synchronised is None else 2 if synchronised else 1)

    # The disk

    def fail(self, number: int, error: int, *, sticky: bool = False, short: bool = False, done: bool = False) -> None:
        """The `number`-th call from now fails with this errno; sticky: and all after it, until `heal`.

        short: if it is a write, it writes half, and the call after it is the one that fails. done: the call is done in
        truth, and only its answer is wrong. Counts from 0 again.
        """
        self._put(_Word.COUNTDOWN, 0)
        for word, value in ((_Word.ERROR, error), (_Word.STICKY, sticky), (_Word.SHORT, short), (_Word.DONE, done)):
            self._put(word, int(value))
        self._put(_Word.SEEN, 0)
        self._put(_Word.FAILED, 0)
        self._put(_Word.COUNTDOWN, number)

    def heal(self) -> None:
        """No call fails any more."""
        self._put(_Word.COUNTDOWN, 0)

    @property
    def seen(self) -> int:
        """How many calls on the disk there were since the start or the last `fail`."""
        return self._get(_Word.SEEN)

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return self._get(_Word.FAILED)

    def _put(self, word: _Word, value: int) -> None:
        struct.pack_into("<q", self._words, 8 * word, value)

    def _get(self, word: _Word) -> int:
        (value,) = struct.unpack_from("<q", self._words, 8 * word)
        return int(value)


def _mapped(path: Path) -> mmap.mmap:
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 8 * len(_Word))


@cache
def _compiled() -> Path:
    """The library, compiled once for this source and kept in a folder of ours among the temporary files."""
    digest = hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"reminderd-tests-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    assert folder.stat().st_uid == os.getuid()
    library = folder / f"shim-{digest}.so"
    if not library.exists():
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("there is no C compiler (cc) to build the shim with")
        draft = library.with_suffix(f".{os.getpid()}")
        command = [compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(draft), str(_SOURCE)]
        subprocess.run(command, check=True)
        draft.replace(library)
    return library
