"""`reminderd doctor` beside a real unit: as shipped, changed by drop-ins, failed, and as the daemon's own user."""

import json
import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

from reminderd.doctor import Finding, Grade
from tests.support.doctor import grades, one
from tests.support.sandbox import wait_until
from tests.systemd.conftest import CHECKOUT, Play
from tests.systemd.machine import (
    JOBS,
    SERVICE,
    SETTINGS,
    STATE,
    drop_in,
    in_state,
    installed_with_sandbox,
    job,
    pid,
    run,
    systemctl,
    until,
)

FAIL, WARN, OK, SKIP = Grade.FAIL, Grade.WARN, Grade.OK, Grade.SKIP
UNIT = Path("/etc/systemd/system") / SERVICE


def doctor(*before: str) -> list[Finding]:
    done = run(*before, "reminderd", "doctor", "--json", check=False)
    document = json.loads(done.stdout)
    assert done.returncode == (0 if document["ok"] else 1), done
    return [Finding(each["check"], Grade(each["grade"]), each["seen"], each["do"]) for each in document["checks"]]


def failures(found: list[Finding]) -> list[Finding]:
    return [each for each in found if each.grade is FAIL]


def as_shipped() -> None:
    with ExitStack() as stack:
        installed_with_sandbox(stack)
        job("tick", schedule={"cron": "0 9 * * *"})
        found = doctor()
        assert failures(found) == [], "before the first start"
        Path("/var/lib/reminderd").mkdir(exist_ok=True)
        found = doctor()
        assert failures(found) == [], "systemd will give it to the daemon's user"
        assert (one(found, "files.state").grade, one(found, "files.marks").grade) == (SKIP, SKIP)
        assert (one(found, "unit").grade, "not started at boot" in one(found, "unit").seen) == (WARN, True)
        systemctl("enable", "--now", SERVICE)

        found = doctor()
        assert failures(found) == []
        assert one(found, "files.user").seen == "the daemon's user is reminderd"
        fine = ["files.settings", "files.token", "files.jobs", "files.state", "files.marks", "files.socket"]
        fine += ["unit", "unit.hardening", "unit.user", "daemon", "daemon.answers", "daemon.catalog"]
        fine += ["account", "account.credit", "senders"]
        assert {check: grades(found)[check] for check in fine} == dict.fromkeys(fine, OK), found

        (JOBS / "tick.yaml").chmod(0o600)
        assert one(doctor(), "files.jobs").seen == f"reminderd cannot read {JOBS}/tick.yaml"
        (JOBS / "tick.yaml").chmod(0o644)
        systemctl("stop", SERVICE)
        os.chown(
            STATE, 0, 0
        )  # as a command does that ran as root; systemd gives back only what a directory's owner shows
        assert one(doctor(), "files.state").seen == f"reminderd cannot write {STATE}"
        shutil.chown(STATE, "reminderd")
        systemctl("start", SERVICE)

        found = doctor("runuser", "-u", "reminderd", "--")
        assert failures(found) == [], "as the daemon's own user"
        assert (one(found, "account").grade, one(found, "files.jobs").grade) == (SKIP, OK)
        found = doctor("runuser", "-u", "nobody", "--")
        hidden = ["settings", "files.settings", "files.state", "state", "daemon"]
        assert {check: grades(found)[check] for check in hidden} == dict.fromkeys(hidden, SKIP), found


def test_all_is_well_with_the_shipped_unit_also_as_others_see_it(play: Play) -> None:
    play(as_shipped)


def changed() -> None:
    with ExitStack() as stack:
        installed_with_sandbox(stack)
        drop_in("[Service]\nMemoryMax=300M\nIPAddressDeny=any\nIPAddressAllow=localhost\n", name="limits.conf")
        systemctl("enable", "--now", SERVICE)
        assert one(doctor(), "unit.hardening").grade is OK, "limits take nothing away"

        drop_in("[Service]\nProtectSystem=no\nReadWritePaths=/srv\nSystemCallFilter=@mount\n", name="weak.conf")
        weak = [each.seen for each in doctor() if each.check == "unit.hardening"]
        assert weak == [
            "ProtectSystem=no",
            "SystemCallFilter also allows @mount",
            "ReadWritePaths=/srv gives more than was shipped",
        ]
        Path(f"/etc/systemd/system/{SERVICE}.d/weak.conf").unlink()
        assert "systemctl daemon-reload" in one(doctor(), "unit").do
        systemctl("daemon-reload")

        drop_in("[Service]\nUser=ghost\n", name="weak.conf")
        assert one(doctor(), "unit.user").grade is FAIL
        drop_in("", name="weak.conf")

        drop_in("[Service]\nEnvironment=REMINDERD_STATE=/var/lib/reminderd/other.db\n", name="other.conf")
        systemctl("restart", SERVICE)
        second = subprocess.Popen(["reminderd", "run"], cwd=CHECKOUT, env={**os.environ, "PLIVO_AUTH_TOKEN": "x"})
        stack.callback(second.wait)
        stack.callback(second.kill)
        wait_until(lambda: "two daemons" in one(doctor(), "unit").seen)
        assert one(doctor(), "unit").grade is FAIL
        assert str(pid()) in one(doctor(), "unit").seen


def test_what_was_changed_about_the_unit_is_seen(play: Play) -> None:
    play(changed)


def broken() -> None:
    with ExitStack() as stack:
        installed_with_sandbox(stack)
        SETTINGS.write_text("plivo: {rate: often}\n")
        systemctl("start", SERVICE, check=False)
        until(in_state("failed"), "settings that are wrong end it")
        found = doctor()
        assert (one(found, "unit").grade, one(found, "settings").grade) == (FAIL, FAIL)
        UNIT.unlink()
        systemctl("daemon-reload")
        systemctl("reset-failed", check=False)
        assert one(doctor(), "unit").seen == f"{SERVICE} is not-found"


def test_a_unit_that_failed_or_is_not_there_is_seen(play: Play) -> None:
    play(broken)
