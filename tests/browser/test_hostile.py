"""Names and texts that are markup, run from right to left, are as long as may be, or hold what nobody expects."""

import json
from collections.abc import Iterator
from hashlib import sha256

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.pages import Place, seen
from tests.browser.scene import TOKEN, Scene
from tests.support.daemon import Home, moment, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import answers, free_port

pytestmark = pytest.mark.timeout(300)

_MARKUP = "<img src=x onerror=document.title='broken'>\"'><script>document.title='broken'</script>"
_RIGHT_TO_LEFT = "שלום \u2067עולם\u2069 \u202e!evil"
_LONG = "W" * 1600
_EMOJI = "👩‍👩‍👧‍👦🏳️‍🌈🇩🇪 " * 8
_LONGEST_NAME = "a-name-as-long-as-a-name-may-be." * 3 + "abcd"
_TEXTS = {"markup": _MARKUP, "right-to-left": _RIGHT_TO_LEFT, _LONGEST_NAME: _LONG, "emoji": _EMOJI}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Each text was sent to somebody who has it as a name too, and comes again tomorrow."""
    folder, port = tmp_path_factory.mktemp("hostile"), free_port()
    settings = (
        f"web: {{listen: '127.0.0.1:{port}', tokens: ['ops read+act sha256:{sha256(TOKEN.encode()).hexdigest()}']}}\n"
    )
    with SandboxProcess(folder) as sandbox, Home(folder / "home", sandbox.environment, settings) as home:
        _write(home)
        home.start()
        home.until(lambda: set(home.states().values()) == {"accepted"} and len(home.history()) == 4, "it is not sent")
        home.until(lambda: answers(port), "it does not listen")
        for name, text in _TEXTS.items():
            home.json("pause", name, "--why", "".join(filter(str.isprintable, text[:200])))
        yield Scene(home, port, {row["job"]: row["id"] for row in home.history()})


def _write(home: Home) -> None:
    jobs = [
        {
            "name": name,
            "schedule": {"at": [moment(-60), moment(90_000)]},
            "to": [{"phone": phone(number), "name": text[:100]}],
            "message": "{{ vars.said }}",
            "vars": {"said": text},
            "description": text[:200],
            "valid_for": "1d",
        }
        for number, (name, text) in enumerate(_TEXTS.items())
    ]
    document = json.dumps({"jobs": jobs}, ensure_ascii=False)
    (home.jobs / "hostile.yaml").write_text(document, encoding="utf-8")


def places(scene: Scene) -> list[str]:
    each = [path for name, number in scene.deliveries.items() for path in (f"/deliveries/{number}", f"/jobs/{name}")]
    return [*each, "/", "/jobs", "/deliveries", "/deliveries?q=%3Cimg+src&job=%22%3E%3Cb%3E&since=%3Cb%3E"]


@pytest.mark.parametrize("width", [360, 1280])
def test_no_name_or_text_breaks_a_page_or_becomes_part_of_it(browser: Browser, scene: Scene, width: int) -> None:
    for path in places(scene):
        with seen(browser, scene, Place("hostile", lambda _, path=path: path), width=width) as sight:  # type: ignore[misc]
            assert sight.sideways() <= 0, path
            assert "broken" not in sight.page.title()
            assert sight.page.locator("main img, main script").count() == 0
            assert sight.complaints == [], path
            found = Axe().run(sight.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
            assert found.violations_count == 0, f"{path}\n{found.generate_report()}"


@pytest.mark.parametrize("name", list(_TEXTS))
def test_a_text_is_shown_as_it_was_sent(browser: Browser, scene: Scene, name: str) -> None:
    with seen(browser, scene, Place("sent", lambda scene: f"/deliveries/{scene.deliveries[name]}")) as sight:
        assert sight.page.locator(".message").inner_text().strip() == _TEXTS[name].strip()


def test_what_runs_from_right_to_left_turns_nothing_else_around(browser: Browser, scene: Scene) -> None:
    with seen(browser, scene, Place("list", lambda _: "/deliveries")) as sight:
        row = sight.page.get_by_role("row").filter(has=sight.page.get_by_role("link", name="right-to-left"))
        number, name = row.locator(".phone").bounding_box(), row.locator("bdi.name").bounding_box()
        assert number is not None
        assert name is not None
        assert number["x"] + number["width"] <= name["x"] + 1 or number["y"] < name["y"]


def test_a_text_is_found_by_a_piece_of_it(browser: Browser, scene: Scene) -> None:
    with seen(browser, scene, Place("found", lambda _: "/deliveries?q=onerror%3Ddocument")) as sight:
        expect(sight.page.locator("tbody tr")).to_have_count(1)
