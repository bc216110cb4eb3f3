"""When an alert begins, is told, and is over, also across restarts and where telling fails."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from reminderd.alerts import Name, Notice, Teller, Told, Watch, Ways
from reminderd.alerts.watch import OVER_AFTER
from reminderd.clock import to_text
from reminderd.store import Alert, StateFailure, Store
from tests.support.clock import START, FakeClock
from tests.support.desk import Desk

LOOK = timedelta(seconds=15)
DISK = {Name.DISK: "full"}
BOTH = Ways(command=("/bin/true",), url="http://127.0.0.1:1/")


class Listener(Teller):
    """Keeps what it is told; answers as `refuses` says."""

    def __init__(self, ways: Ways = BOTH) -> None:
        super().__init__(ways)
        self.heard: list[tuple[str, str, str]] = []
        self.refuses: set[str] = set()

    def tell(self, notice: Notice, skip: Any = ()) -> list[Told]:
        ways = [way for way in self.ways.names if way not in skip]
        self.heard += [(way, notice.name, notice.state) for way in ways]
        return [Told(way, way not in self.refuses, "as scripted") for way in ways]


class Scene:
    """A watch over a real state, whose worker works when the test says so."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = FakeClock()
        self.listener = Listener()
        self.work: list[Callable[[], None]] = []
        self.restart()

    def restart(self) -> None:
        self.work.clear()
        run = lambda work, done, _failed: self.work.append(lambda: done(work()))  # noqa: E731
        self.watch = Watch(self.store, "here", self.listener, self.clock.now, self.clock.boottime, run)

    def look(self, needs: dict[Name, str], times: int = 1, pause: timedelta = LOOK) -> None:
        for _ in range(times):
            self.clock.advance(pause)
            self.watch.look(needs)
            self.let_work()

    def let_work(self) -> None:
        while self.work:
            self.work.pop(0)()

    def told(self, way: str = "command") -> list[tuple[str, str]]:
        return [(name, state) for each, name, state in self.listener.heard if each == way]

    def rows(self) -> list[dict[str, Any]]:
        return self.store.reports.alerts(START)


@pytest.fixture
def scene(desk: Desk) -> Scene:
    return Scene(desk.store)


def test_it_begins_when_two_looks_agree_and_is_told_once(scene: Scene) -> None:
    scene.look(DISK)
    assert scene.rows() == []
    scene.look(DISK, times=50)
    assert scene.told() == scene.told("url") == [("disk", "open")]
    (row,) = scene.rows()
    assert row["told_at"] is not None
    assert row["over_at"] is None


def test_what_is_there_in_one_look_only_is_no_alert(scene: Scene) -> None:
    for _ in range(20):
        scene.look(DISK)
        scene.look({})
    assert scene.rows() == []


def test_it_is_over_when_nothing_was_seen_for_a_while_and_that_is_told_once(scene: Scene) -> None:
    scene.look(DISK, times=2)
    for _ in range(10):  # it comes and goes
        scene.look({}, pause=OVER_AFTER - LOOK)
        scene.look(DISK)
    assert scene.told() == [("disk", "open")]
    scene.look({}, times=60)
    assert scene.told() == scene.told("url") == [("disk", "open"), ("disk", "over")]
    (row,) = scene.rows()
    assert None not in row.values()
    assert row["told_by"] == row["over_told_by"] == "command url"
    scene.look(DISK, times=2)
    assert scene.told()[2:] == [("disk", "open")]


def test_several_are_told_one_after_the_other(scene: Scene) -> None:
    scene.look({Name.DISK: "full", Name.HOLDS: "1", Name.CLOCK: "wrong"}, times=2)
    assert sorted(scene.told()) == [("clock", "open"), ("disk", "open"), ("holds", "open")]


