"""What the documentation shows is true: its files load, its commands exist, its queries run, its tables are complete."""

import ast
import logging
import re
import shlex
from pathlib import Path

import click
import pytest

from reminderd.cli import main
from reminderd.doctor import CHECKS, Grade
from reminderd.jobs import Reader, parse_file, places_for
from reminderd.model import BIRTHS, MOVES, Defaults, State
from reminderd.reference.keys import GROUPS
from reminderd.reference.pages import renewed
from reminderd.settings import VARIABLES, Settings, load_settings
from reminderd.store import Store
from reminderd.telemetry import Event, level_of
from reminderd.telemetry.journal import field_name

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text()


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def job_blocks() -> list[tuple[str, str]]:
    return [
        (f"{page.name}-{number}", block)
        for page in PAGES
        for number, block in enumerate(blocks(page, "yaml"))
        if not re.search("^(plivo|alerts|heartbeat|web|metrics|retention|log):", block, re.MULTILINE)
        and page.name != "cookbook.md"  # whose recipes have tests of their own
    ]


# What the lists in the pages' examples hold.
BESIDE = {
    "recipients.d/platform.yaml": '- {name: Ada, phone: "+447700900101"}\n',
    "jobs.d/people.csv": "phone,name,plan,age\n+447700900102,Ada,pro,36\n+447700900103,Grace,trial,85\n",
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in job_blocks()])
def test_every_job_file_shown_has_no_problem(text: str, tmp_path: Path) -> None:
    for name, content in {**BESIDE, "jobs.d/shown.yaml": text}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    folder = tmp_path / "jobs.d"
    defaults = Defaults(sender="+14155550100")
    (parsed,) = Reader([folder], defaults, places=places_for(Settings(), [folder])).scan().files.values()
    assert parsed.problems == ()
    assert parsed.jobs


@pytest.mark.parametrize("path", sorted((ROOT / "jobs.d").glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_job_has_no_problem(path: Path) -> None:
    parsed = parse_file(str(path), path.read_bytes(), Defaults())
    assert parsed.problems == ()
    assert parsed.jobs


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "settings.md"], ids=lambda page: page.name)
def test_the_settings_shown_can_be_loaded(page: Path, tmp_path: Path) -> None:
    (text,) = [block for block in blocks(page, "yaml") if "plivo:" in block]
    token = tmp_path / "token"
    token.write_text("a-token")
    config = tmp_path / "reminderd.yaml"
    config.write_text(re.sub(r"auth_token_file: \S+", f"auth_token_file: {token}", text))
    settings, problems = load_settings(config, {})
    here = [problem for problem in problems if not problem.message.endswith("is not a file")]
    assert [str(problem) for problem in here] == []
    assert settings is None or settings.plivo.sender == "+14155550100"


def test_the_settings_page_names_every_setting() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    names = {str(loc[-1]) for loc in VARIABLES.values()}
    assert {name for name in names if not re.search(rf"^\s*{name}:|\b{name}\b", text, re.MULTILINE)} == set()


def shown_commands() -> list[str]:
    lines = [line for page in PAGES for block in blocks(page, "console") for line in block.splitlines()]
    return sorted({line[2:] for line in lines if line.startswith("$ reminderd ")})


