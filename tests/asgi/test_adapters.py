"""The bridge and the adapters together: one voice, on either side."""

from __future__ import annotations

from typing import Any

import flask
import pytest
import quart
from hypercorn.middleware import ProxyFixMiddleware
from websockets.asyncio.client import connect

import errbridge_flask
import errbridge_quart
from errbridge.asgi import Bridge
from tests.asgi.serving import hypercorn
from tests.asgi.test_bodies import pieces

pytestmark = pytest.mark.servers

JSON = {"Accept": "application/json"}


def services() -> tuple[quart.Quart, flask.Flask]:
    new, old = quart.Quart("new"), flask.Flask("old")
    errbridge_quart.ErrorHandler(new)
    errbridge_flask.ErrorHandler(old)

    @old.post("/upload")
    def upload() -> str:
        return str(len(flask.request.get_data()))

    @new.post("/upload")
    async def upload_new() -> str:
        return str(len(await quart.request.get_data()))

    return new, old


def comparable(answer: Any) -> Any:
    document = answer.json()
    document.pop("instance")
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "content-length")}
    return answer.status_code, headers, document


@pytest.mark.parametrize("accept", ["application/json", "text/html", "text/plain"])
async def test_a_404_looks_the_same_in_flask_in_quart_and_under_no_mount(accept: str) -> None:
    new, old = services()
    async with hypercorn(Bridge({"/new": new, "/old": old})) as server:
        answers = [
            await server.client.get(f"/{place}/x", headers={"Accept": accept}) for place in ("new", "old", "nowhere")
        ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.headers["Content-Type"] for answer in answers}) == 1
    assert len({answer.headers["Vary"] for answer in answers}) == 1
    assert len({answer.headers["X-Content-Type-Options"] for answer in answers}) == 1
    assert all(("Page not found" if accept == "text/html" else "Not Found") in answer.text for answer in answers)
    in_quart, in_flask, nowhere = answers
    assert len(in_quart.content) == len(in_flask.content)  # all but the incident's id
    if accept == "application/json":
        own = {member: nowhere.json()[member] for member in ("detail", "instance")}
        assert nowhere.json().items() <= (in_flask.json() | own).items()


async def test_an_upload_over_the_limit_is_the_same_problem_wherever_it_is_noticed() -> None:
    new, old = services()
    async with hypercorn(Bridge({"/new": new, "/old": old}, max_body=100_000)) as server:
        by_length = await server.client.post("/old/upload", content=b"x" * 100_001, headers=JSON)
        in_flask = await server.client.post("/old/upload", content=pieces(3), headers=JSON)
        in_quart = await server.client.post("/new/upload", content=pieces(3), headers=JSON)
    assert by_length.status_code == 413
    assert comparable(by_length) == comparable(in_flask) == comparable(in_quart)


async def test_the_document_of_a_405_lists_the_methods_of_all_applications_as_its_header_does() -> None:
    old, new = flask.Flask("old"), quart.Quart("new")
    errbridge_flask.ErrorHandler(old, handler="api")
    errbridge_quart.ErrorHandler(new, handler="api")
    old.add_url_rule("/thing", "thing", lambda: "old", methods=["GET", "PUT"])
    new.add_url_rule("/thing", "thing", lambda: "new", methods=["POST"])

    for bridge in (Bridge([old, new]), Bridge([new, old])):
        async with hypercorn(bridge) as server:
            answer = await server.client.delete("/thing")

        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST, PUT"
        assert answer.json()["allowed"] == ["GET", "HEAD", "OPTIONS", "POST", "PUT"]


async def test_a_websocket_behind_a_proxy_stays_one() -> None:
    app = quart.Quart("chat")
    errbridge_quart.ErrorHandler(app)

    async def echo() -> None:
        await quart.websocket.send(f"{quart.websocket.scheme} {await quart.websocket.receive()!r}")

    app.add_websocket("/echo", "echo", echo)
    async with hypercorn(ProxyFixMiddleware(Bridge({"/": app}))) as server:
        url, forwarded = f"ws://127.0.0.1:{server.port}/echo", {"X-Forwarded-Proto": "https"}
        async with connect(url, additional_headers=forwarded, proxy=None) as socket:
            await socket.send("hello")
            assert await socket.recv() == "wss 'hello'"
