"""What the shapes of requests and answers have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"

# A time as all answers have it; the lexical order of two is their order.
Moment = Annotated[str, Field(pattern=MOMENT, examples=["2026-11-22T08:00:00.000Z"])]
# The number of a delivery, a hold, an action; as large as the state can keep it.
Number = Annotated[int, Field(ge=1, lt=2**63, examples=[42])]
# Words of people's on one line. What is not printable is refused by its reader.
Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Request(BaseModel):
    """What is sent: nothing is turned into what it is not, and nothing is passed over in silence."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Answer(BaseModel):
    """What is answered: made of documents that may know more than is promised here."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Trouble(Answer):
    """One thing that is wrong in what was sent or written."""

    pointer: str | None = Field(None, description="Where in the body, as RFC 6901 has it.", examples=["/until"])
    parameter: str | None = Field(None, description="Or which parameter of the address.", examples=["limit"])
    detail: str = Field(description="What is wrong.", examples=["Input should be a valid string"])
    hint: str | None = Field(None, description="What to write instead.")
    line: int | None = Field(None, description="Within the text at the pointer, from 1.", examples=[2])
    column: int | None = Field(None, description="Likewise.", examples=[14])


class Problem(Answer):
    """Why a request was not answered as it was meant (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(description="The status in words.", examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(description="What, and what to do next.", examples=["delivery 42 is accepted; …"])
    scope: str | None = Field(None, description="The scope that the token lacks, with 403.")
    errors: list[Trouble] | None = Field(None, description="Each thing that is wrong, with 422.")
