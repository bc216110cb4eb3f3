"""Templates that lie in files of their own: which ones a job's texts come from, with all that they include."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from reminderd.document import Fault, Loc, read_text
from reminderd.document.scalars import clean, show
from reminderd.jobs.gather import Finding, Within
from reminderd.jobs.library import Uses, hint_at
from reminderd.jobs.spec import JobSpec
from reminderd.message import RenderError, includes
from reminderd.model import Problem, UsedFile

_MOST = 100  # templates of one job


class Texts(NamedTuple):
    """The templates of a job by their names: what they say, and the files they lie in."""

    sources: Mapping[str, str] = {}
    files: Mapping[str, UsedFile] = {}


class _Asked(NamedTuple):
    """Who asks for a template: the value at loc, or within it, or a line of another template."""

    loc: Loc
    line: int | None = None
    template: str | None = None


def read_texts(spec: JobSpec, uses: Uses) -> tuple[Texts, list[Finding]]:
    """The templates that the texts of a job need, and what is wrong with that. With findings some are not there."""
    collecting = _Collecting(uses)
    if spec.template is not None:
        collecting.fetch(spec.template, _Asked(("template",)))
    inline: list[tuple[Loc, str | None]] = [(("message",), spec.message)]
    inline += [(("messages", language), text) for language, text in spec.messages.items()]
    for loc, text in inline:
        collecting.included_by(text or "", loc, None)
    return Texts(collecting.sources, collecting.files), collecting.findings


def template_problems(name: str, uses: Uses) -> Iterator[Problem]:
    """What is wrong with a template and those that it includes, whatever job they are for: not with the names in them."""
    collecting = _Collecting(uses)
    collecting.fetch(name, _Asked(("template",)))
    for finding in collecting.findings:
        assert isinstance(finding, Problem)
        yield finding
    for each, source in collecting.sources.items():
        try:
            includes(source)
        except RenderError as error:
            path = collecting.files[each].path
            yield Problem(path, error.line or 1, error.column or 1, "", clean(error.message), clean(error.hint))


class _Collecting:
    def __init__(self, uses: Uses) -> None:
        self._uses = uses
        self._tried: set[str] = set()
        self.sources: dict[str, str] = {}
        self.files: dict[str, UsedFile] = {}
        self.findings: list[Finding] = []

    def included_by(self, source: str, loc: Loc, template: str | None) -> None:
        """Fetch what this text includes. What is wrong with the text itself is said by those who check it."""
        try:
            wanted: Iterable[tuple[str, int]] = includes(source) if "{%" in source else ()
        except RenderError:
            return
        for name, line in wanted:
            self.fetch(name, _Asked(loc, line, template))

    def fetch(self, name: str, asked: _Asked) -> None:
        """Read a template, unless that was done or tried before, and all that it includes."""
        if name in self._tried or len(self._tried) >= _MOST:
            return
        self._tried.add(name)
        if wrong := _wrong_name(name):
            self._report(asked, *wrong)
            return
        found = self._uses.template(name)
        if found.wrong:
            folder = self._uses.library.places.templates
            missing = found.wrong == "does not exist"
            hint = hint_at(name, self._uses.templates(), "templates", folder) if missing else ""
            self._report(asked, f"the template {found.path} {found.wrong}", hint)
            return
        text, problem = read_text(found.content, found.path, "templates")
        if problem is not None:
            self.findings.append(problem)
            return
        self.sources[name], self.files[name] = text.text, found.used
        self.included_by(text.text, asked.loc, name)

    def _report(self, asked: _Asked, message: str, hint: str) -> None:
        if asked.template is not None:
            path = self.files[asked.template].path
            self.findings.append(Problem(path, asked.line or 1, 1, "", message, hint))
        elif asked.line is not None:
            self.findings.append(Within(Fault(asked.loc, message, hint), asked.line - 1, 0))
        else:
            self.findings.append(Fault(asked.loc, message, hint))


def is_template(name: str) -> bool:
    """Whether a template can have this name: its path below the directory of templates."""
    path = PurePosixPath(name)
    return (
        not path.is_absolute() and ".." not in path.parts and str(path) == name and name.isprintable() and name != "."
    )


def _wrong_name(name: str) -> tuple[str, str] | None:
    if not is_template(name):
        return f"{show(name)} cannot be the name of a template", "write its path within the directory of templates"
    return None
