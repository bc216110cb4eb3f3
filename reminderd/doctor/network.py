"""The way to Plivo: name, connection, TLS; each fails by itself and says so."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from reminderd.doctor.finding import Finding, fail, few, ok, skip, warn
from reminderd.doctor.scene import Scene
from reminderd.doctor.terms import config_of
from reminderd.gateway.reach import Certificate, Trouble, Way

PATIENCE = 60.0
EXPIRING = timedelta(days=7)  # who renews by themselves has done so long before
_CERTIFICATES = "see the clock and the system's CA certificates; behind a proxy that opens TLS set plivo.ca_file"


def look(scene: Scene) -> Iterator[Finding]:
    """Whoever cannot find the name does not try to connect."""
    scene.reached = False
    try:
        way = Way(config_of(scene.settings))
    except ValueError as error:
        yield fail("network.name", str(error), "mend the setting")
        return
    via = f", by the proxy {way.proxy}" if way.proxy else ""
    found = way.resolve()
    if isinstance(found, Trouble):
        do = "see /etc/resolv.conf and `resolvectl query`" + (", and plivo.proxy" if via else "")
        yield fail("network.name", f"{way.hop}: {found.evidence}", do)
        yield from (skip(f"network.{each}", "without an address") for each in ("connect", "tls"))
        return
    yield ok("network.name", f"{way.hop} is {few(list(found))}")
    connection = way.connect()
    if isinstance(connection, Trouble):
        do = "see the firewall and `ip route`" + (", and whether the proxy runs" if via else "")
        yield fail("network.connect", f"{way.hop}: {connection.evidence}", do)
        yield skip("network.tls", "without a connection")
        return
    yield ok("network.connect", f"{way.hop} takes connections")
    secured = way.secure(connection)
    scene.reached = not isinstance(secured, Trouble)
    yield _tls(way, secured, via, scene.clock.now())


def _tls(way: Way, found: Certificate | Trouble | None, via: str, now: datetime) -> Finding:
    match found:
        case Trouble(evidence, int()):
            return fail("network.tls", f"{way.target}{via}: {evidence}", "see the proxy's rules and plivo.proxy")
        case Trouble(evidence, None):
            return fail("network.tls", f"{way.target}{via}: {evidence}", _CERTIFICATES)
        case Certificate(expires, issuer):
            seen = f"{way.target}{via}: certificate of {issuer}, until {expires:%Y-%m-%d}"
            if expires - now < EXPIRING:
                do = "expect trouble: nobody has renewed it yet; is it Plivo's own?"
                return warn("network.tls", seen, do)
            return ok("network.tls", seen)
        case _:
            return _plain(way)


def _plain(way: Way) -> Finding:
    if way.target.startswith(("127.", "localhost", "[::1]")):
        return skip("network.tls", f"{way.target} is this machine, without TLS")
    return fail("network.tls", f"{way.target} is asked without TLS: the token can be read on the way", "use https")
