"""What the makers of reminders need of the daemon: its state by way of the loop, and files that are read anew."""

from collections.abc import Callable
from typing import TypeVar

from reminderd.clock import Clock
from reminderd.daemon.inbox import Inbox
from reminderd.reminders import Reminders
from reminderd.settings import Settings
from reminderd.store import Store

T = TypeVar("T")

_ASK_SECONDS = 30.0


def reminders_of(
    store: Store, inbox: Inbox, settings: Callable[[], Settings], clock: Clock, look: Callable[[], None]
) -> Reminders:
    def ask(call: Callable[[Store], T], /) -> T:
        return inbox.ask(lambda: call(store), _ASK_SECONDS)

    return Reminders(ask, settings, clock.now, look)
