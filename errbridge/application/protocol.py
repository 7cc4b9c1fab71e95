"""What the core asks of one application; it knows nothing else of a framework. An adapter implements `Application`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from errbridge.handlers.handlers import HTTPErrorClasses
from errbridge.incident import CloseFrame, Reply
from errbridge.mapping.facts import HTTPErrorFacts
from errbridge.scopes.patterns import ConverterLookup
from errbridge.scopes.scope import Scope

__all__ = ["Application", "Draft", "NativeHandler", "Place"]


class Place(NamedTuple):
    """Where a blueprint is registered.

    Attributes:
        scope: Its name, with the effective prefix and host if it has any.
        blueprint: The object that handlers are registered on.
    """

    scope: Scope
    blueprint: object


@dataclass(frozen=True, slots=True)
class NativeHandler:
    """The framework's choice among the handlers that are registered with the framework itself.

    Attributes:
        function: The handler.
        exception: The argument that the framework would call it with.
        blueprint: The blueprint that it is registered on; None for the application.
        is_async: Whether a call returns an awaitable.
        is_generic: Whether it is a catch-all: the framework would choose it for any exception, or for any HTTP error.
    """

    function: Callable[..., Any]
    exception: BaseException
    blueprint: str | None
    is_async: bool
    is_generic: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A response in the making: a body that only the framework can convert, and what has to be added to it.

    Attributes:
        body: Anything that a view may return by itself.
        status: None if *body* is a response with a status of its own.
        headers: Headers of the handler; they replace those of the body.
        defaults: Headers to add where the response has none of that name.
        content_type: Maps the response's content type to the one to send.
        vary: The request headers that the choice of this answer depended on.
    """

    body: Any
    status: int | str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()
    content_type: Callable[[str], str] | None = None
    vary: str | None = None


class Application(Protocol):
    """One application of a framework, as the core sees it.

    The driver calls ``make_response`` and ``render_template`` in the framework's own colour: they are coroutine
    functions if the adapter is async. Everything else is a plain function.
    """

    @property
    def http_classes(self) -> HTTPErrorClasses:
        """The framework's exception classes for HTTP errors."""
        ...

    @property
    def response_types(self) -> tuple[type, ...]:
        """The classes of the framework's response objects."""
        ...

    @property
    def config(self) -> Mapping[str, Any]:
        """The application's configuration."""
        ...

    @property
    def converters(self) -> ConverterLookup:
        """The URL converters that the application's routes can use."""
        ...

    @property
    def logger_name(self) -> str | None:
        """The logger on which the framework records uncaught exceptions; None if it records none."""
        ...

    @property
    def version(self) -> object:
        """A value that changes whenever `places` may return something else."""
        ...

    def places(self) -> Iterable[Place]:
        """List where blueprints are registered."""
        ...

    def http_error(self, exc: BaseException) -> HTTPErrorFacts | None:
        """Read an HTTP exception of the framework; return None for any other exception."""
        ...

    def traps(self, exc: BaseException) -> bool:
        """Return whether the application's settings turn this HTTP error into a crash."""
        ...

    def native_handler(self, exc: BaseException, blueprints: Sequence[str]) -> NativeHandler | None:
        """Find the framework's own handler for an exception."""
        ...

    def propagates(self) -> bool:
        """Return whether uncaught exceptions are raised for the developer to see (propagate mode)."""
        ...

    def find_template(self, names: Sequence[str]) -> str | None:
        """Find the first template that exists."""
        ...

    def caches_templates(self) -> bool:
        """Return whether a template that is missing now stays missing."""
        ...

    def render_template(self, names: str | Sequence[str], context: Mapping[str, Any]) -> Any:
        """Render a template as the application does."""
        ...

    def locate_template_error(self, error: Exception) -> str:
        """Describe where in which template an exception arose; return "" if that is unknown."""
        ...

    def make_response(self, draft: Draft, method: str) -> Any:
        """Convert a draft to a response of the framework."""
        ...

    def describe_response(self, value: Any) -> Reply:
        """Describe a response, or a value that becomes one, for hooks. The body of a stream is left out."""
        ...

    def close_websocket(self, frame: CloseFrame) -> None:
        """Close the current WebSocket with this frame when its view ends."""
        ...
