"""Route by route: the first application that has the URL serves it, and clients see one service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import flask
import pytest
import quart

from errbridge import SetupError
from errbridge.asgi import Bridge
from tests.asgi.serving import hypercorn, raw

pytestmark = pytest.mark.servers


def apps(**options: Any) -> tuple[quart.Quart, flask.Flask]:
    """A service on the move: some routes are in Quart already, the others still in Flask."""
    new, old = quart.Quart("new", **options), flask.Flask("old", **options)

    @new.get("/")
    async def index() -> str:
        return "new index"

    @new.get("/items/<int:number>")
    async def item(number: int) -> str:
        return f"new item {number}"

    @new.get("/list/")
    async def listed() -> str:
        return "new list"

    @new.put("/both")
    async def put() -> str:
        return "new put"

    @new.errorhandler(404)
    async def missing(error: Exception) -> Any:
        return "nobody has it, says new", 404

    @old.get("/")
    @old.get("/old")
    def old_index() -> str:
        return "old index"

    @old.get("/items/<name>")
    def old_item(name: str) -> str:
        return f"old item {name}"

    @old.route("/items/<int:number>", methods=["DELETE"])
    def delete(number: int) -> str:
        return f"old delete {number}"

    @old.route("/both", methods=["GET", "POST"])
    def both() -> str:
        return f"old {flask.request.method}"

    @old.get("/only-old/")
    def slash() -> str:
        return "old slash"

    @old.get("/list")
    def without_slash() -> str:
        return "old list"

    return new, old


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/", 200, "new index"),
        ("GET", "/old", 200, "old index"),
        ("GET", "/items/7", 200, "new item 7"),
        ("GET", "/items/seven", 200, "old item seven"),
        ("DELETE", "/items/7", 200, "old delete 7"),
        ("GET", "/both", 200, "old GET"),
        ("POST", "/both", 200, "old POST"),
        ("PUT", "/both", 200, "new put"),
        ("GET", "/list/", 200, "new list"),
        ("GET", "/list", 200, "old list"),
        ("GET", "/nowhere", 404, "nobody has it, says new"),
        ("POST", "/nowhere", 404, "nobody has it, says new"),
        ("GET", "/static/missing.css", 404, "nobody has it, says new"),
    ],
)
async def test_the_first_application_with_a_route_for_url_and_method_serves_it(
    method: str, path: str, status: int, text: str
) -> None:
    async with hypercorn(Bridge(apps())) as server:
        answer = await server.client.request(method, path)
    assert (answer.status_code, answer.text) == (status, text)


async def test_a_405_and_options_name_the_methods_of_all_applications() -> None:
    async with hypercorn(Bridge(apps())) as server:
        refused = await server.client.delete("/both")
        options = await server.client.options("/both")
        only_old = await server.client.delete("/old")
    assert (refused.status_code, options.status_code, only_old.status_code) == (405, 200, 405)
    assert refused.headers.get_list("Allow") == ["GET, HEAD, OPTIONS, POST, PUT"]
    assert options.headers.get_list("Allow") == ["GET, HEAD, OPTIONS, POST, PUT"]
    assert only_old.headers.get_list("Allow") == ["GET, HEAD, OPTIONS"]


@pytest.mark.parametrize("host", ["..", "a" * 300])
async def test_a_host_that_cannot_be_one_is_a_400_for_any_method(host: str) -> None:
    async with hypercorn(Bridge(list(reversed(apps())))) as server:
        for method in ("GET", "OPTIONS", "DELETE"):
            sent = f"{method} /both HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
            assert (await raw(server.port, sent, until_closed=False)).startswith(b"HTTP/1.1 400 "), method


async def test_head_goes_where_get_goes() -> None:
    async with hypercorn(Bridge(apps())) as server:
        for path in ("/", "/old"):
            got, head = await server.client.get(path), await server.client.head(path)
            assert head.status_code == 200
            assert head.headers["Content-Length"] == got.headers["Content-Length"]
            assert head.content == b""


async def test_a_missing_slash_is_redirected_by_the_application_that_has_the_url() -> None:
    async with hypercorn(Bridge(apps())) as server:
        answer = await server.client.get("/only-old?q=1")
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"{server.url}/only-old/?q=1"


async def test_a_list_bridge_can_be_mounted() -> None:
    async with hypercorn(Bridge({"/shop": Bridge(apps()), "/": apps()[1]})) as server:
        assert (await server.client.get("/shop/items/7")).text == "new item 7"
        assert (await server.client.get("/shop/old")).text == "old index"
        assert (await server.client.get("/items/seven")).text == "old item seven"
        moved = await server.client.get("/shop/only-old")
    assert moved.headers["Location"] == f"{server.url}/shop/only-old/"


async def test_a_static_file_comes_from_the_application_that_has_it(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "old").mkdir()
    (tmp_path / "new" / "new.css").write_text("new")
    (tmp_path / "old" / "old.css").write_text("old")
    (tmp_path / "secret").write_text("secret")
    new = quart.Quart("new", static_url_path="/static", static_folder=str(tmp_path / "new"))
    old = flask.Flask("old", static_url_path="/static", static_folder=str(tmp_path / "old"))
    async with hypercorn(Bridge([new, old])) as server:
        for name, status in [("new.css", 200), ("old.css", 200), ("no.css", 404), ("%2e%2e/secret", 404), ("%00", 404)]:
            answer = await server.client.get(f"/static/{name}")
            assert answer.status_code == status
            assert status == 404 or answer.text == name.removesuffix(".css")


async def test_a_name_that_no_file_can_have_is_a_404_and_the_folders_of_blueprints_are_looked_into(
    tmp_path: Path,
) -> None:
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.css").write_text(name)
    new, old = quart.Quart("new"), flask.Flask("old", static_folder=None)
    for app, framework, name in ((new, quart, "new"), (old, flask, "old")):
        blueprint: Any = framework.Blueprint(
            "shop", name, static_folder=str(tmp_path / name), static_url_path="/static"
        )
        outer: Any = framework.Blueprint("outer", name, url_prefix="/outer")
        outer.register_blueprint(blueprint, url_prefix="/shop")
        app.register_blueprint(outer)
    async with hypercorn(Bridge([new, old])) as server:
        for name, status in [("new.css", 200), ("old.css", 200), ("no.css", 404)]:
            answer = await server.client.get(f"/outer/shop/static/{name}")
            assert (answer.status_code, name) == (status, name)
            assert status == 404 or answer.text == name.removesuffix(".css")
    async with hypercorn(Bridge([old, new])) as server:  # Quart, alone as well, makes a 500 of such names
        for name in ("x" * 300, "x/" * 3000):
            assert (await server.client.get(f"/outer/shop/static/{name}")).status_code == 404


async def test_a_file_that_may_not_be_read_is_looked_for_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so the operating system's answer is replaced."""
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.css").write_text(name)
    refused = str(tmp_path / "new" / "x.css")
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != refused and real(path, mode))
    new = quart.Quart("new", static_url_path="/static", static_folder=str(tmp_path / "new"))
    old = flask.Flask("old", static_url_path="/static", static_folder=str(tmp_path / "old"))
    async with hypercorn(Bridge([new, old])) as server:
        assert (await server.client.get("/static/x.css")).text == "old"


