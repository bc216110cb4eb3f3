"""From files to jobs: reading, validating, keeping the last good version, and watching."""

from reminderd.jobs.aim import AstrayError, Kind, Target, aim, location
from reminderd.jobs.catalog import assemble
from reminderd.jobs.disk import Bound, UnfitError, check_size, read_whole, reason
from reminderd.jobs.glance import Names
from reminderd.jobs.landing import Landing, Surroundings, land
from reminderd.jobs.library import Library, Uses, beside
from reminderd.jobs.parse import parse_file
from reminderd.jobs.places import places_for, reader_for
from reminderd.jobs.reader import JOB_FILE, Reader, Scan
from reminderd.jobs.restore import Archive, identities, restore
from reminderd.jobs.shown import ListShown, PeopleShown, people_shown
from reminderd.jobs.spec import KEYS, job_name
from reminderd.jobs.watcher import Watcher

__all__ = [
    "JOB_FILE",
    "KEYS",
    "Archive",
    "AstrayError",
    "Bound",
    "Kind",
    "Landing",
    "Library",
    "ListShown",
    "Names",
    "PeopleShown",
    "Reader",
    "Scan",
    "Surroundings",
    "Target",
    "UnfitError",
    "Uses",
    "Watcher",
    "aim",
    "assemble",
    "beside",
    "check_size",
    "identities",
    "job_name",
    "land",
    "location",
    "parse_file",
    "people_shown",
    "places_for",
    "read_whole",
    "reader_for",
    "reason",
    "restore",
]
