"""reminderd why"""

from typing import Any

import click

from reminderd.cli.common import (
    SettingsSource,
    clean,
    fail,
    json_option,
    local,
    plural,
    print_json,
    settings_options,
    style,
)
from reminderd.cli.inbound import said
from reminderd.clock import SystemClock
from reminderd.story import story_of


@click.command()
@click.argument("delivery", type=int, metavar="ID")
@json_option
@settings_options
def command(source: SettingsSource, delivery: int, as_json: bool) -> None:
    """Tell one delivery's whole story: from the file and line that asked for it to Plivo's receipt."""
    document = story_of(source.reports(), delivery, SystemClock().now())
    if document is None:
        fail(f"there is no delivery {delivery}; `reminderd history` lists them")
    if as_json:
        print_json(document)
    else:
        print_story(document)


def _opt_out(each: dict[str, Any]) -> str:
    sender = f" of messages from {each['sender']}" if each["sender"] else ""
    option = f" --sender {each['sender']}" if each["sender"] else ""
    end_with = f"reminderd opt-out remove {each['phone']}{option}"
    said = f"since {local(each['since'])}{sender}, by {clean(each['who'])}: {clean(each['why'])}"
    return f"{said}; if they want messages again: {end_with}"


def _kept(each: dict[str, Any]) -> str:
    until = f", until {local(each['until'])}" if each["until"] else ""
    return f"{clean(each['why'])}{until}; end it with: {each['end_with']}"


def print_story(story: dict[str, Any]) -> None:
    """The same for people."""
    zone = story["timezone"]
    person = " ".join(clean(part) for part in (story["recipient"]["phone"], story["recipient"]["name"]) if part)
    lines = [
        ("delivery", f"{story['id']} is {style(story['state'], story['state'])}: {clean(story['reason'])}"),
        ("declared in", f"{clean(story['file'])}:{story['line']}, job {story['job']}"),
        ("due", f"{local(story['due_at'], zone)} ({zone}), valid until {local(story['valid_until'], zone)}"),
        ("goes out", _not_before(story)),
        ("drill", "a test: it belongs to no occurrence of the job" if story["drill"] else None),
        *(("kept back", _kept(each)) for each in story["kept_back"]),
        *(("opted out", _opt_out(each)) for each in story["opted_out"]),
        ("to", person or _nobody(story)),
        ("from", story["sender"]),
        ("text", clean(story["text"]) if story["text"] else "no longer kept" if story["erased"] else None),
        ("length", f"{plural(story['segments'], 'segment')}, {story['encoding']}" if story["text"] else None),
        ("message_uuid", story["message_uuid"] and clean(story["message_uuid"])),
        ("receipt", _receipt(story)),
        ("proven", _proven(story)),
        ("next question", f"to Plivo at {local(question, zone)}" if (question := story["next_question_at"]) else None),
        ("withdrawn", story["withdrawn"]),
        ("to settle", _settle_with(story)),
        ("next look", f"into Plivo's log at {local(story['next_look_at'], zone)}" if story["next_look_at"] else None),
    ]
    for label, text in lines:
        if text:
            click.echo(f"{label:<14}{text}")
    _print_moves(story)


def _nobody(story: dict[str, Any]) -> str:
    if story["erased"]:
        return "somebody who was forgotten"
    return "nobody: this row stands for occurrences that were skipped"


def _not_before(story: dict[str, Any]) -> str | None:
    """When it may, where that is later than its time due: after a retry's delay, quiet hours or splay."""
    if story["state"] != "pending" or story["not_before"] <= story["due_at"]:
        return None
    return f"not before {local(story['not_before'], story['timezone'])}"


def _receipt(story: dict[str, Any]) -> str | None:
    if not story["receipt"]:
        return None
    return f"{clean(story['receipt'])}, as of {local(story['receipt_at'], story['timezone'])}"


