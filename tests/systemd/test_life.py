"""The service's whole life, as operators see it."""

from contextlib import ExitStack

from tests.systemd.conftest import Play
from tests.systemd.machine import (
    JOBS,
    SERVICE,
    in_state,
    install,
    installed_with_sandbox,
    job,
    journal,
    pid,
    run,
    show,
    started_again,
    systemctl,
    until,
)


def a_whole_life() -> None:
    with ExitStack() as stack:
        sandbox = installed_with_sandbox(stack)
        assert run("reminderd", "check").returncode == 0  # root has no credential, and needs none to check
        job("tick")
        systemctl("enable", "--now", SERVICE)  # returns when READY was sent
        assert show()["StatusText"].startswith("1 job"), show()
        sandbox.wait_accepted(1)
        assert run("ps", "-o", "user=", "-p", str(pid())).stdout.strip() == "reminderd"

        systemctl("kill", "--signal=KILL", "--kill-who=main", SERVICE)
        until(started_again(1), "it is not started again")
        sandbox.wait_accepted(len(sandbox.ledger()) + 1)

        systemctl("stop", SERVICE)
        assert (show()["ActiveState"], show()["Result"]) == ("inactive", "success"), show()
        assert sandbox.duplicates() == []
        assert "delivery.accepted job=tick" in journal()


def test_it_starts_sends_is_killed_and_ends_without_resending(play: Play) -> None:
    play(a_whole_life)


def reloads() -> None:
    with ExitStack() as stack:
        installed_with_sandbox(stack)
        job("tick")
        systemctl("start", SERVICE)
        (JOBS / "broken.yaml").write_text('schedule: {cron: "0 9 * *"}\n')
        failed = systemctl("reload", SERVICE, check=False)
        assert failed.returncode != 0, "a broken file must fail the reload"
        assert "broken.yaml:1:" in journal(SERVICE, "--grep=broken.yaml"), journal()
        until(in_state("active"), "it must go on with the last good version")
        (JOBS / "broken.yaml").unlink()
        systemctl("reload", SERVICE)
        until(in_state("active"), "it must go on")


def test_a_reload_fails_with_a_broken_file_and_succeeds_with_a_good_one(play: Play) -> None:
    play(reloads)


def a_reload_that_takes_a_while() -> None:
    """A file that somebody is still writing is waited for, and the reload with it."""
    install()
    job("yearly", schedule={"cron": "0 9 1 1 *"})
    systemctl("start", SERVICE)
    assert show()["ActiveState"] == "active"
    with (JOBS / "slow.yaml").open("w") as slow:
        slow.write('schedule: {cron: "0 9 2 1 *"}\nto: "+14155550101"\n')
        slow.flush()
        systemctl("kill", "--signal=HUP", "--kill-who=main", SERVICE)
        until(in_state("reloading"), "systemd is not told of the reload")
        slow.write("message: Slow.\n")
    until(in_state("active"), "systemd is not told that it is over")
    until(lambda: show()["StatusText"].startswith("2 jobs, next due "), "the status is an old one")


def test_systemd_sees_that_it_reloads_and_when_that_is_over(play: Play) -> None:
    play(a_reload_that_takes_a_while)
