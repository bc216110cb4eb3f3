"""What people do on the page once they are signed in, and what nobody else can."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from reminderd.store.connection import open_read_only
from tests.browser.scene import TOKEN, Scene, busy_scene

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One of its own, since much is changed in it."""
    with busy_scene(tmp_path_factory.mktemp("acts")) as made:
        yield made


@contextmanager
def signed_in(browser: Browser, scene: Scene, path: str, *, scripts: bool = False) -> Iterator[Page]:
    """At that page, after signing in; without scripts, so that everything is a form."""
    context = browser.new_context(java_script_enabled=scripts, viewport={"width": 360, "height": 800})
    try:
        page = context.new_page()
        page.goto(f"{scene.url}{path}")
        page.get_by_role("banner").get_by_role("link", name="Sign in").click()
        page.get_by_label("Token", exact=True).fill(TOKEN)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        yield page
    finally:
        context.close()


def state_of(scene: Scene, job: str) -> str:
    number = scene.deliveries[job]
    return str(scene.home.json("why", str(number))["state"])


def test_a_wrong_token_is_refused_on_the_page_and_nothing_can_be_done(browser: Browser, scene: Scene) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{scene.url}/deliveries/{scene.deliveries['lost']}")
    expect(page.get_by_role("button", name="It was sent")).to_have_count(0)
    page.goto(f"{scene.url}/sign-in")
    page.get_by_label("Token", exact=True).fill("rmd_" + "x" * 43)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("none of the tokens")
    expect(page.get_by_label("Token", exact=True)).to_have_value("")
    assert context.cookies() == []
    context.close()


def test_what_is_in_doubt_is_settled_and_the_story_says_by_whom(browser: Browser, scene: Scene) -> None:
    path = f"/deliveries/{scene.deliveries['lost']}"
    with signed_in(browser, scene, path) as page:
        assert page.url == scene.url + path
        page.locator("form[action$='/sent']").get_by_label("Why").fill("she told me")
        page.get_by_role("button", name="It was sent").click()
        expect(page.get_by_role("status")).to_contain_text("counts as sent")
        expect(page.get_by_role("heading", level=1)).to_contain_text("accepted")
        expect(page.get_by_text("by page:ops")).to_be_visible()
        page.goto(f"{scene.url}/actions")
        expect(page.get_by_role("row").filter(has_text="resolve --sent")).to_contain_text("she told me")
    assert state_of(scene, "lost") == "accepted"


def test_what_is_refused_says_why_beside_what_was_filled_in(browser: Browser, scene: Scene) -> None:
    with signed_in(browser, scene, f"/deliveries/{scene.deliveries['refused']}") as page:
        page.get_by_label("Valid for", exact=True).fill("1s")
        page.get_by_role("button", name="Send after all").click()
        expect(page.get_by_role("alert")).to_contain_text("too short")
        expect(page.get_by_label("Valid for", exact=True)).to_have_value("1s")
        assert state_of(scene, "refused") == "failed"
        page.get_by_label("Valid for", exact=True).fill("1h")
        page.get_by_role("button", name="Send after all").click()
        expect(page.get_by_role("status")).to_contain_text("as soon as may be")


def test_a_job_is_paused_with_a_reason_and_resumed(browser: Browser, scene: Scene) -> None:
    with signed_in(browser, scene, "/jobs/rent") as page:
        form = page.locator("form[action='/jobs/rent/pause']")
        form.get_by_label("Why", exact=True).fill("the house <b>burns</b>")
        form.get_by_role("button").click()
        expect(page.get_by_text("It is paused by page:ops: the house <b>burns</b>")).to_be_visible()
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_text("It is paused")).to_have_count(0)
    with closing(open_read_only(scene.home.state)) as state:
        audit = state.rows("select who, action from actions where target = 'rent' order by id desc limit 2")
    assert audit == [{"who": "page:ops", "action": "resume"}, {"who": "page:ops", "action": "pause"}]


def test_an_occurrence_is_skipped_and_a_test_is_sent(browser: Browser, scene: Scene) -> None:
    with signed_in(browser, scene, "/jobs/rent") as page:
        form = page.locator("form[action='/jobs/rent/skip']")
        form.get_by_label("Why", exact=True).fill("a holiday")
        form.get_by_role("button").click()
        expect(page.locator(".coming li").first).to_contain_text("skipped")
        page.get_by_role("button", name="Do not skip").click()
        expect(page.get_by_text("is skipped by")).to_have_count(0)
        form = page.locator("form[action='/jobs/rent/test-send']")
        form.get_by_label("To", exact=True).fill("+447700900150")
        form.get_by_role("button").click()
        expect(page.get_by_role("status")).to_contain_text("on its way")


def test_a_hold_is_approved(browser: Browser, scene: Scene) -> None:
    with signed_in(browser, scene, "/") as page:
        page.get_by_role("link", name="limit").click()
        page.get_by_role("button", name="Approve hold").click()
        expect(page.get_by_role("status")).to_contain_text("approved")
        expect(page.get_by_text("approved by page:ops")).to_be_visible()
    scene.home.until(lambda: state_of(scene, "crowd") == "accepted", "it does not go out")


def test_a_form_of_no_session_does_nothing(browser: Browser, scene: Scene) -> None:
    with signed_in(browser, scene, "/jobs/pill", scripts=True) as page:
        page.locator("form[action='/jobs/pill/pause'] input[name=csrf]").evaluate("each => each.value = 'x'.repeat(43)")
        page.locator("form[action='/jobs/pill/pause']").get_by_label("Why", exact=True).fill("nothing")
        page.locator("form[action='/jobs/pill/pause']").get_by_role("button").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Forbidden")
    assert not any(each["job"] == "pill" for each in scene.home.json("status").get("overrides", []))


def test_signed_in_pages_are_accessible_and_fit(browser: Browser, scene: Scene) -> None:
    for path in (f"/deliveries/{scene.deliveries['too-late']}", "/jobs/newsletter", "/jobs/rent", "/figures"):
        with signed_in(browser, scene, path, scripts=True) as page:
            found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
            assert found.violations_count == 0, found.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_who_signs_out_is_out(browser: Browser, scene: Scene) -> None:
    with signed_in(browser, scene, "/jobs/rent") as page:
        page.get_by_role("button", name="Sign out").click()
        page.goto(f"{scene.url}/jobs/rent")
        expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
        expect(page.locator("form.act-form")).to_have_count(0)


def test_all_of_it_works_without_tls_by_a_name_on_the_network(browser: Browser, scene: Scene) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{scene.far_url}/jobs/newsletter")
    page.get_by_label("Token", exact=True).fill(TOKEN)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{scene.far_url}/jobs/newsletter")
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("It is sent again.")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{scene.far_url}/jobs/newsletter")
    expect(page.get_by_label("Token", exact=True)).to_be_visible()
    context.close()


def test_no_file_of_the_daemon_holds_the_token(scene: Scene) -> None:
    folder = scene.home.jobs.parent
    holding = [each for each in folder.rglob("*") if each.is_file() and TOKEN.encode() in each.read_bytes()]
    assert holding == []
