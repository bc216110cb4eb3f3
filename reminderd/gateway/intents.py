"""What people mean by a text that they write to one of our numbers: STOP, START, HELP and their kin. Pure.

The words are Plivo's, which keeps an opt-out list of its own by them (docs/decisions/0026-inbound-texts.md).
"""

import re
import unicodedata

from reminderd.model import Intent

STOP_WORDS = frozenset({"STOP", "END", "QUIT", "CANCEL", "UNSUBSCRIBE", "UNSUB", "STOP ALL"})
START_WORDS = frozenset({"START", "YES", "RESUME", "UNSTOP", "GO"})
HELP_WORDS = frozenset({"HELP", "INFO"})

# Also the answer to a question: where Plivo says that it took such a word for nothing, it is one.
_ALSO_AN_ANSWER = frozenset({"YES", "GO"})
# As carriers have it, beside Plivo's STOP ALL.
_ALSO_STOP = frozenset({"STOPALL"})

# What Plivo's MessageIntent says.
INTENTS = {"optout": Intent.STOP, "optin": Intent.START, "help": Intent.HELP}

_NO_WORD = re.compile(r"[\W_]+")


def intent_of(text: str, said: str | None) -> Intent:
    """What a text is taken for. said: Plivo's own reading, `MessageIntent`, "" for nothing in particular; None without it.

    What either of the two takes for a stop is one. Case, blanks and signs around the words count for nothing.
    """
    theirs, ours = INTENTS.get((said or "").strip().lower(), Intent.OTHER), _ours(text, said)
    return next((each for each in (Intent.STOP, Intent.START, Intent.HELP) if each in (theirs, ours)), Intent.OTHER)


def as_plivo_reads(text: str) -> Intent:
    """What Plivo itself takes a text for: nothing but one of the words, in any case, with blanks around it."""
    word = text.strip().upper()
    for words, intent in ((STOP_WORDS, Intent.STOP), (START_WORDS, Intent.START), (HELP_WORDS, Intent.HELP)):
        if word in words:
            return intent
    return Intent.OTHER


def _ours(text: str, said: str | None) -> Intent:
    words = _NO_WORD.sub(" ", unicodedata.normalize("NFKC", text)).upper().split()
    whole = " ".join(words)
    # Who is angry writes it twice.
    if words and (whole in STOP_WORDS or all(word in STOP_WORDS | _ALSO_STOP for word in words)):
        return Intent.STOP
    if whole in START_WORDS and not (whole in _ALSO_AN_ANSWER and said is not None):
        return Intent.START
    return Intent.HELP if whole in HELP_WORDS else Intent.OTHER
