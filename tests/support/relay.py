"""A relay between the daemon and the sandbox, over TLS, that can hold back, fall silent and break off as networks do."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from reminderd.gateway.sandbox import environment
from tests.e2e.test_gateway_routes import CERTIFICATE

SECONDS = 60.0  # what it waits for something that must happen


class Relay:
    """Serve in a `with` block, in front of `port` on loopback.

    gate: while it is clear, new connections are taken, and get no further than that. flow: while it is clear, nothing
    is carried on either way, and nobody is told; what was written meanwhile goes on when it is set again, also
    when its writer has gone. connections: how many were taken so far.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.certificate = folder / "relay.pem"
        self.certificate.write_text(CERTIFICATE)
        self.gate, self.flow = threading.Event(), threading.Event()
        self.gate.set()
        self.flow.set()
        self.connections = 0
        self._target = port
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(self.certificate)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    @property
    def environment(self) -> dict[str, str]:
        """What points reminderd at it."""
        url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        return {**environment(url), "REMINDERD_PLIVO__CA_FILE": str(self.certificate)}

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.gate.set()
        self.flow.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._each(lambda sock: socket.socket.shutdown(sock, socket.SHUT_RDWR))
        for thread in self._threads:
            thread.join(SECONDS)

    def reset(self) -> None:
        """RST on every connection to the daemon, in a moment."""

        def abort(sock: socket.socket) -> None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.socket.shutdown(sock, socket.SHUT_RD)  # whoever reads wakes up, and closes

        self._each(abort)

    def half_close(self) -> None:
        """FIN on every connection to the daemon, which may go on writing."""
        self._each(lambda sock: socket.socket.shutdown(sock, socket.SHUT_WR))

    def _each(self, act: Callable[[socket.socket], None]) -> None:
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    act(sock)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, sock)

    def _serve(self, taken: socket.socket) -> None:
        taken.settimeout(SECONDS)
        self.gate.wait(SECONDS)
        try:
            daemon = self._tls.wrap_socket(taken, server_side=True)
        except OSError:
            taken.close()
            return
        with self._lock:
            self._open.add(daemon)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._target), SECONDS) as sandbox:
            self._start(self._carry, sandbox, daemon)
            self._carry(daemon, sandbox)
        with self._lock:
            self._open.discard(daemon)
        daemon.close()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        """Until either side ends; TLS is used by one thread a direction, which OpenSSL bears."""
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self.flow.wait(SECONDS)
                sink.sendall(data)
        with contextlib.suppress(OSError):
            socket.socket.shutdown(sink, socket.SHUT_WR)
