"""Who asks, once that is known."""

from dataclasses import dataclass, field
from enum import StrEnum

from reminderd.settings.grants import Scope


class Via(StrEnum):
    """By which way: a bearer token, or the page."""

    API = "api"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Caller:
    """name: of the token. csrf: what each form of a session has to bring along; empty where nobody is signed in."""

    name: str
    scopes: frozenset[Scope]
    via: Via
    csrf: str = field(default="", repr=False)

    @property
    def who(self) -> str:
        """As actions are written down: `api:NAME` or `page:NAME`."""
        return f"{self.via}:{self.name}"

    @property
    def signed_in(self) -> bool:
        return bool(self.csrf)


# Those who may look without a token, by why they may; they have no other scope.
LOCAL = Caller("local", frozenset({Scope.READ}), Via.PAGE)
ANYONE = Caller("anyone", frozenset({Scope.READ}), Via.PAGE)
