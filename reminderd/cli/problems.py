"""How `check` prints what it found: for people, for programs, and as annotations of a pull request on GitHub."""

from collections.abc import Iterable, Sequence

import click

from reminderd.cli.common import clean, plural, print_json, print_problems
from reminderd.model import Problem

_MOST_SHOWN = 1000
_IN_PROPERTIES = {":": "%3A", ",": "%2C"}
_IN_ANY_PLACE = {"%": "%25", "\r": "%0D", "\n": "%0A"}


def print_text(problems: Sequence[Problem], warnings: Sequence[Problem], jobs: int) -> None:
    """One line for each, and how many there are."""
    print_problems(problems, _MOST_SHOWN, "`reminderd check --json` shows all")
    for warning in warnings[:_MOST_SHOWN]:
        click.echo(clean(as_warning(warning)))
    if len(warnings) > _MOST_SHOWN:
        click.echo(f"... and {plural(len(warnings) - _MOST_SHOWN, 'more warning')}: `reminderd check --json` shows all")
    also = _counted(warnings)
    if problems:
        click.echo(f"{plural(len(problems), 'problem')}{also}", err=True)
    else:
        click.echo(f"no problems in {plural(jobs, 'job')}{also}")


def _counted(warnings: Sequence[Problem]) -> str:
    notes = sum(each.is_note for each in warnings)
    numbers = {"warning": len(warnings) - notes, "note": notes}
    return "".join(f", {plural(number, word)}" for word, number in numbers.items() if number)


def as_warning(note: Problem) -> str:
    """The line for what is no problem."""
    return _placed(note, "note" if note.is_note else "warning")


def _placed(problem: Problem, kind: str) -> str:
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    return f"{place}: {kind}:{str(problem)[len(place) + 1 :]}"


def print_document(ok: bool, problems: Iterable[Problem], warnings: Sequence[Problem], jobs: Iterable[str]) -> None:
    """All of it as one JSON document."""
    print_json(
        {
            "ok": ok,
            "jobs": sorted(jobs),
            "problems": [_fields(problem, str(problem)) for problem in problems],
            "warnings": [_fields(each, as_warning(each)) for each in warnings if not each.is_note],
            "notes": [_fields(each, as_warning(each)) for each in warnings if each.is_note],
        }
    )


def _fields(problem: Problem, text: str) -> dict[str, object]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.message,
        "hint": problem.hint,
        "text": text,
    }


def print_annotations(problems: Iterable[Problem], warnings: Iterable[Problem]) -> None:
    """GitHub's workflow commands, which it shows at the lines of a pull request."""
    for problem in problems:
        click.echo(annotation("error", problem))
    for warning in warnings:
        click.echo(annotation("notice" if warning.is_note else "warning", warning))


def annotation(level: str, problem: Problem) -> str:
    """One workflow command: ::error file=jobs.d/rent.yaml,line=7,col=9,title=schedule.cron::what is wrong"""
    place = {"file": problem.file}
    if problem.line:
        place |= {"line": str(problem.line), "col": str(problem.column)}
    place["title"] = problem.path or "reminderd check"
    properties = ",".join(f"{name}={_escape(value, _IN_ANY_PLACE | _IN_PROPERTIES)}" for name, value in place.items())
    hint = f", {problem.hint}" if problem.hint else ""
    return f"::{level} {properties}::{_escape(problem.message + hint, _IN_ANY_PLACE)}"


def _escape(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(each, each) for each in text)
