"""What stands on the port's side: that it is cheap, and the gateway that sends nothing."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reminderd.gateway.config import PlivoConfig
from reminderd.gateway.plivo import PlivoGateway
from reminderd.gateway.port import Details, Gateway, LogPage, MessageState, Probe, SendRequest
from reminderd.gateway.rehearsal import RehearsalGateway
from reminderd.model import Accepted, NotBegun

REQUEST = SendRequest("t1", "+14155550100", "+14155550123", "Rent is due", 900)


@pytest.mark.parametrize("module", ["port", "config", "rehearsal", "plivo"])
def test_the_sdk_is_not_imported_before_a_gateway_is_built(module: str) -> None:
    program = f"import sys, reminderd.gateway.{module}; sys.exit('plivo' in sys.modules or 'requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_port_alone_brings_no_http() -> None:
    program = "import sys, reminderd.gateway.port; sys.exit('urllib3' in sys.modules or 'http.client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_rehearsal_tells_what_it_would_send() -> None:
    told: list[SendRequest] = []
    gateway: Gateway = RehearsalGateway(told.append)
    assert gateway.send(REQUEST, lambda: True) == Accepted("rehearsal-t1", "rehearsal")
    assert told == [REQUEST]


def test_a_rehearsal_respects_a_withdrawal() -> None:
    told: list[SendRequest] = []
    assert RehearsalGateway(told.append).send(REQUEST, lambda: False) == NotBegun("withdrawn before the request")
    assert told == []


def test_a_rehearsal_has_an_empty_log_and_is_always_well() -> None:
    gateway: Gateway = RehearsalGateway(lambda _request: None)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert gateway.log(since=now, until=now) == LogPage(())
    assert gateway.details("rehearsal-t1") == Details(MessageState.DELIVERED)
    assert gateway.probe() == Probe(True, "rehearsal")
    gateway.close()


def test_a_configuration_hides_its_credentials() -> None:
    config = PlivoConfig(
        "MAXXXXXXXXXXXXXXXXXX", "a-token", proxy="http://me:hush@proxy.example", ca_file=Path("ca.pem")
    )
    assert not [secret for secret in ("MAXX", "a-token", "hush") if secret in repr(config)]


@pytest.mark.parametrize(
    ("auth_id", "auth_token", "key"),
    [
        ("MAXXXXXXXXXXXXXXXXXX", "", "auth_token"),
        ("", "token", "auth_id"),
        ("XXXXXXXXXXXXXXXXXXXX", "token", "auth_id"),
        ("MAX", "token", "auth_id"),
        ("MA/../Account/secret", "token", "auth_id"),
        ("MAXXXXXXXXXXXXXXXX X", "token", "auth_id"),
    ],
)
def test_credentials_that_can_be_none_are_said_at_once_and_not_looked_for_elsewhere(
    auth_id: str, auth_token: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_ID", "MAYYYYYYYYYYYYYYYYYY")
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "other")
    with pytest.raises(ValueError, match=rf"plivo\.{key}"):
        PlivoGateway(PlivoConfig(auth_id, auth_token, url="http://127.0.0.1:9"))
