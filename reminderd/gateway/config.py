"""What the gateway needs to know, in plain values."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PlivoConfig:
    """How to reach Plivo and how long to wait. Credentials stay out of its repr.

    url: without the `/v1/Account` part. threads: how many senders there are, which is how many idle connections are
    kept. connect_timeout: for one attempt at one address. read_timeout: for one wait on the connection. deadline: for
    the whole request from its first byte on. proxy: None for what the environment says. ca_file: the only
    certificates to trust; None for the environment's, else the system's. callbacks: where Plivo reaches us, without a slash
    at its end, so that it says by itself what becomes of each message; None: it does not.
    """

    auth_id: str = field(repr=False)
    auth_token: str = field(repr=False)
    url: str = "https://api.plivo.com"
    threads: int = 4
    connect_timeout: timedelta = timedelta(seconds=5)
    read_timeout: timedelta = timedelta(seconds=30)
    deadline: timedelta = timedelta(seconds=60)
    proxy: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    callbacks: str | None = None
