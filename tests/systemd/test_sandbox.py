"""What the service may do, tried from inside of its own sandbox."""

import json
import shutil
from pathlib import Path

from reminderd.gateway.sandbox import AUTH_TOKEN
from tests.systemd.conftest import CHECKOUT, Play
from tests.systemd.machine import SERVICE, drop_in, install, job, run, systemctl

PROBE = Path("/usr/local/lib/probe.py")  # where the service can read it, wherever the checkout lies
CREDENTIAL = "/run/credentials/reminderd.service/plivo-token"


def a_probe_of_the_sandbox() -> None:
    install()
    job("yearly", schedule={"cron": "0 9 1 1 *"})
    shutil.copy(CHECKOUT / "tests" / "systemd" / "probe.py", PROBE)
    PROBE.chmod(0o644)
    for folder in ("/srv/open", "/var/open"):
        Path(folder).mkdir(mode=0o777)
        Path(folder).chmod(0o777)
    # systemd 252 lets the main process alone read the credential, so the probe runs as that, before the daemon.
    drop_in(
        "[Service]\nExecStart=\n"
        f"ExecStart=/bin/sh -ec '/usr/bin/python3 {PROBE} /run/reminderd/probe.json; exec reminderd run'\n"
    )
    systemctl("start", SERVICE)
    found = json.loads(Path("/run/reminderd/probe.json").read_text())

    state = {"/run/reminderd", "/var/lib/reminderd", "/var/lib/reminderd-marks"}
    assert set(found["makes files in"]) == {*state, "/tmp", "/var/tmp"}, found
    assert list(Path("/tmp").glob(".probe")) == [], "its /tmp is its own"
    assert (found["writes"], found["reads"]) == ([], []), found
    assert found["speaks"] == ["AF_INET", "AF_INET6", "AF_UNIX"]
    none = "0" * 16
    assert found["rights"] == {"CapEff": none, "CapBnd": none, "NoNewPrivs": "1", "Seccomp": "2"}
    assert found["others"] == 0
    assert found["boot"] == 36, "the boot's id tells of a clock that was set during a stop"
    assert found["runs what it wrote"] is False
    assert found["runs programs"] == "it\n", "alerts.command must work"

    assert (found["token"].strip(), found["mode"]) == (AUTH_TOKEN, "400")
    someone = run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "cat", CREDENTIAL, check=False)
    assert someone.returncode != 0
    assert AUTH_TOKEN not in someone.stdout + someone.stderr


def test_nothing_is_writable_but_the_state_and_nothing_is_gained(play: Play) -> None:
    play(a_probe_of_the_sandbox)
