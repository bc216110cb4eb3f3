"""The sandbox's own addresses below /__control/: faults, log, account, ledger, callbacks, counts, reset. No credentials needed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl

from reminderd.gateway.sandbox.api import PlivoApi
from reminderd.gateway.sandbox.callbacks.control import CallbackControl
from reminderd.gateway.sandbox.faults import Fault, Faults
from reminderd.gateway.sandbox.faultspec import parse_fault
from reminderd.gateway.sandbox.http import Request, Response
from reminderd.gateway.sandbox.ledger import Ledger
from reminderd.gateway.sandbox.messagelog import parse_replacement
from reminderd.gateway.sandbox.words import parse_seconds, whole_number

PREFIX = "/__control/"
LONGEST_PAGE = 10_000


class Control:
    """Looks into the sandbox and changes it. `counts` are the requests so far, by kind."""

    def __init__(
        self, ledger: Ledger, faults: Faults, api: PlivoApi, callbacks: CallbackControl, counts: Counter[str]
    ) -> None:
        self._ledger = ledger
        self._faults = faults
        self._api = api
        self._callbacks = callbacks
        self._counts = counts
        self._at_start = faults.in_force()
        self._routes: Mapping[str, Mapping[str, Callable[[Request], Response]]] = {
            "faults": {"GET": self._list_faults, "POST": self._add_faults, "DELETE": self._clear_faults},
            "log": {"POST": self._show_log},
            "account": {"POST": self._tell_account},
            "ledger": {"GET": self._show_ledger},
            "duplicates": {"GET": self._show_duplicates},
            "requests": {"GET": self._show_counts},
            "reset": {"POST": self._reset},
            **callbacks.routes,
        }

    def handle(self, request: Request) -> Response:
        """The answer to a request below PREFIX."""
        methods = self._routes.get(request.path.removeprefix(PREFIX).rstrip("/"))
        if methods is None:
            return Response.of_json(404, {"error": f"there are {', '.join(self._routes)} here"})
        if request.method not in methods:
            return Response.of_json(405, {"error": f"{' or '.join(methods)} is the method here"})
        try:
            return methods[request.method](request)
        except ValueError as error:
            return Response.of_json(400, {"error": str(error)})

    def reset(self) -> None:
        """Back to the start: an empty ledger, the faults and the log that were given at the start, no counts."""
        self._ledger.clear()
        self._faults.clear()
        self._faults.add(self._at_start)
        self._api.forget()
        self._callbacks.reset()
        self._counts.clear()

    def _list_faults(self, _: Request) -> Response:
        return Response.of_json(200, {"faults": self._faults.listed()})

    def _add_faults(self, request: Request) -> Response:
        self._faults.add(_read_faults(request.document()))
        return self._list_faults(request)

    def _clear_faults(self, request: Request) -> Response:
        self._faults.clear()
        return self._list_faults(request)

    def _show_log(self, request: Request) -> Response:
        document = request.document()
        if not isinstance(document, dict) or not set(document) <= {"lag", "numbers"}:
            raise ValueError('the log is told {"lag": "2s"}, {"numbers": ["^52=521"]} or both')
        lag, numbers = document.get("lag"), document.get("numbers")
        if not isinstance(numbers, list | None) or not all(isinstance(each, str) for each in numbers or ()):
            raise ValueError("numbers: a list of PATTERN=REPLACEMENT belongs here")
        replacements = None if numbers is None else tuple(parse_replacement(each) for each in numbers)
        self._api.show_log(None if lag is None else parse_seconds(str(lag)), replacements)
        return Response.of_json(200, {"lag": lag, "numbers": numbers})

    def _tell_account(self, request: Request) -> Response:
        document = request.document()
        if not isinstance(document, dict):
            raise ValueError('the account is told an object like {"credit": "3.50"}')
        account = self._api.tell_account(document)
        numbers = None if account.numbers is None else sorted(account.numbers)
        return Response.of_json(200, {**account._asdict(), "numbers": numbers})

    def _show_ledger(self, request: Request) -> Response:
        asked = dict(parse_qsl(request.query))
        after = whole_number(asked.get("after", "0"))
        first = after + 1
        last = min(len(self._ledger), after + min(whole_number(asked.get("limit", str(LONGEST_PAGE))), LONGEST_PAGE))
        lines = self._ledger.raw(first, last).splitlines()
        more = b"true" if last < len(self._ledger) else b"false"
        body = b'{"total": %d, "more": %s, "messages": [%s]}' % (len(self._ledger), more, b",\n".join(lines))
        return Response(200, body, "application/json")

    def _show_duplicates(self, _: Request) -> Response:
        return Response.of_json(200, {"duplicates": [asdict(group) for group in self._ledger.duplicates()]})

    def _show_counts(self, _: Request) -> Response:
        return Response.of_json(200, {**self._counts, "accepted": len(self._ledger)})

    def _reset(self, request: Request) -> Response:
        self.reset()
        return self._show_counts(request)


def _read_faults(document: Any) -> Sequence[Fault]:
    specs = document if isinstance(document, list) else [document]
    if not all(isinstance(spec, str | dict) for spec in specs):
        raise ValueError('a fault is an object like {"status": 503} or a text like "status=503"')
    return [parse_fault(spec) for spec in specs]
