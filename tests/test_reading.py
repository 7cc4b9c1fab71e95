"""Problems that an application sent, read back from the responses of every client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import flask
import httpx
import pytest
import quart
import requests

import errbridge_flask
import errbridge_quart
from errbridge import Problem, Reply
from errbridge.representations.rendering import render_json
from errbridge.representations.response import Response
from errbridge.testing import assert_problem
from tests.twins import Twins, World

TEMPLATE = "https://example.com/problems/{slug}"


class SoldOut(Problem, status=409, title="Sold out", slug="read-sold-out"):
    """There is none left."""

    sku: str
    price: Decimal
    left: int | None = None


PROBLEM = SoldOut(detail="None left.", sku="a-1", price=Decimal("1.50"), headers={"Retry-After": "30"})
ACCEPTED = ["application/problem+json", "*/*"]


def check(read: Problem) -> None:
    assert type(read) is SoldOut
    assert (read.status, read.title, read.detail) == (409, "Sold out", "None left.")
    assert read.type == "https://example.com/problems/read-sold-out"
    assert (read.sku, read.price, read.left) == ("a-1", Decimal("1.50"), None)
    assert read.instance is not None
    assert read.instance.startswith("urn:uuid:")
    assert str(read.extensions["retry_after"]) == "30"


def flask_app() -> flask.Flask:
    app = flask.Flask("read")
    errbridge_flask.ErrorHandler(app, handler="api", ERROR_TYPE_URI=TEMPLATE)
    app.add_url_rule("/", "fail", view_func=fail)
    return app


def quart_app() -> quart.Quart:
    app = quart.Quart("read")
    errbridge_quart.ErrorHandler(app, handler="api", ERROR_TYPE_URI=TEMPLATE)
    app.add_url_rule("/", "fail", view_func=fail)
    return app


def fail() -> str:
    raise PROBLEM


@pytest.mark.parametrize("accepted", ACCEPTED)
def test_flasks_test_client(accepted: str) -> None:
    response = flask_app().test_client().get("/", headers={"Accept": accepted})

    check(Problem.from_response(response, type_uri=TEMPLATE))
    check(Problem.from_response(response, type_uri=TEMPLATE))  # it can be read twice


@pytest.mark.parametrize("accepted", ACCEPTED)
async def test_quarts_test_client(accepted: str) -> None:
    response = await quart_app().test_client().get("/", headers={"Accept": accepted})

    check(Problem.from_response(response, type_uri=TEMPLATE))
    check(Problem.from_response(response, body=await response.get_data(), type_uri=TEMPLATE))
    check(Problem.from_response(response, body=await response.get_data(as_text=True), type_uri=TEMPLATE))


async def test_what_has_to_be_awaited_says_so() -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b'{"title": "T"}'

    response = quart.Response(stream(), 409, content_type="application/problem+json")

    reading: list[Any] = [Problem.from_response, assert_problem]  # a type checker reports a missing await
    for read in reading:
        with pytest.raises(TypeError, match=r"cannot be read without await; pass it: body=await response.get_data\(\)"):
            read(response)
        with pytest.raises(TypeError, match=r"builtins\.coroutine is no response yet: await it first"):
            read(quart_app().test_client().get("/"))
        with pytest.raises(TypeError, match="Future is no response yet: await it first"):
            read(asyncio.get_running_loop().create_future())
    assert Problem.from_response(response, body=await response.get_data()).title == "T"


DOCUMENT = b'{"title": "T", "status": 409, "detail": "\xc3\xa4"}'
JSON = "application/problem+json"


@pytest.mark.parametrize(
    "response",
    [
        (409, {"content-type": JSON}, DOCUMENT),
        (409, [(b"Content-Type", JSON.encode())], DOCUMENT.decode()),
        (409, [("Content-Type", f"{JSON}; charset=utf-8")], memoryview(DOCUMENT)),
        Reply(DOCUMENT, 409, {"Content-Type": JSON}),
        Response(409, (("Content-Type", JSON),), DOCUMENT),
        httpx.Response(409, content=DOCUMENT, headers={"Content-Type": JSON}),
        flask.Response(DOCUMENT, 409, content_type=JSON),
        quart.Response(DOCUMENT, 409, content_type=JSON),
    ],
    ids=["tuple", "pairs", "view", "reply", "answer", "httpx", "flask", "quart"],
)
def test_both_readers_take_the_same_responses(response: Any) -> None:
    assert (
        assert_problem(response, status=409, title="T")["detail"] == Problem.from_response(response).detail == "\u00e4"
    )


@pytest.mark.parametrize(
    "wrong", [None, "text", (409, {}), ("409", {}, b""), (409, {"content-type": JSON}, None), Reply()]
)
def test_both_readers_refuse_the_same(wrong: Any) -> None:
    said = []
    reading: list[Any] = [Problem.from_response, assert_problem]  # a type checker reports a missing await
    for read in reading:
        with pytest.raises(TypeError) as raised:
            read(wrong)
        said.append(str(raised.value))

    assert said[0] == said[1]


def test_a_response_whose_content_was_not_read_yet_is_read_from_the_body_that_was_passed() -> None:
    response = httpx.Response(409, headers={"Content-Type": JSON}, stream=httpx.ByteStream(DOCUMENT))

    assert Problem.from_response(response, body=DOCUMENT).title == "T"


@pytest.mark.parametrize("accepted", ACCEPTED)
def test_httpx(accepted: str) -> None:
    with httpx.Client(transport=httpx.WSGITransport(flask_app()), base_url="http://localhost") as client:
        check(SoldOut.from_response(client.get("/", headers={"Accept": accepted}), type_uri=TEMPLATE))


@pytest.mark.parametrize("accepted", ACCEPTED)
async def test_httpx_with_an_async_client(accepted: str) -> None:
    transport = httpx.ASGITransport(quart_app())  # type: ignore[arg-type] # its scopes have more than one type
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        check(Problem.from_response(await client.get("/", headers={"Accept": accepted}), type_uri=TEMPLATE))


def test_a_response_of_httpx_that_was_made_by_hand() -> None:
    response = httpx.Response(409, json={"title": "T"}, headers={"Content-Type": "application/problem+json"})

    assert Problem.from_response(response).title == "T"


@pytest.mark.parametrize("accepted", ACCEPTED)
def test_requests(accepted: str) -> None:
    sent = flask_app().test_client().get("/", headers={"Accept": accepted})
    response = requests.Response()
    response.status_code = sent.status_code
    response.headers.update(sent.headers)
    response._content = sent.data
    response.url = "http://localhost/"

    check(Problem.from_response(response, type_uri=TEMPLATE))


def test_an_answer_of_the_core() -> None:
    answer = Response(PROBLEM.status, (("Content-Type", "application/problem+json"),), render_json(PROBLEM))

    assert Problem.from_response(answer).document()["sku"] == "a-1"


def test_what_was_read_can_be_raised_again_and_is_the_same_problem() -> None:
    read = Problem.from_response(flask_app().test_client().get("/"), type_uri=TEMPLATE)

    def build(world: World) -> None:
        def gateway() -> Any:
            raise read

        world.errors.api_register(world.app)
        world.app.add_url_rule("/", "gateway", view_func=gateway)

    twins = Twins.built(build)
    assert twins.ask("/").json == asyncio.run(_body()) | {"instance": read.instance}


async def _body() -> Any:
    response = await quart_app().test_client().get("/")
    return await response.get_json(force=True)
