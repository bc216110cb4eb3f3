"""Plivo's status callbacks through the whole program: the real SDK, the sandbox's signed requests over sockets, the commands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reminderd.gateway.sandbox import AUTH_TOKEN
from reminderd.gateway.signatures import sign_v2, sign_v3
from tests.support.daemon import Home, Row, job, phone
from tests.support.sandbox import SandboxProcess, wait_until
from tests.support.web import Figures, answers, ask

pytestmark = pytest.mark.timeout(300)

PUBLIC = "https://reminders.example.org"
# Nobody is asked by itself in any of these: what is known came by callback.
PLIVO = "plivo: {rate: 0, read_timeout: 2s, receipts: [1h], reconcile: [1h]}\n"


@pytest.fixture
def sandbox(tmp_path: Path, port: int) -> Iterator[SandboxProcess]:
    behind = f"{PUBLIC}=http://127.0.0.1:{port}"
    with SandboxProcess(tmp_path, "--behind", behind, "--callback-scale", "0.005") as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess, port: int) -> Iterator[Home]:
    with Home(tmp_path / "home", sandbox.environment, settings(port)) as made:
        yield made


def settings(port: int, public: str | None = PUBLIC) -> str:
    web = f"listen: '127.0.0.1:{port}'" + (f", public_url: '{public}'" if public else "")
    return f"{PLIVO}web: {{{web}}}\n"


def start(home: Home, port: int) -> None:
    home.start()
    home.until(lambda: answers(port), "it does not listen")


def report(home: Home, name: str, words: str) -> Row:
    """Wait until the delivery of that job is accepted and its receipt begins so."""
    found: list[Row] = []

    def there() -> bool:
        row = home.by_job().get(name)
        found[:] = [row] if row else []
        return row is not None and row["state"] == "accepted" and (row["receipt"] or "").startswith(words)

    home.until(there, f"{name} is not reported to be {words}")
    return found[0]


def results(port: int) -> dict[str, float]:
    """How many callbacks there were, by what came of them."""
    samples = Figures.of(port).samples.get("reminderd_callbacks_total", {})
    return {dict(labels)["result"]: value for labels, value in samples.items() if value}


def settled(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    """The callbacks when none is under way any more."""
    over = ("answered", "given up", "lost")
    wait_until(lambda: all(each["standing"] in over for each in sandbox.callbacks()))
    return sandbox.callbacks()


def test_signed_callbacks_say_what_became_of_a_message(sandbox: SandboxProcess, home: Home, port: int) -> None:
    sandbox.add_fault("ends=undelivered,code=30,after=1s,phone=0002$")
    start(home, port)
    home.write("a.yaml", job("well", phone(1)), job("badly", phone(2)))
    report(home, "well", "delivered")
    bad = report(home, "badly", "undelivered (30: spam detected)")
    story = home.json("why", str(bad["id"]))
    assert (story["receipt_code"], story["next_question_at"], story["parts"], story["charged"]) == (30, None, 1, 5000)
    (attempt,) = story["attempts"]
    assert attempt["sent_at"] >= attempt["queued_at"]
    assert attempt["callbacks"] == 3
    told = home.run("why", str(bad["id"])).out
    assert "1 part, 0.00500 USD" in told
    assert "3 callbacks" in told
    assert [(row["parts"], row["charged"]) for row in home.history("badly")] == [(1, 5000)]
    assert Figures.of(port).value("reminderd_callbacks_total", kind="status", result="counted") == 6
    charged = lambda: Figures.of(port).value("reminderd_charged_last_day_usd") == 0.01  # noqa: E731
    home.until(charged, "what was charged is not shown")
    assert Figures.of(port).value("reminderd_receipts_last_day", receipt="undelivered") == 1
    assert sandbox.requests().get("details", 0) == 0
    tokens = [message["url"].rpartition("/")[2] for message in sandbox.ledger()]
    assert all(message["url"].startswith(f"{PUBLIC}/plivo/status/") for message in sandbox.ledger())
    assert not [token for token in tokens if token in home.log()], "no token is logged"
    assert phone(1) not in home.log()
    assert {each["tries"][-1]["status"] for each in settled(sandbox)} == {200}
    assert "receipt.delivered" in home.log()
    assert "receipt.undelivered" in home.log()


@pytest.mark.parametrize("signature", ["ma", "list"])
def test_each_way_in_which_plivo_signs_counts(sandbox: SandboxProcess, home: Home, port: int, signature: str) -> None:
    sandbox.add_fault(f"signature={signature}", "ends=delivered,after=0s")
    start(home, port)
    home.write("a.yaml", job("a", phone(1)))
    report(home, "a", "delivered")


@pytest.mark.parametrize("signature", ["wrong", "none"])
def test_what_is_wrongly_signed_changes_nothing(sandbox: SandboxProcess, home: Home, port: int, signature: str) -> None:
    sandbox.add_fault(f"signature={signature}", "ends=delivered,after=0s")
    start(home, port)
    home.write("a.yaml", job("a", phone(1)))
    row = home.until_states(a="accepted")["a"]
    calls = settled(sandbox)
    assert {each["tries"][-1]["status"] for each in calls} == {403}
    assert home.by_job()["a"]["receipt"] is None
    assert results(port) == {"unsigned": float(sum(len(each["tries"]) for each in calls))}
    (said,) = [line for line in home.log().splitlines() if "callback.refused" in line]
    assert "kind=status reason=unsigned times=1" in said
    assert sandbox.ledger()[0]["url"].rpartition("/")[2] not in home.log(), "no token is logged"
    sandbox.clear_faults()
    sandbox.call_back(row["message_uuid"], "delivered", sequence=2)
    report(home, "a", "delivered")


def test_what_has_version_2_only_is_asked_about_and_then_counts(sandbox: SandboxProcess, home: Home, port: int) -> None:
    """The form says that it was delivered; Plivo itself, asked, says that it was not."""
    sandbox.add_fault("signature=v2", "ends=undelivered,code=30,after=0s")
    start(home, port)
    home.write("a.yaml", job("a", phone(1)))
    row = report(home, "a", "undelivered (30: spam detected)")
    asked = sandbox.requests()["details"]
    assert asked >= 1
    sandbox.call_back(row["message_uuid"], "delivered", sequence=9, signature="v2")
    sandbox.wait_answered(len(settled(sandbox)))
    wait_until(lambda: sandbox.requests()["details"] > asked)
    assert home.by_job()["a"]["receipt"].startswith("undelivered")


def test_version_2_does_not_stand_in_for_a_version_3_that_is_wrong(
    sandbox: SandboxProcess, home: Home, port: int
) -> None:
    start(home, port)
    path, nonce = "/plivo/status/" + "0" * 32, "1234"
    second = sign_v2(PUBLIC + path, nonce, AUTH_TOKEN)
    good = {"x_plivo_signature_v2": second, "x_plivo_signature_v2_nonce": nonce}
    body = b"MessageUUID=u&Status=delivered"
    assert ask(port, path, "POST", body=body, headers=good).status == 200, "Plivo knows no such message: it is strange"
    for third in ({"x_plivo_signature_v3": "wrong"}, {"x_plivo_signature_ma_v3": ""}, {}):
        bad = {**good, **third, "x_plivo_signature_v3_nonce": nonce}
        assert ask(port, path, "POST", body=body, headers=bad).status == 403


def test_doubles_and_late_ones_change_nothing(sandbox: SandboxProcess, home: Home, port: int) -> None:
    sandbox.add_fault("repeat=3,reorder", "ends=delivered,after=1s")
    start(home, port)
    home.write("a.yaml", job("a", phone(1)))
    row = report(home, "a", "delivered")
    calls = settled(sandbox)
    assert len(calls) == 9
    for state, sequence in (("queued", 1), ("sent", 2), ("undelivered", 2)):
        sandbox.call_back(row["message_uuid"], state, sequence=sequence, error_code=30)
    assert {each["tries"][-1]["status"] for each in settled(sandbox)} == {200}
    assert home.by_job()["a"]["receipt"] == "delivered"
    assert len(sandbox.ledger()) == 1


def test_strangers_and_hostile_input_get_what_they_deserve(sandbox: SandboxProcess, home: Home, port: int) -> None:
    start(home, port)
    home.write("a.yaml", job("a", phone(1)), job("b", phone(2)))
    rows = home.until_states(a="accepted", b="accepted")
    report(home, "a", "delivered")
    report(home, "b", "delivered")
    first = rows["a"]["message_uuid"]
    elsewhere = f"{PUBLIC}/plivo/status/{'0' * 32}"
    sandbox.call_back(first, "delivered", sequence=7, url=elsewhere)

    def answer() -> list[Any]:
        (found,) = [each["tries"] for each in sandbox.callbacks() if each["url"] == elsewhere]
        return [each["status"] for each in found]

    wait_until(lambda: answer() != [])
    assert answer()[0] == 404
    other = next(message["url"] for message in sandbox.ledger() if message["message_uuid"] != first)
    sandbox.call_back(first, "undelivered", error_code=30, sequence=8, url=other)
    sandbox.call_back(first, "undelivered", error_code=30, sequence=8, fields={"To": "14155559999"})
    sandbox.call_back(first, "undelivered", error_code=30, sequence=8, fields={"MessageUUID": "another"})
    wait_until(lambda: results(port).get("strange") == 3)
    sandbox.call_back(first, "undelivered", sequence=9, fields={"Status": "x" * 9000})
    wait_until(lambda: results(port).get("unreadable", 0) >= 1)
    for body in (b"x" * 100_000, b"&".join(b"a=1" for _ in range(5000)), b"%ff%00=\x00", b"\xff" * 50):
        assert ask(port, f"/plivo/status/{'0' * 32}", "POST", body=body).status in (400, 403, 413)
    assert ask(port, "/plivo/status/").status == 404
    assert ask(port, "/plivo/status/a%2Fb/..%2f").status in (403, 404)
    assert [row["receipt"] for row in home.by_job().values()] == ["delivered", "delivered"]
    assert "Traceback" not in home.log()


def test_a_callback_before_the_answer_settles_what_the_answer_would_leave_in_doubt(
    sandbox: SandboxProcess, home: Home, port: int
) -> None:
    sandbox.add_fault("hang=30s,accept=true,count=1", "ends=delivered,after=0s")
    start(home, port)
    home.write("a.yaml", job("a", phone(1)))
    row = report(home, "a", "delivered")
    moves = home.json("why", str(row["id"]))["moves"]
    assert [move["to_state"] for move in moves] == ["pending", "sending", "accepted"]
    assert moves[-1]["evidence"] == "callback"
    assert len(sandbox.ledger()) == 1


@pytest.mark.parametrize("fault", ["status=400,accept=true", "reset=after", "status=503,accept=true"])
def test_whatever_the_answer_says_the_callback_is_right(
    sandbox: SandboxProcess, home: Home, port: int, fault: str
) -> None:
    """It may come before the answer, or after it; the message is never sent twice."""
    sandbox.add_fault(f"{fault},count=1", "ends=delivered,after=0s")
    start(home, port)
    home.write("a.yaml", job("a", phone(1)))
    attempts: list[Any] = []

    def proven() -> bool:
        row = home.by_job().get("a")
        attempts[:] = home.json("why", str(row["id"]))["attempts"] if row else []
        return any(each["receipt"] == "delivered" for each in attempts)

    home.until(proven, "nobody knows that it was delivered")
    assert home.states()["a"] in ("accepted", "failed")
    assert len(sandbox.ledger()) == 1


def test_a_doubt_is_settled_by_the_callback_that_comes_later(sandbox: SandboxProcess, home: Home, port: int) -> None:
    sandbox.add_fault("reset=after,count=1", "latency=3s,on=status")
    start(home, port)
    home.write("a.yaml", job("a", phone(1)))
    home.until_states(a="in_doubt")
    row = report(home, "a", "")
    home.until_logged("doubt.settled")
    assert "by=callback" in home.log()
    assert home.json("why", str(row["id"]))["attempts"][0]["uuid_from"] == "callback"
    assert sandbox.requests().get("log", 0) == 0


def test_a_callback_settles_what_a_killed_daemon_left(sandbox: SandboxProcess, home: Home, port: int) -> None:
    """It comes when the daemon runs again; none came before."""
    sandbox.add_fault("hang=30s,accept=true,count=1", "lost,on=status")
    start(home, port)
    home.write("a.yaml", job("a", phone(1)))
    sandbox.wait_accepted(1)
    home.kill()
    start(home, port)
    assert home.states()["a"] == "in_doubt"
    sandbox.call_back(sandbox.ledger()[0]["message_uuid"], "sent", sequence=2)
    report(home, "a", "sent")
    assert len(sandbox.ledger()) == 1


def test_a_reload_changes_what_plivo_is_told_later(sandbox: SandboxProcess, home: Home, port: int) -> None:
    home.settings.write_text(settings(port, public=None))
    start(home, port)
    home.write("a.yaml", job("a", phone(1)))
    home.until_states(a="accepted")
    assert ask(port, f"/plivo/status/{'0' * 32}", "POST").status == 404
    home.settings.write_text(settings(port))
    home.run("reload")
    home.until_logged("settings.reloaded")
    home.write("b.yaml", job("b", phone(2)))
    report(home, "b", "delivered")
    home.settings.write_text(settings(port, public=None))
    home.run("reload")
    home.until_logged("settings.reloaded", 2)
    home.write("c.yaml", job("c", phone(3)))
    home.until_states(c="accepted")
    urls = {message["text"]: message.get("url") for message in sandbox.ledger()}
    assert urls["Message of a."] is None
    assert str(urls["Message of b."]).startswith(f"{PUBLIC}/plivo/status/")
    assert urls["Message of c."] is None


def test_what_no_carrier_had_is_sent_again_by_the_job_s_word(sandbox: SandboxProcess, home: Home, port: int) -> None:
    sandbox.add_fault("ends=failed,code=420,after=0s,count=1", "repeat=2")
    start(home, port)
    home.write("a.yaml", job("a", phone(1), on_undelivered="retry", retry=["1s"]))
    home.until(lambda: len(sandbox.ledger()) == 2, "it is not sent again")
    report(home, "a", "delivered")
    assert {each["tries"][-1]["status"] for each in settled(sandbox)} == {200}
    assert len(sandbox.ledger()) == 2


def test_an_opt_out_is_kept(sandbox: SandboxProcess, home: Home, port: int) -> None:
    sandbox.add_fault("ends=failed,code=200,after=0s")
    start(home, port)
    home.write("a.yaml", job("a", phone(1)))
    report(home, "a", "failed (200")
    home.until(lambda: bool(home.json("opt-out", "list")), "there is no opt-out")


def test_it_is_a_problem_where_plivo_reports_and_nobody_listens(sandbox: SandboxProcess, home: Home, port: int) -> None:
    home.settings.write_text(f"{PLIVO}web: {{public_url: '{PUBLIC}'}}\n")
    home.start()
    home.until(lambda: "nothing listens" in home.run("status").out + home.run("problems").out, "it is not said")
    home.settings.write_text(settings(port))
    home.run("reload")
    home.until(lambda: "nothing listens" not in home.run("problems").out, "it is still said")


def test_a_get_is_taken_too_signed_with_its_query(sandbox: SandboxProcess, home: Home, port: int) -> None:
    sandbox.add_fault("lost,on=status")
    start(home, port)
    home.write("a.yaml", job("a", phone(1)))
    row = home.until_states(a="accepted")["a"]
    path = sandbox.ledger()[0]["url"].removeprefix(PUBLIC)
    target = f"{path}?MessageUUID={row['message_uuid']}&Status=delivered&Sequence=3&Units=1"
    signature = sign_v3("GET", PUBLIC + target, "99", AUTH_TOKEN)
    headers = {"x_plivo_signature_v3": signature, "x_plivo_signature_v3_nonce": "99"}
    changed = target.replace("delivered", "failed")
    assert ask(port, changed, headers=headers).status == 403
    assert ask(port, target, headers=headers).status == 200
    report(home, "a", "delivered")


def test_what_was_told_under_another_address_goes_on_after_a_reload(
    sandbox: SandboxProcess, home: Home, port: int
) -> None:
    """Also where there is none any more."""
    sandbox.add_fault("ends=delivered,after=0s")
    start(home, port)
    home.write("a.yaml", job("a", phone(1)))
    row = report(home, "a", "delivered")
    for number, public in ((4, "https://moved.example.org"), (5, None)):
        home.settings.write_text(settings(port, public))
        home.run("reload")
        sandbox.call_back(row["message_uuid"], "delivered", sequence=number)
        assert [each["tries"][-1]["status"] for each in settled(sandbox)] == [200] * number
    assert "unsigned" not in results(port)
