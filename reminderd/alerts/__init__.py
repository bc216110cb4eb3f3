"""What needs someone: when it begins, when it is over, and telling them so."""

from reminderd.alerts.rules import DO, Name, Present, Space, needs
from reminderd.alerts.telling import Notice, Teller, Told, Ways
from reminderd.alerts.watch import Watch

__all__ = ["DO", "Name", "Notice", "Present", "Space", "Teller", "Told", "Watch", "Ways", "needs"]
