"""Whether a number that Plivo's log shows can be a phone of ours: as it is, masked, or rewritten. Pure.

Only a number shown as we wrote it proves anything. What is masked or rewritten is a reason not to believe in absence.
"""

import re

from reminderd.model import MASKED, digits

_SAME_END = 6  # rewriting (Lithuania's 3708… to 370…, Mexico's 52045… to 521…) changes the beginning only
_COUNTRY = 2  # digits that it leaves alone
_MOST_MOVED = 3  # digits that it adds or takes away
_LONGEST = 15  # digits of a phone number; what is longer is none but stands for one
_HIDDEN = re.compile(f"{MASKED}+")


def keys(phone: str) -> list[str]:
    """The words of `phone` in an index of phones that is asked with `words`."""
    ours = digits(phone)
    return [_end(ours), *(ours[:length] for length in range(len(ours)))]


def words(shown: str) -> list[str] | None:
    """The words under which every phone stands that `shown` could be; None where only a comparison with each can tell."""
    return None if MASKED in shown or len(shown) > _LONGEST else [_end(shown), shown]


def _end(number: str) -> str:
    """What two forms of one number have in common, where neither is masked."""
    return f"…{number[-_SAME_END:]}"


def could_be(shown: str, phone: str) -> bool:
    """Whether `shown`, as a row of the log has it, may stand for `phone`; true for the number itself."""
    ours = digits(phone)
    if shown == ours or len(shown) > _LONGEST:
        return True
    if MASKED in shown:
        return _could_be_masked(shown, ours)
    if len(shown) > _SAME_END and _end(shown) == _end(ours):
        return True
    return len(shown) < len(ours) and ours.startswith(shown)  # the hidden digits were cut off


def _could_be_masked(shown: str, ours: str) -> bool:
    """As it is below the mask, or rewritten: of another length then, and still of the same country."""
    if re.fullmatch(_HIDDEN.sub(r"\\d+", shown), ours):
        return True
    return shown[:_COUNTRY] == ours[:_COUNTRY] and 0 < abs(len(shown) - len(ours)) <= _MOST_MOVED
