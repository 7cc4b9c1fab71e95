"""Look at the built-in page as every visitor sees it: sheets of pictures, and a check of each page with axe.

``python -m docs.contact_sheet FOLDER``: sheets for each width, colour scheme and dress with a picture of each error,
the pages as printed, and a few pages in all languages. It fails where axe finds a violation.
"""

from __future__ import annotations

import base64
import importlib.resources
import sys
from collections.abc import Iterator
from functools import partial
from html import escape
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page

from errbridge.languages.catalogues import LANGUAGES
from tests.browser.chromium import Chromium, executable
from tests.browser.site import MOUNTS, PROBLEMS, STATUSES, serving

AXE = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
VIOLATIONS = "async () => (await axe.run()).violations.map(each => `${each.id}: ${each.nodes[0].html}`)"
COLUMNS = {320: 5, 768: 4, 1280: 3}  # of a sheet, by the width of its pages
ROWS = 4
TALLEST = 800  # pixels of a page that a sheet shows
PATHS = (*(f"/status/{status}" for status in STATUSES), "/crash", *(f"/problem/{name}" for name in PROBLEMS))
IN_ALL_LANGUAGES = ("/status/403", "/status/404", "/crash", "/problem/errors", "/problem/later")


class Sheet(NamedTuple):
    """Pages that a visitor sees.

    Attributes:
        name: The name of the picture.
        paths: The pages.
        width: Of the window, in pixels.
        media: What the browser is asked to show.
    """

    name: str
    paths: list[str]
    width: int
    media: dict[str, Any]


def main(folder: Path) -> None:
    """Take all of them."""
    path = executable()
    if path is None:
        raise SystemExit("there is no Chromium: install it, or name it in ERRBRIDGE_CHROMIUM")
    folder.mkdir(parents=True, exist_ok=True)
    violations: list[str] = []
    with serving() as site, Chromium.started(path) as chromium:
        for sheet in list_sheets():
            visitor = {"viewport": {"width": sheet.width, "height": sheet.width * 5 // 8 if sheet.width > 320 else 640}}
            pictures, found = chromium.visit(partial(take_all, site.url, sheet), **visitor)
            violations += found
            columns = COLUMNS[sheet.width]
            for first in range(0, len(pictures), columns * ROWS):
                some = list(zip(sheet.paths, pictures, strict=True))[first : first + columns * ROWS]
                to = folder / f"{sheet.name}-{first // columns // ROWS + 1}.png"
                chromium.visit(partial(lay_out, some, columns, to), viewport={"width": 1500, "height": 600})
            print(f"{sheet.name}: {len(pictures)} pages, {len(found)} violations")
    if violations:
        raise SystemExit("\n".join(violations))


def list_sheets() -> Iterator[Sheet]:
    """List the sheets."""
    for mount in MOUNTS:
        name, paths = mount.strip("/") or "plain", [mount + path for path in PATHS]
        for width, scheme in product(COLUMNS, ("light", "dark")):
            yield Sheet(f"{name}-{width}-{scheme}", paths, width, {"color_scheme": scheme})
        yield Sheet(f"{name}-print", paths, 768, {"media": "print"})
    for width, scheme in ((320, "light"), (768, "dark")):
        spoken = [f"/spoken{path}?language={tag}" for tag in LANGUAGES for path in IN_ALL_LANGUAGES]
        yield Sheet(f"languages-{width}-{scheme}", spoken, width, {"color_scheme": scheme})


def take_all(url: str, sheet: Sheet, page: Page) -> tuple[list[bytes], list[str]]:
    """Take a picture of each page, and check it."""
    page.add_init_script(AXE)
    page.emulate_media(**sheet.media)
    pictures: list[bytes] = []
    violations: list[str] = []
    for path in sheet.paths:
        page.goto(url + path)
        height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
        clip: Any = {"x": 0, "y": 0, "width": sheet.width, "height": height}
        pictures.append(page.screenshot(full_page=True, clip=clip))
        violations += (f"{sheet.name} {path} {each}" for each in page.evaluate(VIOLATIONS))
    return pictures, violations


def lay_out(pictures: list[tuple[str, bytes]], columns: int, to: Path, page: Page) -> None:
    """Put pictures on a sheet, in rows, each below its path."""
    images = (
        f'<p>{escape(path)}<img src="data:image/png;base64,{base64.b64encode(picture).decode()}">'
        for path, picture in pictures
    )
    style = f"body{{margin:8px;background:#888;display:grid;grid-template-columns:repeat({columns},1fr);gap:8px}}"
    page.set_content(f"<style>{style}p{{margin:0;font:10px monospace}}img{{width:100%}}</style>{''.join(images)}")
    page.screenshot(path=to, full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots"))
