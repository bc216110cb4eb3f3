"""The conductor and what its loop needs: inbox, worker, clock guard, systemd."""

from reminderd.daemon.conductor import Daemon

__all__ = ["Daemon"]
