"""Applications whose views, handlers and templates fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.exceptions import NotFound, ServiceUnavailable

from errbridge import Page, Problem
from tests.applications import (
    Application,
    a_catch_all,
    a_handler,
    a_hook,
    an_app,
    answering,
    failing,
    in_style,
    raising,
    with_templates,
)
from tests.twins import World


class Failure(Exception):
    """What goes wrong while an error is answered."""


class Bug(Exception):
    """What goes wrong in a view."""


def chained(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and its causes."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def shown_by(record: logging.LogRecord) -> list[type[BaseException]]:
    assert record.exc_info is not None
    return [type(error) for error in chained(record.exc_info[1])]


class Unprintable(Failure):
    """An exception that cannot be printed."""

    def __str__(self) -> str:
        raise RuntimeError("secret")

    __repr__ = __str__


async def later_failing() -> Any:
    await asyncio.sleep(0)
    raise Failure("secret")


class FailingHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise Failure("secret")


STATUS = {"404": 404, "503": 503, "problem": 409, "bug": 500}
"""The views of `a_fragile_app` and their statuses; /key is not among them."""

a_fragile_app = an_app(
    failing("/404", NotFound),
    failing("/503", ServiceUnavailable),
    failing("/problem", lambda: Problem(409, detail="sold")),
    failing("/bug", lambda: Bug("secret")),
    failing("/key", lambda: KeyError("secret")),
)
"""One view for each kind of error."""


def a_fragile_app_with(handler: Callable[[Any], Any], key: Any = None) -> Application:
    """Set up the views that fail, a handler, and a template ``page.html``."""
    registered = a_catch_all(handler) if key is None else a_handler(key, handler)
    return an_app(a_fragile_app, with_templates({"page.html": "page"}), registered)


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


def a_fragile_site(template: str, *, from_handler: bool = False) -> Application:
    """Set up the views that fail, and a template for their page.

    Args:
        template: The source of ``error.html``, in which ``fail()`` raises and ``stopping`` is a filter that raises.
        from_handler: A handler shows the template, too, instead of the style alone.
    """

    def names(world: World) -> None:
        world.app.jinja_env.globals["fail"] = raising(lambda: Failure("secret"))
        world.app.jinja_env.filters["stopping"] = raising(lambda: StopIteration("secret"))

    handlers = (a_catch_all(lambda exc: Page("error.html")),) if from_handler else ()
    return an_app(a_fragile_app, names, with_templates({"error.html": template}), in_style("web"), *handlers)


def around(where: str, make: Callable[[], BaseException]) -> Application:
    """Set up /page with a function that raises: the view itself, or a function around it such as ``before_request``."""
    if where == "view":
        return failing("/page", make)
    return an_app(answering("/page"), a_hook(where, raising(make)))


def returning(make: Callable[[], Any]) -> Callable[[Any], Any]:
    """Make a handler that returns what a function makes."""
    return lambda exc: make()


def bug() -> Bug:
    return Bug("secret")


def coloured(world: World, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function as the framework wants its own: async for Quart."""

    async def later(*args: Any) -> Any:
        return function(*args)

    return later if world.is_async else function


def records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return the records of errbridge; where it left that to the framework, those of the framework."""
    own = [record for record in caplog.records if record.name == "errbridge"]
    return own or [record for record in caplog.records if hasattr(record, "incident_id")]
