"""Figures as text, in the formats that prometheus-client knows."""

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
        yield from of_state(present, counted, self._state)
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
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_All(readings, state, figures, due))
        if process:
            ProcessCollector(registry=self._registry)

    def negotiated(self, accept: str) -> tuple[bytes, str]:
        """The text, and its content type, in the format that the asker likes best."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

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
