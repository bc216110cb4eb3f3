"""The first page: what it shows, and that it stays true without being loaded again."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pages import PLACES, seen
from tests.browser.scene import Scene, empty_scene, stopped_scene
from tests.browser.test_pages import look

pytestmark = pytest.mark.timeout(300)

OVERVIEW = PLACES[0]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Scene]:
    """A daemon for one test."""
    with empty_scene(tmp_path) as scene:
        yield scene


def test_it_shows_what_needs_someone_with_the_command_that_settles_it(browser: Browser, busy: Scene) -> None:
    with seen(browser, busy, OVERVIEW) as sight:
        needs = sight.page.locator("#needs")
        number = busy.deliveries["lost"]
        expect(needs.get_by_role("link", name=f"lost #{number}")).to_have_attribute("href", f"/deliveries/{number}")
        for command in (f"resolve {number} --not-sent", f"retry {busy.deliveries['refused']}", "approve 1", "check"):
            expect(needs.get_by_text(f"reminderd {command}", exact=True)).to_be_visible()
        expect(needs.get_by_text(re.compile(r"heating\.yaml:5:5$"))).to_be_visible()
        expect(sight.page.locator("#verdict")).to_have_text(re.compile(r"\d+ things need someone"))
        expect(sight.page).to_have_title(re.compile(r"^\d+ things need someone · reminderd$"))
        kept = sight.page.get_by_role("heading", name="Kept back on purpose").locator("..")
        expect(kept.get_by_text("reminderd resume newsletter")).to_be_visible()
        lane = sight.page.locator(".lane-kept")
        expect(lane).to_contain_text("the new list is not ready")


def test_without_any_need_all_is_well(browser: Browser, empty: Scene) -> None:
    with seen(browser, empty, OVERVIEW) as sight:
        expect(sight.page.locator("#verdict")).to_have_text("All is well")
        expect(sight.page).to_have_title("All is well · reminderd")
        assert sight.page.locator("#needs > *").count() == 0
        assert sight.page.get_by_text("No job is due.").count() == 1


def test_that_nothing_is_sent_is_said_before_all_else(browser: Browser, tmp_path: Path) -> None:
    with stopped_scene(tmp_path) as scene:
        look(browser, scene, OVERVIEW, 360)
        with seen(browser, scene, OVERVIEW) as sight:
            expect(sight.page.locator("#verdict")).to_have_text("Nothing is sent")
            expect(sight.page).to_have_title("Nothing is sent · reminderd")
            first = sight.page.locator("#needs > section").first
            expect(first).to_contain_text("suspended: 401")
            expect(first.get_by_text("reminderd doctor", exact=True)).to_be_visible()


def test_the_numbers_of_a_drawing_are_in_a_table_too(browser: Browser, busy: Scene) -> None:
    with seen(browser, busy, OVERVIEW) as sight:
        hours = sight.page.locator("#hours")
        hours.get_by_text("As a table").click()
        rows = hours.locator("tbody tr")
        drawn = hours.locator("svg.tall g").count()
        assert rows.count() == drawn > 20
        total = sum(int(cell) for cell in rows.locator("td:first-of-type").all_inner_texts())
        assert f"{total} accepted" in hours.locator(".totals").inner_text().replace("\n", " ")


def test_another_zone_is_chosen_with_a_form_and_then_kept(browser: Browser, busy: Scene) -> None:
    with seen(browser, busy, OVERVIEW, scripts=False) as sight:
        expect(sight.page.get_by_label("Times in")).to_have_value("Europe/Berlin")
        sight.page.get_by_label("Times in").select_option("Asia/Kolkata")
        sight.page.get_by_role("button", name="Show").click()
        assert sight.page.url.endswith("/?zone=Asia%2FKolkata")
        expect(sight.page.locator("#coming")).to_contain_text("Times in Asia/Kolkata")
        sight.page.goto(busy.url + "/")
        expect(sight.page.locator("#coming")).to_contain_text("Times in Asia/Kolkata")


def test_a_command_is_copied_at_a_click(browser: Browser, busy: Scene) -> None:
    with seen(browser, busy, OVERVIEW) as sight:
        sight.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        sight.page.get_by_role("button", name="Copy reminderd approve 1").click()
        assert sight.page.evaluate("navigator.clipboard.readText()") == "reminderd approve 1"


def test_it_follows_what_happens_and_leaves_the_rest_of_the_page_alone(browser: Browser, own: Scene) -> None:
    own.home.write(
        "later.yaml", '  - {name: later, schedule: {cron: "0 * * * *"}, to: "+447700900001", message: Hello.}\n'
    )
    own.home.until(lambda: own.home.json("status")["catalog"]["jobs"] == 1, "the job is not loaded")
    with seen(browser, own, OVERVIEW, clock=True) as sight:
        page = sight.page
        coming, kept = page.locator("#coming"), page.locator("#kept")
        expect(coming.get_by_role("link", name="later")).to_be_visible()
        coming.get_by_text("As a table").focus()
        page.evaluate("document.querySelector('#hours').dataset.mine = 'yes'")
        own.home.json("pause", "later", "--why", "the boiler is off")

        def follows() -> bool:  # what the daemon knows of its state may be a second old
            page.clock.run_for(15_000)
            return "the boiler is off" in (kept.text_content() or "")

        own.home.until(follows, "the page does not follow")
        expect(kept).to_contain_text("the boiler is off")
        expect(coming).to_contain_text("the boiler is off")
        expect(coming.get_by_text("As a table")).to_be_focused()
        assert page.evaluate("document.querySelector('#hours').dataset.mine") == "yes"
        assert sight.complaints == []


def test_it_says_so_when_nobody_answers(browser: Browser, own: Scene) -> None:
    with seen(browser, own, OVERVIEW, clock=True) as sight:
        own.home.kill()
        sight.page.clock.run_for(15_000)
        expect(sight.page.locator("#asof")).to_contain_text("The daemon does not answer")
        expect(sight.page.locator("#told")).to_have_text("The daemon does not answer.")
