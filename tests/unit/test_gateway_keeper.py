"""The keeper shuts down what is over its time, and only that."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from reminderd.gateway.keeper import Keeper, Watch

SECONDS = 20.0
LONG = 600.0

Pairs = Callable[[], tuple[socket.socket, socket.socket]]


@pytest.fixture
def pairs() -> Iterator[Pairs]:
    """Makes connected sockets; the second of each is the one whose end of file tells of a shutdown."""
    made: list[socket.socket] = []

    def pair() -> tuple[socket.socket, socket.socket]:
        one, other = socket.socketpair()
        other.settimeout(SECONDS)
        made.extend((one, other))
        return one, other

    yield pair
    for sock in made:
        sock.close()


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    made = Keeper()
    yield made
    made.close()


def test_a_watch_that_ends_shuts_its_connection_down(keeper: Keeper, pairs: Pairs) -> None:
    tap, peer = pairs()
    watch = keeper.watch(tap, 0.01)
    assert peer.recv(1) == b""
    assert not keeper.release(watch)


def test_a_watch_released_in_time_leaves_its_connection_alone(keeper: Keeper, pairs: Pairs) -> None:
    kept, kept_peer = pairs()
    other, other_peer = pairs()
    assert keeper.release(keeper.watch(kept, 0.02))
    later = keeper.watch(other, 0.04)
    assert other_peer.recv(1) == b""
    assert not keeper.release(later)
    kept.sendall(b"x")
    assert kept_peer.recv(1) == b"x"


def test_an_earlier_end_is_not_kept_waiting_by_a_later_one(keeper: Keeper, pairs: Pairs) -> None:
    late, _ = pairs()
    early, early_peer = pairs()
    first = keeper.watch(late, LONG)
    keeper.watch(early, 0.01)
    assert early_peer.recv(1) == b""
    assert keeper.release(first)


def test_a_peer_that_has_gone_does_not_stop_the_keeper(keeper: Keeper, pairs: Pairs) -> None:
    gone, _ = pairs()
    keeper.watch(gone, 0.01)
    gone.close()
    tap, peer = pairs()
    keeper.watch(tap, 0.02)
    assert peer.recv(1) == b""


def started_by(watch: Callable[[], Watch]) -> tuple[Watch, threading.Thread]:
    """The watch, and the keeper's thread that came with it; threads of earlier tests may still be ending."""
    before = set(threading.enumerate())
    watching = watch()
    (thread,) = set(threading.enumerate()) - before
    return watching, thread


def test_a_closed_keeper_goes_on_until_the_last_watch_and_then_ends(pairs: Pairs) -> None:
    keeper = Keeper()
    last, thread = started_by(lambda: keeper.watch(pairs()[0], LONG))
    keeper.close()
    tap, peer = pairs()
    keeper.watch(tap, 0.01)
    assert peer.recv(1) == b""  # so the keeper has seen the close, and sleeps again
    assert keeper.release(last)
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_a_closed_keeper_without_watches_ends_at_once(pairs: Pairs) -> None:
    keeper = Keeper()
    watch, thread = started_by(lambda: keeper.watch(pairs()[0], LONG))
    keeper.release(watch)
    keeper.close()
    thread.join(SECONDS)
    assert not thread.is_alive()
