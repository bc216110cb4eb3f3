"""One kind of clients, in a process of their own: `python -m tests.load.client callbacks|polls|hostile`, told by JSON on stdin.

Prints a line when it is ready, waits for a line, and then prints what came back as JSON. It yields to others (nice): clients
are on other machines, and here they must not take from the daemon what it would have there.
"""

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.load.attacking import Attacker
from tests.load.calling import Sent, callbacks
from tests.load.looking import polls
from tests.load.wire import Ask, Driver

_SLOW = 12  # heads that come a line at a time; with the lanes not more than there are places
NICE = 10


def _asks(kind: str, told: dict[str, Any]) -> list[Ask]:
    match kind:
        case "callbacks":
            return callbacks([Sent(*each) for each in told["messages"]], told["number"], told["seed"])
        case "polls":
            return polls(told["number"], told["cookie"])
        case "hostile":
            return Attacker([each[0] for each in told["messages"]], told["seed"]).asks(told["number"])
    raise ValueError(kind)


@contextmanager
def _slow_heads(port: int, number: int) -> Iterator[None]:
    """Beside everything else: connections that never get to ask."""
    over = threading.Event()

    def keep_on() -> None:
        crowd: list[socket.socket] = []
        while not over.wait(0.2):
            with suppress(OSError):
                while len(crowd) < number:
                    crowd.append(socket.create_connection(("127.0.0.1", port), 2))
                    crowd[-1].sendall(b"GET / HTTP/1.1\r\n")
            for each in list(crowd):
                try:
                    each.sendall(b"X-a: b\r\n")
                except OSError:
                    each.close()
                    crowd.remove(each)
        for each in crowd:
            each.close()

    thread = threading.Thread(target=keep_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def main() -> None:
    kind, told = sys.argv[1], json.loads(sys.stdin.readline())
    os.nice(NICE)
    asks = _asks(kind, told)
    print("ready", flush=True)
    sys.stdin.readline()
    driver = Driver(told["port"], asks, told["lanes"], told["rate"], time.monotonic() + told["seconds"])
    with _slow_heads(told["port"], _SLOW if kind == "hostile" else 0):
        tally = driver.run()
    print(json.dumps(tally.document()), flush=True)


if __name__ == "__main__":
    main()
