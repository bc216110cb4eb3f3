"""What may be asked for with scope `act`, and what it answers."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from reminderd.web.api.parameters import printable
from reminderd.web.api.shapes import Answer, Moment, Request

_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_DURATION = r"^([1-9][0-9]{0,5}[wdhms])+$"

Words = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(printable)]
Why = Annotated[Words, Field(description="For those who see it later.", examples=["the flat is sold"])]
MaybeWhy = Annotated[Words | None, Field(description="For those who see it later.", examples=["asked for by phone"])]
Until = Annotated[
    Words | None,
    Field(
        description="When it ends by itself: for so long (`2h`), or at a time (`2026-11-22T09:00`).", examples=["2h"]
    ),
]


class Act(Request):
    """What needs no more than a reason, and can do without."""

    why: MaybeWhy = None


class Retry(Act):
    """Send a failed or missed delivery after all."""

    valid_for: Annotated[str, Field(pattern=_DURATION, max_length=50, examples=["2h"])] | None = Field(
        None, description="How long from now it is worth sending; as the job says, where it is left out."
    )


class Keep(Request):
    """Keep a pending delivery back."""

    why: Why
    until: Until = None


class Resolve(Act):
    """Settle a delivery that is in doubt, by your word."""

    sent: bool = Field(description="Whether it was sent. Where it was not, it is sent while it is valid.")
    uuid: Annotated[str, Field(pattern=_UUID)] | None = Field(None, description="Its message_uuid, where it was sent.")
    force: bool = Field(False, description="Also where Plivo's log speaks against it, or cannot be read.")


class Pause(Keep):
    """Send nothing of a job, or of any."""


class Resume(Act):
    """End a pause, or have a skipped occurrence sent."""

    at: Words | None = Field(None, description="Of the skipped occurrence.", examples=["2026-12-01T09:00"])


class Skip(Request):
    """Do not send one coming occurrence."""

    at: Words = Field(description="In the job's zone, or with an offset.", examples=["2026-12-01T09:00"])
    why: Why


class TestSend(Request):
    """Send the job's text to a phone of yours."""

    __test__ = False  # pytest

    to: Words = Field(description="Who gets it.", examples=["+14155550123"])
    like: Words | None = Field(
        None, alias="as", description="As which recipient gets it: phone, key or name; the first, where it is left out."
    )


class NewOptOut(Act):
    """Send nothing more to a phone."""

    phone: Words = Field(examples=["+14155550123"])
    sender: Words | None = Field(None, description="From this sender only.")


# -- what they answer --------------------------------------------------------------------------------------


class Before(Answer):
    """What a pause said before."""

    who: str
    why: str
    until: Moment | None


class Paused(Answer):
    """paused: the job; null for every job."""

    paused: str | None
    declared: bool = Field(description="Whether the files declare the job now.")
    until: Moment | None
    before: Before | None


class Resumed(Answer):
    """What goes on."""

    resumed: str | None = Field(description="The job; null for every job.")
    nominal: str | None = Field(None, description="Of the occurrence that is not skipped any more.")
    all_paused: bool = Field(False, description="Whether every job is paused still.")
    still_paused: list[str] = Field([], description="The jobs that are paused by themselves still.")


class Skipped(Answer):
    """What is not sent."""

    skipped: str
    nominal: str
    due_at: dict[str, Moment] = Field(description="By zone.")
    planned: list[int] = Field(description="Deliveries of it that are planned already, in some zones.")


class Approved(Answer):
    """The hold that is closed."""

    approved: int
    kind: str
    reason: str
    released: int = Field(description="How many deliveries may go out now.")


class Tested(Answer):
    """The test that was planned; its delivery's story says what comes of it."""

    delivery: int
    text: str


class OptedOut(Answer):
    """The opt-out."""

    phone: str
    sender: str
    new: bool
    cancelled: list[int] = Field(description="Deliveries that were pending.")


class OptedIn(Answer):
    """The opt-out that is over."""

    phone: str
    sender: str
    source: str
    still: list[str] = Field(description="Senders of which they have opted out still; empty text: of any.")


class Reloaded(Answer):
    """What runs now."""

    jobs: int
    problems: list[str]
    holds: list[int]
