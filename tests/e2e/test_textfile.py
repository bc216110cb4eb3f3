"""The figures as a file for node_exporter, written by a running daemon without a listener."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Home, job, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import Figures, run_promtool

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    settings = f"metrics: {{textfile: {tmp_path}/collector/reminderd.prom}}\n"
    with SandboxProcess(tmp_path) as sandbox, Home(tmp_path / "home", sandbox.environment, settings) as made:
        yield made


def test_it_is_written_as_a_whole_for_everybody_to_read(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "collector"
    folder.mkdir()
    file = folder / "reminderd.prom"
    home.write("jobs.yaml", job("sent", phone(1)))
    home.start()
    home.until(file.exists, "there is no file")
    figures = Figures(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [each.name for each in folder.iterdir()] == ["reminderd.prom"]
    assert figures.value("reminderd_metrics_timestamp_seconds")
    assert figures.value("reminderd_attempts_total", outcome="refused") == 0
    assert "process_" not in figures.text  # node_exporter has these of its own, and refuses others
    assert run_promtool("check", "metrics", stdin=figures.text) == ""
    assert home.stop() == 0
    assert file.exists()


def test_what_keeps_it_from_being_written_is_said_once_and_is_a_problem(home: Home, tmp_path: Path) -> None:
    home.start().until_logged("textfile.failed")
    home.until(lambda: "cannot be written" in str(home.json("status")["problems"]), "it is no problem in status")
    (tmp_path / "collector").mkdir()
    home.until_logged("textfile.recovered")
    home.until(lambda: home.json("status")["problems"] == [], "the problem stays")
    assert home.log().count("textfile.failed") == 1
    assert (tmp_path / "collector" / "reminderd.prom").exists()
