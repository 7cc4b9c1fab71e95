"""No state of one request shows in another, however many are answered at once.

Every request carries a number of its own, and everything that its answer says comes of it. What is expected was asked
of applications that had nothing else to do.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

import pytest
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    HTTPException,
    NotFound,
    RequestedRangeNotSatisfiable,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)

from errbridge import Incident, Problem, Reply
from tests.applications import Part, a_handler, a_native_handler, a_view, an_app, without_its_log
from tests.clients import Request, Response, call_asgi, call_wsgi
from tests.twins import Twins, World

pytestmark = pytest.mark.slow

THREADS = 16
TASKS = 200
REQUESTS_EACH = 10_000  # on each framework

FIRST = 7_000_000
NUMBERS = range(FIRST, FIRST + 31)
OWN = re.compile(r"7\d{6}")
INCIDENT = re.compile(
    rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|(?<=<code>)[0-9a-f]{8}(?=</code>)"
)

ACCEPTS = ("application/json", "application/xml", "text/html", "text/plain")
METHODS = ("DELETE", "PATCH", "POST", "PUT", "REPORT")


class Domain(Exception):
    """An exception that a handler maps."""


def challenges(number: int) -> list[WWWAuthenticate]:
    return [WWWAuthenticate("basic", {"realm": f"basic {number}"}), WWWAuthenticate("digest", {"nonce": str(number)})]


RAISED: dict[str, Callable[[int], Exception]] = {
    "401": lambda number: Unauthorized(f"sign in to {number}", www_authenticate=challenges(number)),
    "404": lambda number: NotFound(f"there is no {number}"),
    "416": lambda number: RequestedRangeNotSatisfiable(number),
    "429": lambda number: TooManyRequests(f"no more of {number}", retry_after=number),
    "503": lambda number: ServiceUnavailable(retry_after=number),
    "problem": lambda number: Problem(409, detail=f"{number} is sold", headers={"X-Sku": f"{number}"}, sku=[number]),
    "domain": lambda number: Domain(number),
    "handled": lambda number: Problem(418, detail=f"{number}"),
    "crash": lambda number: RuntimeError(number),
}
STATUS = {
    "405": 405, "401": 401, "404": 404, "416": 416, "429": 429, "503": 503, "problem": 409, "domain": 410,
    "handled": 418, "crash": 500,
}  # fmt: skip


def methods_of(number: int) -> list[str]:
    return [method for bit, method in enumerate(METHODS) if (number - FIRST + 1) >> bit & 1]


def view(world: World, make: Callable[[int], Exception]) -> Callable[..., Any]:
    def raising(number: int) -> Any:
        raise make(number)

    async def raising_later(number: int) -> Any:
        await asyncio.sleep(0)  # let the others go first
        raise make(number)

    return raising_later if world.is_async else raising


def mapped(exc: Domain, incident: Incident) -> Problem:
    """Answer with what the framework's request, the incident and the exception say."""
    number = exc.args[0]
    request = incident.request
    asked = {name: request.headers[name] for name in ("Accept", "Traceparent")}
    return Problem(410, detail=f"{number}", headers={"X-Path": request.path}, asked=asked)


def an_app_that_tells_requests_apart(world: World) -> None:
    for name, make in RAISED.items():
        world.app.add_url_rule(f"/{name}/<int:number>", name, view(world, make))
    for number in NUMBERS:
        world.app.add_url_rule(f"/405/{number}", f"only {number}", lambda: "", methods=methods_of(number))
    world.errors.web_register("/web")
    world.errors.register(world.app, code=Domain)(mapped)

    def handled(exc: Problem) -> Any:
        return Reply(f"{exc.detail} of {world.framework.request.path}", headers={"X-Own": exc.detail or ""})

    async def handled_later(exc: Problem) -> Any:
        await asyncio.sleep(0)
        return handled(exc)

    world.errors.register(world.app, code=418)(handled_later if world.is_async else handled)


