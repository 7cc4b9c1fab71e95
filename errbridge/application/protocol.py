"""What the core asks of one application; it knows nothing else of a framework. An adapter implements `Application`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from errbridge.application.hooks import run_work
from errbridge.handlers.handlers import HTTPErrorClasses
from errbridge.http.headers import leave_out, merge_header
from errbridge.http.status import has_body, parse_status
from errbridge.incident import Reply
from errbridge.mapping.facts import HTTPErrorFacts
from errbridge.representations.response import Response
from errbridge.scopes.patterns import Converter, find_converter
from errbridge.scopes.scope import Scope

__all__ = ["Application", "Draft", "NativeHandler"]


@dataclass(frozen=True, slots=True)
class NativeHandler:
    """The framework's choice among the handlers that are registered with the framework itself.

    Attributes:
        function: The handler.
        exception: The argument that the framework would call it with.
        blueprint: The blueprint that it is registered on; None for the application.
        is_generic: Whether it is a catch-all: the framework would choose it for any exception, or for any HTTP error.
    """

    function: Callable[..., Any]
    exception: BaseException
    blueprint: str | None = None
    is_generic: bool = False

    @property
    def is_catch_all(self) -> bool:
        """Whether it is a catch-all of the application itself."""
        return self.is_generic and self.blueprint is None


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

    def finish(
        self, method: str, body: bytes = b"", *, status: int = 200, headers: Iterable[tuple[str, str]] = ()
    ) -> Response:
        """Finish the response that the framework made of the body alone.

        Args:
            method: The method of the request.
            body: The content, as far as it is complete.
            status: The status of that response.
            headers: The headers of that response.

        Returns:
            The response to send. Its body is None where there may be no content.
        """
        status = status if self.status is None else parse_status(self.status)
        found = [*leave_out(headers, self.headers), *self.headers]
        found += leave_out(self.defaults, found)  # there may be several of one name
        if self.content_type is not None:
            found = [(name, self.content_type(value) if _is(name, "content-type") else value) for name, value in found]
        if self.vary is not None:
            merge_header(found, "Vary", self.vary)
        if has_body(method, status):
            return Response(status, tuple(found), body)
        if not has_body("GET", status):  # a HEAD has the length and the type that GET would have
            found = [pair for pair in found if not _is(pair[0], "content-type", "content-length")]
        return Response(status, tuple(found), None)


def _is(name: str, *wanted: str) -> bool:
    return name.lower() in wanted


class Application(ABC):
    """One application of a framework, as the core sees it.

    An adapter derives from it. It has to have `config`, `make_response` and `describe_response`; everything else has a
    default, for a framework without blueprints, HTTP exceptions, templates and handlers of its own.

    The driver calls ``make_response``, ``render_template`` and ``send_signal`` in the framework's own colour: they are
    coroutine functions if the adapter is async. Everything else is a plain function.

    Attributes:
        http_classes: The classes of the framework's exceptions for HTTP errors.
        response_types: The classes of the framework's response objects.
        packages: The packages of the framework. A traceback for a developer begins after their frames.
    """

    http_classes = HTTPErrorClasses()
    response_types: tuple[type, ...] = ()
    packages: tuple[str, ...] = ()

    @property
    @abstractmethod
    def config(self) -> Mapping[str, Any]:
        """The application's configuration, with the ``ERROR_*`` keys."""

    @property
    def domain(self) -> str | None:
        """The application's own host, the one that subdomains are below; None where it has none."""
        return None

    @property
    def name(self) -> str:
        """The name of the application, for the log."""
        return type(self).__name__

    @property
    def is_debugged(self) -> bool:
        """Whether the application is in debug mode."""
        return False

    # Blueprints.

    @property
    def version(self) -> object:
        """A value that changes whenever `places` may return something else."""
        return None

    def places(self) -> Iterable[tuple[Scope, object]]:
        """List where blueprints are registered.

        Returns:
            Pairs: the blueprint's name with the effective prefix and host as a scope, and the object that handlers
            are registered on.
        """
        return ()

    def folder_names(self, blueprint: str) -> Sequence[str]:
        """List the names of the folders where the templates of a registered blueprint are looked up."""
        return (blueprint.rpartition(".")[2],)

    def converters(self, name: str, arguments: str | None) -> Converter:
        """Find the URL converter that routes use under a name."""
        return find_converter(name, arguments)

    # Errors.

    def http_error(self, exc: BaseException) -> HTTPErrorFacts | None:
        """Read an HTTP exception of the framework; return None for any other exception."""
        return None

    def override(self, exc: BaseException, status: int | None, headers: Sequence[tuple[str, str]]) -> BaseException:
        """Return an HTTP exception of the framework with the status and the headers of the tuple that it was in."""
        return exc

    def traps(self, exc: BaseException) -> bool:
        """Return whether the application's settings turn this HTTP error into a crash."""
        return False

    def propagates(self) -> bool:
        """Return whether uncaught exceptions are raised for the developer to see (propagate mode)."""
        return False

    def native_handler(self, exc: BaseException, blueprints: Sequence[str]) -> NativeHandler | None:
        """Find the framework's own handler for an exception."""
        return None

    # Texts and templates.

    @property
    def catalogues(self) -> Iterable[tuple[str, str]]:
        """The domains and folders of the application's catalogues of messages, as `gettext` has them."""
        return ()

    def find_template(self, names: Sequence[str]) -> str | None:
        """Find the first template that exists."""
        return None

    def caches_templates(self) -> bool:
        """Return whether a template that is missing now stays missing."""
        return True

    def render_template(
        self, names: str | Sequence[str], context: Mapping[str, Any], owner: Scope | None = None
    ) -> Any:
        """Render a template as the application does, or as a blueprint does if no view was matched.

        Args:
            names: The template, or several, from which the first that exists is rendered.
            context: Its variables.
            owner: The nearest blueprint that owns the URL of the error; None for the application.
        """
        raise LookupError(f"there are no templates here: {names!r}")

    def locate_template_error(self, error: Exception) -> str:
        """Describe where in which template an exception arose; return "" if that is unknown."""
        return ""

    # Responses.

    @abstractmethod
    def make_response(self, draft: Draft, method: str) -> Any:
        """Convert the body of a draft to a response of the framework, and finish it (`Draft.finish`)."""

    @abstractmethod
    def describe_response(self, value: Any) -> Reply:
        """Describe a response, or a value that becomes one, for hooks. The body of a stream is left out."""

    def read_status(self, value: Any) -> int:
        """Return the status of a response, or of a value that becomes one and says nothing about it."""
        return self.describe_response(value).status or 200

    def send_signal(self, exc: Exception) -> Any:  # noqa: B027 - most frameworks have none
        """Send the framework's signal for an exception with which a handler or template failed, if there is one."""

    def is_websocket_accepted(self) -> bool:
        """Return whether the current WebSocket is open, so that an error closes it; before, it is denied."""
        return False

    def run_work(self, work: Coroutine[Any, Any, None]) -> None:
        """Run the rest of an async hook, in this thread: as a task, or to its end. It raises no errors.

        Args:
            work: A coroutine that was not started.
        """
        run_work(work)

    def close_websocket(self, close_code: int, reason: str) -> None:  # noqa: B027 - most frameworks have none
        """Close the current WebSocket with this frame when its view ends. Do nothing where there are none."""
