"""Every command as people type it: beside a running daemon, and on the state of a stopped one."""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from signal import SIGHUP

import pytest

from tests.support.daemon import Home, Ran, Row, job, moment, phone
from tests.support.sandbox import SandboxProcess

SETTINGS = "plivo: {rate: 0, read_timeout: 20s, deadline: 30s, reconcile: [0s, 1s]}\n"
pytestmark = pytest.mark.timeout(300)  # many processes, which a busy machine starts slowly

FAR = "2031-05-04T09:00:00Z"


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Home]:
    sandbox.reset()
    with Home(tmp_path / "home", sandbox.environment, SETTINGS) as made:
        yield made


def refused(done: Ran, *words: str) -> bool:
    """Whether a command ended with 1 and one line on stderr that has these words."""
    lines = done.err.splitlines()
    return (done.status, done.out, len(lines)) == (1, "", 1) and all(word in lines[0] for word in words)


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below a directory, with a digest of its bytes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def settled_home(home: Home, sandbox: SandboxProcess) -> dict[str, Row]:
    """A running daemon with one delivery in each state that lasts."""
    sandbox.add_fault(f"status=400,count=1,phone={phone(1)[-6:]}$")
    sandbox.add_fault(f"reset=before,count=1,phone={phone(2)[-6:]}$")
    home.write(
        "several.yaml",
        job("accepted", phone(0)),
        job("failed", phone(1)),
        job("doubtful", phone(2)),
        job("missed", phone(3), "2026-01-01T00:00:00Z"),
        job("waiting", phone(4), FAR),
    )
    home.start()
    home.until_logged("doubt.unresolved")
    return home.until_states(accepted="accepted", failed="failed", doubtful="in_doubt", missed="missed")


# ---------------------------------------------------------------------------------------------------------
# Reading
# ---------------------------------------------------------------------------------------------------------


def test_the_reading_commands_beside_a_running_daemon(home: Home, sandbox: SandboxProcess) -> None:
    rows = settled_home(home, sandbox)
    _check_history(home, rows)
    _check_status(home, rows)
    _check_coming(home)
    _check_stories(home, rows)
    rows = home.by_job()  # on a slow machine Plivo has been asked what became of them meanwhile
    home.kill()
    stopped = home.json("status")
    assert (stopped["alive"], stopped["daemon"]["pid"]) == (False, None)
    assert home.by_job() == rows


def _check_history(home: Home, rows: dict[str, Row]) -> None:
    (failed,) = home.history("--state", "failed")
    assert failed == rows["failed"]
    recent = home.json("history", "--since", "2h", "--limit", "2")
    assert len(recent) == 2
    assert {row["job"] for row in recent} < {"accepted", "failed", "doubtful"}
    assert [row["job"] for row in home.history("missed", "--since", "2025-12-31")] == ["missed"]
    times = [row["due_at"] for row in rows.values()]
    assert times == sorted(times, reverse=True)
    accepted = rows["accepted"]
    assert accepted["recipient"] == {"name": None, "phone": phone(0)}
    assert (accepted["text"], accepted["attempts"], accepted["receipt"]) == ("Message of accepted.", 1, None)
    assert all(accepted[key] for key in ("id", "due_at", "reason", "message_uuid", "updated_at"))
    table = home.run("history").out.splitlines()
    assert table[0].split() == ["ID", "DUE", "JOB", "TO", "STATE", "RECEIPT", "REASON"]
    assert all(" UTC " in line for line in table[1:])
    assert refused(home.run("history", "nothing"), "never a job 'nothing'")
    assert "did you mean 'in_doubt'" in home.run("history", "--state", "indoubt").err


def _check_status(home: Home, rows: dict[str, Row]) -> None:
    status = home.json("status")
    assert (status["alive"], status["daemon"]["pid"]) == (True, home.process.pid)
    assert (status["catalog"]["jobs"], status["problems"], status["holds"]) == (5, [], [])
    assert {state: number for state, number in status["deliveries"].items() if number} == {
        "accepted": 1,
        "failed": 1,
        "in_doubt": 1,
        "missed": 1,
    }
    assert status["oldest_in_doubt"]["id"] == rows["doubtful"]["id"]
    told = home.run("status")
    assert told.status == 0
    assert f"running, process {home.process.pid} on " in told.out
    assert "1 in_doubt" in told.out
    assert "reminderd resolve ID --sent|--not-sent" in told.out


