"""The sandbox as a gateway without a socket: each answer is judged as the same answer of Plivo would be."""

from datetime import timedelta

import pytest

from reminderd.gateway.config import PlivoConfig
from reminderd.gateway.port import Details, LogPage, SendRequest
from reminderd.gateway.sandbox import AUTH_ID, AUTH_TOKEN, parse_fault
from reminderd.gateway.sandbox.inprocess import SandboxGateway
from reminderd.model import Accepted, InDoubt, NotBegun, NotSent, Outcome, Refused
from tests.support.clock import FakeClock

REQUEST = SendRequest("token", "+14155550100", "+14155550101", "Hello.", 3600)


def send(*faults: str, config: PlivoConfig | None = None) -> tuple[Outcome, float]:
    gateway = SandboxGateway(FakeClock(), [parse_fault(each) for each in faults], config)
    try:
        return gateway.send(REQUEST, lambda: True), gateway.took
    finally:
        gateway.close()


@pytest.mark.parametrize(
    ("fault", "kind", "took"),
    [
        ("latency=2s", Accepted, 2),
        ("status=400", Refused, 0),
        ("status=401", NotSent, 0),
        ("status=429,header=Retry-After: 7", NotSent, 0),
        ("status=503", InDoubt, 0),
        ("status=400,body=html", InDoubt, 0),
        ("redirect=http://127.0.0.1/", InDoubt, 0),
        ("hang=20s", InDoubt, 20),
        ("hang=200s", InDoubt, 30),
        ("reset=before", InDoubt, 0),
        ("close=after", InDoubt, 0),
        ("truncate", InDoubt, 0),
        ("garbage", InDoubt, 0),
        ("empty", InDoubt, 0),
        ("wrong=no-uuid", InDoubt, 0),
        ("dribble=1s", InDoubt, 60),
    ],
)
def test_each_fault_is_judged_and_takes_its_time(fault: str, kind: type[Outcome], took: float) -> None:
    outcome, found = send(fault)
    assert isinstance(outcome, kind), outcome
    assert found == took


def test_retry_after_is_read() -> None:
    outcome, _ = send("status=429,header=Retry-After: 7")
    assert isinstance(outcome, NotSent)
    assert (outcome.suspend, outcome.retry_after) == (True, timedelta(seconds=7))


def test_the_time_outs_are_those_of_the_settings() -> None:
    config = PlivoConfig(AUTH_ID, AUTH_TOKEN, read_timeout=timedelta(seconds=3))
    assert send("hang=20s", config=config)[1] == 3


def test_a_request_that_may_not_begin_is_not_made() -> None:
    gateway = SandboxGateway(FakeClock())
    assert isinstance(gateway.send(REQUEST, lambda: False), NotBegun)
    clock = FakeClock().now()
    assert gateway.log(since=clock - timedelta(hours=1), until=clock) == LogPage(())
    gateway.close()


def test_the_log_and_the_details_have_what_was_accepted() -> None:
    clock = FakeClock()
    gateway = SandboxGateway(clock, [parse_fault("reset=after,count=1")])
    assert isinstance(gateway.send(REQUEST, lambda: True), InDoubt)
    clock.advance(timedelta(minutes=1))
    page = gateway.log(since=clock.now() - timedelta(hours=1), until=clock.now())
    assert isinstance(page, LogPage)
    (row,) = page.rows
    assert row.phone == "14155550101"
    assert isinstance(gateway.details(row.message_uuid), Details)
    assert gateway.probe().ok
    gateway.close()
