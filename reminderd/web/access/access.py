"""Who asks, and whether they may: what the routers of the API and the page are given."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from reminderd.settings.grants import Grant, Scope
from reminderd.settings.model import WebSettings
from reminderd.telemetry.hiding import hide_tokens
from reminderd.web.access.browsers import cookies, is_own_page, set_cookie
from reminderd.web.access.callers import ANYONE, LOCAL, Caller, Via
from reminderd.web.access.keys import Keys, bearer_of
from reminderd.web.access.limits import Limits
from reminderd.web.access.origin import Origin, origin_of
from reminderd.web.access.refusals import Refusals
from reminderd.web.access.sessions import Sessions, fits
from reminderd.web.problems import Declined
from reminderd.web.sources import Sources

CSRF = "csrf"  # the field of a form
_ASKER = "reminderd.asker"


@dataclass(frozen=True, slots=True)
class Asker:
    """One request's: where it comes from, whose token it bears, and who is signed in."""

    origin: Origin
    bearer: Caller | None
    signed_in: Caller | None


class Access:
    """One for a listener; belongs to its event loop."""

    def __init__(self, sources: Sources, now: Callable[[], float] = time.monotonic) -> None:
        """now(): seconds, of a clock that never goes back."""
        self._sources = sources
        self._keys = Keys(lambda: self._web.tokens)
        self._limits = Limits(lambda: self._web.rate, now)
        self._sessions = Sessions(now)
        self._refusals = Refusals(now)
        self._scheme = HTTPBearer(scheme_name="token", description="A token of `web.tokens`", auto_error=False)

    @property
    def _web(self) -> WebSettings:
        return self._sources.settings().web

    # -- every request, before anything else is done about it --------------------------------------------

    def look_for_tokens(self, scope: Any) -> None:
        """Raises Declined where one is part of the address, which browsers and proxies write down."""
        address = unquote(f"{scope['path']}?{scope['query_string'].decode('latin-1')}")
        if hide_tokens(address) == address:
            return
        self._refusals.note("a token in the address", address=origin_of(scope, self._web.forwarded).key)
        detail = "a token does not belong into an address, where it is written down on its way: make another one, and send it as Authorization: Bearer TOKEN"
        raise Declined(400, "Bad Request", detail)

    def admit(self, scope: Any) -> Asker:
        """Note in an ASGI scope who asks. Raises Declined: a wrong token, or too many requests."""
        origin = origin_of(scope, self._web.forwarded)
        token = bearer_of(_header(scope, b"authorization"))
        bearer = signed_in = None
        if token is not None:
            bearer = _caller(self._known(token, origin), Via.API)
        else:
            signed_in = self._session(scope, origin)
        caller = bearer or signed_in
        self._limits.count(f"token {caller.name}" if caller else f"address {origin.key}")
        asker = scope[_ASKER] = Asker(origin, bearer, signed_in)
        return asker

    @staticmethod
    def admitted(request: Request) -> Asker:
        """What `admit` noted."""
        asker: Asker = request.scope[_ASKER]
        return asker

    def _known(self, token: bytes, origin: Origin) -> Grant:
        """Whose token it is."""
        self._limits.before_looking(origin.key, token)
        grant = self._keys.grant_for(token)
        if grant is None:
            self._refusals.note("a wrong token", address=origin.key)
            self._limits.was_wrong(origin.key, token)
            raise no_token("the token is not one of web.tokens, or no longer", 'error="invalid_token"')
        return grant

    def _session(self, scope: Mapping[str, Any], origin: Origin) -> Caller | None:
        """Who is signed in; a token that is gone takes its sessions along."""
        by_hand = _header(scope, b"sec-fetch-mode") in (None, b"navigate")
        for ident in cookies(scope, origin.secure):
            session = self._sessions.find(ident, used=by_hand)
            grant = self._keys.now(session.grant) if session else None
            if session and grant:
                return _caller(grant, Via.PAGE, session.csrf)
            self._sessions.end(ident)
        return None

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
        asker, web = self.admitted(request), self._web
        for known in (asker.signed_in, asker.bearer):
            if known is not None and Scope.READ in known.scopes:
                return known
        if web.look == "anyone":
            return ANYONE
        if web.look == "local" and asker.origin.is_local(web.public_url is not None):
            return LOCAL
        return None

    def actor(self, request: Request, scope: Scope, form: Mapping[str, str]) -> Caller:
        """Who acts on the page. form: what was posted, with the field `CSRF` that holds the `csrf` of a caller.

        Raises Declined: nobody is signed in (401), the form is not one of this session's, or the scope lacks (403).
        """
        caller = self._poster(request, form)
        self._demand(caller, scope)
        return caller

    def sign_in(self, request: Request, token: str) -> str:
        """A Set-Cookie header for whose token this is. Raises Declined: a wrong one, or one that may not look."""
        self._demand_own_page(request)
        origin = self.admitted(request).origin
        grant = self._known(token.strip().encode("utf-8", "replace"), origin)
        self._demand(_caller(grant, Via.PAGE), Scope.READ)
        for before in cookies(request.scope, origin.secure):
            self._sessions.end(before)
        return set_cookie(self._sessions.begin(grant), origin.secure)

    def sign_out(self, request: Request, form: Mapping[str, str]) -> str:
        """A Set-Cookie header that removes the cookie of a session, which is over. Raises Declined as `actor` does."""
        self._poster(request, form)
        secure = self.admitted(request).origin.secure
        for ident in cookies(request.scope, secure):
            self._sessions.end(ident)
        return set_cookie("", secure)

    def _poster(self, request: Request, form: Mapping[str, str]) -> Caller:
        self._demand_own_page(request)
        caller = self.admitted(request).signed_in
        if caller is None:
            raise no_token("nobody is signed in, or no longer: sign in, and do it again")
        if not fits(caller.csrf, form.get(CSRF, "")):
            detail = "this form is of another session: load the page again, and do it again"
            raise Declined(403, "Forbidden", detail)
        return caller

    def _demand_own_page(self, request: Request) -> None:
        if not is_own_page(request.scope, self.admitted(request).origin, self._web.public_url):
            detail = "this was not sent by a page of this address; behind a proxy let it pass Host on, or give web.public_url"
            raise Declined(403, "Forbidden", detail)


def _caller(grant: Grant, via: Via, csrf: str = "") -> Caller:
    return Caller(grant.name, grant.scopes, via, csrf)


def no_token(detail: str = "a token is needed: Authorization: Bearer TOKEN", error: str = "") -> Declined:
    """error: as RFC 6750 has it; none where no token came."""
    challenge = 'Bearer realm="reminderd"' + (f", {error}" if error else "")
    return Declined(401, "Unauthorized", detail, {"www-authenticate": challenge})


def _header(scope: Mapping[str, Any], wanted: bytes) -> bytes | None:
    found = [value for name, value in scope["headers"] if name == wanted]
    return b"" if len(found) > 1 else found[0] if found else None
