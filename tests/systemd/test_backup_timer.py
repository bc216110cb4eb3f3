"""The timer of backups and its service."""

from pathlib import Path

from tests.systemd.conftest import Play
from tests.systemd.machine import SERVICE, STATE, drop_in, in_state, install, journal, run, show, systemctl, until

BACKUPS = Path("/var/lib/reminderd-backups")
UNIT = "reminderd-backup.service"
SHORT = "[Service]\nExecStart=\nExecStart=reminderd backup --into /var/lib/reminderd-backups --keep 2\n"


def backups() -> list[str]:
    return sorted(path.name for path in BACKUPS.glob("reminderd-*.db"))


def nightly_backups() -> None:
    install()
    systemctl("enable", "--now", SERVICE, "reminderd-backup.timer")
    timers = run("systemctl", "list-timers", "--no-legend", "reminderd-backup.timer").stdout
    assert UNIT in timers, "the next night must be known"

    systemctl("start", UNIT)  # beside the running daemon; it ends when the backup is made
    (first,) = backups()
    assert (BACKUPS / first).stat().st_mode & 0o777 == 0o600
    assert run("stat", "-c", "%U %a", str(BACKUPS)).stdout == "reminderd 700\n"

    systemctl("stop", SERVICE)
    (BACKUPS / "notes").write_text("mine")
    for day in ("01", "02"):
        (BACKUPS / f"reminderd-202601{day}T000000Z-{first[-15:-3]}.db").write_bytes(b"an older one")
    drop_in(SHORT, UNIT)
    systemctl("start", UNIT)  # beside a stopped one
    assert first in backups()
    assert len(backups()) == 2
    assert (BACKUPS / "notes").read_text() == "mine"


def test_the_service_makes_a_backup_and_removes_the_oldest(play: Play) -> None:
    play(nightly_backups)


def a_backup_beside_a_daemon_that_died() -> None:
    install()
    systemctl("start", SERVICE)
    drop_in("[Service]\nRestart=no\n")
    systemctl("kill", "--signal=KILL", SERVICE)
    until(in_state("failed"), "it must die")
    assert STATE.with_name("state.db-wal").exists()
    systemctl("start", UNIT)
    assert len(backups()) == 1


def test_a_backup_is_made_also_beside_what_a_dead_daemon_left(play: Play) -> None:
    play(a_backup_beside_a_daemon_that_died)


def a_backup_that_fails() -> None:
    install()
    drop_in("[Unit]\nOnFailure=reminderd-failure@%n.service\n", UNIT)
    systemctl("start", UNIT, check=False)  # there is no state yet
    assert (show(UNIT)["ActiveState"], show(UNIT)["ExecMainStatus"]) == ("failed", "2")
    assert "there is no state at" in journal(UNIT)

    def told() -> str:
        return run("journalctl", "--no-pager", "-o", "cat", "-p", "crit", "-t", "reminderd-failure").stdout

    until(lambda: f"Id={UNIT}" in told() and "ExecMainStatus=2" in told(), "nobody was told")


def test_one_that_fails_is_told(play: Play) -> None:
    play(a_backup_that_fails)
