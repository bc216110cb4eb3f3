"""Tokens as a credential of systemd's, as docs/web.md shows it, and TLS on a socket that systemd opens."""

import json
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from tests.support.certificates import make
from tests.systemd.conftest import Play
from tests.systemd.machine import SERVICE, drop_in, install, job, logged, run, systemctl, until

SOCKET = "reminderd-web.socket"
URL = "https://127.0.0.1:9764"
TOKENS = Path("/etc/reminderd/web-tokens")
CREDENTIAL = "/run/credentials/reminderd.service/web-tokens"


def status(path: str, token: str) -> int:
    """Of an answer; 0 where there is none."""
    trusted = ssl.create_default_context(cafile="/etc/reminderd/tls.pem")
    request = urllib.request.Request(URL + path, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=20, context=trusted) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def tokens_that_systemd_hands_over() -> None:
    install(settings="web: {tls_certificate: /etc/reminderd/tls.pem, tls_key: /etc/reminderd/tls.key}\n")
    pair = make(Path("/etc/reminderd"), "tls")
    run("chown", "root:reminderd", str(pair.key))
    pair.key.chmod(0o640)
    job("yearly", schedule={"cron": "0 9 1 1 *"})
    made = json.loads(run("reminderd", "token", "board", "--scope", "read", "--json").stdout)
    TOKENS.write_text(f"# for the wall\n{made['line']}\n")
    TOKENS.chmod(0o600)
    drop_in(f"[Service]\nLoadCredential=web-tokens:{TOKENS}\n")
    systemctl("enable", "--now", SOCKET)
    systemctl("start", SERVICE)
    until(lambda: status("/healthz", "") == 200, "nobody answers over TLS")
    assert status("/api/v1/nothing", made["token"]) == 404
    assert status("/api/v1/nothing", made["token"][:-1]) == 401
    assert status(f"/{made['token']}", "") == 400
    until(logged("web.refused"), "it is not logged")
    whole = subprocess.run(
        ["journalctl", "--output=export", "--all"], capture_output=True, check=True, timeout=60
    ).stdout
    assert b"web.refused" in whole
    assert made["token"][4:-1].encode() not in whole
    someone = run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "cat", CREDENTIAL, check=False)
    assert someone.returncode != 0

    TOKENS.write_text("")
    systemctl("restart", SERVICE)
    until(lambda: status("/healthz", "") == 200, "nobody answers after a restart")
    assert status("/api/v1/nothing", made["token"]) == 401, "a token that is gone"


def test_tokens_come_as_a_credential_and_the_journal_has_none(play: Play) -> None:
    play(tokens_that_systemd_hands_over)
