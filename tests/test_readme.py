"""The examples of the README run as they are."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import flask
import httpx
import pytest

import errbridge_flask
from tests.servers import ROOT

pytestmark = pytest.mark.docs

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")


def example(heading: str) -> str:
    """Return the Python block under a heading of the README."""
    block = re.search(rf"^## {heading}$.*?^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert block, f"the README has no example under {heading!r}"
    return block[1]


def run(source: str) -> Any:
    """Run an example and return its app."""
    namespace: dict[str, Any] = {"__name__": "readme"}
    exec(compile(source, "README.md", "exec"), namespace)
    return namespace["app"]


def for_quart(source: str) -> str:
    """Change an example for Flask as the README says."""
    return source.replace("flask", "quart").replace("Flask", "Quart").replace("def ", "async def ")


@pytest.mark.parametrize("change", [str, for_quart])
async def test_an_api_answers_problem_documents_and_the_rest_of_the_app_pages(change: Callable[[str], str]) -> None:
    client = run(change(example("Flask"))).test_client()
    for path, status, content_type in (
        ("/api/items/7", 409, "application/problem+json"),
        ("/api/nope", 404, "application/problem+json"),
        ("/nope", 404, "text/html; charset=utf-8"),
    ):
        response = client.get(path)
        response = await response if inspect.isawaitable(response) else response
        assert (response.status_code, response.headers["Content-Type"]) == (status, content_type)


async def test_one_handler_module_serves_both_apps_behind_the_bridge() -> None:
    transport = httpx.ASGITransport(run(example("Both in one process")))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for path in ("/nope", "/legacy/nope"):
            response = await client.get(path)
            assert (response.status_code, response.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_the_table_of_the_configuration_has_every_key_with_its_default() -> None:
    rows = re.findall(r"^\| `(ERROR_\w+)` \| `(.+?)` \|", CONFIGURATION, re.MULTILINE)
    app = flask.Flask("defaults")
    errbridge_flask.ErrorHandler(app)

    in_force = {key: value for key, value in app.config.items() if key.startswith("ERROR_")}
    assert {key: eval(default) for key, default in rows} == in_force


@pytest.mark.parametrize("page", ["README.md", "examples/README.md"])
def test_what_a_page_links_to_exists(page: str) -> None:
    """The build of the documentation checks the links of its own pages."""
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\((?!https://)([^)#]+)", text) + re.findall(r'src="([^"]+)"', text)
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
