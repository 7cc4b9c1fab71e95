"""The built-in page in Chromium: what a visitor sees, and what the browser complains about, which is nothing."""

from __future__ import annotations

import importlib.resources
import os
import re
from pathlib import Path
from typing import Any

import html5lib
import httpx
import pytest
from playwright.sync_api import Page

from errbridge.languages.catalogues import LANGUAGES, load_languages
from errbridge.representations.words import WORDS
from tests.browser.chromium import Chromium
from tests.browser.site import ARABIC, STATUSES, Site
from tests.policy import POLICY, STYLE_HASH

pytestmark = pytest.mark.browser

AXE = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
CHECKED = """async () => {
    const found = await axe.run();
    const ids = kind => found[kind].map(rule => rule.id);
    return {violations: ids("violations"), incomplete: ids("incomplete"), passes: ids("passes")};
}"""
# Where the screenshots go, to look at them.
SCREENSHOTS = os.environ.get("ERRBRIDGE_SCREENSHOTS")

WIDTHS = (320, 768, 1280)
SCHEMES = ("light", "dark")
SPECIAL = (
    "/crash",
    *(f"/problem/{name}" for name in ("detail", "errors", "long", "rtl", "wait", "later")),
    *(
        f"/dressed/{name}"
        for name in ("status/401", "status/403", "status/404", "crash", "problem/errors", "problem/later")
    ),
    "/logo/status/404",
    *(f"/arabic/{name}" for name in ("status/404", "crash", "problem/later")),
    *(f"/german/{name}" for name in ("status/403", "crash", "problem/later")),
)
PAGES = tuple(f"/status/{status}" for status in STATUSES)
PATHS = PAGES + SPECIAL

VIOLATIONS = "document.addEventListener('securitypolicyviolation', e => (window.violations ??= []).push(e.blockedURI))"


def style_of(page: Page, selector: str, name: str, pseudo: str | None = None) -> str:
    """Return a computed property of the first element that a selector finds."""
    found = page.evaluate(
        "([selector, name, pseudo]) => getComputedStyle(document.querySelector(selector), pseudo)[name]",
        [selector, name, pseudo],
    )
    assert isinstance(found, str)
    return found


def brightness(color: str) -> float:
    """Return the mean of the channels of ``rgb(...)``, from 0 to 255."""
    channels = [float(channel) for channel in re.findall(r"[\d.]+", color)[:3]]
    return sum(channels) / 3


# Those of the elements that a visitor does not see, or not in full.
OUTSIDE = """selectors => selectors.filter(selector => {
    const element = document.querySelector(selector);
    const box = element?.getBoundingClientRect();
    return !element?.checkVisibility() || !(box.width > 0 && box.left >= 0 && box.right <= innerWidth);
})"""


