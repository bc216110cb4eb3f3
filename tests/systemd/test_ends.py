"""How it ends: told to, again and again, or because a person is needed."""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.systemd.conftest import Play
from tests.systemd.machine import (
    SERVICE,
    SETTINGS,
    STATE,
    TOKEN,
    drop_in,
    history,
    in_state,
    install,
    installed_with_sandbox,
    job,
    journal,
    logged,
    pid,
    run,
    show,
    systemctl,
    until,
)


def a_stop_with_a_request_under_way() -> None:
    with ExitStack() as stack:
        sandbox = installed_with_sandbox(stack, "--fault", "latency=8s")
        job("tick")
        systemctl("start", SERVICE)
        until(lambda: history("--state", "sending"), "no request")
        systemctl("stop", SERVICE)  # returns when it has ended
        assert (show()["ActiveState"], show()["Result"]) == ("inactive", "success"), show()
        assert "daemon.stopped" in journal()
        assert {row["state"] for row in history() if row["attempts"]} == {"accepted"}
        assert sandbox.duplicates() == []


def test_a_stop_waits_for_requests_under_way(play: Play) -> None:
    play(a_stop_with_a_request_under_way)


def a_daemon_that_keeps_dying() -> None:
    install()
    drop_in("[Service]\nTimeoutStartSec=9s\n")  # the third pause is longer, and asks for its time
    systemctl("start", SERVICE)
    dies()
    until(in_state("active"), "the first death is no reason to wait")
    dies()
    until(waits("2 times in a row soon after its start, so this start waits 5s, until "), "it does not wait")
    assert show()["ActiveState"] == "activating"
    until(in_state("active"), "the pause does not end")
    dies()
    until(waits("3 times in a row soon after its start, so this start waits 10s"), "the pause does not grow")
    until(in_state("active"), "systemd does not wait for it")
    assert show()["NRestarts"] == "3", show()
    dies()
    until(waits("4 times in a row"), "it does not wait")
    systemctl("restart", SERVICE)  # obeyed at once, and who asks for it means it: the new start does not wait
    assert journal().count("daemon.delayed") == 3
    systemctl("stop", SERVICE)
    assert (show()["ActiveState"], show()["Result"]) == ("inactive", "success"), show()
    assert not Path("/run/reminderd").exists()


def dies() -> None:
    before = pid()
    systemctl("kill", "--signal=KILL", "--kill-who=main", SERVICE)
    until(lambda: pid() not in (0, before), "it is not started again")


def waits(words: str) -> Callable[[], bool]:
    return lambda: show()["StatusText"].startswith(f"died {words}")


def test_a_daemon_that_keeps_dying_is_started_after_growing_pauses(play: Play) -> None:
    play(a_daemon_that_keeps_dying)


def settings_with_a_problem() -> str:
    SETTINGS.write_text("plivo: {rat: 5}\n")
    return "unknown key 'rat'"


def no_auth_id() -> str:
    SETTINGS.write_text("timezone: UTC\n")
    return "Plivo's credentials are missing"


def a_token_that_is_empty() -> str:
    TOKEN.write_text("")
    return "credentials: plivo-token: "


def a_state_that_is_damaged() -> str:
    content = bytearray(STATE.read_bytes())
    content[4096 : 4096 * 3] = b"\xff" * 4096 * 2
    STATE.write_bytes(content)
    return "is damaged"


def a_newer_state() -> str:
    with closing(sqlite3.connect(STATE, isolation_level=None)) as newer:
        newer.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('reminderd', 'm9999', '')"
        )
    return "was written by a newer reminderd"


def a_person_is_needed(spoil: Callable[[], str], status: str = "2") -> None:
    """After a life of its own the service is spoilt and started: it fails for good, says why, and somebody is told."""
    install()
    drop_in("[Unit]\nOnFailure=reminderd-failure@%n.service\n")
    systemctl("start", SERVICE)
    systemctl("stop", SERVICE)
    words = spoil()
    systemctl("start", SERVICE, check=False)
    until(in_state("failed"), "it does not fail")
    assert (show()["ExecMainStatus"], show()["NRestarts"]) == (status, "0"), show()
    assert words in journal()
    told = ["journalctl", "--no-pager", "-o", "cat", "-p", "crit", "-t", "reminderd-failure"]
    until(lambda: f"ExecMainStatus={status}" in run(*told).stdout, "nobody is told")
    if status == "2":  # else the program was never started
        said = next(line for line in run(*told).stdout.splitlines() if line.startswith("StatusText="))
        assert words in said, "what it says last is why it ended"


def wrong_settings() -> None:
    a_person_is_needed(settings_with_a_problem)


def missing_credentials() -> None:
    a_person_is_needed(no_auth_id)


def an_empty_token() -> None:
    a_person_is_needed(a_token_that_is_empty)


def a_damaged_state() -> None:
    a_person_is_needed(a_state_that_is_damaged)


def a_state_of_a_newer_program() -> None:
    a_person_is_needed(a_newer_state)


def a_missing_token() -> None:
    def gone() -> str:
        TOKEN.unlink()
        return "Failed to set up credentials"

    a_person_is_needed(gone, "243")


@pytest.mark.parametrize(
    "scene",
    [wrong_settings, missing_credentials, an_empty_token, a_damaged_state, a_state_of_a_newer_program, a_missing_token],
    ids=lambda scene: scene.__name__,
)
def test_what_needs_a_person_is_not_tried_again(play: Play, scene: Callable[[], None]) -> None:
    play(scene)


def a_start_on_a_full_disk() -> None:
    install()
    run("install", "-d", "-o", "reminderd", "-m", "700", "/var/lib/reminderd")
    run("mount", "-t", "tmpfs", "-o", "size=4m,mode=700,uid=reminderd", "tmpfs", "/var/lib/reminderd")
    run("sh", "-c", "cat /dev/zero > /var/lib/reminderd/full", check=False)
    systemctl("start", "--no-block", SERVICE)
    until(logged("free space on its disk"), "it does not say what to do")
    until(lambda: int(show()["NRestarts"]) >= 2, "it is not tried again")
    assert in_state("activating")() or show()["SubState"] == "auto-restart"
    Path("/var/lib/reminderd/full").unlink()
    until(in_state("active"), "it does not start on the mended disk")


def test_a_start_on_a_full_disk_is_tried_again_until_there_is_room(play: Play) -> None:
    play(a_start_on_a_full_disk)
