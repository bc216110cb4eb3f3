"""What `doctor` says of the clock, the time zones and the state, and that no check can stop the others."""

import importlib.metadata
import shutil
import sqlite3
import threading
import zoneinfo
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reminderd.doctor import Finding, Grade, Scene, clocks, daemon, state, zones
from reminderd.doctor.examine import Check, _bounded
from reminderd.store import Store, Task, back_up_into, check_up
from reminderd.store.connection import APPLICATION_ID
from tests.support.clock import FakeClock
from tests.support.doctor import grades, one, scene

FAIL, WARN, OK, SKIP = Grade.FAIL, Grade.WARN, Grade.OK, Grade.SKIP


@pytest.fixture
def place(tmp_path: Path) -> Scene:
    return scene(tmp_path / "home")


@pytest.mark.parametrize(("in_sync", "grade"), [(True, OK), (False, WARN)])
def test_the_kernel_says_whether_the_clock_is_synchronised(place: Scene, in_sync: bool, grade: Grade) -> None:
    assert isinstance(place.clock, FakeClock)
    place.clock.in_sync = in_sync
    assert grades(clocks.synchronised(place)) == {"clock": grade}


# -- time zones


def test_a_check_that_breaks_is_a_finding(place: Scene) -> None:
    def broken(_: Scene) -> Iterator[Finding]:
        yield Finding("before", OK, "seen")
        raise OSError(5, "Input/output error")

    before, broke = _bounded(Check("this", "it", broken), place)
    assert (before.check, broke.check, broke.grade) == ("before", "this", FAIL)
    assert "Input/output error" in broke.seen


def test_a_check_that_hangs_is_left_behind(place: Scene) -> None:
    over = threading.Event()

    def hanging(_: Scene) -> Iterator[Finding]:
        over.wait(60)
        yield Finding("late", OK, "seen")

    (finding,) = _bounded(Check("this", "the disk", hanging, seconds=0.05), place)
    over.set()
    assert (finding.check, finding.grade) == ("this", FAIL)
    assert "no end of the disk" in finding.seen


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Path]:
    """A directory of zone data, the one that Python looks into."""
    folder = tmp_path / "zoneinfo"
    (folder / "Europe").mkdir(parents=True)
    real = Path("/usr/share/zoneinfo")
    for zone in ("UTC", "Europe/Berlin"):
        shutil.copyfile(real / zone, folder / zone)
    said(folder, "2026c")
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([folder])
    zoneinfo.ZoneInfo.clear_cache()
    yield folder
    zoneinfo.reset_tzpath(before)
    zoneinfo.ZoneInfo.clear_cache()


def said(folder: Path, version: str) -> None:
    (folder / "tzdata.zi").write_text(f"# version {version}\n# more\n")


def package_version() -> str:
    return next(each.version or "" for each in zones.found_sets() if each.folder is None)


def at(place: Scene, text: str) -> Scene:
    assert isinstance(place.clock, FakeClock)
    place.clock.go_to(datetime.fromisoformat(text).replace(tzinfo=UTC)) if place.clock.now() < datetime.fromisoformat(
        text
    ).replace(tzinfo=UTC) else place.clock.jump(datetime.fromisoformat(text).replace(tzinfo=UTC) - place.clock.now())
    return place


def test_fresh_zone_data_is_fine(place: Scene, system: Path) -> None:
    found = list(zones.look(at(place, "2026-12-01")))
    assert grades(found) == {"zones": OK, "zones.jobs": OK}
    assert f"2026c of {system}" in one(found, "zones").seen


def test_old_zone_data_is_a_warning(place: Scene, system: Path) -> None:
    said(system, "2019a")
    found = one(zones.look(at(place, "2026-12-01")), "zones")
    assert (found.grade, "older than 18 months" in found.seen) == (WARN, True)


def test_the_age_counts_and_not_the_year(place: Scene, system: Path) -> None:
    said(system, "2025c")
    assert one(zones.look(at(place, "2026-12-01")), "zones").grade is OK
    assert one(zones.look(at(place, "2027-04-01")), "zones").grade is WARN


def test_newer_data_beside_it_with_other_rules_is_a_warning(place: Scene, system: Path) -> None:
    said(system, "2025a")
    shutil.copyfile("/usr/share/zoneinfo/Asia/Tokyo", system / "Europe" / "Berlin")
    place.settings = place.settings.model_copy(update={"timezone": "Europe/Berlin"})
    found = one(zones.look(at(place, "2026-03-01")), "zones")
    assert found.grade is WARN
    assert f"{package_version()} of Python's package tzdata has other rules for Europe/Berlin" in found.seen


def test_newer_data_beside_it_with_the_same_rules_is_fine(place: Scene, system: Path) -> None:
    said(system, "2025a")
    place.settings = place.settings.model_copy(update={"timezone": "Europe/Berlin"})
    found = one(zones.look(at(place, "2026-03-01")), "zones")
    assert (found.grade, "the same rules" in found.seen) == (OK, True)


def test_data_that_does_not_say_its_version_has_no_age(place: Scene, system: Path) -> None:
    (system / "tzdata.zi").unlink()
    assert one(zones.look(place), "zones").grade is SKIP
    (system / "+VERSION").write_text("2019c\n")
    assert one(zones.look(place), "zones").grade is WARN


