"""How the loop's failures are said in the log."""

from collections.abc import Iterable
from datetime import timedelta

from reminderd.duration import format_duration
from reminderd.store import StateFailure, advice
from reminderd.telemetry import Event, emit, traceback


def given_up(deliveries: Iterable[tuple[int, str, str]]) -> None:
    """(id, job, reason) of what is missed."""
    for delivery, job, reason in deliveries:
        emit(Event.DELIVERY_MISSED, job=job, delivery=delivery, reason=reason)


def watcher_failed(error: BaseException) -> None:
    emit(Event.WATCHER_FAILED, error=f"{type(error).__name__}: {error}")


def pass_failed(error: Exception, failures: int, wait: float) -> None:
    """Within the handler of `error`, which cut a pass short; it is tried again after `wait` seconds."""
    if isinstance(error, StateFailure):
        emit(
            Event.DAEMON_FAILED,
            where="state",
            error=f"{type(error).__name__}: {error}",
            failures=failures,
            again_in=format_duration(timedelta(seconds=wait)),
            do=advice(error),
        )
    else:
        traceback(Event.DAEMON_FAILED, where="loop", failures=failures)
