"""Evidence is fit for a log, whatever the other side says."""

import socket
import ssl
from http.client import BadStatusLine, RemoteDisconnected

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminderd.gateway.evidence import of_broken, of_unreached, scrub, tunnel_status


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("'14155550123' is not a valid phone number", "'…0123' is not a valid phone number"),
        ("+14155550123", "…0123"),
        ("+1 (415) 555-0123 and 415.555.0199", "…0123 and …0199"),
        ("447700900123,447700900456", "…0123,…0456"),
        ("123456 is short enough", "123456 is short enough"),
        ("1234567", "…4567"),
        ("a\r\nb\tc\x00d", "a b c d"),
        ("", ""),
    ],
)
def test_numbers_are_masked_and_lines_are_one(said: str, shown: str) -> None:
    assert scrub(said) == shown


def test_long_evidence_is_cut() -> None:
    assert scrub("word " * 1_000_000) == ("word " * 40)[:199] + "…"


def test_secrets_are_replaced() -> None:
    assert scrub("token abc-42 of MAYX", secrets=("abc-42", "MAYX")) == "token [secret] of [secret]"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("text 'Your rent is due today' too long", "Your rent is due today"),
        ("text 'Your rent is due' too long", "Your rent is due today, says Anna"),
        ("text: Your rent  is\ndue today", "Your rent\nis due today"),
        ("a rent is due b", "rent is due"),
        ("code 4711", "4711"),
    ],
)
def test_no_recognisable_part_of_the_text_shows(said: str, text: str) -> None:
    shown = scrub(said, text)
    assert "…" in shown
    assert "rent is due" not in shown
    assert "4711" not in shown


def test_words_that_only_look_alike_stay() -> None:
    assert scrub("the text is too long", "This is a text about something else") == "the text is too long"


@given(st.text(), st.text(min_size=12), st.text())
def test_a_text_never_shows_wherever_it_stands(before: str, text: str, after: str) -> None:
    shown = scrub(f"{before}{text}{after}", text)
    whole = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    assert len(shown) <= 200
    assert len(whole) < 12 or whole not in shown


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (socket.gaierror(-2, "Name or service not known"), "name not resolved: Name or service not known"),
        (UnicodeError("label too long"), "name not resolved: it can be none"),
        (ConnectionRefusedError(111, "Connection refused"), "no connection: Connection refused"),
        (OSError(), "no connection: OSError"),
        (TimeoutError("timed out"), "connect time-out"),
        (ssl.SSLError(1, "[SSL: WRONG] wrong"), "TLS failed: SSLError"),
        (OSError("Tunnel connection failed: 502 +14155550123"), "the proxy answered 502"),
        (BadStatusLine("+14155550123"), "no connection: BadStatusLine"),
    ],
)
def test_why_nothing_was_reached(error: Exception, shown: str) -> None:
    assert of_unreached(error) == shown


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (TimeoutError("timed out"), "no answer for 30 s"),
        (RemoteDisconnected("x"), "closed without an answer"),
        (ConnectionResetError(104, "Connection reset by peer"), "connection lost: Connection reset by peer"),
        (BadStatusLine("+14155550123"), "no HTTP answer: BadStatusLine"),
        (ValueError("+14155550123"), "no answer: ValueError"),
    ],
)
def test_why_there_is_no_answer(error: Exception, shown: str) -> None:
    assert of_broken(error, 30.0) == shown


def test_only_a_tunnel_has_a_tunnels_status() -> None:
    assert tunnel_status(OSError("Tunnel connection failed: 407 Who")) == 407
    assert tunnel_status(OSError("other")) is None
    assert tunnel_status(ValueError("Tunnel connection failed: 407")) is None
