"""What the page says needs someone: the worst first, each with a command that there is."""

import re
import shlex
from contextlib import closing
from datetime import timedelta
from typing import Any

import click
import pytest

from reminderd.cli import main
from reminderd.model import Accepted, InDoubt, Refused
from reminderd.store.attention import Worst
from reminderd.store.view import open_view
from reminderd.telemetry import OpenAlert
from reminderd.web.page.needs import MOST, MOST_ROWS, Found, Group, kept_back, needs
from tests.support.clock import START
from tests.support.desk import Desk, later
from tests.support.world import ANNA, job

HOUR = timedelta(hours=1)


def found(desk: Desk, **more: Any) -> Found:
    now = later(30)
    with closing(open_view(desk.path)) as view:
        attention, since = view.attention, START - 24 * HOUR
        values: dict[str, Any] = {
            "in_doubt": attention.in_doubt(MOST),
            "failed": attention.ended("failed", since, MOST_ROWS),
            "undelivered": attention.undelivered(since, MOST_ROWS),
            "missed": attention.ended("missed", since, MOST_ROWS),
            "problems": attention.problems(MOST),
            "holds": view.reports.holds(),
            "overdue": view.conditions.overdue(now, timedelta(seconds=10)),
            "overrides": view.reports.overrides(now),
            "gateway": view.reports.gateway(),
            "trouble": None,
            "alerts": (),
        }
    return Found(**{**values, **more})


def groups(desk: Desk, **more: Any) -> dict[str, Group]:
    return {group.name: group for group in needs(found(desk, **more))}


def ended(desk: Desk, outcome: Any, nominal: str = "2027-03-01T08:00:00") -> int:
    number = desk.owe(nominal=nominal)
    claim = desk.begin()
    assert claim.delivery_id == number
    desk.finish(claim, outcome)
    return number


def is_command(words: str) -> bool:
    """Whether the program takes this line as it stands."""
    program, name, *rest = shlex.split(words)
    if program != "reminderd":
        return program == "journalctl"
    context = click.Context(main)
    command = main.get_command(context, name)
    assert command is not None, words
    command.make_context(name, rest, parent=context)
    return True


def test_nothing_needs_someone_where_all_is_well(desk: Desk) -> None:
    assert needs(found(desk)) == ()
    assert kept_back(found(desk)) == ()


def test_a_delivery_in_doubt_is_settled_either_way_and_one_that_failed_is_tried_again(desk: Desk) -> None:
    doubtful = ended(desk, InDoubt("in doubt: reset"))
    failed = ended(desk, Refused(400, "400: Bad Request"), "2027-03-01T08:00:01")
    shown = groups(desk)
    assert list(shown) == ["in-doubt", "failed"]
    (item,) = shown["in-doubt"].items
    assert item.commands == (f"reminderd resolve {doubtful} --sent", f"reminderd resolve {doubtful} --not-sent")
    assert (item.what, item.link, item.who, item.at) == (f"a #{doubtful}", f"/deliveries/{doubtful}", "…0101", START)
    (item,) = shown["failed"].items
    assert (item.commands, item.why) == ((f"reminderd retry {failed}",), "refused: 400: Bad Request")
    assert ANNA not in str(shown)


def test_of_many_the_first_are_shown_and_all_are_counted(desk: Desk) -> None:
    for second in range(MOST + 3):
        ended(desk, InDoubt("in doubt: reset"), f"2027-03-01T08:00:{second:02}")
    group = groups(desk)["in-doubt"]
    assert (group.number, group.shown, group.rest) == (MOST + 3, MOST, "/deliveries?state=in_doubt")


def test_those_of_a_job_that_failed_for_the_same_reason_are_one_item(desk: Desk) -> None:
    first, second = (ended(desk, Refused(400, "400: no such number"), f"2027-03-01T08:00:0{each}") for each in (1, 2))
    other = ended(desk, Refused(400, "400: Bad Request"), "2027-03-01T08:00:03")
    group = groups(desk)["failed"]
    assert (group.number, group.shown, len(group.items)) == (3, 3, 2)
    assert [item.commands[0] for item in group.items] == [
        f"reminderd retry {other}",
        f"reminderd retry {second} {first}",
    ]
    assert (group.items[1].what, group.items[1].link) == ("a, 2 times", "/deliveries?job=a&state=failed")
    assert group.items[1].who == "…0101"