def test_only_the_way_that_failed_is_tried_again_with_growing_pauses_until_told(scene: Scene) -> None:
    scene.listener.refuses = {"url"}
    scene.look(DISK, times=2)
    assert scene.told() == [("disk", "open")]
    tried = []
    for minute in range(240):
        before = len(scene.told("url"))
        scene.look(DISK, pause=timedelta(minutes=1))
        tried += [minute] * (len(scene.told("url")) - before)
    pauses = [after - before for before, after in pairwise(tried)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 15
    assert scene.rows()[0]["told_at"] is None
    scene.listener.refuses = set()
    scene.look(DISK, times=70)
    assert scene.rows()[0]["told_at"] is not None
    assert scene.told() == [("disk", "open")]


def test_who_was_not_told_of_the_beginning_is_not_told_of_the_end(scene: Scene) -> None:
    scene.listener.refuses = {"url", "command"}
    scene.look(DISK, times=2)
    scene.look({}, times=30)
    scene.listener.refuses = set()
    scene.look({}, times=100)
    assert ("disk", "over") not in scene.told()
    (row,) = scene.rows()
    assert row["over_at"] is not None


def test_the_way_that_knows_of_the_beginning_is_told_of_the_end_and_the_other_is_not(scene: Scene) -> None:
    scene.listener.refuses = {"url"}
    scene.look(DISK, times=4)
    scene.look({}, times=30)
    scene.listener.refuses = set()
    scene.look({}, times=100)
    assert scene.told() == [("disk", "open"), ("disk", "over")]
    assert ("disk", "over") not in scene.told("url")
    assert scene.store.alerts.unfinished() == []


def test_what_is_over_while_one_way_is_told_is_told_to_be_over_by_that_way(scene: Scene) -> None:
    scene.listener.refuses = {"url"}
    for needs in [DISK] * 2 + [{}] * 30:
        scene.clock.advance(LOOK)
        scene.watch.look(needs)
    scene.let_work()
    assert scene.listener.heard == [("command", "disk", "open"), ("command", "disk", "over")]


def test_an_end_that_nobody_takes_is_given_up_after_a_day(scene: Scene) -> None:
    scene.look(DISK, times=2)
    scene.listener.refuses = {"url", "command"}
    scene.look({}, times=30)
    assert ("disk", "over") in scene.told()
    scene.look({}, times=100, pause=timedelta(minutes=20))
    told = len(scene.told())
    scene.look({}, times=100, pause=timedelta(minutes=20))
    scene.restart()
    scene.look({}, times=5)
    assert len(scene.told()) == told


def test_what_is_over_while_it_is_told_is_told_to_be_over_too(scene: Scene) -> None:
    for _ in range(2):
        scene.clock.advance(LOOK)
        scene.watch.look(DISK)
    for _ in range(30):
        scene.clock.advance(LOOK)
        scene.watch.look({})
    assert scene.told() == []
    scene.let_work()
    assert scene.told() == [("disk", "open"), ("disk", "over")]
    assert scene.store.alerts.unfinished() == []


def test_a_way_that_fails_does_not_make_the_other_tell_again_after_a_restart(scene: Scene) -> None:
    scene.listener.refuses = {"url"}
    scene.look(DISK, times=3)
    scene.restart()
    scene.look(DISK, times=10)
    assert scene.told() == [("disk", "open")]
    (row,) = scene.rows()
    assert (row["told_at"], row["told_by"]) == (None, "command")
    scene.look({}, times=2)
    scene.restart()
    scene.look({}, times=30)
    scene.restart()
    scene.listener.refuses = set()
    scene.look({}, times=30)
    assert scene.told() == [("disk", "open"), ("disk", "over")]
    assert ("disk", "over") not in scene.told("url")


def test_an_end_that_one_way_took_is_not_told_by_it_again_after_a_restart(scene: Scene) -> None:
    scene.look(DISK, times=2)
    scene.listener.refuses = {"url"}
    scene.look({}, times=30)
    scene.restart()
    scene.listener.refuses = set()
    scene.look({}, times=10)
    assert scene.told() == [("disk", "open"), ("disk", "over")]
    assert scene.store.alerts.unfinished() == []


def test_each_way_is_noted_before_the_next_is_tried(scene: Scene) -> None:
    for _ in range(2):
        scene.clock.advance(LOOK)
        scene.watch.look(DISK)
    scene.work.pop(0)()
    scene.restart()  # while the second way is told
    scene.look(DISK, times=5)
    assert scene.listener.heard == [("command", "disk", "open"), ("url", "disk", "open")]


def test_a_way_that_is_taken_out_of_the_settings_is_not_waited_for(scene: Scene) -> None:
    scene.listener.refuses = {"url"}
    scene.look(DISK, times=2)
    scene.listener = Listener(Ways(command=("/bin/true",)))
    scene.watch.configure(scene.listener)
    scene.look(DISK)
    assert scene.rows()[0]["told_at"] is not None
    assert scene.listener.heard == []


def test_who_is_to_end_begins_to_tell_nothing_and_notes_what_is_told(scene: Scene) -> None:
    for _ in range(2):
        scene.clock.advance(LOOK)
        scene.watch.look({Name.DISK: "full", Name.HOLDS: "1"})
    scene.watch.stop()
    scene.let_work()
    assert scene.listener.heard == [("command", "disk", "open")]
    assert [row["told_by"] for row in scene.rows() if row["name"] == "disk"] == ["command"]
    scene.restart()
    scene.look({Name.DISK: "full", Name.HOLDS: "1"}, times=3)
    assert sorted(scene.told()) == [("disk", "open"), ("holds", "open")]


def test_who_starts_again_and_again_still_tells_that_it_is_over(scene: Scene) -> None:
    scene.look(DISK, times=2)
    for _ in range(8):
        scene.look({}, times=2)
        scene.clock.advance(timedelta(seconds=20))
        scene.restart()
    assert scene.told() == [("disk", "open"), ("disk", "over")]


def test_what_is_seen_again_begins_to_be_gone_anew_also_across_restarts(scene: Scene) -> None:
    scene.look(DISK, times=2)
    for needs in [{}, DISK] * 8:
        scene.look(needs, pause=timedelta(minutes=4))
        scene.restart()
    assert scene.told() == [("disk", "open")]


def test_a_restart_tells_nothing_twice_and_loses_nothing(scene: Scene) -> None:
    scene.look(DISK, times=2)
    scene.restart()
    scene.look(DISK, times=10)
    assert scene.told() == [("disk", "open")]
    scene.restart()
    scene.look({}, times=30)
    assert scene.told() == [("disk", "open"), ("disk", "over")]
    scene.restart()
    scene.look({}, times=30)
    assert len(scene.told()) == 2


def test_who_dies_between_telling_and_noting_tells_again(scene: Scene) -> None:
    scene.clock.advance(LOOK)
    scene.watch.look(DISK)
    scene.clock.advance(LOOK)
    scene.watch.look(DISK)  # written down, and not told
    (row,) = scene.rows()
    assert row["told_at"] is None
    scene.restart()
    scene.look(DISK)
    assert scene.told() == [("disk", "open")]


def test_while_the_state_takes_nothing_it_is_told_and_written_down_later(scene: Scene, desk: Desk) -> None:
    with closing(desk.raw()) as raw:
        raw.execute("create trigger full before insert on alerts begin select raise(abort, 'disk full'); end")
        for _ in range(3):
            scene.clock.advance(LOOK)
            scene.watch.look_without_state(DISK)
            if scene.work:
                with pytest.raises(StateFailure):
                    scene.let_work()
        raw.execute("drop trigger full")
    assert scene.told() == [("disk", "open")]
    assert scene.rows() == []
    scene.look({})
    (row,) = scene.rows()
    assert row["told_at"] is not None
    scene.look({}, times=30)
    assert scene.told() == [("disk", "open"), ("disk", "over")]


def test_new_ways_get_what_the_others_did_not_take(scene: Scene) -> None:
    scene.listener = Listener(Ways())
    scene.restart()
    scene.look(DISK, times=4)
    assert scene.listener.heard == []
    scene.listener = Listener(Ways(command=("/bin/true",)))
    scene.watch.configure(scene.listener)
    scene.look(DISK)
    assert scene.told() == [("disk", "open")]


def test_what_another_version_has_opened_is_over_for_this_one(scene: Scene) -> None:
    scene.store.alerts.save([Alert("of_tomorrow", "something", START, told_at=START, told_by={"command"})])
    scene.restart()
    scene.look({}, times=30)
    assert scene.told() == [("of_tomorrow", "over")]


def test_a_notice_says_what_is_the_case_and_what_to_do() -> None:
    notice = Notice("disk", "open", "the disk is full", "make room", "here", to_text(START))
    assert notice.document() == {
        "alert": "disk",
        "state": "open",
        "summary": "the disk is full",
        "do": "make room",
        "node": "here",
        "since": "2027-03-01T08:00:00.000Z",
        "over_at": None,
        "text": "reminderd on here: disk: the disk is full. What to do: make room",
    }
