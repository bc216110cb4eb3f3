"""reminderd forget"""

import re
import sys
from pathlib import Path
from typing import Any

import click

from reminderd.cli.acting import act, show
from reminderd.cli.common import SettingsSource, clean, fail, json_option, plural, settings_options
from reminderd.message import in_any_notation, parse_phone


@click.command()
@click.argument("phone")
@click.option("--opt-out", is_flag=True, help="Nothing is to be sent to them any more either, from any sender.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only show what would be emptied.")
@json_option
@settings_options
def command(source: SettingsSource, phone: str, opt_out: bool, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Empty all that the state has of a PHONE: numbers, names, texts. It cannot be undone.

    A keyed digest stays of each message, so that nothing of it is ever sent again. What is pending to the phone is
    cancelled; opt-outs stay in force. What is under way or in doubt must come to its end first.

    Plivo keeps a log of its own, and backups have what they had. A job that still names the phone is shown: it goes on
    sending to it, and what it sends is recorded anew.
    """
    request = {"command": "forget", "phone": phone, "opt_out": opt_out}
    if dry_run or not yes:
        found = act(source, {**request, "dry_run": True})
        if dry_run:
            show(found, as_json, *_lines(found, phone))
        for line in _lines(found, phone):
            click.echo(line, err=True)
        if not sys.stdin.isatty():
            fail("nothing is forgotten: say --yes where nobody can be asked")
        click.confirm("Forget it? This cannot be undone.", abort=True, err=True)
    done = act(source, request)
    if not as_json:
        for line in _lines(done, phone):
            click.echo(line)
    if not done["rewritten"]:
        fail(
            f"all rows are emptied, and the file could not be written anew, so that its free pages may still hold what was "
            f"in them: {done['trouble']}; then say it again"
        )
    show(done, as_json)


def _lines(answer: dict[str, Any], phone: str) -> list[str]:
    would, are = ("would be ", "would be") if answer["dry_run"] else ("", "are")
    lines = [
        f"{plural(answer['deliveries'], 'delivery', 'deliveries')} with {plural(answer['attempts'], 'attempt')}, "
        f"{plural(answer['opt_outs'], 'opt-out')}, {plural(answer['inbound'], 'text')} that came in and {plural(answer['others'], 'other row')} {are} emptied of this phone"
    ]
    if answer["cancelled"]:
        ids = ", ".join(map(str, answer["cancelled"]))
        lines.append(
            f"{would}cancelled: {plural(len(answer['cancelled']), 'pending delivery', 'pending deliveries')} ({ids})"
        )
    if answer["opted_out"]:
        lines.append(f"nothing {'would be' if answer['dry_run'] else 'is'} sent to it any more")
    for job in answer["jobs"]:
        places = ", ".join(clean(each) for each in _places(job, phone))
        lines.append(f"job {job['name']} still names it: {places}")
    if answer["jobs"]:
        lines.append("so its number stays in the state: remove it there, `reminderd reload`, and forget it again")
    if not answer["dry_run"] and not answer.get("log_emptied", True):
        lines.append(
            "somebody reads the state now: the log beside it is emptied within an hour, or when the daemon ends"
        )
    return lines


def _places(job: dict[str, Any], phone: str) -> list[str]:
    """Where it stands in the job's own file and its lists, as file:line; where they cannot be read, the job's place."""
    number = in_any_notation(parse_phone(phone))
    found = [place for path in (job["file"], *job["lists"]) for place in _lines_with(Path(path), number)]
    return found or [f"{job['file']}:{job['line']}", *job["lists"]]


def _lines_with(path: Path, number: "re.Pattern[str]") -> list[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [f"{path}:{at}" for at, line in enumerate(text.splitlines(), 1) if number.search(line)]
