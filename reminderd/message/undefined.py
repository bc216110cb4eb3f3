"""Names in a template that are not there, in whatever branch."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from reminderd.message.assembly import Assembly
from reminderd.message.errors import RenderError
from reminderd.message.methods import DATE_ATTRIBUTES, METHODS
from reminderd.message.names import KNOWN, Reference, absent, close
from reminderd.message.render import job_view, recipient_view
from reminderd.model import Job

Known = Mapping[str, object]


class Members:
    """The members that job, recipient and vars have in the texts of a job."""

    def __init__(self, job: Job) -> None:
        self._job = job

    @cached_property
    def of(self) -> Mapping[str, Known]:
        return {"vars": self._job.vars, "job": job_view(self._job), "recipient": self._recipient()}

    def _recipient(self) -> Known:
        """What any recipient has: what only some lack may well stand in a branch for the others."""
        shapes: dict[object, Known] = {}
        for recipient in self._job.recipients:
            given = (recipient.name is None, recipient.key is None, recipient.timezone is None)
            shape = (given, recipient.language is None, tuple(recipient.variables))
            if shape not in shapes:
                shapes[shape] = recipient_view(recipient)
        return {name: True for view in shapes.values() for name in view}


def faults(assembly: Assembly, members: Members) -> Iterator[RenderError]:
    """What does not hold in a template, each once, at its first place."""
    first_places: dict[tuple[str, str | None], Reference] = {}
    for reference in assembly.references():
        first_places.setdefault((reference.root, reference.attribute), reference)
    for reference in first_places.values():
        if fault := _fault(reference, members.of):
            yield RenderError(*fault, reference.line, reference.template)


def _fault(reference: Reference, members: Mapping[str, Known]) -> tuple[str, str] | None:
    """The message and the hint about a reference that does not hold."""
    root, name = reference.root, reference.attribute
    if name is None:
        owner = next((owner for owner in ("vars", "recipient") if root in members[owner]), None)
        meant = f"did you mean {owner}.{root}?" if owner else close(root, KNOWN)
        return f"{root} is not defined", meant or "there are job, recipient, due_at and vars"
    if root == "due_at":
        return _fault_of_due_at(name)
    return None if name in members[root] else (f"{root}.{name} is not defined", absent(root, name, members[root]))


def _fault_of_due_at(name: str) -> tuple[str, str] | None:
    if name in METHODS:
        return f"due_at.{name} is not called", f"write due_at.{name}()"
    if name not in DATE_ATTRIBUTES:
        return f"due_at.{name} is not defined", close(name, DATE_ATTRIBUTES | METHODS, "due_at.")
    return None
