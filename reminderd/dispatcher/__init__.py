"""Claim, send, record: from rows that are pending to rows that are settled or in doubt."""

from reminderd.dispatcher.dispatcher import Dispatcher, Limits
from reminderd.dispatcher.hush import hush
from reminderd.dispatcher.senders import Senders, Task, lease

__all__ = ["Dispatcher", "Limits", "Senders", "Task", "hush", "lease"]
