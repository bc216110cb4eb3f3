"""What the commands share in reading and printing times, names and tables."""

import io
import json
import logging
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from freezegun import freeze_time

from reminderd.cli.common import clean, local, parse_moment, print_table
from reminderd.clock import SystemClock, from_text, to_text
from reminderd.telemetry import Event, configure, emit, in_one_write, json_text


@freeze_time("2026-11-22T08:00:00Z")
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", datetime(2026, 11, 22, 6, tzinfo=UTC)),
        ("7d", datetime(2026, 11, 15, 8, tzinfo=UTC)),
        ("2026-11-22T07:30", datetime(2026, 11, 22, 7, 30, tzinfo=UTC)),
        ("2026-11-22T07:30+02:00", datetime(2026, 11, 22, 5, 30, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_since_takes_an_age_or_a_time(text: str, moment: datetime) -> None:
    assert parse_moment(text) == moment


def test_since_says_what_it_takes() -> None:
    with pytest.raises(click.BadParameter, match=r"neither a time .* nor an age"):
        parse_moment("yesterday")


@freeze_time("2026-11-22T08:00:00.1239Z")
def test_the_clock_tells_utc_and_is_written_to_the_millisecond() -> None:
    now = SystemClock().now()
    assert to_text(now) == "2026-11-22T08:00:00.123Z"
    assert from_text(to_text(now)) == datetime(2026, 11, 22, 8, 0, 0, 123000, tzinfo=UTC)


def test_a_printed_time_carries_its_zone() -> None:
    assert local("2026-07-01T07:00:00.000Z", "Europe/Berlin") == "2026-07-01 09:00:00 CEST"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("plain", "plain"), ("two\nlines", "two⏎lines"), ("\x1b[31mred", "\\x1b[31mred"), ("a\x00b", "a\\x00b")],
)
def test_nothing_that_is_printed_can_steer_the_terminal(value: str, shown: str) -> None:
    assert clean(value) == shown


def test_a_table_is_aligned_and_plain_when_it_is_not_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("ID", "STATE"), [(1, "accepted"), (1000, "failed")], state_column=1)
    assert capsys.readouterr().out == "ID    STATE\n1     accepted\n1000  failed\n"


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    with Path("/dev/full").open("w") as full:
        configure("text", "info", full)
        with in_one_write():
            emit(Event.DELIVERY_ACCEPTED, job="rent", delivery=1)
        with suppress(OSError):
            full.close()
    logging.getLogger("reminderd").handlers.clear()


def test_a_line_of_the_log_stays_one_line_whatever_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text", "info")
    emit(Event.DELIVERY_FAILED, job="rent", delivery=1, reason='two\nlines "quoted"', nothing=None)
    line = capsys.readouterr().err
    assert line.endswith('error   delivery.failed job=rent delivery=1 reason="two\\nlines \\"quoted\\""\n')
    assert line.count("\n") == 1
    logging.getLogger("reminderd").handlers.clear()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_field_of_the_log_can_steer_a_terminal(log_format: str) -> None:
    log = io.StringIO()
    configure(log_format, "info", log)
    emit(Event.COMMAND_DONE, who="a\u202eb\x9b2J\u2028c\ud800\n")
    line = log.getvalue().removesuffix("\n")
    assert line.isprintable()
    assert r"a\u202eb\u009b2J\u2028c\ud800\n" in line


def test_json_means_what_it_meant_before_it_was_made_harmless() -> None:
    nasty = {"k\u202e": ["\x9b\u200b\U000e0041 é ✓ 🎉\n", "\ud800"]}
    assert json_text(nasty, indent=1).replace("\n", "").isprintable()
    assert json.loads(json_text(nasty)) == nasty


@pytest.mark.parametrize(("no_color", "level"), [("", "\x1b[31merror  \x1b[0m"), ("1", "error  ")])
def test_on_a_terminal_the_log_has_columns_and_its_level_a_colour(
    no_color: str, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = os.openpty()
    with open(theirs, "w") as terminal:  # noqa: PTH123 - of a descriptor
        configure("auto", "info", terminal)
        emit(Event.DELIVERY_FAILED, job="rent", delivery=42)
        emit(Event.DAEMON_STOPPED)
        configure("text", "info")
        first, second = os.read(ours, 65536).decode().splitlines()
    os.close(ours)
    assert first.split(" ", 1)[1] == f"{level} delivery.failed      job=rent delivery=42"
    assert second.endswith(" daemon.stopped")
