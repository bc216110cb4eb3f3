"""What `check --as` says before a file lands is what a check of the whole directory says when it has."""

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reminderd.jobs import Landing, Reader, Surroundings, aim, assemble, beside, land
from reminderd.model import Catalog, Defaults, Problem, Review
from tests.support.jobfiles import job_text, write

NAMES = ["a", "b", "x", "y"]
FILES = ["a.yaml", "x.yaml", "y.yml", "y.yaml", "z.yaml"]
REVIEW = Review(datetime(2027, 1, 1, tzinfo=UTC))

BODY = 'schedule: {cron: "0 9 * * *"}\nto: {group: team}\nmessage: "a b x y {{ recipient.floor }}"\n'
NAMED = ["name: {}\n", '"n\\x61me": {}\n', "description: &n {}\nname: *n\n", 'name: "{}\\\n  "\n']


def named(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(NAMED).map(lambda way: way.format(name) + BODY)


def several(names: list[str]) -> str:
    entries = [f"  - name: {name}\n    to: +14155550100\n" for name in names]
    return "defaults: {schedule: {at: 2031-05-04T09:00}, message: Hello}\njobs:\n" + "".join(entries)


SEVERAL = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(several)
CONTENT = st.one_of(
    SEVERAL,
    st.just(BODY),  # by the name of the file
    st.sampled_from(NAMES).flatmap(named),
    SEVERAL,
    SEVERAL.map(lambda text: text + "x: 1\n"),
    st.sampled_from(
        ["", "# nothing\n", "jobs: [a\n", "- a\n", BODY + "timezon: UTC\n", BODY.replace("team", "nobody")]
    ),
)
GROUP = '- {phone: "+14155550100", floor: 2}\n'


def scene(folder: Path, files: Mapping[str, str]) -> Path:
    for name in ("jobs.d", "recipients.d", "templates"):
        (folder / name).mkdir()
    write(folder / "recipients.d" / "team.yaml", GROUP)
    for name, text in files.items():
        write(folder / "jobs.d" / name, text)
    return folder / "jobs.d"


def whole(jobs: Path) -> Catalog:
    """What a check of the whole directory finds."""
    return assemble(Reader([jobs], Defaults()).scan(), {})


def landing(jobs: Path, name: str, text: str) -> Landing:
    places = beside(jobs)
    around = Surroundings([jobs], Defaults(), places, REVIEW)
    return land(aim(name, [jobs], places), text.encode(), around)


def names_in(problem: Problem, path: str) -> bool:
    return f"is already declared in {path}:" in problem.message


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from(FILES), CONTENT, max_size=4), st.sampled_from(FILES), CONTENT)
def test_a_job_file_is_judged_as_in_its_place(files: dict[str, str], name: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        jobs = scene(Path(folder), files)
        before = {problem.file for problem in whole(jobs).problems}
        said = landing(jobs, name, text)
        path = str(write(jobs / name, text))
        (own,) = [parsed for file, parsed in Reader([jobs], Defaults()).scan().files.items() if file == path]
        after = whole(jobs).problems
        if own.problems:
            assert said.problems == tuple(sorted(own.problems))
            return
        mine = [problem for problem in after if problem.file == path]
        theirs = [problem for problem in after if names_in(problem, path) and problem.file not in before]
        assert bool(said.problems) == bool(mine or theirs), (said.problems, after)
        assert all(problem.file == path and "is already declared in" in problem.message for problem in said.problems)
        assert said.jobs.keys() == {job.name for job in own.jobs}


READERS = st.dictionaries(
    st.sampled_from(FILES),
    st.sampled_from(
        [
            BODY,
            BODY.replace("team", '"te\\x61m"'),
            BODY.replace("team", "alias"),
            BODY.replace("group: team", "file: ../recipients.d/team.yaml"),
            BODY.replace("group: team", "group: team, where: floor > 1"),
            BODY.replace("message:", "timezon:"),
            job_text("unconcerned"),
            "jobs: [a\n",
        ]
    ),
    max_size=4,
)
PEOPLE = st.sampled_from(
    [GROUP, GROUP * 2, GROUP.replace(", floor: 2", ""), "- {phone: 12}\n", "", "[]\n", "- {phone: 12, floor: 1}\n" * 3]
)


@settings(deadline=None, max_examples=100)
@given(READERS, PEOPLE, PEOPLE)
def test_a_group_is_judged_by_what_it_brings_to_the_jobs_that_read_it(
    files: dict[str, str], old: str, new: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        jobs = scene(Path(folder), {name: f"name: {name[0]}{len(name)}\n{text}" for name, text in files.items()})
        group = write(jobs.parent / "recipients.d" / "team.yaml", old)
        group.with_name("alias.yaml").symlink_to("team.yaml")
        before = set(whole(jobs).problems)
        said = landing(jobs, "recipients.d/team.yaml", new)
        write(group, new)
        after = set(whole(jobs).problems)
        of_list = {problem for problem in after if Path(problem.file).resolve() == group.resolve()}
        assert of_list <= set(said.problems)
        assert set(said.problems) >= after - before
        assert {problem for problem in said.problems if Path(problem.file).parent == jobs} == {
            problem for problem in after - before if Path(problem.file).parent == jobs
        }


TEMPLATED = 'schedule: {cron: "0 9 * * *"}\nto: +14155550100\nvars: {a: "1"}\n'
USERS = st.dictionaries(
    st.sampled_from(FILES),
    st.sampled_from(
        [
            TEMPLATED + "template: x.j2\n",
            TEMPLATED + 'template: "\\x78.j2"\n',
            TEMPLATED + "template: y.j2\n",
            TEMPLATED + "message: \"Oh {% include 'x.j2' %}\"\n",
            TEMPLATED + "template: x.j2\ntimezon: UTC\n",
            TEMPLATED + "messages: {de: Hallo}\nfallback: de\n",
            "jobs: [a\n",
        ]
    ),
    max_size=4,
)
TEMPLATES = [
    "Hi",
    "{{ vars.a }}",
    "\n{{ vars.b }}",
    "{% if %}",
    '{% include "z.j2" %}',
    '{% include "y.j2" %}',
    "",
    "\x00",
]


@settings(deadline=None, max_examples=100)
@given(USERS, st.sampled_from(TEMPLATES), st.sampled_from(TEMPLATES))
def test_a_template_is_judged_by_what_it_brings_to_the_jobs_that_use_it(
    files: dict[str, str], old: str, new: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        jobs = scene(Path(folder), {name: f"name: {name[0]}{len(name)}\n{text}" for name, text in files.items()})
        write(jobs.parent / "templates" / "y.j2", 'Well, {% include "x.j2" %}')
        template = write(jobs.parent / "templates" / "x.j2", old)
        before = set(whole(jobs).problems)
        said = landing(jobs, "templates/x.j2", new)
        write(template, new)
        after = set(whole(jobs).problems)
        own = {problem for problem in after if problem.file == str(template)}
        used = any("x.j2" in text or "\\x78" in text or "y.j2" in text for text in files.values())
        if used:
            assert set(said.problems) == (after - before) | own
        else:
            assert said.problems == () or new not in ("Hi", "{{ vars.a }}", "\n{{ vars.b }}")
