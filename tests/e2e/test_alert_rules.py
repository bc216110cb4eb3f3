"""The shipped alert rules and dashboard, on the figures of real daemons in real trouble: each trouble has exactly its alerts."""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from reminderd.alerts.rules import Name
from tests.support.daemon import Home, job, moment, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import Figures, answers, ask, free_port, run_promtool

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "reminderd.json"
LATER = "2031-05-04T09:00:00Z"

# Of an hour, the minute from which on counters have what they counted, and the one that is looked at.
_COUNTED, _LOOK, _END = 45, 58, 60


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess, port: int) -> Iterator[Home]:
    sandbox.reset()
    sandbox.tell_account(credit="100")
    with Home(tmp_path / "home", sandbox.environment, settings(port)) as made:
        yield made


def settings(port: int, plivo: str = "") -> str:
    return f"web: {{listen: '127.0.0.1:{port}'}}\nalerts: {{overdue_after: 10s}}\nplivo: {{reconcile: []{plivo}}}\n"


def figures_of(home: Home, port: int, name: str, value: float, **labels: str) -> Figures:
    """The daemon's figures as soon as one of them has come to this value."""
    home.until(lambda: answers(port), "it does not listen")
    seen: list[Figures] = []

    def come() -> bool:
        seen.append(Figures.of(port))
        known = seen[-1].value(name, **labels)
        return known is not None and known == value and seen[-1].value("reminderd_plivo_credit_usd") is not None

    home.until(come, f"{name} {labels} is not {value}")
    return seen[-1]


def series(figures: Figures, *, alive: bool = True) -> Iterator[dict[str, str]]:
    """An hour of these figures, with the clock of promtool's tests, which begins at 0: what is a time goes on with it."""
    began = figures.value("reminderd_metrics_timestamp_seconds")
    assert began is not None
    for family in figures.families.values():
        for sample in family.samples:
            labels = {**sample.labels, "job": "reminderd", "instance": "a"}
            pairs = ",".join(f"{key}={json.dumps(value)}" for key, value in labels.items())
            if sample.name.endswith("_timestamp_seconds"):
                values = f"{sample.value - began:.3f}" + (f"+60x{_END}" if alive else f"x{_END}")
            elif family.type in ("counter", "histogram"):
                values = f"0x{_COUNTED - 1} {sample.value:.6f}x{_END}"
            else:
                values = f"{sample.value:.6f}x{_END}"
            yield {"series": f"{sample.name}{{{pairs}}}", "values": values}


def expect(tmp_path: Path, figures: Figures, *alerts: str, alive: bool = True) -> None:
    """After an hour with these figures these alerts fire, and no others."""
    samples = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in alerts]
    expression = 'count by (alertname) (ALERTS{alertstate="firing"})'
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    *series(figures, alive=alive),
                    {"series": 'up{job="reminderd"}', "values": f"1x{_END}"},
                ],
                "promql_expr_test": [{"expr": expression, "eval_time": f"{_LOOK}m", "exp_samples": samples}],
            }
        ],
    }
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(test))
    run_promtool("test", "rules", str(file))


def test_the_rules_are_well_formed_and_do_what_their_own_tests_say() -> None:
    run_promtool("check", "rules", str(RULES))
    run_promtool("test", "rules", str(RULES.with_name("rules.test.yml")))


def test_a_daemon_that_is_well_has_no_alert(home: Home, port: int, tmp_path: Path) -> None:
    home.write("jobs.yaml", job("sent", phone(1)), job("later", phone(2), LATER))
    home.start()
    expect(tmp_path, figures_of(home, port, "reminderd_deliveries", 1, state="accepted"))


def test_an_account_that_cannot_pay(home: Home, port: int, tmp_path: Path, sandbox: SandboxProcess) -> None:
    home.settings.write_text(settings(port).replace("10s", "1h"))
    sandbox.add_fault("status=402")
    home.write("jobs.yaml", job("sent", phone(1)))
    home.start()
    expect(tmp_path, figures_of(home, port, "reminderd_gateway_suspended", 1, reason="credit"), "ReminderdGateway")


