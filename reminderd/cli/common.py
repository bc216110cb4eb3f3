"""What the commands share: the settings' options, the state, and how things are printed."""

import functools
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import click
from pydantic import ValidationError

from reminderd.clock import from_text, to_text
from reminderd.document import load
from reminderd.model import Problem
from reminderd.settings import CREDENTIALS_VARIABLE, DEFAULT_CONFIG, Settings, config_path, load_settings
from reminderd.store import Reports, StateError, open_reports
from reminderd.telemetry import json_text

FAILED, UNUSABLE = 1, 2

_COLOURS = {
    "accepted": "green",
    "pending": "cyan",
    "sending": "cyan",
    "in_doubt": "yellow",
    "failed": "red",
    "missed": "yellow",
    "cancelled": "bright_black",
}


Decorated = Callable[..., Any]


def settings_options(command: Decorated) -> Decorated:
    """--config, --jobs and --state, also after the command's name; gives the command `source`, a `SettingsSource`."""
    return _with_source(command, _OPTIONS)


def settings_options_but_state(command: Decorated) -> Decorated:
    """The same for a command that has a --state of its own."""
    return _with_source(command, _OPTIONS[:-1])


def _with_source(command: Decorated, options: Sequence[Callable[[Decorated], Decorated]]) -> Decorated:
    @click.pass_context
    @functools.wraps(command)
    def wrapped(ctx: click.Context, *args: Any, **kwargs: Any) -> Any:
        outer = ctx.obj or {}
        given = {name: kwargs.pop(name, None) or outer.get(name) for name in ("config", "jobs", "state_file")}
        return command(
            *args, source=SettingsSource(given["config"], given["jobs"] or (), given["state_file"]), **kwargs
        )

    decorated: Decorated = wrapped
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


_OPTIONS = (
    click.option("--config", metavar="FILE", help="The settings file."),
    click.option("--jobs", metavar="DIR", multiple=True, help="Where the job files are; may be repeated."),
    click.option("--state", "state_file", metavar="FILE", help="The state's file."),
)


class SettingsSource:
    """Where the settings come from; can be read again."""

    def __init__(self, config: str | None, jobs: Sequence[str], state: str | None) -> None:
        self.config, self.jobs, self.state = config, jobs, state

    @property
    def file(self) -> Path:
        """The settings file, whether or not it is there."""
        return config_path(Path(self.config) if self.config else None, os.environ) or DEFAULT_CONFIG

    def load(self, content: bytes | None = None) -> tuple[Settings | None, list[Problem]]:
        """The settings, or what is wrong with them. content: what the file will say, instead of what it says."""
        return self._load(os.environ, content)

    def _load(self, environ: Mapping[str, str], content: bytes | None = None) -> tuple[Settings | None, list[Problem]]:
        config = Path(self.config) if self.config else None
        return load_settings(config, environ, jobs=self.jobs, state=self.state, content=content)

    def settings(self, tell: Callable[[Sequence[Problem]], object] = lambda _: None) -> Settings:
        """The settings; ends the command with all their problems when there are any, after `tell(problems)`."""
        settings, problems = self.load()
        if settings is None or problems:
            tell(problems)
            _say(problems)
            sys.exit(UNUSABLE)
        return settings

    def settings_for_state(self) -> Settings:
        """The settings, or where they have problems at least the state that they name.

        An operator's tools must work at night also when somebody has just broken the settings; the problems are said.
        """
        settings, problems = self.load()
        if (
            settings is None
        ):  # where the state is does not depend on a token that systemd has, and ExecReload= cannot read
            without = {name: value for name, value in os.environ.items() if name != CREDENTIALS_VARIABLE}
            settings, problems = self._load(without)
        if settings is not None and not problems:
            return settings
        _say(problems)
        named = self.state or os.environ.get("REMINDERD_STATE") or self._state_in_file()
        try:
            return Settings.model_validate({"state": named}) if named else Settings()
        except ValidationError:  # the path of the state itself is the problem
            sys.exit(UNUSABLE)

    def _state_in_file(self) -> str | None:
        path = Path(self.config or os.environ.get("REMINDERD_CONFIG") or DEFAULT_CONFIG)
        try:
            document, _ = load(path.read_bytes(), str(path))
        except OSError:
            return None
        value = document.value if document else None
        state = value.get("state") if isinstance(value, dict) else None
        return str(path.parent / state) if isinstance(state, str) else None

    def reports(self) -> Reports:
        """The state, for reading; ends the command when there is none."""
        return reports_of(self.settings_for_state())


def reports_of(settings: Settings) -> Reports:
    """The state of these settings, for reading; ends the command when there is none."""
    try:
        return open_reports(settings.state)
    except StateError as error:
        fail(str(error), UNUSABLE)


def print_problems(
    problems: Sequence[Problem | str], most: int, rest: str, indent: str = "", *, err: bool = False
) -> None:
    """One line for each of the first `most` problems; of more, how many there are and that `rest` shows them."""
    for problem in problems[:most]:
        click.echo(f"{indent}{clean(problem)}", err=err)
    if len(problems) > most:
        click.echo(f"{indent}... and {plural(len(problems) - most, 'more problem')}: {rest}", err=err)


def _say(problems: Iterable[Problem]) -> None:
    for problem in problems:
        click.echo(clean(problem), err=True)


def fail(message: str, status: int = FAILED) -> NoReturn:
    """End with a sentence; its lines may name whatever people wrote."""
    click.echo("reminderd: " + "\n".join(map(clean, message.split("\n"))), err=True)
    sys.exit(status)


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def print_json(document: object) -> None:
    click.echo(json_text(document, indent=2, default=_jsonable))


def _jsonable(value: object) -> str:
    if isinstance(value, datetime):
        return to_text(value)
    return str(value)


def coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def clean(value: object) -> str:
    """A value fit for a terminal: on one line, with nothing that could steer it."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "⏎" if c == "\n" else repr(c)[1:-1] for c in text)


def style(text: str, state: str) -> str:
    colour = _COLOURS.get(state)
    return click.style(text, fg=colour) if colour and coloured() else text


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]], state_column: int | None = None) -> None:
    """Aligned columns; the last is left as long as it is."""
    cells = [[clean("" if value is None else value) for value in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(head), *cells]) for i in range(len(head))]
    widths[-1] = 0
    if head:
        title = "  ".join(name.ljust(width) for name, width in zip(head, widths, strict=True)).rstrip()
        click.echo(click.style(title, bold=True) if coloured() else title)
    for line in cells:
        padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        if state_column is not None:
            padded[state_column] = style(padded[state_column], line[state_column])
        click.echo("  ".join(padded).rstrip())


def local(moment: datetime | str | None, zone: str = "UTC") -> str:
    """A moment in a zone, carrying it: 2026-11-22 09:00:00 CET."""
    if moment is None:
        return ""
    known = from_text(moment) if isinstance(moment, str) else moment
    return known.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S %Z")


def parse_moment(text: str) -> datetime:
    """What --since takes: a date, a time (UTC unless it has an offset), or how long ago (2h)."""
    from reminderd.duration import HINT, parse_duration

    try:
        return datetime.now(UTC) - parse_duration(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a time (2026-11-22T08:00) nor an age; {HINT}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def plural(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
