"""Signing in to the page, over real sockets: the cookie, what ends a session, and that no other site's page can act."""

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from reminderd.settings.grants import Scope
from reminderd.web.access.limits import GUESSES
from reminderd.web.access.sessions import IDLE, LIFE, MOST, MOST_OF_ONE, Sessions
from tests.support.listening import ACT, ALL, GRANTS, READ, Listening, grant, listening
from tests.support.web import Answer

OWN: dict[str, Any] = {"sec_fetch_site": "same-origin"}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Listening]:
    with listening(tmp_path / "state.db", look="token") as running:
        yield running


def post(web: Listening, path: str, form: dict[str, str], **headers: Any) -> Answer:
    body = urlencode(form).encode()
    return web.ask(path, None, "POST", body, content_type="application/x-www-form-urlencoded", **{**OWN, **headers})


def signed_in(web: Listening, token: str = ALL, **headers: Any) -> str:
    """What the browser keeps: NAME=VALUE."""
    answer = post(web, "/sign-in", {"token": token}, **headers)
    assert answer.status == 204, answer
    return answer.headers["set-cookie"].partition(";")[0]


def look(web: Listening, cookie: str, **headers: Any) -> Any:
    return web.ask("/look", None, cookie=cookie, **headers).json


def test_who_signs_in_looks_and_acts_under_the_tokens_name(web: Listening) -> None:
    assert look(web, "reminderd=x")["who"] is None
    answer = post(web, "/sign-in", {"token": f" {ALL}\n"})
    cookie, *flags = answer.headers["set-cookie"].split("; ")
    assert flags == ["Path=/", "HttpOnly", "SameSite=Strict"]
    assert ALL not in answer.headers["set-cookie"]
    seen = look(web, f"other=1; {cookie}; x=y")
    assert seen["who"] == "page:all"
    assert post(web, "/do", {"csrf": seen["csrf"]}, cookie=cookie).json == {"who": "page:all"}
    assert web.ask("/api/v1/read", cookie=cookie).status == 401, "the API takes no cookie"


def test_over_tls_the_cookie_is_bound_to_it(web: Listening) -> None:
    web.web(forwarded=(ip_network("127.0.0.1"),))
    https: dict[str, Any] = {"x_forwarded_proto": "https", "x_forwarded_for": "203.0.113.9"}
    answer = post(web, "/sign-in", {"token": ALL}, **https)
    cookie, *flags = answer.headers["set-cookie"].split("; ")
    assert cookie.startswith("__Host-reminderd=")
    assert flags == ["Path=/", "HttpOnly", "SameSite=Strict", "Secure"]
    assert look(web, cookie, **https)["who"] == "page:all"
    assert look(web, cookie.removeprefix("__Host-"), **https)["who"] is None
    assert look(web, cookie)["who"] is None
    web.web(forwarded=())
    assert "Secure" not in post(web, "/sign-in", {"token": ALL}, **https).headers["set-cookie"]


@pytest.mark.parametrize("seconds", [LIFE, IDLE])
def test_a_session_ends_by_itself(web: Listening, seconds: float) -> None:
    cookie = signed_in(web)
    began = web.seconds.value
    step = seconds / 10 if seconds == LIFE else seconds - 1
    while web.seconds.value + step < began + LIFE:
        web.seconds.value += step
        assert look(web, cookie)["who"] == "page:all"
    web.seconds.value += step + 1
    assert look(web, cookie)["who"] is None


def test_a_page_that_renews_itself_is_not_somebody(web: Listening) -> None:
    cookie = signed_in(web)
    web.seconds.value += IDLE - 1
    assert look(web, cookie, sec_fetch_mode="cors")["who"] == "page:all"
    web.seconds.value += 1
    assert look(web, cookie)["who"] is None


def test_a_session_ends_with_its_token_and_has_its_scopes(web: Listening) -> None:
    cookie = signed_in(web)
    csrf = look(web, cookie)["csrf"]
    web.web(tokens=(grant("all", ALL, Scope.READ),))
    answer = post(web, "/do", {"csrf": csrf}, cookie=cookie)
    assert (answer.status, answer.json["scope"]) == (403, "act")
    web.web(tokens=(grant("all", READ, Scope.READ, Scope.ACT),))
    assert look(web, cookie)["who"] is None
    web.web(tokens=GRANTS)
    assert look(web, cookie)["who"] is None, "it does not come back"


def test_signing_out_ends_it_also_for_who_kept_the_cookie(web: Listening) -> None:
    cookie = signed_in(web)
    assert post(web, "/sign-out", {}, cookie=cookie).status == 403
    answer = post(web, "/sign-out", {"csrf": look(web, cookie)["csrf"]}, cookie=cookie)
    assert answer.headers["set-cookie"].startswith("reminderd=; ")
    assert answer.headers["set-cookie"].endswith("; Max-Age=0")
    assert look(web, cookie)["who"] is None


def test_signing_in_again_ends_the_session_before(web: Listening) -> None:
    before = signed_in(web)
    after = signed_in(web, READ, cookie=before)
    assert look(web, before)["who"] is None
    assert look(web, after)["who"] == "page:board"


