"""What operators may do, the same for a running daemon (over its socket) and for a stopped one's state."""

from reminderd.commands.commands import Commands, target_of

__all__ = ["Commands", "target_of"]
