"""Templates, loaded once, and how times and numbers are written on the page."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from reminderd import __version__
from reminderd.clock import from_text, to_text
from reminderd.web.page import words
from reminderd.web.page.files import Files

_SUFFIX = ".html"


class Rendering:
    """Every template of the package. Whatever is put into one is escaped."""

    def __init__(self, static: Files) -> None:
        folder = files(__package__).joinpath("templates")
        sources = {
            each.name: each.read_text(encoding="utf-8") for each in folder.iterdir() if each.name.endswith(_SUFFIX)
        }
        self._environment = Environment(
            loader=DictLoader(sources),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=len(sources),
            auto_reload=False,
        )
        self._environment.globals.update(static=static.path, version=__version__, hour=timedelta(hours=1))
        self._environment.filters.update(
            moment=moment,
            number=number,
            plural=plural,
            text=local,
            share=words.share,
            seconds=words.seconds,
            amount=words.amount,
            visible=words.visible,
            nominal=words.nominal,
        )

    def render(self, template: str, **values: Any) -> str:
        """The document. values: what the template names."""
        return self._environment.get_template(template).render(**values)


def moment(at: datetime | str, zone: ZoneInfo, form: str = "%a %d %b %H:%M") -> Markup:
    """A time as people of this zone say it; machines read it in UTC. at: as the state has it, or aware."""
    instant = from_text(at) if isinstance(at, str) else at
    return Markup('<time datetime="{}">{}</time>').format(to_text(instant), local(instant, zone, form))


def local(at: datetime, zone: ZoneInfo, form: str) -> str:
    """The same as mere text; a time that lies outside of what a calendar has is written in UTC."""
    try:
        return at.astimezone(zone).strftime(form)
    except OverflowError:
        return at.astimezone(UTC).strftime(form)


def number(value: int) -> str:
    """With separators that belong to no country's decimals: 1 234 567."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def plural(value: int, one: str, many: str | None = None) -> str:
    """The number with its noun: 1 job, 2 jobs."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"
