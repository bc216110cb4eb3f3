"""The API of a running daemon: what is read, what is done, and what is said where something is wrong."""

from collections.abc import Iterator

import pytest

from tests.support.api import ACT, READ, Api, settings
from tests.support.daemon import Home, job, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import answers, free_port

pytestmark = pytest.mark.timeout(300)

LATER = "2031-05-04T09:00:00Z"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, sandbox: SandboxProcess) -> Iterator[Home]:
    """A daemon that has sent one message, and will send another in a few years."""
    port = free_port()
    with Home(tmp_path_factory.mktemp("api") / "home", sandbox.environment, settings(port)) as made:
        made.write("jobs.yaml", job("sent", phone(1)), job("later", phone(2), LATER))
        made.start().until_states(sent="accepted")
        made.until(lambda: answers(port), "it does not listen")
        made.environment["PORT"] = str(port)
        yield made


@pytest.fixture
def api(home: Home) -> Api:
    return Api(int(home.environment["PORT"]))


def test_head_is_answered_like_get_without_a_body(api: Api) -> None:
    got, asked = api.ask("GET", "openapi.json"), api.ask("HEAD", "openapi.json")
    assert (asked.status, asked.body) == (200, b"")
    assert asked.headers["content-length"] == got.headers["content-length"]


def test_a_path_says_what_it_takes(api: Api) -> None:
    answer = api.ask("DELETE", "status")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert api.refused("GET", "nothing-of-the-kind")[0] == 404
    assert api.ask("OPTIONS", "status").status == 405


def test_the_description_is_openapi_and_needs_no_token(api: Api) -> None:
    answer = Api(api.port, None).ask("GET", "openapi.json")
    assert answer.status == 200
    assert answer.json["openapi"] == "3.1.0"
    for path, operations in answer.json["paths"].items():
        for operation in operations.values():
            (needed,) = operation["security"]
            assert needed["token"] in (["read"], ["act"], ["write"]), path
            assert operation["description"], path
            assert {"400", "401", "403", "422", "429", "503"} <= operation["responses"].keys(), path


# -- reading -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["occurrences", "deliveries", "counts"])
def test_no_time_however_far_is_a_defect(api: Api, home: Home, path: str) -> None:
    ends = ("0001-01-01T00:00:00Z", "1000-01-01T00:00:00Z", "9989-12-31T12:00:00Z", "9999-12-31T23:59:59.999999Z")
    times = (
        *ends,
        *(f"{day}T00:00:00{offset}" for day in ("1000-01-01", "9999-12-31") for offset in ("%2B23:59", "-23:59")),
    )
    asked = [f"{key}={time}" for key in ("from", "until") for time in times]
    asked += [f"from={since}&until={until}" for since in times for until in times]
    statuses = {each: api.ask("GET", f"{path}?{each}").status for each in asked}
    assert set(statuses.values()) <= {200, 422}, statuses
    assert statuses["from=9999-12-31T23:59:59.999999Z"] == (422 if path == "occurrences" else 200)
    assert "daemon.failed" not in home.log()


def test_jobs_are_told_with_where_they_are_written_and_what_comes(api: Api, home: Home) -> None:
    first = api.get("jobs?limit=1")
    assert [each["name"] for each in first["items"]] == ["later"]
    assert first["items"][0]["file"] == f"{home.jobs}/jobs.yaml:3"
    assert first["items"][0]["next_due"] == "2031-05-04T09:00:00.000Z"
    rest = api.get(f"jobs?cursor={first['next']}")
    assert [each["name"] for each in rest["items"]] == ["sent"]
    assert (rest["next"], rest["items"][0]["last_state"]) == (None, "accepted")
    assert [each["due_at"] for each in api.get("jobs/later")["coming"]] == ["2031-05-04T09:00:00.000Z"]
    assert api.refused("GET", "jobs/nobody")[0] == 404


