"""What `doctor` finds, for tests: of a scene in this process, or of the installed program."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reminderd.clock import Clock
from reminderd.doctor import Finding, Grade, Scene
from reminderd.gateway.sandbox import AUTH_ID, AUTH_TOKEN
from reminderd.settings import Settings
from tests.support.clock import FakeClock
from tests.support.daemon import Home


def scene(folder: Path, clock: Clock | None = None, user: str | None = None, **settings: Any) -> Scene:
    """A machine whose job files and state lie in `folder`, or will."""
    (folder / "jobs.d").mkdir(parents=True, exist_ok=True)
    marks = folder.with_name(f"{folder.name}-marks")
    values = {"jobs": str(folder / "jobs.d"), "state": str(folder / "state.db"), "marks": str(marks), **settings}
    return Scene(Settings.model_validate(values), [], None, clock or FakeClock(), user)


def plivo(url: str, **changes: Any) -> dict[str, Any]:
    """Settings that point to a gateway at `url`."""
    return {"url": url, "auth_id": AUTH_ID, "auth_token": AUTH_TOKEN, "connect_timeout": "2s", **changes}


def grades(found: Iterable[Finding]) -> dict[str, Grade]:
    """By check, how well it stands; the worst of several."""
    order = [Grade.OK, Grade.SKIP, Grade.WARN, Grade.FAIL]
    worst: dict[str, Grade] = {}
    for finding in found:
        worst[finding.check] = max(finding.grade, worst.get(finding.check, Grade.OK), key=order.index)
        assert finding.seen
        assert bool(finding.do) or finding.grade in (Grade.OK, Grade.SKIP), "nobody knows what to do"
    return worst


def one(found: Iterable[Finding], check: str) -> Finding:
    """The only finding of this check."""
    (finding,) = [each for each in found if each.check == check]
    return finding


def doctor(home: Home, *arguments: str, **environment: str) -> list[Finding]:
    """What the program finds; its exit status is as the docs say."""
    ran = home.run("doctor", "--json", *arguments, **environment)
    document = ran.json
    found = [Finding(each["check"], Grade(each["grade"]), each["seen"], each["do"]) for each in document["checks"]]
    failed = any(finding.grade is Grade.FAIL for finding in found)
    assert (ran.status, document["ok"]) == ((1, False) if failed else (0, True)), ran
    return found
