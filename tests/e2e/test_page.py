"""The page of a running daemon, as it is answered: its headers, its unchanged answers, its errors, and who may see it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Home, job, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import answers, ask

pytestmark = pytest.mark.timeout(300)

LATER = "2031-05-04T09:00:00Z"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def home(tmp_path: Path, port: int) -> Iterator[Home]:
    with (
        SandboxProcess(tmp_path) as sandbox,
        Home(tmp_path / "home", sandbox.environment, f"web: {{listen: '127.0.0.1:{port}'}}\n") as made,
    ):
        made.write("jobs.yaml", job("later", phone(1), LATER))
        made.start()
        made.until(lambda: answers(port), "it does not listen")
        yield made


def test_it_has_its_policy_and_brings_all_that_it_needs(home: Home, port: int) -> None:
    page = ask(port, "/", accept="text/html")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"] == POLICY
    text = page.body.decode()
    assert "All is well" in text
    assert re.search(r"<style|<script(?! src)|\son\w+=|\sstyle=|javascript:", text) is None
    wanted = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
    assert sorted(path.rpartition(".")[2] for path in wanted) == ["css", "js", "svg"]
    for path in wanted:
        static = ask(port, path)
        assert (static.status, static.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
        assert static.headers["x-content-type-options"] == "nosniff"
        assert b"http" not in static.body.replace(b"http://www.w3.org/2000/svg", b"")
    assert ask(port, "/static/page.css").status == 404
    assert (ask(port, "/", "HEAD").status, ask(port, "/", "HEAD").body) == (200, b"")


def test_what_has_not_changed_is_not_sent_again(home: Home, port: int) -> None:
    first = ask(port, "/live")
    assert first.status == 200

    def unchanged() -> bool:  # the minute may change between two questions
        tag = ask(port, "/live").headers["etag"]
        again = ask(port, "/live", if_none_match=tag)
        return (again.status, again.body, again.headers["etag"]) == (304, b"", tag)

    home.until(unchanged, "it is sent again")
    home.json("pause", "later", "--why", "not yet")
    home.until(lambda: b"not yet" in ask(port, "/live", if_none_match=first.headers["etag"]).body, "it is not shown")


def test_times_are_in_the_zone_that_is_asked_for_and_then_remembered(home: Home, port: int) -> None:
    assert b"Sun 04 May 09:00" in ask(port, "/").body
    tokyo = ask(port, "/?zone=Asia/Tokyo")
    assert b"Sun 04 May 18:00" in tokyo.body
    cookie = tokyo.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert b"Sun 04 May 18:00" in ask(port, "/", cookie=cookie.split(";")[0]).body
    for wrong in ("Mars/Base", "../../etc/passwd", "%3Cscript%3E", "a" * 500):
        answer = ask(port, f"/?zone={wrong}")
        assert (answer.status, b"Sun 04 May 09:00" in answer.body) == (200, True)
        assert "set-cookie" not in answer.headers


def test_who_browses_is_shown_a_page_of_what_went_wrong_and_a_program_is_told(home: Home, port: int) -> None:
    page = ask(port, "/nothing/here?secret=1", accept="text/html,*/*;q=0.8")
    assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"] == POLICY
    assert b"secret" not in page.body
    for path, accept in (("/nothing", "*/*"), ("/api/v1/nothing", "text/html"), ("/metrics/", "text/html")):
        assert ask(port, path, accept=accept).headers["content-type"] == "application/problem+json", path
    assert ask(port, "/", "POST", accept="text/html").status == 405


def test_who_asks_too_much_is_shown_a_page_and_when_to_come_again(home: Home, port: int) -> None:
    home.settings.write_text(f"web: {{listen: '127.0.0.1:{port}', rate: 1}}\n")
    home.json("reload")
    answers_ = [ask(port, "/nothing", accept="text/html") for _ in range(30)]
    refused = next(each for each in answers_ if each.status == 429)
    assert (refused.headers["content-type"], refused.headers["retry-after"]) == ("text/html; charset=utf-8", "1")
    assert b"too many requests" in refused.body
    assert refused.headers["content-security-policy"] == POLICY
    assert ask(port, "/nothing").headers["content-type"] == "application/problem+json"


def test_a_state_that_cannot_be_read_is_said_with_what_to_do(home: Home, port: int) -> None:
    kept = home.state.with_name("kept")
    home.state.rename(kept)
    page = ask(port, "/", accept="text/html")
    assert (page.status, b"reminderd doctor" in page.body) == (503, True)
    assert ask(port, "/", accept="*/*").json["status"] == 503


def test_who_may_not_look_is_led_to_sign_in(home: Home, port: int) -> None:
    home.settings.write_text(f"web: {{listen: '127.0.0.1:{port}', look: token}}\n")
    home.json("reload")
    page = ask(port, "/?zone=Asia/Tokyo", accept="text/html")
    assert (page.status, page.headers["location"]) == (303, "/sign-in?next=/%3Fzone%3DAsia/Tokyo")
    assert ask(port, "/live").status == 303
    assert page.body == b""


def test_who_acts_when_their_session_is_over_is_told_where_to_sign_in(home: Home, port: int) -> None:
    own = {"accept": "text/html", "origin": f"http://127.0.0.1:{port}", "sec-fetch-site": "same-origin"}
    form = {"content-type": "application/x-www-form-urlencoded"}
    page = ask(port, "/jobs/later/pause", "POST", body=b"csrf=x&why=rain", headers={**own, **form})
    assert (page.status, page.headers["www-authenticate"]) == (401, 'Bearer realm="reminderd"')
    assert b'<a href="/sign-in?next=/jobs/later">Sign in</a>' in page.body
    assert b'<p><a href="/sign-in' not in ask(port, "/nothing", headers=own).body
