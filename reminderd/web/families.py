"""Every figure in Prometheus' terms: its name, its help, its labels. docs/monitoring.md has them in a table.

No label holds a recipient, a text or a number of somebody's; names of jobs are the only ones without a bound of their own,
and only so many jobs have figures. (`job` itself is a label of Prometheus' own.)
"""

import math
import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from reminderd import __version__
from reminderd.telemetry import Figures, Histogram
from reminderd.web.health import not_ready
from reminderd.web.readings import Counted, Present

_SUSPENDED = {"401": "credentials", "402": "credit", "407": "proxy", "429": "rate"}
_REASONS = (*_SUSPENDED.values(), "other")


def of_state(present: Present, counted: Counted, state: Path, alerts: Iterable[str] = ()) -> Iterator[Metric]:
    """What can be told from the state, also without a daemon. alerts: open ones, which the state need not know yet."""
    yield _gauge("metrics_timestamp_seconds", "When these figures were taken.", present.at.timestamp())
    build = InfoMetricFamily("reminderd_build", "The program's version, and the host it runs on.")
    build.add_metric([], {"version": __version__, "node": socket.gethostname()})
    yield build
    yield from _of_deliveries(present, counted)
    yield from _of_jobs(present, counted)
    yield from _of_what_keeps_back(present)
    tasks = {task: at.timestamp() for task, at in present.successes.items()}
    yield _labelled(
        "task_last_success_timestamp_seconds", "When a task of the daemon's last ended well.", "task", tasks
    )
    alerts = dict.fromkeys((*present.alerts, *alerts), 1)
    yield _labelled("alert_open", "1 for each alert of the daemon's own that is open.", "alert", alerts)
    yield from _of_files(state)


def _of_deliveries(present: Present, counted: Counted) -> Iterator[Metric]:
    yield _labelled("deliveries", "Deliveries that the state holds.", "state", counted.deliveries)
    ended = {state: counted.ended.get(state, 0) for state in ("accepted", "failed", "missed")}
    yield _labelled("deliveries_last_day", "Deliveries due in the last 24 hours, by how they ended.", "state", ended)
    help_ = "Of the deliveries that Plivo reported on in the last 24 hours, what it said last."
    yield _labelled("receipts_last_day", help_, "receipt", counted.receipts)
    charged = counted.charged / 1_000_000
    yield _gauge("charged_last_day_usd", "What Plivo charged for these, in US dollars.", charged)
    for state in ("pending", "in_doubt"):
        since = counted.oldest.get(state)
        age = max(0.0, (present.at - since).total_seconds()) if since else 0.0
        help_ = f"How long ago what has been {state} longest was due; 0 where nothing is."
        yield _gauge(f"oldest_{state}_age_seconds", help_, age)
    overdue = sum(row["deliveries"] for row in present.overdue)
    yield _gauge("overdue_deliveries", "Deliveries that wait past their time, longer than is normal.", overdue)
    yield _gauge("overdue_jobs", "Jobs with such deliveries.", len(present.overdue))
    if present.planned_until:
        until = present.planned_until.timestamp()
        yield _gauge("planned_until_timestamp_seconds", "Until when everything that was due is planned.", until)


def _of_jobs(present: Present, counted: Counted) -> Iterator[Metric]:
    declared, enabled = present.jobs["declared"], present.jobs["enabled"]
    jobs = {"enabled": enabled, "disabled": declared - enabled}
    yield _labelled("jobs", "Jobs that are loaded.", "status", jobs)
    yield _gauge("jobs_held", "Jobs that run on only because their removal waits for approval.", present.jobs["held"])
    left_out = declared - len(counted.jobs)
    yield _gauge("jobs_left_out", "Jobs beyond the first 500 by name, which have no figures of their own.", left_out)
    yield _gauge("problems", "Problems in settings and job files.", present.problems)
    results = GaugeMetricFamily(
        "reminderd_job_last_result_timestamp_seconds",
        "When the newest occurrence of a job that is over was due, with the worst end of its deliveries as `state`.",
        labels=["job_name", "state"],
    )
    for name, (at, state) in counted.last_results.items():
        results.add_metric([name, state], at.timestamp())
    yield results
    catalog = InfoMetricFamily("reminderd_catalog", "The jobs that run, as a digest of all of them.")
    catalog.add_metric([], {"digest": present.daemon["catalog_digest"] or ""})
    yield catalog
    if loaded := present.daemon["catalog_loaded_at"]:
        moment = datetime.fromisoformat(loaded).timestamp()
        yield _gauge("catalog_loaded_timestamp_seconds", "When the job files were last taken over.", moment)


