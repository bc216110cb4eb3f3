"""The truth about what a text costs: which character takes it out of the GSM alphabet, and how many segments that is."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from reminderd.message.assembly import Assembly
from reminderd.message.encoding import GSM_7, measure, not_in_gsm
from reminderd.message.punctuation import plain
from reminderd.message.wordings import Wording
from reminderd.model import Job, Text

_FEW = 20  # a text in which more than one of so many characters is not of the GSM alphabet is in another script
_COMMENT = re.compile(r"\{#.*?(?:#\}|$)", re.DOTALL)
_LINE_END = re.compile(r"\r\n?|\n")


class Note(NamedTuple):
    """Of the text of the recipient at the index `whose`. line, column: from 0, in the source of the text or of `template`.

    is_personal: the character is not in the source; it came with a value.
    """

    whose: int
    message: str
    hint: str
    line: int
    column: int
    template: str | None
    is_personal: bool


def ucs2_note(job: Job, of: Wording, assembly: Assembly | None, texts: Mapping[int, Text]) -> Note | None:
    """The note about the text that loses most by a few characters, None if none does."""
    worst = max(_losses(texts), key=lambda loss: loss.segments - loss.instead, default=None)
    if worst is None:
        return None
    place = next(_places(job, of, assembly, worst.characters[0]), None)
    line, column, template = place or (0, 0, None)
    return Note(worst.whose, _message(worst, texts), _hint(job, worst, texts), line, column, template, place is None)


class _Loss(NamedTuple):
    """characters: those outside the GSM alphabet, as they come. instead: the segments without them."""

    whose: int
    characters: tuple[str, ...]
    segments: int
    instead: int


def _losses(texts: Mapping[int, Text]) -> Iterator[_Loss]:
    for index, (text, encoding, segments) in texts.items():
        if encoding == GSM_7 or segments == 1:
            continue
        characters = tuple(not_in_gsm(text))
        if not _are_few(characters, text):
            continue
        instead = measure(_without(text, characters)).segments
        if instead < segments:
            yield _Loss(index, characters, segments, instead)


def _are_few(characters: tuple[str, ...], text: str) -> bool:
    """Whether the text is in the GSM alphabet but for these; marks and emoji are of no script."""
    letters = sum(unicodedata.category(character)[0] in "LM" for character in characters)
    return letters * _FEW <= len(text)


def _without(text: str, characters: Iterable[str]) -> str:
    """The text with its typographic characters replaced, and one septet for each other character."""
    return plain(text).translate({ord(character): "?" for character in characters})


def _message(loss: _Loss, texts: Mapping[int, Text]) -> str:
    before = texts[loss.whose].text.partition(loss.characters[0])[0]
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    others = len(loss.characters) - 1
    also = f" and {others} other{'s' * (others > 1)}" if others else ""
    verb = "make" if others else "makes"
    return f"the {_shown(loss.characters[0])} at {place}{also} {verb} this {loss.segments} segments instead of {loss.instead}"


def _shown(character: str) -> str:
    if unicodedata.category(character)[0] in "LNPS":
        return character
    return f"U+{ord(character):04X} ({unicodedata.name(character, 'a control character').lower()})"


def _hint(job: Job, loss: _Loss, texts: Mapping[int, Text]) -> str:
    them = "them" if len(loss.characters) > 1 else "it"
    if not job.smart_punctuation and measure(plain(texts[loss.whose].text)).encoding == GSM_7:
        return f"smart_punctuation: true replaces {them}"
    return f"leave {them} out, or write {them} in the GSM alphabet"


def _places(job: Job, of: Wording, assembly: Assembly | None, character: str) -> Iterator[tuple[int, int, str | None]]:
    """Where the character stands in the sources of a text."""
    sources = [(of.template, of.source)]
    sources += [(name, job.templates[name]) for name in (assembly.parts if assembly is not None else ())]
    for template, source in sources:
        # What is in a comment is blanked out, place for place.
        written = _COMMENT.sub(lambda found: re.sub(r"[^\r\n]", " ", found[0]), source)
        before, found, _ = written.partition(character)
        if found:
            lines = _LINE_END.split(before)
            yield len(lines) - 1, len(lines[-1]), template
