"""What no application answers looks like any other problem."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from errbridge import Incident, Problem, Reply
from errbridge.asgi import Bridge
from tests.asgi.serving import DEADLINE, hypercorn, raw
from tests.clients import Communicator

pytestmark = pytest.mark.servers

PAGE, DOCUMENT, TEXT = "text/html; charset=utf-8", "application/problem+json", "text/plain; charset=utf-8"


async def crashing(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        return
    raise KeyError("a secret")


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/crash", 500)])
@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("text/html", PAGE), ("application/json", DOCUMENT), ("text/plain", TEXT), ("*/*", PAGE)],
)
async def test_an_edge_is_negotiated(path: str, status: int, accept: str, content_type: str) -> None:
    async with hypercorn(Bridge({"/crash": crashing})) as server:
        got = await server.client.get(path, headers={"Accept": accept})
        head = await server.client.head(path, headers={"Accept": accept})
    assert got.status_code == head.status_code == status
    assert got.headers["Content-Type"] == head.headers["Content-Type"] == content_type
    assert got.headers["Content-Length"] == str(len(got.content))
    assert got.content
    assert head.content == b""
    assert "secret" not in got.text


async def test_an_edge_knows_the_request_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "errbridge")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"Accept": "application/json", "Traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    async with hypercorn(Bridge({"/crash": crashing})) as server:
        document = (await server.client.get("/nowhere/x", headers=headers)).json()
        await server.client.get("/crash", headers=headers)
    missing, crashed = [record for record in caplog.records if record.name == "errbridge"]
    assert document["trace_id"] == trace
    assert document["instance"] == f"urn:uuid:{missing.incident_id}"  # type: ignore[attr-defined]
    assert (missing.levelno, missing.path, missing.exc_info) == (logging.INFO, "/nowhere/x", None)  # type: ignore[attr-defined]
    assert (crashed.levelno, crashed.status) == (logging.ERROR, 500)  # type: ignore[attr-defined]
    assert crashed.exc_info
    assert isinstance(crashed.exc_info[1], KeyError)


async def test_an_asgi_application_may_raise_a_problem() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise Problem(429, headers={"Retry-After": "7"})

    async with hypercorn(Bridge({"/": app})) as server:
        answer = await server.client.get("/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def in_middleware(app: Any) -> Any:
    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        await app(dict(scope), receive, lambda event: send(event))

    return middleware


@pytest.mark.parametrize(
    "wrap",
    [
        lambda app: app,
        lambda app: Bridge({"/": app}),
        lambda app: in_middleware(Bridge({"/": in_middleware(Bridge({"/": app}))})),
    ],
    ids=["alone", "in a bridge", "in bridges with middleware between them"],
)
async def test_an_asgi_application_that_fails_in_the_middle_breaks_the_connection_off(
    caplog: pytest.LogCaptureFixture, wrap: Any
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        if scope["path"] == "/raise":
            raise KeyError

    async with hypercorn(Bridge({"/": wrap(app)})) as server:
        for target in (b"/raise", b"/return"):
            answer = await raw(server.port, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"first" in answer
            assert not answer.endswith(b"0\r\n\r\n")
    records = [record for record in caplog.records if record.name == "errbridge"]
    assert [record.levelno for record in records] == [logging.ERROR] * 2


async def test_an_asgi_application_that_answers_nothing_is_a_500() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        return

    async with hypercorn(Bridge({"/": app})) as server:
        assert (await server.client.get("/")).status_code == 500


async def test_a_hostile_path_is_escaped_in_the_page_and_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "errbridge")
    async with hypercorn(Bridge({"/crash": crashing})) as server:
        answer = await server.client.get("/%3Cscript%3E%0AINFO%20forged")
    assert "<script>" not in answer.text
    assert "\n" not in caplog.records[-1].getMessage()


async def test_an_application_whose_own_connections_fail_is_a_500() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ConnectionRefusedError("the database")

    async with hypercorn(Bridge({"/": app})) as server:
        assert (await server.client.get("/")).status_code == 500


async def test_a_request_with_the_least_that_asgi_requires_is_served() -> None:
    seen: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return [b"fine"]

    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "", "query_string": b"", "headers": []}
    scope["headers"] = [(b"accept", b"*/*"), (b"host", b"x")]
    for bridge in (Bridge({"/": app}), Bridge({"/": app, "//x/": app})):
        server = Communicator(bridge, scope)
        await server.send_input({"type": "http.request"})
        assert (await server.receive_output())["status"] == 200
        assert (await server.receive_output())["body"] == b"fine"
        await server.wait()
    assert (seen["SERVER_NAME"], seen["PATH_INFO"], seen["SCRIPT_NAME"]) == ("localhost", "/", "")
    assert not {"REMOTE_ADDR", "REQUEST_URI"} & set(seen)


async def test_an_answer_by_an_extension_of_the_server_is_complete(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.push", "path": "/x", "headers": []})
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.pathsend", "path": "/etc/hostname"})

    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    server = Communicator(Bridge({"/": app}), scope)
    assert [(await server.receive_output())["type"] for _ in range(3)] == [
        "http.response.push",
        "http.response.start",
        "http.response.pathsend",
    ]
    await server.wait()
    assert not caplog.records


@pytest.mark.parametrize("grace", [DEADLINE, 0.05])
async def test_a_shutdown_waits_for_async_hooks_but_not_for_ever(
    grace: float, caplog: pytest.LogCaptureFixture
) -> None:
    finished: list[int] = []
    proceed = asyncio.Event()
    bridge = Bridge({"/crash": crashing}, grace=grace)

    @bridge.on_incident
    async def slowly(incident: Incident, reply: Reply) -> None:
        await proceed.wait()
        finished.append(reply.status or 0)

    async with hypercorn(bridge) as server:
        assert (await server.client.get("/nowhere")).status_code == 404
        if grace > 1:
            asyncio.get_running_loop().call_later(0.3, proceed.set)
    assert finished == ([404] if grace > 1 else [])
    complaints = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert complaints == ([] if grace > 1 else ["async hooks were still running after 0.05 seconds"])
