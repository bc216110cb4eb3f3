"""What Plivo may still call after `web.public_url` has changed."""

from datetime import timedelta

from reminderd.daemon.addresses import STILL_HEARD, FormerAddresses
from tests.support.clock import FakeClock

HALF = timedelta(seconds=STILL_HEARD / 2)
SECOND = timedelta(seconds=1)


def test_an_address_is_heard_for_an_hour_after_it_was_left() -> None:
    clock = FakeClock()
    former = FormerAddresses(clock.boottime)
    assert former.heard() == ()
    former.left("https://a.example")
    clock.advance(HALF)
    former.left("https://b.example")
    assert former.heard() == ("https://b.example", "https://a.example")
    clock.advance(HALF)
    assert former.heard() == ("https://b.example",)
    former.left("https://b.example")
    clock.advance(2 * HALF - SECOND)
    assert former.heard() == ("https://b.example",), "it counts from when it was left last"
    clock.advance(SECOND)
    assert former.heard() == ()


def test_only_so_many_are_tried() -> None:
    former = FormerAddresses(FakeClock().boottime)
    for number in range(100):
        former.left(f"https://{number}.example")
    assert len(former.heard()) == 10
    assert former.heard()[0] == "https://99.example"