async def test_an_endpoint_that_is_merely_called_static_is_an_ordinary_one() -> None:
    new = quart.Quart("new", static_folder=None)

    @new.get("/mine", endpoint="static")
    async def mine() -> str:
        return "mine"

    async with hypercorn(Bridge([new, apps()[1]])) as server:
        assert (await server.client.get("/mine")).text == "mine"


async def test_hosts_and_subdomains_are_those_of_each_application() -> None:
    new = quart.Quart("new", host_matching=True, static_folder=None)
    old = flask.Flask("old", subdomain_matching=True)
    old.config["SERVER_NAME"] = "example.com"

    @new.get("/", host="new.example.com")
    async def index() -> str:
        return "new"

    @old.get("/", subdomain="<name>")
    def subdomain(name: str) -> str:
        return f"old {name}"

    async with hypercorn(Bridge([new, old])) as server:
        for host, text in [("new.example.com", "new"), ("shop.example.com", "old shop")]:
            assert (await server.client.get("/", headers={"Host": host})).text == text


async def test_a_converter_that_fails_fails_in_its_own_application() -> None:
    import werkzeug.routing

    class Broken(werkzeug.routing.BaseConverter):
        def to_python(self, value: str) -> str:
            raise KeyError(value)

    old = flask.Flask("old")
    old.url_map.converters["broken"] = Broken
    old.add_url_rule("/<broken:x>", view_func=lambda x: x, endpoint="x")
    old.register_error_handler(500, lambda error: ("old failed", 500))
    async with hypercorn(Bridge([apps()[0], old])) as server:
        answer = await server.client.get("/boom")
    assert (answer.status_code, answer.text) == (500, "old failed")


