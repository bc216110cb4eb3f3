"""A mortal world that sends with the real SDK, over real sockets, to a sandbox whose ledger says what was taken."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from reminderd.gateway.config import PlivoConfig
from reminderd.gateway.plivo import PlivoGateway
from reminderd.gateway.port import Gateway
from reminderd.gateway.sandbox import AUTH_ID, AUTH_TOKEN, Sandbox, Seen
from reminderd.model import digits
from tests.support.deaths import Mortal


class Wired(Mortal):
    """As a Mortal, which can also die when the sandbox has answered and nothing of the answer has left it."""

    def __init__(self, folder: Path, fatal: Sequence[int], faults: Sequence[str], downtime: timedelta) -> None:
        super().__init__(folder, fatal, downtime=downtime)
        self._asked = 0
        self._sandbox = Sandbox(clock=self.clock, watch=self._seen, faults=faults).start()

    def _seen(self, seen: Seen) -> None:
        """In the sandbox's thread, before it answers."""
        self._asked += 1
        self.life.pass_by(f"Plivo has the {seen.what}, and its answer is on its way")

    def _plivo_left(self) -> Hashable:
        return self._asked

    def _wire(self) -> Gateway:
        return PlivoGateway(PlivoConfig(AUTH_ID, AUTH_TOKEN, self._sandbox.url, threads=2, proxy=""))

    def taken(self) -> Mapping[int, int]:
        owners = {(digits(row["phone"]), row["text"]): row["id"] for row in self.rows() if row["phone"]}
        return Counter(owners.get((message.dst, message.text), 0) for message in self._sandbox.messages())

    def end(self) -> None:
        super().end()
        self._sandbox.close()
