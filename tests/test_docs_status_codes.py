"""The page about status codes: each row is requested from Flask and Quart."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    RequestedRangeNotSatisfiable,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)

from errbridge import Problem
from tests.clients import Response
from tests.servers import ROOT
from tests.twins import World

pytestmark = pytest.mark.docs

Ask = Callable[..., Response]

PAGE = (ROOT / "docs" / "howto" / "status-codes.md").read_text(encoding="utf-8")
CELLS = ([cell.strip() for cell in row.split("|")] for row in re.findall(r"^\| (\d{3} \|.*) \|$", PAGE, re.MULTILINE))
ROWS = [(int(status), title, more) for status, title, _, more in CELLS]
FACTS: dict[int, HTTPException] = {
    401: Unauthorized(www_authenticate=WWWAuthenticate("basic", {"realm": "shop"})),
    405: MethodNotAllowed(["GET"]),
    416: RequestedRangeNotSatisfiable(7, "bytes"),
    429: TooManyRequests(retry_after=20),
    503: ServiceUnavailable(retry_after=20),
}


def raising(error: Exception) -> Callable[[World], None]:
    def build(world: World) -> None:
        def view() -> Any:
            raise error

        world.app.add_url_rule("/page", "page", view_func=view)
        world.errors.api_register(world.app)

    return build


@pytest.mark.parametrize(("status", "title", "more"), ROWS, ids=[str(row[0]) for row in ROWS])
def test_a_status_is_answered_as_its_row_says(ask: Ask, status: int, title: str, more: str) -> None:
    response = ask(raising(FACTS.get(status) or Problem(status)), "/page")
    document = json.loads(response.text)

    assert (response.status, document["status"], document["title"]) == (status, status, title)
    members = set(document) - {"type", "title", "status", "detail", "instance"}
    named = {name for name in re.findall(r"`([a-z_]+)`", more) if name != "errors"}
    assert members == named
    assert (response.header("Cache-Control") == "no-store") == ("no-store" in more)


def test_the_page_has_every_status_with_a_phrase() -> None:
    assert {int(status) for status in HTTPStatus if status >= 400} - {row[0] for row in ROWS} <= {506, 510}
