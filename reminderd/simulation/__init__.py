"""Time lived through in a moment: what would go out from one day to another, and what would become of it."""

from reminderd.simulation.timetable import Line, Totals, timetable, totals
from reminderd.simulation.world import Simulation

__all__ = ["Line", "Simulation", "Totals", "timetable", "totals"]
