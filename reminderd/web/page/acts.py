"""What may be done from a page: which commands, what they ask for, and how a form becomes one. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reminderd.web.page import words

Form = Mapping[str, str]
Request = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """What a command asks for. kind: text, tel, checkbox or hidden. value: what stands there at first."""

    name: str
    label: str
    required: bool = False
    hint: str = ""
    kind: str = "text"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that may be done now.

    path: where its form goes. command: the same at a terminal, in which capital words stand for what is to be said.
    button: what it does, in a word or two. says: what comes of it. grave: it cannot be taken back.
    """

    path: str
    button: str
    says: str
    command: str
    fields: tuple[Field, ...] = ()
    grave: bool = False


_APPROVE = "reminderd approve "
WHY = Field("why", "Why", required=True, hint="for those who see it later")
_MAYBE_WHY = Field("why", "Why", hint="may be left out")
_UNTIL = Field(
    "until", "Until", hint="a time like 2026-11-22T09:00 or how long, like 2h; empty: until somebody ends it"
)


def of_delivery(story: Mapping[str, Any]) -> list[Act]:
    """What may be done about a delivery in its state, by its story."""
    number, path = story["id"], f"/deliveries/{story['id']}"
    match story["state"]:
        case "pending":
            ends = [each["end_with"] for each in story["kept_back"]]
            holds = [end.removeprefix(_APPROVE) for end in ends if end.startswith(_APPROVE)]
            first = _release(number, path) if f"reminderd release {number}" in ends else _hold(number, path)
            return [*(approve(int(each)) for each in holds), *([] if holds else [first]), _cancel(number, path)]
        case "in_doubt":
            return [_sent(number, path), _not_sent(number, path)]
        case "failed" | "missed" if story["text"] and story["recipient"]["phone"] and not story["drill"]:
            return [_retry(number, path)]
        case _:
            return []


def approve(hold: int) -> Act:
    """Let go what a hold keeps back."""
    says = "All that this hold keeps back goes on, as far as it is still valid."
    return Act(f"/holds/{hold}/approve", f"Approve hold {hold}", says, f"{_APPROVE}{hold}", (_MAYBE_WHY,))


def resume_all() -> Act:
    """End the pause of every job."""
    says = "What comes is sent again; pauses of single jobs stay."
    return Act("/pauses/resume", "Resume all jobs", says, "reminderd resume --all", (_MAYBE_WHY,))


def resume(name: str) -> Act:
    """End the pause of one job."""
    return Act(f"/jobs/{name}/resume", "Resume", "What comes is sent again.", f"reminderd resume {name}", (_MAYBE_WHY,))


def _hold(number: int, path: str) -> Act:
    says = "It waits until it is released, or until then; its validity goes on counting."
    return Act(f"{path}/hold", "Hold", says, f"reminderd hold {number} --why TEXT", (WHY, _UNTIL))


def _release(number: int, path: str) -> Act:
    return Act(
        f"{path}/release", "Release", "It goes out, if it is still valid.", f"reminderd release {number}", (_MAYBE_WHY,)
    )


def _cancel(number: int, path: str) -> Act:
    return Act(
        f"{path}/cancel", "Cancel", "It is given up for good.", f"reminderd cancel {number}", (_MAYBE_WHY,), grave=True
    )


def _retry(number: int, path: str) -> Act:
    field = Field("valid_for", "Valid for", hint="from now on, like 2h; empty: as its job says")
    return Act(
        f"{path}/retry",
        "Send after all",
        "It is sent as soon as may be.",
        f"reminderd retry {number}",
        (field, _MAYBE_WHY),
    )


def _sent(number: int, path: str) -> Act:
    uuid = Field("uuid", "message_uuid", hint="Plivo's name for it, where it is known")
    force = Field("force", "Also where Plivo's log speaks against it", kind="checkbox")
    says = "They have it: it counts as accepted."
    return Act(
        f"{path}/sent", "It was sent", says, f"reminderd resolve {number} --sent", (uuid, force, _MAYBE_WHY), grave=True
    )


