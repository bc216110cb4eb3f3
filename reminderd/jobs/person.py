"""How the people of a job are written: each by themselves, or as a list that lies in another file."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, ValidationInfo, WrapValidator

from reminderd.document import MAX_PROBLEMS, scalars
from reminderd.document.scalars import Wrong, show
from reminderd.jobs.fields import Line, Spec
from reminderd.message import parse_phone
from reminderd.recurrence import parse_zone

E164 = re.compile(r"\+[1-9][0-9]{1,14}")

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_MEANT_BY = {
    "phone": "phone",
    "telephone": "phone",
    "mobile": "phone",
    "number": "phone",
    "group": "group",
    "file": "file",
}
_NAME_OF_A_LIST = re.compile(r"[A-Za-z][A-Za-z0-9._/-]{1,99}")
_OF_EFFECT = ("timezone", "language")
_WORDS = re.compile(r"[^\W\d_][^\d{}\[\]:,\"'\n]{0,39}")  # a name, perhaps, and certainly no number
_GROUP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


@dataclass(slots=True)
class Reading:
    """How a job is read. accepted: it was found good once, and is not judged again by rules that move with time.

    wrong: how many of its recipients are wrong; when these are more than anybody is told of, no others are looked at.
    """

    accepted: bool = False
    wrong: int = 0


def _accepted(info: ValidationInfo) -> bool:
    return isinstance(info.context, Reading) and info.context.accepted


def read_zone(value: object) -> str:
    """The name of a time zone."""
    return parse_zone(scalars.notation(value))


def read_language(value: object) -> str:
    """The code of a language."""
    word = scalars.notation(value)
    if not _LANGUAGE.fullmatch(word):
        raise Wrong(f"{show(word)} is not a language", "write a code such as de or pt-BR")
    return word


def _phone(value: object, info: ValidationInfo) -> str:
    text = scalars.notation(value)
    return text if _accepted(info) and E164.fullmatch(text) else parse_phone(text)


def misspelt(name: str, given: Collection[str]) -> str | None:
    """The key that a variable of this name more likely is, and which would go unnoticed. given: the names beside it."""
    word = name[:20].lower()
    if name in RecipientSpec.model_fields or word[-1:].isdigit():  # a second phone is one
        return None
    for key in RecipientSpec.model_fields:
        honest = word in (key, f"{key}s") and key not in _OF_EFFECT  # a header of a spreadsheet, who has the keys
        if key not in given and word[:1] == key[0] and not honest and _is_near(word, key):
            return key
    return None


def _is_near(word: str, key: str) -> bool:
    return bool(get_close_matches(word, [key], cutoff=0.85))


Zone = Annotated[str, BeforeValidator(read_zone)]
Language = Annotated[str, BeforeValidator(read_language)]


class RecipientSpec(Spec):
    """One person; every key that is not one of these is a variable of the message."""

    model_config = ConfigDict(extra="allow", frozen=True)

    phone: Annotated[str, BeforeValidator(_phone)]
    name: Line | None = None
    key: Line | None = None
    timezone: Zone | None = None
    language: Language | None = None

    @property
    def variables(self) -> Mapping[str, object]:
        """The variables as YAML means them."""
        return {key: scalars.core(value) for key, value in (self.model_extra or {}).items()}


def is_group(name: str) -> bool:
    """Whether a group can have this name."""
    return _GROUP.fullmatch(name) is not None


def _group(value: object) -> str:
    name = scalars.line(value)
    if not is_group(name):
        hint = "write the name of a file in recipients.d, without its ending"
        raise Wrong(f"{show(name)} cannot be the name of a group", hint)
    return name


def _file(value: object) -> str:
    path = scalars.line(value)
    if not path.lower().endswith((".csv", ".yaml", ".yml")):
        raise Wrong(f"{show(path)} is neither a CSV nor a YAML file", "name one that ends in .csv, .yaml or .yml")
    return path


class ListSpec(Spec):
    """A list of people: one of `group` and `file`, and perhaps who of it is meant."""

    group: Annotated[str, BeforeValidator(_group)] | None = None
    file: Annotated[str, BeforeValidator(_file)] | None = None
    where: Annotated[str, BeforeValidator(scalars.text)] | None = None

    @property
    def key(self) -> str:
        """The key that names the list."""
        return "file" if self.group is None else "group"

    @property
    def private(self) -> bool:
        """Whether the list lies outside of the repository; then its people are counted and not shown."""
        return self.file is not None and self.file.startswith("/")


class KeptListSpec(ListSpec):
    """A list as the definition of a job has it. path, digest: which file it was, and what was in it."""

    path: str
    digest: str


LIST_KEYS = tuple(ListSpec.model_fields)
_ANYBODY = RecipientSpec(phone="+14155550100")


def _guarded(value: object, read: Callable[[object, ValidationInfo], object], info: ValidationInfo) -> object:
    """Read one item, unless there are more problems already than anybody is told of."""
    reading = info.context if isinstance(info.context, Reading) else Reading()
    if reading.wrong > MAX_PROBLEMS:
        return _ANYBODY
    try:
        return read(value, info)
    except ValueError:
        reading.wrong += 1
        raise


def _person(value: object, _: object, info: ValidationInfo) -> object:
    return _guarded(value, _recipient, info)


def _item(value: object, _: object, info: ValidationInfo) -> object:
    return _guarded(value, _person_or_list, info)


def _person_or_list(value: object, info: ValidationInfo) -> RecipientSpec | ListSpec:
    if isinstance(value, dict):
        if "phone" not in value and ("group" in value or "file" in value):
            return _list(value, info)
        if "phone" in value and not _accepted(info):
            _check_no_list(value)
    elif isinstance(value, str) and not _accepted(info) and _NAME_OF_A_LIST.fullmatch(value):
        key = "file" if "." in value else "group"
        person = f"{_forms(value)}; " if _WORDS.fullmatch(value) else ""
        hint = f"{person}if it is a list of people, write {{{key}: {value}}}"
        raise Wrong(f"{show(value)} is not a phone number", hint)
    return _recipient(value, info)


def _check_no_list(person: Mapping[str, object]) -> None:
    """Refuse the keys of a list beside a phone: they would be variables, and nobody of the list written to."""
    for key in LIST_KEYS:
        if key in person:
            hint = (
                "rename the variable, or write where beside a group or file"
                if key == "where"
                else f"give the {key} an item of its own"
            )
            raise Wrong(f"{key} does not go with phone", hint, (key,))


def _check_who(item: Mapping[str, object]) -> None:
    """Refuse a key that was perhaps meant to say who it is: any other is a variable, and the phone just missing."""
    for key in item:
        if key not in RecipientSpec.model_fields and (
            found := get_close_matches(key[:20].lower(), _MEANT_BY, n=1, cutoff=0.75)
        ):
            meant = _MEANT_BY[found[0]]
            raise Wrong(f"there is no phone, and {show(key)} is unknown", f"did you mean {meant!r}?", (key,))


def _forms(name: str) -> str:
    """How a person of this name is written."""
    return f"write +14155550123, or {{name: {name}, phone: +14155550123}}"


def _recipient(value: object, info: ValidationInfo) -> RecipientSpec:
    return RecipientSpec.model_validate(_as_mapping(value, info), context=info.context)


def _list(value: object, info: ValidationInfo) -> ListSpec:
    assert isinstance(value, dict)
    if "group" in value and "file" in value:
        raise Wrong("group and file exclude each other", "write an item for each", ("file",))
    return (KeptListSpec if _accepted(info) else ListSpec).model_validate(value, context=info.context)


def _as_mapping(value: object, info: ValidationInfo) -> object:
    """A recipient that is only a number is written as text."""
    if not isinstance(value, dict):
        text = scalars.text(value)
        if _WORDS.fullmatch(text) and not _accepted(info):
            raise Wrong(f"{show(text)} is not a phone number", _forms(text))
        return {"phone": text}
    if not _accepted(info):
        if "phone" not in value:
            _check_who(value)
        for name in value:
            if meant := misspelt(name, value):
                raise Wrong(f"the variable {show(name)} looks like {meant}", f"write {meant}, or another name", (name,))
    return value


Person = Annotated[RecipientSpec, WrapValidator(_person)]
# What it is shows in its keys, so that what is wrong is said of that, and not of all alternatives.
Item = Annotated[RecipientSpec | ListSpec, WrapValidator(_item)]
