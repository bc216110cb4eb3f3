"""The pictures of the docs: the page before a small world whose clock stands still, so that they come out the same each time.

python -m tests.browser.picture docs/images
"""

import shutil
import sqlite3
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from playwright.sync_api import sync_playwright

from reminderd.model import Defaults, InDoubt, Refused
from reminderd.settings import Settings
from reminderd.telemetry import Figures
from reminderd.web.listener import Listener
from reminderd.web.sources import Sources
from tests.support.clock import utc
from tests.support.sandbox import wait_until
from tests.support.web import answers, free_port
from tests.support.world import SENDER, World, job

ZONE = "Europe/Berlin"
_FIRST, _LAST = "2027-03-02 06:40", "2027-03-03 07:25"  # of UTC


class Picture(NamedTuple):
    """height: of what is shown of the page; 0: all of it."""

    name: str
    path: str
    width: int
    height: int
    dark: bool = False


PICTURES = [
    Picture("overview", "/", 1120, 0),
    Picture("overview-phone", "/", 380, 1000, dark=True),
    Picture("delivery", "/deliveries/184", 1120, 0),
]


def _job(name: str, message: str, people: int, **keys: Any) -> dict[str, Any]:
    first = 1000 + zlib.crc32(name.encode()) % 8000
    to = [{"phone": f"+1415555{first + each:04}", "name": f"Tenant {each + 1}"} for each in range(people)]
    return {"name": name, **job(to=to, message=message, **keys)}


def _phone(world: World, job: str, person: int) -> str:
    return world.syncer.running[job].recipients[person].phone


def lived(folder: Path) -> World:
    """A day of a house: hundreds of messages, one nobody knows of, one refused, a typo, a pause and a hold."""
    world = World(folder, utc(_FIRST), Defaults(ZONE, SENDER))
    world.write("rent.yaml", _job("rent", "The rent is due today.", 34, cron="0 9 3 * *"))
    world.write(
        "house.yaml",
        _job("heating-check", "Please look at the boiler's pressure.", 6, cron="30 7,19 * * *"),
        _job("medication", "Time for your medication.", 9, cron="0 8-20/2 * * *"),
        _job("shift-handover", "Your shift begins in fifteen minutes, at gate 2.", 12, cron="15 6,14,22 * * *"),
        _job("school-bus", "The bus leaves at 17:00.", 22, cron="45 16 * * *"),
        _job("pump-watch", "Please read the pump's counter.", 2, cron="0 * * * *"),
        _job("water-off", "The water is off from 13:00 to 15:00.", 48, at=["2027-03-03T11:00"]),
        _job("newsletter", "News from the house: https://house.example/news", 15, cron="0 18 * * *"),
        _job("survey", "How did you like it?", 60, at=["2027-03-03T08:20"], limits={"per_occurrence": 50}),
    )
    world.sync()
    world.gateway.moods[_phone(world, "medication", 3)] = Refused(400, "400: the number is not in service")
    world.go_to("2027-03-02 12:30")
    world.gateway.moods.clear()
    world.go_to("2027-03-02 17:30")
    world.command("pause", job="newsletter", why="the new list is not ready")
    world.go_to("2027-03-03 05:00")
    world.gateway.moods[_phone(world, "shift-handover", 7)] = InDoubt("connection lost: Connection reset by peer")
    world.go_to("2027-03-03 07:05")
    world.load("cellar.yaml", _job("cellar", "Please lock the cellar.", 1, cron="0 25 * * *"))
    world.go_to(_LAST)
    with closing(sqlite3.connect(world.path)) as raw, raw:
        raw.execute("update daemon set host = 'house-1', started_at = '2027-02-27T05:12:00.000Z'")
    return world


@contextmanager
def shown(world: World) -> Iterator[str]:
    """The listener before this world; its address."""
    figures = Figures(world.clock)
    figures.started_at = world.clock.now() - timedelta(days=4, hours=2, minutes=13)
    figures.last_pass_at = world.clock.now()
    port = free_port()
    settings = Settings.model_validate({"timezone": ZONE, "web": {"listen": f"127.0.0.1:{port}", "rate": "1000"}})
    sources = Sources(
        figures=figures,
        state=world.path,
        now=world.clock.now,
        due=world.planner.due_by_job,
        running=lambda: world.syncer.running,
        settings=lambda: settings,
        perform=lambda _request, _who: {"ok": False, "error": "nobody acts in a picture", "kind": "refused"},
        arrive=lambda _: Future(),
        gateway=lambda: world.gateway,
        reminders=None,  # type: ignore[arg-type] # nobody asks for them
        when=lambda _, done: done(),
    )
    listener = Listener(sources, settings.web.listen, (), lambda _: None)
    listener.start()
    wait_until(lambda: answers(port))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        listener.stop()
        listener.join(10)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    program = shutil.which("chromium-headless-shell")
    if program is None:
        sys.exit("chromium-headless-shell is not here: install Debian's package of that name (--no-install-recommends)")
    with TemporaryDirectory() as place, shown(lived(Path(place))) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--font-render-hinting=none"]
        )
        for picture in PICTURES:
            context = browser.new_context(
                viewport={"width": picture.width, "height": picture.height or 900},
                color_scheme="dark" if picture.dark else "light",
                reduced_motion="reduce",
            )
            page = context.new_page()
            page.goto(url + picture.path)
            path = folder / f"{picture.name}.png"
            page.screenshot(path=path, full_page=picture.height == 0)
            print(f"{path}: {path.stat().st_size // 1024} KiB")
            context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
