"""People who write back, through Plivo's stand-in to a running daemon: what they say is heeded, once, and nobody else is believed."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from reminderd.gateway.sandbox import AUTH_TOKEN
from reminderd.gateway.signatures import sign_v2, sign_v3
from reminderd.store import open_reports
from tests.support.daemon import Home, job, moment, phone
from tests.support.sandbox import SENDER, SandboxProcess
from tests.support.web import Figures, answers

pytestmark = pytest.mark.timeout(300)

OTHER_SENDER = "+14155550177"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), "--callback-scale", "0.05") as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess, port: int) -> Iterator[Home]:
    sandbox.reset()
    sandbox.inbound_to(address(port))
    settings = f"web: {{listen: '127.0.0.1:{port}', public_url: 'http://127.0.0.1:{port}'}}\n"
    with Home(tmp_path / "home", sandbox.environment, settings) as made:
        yield made


def address(port: int) -> str:
    return f"http://127.0.0.1:{port}/plivo/inbound"


def running(home: Home, port: int) -> None:
    home.start().until(lambda: answers(port), "it does not listen")


def texts(home: Home) -> list[dict[str, Any]]:
    """What came in, the first of it first."""
    with closing(open_reports(home.state)) as reports:
        return reports.inbound(limit=0)[::-1]


def until_heard(home: Home, number: int) -> list[dict[str, Any]]:
    home.until(lambda: len(texts(home)) == number, f"{number} texts did not come in")
    return texts(home)


def test_a_stop_cancels_what_waits_and_a_start_lets_later_ones_go(
    home: Home, port: int, sandbox: SandboxProcess
) -> None:
    home.write(
        "jobs.yaml",
        job("first", phone(1)),
        job("waits", phone(1), quiet_hours="00:00-23:59", valid_for="48h"),
        job("other", phone(1), quiet_hours="00:00-23:59", valid_for="48h", sender=OTHER_SENDER),
        job("bert", phone(2), quiet_hours="00:00-23:59", valid_for="48h"),
    )
    running(home, port)
    home.until_states(first="accepted", waits="pending", other="pending", bert="pending")
    sandbox.hear(phone(1), SENDER, "Stop.")
    (text,) = until_heard(home, 1)
    waits = home.by_job()["waits"]["id"]
    assert (text["intent"], text["result"]) == ("stop", f"opted out; cancelled: delivery {waits}")
    assert home.states() == {"first": "accepted", "waits": "cancelled", "other": "pending", "bert": "pending"}
    home.write("more.yaml", job("unwanted", phone(1)), job("elsewhere", phone(1), sender=OTHER_SENDER))
    home.until_states(unwanted="cancelled", elsewhere="accepted")
    sandbox.hear(phone(1), SENDER, "start")
    assert until_heard(home, 2)[1]["result"] == "gets messages again"
    home.write("again.yaml", job("again", phone(1)))
    home.until_states(again="accepted", waits="cancelled", unwanted="cancelled")
    sent = [(row["dst"], row["text"]) for row in sandbox.ledger() if row["dst"] == phone(1)[1:]]
    assert [text for _, text in sent] == ["Message of first.", "Message of elsewhere.", "Message of again."]
    assert home.json("opt-out", "list") == []


def test_other_texts_are_shown_and_nothing_of_them_is_logged(home: Home, port: int, sandbox: SandboxProcess) -> None:
    home.write("jobs.yaml", job("rent", phone(1)))
    running(home, port)
    home.until_states(rent="accepted")
    words = "Größe 12? \N{PARTY POPPER} \x1b[31m red"
    sandbox.hear(phone(1), SENDER, words)
    sandbox.hear(phone(1), SENDER, "help")
    until_heard(home, 2)
    first, second = reversed(home.json("inbound"))
    assert (first["text"], first["intent"], first["phone"]) == (words, "other", phone(1))
    assert (second["intent"], second["result"]) == ("help", "Plivo answers by itself")
    assert "\x1b" not in home.run("inbound").out
    story = home.run("why", str(home.by_job()["rent"]["id"])).out
    assert "they wrote            Größe 12?" in story
    assert "2 texts in 24 hours (1 help, 1 other)" in home.run("status").out
    figures = Figures.of(port)
    assert figures.value("reminderd_inbound_total", intent="other") == 1
    assert figures.value("reminderd_inbound_total", intent="stop") == 0
    home.until_logged("inbound.received")
    assert "12?" not in home.log()
    assert phone(1) not in home.log()
    assert phone(1)[1:] not in home.log()


def test_what_comes_again_and_again_counts_once(home: Home, port: int, sandbox: SandboxProcess) -> None:
    sandbox.add_fault({"on": "inbound", "repeat": 3})
    running(home, port)
    sandbox.hear(phone(1), SENDER, "STOP")
    until_heard(home, 1)
    sandbox.hear(phone(1), SENDER, "START")
    until_heard(home, 2)
    home.until(lambda: [each["standing"] for each in sandbox.callbacks()] == ["answered"] * 6, "not all were answered")
    assert len(texts(home)) == 2
    assert home.json("opt-out", "list") == []


# -- by hand ----------------------------------------------------------------------------------------------


def form_of(uuid: str, text: str, **more: str) -> dict[str, str]:
    form = {"From": phone(1)[1:], "To": SENDER[1:], "Text": text, "Type": "sms", "MessageUUID": uuid}
    return form | {"MessageIntent": ""} | more


def post(url: str, form: dict[str, str], headers: dict[str, str], method: str = "POST") -> int:
    body = urlencode(form)
    request = urllib.request.Request(
        url if method == "POST" else f"{url}?{body}", body.encode() if method == "POST" else None, headers
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.read() == b""
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def signed_v3(url: str, form: dict[str, str], token: str = AUTH_TOKEN) -> dict[str, str]:
    signature = sign_v3("POST", url, "nonce-1", token, {name: [value] for name, value in form.items()})
    return {"X-Plivo-Signature-V3": signature, "X-Plivo-Signature-V3-Nonce": "nonce-1"}


def test_who_is_not_plivo_is_not_believed(home: Home, port: int) -> None:
    running(home, port)
    url, form = address(port), form_of("u-1", "STOP")
    good = signed_v3(url, form)
    assert post(url, form, {}) == 403
    assert post(url, form, signed_v3(url, form, "another token")) == 403
    assert post(url, form | {"From": phone(2)[1:]}, good) == 403
    assert post(url, form | {"Text": "START"}, good) == 403
    assert post(f"{url}?x=1", form, good) == 403
    assert texts(home) == []
    assert post(url, form, good) == 200
    assert post(url, form, good) == 200
    assert [text["intent"] for text in texts(home)] == ["stop"]


def test_of_what_only_its_address_is_signed_plivo_is_asked(home: Home, port: int, sandbox: SandboxProcess) -> None:
    running(home, port)
    url = address(port)
    headers = {"X-Plivo-Signature-V2": sign_v2(url, "nonce-2", AUTH_TOKEN), "X-Plivo-Signature-V2-Nonce": "nonce-2"}
    sandbox.inbound_to(None)
    uuid = sandbox.control("POST", "inbound", {"from": phone(1), "to": SENDER, "text": "STOP"})["message_uuid"]
    assert post(url, form_of("never-heard-of", "STOP"), headers) == 200
    assert post(url, form_of(uuid, "STOP", From=phone(2)[1:]), headers) == 200
    assert texts(home) == []
    assert post(url, form_of(uuid, "STOP"), headers) == 200
    (text,) = texts(home)
    assert (text["phone"], text["intent"]) == (phone(1), "stop")
    assert text["written_at"] is not None


def test_a_start_counts_when_plivo_can_say_when_it_was_written(home: Home, port: int, sandbox: SandboxProcess) -> None:
    running(home, port)
    sandbox.hear(phone(1), SENDER, "STOP")
    until_heard(home, 1)
    sandbox.add_fault({"on": "details", "status": 503, "count": 1})
    sandbox.hear(phone(1), SENDER, "START")
    assert until_heard(home, 2)[1]["result"] == "gets messages again"
    home.until(lambda: sandbox.callbacks()[-1]["standing"] == "answered", "it was not answered")
    assert [each["status"] for each in sandbox.callbacks()[-1]["tries"]] == [503, 200]


def test_of_what_came_while_nobody_listened_plivo_is_asked_when_it_was_written(
    home: Home, port: int, sandbox: SandboxProcess
) -> None:
    """A STOP as well, once it is in force."""
    sandbox.hear(phone(1), SENDER, "STOP")
    sandbox.hear(phone(1), SENDER, "START")
    running(home, port)
    until_heard(home, 2)
    home.until(lambda: all(row["written_at"] for row in texts(home)), "Plivo was not asked when they were written")


def test_a_start_that_plivo_does_not_know_ends_nothing(home: Home, port: int, sandbox: SandboxProcess) -> None:
    running(home, port)
    url = address(port)
    for uuid, words in (("u-1", "STOP"), ("u-2", "START")):
        form = form_of(uuid, words)
        assert post(url, form, signed_v3(url, form)) == 200
    assert [text["result"] for text in texts(home)] == [
        "opted out",
        "still opted out: it may have been written before they stopped messages",
    ]


def test_a_stop_while_its_message_is_under_way_keeps_it_from_being_tried_again(
    home: Home, port: int, sandbox: SandboxProcess
) -> None:
    sandbox.add_fault({"on": "send", "status": 429, "latency": "2s"})
    home.write("jobs.yaml", job("rent", phone(1), moment(0), valid_for="1h"))
    running(home, port)
    home.until(lambda: home.states().get("rent") == "sending", "it is not under way")
    sandbox.hear(phone(1), SENDER, "STOP")
    until_heard(home, 1)
    home.until_states(rent="cancelled")
    assert sandbox.ledger() == []


def test_what_was_answered_is_kept_over_a_death(home: Home, port: int, sandbox: SandboxProcess) -> None:
    """What nobody answered comes again by itself; what was answered never does, and has to be there."""
    running(home, port)
    sandbox.hear(phone(1), SENDER, "STOP")
    home.until(lambda: [each["standing"] for each in sandbox.callbacks()] == ["answered"], "it was not answered")
    home.kill()
    home.write("jobs.yaml", job("rent", phone(1)))
    sandbox.hear(phone(2), SENDER, "stop all")  # while nobody listens
    running(home, port)
    home.until_states(rent="cancelled")
    assert [text["phone"] for text in until_heard(home, 2)] == [phone(1), phone(2)]
    assert sandbox.ledger() == []