def _check_coming(home: Home) -> None:
    (coming,) = home.json("next")
    assert (coming["job"], coming["due_at"], coming["local"]) == (
        "waiting",
        "2031-05-04T09:00:00.000Z",
        "2031-05-04 09:00:00 UTC",
    )
    assert coming["recipients"][0]["text"] == "Message of waiting."
    assert "2031-05-04 09:00:00 UTC" in home.run("next", "waiting").out
    listed = {each["name"]: each for each in home.json("list")}
    assert {name for name, each in listed.items() if not each["finished"]} == {"waiting"}
    assert listed["failed"]["last_state"] == "failed"
    assert "4 jobs with nothing left to do:" in home.run("list").out


def _check_stories(home: Home, rows: dict[str, Row]) -> None:
    number = rows["accepted"]["id"]
    story = home.json("why", str(number))
    assert story["file"] == str(home.jobs / "several.yaml")
    assert (story["line"], story["text"]) == (2, "Message of accepted.")
    told = home.run("why", str(number)).out
    assert f"{home.jobs / 'several.yaml'}:2" in told
    assert "planned → pending" in told
    assert refused(home.run("why", "4711"), "no delivery 4711")


def test_next_shows_local_times_and_as_many_as_asked_for(home: Home) -> None:
    home.write(
        "daily.yaml",
        job("daily", phone(1), schedule={"cron": "30 9 * * *"}, timezone="Europe/Berlin"),
        job("sleeping", phone(2), schedule={"cron": "0 9 * * *"}, enabled=False),
    )
    assert len(home.json("next", "--count", "12")) == 12
    assert {each["job"] for each in home.json("next")} == {"daily"}
    for each in home.json("next", "daily", "--count", "400"):
        assert each["local"][11:] in ("09:30:00 CET", "09:30:00 CEST")
    assert home.json("next", "sleeping", "--count", "1")[0]["enabled"] is False
    assert not home.state.exists()


def test_check_finds_everything_offline(home: Home, tmp_path: Path) -> None:
    good = home.write("good.yaml", job("good", phone(1), FAR))
    assert home.run("check") == Ran(0, "no problems in 1 job\n", "")
    assert home.run("check", "-", stdin=f"schedule: {{at: {FAR}}}\nto: +14155550101\nmessage: Hello.\n").status == 0
    broken = home.jobs / "broken.yaml"
    broken.write_text("schedule: {cron: 'often'}\nto: +14155550101\nmesage: Hello.\n")
    (home.jobs / "empty.yaml").write_text("")
    (home.jobs / "folder.yaml").mkdir()
    found = home.run("check")
    assert found.status == 1
    lines = found.out.splitlines()
    assert any(line.startswith(f"{broken}:1:") and "schedule.cron" in line for line in lines)
    assert any(line.startswith(f"{broken}:3:1:") and "did you mean" in line for line in lines)
    assert any("empty.yaml" in line for line in lines)
    assert any("folder.yaml" in line and "a directory" in line for line in lines)
    assert home.run("check", str(good)).status == 0
    assert home.run("check", str(home.jobs)).out == found.out
    done = home.run("check", "--json", str(broken), "-", stdin="nonsense")
    assert done.status == 1
    assert (done.json["ok"], {problem["file"] for problem in done.json["problems"]}) == (False, {str(broken), "-"})
    assert home.run("check", str(home.jobs / "absent.yaml")).status == 1
    assert not home.state.exists()


def test_check_and_run_show_what_is_wrong_in_the_settings(home: Home) -> None:
    home.settings.write_text("plivo:\n  rat: 5\n  deadline: soon\ntimezone: Mars/Olympus\n")
    for arguments, status in ((["check"], 1), (["run"], 2), (["retry", "1"], 2)):
        done = home.run(*arguments)
        assert done.status == status, arguments
        said = (done.out + done.err).splitlines()
        assert any(f"{home.settings}:2:3: plivo.rat:" in line and "did you mean" in line for line in said)
        assert any(f"{home.settings}:3:" in line for line in said)
        assert any(f"{home.settings}:4:" in line for line in said)
    home.settings.write_text("# nothing\n")
    unknown = home.run("check", REMINDERD_STAET="/tmp/x")
    assert (unknown.status, "REMINDERD_STAET" in unknown.out) == (1, True)
    assert not home.state.exists()


