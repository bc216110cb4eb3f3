"""Reminders through the API of the service as shipped: what systemd lets it write is enough for them."""

import json
from contextlib import ExitStack

from tests.support.web import answers, ask
from tests.systemd.conftest import Play
from tests.systemd.machine import (
    JOBS,
    SERVICE,
    STATE,
    configure,
    history,
    installed_with_sandbox,
    run,
    systemctl,
    until,
)

PORT = 9764
SETTINGS = "web: {{listen: '127.0.0.1:9764', tokens: ['{line}']}}\n"
SOON = {"schedule": {"every": "1s", "from": "2026-01-01T00:00:00Z"}, "message": "Soon.", "to": "+14155550123"}


def a_reminder_of_the_api() -> None:
    with ExitStack() as stack:
        sandbox = installed_with_sandbox(stack)
        made = json.loads(run("/opt/reminderd/bin/reminderd", "token", "ci", "--scope", "write", "--json").stdout)
        configure(sandbox.url, SETTINGS.format(line=made["line"]))
        systemctl("start", SERVICE)
        until(lambda: answers(PORT), "nobody answers")
        given = {"authorization": f"Bearer {made['token']}", "content-type": "application/json"}
        answer = ask(
            PORT, "/api/v1/reminders", "POST", body=json.dumps({"name": "soon", **SOON}).encode(), headers=given
        )
        assert answer.status == 201, answer.body
        (file,) = (STATE.parent / "jobs").iterdir()
        assert run("stat", "-c", "%U:%G %a", str(file)).stdout == "reminderd:reminderd 600\n"
        assert list(JOBS.iterdir()) == []
        until(lambda: history("--state", "accepted"), "nothing is sent")
        assert ask(PORT, "/api/v1/reminders/soon", "DELETE", headers=given).status == 200
        assert list((STATE.parent / "jobs").iterdir()) == []


def test_a_reminder_is_written_and_sent_within_the_sandbox_of_the_service(play: Play) -> None:
    play(a_reminder_of_the_api)
