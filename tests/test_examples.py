"""Every example starts by the command that its package names, and answers as its code says."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.clients import OCCURRENCE
from tests.servers import DEADLINE, ROOT, Server, as_typed, serving

pytestmark = pytest.mark.servers

EXAMPLES = ROOT / "examples"
TESTED_ELSEWHERE = {"demo", "migration"}
PROBLEM, PAGE = "application/problem+json", "text/html; charset=utf-8"

Started = Callable[[str], Server]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Start an example once, as its docstring says, and end it after the last test."""
    running: dict[str, Server] = {}
    with ExitStack() as stack:

        def start(example: str) -> Server:
            if example not in running:
                log = tmp_path_factory.mktemp(example) / "server.log"
                running[example] = stack.enter_context(serving(as_typed(command_of(example)), log))
            return running[example]

        yield start


def command_of(example: str) -> str:
    found = re.search(r"Start(?: one)?: ``(.+)``", importlib.import_module(f"examples.{example}").__doc__ or "")
    assert found, f"examples/{example}/__init__.py does not say how to start it"
    return found[1]


def ask(server: Server, path: str, method: str = "GET", **options: object) -> httpx.Response:
    with httpx.Client(base_url=server.base, trust_env=False) as client:
        return client.request(method, path, **options)  # type: ignore[arg-type]


def test_every_example_is_tested_and_listed() -> None:
    examples = {path.parent.name for path in EXAMPLES.glob("*/__init__.py")}
    tested = {name.partition("_answers_")[0].removeprefix("test_") for name in globals() if "_answers_" in name}
    assert examples - TESTED_ELSEWHERE <= tested
    listed = re.findall(r"^\| `(\w+)/` \|.*\| `(.+?)` \|$", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    assert listed == [(example, command_of(example)) for example in sorted(examples)]


# The API.


def book(started: Started, **booking: object) -> httpx.Response:
    return ask(started("flask_api"), "/bookings", "POST", json=booking)


def test_flask_api_answers_a_wrong_body_with_all_that_is_wrong(started: Started) -> None:
    response = book(started, room="", seats=0)
    assert (response.status_code, response.headers["Content-Type"]) == (422, PROBLEM)
    assert {error["pointer"] for error in response.json()["errors"]} == {"/room", "/day", "/seats"}


def test_flask_api_answers_a_conflict_with_a_type_that_has_a_page(started: Started) -> None:
    booking = {"room": "Oak", "day": "2030-01-02", "seats": 4}
    assert book(started, **booking).status_code == 201
    response = book(started, **booking)
    document = response.json()
    assert (response.status_code, document["type"]) == (409, "/problems/room-taken")
    assert (document["room"], document["day"]) == ("Oak", "2030-01-02")
    page = ask(started("flask_api"), document["type"], headers={"Accept": "text/html"})
    assert (page.status_code, "Try another room or another day." in page.text) == (200, True)


def test_flask_api_answers_an_exception_of_its_domain(started: Started) -> None:
    response = ask(started("flask_api"), "/bookings/77")
    assert (response.status_code, response.json()["detail"]) == (404, "There is no booking 77.")


# The site.


@pytest.mark.parametrize(
    ("method", "path", "status", "heading"),
    [
        ("GET", "/blog/coffee", 410, "This post was deleted in 2020"),
        ("GET", "/blog/milk", 404, "No such post"),
        ("GET", "/blog/milk/nope", 404, "No such post"),
        ("GET", "/nope", 404, "Not Found"),
        ("DELETE", "/blog/tea", 405, "Method Not Allowed"),
        ("POST", "/blog/tea/comments", 500, "It is our fault"),
    ],
)
def test_quart_site_answers_with_pages_of_its_own(
    started: Started, method: str, path: str, status: int, heading: str
) -> None:
    response = ask(started("quart_site"), path, method, headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["Content-Type"]) == (status, PAGE)
    assert f"<h1>{heading}</h1>" in response.text
    assert '<nav><a href="/">Tea blog</a></nav>' in response.text
    assert "database" not in response.text


def test_quart_site_answers_its_script_with_documents(started: Started) -> None:
    response = ask(started("quart_site"), "/blog/coffee", headers={"X-Requested-With": "XMLHttpRequest"})
    assert (response.status_code, response.headers["Content-Type"]) == (410, PROBLEM)
    assert response.json()["since"] == 2020


def test_quart_site_answers_what_goes_well(started: Started) -> None:
    assert "<h1>How to make tea</h1>" in ask(started("quart_site"), "/blog/tea").text
    assert 'href="/blog/tea"' in ask(started("quart_site"), "/").text


# The chat.


def enter(server: Server, room: str) -> ClientConnection:
    return connect(f"{server.base.replace('http', 'ws', 1)}/chat/{room}", proxy=None)


def test_quart_chat_answers_everybody_in_the_room(started: Started) -> None:
    with enter(started("quart_chat"), "tea") as one, enter(started("quart_chat"), "tea") as other:
        other.send("hello")
        assert (one.recv(timeout=DEADLINE), other.recv(timeout=DEADLINE)) == ("hello", "hello")


def test_quart_chat_answers_a_third_client_with_a_503_before_it_is_in(started: Started) -> None:
    server = started("quart_chat")
    with enter(server, "full"), enter(server, "full"), pytest.raises(InvalidStatus) as refused:
        enter(server, "full")
    response = refused.value.response
    assert (response.status_code, response.headers["Content-Type"]) == (503, PROBLEM)
    assert response.headers["Retry-After"] == "30"
    assert b'"seats":2' in response.body


def test_quart_chat_answers_a_line_that_is_too_long_by_closing(started: Started) -> None:
    with enter(started("quart_chat"), "long") as one:
        one.send("x" * 201)
        with pytest.raises(ConnectionClosed):
            one.recv(timeout=DEADLINE)
    assert (one.close_code, (one.close_reason or "")[:3]) == (4413, "413")


# The shared handlers.


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/books/moby", 404, "The library does not have moby."),
        ("/loans", 500, "Please write to help@example.com."),
        ("/nope", 404, None),
    ],
)
def test_shared_handlers_answers_the_same_from_both_apps(
    started: Started, path: str, status: int, detail: str | None
) -> None:
    flask, quart = (ask(started("shared_handlers"), side + path) for side in ("/flask", "/quart"))
    assert flask.status_code == quart.status_code == status
    assert flask.headers["Content-Type"] == quart.headers["Content-Type"] == PROBLEM
    assert OCCURRENCE.sub("", flask.text) == OCCURRENCE.sub("", quart.text)
    assert detail is None or flask.json()["detail"] == detail


@pytest.mark.parametrize("side", ["/flask", "/quart"])
def test_shared_handlers_answers_a_renamed_book_with_its_new_place(started: Started, side: str) -> None:
    response = ask(started("shared_handlers"), f"{side}/books/doon")
    assert (response.status_code, response.headers["Location"]) == (308, f"{side}/books/dune")
    assert ask(started("shared_handlers"), response.headers["Location"]).json() == {"title": "Dune"}
