from pathlib import Path

import pytest

from tests.load.parts import Load
from tests.load.reported import Run, measure


def _run(folder: Path, messages: int, alone: float, *loads: Load) -> Run:
    run = Run(folder, print)
    outcome = measure(run, messages, alone, loads)
    assert outcome.violations == []
    for part in outcome.parts:
        assert part.memory[1] - part.memory[0] < 64, part
        assert part.files[1] < 96, part
    return run


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_callbacks_polls_and_hostile_clients_at_length_lose_nothing_and_use_nothing_up(tmp_path: Path) -> None:
    loads = Load("callbacks", 50_000), Load("polls", 100_000), Load("hostile", 60_000, 1000.0, lanes=48)
    _run(tmp_path, 5000, 20.0, *loads)


@pytest.mark.timeout(300)
def test_callbacks_polls_and_hostile_clients_lose_nothing_and_use_nothing_up(tmp_path: Path) -> None:
    loads = Load("callbacks", 600), Load("polls", 600), Load("hostile", 1500, lanes=48)
    run = _run(tmp_path, 60, 1.0, *loads)
    callbacks, polls, hostile = (part.client for part in run.outcome.parts if part.client is not None)
    assert callbacks["counts"]["signed 200"] == 600
    assert polls["counts"]["live 304"] > 0
    assert sum(hostile["counts"].values()) == 1500
