"""The pages about problem types in Chromium, which has nothing against them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Chromium
from tests.browser.site import Site
from tests.browser.test_built_in_page import AXE, VIOLATIONS, fits, style_of

pytestmark = pytest.mark.browser

PATHS = ("/problems/", "/problems/documented", "/problems/not-found")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_pages_fit_the_screen_and_can_be_read_by_everybody(
    chromium: Chromium, site: Site, width: int, scheme: Any
) -> None:
    def visit(page: Page) -> None:
        for path in PATHS:
            page.goto(site.url + path)
            assert fits(page), path
            for details in page.query_selector_all("summary"):
                details.click()
            assert fits(page), path
            page.evaluate(AXE)
            found: Any = page.evaluate("axe.run({resultTypes: ['violations', 'incomplete']})")
            assert [rule["id"] for rule in found["violations"] + found["incomplete"]] == [], path

    chromium.visit(visit, viewport={"width": width, "height": 700}, color_scheme=scheme)


@pytest.mark.parametrize("path", PATHS)
def test_the_pages_work_under_their_policy_and_ask_for_nothing_else(chromium: Chromium, site: Site, path: str) -> None:
    def visit(page: Page) -> None:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.add_init_script(VIOLATIONS)
        page.goto(site.url + path, wait_until="networkidle")

        assert said == []
        assert asked == [site.url + path]
        assert page.evaluate("window.violations ?? []") == []
        assert style_of(page, "h1", "fontWeight") == "700"
        assert style_of(page, "dt, summary", "fontSize") == style_of(page, "body", "fontSize")

    chromium.visit(visit)


def test_every_page_is_reached_from_the_index_and_leads_back(chromium: Chromium, site: Site) -> None:
    def visit(page: Page) -> None:
        page.goto(f"{site.url}/problems/")
        page.click("text=Sold out")
        assert page.url == f"{site.url}/problems/documented"
        assert page.inner_text("h1") == "Sold out <b>"
        assert "There may be another piano, see others:" in page.inner_text("main")
        assert page.locator("main li").all_inner_texts() == ["a grand piano", "an upright one"]
        assert not page.is_visible("pre")
        page.click("summary")
        assert page.is_visible("pre")
        page.click("text=All problem types")
        assert page.url == f"{site.url}/problems/"
        assert page.locator("dt a").count() == 31

    chromium.visit(visit)