# ---------------------------------------------------------------------------------------------------------
# Acting
# ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_retry_cancel_and_resolve(home: Home, sandbox: SandboxProcess, running: bool) -> None:
    settled_home(home, sandbox)
    sandbox.kill()
    home.write("later.yaml", job("later", phone(6), retry=["30m"]))
    home.until_logged("delivery.retrying job=later")
    ids = {name: str(row["id"]) for name, row in home.by_job().items()}
    if not running:
        assert home.stop() == 0
    before = home.history()
    if running:
        assert refused(home.run("retry", ids["failed"], ids["accepted"]), "is accepted", "failed or missed")
        assert refused(home.run("approve", "1"), "no open hold 1")
    else:
        _check_refusals(home, ids)
    assert refused(
        home.run("resolve", ids["doubtful"], "--not-sent"), "log could not be read (no connection", "--force"
    )
    assert home.history() == before
    sandbox.start()
    assert home.run("cancel", ids["later"]).out == f"delivery {ids['later']} is cancelled\n"
    assert home.run("resolve", ids["doubtful"], "--not-sent").out == f"delivery {ids['doubtful']} is pending\n"
    retried = home.json("retry", ids["failed"], ids["missed"], "--valid-for", "10m")["retried"]
    assert retried.keys() == {ids["failed"], ids["missed"]}
    if not running:
        home.start()
    found = home.until_states(failed="accepted", missed="accepted", doubtful="accepted", later="cancelled")
    assert found["later"]["reason"] == "cancelled by an operator"
    moves = home.json("why", ids["missed"])["moves"]
    (by,) = {move["who"] for move in moves if move["who"] != "daemon"}
    assert by
    assert home.stop() == 0
    with closing(sqlite3.connect(home.state)) as database:
        actions = database.execute("select who, action, target from report_actions order by id").fetchall()
    assert actions == [
        (by, "cancel", ids["later"]),
        (by, "resolve --not-sent", ids["doubtful"]),
        (by, "retry", ids["failed"]),
        (by, "retry", ids["missed"]),
    ]


def _check_refusals(home: Home, ids: dict[str, str]) -> None:
    """Whatever is refused says why."""
    assert refused(home.run("retry", "4711"), "no delivery 4711", "reminderd history")
    assert refused(home.run("retry", ids["failed"], ids["accepted"]), "is accepted", "failed or missed")
    assert refused(home.run("retry", ids["doubtful"]), "is in_doubt", "reminderd resolve")
    assert refused(home.run("retry", ids["failed"], "--valid-for", "1s"), "too short")
    assert refused(home.run("cancel", ids["accepted"]), "only what is pending")
    assert refused(home.run("resolve", ids["accepted"], "--sent"), "not in doubt")
    assert refused(home.run("approve", "1"), "no open hold 1")
    assert home.run("resolve", ids["doubtful"]).status == 2


def test_resolve_settles_a_doubt_by_the_operators_word(home: Home, sandbox: SandboxProcess) -> None:
    home.settings.write_text("plivo: {rate: 0, shared_sender: true, reconcile: [0s]}\n")
    sandbox.add_fault("reset=after,count=2")
    home.write("two.yaml", job("one", phone(1)), job("two", phone(2)))
    home.start().until_logged("doubt.unresolved", 2)
    rows = home.by_job()
    uuids = {message["dst"][-3:]: message["message_uuid"] for message in sandbox.ledger()}
    one, two = str(rows["one"]["id"]), str(rows["two"]["id"])
    assert uuids["001"] in rows["one"]["reason"]
    assert "the sender is shared" in rows["one"]["reason"]
    assert refused(home.run("resolve", one, "--not-sent"), uuids["001"], f"resolve {one} --sent {uuids['001']}")
    assert home.run("resolve", one, "--sent", uuids["001"]).out == f"delivery {one} is accepted\n"
    assert refused(home.run("resolve", two, "--sent", uuids["001"]), "belongs to another delivery")
    assert home.run("resolve", two, "--not-sent", "--force").status == 0
    rows = home.until_states(one="accepted", two="accepted")
    assert rows["one"]["message_uuid"] == uuids["001"]
    assert (rows["two"]["attempts"], len(sandbox.ledger())) == (2, 3)


