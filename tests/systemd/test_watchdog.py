"""A loop that hangs is killed and started again; a disk that is full is waited out."""

from contextlib import ExitStack
from os import kill
from pathlib import Path
from signal import SIGSTOP

from tests.systemd.conftest import Play
from tests.systemd.machine import (
    SERVICE,
    drop_in,
    in_state,
    installed_with_sandbox,
    job,
    journal,
    logged,
    pid,
    run,
    show,
    started_again,
    systemctl,
    until,
)


def a_process_that_stands_still() -> None:
    with ExitStack() as stack:
        sandbox = installed_with_sandbox(stack)
        drop_in("[Service]\nWatchdogSec=18s\n")  # an idle loop makes a pass each 15 s
        job("tick")
        systemctl("start", SERVICE)
        sandbox.wait_accepted(1)
        kill(pid(), SIGSTOP)
        until(logged("Watchdog timeout (limit 18s)!"), "nobody sees that it stands still")
        until(started_again(1), "it is not started again")
        # faulthandler: where each thread was when it was killed
        assert "Fatal Python error: Aborted" in journal()
        assert "conductor.py" in journal()
        sandbox.wait_accepted(len(sandbox.ledger()) + 1)
        assert sandbox.duplicates() == []


def test_a_process_that_stands_still_is_killed_shows_where_and_is_started_again(play: Play) -> None:
    play(a_process_that_stands_still)


def a_loop_that_hangs() -> None:
    """The loop writes its log into a pipe that nobody reads, and blocks; its other threads go on."""
    with ExitStack() as stack:
        installed_with_sandbox(stack, settings="log: {format: text, level: debug}\n")
        Path("/run/reader.py").write_text(
            "import fcntl, os, signal\n"
            "os.mkfifo('/run/pipe')\n"
            "pipe = os.open('/run/pipe', os.O_RDONLY | os.O_NONBLOCK)\n"
            "fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)\n"
            "signal.pause()\n"
        )
        run("systemd-run", "--unit=reader", "/usr/bin/python3", "/run/reader.py")
        until(Path("/run/pipe").exists, "no pipe")
        drop_in("[Service]\nStandardError=file:/run/pipe\nWatchdogSec=18s\nTimeoutAbortSec=2s\n")
        job("tick", to=[f"+4477009001{number:02}" for number in range(50)])
        systemctl("start", SERVICE)
        died = pid()
        until(lambda: "Watchdog timeout" in journal(), "nobody sees that it hangs")
        until(lambda: pid() not in (0, died), "it is not started again")
        assert "Killing process" in journal(), "what cannot even write where it hangs is killed for good"


def test_a_loop_that_hangs_while_other_threads_live_is_killed(play: Play) -> None:
    play(a_loop_that_hangs)


def a_full_disk() -> None:
    with ExitStack() as stack:
        sandbox = installed_with_sandbox(stack)
        run("install", "-d", "-o", "reminderd", "-m", "700", "/var/lib/reminderd")
        run("mount", "-t", "tmpfs", "-o", "size=4m,mode=700,uid=reminderd", "tmpfs", "/var/lib/reminderd")
        drop_in("[Service]\nWatchdogSec=17s\n")
        job("tick")
        systemctl("start", SERVICE)
        sandbox.wait_accepted(1)
        before = pid()
        run("sh", "-c", "cat /dev/zero > /var/lib/reminderd/full", check=False)
        # Pauses of 0.5, 1, 2, 4, 8 s: by the sixth failure the watchdog would have bitten.
        until(logged("failures=6"), "the disk is not full")
        assert show()["StatusText"].startswith("the state cannot be used, nothing goes out: database or disk is full")
        assert "free space on its disk" in show()["StatusText"]
        job("late", schedule={"cron": "0 9 1 1 *"})
        failed = systemctl("reload", SERVICE, check=False)  # which would wait for the disk, were it not told better
        assert failed.returncode != 0, "nothing can be taken over"
        assert "the state cannot be used: database or disk is full" in journal(SERVICE, "--grep=reminderd: the state")
        until(in_state("active"), "it is reloading for ever")
        assert show()["StatusText"].startswith("the state cannot be used, nothing goes out: database or disk is full")
        Path("/var/lib/reminderd/full").unlink()
        run("reminderd", "reload", check=False)  # wakes the loop, which would look again by itself
        until(logged("daemon.recovered"), "it does not go on")
        until(lambda: show()["StatusText"].startswith("2 jobs"), "the status stays")
        assert (pid(), show()["NRestarts"]) == (before, "0")
        sandbox.wait_accepted(len(sandbox.ledger()) + 1)
        assert sandbox.duplicates() == []


def test_a_full_disk_is_waited_out_and_not_killed(play: Play) -> None:
    play(a_full_disk)
