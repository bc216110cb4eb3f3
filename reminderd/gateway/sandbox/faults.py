"""Faults: rules that make the sandbox misbehave on chosen requests and callbacks, as networks and services do."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import NamedTuple

from reminderd.gateway.sandbox.connection import Ending, Reply
from reminderd.gateway.sandbox.course import Course
from reminderd.gateway.sandbox.http import Response
from reminderd.gateway.sandbox.mishaps import Mishap

MOST_FAULTS = 100


class Kind(StrEnum):
    """What a rule can be about: the requests of Plivo's API that the sandbox knows, and the callbacks that it makes."""

    SEND = "send"
    LOG = "log"
    DETAILS = "details"
    ACCOUNT = "account"
    NUMBER = "number"
    STATUS = "status"
    INBOUND = "inbound"


CALLBACKS = frozenset({Kind.STATUS, Kind.INBOUND})
REQUESTS = frozenset(Kind) - CALLBACKS
_WITH_TEXT = CALLBACKS | {Kind.SEND}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule can see of a request or a callback.

    phones: as people write them, with the +; of what it sends, asks about or reports. state: the one that it reports.
    """

    kind: Kind
    phones: Sequence[str] = ()
    text: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens instead of the plain answer, or with a callback.

    accept: a message is accepted first. delay: seconds before anything else. answer: sent in place of the API's own.
    silent: there is no answer at all. half, pace, ending: as in `Reply`. course: how what is accepted fares, where it is
    not the usual one. mishap: what goes wrong with a callback.
    """

    accept: bool = True
    delay: float = 0.0
    answer: Response | None = None
    silent: bool = False
    half: bool = False
    pace: float = 0.0
    ending: Ending = Ending.KEEP
    course: Course | None = None
    mishap: Mishap | None = None

    @property
    def only_slow(self) -> bool:
        """Nothing but latency, which goes together with any other fault."""
        return self == Effect(delay=self.delay)

    def reply(self, own: Response | None) -> Reply:
        """The reply, given the API's own answer (None when it was not asked)."""
        response = None if self.silent else self.answer or own
        return Reply(response, self.delay, self.pace, self.half, self.ending)


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule: which requests or callbacks it meets, how many of them, and the effect. `spec` is the rule as people write it."""

    spec: str
    effect: Effect
    on: frozenset[Kind] = frozenset({Kind.SEND})
    phone: re.Pattern[str] | None = None
    text: re.Pattern[str] | None = None
    states: frozenset[str] = frozenset()
    skip: int = 0
    count: int | None = None
    probability: float = 1.0
    seed: int = 0

    def meets(self, subject: Subject) -> bool:
        if subject.kind not in self.on:
            return False
        if self.phone is not None and not any(self.phone.search(phone) for phone in subject.phones):
            return False
        if subject.kind is Kind.STATUS and self.states and subject.state not in self.states:
            return False
        return self.text is None or (subject.kind in _WITH_TEXT and self.text.search(subject.text) is not None)


class Chosen(NamedTuple):
    """What the rules make of one request. `name` says which rules, None if none of them did anything."""

    effect: Effect
    name: str | None


class _Rule:
    """A fault with its counts."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = 0
        self.applied = 0
        self._random = Random(fault.seed)

    def applies(self, subject: Subject) -> bool:
        fault = self.fault
        if not fault.meets(subject):
            return False
        self.seen += 1
        if self.seen <= fault.skip or (fault.count is not None and self.applied >= fault.count):
            return False
        if fault.probability < 1.0 and self._random.random() >= fault.probability:
            return False
        self.applied += 1
        return True

    def listed(self) -> Mapping[str, object]:
        return {"fault": self.fault.spec, "seen": self.seen, "applied": self.applied}


class Faults:
    """The rules in force, in the order in which they were added."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._rules = [_Rule(fault) for fault in faults]

    def add(self, faults: Sequence[Fault]) -> None:
        """Add rules behind the present ones; raises ValueError, and adds none, when they get too many."""
        if len(self._rules) + len(faults) > MOST_FAULTS:
            raise ValueError(f"more than {MOST_FAULTS} faults, clear some first")
        self._rules += [_Rule(fault) for fault in faults]

    def clear(self) -> None:
        self._rules.clear()

    def in_force(self) -> list[Fault]:
        return [rule.fault for rule in self._rules]

    def listed(self) -> list[Mapping[str, object]]:
        """Each rule with the number of requests that it met (`seen`) and changed (`applied`)."""
        return [rule.listed() for rule in self._rules]

    def choose(self, subject: Subject) -> Chosen:
        """The first rule with an effect takes the request; rules behind it do not see it. Latency adds up."""
        delay, names, effect = 0.0, [], Effect()
        for rule in self._rules:
            if not effect.only_slow and not rule.fault.effect.only_slow:
                continue
            if rule.applies(subject):
                names.append(rule.fault.spec)
                delay += rule.fault.effect.delay
                if not rule.fault.effect.only_slow:
                    effect = rule.fault.effect
        if not names:
            return Chosen(effect, None)
        return Chosen(replace(effect, delay=delay), " + ".join(names))