def test_a_form_of_another_session_does_nothing(web: Listening) -> None:
    mine, other = signed_in(web), signed_in(web)
    csrf = look(web, other)["csrf"]
    for wrong in (csrf, "", "é", csrf[:-1]):
        answer = post(web, "/do", {"csrf": wrong}, cookie=mine)
        assert (answer.status, "another session" in answer.json["detail"]) == (403, True)
    assert post(web, "/do", {}, cookie=mine).status == 403
    assert post(web, "/do", {"csrf": csrf}, cookie=other).status == 200
    assert post(web, "/do", {"csrf": csrf}).status == 401


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "same-origin", "origin": "null"}, True),
        ({"origin": "http://reminders.example:8080", "host": "reminders.example:8080"}, True),
        ({"origin": "https://reminders.example", "host": "Reminders.Example"}, True),
        ({"origin": "https://told.example"}, True),
        ({"origin": "http://told.example"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "none"}, False),
        ({"origin": "null"}, False),
        ({"origin": "https://elsewhere.example"}, False),
        ({"origin": "https://elsewhere.example", "sec_fetch_site": "same-origin"}, False),
        ({"origin": "http://reminders.example", "host": "reminders.example:8080"}, False),
        ({"origin": "https://elsewhere.example", "x_forwarded_host": "elsewhere.example"}, False),
        ({"origin": "", "host": ""}, False),
        ({}, False),
    ],
)
def test_no_page_of_another_site_signs_in_or_acts(web: Listening, headers: dict[str, Any], taken: bool) -> None:
    web.web(public_url="https://told.example")
    cookie = signed_in(web)
    csrf = look(web, cookie)["csrf"]
    form: dict[str, Any] = {"content_type": "application/x-www-form-urlencoded", **headers}
    acted = web.ask("/do", None, "POST", f"csrf={csrf}".encode(), cookie=cookie, **form)
    assert acted.status == (200 if taken else 403)
    assert web.ask("/sign-in", None, "POST", f"token={ALL}".encode(), **form).status == (204 if taken else 403)


def test_wrong_tokens_do_not_sign_in_and_are_guesses(web: Listening) -> None:
    assert post(web, "/sign-in", {"token": ACT}).json["scope"] == "read"
    for number in range(GUESSES):
        answer = post(web, "/sign-in", {"token": f"wrong{number}"})
        assert (answer.status, "set-cookie" in answer.headers) == (401, False)
    assert post(web, "/sign-in", {"token": "wrong"}).status == 429
    assert web.ask("/api/v1/read", READ).status == 429


def test_who_is_signed_in_is_limited_with_their_token(web: Listening) -> None:
    cookie = signed_in(web)
    web.web(rate=0.5)
    assert {look(web, cookie).get("who") for _ in range(10)} == {"page:all"}
    assert web.ask("/look", None, cookie=cookie).status == 429
    assert web.ask("/api/v1/read", ALL).status == 429
    assert web.ask("/look").status == 200


def test_sessions_are_bounded() -> None:
    sessions = Sessions(lambda: 0.0)
    first = sessions.begin(GRANTS[0])
    many = [sessions.begin(GRANTS[1]) for _ in range(MOST_OF_ONE + 1)]
    assert sessions.find(first, used=True)
    assert [sessions.find(each, used=True) is not None for each in many] == [False] + [True] * MOST_OF_ONE
    for number in range(2 * MOST):
        sessions.begin(GRANTS[0]._replace(name=str(number)))
    assert len(sessions) == MOST
    assert sessions.find(first, used=True) is None


def test_no_session_id_is_kept() -> None:
    sessions = Sessions(lambda: 0.0)
    ident = sessions.begin(GRANTS[0])
    assert ident not in repr(vars(sessions))


# -- bodies -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [b"a=1&a=2", b"a=%ff", "a=é".encode(), b"&".join(b"f%d=" % number for number in range(101))]
)
def test_a_form_says_one_thing(web: Listening, body: bytes) -> None:
    answer = web.ask("/do", None, "POST", body, content_type="application/x-www-form-urlencoded", **OWN)
    assert answer.status == 400
    assert web.ask("/do", None, "POST", b"{}", content_type="application/json", **OWN).status == 415


def test_a_form_may_hold_any_text(web: Listening) -> None:
    cookie = signed_in(web)
    csrf = look(web, cookie)["csrf"]
    body = f"reason={quote('größer + 100 %')}&empty=&csrf={csrf}".encode()
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    assert web.ask("/do", None, "POST", body, content_type=kind, cookie=cookie, **OWN).status == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a": [1, 2.5, "\\u00e4", null, true]}', None),
        (b"[" * 31 + b"]" * 31, None),
        (b"[" * 33 + b"]" * 33, "levels deep"),
        (b"[" * 100_000, "levels deep"),
        (b'{"a":' * 40_000, "levels deep"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"NaN", "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b"1e999", "too large"),
        (b"1" * 5000, "digits"),
        (b'"\\ud800"', "not UTF-8"),
        (b'{"\\udfff": 1}', "not UTF-8"),
        (b'"\xff"', "not UTF-8"),
        (b"", "line 1, column 1"),
        (b'{"a": 1,}', "line 1, column"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b"\xef\xbb\xbf{}", "BOM"),
    ],
)
def test_json_means_the_same_to_every_reader(web: Listening, body: bytes, said: str | None) -> None:
    answer = web.ask("/api/v1/json", ALL, "POST", body)
    assert answer.status == (200 if said is None else 400), answer
    if said:
        assert said in answer.json["detail"]
