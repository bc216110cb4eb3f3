"""The details of a message, with the real SDK over real sockets."""

from datetime import timedelta

import pytest

from reminderd.gateway.config import PlivoConfig
from reminderd.gateway.plivo import PlivoGateway
from reminderd.gateway.port import Details, DetailsUnavailable, MessageState
from reminderd.gateway.sandbox import AUTH_ID, AUTH_TOKEN, Sandbox
from reminderd.model import Accepted
from tests.e2e.scripted_server import AUTH_ID as ANYBODY
from tests.e2e.scripted_server import UUID, ScriptedServer, Step, answer, close, gateway_to, reset, send
from tests.support.sandbox import wait_until

FOUND = {"api_id": "x", "message_uuid": UUID, "message_state": "delivered", "error_code": "000", "units": 1}


def test_the_question_names_the_message_and_nothing_else() -> None:
    with ScriptedServer([answer(200, FOUND)]) as server, gateway_to(server.url) as gateway:
        assert gateway.details(UUID) == Details(MessageState.DELIVERED, None, 1)
    assert server.requests[0].line == f"GET /v1/Account/{ANYBODY}/Message/{UUID}/ HTTP/1.1"


@pytest.mark.parametrize("uuid", ["../../Account/", "a?b=c#d", "a b\r\nX: y", "é", "\ud800", "."])
def test_a_name_is_one_part_of_the_address_whatever_is_in_it(uuid: str) -> None:
    with ScriptedServer([answer(200, FOUND)]) as server, gateway_to(server.url) as gateway:
        assert isinstance(gateway.details(uuid), DetailsUnavailable)
    (request,) = server.requests
    assert request.line.removeprefix(f"GET /v1/Account/{ANYBODY}/Message/").removesuffix("/ HTTP/1.1").count("/") == 0
    assert "x" not in request.headers


@pytest.mark.parametrize(
    "step",
    [
        answer(400, {"error": "bad"}),
        answer(401, b"no"),
        answer(404, {"error": "no"}),
        answer(429, {"error": "too many requests"}),
        answer(500, b""),
        answer(302, FOUND, Location="http://127.0.0.1:9/"),
        answer(200, b"nonsense"),
        answer(200, b"17"),
        answer(200, b"x" * 300_000),
        answer(200, {**FOUND, "message_uuid": "another"}),
        close,
        reset,
    ],
    ids=range(12),
)
def test_whatever_else_comes_back_is_a_value_and_asked_for_once(step: Step) -> None:
    with ScriptedServer([step]) as server, gateway_to(server.url) as gateway:
        assert isinstance(gateway.details(UUID), DetailsUnavailable)
        assert len(server.requests) == 1


def test_who_does_not_answer_in_time_is_a_value_too() -> None:
    with ScriptedServer([]) as server, gateway_to(server.url, read_timeout=0.2) as gateway:
        server.steps.append(server.silence)
        assert gateway.details(UUID) == DetailsUnavailable("no answer for 0.2 s", pause=True)


def test_an_answer_says_when_to_come_back() -> None:
    with ScriptedServer([answer(429, b"", Retry_After="30")]) as server, gateway_to(server.url) as gateway:
        assert gateway.details(UUID) == DetailsUnavailable("429 without a body", timedelta(seconds=30), pause=True)


def test_details_are_asked_for_10_times_a_second_at_most_and_sending_goes_on() -> None:
    with Sandbox() as sandbox:
        gateway = PlivoGateway(PlivoConfig(AUTH_ID, AUTH_TOKEN, sandbox.url, proxy=""))
        answers = [gateway.details(UUID) for _ in range(30)]
        assert isinstance(send(gateway), Accepted)
        gateway.close()
        waits = [found.retry_after for found in answers if isinstance(found, DetailsUnavailable) and found.retry_after]
        assert waits, "30 questions take no second"
        assert max(waits) <= timedelta(seconds=1)
        assert sandbox.requests()["details"] == 30 - len(waits)


def test_the_sandbox_answers_as_plivo_would() -> None:
    with Sandbox(faults=["ends=failed,code=420,after=0s"]) as sandbox:
        gateway = PlivoGateway(PlivoConfig(AUTH_ID, AUTH_TOKEN, sandbox.url, proxy=""))
        outcome = send(gateway)
        assert isinstance(outcome, Accepted)
        found = gateway.details(outcome.message_uuid)
        assert isinstance(found, Details)
        assert (found.state, found.error_code, found.units) == (MessageState.FAILED, 420, 1)
        assert found.at is not None
        unknown = gateway.details(UUID)
        assert isinstance(unknown, DetailsUnavailable)
        assert unknown.unknown
        gateway.close()


def test_a_message_is_sent_and_then_delivered() -> None:
    with Sandbox() as sandbox:
        gateway = PlivoGateway(PlivoConfig(AUTH_ID, AUTH_TOKEN, sandbox.url, proxy=""))
        outcome = send(gateway)
        assert isinstance(outcome, Accepted)
        seen: list[MessageState] = []

        def delivered() -> bool:
            found = gateway.details(outcome.message_uuid)
            if isinstance(found, Details) and found.state not in seen:
                seen.append(found.state)
            return MessageState.DELIVERED in seen

        wait_until(delivered)
        assert seen == ["queued", "sent", "delivered"]
        gateway.close()
