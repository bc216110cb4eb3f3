"""The conductor and what its loop needs: inbox, desk, worker, holds, systemd."""

from reminderd.daemon.conductor import Daemon
from reminderd.daemon.originhold import Place

__all__ = ["Daemon", "Place"]
