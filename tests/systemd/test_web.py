"""The listener, its socket and the textfile under the service as shipped."""

from contextlib import ExitStack
from pathlib import Path

from tests.support.web import Figures, answers, ask
from tests.systemd.conftest import Play
from tests.systemd.machine import (
    SERVICE,
    drop_in,
    history,
    in_state,
    install,
    installed_with_sandbox,
    job,
    logged,
    pid,
    run,
    started_again,
    systemctl,
    until,
)

SOCKET = "reminderd-web.socket"
PORT = 9764
FOLDER = Path("/var/lib/prometheus/node-exporter-reminderd")


def a_socket_that_systemd_opens() -> None:
    with ExitStack() as stack:
        sandbox = installed_with_sandbox(stack)
        job("tick")
        systemctl("enable", "--now", SOCKET)
        systemctl("start", SERVICE)
        until(lambda: answers(PORT), "nobody answers")
        assert ask(PORT, "/readyz").status == 200
        until(lambda: history("--state", "accepted"), "nothing is sent")

        systemctl("reload", SERVICE)
        assert answers(PORT)

        systemctl("kill", "--signal=KILL", "--kill-who=main", SERVICE)
        until(started_again(1), "it is not started again")
        until(lambda: answers(PORT), "nobody answers after a death")

        systemctl("stop", SERVICE)
        assert not answers(PORT), "a question must not start a daemon that somebody stopped"
        assert in_state("inactive")()
        systemctl("start", SERVICE)
        until(lambda: answers(PORT), "nobody answers after a stop and a start")
        before = pid()
        systemctl("restart", SERVICE)
        until(lambda: answers(PORT) and pid() != before, "nobody answers after a restart")
        assert sandbox.duplicates() == []


def test_a_socket_of_systemds_is_served_through_reload_death_stop_and_start(play: Play) -> None:
    play(a_socket_that_systemd_opens)


def a_listener_and_a_file_within_the_sandbox_of_the_service() -> None:
    install(settings=f"web: {{listen: '127.0.0.1:{PORT}'}}\nmetrics: {{textfile: {FOLDER}/reminderd.prom}}\n")
    systemctl("start", SERVICE)
    until(lambda: answers(PORT), "nobody answers")
    figures = Figures.of(PORT)
    assert figures.value("reminderd_ready") == 1
    assert figures.value("process_open_fds")
    until(logged("textfile.failed"), "a file system that is read-only is not said")
    # As docs/monitoring.md says.
    run("install", "-d", "-o", "reminderd", "-g", "reminderd", "-m", "0755", str(FOLDER))
    drop_in(f"[Service]\nReadWritePaths={FOLDER}\n")
    systemctl("restart", SERVICE)
    file = FOLDER / "reminderd.prom"
    until(file.exists, "there is no file")
    assert file.stat().st_mode & 0o777 == 0o644
    assert Figures(file.read_text()).value("reminderd_deliveries", state="accepted") == 0
    systemctl("stop", SERVICE)
    assert in_state("inactive")()


def test_listener_and_textfile_work_within_the_sandbox_of_the_service(play: Play) -> None:
    play(a_listener_and_a_file_within_the_sandbox_of_the_service)
