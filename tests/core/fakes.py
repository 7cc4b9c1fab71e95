"""What the core's tests share: ready incidents, hostile values, HTTP exceptions and an application of no framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from errbridge import Handlers, Incident, Page, Problem, Reply, RequestFacts, Scope
from errbridge.application.errormap import Installation
from errbridge.application.protocol import NativeAnswer, NativeHandler, Place
from errbridge.application.settings import Options, Settings
from errbridge.handlers.handlers import HttpClasses
from errbridge.handlers.registry import Registry
from errbridge.handling.case import Case, opened
from errbridge.handling.drivers import Call, Colour, Outcome, Plan, adrive, drive
from errbridge.handling.plan import answer
from errbridge.mapping.problems import normalize
from errbridge.representations.response import Answer
from errbridge.scopes.patterns import ConverterLookup, find_converter

ID = "0b2f4a52-6f3f-4d0e-9d3a-7f3b2d1c0a99"

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=40)
"""Text of every kind that a str can hold, lone surrogates and control characters included."""


def completed(problem: Problem, facts: RequestFacts | None = None, settings: Settings | None = None) -> Problem:
    """Complete a problem as the core does for one that was raised."""
    return normalize(problem, facts or RequestFacts(), ID, settings or Settings())


def incident_of(problem: Problem | None = None, *, exception: BaseException | None = None, **facts: Any) -> Incident:
    """Make the incident of a raised problem."""
    request = RequestFacts(**facts)
    raised = problem if problem is not None else Problem(404)
    return Incident(exception or raised, completed(raised, request), request, ID)


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
    code: int | None = None
    description: Any = None

    def __init__(
        self,
        description: Any = None,
        response: object = None,
        headers: Iterable[tuple[str, str]] = (),
        original_exception: BaseException | None = None,
    ) -> None:
        super().__init__(description)
        if description is not None:
            self.description = description
        self.response = response
        self.headers = list(headers)
        self.original_exception = original_exception

    def get_headers(self) -> list[tuple[str, str]]:
        return [("Content-Type", "text/html; charset=utf-8"), *self.headers]


class NotFound(HttpError):
    code = 404
    description = "Not here"


class Conflict(HttpError):
    code = 409


class ServerError(HttpError):
    code = 500


HTTP = HttpClasses(HttpError, {404: NotFound, 409: Conflict, 500: ServerError})


@dataclass
class Response:
    """A response object of the framework that does not exist."""

    body: Any
    status_code: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)


Native = Callable[[BaseException, Sequence[str]], NativeHandler | None]


class Application:
    """A complete `errbridge.application.protocol.Framework`, with everything in plain sight.

    The colour of ``make_response`` and ``render_template`` is that of the driver, as the protocol asks.
    """

    http = HTTP
    response_types: tuple[type, ...] = (Response,)
    converters: ConverterLookup = staticmethod(find_converter)
    native_handlers = ("whatever `native` knows",)

    def __init__(self, *places: Place, asynchronous: bool = False, **config: Any) -> None:
        self.registered = list(places)
        self.config: Mapping[str, Any] = config
        self.logger_name: str | None = None
        self.propagating = False
        self.caching = True
        self.templates: dict[str, Callable[[Mapping[str, Any]], str]] = {}
        self.native: Native = lambda exc, blueprints: None
        self.asked: list[tuple[BaseException, tuple[str, ...]]] = []
        self.looked_up: list[tuple[str, ...]] = []
        self.answers: list[NativeAnswer] = []
        if asynchronous:
            self.make_response: Callable[..., Any] = _asynchronous(self._make_response)
            self.render_template: Callable[..., Any] = _asynchronous(self._render_template)
        else:
            self.make_response = self._make_response
            self.render_template = self._render_template

    def version(self) -> object:
        return len(self.registered), dict(self.config)

    def places(self) -> Iterable[Place]:
        return list(self.registered)

    def native_handler(self, exc: BaseException, blueprints: Sequence[str]) -> NativeHandler | None:
        self.asked.append((exc, tuple(blueprints)))
        return self.native(exc, blueprints)

    def propagates(self) -> bool:
        return self.propagating

    def find_template(self, names: Sequence[str]) -> str | None:
        self.looked_up.append(tuple(names))
        return next((name for name in names if name in self.templates), None)

    def template_fault(self, error: Exception) -> str:
        return "line 7" if isinstance(error, ZeroDivisionError) else ""

    def caches_templates(self) -> bool:
        return self.caching

    def _render_template(self, names: str | Sequence[str], context: Mapping[str, Any]) -> str:
        wanted = [names] if isinstance(names, str) else names
        return next(self.templates[name] for name in wanted if name in self.templates)(context)

    def _make_response(self, answer: NativeAnswer, method: str) -> Response:
        self.answers.append(answer)
        if isinstance(answer.body, Response):
            return answer.body
        if not isinstance(answer.body, (str, bytes, dict, list)):
            raise TypeError(f"a view cannot return {answer.body!r}")
        status = int(str(answer.status)[:3])
        given = {name.lower() for name, _ in answer.headers}
        return Response(
            answer.body, status, [*answer.headers, *(pair for pair in answer.defaults if pair[0].lower() not in given)]
        )

    def described(self, given: Any) -> Reply:
        body, headers = (given.body, given.headers) if isinstance(given, Response) else (given, ())
        return Reply(body if isinstance(body, (str, bytes)) else b"", headers=tuple(headers))


def _asynchronous(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    async def called(*args: Any) -> Any:
        return function(*args)

    return called


def place(name: str, prefix: str | None = None, host: str | None = None) -> Place:
    return Place(Scope(host, prefix, name), name)


def installed(app: Application | None = None, **options: Any) -> Installation:
    return Installation(app or Application(), Registry(), Options(**options))


def registered(
    installation: Installation, target: Any, *keys: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function on a target; the application is ``ROOT``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        handlers = Handlers()
        handlers.register(*keys)(function)
        installation.shared.include(target, handlers)
        return function

    return decorate


def called(step: Call) -> Any:
    """Make a call of a plan in the sync colour, as an adapter for plain functions would."""
    if step.colour is Colour.ASYNC:
        return finished(step.function(*step.args))
    result = step.function(*step.args)
    return finished(result) if isinstance(result, Awaitable) else result


async def acalled(step: Call) -> Any:
    """Make a call of a plan in the async colour."""
    result = step.function(*step.args)
    return await result if isinstance(result, Awaitable) else result


def finished(awaitable: Awaitable[Any]) -> Any:
    """Run an awaitable that never really waits."""
    iterator = awaitable.__await__()
    try:
        next(iterator)
    except StopIteration as end:
        return end.value
    raise AssertionError("the awaitable waits for something")


def arun(plan: Plan | Answer) -> Outcome:
    """Drive a plan with the async driver."""
    outcome: Outcome = finished(adrive(plan, acalled))
    return outcome


def answered(installation: Installation, exc: BaseException, **facts: Any) -> Outcome:
    """Carry out step 2 for an exception."""
    return drive(answer(opened(installation.table(), exc, RequestFacts(**facts))), called)


def case_of(installation: Installation, exc: BaseException, **facts: Any) -> Case:
    return opened(installation.table(), exc, RequestFacts(**facts))


def page_of(name: str, **context: Any) -> Page:
    return Page(name, **context)