def test_reload_says_that_another_state_needs_a_restart(home: Home) -> None:
    home.write("good.yaml", job("good", phone(1), FAR))
    home.start()
    other = home.jobs.parent / "other.db"
    done = home.run("--state", str(other), "reload")
    assert (done.status, done.out) == (2, "")
    assert f"no daemon answers at {other}.sock" in done.err
    assert "a running daemon keeps the former one until it is restarted" in done.err


def test_reload_waits_until_the_files_run_and_tells_their_problems(home: Home) -> None:
    assert home.run("reload").status == 2
    home.write("good.yaml", job("good", phone(1), FAR))
    home.start()
    home.write("more.yaml", job("more", phone(2), FAR))
    assert home.run("reload") == Ran(0, "", "2 jobs running, 0 problems\n")
    broken = home.jobs / "good.yaml"
    broken.write_text("jobs: [nonsense")
    done = home.run("reload", "--json")
    assert (done.status, done.json["jobs"]) == (1, 2)
    (problem,) = done.json["problems"]
    assert problem.startswith(f"{broken}:1:")
    assert home.json("status")["problems"] == [problem]
    home.settings.write_text("plivo: {rate: fast}\n")
    done = home.run("reload", REMINDERD_CONFIG="")
    assert done.status == 1
    assert f"{home.settings}:1:" in done.out
    home.settings.write_text(SETTINGS)
    home.write("good.yaml", job("good", phone(1), FAR))
    assert home.run("reload").status == 0


# ---------------------------------------------------------------------------------------------------------
# The daemon's life
# ---------------------------------------------------------------------------------------------------------


def test_once_sends_what_is_due_waits_for_it_and_ends(home: Home, sandbox: SandboxProcess) -> None:
    sandbox.add_fault("latency=500ms")
    home.write("two.yaml", job("now", phone(1)), job("later", phone(2), FAR))
    assert home.launch("--once").ended() == 0
    assert {name: row["state"] for name, row in home.by_job().items()} == {"now": "accepted"}
    assert home.launch("--once").ended() == 0
    assert len(sandbox.ledger()) == 1


def test_a_dry_run_prints_what_it_would_send_and_touches_nothing(home: Home, sandbox: SandboxProcess) -> None:
    assert not home.state.exists()
    home.write("first.yaml", job("first", phone(1)))
    bare = {"PLIVO_AUTH_ID": "", "PLIVO_AUTH_TOKEN": ""}
    done = home.run("run", "--dry-run", "--once", **bare)
    assert (done.status, "Message of first." in done.out) == (0, True)
    assert not home.state.exists()
    home.launch("--once").ended()
    home.write("second.yaml", job("second", phone(2)))
    before = fingerprint(home.state.parent)
    done = home.run("run", "--dry-run", "--once", **bare)
    assert done.status == 0
    (line,) = done.out.splitlines()
    assert phone(2) in line
    assert line.endswith("Message of second.")
    assert fingerprint(home.state.parent) == before
    assert sandbox.requests()["send"] == 1
    home.start()
    home.until_states(first="accepted", second="accepted")
    beside = home.run("run", "--dry-run", "--once", **bare)
    assert (beside.status, beside.out) == (0, "")
    assert (sandbox.requests()["send"], len(sandbox.ledger())) == (2, 2)


