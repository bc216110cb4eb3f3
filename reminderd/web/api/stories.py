"""What is answered of deliveries: in lists, and one delivery's whole story."""

from pydantic import Field

from reminderd.model import State
from reminderd.web.api.answers import OptOut
from reminderd.web.api.shapes import Answer, Moment

_RECEIPT = Field(
    description="What Plivo reports of it: a word, and more where it has more to say.", examples=["delivered"]
)
_ERASED = Field(description="What is no longer kept: `text`, its text and name; `forgotten`, all about its recipient.")

_PARTS = Field(description="The segments that Plivo charges for.")
_CHARGED = Field(description="Millionths of a US dollar, for all of them.", examples=[7700])


class Person(Answer):
    """Who gets a message."""

    name: str | None
    phone: str | None = Field(examples=["+14155550123"])


class Delivery(Answer):
    """The duty to send one message for one occurrence to one recipient."""

    id: int
    job: str = Field(examples=["rent"])
    due_at: Moment
    timezone: str = Field(examples=["Europe/Berlin"])
    recipient: Person
    text: str | None
    state: State
    reason: str = Field(description="Why it is in this state.")
    attempts: int = Field(description="How many requests were made.")
    message_uuid: str | None = Field(description="Plivo's name for the message.")
    receipt: str | None = _RECEIPT
    receipt_code: int | None
    receipt_at: Moment | None
    parts: int | None = _PARTS
    charged: int | None = _CHARGED
    drill: bool = Field(description="A test, which belongs to no occurrence.")
    hold: int | None = Field(description="The hold that keeps it back.")
    not_before: Moment
    updated_at: Moment
    erased: str | None = _ERASED


class Deliveries(Answer):
    """A page of deliveries, newest due time first."""

    items: list[Delivery]
    next: str | None = Field(
        description="The cursor of the next page; null at the end. A page may be short, or empty, and go on."
    )
    looked_until: Moment | None = Field(
        description="Where not all was looked at: the time due down to which it was. What is older is on the next pages."
    )


class KeptBack(Answer):
    """What keeps a pending delivery from being sent now."""

    by: str
    why: str
    until: Moment | None
    end_with: str


class Attempt(Answer):
    """One request to Plivo."""

    number: int
    claimed_at: Moment
    lease_until: Moment
    begun_at: Moment | None = Field(description="Null: no byte of it was written.")
    finished_at: Moment | None
    outcome: str | None = Field(
        description="`accepted`, `refused`, `not_sent`, `not_begun`, `in_doubt`; null: under way."
    )
    status: int | None = Field(description="Of Plivo's answer.")
    evidence: str | None
    message_uuid: str | None
    uuid_from: str | None = Field(description="`answer`, `callback`, `log`, `operator`.")
    receipt: str | None
    receipt_code: int | None
    receipt_at: Moment | None
    callbacks: int = Field(description="How often Plivo reported by itself.")
    parts: int | None = _PARTS
    charged: int | None = _CHARGED
    mcc: str | None
    mnc: str | None
    queued_at: str | None = Field(description="By Plivo's clock.")
    sent_at: str | None = Field(description="By Plivo's clock.")


class Lookup(Answer):
    """A look into Plivo's log that did not settle it."""

    at: Moment
    finding: str
    attempt: int | None


class Reply(Answer):
    """What somebody wrote."""

    received_at: Moment
    text: str | None = Field(description="Null: no longer kept.")
    media: int = Field(description="How many pictures and such came with it.")
    intent: str = Field(description="`stop`, `start`, `help` or `other`.", examples=["stop"])
    result: str = Field(description="What came of it.")


class Inbound(Reply):
    """A text that somebody wrote to one of our numbers."""

    id: int
    message_uuid: str
    written_at: Moment | None = Field(description="By Plivo's clock.")
    phone: str
    sender: str = Field(description="Our number.")


class InboundTexts(Answer):
    """A page of what people wrote, the newest first."""

    items: list[Inbound]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


class HoldOnIt(Answer):
    """A hold that keeps it back, or did."""

    id: int
    kind: str
    reason: str
    opened_at: Moment
    opened_by: str
    closed_at: Moment | None
    closed_by: str | None
    approved: bool


class Move(Answer):
    """A change of its state."""

    at: Moment
    from_state: str = Field(description="Empty: it was planned.")
    to_state: State
    reason: str
    who: str
    why: str | None = Field(description="What an operator said for it.")
    evidence: str | None
    attempt: int | None


class Story(Answer):
    """Everything that is known of one delivery, as `reminderd why --json` has it."""

    id: int
    job: str
    file: str
    line: int
    nominal: str
    timezone: str
    due_at: Moment
    recipient: Person
    sender: str | None
    text: str | None
    erased: str | None = _ERASED
    encoding: str | None
    segments: int | None
    state: State
    reason: str
    not_before: Moment
    valid_until: Moment
    withdrawn: str | None = Field(description="Why its job does not want it any more.")
    drill: bool
    kept_back: list[KeptBack]
    opted_out: list[OptOut]
    message_uuid: str | None
    receipt: str | None = _RECEIPT
    receipt_code: int | None
    receipt_at: Moment | None
    proven_by: int | None = Field(description="The attempt whose message it is, where that was proven later.")
    parts: int | None = _PARTS
    charged: int | None = _CHARGED
    next_question_at: Moment | None = Field(description="When Plivo is asked for its report.")
    next_look_at: Moment | None = Field(description="When Plivo's log is looked into.")
    skipped: int = Field(description="So many occurrences this row stands for that were not sent.")
    attempts: list[Attempt]
    lookups: list[Lookup]
    answers: list[Reply] = Field(description="What its recipient wrote to its sender after it was planned.")
    holds: list[HoldOnIt]
    moves: list[Move]
