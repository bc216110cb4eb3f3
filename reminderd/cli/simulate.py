"""reminderd simulate"""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from reminderd.cli.common import (
    FAILED,
    SettingsSource,
    clean,
    coloured,
    json_option,
    plural,
    print_json,
    print_problems,
    settings_options_but_state,
    style,
)
from reminderd.cli.money import cost_of, money
from reminderd.clock import to_text
from reminderd.jobs import reader_for
from reminderd.settings import Settings
from reminderd.simulation import Line, Simulation, Totals, timetable, totals
from reminderd.telemetry import silence

_MOST_PROBLEMS = 100


@click.command()
@click.option("--from", "start", metavar="T", required=True, help="The first moment: a date, or a time.")
@click.option("--to", "end", metavar="T", required=True, help="The moment at which it ends, itself not included.")
@click.option("--fault", "faults", metavar="RULE", multiple=True, help="A fault of the sandbox; may be repeated.")
@click.option("--seed", type=int, default=0, show_default=True, help="Draws the jitter of retries.")
@json_option
@settings_options_but_state
def command(source: SettingsSource, start: str, end: str, faults: tuple[str, ...], seed: int, as_json: bool) -> None:
    """Show what would go out from one time to another, and what would become of it: a year takes seconds.

    The real planner, pacing, retries and look-ups run on a clock that jumps, against the sandbox's answers. Nothing is
    sent, and no state is touched. T is in the timezone of the settings unless it has an offset. The same files, faults
    and seed print the same, so that a timetable can be kept and compared. Ends with 1 when a file has a problem; the
    others are simulated all the same.

    \b
    reminderd simulate --from 2027-01-01 --to 2028-01-01
    reminderd simulate --from 2027-03-01T08:00 --to 2027-03-02 --fault status=429,count=3
    """
    settings = source.settings()
    since, until = _moment(start, settings.timezone, "--from"), _moment(end, settings.timezone, "--to")
    if since >= until:
        raise click.BadParameter("is not after --from", param_hint="--to")
    rules = _faults(faults)
    scan = reader_for(settings).scan()
    with silence():  # what would be logged never happened
        simulation = Simulation(settings, scan, since, rules, seed)
        try:
            rows = simulation.run(until)
        finally:
            simulation.close()
    catalog = simulation.catalog
    lines = timetable(rows, catalog.jobs)
    result = totals(lines, settings.timezone)
    if as_json:
        shown = {"from": since, "to": until, "timezone": settings.timezone, "seed": seed, "faults": list(faults)}
        found = {"problems": [str(problem) for problem in catalog.problems]}
        print_json(
            {**shown, **found, "messages": [_document(line) for line in lines], "totals": _sums(result, settings)}
        )
    else:
        _print(lines, result, settings)
        print_problems(catalog.problems, _MOST_PROBLEMS, "`reminderd check` shows all", err=True)
    sys.exit(FAILED if catalog.problems else 0)


def _faults(rules: Sequence[str]) -> list[Any]:
    from reminderd.gateway.sandbox import parse_fault

    try:
        return [parse_fault(rule) for rule in rules]
    except ValueError as error:
        raise click.BadParameter(f"{error}; docs/sandbox.md has the rules", param_hint="--fault") from None


def _moment(text: str, zone: str, option: str) -> datetime:
    """A date or a time, local to `zone` unless it has an offset; of a time that comes twice the first."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        hint = "is neither a date (2027-01-01) nor a time (2027-01-01T09:00)"
        raise click.BadParameter(f"{text!r} {hint}", param_hint=option) from None
    if not 1970 < moment.year < 9000:
        raise click.BadParameter(f"{text!r} is out of all reason", param_hint=option)
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _local(line: Line) -> str:
    return line.due_at.astimezone(ZoneInfo(line.zone)).strftime("%a %Y-%m-%d %H:%M:%S %Z")


def _late(line: Line) -> bool:
    """Whether it went out at another time than it was due."""
    return line.went_out and line.at != line.due_at


def _document(line: Line) -> dict[str, Any]:
    who = line.recipient
    people = {"name": who.name, "phone": who.phone, "key": who.key} if who else {"people": line.people}
    return {
        "local": _local(line),
        "timezone": line.zone,
        "job": line.job,
        "nominal": line.nominal,
        "due_at": to_text(line.due_at),
        "at": to_text(line.at),
        **people,
        "text": line.text,
        "encoding": line.encoding,
        "segments": line.segments,
        "state": line.state,
        "reason": line.reason,
        "attempts": line.attempts,
        "receipt": line.receipt,
    }


def _sums(result: Totals, settings: Settings) -> dict[str, Any]:
    plivo = settings.plivo
    return {
        "messages": result.planned,
        "went_out": result.went_out.messages,
        "segments": result.went_out.segments,
        "cost": cost_of(result.went_out.segments, plivo.price),
        "currency": plivo.currency if plivo.price is not None else None,
        "by_state": result.by_state,
        "by_job": {
            name: {**count._asdict(), "cost": cost_of(count.segments, plivo.price)}
            for name, count in result.by_job.items()
        },
        "busiest_hour": _named("hour", result.busiest_hour),
        "busiest_day": _named("day", result.busiest_day),
    }


def _named(what: str, most: tuple[str, int] | None) -> dict[str, Any] | None:
    return {what: most[0], "messages": most[1]} if most else None


def _print(lines: Sequence[Line], result: Totals, settings: Settings) -> None:
    cells = [(_local(line), line.zone, line.job, _who(line), plural(line.segments, "segment")) for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line, row in zip(lines, cells, strict=True):
        left = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(f"{left}  {style(line.state, line.state)}{_told(line)}".rstrip())
    click.echo("" if lines else "nothing is due in this time")
    for text in _summary(result, settings):
        click.echo(text)


def _told(line: Line) -> str:
    late = f" at {line.at.astimezone(ZoneInfo(line.zone)):%H:%M:%S}" if _late(line) else ""
    why = "" if line.went_out else f" ({clean(line.reason)})"
    receipt = f", {line.receipt}" if line.receipt not in (None, "delivered") else ""
    return f"{late}{receipt}{why}  {clean(line.text or '')}"


def _who(line: Line) -> str:
    if line.recipient is None:
        return f"{plural(line.people, 'person', 'people')} of a private list" if line.people else "-"
    return f"{line.recipient.phone} {clean(line.recipient.name or '')}".rstrip()


def _summary(result: Totals, settings: Settings) -> Iterator[str]:
    price, currency = settings.plivo.price, settings.plivo.currency

    def cost(segments: int) -> str:
        return "" if price is None else f", {money(segments * price, currency)}"

    messages, segments = result.went_out
    head = f"{plural(messages, 'message')}, {plural(segments, 'segment')}{cost(segments)}"
    yield click.style(head, bold=True) if coloured() else head
    if result.by_state:
        yield "by state: " + ", ".join(f"{number} {style(state, state)}" for state, number in result.by_state.items())
    for what, most in (("hour", result.busiest_hour), ("day", result.busiest_day)):
        if most is not None:
            yield f"busiest {what}: {most[0]} ({settings.timezone}), {plural(most[1], 'message')}"
    width = max(map(len, result.by_job), default=0)
    for name, count in result.by_job.items():
        yield (
            f"    {name:<{width}}  {plural(count.messages, 'message')}, "
            f"{plural(count.segments, 'segment')}{cost(count.segments)}"
        )
