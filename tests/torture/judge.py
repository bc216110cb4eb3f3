"""Whether the promises were kept: each rule looks at the evidence, and yields a sentence for each breach."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from reminderd.model import BIRTHS, MOVES
from reminderd.reconciler import SLACK
from tests.torture.files import zone_of
from tests.torture.record import Due, Record, nominal, told_to
from tests.torture.typed import LONGEST
from tests.torture.views import Evidence, Row

_LEGAL = {("", str(state)) for state in BIRTHS} | {(str(a), str(b)) for a, many in MOVES.items() for b in many}
_RESEND = "on_doubt: resend"
_NOT_SENT = "an operator says that it was not sent"
_SENT = "an operator says that it was sent"
_PLIVOS_OWN = ("answer", "callback")
_MAY_HAVE_SENT = ("accepted", "in_doubt", None)
_EPOCH = datetime.fromisoformat("2026-01-01T00:00:00+00:00")

Breaches = Iterator[str]


def judge(evidence: Evidence) -> list[str]:
    """Every breach, in words; none when all promises were kept."""
    return [f"{rule.__name__}: {breach}" for rule in RULES for breach in rule(evidence)]


# -- once ---------------------------------------------------------------------------------------------------


def every_message_has_one_row(evidence: Evidence) -> Breaches:
    """No text twice in the state, and nothing in the ledger without a row."""
    texts = Counter(row["text"] for row in evidence.state.deliveries if row["text"])
    yield from (f"{text!r} has {number} deliveries" for text, number in texts.items() if number > 1)
    known = {(_digits(row["phone"]), row["text"]) for row in evidence.state.deliveries if row["text"]}
    for message in evidence.ledger:
        if (message["dst"], message["text"]) not in known:
            yield f"{message['text']!r} was accepted and has no delivery"


def nobody_is_owed_anew(evidence: Evidence) -> Breaches:
    """Also not what was pruned or forgotten in between."""
    rows = evidence.state.deliveries
    owed = Counter((row["job"], row["nominal"], row["recipient_name"]) for row in rows if row["recipient_name"])
    yield from (f"{key} has {number} deliveries" for key, number in owed.items() if number > 1)


def nothing_is_accepted_twice(evidence: Evidence) -> Breaches:
    """More messages than one only where each earlier attempt was left behind by somebody's word."""
    attempts, arrived = _by(evidence.state.attempts, "delivery_id"), _arrived(evidence)
    for row in evidence.state.deliveries:
        mine = attempts[row["id"]]
        possible = sum(attempt["outcome"] in _MAY_HAVE_SENT for attempt in mine)
        if arrived[row["text"]] > possible:
            outcomes = [attempt["outcome"] for attempt in mine]
            yield f"{_name(row)} was accepted {arrived[row['text']]} times by attempts with outcomes {outcomes}"


def no_second_attempt_without_proof_or_word(evidence: Evidence) -> Breaches:
    """Between two attempts: the first certainly did not send, or an operator or the job itself said so."""
    moves = _by(evidence.state.moves, "delivery_id")
    attempts = _by(evidence.state.attempts, "delivery_id")
    for row in evidence.state.deliveries:
        lives = _lives(moves[row["id"]])
        if len(lives) != len(attempts[row["id"]]) or len(lives) != row["attempts"]:
            yield f"{_name(row)} has {len(attempts[row['id']])} attempts and was claimed {len(lives)} times"
            continue
        for attempt, after in zip(attempts[row["id"]][:-1], lives[:-1], strict=True):
            if not _left_behind(attempt, after, row["job"], evidence.record):
                yield f"{_name(row)}: attempt {attempt['number']} ended {attempt['outcome']}, and another followed"


def _lives(moves: list[Row]) -> list[list[Row]]:
    """For each claim the moves after it, up to the next."""
    lives: list[list[Row]] = []
    for move in moves:
        if move["to_state"] == "sending":
            lives.append([])
        elif lives:
            lives[-1].append(move)
    return lives


