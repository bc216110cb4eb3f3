"""A process that makes or ends a reminder dies before or after each of its calls of the state; another one goes on.

What happens to its files in between, tests/e2e/test_reminders.py tries with SIGKILL.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from reminderd.reminders import Reminders
from reminderd.store import Store
from tests.support.deaths import Death
from tests.support.reminding import PATIENCE, Maker, body

T = TypeVar("T")


class Mortal:
    """Asks as the daemon does, and dies at the n-th call, from 0: before it, or when it is done and nobody knows."""

    def __init__(self, maker: Maker, at: int, *, after: bool) -> None:
        self._maker = maker
        self._left = at
        self._after = after
        self.dead = False

    def __call__(self, call: Callable[[Store], T], /) -> T:
        self._left -= 1
        if self.dead or (self._left < 0 and not self._after):
            self.dead = True
            raise Death
        found: T = self._maker.ask(call)
        if self._left < 0:
            self.dead = True
            raise Death
        return found

    def reminders(self) -> Reminders:
        return Reminders(self, lambda: self._maker.settings, self._maker.clock.now, lambda: None)


def lives(maker: Maker, at: int, *, after: bool, act: Callable[[Reminders], object]) -> bool:
    """Do it in a process that dies at this call; whether it came to its end before."""
    mortal = Mortal(maker, at, after=after)
    try:
        act(mortal.reminders())
    except Death:
        assert mortal.dead
    maker.reminders = maker.another()
    return not mortal.dead


@pytest.mark.parametrize("after", [False, True])
def test_whenever_the_maker_dies_there_is_one_reminder(tmp_path: Path, *, after: bool) -> None:
    asked = body(name=None)

    def make(who: Reminders) -> object:
        return who.make(json.dumps(asked).encode(), "api:ci", "k").result(PATIENCE)

    for at in range(20):
        folder = tmp_path / str(at)
        folder.mkdir()
        with Maker(folder) as maker:
            done = lives(maker, at, after=after, act=make)
            made = maker.make(asked, key="k")
            assert maker.files() == [f"{made.reminder.name}.yaml"]
            assert set(maker.catalog().jobs) == {made.reminder.name}
            assert maker.ask(lambda store: store.reminders.unsettled()) == []
            (row,) = maker.ask(lambda store: store.reminders.page(None, 10))
            assert row.name == made.reminder.name
            actions = [each["action"] for each in maker.ask(lambda store: store.reports.actions())]
            assert actions == ["reminder"]
        if done:
            assert at > 3
            return
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("after", [False, True])
def test_whenever_the_ender_dies_it_ends(tmp_path: Path, *, after: bool) -> None:
    for at in range(20):
        folder = tmp_path / str(at)
        folder.mkdir()
        with Maker(folder) as maker:
            maker.make()
            done = lives(maker, at, after=after, act=lambda who: who.end("tea", "api:ci").result(PATIENCE))
            assert maker.end().removed
            assert maker.files() == []
            assert maker.ask(lambda store: store.reminders.unsettled()) == []
            actions = [each["action"] for each in maker.ask(lambda store: store.reports.actions())]
            assert sorted(actions) == ["reminder", "reminder end"]
        if done:
            assert at > 3
            return
    raise AssertionError("it never came to its end")
