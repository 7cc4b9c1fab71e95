"""What the core's tests share: ready incidents, hostile values, and an application of no framework.

The application has HTTP exceptions, templates, handlers and responses of its own, in the simplest form that the
protocol allows. Its errors are answered as every adapter answers them: `respond` starts a plan, `drive` or `adrive`
carries it out, and an exception that is raised comes back as a 500.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import strategies as st

from errbridge import Handlers, Incident, Problem, Reply, RequestFacts, Scope, adapter
from errbridge.adapter import (
    Call,
    Draft,
    HTTPErrorClasses,
    HTTPErrorFacts,
    Installation,
    Native,
    NativeHandler,
    Raised,
    Response,
    Run,
    adrive,
    drive,
    respond,
)
from errbridge.application.settings import Options, Settings
from errbridge.handling import context
from errbridge.handling.context import ErrorContext
from errbridge.handling.plans import Outcome
from errbridge.http.accept import JSON, XML
from errbridge.incident import CloseFrame
from errbridge.mapping.problems import complete
from errbridge.representations.rendering import REPRESENTATIONS
from errbridge.scopes.scope import ROOT
from tests.clients import OCCURRENCE

ID = "0b2f4a52-6f3f-4d0e-9d3a-7f3b2d1c0a99"

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=40)
"""Text of every kind that a str can hold, lone surrogates and control characters included."""


def completed(problem: Problem, facts: RequestFacts | None = None, settings: Settings | None = None) -> Problem:
    """Complete a problem as the core does for one that was raised."""
    return complete(problem, facts or RequestFacts(), ID, (settings or Settings()).build_type(problem))


def incident_of(
    problem: Problem | None = None,
    *,
    exception: BaseException | None = None,
    original: BaseException | None = None,
    **facts: Any,
) -> Incident:
    """Make the incident of a raised problem."""
    request = facts_of(**facts)
    raised = problem if problem is not None else Problem(404)
    return Incident(
        exception or original or raised,
        completed(raised, request),
        request,
        ID,
        original=original,
        time=datetime(2026, 11, 29, 14, 30, 7, tzinfo=UTC),
        reference=ID[:8],
    )


def render(media_type: str, problem: Problem, **facts: Any) -> bytes:
    """Render a problem as the answer to a request."""
    incident = incident_of(problem, **facts)
    return REPRESENTATIONS[media_type](incident.problem if media_type in (JSON, XML) else incident)


# Values that go wrong wherever they are touched.


class RaisesOnStr:
    def __str__(self) -> str:
        raise RuntimeError("secret of __str__")


class RaisesOnIter(list[int]):
    def __iter__(self) -> Iterator[int]:
        raise RuntimeError("secret of __iter__")


class RaisesOnItems(Mapping[str, int]):
    def __getitem__(self, name: str) -> int:
        raise RuntimeError("secret of __getitem__")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("secret of __iter__")

    def __len__(self) -> int:
        return 1


class DictRaisesOnItems(dict[str, int]):
    def items(self) -> Any:
        raise RuntimeError("secret of items")


class TextRaisesOnStr(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("secret of __str__")


@dataclass
class Point:
    x: int
    y: object = None


# HTTP exceptions of a framework that does not exist.


class HttpError(Exception):
    """An HTTP exception. Its headers and its response are what its author says; nothing is looked up by name."""

    code: int | None = None
    description: Any = None

    def __init__(
        self,
        description: Any = None,
        *,
        response: object = None,
        headers: Iterable[tuple[str, str]] = (),
        original: BaseException | None = None,
    ) -> None:
        super().__init__(description)
        self.words = self.description if description is None else description
        self.response = response
        self.headers = tuple(headers)
        self.original = original


class NotFound(HttpError):
    code = 404
    description = "Not here"


class MethodNotAllowed(HttpError):
    code = 405
    description = "Not like this"

    def __init__(self, *allowed: str) -> None:
        super().__init__(headers=[("Allow", ", ".join(allowed or ("GET", "PUT")))])


class Conflict(HttpError):
    code = 409


class ServerError(HttpError):
    code = 500


class ClientGone(HttpError):
    code = 400


CLASSES = HTTPErrorClasses(HttpError, {404: NotFound, 405: MethodNotAllowed, 409: Conflict, 500: ServerError})


def read_http_error(exc: BaseException) -> HTTPErrorFacts | None:
    """Read an HTTP exception; equal ones share the facts, as with a real framework."""
    if not isinstance(exc, HttpError):
        return None
    if exc.original is not None:
        return HTTPErrorFacts(500, original=exc.original)
    cls: Any = type(exc)
    if exc.response is None and exc.words is cls.description:
        return _shared_facts(cls, exc.code, exc.headers)
    return HTTPErrorFacts(
        exc.code,
        detail=exc.words,
        headers=exc.headers,
        is_response=exc.response is not None,
        response=exc.response,
    )


@lru_cache
def _shared_facts(cls: Any, code: int | None, headers: tuple[tuple[str, str], ...]) -> HTTPErrorFacts:
    return HTTPErrorFacts(
        code, detail=cls.description, headers=headers, client_gone=cls is ClientGone, is_shared=True, is_stock=True
    )


Place = tuple[Scope, object]


@dataclass
class NativeResponse:
    """A response object of the framework that does not exist."""

    body: Any
    number: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)


FindNative = Callable[[BaseException, Sequence[str]], NativeHandler | None]


class Application(adapter.Application):
    """A complete application, with everything in plain sight.

    Args:
        *places: Where its blueprints are registered.
        is_async: The colour of ``make_response`` and ``render_template``, which is that of the driver.
        **config: Its configuration.
    """

    http_classes = CLASSES
    response_types: tuple[type, ...] = (NativeResponse,)
    config: dict[str, Any] = {}
    domain: str | None = None
    name = "shop"
    is_debugged = False

    def __init__(self, *places: Place, is_async: bool = False, **config: Any) -> None:
        self.registered = list(places)
        self.config: dict[str, Any] = {"ERROR_PAGE": "error.html", **config}
        self.is_propagating = False
        self.is_caching = True
        self.trapped: tuple[type[BaseException], ...] = ()
        self.templates: dict[str, Callable[[Mapping[str, Any]], str]] = {}
        self.find_native: FindNative = lambda exc, blueprints: None
        self.searched: list[tuple[BaseException, tuple[str, ...]]] = []
        self.looked_up: list[tuple[str, ...]] = []
        self.drafts: list[Draft] = []
        self.frames: list[CloseFrame] = []
        self.signalled: list[Exception] = []
        self._colour = _as_async if is_async else lambda function: function

    @property
    def version(self) -> object:
        return len(self.registered)

    def places(self) -> Iterable[Place]:
        return list(self.registered)

    def http_error(self, exc: BaseException) -> HTTPErrorFacts | None:
        return read_http_error(exc)

    def traps(self, exc: BaseException) -> bool:
        return isinstance(exc, self.trapped)

    def native_handler(self, exc: BaseException, blueprints: Sequence[str]) -> NativeHandler | None:
        self.searched.append((exc, tuple(blueprints)))
        return self.find_native(exc, blueprints)

    def propagates(self) -> bool:
        return self.is_propagating

    def find_template(self, names: Sequence[str]) -> str | None:
        self.looked_up.append(tuple(names))
        return next((name for name in names if name in self.templates), None)

    def caches_templates(self) -> bool:
        return self.is_caching

    def locate_template_error(self, error: Exception) -> str:
        return "line 7" if isinstance(error, ZeroDivisionError) else ""

    def render_template(
        self, names: str | Sequence[str], context: Mapping[str, Any], owner: Scope | None = None
    ) -> Any:
        return self._colour(self._render)(names, context)

    def make_response(self, draft: Draft, method: str) -> Any:
        return self._colour(self._convert)(draft, method)

    def _render(self, names: str | Sequence[str], context: Mapping[str, Any]) -> str:
        wanted = [names] if isinstance(names, str) else names
        return next(self.templates[name] for name in wanted if name in self.templates)(context)

    def _convert(self, draft: Draft, method: str) -> NativeResponse:
        self.drafts.append(draft)
        if isinstance(draft.body, NativeResponse):
            return draft.body
        if not isinstance(draft.body, (str, bytes, dict, list)):
            raise TypeError(f"a view cannot return {draft.body!r}")
        finished = draft.finish(method)
        return NativeResponse(draft.body, finished.status, list(finished.headers))

    def describe_response(self, value: Any) -> Reply:
        if isinstance(value, NativeResponse):
            body = value.body if isinstance(value.body, (str, bytes)) else b""
            return Reply(body, value.number, tuple(value.headers))
        return Reply(value if isinstance(value, (str, bytes)) else b"")

    def send_signal(self, exc: Exception) -> Any:
        return self._colour(self.signalled.append)(exc)

    def is_websocket_accepted(self) -> bool:
        return True

    def close_websocket(self, close_code: int, reason: str) -> None:
        self.frames.append(CloseFrame(close_code, reason))


def _as_async(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    async def awaited(*args: Any) -> Any:
        return function(*args)

    return awaited


def place(name: str, prefix: str | None = None, host: str | None = None) -> Place:
    return Scope(host, prefix, name), name


def install(app: Application | None = None, **options: Any) -> Installation:
    return Installation(app or Application(), options=Options(**options))


def register(installation: Installation, target: Any, *keys: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function on a target; the application is ``ROOT``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        handlers = Handlers()
        handlers.register(*keys)(function)
        installation.shared.include(target, handlers)
        return function

    return decorate


def facts_of(**facts: Any) -> RequestFacts:
    """Make the facts of a request, with the trace of its ``traceparent``."""
    read = RequestFacts.from_headers({"traceparent": facts.get("traceparent", "")}, facts)
    return RequestFacts(**facts | {"trace_id": read.trace_id})


def open_context(installation: Installation, exc: BaseException, **facts: Any) -> ErrorContext:
    """Open the context of an error, as `respond` does before it asks a handler."""
    http = installation.application.http_error(exc)
    return context.open_context(installation, exc, http, facts_of(**facts))


# Carrying out plans, in both colours.


def call(step: Call) -> Any:
    """Make a call of a plan in the sync colour, as an adapter for plain functions does."""
    result = step.function(*step.args)
    return finish(result) if isinstance(result, Awaitable) else result


async def acall(step: Call) -> Any:
    """Make a call of a plan in the async colour."""
    result = step.function(*step.args)
    return await result if isinstance(result, Awaitable) else result


def finish(awaitable: Awaitable[Any]) -> Any:
    """Run an awaitable that never really waits."""
    iterator = awaitable.__await__()
    try:
        next(iterator)
    except StopIteration as end:
        return end.value
    raise AssertionError("the awaitable waits for something")


def carry_out(run: Run, *, is_async: bool = False) -> Outcome:
    """Drive a plan to its end."""
    outcome: Outcome = finish(adrive(run, acall)) if is_async else drive(run, call)
    return outcome


def follow(
    installation: Installation,
    exc: BaseException,
    before: Run | None = None,
    *,
    is_async: bool = False,
    outside: bool = False,
    **facts: Any,
) -> Run:
    """Answer an error, and return the plan that was carried out."""
    run = respond(installation, exc, facts_of(**facts), before, outside=outside)
    carry_out(run, is_async=is_async)
    return run


def answer(installation: Installation, exc: BaseException, before: Run | None = None, **given: Any) -> Outcome:
    """Answer an error: the outcome is what the framework gets."""
    outcome = follow(installation, exc, before, **given).outcome
    assert outcome is not None
    return outcome


def handle(installation: Installation, exc: BaseException, **given: Any) -> Outcome:
    """Handle an error as a framework does: what is raised comes back as a 500, with the run of before."""
    run = follow(installation, exc, **given)
    if isinstance(run.outcome, Raised) and not installation.application.propagates():
        return answer(installation, ServerError(original=run.outcome.exception), run, **given)
    assert run.outcome is not None
    return run.outcome


# Whole applications, built and broken once in each colour.

UUID_TEXT = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

Build = Callable[[Application, Installation], object]


@dataclass
class Answered:
    """What came of an error, the same in both colours."""

    outcome: Outcome
    app: Application
    records: list[logging.LogRecord]

    @property
    def sent(self) -> Response:
        assert isinstance(self.outcome, Response), self.outcome
        return self.outcome

    @property
    def draft(self) -> Draft:
        """What the framework was asked to convert."""
        assert isinstance(self.outcome, Native), self.outcome
        return self.app.drafts[-1]

    @property
    def text(self) -> str:
        assert self.sent.body is not None
        return self.sent.body.decode()

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found

    @property
    def failure(self) -> BaseException:
        assert isinstance(self.outcome, Raised), self.outcome
        return self.outcome.exception

    def header(self, name: str) -> list[str]:
        return [value for known, value in self.sent.headers if known.lower() == name.lower()]


def _comparable(outcome: Outcome) -> str:
    text = f"{type(outcome.exception)} {outcome.exception}" if isinstance(outcome, Raised) else repr(outcome)
    return re.sub("0x[0-9a-f]+", "0x", OCCURRENCE.sub("id", text))


class World:
    """Builds an application, breaks it, and looks at the answer, once with each driver."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.caplog = caplog
        caplog.set_level(logging.DEBUG, logger="errbridge")

    def __call__(
        self,
        build: Build,
        exc: Callable[[], BaseException] | BaseException,
        *,
        carry: Callable[..., Outcome] = answer,
        config: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> Answered:
        """Answer an error in an application.

        Args:
            build: Registers what the test is about.
            exc: The exception, or makes one for each driver.
            carry: `answer`; or `handle`, to do what a framework does with an exception that is raised.
            config: The application's configuration.
            options: The arguments of the ``ErrorHandler``.
            **facts: The facts of the request.
        """
        found = []
        for is_async in (False, True):
            self.caplog.clear()
            places = place("shop", "/shop"), place("shop.cart", "/shop/cart")
            app = Application(*places, is_async=is_async, **config or {})
            installation = install(app, **options or {})
            build(app, installation)
            raised = exc() if callable(exc) else exc
            outcome = carry(installation, raised, is_async=is_async, **facts)
            found.append(Answered(outcome, app, list(self.caplog.records)))
        one, other = found
        assert _comparable(one.outcome) == _comparable(other.outcome)
        assert [logged.levelno for logged in one.records] == [logged.levelno for logged in other.records]
        assert [_without_id(frame) for frame in one.app.frames] == [_without_id(frame) for frame in other.app.frames]
        return one


def _without_id(frame: CloseFrame) -> CloseFrame:
    return CloseFrame(frame.code, re.sub(r" \([0-9a-f]{8}\)$", "", frame.reason))


def nothing(app: Application, installation: Installation) -> None:
    """Build nothing."""


def at_root(function: Callable[..., Any], *keys: Any) -> Build:
    return lambda app, installation: register(installation, ROOT, *keys)(function)


def an_api(function: Callable[..., Any] | None = None, *keys: Any) -> Build:
    def build(app: Application, installation: Installation) -> None:
        installation.shared.set_style(ROOT, "api")
        if function is not None:
            register(installation, ROOT, *keys)(function)

    return build


def native(function: Callable[..., Any], blueprint: str | None = None, *, is_generic: bool = False) -> Build:
    """Register a handler with the framework itself."""

    def build(app: Application, installation: Installation) -> None:
        app.find_native = lambda exc, blueprints: NativeHandler(function, exc, blueprint, is_generic)

    return build


def as_async(function: Callable[..., Any]) -> Callable[..., Any]:
    async def awaited(exc: BaseException) -> Any:
        return function(exc)

    return awaited


def as_awaitable(function: Callable[..., Any]) -> Callable[..., Any]:
    awaited = as_async(function)
    return lambda exc: awaited(exc)


COLOURS = [lambda function: function, as_async, as_awaitable]
"""A handler as a plain function, as a coroutine function, and as a plain function that returns an awaitable."""


def fail(exc: BaseException) -> None:
    raise RuntimeError("in the handler")


def chain_of(exc: BaseException | None) -> list[BaseException]:
    """List an exception and those that led to it."""
    found: list[BaseException] = []
    while exc is not None and all(exc is not known for known in found):
        found.append(exc)
        exc = exc.__cause__ or exc.__context__
    return found


# A shop, and who is asked about its errors.


class OutOfStock(LookupError):
    pass


class Asked(list[str]):
    """Registers handlers that note that they were asked, and pass the error on."""

    def handler(self, label: str) -> Callable[..., None]:
        def handler(exc: BaseException) -> None:
            self.append(label)

        return handler

    def register(self, installation: Installation, target: Any, label: str, *keys: Any) -> None:
        register(installation, target, *keys)(self.handler(label))

    def native(self, app: Application, blueprint: str | None = None, *, is_generic: bool = False) -> None:
        handler = self.handler("framework")
        app.find_native = lambda exc, blueprints: (
            NativeHandler(handler, exc, blueprint, is_generic) if blueprint in (None, *blueprints) else None
        )

    def by(self, installation: Installation, exc: BaseException, **facts: Any) -> list[str]:
        """List the handlers that an error asks."""
        self.clear()
        answer(installation, exc, **facts)
        return list(self)


def a_shop() -> tuple[Application, Installation]:
    app = Application(place("shop", "/shop"), place("shop.cart", "/shop/cart"))
    return app, install(app)
