"""The account and its numbers, with the real SDK over real sockets."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from reminderd.gateway.config import PlivoConfig
from reminderd.gateway.plivo import PlivoGateway
from reminderd.gateway.port import Account
from reminderd.gateway.sandbox import AUTH_ID, AUTH_TOKEN, Options, PlayedAccount, Sandbox, own_numbers


def gateway(sandbox: Sandbox, auth_token: str = AUTH_TOKEN) -> "closing[PlivoGateway]":
    return closing(PlivoGateway(PlivoConfig(AUTH_ID, auth_token, sandbox.url)))


def test_the_probe_tells_the_credit_and_the_servers_time() -> None:
    with (
        Sandbox(options=Options(account=PlayedAccount("3.50000", auto_recharge=True))) as sandbox,
        gateway(sandbox) as plivo,
    ):
        probe = plivo.probe()
        assert (probe.ok, probe.status) == (True, 200)
        assert probe.account == Account(3.5, True, True, False)
        assert probe.date is not None
        assert abs(probe.date - datetime.now(UTC)) < timedelta(minutes=1)
        sandbox.tell_account(credit="0.10")
        probe = plivo.probe()
        assert probe.account is not None
        assert probe.account.credit == 0.1


@pytest.mark.parametrize("status", [401, 402, 429, 500])
def test_a_refusal_tells_its_status_and_nothing_of_the_account(status: int) -> None:
    with Sandbox(faults=[f"status={status},on=account"]) as sandbox, gateway(sandbox) as plivo:
        probe = plivo.probe()
        assert (probe.ok, probe.status, probe.account) == (False, status, None)


def test_a_number_is_the_accounts_or_not() -> None:
    options = Options(account=PlayedAccount(numbers=own_numbers(["+14155550100"])))
    with Sandbox(options=options) as sandbox, gateway(sandbox) as plivo:
        assert plivo.owns("+14155550100").owned is True
        assert plivo.owns("+14155550199").owned is False
        sandbox.add_fault("status=503,on=number")
        assert plivo.owns("+14155550100").owned is None
        assert sandbox.requests()["number"] == 3


def test_nobody_learns_of_numbers_with_a_wrong_token() -> None:
    with Sandbox(options=Options(auth_token="right")) as sandbox, gateway(sandbox, "wrong") as plivo:
        assert (plivo.owns("+14155550100").owned, plivo.owns("+14155550100").status) == (None, 401)
