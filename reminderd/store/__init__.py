"""Everything that is remembered: one SQLite file, every SQL statement of the project, one writer."""

from pathlib import Path

from reminderd.store.alerts import Alert, Alerts
from reminderd.store.backups import BackupUnderWay, Kept, back_up_into, last_backup_in
from reminderd.store.callbacks import Addressed, Callback, Callbacks, Effect
from reminderd.store.checkup import SQLITE_VERSION, Checkup, check_up
from reminderd.store.conditions import Conditions
from reminderd.store.connection import (
    Connection,
    Row,
    StateError,
    StateMissing,
    StateUnavailable,
    back_up,
    be_careless,
    copy_state,
    has_newest_schema,
    open_read_only,
    open_state,
    state_exists,
    upgraded,
)
from reminderd.store.deliveries import ACCEPTED, Claim, Deliveries, Finished, Owed, Settled
from reminderd.store.doubts import Doubt, Doubts
from reminderd.store.drills import Drill, Drills
from reminderd.store.failures import StateFailure, advice, may_pass
from reminderd.store.forgetting import Forgetting, Forgotten
from reminderd.store.health import Health, Reading, Suspension
from reminderd.store.heartbeats import Heartbeats, Task
from reminderd.store.holds import Hold, Holds
from reminderd.store.inbound import Inbound, Upshot, Written
from reminderd.store.jobs import BRIEF_ABSENCE, Jobs, KnownJob
from reminderd.store.lock import COMMAND, StateLocked, Tenure, holder_pid, is_locked, locked
from reminderd.store.mark import Began, Mark, Site, default_folder, host_identity
from reminderd.store.moves import Why
from reminderd.store.nights import Hushed, Nights
from reminderd.store.operations import Malformed, Operations, Refusal, Unknown
from reminderd.store.optouts import OptOuts
from reminderd.store.origin import Identity, Origin
from reminderd.store.overrides import Overrides
from reminderd.store.receipts import Facts, Question, Receipts, Report
from reminderd.store.reminders import BY_THE_FILES, Place, Reminder, Reminders, Reserved, Wanted
from reminderd.store.reports import Reports
from reminderd.store.retention import Retention
from reminderd.store.zones import Zones


class Store:
    """The state by concern. The attributes share one connection; `together()` makes their calls one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.together = connection.write
        self.shrink_log = connection.shrink_log
        self.jobs = Jobs(connection)
        self.deliveries = Deliveries(connection)
        self.nights = Nights(connection)
        self.doubts = Doubts(connection)
        self.holds = Holds(connection)
        self.operations = Operations(connection)
        self.overrides = Overrides(connection)
        self.opt_outs = OptOuts(connection)
        self.inbound = Inbound(connection)
        self.drills = Drills(connection)
        self.receipts = Receipts(connection)
        self.callbacks = Callbacks(connection)
        self.health = Health(connection)
        self.origin = Origin(connection)
        self.zones = Zones(connection)
        self.reminders = Reminders(connection)
        self.reports = Reports(connection)
        self.conditions = Conditions(connection)
        self.alerts = Alerts(connection)
        self.heartbeats = Heartbeats(connection)
        self.retention = Retention(connection)
        self.forgetting = Forgetting(connection)

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> "Store":
        """For the one process that holds the state's lock. Raises StateError."""
        return cls(open_state(path, create=create))

    @classmethod
    def throwaway(cls, folder: Path, copy_of: Path | None = None) -> "Store":
        """A state in `folder` that nobody will need again, empty or a copy of one (also of one in use), not kept safe
        from the loss of power. Raises StateError."""
        path = folder / "state.db"
        if copy_of is not None:
            copy_state(copy_of, path)
        try:
            connection = open_state(path, create=True)
        except StateError as error:  # which knows the copy only
            raise StateError(str(error).replace(str(path), str(copy_of or path))) from error
        be_careless(connection)
        return cls(connection)

    def close(self) -> None:
        self._connection.close()


def open_reports(path: Path) -> Reports:
    """The reading side, beside a running daemon or without one. Raises StateError."""
    return Reports(upgraded(open_read_only(path)))


__all__ = [
    "ACCEPTED",
    "BRIEF_ABSENCE",
    "BY_THE_FILES",
    "COMMAND",
    "SQLITE_VERSION",
    "Addressed",
    "Alert",
    "BackupUnderWay",
    "Began",
    "Callback",
    "Checkup",
    "Claim",
    "Conditions",
    "Doubt",
    "Drill",
    "Effect",
    "Facts",
    "Finished",
    "Forgotten",
    "Hold",
    "Hushed",
    "Identity",
    "Kept",
    "KnownJob",
    "Malformed",
    "Mark",
    "Owed",
    "Place",
    "Question",
    "Reading",
    "Refusal",
    "Reminder",
    "Report",
    "Reports",
    "Reserved",
    "Row",
    "Settled",
    "Site",
    "StateError",
    "StateFailure",
    "StateLocked",
    "StateMissing",
    "StateUnavailable",
    "Store",
    "Suspension",
    "Task",
    "Tenure",
    "Unknown",
    "Upshot",
    "Wanted",
    "Why",
    "Written",
    "advice",
    "back_up",
    "back_up_into",
    "check_up",
    "copy_state",
    "default_folder",
    "has_newest_schema",
    "holder_pid",
    "host_identity",
    "is_locked",
    "last_backup_in",
    "locked",
    "may_pass",
    "open_reports",
    "state_exists",
]
