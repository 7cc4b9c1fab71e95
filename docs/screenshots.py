"""Take the pictures of the built-in page that the documentation shows: ``python -m docs.screenshots``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.chromium import Chromium, executable
from tests.browser.site import serving

FOLDER = Path(__file__).parent / "images"
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "page-404-light.png": ("/status/404", {"viewport": {"width": 768, "height": 620}, "color_scheme": "light"}),
    "page-404-dark.png": ("/status/404", {"viewport": {"width": 768, "height": 620}, "color_scheme": "dark"}),
    "page-500-small.png": ("/crash", {"viewport": {"width": 320, "height": 700}, "color_scheme": "light"}),
}


def main() -> None:
    """Take all of them."""
    path = executable()
    if path is None:
        raise SystemExit("there is no Chromium: install it, or name it in ERRBRIDGE_CHROMIUM")
    FOLDER.mkdir(exist_ok=True)
    with serving() as site, Chromium.started(path) as chromium:
        for name, (place, visitor) in PICTURES.items():

            def take(page: Page, name: str = name, place: str = place) -> None:
                page.goto(site.url + place)
                page.screenshot(path=FOLDER / name)

            chromium.visit(take, **visitor)


if __name__ == "__main__":
    main()