def test_what_plivo_could_not_deliver_needs_someone_and_cannot_be_tried_again(desk: Desk) -> None:
    numbers = [ended(desk, Accepted(f"uuid-{each}"), f"2027-03-01T08:00:0{each}") for each in (1, 2)]
    with closing(desk.raw()) as raw, raw:
        raw.execute("update deliveries set receipt = 'undelivered (30: spam detected)'")
    group = groups(desk)["undelivered"]
    (item,) = group.items
    assert (group.number, group.rest) == (2, "/deliveries?receipt=not+delivered")
    assert (item.why, item.commands) == ("undelivered (30: spam detected)", (f"reminderd why {numbers[1]}",))
    assert item.link == "/deliveries?job=a&receipt=not+delivered"
    assert needs(found(desk, undelivered=Worst([], 0))) == ()


def test_what_nobody_wanted_needs_nobody(desk: Desk) -> None:
    desk.world.command("pause", job="b", why="moving")
    desk.world.load("b.yaml", job(cron="0 9 * * *", to=[ANNA]))
    desk.world.go_to("09:01")
    assert [(row["job"], row["state"]) for row in desk.world.rows()] == [("b", "missed")]
    assert needs(found(desk)) == ()


def test_what_stops_everything_comes_first(desk: Desk) -> None:
    ended(desk, InDoubt("in doubt: reset"))
    desk.store.holds.open("clock", "the clock jumped by 3h", {}, START)
    desk.store.holds.open("removal", "12 of 20 jobs are gone", {}, START)
    shown = groups(desk, trouble="its disk is full")
    assert list(shown) == ["stopped", "in-doubt", "holds"]
    assert [item.why for item in shown["stopped"].items] == ["its disk is full", "the clock jumped by 3h"]
    assert shown["stopped"].stops
    assert shown["holds"].items[0].commands == ("reminderd approve 2",)


def test_an_alert_stands_with_what_it_tells_of_and_by_itself_where_nothing_else_does(desk: Desk) -> None:
    ended(desk, InDoubt("in doubt: reset"))
    alerts = [
        OpenAlert("in_doubt", "1 delivery is in doubt", START, None),
        OpenAlert("disk", "nearly full", START, START),
    ]
    shown = groups(desk, alerts=alerts)
    assert list(shown) == ["alerts", "in-doubt"]
    assert shown["in-doubt"].alert == alerts[0]
    assert [(item.what, item.why) for item in shown["alerts"].items] == [("disk", "nearly full")]


def test_a_problem_is_shown_with_its_place_and_its_hint(desk: Desk) -> None:
    desk.world.load("c.yaml", {**job(cron="0 9 * * *"), "mesage": "Hello."})
    (item,) = groups(desk)["problems"].items
    assert re.fullmatch(r".*c\.yaml:\d+:\d+", item.what)
    assert (item.why, item.hint) == ("mesage: unknown key 'mesage'", "did you mean 'message'?")


def test_what_waits_past_its_time_is_overdue_by_job(desk: Desk) -> None:
    desk.owe()
    group = groups(desk)["overdue"]
    assert (group.number, group.items[0].what, group.items[0].at) == (1, "a", START)


def test_what_operators_keep_back_is_no_need(desk: Desk) -> None:
    desk.store.overrides.pause("a", None, "ann", "moving", START)
    desk.store.overrides.pause(None, None, "ann", "all of it", START)
    desk.store.overrides.skip("b", "2027-03-02T00:00:00", later(86400), "ann", "holiday", START)
    desk.store.holds.open("delivery", "not yet", {}, START, key="7", who="ann")
    assert needs(found(desk)) == ()
    assert [(item.what, item.commands[0]) for item in kept_back(found(desk))] == [
        ("a", "reminderd resume a"),
        ("every job", "reminderd resume --all"),
        ("b", "reminderd resume b --at 2027-03-02T08:00:00Z"),
        ("delivery 7", "reminderd release 7"),
    ]


@pytest.mark.parametrize("trouble", [None, "its disk is full"])
def test_each_command_is_one_that_the_program_takes(desk: Desk, trouble: str | None) -> None:
    ended(desk, InDoubt("in doubt: reset"))
    ended(desk, Refused(400, "400: Bad Request"), "2027-03-01T08:00:01")
    desk.owe(nominal="2027-03-01T08:00:02")
    desk.store.holds.open("restored", "older than what was sent", {}, START)
    desk.store.holds.open("delivery", "not yet", {}, START, key="7", who="ann")
    desk.store.overrides.pause("b", None, "ann", "moving", START)
    desk.store.overrides.skip("b", "2027-03-02T00:00:00", later(86400), "ann", "holiday", START)
    seen = found(desk, trouble=trouble)
    items = [item for group in needs(seen) for item in group.items] + list(kept_back(seen))
    rest = [group.rest_command for group in needs(seen) if group.rest_command]
    commands = [*rest, *(each for item in items for each in item.commands)]
    assert len(commands) > 7
    assert all(map(is_command, commands))
