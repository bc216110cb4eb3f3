"""`test-send`: a job's text to a phone of the operator's choice, through the gateway that the daemon really uses."""

from collections.abc import Callable
from datetime import datetime, timedelta

from reminderd.commands.known import check_known
from reminderd.commands.opting import ways_back
from reminderd.commands.requests import Answer, Request, phone_of, word
from reminderd.message import PhoneError, RenderError, measure, parse_phone, render
from reminderd.model import Job, Recipient, Text, bare, mask
from reminderd.recurrence import next_after
from reminderd.store import Drill, Refusal, Store
from reminderd.telemetry import Event, emit

MARK = "[TEST] "
_VALID_FOR = timedelta(minutes=10)


def send(
    store: Store, running: Callable[[str], Job | None] | None, request: Request, who: str, now: datetime
) -> Answer:
    """Owe the text as one of the job's recipients would get it, marked as a test. Returns its delivery's id."""
    if running is None:
        raise Refusal("no daemon runs, and a test goes through the running one: start it first (`reminderd run`)")
    name = word(request.get("job"), "name of a job")
    if name is None:
        raise Refusal("name the job whose text is to be tested")
    phone = phone_of(request.get("phone"), "--to")
    job = running(name)
    if job is None:
        check_known(store, name)
        raise Refusal(
            f"job {name!r} does not run now; `reminderd status` shows problems of files, `reminderd list` the jobs"
        )
    if job.sender is None:
        raise Refusal(f"job {name!r} has no sender: give `plivo.sender` in the settings, or `sender` in the job")
    if store.opt_outs.covers(phone, job.sender):
        there = [each for each in store.opt_outs.of(phone) if bare(each["sender"]) in ("", bare(job.sender))]
        raise Refusal(f"{phone} has opted out; if they want messages again: {ways_back(phone, there)}")
    recipient = _recipient(job, word(request.get("as"), "phone or key of a recipient"))
    drill = Drill(name, job.source, job.timezone, phone, job.sender, _text(job, recipient, now), _VALID_FOR)
    with store.together():
        delivery = store.drills.add(drill, who, now)
        if delivery is None:
            raise Refusal(
                "the same test was asked for in this moment: it is on its way; for another one wait five seconds"
            )
        store.operations.record(who, "test-send", name, {"delivery": delivery, "as": recipient.identity}, now)
    emit(Event.DRILL_PLANNED, job=name, delivery=delivery, to=mask(phone), by=who)
    return {"delivery": delivery, "text": drill.text.text, "as": recipient.name or recipient.key}


def _recipient(job: Job, wanted: str | None) -> Recipient:
    """The recipient whose text it is: the first, or the one with this phone, key or name."""
    if not job.recipients:
        raise Refusal(f"job {job.name!r} has no recipients, so there is no text")
    if wanted is None:
        return job.recipients[0]
    try:
        phone = parse_phone(wanted)
    except PhoneError:
        phone = ""
    for each in job.recipients:
        if wanted in (each.key, each.identity, each.name) or phone == each.phone:
            return each
    raise Refusal(
        f"job {job.name!r} has no recipient with the phone, key or name {wanted!r}; leave out --as for the first"
    )


def _text(job: Job, recipient: Recipient, now: datetime) -> Text:
    """The text of the next occurrence, or as if one were due now, with the mark."""
    coming = next_after(job.schedule, job.schedule_zone_of(recipient), now)
    try:
        text = MARK + render(job, recipient, coming.due_at if coming else now).text
    except RenderError as error:
        raise Refusal(f"the text cannot be rendered: {error}") from None
    measured = measure(text)
    if measured.units > measured.limit:
        raise Refusal(
            f"with {MARK.strip()} the text takes {measured.units} units; at most {measured.limit} can be sent"
        )
    return Text(text, measured.encoding, measured.segments)
