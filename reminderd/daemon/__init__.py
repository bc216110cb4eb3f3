"""The conductor and what its loop needs: inbox, desk, worker, holds, systemd."""

from reminderd.daemon.conductor import Daemon
from reminderd.daemon.originhold import Place
from reminderd.daemon.restarts import Restarts
from reminderd.daemon.systemd import notify, takes

__all__ = ["Daemon", "Place", "Restarts", "notify", "takes"]