def test_a_second_daemon_is_refused_and_told_who_is_there(home: Home) -> None:
    home.start()
    done = home.run("run")
    assert (done.status, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert f"in use by process {home.process.pid} on " in line
    assert home.json("status")["daemon"]["pid"] == home.process.pid
    assert home.stop(5) == 0


def test_missing_credentials_stop_it_with_one_line(home: Home) -> None:
    for missing in ("PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN"):
        done = home.run("run", **{missing: ""})
        assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
        assert "PLIVO_AUTH_TOKEN" in done.err
    assert not home.state.exists()


def test_settings_that_cannot_work_stop_it_with_one_line(home: Home) -> None:
    url = {"REMINDERD_PLIVO__URL": "https://127.0.0.1:1", "REMINDERD_PLIVO__CA_FILE": str(home.settings)}
    done = home.run("run", **url)
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "plivo.ca_file" in done.err


def test_it_tells_systemd_when_it_is_ready_and_when_it_ends(home: Home) -> None:
    home.write("one.yaml", job("one", phone(1), FAR))
    home.start()
    home.until(lambda: any(line.startswith("STATUS=1 job, next due 2031-") for line in home.notes.lines()), "no status")
    home.until(lambda: "WATCHDOG=1" in home.notes.lines(), "no pass is told")
    first = home.notes.lines()[0]  # before the state is checked, which may take long
    assert int(first.removeprefix("EXTEND_TIMEOUT_USEC=")) >= 90_000_000
    assert home.notes.count("STOPPING=1") == 0
    assert home.stop(5) == 0
    assert (home.notes.count("READY=1"), home.notes.count("STOPPING=1")) == (1, 1)
    assert home.json("status")["alive"] is False
    assert not Path(f"{home.state}.sock").exists()


@pytest.mark.parametrize("how", ["SIGHUP", "reload"])
def test_it_tells_systemd_of_a_reload_and_when_that_is_over(home: Home, how: str) -> None:
    home.write("one.yaml", job("one", phone(1), FAR))
    home.start()
    home.write("two.yaml", job("two", phone(2), FAR))
    if how == "SIGHUP":
        home.signal(SIGHUP)
    else:
        assert home.run("reload").status == 0
    home.until(lambda: home.notes.count("READY=1") == 2, "it is not ready again")
    lines = home.notes.lines()
    began, over = lines.index("RELOADING=1"), lines.index("READY=1", lines.index("READY=1") + 1)
    assert began < over
    assert lines[began + 1].startswith("MONOTONIC_USEC=")
    assert lines[over + 1].startswith("STATUS=2 jobs, next due 2031-")


def test_sigterm_waits_for_a_request_under_way_and_claims_nothing_more(home: Home, sandbox: SandboxProcess) -> None:
    sandbox.add_fault("latency=2s")
    home.settings.write_text("plivo: {rate: 0, threads: 1}\n")
    home.write("two.yaml", *(job(f"job-{number}", phone(number)) for number in range(2)))
    home.start()
    home.until(lambda: sandbox.requests().get("send", 0) == 1, "no request")
    assert home.stop() == 0
    states = sorted(row["state"] for row in home.history())
    assert (states, len(sandbox.ledger())) == (["accepted", "pending"], 1)
    assert home.log().count("daemon.stopping in_flight=1") == 1


def test_sighup_reads_the_settings_anew_and_keeps_the_last_good_ones(home: Home, sandbox: SandboxProcess) -> None:
    home.write("one.yaml", job("one", phone(1), schedule={"cron": "0 9 * * *"}))
    home.start()
    assert home.json("next", "one")[0]["timezone"] == "UTC"
    home.settings.write_text("plivo: {rate: -1}\n")
    home.signal(SIGHUP)
    home.until_logged("settings.problem")
    home.write("two.yaml", job("two", phone(2)))
    home.until_logged("delivery.accepted job=two ")
    home.settings.write_text('plivo: {rate: 0, sender: "+14155550177"}\ntimezone: Asia/Tokyo\n')
    home.signal(SIGHUP)
    home.until_logged("settings.reloaded")
    home.write("four.yaml", job("four", phone(4), moment(9 * 3600).removesuffix("Z")))
    rows = home.until_states(four="accepted")
    assert home.json("why", str(rows["four"]["id"]))["timezone"] == "Asia/Tokyo"
    assert home.stop(5) == 0


def test_sighup_without_credentials_goes_on_with_those_it_has(home: Home, sandbox: SandboxProcess) -> None:
    names = {"auth_id": "PLIVO_AUTH_ID", "auth_token": "PLIVO_AUTH_TOKEN", "url": "REMINDERD_PLIVO__URL"}
    given = {key: home.environment.pop(name) for key, name in names.items()}
    home.settings.write_text(json.dumps({"plivo": given}))
    home.start()
    home.settings.write_text("plivo: {rate: 1}\n")
    home.signal(SIGHUP)
    home.until_logged("settings.problem")
    secure = {"url": "https://127.0.0.1:1", "ca_file": str(home.settings)}
    home.settings.write_text(json.dumps({"plivo": given | secure}))
    home.signal(SIGHUP)
    home.until_logged("settings.problem", 2)
    home.write("one.yaml", job("one", phone(1)))
    home.until_states(one="accepted")
    assert "Traceback" not in home.log()


def test_no_log_and_no_command_shows_a_secret_and_no_log_a_text_or_a_number(
    home: Home, sandbox: SandboxProcess
) -> None:
    token = "Q7secretSECRETsecret"
    faults = ["status=400", "status=503", "reset=before", "status=401,count=1"]
    sandbox.add_fault(*(f"{fault},phone={phone(number)[-6:]}$" for number, fault in enumerate(faults)))
    home.environment |= {"PLIVO_AUTH_TOKEN": token, "REMINDERD_LOG__LEVEL": "debug"}
    home.write("all.yaml", *(job(f"job-{number}", phone(number), message="Very private") for number in range(6)))
    home.start()
    home.until_logged("doubt.unresolved", 2)
    rows = home.until_settled(6, {"accepted", "failed", "in_doubt"})
    shown = [home.run(*words) for words in (["status"], ["status", "--json"], ["why", "1"], ["list"], ["check"])]
    home.settings.write_text(f"plivo: {{auth_token: [{token}]}}\n")
    shown += [home.run("check", PLIVO_AUTH_TOKEN=""), home.run("status", PLIVO_AUTH_TOKEN="")]
    assert home.stop() == 0
    log = home.log()
    assert not [done for done in shown if token in done.out + done.err]
    for secret in (token, "Very private", "Traceback", *(row["recipient"]["phone"][1:] for row in rows.values())):
        assert secret not in log
    assert "…0000" in log


# ---------------------------------------------------------------------------------------------------------
# The files
# ---------------------------------------------------------------------------------------------------------


def test_the_removal_of_most_jobs_waits_for_approval(home: Home, sandbox: SandboxProcess) -> None:
    paths = [
        home.write(f"job-{number}.yaml", job(f"job-{number}", phone(number), moment(3600))) for number in range(12)
    ]
    home.start()
    for path in paths[:8]:
        path.unlink()
    home.until_logged("hold.opened")
    status = home.json("status")
    (hold,) = status["holds"]
    assert (hold["kind"], hold["detail"]["jobs"]) == ("removal", sorted(f"job-{number}" for number in range(8)))
    assert (status["catalog"]["jobs"], status["catalog"]["held"]) == (12, 8)
    assert f"reminderd approve {hold['id']}" in home.run("status").out
    home.kill()
    home.start()
    assert home.json("status")["catalog"]["jobs"] == 12
    approved = home.run("approve", "--yes")
    assert approved.status == 0
    assert "job-7" in approved.err
    assert approved.out == f"hold {hold['id']} is approved\n"
    home.until_logged("catalog.loaded jobs=4 changed=8")
    status = home.json("status")
    assert (status["catalog"]["jobs"], status["holds"]) == (4, [])
    assert refused(home.run("approve"), "nothing is on hold")


def test_held_jobs_go_on_and_the_return_of_their_files_ends_the_hold(home: Home, sandbox: SandboxProcess) -> None:
    at = moment(6)
    texts = {f"job-{number}.yaml": job(f"job-{number}", phone(number), at) for number in range(12)}
    for name, text in texts.items():
        home.write(name, text)
    home.start()
    for name in texts:
        (home.jobs / name).unlink()
    home.until_logged("hold.opened")
    rows = home.until_settled(12, {"accepted"})
    assert rows.keys() == {f"job-{number}" for number in range(12)}
    for name, text in texts.items():
        home.write(name, text)
    home.until_logged("hold.closed")
    assert home.json("status")["holds"] == []
    assert len(sandbox.ledger()) == 12


def test_a_directory_that_disappears_is_no_deletion(home: Home, sandbox: SandboxProcess) -> None:
    home.write("two.yaml", job("soon", phone(1), moment(6)), job("later", phone(2), FAR))
    home.start()
    away = home.jobs.rename(home.jobs.with_name("away"))
    home.until_logged("catalog.problem")
    status = home.json("status")
    assert (status["catalog"]["jobs"], len(status["problems"])) == (2, 1)
    assert str(home.jobs) in status["problems"][0]
    home.kill()
    home.start()
    home.until_states(soon="accepted")
    away.rename(home.jobs)
    assert home.run("reload") == Ran(0, "", "2 jobs running, 0 problems\n")


def test_a_broken_file_keeps_its_last_good_version_also_over_a_restart(home: Home, sandbox: SandboxProcess) -> None:
    at = moment(6)
    path = home.write("soon.yaml", job("soon", phone(1), at))
    home.start()
    path.write_text("jobs:\n  - {name: soon, schedule: {at: never}}\n")
    home.until_logged("catalog.problem")
    assert home.stop(5) == 0
    home.start()
    assert home.json("status")["problems"][0].startswith(f"{path}:2:")
    assert home.until_states(soon="accepted")["soon"]["text"] == "Message of soon."
    path.unlink()
    home.write("renamed.yaml", job("soon", phone(1), at, message="Reworded."))
    assert home.run("reload") == Ran(0, "", "1 job running, 0 problems\n")
    assert (len(home.history()), len(sandbox.ledger())) == (1, 1)


# ---------------------------------------------------------------------------------------------------------
# The state
# ---------------------------------------------------------------------------------------------------------


def test_only_run_creates_a_state(home: Home) -> None:
    for words in (["history"], ["why", "1"], ["retry", "1"], ["approve"], ["reload"]):
        done = home.run(*words)
        assert done.status in (1, 2), words
        assert (done.out, len(done.err.splitlines())) == ("", 1), words
    for words in (["list"], ["next"]):
        assert home.run(*words).status == 0
    done = home.run("status", "--json")
    assert (done.status, done.json["alive"]) == (1, False)
    assert [path.name for path in home.state.parent.iterdir() if "state" in path.name] == []


@pytest.mark.parametrize("words", [["status"], ["history"], ["alerts"], ["backup", "copy.db"]])
@pytest.mark.parametrize("damage", ["empty", "overwritten", "another file"])
def test_a_state_that_cannot_be_used_ends_each_command_alike(home: Home, words: list[str], damage: str) -> None:
    if damage == "overwritten":
        assert home.launch("--once").ended() == 0
        content = bytearray(home.state.read_bytes())
        content[4096:] = b"\xff" * (len(content) - 4096)
        home.state.write_bytes(content)
    else:
        home.state.write_bytes(b"" if damage == "empty" else b"\xff" * 8192)
    done = home.run(*(str(home.state.with_name(word)) if word.endswith(".db") else word for word in words))
    assert (done.status, done.out) == (2, ""), done
    assert damage != "empty" or "is empty; a copy of a backup may have been cut off: put the backup back" in done.err


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory, sandbox: SandboxProcess) -> Path:
    """The state of a daemon that ended well."""
    with Home(tmp_path_factory.mktemp("pristine") / "home", sandbox.environment) as made:
        assert made.launch("--once").ended() == 0
    return made.state