def _left_behind(attempt: Row, after: list[Row], job: str, record: Record) -> bool:
    if attempt["uuid_from"] == "callback" and job in record.undelivered and any(map(_never_reached, after)):
        return True
    match attempt["outcome"]:
        case "not_sent":
            return True
        case "not_begun":
            # A dead claim whose beginning is committed may have sent; who lives knows whether it did.
            return attempt["begun_at"] is None or "stopped" not in attempt["evidence"]
        case "refused":
            return any(move["from_state"] == "failed" and move["who"] != "daemon" for move in after)
        case "in_doubt":
            resends = job in record.resending
            return any(move["from_state"] == "in_doubt" and _word_given(move, resends) for move in after)
        case "accepted":
            return job in record.undelivered and any(map(_never_reached, after))
        case _:
            return False


def _word_given(move: Row, resends: bool) -> bool:
    if _RESEND in move["reason"]:
        return resends
    return _NOT_SENT in move["reason"] and move["who"] != "daemon"


def _never_reached(move: Row) -> bool:
    """Whether Plivo's report says, for good, that no carrier had the message."""
    return _pair(move) == ("accepted", "pending") and (move["evidence"] or "").startswith("receipt: ")


def no_name_is_used_twice(evidence: Evidence) -> Breaches:
    for what, uuids in (
        ("attempts", [row["message_uuid"] for row in evidence.state.attempts]),
        ("deliveries", [row["message_uuid"] for row in evidence.state.deliveries]),
        ("ledger", [message["message_uuid"] for message in evidence.ledger]),
    ):
        for uuid, number in Counter(filter(None, uuids)).items():
            if number > 1:
                yield f"{uuid} is there {number} times in the {what}"


# -- the state and the ledger ---------------------------------------------------------------------------------


def accepted_is_in_the_ledger(evidence: Evidence) -> Breaches:
    arrived, mistaken = _arrived(evidence), mistaken_by_a_wrong_clock(evidence)
    last = {move["delivery_id"]: move for move in evidence.state.moves}
    for row in evidence.state.deliveries:
        said = _SENT in last[row["id"]]["reason"] or row["id"] in mistaken
        if row["state"] == "accepted" and not arrived[row["text"]] and not said:
            yield f"{_name(row)} is accepted ({last[row['id']]['evidence']}) and not in the ledger"


def mistaken_by_a_wrong_clock(evidence: Evidence) -> set[int]:
    """Deliveries that the log seems to prove, because the true owner of the row began under a wrong clock.

    A known limit: an attempt's time is all that ties it to a row, so where the clock was wrong by more than the
    reconciler's slack when one attempt to a phone came into doubt, another one to it can be given its row.
    """
    owners = {row["text"]: row["id"] for row in evidence.state.deliveries}
    attempts = _by(evidence.state.attempts, "delivery_id")
    phones = {message["dst"] for message in evidence.ledger if _far_off(message, attempts[owners.get(message["text"])])}
    return {
        attempt["delivery_id"]
        for attempt in evidence.state.attempts
        if attempt["uuid_from"] == "log" and _digits(attempt["phone"]) in phones
    }


def _far_off(message: Mapping[str, Any], attempts: list[Row]) -> bool:
    """Whether the message arrived, and no attempt of its delivery has its name or a time near it."""
    arrived = datetime.fromisoformat(message["ts"])
    if any(row["message_uuid"] == message["message_uuid"] and row["uuid_from"] in _PLIVOS_OWN for row in attempts):
        return False
    begun = [datetime.fromisoformat(row["begun_at"]) for row in attempts if row["begun_at"]]
    return all(abs(moment - arrived) > SLACK for moment in begun)


def a_name_is_that_of_the_message(evidence: Evidence) -> Breaches:
    """What Plivo's answer, or its callback, named is that very text; what the log named went to that phone."""
    ledger = {message["message_uuid"]: message for message in evidence.ledger}
    texts = {row["id"]: row["text"] for row in evidence.state.deliveries}
    for attempt in evidence.state.attempts:
        if attempt["message_uuid"] is None:
            continue
        message = ledger.get(attempt["message_uuid"])
        if message is None or message["dst"] != _digits(attempt["phone"]):
            yield f"attempt {attempt['id']} has the name of another phone's message, or of none"
        elif attempt["uuid_from"] in _PLIVOS_OWN and message["text"] != texts[attempt["delivery_id"]]:
            yield f"attempt {attempt['id']} has the name of another message"


