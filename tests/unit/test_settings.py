"""The daemon's settings: where they come from, which source wins, and what is said when one is wrong."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from reminderd.model import Defaults, Limits, OnQuiet, QuietHours
from reminderd.settings import DEFAULT_CONFIG, VARIABLES, Settings, load_settings, usable_settings

AUTH_ID = "MA" + "X0" * 9
TOKEN = "s3cret-t0ken"


def write(folder: Path, text: str) -> Path:
    config = folder / "reminderd.yaml"
    config.write_text(text)
    return config


def good(config: Path | None, environ: Mapping[str, str] | None = None, **arguments: object) -> Settings:
    settings, problems = load_settings(config, environ or {}, **arguments)  # type: ignore[arg-type]
    assert problems == []
    assert settings is not None
    return settings


def wrong(config: Path | None, environ: Mapping[str, str] | None = None, **arguments: object) -> list[str]:
    settings, problems = load_settings(config, environ or {}, **arguments)  # type: ignore[arg-type]
    assert settings is None
    return [str(problem) for problem in problems]


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    return write(tmp_path, "# all defaults\n")


def test_the_defaults(empty: Path) -> None:
    settings = good(empty)
    assert settings.jobs == (Path("/etc/reminderd/jobs.d"),)
    assert settings.state == Path("/var/lib/reminderd/state.db")
    assert settings.defaults == Defaults("UTC", None)
    plivo = settings.plivo
    assert (plivo.auth_id, plivo.auth_token, plivo.auth_token_file, plivo.proxy, plivo.ca_file) == (None,) * 5
    assert (plivo.url, plivo.rate, plivo.threads, plivo.shared_sender) == ("https://api.plivo.com", 5.0, 8, False)
    assert (plivo.connect_timeout, plivo.read_timeout) == (timedelta(seconds=5), timedelta(seconds=30))
    assert plivo.deadline == timedelta(seconds=60)
    assert plivo.reconcile == tuple(timedelta(minutes=minutes) for minutes in (0, 1, 5, 15))
    assert (settings.log.format, settings.log.level) == ("auto", "info")


@pytest.mark.skipif(DEFAULT_CONFIG.exists(), reason="this machine has a reminderd.yaml of its own")
def test_no_file_is_needed() -> None:
    assert good(None) == Settings()


def test_every_key_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    (tmp_path / "token").write_text(f"\n {TOKEN}\n")
    config = write(
        tmp_path,
        f"""
jobs: [jobs.d, /srv/jobs, ../other]
state: state.db
timezone: Europe/Berlin
plivo:
  auth_id: {AUTH_ID}
  auth_token_file: token
  sender: +14155550100
  shared_sender: true
  url: http://127.0.0.1:8080/
  rate: 0
  threads: 16
  connect_timeout: 2s
  read_timeout: 1.5
  deadline: 1m30s
  reconcile: [0s, 2s]
  proxy: http://user:secret@127.0.0.1:3128
  ca_file: ca.pem
