"""The real program tells what needs someone, and shows what ran."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.scripted_server import ScriptedServer, answer
from tests.support.daemon import Home, job, phone
from tests.support.sandbox import SandboxProcess

SETTINGS = """
alerts:
  command: [{page}]
  url: {url}/a-secret-of-alerts
heartbeat:
  url: {url}/a-secret-of-heartbeats
  every: 10s
"""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer([answer(200)]) as here:
        yield here


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, server: ScriptedServer, sandbox: SandboxProcess) -> Iterator[Home]:
    page = tmp_path / "page"
    page.write_text(f'#!/bin/sh\necho "$REMINDERD_ALERT $REMINDERD_ALERT_STATE" | tee -a {tmp_path}/told\n')
    page.chmod(0o755)
    settings = SETTINGS.format(page=page, url=server.url)
    with Home(tmp_path / "home", sandbox.environment, settings, patience=90) as here:
        yield here


def test_what_needs_someone_is_told_and_shown_and_no_address_is_logged(
    home: Home, server: ScriptedServer, tmp_path: Path
) -> None:
    home.write("good.yaml", job("good", phone(1)))
    (home.jobs / "broken.yaml").write_text("schedule: nonsense\n")
    home.start()
    home.until(lambda: (tmp_path / "told").exists(), "nobody is told")
    assert (tmp_path / "told").read_text() == "problems open\n"
    home.until_logged("alert.told alert=problems state=open way=url")
    by_path = {request.line.split()[1]: request for request in server.requests}
    assert by_path["/a-secret-of-alerts"].json["alert"] == "problems"
    assert "/a-secret-of-heartbeats" in by_path

    (alert,) = home.json("alerts")
    assert (alert["name"], alert["do"], alert["over_at"]) == ("problems", "reminderd check", None)
    status = home.json("status")
    assert [each["name"] for each in status["alerts"]] == ["problems"]
    assert status["heartbeats"]["loop"]["status"] == "ok"
    said = home.run("status").out
    assert "ALERT           problems since " in said
    assert "\nloop            ok " in said
    assert "problems" in home.run("alerts").out
    assert home.stop() == 0
    assert "a-secret" not in home.log()


def test_a_test_goes_through_the_daemon_and_shows_what_came_back(home: Home, server: ScriptedServer) -> None:
    home.start()
    done = home.run("alerts", "--test")
    assert done.status == 0
    assert done.out.splitlines() == ["command  told: ended with 0", "         test open", "url      told: answered 200"]
    server.steps = [answer(404)]
    done = home.run("alerts", "--test", "--json")
    assert done.status == 1
    assert [(each["way"], each["ok"]) for each in json.loads(done.out)["told"]] == [("command", True), ("url", False)]
    home.kill()
    done = home.run("alerts", "--test")
    assert "told from here" in done.err
    assert "url      FAILED: answered 404" in done.out


def test_who_tells_nobody_is_told_so(home: Home) -> None:
    home.settings.write_text("# nothing\n")
    done = home.run("alerts", "--test")
    assert (done.status, done.out) == (1, "")
    assert "give alerts.command or alerts.url" in done.err


def test_backups_are_among_the_heartbeats_whoever_makes_them(home: Home, tmp_path: Path) -> None:
    home.start()
    assert home.run("backup", str(tmp_path / "one.db")).err == ""
    row = home.json("status")["heartbeats"]["backup"]
    assert (row["status"], row["detail"].split(",")[0]) == ("ok", "one.db")
    home.stop()
    assert home.run("backup", str(tmp_path / "no" / "such" / "folder.db")).status == 1
    row = home.json("status")["heartbeats"]["backup"]
    assert row["status"] == "failed"
    assert home.run("backup", str(tmp_path / "two.db")).err == ""
    status = home.json("status")
    assert status["heartbeats"]["backup"]["detail"].startswith("two.db, ")
    assert status["backup_is_old"] is False


@pytest.mark.nightly
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("status", [401, 402, 429])
def test_a_gateway_that_takes_nothing_for_long_is_told_and_its_return(
    status: int, home: Home, sandbox: SandboxProcess, server: ScriptedServer, tmp_path: Path
) -> None:
    """At its real pace: a minute until it begins, and five until it is over."""
    home._patience = 500
    sandbox.add_fault(f"on={'any' if status == 401 else 'send'},status={status}")
    home.write("good.yaml", job("good", phone(1), valid_for="2h"))
    home.start()
    told = tmp_path / "told"
    home.until(told.exists, "nobody is told")
    assert told.read_text() == "gateway open\n"
    asked = [request.line.split()[1] for request in server.requests].count("/a-secret-of-heartbeats")
    sandbox.clear_faults()
    home.until_states(good="accepted")
    home.until(lambda: "gateway over" in told.read_text(), "nobody is told that it is over")
    lines = told.read_text().splitlines()
    assert (lines.count("gateway open"), lines.count("gateway over")) == (1, 1)
    assert [request.line.split()[1] for request in server.requests].count("/a-secret-of-heartbeats") > asked
    assert sandbox.duplicates() == []
    assert home.stop() == 0


def test_a_reload_that_failed_is_no_trouble_once_its_cause_is_mended(home: Home) -> None:
    home.settings.write_text("# nothing\n")
    home.write("good.yaml", job("good", phone(1)))
    home.start()
    broken = home.jobs / "broken.yaml"
    broken.write_text("schedule: nonsense\n")
    assert home.run("reload").status == 1
    home.until(lambda: "\nreload          FAILED " in home.run("status").out, "status does not say it")
    broken.unlink()
    home.until(lambda: "; mended since\n" in home.run("status").out, "status goes on with what is over")
    assert "FAILED" not in home.run("status").out
    assert home.stop() == 0
