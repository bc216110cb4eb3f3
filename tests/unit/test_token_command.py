"""`reminderd token`: a token once, and the line that the settings take."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reminderd.cli import main
from reminderd.settings import Scope, load_settings
from reminderd.settings.grants import read_grant
from reminderd.settings.secrets import digest_of, make_token
from reminderd.telemetry.hiding import hide_tokens


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(main, ["token", *arguments], input=stdin, catch_exceptions=False)


def test_the_line_is_what_the_settings_take_and_says_nothing_of_the_token(tmp_path: Path) -> None:
    done = run("ci", "--scope", "write", "--scope", "read")
    assert done.exit_code == 0
    found = re.fullmatch(r"token: (rmd_[A-Za-z0-9_-]{43})\nline:  (.*)\n", done.stdout)
    assert found, done.stdout
    token, line = found.groups()
    assert token not in line
    assert token not in done.stderr
    grant = read_grant(line)
    assert (grant.name, grant.scopes, grant.digest) == ("ci", frozenset({Scope.READ, Scope.WRITE}), digest_of(token))
    config = tmp_path / "reminderd.yaml"
    config.write_text(f"web:\n  tokens:\n    - {line}\n")
    settings, problems = load_settings(config, {})
    assert problems == []
    assert settings is not None
    assert settings.web.tokens == (grant,)


def test_no_two_are_alike() -> None:
    assert len({make_token() for _ in range(100)}) == 100


def test_a_token_of_ones_own_is_read_and_not_printed() -> None:
    token = make_token()
    done = run("board", "--scope", "read", "--hash", stdin=f"{token}\n")
    assert done.output == f"board read sha256:{digest_of(token)}\n"
    assert json.loads(run("board", "--scope", "read", "--hash", "--json", stdin=token).stdout) == {
        "line": f"board read sha256:{digest_of(token)}"
    }
    for short in ("", "hunter2", "x" * 31, "x" * 513, "with spaces " * 5):
        done = run("board", "--scope", "read", "--hash", stdin=f"{short}\n")
        assert (done.exit_code, done.stdout) == (2, "")
        assert short == "" or short not in done.stderr


def test_json_has_both() -> None:
    told = json.loads(run("ci", "--scope", "act", "--json").stdout)
    assert told["line"] == f"ci act sha256:{digest_of(told['token'])}"


@pytest.mark.parametrize("name", ["a b", "", "é", "-", "x" * 65, "a:b"])
def test_a_name_that_will_not_do_is_said(name: str) -> None:
    done = run("--scope", "read", "--", name)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is no name for a token" in done.stderr


def test_what_it_makes_is_hidden_where_it_should_not_be() -> None:
    token = make_token()
    assert hide_tokens(f"GET /x?t={token}&u=1") == "GET /x?t=rmd_***&u=1"
    assert hide_tokens("rmd_ is how they begin") == "rmd_ is how they begin"