def test_pythons_own_package_serves_where_the_system_has_nothing(place: Scene, tmp_path: Path, system: Path) -> None:
    zoneinfo.reset_tzpath([tmp_path])
    assert one(zones.look(at(place, "2026-12-01")), "zones").seen == f"{package_version()} of Python's package tzdata"


def test_no_zone_data_at_all_is_a_failure(place: Scene, system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    zoneinfo.reset_tzpath([])
    monkeypatch.setattr(importlib.metadata, "version", nothing)
    assert grades(zones.look(place)) == {"zones": FAIL}


def test_a_zone_that_is_not_known_is_a_failure(place: Scene) -> None:
    job = '{"schedule": {"cron": "0 9 * * *"}, "timezone": "Mars/Olympus", "to": "+447700900101", "message": "x"}'
    (place.settings.jobs[0] / "rent.yaml").write_text(job)
    found = one(zones.look(place), "zones.jobs")
    assert (found.grade, "Mars/Olympus" in found.seen) == (FAIL, True)


# -- the state


def made(place: Scene) -> sqlite3.Connection:
    """A state, and a connection with which to spoil it."""
    Store.open(place.state, create=True).close()
    return sqlite3.connect(place.state, isolation_level=None)


def test_there_is_none_before_the_first_start(place: Scene) -> None:
    assert grades(state.look(place)) == {"state.sqlite": OK, "state": SKIP}
    assert not place.state.exists()


def test_a_whole_state_is_fine(place: Scene) -> None:
    made(place).close()
    assert grades(state.look(place)) == {"state.sqlite": OK, "state": OK, "state.journal": OK}
    assert [path.name for path in place.state.parent.iterdir()] == ["jobs.d", "state.db"], "looking left nothing behind"


def test_a_state_as_a_backup_has_it_is_a_warning(place: Scene) -> None:
    with closing(made(place)) as raw:
        raw.execute("pragma journal_mode = delete")
    found = one(state.look(place), "state.journal")
    assert (found.grade, "journal mode delete" in found.seen) == (WARN, True)


def test_a_damaged_state_is_a_failure(place: Scene) -> None:
    made(place).close()
    content = bytearray(place.state.read_bytes())
    content[4096:12_288] = b"\xa5" * 8192
    place.state.write_bytes(content)
    found = one(state.look(place), "state")
    assert (found.grade, "is damaged" in found.seen) == (FAIL, True)
    assert place.state.read_bytes() == bytes(content)


def test_a_state_cut_short_is_a_failure(place: Scene) -> None:
    made(place).close()
    place.state.write_bytes(place.state.read_bytes()[:20_000])
    assert one(state.look(place), "state").grade is FAIL


def test_what_is_no_state_is_a_failure(place: Scene) -> None:
    place.state.write_text("hello, I am a text" * 100)
    found = one(state.look(place), "state")
    assert (found.grade, "not a state of reminderd" in found.seen) == (FAIL, True)


def test_a_state_of_a_newer_program_is_a_failure(place: Scene) -> None:
    with closing(made(place)) as raw:
        raw.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('reminderd', 'm9999_later', 'now')"
        )
    found = one(state.look(place), "state")
    assert (found.grade, "m9999_later" in found.seen) == (FAIL, True)


def test_a_log_that_nobody_empties_is_a_warning(place: Scene) -> None:
    made(place).close()
    log = place.state.with_name("state.db-wal")
    with log.open("wb") as file:
        file.truncate(state.LARGE_LOG + 1)
    assert one(state.look(place), "state.journal").grade is WARN


def test_a_large_state_is_looked_at_for_a_while_only(tmp_path: Path) -> None:
    path = tmp_path / "large.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"pragma application_id = {APPLICATION_ID}")
        raw.execute("create table t (a)")
        raw.execute(
            "insert into t with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000) select i from n"
        )
        raw.commit()
    assert not check_up(path, 0.0).whole
    assert check_up(path, 60.0).whole


# -- backups


@pytest.mark.parametrize(
    ("days", "went_well", "grade"), [(None, True, SKIP), (1, True, OK), (9, True, WARN), (1, False, WARN)]
)
def test_the_last_backup_is_known_where_it_was_noted(
    place: Scene, days: int | None, went_well: bool, grade: Grade
) -> None:
    store = Store.open(place.state, create=True)
    if days is not None:
        at = place.clock.now() - timedelta(days=days)
        store.heartbeats.note(Task.BACKUP, at, at, went_well, "no room")
    store.close()
    found = one(daemon.look(place), "backup")
    assert found.grade is grade
    assert went_well or "no room" in found.seen


def test_the_timers_backups_are_known_by_their_names(place: Scene, tmp_path: Path) -> None:
    store = Store.open(place.state, create=True)
    place.backups = tmp_path / "backups"
    assert one(daemon.look(place), "backup").grade is SKIP
    place.backups.mkdir()
    for days in (30, 9):
        back_up_into(place.state, place.backups, place.clock.now() - timedelta(days=days), None)
    assert one(daemon.look(place), "backup").seen == "the last one is 9 days old"
    back_up_into(place.state, place.backups, place.clock.now() - timedelta(hours=3), None)
    (place.backups / "reminderd-29990101T000000Z-000000000000.db").write_text("another state's")
    assert one(daemon.look(place), "backup").grade is OK
    store.close()