def test_a_job_is_told_as_list_prints_it(api: Api, home: Home) -> None:
    printed = {each["name"]: each for each in home.run("list", "--json").json}
    told = {each["name"]: each for each in api.get("jobs")["items"]}
    for name, each in told.items():
        assert each.pop("overrides") == printed[name].pop("overrides")
        assert each == printed[name]


def test_a_delivery_is_told_as_why_and_history_print_it(api: Api, home: Home) -> None:
    printed, told = home.run("why", "1", "--json").json, api.get("deliveries/1")
    for attempt in printed["attempts"]:
        del attempt["token"]
    assert told.keys() == printed.keys()
    assert {key: told[key] for key in told.keys() - {"attempts"}} == {
        key: printed[key] for key in printed.keys() - {"attempts"}
    }
    for mine, theirs in zip(told["attempts"], printed["attempts"], strict=True):
        assert mine == {key: theirs[key] for key in mine}
    (row,) = [row for row in home.run("history", "--json").json if row["id"] == 1]
    assert api.get("deliveries?job=sent&state=accepted")["items"][-1] == row


def test_no_route_takes_a_parameter_that_it_does_not_have(api: Api) -> None:
    paths = api.get("openapi.json")["paths"]
    asked = [
        (
            method,
            path.removeprefix("/api/v1/").replace("{name}", "later").replace("{id}", "1").replace("{phone}", phone(1)),
        )
        for path, methods in paths.items()
        for method in methods
        if method != "post"  # their bodies are looked at first, and a test of its own
    ]
    assert len(asked) > 15
    for method, path in asked:
        answer = api.ask(method.upper(), f"{path}?nonsense=1")
        assert answer.status == 422, (method, path, answer)
        assert "nonsense" in str(answer.json["errors"]), (method, path)
    assert api.ask("POST", "reload?nonsense=1").status == 422


def test_deliveries_are_found_by_what_is_known_of_them(api: Api) -> None:
    number = phone(1)
    for fits in (
        "",
        "?state=accepted&state=failed",
        "?text=Message+OF",
        f"?phone=%2B{number[1:]}",
        f"?phone=+{number[1:]}",
    ):
        assert 1 in [each["id"] for each in api.get(f"deliveries{fits}")["items"]], fits
    for misses in (
        "?job=later",
        "?state=failed",
        "?text=nowhere",
        "?phone=%2B14155550199",
        "?until=2020-01-01T00:00:00Z",
    ):
        assert api.get(f"deliveries{misses}") == {"items": [], "next": None, "looked_until": None}, misses
    assert api.get("counts?job=sent")["states"]["accepted"] >= 1
    assert set(api.get("counts?state=accepted")["states"]) == {"accepted"}


@pytest.mark.parametrize(
    "path",
    [
        "deliveries?cursor=x",
        "jobs?cursor=x",
        "occurrences?cursor=WyJhIiwiYiIsImMiXQ",
        "actions?cursor=W3RydWVd",
        "opt-outs?cursor=W10",
    ],
)
def test_a_cursor_that_was_never_handed_out_is_a_bad_request(api: Api, path: str) -> None:
    assert api.refused("GET", path) == (400, "this is no cursor: give what `next` said, as it is")


def test_what_does_not_fit_is_said_with_its_place(api: Api) -> None:
    answer = api.ask("GET", "deliveries?state=sent&limit=201&what=1&from=tomorrow&phone=12")
    assert answer.status == 422
    wrong = {each["parameter"]: each["detail"] for each in answer.json["errors"]}
    assert wrong.keys() == {"state.0", "limit", "what", "from", "phone"}
    assert wrong["from"].startswith("this is no time; write it like")
    answer = api.ask("POST", "jobs/later/pause", {"why": 7, "more": True})
    assert {each["pointer"] for each in answer.json["errors"]} == {"/why", "/more"}
    assert api.refused("POST", "jobs/later/pause", b"{") == (
        400,
        "this is no JSON: Expecting property name enclosed in double quotes, line 1, column 2",
    )
    twice = api.refused("POST", "jobs/later/pause", b'{"why": "a", "why": "b"}')
    assert twice == (400, "this JSON is not taken: a key is there twice in one object")
    assert api.ask("POST", "jobs/later/pause", b"why=x", content_type="text/plain").status == 415


