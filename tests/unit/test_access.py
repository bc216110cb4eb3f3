"""Who may ask the listener for what, over real sockets."""

import asyncio
import io
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from reminderd.settings.grants import Scope
from reminderd.telemetry import configure
from reminderd.web.access.bodies import MOST_FORM, MOST_JSON, whole
from reminderd.web.access.limits import GUESSES, burst_of
from reminderd.web.access.rate import Buckets
from reminderd.web.access.refusals import Refusals
from reminderd.web.problems import Declined
from tests.support.listening import ACT, ALL, GRANTS, READ, Listening, grant, listening
from tests.support.web import Answer

WRONG = "rmd_" + "w" * 43


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Listening]:
    with listening(tmp_path / "state.db") as running:
        yield running


def said(answer: Answer) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == answer.status
    return answer.status, answer.json["detail"]


def test_a_token_does_what_its_scopes_say_and_is_named_in_what_it_does(web: Listening) -> None:
    assert web.ask("/api/v1/read", READ).json == {"who": "api:board"}
    assert web.ask("/api/v1/act", ACT, "POST").json == {"who": "api:ops"}
    for scope in Scope:
        assert web.ask(f"/api/v1/{scope}", ALL).json == {"who": "api:all"}


def test_without_a_token_the_answer_says_what_is_needed(web: Listening) -> None:
    answer = web.ask("/api/v1/read")
    assert said(answer) == (401, "a token is needed: Authorization: Bearer TOKEN")
    assert answer.headers["www-authenticate"] == 'Bearer realm="reminderd"'
    assert web.ask("/api/v1/read", authorization="Basic abc").status == 401
    assert web.ask("/api/v1/nothing-of-the-kind").status == 401


def test_a_token_in_an_address_is_refused_wherever_it_goes(web: Listening) -> None:
    for path in (
        f"/look?t={READ}",
        f"/{READ}",
        f"/api/v1/read?t=%72md_{READ[4:]}",
        f"/metrics?{READ}",
        f"/plivo/size?{READ}",
    ):
        answer = web.ask(path, READ)
        assert said(answer)[0] == 400
        assert READ not in answer.body.decode()


@pytest.mark.parametrize("token", [WRONG, "", READ + "x", READ[:-1], "é", "x" * 5000, f"{READ} {READ}"])
def test_a_wrong_token_is_refused_and_not_repeated(web: Listening, token: str) -> None:
    answer = web.ask("/api/v1/read", token)
    assert said(answer)[0] == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert len(token) < 2 or token not in answer.body.decode() + str(answer.headers)


def test_a_right_token_sent_twice_is_refused(web: Listening) -> None:
    with closing(socket.create_connection(("127.0.0.1", web.port), 20)) as plain:
        line = f"Authorization: Bearer {READ}\r\n"
        plain.sendall(f"GET /api/v1/read HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{line}{line}\r\n".encode())
        assert plain.recv(100).startswith(b"HTTP/1.1 401 ")


def test_a_scope_that_lacks_is_named_with_how_to_give_it(web: Listening) -> None:
    answer = web.ask("/api/v1/act", READ)
    told = "the token 'board' lacks the scope act: write act+read in its line of web.tokens, and reload"
    assert said(answer) == (403, told)
    assert answer.headers["www-authenticate"] == 'Bearer realm="reminderd", error="insufficient_scope", scope="act"'


def test_a_reload_counts_at_once(web: Listening) -> None:
    assert web.ask("/api/v1/act", READ).status == 403
    web.web(tokens=(grant("board", READ, Scope.READ, Scope.ACT),))
    assert web.ask("/api/v1/act", READ).status == 200
    assert web.ask("/api/v1/read", ALL).status == 401
    web.web(tokens=GRANTS)
    assert web.ask("/api/v1/read", ALL).status == 200


def test_the_description_shows_the_scheme_and_needs_no_token(web: Listening) -> None:
    described = web.ask("/api/v1/openapi.json").json
    assert described["paths"]["/api/v1/act"]["get"]["security"] == [{"token": []}]
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_no_other_sites_page_is_let_in(web: Listening) -> None:
    for path in ("/api/v1/read", "/look", "/plivo/size"):
        answer = web.ask(
            path, method="OPTIONS", origin="https://elsewhere.example", access_control_request_method="GET"
        )
        assert said(answer)[0] == 405
        assert not [name for name in answer.headers if name.startswith("access-control")]
    answer = web.ask("/api/v1/read", READ, origin="https://elsewhere.example")
    assert not [name for name in answer.headers if name.startswith("access-control")]


