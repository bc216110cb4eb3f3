"""Texts that came in, as the page shows them."""

from zoneinfo import ZoneInfo

from reminderd.model import Intent
from reminderd.store import Written
from reminderd.store.view import open_view_beside
from reminderd.web.access.callers import LOCAL
from reminderd.web.page.files import Files
from reminderd.web.page.frame import Looking
from reminderd.web.page.rendering import Rendering
from tests.support.world import ANNA, SENDER, World

_ZONE = "Europe/Berlin"


def test_what_people_wrote_is_shown_escaped_with_what_came_of_it(world: World) -> None:
    now = world.clock.now()
    for number, (text, intent) in enumerate((("STOP", Intent.STOP), ("<b>call me</b>", Intent.OTHER))):
        assert world.store.inbound.record(Written(f"uuid-{number}", ANNA, SENDER, text, intent, media=number), now)
    view = open_view_beside(world.path)
    rows = view.annals.inbound(None, 50)
    view.close()
    html = Rendering(Files()).render(
        "inbound.html",
        rows=rows,
        more="/inbound?before=1",
        first=None,
        looking=Looking(LOCAL, _ZONE),
        clock=ZoneInfo(_ZONE),
        zone=_ZONE,
        zones=[_ZONE],
        here="/inbound",
        query=[],
    )
    assert "&lt;b&gt;call me&lt;/b&gt;" in html
    assert "<b>call me" not in html
    assert html.index("call me") < html.index("STOP")
    assert 'href="/inbound?before=1"' in html
    assert rows[1]["result"] in html
    assert "1 file<" in html
