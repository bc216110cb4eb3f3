"""One job file: from bytes to jobs, or to every problem in it, each at its place."""

from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any

from reminderd.document import MAX_PROBLEMS, Document, Fault, load
from reminderd.document.scalars import Wrong, kind, nearest, show
from reminderd.document.yamltree import Child, Node, mapping
from reminderd.jobs.check import read_job
from reminderd.jobs.library import Library, Uses, beside
from reminderd.jobs.notes import notes_of
from reminderd.jobs.spec import KEYS, job_name
from reminderd.message import Effort
from reminderd.model import Defaults, Job, ParsedFile, Problem, Review

MAX_SPREAD = 4 * 1024 * 1024  # what `defaults` may come to in all jobs of a file together, by weight

_NO_NAME = "a-name"
_OF_FILE = ("jobs", "defaults")


def parse_file(
    file: str,
    data: bytes,
    defaults: Defaults,
    uses: Uses | None = None,
    *,
    name: str | None = None,
    review: Review | None = None,
) -> ParsedFile:
    """All jobs of a file, or all its problems. Never raises.

    file: how problems and sources name it. name: of a job that has no `name:`, by default the file's stem.
    uses: where the lists and templates are read that it names; by default from the disk, beside the file's directory.
    review: what most warnings need to know; without it there are few.
    """
    reading = _Reading(file, defaults, uses or Uses.of(Library(beside(Path(file))), file), review)
    try:
        reading.read(data, PurePath(file).stem if name is None else name)
    except Exception as error:  # noqa: BLE001 (a file that trips one of five libraries must not stop all the others)
        message = f"reminderd failed to read it: {type(error).__name__}"
        reading.problems.append(Problem(file, 0, 0, "", message, "please report this file"))
    if reading.problems:
        return ParsedFile((), _in_order(file, reading.problems), _in_order(file, reading.warnings, "warnings"))
    return ParsedFile(tuple(reading.jobs), (), _in_order(file, reading.warnings, "warnings"))


def _in_order(file: str, problems: Iterable[Problem], what: str = "problems") -> tuple[Problem, ...]:
    ordered = sorted(set(problems), key=lambda problem: (problem.file != file, problem.line, problem.column, problem))
    if len(ordered) <= MAX_PROBLEMS:
        return tuple(ordered)
    rest = Problem(file, 0, 0, "", f"has more {what} than the {MAX_PROBLEMS} that are shown")
    return (*ordered[:MAX_PROBLEMS], rest)


