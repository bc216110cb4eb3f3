"""From files to jobs: reading, validating, keeping the last good version, and watching."""

from reminderd.jobs.catalog import assemble
from reminderd.jobs.library import Library, Uses, beside, places_for
from reminderd.jobs.parse import parse_file
from reminderd.jobs.reader import Reader, Scan
from reminderd.jobs.restore import Archive, identities, restore
from reminderd.jobs.shown import ListShown, PeopleShown, people_shown
from reminderd.jobs.watcher import Watcher

__all__ = [
    "Archive",
    "Library",
    "ListShown",
    "PeopleShown",
    "Reader",
    "Scan",
    "Uses",
    "Watcher",
    "assemble",
    "beside",
    "identities",
    "parse_file",
    "people_shown",
    "places_for",
    "restore",
]
