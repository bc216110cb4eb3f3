"""The pages that every test of this folder looks at; whoever adds a page adds it here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from tests.browser.scene import Scene


class Place(NamedTuple):
    """path(scene): where the page is. status: how it is answered."""

    name: str
    path: Callable[[Scene], str]
    status: int = 200


PLACES = [
    Place("overview", lambda _: "/"),
    Place("deliveries", lambda _: "/deliveries"),
    Place("deliveries-found", lambda _: "/deliveries?q=0901&state=failed"),
    Place("delivery-failed", lambda scene: f"/deliveries/{scene.deliveries['refused']}"),
    Place("delivery-in-doubt", lambda scene: f"/deliveries/{scene.deliveries['lost']}"),
    Place("delivery-held", lambda scene: f"/deliveries/{scene.deliveries['crowd']}"),
    Place("delivery-accepted", lambda scene: f"/deliveries/{scene.deliveries['sent-0']}"),
    Place("jobs", lambda _: "/jobs"),
    Place("job", lambda _: "/jobs/rent"),
    Place("job-on-hold", lambda _: "/jobs/crowd"),
    Place("job-paused", lambda _: "/jobs/newsletter"),
    Place("job-of-the-past", lambda _: "/jobs/refused"),
    Place("figures", lambda _: "/figures"),
    Place("hold", lambda _: "/holds/1"),
    Place("inbound", lambda _: "/inbound"),
    Place("opt-outs", lambda _: "/opt-outs"),
    Place("actions", lambda _: "/actions"),
    Place("sign-in", lambda _: "/sign-in?next=/jobs"),
    Place("not-found", lambda _: "/no-such-page", 404),
]
# Those that show something where there is no data.
BARE = [
    place
    for place in PLACES
    if place.name in ("overview", "deliveries", "jobs", "figures", "inbound", "opt-outs", "actions", "not-found")
]


class Sight:
    """A page as a browser shows it, and what it complained of meanwhile."""

    def __init__(self, context: BrowserContext, scene: Scene, expected: int) -> None:
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self._origin = scene.url
        self._expected = expected
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._requested)
        self.page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        # That the page itself is answered so is what was asked for.
        if message.type in ("error", "warning") and f"status of {self._expected}" not in message.text:
            self.complaints.append(message.text)

    def _requested(self, request: Request) -> None:
        if not request.url.startswith(self._origin + "/"):
            self.complaints.append(f"asked elsewhere: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status != self._expected:
            self.complaints.append(f"{response.status} {response.url}")

    def sideways(self) -> int:
        """By how many pixels the page is wider than its window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return width


@contextmanager
def seen(
    browser: Browser,
    scene: Scene,
    place: Place,
    *,
    width: int = 1280,
    dark: bool = False,
    scripts: bool = True,
    clock: bool = False,
) -> Iterator[Sight]:
    """The page, loaded. clock: the browser's timers wait until the test lets time pass."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        reduced_motion="reduce",
    )
    try:
        sight = Sight(context, scene, place.status)
        if clock:
            sight.page.clock.install()
        answer = sight.page.goto(scene.url + place.path(scene), wait_until="load")
        assert answer is not None
        assert answer.status == place.status
        yield sight
    finally:
        context.close()