def questions() -> Iterator[tuple[str, int, Request]]:
    for place, number in enumerate(NUMBERS):
        for kind in STATUS:
            accept = ACCEPTS[(place + len(kind)) % len(ACCEPTS)]
            trace = f"00-{number:032}-00000000000{number % 7}0001-01"
            yield kind, number, Request(f"/{kind}/{number}", headers=[("Accept", accept), ("Traceparent", trace)])


QUESTIONS = list(questions())


def said(response: Response) -> str:
    """Return everything of a response except for the incident and lengths."""
    status, headers, body = response.comparable()
    return f"{status} {[pair for pair in headers if pair[0] != 'content-length']} {body}"


@pytest.fixture(scope="module")
def expected() -> list[Response]:
    twins = Twins.built(an_app_that_tells_requests_apart)
    return [twins.ask(**vars(request)) for _, _, request in QUESTIONS]


def shares(count: int) -> list[list[int]]:
    """Deal the questions out, each as often as the others and in no order."""
    asked = [index % len(QUESTIONS) for index in range(REQUESTS_EACH)]
    random.Random(1).shuffle(asked)
    return [asked[start::count] for start in range(count)]


def without_foreign_parts(expected: list[Response], answers: Iterable[tuple[int, Response]]) -> None:
    wanted = [response.comparable() for response in expected]
    incidents: Counter[bytes] = Counter()
    answered = 0
    for index, response in answers:
        answered += 1
        assert response.comparable() == wanted[index], QUESTIONS[index]
        incidents.update(set(INCIDENT.findall(response.body)))
    assert answered == REQUESTS_EACH
    assert len(incidents) > REQUESTS_EACH / 2
    assert set(incidents.values()) == {1}


