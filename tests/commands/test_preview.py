"""``errors preview``: pages and documents in files."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from errbridge import Scope
from tests.applications import with_templates
from tests.commands.shop import data, nothing, run, said, view
from tests.twins import Twins, World


def test_preview_writes_the_same_files_on_both_frameworks_and_asks_nobody(tmp_path: Path) -> None:
    def build(world: World) -> None:
        def fail(*args: Any) -> Any:
            raise AssertionError("called")

        view(world)
        api = world.Blueprint("api", __name__, url_prefix="/api")
        world.app.register_blueprint(api)
        tools = world.Blueprint("tools", __name__)
        tools.add_url_rule("/hammer", "hammer", nothing)
        world.app.register_blueprint(tools)
        world.errors.api_register(api, Scope(host="api.example.com"), Scope(host="api.example.com", prefix="/"))
        world.errors.register(world.app)(fail)
        world.app.errorhandler(404)(fail)
        world.errors.on_incident(fail)

    twins = Twins.built(build)
    written: list[dict[str, str]] = []
    for world in twins.worlds:
        folder = tmp_path / world.name
        result = run(world, "preview", str(folder))
        assert (result.exit_code, result.output) == (0, f"227 files below {folder}\n")
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        text = {name: path.read_text().replace(str(folder), "") for name, path in files.items()}
        written.append({name: content.replace(f"errbridge_{world.name}", "") for name, content in text.items()})

    assert written[0] == written[1]
    scopes = {name.split("/")[1] for name in written[0] if "/" in name}
    assert scopes == {"site", "api", "api.example.com", "app"}  # nginx finds no scope by its views
    assert written[0]["error-pages/api/429.txt"].splitlines()[0] == "429 Too Many Requests"
    assert "<b>429 Too Many Requests</b>" in written[0]["index.html"]
    assert '<a href="error-pages/api/429.txt">txt</a>' in written[0]["index.html"]
    assert "tools" not in written[0]["nginx-http.conf"]


def test_preview_gives_scopes_of_like_names_folders_of_their_own(tmp_path: Path) -> None:
    def build(world: World) -> None:
        world.errors.api_register("/app", "/a b", "/a-b", Scope(host="<x>.example.com"))

    output = said(build, "preview", str(tmp_path / "made"))

    folders = {path.name for path in (tmp_path / "made" / "error-pages").iterdir()}
    assert folders == {"app", "app-2", "a-b", "a-b-2", "x-.example.com"}
    assert output.startswith("2")


@pytest.mark.parametrize("config", [{}, {"PROPAGATE_EXCEPTIONS": True}])
def test_preview_reports_a_template_that_fails(tmp_path: Path, config: dict[str, Any]) -> None:
    (tmp_path / "errors").mkdir()
    (tmp_path / "errors" / "404.html").write_text("<p>\n{{ nothing.at.all }}")
    options = {"app_options": {"template_folder": str(tmp_path)}, "config": config}

    def build(world: World) -> None:
        world.errors.web_register(world.app, Scope(host="www.example.com"))

    output = said(build, "preview", str(tmp_path / "made"), exit_code=1, **options)

    failures = [line for line in output.splitlines() if line.startswith("failed: ")]
    assert len(failures) == len(set(failures)) == (2 if config else 1)  # in propagate mode, each names its file
    for failure in failures:
        assert f"line 2 of '{tmp_path}/errors/404.html'" in failure
        assert failure.endswith(": jinja2.exceptions.UndefinedError: 'nothing' is undefined")
        assert "incident" not in failure
    assert logging.getLogger("errbridge").filters == []
    made = tmp_path / "made" / "error-pages" / "app" / "404.html"
    assert made.exists() is not bool(config)


def test_preview_says_what_it_wrote_to_programs(tmp_path: Path) -> None:
    written = data(view, "preview", str(tmp_path / "made"))

    assert "error-pages/site/404.html" in written["files"]
    assert "nginx-http.conf" in written["files"]
    assert written["failures"] == []


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert "error-pages/site/400.html cannot be written: " in said(
        view, "preview", str(tmp_path / "file" / "made"), exit_code=2
    )


def test_preview_uses_the_response_decorator(tmp_path: Path) -> None:
    def decorator(function: Any) -> Any:
        def made() -> Any:
            document, status, headers = function()
            return {"error": document["title"]}, status, headers

        return made

    said(view, "preview", str(tmp_path / "made"), options={"response": decorator})

    assert json.loads((tmp_path / "made/error-pages/site/404.json").read_text()) == {"error": "Not Found"}


@pytest.mark.parametrize("rule", ["", "/list"])
def test_a_page_has_what_the_preprocessor_of_its_urls_sets(tmp_path: Path, rule: str) -> None:
    """Also where the first URL below the prefix has a view."""

    def build(world: World) -> None:
        shop = world.Blueprint("shop", __name__, url_prefix="/of/<tenant>")
        shop.add_url_rule(rule, "view", nothing)

        def read(endpoint: str, values: Any) -> None:
            world.framework.g.tenant = values.pop("tenant")

        shop.url_value_preprocessor(read)
        world.app.register_blueprint(shop)
        with_templates({"shop/errors/404.html": "404 of {{ g.tenant.upper() }}"})(world)
        world.errors.web_register(shop)

    for world in Twins.built(build).worlds:
        folder = tmp_path / world.name
        assert run(world, "preview", str(folder)).exit_code == 0
        assert (folder / "error-pages/shop/404.html").read_text().startswith("404 of ")