class _Reading:
    def __init__(self, file: str, defaults: Defaults, uses: Uses, review: Review | None) -> None:
        self.file = file
        self.defaults = defaults
        self.uses = uses
        self.review = review
        self.jobs: list[Job] = []
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._named: dict[str, int] = {}
        self._effort = Effort(everybody=review is not None and review.everybody)

    def read(self, data: bytes, name: str) -> None:
        document, self.problems = load(data, self.file)
        if document is None:
            return
        if not isinstance(document.value, dict):
            hint = "put a list of jobs under jobs:" if isinstance(document.value, list) else "write key: value lines"
            self._report(document, Fault((), f"must be a mapping, not {kind(document.value)}", hint))
        elif "jobs" in document.value:
            self._many(document)
        elif (misspelt := _misspelt_jobs(document.value)) is not None:
            fault = Fault((misspelt,), f"unknown key {show(misspelt)}", "did you mean 'jobs'?", about_key=True)
            self._report(document, fault)
        else:
            self._one(document, name)

    def _report(self, scope: Document, fault: Fault) -> None:
        self.problems.append(scope.problem(fault))

    def _one(self, document: Document, name: str) -> None:
        raw = document.value
        if "name" not in raw:
            raw = {"name": self._name_of_file(document, name), **raw}
        self._job(document, raw)

    def _name_of_file(self, document: Document, name: str) -> str:
        try:
            return job_name(name)
        except Wrong as error:
            message = f"is missing, and the file's own name {show(name)} cannot be the name of a job"
            self._report(document, Fault(("name",), message, error.hint, missing=True))
            return _NO_NAME

    def _many(self, document: Document) -> None:
        self._check_keys(document)
        jobs, shared = document.root.children["jobs"].node, self._shared(document)
        if jobs.style != "[":
            fault = Fault(("jobs",), f"must be a list of jobs, not {kind(jobs.value)}", "begin each with - name:")
            self._report(document, fault)
        elif sum(child.node.weight for child in shared.values()) * len(jobs.children) > MAX_SPREAD:
            self._report(document, Fault(("defaults",), "are too long for so many jobs", "split the file"))
        else:
            for _, job in jobs.children.values():
                if len(self.problems) > MAX_PROBLEMS:
                    return
                self._listed(document.under(job), shared)

    def _check_keys(self, document: Document) -> None:
        for key in document.value:
            if key not in _OF_FILE:
                hint = "put it under defaults:" if key in KEYS[()] else "beside jobs: there is only defaults:"
                if key == _defaults_key(document.value):
                    hint = "did you mean 'defaults'?"
                self._report(document, Fault((key,), f"unknown key {show(key)}", hint, about_key=True))

    def _shared(self, document: Document) -> dict[str | int, Child]:
        """What `defaults:` gives to each job, by whatever name it is written."""
        key = _defaults_key(document.value)
        if key is None:
            return {}
        node = document.root.children[key].node
        if node.style != "{":
            self._report(document, Fault((key,), f"must be a mapping, not {kind(node.value)}"))
            return {}
        if "name" in node.value:
            fault = Fault((key, "name"), "is not for all jobs", "give each job its own", about_key=True)
            self._report(document, fault)
        return {key: child for key, child in node.children.items() if key != "name"}

    def _listed(self, scope: Document, shared: dict[str | int, Child]) -> None:
        if scope.root.style != "{":
            fault = Fault((), f"must be a mapping, not {kind(scope.value)}", "begin each job with - name:")
            self._report(scope, fault)
            return
        merged = scope.under(_with_defaults(scope.root, shared))
        self._job(merged, merged.value)

    def _job(self, scope: Document, raw: dict[str, Any]) -> None:
        read = read_job(scope, raw, self.defaults, self._effort, self.uses)
        self.problems += read.problems
        if self.review is not None:
            self.warnings += read.warnings
        if read.job is not None:
            self.jobs.append(read.job)
            if self.review is not None:
                self.warnings += notes_of(scope, read.job, self.review)
        if isinstance(raw.get("name"), str):
            self._once(scope, raw["name"])

    def _once(self, scope: Document, name: str) -> None:
        line, _ = scope.place(("name",))
        if name in self._named:
            message = f"a job named {show(name)} is already in this file, on line {self._named[name]}"
            self._report(scope, Fault(("name",), message, "give each job its own name"))
        self._named.setdefault(name, line)


def _misspelt_jobs(value: dict[str, Any]) -> str | None:
    """The key that a list of jobs stands under, if it looks like `jobs`."""
    return next(
        (key for key in value if nearest(key, (*KEYS[()], *_OF_FILE)) == "jobs" and _is_of_mappings(value[key])), None
    )


def _is_of_mappings(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _defaults_key(value: dict[str, Any]) -> str | None:
    """The key of what is for all jobs: `defaults`, or one that looks like it."""
    near = (key for key in value if nearest(key, (*KEYS[()], *_OF_FILE)) == "defaults")
    return "defaults" if "defaults" in value else next((key for key in near if isinstance(value[key], dict)), None)


def _with_defaults(job: Node, shared: dict[str | int, Child]) -> Node:
    """A job's own keys over the shared ones; of `vars`, each variable for itself."""
    children = {**shared, **job.children}
    own, common = job.children.get("vars"), shared.get("vars")
    if own and common and own.node.style == common.node.style == "{":
        variables = mapping(own.node.path, own.node.index, {**common.node.children, **own.node.children})
        children["vars"] = Child(own.key_index, variables)
    return mapping(job.path, job.index, children)
