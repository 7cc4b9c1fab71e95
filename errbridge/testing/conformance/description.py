"""The words in which applications, questions and expectations are described. None of them knows a framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from types import MappingProxyType
from typing import Any, Literal, NoReturn

from errbridge.scopes.scope import Scope

__all__ = [
    "Abort",
    "Application",
    "Area",
    "Case",
    "Expected",
    "Fail",
    "Group",
    "On",
    "Question",
    "Raise",
    "Return",
    "Route",
]

Colour = Literal["sync", "async", "object", "awaitable"]
Style = Literal["api", "web", "default"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


# What views and handlers do.


@dataclass(frozen=True, slots=True)
class Return:
    """Return a value."""

    value: Any = "fine"


@dataclass(frozen=True, slots=True)
class Raise:
    """Raise an exception that knows no framework, a new one each time."""

    make: Callable[[], Exception]


@dataclass(frozen=True, slots=True)
class Abort:
    """Raise the framework's own exception for a status, with its own words or these."""

    status: int
    words: str | None = None


class Fail(Exception):
    """What fails in these applications. No part of its message may reach a client."""


Action = Return | Raise | Abort
AbortFunction = Callable[..., NoReturn]
"""The framework's way to abort: called with a status, or a status and words."""


def _done(action: Action, abort: AbortFunction) -> Any:
    if isinstance(action, Return):
        return action.value
    if isinstance(action, Raise):
        raise action.make()
    return abort(action.status) if action.words is None else abort(action.status, action.words)


@dataclass(frozen=True, slots=True)
class Route:
    """A URL and what its view does.

    Attributes:
        path: Below the prefix of its group, with ``<name>`` and ``<int:name>`` for what varies.
        does: The action of the view.
        methods: The view's.
    """

    path: str
    does: Action
    methods: tuple[str, ...] = ("GET",)

    def view(self, abort: AbortFunction) -> Callable[..., Any]:
        """Make the view, a plain function that takes the values of the URL.

        Args:
            abort: The framework's.
        """

        def view(**values: Any) -> Any:
            return _done(self.does, abort)

        return view


@dataclass(frozen=True, slots=True)
class On:
    """A handler that is registered through errbridge.

    Attributes:
        key: A status, an exception class, ``"4xx"``, ``"5xx"``, or a tuple of them; None for everything.
        does: What it does.
        colour: A plain function, a coroutine function, an object with an async ``__call__``, or a plain function that
            returns an awaitable.
        arity: 1 for ``(exc)``, 2 for ``(exc, incident)``.
    """

    key: Any
    does: Action
    colour: Colour = "sync"
    arity: Literal[1, 2] = 1

    def handler(self, abort: AbortFunction) -> Callable[..., Any]:
        """Make the handler.

        Args:
            abort: The framework's.
        """
        names = ("exc", "incident")[: self.arity]
        signature = Signature([Parameter(name, Parameter.POSITIONAL_ONLY) for name in names])

        def handler(*_args: Any) -> Any:
            return _done(self.does, abort)

        async def handler_later(*_args: Any) -> Any:
            """Do the same when awaited."""
            return handler()

        def handler_of_an_awaitable(*_args: Any) -> Any:
            return handler_later()

        made: Any = {
            "sync": handler,
            "async": handler_later,
            "object": _AsyncObject(handler_later),
            "awaitable": handler_of_an_awaitable,
        }[self.colour]
        made.__signature__ = signature
        return made  # type: ignore[no-any-return]


class _AsyncObject:
    def __init__(self, function: Callable[..., Awaitable[Any]]) -> None:
        self._function = function

    async def __call__(self, *args: Any) -> Any:
        return await self._function(*args)


# Applications.


@dataclass(frozen=True, slots=True)
class Group:
    """Routes that belong together: a blueprint, or whatever the framework has.

    Attributes:
        name: Its name; that of a nested group is ``outer.inner``.
        prefix: Its URL prefix, if it has one; it may hold ``<name>`` and ``<int:name>``.
        routes: Its routes.
        style: How its errors look.
        failure: Whether its uncaught exceptions get the plain page.
        handlers: Registered for it, in this order.
        nested: Groups registered within it.
    """

    name: str
    prefix: str | None = None
    routes: tuple[Route, ...] = ()
    style: Style | None = None
    failure: bool = False
    handlers: tuple[On, ...] = ()
    nested: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the URL space without routes of its own.

    Attributes:
        scope: Its prefix or host.
        style: How its errors look.
        handlers: Registered for it, in this order.
    """

    scope: Scope
    style: Style | None = None
    handlers: tuple[On, ...] = ()


@dataclass(frozen=True, slots=True)
class Application:
    """An application.

    Attributes:
        name: For a person.
        routes: Of the application itself.
        groups: Its groups.
        areas: Registered with errbridge only.
        style: Of the application itself.
        handlers: Registered for the application.
        config: ``ERROR_*`` settings.
    """

    name: str
    routes: tuple[Route, ...] = ()
    groups: tuple[Group, ...] = ()
    areas: tuple[Area, ...] = ()
    style: Style | None = None
    handlers: tuple[On, ...] = ()
    config: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


# Questions and expectations.


@dataclass(frozen=True, slots=True)
class Question:
    """A request.

    Attributes:
        path: With the query.
        method: The method.
        headers: By name; none of them is ``Host``.
        host: The Host header.
    """

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    host: str = "localhost"


@dataclass(frozen=True, slots=True)
class Expected:
    """What has to be answered.

    Attributes:
        status: The status code.
        media_type: Of the content; None where that is the framework's business.
        owner: The scope that the log record names.
        members: Of the document; None means that there is no such member.
        headers: Headers with exactly this value; None means that there is no such header.
        lists: Headers that are lists, and an item that each of them has among others.
        body: The whole content; None where it is not compared.
        has: A text that occurs in the content.
        level: Of the log record; by the status if None.
    """

    status: int
    media_type: str | None = None
    owner: str = "app"
    members: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    headers: Mapping[str, str | None] = field(default_factory=lambda: _NOTHING)
    lists: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    body: str | None = None
    has: str = ""
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A question to an application, and what has to be answered."""

    name: str
    application: Application
    question: Question
    expected: Expected

    def __str__(self) -> str:
        return f"{self.application.name}: {self.name}"