def fits(page: Page) -> bool:
    """Return whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_of_every_error_fits_every_screen(
    chromium: Chromium, site: Site, tmp_path: Path, width: int, scheme: Any
) -> None:
    folder = Path(SCREENSHOTS) if SCREENSHOTS else tmp_path

    def visit(page: Page) -> None:
        for path in PATHS if width == 320 else (*PAGES, "/crash"):
            answered = page.goto(site.url + path)
            assert answered is not None
            assert answered.status >= 400
            outside = page.evaluate(OUTSIDE, ["h1", "h1 + p, h1 + ul", "nav a", "footer code"])
            assert (fits(page), outside) == (True, []), path
            light = brightness(style_of(page, "html", "backgroundColor"))
            dark = brightness(style_of(page, "h1", "color"))
            assert (light > 200 and dark < 60) if scheme == "light" else (light < 60 and dark > 200)
            name = f"{path.removeprefix('/').replace('/', '-')}-{width}-{scheme}.png"
            assert page.screenshot(path=folder / name, full_page=True).startswith(b"\x89PNG")

    chromium.visit(visit, viewport={"width": width, "height": 600}, color_scheme=scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_to_complain_about(chromium: Chromium, site: Site, width: int, scheme: Any) -> None:
    def visit(page: Page) -> None:
        page.add_init_script(AXE)
        for path in PATHS if width == 320 else SPECIAL:
            page.goto(site.url + path)
            found = page.evaluate(CHECKED)
            assert (found["violations"], found["incomplete"]) == ([], []), path
            assert "color-contrast" in found["passes"]

    chromium.visit(visit, viewport={"width": width, "height": 700}, color_scheme=scheme)


@pytest.mark.parametrize("path", ["/status/404", "/crash", "/problem/errors"])
def test_the_page_works_under_its_policy_and_asks_for_nothing_else(chromium: Chromium, site: Site, path: str) -> None:
    def visit(page: Page) -> None:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(error.message))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.add_init_script(VIOLATIONS)
        answered = page.goto(site.url + path, wait_until="networkidle")

        assert answered is not None
        assert answered.header_value("content-security-policy") == POLICY
        # That of the page itself is in the console by definition.
        status = f"Failed to load resource: the server responded with a status of {answered.status}"
        assert [text for text in said if not text.startswith(status)] == []
        assert len(said) <= 1
        assert asked == [site.url + path]
        assert page.evaluate("window.violations ?? []") == []
        assert style_of(page, "h1", "fontWeight") == "700"

    chromium.visit(visit)

    assert site.requests == [path]  # Playwright does not report a browser's own requests, such as for an icon


def test_the_policy_lets_nothing_else_in(chromium: Chromium, site: Site) -> None:
    def visit(page: Page) -> None:
        page.add_init_script(VIOLATIONS)
        page.goto(site.url + "/status/404")
        page.evaluate(
            "for (const html of ['<style>h1{font-weight:100}</style>', '<img src=/other>', '<p style=color:red>']) "
            "document.body.insertAdjacentHTML('beforeend', html)"
        )
        page.wait_for_function("window.violations?.length === 3")

        assert sorted(page.evaluate("window.violations")) == [f"{site.url}/other", "inline", "inline"]
        assert style_of(page, "h1", "fontWeight") == "700"

    chromium.visit(visit)

    assert site.requests == ["/status/404"]


@pytest.mark.parametrize(
    ("policy", "weight"),
    [("default-src 'self'", None), (f"default-src 'self'; style-src 'self' '{STYLE_HASH}'", "700")],
    ids=["without the hash", "with the hash"],
)
def test_under_a_policy_of_the_application_the_page_is_readable_and_with_the_hash_dressed(
    chromium: Chromium, site: Site, policy: str, weight: str | None
) -> None:
    site.headers["Content-Security-Policy"] = policy

    def visit(page: Page) -> None:
        answered = page.goto(site.url + "/status/404")
        assert answered is not None
        assert answered.header_value("content-security-policy") == policy
        assert (style_of(page, "body", "display") == "flex") is (weight is not None)
        assert fits(page)
        for selector in ("h1", ".hint", "nav a", "code"):
            assert page.locator(selector).first.is_visible()

    chromium.visit(visit, viewport={"width": 320, "height": 600})


def test_on_paper_the_page_is_black_on_white_without_its_links(chromium: Chromium, site: Site) -> None:
    def visit(page: Page) -> None:
        page.goto(site.url + "/crash")
        page.emulate_media(media="print")

        assert not page.locator("nav").is_visible()
        for selector in ("h1", ".hint", "code"):
            assert page.locator(selector).first.is_visible()
        assert style_of(page, "h1", "color") == "rgb(0, 0, 0)"
        assert brightness(style_of(page, "footer", "color")) < 80
        assert style_of(page, "html", "backgroundColor") == "rgb(255, 255, 255)"
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf())) == 1
        page.goto(site.url + "/dressed/crash")
        assert [link.inner_text() for link in page.locator("nav a").all() if link.is_visible()] == [
            "Service status",
            "Contact us",
        ]
        assert style_of(page, "nav a:last-child", "content", "::after") == '": \u2066mailto:help@example.com"'

    chromium.visit(visit, color_scheme="dark")


BROKEN = """texts => texts.filter(text => {
    const heading = document.querySelector("h1");
    heading.style.overflowWrap = "normal";
    heading.textContent = text;
    return heading.scrollWidth > heading.clientWidth;
})"""


def test_no_heading_breaks_within_a_word_on_a_small_screen(chromium: Chromium, site: Site) -> None:
    def visit(page: Page) -> None:
        for language in load_languages(LANGUAGES, []):
            page.goto(f"{site.url}/spoken/status/404?language={language}")
            headings = [language.translate(words.heading) for words in WORDS.values()]
            assert page.evaluate(BROKEN, [*headings, "Donaudampfschifffahrtsgesellschaft"]) == [
                "Donaudampfschifffahrtsgesellschaft"
            ]

    chromium.visit(visit, viewport={"width": 320, "height": 600})


def test_a_text_from_right_to_left_is_set_that_way(chromium: Chromium, site: Site) -> None:
    def visit(page: Page) -> None:
        page.goto(site.url + "/problem/rtl")

        for selector in ("h1", ".detail", "li"):
            assert style_of(page, selector, "direction") == "rtl"
        assert style_of(page, ".status", "direction") == "ltr"
        assert page.locator(".detail").inner_text() == ARABIC

    chromium.visit(visit, viewport={"width": 320, "height": 600})


def test_in_forced_colors_the_links_still_look_like_something_to_press(chromium: Chromium, site: Site) -> None:
    def visit(page: Page) -> None:
        page.goto(site.url + "/crash")
        ground = style_of(page, "html", "backgroundColor")
        assert page.evaluate("matchMedia('(forced-colors: active)').matches")
        for number in (1, 2):
            link = f"nav a:nth-child({number})"
            assert (style_of(page, link, "borderTopStyle"), style_of(page, link, "borderTopWidth")) == ("solid", "1px")
            assert style_of(page, link, "borderTopColor") != ground
            assert style_of(page, link, "color") != ground

    chromium.visit(visit, forced_colors="active")


def test_the_keyboard_reaches_the_ways_out_and_shows_where_it_is(chromium: Chromium, site: Site) -> None:
    def visit(page: Page) -> None:
        page.goto(site.url + "/crash")
        for text in ("Try again", "Go to the home page"):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.textContent") == text
            focused = page.locator(":focus")
            assert focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
            assert focused.evaluate("element => parseFloat(getComputedStyle(element).outlineWidth)") >= 3
        page.keyboard.press("Enter")
        page.wait_for_url(site.url + "/")

        assert page.locator("h1").inner_text() == "Home"

    chromium.visit(visit)


def test_a_link_is_large_enough_for_a_finger(chromium: Chromium, site: Site) -> None:
    def visit(page: Page) -> None:
        page.goto(site.url + "/crash")
        for link in page.locator("nav a").all():
            box = link.bounding_box()
            assert box is not None
            assert box["height"] >= 44

    chromium.visit(visit, viewport={"width": 320, "height": 600}, has_touch=True)


def test_try_again_asks_for_the_same_page_with_its_query(chromium: Chromium, site: Site) -> None:
    def visit(page: Page) -> None:
        page.goto(site.url + "/problem/wait?a=1&b=%C3%A9")
        with page.expect_navigation():
            page.get_by_text("Try again", exact=True).click()

        assert page.url == site.url + "/problem/wait?a=1&b=%C3%A9"

    chromium.visit(visit)

    assert site.requests == ["/problem/wait"] * 2


@pytest.mark.parametrize("path", PATHS)
def test_the_page_is_valid_html(site: Site, path: str) -> None:
    page = httpx.get(site.url + path, headers={"Accept": "text/html"}).content

    html5lib.HTMLParser(strict=True).parse(page)  # raises what a browser would forgive