def the_ledger_is_in_the_state(evidence: Evidence) -> Breaches:
    """What arrived is accepted or in doubt, unless somebody's word took it out of doubt."""
    arrived, moves = _arrived(evidence), _by(evidence.state.moves, "delivery_id")
    for row in evidence.state.deliveries:
        if not arrived[row["text"]] or row["state"] in ("accepted", "in_doubt"):
            continue
        resends, chain = row["job"] in evidence.record.resending, moves[row["id"]]
        words = any(move["from_state"] == "in_doubt" and _word_given(move, resends) for move in chain)
        if not words and not any(map(_never_reached, chain)):
            yield f"{_name(row)} arrived and is {row['state']} ({row['reason']})"


def only_what_began_is_in_doubt(evidence: Evidence) -> Breaches:
    attempts = _by(evidence.state.attempts, "delivery_id")
    for attempt in evidence.state.attempts:
        if attempt["outcome"] in ("accepted", "refused", "in_doubt") and attempt["begun_at"] is None:
            yield f"attempt {attempt['id']} never began and is {attempt['outcome']}"
    for row in evidence.state.deliveries:
        if row["state"] == "in_doubt" and not any(each["outcome"] == "in_doubt" for each in attempts[row["id"]]):
            yield f"{_name(row)} is in doubt, and none of its attempts is"


# -- owed -----------------------------------------------------------------------------------------------------


def what_is_owed_has_a_row(evidence: Evidence) -> Breaches:
    known = {_due(row) for row in evidence.state.deliveries}
    overridden = {(row["job"], row["nominal"]) for row in evidence.state.deliveries if _is_overridden(row)}
    for due in sorted(evidence.record.owed - known, key=str):
        if (due.job, due.nominal) not in overridden:
            yield f"{due} is owed and has no delivery"


def _is_overridden(row: Row) -> bool:
    """Whether it stands for an occurrence that an operator kept from being sent."""
    return row["recipient_name"] is None and row["reason"].startswith("paused by ")


def nobody_owes_what_nobody_wrote(evidence: Evidence) -> Breaches:
    record = evidence.record
    for row in evidence.state.deliveries:
        if row["recipient_name"] is None and (row["job"] in record.rules or _is_overridden(row)):
            continue  # a summary of what was skipped
        if row["job"] in record.rules:
            if not _on_grid(row["nominal"], record.rules[row["job"]]):
                yield f"{_name(row)} is not on the grid of its rule"
        elif _due(row) not in record.declared:
            yield f"{_name(row)} was never declared"
        start = f"{row['job']}|{_shown_time(row, record)}|{row['recipient_name']}|"
        tails = {start + tail for tail in record.tails.get(row["job"], ())}
        if row["text"] is not None and row["text"] not in tails:
            yield f"{_name(row)} has a text that no file ever had: {row['text']!r}"


def _shown_time(row: Row, record: Record) -> str:
    """The time due as its recipient's clock shows it."""
    zone = zone_of(row["recipient_name"]) if row["job"] in record.own else "UTC"
    return datetime.fromisoformat(row["nominal"]).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%SZ")


def every_occurrence_of_a_rule_is_found(evidence: Evidence) -> Breaches:
    """As a delivery, or in a summary of what was skipped, from the first witness to the last."""
    record = evidence.record
    if record.first_witness is None or record.last_witness is None:
        yield "the daemon never said that it runs the files"
        return
    found: dict[str, set[str]] = defaultdict(set)
    for row in evidence.state.occurrences:
        if row["job"] in record.rules:
            step, last = timedelta(seconds=record.rules[row["job"]]), datetime.fromisoformat(row["due_at"])
            found[row["job"]].update(nominal(last - step * back) for back in range(max(1, row["skipped"])))
    for job, seconds in record.rules.items():
        step = timedelta(seconds=seconds)
        number = (record.first_witness - _EPOCH) // step + 1
        while (moment := _EPOCH + step * number) <= record.last_witness:
            if nominal(moment) not in found[job]:
                yield f"{job} at {nominal(moment)} is lost"
            number += 1


def everything_ended(evidence: Evidence) -> Breaches:
    for row in evidence.state.deliveries:
        if row["state"] in ("pending", "sending"):
            yield f"{_name(row)} is still {row['state']}"
    yield from (f"hold {row['id']} is still open" for row in evidence.state.holds if row["closed_at"] is None)


