"""Unit files as text: what a [Service] section comes to, and where it is weaker than the shipped one. Pure."""

import re
from collections.abc import Mapping, Set
from typing import NamedTuple

Section = Mapping[str, list[str]]

# What an operator may set otherwise without taking a protection away.
_FREE = {
    "ExecStart",
    "ExecReload",
    "Environment",
    "EnvironmentFile",
    "LoadCredential",
    "LoadCredentialEncrypted",
    "RestartSec",
    "TimeoutStartSec",
    "TimeoutStopSec",
    "TimeoutAbortSec",
    "WatchdogSec",
    "MemoryMax",
    "MemoryHigh",
    "TasksMax",
    "CPUQuota",
    "LimitNOFILE",
    "Nice",
    "User",
    "Group",
    "StateDirectory",
    "ConfigurationDirectory",
    "ConfigurationDirectoryMode",
}
# Lists in which each further word allows more, and those in which each further word takes away.
_ALLOWING = {"RestrictAddressFamilies", "CapabilityBoundingSet", "AmbientCapabilities", "ReadWritePaths", "ExecPaths"}
_ALLOWING |= {"IPAddressAllow", "DeviceAllow", "BindPaths", "SupplementaryGroups", "SystemCallArchitectures"}
_FORBIDDING = {"InaccessiblePaths", "ReadOnlyPaths", "NoExecPaths", "IPAddressDeny"}
_MORE = _ALLOWING - {"IPAddressAllow"}  # that weaken also where the shipped unit says nothing of them
_LISTS = _ALLOWING | _FORBIDDING | {"SystemCallFilter", "Environment", "LoadCredential", "EnvironmentFile"}
_YES, _NO = {"yes", "true", "on", "1"}, {"no", "false", "off", "0", ""}
# In the order of their strength.
_LADDERS: Mapping[str, tuple[set[str], ...]] = {
    "ProtectSystem": (_NO, _YES, {"full"}, {"strict"}),
    "ProtectHome": (_NO, {"read-only"}, {"tmpfs"}, _YES),
    "ProtectProc": ({"default", ""}, {"noaccess"}, {"invisible"}, {"ptraceable"}),
    "DevicePolicy": ({"auto", ""}, {"closed"}, {"strict"}),
}
_CONTINUED = re.compile(r"\\\n\s*")


class Difference(NamedTuple):
    """One line that is weaker. seen: in words. shipped: the shipped line."""

    seen: str
    shipped: str


def read_unit(text: str) -> Section:
    """The values of each key of [Service], in order; an empty value has taken those before it away. Drop-ins follow the
    unit, as `systemctl cat` prints them."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in (each.strip() for each in _CONTINUED.sub(" ", text).splitlines()):
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            section = line
        elif section == "[Service]":
            key, _, value = (part.strip() for part in line.partition("="))
            found[key] = [*(found.get(key, []) if value else []), value]
    return found


def differences(shipped: str, installed: str, wanted: Set[str] = frozenset()) -> list[Difference]:
    """Where the installed unit takes less away than the shipped one. What only adds limits is no difference.

    wanted: directories that the daemon is meant to write beside those of the shipped unit.
    """
    ours, theirs = read_unit(shipped), read_unit(installed)
    if "ReadWritePaths" in theirs:
        theirs = {
            **theirs,
            "ReadWritePaths": sorted(_words(theirs["ReadWritePaths"]) - {*wanted, *(f"-{each}" for each in wanted)}),
        }
    found = [each for key in ours if key not in _FREE if (each := _compare(key, ours[key], theirs.get(key)))]
    more = sorted(key for key in _MORE & theirs.keys() - ours.keys() if any(theirs[key]))
    given = (f"{key}={' '.join(theirs[key]).strip()} gives more than was shipped" for key in more)
    if theirs.get("WatchdogSec", ["0"])[-1] in ("0", "", "infinity"):
        found.append(Difference("no watchdog: a loop that hangs is not seen", f"WatchdogSec={ours['WatchdogSec'][-1]}"))
    return found + [Difference(seen, f"no {key}=") for key, seen in zip(more, given, strict=True)]


def _compare(key: str, shipped: list[str], installed: list[str] | None) -> Difference | None:
    line = f"{key}={shipped[-1]}"
    if key == "SystemCallFilter":
        return _filter(shipped, installed or [])
    if installed is None:
        return Difference(f"{key}= is missing", line)
    if key in _ALLOWING:
        more = _words(installed) - _words(shipped)
        lifted = key in ("RestrictAddressFamilies", "SystemCallArchitectures") and not _words(installed)
        if more or lifted:
            return Difference(
                f"{key} also allows {' '.join(sorted(more)) or 'everything'}", f"{key}={' '.join(shipped)}"
            )
        return None
    if key in _FORBIDDING:
        less = _words(shipped) - _words(installed)
        return Difference(f"{key} lacks {' '.join(sorted(less))}", f"{key}={' '.join(shipped)}") if less else None
    if _rank(key, installed[-1]) >= _rank(key, shipped[-1]) >= 0 or _same(installed[-1], shipped[-1]):
        return None
    return Difference(f"{key}={installed[-1]}", line)


def _filter(shipped: list[str], installed: list[str]) -> Difference | None:
    """Lists of what is allowed, and after a ~ of what is not; a further one that forbids is no harm."""
    ours, theirs = _sides(shipped), _sides(installed)
    if not theirs[0]:
        return Difference("SystemCallFilter= allows everything", f"SystemCallFilter={shipped[0]}")
    if more := theirs[0] - ours[0]:
        return Difference(f"SystemCallFilter also allows {' '.join(sorted(more))}", f"SystemCallFilter={shipped[0]}")
    if less := ours[1] - theirs[1]:
        return Difference(
            f"SystemCallFilter lacks ~{' '.join(sorted(less))}", f"SystemCallFilter=~{' '.join(sorted(ours[1]))}"
        )
    return None


def _sides(values: list[str]) -> tuple[set[str], set[str]]:
    allowed = _words([each for each in values if not each.startswith("~")])
    forbidden = _words([each[1:] for each in values if each.startswith("~")])
    return allowed, forbidden


def _words(values: list[str]) -> set[str]:
    return {word for value in values for word in value.split()}


def _rank(key: str, value: str) -> int:
    """How strong a value is; below 0 where that is not known."""
    ladder = _LADDERS.get(key, (_NO, _YES))
    return next((rank for rank, step in enumerate(ladder) if value.lower() in step), -1)


def _same(one: str, other: str) -> bool:
    return one.split() == other.split()
