"""A repository of job files for tests: jobs.d, with groups and templates beside it."""

from pathlib import Path

from reminderd.jobs.library import Library, Uses, beside
from reminderd.jobs.parse import parse_file
from reminderd.model import Defaults, Job, ParsedFile, Problem

DEFAULTS = Defaults("UTC", "+14155550100")


class Repository:
    """Files under a directory, by their paths in it. `jobs.d/rent.yaml` is the job file that is meant by default."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs = folder / "jobs.d"
        self.jobs.mkdir(parents=True)

    def write(self, path: str, content: str | bytes) -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return target

    def parse(self, to: str = "+14155550123", rest: str = "message: Hello.", **more: str) -> ParsedFile:
        """Read a job with this `to`; rest: further lines of it."""
        schedule = more.get("schedule", "{cron: 0 9 * * *}")
        path = self.write("jobs.d/rent.yaml", f"schedule: {schedule}\nto: {to}\n{rest}\n")
        return parse_file(str(path), path.read_bytes(), DEFAULTS, Uses.of(Library(beside(self.jobs)), str(path)))

    def job(self, to: str = "+14155550123", rest: str = "message: Hello.", **more: str) -> Job:
        parsed = self.parse(to, rest, **more)
        assert not parsed.problems, [str(problem) for problem in parsed.problems]
        (job,) = parsed.jobs
        return job

    def problems(self, to: str = "+14155550123", rest: str = "message: Hello.", **more: str) -> list[str]:
        """What is wrong, with paths as they are in the repository."""
        parsed = self.parse(to, rest, **more)
        assert not parsed.jobs
        return [self.shown(problem) for problem in parsed.problems]

    def shown(self, problem: Problem) -> str:
        return str(problem).replace(f"{self.folder}/", "")
