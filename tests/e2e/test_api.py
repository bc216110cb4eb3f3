"""The API of a running daemon: what is read, what is done, and what is said where something is wrong."""

from collections.abc import Iterator

import pytest

from tests.support.api import Api, settings
from tests.support.daemon import Home, job, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import answers, free_port

pytestmark = pytest.mark.timeout(300)

LATER = "2031-05-04T09:00:00Z"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


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
            assert operation["security"], path
            assert operation["description"], path
            assert {"400", "401", "403", "422", "429", "503"} <= operation["responses"].keys(), path
