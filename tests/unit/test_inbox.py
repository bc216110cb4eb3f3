"""How other threads reach the loop, and that none waits for a loop that has ended."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from reminderd.daemon.inbox import Inbox


def test_who_asks_gets_what_the_loop_returns_or_raises() -> None:
    inbox = Inbox()
    with ThreadPoolExecutor(2) as threads:
        good = threads.submit(inbox.ask, lambda: threading.get_ident(), 20)
        inbox.wait(20)
        inbox.make_calls()
        assert good.result(20) == threading.get_ident()
        bad = threads.submit(inbox.ask, lambda: 1 // 0, 20)
        inbox.wait(20)
        inbox.make_calls()
        with pytest.raises(ZeroDivisionError):
            bad.result(20)


def test_who_asks_a_loop_that_has_ended_does_not_wait_for_it() -> None:
    inbox, made = Inbox(), list[int]()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(inbox.ask, lambda: made.append(1), 600)
        inbox.wait(20)
        inbox.close()
        with pytest.raises(TimeoutError, match="the daemon ends"):
            waiting.result(20)
    with pytest.raises(TimeoutError, match="the daemon ends"):
        inbox.ask(lambda: made.append(2), 600)
    assert made == []
