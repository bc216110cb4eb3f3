"""The listener: who may give tokens, whether the certificate does, and whether tokens cross the network in the clear."""

import ipaddress
import os
import ssl
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from reminderd.doctor.finding import Finding, count, fail, ok, skip, warn
from reminderd.doctor.scene import Scene
from reminderd.doctor.users import CannotTell
from reminderd.web.extra import HINT, callbacks_to
from reminderd.web.tls import TlsError, load

EXPIRING = timedelta(days=14)
_SYSTEM_TOKENS = Path("/etc/reminderd/web-tokens")  # what the drop-in of docs/web.md hands over
_AS_ROOT = "run doctor as root, or as that user"


def look(scene: Scene) -> Iterator[Finding]:
    """Nothing is said of what there is not."""
    for check, lines in (
        ("web.tokens", tokens(scene)),
        ("web.tls", _tls(scene)),
        ("web.clear", _clear(scene)),
        ("web.callbacks", _callbacks(scene)),
    ):
        try:
            yield from lines
        except CannotTell as error:
            yield skip(check, str(error), _AS_ROOT)


def tokens(scene: Scene, handed: Path = _SYSTEM_TOKENS) -> Iterator[Finding]:
    """handed: what systemd hands over where the settings name no file."""
    check, given = "web.tokens", scene.settings.web.tokens_file
    file = given or (handed if os.path.lexists(handed) else None)
    if file is None:
        return
    mode = file.stat().st_mode
    shown = f"{file} ({stat.S_IMODE(mode):04o})"
    if mode & stat.S_IWOTH:
        yield fail(check, f"everybody can write {shown}, and so give themselves a token", f"chmod 600 {file}")
    elif given and scene.service_user.denied("-r", [file]):
        do = f"give it to the group of {scene.service_user.name} with mode 640"
        yield fail(check, f"{scene.service_user.name} cannot read {shown}", do)
    elif mode & stat.S_IROTH:
        yield warn(check, f"everybody can read {shown}: digests, and who has a token", f"chmod o-r {file}")
    else:
        yield ok(check, shown)


def _tls(scene: Scene) -> Iterator[Finding]:
    check, web = "web.tls", scene.settings.web
    if web.tls_certificate is None or web.tls_key is None:
        return
    if shut := scene.service_user.denied("-r", [web.tls_certificate, web.tls_key]):
        do = f"give it to the group of {scene.service_user.name} with mode 640"
        yield fail(check, f"{scene.service_user.name} cannot read {shut[0]}", do)
        return
    if (mode := web.tls_key.stat().st_mode) & stat.S_IROTH:
        seen = f"{web.tls_key} is open to everybody ({stat.S_IMODE(mode):04o})"
        yield fail(check, seen, "chmod 640, and renew certificate and key")
        return
    try:
        load(web.tls_certificate, web.tls_key)
        ends = expiry(web.tls_certificate.read_text("ascii"))
    except (TlsError, ValueError) as error:
        yield fail(check, str(error), "mend the files, then `reminderd reload`")
        return
    left = ends - scene.clock.now()
    if left <= timedelta(0):
        yield fail(check, f"{web.tls_certificate} ended {ends:%Y-%m-%d}", "renew it, then `reminderd reload`")
    elif left < EXPIRING:
        seen = f"{web.tls_certificate} ends {ends:%Y-%m-%d}, in {count(left.days, 'day')}"
        yield warn(check, seen, "renew it, then `reminderd reload`; whatever renews it should have by now")
    else:
        yield ok(check, f"{web.tls_certificate} ends {ends:%Y-%m-%d}")


def _clear(scene: Scene) -> Iterator[Finding]:
    """`forwarded` says that there is a proxy, which is taken to bring TLS."""
    web = scene.settings.web
    if web.listen is None or web.tls_certificate is not None or web.forwarded or _is_loopback(web.listen):
        return
    seen = f"{web.listen} is reached by others, and tokens can be read on their way"
    yield warn("web.clear", seen, "set web.tls_certificate and tls_key, or listen on 127.0.0.1 behind a proxy")


def _callbacks(scene: Scene) -> Iterator[Finding]:
    """Whether what Plivo says by itself can come, and who can read it on its way."""
    check, web = "web.callbacks", scene.settings.web
    if web.public_url is None:
        return
    parts = urlsplit(web.public_url)
    if callbacks_to(scene.settings) is None:
        seen = "web.public_url is set, and Plivo is told nothing: the libraries of the listener are not installed"
        yield warn(check, seen, HINT)
    elif web.listen is None:
        seen = f"Plivo is told to report to {web.public_url}, and nothing listens unless systemd hands a socket over"
        yield warn(check, seen, "set web.listen, or enable reminderd-web.socket, or take web.public_url out")
    elif parts.scheme == "http" and not _is_here(parts.hostname or ""):
        seen = f"Plivo reports to {web.public_url}: phone numbers and texts cross the network in the clear"
        yield warn(check, seen, "give it an https address: by a proxy in front, or web.tls_certificate and tls_key")
    elif scene.running and scene.noted is not None and scene.noted.unheard:
        yield warn(check, scene.noted.unheard, "see `reminderd problems`")
    else:
        yield ok(check, f"Plivo is told to report to {web.public_url}")


def _is_loopback(listen: str) -> bool:
    return _is_here(listen.rpartition(":")[0].strip("[]"))


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name, of who knows which address


def expiry(text: str) -> datetime:
    """Until when the first certificate of a PEM file is good. Raises ValueError where it is none."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    if begin not in text or end not in text:
        raise ValueError("this is no certificate in PEM")
    block = begin + text.split(begin, 1)[1].split(end, 1)[0] + end
    try:
        fields = _parts(_parts(_parts(ssl.PEM_cert_to_DER_cert(block))[0][1])[0][1])
        validity = fields[4 if fields[0][0] == 0xA0 else 3]  # after version (if any), serial, algorithm and issuer
        kind, written = _parts(validity[1])[1]
        words = written.decode("ascii")
        if kind == 0x17:  # UTCTime, whose years are 1950 to 2049 (RFC 5280, 4.1.2.5.1)
            words = ("19" if words >= "50" else "20") + words
        return datetime.strptime(words, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except (IndexError, ValueError):
        raise ValueError("this certificate cannot be read") from None


def _parts(der: bytes) -> list[tuple[int, bytes]]:
    """The elements of DER that follow each other: tag and content."""
    found, at = [], 0
    while at < len(der):
        tag, size, at = der[at], der[at + 1], at + 2
        if size & 0x80:
            more = size & 0x7F
            size, at = int.from_bytes(der[at : at + more], "big"), at + more
        found.append((tag, der[at : at + size]))
        at += size
    return found
