import time
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from reminderd.jobs.catalog import assemble
from reminderd.jobs.reader import Scan
from reminderd.model import At, CatchUp, Job, OnDoubt, ParsedFile, Problem, Recipient, Source

BROKEN = ParsedFile((), (Problem("x", 1, 1, "schedule", "is not a schedule"),))


def job(name: str, file: str, version: int = 1, line: int = 1) -> Job:
    return Job(
        name=name,
        source=Source(file, line),
        schedule=At(("2031-05-04T09:00",)),
        timezone="UTC",
        sender=None,
        recipients=(Recipient("+14155550123"),),
        message=f"version {version}",
        vars={},
        valid_for=timedelta(hours=1),
        catch_up=CatchUp.LATEST,
        retry=(),
        on_doubt=OnDoubt.WAIT,
        enabled=True,
        description="",
        definition="{}",
        digest=f"{name} {version}",
    )


def good(file: str, *names: str, version: int = 1) -> ParsedFile:
    return ParsedFile(tuple(job(name, file, version, line) for line, name in enumerate(names, 1)), ())


def broken(file: str) -> ParsedFile:
    return ParsedFile((), (Problem(file, 3, 9, "schedule.cron", "is not a cron expression"),))


def runs(jobs: Iterable[Job]) -> dict[str, Job]:
    return {each.name: each for each in jobs}


def where(jobs: Mapping[str, Job]) -> dict[str, tuple[str, str]]:
    """Name to file and version."""
    return {name: (each.source.file, each.message) for name, each in jobs.items()}


def test_good_files_give_their_jobs() -> None:
    catalog = assemble(Scan({"d/a.yaml": good("d/a.yaml", "x", "y"), "d/b.yaml": good("d/b.yaml", "z")}), {})
    assert set(catalog.jobs) == {"x", "y", "z"}
    assert not catalog.problems


def test_a_broken_file_keeps_all_that_runs_from_it_and_disturbs_no_other() -> None:
    running = runs([job("x", "d/a.yaml"), job("y", "d/a.yaml"), job("z", "d/b.yaml")])
    catalog = assemble(Scan({"d/a.yaml": broken("d/a.yaml"), "d/b.yaml": good("d/b.yaml", "z", version=2)}), running)
    assert where(catalog.jobs) == {
        "x": ("d/a.yaml", "version 1"),
        "y": ("d/a.yaml", "version 1"),
        "z": ("d/b.yaml", "version 2"),
    }
    assert [str(problem) for problem in catalog.problems] == ["d/a.yaml:3:9: schedule.cron: is not a cron expression"]


def test_a_file_that_was_always_broken_has_no_jobs() -> None:
    assert not assemble(Scan({"d/a.yaml": broken("d/a.yaml")}), {}).jobs


def test_an_unreadable_directory_keeps_all_that_runs_from_it() -> None:
    running = runs([job("x", "d/a.yaml"), job("y", "e/b.yaml")])
    catalog = assemble(Scan({}, unreadable=frozenset({"d"}), folders=frozenset({"e"})), running)
    assert set(catalog.jobs) == {"x"}


def test_the_current_directory_can_be_unreadable() -> None:
    running = runs([job("x", "a.yaml")])
    assert set(assemble(Scan({}, unreadable=frozenset({"."})), running).jobs) == {"x"}


def test_an_unreadable_file_keeps_what_runs_from_it() -> None:
    running = runs([job("x", "d/a.yaml"), job("y", "d/b.yaml")])
    scan = Scan({}, unreadable=frozenset({"d/a.yaml"}), folders=frozenset({"d"}))
    assert set(assemble(scan, running).jobs) == {"x"}


def test_a_file_that_is_gone_from_a_readable_directory_loses_its_jobs() -> None:
    running = runs([job("x", "d/a.yaml"), job("y", "d/b.yaml")])
    catalog = assemble(Scan({"d/b.yaml": good("d/b.yaml", "y")}, folders=frozenset({"d"})), running)
    assert set(catalog.jobs) == {"y"}


def test_a_name_stays_with_the_file_it_runs_from() -> None:
    running = runs([job("rent", "d/z.yaml")])
    files = {"d/a.yaml": good("d/a.yaml", "tea", "rent"), "d/z.yaml": good("d/z.yaml", "rent", version=2)}
    catalog = assemble(Scan(files), running)
    assert where(catalog.jobs) == {"rent": ("d/z.yaml", "version 2")}
    (problem,) = catalog.problems
    assert str(problem).startswith("d/a.yaml:2:1: job 'rent' is already declared in d/z.yaml:1")


def test_of_two_new_files_with_one_name_the_first_in_order_gets_it() -> None:
    files = {"d/b.yaml": good("d/b.yaml", "rent", "tea"), "d/a.yaml": good("d/a.yaml", "rent")}
    catalog = assemble(Scan(files), {})
    assert where(catalog.jobs) == {"rent": ("d/a.yaml", "version 1")}
    (problem,) = catalog.problems
    assert problem.file == "d/b.yaml"


