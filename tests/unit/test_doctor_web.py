"""What `doctor` says of the listener: its tokens' file, its certificate, and whether tokens cross the network in the clear."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reminderd.doctor import Grade, web
from reminderd.doctor.web import expiry
from tests.support.certificates import make
from tests.support.clock import FakeClock
from tests.support.doctor import grades, one, scene

FAIL, WARN, OK = Grade.FAIL, Grade.WARN, Grade.OK
NOW = datetime.now(UTC)


def found(folder: Path, **settings: Any) -> dict[str, Grade]:
    return grades(web.look(scene(folder, FakeClock(NOW), web=settings)))


def test_nothing_is_said_of_a_listener_that_is_not_there(tmp_path: Path) -> None:
    assert found(tmp_path) == {}


@pytest.mark.parametrize(("mode", "grade"), [(0o600, OK), (0o640, OK), (0o644, WARN), (0o602, FAIL)])
def test_who_may_write_or_read_the_tokens_file(tmp_path: Path, mode: int, grade: Grade) -> None:
    file = tmp_path / "tokens"
    file.write_text("")
    file.chmod(mode)
    assert found(tmp_path, tokens_file=str(file)) == {"web.tokens": grade}


def test_what_systemd_hands_over_is_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "web-tokens").write_text("")
    (tmp_path / "web-tokens").chmod(0o606)
    assert grades(web.tokens(scene(tmp_path), tmp_path / "web-tokens")) == {"web.tokens": FAIL}
    assert list(web.tokens(scene(tmp_path), tmp_path / "other")) == []


@pytest.mark.parametrize(("days", "grade"), [(30, OK), (10, WARN)])
def test_a_certificate_that_ends_soon(tmp_path: Path, days: int, grade: Grade) -> None:
    pair = make(tmp_path, "reminders", days)
    pair.key.chmod(0o600)
    settings = {"tls_certificate": str(pair.certificate), "tls_key": str(pair.key)}
    assert found(tmp_path, **settings) == {"web.tls": grade}
    later = scene(tmp_path, FakeClock(NOW + timedelta(days=days + 1)), web=settings)
    assert one(web.look(later), "web.tls").grade is FAIL
    assert abs(expiry(pair.certificate.read_text()) - NOW - timedelta(days=days)) < timedelta(hours=1)


def test_a_pair_that_does_not_fit_and_a_key_that_is_open(tmp_path: Path) -> None:
    pair, other = make(tmp_path, "one"), make(tmp_path, "other")
    other.key.chmod(0o600)
    assert found(tmp_path, tls_certificate=str(pair.certificate), tls_key=str(other.key)) == {"web.tls": FAIL}
    pair.key.chmod(0o644)
    assert found(tmp_path, tls_certificate=str(pair.certificate), tls_key=str(pair.key)) == {"web.tls": FAIL}


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_has_no_end(text: str) -> None:
    with pytest.raises(ValueError, match="certificate"):
        expiry(text)


@pytest.mark.parametrize(
    ("listen", "warned"),
    [
        ("127.0.0.1:9764", False),
        ("[::1]:9764", False),
        ("localhost:9764", False),
        ("0.0.0.0:9764", True),
        ("[::]:9764", True),
        ("reminders.example:9764", True),
    ],
)
def test_tokens_in_the_clear(tmp_path: Path, listen: str, warned: bool) -> None:
    assert found(tmp_path, listen=listen) == ({"web.clear": WARN} if warned else {})
    assert found(tmp_path, listen=listen, forwarded=["10.0.0.1"]) == {}


@pytest.mark.parametrize(
    ("listen", "public", "grade"),
    [
        ("127.0.0.1:9764", "https://reminders.example", OK),
        ("127.0.0.1:9764", "http://127.0.0.1:9764", OK),
        ("127.0.0.1:9764", "http://reminders.example", WARN),
        (None, "https://reminders.example", WARN),
    ],
)
def test_what_plivo_says_by_itself_can_come_and_not_in_the_clear(
    tmp_path: Path, listen: str | None, public: str, grade: Grade
) -> None:
    settings = {"listen": listen} if listen else {}
    assert found(tmp_path, public_url=public, **settings) == {"web.callbacks": grade}
