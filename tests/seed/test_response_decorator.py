"""The seed's ``response=`` decorator."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import pytest

from errbridge import Incident, Problem, Reply
from tests.applications import JSON, TEXT, Application, Ask, Part, a_catch_all, an_app, failing
from tests.seed.shop import XHR, Headers, JammedTillError, heading
from tests.twins import Twins, World

# "your own response implementation … a decorator"

Document = Callable[..., tuple[dict[str, Any], int, dict[str, str]]]
Decorator = Callable[[Document], Callable[..., Any]]


def with_wraps(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            document, status, headers = function(*args, **kwargs)
            return {"wrapped": document}, status, headers

        return wrapper

    return decorator


def without_arguments(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        def wrapper() -> Any:
            document, status, headers = function()
            return {"wrapped": document}, status, headers

        return wrapper

    return decorator


def async_with_wraps(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            document, status, headers = function(*args, **kwargs)
            return {"wrapped": document}, status, headers

        return wrapper

    return decorator


def async_without_arguments(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        async def wrapper() -> Any:
            document, status, headers = function()
            return {"wrapped": document}, status, headers

        return wrapper

    return decorator


def returning_an_awaitable(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        async def later() -> Any:
            document, status, headers = function()
            return {"wrapped": document}, status, headers

        return lambda: later()

    return decorator


def returning_a_native_response(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        def wrapper() -> Any:
            document, status, headers = function()
            response = world.framework.jsonify(wrapped=document)
            response.status_code = status
            response.headers.update(headers)
            return response

        return wrapper

    return decorator


def returning_a_native_response_in_a_tuple(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        def wrapper() -> Any:
            document, status, headers = function()
            return world.framework.jsonify(wrapped=document), status, headers

        return wrapper

    return decorator


def returning_a_text_in_a_tuple(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        def wrapper() -> Any:
            document, status, headers = function()
            return json.dumps({"wrapped": document}), status, {**headers, "Content-Type": "application/json"}

        return wrapper

    return decorator


def returning_the_document_only(world: World) -> Decorator:
    return lambda function: lambda: {"wrapped": function()[0]}


DECORATORS = [
    with_wraps,
    without_arguments,
    async_with_wraps,
    async_without_arguments,
    returning_an_awaitable,
    returning_a_native_response,
    returning_a_native_response_in_a_tuple,
    returning_a_text_in_a_tuple,
    returning_the_document_only,
]
MakeDecorator = Callable[[World], Decorator]


def with_decorator(make: MakeDecorator, **options: Any) -> Application:
    """Set up an API and a site whose documents a decorator makes."""

    def an_api_and_a_site(world: World) -> None:
        world.errors = world.adapter.ErrorHandler(world.app, response=make(world), **options)
        web = world.Blueprint("web", __name__, url_prefix="/web")
        world.app.register_blueprint(web)
        world.errors.web_register(web)
        world.errors.api_register(world.app)
        late = failing("/late", lambda: Problem(503, detail="Too late", headers={"Retry-After": "7"}, by=3))
        an_app(late, failing("/broken", JammedTillError))(world)

    return an_api_and_a_site


@pytest.mark.parametrize("make", DECORATORS)
def test_a_response_decorator_makes_the_documents_and_their_content_type_is_forced(make: MakeDecorator) -> None:
    twins = Twins.built(with_decorator(make))

    late = twins.ask("/late")
    assert (late.status, late.content_type, late.header("Retry-After")) == (503, JSON, "7")
    document = late.json
    assert document["wrapped"].pop("instance").startswith("urn:uuid:")
    assert document == {
        "wrapped": {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "Too late",
            "by": 3,
            "retry_after": 7,
        }
    }
    broken = twins.ask("/broken")
    assert (broken.status, broken.content_type) == (500, JSON)
    assert broken.json["wrapped"]["detail"] == "Unhandled Exception"
    for missing in (twins.ask("/nope"), twins.ask("/web/nope", headers=XHR)):
        assert (missing.status, missing.content_type) == (404, JSON)
        assert missing.json["wrapped"]["title"] == "Not Found"


def test_a_response_decorator_does_not_touch_pages_and_texts() -> None:
    twins = Twins.built(with_decorator(with_wraps))

    assert heading(twins.ask("/web/nope")) == "Page not found"
    text = twins.ask("/nope", headers=[("Accept", "text/plain")])
    assert (text.content_type, text.text.splitlines()[0]) == (TEXT, "404 Not Found")


@pytest.mark.parametrize(
    ("path", "headers", "vary"), [("/nope", (), "Accept"), ("/web/nope", XHR, "Accept, X-Requested-With")]
)
def test_a_decorated_document_says_which_headers_led_to_it(ask: Ask, path: str, headers: Headers, vary: str) -> None:
    assert ask(with_decorator(with_wraps), path, headers=headers).header("Vary") == vary


@pytest.mark.parametrize(
    "answered",
    [
        a_catch_all(lambda exc: "no"),
        a_catch_all(lambda exc: ("no", {"X-Cheese": "none"})),
        with_decorator(with_wraps),
        with_decorator(returning_the_document_only),
    ],
    ids=["text", "text and headers", "decorated", "decorated, without headers"],
)
def test_every_challenge_of_an_error_survives_in_what_a_handler_or_decorator_returns(ask: Ask, answered: Part) -> None:
    challenges = [("WWW-Authenticate", 'Basic realm="cheese"'), ("WWW-Authenticate", 'Bearer realm="cheese"')]

    locked = failing("/locked", lambda: Problem(401, headers=challenges))

    response = ask(an_app(answered, locked), "/locked")

    assert response.status == 401
    assert response.header("WWW-Authenticate") == 'Basic realm="cheese", Bearer realm="cheese"'


def test_a_status_and_headers_of_the_response_decorator_are_kept(ask: Ask) -> None:
    def always_fine(world: World) -> Decorator:
        return lambda function: lambda: ({"ok": False}, 200, {"X-Envelope": "1"})

    response = ask(with_decorator(always_fine), "/nope")

    assert (response.status, response.json, response.header("X-Envelope")) == (200, {"ok": False}, "1")


@pytest.mark.parametrize(
    ("config", "made", "sent"),
    [
        ({}, "application/json", "application/problem+json"),
        ({}, "application/xml", "application/problem+xml"),
        ({}, "application/vnd.cheese", "application/vnd.cheese"),
        ({"ERROR_CONTENT_TYPES": ("json",)}, "application/json", "application/problem+json"),
        ({"ERROR_CONTENT_TYPES": ("json",)}, "application/xml", "application/xml"),
        ({"ERROR_CONTENT_TYPES": ("xml",)}, "application/json", "application/json"),
        ({"ERROR_FORCE_CONTENT_TYPE": False}, "application/json", "application/json"),
        ({"ERROR_FORCE_CONTENT_TYPE": False}, "application/xml", "application/xml"),
    ],
)
def test_the_content_type_of_a_decorated_document_is_forced_as_configured(
    ask: Ask, config: dict[str, Any], made: str, sent: str
) -> None:
    def make(world: World) -> Decorator:
        return lambda function: lambda: world.framework.Response("document", 404, {"Content-Type": made})

    response = ask(with_decorator(make, **config), "/nope")

    assert (response.status, response.content_type, response.text) == (404, sent, "document")


def test_a_decorated_document_is_in_the_language_of_the_client(ask: Ask) -> None:
    headers = [("Accept-Language", "de"), ("Accept", "application/json")]

    response = ask(with_decorator(with_wraps, ERROR_LANGUAGES=("en", "de")), "/nope", headers=headers)

    assert (response.header("Content-Language"), response.json["wrapped"]["title"]) == ("de", "Nicht gefunden")


def test_a_response_decorator_may_take_the_incident_and_leave_a_document_as_it_is(ask: Ask) -> None:
    def make(world: World) -> Decorator:
        def decorator(function: Document) -> Callable[..., Any]:
            @functools.wraps(function)
            def wrapper(incident: Incident) -> Any:
                if incident.request.path.startswith("/v1/"):
                    document, status, headers = function()
                    return Reply(document["title"], status, {**headers, "Content-Type": "application/json"})
                return None

            return wrapper

        return decorator

    old, new = (ask(with_decorator(make), path) for path in ("/v1/nope", "/v2/nope"))

    assert (old.status, old.content_type, old.text) == (404, "application/json", "Not Found")
    assert (new.status, new.content_type, list(new.json)) == (404, JSON, ["type", "title", "status", "instance"])


def test_a_response_decorator_may_return_a_callable_without_a_signature(ask: Ask) -> None:
    response = ask(with_decorator(lambda world: lambda function: dict), "/nope")

    assert (response.status, response.json) == (404, {})


def test_the_response_decorator_given_to_init_app_counts_for_that_app(ask: Ask) -> None:
    def an_app_with_a_decorator_of_its_own(world: World) -> None:
        world.errors = world.adapter.ErrorHandler(response=returning_the_document_only(world))
        world.errors.init_app(world.app, response=lambda function: lambda: {"own": function()[1]}, handler="api")

    assert ask(an_app_with_a_decorator_of_its_own, "/nope").json == {"own": 404}
