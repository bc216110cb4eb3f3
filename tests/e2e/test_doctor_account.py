"""What `doctor` says of Plivo's account, asked with the real SDK over a real socket: each way to fail, provoked."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reminderd.clock import SystemClock
from reminderd.doctor import Finding, Grade, Scene, account
from reminderd.gateway.sandbox import AUTH_ID, Options, PlayedAccount, Sandbox, own_numbers
from tests.e2e.scripted_server import ScriptedServer, answer
from tests.support.clock import FakeClock
from tests.support.doctor import grades, one, plivo, scene

FAIL, WARN, OK, SKIP = Grade.FAIL, Grade.WARN, Grade.OK, Grade.SKIP
SENDER = "+14155550100"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    options = Options(AUTH_ID, "sandbox", account=PlayedAccount(numbers=own_numbers([SENDER])))
    with Sandbox(options=options) as running:
        yield running


@pytest.fixture
def at(tmp_path: Path) -> Callable[..., Scene]:
    return lambda url, **changes: scene(tmp_path / "home", SystemClock(), plivo=plivo(url, **changes))


Place = Callable[..., Scene]


def write(place: Scene, name: str, **keys: Any) -> None:
    job = {"schedule": {"cron": "0 9 * * *"}, "to": "+447700900101", "message": "Hello.", **keys}
    (place.settings.jobs[0] / f"{name}.yaml").write_text(json.dumps(job))


def look(place: Scene) -> list[Finding]:
    return [*account.look(place), *account.senders(place)]


def test_an_account_that_is_well(sandbox: Sandbox, at: Place) -> None:
    found = look(at(sandbox.url, sender=SENDER))
    assert grades(found) == {"account": OK, "clock.plivo": OK, "account.credit": OK, "senders": OK}
    assert sandbox.requests() == {"total": 2, "account": 1, "number": 1}


def test_wrong_credentials(sandbox: Sandbox, at: Place) -> None:
    found = look(at(sandbox.url, sender=SENDER, auth_token="wrong"))
    assert grades(found) == {"account": FAIL, "clock.plivo": OK, "senders": SKIP}
    assert "401" in one(found, "account").seen
    assert "the credentials are wrong" in one(found, "account").seen


@pytest.mark.parametrize(
    ("fault", "grade", "said"),
    [
        ("status=402,on=account", FAIL, "there is no credit"),
        ("status=403,on=account", FAIL, "403"),
        ("status=407,on=account", FAIL, "the proxy wants credentials"),
        ("status=429,on=account", WARN, "too many requests"),
        ("status=500,on=account", FAIL, "Plivo itself has trouble"),
        ("status=200,body=html,on=account", FAIL, "not Plivo's JSON"),
        ("status=302,on=account", FAIL, "302"),
        ("reset=before,on=account", FAIL, "no answer: connection lost"),
        ("close=before,on=account", FAIL, "no answer: closed without an answer"),
        ("hang=20s,on=account", FAIL, "no answer: no answer for 1 s"),
    ],
)
def test_an_answer_that_is_no_good(sandbox: Sandbox, at: Place, fault: str, grade: Grade, said: str) -> None:
    sandbox.add_fault(fault)
    found = look(at(sandbox.url, sender=SENDER, read_timeout="1s"))
    assert one(found, "account").grade is grade
    assert said in one(found, "account").seen
    assert one(found, "senders").grade is SKIP


def test_nobody_there(at: Place) -> None:
    with Sandbox() as gone:
        url = gone.url
    assert grades(look(at(url))) == {"account": FAIL, "senders": SKIP}


def test_no_credentials(at: Place, tmp_path: Path) -> None:
    assert one(look(at("http://127.0.0.1:9", auth_token=None)), "account").grade is FAIL
    empty = tmp_path / "token"
    empty.write_text("")
    found = look(at("http://127.0.0.1:9", auth_token=None, auth_token_file=str(empty)))
    assert "does not hold an auth token" in one(found, "account").seen


@pytest.mark.parametrize(
    ("told", "grade", "said"),
    [
        ({"credit": "3.50"}, WARN, "3.50 USD, less than 10.00 USD"),
        ({"credit": "0"}, FAIL, "nothing can be sent"),
        ({"credit": "-1"}, FAIL, "nothing can be sent"),
        ({"credit": "3.50", "auto_recharge": True}, OK, "Plivo recharges it"),
        ({"credit": "-3.50", "billing_mode": "postpaid"}, OK, "paid later"),
        ({"account_type": "developer"}, WARN, "only verified numbers"),
    ],
)
def test_the_credit(sandbox: Sandbox, at: Place, told: dict[str, Any], grade: Grade, said: str) -> None:
    sandbox.tell_account(**told)
    credit = one(look(at(sandbox.url, sender=SENDER)), "account.credit")
    assert credit.grade is grade
    assert said in credit.seen


def test_the_credit_is_measured_by_what_the_next_days_cost(sandbox: Sandbox, at: Place) -> None:
    place = at(sandbox.url, sender=SENDER, price="0.50")
    write(place, "daily", to=["+447700900101", "+447700900102"])  # 14 messages in seven days
    sandbox.tell_account(credit="6.99")
    assert one(account.look(place), "account.credit").seen == "6.99 USD, less than the 7.00 USD of the next 7 days"
    sandbox.tell_account(credit="7.01")
    assert one(account.look(place), "account.credit").grade is OK


def test_a_credit_that_is_not_said(at: Place) -> None:
    with ScriptedServer([answer(200, {"api_id": "x"})]) as server:
        found = list(account.look(at(server.url)))
    assert grades(found) == {"account": OK, "clock.plivo": SKIP, "account.credit": SKIP}


@pytest.mark.parametrize(
    ("ahead", "grade"),
    [
        (timedelta(seconds=2), OK),
        (timedelta(seconds=60), WARN),
        (timedelta(seconds=-60), WARN),
        (timedelta(minutes=6), FAIL),
        (timedelta(days=-400), FAIL),
    ],
)
def test_a_clock_that_differs_from_plivos(tmp_path: Path, ahead: timedelta, grade: Grade) -> None:
    now = datetime(2026, 11, 22, 8, 0, 0, 500_000, tzinfo=UTC)
    with Sandbox(clock=FakeClock(now)) as sandbox:
        place = scene(tmp_path / "home", FakeClock(now + ahead), plivo=plivo(sandbox.url))
        found = one(account.look(place), "clock.plivo")
    assert found.grade is grade
    assert grade is OK or ("ahead of" in found.seen) == (ahead > timedelta(0))


def test_a_sender_that_is_somebody_elses(sandbox: Sandbox, at: Place) -> None:
    place = at(sandbox.url, sender="+14155550199")
    write(place, "rent", sender="+14155550198")
    write(place, "bins", sender=SENDER)
    found = [each for each in look(place) if each.check == "senders"]
    assert [(each.grade, each.seen) for each in found] == [
        (FAIL, "+14155550199 (plivo.sender) is not a number of this account"),
        (FAIL, "+14155550198 (of rent) is not a number of this account"),
        (OK, "+14155550100: of this account"),
    ]


def test_a_subaccounts_sender_may_be_lent(at: Place) -> None:
    with Sandbox(options=Options(account=PlayedAccount(numbers=frozenset()))) as sandbox:
        found = look(at(sandbox.url, sender=SENDER, auth_id="SA" + "0" * 18))
    assert one(found, "senders").grade is WARN


def test_names_and_short_codes_cannot_be_looked_up(sandbox: Sandbox, at: Place) -> None:
    place = at(sandbox.url, sender="ACME")
    write(place, "code", sender="24273")
    found = look(place)
    assert one(found, "senders.names").grade is SKIP
    assert "24273, ACME" in one(found, "senders.names").seen
    assert "number" not in sandbox.requests()


def test_a_number_that_cannot_be_asked_about_now(sandbox: Sandbox, at: Place) -> None:
    sandbox.add_fault("status=503,on=number")
    found = one(look(at(sandbox.url, sender=SENDER)), "senders")
    assert (found.grade, "503" in found.seen) == (WARN, True)


def test_a_number_without_text_messages(at: Place) -> None:
    account_says = answer(200, {"api_id": "x", "cash_credits": "100"})
    number_says = answer(200, {"api_id": "x", "number": "14155550100", "sms_enabled": False})
    with ScriptedServer([account_says, number_says]) as server:
        found = look(at(server.url, sender=SENDER))
    assert "cannot send text messages" in one(found, "senders").seen


def test_no_sender_at_all(sandbox: Sandbox, at: Place) -> None:
    place = at(sandbox.url)
    assert one(look(place), "senders").grade is SKIP
    write(place, "rent")
    place = at(sandbox.url)
    found = one(look(place), "senders")
    assert (found.grade, found.seen) == (FAIL, "rent: without a sender, so that each message will fail")


def test_only_some_of_many_senders_are_asked_about(at: Place) -> None:
    with Sandbox() as sandbox:
        place = at(sandbox.url, sender=SENDER)
        for number in range(account.MOST_SENDERS + 5):
            write(place, f"job-{number:02}", sender=f"+141555502{number:02}")
        found = look(place)
        assert sandbox.requests()["number"] == account.MOST_SENDERS
    assert [each.grade for each in found if each.check == "senders"] == [OK, SKIP]
