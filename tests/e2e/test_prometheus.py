"""A real Prometheus with the shipped scrape example and rules, beside a running daemon."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.daemon import Home, job, phone
from tests.support.sandbox import SandboxProcess, wait_until
from tests.support.web import answers, free_port, run_promtool

pytestmark = pytest.mark.timeout(300)

DEPLOY = Path(__file__).parents[2] / "deploy" / "prometheus"


@pytest.fixture
def home(tmp_path: Path, port: int) -> Iterator[Home]:
    settings = f"web: {{listen: '127.0.0.1:{port}'}}\n"
    with SandboxProcess(tmp_path) as sandbox, Home(tmp_path / "home", sandbox.environment, settings) as made:
        yield made


@pytest.fixture
def prometheus(tmp_path: Path, port: int) -> Iterator[int]:
    """The port of one that asks the daemon each second."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not here: install Debian's package of that name (--no-install-recommends)")
    config = (DEPLOY / "scrape.yml").read_text().replace("127.0.0.1:9764", f"127.0.0.1:{port}").replace("15s", "1s")
    file, own = tmp_path / "prometheus.yml", free_port()
    file.write_text(f"global: {{evaluation_interval: 1s}}\nrule_files: [{DEPLOY}/rules.yml]\n{config}")
    run_promtool("check", "config", str(file))
    command = [
        program,
        f"--config.file={file}",
        f"--storage.tsdb.path={tmp_path}/data",
        "--storage.tsdb.retention.time=1h",
    ]
    with (tmp_path / "prometheus.log").open("w") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{own}"], stdout=log, stderr=log)
    try:
        yield own
    finally:
        process.terminate()
        process.wait(30)


def api(port: int, path: str) -> Any:
    """What its API says; None while it is starting."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", f"/api/v1/{path}")
        answer = connection.getresponse()
        return json.loads(answer.read())["data"] if answer.status == 200 else None
    except OSError:
        return None
    finally:
        connection.close()


def values(port: int, query: str) -> list[tuple[dict[str, str], float]]:
    data = api(port, f"query?query={quote(query)}")
    return [(row["metric"], float(row["value"][1])) for row in data["result"]] if data else []


def test_it_reads_the_figures_and_evaluates_every_rule(home: Home, port: int, prometheus: int) -> None:
    home.write("jobs.yaml", job("sent", phone(1)))
    home.start().until_states(sent="accepted")
    home.until(lambda: answers(port), "it does not listen")
    wait_until(lambda: [value for _, value in values(prometheus, 'up{job="reminderd"}')] == [1.0])
    wait_until(lambda: [value for _, value in values(prometheus, 'reminderd_deliveries{state="accepted"}')] == [1.0])
    ((metric, _),) = values(prometheus, "reminderd_job_last_result_timestamp_seconds")
    assert (metric["job_name"], metric["job"], metric["state"]) == ("sent", "reminderd", "accepted")
    assert values(prometheus, "scrape_samples_scraped > 100") != []

    def health() -> set[str]:
        groups = (api(prometheus, "rules") or {"groups": []})["groups"]
        return {rule["health"] for group in groups for rule in group["rules"]}

    wait_until(lambda: health() == {"ok"})
    wait_until(lambda: api(prometheus, "alerts") == {"alerts": []})  # that nobody was seen yet is over
    home.kill()
    wait_until(lambda: [value for _, value in values(prometheus, 'up{job="reminderd"}')] == [0.0])
    wait_until(
        lambda: any(alert["labels"]["alertname"] == "ReminderdDown" for alert in api(prometheus, "alerts")["alerts"])
    )
