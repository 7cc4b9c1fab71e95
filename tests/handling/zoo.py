"""An application that raises everything everywhere, and a notation for its handlers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from werkzeug.exceptions import (
    BadRequest,
    Conflict,
    HTTPException,
    InternalServerError,
    NotFound,
    default_exceptions,
)

from errbridge import Problem
from tests.applications import Application, Part, a_blueprint, a_handler, a_native_handler, a_view, an_app, at, says


class SoldOut(Problem, status=409):
    """The last one is gone."""


class NoSuchPage(NotFound):
    """A 404 of the application's own."""


class Missing(HTTPException, LookupError):
    """A 404 that is also a domain exception."""

    code = 404


class Unfit(HTTPException):
    """An HTTP error that names no status."""

    description = "unfit"


ERRORS: dict[str, Callable[[], Exception]] = {
    "404": NotFound,
    "403": default_exceptions[403],
    "409": Conflict,
    "500": InternalServerError,
    "503": default_exceptions[503],
    "599": lambda: type("Strange", (HTTPException,), {"code": 599})(),
    "NoSuchPage": NoSuchPage,
    "Missing": Missing,
    "Unfit": Unfit,
    "KeyError": lambda: KeyError("lost"),
    "ValueError": lambda: ValueError("odd"),
    "Problem404": lambda: Problem(404),
    "Problem500": lambda: Problem(500),
    "SoldOut": SoldOut,
}

KEYS: dict[str, Any] = {
    "*": "*",
    "every": None,
    "4xx": "4xx",
    "5xx": "5xx",
    **{
        key.__name__: key
        for key in (
            *(Exception, LookupError, KeyError, ValueError, HTTPException, BadRequest, NotFound, Conflict),
            *(InternalServerError, NoSuchPage, Missing, Problem, SoldOut),
        )
    },
}


def key_of(name: str) -> Any:
    return int(name) if name.isdigit() else KEYS[name]


def zoo(*parts: Part) -> Application:
    """Set up an application whose views raise, at every place: app, a blueprint, one nested in it, and a prefix.

    The parts are added before the blueprints are registered, in this order.
    """

    def fail(error: str) -> NoReturn:
        make = ERRORS[error]
        raise make()

    views = a_view("/raise/<error>", fail, endpoint="fail")
    return an_app(
        views,
        a_view("/zone/raise/<error>", fail, endpoint="zone"),
        a_blueprint("outer", views, a_blueprint("inner", views), at("app", *parts)),
    )


def handlers(notation: str) -> Application:
    """Set up the zoo with handlers that answer with how they were registered.

    ``native app 404; inner LookupError``: a handler of the framework's for 404, and one of errbridge's for LookupError.
    """
    return zoo(*(_handler(line.strip()) for line in notation.split(";") if line.strip()))


def _handler(line: str) -> Part:
    *native, place, name = line.split()
    if native:
        return at(place, a_native_handler(key_of(name), lambda exc: (line, getattr(exc, "code", None) or 500)))
    return at(place, a_handler(key_of(name), says(line)))
