"""From files to jobs: reading, validating, keeping the last good version, and watching."""

from reminderd.jobs.catalog import assemble
from reminderd.jobs.parse import parse_file
from reminderd.jobs.reader import Reader, Scan
from reminderd.jobs.restore import restore
from reminderd.jobs.watcher import Watcher

__all__ = ["Reader", "Scan", "Watcher", "assemble", "parse_file", "restore"]
