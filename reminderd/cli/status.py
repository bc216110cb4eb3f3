"""reminderd status"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from reminderd.cli.common import (
    UNUSABLE,
    SettingsSource,
    clean,
    fail,
    json_option,
    local,
    plural,
    print_json,
    print_problems,
    settings_options,
    style,
)
from reminderd.cli.heartbeats import alert_document, backup_is_old, said_of_run, said_of_telling
from reminderd.cli.overrides import said_of_override
from reminderd.cli.standing import open_alerts, standing, trouble
from reminderd.clock import SystemClock
from reminderd.documents import hold_document, override_document, problem_of
from reminderd.gateway.port import MessageState
from reminderd.model import State
from reminderd.store import Reports, StateError, StateMissing, Task, holder_pid, is_locked, open_reports

_MOST_SHOWN = 20
_REPORTED = timedelta(hours=24)
_BADLY = (MessageState.UNDELIVERED, MessageState.FAILED, MessageState.REJECTED)


@click.command()
@json_option
@settings_options
def command(source: SettingsSource, as_json: bool) -> None:
    """Is the daemon alive, what does it run, and what needs someone."""
    settings = source.settings_for_state()
    try:
        reports = open_reports(settings.state)
        # A command that works on a stopped daemon's state holds its lock too.
        alive = is_locked(settings.state) and holder_pid(settings.state) == reports.daemon()["pid"]
        document = _document(reports, alive, settings.state)
    except StateMissing as error:
        if as_json:
            print_json({"alive": False, "state": None, "error": str(error)})
        fail(str(error))
    except StateError as error:
        fail(str(error), UNUSABLE)
    if as_json:
        print_json(document)
    else:
        _print(document)


def _document(reports: Reports, alive: bool, state: Path) -> dict[str, Any]:
    daemon, gateway, jobs = reports.daemon(), reports.gateway(), reports.job_counts()
    counts, heartbeats = reports.counts(), reports.heartbeats()
    said = standing(state) if alive else None
    return {
        "alive": alive,
        "state": str(state),
        "daemon": {
            "pid": daemon["pid"] if alive else None,
            "host": daemon["host"],
            "version": daemon["version"],
            "started_at": daemon["started_at"],
            "alive_at": daemon["alive_at"],
            "stopped_at": daemon["stopped_at"],
            "trouble": trouble(said, daemon, heartbeats.get(Task.LOOP), SystemClock().now()) if alive else None,
        },
        "catalog": {
            "jobs": jobs["declared"],
            "enabled": jobs["enabled"],
            "held": jobs["held"],
            "digest": daemon["catalog_digest"],
            "loaded_at": daemon["catalog_loaded_at"],
        },
        "problems": [str(problem_of(row)) for row in reports.problems()],
        "deliveries": {str(name): counts.get(name, 0) for name in State},
        "reported": reports.reported(SystemClock().now() - _REPORTED),
        "oldest_pending": reports.oldest(State.PENDING),
        "oldest_in_doubt": reports.oldest(State.IN_DOUBT),
        "holds": [hold_document(row) for row in reports.holds()],
        "overrides": [override_document(row) for row in reports.overrides(SystemClock().now())],
        "opt_outs": len(reports.opt_outs()),
        "inbound": reports.inbound_counts(SystemClock().now() - _REPORTED),
        "moved": reports.shifts(SystemClock().now()),
        "alerts": [alert_document(row) for row in open_alerts(reports.alerts(), said)],
        "heartbeats": heartbeats,
        "backup_is_old": backup_is_old(reports.backups(), SystemClock().now()),
        "gateway": {
            "suspended": gateway["reason"] is not None,
            "reason": gateway["reason"],
            "since": gateway["suspended_since"],
            "next_probe_at": gateway["suspended_until"],
        },
    }


def _print(document: dict[str, Any]) -> None:
    daemon, catalog, gateway = document["daemon"], document["catalog"], document["gateway"]
    if document["alive"]:
        _line("daemon", f"running, process {daemon['pid']} on {daemon['host']} since {local(daemon['started_at'])}")
        if daemon["trouble"]:
            _line("TROUBLE", clean(daemon["trouble"]))
    else:
        when = local(daemon["stopped_at"] or daemon["alive_at"])
        _line("daemon", f"NOT RUNNING, last alive {when}" if when else "NOT RUNNING")
    loaded = f", loaded {local(catalog['loaded_at'])}" if catalog["loaded_at"] else ""
    _line("catalog", f"{plural(catalog['jobs'], 'job')}, {catalog['enabled']} enabled{loaded}")
    _line("gateway", f"SUSPENDED: {clean(gateway['reason'])}" if gateway["suspended"] else "in use")
    for alert in document["alerts"]:
        when = said_of_telling(alert["told_at"], alert["told_by"])
        told = f"told {when}" if when else "nobody was told"
        _line("ALERT", f"{clean(alert['name'])} since {local(alert['since'])}, {told}: {clean(alert['summary'])}")
        _line("", f"what to do: {alert['do']}")
    counts = [style(f"{number} {name}", name) for name, number in document["deliveries"].items() if number]
    _line("deliveries", ", ".join(counts) or "none yet")
    if bad := [f"{document['reported'][word]} {word}" for word in _BADLY if document["reported"].get(word)]:
        _line(
            "reported", f"{', '.join(bad)} in 24 hours; see `reminderd history --receipt undelivered --receipt failed`"
        )
    for name, label in (("oldest_pending", "pending"), ("oldest_in_doubt", "in doubt")):
        oldest = document[name]
        if oldest:
            _line(f"oldest {label}", f"delivery {oldest['id']} of {oldest['job']}, due {local(oldest['due_at'])}")
    for hold in document["holds"][:_MOST_SHOWN]:
        until = f", until {local(hold['until'])}" if hold["until"] else ""
        settle = (
            "all of it is withdrawn; nothing to settle" if hold["idle"] else f"settle it with: {hold['settle_with']}"
        )
        _line(f"hold {hold['id']}", f"{clean(hold['reason'])}{until}; {settle}")
    if len(document["holds"]) > _MOST_SHOWN:
        _line("holds", f"and {len(document['holds']) - _MOST_SHOWN} more; see --json")
    for override in document["overrides"][:_MOST_SHOWN]:
        _line(override["word"], said_of_override(override))
    if len(document["overrides"]) > _MOST_SHOWN:
        _line("overrides", f"and {len(document['overrides']) - _MOST_SHOWN} more; see --json")
    if document["opt_outs"]:
        _line("opted out", f"{plural(document['opt_outs'], 'phone')}; see `reminderd opt-out list`")
    if document["inbound"]:
        said = ", ".join(f"{number} {name}" for name, number in sorted(document["inbound"].items()))
        _line(
            "came in",
            f"{plural(sum(document['inbound'].values()), 'text')} in 24 hours ({said}); see `reminderd inbound`",
        )
    for row in document["moved"][:_MOST_SHOWN]:
        was, due = local(row["was_due_at"], row["zone"]), local(row["due_at"], row["zone"])
        _line(
            "moved",
            f"{clean(row['job'])}: new rules of {row['zone']} move it from {row['nominal']} on ({was} is now {due})",
        )
    if len(document["moved"]) > _MOST_SHOWN:
        _line("moved", f"and {len(document['moved']) - _MOST_SHOWN} more jobs; see --json")
    if document["deliveries"]["in_doubt"]:
        _line(
            "in doubt", "see `reminderd history --state in_doubt`; settle with: reminderd resolve ID --sent|--not-sent"
        )
    for task, row in document["heartbeats"].items():
        mended = task == Task.RELOAD and not document["problems"] and _later(catalog["loaded_at"], row["finished_at"])
        _line(task, said_of_run(row, mended=mended))
    if document["backup_is_old"]:
        _line("BACKUP", "the last good one is older than it should be; see `journalctl -u reminderd-backup`")
    _line("problems", plural(len(document["problems"]), "problem") if document["problems"] else "none")
    print_problems(document["problems"], _MOST_SHOWN, "`reminderd check` shows them", indent="  ")


def _later(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one > other


def _line(label: str, text: str) -> None:
    click.echo(f"{label:<16}{text}")