def test_the_loser_of_a_name_falls_back_as_a_whole() -> None:
    running = runs([job("rent", "d/a.yaml"), job("tea", "d/b.yaml"), job("milk", "d/b.yaml")])
    files = {"d/a.yaml": good("d/a.yaml", "rent"), "d/b.yaml": good("d/b.yaml", "tea", "rent", version=2)}
    catalog = assemble(Scan(files), running)
    assert where(catalog.jobs) == {
        "rent": ("d/a.yaml", "version 1"),
        "tea": ("d/b.yaml", "version 1"),
        "milk": ("d/b.yaml", "version 1"),
    }


def test_every_clashing_name_of_a_file_is_reported() -> None:
    running = runs([job("x", "d/a.yaml"), job("y", "d/a.yaml")])
    files = {"d/a.yaml": good("d/a.yaml", "x", "y"), "d/b.yaml": good("d/b.yaml", "x", "y")}
    assert [problem.line for problem in assemble(Scan(files), running).problems] == [1, 2]


def test_a_broken_file_defends_the_names_that_run_from_it() -> None:
    running = runs([job("rent", "d/z.yaml")])
    files = {"d/a.yaml": good("d/a.yaml", "rent"), "d/z.yaml": broken("d/z.yaml")}
    catalog = assemble(Scan(files), running)
    assert where(catalog.jobs) == {"rent": ("d/z.yaml", "version 1")}
    assert len(catalog.problems) == 2


def test_an_unreadable_directory_defends_the_names_that_run_from_it() -> None:
    running = runs([job("rent", "e/z.yaml")])
    scan = Scan({"d/a.yaml": good("d/a.yaml", "rent")}, unreadable=frozenset({"e"}))
    assert where(assemble(scan, running).jobs) == {"rent": ("e/z.yaml", "version 1")}


def test_a_job_may_move_to_another_file() -> None:
    running = runs([job("rent", "d/z.yaml"), job("tea", "d/z.yaml")])
    files = {"d/a.yaml": good("d/a.yaml", "rent"), "d/z.yaml": good("d/z.yaml", "tea")}
    catalog = assemble(Scan(files), running)
    assert not catalog.problems
    assert where(catalog.jobs)["rent"] == ("d/a.yaml", "version 1")


def test_a_file_may_be_renamed() -> None:
    catalog = assemble(Scan({"d/new.yaml": good("d/new.yaml", "rent")}), runs([job("rent", "d/old.yaml")]))
    assert not catalog.problems
    assert where(catalog.jobs) == {"rent": ("d/new.yaml", "version 1")}


def test_two_files_may_swap_their_jobs() -> None:
    running = runs([job("x", "d/a.yaml"), job("y", "d/b.yaml")])
    files = {"d/a.yaml": good("d/a.yaml", "y"), "d/b.yaml": good("d/b.yaml", "x")}
    catalog = assemble(Scan(files), running)
    assert not catalog.problems
    assert where(catalog.jobs) == {"x": ("d/b.yaml", "version 1"), "y": ("d/a.yaml", "version 1")}


def test_a_fall_back_takes_its_old_names_back_from_whoever_took_them_over() -> None:
    running = runs([job("x", "d/a.yaml"), job("y", "d/c.yaml")])
    # a.yaml gives x to b.yaml and claims y, which is c.yaml's.
    files = {
        "d/a.yaml": good("d/a.yaml", "y"),
        "d/b.yaml": good("d/b.yaml", "x", version=2),
        "d/c.yaml": good("d/c.yaml", "y"),
    }
    catalog = assemble(Scan(files), running)
    assert where(catalog.jobs) == {"x": ("d/a.yaml", "version 1"), "y": ("d/c.yaml", "version 1")}
    assert [problem.file for problem in catalog.problems] == ["d/a.yaml", "d/b.yaml"]


def test_a_file_is_not_refused_for_a_name_that_nobody_else_ends_up_with() -> None:
    # k.yaml comes before f.yaml, but loses its own case through j.yaml, whose former name it took.
    running = runs([job("m", "d/j.yaml"), job("o", "d/i.yaml")])
    files = {
        "d/e-k.yaml": good("d/e-k.yaml", "n", "m"),
        "d/f.yaml": good("d/f.yaml", "n"),
        "d/i.yaml": good("d/i.yaml", "o", "p"),
        "d/h.yaml": good("d/h.yaml", "p", "z"),
        "d/j.yaml": good("d/j.yaml", "p"),
    }
    catalog = assemble(Scan(files), running)
    assert where(catalog.jobs)["n"] == ("d/f.yaml", "version 1")


def test_all_problems_are_sorted() -> None:
    place = Problem("d/c.yaml", 0, 0, "", "is a directory, not a file")
    catalog = assemble(Scan({"d/z.yaml": broken("d/z.yaml"), "d/a.yaml": broken("d/a.yaml")}, (place,)), {})
    assert [problem.file for problem in catalog.problems] == ["d/a.yaml", "d/c.yaml", "d/z.yaml"]


