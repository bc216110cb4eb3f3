"""Who asks, and whether they may: what the routers of the API and the page are given."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from reminderd.settings.grants import Scope
from reminderd.settings.model import WebSettings
from reminderd.web.access.callers import ANYONE, LOCAL, Caller, Via
from reminderd.web.access.keys import Keys, bearer_of, remembered
from reminderd.web.access.origin import Origin, origin_of
from reminderd.web.access.rate import Buckets
from reminderd.web.access.refusals import Refusals
from reminderd.web.problems import Declined
from reminderd.web.sources import Sources

# So many different wrong tokens of one address, and then one every three seconds.
GUESSES, GUESSES_RATE = 10, 1 / 3
_MOST_WRONG = 4096
_ASKER = "reminderd.asker"
_TOO_MANY = "Too Many Requests"


def burst_of(rate: float) -> float:
    """How many requests may come at once: those of two seconds, and ten at least."""
    return max(10.0, 2 * rate)


@dataclass(frozen=True, slots=True)
class Asker:
    """One request's: where it comes from, and whose token it bears."""

    origin: Origin
    bearer: Caller | None


class Access:
    """One for a listener; belongs to its event loop."""

    def __init__(self, sources: Sources, now: Callable[[], float] = time.monotonic) -> None:
        """now(): seconds, of a clock that never goes back."""
        self._sources = sources
        self._now = now
        self._keys = Keys(lambda: self._web.tokens)
        self._requests = Buckets()
        self._guesses = Buckets()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._refusals = Refusals(now)
        self._scheme = HTTPBearer(scheme_name="token", description="A token of `web.tokens`", auto_error=False)

    @property
    def _web(self) -> WebSettings:
        return self._sources.settings().web

    # -- every request, before anything else is done about it --------------------------------------------

    def admit(self, scope: Any) -> Asker:
        """Note in an ASGI scope who asks. Raises Declined: a wrong token, or too many requests."""
        origin = origin_of(scope, self._web.forwarded)
        token = bearer_of(_header(scope, b"authorization"))
        caller = None
        if token is None:
            self._count(f"address {origin.key}")
        else:
            caller = self._known(token, origin)
            self._count(f"token {caller.name}")
        asker = scope[_ASKER] = Asker(origin, caller)
        return asker

    @staticmethod
    def admitted(request: Request) -> Asker:
        """What `admit` noted."""
        asker: Asker = request.scope[_ASKER]
        return asker

    def _known(self, token: bytes, origin: Origin) -> Caller:
        """Whose token it is. Different wrong ones are counted, so that guessing is slow; the same one again is not a guess."""
        key, mark = f"{origin.key}", remembered(token)
        known_wrong = mark in self._wrong
        if not known_wrong:
            self._decline_for(self._guesses.lacking(key, GUESSES_RATE, GUESSES, self._now()), "wrong tokens")
            grant = self._keys.grant_for(token)
            if grant is not None:
                return Caller(grant.name, grant.scopes, Via.API)
            self._guesses.take(key, GUESSES_RATE, GUESSES, self._now())
        elif (grant := self._keys.grant_for(token)) is not None:  # since a reload
            del self._wrong[mark]
            return Caller(grant.name, grant.scopes, Via.API)
        self._wrong[mark] = None
        if len(self._wrong) > _MOST_WRONG:
            self._wrong.popitem(last=False)
        self._count(f"address {key}")
        self._refusals.note("a wrong token", address=key)
        raise no_token("the token is not one of web.tokens, or no longer", 'error="invalid_token"')

    def _count(self, key: str) -> None:
        rate = self._web.rate
        self._decline_for(self._requests.take(key, rate, burst_of(rate), self._now()), "requests")

    @staticmethod
    def _decline_for(seconds: float, what: str) -> None:
        if seconds > 0:
            again = {"retry-after": str(ceil(seconds))}
            raise Declined(429, _TOO_MANY, f"too many {what}; ask again in {ceil(seconds)} s (web.rate)", again)

    # -- the API ----------------------------------------------------------------------------------------

    def needs(self, scope: Scope) -> Callable[..., Awaitable[Caller]]:
        """A dependency of FastAPI's: the caller, whose token has this scope. It raises Declined where there is none."""

        async def caller(
            request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(self._scheme)]
        ) -> Caller:
            found = self.admitted(request).bearer
            if found is None:
                raise no_token()
            self._demand(found, scope)
            return found

        return caller

    def _demand(self, caller: Caller, scope: Scope) -> None:
        if scope in caller.scopes:
            return
        self._refusals.note("the token lacks the scope", who=caller.who, scope=str(scope))
        told = f'Bearer realm="reminderd", error="insufficient_scope", scope="{scope}"'
        given = "+".join(sorted(caller.scopes | {scope}))
        detail = (
            f"the token {caller.name!r} lacks the scope {scope}: write {given} in its line of web.tokens, and reload"
        )
        raise Declined(403, "Forbidden", detail, {"www-authenticate": told}, scope=str(scope))

    # -- the page ---------------------------------------------------------------------------------------

    def looker(self, request: Request) -> Caller | None:
        """Who may look at the page, and as whom; None where they have to sign in first."""
        asker = self.admitted(request)
        if asker.bearer is not None and Scope.READ in asker.bearer.scopes:
            return asker.bearer
        web = self._web
        if web.look == "anyone":
            return ANYONE
        if web.look == "local" and asker.origin.is_local(web.public_url is not None):
            return LOCAL
        return None


def no_token(detail: str = "a token is needed: Authorization: Bearer TOKEN", error: str = "") -> Declined:
    """error: as RFC 6750 has it; none where no token came."""
    challenge = 'Bearer realm="reminderd"' + (f", {error}" if error else "")
    return Declined(401, "Unauthorized", detail, {"www-authenticate": challenge})


def _header(scope: Mapping[str, Any], wanted: bytes) -> bytes | None:
    found = [value for name, value in scope["headers"] if name == wanted]
    return b"" if len(found) > 1 else found[0] if found else None