@pytest.mark.parametrize("line", shown_commands())
def test_every_command_shown_can_be_parsed(line: str) -> None:
    line = re.sub(r"^reminderd(?: --(?:config|jobs|state) \S+)*", "", line)  # options of the group itself
    name, *arguments = shlex.split(line)
    command = main.get_command(click.Context(main), name)
    assert command is not None
    command.make_context(name, arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_of_keys_are_those_of_the_program(page: Path) -> None:
    assert renewed(page.read_text()) == page.read_text(), "run `make docs`"


def test_every_key_has_its_table_on_a_page() -> None:
    shown = {name for page in PAGES for name in re.findall(r"<!-- keys: (\w+) -->", page.read_text())}
    assert shown == set(GROUPS)


def test_every_make_target_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {name for page in PAGES for name in re.findall(r"(?:`|\$ )make ([a-z-]+)", page.read_text())}
    assert shown <= targets


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
            assert target.startswith("http") or (page.parent / target).exists(), f"{page.name}: {target}"


EVENTS = (ROOT / "docs" / "events.md").read_text()


def test_every_event_is_documented_with_its_level_and_no_other() -> None:
    rows = re.findall(r"^\| (`[a-z_]+\.[^|]*?) \| (debug|info|warning|error) \|", EVENTS, re.MULTILINE)
    shown = {name: level for names, level in rows for name in re.findall(r"`(.*?)`", names)}
    assert shown == {event: logging.getLevelName(level_of(event)).lower() for event in Event}


def fields_in_code() -> set[str]:
    """The names that any part gives to `emit` or `traceback`."""
    calls = [
        node
        for path in (ROOT / "reminderd").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("emit", "traceback", "_telling")
    ]
    assert len(calls) > 50
    return {keyword.arg for call in calls for keyword in call.keywords if keyword.arg}


def test_every_field_of_an_event_is_documented_with_its_name_in_the_journal() -> None:
    rows = re.findall(r"^\| (`\w+`.*?) \| (`REMINDERD_.*?) \|", EVENTS, re.MULTILINE)
    names = [re.findall(r"`(.*?)`", "".join(column)) for column in zip(*rows, strict=True)]
    shown = dict(zip(*names, strict=True))
    assert shown == {name: field_name(name) for name in {*fields_in_code(), "event", "lines"}}


def test_every_question_to_the_journal_names_fields_that_are_there() -> None:
    asked = {name for page in PAGES for name in re.findall(r"\b(REMINDERD_[A-Z]+)=", "".join(blocks(page, "console")))}
    assert asked
    assert asked <= {field_name(name) for name in {*fields_in_code(), "event"}}


def test_the_table_of_moves_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| (birth|`.*?`) \| (`.*?`) \|", (ROOT / "docs" / "states.md").read_text(), re.MULTILINE)
    shown = {
        (before, after)
        for left, right in rows
        for before in (re.findall(r"`(\w+)`", left) or [""])
        for after in re.findall(r"`(\w+)`", right)
    }
    moves = {("", state) for state in BIRTHS} | {(a, b) for a, targets in MOVES.items() for b in targets}
    assert {(str(a), str(b)) for a, b in moves} == shown | {("", str(State.CANCELLED))}


def test_every_query_shown_runs(tmp_path: Path) -> None:
    Store.open(tmp_path / "state.db", create=True).close()
    import sqlite3

    queries = blocks(ROOT / "docs" / "state.md", "sql")
    assert len(queries) == 5
    connection = sqlite3.connect(tmp_path / "state.db")
    for query in queries:
        connection.execute(query).fetchall()
    for view, columns in re.findall(
        r"^\| `(report_\w+)` \|.*\| `(.*?)` \|$", (ROOT / "docs" / "state.md").read_text(), re.M
    ):
        shown = [column[0] for column in connection.execute(f"select * from {view}").description]
        assert shown == columns.split(", ")
    connection.close()


def test_every_check_of_doctor_is_documented_and_no_other() -> None:
    sources = [path.read_text() for path in sorted((ROOT / "reminderd" / "doctor").glob("*.py"))]
    called = r'(?:\b(?:ok|warn|fail|skip)\(|\(fail if \w+ > WRONG else warn\)\(|_space\()\s*"([a-z.]+)"'
    assigned = r'\bcheck(?:, \w+)* = "([a-z.]+)"'
    found = {name for text in sources for name in (*re.findall(called, text), *re.findall(assigned, text))}
    shown = re.findall(r"^\| `([a-z.]+)` \|", (ROOT / "docs" / "doctor.md").read_text(), re.MULTILINE)
    words = {str(grade) for grade in Grade}
    assert set(shown) - words == found | {check.name for check in CHECKS if check.asks}
