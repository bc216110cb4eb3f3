"""What somebody asked for by name ends for good: nothing of it comes back with its job."""

from reminderd.store.connection import Connection

ENDED = "its reminder was ended through the API"  # as `withdrawn`


def end_for_good(db: Connection, job: str) -> None:
    """Let nothing that was withdrawn from this job be taken back, as after an operator's `cancel`; inside an open transaction.

    What is under way or in doubt stays withdrawn, so that it is not tried again.
    """
    values = {"job": job, "ended": ENDED}
    db.execute(
        "update deliveries set withdrawn = case when state = 'cancelled' then null else :ended end "
        "where job = :job and withdrawn is not null",
        values,
    )
