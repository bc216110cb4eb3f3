"""The thread that keeps an eye on the job files and hands on what they say, once it is settled."""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from watchdog.events import FileSystemEvent

from reminderd.jobs.activity import Activity
from reminderd.jobs.ears import Ears, Post, tell
from reminderd.jobs.reader import Reader, Scan
from reminderd.jobs.settle import Settler
from reminderd.model import Problem

_REQUEST = 1.5  # seconds after its first look for which a request waits for doubts to be resolved
_DEAF = 5.0  # seconds between two looks while events cannot be had
_PAUSE = 2.0  # seconds after a failure of our own
_REST = 4.0  # what a look took, times this, passes without another one that only events ask for; at most
_LONGEST_REST = 1.0  # these seconds
_STOP = 1.0  # seconds that stopping waits for a look to end

Reply = Callable[[Scan], None]


@dataclass(slots=True, eq=False)
class _Request:
    """deadline: when it is answered whatever is still in doubt; None until the first look for it has ended."""

    reply: Reply | None
    deadline: float | None = None

    def is_over(self, looked: float) -> bool:
        """Whether the request has to be answered by the look that ended then."""
        if self.deadline is None:
            self.deadline = looked + _REQUEST
        return self.deadline <= looked


class Watcher:
    """Owns the reading of job files in one thread of its own.

    publish: called in that thread with each settled scan that says something new, the first one included, and with
    the current one when asked. on_error: called there with what failed in us or in a callback; the thread goes on.
    known: display paths of the files from which jobs ran before this start; see `Settler`.
    """

    def __init__(
        self,
        reader: Reader,
        publish: Callable[[Scan], None],
        *,
        on_error: Callable[[BaseException], None],
        rescan_every: float = 30.0,
        known: Collection[str] = (),
    ) -> None:
        self._reader = reader
        self._publish = publish
        self._on_error = on_error
        self._rescan_every = rescan_every
        self._settler = Settler(known)
        self._activity = Activity()
        self._ears = Ears(self._hear)
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._stopping = False
        self._wakes_at = 0.0
        self._next_poll = 0.0
        self._rests_until = 0.0
        self._not_before = 0.0
        self._published: Scan | None = None
        self._requests: list[_Request] = []

    def start(self) -> None:
        """Begin; the first scan is published as soon as it is settled, after `_REQUEST` seconds at the latest."""
        self.rescan()
        self._thread.start()

    def stop(self) -> None:
        """End within about a second; nothing is published after that, and open requests get no reply."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_STOP)

    def rescan(self, reply: Reply | None = None) -> None:
        """Look now. Publishes in any case, then calls `reply` with what was published, in the watcher's thread."""
        with self._changed:
            self._requests.append(_Request(reply))
            self._changed.notify()

    def replace_reader(self, reader: Reader) -> None:
        """Read with this one from the next look on, which is now."""
        with self._changed:
            self._reader = reader
        self.rescan()

    def _run(self) -> None:
        try:
            while self._wait():
                try:
                    self._look()
                except Exception as error:  # noqa: BLE001 - the thread's boundary: told, and tried again
                    self._not_before = time.monotonic() + _PAUSE
                    self._on_error(error)
        finally:
            self._ears.close()

    def _wait(self) -> bool:
        """Sleep until there is a reason to look; False when it is time to end."""
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                self._wakes_at = self._due()
                if self._wakes_at <= now:
                    return True
                self._changed.wait(self._wakes_at - now)
        return False

    def _due(self) -> float:
        reasons = [self._next_poll, *(request.deadline or 0.0 for request in self._requests)]
        stirred = self._activity.due()
        if stirred is not None:
            reasons.append(max(stirred, self._rests_until))
        doubts = self._settler.next_look()
        if doubts is not None:
            reasons.append(doubts)
        return max(min(reasons), self._not_before)

    def _hear(self, post: Post, event: FileSystemEvent) -> None:
        """One event, in watchdog's thread. Wakes the watcher only when it has to look earlier than it meant to."""
        with self._changed:
            tell(self._activity, post, event, time.monotonic())
            if self._due() < self._wakes_at:
                self._changed.notify()

    def _look(self) -> None:
        with self._changed:
            reader, requests = self._reader, tuple(self._requests)
            busy = self._activity.looking(time.monotonic())
        used = reader.used
        heard = self._ears.listen(reader.folders, used)
        began = time.monotonic()
        scan = reader.scan(busy)
        ended = time.monotonic()
        with self._changed:
            # Asked after the reading: who began to write meanwhile has not finished.
            finished = self._activity.finished(began)
            busy |= self._activity.busy(ended)
            self._activity.used(scan.files.keys() | scan.used, began)
        believed = self._settler.settle(scan, finished, busy, ended)
        self._next_poll = ended + (self._rescan_every if heard else min(_DEAF, self._rescan_every))
        if not scan.used <= used:
            self._next_poll = ended  # what is used for the first time could not be heard while it was read
        self._rests_until = ended + min(_REST * (ended - began), _LONGEST_REST)
        awaited = any(path in scan.files or path in scan.unreadable or path in scan.used for path in busy)
        settled = not (awaited or self._settler.doubtful)
        answered = [request for request in requests if settled or request.is_over(ended)]
        self._hand_on(believed if heard else _with_deafness(believed, reader), answered)

    def _hand_on(self, scan: Scan, answered: Sequence[_Request]) -> None:
        """Publish what is news or was asked for, and answer. The first scan of all is asked for by `start`."""
        if self._stopping or not (answered or (self._published is not None and scan != self._published)):
            return
        self._publish(scan)
        self._published = scan
        with self._changed:
            self._requests = [request for request in self._requests if request not in answered]
        for request in answered:
            if request.reply is not None:
                request.reply(scan)


def _with_deafness(scan: Scan, reader: Reader) -> Scan:
    message = "cannot be watched: inotify's limits on this machine are used up"
    hint = f"raise fs.inotify.max_user_watches and max_user_instances; until then it is looked at every {_DEAF:.0f}s"
    problems = [Problem(str(path), 0, 0, "", message, hint) for path in reader.paths]
    return replace(scan, problems=tuple(sorted([*scan.problems, *problems])))
