"""The examples of the README run as they stand there."""

import re
from typing import Any

import httpx
import pytest

from errbridge.config import DEFAULTS
from tests.servers import ROOT

README = (ROOT / "README.md").read_text()


def example(heading: str) -> Any:
    """Run the Python block under a heading of the README and return its app."""
    block = re.search(rf"^## {heading}$.*?^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert block, f"the README has no example under {heading!r}"
    namespace: dict[str, Any] = {"__name__": f"readme_{heading.lower()}"}
    exec(compile(block[1], f"README.md, {heading}", "exec"), namespace)
    return namespace["app"]


@pytest.mark.parametrize("heading", ["Flask", "Quart"])
async def test_an_api_answers_problem_documents_and_the_rest_of_the_app_pages(heading: str) -> None:
    client = example(heading).test_client()
    for path, status, content_type in (
        ("/api/items/7", 409, "application/problem+json"),
        ("/api/nope", 404, "application/problem+json"),
        ("/nope", 404, "text/html; charset=utf-8"),
    ):
        response = client.get(path) if heading == "Flask" else await client.get(path)
        assert (response.status_code, response.headers["Content-Type"]) == (status, content_type)


async def test_one_handler_module_serves_both_apps_behind_the_bridge() -> None:
    transport = httpx.ASGITransport(example("Both"))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for path in ("/nope", "/legacy/nope"):
            response = await client.get(path)
            assert (response.status_code, response.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_the_table_of_the_configuration_has_every_key_with_its_default() -> None:
    rows = re.findall(r"^\| `(ERROR_\w+)` \| `(.+?)` \|", README, re.MULTILINE)

    assert {key: eval(default) for key, default in rows} == dict(DEFAULTS)


def rows_of(text: str) -> dict[str, dict[str, str]]:
    """Give the rows of a table by their first cell, each by the heads of its columns, without notes."""
    table = re.search(r"^\| \| errbridge \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert table
    head, _, *rows = (
        [cell.strip() for cell in re.sub(r" \[\^\w+\]", "", line).split("|")[1:-1]] for line in table[0].splitlines()
    )
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


def test_the_short_comparison_says_what_the_long_one_says() -> None:
    short, long = (rows_of(text) for text in (README, (ROOT / "docs" / "comparison.md").read_text()))
    assert short
    for row, cells in short.items():
        assert cells.items() <= long[row].items()


@pytest.mark.parametrize("page", ["README.md", "examples/README.md"])
def test_what_a_page_links_to_exists(page: str) -> None:
    """The pages of the site are looked after by its build."""
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\((?!https://)([^)#]+)", text) + re.findall(r'src="([^"]+)"', text)
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