@pytest.mark.parametrize("kind", ["newer", "corrupt", "cut", "foreign", "text"])
def test_a_state_that_is_not_ours_is_refused_and_left_alone(home: Home, pristine: Path, kind: str) -> None:
    shutil.copy(pristine, home.state)
    _spoil(home.state, kind)
    before = fingerprint(home.state.parent)
    for words in (["run"], ["retry", "1"]):
        done = home.run(*words)
        assert (done.status, done.out) == (2, ""), words
        assert str(home.state) in done.err
        assert len(done.err.splitlines()) == 1, words
    after = fingerprint(home.state.parent)
    assert after["state.db"] == before["state.db"]
    assert {name for name in after.keys() - before.keys() if name.endswith((".db-wal", ".db-shm"))} == set()


def _spoil(state: Path, kind: str) -> None:
    match kind:
        case "newer":
            with closing(sqlite3.connect(state)) as database:
                database.execute(
                    "insert into _sqlite_migrations (migration_set, name, applied_at) values ('reminderd', 'm9999_later', ?)",
                    (datetime(2030, 1, 1).isoformat(),),  # noqa: DTZ001 - as the library writes it
                )
                database.commit()
        case "corrupt":
            content = bytearray(state.read_bytes())
            content[4096:12288] = b"\xa5" * 8192
            state.write_bytes(content)
        case "cut":
            state.write_bytes(state.read_bytes()[: 4096 * 3 + 100])
        case "foreign":
            state.unlink()
            with closing(sqlite3.connect(state)) as database:
                database.execute("create table other (id)")
                database.commit()
        case _:
            state.write_text("This is my diary.\n" * 100)
