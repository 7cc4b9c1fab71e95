"""One application built twice, once for Flask and once for Quart, and asked the same.

An application is a function of a `World`, which has the names that differ between the frameworks; the same function
sets up both applications. `tests.applications` has words for the parts of most applications. A particular one is a
function with a name of its own:

    def an_app_with_two_apis(world):
        for name in ("orders", "stock"):
            api = world.Blueprint(name, __name__, url_prefix=f"/{name}")
            world.errors.api_register(api)
            world.app.register_blueprint(api)

    def test_a_missing_url_under_a_prefix_belongs_to_its_blueprint(ask):
        response = ask(an_app_with_two_apis, "/stock/nope")
        assert response.content_type == "application/problem+json"

``ask`` returns the response after a check that both frameworks answered with the same status, headers and body.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import flask
import quart

import errbridge_flask
import errbridge_quart
from tests.clients import Request, Response, call_asgi, call_wsgi

__all__ = ["WORLDS", "Application", "Build", "Twins", "World", "ask_both"]


@dataclass
class World:
    """One of the two frameworks, with an application and its error handler ready to be set up.

    Attributes:
        name: ``flask`` or ``quart``.
        framework: The module.
        adapter: The module of errbridge for it.
        options: Arguments of ``ErrorHandler``.
        app_options: Arguments of the application's class.
        config: The application's configuration, beyond the defaults.
        blueprints: Those that `tests.applications` made, by name.
    """

    name: str
    framework: Any
    adapter: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    app_options: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    blueprints: dict[str, Any] = field(default_factory=dict)
    _app: Any = None
    _errors: Any = None
    _place: Any = None

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
        """The application, made when it is first needed."""
        if self._app is None:
            self._app = self.App("tests.twins", **self.app_options)
            self._app.config.update(self.config)
        return self._app

    @app.setter
    def app(self, app: Any) -> None:
        self._app = app

    @property
    def errors(self) -> Any:
        """The error handler of the application, initialised when it is first needed."""
        if self._errors is None:
            self._errors = self.adapter.ErrorHandler(self.app, **self.options)
        return self._errors

    @errors.setter
    def errors(self, errors: Any) -> None:
        self._errors = errors

    @property
    def place(self) -> Any:
        """The blueprint, or other target, that is being set up; else the application."""
        return self.app if self._place is None else self._place

    @contextmanager
    def inside(self, target: Any) -> Iterator[None]:
        """Set up a target: within the block it is the `place`. None is the application."""
        around, self._place = self._place, target
        try:
            yield
        finally:
            self._place = around

    def render(self, source: str, **context: Any) -> Any:
        """Render a template from a string, an awaitable on Quart."""
        return self.framework.render_template_string(source, **context)

    def call(self, request: Request) -> Response:
        """Call the application as a server does."""
        assert self.errors is not None  # errbridge is installed even if the application does nothing with it
        if self.is_async:
            return asyncio.run(call_asgi(self.app, request))
        return call_wsgi(self.app, request)

    def find_escaped(self, path: str, kind: type[BaseException] = Exception) -> BaseException | None:
        """Request a path, and return the exception that reached the server; None if there was an answer."""
        if not self.is_async:
            try:
                self.call(Request(path))
            except kind as error:
                return error
            return None
        assert self.errors is not None
        out: list[BaseException] = []
        handle_request = self.app.handle_request

        async def watched(request: Any) -> Any:
            try:
                return await handle_request(request)
            except kind as error:
                out.append(error)
                return quart.Response("escaped", 500)

        self.app.handle_request = watched
        try:
            self.call(Request(path))
        finally:
            self.app.handle_request = handle_request
        return out[0] if out else None


Application = Callable[[World], Any]
Build = Application  # the name that some tests still have for it


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
    def built(cls, application: Application, **world: Any) -> Twins:
        """Set up an application on both; keyword arguments go to the `World`."""
        twins = cls(flask_world(**world), quart_world(**world))
        for each in twins.worlds:
            application(each)
        return twins

    @property
    def worlds(self) -> tuple[World, World]:
        return self.flask, self.quart

    def ask(
        self, path: str, method: str = "GET", *, headers: Iterable[tuple[str, str]] = (), **request: Any
    ) -> Response:
        """Send a request to both, check that they agree, and return the response."""
        asked = Request(path, method, tuple(headers), **request)
        first, second = (world.call(asked) for world in self.worlds)
        assert first.comparable() == second.comparable(), (
            f"Flask and Quart differ on {method} {path}:\n  Flask: {first.comparable()}\n  Quart: {second.comparable()}"
        )
        return first


def ask_both(application: Application, path: str, method: str = "GET", **request: Any) -> Response:
    """Set up an application on both, send one request to both, and return the response on which they agree."""
    world = {key: request.pop(key) for key in ("options", "app_options", "config") if key in request}
    return Twins.built(application, **world).ask(path, method, **request)
