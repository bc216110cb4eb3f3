"""Listening to the directories in which job files lie: watchdog, armed where the given paths really lead."""

import errno
import logging
import os
import stat
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from watchdog.events import (
    DirAttribEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import ObservedWatch
from watchdog.observers.inotify import InotifyObserver

from reminderd.jobs.activity import Activity
from reminderd.jobs.reader import prefix_of

_COMING_AND_GOING: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
]
# Without a filter every reading of a file, our own too, is an event, and the kernel's queue overflows with them.
_EVERYTHING = [*_COMING_AND_GOING, DirAttribEvent, FileAttribEvent, FileClosedEvent, FileModifiedEvent]
_EXHAUSTED = {errno.ENOSPC, errno.EMFILE, errno.ENFILE}
_TRIES = 3
_MOST_LINKS = 40  # in one path, as the kernel has it

# What watchdog logs is of no use to an operator: each scan finds out by itself whether its directory is heard.
logging.getLogger("watchdog").setLevel(logging.CRITICAL)


@dataclass(slots=True)
class Post:
    """A real directory to listen to, and what matters there.

    identity: its device and inode. steps: entries that decide where a given path leads. prefixes: for each given
    directory that this one is, what stands before a name in its display path. files: the given single files in it,
    the display paths of each by its name.
    """

    path: Path
    identity: tuple[int, int]
    steps: set[str] = field(default_factory=set)
    prefixes: list[str] = field(default_factory=list)
    files: dict[str, list[str]] = field(default_factory=dict)

    def events(self) -> list[type[FileSystemEvent]]:
        """A directory on the way may be busy with other things: only its entries' coming and going is heard."""
        return _EVERYTHING if self.prefixes or self.files else _COMING_AND_GOING

    def heard(self, path: str | bytes) -> list[str] | None:
        """The display paths of what an event calls `path`; None when that does not matter here."""
        if not path:
            return None  # the other side of an event that has but one
        folder, _, name = os.fsdecode(path).rpartition("/")
        if folder != str(self.path).rstrip("/"):
            return None if name != self.path.name else []  # the directory itself
        shown = [f"{prefix}{name}" for prefix in self.prefixes]
        shown += (path for path in self.files.get(name, ()) if path not in shown)
        return shown if shown or name in self.steps else None


def trace(path: Path) -> tuple[list[Path], Path | None]:
    """The entries (symlinks on the way, and the end) that decide where `path` leads; the real end, if there is one."""
    steps: list[Path] = []
    here = Path("/")
    # Not normalised: the kernel follows a symlink before it goes up by "..".
    parts = deque((Path.cwd() / path).parts[1:])
    while parts:
        part = parts.popleft()
        if part == "..":
            here = here.parent
            continue
        here /= part
        try:
            if not stat.S_ISLNK(here.lstat().st_mode):
                continue
            target = here.readlink()
        except OSError:
            return [*steps, here], None
        steps.append(here)
        if len(steps) > _MOST_LINKS:
            return steps, None
        parts.extendleft(reversed(target.parts[target.is_absolute() :]))
        here = Path("/") if target.is_absolute() else here.parent
    return [*steps, here], here


def survey(paths: Sequence[Path], used: Collection[str] = ()) -> dict[Path, Post]:
    """Where to listen so that nothing that happens to `paths` is missed, as the directories lie now.

    used: display paths of further single files; those that lie in a directory of `paths` are heard with it.
    """
    posts: dict[Path, Post] = {}
    folders = {str(path) for path in paths}
    elsewhere = [Path(each) for each in sorted(used) if _lies_elsewhere(each, folders)]
    for path in [*paths, *elsewhere]:
        steps, end = trace(path)
        for step in steps:
            if post := _post(posts, step.parent):
                post.steps.add(step.name)
        if end is None:
            continue
        if end.is_dir():
            if post := _post(posts, end):
                post.prefixes.append(prefix_of(path))
        elif post := _post(posts, end.parent):
            post.files.setdefault(end.name, []).append(str(path))
    return posts


