"""Errors after the view of Flask has responded, on servers that cannot take a first head back (PEP 3333's exc_info)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from tests.servers import Server, as_typed, serving

PROGRAM = """
import flask
from errbridge_flask import ErrorHandler

app = flask.Flask("late")
ErrorHandler(app, handler="api")

@app.get("/teardown")
def teardown():
    return "x", {"Set-Cookie": "a=b"}

@app.teardown_request
def fail(exc):
    if flask.request.path == "/teardown":
        raise KeyError("secret")

@app.get("/stream")
def stream():
    def chunks():
        raise KeyError("secret")
        yield "never"
    return flask.Response(chunks(), headers={"Content-Length": "4", "Set-Cookie": "a=b"})

@app.get("/after")
def after():
    return "x"

@app.after_request
def replace(response):
    return stream() if flask.request.path == "/after" else response

@app.get("/fine")
def fine():
    return flask.Response(iter(["a", "b"]), headers={"Content-Length": "2"})

if MIDDLEWARE == "proxy":
    from werkzeug.middleware.proxy_fix import ProxyFix
    app.wsgi_app = ProxyFix(app.wsgi_app)
if MIDDLEWARE == "watched":
    def watched(environ, start_response, wsgi_app=app.wsgi_app):
        def start(*given):
            assert len(given) > 2 or flask.request.path == environ["PATH_INFO"]  # within the request
            return start_response(*given)
        return wsgi_app(environ, start)
    app.wsgi_app = watched
"""


@pytest.fixture(
    scope="module",
    params=[
        "gunicorn --threads 2 late:app",
        "gunicorn --threads 2 late_proxy:app",
        "uvicorn --interface wsgi late:app",
        "granian --interface wsgi late:app",
    ],
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving_late(request.param, tmp_path_factory.mktemp("late")) as running:
        yield running


def serving_late(command: str, folder: Path) -> AbstractContextManager[Server]:
    for name, middleware in {"late": "", "late_proxy": "proxy", "late_watched": "watched"}.items():
        folder.joinpath(f"{name}.py").write_text(f"MIDDLEWARE = {middleware!r}\n{textwrap.dedent(PROGRAM)}")
    return serving(as_typed(command), folder / "log", cwd=folder)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("path", ["/teardown", "/stream", "/after"])
def test_the_client_gets_one_head_and_the_whole_document(server: Server, path: str) -> None:
    with httpx.Client(base_url=server.base, trust_env=False) as client:
        response = client.get(path)
        following = client.get("/fine")

    assert (response.status_code, response.json()["status"]) == (500, 500)
    assert response.headers.get_list("Content-Type") == ["application/problem+json"]
    assert response.headers.get_list("Content-Length") == [str(len(response.content))]
    assert "Set-Cookie" not in response.headers
    assert (following.status_code, following.text) == (200, "ab")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("server", "content_type"),
    [("gunicorn --threads 2", "text/html"), ("granian --interface wsgi", "application/problem+json")],
)
@pytest.mark.parametrize("path", ["/teardown", "/stream", "/after"])
def test_middleware_that_needs_the_head_in_the_request_gets_it_then(
    server: str, content_type: str, path: str, tmp_path: Path
) -> None:
    """An error after that has the framework's way out with gunicorn, which keeps both heads."""
    with serving_late(f"{server} late_watched:app", tmp_path) as running, httpx.Client(base_url=running.base) as client:
        response = client.get(path)
        following = client.get("/fine")

    assert (response.status_code, response.headers.get_list("Content-Type")) == (500, [content_type])
    assert response.headers.get_list("Content-Length") == [str(len(response.content))]
    assert "Set-Cookie" not in response.headers
    assert (following.status_code, following.text) == (200, "ab")
