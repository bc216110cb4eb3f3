"""The manual pages, made from what the program itself says: its commands, its settings, the keys of its job files."""

import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from deb.roff import Page
from reminderd.cli import main
from reminderd.reference.keys import GROUPS, Key
from reminderd.reference.settings import SECTIONS, SETTINGS
from reminderd.settings import VARIABLES

FILES = {
    "/etc/reminderd/reminderd.yaml": "The settings: reminderd.yaml(5).",
    "/etc/reminderd/jobs.d/*.yaml": "The job files: reminderd-jobs(5).",
    "/etc/reminderd/recipients.d/": "Groups of recipients that jobs name.",
    "/etc/reminderd/templates/": "Texts that jobs share.",
    "/etc/reminderd/plivo-token": "Plivo's auth token, for root alone; systemd hands it to the daemon.",
    "/var/lib/reminderd/state.db": "The state: what was planned, sent and answered.",
    "/var/lib/reminderd-marks/": "What this host has sent, apart from the state, so that a backup put back is noticed.",
    "/usr/share/doc/reminderd/": "The documentation, with examples.",
}
KEYS = {
    "job": "Keys of a job",
    "schedule": "Keys of a schedule",
    "recipient": "Keys of a recipient",
    "list": "Keys of a list",
    "limits": "Keys of limits",
}


def pages(version: str, date: str, operating: Path) -> Iterator[Page]:
    """All manual pages. operating: the page of the docs that has the table of exit statuses."""
    yield _commands(version, date, operating)
    yield _settings(version, date)
    yield _jobs(version, date)


def _commands(version: str, date: str, operating: Path) -> Page:
    page = Page("reminderd", 1, "reminders by text message, from YAML files", version=version, date=date)
    top = click.Context(main, info_name="reminderd")
    page.heading("Synopsis")
    page.synopsis("reminderd", "[OPTIONS] COMMAND [ARGS]...")
    page.heading("Description")
    _help(page, main)
    page.heading("Options")
    _options(page, top)
    page.say("Most commands take the options of files too, after their name.")
    page.heading("Commands")
    for context in _each(top):
        path = context.command_path.removeprefix("reminderd ")
        arguments = " ".join(context.command.collect_usage_pieces(context))
        page.subheading(f"{path} {arguments}".strip())
        _help(page, context.command)
        _options(page, context)
    page.heading("Exit status")
    for status, meaning in _exit_statuses(operating):
        page.item(status, meaning)
    page.heading("Environment")
    page.item("REMINDERD_CONFIG", "The settings file, where `--config` names none.")
    page.item("NO_COLOR", "Print without colours, also on a terminal.")
    page.say("Each setting of reminderd.yaml(5) has a variable, which wins over the file:")
    page.show(VARIABLES)
    page.heading("Files")
    for path, meaning in FILES.items():
        page.item(path, meaning)
    _see_also(page)
    return page


def _each(context: click.Context) -> Iterator[click.Context]:
    """The contexts of all commands, those of groups within groups too."""
    assert isinstance(context.command, click.Group)
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        assert command is not None
        child = click.Context(command, info_name=name, parent=context)
        yield child
        if isinstance(command, click.Group):
            yield from _each(child)


def _help(page: Page, command: click.Command) -> None:
    for paragraph in inspect.cleandoc(command.help or "").split("\f")[0].split("\n\n"):
        if paragraph.startswith("\b\n"):
            page.show(paragraph.splitlines()[1:])
        else:
            page.say(paragraph)


def _options(page: Page, context: click.Context) -> None:
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            page.item(*record)


def _exit_statuses(operating: Path) -> Iterable[tuple[str, str]]:
    section = operating.read_text(encoding="utf-8").split("\n## Exit statuses\n")[1].split("\n## ")[0]
    found: list[tuple[str, str]] = re.findall(r"^\| (\d+) \| (.+) \|$", section, re.MULTILINE)
    assert found, f"{operating} has no table of exit statuses"
    return found


def _settings(version: str, date: str) -> Page:
    page = Page("reminderd.yaml", 5, "the settings of reminderd", version=version, date=date)
    page.heading("Description")
    page.say(
        "`/etc/reminderd/reminderd.yaml`, or the file of `--config` or of `REMINDERD_CONFIG`. Every setting has a default "
        "but for the credentials and the sender. `reminderd check` finds what is wrong with it; `systemctl reload reminderd` "
        "has a running daemon read it. Settings with a problem change nothing: the last good ones stay in use."
    )
    page.heading("Settings")
    _keys(page, SETTINGS)
    for name, keys in SECTIONS.items():
        page.subheading(f"{name}:")
        _keys(page, keys)
    _see_also(page)
    return page


def _jobs(version: str, date: str) -> Page:
    page = Page("reminderd-jobs", 5, "the job files of reminderd", version=version, date=date)
    page.heading("Description")
    page.say(
        "One file in `/etc/reminderd/jobs.d` is one job, or with `jobs:` several. A running daemon sees each change by itself; "
        "a file with a problem keeps its last good version. `reminderd new NAME` writes a commented example, `reminderd check` "
        "finds every problem with its line, `reminderd next` shows what would be sent and when."
    )
    for group, title in KEYS.items():
        page.heading(title)
        _keys(page, GROUPS[group])
    page.heading("Notes")
    page.say("The pages jobs.md, schedules.md, recipients.md, messages.md and cookbook.md explain more, with examples.")
    _see_also(page)
    return page


def _keys(page: Page, keys: Iterable[Key]) -> None:
    for key in keys:
        without = "Required." if key.required else f"Without it: {key.default}." if key.default else ""
        page.item(f"{key.name}:", f"{key.says} Takes {key.takes}. {without}")


def _see_also(page: Page) -> None:
    others = {"reminderd": 1, "reminderd.yaml": 5, "reminderd-jobs": 5, "systemctl": 1, "journalctl": 1}
    page.heading("See also")
    page.say(", ".join(f"`{name}`({section})" for name, section in others.items() if name != page.name))
    page.say("The documentation is in `/usr/share/doc/reminderd/docs`; `operating.md` is the runbook.")
