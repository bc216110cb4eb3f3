"""One delivery's story, as the page tells it. Pure: from what `why --json` says to what a template shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reminderd.model import State

Story = Mapping[str, Any]

MILLIONTHS = 1_000_000
_FROM = {"callback": "by a callback", "log": "by its log", "operator": "by an operator's word"}
# What happened in the same moment, in the order in which it must have.
_BIRTH, _REPORT, _OTHER, _MOVE = range(4)
_END_OF_SECOND = "999Z"


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the story. mark: the shape beside it. at: as the state has it. place: the moment by which it is put in order."""

    at: str
    mark: str
    title: str
    said: str = ""
    who: str = ""
    rank: int = _OTHER
    place: str = ""


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt. seconds: how long its request took. charged: in US dollars."""

    number: int
    begun_at: str | None
    seconds: float | None
    outcome: str
    status: int | None
    said: str
    message_uuid: str | None
    uuid_from: str
    receipt: str | None
    parts: int | None
    charged: float | None
    network: str
    callbacks: int


def happenings(story: Story) -> list[Happening]:
    """Everything that is known to have happened, the first thing first."""
    found = [
        *_moves(story["moves"]),
        *(Happening(each["at"], "note", "Looked up", _look(each)) for each in story["lookups"]),
        *_holds(story["holds"]),
        *_reports(story["attempts"]),
        *(Happening(each["received_at"], "note", "they wrote", _answer(each)) for each in story["answers"]),
    ]
    return sorted(found, key=lambda each: (each.place or each.at, each.rank))


def _moves(moves: Sequence[Story]) -> Iterator[Happening]:
    for each in moves:
        title = f"{_word(each['from_state'])} → {_word(each['to_state'])}"
        attempt = f" (attempt {each['attempt']})" if each["attempt"] else ""
        why = f": {each['why']}" if each["why"] else ""
        said = f"{each['reason']}{attempt}{why}"
        rank = _MOVE if each["from_state"] else _BIRTH
        # A report is why it leaves this state, and stands before it.
        place = _late(each["at"]) if each["from_state"] == State.ACCEPTED else ""
        yield Happening(each["at"], each["to_state"], title, said, _who(each["who"]), rank, place)


def _late(at: str) -> str:
    return at[: -len(_END_OF_SECOND)] + _END_OF_SECOND


def _word(state: str) -> str:
    return state.replace("_", " ") if state else "planned"


def _who(name: str | None) -> str:
    return "" if name in (None, "daemon") else str(name)


def _look(look: Story) -> str:
    said = look["finding"].removeprefix("in doubt: ")
    return f"{said} (attempt {look['attempt']})" if look["attempt"] else said


def _answer(each: Story) -> str:
    files = f" (and {each['media']} files)" if each["media"] else ""
    text = "what is no longer kept" if each["text"] is None else f"“{each['text']}”"
    return f"{text}{files} → {each['result']}"


def _holds(holds: Sequence[Story]) -> Iterator[Happening]:
    for each in holds:
        yield Happening(each["opened_at"], "hold", f"on hold {each['id']}", each["reason"], _who(each["opened_by"]))
        if each["closed_at"]:
            said = "approved" if each["approved"] else "ended"
            yield Happening(each["closed_at"], "hold", f"off hold {each['id']}", said, _who(each["closed_by"]))


def _reports(attempts: Sequence[Story]) -> Iterator[Happening]:
    for each in attempts:
        number = f"attempt {each['number']}"
        for key, said in (("queued_at", "Plivo took it"), ("sent_at", "Plivo handed it to a carrier")):
            if each[key]:
                yield Happening(each[key], "note", said, number, rank=_REPORT, place=_place(each, each[key]))
        if each["receipt"]:
            said = f"{each['receipt']} ({number})"
            place = _place(each, each["receipt_at"])
            yield Happening(each["receipt_at"], "note", "Plivo reports", said, rank=_REPORT, place=place)


def _place(attempt: Story, at: str) -> str:
    """Plivo's times have whole seconds, of another clock: at the end of theirs, and never before the attempt itself."""
    return max(_late(at) if at.endswith(".000Z") else at, attempt["begun_at"] or "")


def tries(attempts: Sequence[Story], seconds_between: Any) -> list[Try]:
    """seconds_between(one, other): of two times as the state has them."""
    return [_try(each, seconds_between) for each in attempts]


def _try(each: Story, seconds_between: Any) -> Try:
    begun, finished, charged = each["begun_at"], each["finished_at"], each["charged"]
    return Try(
        number=each["number"],
        begun_at=begun,
        seconds=seconds_between(begun, finished) if begun and finished else None,
        outcome=_word(each["outcome"] or "under_way"),
        status=each["status"],
        said=each["evidence"] or "",
        message_uuid=each["message_uuid"],
        uuid_from=_FROM.get(each["uuid_from"] or "", ""),
        receipt=each["receipt"],
        parts=each["parts"],
        charged=None if charged is None else charged / MILLIONTHS,
        network=f"{each['mcc']}-{each['mnc'] or '?'}" if each["mcc"] else "",
        callbacks=each["callbacks"],
    )