def test_an_account_with_little_credit(home: Home, port: int, tmp_path: Path, sandbox: SandboxProcess) -> None:
    sandbox.tell_account(credit="3.50")
    home.start()
    expect(tmp_path, figures_of(home, port, "reminderd_plivo_credit_usd", 3.5), "ReminderdCreditLow")


def test_a_file_with_a_problem(home: Home, port: int, tmp_path: Path) -> None:
    home.write("good.yaml", job("later", phone(2), LATER))
    home.start()
    home.write("bad.yaml", job("bad", phone(2), "never"))
    expect(tmp_path, figures_of(home, port, "reminderd_problems", 1), "ReminderdProblems")


def test_an_answer_that_never_came(home: Home, port: int, tmp_path: Path, sandbox: SandboxProcess) -> None:
    sandbox.add_fault("status=503")
    home.write("jobs.yaml", job("sent", phone(1)))
    home.start()
    expect(tmp_path, figures_of(home, port, "reminderd_deliveries", 1, state="in_doubt"), "ReminderdInDoubt")


def test_a_message_that_is_refused(home: Home, port: int, tmp_path: Path, sandbox: SandboxProcess) -> None:
    sandbox.add_fault("status=400")
    home.write("jobs.yaml", job("sent", phone(1)))
    home.start()
    expect(tmp_path, figures_of(home, port, "reminderd_deliveries_last_day", 1, state="failed"), "ReminderdFailed")


def test_a_removal_that_waits_for_approval(home: Home, port: int, tmp_path: Path) -> None:
    home.write("jobs.yaml", *(job(f"job-{number}", phone(number), LATER) for number in range(12)))
    home.start()
    home.write("jobs.yaml", job("job-0", phone(0), LATER))
    expect(tmp_path, figures_of(home, port, "reminderd_holds", 1, kind="removal"), "ReminderdHolds")


def test_a_message_that_goes_out_late(home: Home, port: int, tmp_path: Path) -> None:
    home.write("jobs.yaml", job("late", phone(1), moment(-150), valid_for="2h", catch_up="all"))
    home.start()
    expect(tmp_path, figures_of(home, port, "reminderd_deliveries", 1, state="accepted"), "ReminderdLate")


def test_more_messages_than_may_go_out(home: Home, port: int, tmp_path: Path) -> None:
    home.settings.write_text(settings(port, ", rate: 0.01"))
    home.write("jobs.yaml", job("first", phone(1)), job("second", phone(2)))
    home.start()
    expect(tmp_path, figures_of(home, port, "reminderd_overdue_deliveries", 1), "ReminderdOverdue")


def test_a_state_that_cannot_be_written(home: Home, port: int, tmp_path: Path) -> None:
    home.start()
    home.until(lambda: answers(port), "it does not listen")
    with closing(sqlite3.connect(home.state, isolation_level=None)) as other:
        other.execute("begin immediate")
        home.write("jobs.yaml", job("later", phone(2), LATER))
        for failures in (1, 2, 3):  # each waits for the lock for a while
            home.until_logged(f"failures={failures}")
        home.until(lambda: Figures.of(port).value("reminderd_pass_failures") == 3, "failures are not counted")
        figures, ready, alive = Figures.of(port), ask(port, "/readyz"), ask(port, "/healthz")
        other.execute("rollback")
    assert (ready.status, alive.status) == (503, 200)
    assert "passes failed (OperationalError)" in ready.json["reasons"][0]
    home.until(lambda: ask(port, "/readyz").status == 200, "it does not recover")
    expect(tmp_path, figures, "ReminderdDisk")