def _proven(story: dict[str, Any]) -> str | None:
    """Where it is in no state of which that could be told."""
    number = story["proven_by"]
    return f"Plivo took attempt {number} all the same, as its callback says; it is not sent again" if number else None


def _settle_with(story: dict[str, Any]) -> str | None:
    """What is left to do where no look is due any more."""
    if story["state"] != "in_doubt" or story["next_look_at"]:
        return None
    return f"reminderd resolve {story['id']} --sent (they have it) or --not-sent"


def _print_moves(story: dict[str, Any]) -> None:
    zone = story["timezone"]
    click.echo("\nwhat happened")
    happened = [(move["at"], _move(move)) for move in story["moves"]]
    happened += [(look["at"], _look(look)) for look in story["lookups"]]
    happened += [line for hold in story["holds"] for line in _held(hold)]
    happened += [(each["received_at"], _answer(each)) for each in story["answers"]]
    # What Plivo reported comes before what followed from it.
    reported = [(one["receipt_at"], _report(one)) for one in story["attempts"] if one["receipt"]]
    for at, line in sorted([*reported, *happened], key=lambda one: one[0]):
        click.echo(f"  {local(at, zone)}  {line}")
    for attempt in story["attempts"]:
        begun = f"begun {local(attempt['begun_at'], zone)}" if attempt["begun_at"] else "never begun"
        status = f" {attempt['status']}" if attempt["status"] else ""
        end = f"{attempt['outcome'] or 'under way'}{status}: {clean(attempt['evidence'] or '')}"
        click.echo(f"  attempt {attempt['number']}: {begun}, {end}")
        if said := _said(attempt, zone):
            click.echo(f"    {said}")


def _said(attempt: dict[str, Any], zone: str) -> str:
    """What Plivo says of an attempt's message besides its report."""
    words = [plural(attempt["parts"], "part")] if attempt["parts"] else []
    words += [f"{attempt['charged'] / 1_000_000:.5f} USD"] if attempt["charged"] is not None else []
    words += [f"network {attempt['mcc']}-{attempt['mnc'] or '?'}"] if attempt["mcc"] else []
    words += [f"queued {local(attempt['queued_at'], zone)}"] if attempt["queued_at"] else []
    words += [f"handed to the carrier {local(attempt['sent_at'], zone)}"] if attempt["sent_at"] else []
    words += [plural(attempt["callbacks"], "callback")] if attempt["callbacks"] else []
    return ", ".join(words)


def _move(move: dict[str, Any]) -> str:
    way = f"{move['from_state'] or 'planned'} → {move['to_state']}"
    attempt = f" (attempt {move['attempt']})" if move["attempt"] else ""
    by = "" if move["who"] == "daemon" else f", by {clean(move['who'])}"
    return f"{way:<22}{clean(move['reason'])}{attempt}{by}"


def _answer(each: dict[str, Any]) -> str:
    return f"{'they wrote':<22}{clean(said(each))} → {each['result']}"


def _held(hold: dict[str, Any]) -> list[tuple[str, str]]:
    """When a hold began, and when and by whom it ended."""
    by = "" if hold["opened_by"] == "daemon" else f", by {clean(hold['opened_by'])}"
    lines = [(hold["opened_at"], f"{'on hold':<22}hold {hold['id']}: {clean(hold['reason'])}{by}")]
    if hold["closed_at"]:
        word = "approved" if hold["approved"] else "ended"
        lines.append((hold["closed_at"], f"{'off hold':<22}hold {hold['id']} {word} by {clean(hold['closed_by'])}"))
    return lines


def _report(attempt: dict[str, Any]) -> str:
    return f"{'Plivo reports':<22}{clean(attempt['receipt'])} (attempt {attempt['number']})"


def _look(look: dict[str, Any]) -> str:
    return f"{'looked up':<22}{clean(look['finding'].removeprefix('in doubt: '))} (attempt {look['attempt']})"
