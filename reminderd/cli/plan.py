"""reminderd plan"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from reminderd.cli.common import FAILED, SettingsSource, clean, json_option, print_json, settings_options
from reminderd.jobs import Reader, places_for, reader_for
from reminderd.review import Live, review
from reminderd.settings import Settings
from reminderd.store import StateError, state_exists
from reminderd.telemetry import silence

_CHANGES = 2


class _Misuse(click.UsageError):
    """A mistake on the command line. With 2 for changes it must end with another status."""

    exit_code = FAILED


class _Command(click.Command):
    """Ends as `_Misuse` says where it cannot be called so."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            raise _Misuse(error.message, error.ctx) from error


@click.command(cls=_Command)
@click.option("--against", metavar="DIR", multiple=True, help="Compare with these job files instead of the state.")
@click.option("--days", type=click.IntRange(1, 366), default=7, show_default=True, help="How far to look ahead.")
@click.option("--all", "everything", is_flag=True, help="Leave nothing out, however many messages there are.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown for a comment on a pull request.")
@click.option("--detailed-exitcode", is_flag=True, help="End with 0 when nothing changes, 1 on errors, 2 on changes.")
@json_option
@settings_options
def command(
    source: SettingsSource,
    against: tuple[str, ...],
    days: int,
    everything: bool,
    as_markdown: bool,
    detailed_exitcode: bool,
    as_json: bool,
) -> None:
    """Show what the job files would change: jobs, the messages of the next days, their cost, and what happens at once.

    They are compared with the jobs that run, as the state has them; with --against with other files, such as those of
    the main branch. Works offline and beside a running daemon, and changes nothing. Ends with 1 when a file has a
    problem; the rest is shown all the same.
    """
    settings = _settings(source)
    if as_json and as_markdown:
        raise _Misuse("--json and --markdown exclude each other")
    now = datetime.now(UTC)
    scan = reader_for(settings).scan()
    live = _live(settings, against)
    try:
        with silence():  # what would be logged does not happen
            found = review(settings, scan, live, (now, now + timedelta(days=days)), everything=everything)
    except StateError as error:
        click.echo(f"reminderd: {clean(error)}", err=True)
        sys.exit(FAILED)
    if as_json:
        from reminderd.cli.planview.document import document

        print_json(document(found, settings, everything=everything))
    elif as_markdown:
        from reminderd.cli.planview.markdown import markdown

        click.echo(markdown(found, settings, everything=everything), nl=False)
    else:
        from reminderd.cli.planview.text import print_text

        print_text(found, settings, everything=everything)
    if found.problems:
        sys.exit(FAILED)
    sys.exit(_CHANGES if detailed_exitcode and found.changes else 0)


def _settings(source: SettingsSource) -> Settings:
    settings, problems = source.load()
    if settings is None or problems:
        for problem in problems:
            click.echo(clean(problem), err=True)
        sys.exit(FAILED)
    return settings


def _live(settings: Settings, against: tuple[str, ...]) -> Live:
    if against:
        for each in against:
            if not Path(each).exists():
                raise _Misuse(f"--against: there is no {each}")
        paths = [Path(each) for each in against]
        beside = settings.may_lack  # what was made through the API is in neither, and goes on with both
        places = places_for(settings, paths)
        scan = Reader((*paths, *beside), settings.defaults, places=places, may_lack=beside).scan()
        ours = [str(path) for path in settings.jobs]
        if len(against) > len(ours):
            ours += [ours[-1]] * (len(against) - len(ours))
        theirs = [str(Path(each)) for each in against]
        return Live(", ".join(against), scan=scan, folders=dict(zip(theirs, ours, strict=False)))
    try:
        exists = state_exists(settings.state)
    except StateError as error:
        click.echo(f"reminderd: {clean(error)}", err=True)
        sys.exit(FAILED)
    if not exists:
        return Live(f"no state at {settings.state}")
    return Live(f"the state {settings.state}", state=settings.state)
