"""Reminders through the API of a running daemon: one request, one reminder, one message, whatever dies in between."""

import errno
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import ACT, READ, WRITE, Api, settings
from tests.support.daemon import Home, moment, phone
from tests.support.dying import OF_ENDING, OF_MAKING, dies_before
from tests.support.jobfiles import job_text, write
from tests.support.sandbox import SandboxProcess
from tests.support.shim import Shim
from tests.support.web import answers, free_port

pytestmark = pytest.mark.timeout(300)

LATER = "2031-05-04T09:00:00Z"


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Home]:
    sandbox.reset()
    port = free_port()
    with Home(tmp_path / "home", sandbox.environment, settings(port)) as made:
        made.environment["PORT"] = str(port)
        yield made


@pytest.fixture
def api(home: Home) -> Api:
    return serving(home)


def serving(home: Home) -> Api:
    port = int(home.environment["PORT"])
    home.start()
    home.until(lambda: answers(port), "it does not listen")
    return Api(port)


def tea(at: str = LATER, **keys: Any) -> dict[str, Any]:
    return {"name": "tea", "schedule": {"at": at}, "to": phone(1), "message": "Tea.", **keys}


def local(seconds: int) -> str:
    """The time of the day then, in UTC."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%H:%M")


def folder(home: Home) -> Path:
    return home.state.parent / "jobs"


def files(home: Home) -> list[str]:
    return sorted(path.name for path in folder(home).iterdir())


# -- one message ----------------------------------------------------------------------------------------


def test_what_a_program_asks_for_runs_and_is_sent_once(home: Home, api: Api, sandbox: SandboxProcess) -> None:
    asked = tea(moment(3), valid_for="1h")
    answer = api.ask("POST", "reminders", asked, idempotency_key="booking-1")
    assert (answer.status, answer.headers["location"]) == (201, "/api/v1/reminders/tea")
    made = answer.json
    assert (made["name"], made["runs"], made["made_by"]) == ("tea", True, "api:all")
    assert made["file"] == str(folder(home) / "tea.yaml")
    home.until_states(tea="accepted")
    again = api.ask("POST", "reminders", asked, idempotency_key="booking-1")
    assert (again.status, again.headers["idempotency-replayed"], again.json["name"]) == (200, "true", "tea")
    assert [row["text"] for row in sandbox.ledger()] == ["Tea."]
    log = home.log()
    assert "reminder.written" in log
    assert phone(1)[1:] not in log
    assert "Tea." not in log


def test_it_is_shown_as_its_file_is_and_listed(home: Home, api: Api) -> None:
    asked = tea(vars={"sort": "green"}, message="{{ vars.sort }} tea")
    made = api.post("reminders", asked)
    assert made["next_due"] == "2031-05-04T09:00:00.000Z"
    one = api.get("reminders/tea")
    assert (one["job"], one["file_is"], one["runs"]) == (asked, "as written", True)
    api.post("reminders", {**asked, "name": "coffee"})
    first = api.get("reminders?limit=1")
    second = api.get(f"reminders?limit=1&cursor={first['next']}")
    assert [each["name"] for page in (first, second) for each in page["items"]] == ["coffee", "tea"]
    assert second["next"] is None
    write(Path(made["file"]), job_text("tea", "By hand."))
    assert api.get("reminders/tea")["file_is"] == "edited"
    assert api.refused("DELETE", "reminders/tea")[0] == 409
    assert api.ask("DELETE", "reminders/tea?force=true").json["runs"] is False
    assert api.refused("GET", "reminders/tea")[0] == 410
    assert api.refused("GET", "reminders/nothing")[0] == 404


def test_its_end_cancels_what_is_pending(home: Home, api: Api, sandbox: SandboxProcess) -> None:
    sandbox.add_fault("status=402")
    api.post("reminders", tea(moment(0), valid_for="1h"))
    home.until_states(tea="pending")
    answer = api.ask("DELETE", "reminders/tea")
    assert (answer.status, answer.json["runs"], answer.json["deleted_by"]) == (200, False, "api:all")
    assert home.states() == {"tea": "cancelled"}
    assert api.ask("DELETE", "reminders/tea").json == answer.json
    sandbox.clear_faults()
    assert sandbox.ledger() == []


def test_what_was_called_off_is_not_sent_and_the_corrected_one_is(
    home: Home, api: Api, sandbox: SandboxProcess
) -> None:
    """In quiet hours it waits; then its text is found to be wrong."""
    quiet = {"quiet_hours": f"{local(-3600)}-{local(3600)}", "timezone": "UTC", "valid_for": "3h"}
    wrong = tea(moment(0), message="Tea at four.", **quiet)
    assert api.ask("POST", "reminders", wrong, idempotency_key="1").status == 201
    home.until_states(tea="pending")
    assert api.ask("DELETE", "reminders/tea").json["runs"] is False
    right = {**wrong, "message": "Tea at five."}
    del right["quiet_hours"]
    status, detail = api.refused("POST", "reminders", right)
    assert (status, "was that of a reminder that ended at" in detail, "another name" in detail) == (409, True, True)
    assert files(home) == []
    assert api.ask("POST", "reminders", {**right, "name": "tea-2"}, idempotency_key="2").status == 201
    home.until_states(**{"tea": "cancelled", "tea-2": "accepted"})
    home.stop()
    home.start()
    write(folder(home) / "tea.yaml", json.dumps({**right, "name": "tea"}))  # by hand, which nobody refuses
    home.run("reload")
    assert api.get("jobs/tea")["file"].startswith(str(folder(home)))
    assert home.states() == {"tea": "cancelled", "tea-2": "accepted"}
    assert [row["text"] for row in sandbox.ledger()] == ["Tea at five."]


def test_many_ends_are_no_accident(home: Home, api: Api) -> None:
    names = [f"tea-{number}" for number in range(12)]
    for name in names:
        api.post("reminders", tea(name=name))
    for name in names:
        assert api.ask("DELETE", f"reminders/{name}").json["runs"] is False
    assert home.json("status")["holds"] == []
    assert files(home) == []


@pytest.mark.parametrize("force", ["", "?force=true"])
@pytest.mark.parametrize("new", ["jobs.d/tea.yaml", "state/jobs/new.yaml"])
def test_what_was_moved_is_said_to_run_and_not_ended(
    home: Home, api: Api, sandbox: SandboxProcess, new: str, force: str
) -> None:
    sandbox.add_fault("status=402")
    made = api.post("reminders", tea(moment(0), valid_for="1h"))
    home.until_states(tea="pending")
    moved = home.jobs / "tea.yaml" if new.startswith("jobs.d") else folder(home) / "new.yaml"
    Path(made["file"]).rename(moved)
    status, detail = api.refused("DELETE", f"reminders/tea{force}")
    assert (status, f"{moved.name}:2" in detail) == (409, True), detail
    home.run("reload")
    one = api.get("reminders/tea")
    assert (one["file_is"], one["runs"]) == ("removed", True)
    assert one["runs_from"] == api.get("jobs/tea")["file"]
    assert api.refused("DELETE", f"reminders/tea{force}")[0] == 409
    assert home.states() == {"tea": "pending"}
    moved.unlink()
    home.run("reload")
    ended = api.ask("DELETE", "reminders/tea").json
    assert (ended["runs"], ended["runs_from"]) == (False, None)
    assert home.states() == {"tea": "cancelled"}


def test_what_runs_on_from_a_directory_that_is_read_no_longer_is_ended(home: Home, api: Api) -> None:
    for name in ("tea", "coffee", *(f"tea-{number}" for number in range(10))):  # so many go by approval only
        api.post("reminders", tea(name=name))
    home.settings.write_text(settings(api.port, ", write_to: elsewhere"))
    home.run("reload")
    assert api.get("reminders/tea")["runs"] is True
    assert api.ask("DELETE", "reminders/tea").json["runs"] is False
    assert api.refused("GET", "jobs/tea")[0] == 404
    assert api.get("reminders/coffee")["runs"] is True


def test_what_was_copied_is_not_ended_since_the_copy_would_run(home: Home, api: Api) -> None:
    made = api.post("reminders", tea())
    copy = home.jobs / "copy.yaml"
    copy.write_bytes(Path(made["file"]).read_bytes())
    assert api.refused("DELETE", "reminders/tea")[0] == 409
    assert files(home) == ["tea.yaml"]
    copy.unlink()
    assert api.ask("DELETE", "reminders/tea").status == 200


# -- what is refused ------------------------------------------------------------------------------------


def test_each_problem_is_pointed_at(api: Api) -> None:
    answer = api.ask("POST", "reminders", tea(to=["12"], message="Tea at {{ vars.at }}."))
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    found = {error["pointer"]: error for error in answer.json["errors"]}
    assert set(found) == {"/to/0", "/message"}
    assert (found["/message"]["line"], found["/message"]["column"]) == (1, 11)
    assert found["/to/0"]["hint"]


def test_what_cannot_be_taken_says_so(home: Home, api: Api) -> None:
    home.write("jobs.yaml", "  - " + json.dumps(tea(name="rent")) + "\n")
    home.run("reload")
    assert api.refused("POST", "reminders", tea(name="rent"))[0] == 409
    assert api.refused("POST", "reminders", b"{")[0] == 400
    assert api.refused("POST", "reminders", tea(to={"file": "/etc/people.csv"}))[0] == 422
    assert api.ask("POST", "reminders", tea(), content_type="text/plain").status == 415
    assert api.ask("POST", "reminders", tea(), idempotency_key="two words").status == 400
    assert api.refused("DELETE", "reminders/rent")[0] == 404
    assert api.ask("POST", "reminders", tea(), idempotency_key="k").status == 201
    assert api.ask("POST", "reminders", tea(message="Other."), idempotency_key="k").status == 422


def test_one_that_is_switched_off_is_due_never(api: Api) -> None:
    made = api.post("reminders", tea(enabled=False))
    assert (made["runs"], made["next_due"]) == (True, None)


def test_only_who_may_write_writes(home: Home, api: Api) -> None:
    for token in (READ, ACT):
        assert Api(api.port, token).refused("POST", "reminders", tea())[0] == 403
        assert Api(api.port, token).refused("DELETE", "reminders/tea")[0] == 403
    assert Api(api.port, WRITE).ask("POST", "reminders", tea()).status == 201
    assert Api(api.port, WRITE).refused("GET", "reminders")[0] == 403
    assert Api(api.port, READ).get("reminders")["items"][0]["made_by"] == "api:maker"


def test_a_disk_that_takes_nothing_is_said_and_leaves_nothing(home: Home, api: Api) -> None:
    folder(home).write_text("in the way")
    answer = api.ask("POST", "reminders", tea(), idempotency_key="k")
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    folder(home).unlink()
    assert api.ask("POST", "reminders", tea(), idempotency_key="k").status == 201


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_full_disk_is_said_and_leaves_nothing(home: Home, tmp_path: Path, call: int) -> None:
    with Shim(tmp_path, folder(home)) as shim:
        home.environment.update(shim.environment)
        api = serving(home)
        shim.fail(call, errno.ENOSPC)
        answer = api.ask("POST", "reminders", tea(), idempotency_key="k")
        assert (answer.status, shim.failed) == (507, 1)
        assert "make room" in answer.json["detail"]
        assert files(home) == []
        shim.heal()
        assert api.ask("POST", "reminders", tea(), idempotency_key="k").status == 201
        home.stop()


def test_forgetting_somebody_names_the_reminder_that_names_them(home: Home, api: Api) -> None:
    made = api.post("reminders", tea())
    forgotten = home.json("forget", phone(1), "--dry-run")
    assert [each["file"] for each in forgotten["jobs"]] == [made["file"]]


# -- deaths ---------------------------------------------------------------------------------------------


def asked_of_the_dying(api: Api, method: str, path: str, body: Any = None) -> None:
    with pytest.raises((OSError, HTTPException)):
        api.ask(method, path, body, idempotency_key="booking-1")


@pytest.mark.parametrize("step", OF_MAKING)
def test_a_death_while_it_is_made_leaves_one_reminder_and_one_message(
    home: Home, sandbox: SandboxProcess, tmp_path: Path, step: str
) -> None:
    whole = dict(home.environment)
    home.environment.update(dies_before(step, folder(home), tmp_path / "hooks"))
    asked = tea(moment(0), name=None, valid_for="1h")
    asked = {key: value for key, value in asked.items() if value is not None}
    asked_of_the_dying(serving(home), "POST", "reminders", asked)
    assert home.ended() == -9
    home.environment = whole
    api = serving(home)
    answer = api.ask("POST", "reminders", asked, idempotency_key="booking-1")
    assert answer.status == (200 if step in ("remove draft", "write file") else 201)
    home.until_states(**{answer.json["name"]: "accepted"})
    assert [each["name"] for each in api.get("reminders")["items"]] == [answer.json["name"]]
    assert files(home) == [f"{answer.json['name']}.yaml"]
    home.stop()
    assert [row["text"] for row in sandbox.ledger()] == ["Tea."]


@pytest.mark.parametrize("step", OF_ENDING)
def test_a_death_while_it_ends_ends_it(home: Home, sandbox: SandboxProcess, tmp_path: Path, step: str) -> None:
    whole = dict(home.environment)
    home.environment.update(dies_before(step, folder(home), tmp_path / "hooks"))
    sandbox.add_fault("status=402")
    api = serving(home)
    api.post("reminders", tea(moment(0), valid_for="1h"))
    home.until_states(tea="pending")
    asked_of_the_dying(api, "DELETE", "reminders/tea")
    assert home.ended() == -9
    home.environment = whole
    api = serving(home)
    home.until(lambda: files(home) == [], "its file is there still")
    home.until_states(tea="cancelled")
    assert api.ask("DELETE", "reminders/tea").json["runs"] is False
    assert api.refused("GET", "reminders/tea")[0] == 410
