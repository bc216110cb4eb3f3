"""What needs someone, each with the command that settles it; and what somebody keeps back on purpose. Pure."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from reminderd.alerts import DO, Name
from reminderd.clock import from_text
from reminderd.model import Problem, mask
from reminderd.store import Row
from reminderd.store.attention import Worst
from reminderd.telemetry import OpenAlert

MOST = 8  # of a kind; the rest is counted, and a link away
MOST_ROWS = 40  # of a kind that is told of in groups
_GLOBAL = ("clock", "restored")
_LIST = "/deliveries?job="
_NOT_DELIVERED = "/deliveries?receipt=not+delivered"


@dataclass(frozen=True, slots=True)
class Item:
    """what: it is about, with the page that tells more. who: it is for. at: since when, or when it was due. why: in a sentence."""

    what: str
    why: str
    commands: tuple[str, ...]
    link: str | None = None
    who: str | None = None
    at: datetime | None = None
    when: str = "due"
    hint: str | None = None
    is_place: bool = False  # in a file
    number: int = 1  # of what it stands for


@dataclass(frozen=True, slots=True)
class Group:
    """Of one kind. number: how many there are; rest: where the others are found. stops: nothing is sent meanwhile. alert:
    the open one that tells of it."""

    name: str
    title: str
    mark: str
    number: int
    items: tuple[Item, ...]
    rest: str | None = None
    rest_command: str | None = None
    stops: bool = False
    alert: OpenAlert | None = None

    @property
    def shown(self) -> int:
        """How many of them the items stand for."""
        return sum(item.number for item in self.items)


@dataclass(frozen=True, slots=True)
class Found:
    """What was read of the state and of the daemon. trouble: what is wrong with its passes."""

    in_doubt: Worst
    failed: Worst
    undelivered: Worst
    missed: Worst
    problems: Worst
    holds: Sequence[Row]
    overdue: Sequence[Row]
    overrides: Sequence[Row]
    gateway: Row
    trouble: str | None
    alerts: Sequence[OpenAlert]


def needs(found: Found) -> tuple[Group, ...]:
    """The worst first; only what there is."""
    alerts = {each.name: each for each in found.alerts}
    groups = [group for group in _groups(found, alerts) if group.number]
    told = {str(group.alert.name) for group in groups if group.alert is not None}
    others = [each for name, each in alerts.items() if name not in told]
    if others:
        items = tuple(
            Item(each.name.replace("_", " "), each.summary, (), at=each.since, when="as of", hint=_do(each.name))
            for each in others
        )
        groups.insert(sum(group.stops for group in groups), Group("alerts", "Alerts", "alarm", len(items), items))
    return tuple(groups)


def _do(name: str) -> str | None:
    return DO[Name(name)] if name in list(Name) else None


def _groups(found: Found, alerts: dict[str, OpenAlert]) -> Iterator[Group]:
    stopping = tuple(_stopping(found))
    yield Group(
        "stopped",
        "What stops it",
        "alarm",
        len(stopping),
        stopping,
        stops=True,
        alert=alerts.get(Name.CLOCK) or alerts.get(Name.GATEWAY),
    )
    yield Group(
        "in-doubt",
        "In doubt",
        "in_doubt",
        found.in_doubt.number,
        tuple(_doubt(row) for row in found.in_doubt.rows),
        "/deliveries?state=in_doubt",
        alert=alerts.get(Name.IN_DOUBT),
    )
    overdue = tuple(_overdue(row) for row in found.overdue[:MOST])
    number = sum(row["deliveries"] for row in found.overdue)
    yield Group(
        "overdue", "Overdue", "pending", number, overdue, "/deliveries?state=pending", alert=alerts.get(Name.OVERDUE)
    )
    failed = tuple(_alike(found.failed.rows))
    yield Group(
        "failed",
        "Failed within 24 hours",
        "failed",
        found.failed.number,
        failed,
        "/deliveries?state=failed",
        alert=alerts.get(Name.FAILED),
    )
    undelivered = tuple(_alike(found.undelivered.rows, "receipt"))
    yield Group(
        "undelivered",
        "Not delivered within 24 hours, as Plivo reports",
        "undelivered",
        found.undelivered.number,
        undelivered,
        _NOT_DELIVERED,
    )
    holds = [row for row in found.holds if row["kind"] not in (*_GLOBAL, "delivery") and not row["idle"]]
    yield Group(
        "holds",
        "Waiting for approval",
        "hold",
        len(holds),
        tuple(map(_hold, holds[:MOST])),
        rest_command="reminderd status" if len(holds) > MOST else None,
        alert=alerts.get(Name.HOLDS),
    )
    problems = tuple(_problem(row) for row in found.problems.rows)
    yield Group(
        "problems",
        "Problems in files",
        "alarm",
        found.problems.number,
        problems,
        rest_command="reminderd check",
        alert=alerts.get(Name.PROBLEMS),
    )
    missed = tuple(_alike(found.missed.rows))
    yield Group("missed", "Missed within 24 hours", "missed", found.missed.number, missed, "/deliveries?state=missed")


def _stopping(found: Found) -> Iterator[Item]:
    if found.trouble is not None:
        yield Item("the loop", found.trouble, ("journalctl -u reminderd", "reminderd doctor"))
    if found.gateway["reason"] is not None:
        since = from_text(found.gateway["suspended_since"]) if found.gateway["suspended_since"] else None
        hint = "It is tried again by itself."
        yield Item(
            "the gateway",
            f"suspended: {found.gateway['reason']}",
            ("reminderd doctor",),
            at=since,
            when="since",
            hint=hint,
        )
    yield from (_hold(row) for row in found.holds if row["kind"] in _GLOBAL)


def _doubt(row: Row) -> Item:
    number = row["id"]
    hint = None if row["reconcile_at"] is None else "Plivo's log is still asked."
    commands = (f"reminderd resolve {number} --sent", f"reminderd resolve {number} --not-sent")
    return _of_delivery(row, commands, hint)


def _alike(rows: Iterable[Row], why: str = "reason") -> Iterator[Item]:
    """One for all of a job that ended for the same reason. why: where that is said; of a report there is nothing to try again."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["job"], row[why]), []).append(row)
    for (job, said), alike in list(groups.items())[:MOST]:
        numbers, narrowed = " ".join(str(row["id"]) for row in alike), f"&state={alike[0]['state']}"
        commands, hint = (f"reminderd retry {numbers}",), None
        if why == "receipt":
            commands, hint = (f"reminderd why {alike[0]['id']}",), "It is not sent again: tell them in another way."
            narrowed = "&receipt=not+delivered"
        item = replace(_of_delivery(alike[0], commands, hint), why=said)
        if len(alike) > 1:
            people = {row["recipient"] for row in alike}
            who = item.who if len(people) == 1 else f"{len(people)} people"
            what, link = f"{job}, {len(alike)} times", f"{_LIST}{quote(job)}{narrowed}"
            item = replace(item, what=what, link=link, who=who, when="last due", number=len(alike))
        yield item