log: {{format: json, level: debug}}
""",
    )
    settings = good(config)
    assert settings.jobs == (tmp_path / "jobs.d", Path("/srv/jobs"), tmp_path / ".." / "other")
    assert settings.state == tmp_path / "state.db"
    assert settings.defaults == Defaults("Europe/Berlin", "+14155550100")
    plivo = settings.plivo
    assert plivo.auth_id == AUTH_ID
    assert plivo.auth_token is not None
    assert plivo.auth_token.get_secret_value() == TOKEN
    assert (plivo.shared_sender, plivo.url, plivo.rate, plivo.threads) == (True, "http://127.0.0.1:8080", 0, 16)
    assert plivo.connect_timeout == timedelta(seconds=2)
    assert plivo.read_timeout == timedelta(seconds=1.5)
    assert plivo.deadline == timedelta(seconds=90)
    assert plivo.reconcile == (timedelta(0), timedelta(seconds=2))
    assert plivo.proxy == "http://user:secret@127.0.0.1:3128"
    assert plivo.ca_file == tmp_path / "ca.pem"
    assert (settings.log.format, settings.log.level) == ("json", "debug")


def test_one_directory_needs_no_list_and_an_empty_section_is_none(tmp_path: Path) -> None:
    settings = good(write(tmp_path, "jobs: jobs.d\nplivo:\n  # auth_id: none yet\nlog: ~\n"))
    assert settings.jobs == (tmp_path / "jobs.d",)
    assert settings.plivo == Settings().plivo


def test_every_setting_has_a_variable(empty: Path, tmp_path: Path) -> None:
    for name in ("token", "ca.pem"):
        (tmp_path / name).write_text(TOKEN)
    (tmp_path / "tokens").write_text(f"# of the team\n\nboard read sha256:{'2' * 64}\n")
    values = {
        "REMINDERD_JOBS": "jobs.d, /srv/jobs",
        "REMINDERD_STATE": "state.db",
        "REMINDERD_MARKS": "/srv/marks",
        "REMINDERD_HOST": "reminders-1",
        "REMINDERD_TIMEZONE": "Asia/Tokyo",
        "REMINDERD_PLIVO__AUTH_ID": AUTH_ID,
        "REMINDERD_PLIVO__AUTH_TOKEN_FILE": str(tmp_path / "token"),
        "REMINDERD_PLIVO__SENDER": "Acme",
        "REMINDERD_PLIVO__SHARED_SENDER": "true",
        "REMINDERD_PLIVO__URL": "http://localhost:1",
        "REMINDERD_PLIVO__RATE": "2.5",
        "REMINDERD_PLIVO__THREADS": "1",
        "REMINDERD_PLIVO__CONNECT_TIMEOUT": "1s",
        "REMINDERD_PLIVO__READ_TIMEOUT": "2",
        "REMINDERD_PLIVO__DEADLINE": "3s",
        "REMINDERD_PLIVO__RECONCILE": "0s,2s",
        "REMINDERD_PLIVO__RECEIPTS": "1m,1h",
        "REMINDERD_PLIVO__PRICE": "0.008",
        "REMINDERD_PLIVO__CURRENCY": "EUR",
        "REMINDERD_TEMPLATES": "/srv/templates",
        "REMINDERD_RECIPIENTS": "/srv/people",
        "REMINDERD_QUIET_HOURS": "21:00-08:00",
        "REMINDERD_ON_QUIET": "drop",
        "REMINDERD_SMART_PUNCTUATION": "true",
        "REMINDERD_LIMITS__PER_OCCURRENCE": "10",
        "REMINDERD_LIMITS__PER_JOB_AND_DAY": "20",
        "REMINDERD_LIMITS__PER_RECIPIENT_AND_DAY": "3",
        "REMINDERD_LIMITS__SPEND_PER_DAY": "5.5",
        "REMINDERD_PLIVO__PROXY": "http://localhost:2",
        "REMINDERD_PLIVO__CA_FILE": str(tmp_path / "ca.pem"),
        "REMINDERD_RETENTION__TEXT": "forever",
        "REMINDERD_RETENTION__DELIVERIES": "90d",
        "REMINDERD_WEB__LISTEN": "[::1]:9764",
        "REMINDERD_WEB__PUBLIC_URL": "https://reminders.example",
        "REMINDERD_WEB__WRITE_TO": "made",
        "REMINDERD_WEB__TOKENS": f"ci write sha256:{'0' * 64}, lead read+act sha256:{'1' * 64}",
        "REMINDERD_WEB__TOKENS_FILE": str(tmp_path / "tokens"),
        "REMINDERD_WEB__LOOK": "token",
        "REMINDERD_WEB__RATE": "7.5",
        "REMINDERD_WEB__TLS_CERTIFICATE": str(tmp_path / "ca.pem"),
        "REMINDERD_WEB__TLS_KEY": str(tmp_path / "ca.pem"),
        "REMINDERD_WEB__FORWARDED": "127.0.0.1, 10.0.0.0/8",
        "REMINDERD_METRICS__TEXTFILE": "/srv/figures/reminderd.prom",
        "REMINDERD_ALERTS__COMMAND": "/usr/local/bin/page,ops",
        "REMINDERD_ALERTS__URL": "https://hooks.example/ops?key=1",
        "REMINDERD_ALERTS__OVERDUE_AFTER": "2m",
        "REMINDERD_HEARTBEAT__URL": "https://hc.example/1",
        "REMINDERD_HEARTBEAT__EVERY": "5m",
        "REMINDERD_LOG__FORMAT": "text",
        "REMINDERD_LOG__LEVEL": "error",
    }
    assert set(VARIABLES) - set(values) == {"REMINDERD_PLIVO__AUTH_TOKEN"}
    settings = good(empty, values)
    assert settings.jobs == (Path("jobs.d"), Path("/srv/jobs"))
    assert settings.state == Path("state.db")
    assert (settings.marks, settings.host) == (Path("/srv/marks"), "reminders-1")
    quiet = QuietHours(21 * 60, 8 * 60)
    assert settings.defaults == Defaults("Asia/Tokyo", "Acme", quiet, OnQuiet.DROP, True)
    assert settings.limits.limits == Limits(10, 20, 3, 5.5)
    assert (settings.plivo.price, settings.plivo.currency) == (0.008, "EUR")
    assert settings.plivo.receipts == (timedelta(minutes=1), timedelta(hours=1))
    assert (settings.templates, settings.recipients) == (Path("/srv/templates"), Path("/srv/people"))
    assert settings.plivo.auth_token is not None
    assert settings.plivo.auth_token.get_secret_value() == TOKEN
    assert (settings.plivo.rate, settings.plivo.threads, settings.plivo.shared_sender) == (2.5, 1, True)
    assert settings.plivo.reconcile == (timedelta(0), timedelta(seconds=2))
    assert (settings.log.format, settings.log.level) == ("text", "error")
    assert (settings.retention.text, settings.retention.deliveries) == (None, timedelta(days=90))
    assert (settings.web.listen, settings.metrics.textfile) == ("[::1]:9764", Path("/srv/figures/reminderd.prom"))
    web = settings.web
    assert (web.public_url, web.write_to, web.look, web.rate) == (
        "https://reminders.example",
        Path("made"),
        "token",
        7.5,
    )
    assert [grant.name for grant in web.tokens] == ["ci", "lead", "board"]
    assert (web.tls_certificate, web.tls_key) == (tmp_path / "ca.pem", tmp_path / "ca.pem")
    assert [str(each) for each in web.forwarded] == ["127.0.0.1/32", "10.0.0.0/8"]
    assert settings.alerts.command == ("/usr/local/bin/page", "ops")
    assert (settings.alerts.url, settings.heartbeat.url) == ("https://hooks.example/ops?key=1", "https://hc.example/1")
    assert (settings.alerts.overdue_after, settings.heartbeat.every) == (timedelta(minutes=2), timedelta(minutes=5))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("retention: {text: 12h}\n", ":1:19: retention.text: "),
        ("retention: {deliveries: 6d}\n", ":1:25: retention.deliveries: "),
        ("retention:\n  text: 60d\n  deliveries: 30d\n", ":2:9: retention.text: a text cannot be kept for longer"),
        ("retention: {text: never}\n", ":1:19: retention.text: 'never' is not a duration"),
    ],
)
def test_a_retention_that_makes_no_sense_is_a_problem(tmp_path: Path, text: str, expected: str) -> None:
    (found,) = wrong(write(tmp_path, text))
    assert expected in found


def test_one_retention_alone_need_not_fit_the_default_of_the_other(tmp_path: Path) -> None:
    assert good(write(tmp_path, "retention: {deliveries: 10d}\n")).retention.deliveries == timedelta(days=10)
    assert good(write(tmp_path, "retention: {text: 900d}\n")).retention.text == timedelta(days=900)


def test_marks_beside_the_state_are_a_problem(tmp_path: Path) -> None:
    config = write(tmp_path, "state: var/state.db\nmarks: var/marks\n")
    (problem,) = load_settings(config, {})[1]
    assert (problem.line, problem.path) == (2, "marks")
    assert "lies in the directory of the state" in problem.message


def test_arguments_win_over_variables_and_those_over_the_file(tmp_path: Path) -> None:
    config = write(tmp_path, "jobs: a\nstate: a\ntimezone: Europe/Rome\n")
    environ = {"REMINDERD_JOBS": "b", "REMINDERD_STATE": "b"}
    settings = good(config, environ, jobs=["c", "d"])
    assert settings.jobs == (Path("c"), Path("d"))
    assert settings.state == Path("b")
    assert good(config, environ, state="e").state == Path("e")
    assert settings.timezone == "Europe/Rome"


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    config = write(tmp_path, "plivo: {sender: Acme}\n")
    assert good(config, {"REMINDERD_PLIVO__SENDER": "", "REMINDERD_CONFIG": ""}).plivo.sender == "Acme"


def test_plivos_own_variables_win_over_the_file_and_lose_to_ours(tmp_path: Path) -> None:
    config = write(tmp_path, f"plivo: {{auth_id: {AUTH_ID}, auth_token: from-the-file}}\n")
    other, third = "SA" + "Y1" * 9, "MA" + "Z2" * 9
    plivo = good(config, {"PLIVO_AUTH_ID": other, "PLIVO_AUTH_TOKEN": "from-plivo"}).plivo
    assert plivo.auth_id == other
    assert plivo.auth_token is not None
    assert plivo.auth_token.get_secret_value() == "from-plivo"
    ours = {"REMINDERD_PLIVO__AUTH_ID": third, "REMINDERD_PLIVO__AUTH_TOKEN": "ours", "PLIVO_AUTH_ID": other}
    plivo = good(config, {**ours, "PLIVO_AUTH_TOKEN": "from-plivo"}).plivo
    assert plivo.auth_id == third
    assert plivo.auth_token is not None
    assert plivo.auth_token.get_secret_value() == "ours"


@pytest.mark.parametrize(
    ("in_file", "environ", "expected"),
    [
        ("auth_token: in-file", {"REMINDERD_PLIVO__AUTH_TOKEN_FILE": "token"}, TOKEN),
        ("auth_token_file: token", {"REMINDERD_PLIVO__AUTH_TOKEN": "given"}, "given"),
        ("auth_token_file: token", {"PLIVO_AUTH_TOKEN": "given"}, "given"),
        ("sender: Acme", {"PLIVO_AUTH_TOKEN": "given", "REMINDERD_PLIVO__AUTH_TOKEN_FILE": "token"}, TOKEN),
    ],
)
def test_the_token_and_its_file_are_one_setting_and_the_weightier_source_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_file: str, environ: dict[str, str], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text(TOKEN)
    token = good(write(tmp_path, f"plivo: {{{in_file}}}\n"), environ).plivo.auth_token
    assert token is not None
    assert token.get_secret_value() == expected


def test_the_file_can_be_named_by_a_variable_and_the_argument_wins(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, two = write(tmp_path, "state: /one\n"), write(tmp_path / "other", "state: /two\n")
    environ = {"REMINDERD_CONFIG": str(one)}
    assert good(None, environ).state == Path("/one")
    assert good(two, environ).state == Path("/two")


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    expected = [f"{missing}: cannot be read: No such file or directory"]
    assert wrong(missing) == expected
    assert wrong(None, {"REMINDERD_CONFIG": str(missing)}) == expected
    assert wrong(tmp_path) == [f"{tmp_path}: is not a file"]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert wrong(tmp_path / "pipe") == [f"{tmp_path / 'pipe'}: is not a file"]
    config = write(tmp_path, "plivo:\n  auth_token_file: pipe\n")
    (found,) = wrong(config)
    assert found.startswith(f"{config}:2:20: plivo.auth_token_file: ")
    assert found.endswith("is not a file")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ": is empty"),
        ("- a\n", ":1:1: must be a mapping, not a list"),
        ("a: b: c\n", ":1:5: not valid YAML"),
        ("stat: x\n", ":1:1: stat: unknown key 'stat', did you mean 'state'?"),
        ("log:\n  levle: info\n", ":2:3: log.levle: unknown key 'levle', did you mean 'level'?"),
        ("sender: Acme\n", ":1:1: sender: unknown key 'sender', it goes under plivo:"),
        ("state: a\nstate: b\n", ":2:1: state: duplicate key 'state', first on line 1"),
        ("state:\n", ":1:1: state: has no value"),
        ("web: {listen: localhost}\n", ":1:15: web.listen: 'localhost' is not an address to listen on"),
        ("web: {listen: 'localhost:70000'}\n", ":1:15: web.listen: 'localhost:70000' is not an address"),
        (
            "metrics: {textfile: /srv/figures.txt}\n",
            ":1:21: metrics.textfile: '/srv/figures.txt' does not end in .prom",
        ),
        ("alerts: {command: 'mail root'}\n", ":1:19: alerts.command: 'mail root' is not the whole path of a program"),
        ("alerts: {command: []}\n", ":1:19: alerts.command: is empty"),
        ("alerts: {url: 'mailto:root'}\n", ":1:15: alerts.url: is not an http or https URL"),
        ("alerts: {overdue_after: 1s}\n", ":1:25: alerts.overdue_after: 1s is too short"),
        ("heartbeat: {every: 2d}\n", ":1:20: heartbeat.every: 2d is too long"),
        ("retention: {text: 1h}\n", ":1:19: retention.text: 1h is too short"),
        ("retention: {deliveries: never}\n", ":1:25: retention.deliveries: 'never' is not a duration"),
        ("state: [a]\n", ":1:8: state: must be text, not a list"),
        ("jobs: []\n", ":1:7: jobs: is empty"),
        ("jobs: [a, '']\n", ":1:11: jobs[1]: is empty"),
        ("timezone: Berlin\n", ":1:11: timezone: 'Berlin' is not a time zone, did you mean"),
        ("timezone: NO\n", ":1:11: timezone: 'NO' is not a time zone"),
        ("timezone: localtime\n", ":1:11: timezone: 'localtime' is not a time zone"),
        ("plivo: x\n", ":1:8: plivo: must be a mapping, not text"),
        ("plivo: {auth_id: MA123}\n", ":1:18: plivo.auth_id: is not a Plivo auth id, it has 20 letters"),
        ("plivo: {auth_token: 'a b'}\n", ":1:21: plivo.auth_token: is not an auth token"),
        ("plivo: {auth_token: a, auth_token_file: reminderd.yaml}\n", ":1:41: plivo.auth_token_file: auth_token and"),
        ("plivo: {auth_token_file: none}\n", ":1:26: plivo.auth_token_file: "),
        ("plivo: {sender: My Company}\n", ":1:17: plivo.sender: 'My Company' is not a sender"),
        ("plivo: {shared_sender: yes}\n", ":1:24: plivo.shared_sender: 'yes' is not true or false, write true"),
        ("plivo: {url: api.plivo.com}\n", ":1:14: plivo.url: is not an http or https URL"),
        ("plivo: {url: 'ftp://x'}\n", ":1:14: plivo.url: is not an http or https URL"),
        ("plivo: {url: 'http://x:99999'}\n", ":1:14: plivo.url: is not an http or https URL"),
        ("plivo: {url: 'http://[x'}\n", ":1:14: plivo.url: is not an http or https URL"),
        ("plivo: {url: 'http://x/?a=b'}\n", ":1:14: plivo.url: must not have a user, a query or a fragment"),
        ("plivo: {rate: -1}\n", ":1:15: plivo.rate: -1 is out of range, write a number from 0 to 1000"),
        ("plivo: {rate: 1001}\n", ":1:15: plivo.rate: 1001 is out of range"),
        ("plivo: {rate: .inf}\n", ":1:15: plivo.rate: '.inf' is not a number"),
        ("plivo: {threads: 0}\n", ":1:18: plivo.threads: 0 is out of range, write a number from 1 to 100"),
        ("plivo: {threads: 2.5}\n", ":1:18: plivo.threads: 2.5 is not a whole number"),
        ("plivo: {read_timeout: 0}\n", ":1:23: plivo.read_timeout: 0s is too short"),
        ("plivo: {read_timeout: 2h}\n", ":1:23: plivo.read_timeout: 2h is too long, write at most 1h"),
        ("plivo: {deadline: soon}\n", ":1:19: plivo.deadline: 'soon' is not a duration"),
        ("plivo: {reconcile: 5m}\n", ":1:20: plivo.reconcile: must be a list of delays, not text"),
        ("plivo: {reconcile: [0s, x]}\n", ":1:25: plivo.reconcile[1]: 'x' is not a duration"),
        ("plivo: {proxy: proxy.example}\n", ":1:16: plivo.proxy: is not an http or https URL"),
        ("plivo: {ca_file: none.pem}\n", ":1:18: plivo.ca_file: "),
        ("log: {format: xml}\n", ":1:15: log.format: 'xml' is none of auto, text, json"),
        ("log: {level: warn}\n", ":1:14: log.level: 'warn' is none of debug, info, warning, error, did you mean"),
    ],
)
def test_a_wrong_file_has_one_problem_at_one_place(tmp_path: Path, text: str, expected: str) -> None:
    config = write(tmp_path, text)
    found = wrong(config)
    assert len(found) == 1
    assert found[0].startswith(f"{config}{expected}")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"REMINDERD_TIMEZON": "UTC"}, "REMINDERD_TIMEZON: unknown variable, did you mean 'REMINDERD_TIMEZONE'?"),
        ({"REMINDERD_PLIVO_URL": "x"}, "REMINDERD_PLIVO_URL: unknown variable, did you mean 'REMINDERD_PLIVO__URL'?"),
        ({"REMINDERD_PLIVO__RATE": "fast"}, "REMINDERD_PLIVO__RATE: 'fast' is not a number"),
        ({"REMINDERD_PLIVO__RECONCILE": "0s,soon"}, "REMINDERD_PLIVO__RECONCILE: 'soon' is not a duration"),
        ({"REMINDERD_JOBS": "a,,b"}, "REMINDERD_JOBS: is empty"),
        ({"PLIVO_AUTH_ID": "MA1"}, "PLIVO_AUTH_ID: is not a Plivo auth id"),
        ({"REMINDERD_PLIVO__AUTH_TOKEN": "a", "REMINDERD_PLIVO__AUTH_TOKEN_FILE": "/etc/passwd"}, "REMINDERD_PLIVO__"),
    ],
)
def test_a_wrong_variable_is_named(empty: Path, environ: dict[str, str], expected: str) -> None:
    found = wrong(empty, environ)
    assert len(found) == 1
    assert found[0].startswith(f"environment: {expected}")


def test_a_wrong_argument_is_named(empty: Path) -> None:
    assert wrong(empty, state="")[0].startswith("arguments: --state: is empty")
    assert wrong(empty, jobs=["a", "b\n"])[0].startswith("arguments: --jobs: holds the control character")


def test_all_problems_of_all_sources_come_at_once(tmp_path: Path) -> None:
    config = write(tmp_path, "timezone: Mars\nplivo:\n  rate: x\n  urls: y\nlog: {level: x}\n")
    found = wrong(config, {"REMINDERD_PLIVO__THREADS": "many", "REMINDERD_X": "1"})
    assert [each.split(": ")[1] for each in found] == [
        "REMINDERD_X",
        "timezone",
        "plivo.rate",
        "REMINDERD_PLIVO__THREADS",
        "plivo.urls",
        "log.level",
    ]


def test_a_good_variable_hides_the_bad_value_of_the_file(tmp_path: Path) -> None:
    assert good(write(tmp_path, "timezone: Mars\n"), {"REMINDERD_TIMEZONE": "UTC"}).timezone == "UTC"


def test_secrets_are_in_no_text_of_the_settings(tmp_path: Path) -> None:
    settings = good(write(tmp_path, f"plivo: {{auth_token: {TOKEN}, proxy: 'http://u:{TOKEN}@p:1'}}\n"))
    assert TOKEN not in f"{settings} {settings!r} {settings.plivo} {settings.plivo!r}"
    assert TOKEN not in settings.model_dump_json(exclude={"plivo": {"proxy"}})


@pytest.mark.parametrize("section", ["alerts", "heartbeat"])
def test_addresses_that_hold_a_secret_are_not_printed(tmp_path: Path, section: str) -> None:
    settings = good(write(tmp_path, f"{section}: {{url: 'https://hooks.example/{TOKEN}'}}\n"))
    assert TOKEN not in repr(settings)


@pytest.mark.parametrize("key", ["auth_id", "auth_token", "url", "proxy"])
def test_secrets_are_in_no_problem(tmp_path: Path, key: str) -> None:
    found = wrong(write(tmp_path, f"plivo:\n  {key}: 'xyz://u:{TOKEN} @p:x'\n"))
    assert TOKEN not in " ".join(found)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"two words", b"x" * 5000])
def test_a_token_file_must_hold_a_token(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    config = write(tmp_path, "plivo:\n  auth_token_file: token\n")
    found = wrong(config)
    assert len(found) == 1
    assert found[0].startswith(f"{config}:2:20: plivo.auth_token_file: ")
    assert "does not hold an auth token" in found[0]


def token_of(settings: Settings) -> str | None:
    return settings.plivo.auth_token.get_secret_value() if settings.plivo.auth_token else None


def test_systemds_credential_is_the_token_where_nothing_else_gives_one(tmp_path: Path, empty: Path) -> None:
    (tmp_path / "plivo-token").write_text(f"{TOKEN}\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert token_of(good(empty, environ)) == TOKEN
    assert token_of(good(empty, {**environ, "PLIVO_AUTH_TOKEN": "given"})) == "given"
    assert token_of(good(empty, {**environ, "REMINDERD_PLIVO__AUTH_TOKEN": "ours"})) == "ours"
    assert token_of(good(write(tmp_path, "plivo: {auth_token: in-file}\n"), environ)) == "in-file"
    (tmp_path / "other").write_text("named")
    assert token_of(good(write(tmp_path, "plivo: {auth_token_file: other}\n"), environ)) == "named"


def test_credentials_of_others_are_no_problem(tmp_path: Path, empty: Path) -> None:
    for folder in ("", str(tmp_path), str(tmp_path / "none"), str(empty)):
        assert token_of(good(empty, {"CREDENTIALS_DIRECTORY": folder})) is None


@pytest.mark.parametrize("content", [b"", b"two words\n", b"\xff"])
def test_a_credential_must_hold_a_token(tmp_path: Path, empty: Path, content: bytes) -> None:
    (tmp_path / "plivo-token").write_bytes(content)
    (found,) = wrong(empty, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert found.startswith("credentials: plivo-token: ")
    assert "does not hold an auth token, mend the file that LoadCredential=plivo-token: of the unit names" in found


def test_a_credential_that_cannot_be_read_is_a_problem(tmp_path: Path, empty: Path) -> None:
    (tmp_path / "plivo-token").mkdir()
    (found,) = wrong(empty, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert "cannot be read: Is a directory" in found


def test_settings_cannot_be_changed(empty: Path) -> None:
    settings = good(empty)
    with pytest.raises(ValidationError):
        settings.timezone = "Europe/Rome"


def test_of_broken_settings_the_rest_can_be_used(tmp_path: Path) -> None:
    config = tmp_path / "reminderd.yaml"
    config.write_text("plivo: {rate: often, sender: '+14155550100'}\nstat: x\nstate: here.db\ntimezone: Mars/Olympus\n")
    usable, problems = usable_settings(config, {})
    assert len(problems) == 3
    assert (usable.plivo.sender, usable.plivo.rate, usable.timezone) == ("+14155550100", 5.0, "UTC")
    assert usable.state == tmp_path / "here.db"


def test_settings_that_only_go_together_are_left_out_too(tmp_path: Path) -> None:
    config = tmp_path / "reminderd.yaml"
    config.write_text("limits: {spend_per_day: 5, per_occurrence: 7}\nhost: web-1\n")
    usable, problems = usable_settings(config, {})
    assert len(problems) == 1
    assert (usable.limits.spend_per_day, usable.limits.per_occurrence, usable.host) == (None, 7, "web-1")


def test_a_state_that_is_a_circle_of_links_is_no_reason_to_break(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    state.symlink_to(state)
    settings, problems = load_settings(None, {"REMINDERD_MARKS": str(tmp_path / "marks")}, state=str(state))
    assert settings is None
    assert "lies in the directory of the state" in str(problems[0])
    settings, problems = load_settings(None, {"REMINDERD_MARKS": "/elsewhere"}, state=str(state))
    assert (settings is not None, problems) == (True, [])
