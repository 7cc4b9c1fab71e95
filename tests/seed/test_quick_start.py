"""The quick start of Flask-ErrorsHandler."""

from __future__ import annotations

from typing import NoReturn

import pytest

from tests.applications import HTML, JSON, Ask
from tests.clients import Request
from tests.seed.shop import NO_SUCH_URL
from tests.twins import World

# The example of Flask-ErrorsHandler


def quick_start(world: World) -> None:
    app = world.App("tests.twins")
    error = world.adapter.ErrorHandler(app, dispatcher="urlprefix")
    api = world.Blueprint("api", __name__, url_prefix="/api")
    web = world.Blueprint("web", __name__, url_prefix="/web")
    custom = world.Blueprint("custom", __name__, url_prefix="/custom")
    error.web_register(web)
    error.api_register(api)
    error.failure_register(app)

    def as_text(exc: BaseException) -> tuple[str, int, dict[str, str]]:
        return str(exc), 500, {"Content-Type": "text/plain"}

    def index() -> NoReturn:
        raise NameError("test custom")

    error.register(custom)(as_text)
    for blueprint in (api, web, custom):
        message = f"Error from {blueprint.name} blueprint"
        blueprint.add_url_rule("/", "index", lambda message=message: world.abort(500, message))
    app.add_url_rule("/", "index", index)
    app.register_blueprint(web)
    app.register_blueprint(api)
    app.register_blueprint(custom)
    world.app, world.errors = app, error


@pytest.mark.parametrize(
    ("path", "status", "content_type", "part"),
    [
        ("/api/", 500, JSON, '"detail":"Error from api blueprint"'),
        ("/web/", 500, HTML, '<p class="detail" dir="auto">Error from web blueprint</p>'),
        ("/custom/", 500, "text/plain", "500 Internal Server Error: Error from custom blueprint"),
        ("/", 500, HTML, '<h1 dir="auto">Something went wrong</h1>'),
        ("/api/nope", 404, JSON, '"title":"Not Found","status":404,"instance":'),
        ("/web/nope", 404, HTML, '<h1 dir="auto">Page not found</h1>'),
        ("/custom/nope", 500, "text/plain", f"404 Not Found: {NO_SUCH_URL}"),
        ("/nope", 404, HTML, '<h1 dir="auto">Page not found</h1>'),
        ("/apiary", 404, HTML, '<h1 dir="auto">Page not found</h1>'),
    ],
)
def test_the_quick_start_example_answers_as_an_api_a_site_and_a_text(
    ask: Ask, path: str, status: int, content_type: str, part: str
) -> None:
    response = ask(quick_start, path)

    assert (response.status, response.content_type) == (status, content_type)
    assert part in response.text
    assert "NameError" not in response.text
    assert "test custom" not in response.text


@pytest.mark.parametrize(
    ("path", "status", "content_type"), [("/api/", 405, JSON), ("/web/", 405, HTML), ("/custom/", 500, "text/plain")]
)
def test_the_quick_start_example_gives_a_wrong_method_to_the_blueprint_of_the_route(
    ask: Ask, path: str, status: int, content_type: str
) -> None:
    response = ask(quick_start, path, "DELETE")

    assert (response.status, response.content_type) == (status, content_type)
    assert response.header("Allow") == "GET, HEAD, OPTIONS"


def test_the_quick_start_example_leaves_the_redirect_to_the_slash_to_the_framework(world: World) -> None:
    quick_start(world)

    response = world.call(Request("/api"))

    assert response.status == 308
    assert (response.header("Location") or "").endswith("/api/")
