"""What the state keeps for those who watch: alerts, heartbeats, and questions about the present."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest

from reminderd.clock import to_text
from reminderd.model import Accepted, InDoubt, Refused
from reminderd.store import Alert, Task
from tests.support.clock import START
from tests.support.desk import Desk, later
from tests.support.world import ANNA, BERT, CARA

MINUTE = timedelta(minutes=1)


def runs(desk: Desk) -> list[dict[str, Any]]:
    with closing(desk.raw()) as raw:
        cursor = raw.execute(
            "select task, node, started_at, finished_at, status, detail from report_heartbeats order by id"
        )
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_the_loop_has_one_row_that_is_kept_current(desk: Desk) -> None:
    desk.store.health.started(START)
    for seconds in (30, 60):
        desk.store.heartbeats.loop(START, later(seconds))
    (row,) = runs(desk)
    assert (row["started_at"], row["finished_at"], row["status"]) == (to_text(START), to_text(later(60)), "ok")
    assert row["node"] == desk.store.reports.daemon()["host"]


def test_each_run_of_a_task_has_a_row_with_its_end(desk: Desk) -> None:
    beats = desk.store.heartbeats
    beats.end(beats.begin(Task.RELOAD, START), True, "3 jobs", later(1))
    beats.end(beats.begin(Task.RELOAD, later(2)), False, "1 problem", later(3))
    beats.note(Task.BACKUP, START, later(4), True, "4096 bytes")
    beats.begin(Task.RECONCILE, later(5))
    assert [(row["task"], row["status"], row["detail"]) for row in runs(desk)] == [
        ("reload", "ok", "3 jobs"),
        ("reload", "failed", "1 problem"),
        ("backup", "ok", "4096 bytes"),
        ("reconcile", "running", ""),
    ]
    assert {task: row["status"] for task, row in desk.store.reports.heartbeats().items()} == {
        "reload": "failed",
        "backup": "ok",
        "reconcile": "running",
    }


def test_what_a_dead_daemon_left_running_has_failed(desk: Desk) -> None:
    desk.store.heartbeats.begin(Task.PRUNE, START)
    desk.store.heartbeats.close_dead(later(9))
    (row,) = runs(desk)
    assert (row["status"], row["finished_at"]) == ("failed", to_text(later(9)))


def test_looks_that_follow_closely_are_one_run(desk: Desk) -> None:
    beats = desk.store.heartbeats
    for seconds in (0, 5, 30):
        beats.end(beats.begin(Task.RECONCILE, later(seconds), joins=True), True, f"at {seconds}", later(seconds + 1))
    (row,) = runs(desk)
    assert (row["started_at"], row["finished_at"], row["detail"]) == (to_text(START), to_text(later(31)), "at 30")
    beats.end(beats.begin(Task.RECONCILE, later(100), joins=True), False, "503", later(101))
    beats.end(beats.begin(Task.RECONCILE, later(102), joins=True), True, "", later(103))
    assert [row["status"] for row in runs(desk)] == ["ok", "failed", "ok"]


def test_only_the_newest_runs_are_kept(desk: Desk) -> None:
    beats = desk.store.heartbeats
    beats.note(Task.BACKUP, START, START, True, "")
    for number in range(150):
        beats.end(beats.begin(Task.RELOAD, later(number)), True, str(number), later(number))
    found = runs(desk)
    assert [row["task"] for row in found].count("backup") == 1
    assert [row["detail"] for row in found][1:] == [str(number) for number in range(50, 150)]


def test_an_alert_is_unfinished_until_those_who_know_of_it_know_that_it_is_over(desk: Desk) -> None:
    alerts = desk.store.alerts
    first, second = Alert("disk", "full", START), Alert("holds", "1", START)
    alerts.save([first, second])
    assert alerts.unfinished() == [first, second]
    first.told_at, first.over_at, second.over_at = later(1), later(2), later(2)
    alerts.save([first, second])
    first.told_by, first.over_told_by, first.gone_at = {"url", "command"}, {"url"}, later(1)
    alerts.save([first])
    assert alerts.unfinished() == [first]
    assert [row["name"] for row in desk.store.reports.alerts(START)] == ["holds", "disk"]
    assert desk.store.reports.alerts(later(3)) == []
    first.over_told_at = later(4)
    alerts.save([first])
    assert alerts.unfinished() == []
    alerts.save([Alert("disk", "full again", later(5))])
    with pytest.raises(sqlite3.IntegrityError):
        alerts.save([Alert("disk", "twice", later(6))])


def test_doubts_wait_for_a_person_when_nobody_looks_them_up_any_more(desk: Desk) -> None:
    delivery, younger = desk.doubtful(ANNA), desk.doubtful(BERT)
    conditions = desk.store.conditions
    assert conditions.doubtful(START) == 0
    assert conditions.doubtful(later(1)) == 2
    doubt = desk.store.doubts.get(delivery)
    assert doubt is not None
    desk.store.doubts.looked(doubt, None, "nothing", later(1))
    assert conditions.doubtful(START) == 1
    assert younger


def test_what_ended_is_counted_move_by_move(desk: Desk) -> None:
    conditions = desk.store.conditions
    before = conditions.newest_move()
    desk.owe(ANNA)
    desk.send(Accepted("uuid-1"))
    middle = conditions.newest_move()
    desk.owe(BERT)
    desk.send(Refused(400, "no phone"), later(60))
    desk.owe(CARA)
    desk.send(InDoubt("time-out"), later(60))
    newest = conditions.newest_move()
    assert conditions.ended_after(before, newest) == {"accepted": 1, "failed": 1}
    assert conditions.ended_after(middle, newest) == {"failed": 1}
    assert conditions.ended_after(before, middle) == {"accepted": 1}
    assert conditions.newest_move(before=later(60)) == desk_moves_at(desk, START)


def desk_moves_at(desk: Desk, moment: datetime) -> int:
    with closing(desk.raw()) as raw:
        return int(raw.execute("select max(id) from moves where at <= ?", [to_text(moment)]).fetchone()[0])


def test_no_question_about_the_present_reads_all_that_ever_was(desk: Desk) -> None:
    """By SQLite's own plans: of the tables that grow, only by an index or by their newest rows."""
    asked: list[str] = []
    raw = desk.store._connection.raw
    raw.set_trace_callback(asked.append)
    conditions = desk.store.conditions
    conditions.overdue(START, MINUTE)
    conditions.planned_until()
    conditions.doubtful(START)
    conditions.ended_after(0, 10)
    conditions.reported_badly(START, later(1))
    conditions.problems()
    conditions.holds()
    raw.set_trace_callback(None)
    assert len(asked) == 7
    for query in asked:
        for step in raw.execute(f"explain query plan {query}").fetchall():
            words = str(step[-1])
            if words.startswith("SCAN"):
                small = words.split()[1] in ("problems", "holds", "daemon", "p")
                open_ones = "deliveries_in_doubt" in words or "holds_open" in words
                assert small or open_ones, f"{query}: {words}"
