"""Settle what is in doubt, by Plivo's own log."""

from reminderd.reconciler.foreign import foreign_rows, read_log
from reminderd.reconciler.reconciler import SLACK, Findings, Reconciler, candidates, look_up

__all__ = ["SLACK", "Findings", "Reconciler", "candidates", "foreign_rows", "look_up", "read_log"]
