"""What holds for every page, in both themes, at the width of a phone and of a desk, with data and without, and without scripts."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.pages import BARE, PLACES, Place, seen
from tests.browser.scene import Scene

pytestmark = pytest.mark.timeout(300)

_PHONE, _DESK = 360, 1280
_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
_MORE_STOPS = 12  # within a field for a date, or of a part that is scrolled
every_place = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
bare_places = pytest.mark.parametrize("place", BARE, ids=lambda place: place.name)
both_widths = pytest.mark.parametrize("width", [_PHONE, _DESK])


def look(browser: Browser, scene: Scene, place: Place, width: int) -> None:
    """Nothing is complained of, nothing is asked elsewhere, nothing is too wide, and axe finds nothing, in both themes."""
    with seen(browser, scene, place, width=width) as sight:
        assert sight.page.locator("h1").count() == 1
        for theme in ("light", "dark"):
            sight.page.emulate_media(color_scheme=theme)
            assert sight.sideways() <= 0
            found = Axe().run(sight.page, options=_RULES)
            assert found.violations_count == 0, f"{theme}: {found.generate_report()}"
        assert sight.complaints == []


@every_place
@both_widths
def test_a_page_is_accessible_fits_and_keeps_to_its_policy(
    browser: Browser, busy: Scene, place: Place, width: int
) -> None:
    look(browser, busy, place, width)


@bare_places
def test_a_page_without_data_is_so_too(browser: Browser, empty: Scene, place: Place) -> None:
    look(browser, empty, place, _PHONE)


@every_place
def test_a_page_shows_all_of_itself_without_scripts(browser: Browser, busy: Scene, place: Place) -> None:
    for last in (False, False, True):  # time goes on between two looks
        with seen(browser, busy, place) as sight:
            with_scripts = words(sight.page.locator("main").inner_text())
        with seen(browser, busy, place, scripts=False) as sight:
            without = words(sight.page.locator("main").inner_text())
            assert sight.complaints == []
        if with_scripts == without:
            break
        assert not last, (with_scripts, without)


def words(text: str) -> list[str]:
    """What is read, without the buttons that only scripts can serve."""
    return text.replace("Copy the command", "").split()


@every_place
def test_every_control_is_reached_by_keyboard_in_the_order_of_the_page(
    browser: Browser, busy: Scene, place: Place
) -> None:
    with seen(browser, busy, place) as sight:
        page = sight.page
        page.evaluate(
            "for (const [i, each] of [...document.querySelectorAll('a[href], button, select, input, summary, textarea')]"
            ".filter((each) => each.checkVisibility()).entries()) each.dataset.place = i"
        )
        number = page.locator("[data-place]").count()
        reached: list[int] = []
        for _ in range(number + _MORE_STOPS):
            page.keyboard.press("Tab")
            found = page.evaluate("Number(document.activeElement.dataset.place ?? -1)")
            if found >= 0 and found not in reached[-1:] and len(reached) < number:
                reached.append(found)
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        assert reached == sorted(set(reached))
        assert len(reached) == number


def test_the_first_tab_leads_past_the_frame(browser: Browser, busy: Scene) -> None:
    with seen(browser, busy, PLACES[0]) as sight:
        sight.page.keyboard.press("Tab")
        sight.page.keyboard.press("Enter")
        assert sight.page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize("name", ["deliveries", "job"])
def test_no_state_lies_over_the_time_beside_it(browser: Browser, busy: Scene, name: str) -> None:
    place = {"deliveries": "/deliveries?job=crowd", "job": "/jobs/crowd"}[name]
    with seen(browser, busy, Place(name, lambda _: place), width=_PHONE) as sight:
        due, state = (sight.page.locator(f"table.cards tbody tr {each}").first for each in ("th a", ".beside"))
        one, other = due.bounding_box(), state.bounding_box()
        assert one is not None
        assert other is not None
        assert other["x"] >= one["x"] + one["width"] or other["y"] >= one["y"] + one["height"]


def test_a_job_says_which_hold_keeps_it_back_and_leads_there(browser: Browser, busy: Scene) -> None:
    with seen(browser, busy, Place("job", lambda _: "/jobs/crowd")) as sight:
        note = sight.page.locator(".note", has_text="kept back")
        assert "12 deliveries are kept back by hold 1" in note.inner_text()
        assert sight.page.get_by_text("reminderd approve 1", exact=True).count() == 1
        note.get_by_role("link", name="hold 1").click()
        assert sight.page.url.endswith("/holds/1")


def test_a_page_that_is_not_there_leads_to_those_that_are(browser: Browser, busy: Scene) -> None:
    with seen(browser, busy, PLACES[-1]) as sight:
        assert sight.page.get_by_role("navigation", name="Pages").get_by_role("link").count() == 4
        with sight.page.expect_navigation():
            sight.page.get_by_role("navigation", name="Pages").get_by_role("link", name="Jobs").click()
        assert sight.page.url.endswith("/jobs")
