"""Exceptions that are broken, and exception groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import (
    Conflict,
    HTTPException,
    NotFound,
    ServiceUnavailable,
)

from errbridge import Problem
from tests.applications import Ask, Part, a_handler, a_native_handler, an_app, failing, without_its_log
from tests.clients import Request
from tests.failures.fragile import Bug, Failure, Unprintable
from tests.own_answers import EVERY, MODES, accepting, complete
from tests.twins import World

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

    response = ask(an_app(without_its_log, failing("/broken", make)), "/broken", headers=accepting(accept))

    complete(response, status, accept)


@pytest.mark.parametrize(
    "handler",
    [
        a_native_handler(Own, lambda exc: (f"handled {exc.sku}", 409)),
        a_handler(409, lambda exc: f"handled {exc.sku}"),
    ],
    ids=["native", "errbridge"],
)
def test_an_http_exception_that_was_not_initialised_reaches_its_handlers(ask: Ask, handler: Part) -> None:
    response = ask(an_app(failing("/own", lambda: Own("a")), handler), "/own")

    assert (response.status, response.text) == (409, "handled a")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Lazy(), {"value": "Lazy"}), ([Lazy()], {"value": ["Lazy"]}), ({"a": Lazy()}, {"value": {"a": "Lazy"}})],
)
def test_a_value_that_fails_to_be_text_is_named(ask: Ask, value: Any, expected: dict[str, Any]) -> None:
    response = ask(failing("/", lambda: Problem(409, value=value)), "/", headers=accepting("application/json"))

    complete(response, 409, "application/json")
    assert {"value": response.json["value"]} == expected


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
    response = ask(failing("/group", make), "/group", headers=accepting("application/json"))

    complete(response, status, "application/json")
    assert response.json["detail"] == ("Unhandled Exception" if status == 500 else "here")


@pytest.mark.parametrize("mode", MODES)
def test_a_group_is_shown_to_the_developer_unless_it_stands_for_an_http_error(world: World, mode: str) -> None:
    world.config = MODES[mode]
    an_app(failing("/mixed", group(NotFound(), Bug("secret"))), failing("/http", group(NotFound("here"))))(world)

    assert isinstance(world.find_escaped("/mixed"), ExceptionGroup)
    assert world.find_escaped("/http") is None
    assert world.call(Request("/http")).status == 404


@pytest.mark.parametrize(
    "handler",
    [
        a_native_handler(404, lambda exc: (f"handled {exc.description}", 404)),
        a_handler(404, lambda exc: f"handled {exc.description}"),
    ],
    ids=["native", "errbridge"],
)
def test_the_handlers_of_an_http_error_in_a_group_are_asked(ask: Ask, handler: Part) -> None:
    response = ask(an_app(failing("/group", group(NotFound("here"))), handler), "/group")

    assert (response.status, response.text) == (404, "handled here")
