"""Nothing makes it fail: the ladder of a request, on Flask and Quart at once.

The ladder has three rungs: what the application says, the built-in representation of the scope, constant bytes.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import quart
from jinja2 import DictLoader
from werkzeug.exceptions import (
    Conflict,
    Forbidden,
    HTTPException,
    InternalServerError,
    NotFound,
    ServiceUnavailable,
)

from errbridge import ErrorDispatcher, Page, Problem, Reply, RequestFacts
from errbridge.representations.rendering import REPRESENTATIONS
from tests.clients import Request, Response
from tests.own_answers import EVERY, MODES, accepting, complete
from tests.twins import Twins, World

Ask = Callable[..., Response]


class Failure(Exception):
    """What goes wrong while an error is answered."""


class Bug(Exception):
    """What goes wrong in a view."""


def chained(error: BaseException | None) -> Iterator[BaseException]:
    """Give an exception and everything that it came of, as a printed stack shows it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def shown_by(record: logging.LogRecord) -> list[type[BaseException]]:
    assert record.exc_info is not None
    return [type(error) for error in chained(record.exc_info[1])]


def failing(make: Callable[[], Exception]) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise make()

    return fail


def views(world: World) -> None:
    """Add a view for each kind of error."""
    kinds: dict[str, Callable[[], Exception]] = {
        "404": NotFound,
        "503": ServiceUnavailable,
        "problem": lambda: Problem(409, detail="sold"),
        "bug": lambda: Bug("secret"),
        "key": lambda: KeyError("secret"),
    }
    for name, make in kinds.items():
        world.app.add_url_rule(f"/{name}", name, view_func=failing(make))


STATUS = {"404": 404, "503": 503, "problem": 409, "bug": 500}


# Handlers that fail.


