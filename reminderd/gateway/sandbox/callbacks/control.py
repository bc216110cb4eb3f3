"""The control addresses that are about callbacks: see them, make one by hand, hear a text, say where texts go."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from reminderd.clock import Clock
from reminderd.gateway.sandbox.api import PlivoApi
from reminderd.gateway.sandbox.callbacks.callback import Callback, encoded
from reminderd.gateway.sandbox.callbacks.caller import Caller, Target, changed, inbound_callback, status_callback
from reminderd.gateway.sandbox.course import STATES, Step
from reminderd.gateway.sandbox.http import Request, Response
from reminderd.gateway.sandbox.incoming import Received
from reminderd.gateway.sandbox.ledger import Ledger
from reminderd.gateway.sandbox.message import Message
from reminderd.gateway.sandbox.mishaps import Mishap, read_mishap
from reminderd.gateway.sandbox.words import parse_seconds, whole_number, words_of_mapping

LONGEST_PAGE = 1000
_OF_ALL = ("message_uuid", "url", "method", "fields", "signature", "repeat", "latency")
_OF_STATUS = ("status", "error_code", "sequence")
_SEQUENCES = {"queued": 1, "sent": 2}

Document = Mapping[str, Any]


class CallbackControl:
    """Raises ValueError for what cannot be understood."""

    def __init__(self, ledger: Ledger, api: PlivoApi, caller: Caller, clock: Clock) -> None:
        self._ledger = ledger
        self._api = api
        self._caller = caller
        self._clock = clock
        self.routes: Mapping[str, Mapping[str, Callable[[Request], Response]]] = {
            "inbound": {"POST": self._hear},
            "inbound-url": {"POST": self._inbound_to},
            "callback": {"POST": self._by_hand},
            "callbacks": {"GET": self._show},
        }

    def reset(self) -> None:
        """Back to the start."""
        self._caller.reset()

    def hear(self, phone: str, sender: str, text: str) -> Received:
        """Somebody writes to a sender."""
        text.encode()  # half a character is a ValueError
        received = self._api.hear(phone, sender, text)
        self._caller.received(received, self._api.credentials.token_of(received.auth_id))
        return received

    def by_hand(self, document: Document) -> list[Callback]:
        """Make one callback as the document says, docs/sandbox.md has its keys; what was made."""
        callback = self._callback(document)
        callback.body = encoded(changed(callback.form, _fields(document.get("fields", {}))))
        callback.chain = f"by hand: {callback.message_uuid}"
        words = words_of_mapping({key: document[key] for key in ("signature", "repeat") if key in document})
        delay = parse_seconds(str(document.get("latency", "0")))
        return self._caller.by_hand(callback, read_mishap(words) or Mishap(), delay)

    def _callback(self, document: Document) -> Callback:
        message_uuid = document.get("message_uuid")
        if not isinstance(message_uuid, str):
            raise ValueError('a callback is told {"message_uuid": "...", "status": "delivered"} and more')
        message, received = self._ledger.find(message_uuid), self._api.incoming.find(message_uuid)
        if message is not None:
            _only(document, (*_OF_ALL, *_OF_STATUS))
            return self._of_message(message, document)
        if received is not None:
            _only(document, _OF_ALL)
            return inbound_callback(received, self._target(document, received.auth_id, *self._caller.inbound))
        raise ValueError(f"{message_uuid} is no message of this sandbox; fields can say another MessageUUID")

    def _of_message(self, message: Message, document: Document) -> Callback:
        state = document.get("status")
        if state not in STATES:
            raise ValueError(f"status: write one of {', '.join(STATES)}")
        code = None if document.get("error_code") is None else whole_number(str(document["error_code"]))
        sequence = whole_number(str(document.get("sequence", _SEQUENCES.get(state, 3))))
        age = max(0.0, (self._clock.now() - message.accepted_at).total_seconds())
        target = self._target(document, message.auth_id, message.url, message.method)
        return status_callback(message, Step(state, code, age), sequence, target)

    def _target(self, document: Document, auth_id: str, url: str | None, method: str) -> Target:
        url, method = document.get("url", url), document.get("method", method)
        if not isinstance(url, str):
            raise ValueError("no callbacks are wanted of this message; say the url")
        return Target(url.partition("#")[0], _method(method), self._api.credentials.token_of(auth_id))

    def _hear(self, request: Request) -> Response:
        document = request.document()
        if not isinstance(document, dict) or set(document) != {"from", "to", "text"}:
            raise ValueError('an incoming message is {"from": "+14155550101", "to": "+14155550100", "text": "STOP"}')
        if not all(isinstance(value, str) for value in document.values()):
            raise ValueError("from, to and text are texts")
        received = self.hear(document["from"], document["to"], document["text"])
        stopped = self._api.stopped(received)
        return Response.of_json(200, {"message_uuid": received.message_uuid, "stopped": stopped})

    def _inbound_to(self, request: Request) -> Response:
        document = request.document()
        if not isinstance(document, dict) or not set(document) <= {"url", "method"} or "url" not in document:
            raise ValueError('where texts go is {"url": "http://127.0.0.1:8080/plivo/inbound"}, or null for nowhere')
        url, method = document["url"], _method(document.get("method", "POST"))
        if not isinstance(url, str | None):
            raise ValueError("url: an address or null belongs here")
        self._caller.inbound_to(url, method)
        return Response.of_json(200, {"url": url, "method": method})

    def _by_hand(self, request: Request) -> Response:
        document = request.document()
        if not isinstance(document, dict):
            raise ValueError('a callback is told {"message_uuid": "...", "status": "delivered"} and more')
        return Response.of_json(200, {"callbacks": [callback.document() for callback in self.by_hand(document)]})

    def _show(self, request: Request) -> Response:
        asked = dict(parse_qsl(request.query))
        after = whole_number(asked.get("after", "0"))
        limit = min(whole_number(asked.get("limit", str(LONGEST_PAGE))), LONGEST_PAGE)
        outbox = self._caller.outbox
        found = list(islice((each for each in outbox.kept() if each.number > after), limit + 1))
        counts = {standing.value: count for standing, count in outbox.counts.items() if count}
        shown = [callback.document() for callback in found[:limit]]
        return Response.of_json(200, {"callbacks": shown, "more": len(found) > limit, "counts": counts})


def _only(document: Document, keys: tuple[str, ...]) -> None:
    for key in document:
        if key not in keys:
            raise ValueError(f"{key!r} is nothing that this callback can be told; it is {', '.join(keys)}")


def _method(value: object) -> str:
    if value not in ("GET", "POST"):
        raise ValueError("method: write GET or POST")
    return str(value)


def _fields(value: object) -> Mapping[str, str | None]:
    if not isinstance(value, dict) or not all(isinstance(each, str | None) for each in value.values()):
        raise ValueError(
            'fields: texts by name belong here, null to leave one out, like {"Sequence": "2", "MCC": null}'
        )
    return value