# -- how often ----------------------------------------------------------------------------------------------


def test_who_asks_too_often_is_told_when_to_come_again(web: Listening) -> None:
    web.web(rate=0.5)
    burst = int(burst_of(0.5))
    assert [web.ask("/api/v1/read", READ).status for _ in range(burst + 1)] == [200] * burst + [429]
    answer = web.ask("/api/v1/read", READ)
    assert said(answer) == (429, "too many requests (web.rate); ask again in 2 s")
    assert answer.headers["retry-after"] == "2"
    assert web.ask("/api/v1/read", ALL).status == 200, "another token is not hindered"
    assert web.ask("/look").status == 200, "nor is who comes without one"
    web.seconds.value += 2
    assert web.ask("/api/v1/read", READ).status == 200
    assert web.ask("/api/v1/read", READ).status == 429


def test_an_address_without_a_token_has_a_bucket_too_and_plivo_none(web: Listening) -> None:
    web.web(rate=0.5)
    assert [web.ask("/look").status for _ in range(11)] == [200] * 10 + [429]
    assert web.ask("/plivo/size", method="POST", body=b"12").json == 2
    assert web.ask("/api/v1/read", READ).status == 200


def test_guessing_is_slow_and_repeating_is_no_guess(web: Listening) -> None:
    for _ in range(2 * GUESSES):
        assert web.ask("/api/v1/read", WRONG).status == 401
    assert web.ask("/api/v1/read", READ).status == 200
    for number in range(1, GUESSES):
        assert web.ask("/api/v1/read", f"{WRONG}{number}").status == 401
    answer = web.ask("/api/v1/read", f"{WRONG}x")
    assert said(answer) == (429, "too many wrong tokens (from this address); ask again in 3 s")
    assert web.ask("/api/v1/read", READ).status == 429, "else the right one would be found as quickly as before"
    web.seconds.value += 3
    assert web.ask("/api/v1/read", READ).status == 200


def test_who_is_kept_waiting_for_a_refusal_keeps_no_one_else_out(web: Listening) -> None:
    web.web(rate=0.5)
    while web.ask("/look").status == 200:
        pass
    crowd = [socket.create_connection(("127.0.0.1", web.port), 20) for _ in range(60)]
    for each in crowd:
        each.sendall(b"GET /look HTTP/1.1\r\nHost: x\r\n\r\n")
    assert web.ask("/plivo/size", method="POST", body=b"12").json == 2
    assert web.ask("/api/v1/read", READ).status == 200
    for each in crowd:
        with closing(each):
            assert each.recv(100).startswith(b"HTTP/1.1 429 ")


def test_a_million_addresses_are_not_remembered() -> None:
    buckets = Buckets(100)
    for number in range(1_000_000):
        assert buckets.take(str(number), 1, 1, 0.0) == 0
    assert len(buckets) == 100
    assert buckets.take("999999", 1, 1, 0.0) == 1


# -- how much -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "most"), [("/api/v1/size", MOST_JSON), ("/size", MOST_FORM), ("/plivo/size", MOST_FORM)]
)
def test_a_body_has_its_bound(web: Listening, path: str, most: int) -> None:
    assert web.ask(path, ALL, "POST", b"x" * most).json == most
    answer = web.ask(path, ALL, "POST", b"x" * (most + 1))
    assert said(answer) == (413, f"the body has more than {most} bytes")


def test_a_body_without_a_length_is_counted_as_it_comes(web: Listening) -> None:
    head = f"POST /size HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ALL}\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    for number, status in ((16, b"200"), (17, b"413")):
        with closing(socket.create_connection(("127.0.0.1", web.port), 20)) as plain:
            plain.sendall(head.encode() + chunk * number + b"0\r\n\r\n")
            assert plain.recv(100).startswith(b"HTTP/1.1 " + status)


def test_a_body_that_does_not_come_is_not_waited_for_where_there_is_no_token(web: Listening) -> None:
    head = "POST /api/v1/size HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", web.port), 20)) as plain:
        plain.sendall(head.encode())
        assert plain.recv(100).startswith(b"HTTP/1.1 401 ")


def test_a_body_that_comes_too_slowly_is_given_up() -> None:
    async def never() -> Any:
        await asyncio.Event().wait()

    for header in ((b"content-length", b"5"), (b"transfer-encoding", b"chunked")):
        with pytest.raises(Declined) as caught:
            asyncio.run(whole({"headers": [header]}, never, 10, seconds=0.01))
        assert caught.value.status_code == 408
        assert caught.value.headers == {"connection": "close"}


