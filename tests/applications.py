"""A vocabulary of applications, so that a test reads like a sentence.

An application is a function that sets up a `World`. The functions here make such functions, and combine them:

    ask(an_api(failing("/broken", KeyError)), "/broken")

    an_app(
        a_blueprint("shop", in_style("web"), failing("/buy", SoldOut)),
        a_handler(404, says("not here")),
    )

Each part adds something to its place: the application itself, or the blueprint around the part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from jinja2 import DictLoader

from errbridge import Handlers, Reply
from tests.clients import Response
from tests.twins import Application, World

__all__ = [
    "HTML",
    "JSON",
    "TEXT",
    "XML",
    "Application",
    "Ask",
    "Part",
    "a_blueprint",
    "a_catch_all",
    "a_handler",
    "a_hook",
    "a_native_handler",
    "a_site",
    "a_view",
    "aborting",
    "an_api",
    "an_app",
    "answering",
    "at",
    "failing",
    "in_style",
    "including",
    "raising",
    "says",
    "with_templates",
    "without_its_log",
]

Ask = Callable[..., Response]
"""The type of the fixture ``ask``."""

Part = Application
"""A part of an application is a function of the same kind."""

JSON = "application/problem+json"
XML = "application/problem+xml"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


def an_app(*parts: Part) -> Application:
    """Combine parts to an application; the parts are added in this order."""

    def set_up(world: World) -> None:
        for part in parts:
            part(world)

    return set_up


def an_api(*parts: Part) -> Application:
    """Combine parts to an application in the style of an API."""
    return an_app(in_style("api"), *parts)


def a_site(*parts: Part) -> Application:
    """Combine parts to an application in the style of a website."""
    return an_app(in_style("web"), *parts)


def a_blueprint(name: str, *parts: Part, url_prefix: str | None = "", **options: Any) -> Part:
    """Register a blueprint that has these parts.

    Args:
        name: Of the blueprint.
        parts: Added to the blueprint, before it is registered.
        url_prefix: ``/name`` by default; None for a blueprint without a prefix.
        options: For the class of the blueprint.
    """

    def set_up(world: World) -> None:
        prefix = f"/{name}" if url_prefix == "" else url_prefix
        blueprint = world.blueprints[name] = world.Blueprint(name, "tests.twins", url_prefix=prefix, **options)
        with world.inside(blueprint):
            an_app(*parts)(world)
        world.place.register_blueprint(blueprint)

    return set_up


def at(place: str, *parts: Part) -> Part:
    """Add parts to another place: ``app``, the name of a blueprint, or a prefix such as ``/zone``."""

    def set_up(world: World) -> None:
        target = {"app": None, **world.blueprints}.get(place, place)
        with world.inside(target):
            an_app(*parts)(world)

    return set_up


def in_style(style: str, *targets: Any) -> Part:
    """Register a style, ``api``, ``web``, ``failure`` or ``default``, for targets or else the place of the part."""
    return lambda world: getattr(world.errors, f"{style}_register")(*(targets or (world.place,)))


def a_view(url: str, function: Callable[..., Any], *, endpoint: str | None = None, **options: Any) -> Part:
    """Add a view; without an endpoint it gets one that is made of its URL."""
    endpoint = endpoint or re.sub(r"\W", "_", url)
    return lambda world: world.place.add_url_rule(url, endpoint, view_func=function, **options)


def answering(url: str, result: Any = "page", **options: Any) -> Part:
    """Add a view that returns the same each time."""
    return a_view(url, lambda **values: result, **options)


def failing(url: str, make: Callable[[], BaseException], **options: Any) -> Part:
    """Add a view that raises what a class or function makes."""
    return a_view(url, raising(make), **options)


def aborting(url: str, *arguments: Any, **options: Any) -> Part:
    """Add a view that calls the framework's ``abort`` with these arguments."""
    return lambda world: a_view(url, lambda **values: world.abort(*arguments, **options))(world)


def a_catch_all(function: Callable[..., Any], *, on: Any = None) -> Part:
    """Register a handler for every error through errbridge, for the target ``on`` or else the place of the part."""
    return lambda world: world.errors.register(world.place if on is None else on)(function)


def a_handler(key: Any, function: Callable[..., Any], *, on: Any = None) -> Part:
    """Register a handler through errbridge, for the target ``on`` or else the place of the part."""
    return lambda world: world.errors.register(world.place if on is None else on, code=key)(function)


def including(handlers: Handlers, *, on: Any = None) -> Part:
    """Include a module of handlers, for the target ``on`` or else the place of the part."""
    return lambda world: world.errors.include(handlers, world.place if on is None else on)


def a_native_handler(key: Any, function: Callable[..., Any]) -> Part:
    """Register a handler with the framework itself."""
    return lambda world: world.place.register_error_handler(key, function)


def a_hook(name: str, function: Callable[..., Any]) -> Part:
    """Register a function around requests, such as ``before_request``."""
    return lambda world: getattr(world.place, name)(function)


def with_templates(templates: Mapping[str, str]) -> Part:
    """Let the application have these templates, by name; ``error.html`` is its ``ERROR_PAGE``."""

    def set_up(world: World) -> None:
        world.app.jinja_loader = DictLoader(templates)
        if "error.html" in templates and world.app.config.get("ERROR_PAGE") is None:
            world.app.config["ERROR_PAGE"] = "error.html"

    return set_up


def without_its_log(world: World) -> None:
    """Silence the application's own logger, where a record of it cannot be printed or is not wanted."""
    world.app.logger.disabled = True


def raising(make: Callable[[], BaseException]) -> Callable[..., NoReturn]:
    """Make a function that raises, whatever it is called with."""

    def fail(*args: Any, **kwargs: Any) -> NoReturn:
        raise make()

    return fail


def says(text: str) -> Callable[[BaseException], Reply]:
    """Make a handler that always answers with this text."""
    return lambda exc: Reply(text)
