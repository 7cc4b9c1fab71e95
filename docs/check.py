"""Check built documentation without a network: ``python docs/check.py build/docs``.

* Each link inside leads to a page, and to an anchor in it, that exists.
* Each link outside is a URL that could be one: ``https``, a host with a dot, no space.
* Each public name of the packages has an entry in the reference.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

PACKAGES = ("errbridge", "errbridge_flask", "errbridge_quart")
PUBLIC = re.compile(r"errbridge|errbridge_flask|errbridge_quart|errbridge\.(asgi|catalogue|otel|testing)")
HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")


class Page(HTMLParser):
    """The links and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors.update(value for name in ("id", "name") if (value := values.get(name)))
        link = values.get("href" if tag in ("a", "link") else "src")
        if link is not None:
            self.links.append(link)


def broken(root: Path) -> Iterator[str]:
    """Describe each link that leads nowhere."""
    pages = {path: Page(path.read_text()) for path in sorted(root.rglob("*.html"))}
    for path, page in pages.items():
        for link in page.links:
            if (complaint := complaint_about(link, path, pages)) is not None:
                yield f"{path.relative_to(root)}: {link!r} {complaint}"


def complaint_about(link: str, path: Path, pages: dict[Path, Page]) -> str | None:
    """Say what is wrong with a link of a page."""
    parts = urlsplit(link)
    if parts.scheme in ("data", "mailto"):
        return None
    if parts.scheme or parts.netloc:
        right = parts.scheme == "https" and HOST.fullmatch(parts.hostname or "") and not re.search(r"\s", link)
        return None if right else "is no https URL with a host"
    target, anchor = urldefrag(link)
    found = (path.parent / unquote(target.partition("?")[0])).resolve() if target else path
    if not found.is_file():
        return "is no file"
    if found.suffix == ".html" and unquote(anchor) not in pages[found].anchors:
        return "is no anchor of the page"
    return None


def undocumented(root: Path) -> Iterator[str]:
    """Describe each public name without an entry in the reference."""
    anchors = set[str]().union(*(Page(path.read_text()).anchors for path in (root / "reference").glob("*.html")))
    for module in sorted(public_modules()):
        for name in importlib.import_module(module).__all__:
            if f"{module}.{name}" not in anchors:
                yield f"{module}.{name} is public, but not in the reference"


def public_modules() -> Iterator[str]:
    """Name the modules that users import from."""
    for package in map(importlib.import_module, PACKAGES):
        names = [
            package.__name__,
            *(found.name for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")),
        ]
        yield from filter(PUBLIC.fullmatch, names)


def main() -> int:
    """Print what is wrong and return how much it is, at most 1."""
    root = Path(sys.argv[1]).resolve()
    found = [*broken(root), *undocumented(root)]
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(list(root.rglob('*.html')))} pages, {len(found)} complaints")
    return min(len(found), 1)


if __name__ == "__main__":
    sys.exit(main())
