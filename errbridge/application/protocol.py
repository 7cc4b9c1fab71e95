"""What the core asks of a framework. The adapters answer; the core never sees who."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from errbridge.handlers.handlers import HttpClasses
from errbridge.incident import Reply
from errbridge.scopes.patterns import ConverterLookup
from errbridge.scopes.scope import Scope

__all__ = ["Framework", "NativeAnswer", "NativeHandler", "Place"]


class Place(NamedTuple):
    """Where a blueprint is registered.

    Attributes:
        scope: Its name, with the effective prefix and host if it has any.
        blueprint: The object that handlers are registered on.
    """

    scope: Scope
    blueprint: object


class NativeHandler(NamedTuple):
    """The framework's own choice among the handlers that were registered with it.

    Attributes:
        function: The handler.
        exception: What the framework would call it with.
        blueprint: Where it is registered; None for the application.
        is_async: Whether calling it gives an awaitable.
        generic: Whether it would be chosen for any exception at all.
    """

    function: Callable[..., Any]
    exception: BaseException
    blueprint: str | None
    is_async: bool
    generic: bool


class NativeAnswer(NamedTuple):
    """An answer that only the framework can turn into a response, and what it still lacks.

    Attributes:
        body: Anything that a view may return alone.
        status: None where the body is a response with a status of its own.
        headers: Given by the handler.
        defaults: Added where the response has no such header.
        content_type: Maps the response's content type to the one to send.
        vary: The request headers that the choice of this answer depended on.
    """

    body: Any
    status: int | str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()
    content_type: Callable[[str], str] | None = None
    vary: str | None = None


class Framework(Protocol):
    """One application of a framework.

    ``make_response`` and ``render_template`` are called by the driver in the framework's own colour: they are
    coroutine functions where the adapter is async.
    """

    @property
    def http(self) -> HttpClasses:
        """The framework's exception classes."""
        ...

    @property
    def response_types(self) -> tuple[type, ...]:
        """The classes of its response objects."""
        ...

    @property
    def config(self) -> Mapping[str, Any]:
        """The application's configuration."""
        ...

    @property
    def converters(self) -> ConverterLookup:
        """The converters that its routes can use."""
        ...

    @property
    def logger_name(self) -> str | None:
        """The logger on which the framework records uncaught exceptions; None when nobody does."""
        ...

    @property
    def native_handlers(self) -> object:
        """What was registered with the framework itself; false if nothing was, and `native_handler` gives None."""
        ...

    def version(self) -> object:
        """Tell by a value that compares unequal that `places`, or the settings in `config`, are others by now."""
        ...

    def places(self) -> Iterable[Place]:
        """List where blueprints are registered."""
        ...

    def native_handler(self, exc: BaseException, blueprints: Sequence[str]) -> NativeHandler | None:
        """Ask the framework which of its own handlers it chooses."""
        ...

    def propagates(self) -> bool:
        """Tell whether exceptions are shown to the developer instead of being answered."""
        ...

    def find_template(self, names: Sequence[str]) -> str | None:
        """Find the first template that exists."""
        ...

    def caches_templates(self) -> bool:
        """Tell whether a template that was missing will stay so."""
        ...

    def render_template(self, names: str | Sequence[str], context: Mapping[str, Any]) -> Any:
        """Render a template as the application does."""
        ...

    def template_fault(self, error: Exception) -> str:
        """Tell where in which template an exception of `render_template` arose; empty if nobody knows."""
        ...

    def make_response(self, answer: NativeAnswer, method: str) -> Any:
        """Make a response of the framework."""
        ...

    def described(self, given: Any) -> Reply:
        """Describe a response, or a body that becomes one: headers, and the content unless it is a stream."""
        ...
