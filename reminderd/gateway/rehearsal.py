"""A gateway that sends nothing: for `run --dry-run`."""

from collections.abc import Callable
from datetime import datetime

from reminderd.gateway.port import Details, LogPage, MessageState, Probe, SendRequest
from reminderd.model import Accepted, NotBegun, Outcome


class RehearsalGateway:
    """Accepts everything and hands each request to `on_send`, on the thread that sends."""

    def __init__(self, on_send: Callable[[SendRequest], None]) -> None:
        self._on_send = on_send

    def send(self, request: SendRequest, begin: Callable[[], bool]) -> Outcome:
        if not begin():
            return NotBegun("withdrawn before the request")
        self._on_send(request)
        return Accepted(f"rehearsal-{request.token}", "rehearsal")

    def ready(self) -> int:
        return 0

    def log(
        self,
        *,
        since: datetime,  # noqa: ARG002  the port's question
        until: datetime,  # noqa: ARG002
        phone: str | None = None,  # noqa: ARG002
        sender: str | None = None,  # noqa: ARG002
        page: str | None = None,  # noqa: ARG002
    ) -> LogPage:
        return LogPage(rows=())

    def details(self, message_uuid: str) -> Details:  # noqa: ARG002  the port's question
        return Details(MessageState.DELIVERED)

    def probe(self) -> Probe:
        return Probe(ok=True, evidence="rehearsal")

    def close(self) -> None:
        """Nothing is held open."""
