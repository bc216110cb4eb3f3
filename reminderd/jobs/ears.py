"""Listening to the directories in which job files lie: watchdog, armed where the given paths really lead."""

import errno
import logging
import os
import stat
from collections import deque
from collections.abc import Callable, Sequence
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
_MOST_LINKS = 40  # in one path, as the kernel has it

# What watchdog logs is of no use to an operator: each scan finds out by itself whether its directory is heard.
logging.getLogger("watchdog").setLevel(logging.CRITICAL)


@dataclass(slots=True)
class Post:
    """A real directory to listen to, and what matters there.

    identity: its device and inode. steps: entries that decide where a given path leads. folders: the given
    directories that this one is. files: the given single files in it, their display paths by name.
    """

    path: Path
    identity: tuple[int, int]
    steps: set[str] = field(default_factory=set)
    folders: list[Path] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def events(self) -> list[type[FileSystemEvent]]:
        """A directory on the way may be busy with other things: only its entries' coming and going is heard."""
        return _EVERYTHING if self.folders or self.files else _COMING_AND_GOING

    def matters(self, name: str) -> bool:
        return bool(self.folders) or name in self.files or name in self.steps

    def displays(self, name: str) -> list[str]:
        """The display paths of the file called `name`."""
        shown = [str(folder / name) for folder in self.folders] if name else []
        return [*shown, self.files[name]] if name in self.files else shown


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


def survey(paths: Sequence[Path]) -> dict[Path, Post]:
    """Where to listen so that nothing that happens to `paths` is missed, as the directories lie now."""
    posts: dict[Path, Post] = {}
    for path in paths:
        steps, end = trace(path)
        for step in steps:
            if post := _post(posts, step.parent):
                post.steps.add(step.name)
        if end is None:
            continue
        if end.is_dir():
            if post := _post(posts, end):
                post.folders.append(path)
        elif post := _post(posts, end.parent):
            post.files[end.name] = str(path)
    return posts


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
    names = [_name(post, path) for path in (event.src_path, event.dest_path)]
    if not any(name is not None and post.matters(name) for name in names):
        return
    activity.stirred(now)
    source, target = (post.displays(name) if name else [] for name in names)
    if isinstance(event, FileMovedEvent):
        for old, new in zip_longest(source, target):
            activity.moved(old, new, now)
    for path in source:
        match event:
            case FileCreatedEvent():
                activity.touched(path, now)
            case FileModifiedEvent():
                activity.modified(path, now)
            case FileClosedEvent():
                activity.closed(path, now)
            case FileDeletedEvent():
                activity.deleted(path, now)
            case FileAttribEvent():
                activity.relabelled(path, now)
            case _:
                pass


def _name(post: Post, path: str | bytes) -> str | None:
    """The entry of `post` that an event names; "" for the directory itself, None for nothing."""
    if not path:
        return None
    heard = Path(os.fsdecode(path))
    return "" if heard == post.path else heard.name


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

    def listen(self, paths: Sequence[Path]) -> bool:
        """Listen to where `paths` lead now; to be called before each look. False: inotify's limits are used up.

        A directory that was replaced, re-pointed, deleted and made again, or whose emitter died, is armed anew.
        """
        wanted = survey(paths)
        try:
            observer = self._running_observer()
        except OSError as error:
            return not _exhausted(error)
        alive = {emitter.watch for emitter in observer.emitters if emitter.should_keep_running()}
        for folder, (post, watch) in list(self._armed.items()):
            if wanted.get(folder) != post or watch not in alive:
                del self._armed[folder]
                observer.unschedule(watch)
        heard = [self._arm(observer, post) for folder, post in wanted.items() if folder not in self._armed]
        return all(heard)

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

    def _arm(self, observer: InotifyObserver, post: Post) -> bool:
        try:
            watch = observer.schedule(_Handler(post, self._hear), str(post.path), event_filter=post.events())
        except OSError as error:
            return not _exhausted(error)  # what cannot be heard for another reason is polled like the rest
        self._armed[post.path] = (post, watch)
        return True


def _exhausted(error: OSError) -> bool:
    return error.errno in _EXHAUSTED