def test_what_is_ahead_comes_in_pages(api: Api, home: Home) -> None:
    hourly = {"cron": "0 * * * *"}
    home.write("often.yaml", *(job(name, phone(3), schedule=hourly) for name in ("odd", "even")))
    api.post("reload")
    found, asked = [], "from=2030-01-01T00:00:00Z&until=2030-01-01T12:00:00Z&limit=5"
    path: str | None = f"occurrences?{asked}"
    while path:
        page = api.get(path)
        found += [(each["due_at"][11:16], each["job"]) for each in page["items"]]
        path = page["next"] and f"occurrences?{asked}&cursor={page['next']}"
    assert found == [(f"{hour:02}:00", name) for hour in range(12) for name in ("even", "odd")]
    (later,) = api.get("occurrences?job=later&from=2031-05-01T00:00:00Z&until=2031-06-01T00:00:00Z")["items"]
    assert (later["due_at"], later["recipients"]) == ("2031-05-04T09:00:00.000Z", 1)
    assert api.refused("GET", "occurrences?from=2030-01-01T00:00:00Z&until=2033-01-01T00:00:00Z")[0] == 422
    assert api.refused("GET", "occurrences?from=9999-12-31T00:00:00Z")[0] == 422
    assert api.refused("GET", "occurrences?until=9999-12-31T23:59:59Z")[0] == 422
    (home.jobs / "often.yaml").unlink()
    api.post("reload")


def test_problems_of_files_are_told(api: Api, home: Home) -> None:
    broken = home.jobs / "broken.yaml"
    broken.write_text("jobs:\n" + job("bad", phone(3), schedule={"cron": "nonsense"}))
    assert api.post("reload")["problems"]
    found = api.get("problems?limit=1")
    assert (found["items"][0]["file"], found["items"][0]["line"]) == (str(broken), 2)
    assert api.get("status")["problems"] >= 1
    broken.unlink()
    assert api.post("reload")["problems"] == []


# -- acting --------------------------------------------------------------------------------------------------


def test_acts_are_done_by_the_token_and_written_down_with_their_reason(api: Api) -> None:
    assert (
        api.post("jobs/later/pause", {"why": "the flat is sold", "until": "2031-01-01T00:00"})["until"]
        == "2031-01-01T00:00:00.000Z"
    )
    (override,) = api.get("overrides")["items"]
    assert (override["word"], override["job"], override["who"]) == ("paused", "later", "api:all")
    assert api.get("jobs/later")["overrides"] == [override]
    assert api.post("jobs/later/resume", {"why": "it is not"})["resumed"] == "later"
    done = [
        (each["action"], each["target"], each["who"], each["detail"].get("why"))
        for each in api.get("actions?limit=2")["items"]
    ]
    assert done == [("resume", "later", "api:all", "it is not"), ("pause", "later", "api:all", "the flat is sold")]
    assert api.refused("POST", "jobs/later/resume") == (409, "job 'later' is not paused")


def test_every_job_is_paused_and_goes_on(api: Api) -> None:
    assert api.post("pause", {"why": "a strike"})["paused"] is None
    assert api.get("status")["overrides"] == 1
    assert api.post("resume") == {"resumed": None, "nominal": None, "all_paused": False, "still_paused": []}


def test_an_occurrence_is_skipped_and_sent_after_all(api: Api) -> None:
    skipped = api.post("jobs/later/skip", {"at": "2031-05-04T09:00", "why": "a holiday"})
    assert skipped["due_at"] == {"UTC": "2031-05-04T09:00:00.000Z"}
    (coming,) = api.get("jobs/later")["coming"]
    assert coming["override"]["word"] == "skipped"
    status, said = api.refused("POST", "jobs/later/skip", {"at": "2031-05-04T09:00", "why": "a holiday"})
    assert (status, "POST /api/v1/jobs/later/resume with" in said) == (409, True)
    assert api.post("jobs/later/resume", {"at": "2031-05-04T09:00"})["nominal"] == skipped["nominal"]