def _not_sent(number: int, path: str) -> Act:
    force = Field("force", "Also where Plivo's log speaks against it, or cannot be read", kind="checkbox")
    says = "They do not have it: it is sent again, if it is still valid. Plivo's log is looked at first."
    command = f"reminderd resolve {number} --not-sent"
    return Act(f"{path}/not-sent", "It was not sent", says, command, (force, _MAYBE_WHY), grave=True)


def of_job(
    name: str, *, paused: bool, upcoming: str | None, runs: bool, skipped: Sequence[tuple[str, str]] = ()
) -> list[Act]:
    """What may be done about a job. upcoming: the next occurrence that would be sent, as it can be typed. skipped: the
    nominal times of those that are to be skipped, each with the same time as it can be typed."""
    path = f"/jobs/{name}"
    found = [resume(name) if paused else _pause(name, path)]
    if upcoming is not None:
        at = Field("at", "Which", required=True, hint="its time, in UTC or with an offset", value=upcoming)
        says = "That occurrence is not sent; the others are."
        command = f"reminderd skip {name} {upcoming} --why TEXT"
        found.append(Act(f"{path}/skip", "Skip an occurrence", says, command, (at, WHY)))
    found += [_unskip(name, path, nominal, typed) for nominal, typed in skipped]
    if runs:
        found.append(_test(name, path))
    return found


def _pause(name: str, path: str) -> Act:
    says = "Nothing of it is sent until it is resumed, or until then."
    return Act(f"{path}/pause", "Pause", says, f"reminderd pause {name} --why TEXT", (WHY, _UNTIL))


def _unskip(name: str, path: str, nominal: str, typed: str) -> Act:
    says = "It is sent after all."
    at = Field("at", "Which", kind="hidden", value=typed)
    return Act(
        f"{path}/resume", f"Do not skip {words.nominal(nominal)}", says, f"reminderd resume {name} --at {typed}", (at,)
    )


def _test(name: str, path: str) -> Act:
    to = Field("phone", "To", required=True, hint="a number like +14155550123", kind="tel")
    as_ = Field("as", "As", hint="phone, key or name of a recipient; empty: the first")
    says = "Its text goes out at once, marked as a test, and costs what a message costs."
    return Act(f"{path}/test-send", "Send a test", says, f"reminderd test-send {name} --to PHONE", (to, as_))


def request_for_delivery(number: int, word: str, form: Form) -> Request | None:
    """The command that a form asks for; None where there is no such thing to do."""
    why = form.get("why")
    match word:
        case "cancel" | "release":
            return {"command": word, "ids": [number], "why": why}
        case "hold":
            return {"command": word, "ids": [number], "why": why, "until": form.get("until")}
        case "retry":
            return {"command": word, "ids": [number], "valid_for": form.get("valid_for"), "why": why}
        case "sent" | "not-sent":
            sent, uuid = word == "sent", form.get("uuid") if word == "sent" else None
            force = bool(form.get("force"))
            return {"command": "resolve", "id": number, "sent": sent, "uuid": uuid, "force": force, "why": why}
        case _:
            return None


def request_for_job(name: str, word: str, form: Form) -> Request | None:
    """Likewise."""
    match word:
        case "pause":
            return {"command": word, "job": name, "why": form.get("why"), "until": form.get("until")}
        case "resume":
            return {"command": word, "job": name, "at": form.get("at"), "why": form.get("why")}
        case "skip":
            return {"command": word, "job": name, "at": form.get("at"), "why": form.get("why")}
        case "test-send":
            return {"command": word, "job": name, "phone": form.get("phone"), "as": form.get("as")}
        case _:
            return None


# What is said when it is done; by a word in the address, so that nobody can have the page say something else.
DONE = {
    "hold": "It is on hold.",
    "release": "It is released.",
    "cancel": "It is cancelled.",
    "retry": "It is sent as soon as may be.",
    "sent": "It counts as sent.",
    "not-sent": "It counts as not sent.",
    "pause": "The job is paused.",
    "resume": "It is sent again.",
    "skip": "That occurrence is not sent.",
    "test-send": "The test is on its way.",
    "approve": "The hold is approved.",
    "resume-all": "Jobs are no longer paused.",
}