def _of_delivery(row: Row, commands: tuple[str, ...], hint: str | None = None) -> Item:
    test = " (test)" if row["drill"] else ""
    return Item(
        f"{row['job']} #{row['id']}{test}",
        row["reason"],
        commands,
        f"/deliveries/{row['id']}",
        row["name"] or (mask(row["phone"]) if row["phone"] else None),
        from_text(row["due_at"]),
        hint=hint,
    )


def _overdue(row: Row) -> Item:
    number = row["deliveries"]
    words = "1 delivery waits past its time" if number == 1 else f"{number} deliveries wait past their time"
    command = f"reminderd history {shlex.quote(row['job'])} --state pending"
    return Item(
        row["job"],
        words,
        (command,),
        f"{_LIST}{quote(row['job'])}&state=pending",
        at=from_text(row["since"]),
        when="since",
    )


def _hold(row: Row) -> Item:
    kind: str = {"clock": "the clock", "restored": "the state"}.get(row["kind"]) or row["kind"]
    since = from_text(row["opened_at"])
    return Item(kind, row["reason"], (f"reminderd approve {row['id']}",), f"/holds/{row['id']}", at=since, when="since")


def _problem(row: Row) -> Item:
    place = Problem(row["file"], row["line"], row["column"], row["path"], row["message"], row["hint"])
    where = f"{place.file}:{place.line}:{place.column}" if place.line else place.file
    path = f"{place.path}: " if place.path else ""
    return Item(where, f"{path}{place.message}", (), hint=place.hint or None, is_place=True)


# -- on purpose -----------------------------------------------------------------------------------------


def kept_back(found: Found) -> tuple[Item, ...]:
    """Pauses, skips, and deliveries that somebody holds."""
    return tuple(_kept(found))


def _kept(found: Found) -> Iterable[Item]:
    for row in found.overrides:
        what = row["job"] or "every job"
        link = f"/jobs/{quote(row['job'], safe='')}" if row["job"] else "/jobs"
        words = f"{'skipped' if row['kind'] == 'skip' else 'paused'} by {row['who']}: {row['why']}"
        when = f"{row['nominal']}: " if row["nominal"] else ""
        end = (
            f"{shlex.quote(row['job'])} --at {row['until'][:19]}Z"
            if row["kind"] == "skip"
            else shlex.quote(row["job"])
            if row["job"]
            else "--all"
        )
        yield Item(what, f"{when}{words}", (f"reminderd resume {end}",), link, at=from_text(row["since"]), when="since")
    for row in found.holds:
        if row["idle"]:
            yield replace(
                _hold(row), why=f"{row['reason']}. All of it is withdrawn; it waits only if its job comes back."
            )
        if row["kind"] == "delivery":
            words = f"held by {row['opened_by']}: {row['reason']}"
            yield Item(
                f"delivery {row['key']}",
                words,
                (f"reminderd release {row['key']}",),
                f"/deliveries/{row['key']}",
                at=from_text(row["opened_at"]),
                when="since",
            )
