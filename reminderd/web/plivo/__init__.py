"""What Plivo says by itself: signed requests, taken into the state."""

from reminderd.web.plivo.callbacks import Callbacks

__all__ = ["Callbacks"]
