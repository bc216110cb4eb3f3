"""Figures as text, in the formats that prometheus-client knows."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from reminderd.telemetry import Figures
from reminderd.web.families import of_process, of_state
from reminderd.web.readings import Readings

_FRESH = 1.0
_MOST_FORMATS = 3

Due = Callable[[], Mapping[str, datetime]]


class _All(Collector):
    def __init__(self, readings: Readings, state: Path, figures: Figures | None, due: Due) -> None:
        self._readings = readings
        self._state = state
        self._figures = figures
        self._due = due

    def describe(self) -> list[Metric]:
        """Nothing, so that nothing is read before it is asked for."""
        return []

    def collect(self) -> Iterator[Metric]:
        present, counted = self._readings.present(), self._readings.counted()
        alerts = [each.name for each in self._figures.alerts] if self._figures is not None else []
        yield from of_state(present, counted, self._state, alerts)
        if self._figures is not None:
            yield from of_process(self._figures, present, self._due(), counted)


class Exposition:
    """Belongs to the thread of `readings`. figures: of this daemon; None where there is none.

    process: also what is common to all processes; not for a file, where node_exporter has the same names for itself.
    Each method raises StateError.
    """

    def __init__(
        self, readings: Readings, state: Path, figures: Figures | None, due: Due = dict, *, process: bool = False
    ) -> None:
        self._pages: dict[str, bytes] = {}  # by content type
        self._fresh_until = 0.0
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_All(readings, state, figures, due))
        if process:
            ProcessCollector(registry=self._registry)

    def negotiated(self, accept: str) -> tuple[bytes, str]:
        """The text, and its content type, in the format that the asker likes best; at most a second old.

        Of more formats than `_MOST_FORMATS` in a second the last ones are answered in the one that everybody reads: there
        are many, and each takes a while to write.
        """
        if (now := time.monotonic()) > self._fresh_until:
            self._pages.clear()
            self._fresh_until = now + _FRESH
        encode, content_type = choose_encoder(accept)
        if content_type not in self._pages and len(self._pages) >= _MOST_FORMATS:
            encode, content_type = choose_encoder("")
        if content_type not in self._pages:
            self._pages[content_type] = encode(self._registry)
        return self._pages[content_type], content_type

    def text(self) -> bytes:
        """In the format that everybody reads."""
        return generate_latest(self._registry)

    def samples(self) -> dict[str, list[dict[str, object]]]:
        """By the metric's name: the labels and value of each sample."""
        found: dict[str, list[dict[str, object]]] = {}
        for metric in self._registry.collect():
            for sample in metric.samples:
                found.setdefault(sample.name, []).append({"labels": sample.labels, "value": sample.value})
        return found
