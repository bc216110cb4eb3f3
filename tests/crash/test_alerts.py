"""Whoever dies around telling of an alert tells at least once of its begin and of its end by each way, and of neither in
vain."""

import random
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reminderd.alerts import Name, Notice, Teller, Told, Watch, Ways
from reminderd.alerts.watch import OVER_AFTER
from tests.support.clock import START
from tests.support.deaths import Mortal

LOOK = timedelta(seconds=15)
NEEDS = {Name.HOLDS: "1 hold waits for approval: limit", Name.DISK: "the disk is nearly full"}
WAYS = Ways(command=("/bin/true",), url="http://127.0.0.1:1/")
EVENTS = [(way, name, state) for way in WAYS.names for name in NEEDS for state in ("open", "over")]
_SAMPLES = 25  # pairs of deaths


class Watched(Mortal):
    """A machine whose daemon watches, and dies. told: what somebody heard; it outlives the daemon."""

    def __init__(self, folder: Path, fatal: Sequence[int] = ()) -> None:
        self.told: list[tuple[str, str, str]] = []
        super().__init__(folder, fatal)

    def start(self, *, create: bool = False) -> None:
        super().start(create=create)
        if self._born:
            self.watch = Watch(
                self.store, "here", _Listener(self.told), self.clock.now, self.clock.boottime, self._work
            )

    def _work(self, work: Callable[[], list[Told]], done: Callable[[list[Told]], None], _failed: object) -> None:
        done(self.life.effect("telling", work))


class _Listener(Teller):
    def __init__(self, told: list[tuple[str, str, str]]) -> None:
        super().__init__(WAYS)
        self._told = told

    def tell(self, notice: Notice, skip: Collection[str] = ()) -> list[Told]:
        ways = [way for way in WAYS.names if way not in skip]
        self._told += [(way, notice.name, notice.state) for way in ways]
        return [Told(way, True, "") for way in ways]


def look(needs: dict[Name, str], pause: timedelta = LOOK) -> Callable[[Mortal], object]:
    def step(world: Mortal) -> None:
        assert isinstance(world, Watched)
        world.clock.advance(pause)
        world.watch.look(needs)

    return step


STORY = [*[look(NEEDS)] * 4, *[look({})] * 3, look({}, OVER_AFTER), *[look({})] * 3, look({}, OVER_AFTER), look({})]


def told(folder: Path, *fatal: int) -> Watched:
    """The story, in which the daemon dies at these points, one a life."""
    home = folder / "-".join(["run", *map(str, fatal)])
    home.mkdir()
    world = Watched(home, fatal)
    world.play(STORY)
    check(world, len(fatal))
    world.end()
    return world


def check(world: Watched, deaths: int) -> None:
    rows: list[dict[str, Any]] = world.store.reports.alerts(START)
    assert sorted(row["name"] for row in rows) == sorted(NEEDS), rows
    for row in rows:
        assert None not in row.values(), row
        assert row["told_by"] == row["over_told_by"] == "command url", row
    for event in EVENTS:
        assert 1 <= world.told.count(event) <= 1 + deaths, (event, world.told)
    assert len(world.told) <= len(EVENTS) + deaths, world.told
    for way, name in {event[:2] for event in EVENTS}:
        states = [state for *each, state in world.told if each == [way, name]]
        assert states == sorted(states), states  # open before over


def test_without_a_death_each_is_told_once(tmp_path: Path) -> None:
    assert sorted(told(tmp_path).told) == sorted(EVENTS)


def test_whoever_dies_at_any_step_tells_of_each_and_of_one_at_most_again(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    points = len(told(tmp_path).lives[0].points)
    record_property("points", points)
    assert points > 30
    again = sum(len(told(tmp_path, point).told) > len(EVENTS) for point in range(points))
    assert again  # or nobody died between telling and noting


def test_whoever_dies_twice_tells_of_each(tmp_path: Path) -> None:
    chance = random.Random(0)
    points = len(told(tmp_path).lives[0].points)
    for number in range(_SAMPLES):
        folder = tmp_path / str(number)
        folder.mkdir()
        first = chance.randrange(points)
        after = len(told(folder, first).lives[1].points)
        told(folder, first, chance.randrange(after))


@pytest.mark.parametrize("seconds", [1, 600])
def test_whoever_starts_again_later_tells_of_each(tmp_path: Path, seconds: int) -> None:
    points = len(told(tmp_path).lives[0].points)
    for point in range(0, points, 5):
        home = tmp_path / f"later-{point}"
        home.mkdir()
        world = Watched(home, [point])
        world._downtime = timedelta(seconds=seconds)
        world.play(STORY)
        check(world, 1)
        world.end()
