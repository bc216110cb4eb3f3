"""The state as it is read beside the loop, through a connection that only reads."""

from pathlib import Path

from reminderd.store.annals import Annals
from reminderd.store.attention import Attention
from reminderd.store.conditions import Conditions
from reminderd.store.connection import Connection, open_beside, open_read_only, upgraded
from reminderd.store.entries import Entries
from reminderd.store.listing import Listing
from reminderd.store.measures import Measures
from reminderd.store.overrides import Overrides
from reminderd.store.reminders import Reminders
from reminderd.store.reports import Reports
from reminderd.store.standings import Standings
from reminderd.store.weeks import Weeks


class View:
    """Not for several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self.measures = Measures(connection)
        self.annals = Annals(connection)
        self.attention = Attention(connection)
        self.conditions = Conditions(connection)
        self.reminders = Reminders(connection)
        self.overrides = Overrides(connection)
        self.reports = Reports(connection)
        self.standings = Standings(connection)
        self.weeks = Weeks(connection)
        self.listing = Listing(connection)
        self.entries = Entries(connection)
        self.close = connection.close


def open_view(path: Path) -> View:
    """For another process than the one that has the state open, or without any. Raises StateError."""
    return View(upgraded(open_read_only(path)))


def open_view_beside(path: Path) -> View:
    """For another thread of the process that has the state open. Raises StateError."""
    return View(open_beside(path))
