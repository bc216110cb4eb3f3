"""What is owed: catalog, cursors and the time now go in; occurrences, deliveries and moved cursors come out. Pure.

`planner` keeps how far each job is planned; `owed` has the rules; `births` makes deliveries of them.
"""

from reminderd.planner.births import fallen_behind, not_before, owed_by, part_of
from reminderd.planner.owed import BEGINNING, Entry, Owed, entries_of, owing
from reminderd.planner.planner import Planner, Terms

__all__ = [
    "BEGINNING",
    "Entry",
    "Owed",
    "Planner",
    "Terms",
    "entries_of",
    "fallen_behind",
    "not_before",
    "owed_by",
    "owing",
    "part_of",
]
