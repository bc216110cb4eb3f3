"""Whoever is told is told from inside the service's sandbox, and what ran beside it is among its heartbeats."""

import json
from contextlib import ExitStack
from pathlib import Path

from tests.systemd.conftest import CHECKOUT, Play
from tests.systemd.machine import JOBS, SERVICE, installed_with_sandbox, job, journal, logged, run, systemctl, until

PAGE = Path("/usr/local/bin/page")
SETTINGS = "alerts:\n  command: [/usr/local/bin/page, ops]\n"


def tells() -> None:
    PAGE.write_text(
        "#!/bin/sh\nid -un\ntouch /etc/reminderd/x 2>&1\nprintenv CREDENTIALS_DIRECTORY\n"
        'echo "$1 $REMINDERD_ALERT $REMINDERD_ALERT_STATE" | tee -a /var/lib/reminderd/told\n'
    )
    PAGE.chmod(0o755)
    with ExitStack() as stack:
        installed_with_sandbox(stack, settings=SETTINGS)
        job("tick")
        systemctl("start", SERVICE)
        said = run("reminderd", "alerts", "--test").stdout.splitlines()
        assert said[0] == "command  told: ended with 0", said
        user, refused, told = (line.strip() for line in said[1:])  # and no CREDENTIALS_DIRECTORY
        assert (user, told) == ("reminderd", "ops test open")
        assert refused.startswith("touch: cannot touch '/etc/reminderd/x': "), refused
        (JOBS / "broken.yaml").write_text("schedule: nonsense\n")
        until(logged("alert.told alert=problems state=open way=command"), "nobody is told")
        assert Path("/var/lib/reminderd/told").read_text() == "ops test open\nops problems open\n"
        assert "alert.opened" in journal(SERVICE, "REMINDERD_ALERT=problems")


def test_a_program_is_told_with_the_daemons_own_rights(play: Play) -> None:
    play(tells)


def stops_while_telling() -> None:
    PAGE.write_text(
        "#!/bin/sh\necho begun > /var/lib/reminderd/begun\n"
        "until [ -e /etc/reminderd/go ]; do sleep 0.05; done\n"
        'echo "$REMINDERD_ALERT $REMINDERD_ALERT_STATE" >> /var/lib/reminderd/told\n'
    )
    PAGE.chmod(0o755)
    with ExitStack() as stack:
        installed_with_sandbox(stack, settings=SETTINGS)
        (JOBS / "broken.yaml").write_text("schedule: nonsense\n")
        systemctl("start", SERVICE)
        until(Path("/var/lib/reminderd/begun").exists, "nobody is told")
        systemctl("stop", "--no-block", SERVICE)
        until(logged("daemon.stopping"), "it does not stop")
        Path("/etc/reminderd/go").touch()
        until(logged("alert.told alert=problems state=open way=command"), "it is not waited for")
        until(logged("daemon.stopped"), "it does not end")
        (alert,) = json.loads(run("reminderd", "alerts", "--json").stdout)
        assert alert["told_by"] == ["command"], alert
        assert alert["told_at"] is not None, alert
        assert Path("/var/lib/reminderd/told").read_text() == "problems open\n"


def test_a_stop_waits_for_a_program_that_tells_and_notes_it(play: Play) -> None:
    play(stops_while_telling)


def backs_up() -> None:
    with ExitStack() as stack:
        installed_with_sandbox(stack)
        for name in ("reminderd-backup.service", "reminderd-backup.timer"):
            Path(f"/etc/systemd/system/{name}").write_text((CHECKOUT / "systemd" / name).read_text())
        systemctl("daemon-reload")
        systemctl("start", SERVICE)
        for running in (True, False):
            if not running:
                systemctl("stop", SERVICE)
            systemctl("start", "reminderd-backup.service")
            beats = json.loads(run("reminderd", "status", "--json").stdout)["heartbeats"]
            assert beats["backup"]["status"] == "ok", beats
            assert "not among the heartbeats" not in journal("reminderd-backup.service")
        assert beats["loop"]["status"] == "ok"


def test_the_nightly_backup_is_among_the_heartbeats_also_of_a_stopped_daemon(play: Play) -> None:
    play(backs_up)