def test_who_opts_out_is_listed_until_they_come_back(api: Api) -> None:
    assert api.post("opt-outs", {"phone": phone(7), "why": "called"})["new"]
    assert not api.post("opt-outs", {"phone": phone(7)})["new"]
    (one,) = api.get("opt-outs")["items"]
    assert (one["phone"], one["who"], one["why"]) == (phone(7), "api:all", "called")
    assert api.ask("DELETE", f"opt-outs/%2B{phone(7)[1:]}").json["still"] == []
    assert api.refused("DELETE", f"opt-outs/%2B{phone(7)[1:]}")[0] == 404


def test_a_test_goes_to_a_phone_of_ours(api: Api, home: Home) -> None:
    tested = api.ask("POST", "jobs/later/test-send", {"to": phone(9)})
    assert tested.status == 202
    number = tested.json["delivery"]
    home.until(lambda: api.get(f"deliveries/{number}")["state"] == "accepted", "the test is not sent")
    assert api.get(f"deliveries/{number}")["drill"]
    assert api.refused("POST", f"deliveries/{number}/retry")[0] == 409


def test_what_is_not_there_is_not_found_and_what_is_settled_is_a_conflict(api: Api) -> None:
    for act, body in (
        ("retry", {}),
        ("cancel", {}),
        ("release", {}),
        ("hold", {"why": "x"}),
        ("resolve", {"sent": True}),
    ):
        status, said = api.refused("POST", f"deliveries/999/{act}", body)
        assert (status, said) == (404, "there is no delivery 999; GET /api/v1/deliveries lists them")
        assert api.refused("POST", f"deliveries/1/{act}", body)[0] == 409
    assert api.refused("POST", "holds/77/approve")[0] == 404
    assert api.refused("POST", "jobs/nobody/pause", {"why": "x"})[0] == 404
    assert api.refused("POST", "jobs/later/pause", {"why": "x", "until": "yesterday"})[0] == 422


def test_no_refusal_speaks_of_what_is_typed_at_a_terminal(api: Api) -> None:
    for path, body in (
        ("jobs/later/resume", {"at": "2030-01-01T00:00"}),
        ("jobs/latest/resume", {}),
        ("jobs/later/skip", {"at": "2030-01-01T00:00", "why": "x"}),
        ("jobs/later/pause", {"why": "x", "until": "2020-01-01T00:00"}),
        ("jobs/later/test-send", {"to": "12"}),
        ("jobs/later/test-send", {"to": phone(9), "as": "nobody"}),
        ("opt-outs", {"phone": "12"}),
        ("opt-outs", {"phone": phone(9), "sender": "?"}),
        ("deliveries/1/retry", {"valid_for": "1s"}),
        ("deliveries/1/retry", {}),
        ("deliveries/1/cancel", {}),
        ("deliveries/1/hold", {"why": "x"}),
        ("deliveries/1/resolve", {"sent": False}),
        ("holds/77/approve", {}),
        ("resume", {}),
    ):
        _, said = api.refused("POST", path, body)
        assert "--" not in said, said
        assert "reminderd " not in said, said


def test_a_token_does_no_more_than_its_scopes_say(api: Api) -> None:
    reads, acts = Api(api.port, READ), Api(api.port, ACT)
    assert reads.ask("GET", "deliveries").status == 200
    assert acts.ask("GET", "deliveries").status == 403
    assert reads.ask("POST", "jobs/later/pause", {"why": "x"}).status == 403
    assert acts.ask("POST", "opt-outs", {"phone": "12"}).status == 422
    assert Api(api.port, None).ask("GET", "deliveries").status == 401
