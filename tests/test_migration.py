"""A service moves from Flask to Quart in three steps, and its clients notice nothing."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.clients import OCCURRENCE
from tests.servers import DEADLINE, INCIDENT, ROOT, module, start

pytestmark = pytest.mark.servers

STEPS = (1, 2, 3)
OF_THE_SERVER = {"date", "server", "connection", "alt-svc"}

PROBLEM, XML, JSON = "application/problem+json", "application/problem+xml", "application/json"
PAGE, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, and what its answer has to be at least."""

    method: str
    path: str
    status: int
    content_type: str | None
    body: bytes = b""
    accept: str = "*/*"
    sent_as: str | None = None
    contains: str = ""
    allow: str | None = None

    def __str__(self) -> str:
        return " ".join(part for part in (self.method, self.path, self.body.decode("latin-1"), self.accept) if part)


CUPS = b'{"article": "cup", "pieces": 2}'
NO_ARTICLE = b'{"article": "piano", "pieces": 0}'

# One after the other: orders are placed and cancelled on the way.
ASKED = (
    # What goes well.
    Ask("GET", "/", 200, PAGE, contains="Order 2</a>"),
    Ask("GET", "/?unused=1", 200, PAGE, contains="Order 2</a>"),
    Ask("GET", "/orders/2", 200, PAGE, contains=", shipped"),
    Ask("GET", "/api/orders", 200, JSON, contains='"article":"kettle"'),
    Ask("GET", "/api/orders/1", 200, JSON, contains='"total":30'),
    Ask("POST", "/api/orders", 201, JSON, CUPS, sent_as=JSON, contains='"number":3'),
    Ask("POST", "/api/orders", 201, JSON, CUPS, sent_as="application/x-www-form-urlencoded", contains='"number":4'),
    Ask("GET", "/api/orders/3", 200, JSON, contains='"total":16'),
    Ask("GET", "/orders/3", 200, PAGE, contains="16 in all"),
    Ask("GET", "/api/average/cup", 200, JSON, contains='"average":2.0'),
    Ask("DELETE", "/api/orders/3", 204, PAGE),
    Ask("GET", "/api/orders/3", 404, PROBLEM, contains='"detail":"There is no order 3."'),
    # HEAD and OPTIONS.
    Ask("HEAD", "/", 200, PAGE),
    Ask("HEAD", "/api/orders", 200, JSON),
    Ask("HEAD", "/api/orders/77", 404, PROBLEM),
    Ask("HEAD", "/api/nope", 404, PROBLEM),
    Ask("HEAD", "/nope", 404, PAGE),
    Ask("HEAD", "/api/average/piano", 500, PROBLEM),
    Ask("OPTIONS", "/", 200, PAGE, allow="GET, HEAD, OPTIONS"),
    Ask("OPTIONS", "/api/orders", 200, PAGE, allow="GET, HEAD, OPTIONS, POST"),
    Ask("OPTIONS", "/api/orders/1", 200, PAGE, allow="DELETE, GET, HEAD, OPTIONS"),
    Ask("OPTIONS", "/api/nope", 404, PROBLEM),
    # 404 under the prefix of the API.
    Ask("GET", "/api/nope", 404, PROBLEM, contains='"title":"Not Found"'),
    Ask("GET", "/api", 404, PROBLEM),
    Ask("GET", "/api/", 404, PROBLEM),
    Ask("GET", "/api/orders/", 404, PROBLEM),
    Ask("GET", "/api/orders/one", 404, PROBLEM),
    Ask("POST", "/api/nope", 404, PROBLEM, CUPS),
    Ask("GET", "/api/nope", 404, PROBLEM, accept="text/html;q=0.5, application/json"),
    Ask("GET", "/api/nope", 404, XML, accept=XML),
    Ask("GET", "/api/nope", 404, TEXT, accept="text/plain"),
    Ask("GET", "/api/nope", 404, PROBLEM, accept="garbage"),
    # 404 elsewhere.
    Ask("GET", "/nope", 404, PAGE, contains="Not Found"),
    Ask("GET", "/apiary", 404, PAGE),
    Ask("GET", "/orders/77", 404, PAGE, contains="There is no order 77."),
    Ask("GET", "/static/missing.css", 404, PAGE),
    Ask("GET", "/%3Cscript%3E/%C3%A4", 404, PAGE),
    Ask("GET", "/nope", 404, PROBLEM, accept="application/json"),
    Ask("GET", "/nope", 404, XML, accept="application/xml"),
    Ask("GET", "/nope", 404, TEXT, accept="text/plain, text/html;q=0.5"),
    Ask("GET", "/nope", 404, PAGE, accept="text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    # 405, where one step has the methods in two frameworks.
    Ask("PATCH", "/", 405, PAGE, allow="GET, HEAD, OPTIONS"),
    Ask("PATCH", "/orders/1", 405, PAGE, CUPS, allow="GET, HEAD, OPTIONS"),
    Ask("PATCH", "/orders/1", 405, PROBLEM, accept=JSON, allow="GET, HEAD, OPTIONS"),
    Ask("PUT", "/api/average/cup", 405, PROBLEM, allow="GET, HEAD, OPTIONS", contains='"allowed":'),
    Ask("PATCH", "/api/orders/1", 405, TEXT, accept="text/plain", allow="DELETE, GET, HEAD, OPTIONS"),
    Ask("PATCH", "/api/orders/1", 405, PROBLEM, allow="DELETE, GET, HEAD, OPTIONS"),
    Ask("PUT", "/api/orders", 405, PROBLEM, CUPS, allow="GET, HEAD, OPTIONS, POST"),
    Ask("PUT", "/api/orders", 405, XML, accept=XML, allow="GET, HEAD, OPTIONS, POST"),
    # Validation.
    Ask("POST", "/api/orders", 422, PROBLEM, NO_ARTICLE, contains='"pointer":"/pieces"'),
    Ask("POST", "/api/orders", 422, PROBLEM, b"[]", contains="invalid-order"),
    Ask("POST", "/api/orders", 422, XML, NO_ARTICLE, accept=XML, contains="/article"),
    Ask("POST", "/api/orders", 400, PROBLEM, b"{", contains="The body is no JSON."),
    Ask("POST", "/api/orders", 400, PROBLEM, b'"\xff"', contains="The body is no JSON."),
    Ask("POST", "/api/orders", 400, PROBLEM),
    # A domain error, and one that the shared module maps.
    Ask("DELETE", "/api/orders/2", 409, PROBLEM, contains='"number":2'),
    Ask("DELETE", "/api/orders/2", 409, TEXT, accept="text/plain", contains="send it back instead"),
    Ask("DELETE", "/api/orders/77", 404, PROBLEM, contains="There is no order 77."),
    Ask("GET", "/orders/77", 404, PROBLEM, accept="application/json", contains="There is no order 77."),
    # A crash.
    Ask("GET", "/api/average/piano", 500, PROBLEM, contains="Unhandled Exception"),
    Ask("GET", "/api/average/piano", 500, PROBLEM, accept="text/html"),
    Ask("GET", "/api/average/piano", 500, TEXT, accept="text/plain"),
    # And all is as it was left.
    Ask("GET", "/api/orders", 200, JSON, contains='"number":4'),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client sees, without what differs from one request to the next."""

    status: int
    headers: list[tuple[str, str]]
    body: str


@contextmanager
def running(step: int, folder: Path) -> Iterator[httpx.Client]:
    """Start the service at a step, and see that it ends cleanly."""
    command = module("examples.migration", "--step", str(step), "--port", "0")
    server = start(command, folder / f"step-{step}.txt", ready="Ctrl-C ends it.")
    try:
        with httpx.Client(base_url=server.base, timeout=DEADLINE, trust_env=False) as client:
            yield client
    finally:
        assert server.end() == 0


def answered(client: httpx.Client, ask: Ask) -> Answer:
    # Hypercorn may close a connection after an answer that came before the end of an upload, as a 404 does.
    headers = {"Accept": ask.accept, "Connection": "close"} | ({"Content-Type": ask.sent_as} if ask.sent_as else {})
    answer = client.request(ask.method, ask.path, content=ask.body, headers=headers)
    kept = sorted((name, value) for name, value in answer.headers.multi_items() if name not in OF_THE_SERVER)
    return Answer(answer.status_code, kept, OCCURRENCE.sub("<incident>", answer.text))


Seen = dict[int, dict[Ask, Answer]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("migration")


@pytest.fixture(scope="module")
def seen(folder: Path) -> Seen:
    """All answers of all steps; every step begins with the same orders."""
    found: Seen = {}
    for step in STEPS:
        with running(step, folder) as client:
            found[step] = {ask: answered(client, ask) for ask in ASKED}
    return found


def test_no_request_is_asked_twice() -> None:
    assert len(set(ASKED[:-1])) == len(ASKED) - 1


@pytest.mark.parametrize("ask", ASKED, ids=str)
def test_clients_see_the_same_answer_before_between_and_after(seen: Seen, ask: Ask) -> None:
    before, between, after = (seen[step][ask] for step in STEPS)
    assert before == between == after


@pytest.mark.parametrize("ask", ASKED, ids=str)
def test_the_answer_is_the_one_that_is_wanted(seen: Seen, ask: Ask) -> None:
    answer = seen[1][ask]
    headers = dict(answer.headers)
    assert (answer.status, headers.get("content-type")) == (ask.status, ask.content_type)
    assert ask.contains in answer.body
    assert headers.get("allow") == ask.allow
    assert "ZeroDivisionError" not in answer.body
    if ask.method == "HEAD":
        assert (answer.body, headers["content-length"] != "0") == ("", True)


@pytest.mark.parametrize("step", STEPS)
def test_each_crash_is_logged_once_on_either_framework(seen: Seen, folder: Path, step: int) -> None:
    crashes = sum(ask.status == 500 for ask in ASKED)
    log = (folder / f"step-{step}.txt").read_text()
    assert len(re.findall(rf"^ERROR \S+ \[{INCIDENT.pattern}\] ", log, re.MULTILINE)) == crashes


def test_an_unknown_step_is_a_clear_error() -> None:
    failed = subprocess.run(
        module("examples.migration", "--step", "4"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert failed.returncode == 2
    assert "invalid choice" in failed.stderr
