"""Who asks, once that is known."""

from dataclasses import dataclass
from enum import StrEnum

from reminderd.settings.grants import Scope


class Via(StrEnum):
    """By which way: a bearer token, or the page."""

    API = "api"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Caller:
    """name: of the token; of nobody's for those who may look without one, and then `who` acts on nothing."""

    name: str
    scopes: frozenset[Scope]
    via: Via

    @property
    def who(self) -> str:
        """As actions are written down: `api:NAME` or `page:NAME`."""
        return f"{self.via}:{self.name}"


# Those who may look without a token, by why they may.
LOCAL = Caller("local", frozenset({Scope.READ}), Via.PAGE)
ANYONE = Caller("anyone", frozenset({Scope.READ}), Via.PAGE)