@pytest.fixture
def impatient() -> Iterator[None]:
    """Make threads take turns in the middle of everything."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def in_threads(work: Callable[[int], None], count: int = THREADS) -> None:
    """Call a function in threads that start at once, and raise what one of them raised."""
    barrier = threading.Barrier(count)
    errors: list[BaseException] = []

    def run(place: int) -> None:
        barrier.wait()
        try:
            work(place)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_an_answer_says_what_its_own_request_gave_rise_to(expected: list[Response]) -> None:
    """What the other tests compare with holds the number of the request, and no other."""
    for (kind, number, _), response in zip(QUESTIONS, expected, strict=True):
        assert response.status == STATUS[kind]
        if kind == "405":
            allowed = sorted([*methods_of(number), "OPTIONS"])
            assert response.header("Allow") == ", ".join(allowed)
        elif kind == "crash":
            assert "Unhandled Exception" in response.text or "Something went wrong" in response.text
        else:
            assert str(number) in OWN.findall(said(response))
        assert set(OWN.findall(said(response))) <= {str(number)}


@pytest.mark.usefixtures("impatient")
def test_flask_answers_ten_thousand_requests_from_sixteen_threads_without_mixing_them(expected: list[Response]) -> None:
    app = Twins.built(an_app_that_tells_requests_apart).flask.app
    dealt = shares(THREADS)
    answers: list[list[tuple[int, Response]]] = [[] for _ in dealt]

    def work(place: int) -> None:
        answers[place] += [(index, call_wsgi(app, QUESTIONS[index][2])) for index in dealt[place]]

    in_threads(work)

    without_foreign_parts(expected, (answer for share in answers for answer in share))


async def test_quart_answers_ten_thousand_requests_in_two_hundred_tasks_without_mixing_them(
    expected: list[Response],
) -> None:
    app = Twins.built(an_app_that_tells_requests_apart).quart.app

    async def work(share: list[int]) -> list[tuple[int, Response]]:
        return [(index, await call_asgi(app, QUESTIONS[index][2])) for index in share]

    answers = await asyncio.gather(*map(work, shares(TASKS)))

    without_foreign_parts(expected, (answer for share in answers for answer in share))


# What many requests share.

REUSED: dict[str, Callable[[], Exception]] = {
    "a Problem": lambda: Problem(
        429, detail="slow down", headers=[("Retry-After", "3"), ("X-A", "a\r\nb")], seen=[1, {"a": {2}}], none=None
    ),
    "an HTTPException": lambda: Unauthorized("sign in", www_authenticate=challenges(FIRST)),
    "an HTTPException without a status": lambda: HTTPException("odd"),
    "an exception group": lambda: ExceptionGroup("two", [NotFound("in a group"), Problem(409, headers={"X-A": "b"})]),
    "a bug": lambda: ValueError("secret"),
}


def state(exc: BaseException) -> Any:
    """Return everything that an exception says, as text, so that a later change cannot change it here too."""
    inner = [state(member) for member in exc.exceptions] if isinstance(exc, BaseExceptionGroup) else []
    return type(exc), repr(exc.args), repr(sorted(vars(exc).items())), inner


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("name", "way"),
    [
        *((name, "raised") for name in REUSED),
        ("a Problem", "returned by a handler"),
        ("an HTTPException", "returned by a handler"),
    ],
)
def test_an_exception_that_many_requests_share_is_never_changed(
    name: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = REUSED[name]()
    before = state(shared)

    def fail() -> NoReturn:
        raise shared if way == "raised" else KeyError

    async def fail_later() -> NoReturn:
        await asyncio.sleep(0)
        fail()

    def view_that_fails(world: World) -> None:
        a_view("/", fail_later if world.is_async else fail)(world)

    # The traceback of a shared exception grows with each request; to format it would take ever longer.
    monkeypatch.setattr(logging.getLogger("errbridge"), "disabled", True)
    handlers = [] if way == "raised" else [a_handler(KeyError, lambda exc: shared)]
    twins = Twins.built(
        an_app(without_its_log, view_that_fails, *handlers),
        options={"ERROR_TYPE_URI": "https://example.com/{slug}"},
    )
    asked = [
        Request("/", method, headers=[("Accept", accept), ("Traceparent", f"00-{number:032}-0000000000000001-01")])
        for number in range(1, 6)
        for accept in ACCEPTS
        for method in ("GET", "HEAD")
    ]
    wanted = [twins.ask(**vars(request)).comparable() for request in asked]
    failed: list[Any] = []

    def work(place: int) -> None:
        for request, answer in zip(asked, wanted, strict=True):
            if (got := call_wsgi(twins.flask.app, request).comparable()) != answer:
                failed.append((request, got, answer))

    async def ask_quart() -> None:
        answers = await asyncio.gather(*(call_asgi(twins.quart.app, request) for request in asked * 8))
        for request, got, answer in zip(asked * 8, answers, wanted * 8, strict=True):
            if got.comparable() != answer:
                failed.append((request, got, answer))

    in_threads(work, 8)
    asyncio.run(ask_quart())

    assert failed == []
    assert state(shared) == before


@pytest.mark.parametrize("register", [a_handler, a_native_handler], ids=["errbridge", "native"])
@pytest.mark.parametrize("kind", ["response", "tuple with a response", "Reply", "dict", "headers"])
def test_what_a_handler_returns_for_every_request_stays_what_it_is(kind: str, register: Callable[..., Part]) -> None:
    """An answer to HEAD has no body; the answer to the GET after it still has one."""
    kept: list[Any] = []

    def an_app_that_keeps_its_answer(world: World) -> None:
        world.app.add_url_rule("/", "home", view(world, RAISED["problem"]), defaults={"number": FIRST})
        response = world.App.response_class("the same for all", 410)
        made: Any = {
            "response": response,
            "tuple with a response": (response, 410),
            "Reply": Reply("the same for all", 410, {"X-A": "1"}),
            "dict": {"the": "same for all"},
            "headers": ("the same for all", 410, {"X-A": "1"}),
        }[kind]
        kept.append(made)
        register(409, lambda exc: made)(world)

    twins = Twins.built(an_app_that_keeps_its_answer)
    first = twins.ask("/")
    for method in ("HEAD", "GET", "HEAD"):
        for world in twins.worlds:
            world.call(Request("/", method))

    assert "same for all" in first.text
    assert twins.ask("/") == first
    if kind in ("Reply", "dict", "headers"):
        assert kept[0] == kept[1]
