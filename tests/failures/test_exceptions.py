"""Exceptions that are broken themselves."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import (
    BadRequestKeyError,
    Conflict,
    HTTPException,
)

import errbridge
from errbridge import Problem
from tests.applications import Ask, Part, a_handler, a_native_handler, an_api, an_app, failing, without_its_log
from tests.clients import Request
from tests.failures.fragile import Bug, Failure, Unprintable
from tests.own_answers import EVERY, accepting, complete
from tests.twins import World


class Wordless(HTTPException):
    """An HTTP exception whose parts all fail to be read."""

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


@pytest.mark.parametrize(("make", "status"), [(Bug, 500), (lambda: BadRequestKeyError("page"), 400)])
def test_modules_that_cannot_be_imported_any_more_are_not_needed(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, make: Any, status: int
) -> None:
    """The process has too many open files, or another release has taken the place of its own."""
    monkeypatch.setitem(sys.modules, "errbridge.validation", None)
    monkeypatch.delattr(errbridge, "validation", raising=False)
    an_api(failing("/", make))(world)

    with caplog.at_level(logging.INFO):
        response = world.call(Request("/"))

    assert response.status == status
    (record,) = caplog.records
    assert record.incident_id in response.text  # type: ignore[attr-defined]
