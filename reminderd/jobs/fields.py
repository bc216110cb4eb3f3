"""What the models of the job language are made of."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from reminderd.document import scalars
from reminderd.document.scalars import Wrong


class Spec(BaseModel):
    """A mapping whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def one_or_more(value: object) -> list[object]:
    """A list of at least one, where a single value needs no brackets."""
    if scalars.is_null(value) or value == []:
        raise Wrong("is empty", "write one value or a list of them")
    return value if isinstance(value, list) else [value]


Line = Annotated[str, BeforeValidator(scalars.line)]
Notation = Annotated[str, BeforeValidator(scalars.notation)]
Span = Annotated[timedelta, BeforeValidator(scalars.span)]