async def test_an_options_view_of_ones_own_may_say_what_it_likes() -> None:
    new = quart.Quart("new")

    @new.route("/both", methods=["OPTIONS"])
    async def options() -> Any:
        return "mine"

    async with hypercorn(Bridge([new, apps()[1]])) as server:
        answer = await server.client.options("/both")
    assert (answer.text, answer.headers.get("Allow")) == ("mine", None)


async def test_a_request_without_a_host_is_routed_too() -> None:
    async with hypercorn(Bridge(apps())) as server:
        answer = await raw(server.port, b"GET /old HTTP/1.0\r\n\r\n")
    assert answer.endswith(b"old index")


async def test_routes_added_later_are_found() -> None:
    new, old = apps()
    async with hypercorn(Bridge([new, old])) as server:
        assert (await server.client.get("/late")).status_code == 404
        new.add_url_rule("/late", "late", lambda: "late")
        assert (await server.client.get("/late")).text == "late"


async def test_http_on_a_websocket_route_is_refused_by_its_application() -> None:
    new = quart.Quart("new")

    @new.websocket("/socket")
    async def socket() -> None: ...

    async with hypercorn(Bridge([flask.Flask("old"), new])) as server:
        assert (await server.client.get("/socket")).status_code == 400


def test_a_list_that_cannot_be_asked_is_refused() -> None:
    with pytest.raises(SetupError, match="mount it instead"):
        Bridge([lambda environ, start_response: []])


async def test_clients_see_the_same_answers_before_between_and_after_a_move() -> None:
    """The same three routes, first all in Flask, then one moved, then all in Quart."""

    def flask_with(*names: str) -> flask.Flask:
        app = flask.Flask("old")
        for name in names:
            app.add_url_rule(f"/{name}", name, lambda name=name: {"route": name})
        return app

    def quart_with(*names: str) -> quart.Quart:
        app = quart.Quart("new")
        for name in names:

            async def view(name: str = name) -> Any:
                return {"route": name}

            app.add_url_rule(f"/{name}", name, view)
        return app

    steps = [
        Bridge([flask_with("a", "b", "c")]),
        Bridge([quart_with("b"), flask_with("a", "c")]),
        Bridge([quart_with("a", "b", "c")]),
    ]
    seen = []
    for bridge in steps:
        answers = []
        async with hypercorn(bridge) as server:
            for method in ("GET", "HEAD", "OPTIONS", "DELETE"):
                for path in ("/a", "/b", "/c"):
                    answer = await server.client.request(method, path)
                    allowed = set(answer.headers.get("Allow", "").split(", "))
                    answers.append((method, path, answer.status_code, answer.content, allowed))
        seen.append(answers)
    assert seen[0] == seen[1] == seen[2]
