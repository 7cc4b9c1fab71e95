"""Take pictures of the built-in page as every visitor sees it, and lay them out on sheets to look at.

``python -m docs.contact_sheet FOLDER``: a sheet for each width, colour scheme and dress, with a picture for each error.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.chromium import Chromium, executable
from tests.browser.site import MOUNTS, PROBLEMS, STATUSES, serving

WIDTHS = (320, 768, 1280)
SCHEMES = ("light", "dark")
PATHS = (*(f"/status/{status}" for status in STATUSES), "/crash", *(f"/problem/{name}" for name in PROBLEMS))


def main(folder: Path) -> None:
    """Take all of them."""
    path = executable()
    if path is None:
        raise SystemExit("there is no Chromium: install it, or name it in ERRBRIDGE_CHROMIUM")
    folder.mkdir(parents=True, exist_ok=True)
    with serving() as site, Chromium.started(path) as chromium:
        for name, urls, visitor in list_sheets(site.url):
            sheet = folder / f"{name}.png"
            pictures = chromium.visit(partial(take_all, urls), **visitor)
            chromium.visit(partial(lay_out, pictures, sheet), viewport={"width": 1400, "height": 600})
            print(f"{sheet}: {len(pictures)} pages")


def list_sheets(url: str) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    """List the sheets: the name, the addresses of the pages, the visitor."""
    for mount in MOUNTS:
        for width in WIDTHS:
            for scheme in SCHEMES:
                name = "-".join(filter(None, (mount.strip("/") or "plain", str(width), scheme)))
                visitor = {"viewport": {"width": width, "height": 640}, "color_scheme": scheme}
                yield name, [f"{url}{mount}{path}" for path in PATHS], visitor


def take_all(urls: list[str], page: Page) -> list[bytes]:
    """Take a picture of each page, to its end."""
    pictures: list[bytes] = []
    for url in urls:
        page.goto(url)
        pictures.append(page.screenshot(full_page=True))
    return pictures


def lay_out(pictures: list[bytes], to: Path, page: Page) -> None:
    """Put pictures on a sheet, in rows."""
    images = (f'<img src="data:image/png;base64,{base64.b64encode(each).decode()}">' for each in pictures)
    style = "body{margin:8px;background:#888;display:flex;flex-wrap:wrap;align-items:start;gap:8px}img{width:265px}"
    page.set_content(f"<style>{style}</style>{''.join(images)}")
    page.screenshot(path=to, full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots"))
