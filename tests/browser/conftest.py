"""The browser and the site that it visits."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

from tests.browser.chromium import Chromium, executable
from tests.browser.site import Site, serving


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    path = executable()
    if path is None:
        reason = "there is no Chromium: install it, or name it in ERRBRIDGE_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with Chromium.started(path) as browser:
        yield browser


@pytest.fixture(scope="session")
def running_site() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture
def site(running_site: Site) -> Site:
    """The site with nothing noted and nothing added; errors are recorded, so that pages have a reference."""
    logging.getLogger("errbridge").setLevel(logging.INFO)
    running_site.requests.clear()
    running_site.headers.clear()
    return running_site