# -- who may look -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "looks"),
    [
        ({}, True),
        ({"host": "localhost:8080"}, True),
        ({"host": "[::1]:8080"}, True),
        ({"host": "127.9.9.9"}, True),
        ({"host": "reminders.example"}, False),
        ({"host": "127.0.0.1.rebound.example"}, False),
        ({"host": "localhost.rebound.example"}, False),
        ({"host": "192.0.2.7"}, False),
        ({"host": ""}, False),
        ({"x_forwarded_for": "127.0.0.1"}, False),
        ({"forwarded": "for=127.0.0.1"}, False),
        ({"x_forwarded_proto": "https"}, False),
        ({"via": "1.1 proxy"}, False),
    ],
)
def test_only_this_machine_looks_without_a_token(web: Listening, headers: dict[str, Any], looks: bool) -> None:
    assert web.ask("/look", **headers).json["who"] == ("page:local" if looks else None)
    assert web.ask("/look", READ, **headers).json["who"] == "api:board"
    assert web.ask("/look", ACT, **headers).json["who"] == ("page:local" if looks else None)


def test_what_is_reached_from_outside_is_not_looked_at_without_a_token(web: Listening) -> None:
    web.web(public_url="https://reminders.example")
    assert web.ask("/look").json["who"] is None
    web.web(public_url=None, look="token")
    assert web.ask("/look").json["who"] is None
    web.web(look="anyone")
    assert web.ask("/look", host="reminders.example").json["who"] == "page:anyone"


@pytest.mark.parametrize(
    ("hops", "looks", "address"),
    [
        ("127.0.0.1", True, "127.0.0.1"),
        ("::1", True, "::/64"),
        ("203.0.113.9", False, "203.0.113.9"),
        ("127.0.0.1, 203.0.113.9", False, "203.0.113.9"),
        ("127.0.0.1, 203.0.113.9:4711, 127.0.0.1", False, "203.0.113.9"),
        ("203.0.113.9, [2001:db8:1:2:3::4]:80", False, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", False, "203.0.113.9"),
        ("127.0.0.1, unknown", False, "127.0.0.1"),
        (None, False, "127.0.0.1"),
    ],
)
def test_a_trusted_proxy_says_who_asks(web: Listening, hops: str | None, looks: bool, address: str) -> None:
    web.web(forwarded=(ip_network("127.0.0.1"),), public_url="https://reminders.example")
    headers: dict[str, Any] = {"x_forwarded_for": hops} if hops else {}
    told = web.ask("/look", **headers).json
    assert (told["who"], told["for"]) == ("page:local" if looks else None, address)
    web.web(forwarded=(ip_network("192.0.2.1"),))
    told = web.ask("/look", **headers).json
    assert (told["who"], told["for"]) == (None, "127.0.0.1")


def test_a_unix_socket_is_this_machine(tmp_path: Path) -> None:
    at = socket.socket(socket.AF_UNIX)
    at.bind(str(tmp_path / "web.socket"))
    at.listen()
    with listening(tmp_path / "state.db", at=at), closing(socket.socket(socket.AF_UNIX)) as plain:
        plain.settimeout(20)
        plain.connect(str(tmp_path / "web.socket"))
        plain.sendall(b"GET /look HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        with plain.makefile("rb") as answer:
            assert json.loads(answer.read().partition(b"\r\n\r\n")[2])["who"] == "page:local"


# -- what the log says --------------------------------------------------------------------------------------


def test_refusals_are_logged_a_few_and_without_what_was_refused(web: Listening) -> None:
    out = io.StringIO()
    configure("json", "debug", out)
    try:
        for _ in range(50):
            assert web.ask("/api/v1/act", READ).status == 403
            assert web.ask("/api/v1/act?token=x", WRONG).status == 401
        web.seconds.value += 61
        assert web.ask("/api/v1/act", READ).status == 403
    finally:
        configure("text", "info")
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [
        (line["event"], line.get("who"), line.get("scope"), line.get("address"), line["times"]) for line in lines
    ] == [
        ("web.refused", "api:board", "act", None, 1),
        ("web.refused", None, None, "127.0.0.1", 1),
        ("web.refused", "api:board", "act", None, 50),
    ]
    assert WRONG not in out.getvalue()


def test_the_log_stays_small_whoever_asks(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text", "info")
    refusals = Refusals(lambda: 5.0)
    for number in range(100_000):
        refusals.note("a wrong token", address=str(number))
    assert len(capsys.readouterr().err.splitlines()) == 10
