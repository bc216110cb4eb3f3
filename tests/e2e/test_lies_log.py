"""A log that lies: late, masked, rewritten, out of order, or not there. With the real daemon and the real SDK."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reminderd.gateway.port import LogUnavailable
from reminderd.model import OnDoubt, State
from reminderd.reconciler import Findings, look_up
from reminderd.store import Doubt
from tests.e2e.scripted_server import ScriptedServer, Step, answer, gateway_to
from tests.support.daemon import Home, job, phone
from tests.support.lies import FAST, check_promise
from tests.support.sandbox import SandboxProcess

MEXICAN = "+525512345678"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Home]:
    with Home(tmp_path / "home", sandbox.environment, FAST) as made:
        yield made


def test_a_masked_or_rewritten_row_is_shown_and_nothing_is_sent_again(sandbox: SandboxProcess, home: Home) -> None:
    sandbox.show_log(numbers=["[0-9]{4}$=****", "^52=521"])
    sandbox.add_fault("reset=after,count=2")
    home.write("a.yaml", job("masked", phone(1), on_doubt="resend"), job("rewritten", MEXICAN, on_doubt="resend"))
    home.start().until_logged("doubt.unresolved", 2)
    uuids = {message["text"]: message["message_uuid"] for message in sandbox.ledger()}
    rows = home.by_job()
    for name, row in rows.items():
        assert f"{uuids[f'Message of {name}.']}, not taken because its number there is masked" in row["reason"]
    refused = home.run("resolve", str(rows["masked"]["id"]), "--not-sent")
    assert refused.status == 1
    assert "--force" in refused.err
    assert set(check_promise(sandbox, home).values()) == {"in_doubt"}


def test_a_log_that_shows_a_message_late_proves_it_late(sandbox: SandboxProcess, home: Home) -> None:
    sandbox.show_log(lag="200s")
    sandbox.add_fault("status=503,accept=true,count=1")
    home.write("a.yaml", job("late", phone(1)))
    home.start().until_logged("doubt.looked_up", 2)
    sandbox.show_log(lag="0s")
    rows = home.until_states(late="accepted")
    assert (
        home.run("why", str(rows["late"]["id"])).out.count(
            "looked up             Plivo's log shows no such message yet"
        )
        >= 2
    )
    assert set(check_promise(sandbox, home).values()) == {"accepted"}


def test_a_log_that_shows_nothing_to_the_end_proves_nothing(sandbox: SandboxProcess, home: Home) -> None:
    sandbox.show_log(lag="200s")
    sandbox.add_fault("truncate,count=1")
    home.write("a.yaml", job("waits", phone(1)))
    home.start().until_logged("doubt.unresolved")
    assert len(sandbox.ledger()) == 1
    assert set(check_promise(sandbox, home).values()) == {"in_doubt"}


@pytest.mark.parametrize("fault", ["status=503", "garbage", "wrong=list", "status=404,body=html"])
def test_a_log_that_cannot_be_read_is_asked_again_and_nothing_is_decided(
    sandbox: SandboxProcess, home: Home, fault: str
) -> None:
    sandbox.add_fault(f"on=log,{fault}")
    sandbox.add_fault("close=after,count=1")
    home.write("a.yaml", job("doubtful", phone(1), on_doubt="resend"))
    home.start().until_logged("log.unavailable")
    (row,) = home.history()
    assert row["state"] == "in_doubt"
    refused = home.run("resolve", str(row["id"]), "--not-sent")
    assert "log could not be read" in refused.err
    assert len(sandbox.ledger()) == 1


def test_a_busy_log_says_when_to_come_back_and_is_right_then(sandbox: SandboxProcess, home: Home) -> None:
    sandbox.add_fault("on=log,status=429,header=Retry-After: 1,count=1")
    sandbox.add_fault("garbage,count=1")
    home.write("a.yaml", job("doubtful", phone(1)))
    home.start().until_states(doubtful="accepted")
    assert "log.unavailable" in home.log()
    assert set(check_promise(sandbox, home).values()) == {"accepted"}


# Pages ----------------------------------------------------------------------------------------------------

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
DOUBT = Doubt(
    1,
    1,
    State.IN_DOUBT,
    "a",
    "+14155550123",
    "+14155550100",
    1,
    OnDoubt.WAIT,
    0,
    AT,
    AT + timedelta(seconds=5),
)


def shown(number: int) -> dict[str, Any]:
    return {
        "message_uuid": f"u{number}",
        "message_time": "2026-11-22 08:00:01",
        "message_direction": "outbound",
        "message_state": "sent",
        "message_type": "sms",
        "from_number": "14155550100",
        "to_number": f"1415555{number:04d}",
        "units": 1,
    }


def page(numbers: range, following: int | None) -> Step:
    address = None if following is None else f"/v1/?limit=20&offset={following}"
    return answer(200, {"meta": {"next": address}, "objects": [shown(number) for number in numbers]})


def look(*steps: Step) -> Findings:
    with ScriptedServer(list(steps)) as server, gateway_to(server.url) as gateway:
        return look_up(gateway, [DOUBT])


def test_the_wanted_row_is_found_on_the_third_page() -> None:
    found = look(page(range(20), 20), page(range(20, 40), 40), page(range(123, 124), None))
    assert "u123" in {row.message_uuid for row in found.rows}
    assert found.whole


def test_rows_that_come_in_between_two_pages_shift_and_hide_nothing() -> None:
    found = look(page(range(20), 20), page(range(15, 35), 40), page(range(30, 41), None))
    assert {row.message_uuid for row in found.rows} == {f"u{number}" for number in range(41)}


@pytest.mark.parametrize(
    "steps",
    [
        [page(range(20), 20), page(range(20), 20)],  # names the page that it is
        [page(range(20), 20), page(range(20, 40), 0), page(range(20), 20), page(range(20, 40), 0)] * 10,  # in a circle
        [page(range(20), 20), answer(429, b"", Retry_After="7")],
        [page(range(20), 20), answer(200, b"<html>")],
        [page(range(20), 20), answer(500, b"")],
    ],
    ids=range(5),
)
def test_pages_that_do_not_end_or_cannot_be_read_are_no_absence(steps: list[Step]) -> None:
    found = look(*steps)
    assert found.looked_up == ()
    assert found.left == (DOUBT,)
    assert isinstance(found.unavailable, LogUnavailable)


def test_where_each_page_is_the_same_under_another_name_nothing_is_read_as_a_whole() -> None:
    found = look(*(page(range(20), offset) for offset in range(20, 2000, 20)))
    assert found.looked_up == ()
    assert not found.whole
