"""A reminder as it is now: what its file says, and whether that is still what was written."""

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from reminderd.document import load
from reminderd.reminders.asked import plain_json
from reminderd.reminders.folder import content_of, digest_of
from reminderd.store import Reminder


class FileIs(StrEnum):
    """What became of the file since it was written."""

    AS_WRITTEN = "as written"
    EDITED = "edited"
    REMOVED = "removed"
    UNREADABLE = "unreadable"


class Shown(NamedTuple):
    """job: what the file says now; None where that is no mapping, or nobody asked."""

    reminder: Reminder
    file_is: FileIs
    job: object | None = None


def show(reminder: Reminder, *, with_job: bool = False) -> Shown:
    """Reads the file."""
    try:
        content = content_of(Path(reminder.file))
    except OSError:
        return Shown(reminder, FileIs.UNREADABLE)
    if content is None:
        return Shown(reminder, FileIs.REMOVED)
    file_is = FileIs.AS_WRITTEN if digest_of(content) == reminder.digest else FileIs.EDITED
    if not with_job:
        return Shown(reminder, file_is)
    document, problems = load(content, reminder.file)
    if document is None or problems or not isinstance(document.value, dict):
        return Shown(reminder, file_is)
    return Shown(reminder, file_is, plain_json(document.value))
