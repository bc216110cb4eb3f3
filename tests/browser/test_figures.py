"""Figures by week, in a browser."""

from playwright.sync_api import Browser, Route, expect

from tests.browser.scene import Scene


def test_weeks_that_are_not_counted_yet_fill_in_by_themselves(browser: Browser, busy: Scene) -> None:
    asked = []

    def not_counted_yet(route: Route) -> None:
        """The first two answers say that they are not complete, as those of a large state do."""
        asked.append(route.request.url)
        answer = route.fetch()
        body = answer.text()
        if len(asked) <= 2:
            body = body.replace('<div id="figures">', '<div id="figures" data-again="0.1"><p>being counted</p>')
        route.fulfill(response=answer, body=body)

    context = browser.new_context()
    page = context.new_page()
    page.route("**/figures", not_counted_yet)
    page.goto(f"{busy.url}/figures")
    expect(page.get_by_text("being counted")).to_have_count(0)
    expect(page.locator("[data-again]")).to_have_count(0)
    assert len(asked) == 3
    context.close()


def test_a_week_leads_to_its_deliveries(browser: Browser, busy: Scene) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{busy.url}/figures")
    row = page.locator("tbody tr").filter(has_text="so far")
    planned = int(row.locator("td").first.inner_text())
    row.get_by_role("link").click()
    assert page.locator("tbody tr").count() == min(planned, 50)
    context.close()
