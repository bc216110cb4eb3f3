"""What the page of a delivery tells, and what may be done there."""

from datetime import timedelta
from typing import Any

import pytest

from reminderd.clock import from_text
from reminderd.gateway.port import Details, MessageState
from reminderd.model import InDoubt, NotSent, Refused
from reminderd.store.operations import Refusal
from reminderd.story import story_of
from reminderd.web.page import acts
from reminderd.web.page.story import happenings, tries
from reminderd.web.page.words import fitting, nominal, visible
from tests.support.world import ANNA, BERT, World, job


def told(world: World, number: int = 1) -> dict[str, Any]:
    found = story_of(world.store.reports, number, world.clock.now())
    assert found is not None
    return found


def buttons(world: World, number: int = 1) -> list[str]:
    return [act.button for act in acts.of_delivery(told(world, number))]


def test_a_story_begins_with_the_birth_and_ends_with_the_report(tmp_path: Any) -> None:
    world = World(tmp_path, receipts=(timedelta(minutes=1),))
    world.sync()
    world.gateway.script.append(NotSent("refused"))
    world.gateway.fates = {ANNA: (Details(MessageState.UNDELIVERED, 30),)}
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.go_to("09:10")
    found = happenings(told(world))
    assert [each.title for each in found] == [
        "planned → pending",
        "pending → sending",
        "sending → pending",
        "pending → sending",
        "sending → accepted",
        "Plivo reports",
    ]
    assert found[-1].said == "undelivered (30: spam detected) (attempt 2)"
    attempts = tries(told(world)["attempts"], lambda a, b: (from_text(b) - from_text(a)).total_seconds())
    assert [(each.number, each.outcome) for each in attempts] == [(1, "not sent"), (2, "accepted")]
    world.kill()


def test_plivo_takes_a_message_after_it_was_claimed_though_its_times_have_whole_seconds(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.go_to("09:01")
    story = told(world)
    claimed, accepted = story["moves"][1:3]
    second = claimed["at"][:20]
    claimed["at"], accepted["at"] = f"{second}250Z", f"{second}700Z"
    story["attempts"][0] |= {"begun_at": claimed["at"], "queued_at": f"{second}000Z"}
    titles = [each.title for each in happenings(story)]
    assert titles[1:4] == ["pending → sending", "sending → accepted", "Plivo took it"]


def test_why_somebody_did_it_is_told_with_it(world: World) -> None:
    world.gateway.script.append(Refused(400, "400: no such number"))
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.go_to("09:01")
    world.command("retry", ids=[1], why="they gave another number")
    (found,) = [each for each in happenings(told(world)) if each.title == "failed → pending"]
    assert found.said.endswith(": they gave another number")
    assert found.who


def test_a_token_of_an_attempt_is_shown_nowhere(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.go_to("09:01")
    story = told(world)
    shown = f"{happenings(story)} {tries(story['attempts'], lambda *_: 0.0)}"
    assert story["attempts"][0]["token"] not in shown.replace(story["message_uuid"], "")


def test_what_may_be_done_fits_the_state(world: World) -> None:
    world.gateway.moods = {BERT: InDoubt("reset")}
    world.load("a.yaml", job(at="2027-03-01T09:00", to=[ANNA, BERT], valid_for="1h"))
    world.clock.advance(timedelta(hours=1))
    world.plan()
    assert buttons(world) == ["Hold", "Cancel"]
    world.command("hold", ids=[1], why="wait")
    assert buttons(world) == ["Release", "Cancel"]
    world.go_to("10:01")
    assert buttons(world, 2) == ["It was sent", "It was not sent"]
    assert buttons(world) == ["Send after all"]  # it was missed
    world.command("retry", ids=[1])
    world.go_to("10:02")
    assert buttons(world) == []


def test_what_waits_for_a_hold_of_many_is_approved_with_them(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", to=[ANNA, BERT], limits={"per_occurrence": 1}))
    world.go_to("09:00")
    (first, second) = acts.of_delivery(told(world))
    assert (first.path, first.command) == ("/holds/1/approve", "reminderd approve 1")
    assert second.grave


def test_every_form_asks_for_a_command_that_there_is(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *"))
    form = {"why": "w", "until": "", "at": "2027-03-01T10:00", "phone": BERT, "as": ""}
    done = []
    for act in [
        *acts.of_job("a", paused=False, upcoming="2027-03-01T10:00:00Z", runs=True),
        *acts.of_job("a", paused=True, upcoming=None, runs=False),
    ]:
        word = act.path.rpartition("/")[2]
        wanted = acts.request_for_job("a", word, form if word != "resume" else {})
        assert wanted is not None
        done.append(world.command(wanted.pop("command"), **wanted))
        assert word in acts.DONE
    assert len(done) == 4
    assert acts.request_for_job("a", "remove", form) is None
    assert acts.request_for_delivery(1, "forget", form) is None


def test_what_controls_a_screen_is_shown_as_a_picture_and_what_people_write_as_it_is() -> None:
    assert visible("a\x00b\x1b[31m\x7f\x9b") == "a\u2400b\u241b[31m\u2421\ufffd"
    for text in ("two\nlines", "👩‍👩‍👧 family", "שלום", "a\u202eb", "no\u00a0break"):
        assert visible(text) == text


def test_a_refusal_names_the_fields_of_forms_and_not_options_of_commands(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *"))
    found = []
    for command, said in (
        ("pause", {"why": ""}),
        ("pause", {"why": "w", "until": "2020-01-01T00:00"}),
        ("pause", {"why": "w", "until": "soon"}),
        ("test-send", {"phone": "0171"}),
        ("test-send", {"phone": BERT, "as": "nobody"}),
    ):
        with pytest.raises(Refusal) as refused:
            world.command(command, job="a", **said)
        found.append(fitting(str(refused.value)))
    assert found[:2] == ["Say why, for those who see it later", "“Until” 2020-01-01T00:00: that is in the past"]
    assert found[2].startswith("“Until”: ")
    assert found[3].startswith("“To”: ")
    assert "leave out “As”" in found[4]
    assert not any("--" in each for each in found)
    command = "settle it first: reminderd resolve 3 --sent or --not-sent"
    assert fitting(command).endswith(command[1:])


def test_a_nominal_time_has_the_form_of_all_times() -> None:
    assert nominal("2026-12-01T09:00:00") == "Tue 01 Dec 2026 09:00"
    assert nominal("of old") == "of old"
