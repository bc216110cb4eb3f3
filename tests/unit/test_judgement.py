"""What is proof and what only a candidate, when Plivo's log shows more, less or other than it should."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from reminderd.gateway.port import LogPage, LogUnavailable
from reminderd.model import InDoubt, LogRow, digits
from reminderd.store import Refusal
from tests.support.clock import START
from tests.support.world import ANNA, BERT, CARA, SENDER, ScriptedGateway, World, job, nominal

MEXICAN = "+525512345678"
NOBODY = "+14155550199"


def show(world: World, uuid: str, phone: str, sender: str = SENDER, after: float = 0) -> None:
    """Have the log show a message of now that is none of ours."""
    at = world.clock.now() + timedelta(seconds=after)
    world.gateway.rows.append(LogRow(uuid, at, digits(sender), phone.lstrip("+"), 1, "sent"))


def in_doubt(world: World, *phones: str, **keys: Any) -> None:
    """One delivery to each phone, none of which has an answer; `lost_arrive` says whether they arrived."""
    world.load("a.yaml", job(at=nominal("09:00"), valid_for="2h", to=phones or [ANNA], **keys))
    world.gateway.script.extend([InDoubt("a time-out")] * len(phones or [ANNA]))
    world.clock.go_to(START.replace(hour=9))


def send_unlooked(world: World) -> None:
    """Send what is due while the log cannot be read."""
    world.gateway.log_answers.append(LogUnavailable("500"))
    world.tick()


def states(world: World) -> list[str]:
    return [row["state"] for row in world.rows()]


def reason(world: World) -> str:
    return str(world.rows()[0]["reason"])


@pytest.mark.parametrize(
    ("phone", "shown"),
    [(ANNA, "1415555XXXX"), (ANNA, "1415555"), (MEXICAN, "5215512345678"), (MEXICAN, "521551234XXXX")],
)
def test_a_masked_or_rewritten_row_proves_nothing_and_keeps_from_sending_again(
    world: World, phone: str, shown: str
) -> None:
    in_doubt(world, phone, on_doubt="resend", retry=["1m"])
    show(world, "u", shown)
    world.go_to("09:30")
    assert states(world) == ["in_doubt"]
    assert world.texts == []
    assert reason(world).endswith("has u, not taken because its number there is masked or rewritten")
    with pytest.raises(Refusal, match=r"a message that can be delivery 1: u;.*--force"):
        world.command("resolve", id=1)
    assert world.command("resolve", id=1, force=True)["state"] == "pending"


def test_a_row_under_a_number_that_another_phone_may_be_rewritten_to_proves_nothing(world: World) -> None:
    in_doubt(world, ANNA, "+447700550101")
    show(world, "u", ANNA)
    world.go_to("09:30")
    assert states(world) == ["in_doubt", "in_doubt"]


def test_a_masked_row_that_shows_another_phone_keeps_nobody_from_anything(world: World) -> None:
    in_doubt(world, ANNA, on_doubt="resend", retry=["1m"])
    show(world, "u", "1415556XXXX", sender="+14155550999")
    world.go_to("09:30")
    assert states(world) == ["accepted"]
    assert world.texts == ["Hello."]


def test_more_messages_on_a_line_than_attempts_prove_nothing_on_it(world: World) -> None:
    world.gateway.lost_arrive = True
    in_doubt(world)
    show(world, "another", ANNA, after=3)
    world.go_to("09:30")
    assert states(world) == ["in_doubt"]
    assert "the log has a message from this sender that this state never sent" in reason(world)
    assert "plivo.shared_sender" in reason(world)


def test_who_sends_to_phones_that_we_never_sent_to_makes_every_row_of_the_number_doubtful(world: World) -> None:
    world.gateway.lost_arrive = True
    in_doubt(world, ANNA, BERT)
    show(world, "one", NOBODY)
    show(world, "two", NOBODY)
    world.go_to("09:30")
    assert states(world) == ["in_doubt", "in_doubt"]
    assert "2 messages from this sender that this state never sent" in reason(world)
    with pytest.raises(Refusal, match="can be delivery 1"):
        world.command("resolve", id=1)


def test_what_another_number_of_the_account_sends_says_nothing_about_ours(world: World) -> None:
    world.gateway.lost_arrive = True
    in_doubt(world)
    show(world, "another", NOBODY, sender="+14155550999")
    world.go_to("09:30")
    assert states(world) == ["accepted"]


def test_others_are_named_also_where_nothing_of_ours_is_found(world: World) -> None:
    in_doubt(world)
    show(world, "another", NOBODY)
    world.go_to("09:30")
    assert "shows no such message yet, which proves nothing; the log has a message from this sender" in reason(world)


def test_messages_with_a_known_name_are_no_stranger_s(world: World) -> None:
    world.load("b.yaml", job(at=nominal("08:59"), to=[BERT, CARA], name="b"))
    world.gateway.lost_arrive = True
    world.go_to("08:59")
    in_doubt(world)
    world.go_to("09:30")
    assert states(world) == ["accepted"] * 3


@pytest.mark.parametrize("uuid", [None, "11111111-2222-3333-4444-555555555555"])
def test_what_an_operator_called_sent_may_own_a_row_under_whatever_name(world: World, uuid: str | None) -> None:
    world.gateway.lost_arrive = True
    in_doubt(world, ANNA, BERT)
    send_unlooked(world)
    world.command("resolve", id=1, sent=True, uuid=uuid, force=True)
    world.go_to("09:30")
    assert states(world) == ["accepted", "accepted"]
    assert reason(world) == "an operator says that it was sent"


def test_what_is_under_way_now_may_own_a_row(world: World) -> None:
    world.gateway.lost_arrive = True
    in_doubt(world)
    send_unlooked(world)
    world.load("b.yaml", job(at=nominal("09:01"), to=[BERT], name="b"))
    world.clock.go_to(START.replace(hour=9, minute=1))
    world.plan()
    (claim,) = world.store.deliveries.claim(9, world.clock.now(), timedelta(seconds=90), ["t"])
    world.store.deliveries.begin([claim], world.clock.now())
    world.gateway.deliver(claim)
    world.reconciler.advance(world.clock.now())
    assert states(world) == ["accepted", "sending"]


class Busy(ScriptedGateway):
    """Its log is endless, except where one phone is asked for."""

    pages = 0

    def log(
        self,
        *,
        since: datetime,
        until: datetime,
        phone: str | None = None,
        sender: str | None = None,
        page: str | None = None,
    ) -> LogPage | LogUnavailable:
        if phone is not None:
            return LogPage(tuple(row for row in self.rows if row.phone == digits(phone)))
        self.pages += 1
        return LogPage((), next=f"offset={self.pages}")


def test_a_log_too_long_to_be_read_still_proves_but_its_silence_says_less(world: World) -> None:
    world.gateway = busy = Busy(world.clock)
    world.restart()
    in_doubt(world, ANNA, on_doubt="resend", retry=["1m"])
    world.go_to("09:30")
    assert states(world) == ["in_doubt"]
    assert reason(world).endswith("which proves nothing; it is too long to be read as a whole")
    with pytest.raises(Refusal, match="too long to be read as a whole"):
        world.command("resolve", id=1)
    busy.rows.append(LogRow("u", START.replace(hour=9), digits(SENDER), digits(ANNA), 1, "sent"))
    look_again(world)
    assert states(world) == ["accepted"]


def look_again(world: World) -> None:
    """Look into the log once more, as if more looks were wanted."""
    doubt = world.store.doubts.get(1)
    assert doubt is not None
    world.store.doubts.postpone([doubt], world.clock.now())
    world.reconciler.advance(world.clock.now())


def test_with_a_shared_sender_nothing_is_proof_and_no_others_are_named(world: World) -> None:
    world.gateway.lost_arrive = True
    in_doubt(world)
    show(world, "another", NOBODY)
    world.reconciler.configure(world.gateway, [timedelta(0)], True)
    world.go_to("09:30")
    assert states(world) == ["in_doubt"]
    assert reason(world).endswith("not taken because the sender is shared")


def test_each_look_is_kept_and_a_log_that_cannot_be_read_once(world: World) -> None:
    in_doubt(world)
    world.gateway.log_answers.extend([LogUnavailable("429"), LogUnavailable("429"), LogUnavailable("500")])
    world.go_to("09:30")
    unread, nothing = "Plivo's log could not be read:", "in doubt: Plivo's log shows no such message yet"
    looks = world.store.reports.lookups(1)
    assert [look["finding"].removesuffix(", which proves nothing") for look in looks] == [
        f"{unread} 429",
        f"{unread} 500",
        *[nothing] * 4,
    ]
    assert {look["attempt"] for look in looks} == {1}
    assert [look["at"][11:16] for look in looks] == ["09:00", "09:01", "09:01", "09:02", "09:06", "09:16"]