FILES = [f"{folder}/{letter}.yaml" for folder in "de" for letter in "abc"]
NAMES = "uvwxyz"
CONTENTS = st.one_of(
    st.none(),
    st.just("broken"),
    st.sets(st.sampled_from(NAMES), max_size=4),
)
WORLDS = st.fixed_dictionaries(dict.fromkeys(FILES, CONTENTS))
RUNNING = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([*FILES, "elsewhere/a.yaml"]))
UNREADABLE = st.sets(st.sampled_from([*FILES, "d", "e"]), max_size=2)


def make_scan(world: Mapping[str, object], unreadable: Collection[str]) -> Scan:
    files = {}
    for file, content in world.items():
        if content is None or file in unreadable or file[0] in unreadable:
            continue
        files[file] = good(file, *sorted(content), version=2) if isinstance(content, set) else broken(file)
    return Scan(files, unreadable=frozenset(unreadable))


def named(jobs: Iterable[Job], file: str) -> dict[str, Job]:
    return {each.name: each for each in jobs if each.source.file == file}


def make_running(owners: Mapping[str, str]) -> dict[str, Job]:
    return runs(job(name, file) for name, file in owners.items())


@given(WORLDS, RUNNING, UNREADABLE)
def test_whatever_the_files_say_the_catalog_is_consistent(
    world: dict[str, object], owners: dict[str, str], unreadable: set[str]
) -> None:
    scan, running = make_scan(world, unreadable), make_running(owners)
    catalog = assemble(scan, running)
    assert all(name == each.name for name, each in catalog.jobs.items())
    for file in {each.source.file for each in catalog.jobs.values()} | scan.files.keys():
        present = named(catalog.jobs.values(), file)
        former = named(running.values(), file)
        readable = file in scan.files and not scan.files[file].problems
        fresh = named(scan.files[file].jobs, file) if readable else None
        assert present in (fresh, former)  # a file counts as a whole
        if fresh is None:
            assert present == former
        elif present != fresh:
            assert any(problem.file == file for problem in catalog.problems)


@given(WORLDS, RUNNING, UNREADABLE)
def test_a_good_file_that_shares_no_name_is_always_in(
    world: dict[str, object], owners: dict[str, str], unreadable: set[str]
) -> None:
    scan, running = make_scan(world, unreadable), make_running(owners)
    catalog = assemble(scan, running)
    for file, parsed in scan.files.items():
        others = {each.name for path, other in scan.files.items() if path != file for each in other.jobs}
        others |= {name for name, owner in owners.items() if owner != file}
        if not parsed.problems and others.isdisjoint(each.name for each in parsed.jobs):
            assert all(catalog.jobs[each.name] is each for each in parsed.jobs)


@given(WORLDS, RUNNING, UNREADABLE)
def test_assembling_twice_changes_nothing(
    world: dict[str, object], owners: dict[str, str], unreadable: set[str]
) -> None:
    scan = make_scan(world, unreadable)
    once = assemble(scan, make_running(owners))
    assert assemble(scan, once.jobs) == once


@given(WORLDS, RUNNING, st.sampled_from(FILES))
def test_breaking_a_file_takes_nothing_from_anybody(
    world: dict[str, object], owners: dict[str, str], victim: str
) -> None:
    scan = make_scan(world, ())
    before = assemble(scan, make_running(owners))
    after = assemble(Scan({**scan.files, victim: BROKEN}), before.jobs)
    assert named(after.jobs.values(), victim) == named(before.jobs.values(), victim)
    for file, parsed in scan.files.items():
        jobs = named(before.jobs.values(), file)
        if jobs == named(parsed.jobs, file):
            assert named(after.jobs.values(), file) == jobs
    if not any("already declared" in problem.message for problem in before.problems):
        assert after.jobs == before.jobs


def test_ten_thousand_jobs_are_assembled_quickly() -> None:
    files = {f"d/{number:05}.yaml": good(f"d/{number:05}.yaml", f"job {number}") for number in range(10_000)}
    scan = Scan(files)
    running = dict(assemble(scan, {}).jobs)
    began = time.process_time()
    catalog = assemble(scan, running)
    assert len(catalog.jobs) == 10_000
    assert time.process_time() - began < 1.0  # it takes about 0.03; this catches what grows with the square


def test_a_long_chain_of_handed_on_names_is_undone_quickly() -> None:
    count = 3_000
    running = runs(job(f"job {number}", f"d/{number:05}.yaml") for number in range(count))
    # Each file took over its predecessor's name, but the first one took a name that is defended.
    files = {f"d/{n:05}.yaml": good(f"d/{n:05}.yaml", f"job {n - 1}") for n in range(1, count)}
    files["d/00000.yaml"] = good("d/00000.yaml", "defended")
    files["e/a.yaml"] = broken("e/a.yaml")
    catalog = assemble(Scan(files), running | runs([job("defended", "e/a.yaml")]))
    assert len(catalog.problems) == count + 1
    assert where(catalog.jobs)["job 7"] == ("d/00007.yaml", "version 1")
