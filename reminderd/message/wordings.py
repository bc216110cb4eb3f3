"""Which of a job's texts is whose: by language, else the fallback."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from reminderd.message.errors import RenderError
from reminderd.model import Job, Recipient


class Wording(NamedTuple):
    """One text of a job as it is written.

    place: its keys in the job, ("messages", "de"). template: the name of the file that it is, if it is one.
    """

    source: str
    place: tuple[str | int, ...]
    template: str | None = None


def wording(job: Job, recipient: Recipient) -> Wording:
    """The text of `job` that `recipient` gets; raises RenderError when there is none for their language.

    That of their language, `de-AT` if there is one, else `de`; else that of `fallback`; else `message` or `template`.
    """
    language = _language(job.messages, recipient.language) if job.messages and recipient.language else None
    if language is None and job.fallback in job.messages:
        language = job.fallback
    if language is not None:
        return Wording(job.messages[language], ("messages", language))
    if own := _own(job):
        return own
    theirs = f"language {recipient.language[:40]!r}" if recipient.language else "no language"
    raise RenderError(f"has {theirs}, and there is no text for it", f"give fallback: {next(iter(job.messages))}")


def wordings(job: Job) -> Iterator[Wording]:
    """All texts of `job`."""
    if own := _own(job):
        yield own
    for language, source in job.messages.items():
        yield Wording(source, ("messages", language))


def _own(job: Job) -> Wording | None:
    if job.template is not None:
        return Wording(job.message, ("template",), job.template)
    return Wording(job.message, ("message",)) if job.message or not job.messages else None


def _language(messages: Mapping[str, str], wanted: str) -> str | None:
    """The language of `messages` that fits best, subtag by subtag as RFC 4647 looks it up."""
    if wanted in messages:
        return wanted
    by_tag = {_tag(language): language for language in messages}
    tag = _tag(wanted)
    while tag:
        if tag in by_tag:
            return by_tag[tag]
        tag = tag.rpartition("-")[0]
    return None


def _tag(language: str) -> str:
    return language.lower().replace("_", "-")