def _lies_elsewhere(path: str, folders: Collection[str]) -> bool:
    """Whether a file is none of these directories' own."""
    return (os.path.dirname(path) or ".") not in folders or os.path.islink(path)  # noqa: PTH114, PTH120 - for each look


def _post(posts: dict[Path, Post], folder: Path) -> Post | None:
    if folder not in posts:
        try:
            status = folder.stat()
        except OSError:
            return None
        posts[folder] = Post(folder, (status.st_dev, status.st_ino))
    return posts[folder]


def tell(activity: Activity, post: Post, event: FileSystemEvent, now: float) -> None:
    """Translate one event at `post` into what it means for the given paths."""
    source, target = post.heard(event.src_path), post.heard(event.dest_path)
    if source is None and target is None:
        return
    activity.stirred(now)
    if isinstance(event, FileMovedEvent):
        for old, new in zip_longest(source or (), target or ()):
            activity.moved(old, new, now)
        return
    for path in source or ():
        match event:
            case FileCreatedEvent():
                activity.touched(path, now)
            case FileModifiedEvent():
                activity.modified(path, now)
            case FileClosedEvent():
                activity.closed(path, now)
            case FileDeletedEvent():
                activity.deleted(path, now)
            case _:
                pass  # a change of mode, owner or times, or a directory


class _Handler(FileSystemEventHandler):
    def __init__(self, post: Post, hear: Callable[[Post, FileSystemEvent], None]) -> None:
        self._post = post
        self._hear = hear

    def dispatch(self, event: FileSystemEvent) -> None:
        self._hear(self._post, event)


class Ears:
    """Calls `hear(post, event)` from a thread of watchdog's for what happens where `listen` was told to listen."""

    def __init__(self, hear: Callable[[Post, FileSystemEvent], None]) -> None:
        self._hear = hear
        self._observer: InotifyObserver | None = None
        self._armed: dict[Path, tuple[Post, ObservedWatch]] = {}

    def listen(self, paths: Sequence[Path], used: Collection[str] = ()) -> bool:
        """Listen to where `paths` lead now, and to the single files `used`; to be called before each look.

        False: inotify's limits are used up.

        A directory that was replaced, re-pointed, deleted and made again, or whose emitter died, is armed anew.
        """
        try:
            observer = self._running_observer()
        except OSError as error:
            return not _exhausted(error)
        for _ in range(_TRIES):
            wanted = survey(paths, used)
            self._disarm(observer, wanted)
            missing = [post for folder, post in wanted.items() if folder not in self._armed]
            heard = all([self._arm(observer, post) for post in missing])  # noqa: C419 - each one, not up to the first
            if not missing:
                break  # only then nothing can have changed between the survey and the arming
        return heard

    def close(self) -> None:
        """Hear nothing more."""
        observer, self._observer = self._observer, None
        self._armed.clear()
        if observer is not None:
            observer.stop()

    def _running_observer(self) -> InotifyObserver:
        if self._observer is not None and not self._observer.is_alive():
            self.close()
        if self._observer is None:
            # Full events tell a file that was moved here, and is complete, from one that was just created.
            self._observer = InotifyObserver(generate_full_events=True)
            self._observer.start()
        return self._observer

    def _disarm(self, observer: InotifyObserver, wanted: Mapping[Path, Post]) -> None:
        alive = {emitter.watch for emitter in observer.emitters if emitter.should_keep_running()}
        for folder, (post, watch) in list(self._armed.items()):
            if wanted.get(folder) != post or watch not in alive:
                del self._armed[folder]
                observer.unschedule(watch)

    def _arm(self, observer: InotifyObserver, post: Post) -> bool:
        try:
            watch = observer.schedule(_Handler(post, self._hear), str(post.path), event_filter=post.events())
        except OSError as error:
            return not _exhausted(error)  # what cannot be heard for another reason is polled like the rest
        self._armed[post.path] = (post, watch)
        return True


def _exhausted(error: OSError) -> bool:
    return error.errno in _EXHAUSTED
