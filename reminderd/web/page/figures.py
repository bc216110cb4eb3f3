"""Figures by week: how much went out, how well, how late, and what it cost."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from reminderd.web.page import words
from reminderd.web.page.charts import Chart, chart
from reminderd.web.page.counting import Counting
from reminderd.web.page.frame import Frame, Looking
from reminderd.web.page.rendering import number
from reminderd.web.page.weekly import Week, countries_of, reasons_of, week_of, weeks_until
from reminderd.web.reader import Reader

_WEEKS = 12
_MOST_COUNTRIES = 30
_CHARGED_IN = "USD"


class Figures:
    """The route."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        sources = frame.sources
        self._counting = Counting(Reader(sources.state, "web-figures"), sources.now)

    def routes(self, router: APIRouter) -> None:
        self._frame.add(router, "/figures", self._show)

    async def _show(self, request: Request, looking: Looking) -> Response:
        now, plivo = self._frame.sources.now(), self._frame.sources.settings().plivo
        stretches = weeks_until(now, looking.clock, _WEEKS)
        counted = await self._counting.of(stretches)
        weeks = [
            week_of(stretch, each, now, plivo.price) if each is not None else None
            for stretch, each in zip(stretches, counted, strict=True)
        ]
        known = [each for each in weeks if each is not None]
        return self._frame.show(
            request,
            looking,
            "figures.html",
            rows=list(zip(stretches, weeks, strict=True))[::-1],
            waiting=len(weeks) - len(known),
            charts=_charts([each.begins for each in stretches], weeks, plivo.currency),
            reasons=reasons_of(known),
            countries=countries_of(known)[:_MOST_COUNTRIES],
            price=plivo.price,
            currency=plivo.currency,
        )

    def close(self) -> None:
        """Does not wait for what is being counted."""
        self._counting.close()


def _charts(names: Sequence[str], weeks: Sequence[Week | None], currency: str) -> list[Chart]:
    counted = [each is not None for each in weeks]
    planned = [None if each is None else float(each.planned) for each in weeks]
    trouble = [None if each is None else float(each.trouble) for each in weeks]
    success = [None if each is None else each.success for each in weeks]
    late = [None if each is None else each.p95 for each in weeks]
    lost = [None if each is None else float(each.undelivered) for each in weeks]
    money, spent = _spent(weeks, currency)
    return [
        chart("Planned", names, planned, lambda it: number(round(it)), bad=trouble, counted=counted),
        chart("Success", names, success, words.share, top=1.0, counted=counted),
        chart("Late, 95 of 100", names, late, words.seconds, counted=counted),
        chart("Not delivered", names, lost, lambda it: number(round(it)), counted=counted),
        chart("Spend", names, spent, lambda it: words.amount(it, money), counted=counted),
    ]


def _spent(weeks: Sequence[Week | None], currency: str) -> tuple[str, list[float | None]]:
    """In which currency, and how much. Plivo charges in US dollars; what is reckoned in another currency is not added."""
    charged = any(each is not None and each.cost.charged_messages for each in weeks)
    if charged and currency != _CHARGED_IN:
        return _CHARGED_IN, [None if each is None else each.cost.charged for each in weeks]
    return currency, [None if each is None else each.cost.charged + (each.cost.reckoned or 0.0) for each in weeks]
