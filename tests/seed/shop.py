"""The words that the tests of the seed documents share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.applications import (
    Application,
    Part,
    a_blueprint,
    a_handler,
    a_native_handler,
    aborting,
    an_app,
    at,
    failing,
)
from tests.clients import Response
from tests.twins import Twins

Headers = tuple[tuple[str, str], ...]
Register = Callable[[Any, Callable[..., Any]], Part]

XHR: Headers = (("X-Requested-With", "XMLHttpRequest"),)
WANTS_XML: Headers = (("Accept", "application/problem+xml"),)
NO_SUCH_URL = (
    "The requested URL was not found on the server. If you entered the URL manually please check your spelling and "
    "try again."
)
TEMPLATES = {"template_folder": "templates/seed"}

BOTH_WAYS = pytest.mark.parametrize("register", [a_handler, a_native_handler])
"""Registered through errbridge, and with the framework."""


class JammedTillError(Exception):
    """An exception without a handler."""

    def __init__(self) -> None:
        super().__init__("the till is jammed")


def a_fragile_part(*parts: Part) -> Application:
    """Set up an application with a blueprint; both crash at /broken and abort at /error.

    Args:
        parts: Added to the blueprint when it is already registered.
    """
    views = an_app(failing("/broken", JammedTillError), aborting("/error", 500, "On purpose"))
    return an_app(a_blueprint("part", views), views, at("part", *parts))


def heading(response: Response) -> str:
    """Return the heading of a page."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", response.text)
    assert found, f"there is no heading in {response.text!r}"
    return found[1]


def statuses_and_types(twins: Twins, *paths: str) -> list[tuple[int, str | None]]:
    return [(response.status, response.content_type) for response in map(twins.ask, paths)]