def test_a_daemon_that_ended_and_left_its_file(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "reminderd.prom"
    home.settings.write_text(f"metrics: {{textfile: {file}}}\n")
    home.write("jobs.yaml", job("sent", phone(1)))
    home.start()
    home.until(file.exists, "there is no file")
    home.kill()
    expect(tmp_path, Figures(file.read_text()), "ReminderdFiguresOld", alive=False)


# -- names --------------------------------------------------------------------------------------------------


def selectors(expression: str) -> list[tuple[str, str]]:
    """(name, matchers) of each of our figures in an expression."""
    return re.findall(r"\b(reminderd_\w+)(?:\{([^}]*)\})?", expression)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, sandbox: SandboxProcess) -> Figures:
    """The figures of a daemon that is well."""
    sandbox.reset()
    port = free_port()
    with Home(tmp_path_factory.mktemp("real") / "home", sandbox.environment, settings(port)) as home:
        home.write("jobs.yaml", job("sent", phone(1)), job("later", phone(2), LATER))
        home.start()
        return figures_of(home, port, "reminderd_deliveries", 1, state="accepted")


# What is there only when there was one.
SOMETIMES = {"reminderd_task_last_success_timestamp_seconds", "reminderd_alert_open"}


def missing(figures: Figures, expressions: Sequence[str]) -> list[str]:
    """What these expressions ask for and no daemon has; also a value of a label."""
    lacking = []
    for name, matchers in (pair for expression in expressions for pair in selectors(expression)):
        if name in SOMETIMES:
            assert name in figures.families
            continue
        wanted = dict(re.findall(r'(\w+)="([^"$]*)"', matchers))
        found = (dict(labels) for labels in figures.samples.get(name, {}))
        if not any(wanted.items() <= labels.items() for labels in found):
            lacking.append(f"{name}{{{matchers}}}")
    return lacking


def test_every_figure_that_a_rule_names_is_one_of_the_daemons(real: Figures) -> None:
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    assert missing(real, [rule["expr"] for rule in rules]) == []
    assert missing(real, ['reminderd_nothing{state="x"}', 'reminderd_deliveries{state="gone"}']) != []


def test_every_alert_has_its_section_in_the_docs_and_every_section_its_alert() -> None:
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    text = (ROOT / "docs" / "monitoring.md").read_text()
    assert re.findall(r"^### (Reminderd\w+)$", text, re.MULTILINE) == [rule["alert"] for rule in rules]
    for rule in rules:
        assert rule["annotations"]["runbook_url"] == f"docs/monitoring.md#{rule['alert'].lower()}"
        assert {"summary", "description"} <= rule["annotations"].keys()
        assert rule["labels"]["severity"] in ("critical", "warning")


def test_what_the_daemon_tells_by_itself_has_a_rule_of_the_same_name() -> None:
    rules = {rule["alert"] for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]}
    assert {"Reminderd" + name.title().replace("_", "") for name in Name} <= rules


def queries(panels: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    for panel in panels:
        yield from queries(panel.get("panels", []))
        for target in panel.get("targets", []):
            yield panel, target["expr"]


def test_every_query_of_the_dashboard_asks_for_what_there_is(real: Figures) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    asked = list(queries(dashboard["panels"]))
    assert len(asked) > 10
    assert missing(real, [expression for _, expression in asked]) == []
    assert "datasource" in {variable["name"] for variable in dashboard["templating"]["list"]}
    for panel, expression in asked:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        assert selectors(expression)
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


def test_prometheus_understands_every_query_of_the_dashboard(tmp_path: Path) -> None:
    asked = [expression for _, expression in queries(json.loads(DASHBOARD.read_text())["panels"])]
    values = {"$__rate_interval": "5m", "$instance": "a", "$job": "reminderd"}
    for word, value in values.items():
        asked = [expression.replace(word, value) for expression in asked]
    rules = [{"record": f"query:{number}", "expr": expression} for number, expression in enumerate(asked)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    run_promtool("check", "rules", str(file))
