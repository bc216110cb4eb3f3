"""reminderd alerts"""

import sys
from datetime import timedelta
from typing import Any

import click

from reminderd.alerts.trial import a_test, documents
from reminderd.cli.common import (
    FAILED,
    UNUSABLE,
    SettingsSource,
    clean,
    fail,
    json_option,
    local,
    print_json,
    print_table,
    reports_of,
    settings_options,
)
from reminderd.cli.heartbeats import alert_document, said_of_telling, what_to_do
from reminderd.cli.standing import open_alerts, standing
from reminderd.clock import SystemClock, to_text
from reminderd.control import NotRunning, ask
from reminderd.settings import Settings
from reminderd.store import is_locked

_RECENT = timedelta(days=7)


@click.command()
@click.option("--test", is_flag=True, help="Tell a test by each way of the settings, and show what came back.")
@json_option
@settings_options
def command(source: SettingsSource, test: bool, as_json: bool) -> None:
    """What needs someone now, and what did in the last week: since when, and whether anybody was told.

    With --test the running daemon tells a test alert by each way that it has, so that its own rights and its own sandbox
    count; without a daemon it is told from here. Ends with 1 when a way failed, or there is none.
    """
    settings = source.settings_for_state()
    if test:
        _test(settings, as_json)
        return
    rows = open_alerts(reports_of(settings).alerts(SystemClock().now() - _RECENT), standing(settings.state))
    if as_json:
        print_json([alert_document(row) for row in rows])
    elif not rows:
        click.echo("nothing needs anybody, nor did in the last week")
    else:
        _print(rows)


def _print(rows: list[dict[str, Any]]) -> None:
    head = ("ALERT", "SINCE", "OVER", "TOLD", "SUMMARY")
    print_table(head, [_line(row) for row in rows])
    for name in sorted({row["name"] for row in rows if row["over_at"] is None}):
        click.echo(f"{name}: {what_to_do(name)}")


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    told = said_of_telling(row["told_at"], row["told_by"].split()) or "nobody"
    over = "no" if row["over_at"] is None else local(row["over_at"])
    return clean(row["name"]), local(row["opened_at"]), over, told, clean(row["summary"])


def _test(settings: Settings, as_json: bool) -> None:
    told = _told_by_daemon(settings) if is_locked(settings.state) else _told_from_here(settings)
    ok = bool(told) and all(each["ok"] for each in told)
    if as_json:
        print_json({"ok": ok, "told": told})
    elif not told:
        fail("nobody would be told: give alerts.command or alerts.url in the settings", FAILED)
    else:
        for each in told:
            click.echo(f"{each['way']:<8} {'told' if each['ok'] else 'FAILED'}: {clean(each['evidence'])}")
            for line in each["output"].splitlines():
                click.echo(f"         {clean(line)}")
    sys.exit(0 if ok else FAILED)


def _told_by_daemon(settings: Settings) -> list[dict[str, Any]]:
    try:
        answer = ask(settings.state, {"command": "alerts-test"})
    except NotRunning as error:
        fail(str(error), UNUSABLE)
    except TimeoutError:
        fail("the daemon did not answer in time; see its log", FAILED)
    if not answer.get("ok"):
        fail(str(answer.get("error", "the daemon gave no answer; see its log")), FAILED)
    told: list[dict[str, Any]] = answer["result"]["told"]
    return told


def _told_from_here(settings: Settings) -> list[dict[str, Any]]:
    told = documents(a_test(settings, to_text(SystemClock().now())))
    if told:
        click.echo("no daemon runs: told from here, with your rights", err=True)
    return told
