"""Taking over the sockets that systemd opened, in a process that has them at the descriptors where systemd puts them."""

import json
import os
import subprocess
import sys

import pytest

# In a process of its own, since descriptors from 3 on are taken here. argv: the variables; what to put at 3, 4, ...
_CODE = """
import json, os, socket, sys
from reminderd.web.activation import take_sockets
given, kinds = json.loads(sys.argv[1]), sys.argv[2:]
made = []
for kind in kinds:
    if kind == "listening":
        it = socket.socket(); it.bind(("127.0.0.1", 0)); it.listen()
    elif kind == "unix":
        it = socket.socket(socket.AF_UNIX); it.bind(f"\\0reminderd-test-{os.getpid()}"); it.listen()
    elif kind == "datagram":
        it = socket.socket(type=socket.SOCK_DGRAM)
    elif kind == "unbound":
        it = socket.socket()
    else:
        it = open("/dev/null")
    made.append(it)
high = [os.dup2(it.fileno(), 100 + i) for i, it in enumerate(made)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
for fd in high:
    os.close(fd)
environ = {**given, "HOME": "/"}
taken = take_sockets(environ, 4711)
print(json.dumps([[it.fileno() for it in taken], [os.get_inheritable(it.fileno()) for it in taken], sorted(environ)]))
os._exit(0) if not sys.stdout.flush() else None
"""


def take(variables: dict[str, str], *kinds: str) -> tuple[list[int], list[bool]]:
    command = [sys.executable, "-c", _CODE, json.dumps(variables), *kinds]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ}, timeout=60)
    descriptors, inheritable, left = json.loads(done.stdout)
    assert left == ["HOME"], "the variables are not for the daemon's own children"
    return descriptors, inheritable


GIVEN = {"LISTEN_PID": "4711", "LISTEN_FDS": "1"}


def test_a_socket_for_this_process_is_taken_and_not_handed_on() -> None:
    assert take({**GIVEN, "LISTEN_FDNAMES": "web"}, "listening") == ([3], [False])


def test_a_socket_without_a_name_is_taken_too() -> None:
    assert take(GIVEN, "unix") == ([3], [False])


def test_of_several_those_named_web_are_taken() -> None:
    variables = {"LISTEN_PID": "4711", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "other:web:web"}
    assert take(variables, "listening", "listening", "unix") == ([4, 5], [False, False])


@pytest.mark.parametrize("kind", ["datagram", "unbound", "file"])
def test_what_is_no_listening_socket_is_left_out(kind: str) -> None:
    assert take(GIVEN, kind) == ([], [])


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": "4711", "LISTEN_FDS": "one"},
        {"LISTEN_PID": "4711", "LISTEN_FDS": "-1"},
        {"LISTEN_PID": "4711", "LISTEN_FDS": "²"},
    ],
)
def test_what_is_for_nobody_or_makes_no_sense_is_left_alone(variables: dict[str, str]) -> None:
    assert take(variables, "listening") == ([], [])


def test_a_number_that_is_too_large_ends() -> None:
    assert take({"LISTEN_PID": "4711", "LISTEN_FDS": "999999999"}, "listening") == ([3], [False])
