"""What a review shows of a job's people: those of private lists are counted, and not named."""

from typing import NamedTuple

from reminderd.model import Job, Recipient

_DIGITS = 12


class ListShown(NamedTuple):
    """A list from which a job takes people. digest: the beginning of what `sha256sum` says of the file."""

    path: str
    people: int
    digest: str
    private: bool

    def __str__(self) -> str:
        return f"{self.people:,} {'person' if self.people == 1 else 'people'} of {self.path} ({self.digest})"


class PeopleShown(NamedTuple):
    """people: who may be named. lists: all lists of the job; those of private ones are not among the people."""

    people: tuple[Recipient, ...]
    lists: tuple[ListShown, ...]

    @property
    def private(self) -> tuple[ListShown, ...]:
        return tuple(each for each in self.lists if each.private)


def people_shown(job: Job) -> PeopleShown:
    """Who gets the messages of `job`, as it may be printed."""
    lists = tuple(ListShown(each.path, each.people, each.digest[:_DIGITS], each.private) for each in job.lists)
    return PeopleShown(tuple(each for each in job.recipients if not each.private), lists)