def nothing_is_held_without_cause(evidence: Evidence) -> Breaches:
    """No state was put back here; and where the clock was never moved, nothing is held for it."""
    if evidence.record.clock_moved:
        return  # an attempt of another time explains no message of the log
    for row in evidence.state.holds:
        if row["kind"] not in ("removal", "recipients", "limit", "delivery"):
            yield f"hold {row['id']} was opened: {row['reason']}"


def nothing_is_missed_too_early(evidence: Evidence) -> Breaches:
    """By the state's own times: five seconds before its validity ends at the earliest."""
    ends = {row["id"]: datetime.fromisoformat(row["valid_until"]) for row in evidence.state.deliveries}
    retried = {move["delivery_id"] for move in evidence.state.moves if move["who"] != "daemon"}
    for move in evidence.state.moves:
        late = datetime.fromisoformat(move["at"]) >= ends[move["delivery_id"]] - timedelta(seconds=5.1)
        early = "its validity was over before it could be sent" in move["reason"] and not late
        if move["to_state"] == "missed" and early and move["delivery_id"] not in retried:
            yield f"delivery {move['delivery_id']} was missed at {move['at']}"


# -- what operators and nights keep back ----------------------------------------------------------------------


def nothing_begins_in_quiet_hours(evidence: Evidence) -> Breaches:
    """Where the clock was never moved: what it called quiet hours when a message was planned may be others now."""
    record, rows = evidence.record, {row["id"]: row for row in evidence.state.deliveries}
    for attempt in evidence.state.attempts if not record.clock_moved else ():
        row = rows[attempt["delivery_id"]]
        if row["job"] in record.quiet and attempt["begun_at"]:
            zone = zone_of(row["recipient_name"]) if row["job"] in record.own | record.listed else "UTC"
            wall = datetime.fromisoformat(attempt["begun_at"]).astimezone(ZoneInfo(zone)).strftime("%H:%M")
            if wall == record.quiet[row["job"]][:5]:
                yield f"{_name(row)} began at {attempt['begun_at']}, in {record.quiet[row['job']]}"


def nobody_is_written_to_after_opting_out(evidence: Evidence) -> Breaches:
    """From the moment that a command says so until one says otherwise."""
    yield from _begun_while_forbidden(evidence, "opt-out add", "opt-out remove", lambda row: (row["phone"],))


def nobody_is_written_to_after_texting_stop(evidence: Evidence) -> Breaches:
    """From the moment at which the stop is in the state until a start that counted."""
    rows = {row["id"]: row for row in evidence.state.deliveries}
    spans = _stopped(evidence)
    for attempt in evidence.state.attempts if not evidence.record.clock_moved else ():
        row, begun = rows[attempt["delivery_id"]], attempt["begun_at"]
        for since, until in spans.get(row["phone"], ()) if begun else ():
            if since < begun < until:
                yield f"{_name(row)} began at {begun}, and they texted a stop that came in at {since}"


def _stopped(evidence: Evidence) -> Mapping[str, list[tuple[str, str]]]:
    """By phone, from when until when their own word keeps messages back; who was forgotten has none here."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for text in evidence.state.inbound:
        spans = found[text["phone"]]
        if text["result"] == "gets messages again" and spans and spans[-1][1] == "9":
            spans[-1] = spans[-1][0], text["received_at"]
        if text["intent"] == "stop" and not (spans and spans[-1][1] == "9"):
            spans.append((text["received_at"], "9"))
    return found


def nothing_of_a_paused_job_begins(evidence: Evidence) -> Breaches:
    yield from _begun_while_forbidden(evidence, "pause", "resume", lambda row: (row["job"], "--all"))


def nothing_that_is_held_begins(evidence: Evidence) -> Breaches:
    yield from _begun_while_forbidden(evidence, "hold", "release", lambda row: (str(row["id"]),))


def _begun_while_forbidden(
    evidence: Evidence, forbids: str, allows: str, targets: Callable[[Row], tuple[str, ...]]
) -> Breaches:
    """What began between an operator's two words about one of its targets; an end that was given counts as the second."""
    if evidence.record.clock_moved:
        return
    rows = {row["id"]: row for row in evidence.state.deliveries}
    spans = _spans(evidence, forbids, allows)
    for attempt in evidence.state.attempts:
        row, begun = rows[attempt["delivery_id"]], attempt["begun_at"]
        for target in targets(row) if begun else ():
            for since, until in spans.get(target, ()):
                if since < begun < until:
                    yield f"{_name(row)} began at {begun}, and {forbids} {target} was said at {since}"


