"""The proxy of docs/web.md in front of the daemon, as it is shown there: nginx, where it is installed."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from reminderd.settings.secrets import digest_of, make_token
from tests.e2e.test_web_tls import trusting
from tests.support.certificates import Pair, make
from tests.support.daemon import Home
from tests.support.sandbox import SandboxProcess
from tests.support.web import Answer, answers, ask, free_port

pytestmark = pytest.mark.timeout(300)

PAGE = Path(__file__).parents[2] / "docs" / "web.md"


@contextmanager
def nginx(folder: Path, port: int, upstream: int, pair: Pair) -> Iterator[None]:
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("nginx is not here: install Debian's package nginx-light")
    (shown,) = re.findall(r"^```nginx\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    for before, after in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/reminders.example.pem", str(pair.certificate)),
        ("/etc/ssl/private/reminders.example.key", str(pair.key)),
        ("http://127.0.0.1:9764", f"http://127.0.0.1:{upstream}"),
    ):
        assert before in shown
        shown = shown.replace(before, after)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {places}\n{shown}}}\n"
    )
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def token() -> str:
    return make_token()


@pytest.fixture
def home(tmp_path: Path, port: int, token: str) -> Iterator[Home]:
    settings = (
        f"web: {{listen: '127.0.0.1:{port}', public_url: 'https://reminders.example', forwarded: [127.0.0.1], rate: 1,\n"
        f"  tokens: ['ci read+act+write sha256:{digest_of(token)}']}}\n"
    )
    with SandboxProcess(tmp_path) as sandbox, Home(tmp_path / "home", sandbox.environment, settings) as made:
        yield made


def through(port: int, pair: Pair, path: str, **headers: Any) -> Answer:
    connection = HTTPSConnection("127.0.0.1", port, timeout=20, context=trusting(pair.certificate))
    with closing(connection):
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def passes_on(port: int, pair: Pair) -> bool:
    try:
        return through(port, pair, "/api/v1/jobs").status == 401
    except OSError:
        return False


def test_what_the_docs_show_of_nginx_works(home: Home, port: int, token: str, tmp_path: Path) -> None:
    pair, outside = make(tmp_path, "proxy"), free_port()
    home.start()
    home.until(lambda: answers(port), "it does not listen")
    with nginx(tmp_path, outside, port, pair):
        home.until(lambda: passes_on(outside, pair), "nothing comes through")
        for path in ("/metrics", "/healthz", "/readyz", "/health/scheduled"):
            assert through(outside, pair, path).status == 404
        assert ask(port, "/healthz").status == 200
        # This test is on loopback, and so is the proxy: who asks it is let look as `Host` says.
        browser = {"accept": "text/html"}
        assert through(outside, pair, "/", host="localhost", **browser).status == 200
        assert through(outside, pair, "/", host="reminders.example", **browser).status != 200
        hops = {"x_forwarded_for": "203.0.113.9", "x_forwarded_proto": "http"}
        assert through(outside, pair, "/", host="localhost", **hops, **browser).status == 200, "nginx says it anew"
        bearer = {"authorization": f"Bearer {token}"}
        assert through(outside, pair, "/api/v1/nothing", **bearer).status == 404
    assert home.stop() == 0
