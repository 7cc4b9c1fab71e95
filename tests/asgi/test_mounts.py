"""Mounts: which application gets a request, and which path it sees."""

from __future__ import annotations

from typing import Any

import flask
import pytest
import quart

from errbridge import Scope, SetupError
from errbridge.asgi import Bridge, Wsgi
from tests.asgi.serving import hypercorn, raw
from tests.clients import Request, call_asgi

pytestmark = pytest.mark.servers


def flask_app(name: str) -> flask.Flask:
    app = flask.Flask(name, static_folder=None)

    @app.route("/", methods=["GET", "POST"])
    @app.route("/<path:rest>")
    def where(rest: str = "") -> Any:
        request = flask.request
        return {
            "app": name,
            "root": request.root_path,
            "path": request.path,
            "url": flask.url_for("where", rest="x"),
            "external": flask.url_for("where", rest="x", _external=True),
        }

    return app


def quart_app(name: str) -> quart.Quart:
    app = quart.Quart(name, static_folder=None)

    @app.route("/", methods=["GET", "POST"])
    @app.route("/<path:rest>")
    async def where(rest: str = "") -> Any:
        request = quart.request
        return {
            "app": name,
            "root": request.root_path,
            "path": request.path,
            "url": quart.url_for("where", rest="x"),
            "external": quart.url_for("where", rest="x", _external=True),
        }

    return app


@pytest.fixture(params=[flask_app, quart_app], ids=["flask", "quart"])
def make(request: pytest.FixtureRequest) -> Any:
    return request.param


async def test_the_deepest_mount_has_the_url_whatever_the_order(make: Any) -> None:
    places = {"/": "root", "/api": "api", "/api/v2": "v2"}
    for order in (list(places), list(reversed(places))):
        async with hypercorn(Bridge({place: make(places[place]) for place in order})) as server:
            for path, name in {
                "/": "root",
                "/x": "root",
                "/apiary": "root",
                "/api.json": "root",
                "/api": "api",
                "/api/": "api",
                "/api/v1": "api",
                "/api/v20": "api",
                "/api/v2": "v2",
                "/api/v2/x": "v2",
            }.items():
                assert (await server.client.get(path)).json()["app"] == name, path


async def test_each_application_knows_where_it_is_mounted(make: Any) -> None:
    async with hypercorn(Bridge({"/": make("root"), "/api/v2": make("v2")})) as server:
        at_root = (await server.client.get("/one/two")).json()
        mounted = (await server.client.get("/api/v2/one/two")).json()
    assert (at_root["root"].rstrip("/"), at_root["path"], at_root["url"]) == ("", "/one/two", "/x")
    assert (mounted["root"].rstrip("/"), mounted["path"], mounted["url"]) == ("/api/v2", "/one/two", "/api/v2/x")
    assert mounted["external"] == f"{server.url}/api/v2/x"


@pytest.mark.parametrize("path", ["/api", "/api/"])
async def test_a_request_exactly_at_the_mount_is_one_for_the_root_of_the_application(make: Any, path: str) -> None:
    async with hypercorn(Bridge({"/": make("root"), "/api": make("api")})) as server:
        answer = await server.client.get(path)
        posted = await server.client.post(path)
    assert answer.json()["app"] == posted.json()["app"] == "api"
    assert answer.json()["path"] == "/"


async def test_a_path_that_repeats_the_mount_is_cut_once(make: Any) -> None:
    async with hypercorn(Bridge({"/": make("root"), "/api": make("api")})) as server:
        assert (await server.client.get("/api/api/x")).json()["path"] == "/api/x"


async def test_a_host_has_mounts_of_its_own_and_they_come_first(make: Any) -> None:
    apps: dict[str | Scope, Any] = {
        "/": make("root"),
        "/api": make("api"),
        "//admin.example.com/": make("admin"),
        "//admin.example.com/api": make("admin api"),
        Scope(host="*.example.com"): make("any"),
    }
    async with hypercorn(Bridge(apps)) as server:
        for host, path, name in [
            ("example.com", "/", "root"),
            ("example.com", "/api", "api"),
            ("ADMIN.example.com:8080", "/", "admin"),
            ("admin.example.com", "/api/x", "admin api"),
            ("admin.example.com", "/apiary", "admin"),
            ("shop.example.com", "/api", "any"),
        ]:
            answer = await server.client.get(path, headers={"Host": host})
            assert answer.json()["app"] == name, (host, path)


async def test_a_mount_may_have_variables(make: Any) -> None:
    async with hypercorn(Bridge({"/": make("root"), "/<tenant>/shop": make("shop")})) as server:
        shop = (await server.client.get("/acme/shop/cart")).json()
        root = (await server.client.get("/acme/shopping")).json()
    assert (shop["app"], shop["root"].rstrip("/"), shop["path"]) == ("shop", "/acme/shop", "/cart")
    assert root["app"] == "root"


