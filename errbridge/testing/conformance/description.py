"""The words in which applications, questions and expectations are described. None of them knows a framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import Any, Literal, NoReturn

from errbridge.scopes.scope import Scope

__all__ = ["Action", "Application", "Area", "Case", "Expected", "Group", "On", "Question", "Route", "Style"]

Style = Literal["api", "web", "default"]

Abort = Callable[..., NoReturn]
"""The framework's way to abort: called with a status, or a status and words."""

Action = Callable[[Abort], Any]
"""What a view or a handler does: it returns something, raises an exception, or calls the framework's *abort*."""


@dataclass(frozen=True, slots=True)
class Route:
    """A URL and what its view does."""

    path: str  #: below the prefix of its group, with ``<name>`` and ``<int:name>`` for what varies
    does: Action  #: the action of the view
    methods: tuple[str, ...] = ("GET",)

    def view(self, abort: Abort) -> Callable[..., Any]:
        """Make the view, a plain function that takes the values of the URL and may call the framework's *abort*."""

        def view(**values: Any) -> Any:
            return self.does(abort)

        return view


@dataclass(frozen=True, slots=True)
class On:
    """A handler that is registered through errbridge."""

    key: Any  #: a status, an exception class, ``"4xx"``, ``"5xx"``, or a tuple of them; None for everything
    does: Action
    #: A plain function, a coroutine function, an object with an async ``__call__``, or a plain function that returns an
    #: awaitable.
    colour: Literal["sync", "async", "object", "awaitable"] = "sync"
    arity: Literal[1, 2] = 1  #: 1 for ``(exc)``, 2 for ``(exc, incident)``

    def handler(self, abort: Abort) -> Callable[..., Any]:
        """Make the handler, which may call the framework's *abort*."""

        def answer(*args: Any) -> Any:
            return self.does(abort)

        async def answer_later(*args: Any) -> Any:
            """Answer, as a coroutine."""
            return self.does(abort)

        def answer_by_awaitable(*args: Any) -> Any:
            return answer_later()

        made: Any = {
            "sync": answer,
            "async": answer_later,
            "object": type("AsyncObject", (), {"__call__": answer_later})(),
            "awaitable": answer_by_awaitable,
        }[self.colour]
        names = ("exc", "incident")[: self.arity]
        made.__signature__ = Signature([Parameter(name, Parameter.POSITIONAL_ONLY) for name in names])
        return made  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Group:
    """Routes that belong together: a blueprint, or whatever the framework has."""

    name: str  #: that of a nested group is ``outer.inner``
    prefix: str | None = None  #: of its URLs, if it has one; it may hold ``<name>`` and ``<int:name>``
    routes: tuple[Route, ...] = ()
    style: Style | None = None  #: how its errors look
    failure: bool = False  #: whether its uncaught exceptions get the plain page
    handlers: tuple[On, ...] = ()  #: registered for it, in this order
    nested: tuple[Group, ...] = ()  #: groups registered within it


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the URL space without routes of its own."""

    scope: Scope  #: its prefix or host
    style: Style | None = None  #: how its errors look
    handlers: tuple[On, ...] = ()  #: registered for it, in this order


@dataclass(frozen=True, slots=True)
class Application:
    """An application."""

    name: str  #: for a person
    routes: tuple[Route, ...] = ()  #: of the application itself
    groups: tuple[Group, ...] = ()
    areas: tuple[Area, ...] = ()  #: registered with errbridge only
    style: Style | None = None  #: of the application itself
    handlers: tuple[On, ...] = ()  #: registered for the application
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])  #: ``ERROR_*`` settings


@dataclass(frozen=True, slots=True)
class Question:
    """A request."""

    path: str  #: with the query
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])  #: by name; none of them is ``Host``
    host: str = "localhost"  #: the Host header


@dataclass(frozen=True, slots=True)
class Expected:
    """What has to be answered."""

    status: int
    media_type: str | None = None  #: of the content; None where that is the framework's business
    owner: str = "app"  #: the scope that the log record names
    members: Mapping[str, Any] = field(default_factory=dict[str, Any])  #: of the document; None for one that is absent
    headers: Mapping[str, str | None] = field(default_factory=dict[str, str | None])  #: None for one that is absent
    lists: Mapping[str, str] = field(default_factory=dict[str, str])  #: headers that are lists, with one of their items
    body: str | None = None  #: the whole content; None where it is not compared
    has: str = ""  #: a text that occurs in the content
    level: str | None = None  #: of the log record; by the status if None


@dataclass(frozen=True, slots=True)
class Case:
    """A question to an application, and what has to be answered."""

    name: str
    application: Application
    question: Question
    expected: Expected

    def __str__(self) -> str:
        return f"{self.application.name}: {self.name}"
