"""The judge of the torture sees each breach: evidence of a good run, spoiled in one place."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from tests.torture.draw import draw
from tests.torture.files import FileSpec, JobSpec, Person, Slot
from tests.torture.judge import judge, mistaken_by_a_wrong_clock
from tests.torture.record import Due, Ran, Record
from tests.torture.views import Evidence, Row, State

AT = "2026-11-22T08:00:0{}.000Z"
PHONES = ("+447700900001", "+447700900002", "+447700900003")
# What became of three messages: sent; cut off, and sent all the same; cancelled before its turn.
STATES = ("accepted", "in_doubt", "cancelled")
SENT = ({"dst": "447700900001", "ts": AT.format(4)}, {"dst": "447700900002", "ts": AT.format(4)})
CHANGES: dict[str, tuple[str, ...]] = {
    "accepted": ("pending", "sending", "accepted"),
    "in_doubt": ("pending", "sending", "in_doubt"),
    "cancelled": ("pending", "cancelled"),
}


def good() -> Evidence:
    people = tuple(Person(number) for number in (1, 2, 3))
    record = Record(times={1: "2026-11-22T08:00:00Z"})
    record.put("a.yaml", FileSpec((JobSpec("a", people, (Slot(1, 0.0),)), JobSpec("r", (people[0],), every=10))))
    moment = datetime(2026, 11, 22, 8, 0, 1, tzinfo=UTC)
    record.witness(moment, moment)
    deliveries = tuple(_delivery(number, state) for number, state in enumerate(STATES, 1))
    attempts = (_attempt(1, "accepted", "u1"), _attempt(2, "in_doubt", None))
    ledger = tuple(
        {**message, "text": row["text"], "message_uuid": f"u{row['id']}"}
        for message, row in zip(SENT, deliveries, strict=False)
    )
    occurrence = {"id": 1, "job": "a", "nominal": "2026-11-22T08:00:00Z", "planned": 3, "accepted": 1, "skipped": 0}
    actions = ({"id": 1, "action": "cancel", "target": "3"},)
    record.commands.append(Ran(("cancel", "3"), 0, "", "", 0.5))
    state = State(deliveries, attempts, _moves(), ({**occurrence, "due_at": AT.format(0)},), (), actions, ("ok",))
    alert = {"name": "holds", "opened_at": AT.format(1), "told_at": AT.format(2), "over_at": None, "over_told_at": None}
    return Evidence(state, state, ledger, len(ledger), record, "", "", (alert,), ("holds open",))


def _delivery(number: int, state: str) -> Row:
    name = f"p{number:03d}"
    return {
        "id": number,
        "job": "a",
        "nominal": "2026-11-22T08:00:00Z",
        "recipient_name": name,
        "phone": PHONES[number - 1],
        "text": f"a|2026-11-22T08:00:00Z|{name}|r1",
        "state": state,
        "reason": "",
        "attempts": int(state != "cancelled"),
        "message_uuid": "u1" if state == "accepted" else None,
        "valid_until": "2026-11-22T09:00:00.000Z",
    }


def _attempt(delivery: int, outcome: str, uuid: str | None) -> Row:
    return {
        "id": delivery,
        "delivery_id": delivery,
        "phone": PHONES[delivery - 1],
        "number": 1,
        "begun_at": AT.format(3),
        "outcome": outcome,
        "evidence": "",
        "message_uuid": uuid,
        "uuid_from": "answer" if uuid else None,
    }


def _moves() -> tuple[Row, ...]:
    moves: list[Row] = []
    for delivery, state in enumerate(STATES, 1):
        before = ""
        for after in CHANGES[state]:
            moves.append(_move(len(moves) + 1, delivery, before, after))
            before = after
    return tuple(moves)


def _move(number: int, delivery: int, before: str, after: str, reason: str = "", who: str = "daemon") -> Row:
    pair = {"from_state": before, "to_state": after}
    return {"id": number, "delivery_id": delivery, "at": AT.format(5), **pair, "reason": reason, "who": who} | {
        "evidence": None
    }


# -- what can be spoiled ------------------------------------------------------------------------------------


def row(view: str, position: int, **changes: object) -> Callable[[Evidence], Evidence]:
    """One row of a view, changed; also after the last start."""

    def spoil(evidence: Evidence) -> Evidence:
        rows = list(getattr(evidence.state, view))
        rows[position] = {**rows[position], **changes}
        return _with(evidence, **{view: tuple(rows)})

    return spoil


def more(view: str, *rows: Row) -> Callable[[Evidence], Evidence]:
    return lambda evidence: _with(evidence, **{view: (*getattr(evidence.state, view), *rows)})


def message(**changes: object) -> Callable[[Evidence], Evidence]:
    """One more message in the ledger, like the first but for these."""

    def spoil(evidence: Evidence) -> Evidence:
        ledger: tuple[Mapping[str, Any], ...] = (
            *evidence.ledger,
            {**evidence.ledger[0], "message_uuid": "u9", **changes},
        )
        return replace(evidence, ledger=ledger, ledger_again=len(ledger))

    return spoil


def command(*ran: Ran) -> Callable[[Evidence], Evidence]:
    def spoil(evidence: Evidence) -> Evidence:
        evidence.record.commands.extend(ran)
        return evidence

    return spoil


def owed(due: Due) -> Callable[[Evidence], Evidence]:
    def spoil(evidence: Evidence) -> Evidence:
        evidence.record.owed.add(due)
        return evidence

    return spoil


def _with(evidence: Evidence, **views: Any) -> Evidence:
    state = replace(evidence.state, **views)
    return replace(evidence, state=state, again=state)


def _lost_rule(evidence: Evidence) -> Evidence:
    evidence.record.last_witness = datetime(2026, 11, 22, 8, 0, 15, tzinfo=UTC)
    return evidence


def _unlocked(evidence: Evidence) -> Evidence:
    evidence.record.wrong.append("a second daemon was not refused")
    return evidence


def _said(number: int, action: str, target: str) -> Row:
    """Before the first message began, and never taken back."""
    return {"id": number, "at": AT.format(1), "action": action, "target": target, "detail": "{}"}


def _text(second: int, intent: str, result: str) -> Row:
    return {"phone": PHONES[0], "received_at": AT.format(second), "intent": intent, "result": result}


def _quiet(evidence: Evidence) -> Evidence:
    evidence.record.quiet["a"] = "08:00-08:01"
    return evidence


MISSED = _move(20, 3, "pending", "missed", "its validity was over before it could be sent")
TWICE = (_move(20, 1, "accepted", "pending"), _move(21, 1, "pending", "sending"), _move(22, 1, "sending", "accepted"))
SPOILED: dict[str, Callable[[Evidence], Evidence]] = {
    "every_message_has_one_row": message(text="nobody's"),
    "nobody_is_owed_anew": row("deliveries", 1, recipient_name="p001"),
    "nothing_is_accepted_twice": message(),
    "no_second_attempt_without_proof_or_word": lambda good: row("deliveries", 0, attempts=2)(
        more("attempts", {**_attempt(1, "accepted", "u3"), "id": 3, "number": 2})(more("moves", *TWICE)(good))
    ),
    "no_name_is_used_twice": row("attempts", 1, message_uuid="u1"),
    "accepted_is_in_the_ledger": lambda good: replace(good, ledger=good.ledger[1:], ledger_again=1),
    "a_name_is_that_of_the_message": row("attempts", 0, message_uuid="u2"),
    "the_ledger_is_in_the_state": row("deliveries", 1, state="failed"),
    "only_what_began_is_in_doubt": row("attempts", 1, begun_at=None),
    "what_is_owed_has_a_row": owed(Due("a", "2026-11-22T08:00:00Z", "p009")),
    "nobody_owes_what_nobody_wrote": row("deliveries", 2, text="a|2026-11-22T08:00:00Z|p003|r2"),
    "every_occurrence_of_a_rule_is_found": _lost_rule,
    "everything_ended": row("deliveries", 2, state="pending"),
    "nothing_is_held_without_cause": more(
        "holds", {"id": 1, "kind": "restored", "reason": "", "closed_at": AT.format(9)}
    ),
    "nothing_is_missed_too_early": more("moves", MISSED),
    "nothing_begins_in_quiet_hours": _quiet,
    "nobody_is_written_to_after_opting_out": more("actions", _said(2, "opt-out add", PHONES[0])),
    "nobody_is_written_to_after_texting_stop": more("inbound", _text(1, "stop", "opted out")),
    "nothing_of_a_paused_job_begins": more("actions", _said(2, "pause", "--all")),
    "nothing_that_is_held_begins": more("actions", _said(2, "hold", "1")),
    "the_sums_are_right": row("occurrences", 0, planned=2),
    "moves_are_legal_and_chained": row("moves", 2, from_state="pending"),
    "the_file_is_whole": lambda good: _with(good, integrity=("row 7 missing from index",)),
    "another_start_changes_nothing": lambda good: replace(good, again=replace(good.again, moves=())),
    "commands_end_well": command(Ran(("status",), None, "", "", 60.0)),
    "what_was_said_done_is_recorded": command(Ran(("retry", "3"), 0, "", "", 0.5)),
    "alerts_are_told": lambda good: replace(good, told=("holds open", "holds open")),
    "logs_are_clean": lambda good: replace(good, log="Traceback (most recent call last):"),
    "the_driver_saw_nothing_wrong": _unlocked,
}


def test_a_good_run_has_no_breach() -> None:
    assert judge(good()) == []


@pytest.mark.parametrize("rule", SPOILED)
def test_each_breach_is_seen_by_its_rule(rule: str) -> None:
    assert rule in {breach.split(":")[0] for breach in judge(SPOILED[rule](good()))}


@pytest.mark.parametrize("told", [(), ("holds open", "holds over"), ("holds open", "disk open")])
def test_an_alert_that_was_not_told_or_was_not_there_is_a_breach(told: tuple[str, ...]) -> None:
    assert [breach.split(":")[0] for breach in judge(replace(good(), told=told))] == ["alerts_are_told"]


def test_a_killed_daemon_may_tell_again() -> None:
    evidence = replace(good(), told=("holds open", "holds open"))
    evidence.record.counts["SIGKILL"] = 1
    assert judge(evidence) == []


def test_what_an_operator_said_allows_a_second_message() -> None:
    again = ("an operator says that it was not sent", "root")
    moves = (
        _move(20, 2, "in_doubt", "pending", *again),
        _move(21, 2, "pending", "sending"),
        _move(22, 2, "sending", "accepted"),
    )
    second = {**_attempt(2, "accepted", "u9"), "id": 3, "number": 2}
    spoiled = row("deliveries", 1, state="accepted", attempts=2)(
        row("occurrences", 0, accepted=2)(more("attempts", second)(more("moves", *moves)(good())))
    )
    text = good().state.deliveries[1]["text"]
    assert judge(message(dst="447700900002", text=text)(spoiled)) == []


def test_a_report_that_no_carrier_had_it_allows_a_second_message_where_the_job_says_so() -> None:
    report = {**_move(20, 1, "accepted", "pending", "Plivo's report: failed"), "evidence": "receipt: u1"}
    moves = (report, _move(21, 1, "pending", "sending"), _move(22, 1, "sending", "accepted"))
    second = {**_attempt(1, "accepted", "u9"), "id": 3, "number": 2}
    spoiled = row("deliveries", 0, attempts=2, message_uuid="u9")(
        more("attempts", second)(more("moves", *moves)(good()))
    )
    spoiled = message()(spoiled)
    assert any("another followed" in breach for breach in judge(spoiled))
    spoiled.record.undelivered.add("a")
    assert judge(spoiled) == []


def test_who_texts_start_before_it_began_is_written_to_again() -> None:
    stop = _text(1, "stop", "opted out")
    counted, in_vain = _text(2, "start", "gets messages again"), _text(2, "start", "still opted out: …")
    assert judge(more("inbound", stop, counted)(good())) == []
    assert judge(more("inbound", stop, in_vain)(good()))
    assert judge(more("inbound", _text(4, "stop", "opted out"))(good())) == []


def test_what_began_before_or_after_it_was_forbidden_is_no_breach() -> None:
    before = {**_said(2, "pause", "a"), "at": AT.format(4)}
    over = ({**_said(2, "pause", "a"), "detail": f'{{"until": "{AT.format(2)}"}}'}, {**before, "id": 3})
    ran = command(*(Ran(("pause", "a"), 0, "", "", 0.5) for _ in range(2)))
    assert judge(ran(more("actions", *over)(good()))) == []


def test_a_dead_claim_that_had_begun_is_no_proof_that_nothing_was_sent() -> None:
    dead = {**_attempt(1, "not_begun", None), "evidence": "the daemon stopped before the request began"}
    chain = ("", "pending", "sending", "pending", "sending", "accepted")
    moves = [_move(number, 1, *pair) for number, pair in enumerate(pairwise(chain), 1)]
    others = tuple(move for move in _moves() if move["delivery_id"] != 1)
    second = {**_attempt(1, "accepted", "u1"), "id": 3, "number": 2}
    spoiled = row("deliveries", 0, attempts=2)(
        _with(good(), moves=(*moves, *others), attempts=(dead, _attempt(2, "in_doubt", None), second))
    )
    (breach,) = judge(spoiled)
    assert breach.startswith("no_second_attempt_without_proof_or_word: delivery 1 ")
    never = _with(spoiled, attempts=({**dead, "begun_at": None}, *spoiled.state.attempts[1:]))
    assert judge(never) == []


@pytest.mark.parametrize(("arrived", "known"), [("2026-11-22T08:20:04.000Z", {1}), (AT.format(4), set())])
def test_the_log_may_be_mistaken_only_where_a_clock_was_far_off(arrived: str, known: set[int]) -> None:
    """The second phone's message arrived; our clock showed another time when its attempt began."""
    evidence = good()
    ledger = (evidence.ledger[0], {**evidence.ledger[1], "dst": "447700900001", "ts": arrived})
    by_log = row("attempts", 0, uuid_from="log")(replace(evidence, ledger=ledger))
    assert mistaken_by_a_wrong_clock(by_log) == known


def test_a_seed_gives_the_same_plan_again() -> None:
    assert draw(7, 30, 60) == draw(7, 30, 60)
    assert draw(7, 30, 60) != draw(8, 30, 60)