async def test_a_server_that_is_mounted_itself_adds_its_own_root_path(make: Any) -> None:
    async with hypercorn(Bridge({"/": make("root"), "/api": make("api")}), root_path="/outer") as server:
        stripped_by_the_proxy = (await server.client.get("/api/x")).json()
        passed_as_it_came = (await server.client.get("/outer/api/x")).json()
    for answer in (stripped_by_the_proxy, passed_as_it_came):
        assert (answer["app"], answer["root"].rstrip("/"), answer["path"]) == ("api", "/outer/api", "/x")
        assert answer["url"] == "/outer/api/x"


async def test_bridges_nest(make: Any) -> None:
    inner = Bridge({"/": make("inner root"), "/deep": make("deep")})
    async with hypercorn(Bridge({"/": make("root"), "/in": inner})) as server:
        answer = (await server.client.get("/in/deep/x")).json()
    assert (answer["app"], answer["root"].rstrip("/"), answer["path"]) == ("deep", "/in/deep", "/x")


@pytest.mark.parametrize(
    ("target", "name", "path"),
    [
        (b"/%61pi/x", "api", "/x"),
        (b"/api%2Fx", "api", "/x"),
        (b"/api/%C3%A4", "api", "/\u00e4"),
        (b"/api/%FF", "api", "/\ufffd"),
        (b"/api/../x", "api", "/../x"),
        (b"/../api/x", "root", "/../api/x"),
        (b"/%C3%A4pi/x", "umlaut", "/x"),
        (b"http://example.com/api/x?y", "api", "/x"),
    ],
)
async def test_paths_are_compared_as_they_are_decoded_and_not_otherwise_changed(
    make: Any, target: bytes, name: str, path: str
) -> None:
    async with hypercorn(Bridge({"/": make("root"), "/api": make("api"), "/\u00e4pi": make("umlaut")})) as server:
        answer = await raw(server.port, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    body = flask.json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (body["app"], body["path"]) == (name, path)


async def test_doubled_slashes_do_not_lead_into_another_mount(make: Any) -> None:
    async with hypercorn(Bridge({"/": make("root"), "/api": make("api")})) as server:
        before = await raw(server.port, b"GET //api/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        behind = await raw(server.port, b"GET /api//x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert flask.json.loads(before.partition(b"\r\n\r\n")[2])["app"] == "root"
    assert flask.json.loads(behind.partition(b"\r\n\r\n")[2])["app"] == "api"


async def test_options_about_the_server_itself_are_answered_by_the_bridge(make: Any) -> None:
    async with hypercorn(Bridge({"/": make("root")})) as server:
        answer = await raw(server.port, b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        other = await raw(server.port, b"GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert other.startswith(b"HTTP/1.1 400 ")


async def test_scripts_of_a_mounted_wsgi_callable_see_an_encoded_environment() -> None:
    seen: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> Any:
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    async with hypercorn(Bridge({"/\u00e4": app})) as server:
        await server.client.get("/%C3%A4/%E2%82%AC%2F?q=%20")
    assert seen["SCRIPT_NAME"].encode("latin-1") == "/\u00e4".encode()
    assert seen["PATH_INFO"].encode("latin-1") == "/\u20ac/".encode()
    assert seen["QUERY_STRING"] == "q=%20"
    assert seen["REQUEST_URI"] == "/%C3%A4/%E2%82%AC%2F?q=%20"
    assert seen["SERVER_PORT"] == str(server.port)
    assert seen["REMOTE_ADDR"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("apps", "advice"),
    [
        ({"api": Wsgi(lambda environ, start: [])}, "write '/api'"),
        ({"/a": Wsgi(lambda environ, start: []), "/a/": Wsgi(lambda environ, start: [])}, "a place of its own"),
        ({"//x/": Wsgi(lambda e, s: []), Scope("X", "/"): Wsgi(lambda e, s: [])}, "a place of its own"),
        ({Scope(blueprint="shop"): Wsgi(lambda environ, start: [])}, "mount its application"),
        ({"/<path:rest>": Wsgi(lambda environ, start: [])}, "a variable without slashes"),
        ({"//example.com:80/": Wsgi(lambda environ, start: [])}, "without scheme, port"),
        ({}, "at least one"),
        ([], "at least one"),
        (flask.Flask("alone"), "applications by their place"),
    ],
)
def test_a_mount_that_cannot_work_is_refused_with_advice(apps: Any, advice: str) -> None:
    with pytest.raises(SetupError, match=advice):
        Bridge(apps)


async def test_an_application_needs_no_hash() -> None:
    class App:
        __hash__ = None  # type: ignore[assignment]

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    assert (await call_asgi(Bridge({"/": App(), "/again": App()}), Request("/again"))).status == 204
