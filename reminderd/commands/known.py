"""The jobs that a state knows, by the names that people type."""

import difflib

from reminderd.jobs import Archive, identities, restore
from reminderd.model import Defaults, Job, Source
from reminderd.store import Refusal, Store, Unknown


def check_known(store: Store, name: str) -> bool:
    """Whether the job is declared now; raises Refusal for one that never was, with the name that may be meant."""
    known = store.jobs.known()
    if name in known:
        return known[name].present
    close = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]!r}?" if close else "`reminderd list` shows them"
    raise Unknown(f"there was never a job {name!r}; {hint}")


def restored(store: Store, name: str) -> Job | None:
    """A job from its last good version in the state; None where it cannot be made any more."""
    known = store.jobs.known().get(name)
    if known is None:
        return None
    try:
        # Its zone is known here, also where only the settings say it; where each recipient has one, the job says so.
        defaults = Defaults(timezone="UTC" if known.zone == "recipient" else known.zone)
        return restore(known.definition, Source(known.file, known.line), defaults, Archive(store.jobs.files()))
    except ValueError:
        return None


def belongs(store: Store, runs: Job | None, job: str, recipient: str) -> bool:
    """Whether the recipient is in the job as it runs, or ran last, also by a list that the job names."""
    if runs is not None:
        return any(person.identity == recipient for person in runs.recipients)
    try:
        return recipient in identities(store.jobs.known()[job].definition, Archive(store.jobs.files()))
    except ValueError as error:
        raise Refusal(f"the last good version of job {job!r} cannot be read: {error}; start the daemon") from None
