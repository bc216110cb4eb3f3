"""An editor's side of yaml-language-server: opens one file at a time and asks about it."""

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 60  # seconds, for an answer on a busy machine
_ROOT = Path(__file__).parents[2]
_SETTINGS = {
    "yaml": {"schemaStore": {"enable": False}, "hover": True, "completion": True, "validate": True},
    "http": {},
}


def server_command() -> list[str] | None:
    """How to start the server: YAML_LANGUAGE_SERVER, else that of .venv/editor, else one in the path; None without any."""
    named = os.environ.get("YAML_LANGUAGE_SERVER")
    own = _ROOT / ".venv" / "editor" / "node_modules" / ".bin" / "yaml-language-server"
    found = named or (str(own) if own.exists() else shutil.which("yaml-language-server"))
    return [found, "--stdio"] if found and shutil.which("node") else None


class Editor:
    """Requests and their answers; notifications are kept in the order in which they come."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._incoming: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._number = 0
        threading.Thread(target=self._listen, daemon=True).start()
        self._ask("initialize", processId=None, rootUri=folder.as_uri(), capabilities={})
        self._tell("initialized")
        self._tell("workspace/didChangeConfiguration", settings=_SETTINGS)

    def open(self, name: str, text: str) -> list[dict[str, Any]]:
        """Open a file with this text; what the server finds wrong in it."""
        uri = (self._folder / name).as_uri()
        self._tell("textDocument/didOpen", textDocument={"uri": uri, "languageId": "yaml", "version": 1, "text": text})
        while True:
            message = self._next()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                found: list[dict[str, Any]] = message["params"]["diagnostics"]
                return found

    def completions(self, name: str, line: int, column: int) -> dict[str, dict[str, Any]]:
        """What is offered at a place, counted from 0, by its label."""
        answer = self._ask("textDocument/completion", **self._at(name, line, column))
        items = answer["items"] if isinstance(answer, dict) else answer
        return {item["label"]: item for item in items}

    def hover(self, name: str, line: int, column: int) -> str:
        """What is said of a place, counted from 0."""
        answer = self._ask("textDocument/hover", **self._at(name, line, column))
        return "" if answer is None else str(answer["contents"]["value"])

    def _at(self, name: str, line: int, column: int) -> dict[str, Any]:
        uri = (self._folder / name).as_uri()
        return {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}

    def _ask(self, method: str, **params: Any) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == self._number and "method" not in message:
                assert "error" not in message, message["error"]
                return message["result"]

    def _tell(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def _next(self) -> dict[str, Any]:
        """The next message; the server's own questions are answered on the way."""
        while True:
            message = self._incoming.get(timeout=PATIENCE)
            assert message is not None, "the language server has ended"
            if "id" not in message or "method" not in message:
                return message
            asked = message["params"].get("items", []) if message["method"] == "workspace/configuration" else None
            answer = None if asked is None else [_SETTINGS.get(item["section"], {}) for item in asked]
            self._send({"id": message["id"], "result": answer})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while head := stream.readline():
            length = int(head.partition(b":")[2])
            while stream.readline().strip():
                pass
            self._incoming.put(json.loads(stream.read(length)))
        self._incoming.put(None)


@contextmanager
def editor(command: list[str], folder: Path) -> Iterator[Editor]:
    """A server that runs while the block does."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder
    ) as process:
        try:
            yield Editor(process, folder)
        finally:
            process.kill()