def _of_what_keeps_back(present: Present) -> Iterator[Metric]:
    yield _labelled("holds", "Holds that wait for approval.", "kind", present.holds)
    yield _labelled("overrides", "Pauses and skips in force.", "kind", present.overrides)
    yield _gauge("opt_outs", "Phones that want no messages.", present.opt_outs)
    suspended = {reason: int(reason == suspension(present.suspended)) for reason in _REASONS}
    yield _labelled("gateway_suspended", "1 with the reason for which Plivo is not used now.", "reason", suspended)


def suspension(reason: str | None) -> str | None:
    """The kind of reason: a word of a handful; None while the gateway is used."""
    if reason is None:
        return None
    status = re.match(r"\d{3}\b", reason)
    return _SUSPENDED.get(status[0], "other") if status else "other"


def _of_files(state: Path) -> Iterator[Metric]:
    with suppress(OSError):
        sizes = {"database": state.stat().st_size, "log": 0}
        with suppress(FileNotFoundError):
            sizes["log"] = state.with_name(state.name + "-wal").stat().st_size
        free = os.statvfs(state.parent)
        yield _labelled("state_bytes", "The state's files.", "file", sizes)
        help_ = "What is free on the disk of the state, for the daemon's user."
        yield _gauge("state_disk_free_bytes", help_, free.f_bavail * free.f_frsize)


def of_process(figures: Figures, present: Present, due: Mapping[str, datetime], counted: Counted) -> Iterator[Metric]:
    """What only the daemon itself knows. due: when each job is due next."""
    yield _gauge("started_timestamp_seconds", "When the daemon was started.", figures.started_at.timestamp())
    yield _gauge("ready", "Whether the daemon does what it is for, as /readyz says.", not not_ready(figures, present))
    passes = figures.passes.cumulative()[-1][1]
    done = CounterMetricFamily("reminderd_passes", "Passes of the loop.", labels=["result"])
    done.add_metric(["ok"], passes - figures.passes_failed)
    done.add_metric(["failed"], figures.passes_failed)
    yield done
    yield _gauge("pass_failures", "How many passes in a row have failed.", figures.failures)
    yield _histogram("pass_duration_seconds", "What a pass of the loop takes.", figures.passes)
    for name, help_, moment in (
        ("last_pass", "When the loop last ended a pass, well or not.", figures.last_pass_at),
        ("last_good_pass", "When the loop last ended a pass well.", figures.last_good_pass_at),
        ("catalog_well_loaded", "When files without any problem were last taken over.", figures.well_loaded_at),
    ):
        if moment is not None:
            yield _gauge(f"{name}_timestamp_seconds", help_, moment.timestamp())
    attempts = CounterMetricFamily("reminderd_attempts", "Attempts to send, by how they ended.", labels=["outcome"])
    for outcome, number in figures.attempts.items():
        attempts.add_metric([outcome], number)
    yield attempts
    texts = CounterMetricFamily(
        "reminderd_inbound",
        "Texts that people wrote to one of our numbers, by what they were taken for.",
        labels=["intent"],
    )
    for intent, number in figures.inbound.items():
        texts.add_metric([intent], number)
    yield texts
    callbacks = CounterMetricFamily(
        "reminderd_callbacks", "What Plivo said by itself, by kind and by what came of it.", labels=["kind", "result"]
    )
    for (kind, result), number in figures.callbacks.copy().items():
        callbacks.add_metric([kind, result], number)
    yield callbacks
    late = "From when a message might go out until its request began."
    yield _histogram("lateness_seconds", late, figures.lateness)
    yield _histogram("request_duration_seconds", "From a request's beginning to its end.", figures.requests)
    moments = {name: due[name].timestamp() for name in counted.jobs if name in due}
    yield _labelled("job_next_due_timestamp_seconds", "When a job is due next.", "job_name", moments)
    if figures.credit is not None:
        yield _gauge("plivo_credit_usd", "What is left on Plivo's account, in US dollars.", figures.credit.usd)
        asked = figures.credit.at.timestamp()
        yield _gauge("plivo_credit_checked_timestamp_seconds", "When Plivo last said so.", asked)


def _gauge(name: str, help_: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"reminderd_{name}", help_, value=float(value))


def _labelled(name: str, help_: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"reminderd_{name}", help_, labels=[label])
    for word, value in values.items():
        family.add_metric([word], value)
    return family


def _histogram(name: str, help_: str, histogram: Histogram) -> HistogramMetricFamily:
    buckets = [
        ("+Inf" if bound == math.inf else str(float(bound)), float(number)) for bound, number in histogram.cumulative()
    ]
    family = HistogramMetricFamily(f"reminderd_{name}", help_)
    family.add_metric([], buckets, histogram.sum)
    return family