async def later(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


async def later_failing() -> Any:
    await asyncio.sleep(0)
    raise Failure("secret")


async def later_stopping() -> Any:
    await asyncio.sleep(0)
    raise StopIteration("secret")


class FailingAwaitable:
    def __await__(self) -> Iterator[Any]:
        raise Failure("secret")


class Unprintable(Failure):
    """An exception that cannot be printed."""

    def __str__(self) -> str:
        raise RuntimeError("secret")

    __repr__ = __str__


def recursing(*args: Any) -> Any:
    return recursing(*args)


RAISING: dict[str, Callable[[Any], Any]] = {
    "raises": failing(lambda: Failure("secret")),
    "raises what cannot be printed": failing(Unprintable),
    "raises StopIteration": failing(lambda: StopIteration("secret")),
    "raises StopAsyncIteration": failing(lambda: StopAsyncIteration("secret")),
    "raises TimeoutError": failing(lambda: TimeoutError("secret")),
    "raises AssertionError": failing(lambda: AssertionError("secret")),
    "raises RecursionError": recursing,
    "raises a 500 of another exception": failing(
        lambda: InternalServerError("secret", original_exception=Failure("secret"))
    ),
    "is a coroutine function that raises": lambda exc: later_failing(),
    "is a coroutine function that raises StopIteration": lambda exc: later_stopping(),
    "returns an awaitable that raises": lambda exc: FailingAwaitable(),
}


async def coroutine_failing(exc: Exception) -> Any:
    raise Failure("secret")


GARBAGE: dict[str, Callable[[], Any]] = {
    "object": object,
    "int": lambda: 42,
    "float": lambda: 4.2,
    "True": lambda: True,
    "set": lambda: {"a"},
    "class": lambda: NotFound,
    "function": lambda: len,
    "exception": lambda: Failure("secret"),
    "exception without a status": lambda: HTTPException("secret"),
    "empty tuple": lambda: (),
    "1-tuple": lambda: ("body",),
    "4-tuple": lambda: ("body", 404, {}, "more"),
    "tuple of None": lambda: (None, 404),
    "tuple of object": lambda: (object(), 404),
    "tuple with a word for a status": lambda: ("body", "nonsense"),
    "tuple with a status of two digits": lambda: ("body", 42),
    "tuple with a status of five digits": lambda: ("body", 40404),
    "tuple with a status of zero": lambda: ("body", 0),
    "tuple with a negative status": lambda: ("body", -404),
    "tuple with a status of two digits and words": lambda: ("body", "42 Nonsense"),
    "Reply with a status of two digits": lambda: Reply("body", 42),
    "Reply with a status of five digits": lambda: Reply("body", 40404),
    "Page with a status of two digits": lambda: (Page("page.html"), 42),
    "tuple with an object for a status": lambda: ("body", object()),
    "tuple with a float for a status": lambda: ("body", 4.04e300),
    "tuple with headers that are none": lambda: ("body", 404, 42),
    "tuple with pairs that are none": lambda: ("body", 404, ["ab", ("a",), 3]),
    "awaitable of garbage": lambda: later(object()),
    "Reply of an object": lambda: Reply(object()),  # type: ignore[arg-type]
    "Reply with a word for a status": lambda: Reply("body", "nonsense"),  # type: ignore[arg-type]
    "Reply with headers that are none": lambda: Reply("body", headers=42),  # type: ignore[arg-type]
    "Page that is missing": lambda: Page("missing.html"),
    "Page of nothing": lambda: Page([]),
    "Page with a number for a name": lambda: Page(42),  # type: ignore[arg-type]
    "Page with a word for a status": lambda: (Page("page.html"), "nonsense"),
    "dict that JSON cannot hold": lambda: {"a": object()},
    "dict that is a cycle": lambda: _cycle(),
}


def _cycle() -> dict[str, Any]:
    cycle: dict[str, Any] = {}
    cycle["self"] = cycle
    return cycle


def returning(make: Callable[[], Any]) -> Callable[[Any], Any]:
    return lambda exc: make()


FAILING: dict[str, Callable[[Any], Any]] = {
    **RAISING,
    "is async and raises": coroutine_failing,
    **{f"returns {name}": returning(make) for name, make in GARBAGE.items()},
}


def handled(handler: Callable[[Any], Any], key: Any = None) -> Callable[[World], None]:
    def build(world: World) -> None:
        views(world)
        world.app.jinja_loader = DictLoader({"page.html": "page"})
        world.errors.register(world.app, code=key)(handler)

    return build


@pytest.mark.parametrize("handler", FAILING)
@pytest.mark.parametrize("path", ["404", "bug"])
def test_a_handler_that_fails_leaves_the_error_to_the_built_in_answer(ask: Ask, path: str, handler: str) -> None:
    response = ask(handled(FAILING[handler]), f"/{path}", headers=accepting("application/json"))

    complete(response, STATUS[path], "application/json")


@pytest.mark.parametrize("accept", EVERY)
@pytest.mark.parametrize("path", STATUS)
def test_the_built_in_answer_after_a_failure_is_what_the_client_asked_for(ask: Ask, path: str, accept: str) -> None:
    response = ask(handled(failing(Failure)), f"/{path}", headers=accepting(accept))

    complete(response, STATUS[path], accept)


@pytest.mark.parametrize("handler", FAILING)
def test_a_handler_for_a_class_that_fails_makes_it_a_500(ask: Ask, handler: str) -> None:
    response = ask(handled(FAILING[handler], KeyError), "/key", headers=accepting("application/json"))

    complete(response, 500, "application/json")


@pytest.mark.parametrize("handler", [name for name in FAILING if name != "returns class"])
@pytest.mark.parametrize("path", ["404", "bug"])
def test_a_failure_is_logged_once_with_the_error_that_was_being_answered(
    world: World, caplog: pytest.LogCaptureFixture, path: str, handler: str
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    handled(FAILING[handler])(world)

    world.call(Request(f"/{path}"))

    (record,) = (record for record in caplog.records if record.name == "errbridge")
    assert record.levelno == logging.ERROR
    shown = shown_by(record)
    assert len(shown) >= 2
    assert (NotFound if path == "404" else Bug) in shown
    assert shown[0] not in (NotFound, Bug)
    if handler == "raises":
        assert shown[0] is Failure
    assert vars(record)["status"] == STATUS[path]
    assert "failed" in record.getMessage()


@pytest.mark.parametrize("handler", ["raises", "is async and raises", "returns object", "returns Page that is missing"])
def test_the_failure_of_a_handler_for_a_class_is_logged_with_the_exception_it_was_given(
    world: World, caplog: pytest.LogCaptureFixture, handler: str
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    handled(FAILING[handler], KeyError)(world)

    world.call(Request("/key"))

    (record,) = (record for record in caplog.records if record.name == "errbridge")
    assert record.levelno == logging.ERROR
    shown = shown_by(record)
    assert shown[-1] is KeyError
    assert len(shown) >= 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("handler", ["raises", "is async and raises", "returns object", "returns Page that is missing"])
@pytest.mark.parametrize("path", ["404", "problem"])
def test_where_the_developer_wants_to_see_it_the_failure_is_raised(
    world: World, mode: str, handler: str, path: str
) -> None:
    world.config = MODES[mode]
    handled(FAILING[handler])(world)

    error = escaped(world, f"/{path}")

    shown = [type(each) for each in chained(error)]
    assert shown[0] not in (NotFound, Problem)
    assert shown[-1] is (NotFound if path == "404" else Problem)
    if "raises" in handler:
        assert shown[0] is Failure


@pytest.mark.parametrize("mode", MODES)
def test_the_failure_of_a_handler_for_a_class_is_raised_too(world: World, mode: str) -> None:
    world.config = MODES[mode]
    handled(failing(Failure), KeyError)(world)

    assert [type(each) for each in chained(escaped(world, "/key"))] == [Failure, KeyError]


def test_a_failing_handler_ends_the_search_for_one(ask: Ask) -> None:
    """The next rung is the scope's own representation, not the handler of another scope."""

    def build(world: World) -> None:
        api = world.Blueprint("api", __name__, url_prefix="/api")
        world.errors.register(api)(failing(Failure))
        world.errors.api_register(api)
        world.errors.register(world.app)(lambda exc: Reply("the app's"))
        world.app.register_blueprint(api)

    complete(ask(build, "/api/nope"), 404, "application/json")


@pytest.mark.parametrize(
    "handler",
    [
        failing(lambda: Failure("secret")),
        failing(lambda: StopIteration("secret")),
        coroutine_failing,
        lambda exc: object(),
        lambda exc: 42,
        lambda exc: ("body", 404, {}, "more"),
        lambda exc: ("body", "nonsense"),
        lambda exc: ("body", object()),
    ],
    ids=["raises", "StopIteration", "coroutine", "object", "int", "4-tuple", "word", "status"],
)
@pytest.mark.parametrize("path", ["/404", "/bug", "/nope"])
def test_a_native_handler_that_fails_never_leaves_the_client_without_an_answer(
    world: World, handler: Any, path: str
) -> None:
    views(world)
    world.errors.api_register("/")
    for key in (404, 500):
        world.app.register_error_handler(key, handler)

    response = world.call(Request(path, headers=accepting("application/json")))

    complete(response, response.status, "application/json")
    assert response.status in (404, 500)


# What passes through.


def escaped(world: World, path: str, kind: type[BaseException] = Exception) -> BaseException | None:
    """Ask the application, and give the exception that it let out to the server."""
    if not world.is_async:
        try:
            world.call(Request(path))
        except kind as error:
            return error
        return None
    assert world.errors is not None
    out: list[BaseException] = []
    handle_request = world.app.handle_request

    async def watched(request: Any) -> Any:
        try:
            return await handle_request(request)
        except kind as error:
            out.append(error)
            return quart.Response("escaped", 500)

    world.app.handle_request = watched
    try:
        world.call(Request(path))
    finally:
        world.app.handle_request = handle_request
    return out[0] if out else None


@pytest.mark.parametrize("kind", [asyncio.CancelledError, SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("where", ["view", "handler", "template", "response"])
def test_what_ends_the_process_or_the_task_passes_through_untouched(
    world: World, kind: type[BaseException], where: str
) -> None:
    ended = kind("ended")

    async def end(*args: Any) -> Any:
        raise ended

    def end_plainly(*args: Any) -> Any:
        raise ended

    ending = end if world.is_async else end_plainly
    if where == "response":
        world.options = {"response": lambda function: ending}
    views(world)
    world.app.jinja_env.globals["end"] = ending
    world.app.jinja_loader = DictLoader({"error.html": "{{ end() }}" if where == "template" else "page"})
    world.errors.web_register(world.app)
    world.errors.api_register("/api")
    world.app.add_url_rule("/view", "view", view_func=ending)
    if where == "handler":
        world.errors.register(world.app)(ending)

    path = {"view": "/view", "response": "/api/nope"}.get(where, "/404")
    assert escaped(world, path, BaseException) is ended


def test_nothing_is_logged_of_what_passes_through(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")

    async def end(exc: Exception) -> Any:
        raise asyncio.CancelledError

    handled(end)(world)

    assert isinstance(escaped(world, "/404", BaseException), asyncio.CancelledError)
    assert [record for record in caplog.records if record.name == "errbridge"] == []


# Templates that fail.

TEMPLATES = {
    "raises": "{{ 1 / 0 }}",
    "raises after half a page": "<p>half</p>{{ fail() }}",
    "raises StopIteration": "{{ 1 | stopping }}",
    "is wrong": "{% if %}",
    "does not end": "{% for a in b %}",
    "includes what is missing": "{% include 'missing.html' %}",
    "extends what is missing": "{% extends 'missing.html' %}",
    "includes itself": "{% include 'error.html' %}",
    "recurses": "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    "asks undefined things": "{{ nothing.at.all }}",
    "uses a filter that is missing": "{{ error.title | missing_filter }}",
}


def templated(source: str, *, own: bool = False) -> Callable[[World], None]:
    def build(world: World) -> None:
        views(world)
        world.app.jinja_env.globals["fail"] = failing(lambda: Failure("secret"))
        world.app.jinja_env.filters["stopping"] = failing(lambda: StopIteration("secret"))
        world.app.jinja_loader = DictLoader({"error.html": source})
        world.errors.web_register(world.app)
        if own:
            world.errors.register(world.app)(lambda exc: Page("error.html"))

    return build


@pytest.mark.parametrize("own", [False, True], ids=["ERROR_PAGE", "a handler's Page"])
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("path", ["404", "bug"])
def test_a_template_that_fails_leaves_the_error_to_the_built_in_page(
    ask: Ask, path: str, template: str, own: bool
) -> None:
    response = ask(templated(TEMPLATES[template], own=own), f"/{path}")

    complete(response, STATUS[path], "text/html")
    assert "half" not in response.text


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_that_fails_is_logged_once_with_the_error(
    world: World, caplog: pytest.LogCaptureFixture, template: str
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    templated(TEMPLATES[template])(world)

    world.call(Request("/404"))

    (record,) = (record for record in caplog.records if record.name == "errbridge")
    assert (record.levelno, vars(record)["status"]) == (logging.ERROR, 404)
    shown = shown_by(record)
    assert shown[0] is not NotFound
    assert shown[-1] is NotFound


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("template", ["raises", "is wrong", "includes what is missing"])
def test_where_the_developer_wants_to_see_it_the_failure_of_a_template_is_raised(
    world: World, mode: str, template: str
) -> None:
    world.config = MODES[mode]
    templated(TEMPLATES[template])(world)

    shown = [type(each) for each in chained(escaped(world, "/404"))]

    assert len(shown) >= 2
    assert shown[-1] is NotFound


def test_a_context_processor_that_fails_leaves_the_error_to_the_built_in_page(ask: Ask) -> None:
    def build(world: World) -> None:
        templated("page")(world)
        world.app.context_processor(failing(lambda: Failure("secret")))

    complete(ask(build, "/404"), 404, "text/html")


def test_a_template_loader_that_fails_leaves_the_error_to_the_built_in_page(ask: Ask) -> None:
    class Loader(DictLoader):
        def get_source(self, environment: Any, template: str) -> Any:
            raise Failure("secret")

    def build(world: World) -> None:
        templated("page")(world)
        world.app.jinja_loader = Loader({})

    complete(ask(build, "/404"), 404, "text/html")


# The response= decorator.

DECORATORS: dict[str, Callable[[Any], Any]] = {
    "raises": failing(lambda: Failure("secret")),
    "makes a function that raises": lambda function: failing(lambda: Failure("secret")),
    "makes a coroutine function that raises": lambda function: later_failing,
    "makes a function that stops": lambda function: failing(lambda: StopIteration("secret")),
    "makes nothing": lambda function: None,
    "gives nothing": lambda function: lambda: None,
    "gives an object": lambda function: object,
    "gives a 4-tuple": lambda function: lambda: ("body", 404, {}, "more"),
    "gives a tuple with a bad status": lambda function: lambda: ("body", "nonsense"),
}


@pytest.mark.parametrize("decorator", DECORATORS)
@pytest.mark.parametrize("path", STATUS)
def test_a_response_decorator_that_fails_leaves_the_error_to_the_built_in_document(
    ask: Ask, path: str, decorator: str
) -> None:
    response = ask(
        views, f"/{path}", headers=accepting("application/json"), options={"response": DECORATORS[decorator]}
    )

    complete(response, STATUS[path], "application/json")


@pytest.mark.parametrize("decorator", DECORATORS)
def test_a_response_decorator_that_fails_is_logged_once_with_the_error(
    world: World, caplog: pytest.LogCaptureFixture, decorator: str
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    world.options = {"response": DECORATORS[decorator]}
    views(world)

    world.call(Request("/404", headers=accepting("application/json")))

    (record,) = (record for record in caplog.records if record.name == "errbridge")
    assert (record.levelno, vars(record)["status"]) == (logging.ERROR, 404)
    assert shown_by(record)[-1] is NotFound


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("decorator", ["raises", "makes a function that raises", "gives an object"])
def test_where_the_developer_wants_to_see_it_the_failure_of_a_response_decorator_is_raised(
    world: World, mode: str, decorator: str
) -> None:
    world.config = MODES[mode]
    world.options = {"response": DECORATORS[decorator]}
    views(world)
    world.errors.api_register(world.app)

    shown = [type(each) for each in chained(escaped(world, "/404"))]

    assert len(shown) >= 2
    assert shown[-1] is NotFound


# Dispatchers.


def dispatching(function: Callable[[Any], Any]) -> type[ErrorDispatcher]:
    class Dispatcher(ErrorDispatcher):
        def dispatch(self, exc: BaseException, request: RequestFacts) -> Any:
            return function(request)

    return Dispatcher


def half_way(request: RequestFacts) -> Iterator[str]:
    yield "api"
    raise Failure("secret")


DISPATCHERS: dict[str, Callable[[Any], Any]] = {
    "raises": failing(lambda: Failure("secret")),
    "raises StopIteration": failing(lambda: StopIteration("secret")),
    "lists garbage": lambda request: [42],
    "gives no list": lambda request: 42,
    "fails half way": half_way,
}


@pytest.mark.parametrize("dispatcher", DISPATCHERS)
@pytest.mark.parametrize("path", ["/api/nope", "/404", "/bug"])
def test_a_dispatcher_that_fails_leaves_the_error_to_the_app(ask: Ask, dispatcher: str, path: str) -> None:
    def build(world: World) -> None:
        views(world)
        api = world.Blueprint("api", __name__, url_prefix="/api")
        world.errors.register(api)(lambda exc: Reply("the blueprint's"))
        world.app.register_blueprint(api)

    response = ask(build, path, options={"dispatcher": dispatching(DISPATCHERS[dispatcher])})

    complete(response, 500 if path == "/bug" else 404, "text/html")


@pytest.mark.parametrize("dispatcher", DISPATCHERS)
def test_a_dispatcher_that_fails_is_logged(world: World, caplog: pytest.LogCaptureFixture, dispatcher: str) -> None:
    world.options = {"dispatcher": dispatching(DISPATCHERS[dispatcher])}

    world.call(Request("/nope"))

    (record,) = (record for record in caplog.records if record.levelno >= logging.ERROR)
    assert record.name == "errbridge"
    assert record.exc_info is not None


class Unmakeable(ErrorDispatcher):
    """A dispatcher that is a failure from the start."""

    def __init__(self, scopes: Any) -> None:
        raise Failure("secret")

    def dispatch(self, exc: BaseException, request: RequestFacts) -> Any:
        return ()


@pytest.mark.parametrize("path", STATUS)
def test_when_errbridge_itself_is_broken_the_client_gets_constant_bytes(path: str) -> None:
    twins = Twins.built(views, options={"dispatcher": Unmakeable})

    get, head = twins.ask(f"/{path}"), twins.ask(f"/{path}", "HEAD")

    complete(get, STATUS[path], "text/plain")
    assert (head.status, head.body) == (STATUS[path], b"")
    assert head.header("Content-Length") == get.header("Content-Length")


def test_a_dispatcher_that_lists_what_does_not_exist_does_no_harm(ask: Ask) -> None:
    options = {"dispatcher": dispatching(lambda request: ["missing", "missing.too"])}

    complete(ask(views, "/nope", options=options), 404, "text/html")


# Logging that fails.


class FailingHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise Failure("secret")


class FailingFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        raise Failure("secret")


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """The logger of errbridge, which is put back afterwards."""
    logger = logging.getLogger("errbridge")
    handlers, filters, level = logger.handlers[:], logger.filters[:], logger.level
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.handlers[:], logger.filters[:] = handlers, filters
    logger.setLevel(level)


@pytest.mark.parametrize("kind", ["handler", "filter"])
@pytest.mark.parametrize("path", STATUS)
@pytest.mark.parametrize("stderr", [True, False], ids=["with stderr", "without stderr"])
def test_a_logging_system_that_fails_does_not_change_the_answer(
    ask: Ask, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, kind: str, path: str, stderr: bool
) -> None:
    if kind == "handler":
        logger.addHandler(FailingHandler())
    else:
        logger.addFilter(FailingFilter())
    if not stderr:
        monkeypatch.setattr(sys, "stderr", None)

    response = ask(views, f"/{path}", headers=accepting("application/json"))

    complete(response, STATUS[path], "application/json")


def test_a_logging_system_that_fails_does_not_change_the_answer_of_a_handler(ask: Ask, logger: logging.Logger) -> None:
    logger.addHandler(FailingHandler())

    for make in (lambda: Reply("mine"), lambda: "mine", lambda: ("mine", 404)):
        response = ask(handled(returning(make)), "/404")
        assert (response.status, response.text) == (404, "mine")
    response = ask(lambda world: world.app.register_error_handler(404, lambda exc: ("mine", 404)), "/nope")
    assert (response.status, response.text) == (404, "mine")


def test_a_logging_system_that_fails_says_so_on_stderr(
    world: World, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logger.addHandler(FailingHandler())

    world.call(Request("/nope"))

    assert "errbridge could not write a log record" in capsys.readouterr().err


# Two faults at once, and the last rung.


def test_a_handler_and_a_template_may_fail_at_once(ask: Ask) -> None:
    def build(world: World) -> None:
        templated(TEMPLATES["raises"])(world)
        world.errors.register(world.app)(failing(lambda: Failure("secret")))

    complete(ask(build, "/404"), 404, "text/html")


def test_a_problem_that_a_handler_gave_keeps_its_status_when_its_page_fails(ask: Ask) -> None:
    def build(world: World) -> None:
        templated(TEMPLATES["raises"])(world)
        world.errors.register(world.app)(lambda exc: Problem(410, detail="gone for good"))

    response = ask(build, "/404")

    complete(response, 410, "text/html")
    assert "gone for good" in response.text


def break_renderers(monkeypatch: pytest.MonkeyPatch) -> None:
    for media_type in REPRESENTATIONS:
        monkeypatch.setitem(REPRESENTATIONS, media_type, failing(lambda: Failure("secret")))


@pytest.mark.parametrize("faults", ["renderer", "renderer and handler", "renderer and template", "everything"])
@pytest.mark.parametrize("path", STATUS)
@pytest.mark.parametrize("accept", EVERY)
def test_when_everything_fails_constant_bytes_are_left(
    monkeypatch: pytest.MonkeyPatch, logger: logging.Logger, faults: str, path: str, accept: str
) -> None:
    break_renderers(monkeypatch)
    if faults == "everything":
        logger.addHandler(FailingHandler())

    def build(world: World) -> None:
        views(world)
        if faults in ("renderer and handler", "everything"):
            world.errors.register(world.app)(failing(lambda: Failure("secret")))
        if faults in ("renderer and template", "everything"):
            world.app.jinja_loader = DictLoader({"error.html": "{{ 1 / 0 }}"})
            world.errors.web_register(world.app)

    response = Twins.built(build).ask(f"/{path}", headers=accepting(accept))

    complete(response, STATUS[path], "text/plain")
    assert response.text.endswith("\n")
    assert response.header("Cache-Control") == "no-store"


def test_the_last_rung_answers_head_without_a_body(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    break_renderers(monkeypatch)

    assert ask(views, "/nope", "HEAD").body == b""
    assert ask(views, "/nope", "HEAD").header("Content-Length") == "14"


def test_a_renderer_that_fails_is_logged_once_with_the_error(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    break_renderers(monkeypatch)
    views(world)

    world.call(Request("/404"))

    (record,) = (record for record in caplog.records if record.name == "errbridge")
    assert (record.levelno, vars(record)["status"]) == (logging.ERROR, 404)
    assert shown_by(record) == [Failure, NotFound]


class Undocumented(Problem, status=409):
    """A problem that cannot say what it is."""

    def document(self) -> dict[str, Any]:
        raise Failure("secret")


@pytest.mark.parametrize("accept", EVERY)
@pytest.mark.parametrize("way", ["raised", "returned"])
def test_a_problem_that_cannot_be_rendered_is_still_answered(ask: Ask, accept: str, way: str) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/raised", "raised", view_func=failing(Undocumented))
        world.app.add_url_rule("/returned", "returned", view_func=failing(lambda: KeyError("secret")))
        world.errors.register(world.app, code=KeyError)(lambda exc: Undocumented())

    response = ask(build, f"/{way}", headers=accepting(accept))

    assert response.status == 409
    assert "secret" not in response.text
    assert response.body


def test_a_setting_that_becomes_wrong_later_is_reported_and_not_followed(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    views(world)
    world.call(Request("/404"))
    for key, value in {"ERROR_PAGE": 42, "ERROR_DISPATCHER": "nonsense", "ERROR_DEFAULT_MSG": None}.items():
        caplog.clear()
        before = world.app.config[key]
        world.app.config[key] = value

        complete(world.call(Request("/bug")), 500, "text/html")

        assert any(record.name == "errbridge" and key in str(record.exc_info) for record in caplog.records)
        world.app.config[key] = before


# Exceptions that are broken themselves.


class Wordless(HTTPException):
    """An HTTP exception none of whose parts can be read."""

    code = 409

    def get_headers(self, *args: Any, **kwargs: Any) -> Any:
        raise Failure("secret")

    def get_body(self, *args: Any, **kwargs: Any) -> Any:
        raise Failure("secret")

    def get_description(self, *args: Any, **kwargs: Any) -> Any:
        raise Failure("secret")

    def __str__(self) -> str:
        raise Failure("secret")

    __repr__ = __str__


def undescribed() -> Exception:
    def read(self: Any) -> str:
        raise Failure("secret")

    cls = type("Undescribed", (HTTPException,), {"code": 409, "__init__": lambda self: Exception.__init__(self)})
    cls.description = property(read)  # type: ignore[attr-defined]
    cls.response = None  # type: ignore[attr-defined]
    return cls()  # type: ignore[no-any-return]


class Lazy:
    """A text that fails when it is needed."""

    def __str__(self) -> str:
        raise Failure("secret")


class Own(HTTPException):
    """An HTTP exception whose constructor does not call that of its parent, which Werkzeug does not ask for."""

    code = 409
    description = "mine"

    def __init__(self, sku: str) -> None:
        self.sku = sku


class Raises(Exception):
    """An exception that raises whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raise Failure("secret")

    def __str__(self) -> str:
        raise Failure("secret")

    __repr__ = __str__


BROKEN: dict[str, tuple[Callable[[], Exception], int]] = {
    "an HTTP exception that cannot be read": (Wordless, 409),
    "an HTTP exception without a readable description": (undescribed, 409),
    "an HTTP exception with a lazy description": (lambda: Conflict(Lazy()), 409),  # type: ignore[arg-type]
    "an HTTP exception with bytes for a description": (lambda: Conflict(b"\xff"), 409),  # type: ignore[arg-type]
    "an HTTP exception whose headers are none": (
        lambda: type("Own", (HTTPException,), {"code": 409, "get_headers": lambda self, *args: 42})(),
        409,
    ),
    "an HTTP exception whose headers are no pairs": (
        lambda: type("Own", (HTTPException,), {"code": 409, "get_headers": lambda self, *args: [("a",), None]})(),
        409,
    ),
    "an HTTP exception whose header values are lazy": (
        lambda: type("Own", (HTTPException,), {"code": 409, "get_headers": lambda self, *args: [("X-A", Lazy())]})(),
        409,
    ),
    "an HTTP exception that was not initialised": (lambda: Own("a"), 409),
    "an exception that cannot be printed": (Unprintable, 500),
    "an exception that raises at every question": (Raises, 500),
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("accept", EVERY)
def test_an_exception_that_is_broken_itself_is_answered(ask: Ask, broken: str, accept: str) -> None:
    make, status = BROKEN[broken]

    def build(world: World) -> None:
        # The framework's own record prints the exception; how it fails at that is not asked here.
        world.app.logger.disabled = True
        world.app.add_url_rule("/broken", "broken", view_func=failing(make))

    try:
        response = ask(build, "/broken", headers=accepting(accept))
    finally:
        logging.getLogger("tests.twins").disabled = False

    complete(response, status, accept)


@pytest.mark.parametrize("registered", ["native", "errbridge"])
def test_an_http_exception_that_was_not_initialised_reaches_its_handlers(ask: Ask, registered: str) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/own", "own", view_func=failing(lambda: Own("a")))
        if registered == "native":
            world.app.register_error_handler(Own, lambda exc: (f"handled {exc.sku}", 409))
        else:
            world.errors.register(world.app, code=409)(lambda exc: f"handled {exc.sku}")

    response = ask(build, "/own")

    assert (response.status, response.text) == (409, "handled a")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Lazy(), {"value": "Lazy"}), ([Lazy()], {"value": ["Lazy"]}), ({"a": Lazy()}, {"value": {"a": "Lazy"}})],
)
def test_a_value_that_fails_to_be_text_is_named(ask: Ask, value: Any, expected: dict[str, Any]) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/", "home", view_func=failing(lambda: Problem(409, value=value)))

    response = ask(build, "/", headers=accepting("application/json"))

    complete(response, 409, "application/json")
    assert {"value": response.json["value"]} == expected


# Around the view.


def around(where: str, fail: Callable[..., Any]) -> Callable[[World], None]:
    def build(world: World) -> None:
        world.app.add_url_rule("/page", "page", view_func=fail if where == "view" else lambda: "page")
        match where:
            case "before_request":
                world.app.before_request(fail)
            case "after_request":
                world.app.after_request(fail)
            case "url_value_preprocessor":
                world.app.url_value_preprocessor(fail)
            case _:
                assert where == "view"

    return build


@pytest.mark.parametrize(
    ("where", "make", "status"),
    [
        ("before_request", lambda: Bug("secret"), 500),
        ("before_request", Forbidden, 403),
        ("before_request", lambda: Problem(409), 409),
        ("url_value_preprocessor", lambda: Bug("secret"), 500),
        ("url_value_preprocessor", Forbidden, 403),
        ("after_request", lambda: Bug("secret"), 500),
        ("after_request", Forbidden, 500),
        ("after_request", lambda: Problem(409), 500),
        ("view", lambda: Bug("secret"), 500),
    ],
    ids=lambda value: str(value) if isinstance(value, (str, int)) else "",
)
@pytest.mark.parametrize("accept", EVERY)
def test_an_error_around_a_view_is_answered(
    ask: Ask, where: str, make: Callable[[], Exception], status: int, accept: str
) -> None:
    complete(ask(around(where, failing(make)), "/page", headers=accepting(accept)), status, accept)


@pytest.mark.parametrize("after", ["raises", "aborts"])
def test_an_after_request_that_fails_for_errors_as_well_does_not_keep_them_from_the_client(
    ask: Ask, after: str
) -> None:
    response = ask(
        around("after_request", failing(lambda: Forbidden() if after == "aborts" else Bug("secret"))), "/nope"
    )

    complete(response, 500, "text/html")


@pytest.mark.parametrize(
    "result",
    [
        lambda: None,
        object,
        lambda: 42,
        lambda: ("body", 200, {}, "more"),
        lambda: ("body", "nonsense", "more"),
        lambda: {"a": object()},
    ],
    ids=["None", "object", "int", "4-tuple", "bad tuple", "dict"],
)
def test_a_view_that_returns_garbage_is_a_500(ask: Ask, result: Callable[[], Any]) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/page", "page", view_func=lambda: result())

    complete(ask(build, "/page", headers=accepting("application/json")), 500, "application/json")


class FailingSessions:
    """Sessions that cannot be opened."""

    def is_null_session(self, session: Any) -> bool:
        return False


@pytest.mark.parametrize("accept", EVERY)
@pytest.mark.parametrize("path", ["/page", "/nope"])
def test_a_session_that_cannot_be_opened_is_answered(ask: Ask, path: str, accept: str) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/page", "page", view_func=lambda: "page")
        fail = failing(lambda: Bug("secret"))

        async def later_fail(*args: Any) -> Any:
            fail()

        sessions: Any = FailingSessions()
        sessions.open_session = later_fail if world.is_async else fail
        world.app.session_interface = sessions

    complete(ask(build, path, headers=accepting(accept)), 500, accept)


@pytest.mark.parametrize("kind", ["teardown_request", "teardown_appcontext"])
def test_a_teardown_that_raises_is_answered(ask: Ask, kind: str) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/page", "page", view_func=lambda: "page")
        getattr(world.app, kind)(failing(lambda: Bug("secret")))

    complete(ask(build, "/page", headers=accepting("application/json")), 500, "application/json")


def test_an_error_from_around_the_request_is_logged_with_its_stack(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.app.add_url_rule("/page", "page", view_func=lambda: "page")
    world.app.teardown_request(failing(lambda: Bug("teardown")))

    world.call(Request("/page"))

    (record,) = (record for record in caplog.records if record.name == "errbridge")
    assert (record.levelno, vars(record)["status"], vars(record)["path"]) == (logging.ERROR, 500, "/page")
    assert "Traceback" in logging.Formatter().format(record)
    assert shown_by(record) == [Bug]


# Exception groups.


def group(*errors: Exception) -> Callable[[], Exception]:
    return lambda: ExceptionGroup("secret", list(errors))


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (group(NotFound("here")), 404),
        (group(Problem(409, detail="here")), 409),
        (group(ExceptionGroup("inner", [NotFound("here")])), 404),
        (group(NotFound(), ServiceUnavailable("here")), 503),
        (group(ServiceUnavailable("here"), NotFound()), 503),
        (group(NotFound(), ExceptionGroup("inner", [Conflict(), Problem(503, detail="here")])), 503),
        (group(NotFound(), Bug("secret")), 500),
        (group(Bug("secret"), NotFound()), 500),
        (group(Bug("secret")), 500),
    ],
    ids=["404", "409", "nested", "404+503", "503+404", "nested mix", "404+bug", "bug+404", "bug"],
)
def test_an_exception_group_is_answered_as_its_most_severe_error(
    ask: Ask, make: Callable[[], Exception], status: int
) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/group", "group", view_func=failing(make))

    response = ask(build, "/group", headers=accepting("application/json"))

    complete(response, status, "application/json")
    assert response.json["detail"] == ("Unhandled Exception" if status == 500 else "here")


@pytest.mark.parametrize("mode", MODES)
def test_a_group_is_shown_to_the_developer_unless_it_stands_for_an_http_error(world: World, mode: str) -> None:
    world.config = MODES[mode]
    world.app.add_url_rule("/mixed", "mixed", view_func=failing(group(NotFound(), Bug("secret"))))
    world.app.add_url_rule("/http", "http", view_func=failing(group(NotFound("here"))))

    assert isinstance(escaped(world, "/mixed"), ExceptionGroup)
    assert escaped(world, "/http") is None
    assert world.call(Request("/http")).status == 404


@pytest.mark.parametrize("registered", ["native", "errbridge"])
def test_the_handlers_of_an_http_error_in_a_group_are_asked(ask: Ask, registered: str) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/group", "group", view_func=failing(group(NotFound("here"))))
        if registered == "native":
            world.app.register_error_handler(404, lambda exc: (f"handled {exc.description}", 404))
        else:
            world.errors.register(world.app, code=404)(lambda exc: f"handled {exc.description}")

    response = ask(build, "/group")

    assert (response.status, response.text) == (404, "handled here")


# The log.


def records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "errbridge"]


def logged(world: World) -> None:
    views(world)
    api = world.Blueprint("api", __name__, url_prefix="/api")
    kinds: dict[str, Callable[[], Exception]] = {"crash": lambda: Bug("why"), "missing": NotFound}
    for name, make in kinds.items():
        api.add_url_rule(f"/{name}", name, view_func=failing(make), methods=["GET", "PATCH"])
    world.errors.api_register(api, "/zone")
    world.app.register_blueprint(api)


@pytest.mark.parametrize(
    ("method", "path", "level", "status", "scope", "has_stack"),
    [
        ("GET", "/404", logging.INFO, 404, "app", False),
        ("GET", "/nope", logging.INFO, 404, "app", False),
        ("DELETE", "/404", logging.INFO, 405, "app", False),
        ("GET", "/problem", logging.INFO, 409, "app", False),
        ("GET", "/503", logging.ERROR, 503, "app", False),
        ("GET", "/bug", logging.ERROR, 500, "app", True),
        ("PATCH", "/api/crash", logging.ERROR, 500, "api", True),
        ("GET", "/api/missing", logging.INFO, 404, "api", False),
        ("GET", "/api/nope", logging.INFO, 404, "api", False),
        ("GET", "/zone/nope", logging.INFO, 404, "/zone", False),
        ("HEAD", "/404", logging.INFO, 404, "app", False),
    ],
)
def test_an_error_is_logged_once_with_its_facts(
    world: World,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    level: int,
    status: int,
    scope: str,
    has_stack: bool,
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    logged(world)

    response = world.call(Request(path, method, headers=accepting("application/json")))

    (record,) = records(caplog)
    assert record.levelno == level
    extra = vars(record)
    assert record.getMessage() == f"{method} {path} answered {status} (incident {extra['incident_id']})"
    assert {name: extra[name] for name in ("method", "path", "status", "scope")} == {
        "method": method,
        "path": path,
        "status": status,
        "scope": scope,
    }
    if method != "HEAD":
        assert response.json["instance"] == f"urn:uuid:{extra['incident_id']}"
    assert (record.exc_info is not None) == has_stack
    if has_stack:
        assert shown_by(record) == [Bug]


def test_the_stack_of_an_uncaught_exception_is_printed_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    views(world)

    world.call(Request("/bug"))

    printed = [logging.Formatter().format(record) for record in caplog.records]
    assert len(printed) == 2
    assert sum("Traceback" in text for text in printed) == 1
    assert sum("Bug: secret" in text for text in printed) == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (lambda exc: Problem(404), 404),
        (lambda exc: Reply("mine"), 503),
        (lambda exc: "mine", 503),
        (lambda exc: ("mine", 418), 418),
        (lambda exc: None, 503),
    ],
    ids=["Problem", "Reply", "str", "tuple", "None"],
)
@pytest.mark.parametrize("native", [False, True], ids=["errbridge", "native"])
def test_what_a_handler_answered_is_logged_with_the_status_that_went_out(
    world: World, caplog: pytest.LogCaptureFixture, answer: Callable[[Any], Any], status: int, native: bool
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    views(world)
    if native:
        world.app.register_error_handler(503, answer)
    else:
        world.errors.register(world.app, code=503)(answer)

    response = world.call(Request("/503"))

    (record,) = records(caplog)
    assert vars(record)["status"] == response.status
    assert record.levelno == (logging.ERROR if response.status >= 500 else logging.INFO)
    assert record.exc_info is None
    if not native:
        assert response.status == status


@pytest.mark.parametrize("answer", [lambda exc: Problem(503), lambda exc: Reply("mine"), lambda exc: "mine"])
def test_the_stack_of_an_exception_that_only_errbridge_logs_is_not_lost(
    world: World, caplog: pytest.LogCaptureFixture, answer: Callable[[Any], Any]
) -> None:
    """The framework is not told of a domain exception that a handler claimed, and has no record to point to."""
    views(world)
    world.errors.register(world.app, code=KeyError)(answer)

    response = world.call(Request("/key"))

    assert response.status >= 500
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("errbridge", logging.ERROR)
    text = logging.Formatter().format(record)
    assert "see the stack" not in text
    assert (record.exc_info is not None) == ("Traceback" in text)


def test_a_domain_exception_mapped_to_a_4xx_is_logged_as_one(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    views(world)
    world.errors.register(world.app, code=LookupError)(lambda exc: Problem(404))

    world.call(Request("/key"))

    (record,) = caplog.records
    assert (record.name, record.levelno, record.exc_info) == ("errbridge", logging.INFO, None)


@pytest.mark.parametrize("path", ["/a%0d%0aINFO forged", "/a%1b[2J", "/a%00b", "/a%e2%80%a8b"])
def test_a_path_forges_no_line_of_the_log(world: World, caplog: pytest.LogCaptureFixture, path: str) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")

    world.call(Request(path))

    (record,) = records(caplog)
    for text in (record.getMessage(), vars(record)["path"]):
        assert len(text.splitlines()) == 1
        assert text.isprintable()


def test_a_long_path_is_cut_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")

    world.call(Request("/" + "a" * 5000))

    (record,) = records(caplog)
    assert vars(record)["path"] == "/" + "a" * 2047


@pytest.mark.parametrize("path", ["/page", "/redirect", "/aborted"])
def test_what_is_no_error_is_not_logged(world: World, caplog: pytest.LogCaptureFixture, path: str) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    world.app.add_url_rule("/page", "page", view_func=lambda: ("page", 404))
    world.app.add_url_rule("/redirect/", "redirect", view_func=lambda: "page")
    world.app.add_url_rule("/aborted", "aborted", view_func=lambda: world.abort(world.app.response_class("r", 404)))

    world.call(Request(path))

    assert caplog.records == []


@pytest.mark.parametrize("mode", MODES)
def test_what_is_shown_to_the_developer_is_not_logged_as_answered(
    world: World, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    world.config = MODES[mode]
    views(world)

    assert isinstance(escaped(world, "/bug"), Bug)
    assert records(caplog) == []
