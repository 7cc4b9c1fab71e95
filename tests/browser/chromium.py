"""One Chromium for all tests.

Playwright's sync API keeps an event loop running in its thread, where no test of asyncio could run any more. So it has
a thread of its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

__all__ = ["Chromium", "executable"]

T = TypeVar("T")

# It is root in a container, without a graphics card, and nothing to report to its vendor.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable() -> str | None:
    """Find Chromium: where ``ERRBRIDGE_CHROMIUM`` says, or on the path."""
    named = os.environ.get("ERRBRIDGE_CHROMIUM")
    return named or next((path for name in _NAMES if (path := shutil.which(name))), None)


class Chromium:
    """A browser in a thread of its own."""

    def __init__(self, worker: ThreadPoolExecutor, browser: Browser) -> None:
        self._worker = worker
        self._browser = browser

    @classmethod
    @contextmanager
    def started(cls, path: str) -> Iterator[Chromium]:
        """Start it, and end it afterwards."""
        with ThreadPoolExecutor(1) as worker:
            playwright = worker.submit(lambda: sync_playwright().start()).result()
            try:
                browser = worker.submit(
                    lambda: playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
                ).result()
                try:
                    yield cls(worker, browser)
                finally:
                    worker.submit(browser.close).result()
            finally:
                worker.submit(playwright.stop).result()

    def visit(self, visit: Callable[[Page], T], **context: Any) -> T:
        """Do something with a fresh page, in the browser's thread.

        Args:
            visit: Does it.
            **context: What kind of visitor it is, as for `playwright.sync_api.Browser.new_context`.
        """

        def visited() -> T:
            fresh: BrowserContext = self._browser.new_context(**context)
            try:
                return visit(fresh.new_page())
            finally:
                fresh.close()

        return self._worker.submit(visited).result()
