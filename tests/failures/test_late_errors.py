"""Errors after the view of Flask has responded, on servers that cannot take a first head back (PEP 3333's exc_info)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
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

@app.get("/fine")
def fine():
    return flask.Response(iter(["a", "b"]), headers={"Content-Length": "2"})
"""


@pytest.fixture(
    scope="module",
    params=["gunicorn --threads 2 late:app", "uvicorn --interface wsgi late:app", "granian --interface wsgi late:app"],
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("late")
    folder.joinpath("late.py").write_text(textwrap.dedent(PROGRAM))
    with serving(as_typed(request.param), folder / "log", cwd=folder) as running:
        yield running


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("path", ["/teardown", "/stream"])
def test_the_client_gets_one_head_and_the_whole_document(server: Server, path: str) -> None:
    with httpx.Client(base_url=server.base, trust_env=False) as client:
        response = client.get(path)
        following = client.get("/fine")

    assert (response.status_code, response.json()["status"]) == (500, 500)
    assert response.headers.get_list("Content-Type") == ["application/problem+json"]
    assert response.headers.get_list("Content-Length") == [str(len(response.content))]
    assert "Set-Cookie" not in response.headers
    assert (following.status_code, following.text) == (200, "ab")
