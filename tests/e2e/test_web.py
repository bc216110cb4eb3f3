"""The listener of a running daemon: what it answers, and that it opens, moves and closes as the settings say."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.samples import Sample

from tests.support.daemon import PROGRAM, Home, job, moment, phone
from tests.support.sandbox import SandboxProcess, wait_until
from tests.support.web import Figures, answers, ask, free_port, run_promtool

pytestmark = pytest.mark.timeout(300)

MONITORING = Path(__file__).parents[2] / "docs" / "monitoring.md"
# What is there only when there was one.
SOMETIMES = {"reminderd_task_last_success_timestamp_seconds", "reminderd_alert_open"}
LATER = "2031-05-04T09:00:00Z"


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess, port: int) -> Iterator[Home]:
    sandbox.reset()
    with Home(tmp_path / "home", sandbox.environment, settings(port)) as made:
        yield made


def settings(port: int | None, more: str = "") -> str:
    return f"alerts: {{overdue_after: 10s}}\n{more}" + (f"web: {{listen: '127.0.0.1:{port}'}}\n" if port else "")


def serving(home: Home, port: int) -> None:
    home.until(lambda: answers(port), "it does not listen")


def test_the_figures_are_what_prometheus_reads_without_complaint(home: Home, port: int) -> None:
    home.write("jobs.yaml", job("sent", phone(1)), job("later", phone(2), LATER))
    home.start().until_states(sent="accepted")
    serving(home, port)
    figures = Figures.of(port)
    assert figures.value("reminderd_attempts_total", outcome="accepted") == 1
    assert figures.value("reminderd_attempts_total", outcome="in_doubt") == 0
    assert figures.value("reminderd_deliveries", state="accepted") == 1
    assert figures.value("reminderd_lateness_seconds_count") == 1
    assert figures.value("reminderd_request_duration_seconds_count") == 1
    assert figures.value("reminderd_job_next_due_timestamp_seconds", job_name="later") == 1935651600
    assert figures.value("reminderd_job_last_result_timestamp_seconds", job_name="sent", state="accepted")
    assert figures.value("reminderd_ready") == 1
    assert figures.value("reminderd_passes_total", result="failed") == 0
    assert phone(1)[1:] not in figures.text
    assert "Message of" not in figures.text
    assert run_promtool("check", "metrics", stdin=figures.text) == ""
    home.until(lambda: Figures.of(port).value("reminderd_plivo_credit_usd") is not None, "the credit is not shown")


def test_the_table_in_the_docs_is_what_it_shows(home: Home, port: int, sandbox: SandboxProcess) -> None:
    home.write("jobs.yaml", job("sent", phone(1)), job("later", phone(2), LATER))
    home.start().until_states(sent="accepted")
    serving(home, port)
    home.until(lambda: Figures.of(port).value("reminderd_plivo_credit_usd") is not None, "the credit is not shown")
    figures = Figures.of(port)
    shown = {
        family.name + ("_total" if family.type == "counter" else ""): (family.type, labels(family.samples))
        for family in figures.families.values()
        if not family.name.startswith("process_")
    }
    rows = re.findall(r"^\| `(reminderd_\w+)` \| (\w+) \| (.*?) \|", MONITORING.read_text(), re.MULTILINE)
    assert len(rows) == len(shown)
    for name, kind, given in rows:
        names, _, values = given.partition(":")
        wanted = set(re.findall(r"`(\w+)`", names))
        assert shown[name][0] == kind, name
        if shown[name][1]:
            assert {label for label, _ in shown[name][1]} == wanted, name
            if values:
                seen = {value for _, value in shown[name][1]}
                assert seen <= set(values.strip().split(", ")), name
                assert name in SOMETIMES or seen == set(values.strip().split(", ")), name
        else:
            assert not wanted or name in SOMETIMES, name


def labels(samples: Iterable[Sample]) -> set[tuple[str, str]]:
    return {pair for sample in samples for pair in sample.labels.items() if pair[0] != "le"}


def test_without_a_daemon_a_command_prints_what_the_state_tells(home: Home, port: int) -> None:
    assert "there is no state" in home.run("metrics").err
    home.write("jobs.yaml", job("sent", phone(1)), job("later", phone(2), LATER))
    home.start().until_states(sent="accepted")
    home.stop()
    ran = home.run("metrics")
    figures = Figures(ran.out)
    assert ran.status == 0
    assert figures.value("reminderd_deliveries", state="accepted") == 1
    assert "reminderd_attempts_total" not in figures.samples
    assert run_promtool("check", "metrics", stdin=ran.out) == ""
    assert home.json("metrics")["reminderd_jobs"][0] == {"labels": {"status": "enabled"}, "value": 2.0}


def test_who_asks_for_openmetrics_gets_it(home: Home, port: int) -> None:
    home.start()
    serving(home, port)
    answer = ask(port, "/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.body.endswith(b"# EOF\n")
    assert ask(port, "/metrics").headers["content-type"].startswith("text/plain; version=0.0.4")


def test_it_is_healthy_ready_and_on_schedule_while_all_is_well(home: Home, port: int) -> None:
    home.write("jobs.yaml", job("later", phone(2), LATER))
    home.start()
    serving(home, port)
    for path in ("/healthz", "/readyz", "/health/scheduled", "/health/scheduled?job=later"):
        answer = ask(port, path)
        assert (answer.status, answer.json["status"], answer.json["reasons"]) == (200, "ok", []), path
        assert answer.headers["cache-control"] == "no-store"
    unknown = ask(port, "/health/scheduled?job=other")
    assert (unknown.status, unknown.json["detail"][:18]) == (404, "no job 'other' run")


def test_a_job_that_waits_beyond_its_time_is_named(home: Home, port: int, sandbox: SandboxProcess) -> None:
    sandbox.add_fault("status=402")
    late = moment(-60)
    home.write("jobs.yaml", job("late", phone(1), late, valid_for="2h", catch_up="all"), job("fine", phone(2), LATER))
    home.start()
    serving(home, port)
    home.until(lambda: ask(port, "/health/scheduled").json["overdue"] != [], "nothing is overdue")
    answer = ask(port, "/health/scheduled").json
    assert [row["job"] for row in answer["overdue"]] == ["late"]
    assert "late: 1 overdue since" in answer["reasons"][0]
    assert ask(port, "/health/scheduled?job=late").status == 503
    assert ask(port, "/health/scheduled?job=fine").status == 200
    ready = ask(port, "/readyz")
    assert (ready.status, ready.json["gateway"]["suspended"]) == (200, True)
    assert Figures.of(port).value("reminderd_gateway_suspended", reason="credit") == 1
    sandbox.clear_faults()
    home.until(lambda: ask(port, "/health/scheduled").status == 200, "it stays overdue")


def test_what_is_no_question_is_answered_as_a_problem(home: Home, port: int) -> None:
    home.start()
    serving(home, port)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        answer = ask(port, "/metrics", method)
        assert (answer.status, answer.headers["content-type"]) == (405, "application/problem+json"), method
        assert sorted(answer.headers["allow"].split(", ")) == ["GET", "HEAD"]
    for path in ("/metrics/", "/docs", "/openapi.json", "//metrics", "/%2e%2e/metrics", "/healthz%00"):
        answer = ask(port, path)
        assert (answer.status, answer.json["title"]) == (404, "Not Found"), path
    head = ask(port, "/metrics", "HEAD")
    assert (head.status, head.body) == (200, b"")
    for answer in (head, ask(port, "/nothing"), ask(port, "/healthz")):
        assert "server" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_reload_opens_moves_and_closes_it_and_leaves_it_alone_otherwise(home: Home, port: int) -> None:
    home.settings.write_text(settings(None))
    home.start()
    assert not answers(port)

    def reload(text: str) -> None:
        home.settings.write_text(text)
        assert home.run("reload").status == 0

    reload(settings(port))
    serving(home, port)
    reload(settings(port, "timezone: Europe/Berlin\n"))
    serving(home, port)
    assert home.log().count("web.listening") == 1
    other = free_port()
    reload(settings(other))
    serving(home, other)
    home.until(lambda: not answers(port), "the old one is still open")
    reload(settings(None))
    home.until(lambda: not answers(other), "it is still open")
    assert home.stop() == 0


def test_an_address_that_is_taken_is_a_problem_and_keeps_no_message_back(home: Home, port: int) -> None:
    home.write("jobs.yaml", job("sent", phone(1)))
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        home.start().until_states(sent="accepted")
        home.until_logged("web.failed")
        home.until(lambda: "cannot listen on" in str(home.json("status")["problems"]), "it is no problem in status")
        assert home.log().count("web.failed") == 1
    serving(home, port)
    home.until(lambda: home.json("status")["problems"] == [], "the problem stays")


@pytest.mark.parametrize("address", ["192.0.2.1:9764", "no-such-host.invalid:9764"])
def test_an_address_that_is_not_this_hosts_is_a_problem(home: Home, address: str) -> None:
    home.settings.write_text(f"web: {{listen: '{address}'}}\n")
    home.start().until_logged("web.failed")
    home.until(lambda: address in str(home.json("status")["problems"]), "it is no problem in status")
    assert home.stop() == 0


def test_a_name_is_listened_on_with_all_its_addresses_that_are_here(home: Home, port: int) -> None:
    home.settings.write_text(f"web: {{listen: 'localhost:{port}'}}\n")
    home.start()
    serving(home, port)
    assert f"127.0.0.1:{port}" in home.log()
    assert "warning=" not in home.log()


def test_an_address_that_others_reach_is_listened_on_with_a_warning(home: Home, port: int) -> None:
    home.settings.write_text(f"web: {{listen: '0.0.0.0:{port}'}}\n")
    home.start()
    serving(home, port)
    assert "figures and health, which need no token; tokens can be read on their way: there is no TLS" in home.log()


def test_it_is_not_there_by_default_and_nor_are_its_libraries(home: Home) -> None:
    home.settings.write_text("# nothing\n")
    home.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    home.write("jobs.yaml", job("sent", phone(1)))
    home.start().until_states(sent="accepted")
    assert home.stop() == 0
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in home.log().splitlines() if "import time" in line
    }
    assert "reminderd" in imported
    assert imported & {"fastapi", "starlette", "uvicorn", "h11", "anyio", "asyncio", "prometheus_client"} == set()


@pytest.mark.parametrize(
    ("setting", "library"),
    [("web: {listen: '127.0.0.1:9764'}", "uvicorn"), ("metrics: {textfile: figures.prom}", "prometheus_client")],
)
def test_reminders_go_out_without_its_libraries_and_what_to_do_is_said(
    home: Home, tmp_path: Path, setting: str, library: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.modules[{library!r}] = None\n")
    home.environment["PYTHONPATH"] = str(tmp_path)
    home.write("jobs.yaml", job("sent", phone(1)))
    home.settings.write_text(setting + "\n")
    key = setting.partition(": {")[0] + "." + setting.partition("{")[2].partition(":")[0]
    checked = home.run("check")
    assert (checked.status, f"settings: note: {key}: needs libraries" in checked.out) == (0, True)
    landing = home.run("check", "--as", str(home.settings), str(home.settings))
    assert (landing.status, f"settings: {key}: needs libraries" in landing.out) == (1, True)
    found = {each["check"]: each for each in home.run("doctor", "--json", "--offline").json["checks"]}
    assert (found["settings.extras"]["grade"], key in found["settings.extras"]["seen"]) == ("fail", True)
    home.start().until_states(sent="accepted")
    home.until(lambda: key in str(home.json("status")["problems"]), "status does not say it")
    assert f"{sys.prefix}/bin/pip install --constraint requirements.lock '.[web]'" in home.log()
    assert home.run("reload").status == 1
    home.settings.write_text("# nothing\n")
    assert home.run("reload").status == 0
    assert home.json("status")["problems"] == []
    assert home.stop() == 0


def test_it_ends_with_the_daemon_whoever_is_connected(home: Home, port: int) -> None:
    home.start()
    serving(home, port)
    idle, slow = socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port))
    with idle, slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n")
        assert home.stop() == 0
        idle.settimeout(20)
        assert idle.recv(10) == b""


@contextmanager
def handed_to(home: Home, port: int, *program: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The program with a listening socket of somebody's who is gone, as systemd hands it over."""
    with socket.socket() as listening, home.log_path.open("ab") as log:
        listening.bind(("127.0.0.1", port))
        listening.listen()
        os.set_inheritable(listening.fileno(), True)
        start = f'exec 3<&{listening.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web exec "$@"'
        command = ["bash", "-c", start, "bash", *program]
        process = subprocess.Popen(command, env=home.environment, stderr=log, pass_fds=[listening.fileno()])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_socket_of_systemds_is_listened_on_and_kept_through_a_reload(home: Home, port: int) -> None:
    home.settings.write_text("# nothing\n")
    with handed_to(home, port, *PROGRAM, "run") as process:
        wait_until(lambda: answers(port))
        home.settings.write_text("timezone: Europe/Berlin\n")
        assert home.run("reload").status == 0
        assert answers(port)
        process.terminate()
        assert process.wait(30) == 0
    assert home.log().count("web.listening") == 1


def test_a_head_that_is_too_large_is_refused_also_where_it_comes_in_one_go(home: Home, port: int) -> None:
    home.start()
    serving(home, port)
    for size, status in ((15_000, 200), (21_000, 400), (60_000, 400)):
        answer = ask(port, "/healthz", headers={f"x-{each}": "y" * 100 for each in range(size // 110)})
        assert answer.status == status, size
    body = b"x" * 200_000
    assert (
        ask(port, "/api/v1/reminders", "POST", body=body, headers={"authorization": "Bearer " + "a" * 40}).status == 401
    )
