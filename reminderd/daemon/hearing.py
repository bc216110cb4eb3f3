"""Whether what Plivo says by itself is heard, or refused for its signature, as far as can be told from strangers' doing."""

from datetime import datetime, timedelta

from reminderd.clock import to_text
from reminderd.telemetry import Figures

HINT = (
    "compare plivo.auth_token, web.public_url and the Message URL in Plivo's console; does the proxy change path, query or "
    "body? (docs/operating.md, what Plivo says by itself)"
)
# Plivo tries each four times within seven minutes. A stranger's handful in one go is no reason to call anybody.
_LEAST, _SPREAD = 3, timedelta(minutes=5)
_FORGOTTEN_AFTER = timedelta(days=1)


class Hearing:
    """In the loop's thread; the listener's thread writes the figure."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self.trouble: str | None = None

    def changed(self, now: datetime) -> bool:
        """Look again; whether `trouble` is another one now."""
        before, self.trouble = self.trouble, self._look(now)
        return self.trouble != before

    def forget(self) -> None:
        """Settings are others: what was refused before says nothing of them."""
        self._figures.refused = None
        self.trouble = None

    def _look(self, now: datetime) -> str | None:
        refused = self._figures.refused
        if refused is None or refused.times < _LEAST or refused.last - refused.since < _SPREAD:
            return None
        if now - refused.last > _FORGOTTEN_AFTER:
            return None
        return (
            f"what looks like Plivo's callbacks is refused for its signature (403) since {to_text(refused.since)}, and none "
            "was taken: who texts STOP may not be heard, and what becomes of messages only when Plivo is asked"
        )
