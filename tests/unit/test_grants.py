"""Tokens of the listener as the settings hold them: only digests, with who they are for and what they may do."""

from pathlib import Path

import pytest

from reminderd.document.scalars import Wrong
from reminderd.settings import Grant, Scope, Settings, load_settings
from reminderd.settings.grants import read_grant, read_grants

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
OTHER = "0" * 64


def test_a_line_names_who_what_and_the_digest() -> None:
    assert read_grant(f"ci read+write sha256:{DIGEST}") == Grant("ci", frozenset({Scope.READ, Scope.WRITE}), DIGEST)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "is not a token's line"),
        (f"ci sha256:{DIGEST}", "is not a token's line"),
        (f"c:i read sha256:{DIGEST}", "does not begin with a name"),
        (f"ci look sha256:{DIGEST}", "'ci' has a scope that is none of read, act, write"),
        (f"ci read+ sha256:{DIGEST}", "'ci' has a scope that is none of read, act, write"),
        ("ci read rmd_secretsecretsecret", "'ci' has no sha256: and 64 hex digits"),
        (f"ci read sha256:{DIGEST[:-1]}", "'ci' has no sha256: and 64 hex digits"),
    ],
)
def test_what_is_wrong_is_said_and_no_secret_repeated(line: str, said: str) -> None:
    with pytest.raises(Wrong) as caught:
        read_grant(line)
    assert said in caught.value.message
    assert "secretsecret" not in caught.value.message + caught.value.hint


def test_a_file_has_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"# whose\n\nci write sha256:{DIGEST}\n  board read sha256:{OTHER}\n")
    assert [grant.name for grant in read_grants(path)] == ["ci", "board"]
    path.write_text(f"ci write sha256:{DIGEST}\nci read sha256:{OTHER}\n")
    with pytest.raises(Wrong, match=r"line 2 of .*the name 'ci' is taken"):
        read_grants(path)
    path.write_text("ci write\n")
    with pytest.raises(Wrong, match=r"line 1 of .*is not a token's line"):
        read_grants(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(Wrong, match="is not UTF-8"):
        read_grants(path)


def load(config: Path, environ: dict[str, str] | None = None) -> tuple[Settings | None, list[str]]:
    settings, problems = load_settings(config, environ or {})
    return settings, [str(problem) for problem in problems]


def test_those_of_the_settings_and_those_of_a_file_count_together(tmp_path: Path) -> None:
    (tmp_path / "more").write_text(f"board read sha256:{OTHER}\n")
    config = tmp_path / "reminderd.yaml"
    config.write_text(f"web:\n  tokens: ['ci write sha256:{DIGEST}']\n  tokens_file: more\n")
    settings, problems = load(config)
    assert problems == []
    assert settings is not None
    assert [grant.name for grant in settings.web.tokens] == ["ci", "board"]
    (tmp_path / "more").write_text(f"ci read sha256:{OTHER}\n")
    settings, problems = load(config)
    assert settings is None
    assert [
        f"{config}:3:16" in problem and "'ci' is taken by one of web.tokens" in problem for problem in problems
    ] == [True]


def test_systemd_hands_them_over_as_a_credential(tmp_path: Path) -> None:
    config = tmp_path / "reminderd.yaml"
    config.write_text("web:\n")
    (tmp_path / "web-tokens").write_text(f"board read sha256:{OTHER}\n")
    settings, problems = load(config, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert problems == []
    assert settings is not None
    assert [grant.name for grant in settings.web.tokens] == ["board"]
    (tmp_path / "web-tokens").write_text("board\n")
    settings, problems = load(config, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert "LoadCredential=web-tokens" in problems[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tokens: [ci]", ":2:12: web.tokens[0]: is not a token's line"),
        ("tls_key: reminderd.yaml", "tls_key: needs tls_certificate beside it"),
        ("forwarded: proxy", "is not an address or a network"),
        ("look: all", "look"),
        ("rate: 0", "rate"),
        ("public_url: reminders.example", "is not an http or https URL"),
    ],
)
def test_a_wrong_value_has_its_place(tmp_path: Path, text: str, said: str) -> None:
    config = tmp_path / "reminderd.yaml"
    config.write_text(f"web:\n  {text}\n")
    settings, problems = load(config)
    assert settings is None
    assert len(problems) == 1
    assert said in problems[0]
