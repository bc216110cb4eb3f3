"""Settle what is in doubt, by Plivo's own log."""

from reminderd.reconciler.reconciler import Findings, Reconciler, candidates, look_up

__all__ = ["Findings", "Reconciler", "candidates", "look_up"]
