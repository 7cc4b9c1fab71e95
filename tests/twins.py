"""One application built twice, once for Flask and once for Quart, and asked the same.

A test writes a builder, a function of a `World`. The world brings the names that differ between the frameworks, so
that the builder itself is the same code for both:

    def build(world):
        api = world.Blueprint("api", __name__, url_prefix="/api")
        world.errors.api_register(api)
        world.app.register_blueprint(api)

    def test_a_missing_url_under_a_prefix_belongs_to_its_blueprint(ask):
        response = ask(build, "/api/nope")
        assert response.content_type == "application/problem+json"

``ask`` gives the response after it has made sure that both frameworks answered with the same status, headers and body.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import flask
import quart

import errbridge_flask
import errbridge_quart
from tests.clients import Request, Response, call_asgi, call_wsgi

__all__ = ["WORLDS", "Build", "Twins", "World", "ask_both"]


@dataclass
class World:
    """One of the two frameworks, with an application and its error handler ready to be set up.

    Attributes:
        name: ``flask`` or ``quart``.
        framework: The module.
        adapter: The module of errbridge for it.
        options: Given to ``ErrorHandler``.
        app_options: Given to the application's class.
    """

    name: str
    framework: Any
    adapter: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    app_options: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    _app: Any = None
    _errors: Any = None

    @property
    def is_async(self) -> bool:
        return self.name == "quart"

    @property
    def App(self) -> Any:  # noqa: N802 - it is a class
        return self.framework.Quart if self.is_async else self.framework.Flask

    @property
    def Blueprint(self) -> Any:  # noqa: N802 - it is a class
        return self.framework.Blueprint

    @property
    def abort(self) -> Any:
        return self.framework.abort

    @property
    def app(self) -> Any:
        """The application, made at the first look."""
        if self._app is None:
            self._app = self.App("tests.twins", **self.app_options)
            self._app.config.update(self.config)
        return self._app

    @app.setter
    def app(self, app: Any) -> None:
        self._app = app

    @property
    def errors(self) -> Any:
        """The error handler of the application, initialised at the first look."""
        if self._errors is None:
            self._errors = self.adapter.ErrorHandler(self.app, **self.options)
        return self._errors

    @errors.setter
    def errors(self, errors: Any) -> None:
        self._errors = errors

    def render(self, source: str, **context: Any) -> Any:
        """Render a template from a string, an awaitable on Quart."""
        return self.framework.render_template_string(source, **context)

    def call(self, request: Request) -> Response:
        """Ask the application as a server does."""
        assert self.errors is not None  # errbridge is installed even where the builder does nothing with it
        if self.is_async:
            return asyncio.run(call_asgi(self.app, request))
        return call_wsgi(self.app, request)


Build = Callable[[World], Any]


def flask_world(**options: Any) -> World:
    return World("flask", flask, errbridge_flask, **options)


def quart_world(**options: Any) -> World:
    return World("quart", quart, errbridge_quart, **options)


WORLDS: Mapping[str, Callable[..., World]] = {"flask": flask_world, "quart": quart_world}


@dataclass
class Twins:
    """The same application on both frameworks."""

    flask: World
    quart: World

    @classmethod
    def built(cls, build: Build, **world: Any) -> Twins:
        """Run a builder for both; keyword arguments go to the `World`."""
        twins = cls(flask_world(**world), quart_world(**world))
        for each in twins.worlds:
            build(each)
        return twins

    @property
    def worlds(self) -> tuple[World, World]:
        return self.flask, self.quart

    def ask(
        self, path: str, method: str = "GET", *, headers: Iterable[tuple[str, str]] = (), **request: Any
    ) -> Response:
        """Ask both, make sure that they agree, and give the answer."""
        asked = Request(path, method, tuple(headers), **request)
        first, second = (world.call(asked) for world in self.worlds)
        assert first.comparable() == second.comparable(), (
            f"Flask and Quart differ on {method} {path}:\n  Flask: {first.comparable()}\n  Quart: {second.comparable()}"
        )
        return first


def ask_both(build: Build, path: str, method: str = "GET", **request: Any) -> Response:
    """Build for both, ask both once, and give the answer on which they agree."""
    world = {key: request.pop(key) for key in ("options", "app_options", "config") if key in request}
    return Twins.built(build, **world).ask(path, method, **request)
