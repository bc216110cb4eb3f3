"""Plain lists: what people wrote, who wants no messages, and what operators did."""

import json
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from reminderd.store.connection import Row
from reminderd.web.page.frame import Frame, Looking

_PAGE = 50
_MOST_DIGITS = 18
_LONGEST = 100
_PARTS = 12  # of what was said with an act


class Annals:
    """The routes."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self, router: APIRouter) -> None:
        self._frame.add(router, "/inbound", self._inbound)
        self._frame.add(router, "/opt-outs", self._opt_outs)
        self._frame.add(router, "/actions", self._actions)

    async def _inbound(self, request: Request, looking: Looking) -> Response:
        before = _before(request)
        rows = await self._frame.reader.ask(lambda view: view.annals.inbound(before, _PAGE))
        return self._list(
            request, looking, "inbound.html", rows, {"before": rows[_PAGE - 1]["id"]} if _more(rows) else {}
        )

    async def _actions(self, request: Request, looking: Looking) -> Response:
        before = _before(request)
        rows = await self._frame.reader.ask(lambda view: view.annals.actions(before, _PAGE))
        following = {"before": rows[_PAGE - 1]["id"]} if _more(rows) else {}
        return self._list(request, looking, "actions.html", [_in_words(row) for row in rows], following)

    async def _opt_outs(self, request: Request, looking: Looking) -> Response:
        query = request.query_params
        phone, sender = (query.get(name, "")[:_LONGEST] for name in ("phone", "sender"))
        after = (phone, sender) if phone.isprintable() and sender.isprintable() else None
        rows = await self._frame.reader.ask(lambda view: view.annals.opt_outs(after, _PAGE))
        last = rows[_PAGE - 1] if _more(rows) else {}
        return self._list(
            request, looking, "opt-outs.html", rows, {name: last[name] for name in ("phone", "sender") if last}
        )

    def _list(
        self, request: Request, looking: Looking, template: str, rows: list[Row], following: dict[str, object]
    ) -> Response:
        """following: the address of the next page, where there is one."""
        path = request.url.path
        more = f"{path}?{urlencode(following)}" if following else None
        first = path if request.query_params.keys() & {"before", "phone"} else None
        return self._frame.show(request, looking, template, rows=rows[:_PAGE], more=more, first=first)


def _more(rows: list[Row]) -> bool:
    return len(rows) > _PAGE


def _before(request: Request) -> int | None:
    text = request.query_params.get("before", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None


def _in_words(row: Row) -> Row:
    """With what was said as pairs, without what was left out."""
    said = json.loads(row["detail"])
    pairs = said.items() if isinstance(said, dict) else [("said", said)]
    given = [(name, _word(value)) for name, value in pairs if value not in (None, "", False, [], {})]
    return {**row, "said": given[:_PARTS]}


def _word(value: object) -> str:
    if value is True:
        return "yes"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