def _spans(evidence: Evidence, forbids: str, allows: str) -> Mapping[str, list[tuple[str, str]]]:
    """By target, from when until when something is forbidden. A hold ends also when it is approved, or its delivery moves."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    ends = [(row["key"], row["closed_at"]) for row in evidence.state.holds if row["kind"] == "delivery"]
    for action in evidence.state.actions:
        target, spans = action["target"], found[action["target"]]
        if action["action"] in (forbids, allows) and spans and spans[-1][1] > action["at"]:
            spans[-1] = spans[-1][0], action["at"]
        if action["action"] == forbids:
            closed = [at for key, at in ends if forbids == "hold" and key == target and at and at >= action["at"]]
            spans.append((action["at"], min([json.loads(action["detail"]).get("until") or "9", *closed])))
    return found


# -- the books ------------------------------------------------------------------------------------------------


def the_sums_are_right(evidence: Evidence) -> Breaches:
    """planned = the number of deliveries; accepted = those that are."""
    rows = defaultdict(list)
    for row in evidence.state.deliveries:
        rows[row["job"], row["nominal"]].append(row["state"])
    for occurrence in evidence.state.occurrences:
        states = rows.pop((occurrence["job"], occurrence["nominal"]), [])
        if occurrence["planned"] != len(states) or occurrence["accepted"] != states.count("accepted"):
            yield f"{occurrence['job']} at {occurrence['nominal']} counts wrongly: {occurrence}, {states}"
    yield from (f"{key} has deliveries and is no occurrence" for key in rows)


def moves_are_legal_and_chained(evidence: Evidence) -> Breaches:
    moves = _by(evidence.state.moves, "delivery_id")
    for row in evidence.state.deliveries:
        chain = moves[row["id"]]
        yield from (f"{_name(row)} moved {_pair(move)}: not legal" for move in chain if _pair(move) not in _LEGAL)
        if not chain or chain[0]["from_state"] != "" or chain[-1]["to_state"] != row["state"]:
            yield f"{_name(row)} is {row['state']}, and its moves are {[_pair(move) for move in chain]}"
        if any(a["to_state"] != b["from_state"] for a, b in pairwise(chain)):
            yield f"{_name(row)} has a gap in its moves: {[_pair(move) for move in chain]}"


def the_file_is_whole(evidence: Evidence) -> Breaches:
    yield from (found for found in evidence.state.integrity if found != "ok")


def another_start_changes_nothing(evidence: Evidence) -> Breaches:
    for name in ("deliveries", "attempts", "moves", "occurrences", "actions", "holds"):
        before, after = getattr(evidence.state, name), getattr(evidence.again, name)
        if before != after:
            changed = [row for row in after if row not in before] + [row for row in before if row not in after]
            yield f"{len(changed)} {name}, the first: {changed[:1]}"
    if evidence.ledger_again != len(evidence.ledger):
        yield f"{evidence.ledger_again - len(evidence.ledger)} more messages were accepted"


# -- commands and logs ----------------------------------------------------------------------------------------


def commands_end_well(evidence: Evidence) -> Breaches:
    for ran in evidence.record.commands:
        if ran.status is None:
            yield f"{' '.join(ran.words)} had not ended after {LONGEST:.0f} s"
        elif ran.status not in (0, 1, 2):
            yield f"{' '.join(ran.words)} ended with status {ran.status}: {ran.err[-300:]}"
        if "Traceback" in ran.err + ran.out:
            yield f"{' '.join(ran.words)} printed a traceback: {ran.err[-1500:]}"


def what_was_said_done_is_recorded(evidence: Evidence) -> Breaches:
    """A command that ended with 0 left its action; and each action was asked for."""
    # Who was forgotten is not named in the record.
    forgotten = sum(row["action"] == "forget" for row in evidence.state.actions)
    if forgotten != sum(ran.words[0] == "forget" and ran.status == 0 for ran in evidence.record.commands):
        yield f"{forgotten} times somebody was forgotten, and that was said otherwise"
    actions = [row for row in evidence.state.actions if row["action"] != "forget"]
    done = Counter((row["action"].split()[0], row["target"]) for row in actions)
    words = ("retry", "cancel", "resolve", "approve", "pause", "resume", "hold", "release", "opt-out")
    told = [ran for ran in evidence.record.commands if ran.words[0] in words and ran.words[1] != "list"]
    answered = Counter((ran.words[0], ran.target) for ran in told if ran.status == 0)
    for (word, target), number in (answered - done).items():
        yield f"{word} {target} said {number} times that it was done, and is recorded {done[word, target]} times"
    for (word, target), number in done.items():
        if number > told_to(told, word).get(target, 0):
            yield f"{word} {target} is recorded {number} times, and was not asked for so often"


def alerts_are_told(evidence: Evidence) -> Breaches:
    """What is noted as told was told, of each begin and end; again only where a daemon was killed before it was noted."""
    deaths = sum(number for what, number in evidence.record.counts.items() if "SIGKILL" in what)
    for name in sorted({row["name"] for row in evidence.alerts} | {line.split()[0] for line in evidence.told}):
        rows = [row for row in evidence.alerts if row["name"] == name]
        for state, noted, happened in (("open", "told_at", "opened_at"), ("over", "over_told_at", "over_at")):
            told, least = evidence.told.count(f"{name} {state}"), sum(row[noted] is not None for row in rows)
            most = sum(row[happened] is not None for row in rows) + deaths
            if not least <= told <= most:
                yield f"{name} {state}: told {told} times, noted {least} times, at most {most} could be"
        if any(earlier["over_at"] is None for earlier in rows[:-1]):
            yield f"{name} is open twice"


def logs_are_clean(evidence: Evidence) -> Breaches:
    for words in ("Traceback", "daemon.failed", "command.failed", "watcher.failed"):
        if words in evidence.log:
            at = evidence.log.index(words)
            yield f"the log has {words}: {evidence.log[max(0, at - 200) : at + 1500]}"
    if re.search(r"\+447700900\d|\|p\d{3}", evidence.log):
        yield "the log has a full number or a text"
    if evidence.sandbox_errors:
        yield f"the sandbox said {evidence.sandbox_errors[:1500]}"


def the_driver_saw_nothing_wrong(evidence: Evidence) -> Breaches:
    yield from evidence.record.wrong


RULES: tuple[Callable[[Evidence], Breaches], ...] = (
    every_message_has_one_row,
    nobody_is_owed_anew,
    nothing_is_accepted_twice,
    no_second_attempt_without_proof_or_word,
    no_name_is_used_twice,
    accepted_is_in_the_ledger,
    a_name_is_that_of_the_message,
    the_ledger_is_in_the_state,
    only_what_began_is_in_doubt,
    what_is_owed_has_a_row,
    nobody_owes_what_nobody_wrote,
    every_occurrence_of_a_rule_is_found,
    everything_ended,
    nothing_is_held_without_cause,
    nothing_is_missed_too_early,
    nothing_begins_in_quiet_hours,
    nobody_is_written_to_after_opting_out,
    nobody_is_written_to_after_texting_stop,
    nothing_of_a_paused_job_begins,
    nothing_that_is_held_begins,
    the_sums_are_right,
    moves_are_legal_and_chained,
    the_file_is_whole,
    another_start_changes_nothing,
    commands_end_well,
    what_was_said_done_is_recorded,
    alerts_are_told,
    logs_are_clean,
    the_driver_saw_nothing_wrong,
)


def _by(rows: tuple[Row, ...], column: str) -> Mapping[Any, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def _arrived(evidence: Evidence) -> Counter[str | None]:
    return Counter(message["text"] for message in evidence.ledger)


def _due(row: Row) -> Due:
    return Due(row["job"], row["nominal"], row["recipient_name"])


def _on_grid(moment: str, step: int) -> bool:
    return (datetime.fromisoformat(moment) - _EPOCH).total_seconds() % step == 0


def _pair(move: Row) -> tuple[str, str]:
    return move["from_state"], move["to_state"]


def _name(row: Row) -> str:
    return f"delivery {row['id']} ({row['job']} at {row['nominal']} to {row['recipient_name']})"


def _digits(phone: str | None) -> str:
    return re.sub(r"\D", "", phone or "")
