"""The truth tables of the explanations hold: every row is asked of real applications, on Flask and Quart at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from errbridge.dispatch import DISPATCHERS
from tests.clients import Response
from tests.twins import Twins, World

PAGES = Path(__file__).parents[1] / "docs" / "explanations"


def table(page: str, name: str) -> tuple[list[str], list[list[str]]]:
    """Read the head and the rows of a table; in a cell that is code only the code is given."""
    text = (PAGES / page).read_text(encoding="utf-8")
    block = re.search(rf"<!-- table: {name} -->\n(.*?)<!-- table ends -->", text, re.DOTALL)
    assert block, f"{page} has no table {name!r}"
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in block[1].strip().splitlines())
    assert rows, f"the table {name!r} of {page} is empty"
    assert all(len(row) == len(head) for row in rows)
    return [_code(cell) for cell in head], [[_code(cell) for cell in row] for row in rows]


def _code(cell: str) -> str:
    alone = re.fullmatch(r"`([^`]+)`", cell)
    return alone[1] if alone else cell


def first_block(page: str) -> str:
    """Give the application that a page shows, as it stands there: for Flask."""
    block = re.search(r"^```python\n(.*?)^```$", (PAGES / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert block
    return block[1]


def run_for(world: World, source: str, page: str) -> dict[str, Any]:
    """Run an application that was written for Flask for one of the two, which takes a change of names."""
    if world.is_async:
        source = source.replace("flask", "quart").replace("Flask", "Quart")
    namespace: dict[str, Any] = {"__name__": f"explained_{world.name}"}
    exec(compile(source, page, "exec"), namespace)
    world.app, world.errors = namespace["app"], namespace["errors"]
    return namespace


def asked(twins: Twins, request: str, **more: Any) -> Response:
    """Ask what a cell says: ``GET /path`` or ``GET //host/path``."""
    method, _, target = request.partition(" ")
    host = "localhost"
    if target.startswith("//"):
        host, _, target = target[2:].partition("/")
        target = f"/{target}"
    return twins.ask(target, method, host=host, **more)


# Who owns an error.


@pytest.fixture(scope="module")
def owners() -> Mapping[str, Twins]:
    def built(dispatcher: str) -> Twins:
        source = first_block("ownership.md").replace(
            "ErrorHandler(app)", f"ErrorHandler(app, dispatcher={dispatcher!r})"
        )
        return Twins.built(lambda world: run_for(world, source, "ownership.md"))

    return {dispatcher: built(dispatcher) for dispatcher in DISPATCHERS}


OWNERSHIP = table("ownership.md", "ownership")[1]
DISPATCHED = table("ownership.md", "dispatchers")


@pytest.mark.parametrize(("request_line", "what", "chain"), OWNERSHIP, ids=[row[0] for row in OWNERSHIP])
def test_a_chain_is_the_one_of_the_table(owners: Mapping[str, Twins], request_line: str, what: str, chain: str) -> None:
    response = asked(owners["auto"], request_line)

    status = 405 if what == "not this method" else 404 if what == "no route" else 409
    assert (response.status, response.text) == (status, chain)


@pytest.mark.parametrize("row", DISPATCHED[1], ids=[row[0] for row in DISPATCHED[1]])
def test_a_dispatcher_makes_the_chain_of_the_table(owners: Mapping[str, Twins], row: list[str]) -> None:
    request_line, *chains = row
    names = DISPATCHED[0][1:]

    assert {name: asked(owners[name], request_line).text for name in names} == dict(zip(names, chains, strict=True))


def test_the_table_of_dispatchers_has_all_of_them() -> None:
    assert DISPATCHED[0][1:] == list(DISPATCHERS)


def test_the_scope_of_an_incident_is_the_first_of_its_chain(owners: Mapping[str, Twins]) -> None:
    for request_line, owner in (
        ("GET /api/v2/nope", "v2"),
        ("GET /nope", "app"),
        ("GET /api/legacy/x", "/api/legacy"),
        ("GET /moved/inner/page", "outer.inner"),
        ("GET //a.example.com/nope", "//*.example.com/"),
    ):
        assert asked(owners["auto"], request_line).header("X-Owner") == owner
