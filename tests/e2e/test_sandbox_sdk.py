"""The real SDK against the sandbox: what it sees is what it sees of Plivo."""

from collections.abc import Iterator
from typing import Any

import plivo
import pytest
import requests

from reminderd.gateway.sandbox import Options, Sandbox
from tests.support.sandbox import SENDER, sdk_client

PHONE = "+14155550101"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Any]:
    with sdk_client(sandbox.url) as client:
        yield client


def create(client: Any, text: str = "Rent is due", dst: str = PHONE) -> Any:
    return client.messages.create(src=SENDER, dst=dst, text=text)


def test_a_message_is_sent_listed_and_looked_up(sandbox: Sandbox, client: Any) -> None:
    created = create(client)
    (uuid,) = created.message_uuid
    assert "invalid_number" not in created
    assert [message.message_uuid for message in sandbox.messages()] == [uuid]
    (listed,) = client.messages.list(to_number=PHONE, from_number=SENDER)
    details = client.messages.get(uuid)
    for shown in (listed, details):
        assert (shown.message_uuid, shown.to_number, shown.units) == (uuid, "14155550101", 1)


def test_the_sdk_walks_over_all_pages(client: Any) -> None:
    sent = [create(client, f"number {n}").message_uuid[0] for n in range(45)]
    assert [message.message_uuid for message in client.messages] == sent[::-1]


def test_a_bulk_request_names_what_was_invalid(client: Any) -> None:
    created = create(client, dst="+14155550101<111<+14155550102")
    assert len(created.message_uuid) == 2
    assert created.invalid_number == ["111"]


def test_the_account_is_shown(client: Any) -> None:
    assert client.account.get().cash_credits == "100.00000"


def test_wrong_credentials_are_an_authentication_error() -> None:
    with Sandbox(options=Options(auth_token="right")) as sandbox, sdk_client(sandbox.url) as client:
        with pytest.raises(plivo.exceptions.AuthenticationError):
            create(client)
        with pytest.raises(plivo.exceptions.AuthenticationError):
            client.account.get()


def test_a_refusal_carries_the_servers_words(client: Any) -> None:
    with pytest.raises(plivo.exceptions.ValidationError, match="'111' is not a valid phone number"):
        create(client, dst="111")


@pytest.mark.parametrize(
    ("spec", "raised", "accepted"),
    [
        ("status=400", plivo.exceptions.ValidationError, 0),
        ("status=401,body=text", plivo.exceptions.AuthenticationError, 0),
        ("status=402", plivo.exceptions.PlivoRestError, 0),
        ("status=403", plivo.exceptions.GeoPermissionError, 0),
        ("status=404", plivo.exceptions.ResourceNotFoundError, 0),
        ("status=422", plivo.exceptions.InvalidRequestError, 0),
        ("status=429,header=Retry-After: 3", plivo.exceptions.PlivoRestError, 0),
        ("status=500,accept=true", plivo.exceptions.PlivoServerError, 1),
        ("status=503,body=html", plivo.exceptions.PlivoRestError, 0),
        ("hang=300s", requests.ReadTimeout, 0),
        ("hang=300s,accept=true", requests.ReadTimeout, 1),
        ("latency=300s", requests.ReadTimeout, 1),
        ("reset=before", requests.ConnectionError, 0),
        ("reset=after", requests.ConnectionError, 1),
        ("close=before", requests.ConnectionError, 0),
        ("close=after", requests.ConnectionError, 1),
        ("truncate", requests.exceptions.ChunkedEncodingError, 1),
        ("wrong=null", TypeError, 1),
        ("wrong=number", TypeError, 1),
    ],
)
def test_a_fault_shows_in_the_sdk_as_the_real_thing(
    sandbox: Sandbox, spec: str, raised: type[Exception], accepted: int
) -> None:
    sandbox.add_fault(spec)
    patience = 0.3 if raised is requests.ReadTimeout else 30.0
    with sdk_client(sandbox.url, read_timeout=patience) as client, pytest.raises(raised):
        create(client)
    assert len(sandbox.messages()) == accepted


@pytest.mark.parametrize("spec", ["garbage", "empty"])
def test_an_accepted_message_can_look_like_nothing(sandbox: Sandbox, client: Any, spec: str) -> None:
    sandbox.add_fault(spec)
    assert create(client) is None
    assert len(sandbox.messages()) == 1


def test_an_accepted_message_can_come_without_its_uuid(sandbox: Sandbox, client: Any) -> None:
    sandbox.add_fault("wrong=no-uuid,count=1", "wrong=list,count=1")
    assert "message_uuid" not in create(client)
    assert isinstance(create(client), list)
    assert len(sandbox.messages()) == 2


def test_a_redirect_leads_the_sdk_to_another_page(sandbox: Sandbox, client: Any) -> None:
    sandbox.add_fault("redirect=/__control/requests")
    assert create(client).accepted == 0
    assert sandbox.messages() == []


def test_faults_can_meet_the_log_and_leave_the_sends(sandbox: Sandbox, client: Any) -> None:
    sandbox.add_fault("status=500,on=log")
    create(client)
    with pytest.raises(TypeError):  # what the SDK makes of an error in a list
        client.messages.list()


def test_a_reset_after_accepting_leaves_its_row_in_the_log(sandbox: Sandbox, client: Any) -> None:
    sandbox.add_fault("reset=after,count=1")
    with pytest.raises(requests.ConnectionError):
        create(client)
    assert [row.message_uuid for row in client.messages.list()] == [sandbox.messages()[0].message_uuid]
