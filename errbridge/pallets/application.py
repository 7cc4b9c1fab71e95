"""One Flask or Quart application, as the core asks for it (`errbridge.application.protocol.Framework`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from functools import lru_cache
from traceback import walk_tb
from typing import Any, NamedTuple

from jinja2 import TemplateNotFound, TemplatesNotFound, TemplateSyntaxError
from werkzeug.datastructures import Headers
from werkzeug.exceptions import ClientDisconnected, HTTPException, MethodNotAllowed, default_exceptions
from werkzeug.http import parse_set_header
from werkzeug.routing import parse_converter_args
from werkzeug.sansio.response import Response

from errbridge.application.protocol import NativeAnswer, NativeHandler, Place
from errbridge.application.settings import snapshot
from errbridge.errors import SetupError
from errbridge.handlers.handlers import HttpClasses
from errbridge.http.status import has_body
from errbridge.incident import Reply
from errbridge.introspection import is_async
from errbridge.pallets.blueprints import BlueprintPlaces
from errbridge.problem.problem import Problem
from errbridge.scopes.patterns import Converter
from errbridge.scopes.scope import blueprint_path

__all__ = ["HTTP", "PalletsApplication", "Search", "dressed", "headers_of", "rule_blueprints"]

HTTP = HttpClasses(
    HTTPException,
    default_exceptions,
    (ClientDisconnected,),
    frozenset(cls for cls in default_exceptions.values() if cls.__module__ == HTTPException.__module__),
)


class Search(NamedTuple):
    """A framework's own search for an error handler.

    It takes as long where there are no handlers as where there are some, and leaves behind an empty entry for all that
    it did not find. So an application without any is not searched.

    Attributes:
        find: The search.
        app: The application.
        is_replaced: Whether it is not the one that the framework has for every application.
    """

    find: Callable[[Exception, list[str]], Callable[..., Any] | None]
    app: Any
    is_replaced: bool

    def handler(self, exc: Exception, blueprints: Sequence[str]) -> Callable[..., Any] | None:
        """Find the handler of an exception.

        Args:
            exc: The exception.
            blueprints: Those of the matched view, innermost first.
        """
        return self.find(exc, list(blueprints)) if self.is_replaced or self.app.error_handler_spec else None


class PalletsApplication(ABC):
    """What both frameworks answer in the same way. The adapters add what differs in colour.

    Args:
        app: The application.
        search: The framework's own search for an error handler.
    """

    http = HTTP
    response_types: tuple[type, ...] = (Response,)

    def __init__(self, app: Any, search: Search) -> None:
        self.app = app
        self._search = search
        self._places = BlueprintPlaces(app)
        self._make_response: Callable[[Any], Any] = app.make_response  # before it is wrapped

    @property
    def config(self) -> Mapping[str, Any]:
        """The application's own."""
        return self.app.config  # type: ignore[no-any-return]

    @property
    def native_handlers(self) -> object:
        """What was registered with the framework, for codes and classes, or that nobody knows."""
        return self._search.is_replaced or self.app.error_handler_spec

    @property
    def logger_name(self) -> str | None:
        """Of ``app.logger``, on which both frameworks record uncaught exceptions."""
        return self.app.logger.name  # type: ignore[no-any-return]

    def converters(self, name: str, arguments: str | None) -> Converter:
        """Ask the application's own converters, so that a prefix owns what its routes could match."""
        url_map = self.app.url_map
        try:
            converter_class = url_map.converters[name]
        except KeyError:
            known = ", ".join(sorted(url_map.converters))
            raise SetupError(f"there is no converter {name!r} in this application; it has {known}") from None
        args, kwargs = parse_converter_args(arguments) if arguments else ((), {})
        converter = converter_class(url_map, *args, **kwargs)
        return Converter(converter.regex, converter.part_isolating, converter.weight)

    @abstractmethod
    def make_response(self, answer: NativeAnswer, method: str) -> Any:
        """Make a response of the framework; a coroutine function where the framework is async."""

    @abstractmethod
    def render_template(self, names: str | Sequence[str], context: Mapping[str, Any]) -> Any:
        """Render a template as the application does; a coroutine function where the framework is async."""

    def version(self) -> object:
        """Tell by a value whether the settings or the places of blueprints are others by now."""
        return self._places.version, snapshot(self.app.config)

    def places(self) -> Iterable[Place]:
        """List where blueprints are registered, each once for each of its hosts."""
        return self._places.places()

    def propagates(self) -> bool:
        """Tell as the framework does: by ``PROPAGATE_EXCEPTIONS``, else by debug and testing mode."""
        propagate = self.app.config["PROPAGATE_EXCEPTIONS"]
        return bool(self.app.testing or self.app.debug) if propagate is None else bool(propagate)

    def find_template(self, names: Sequence[str]) -> str | None:
        """Find the first that the environment of the application has."""
        try:
            return self.app.jinja_env.select_template(list(names)).name  # type: ignore[no-any-return]
        except TemplatesNotFound:
            return None

    def template_fault(self, error: Exception) -> str:
        """Tell where a template failed, in the words of Jinja's own exceptions."""
        if isinstance(error, TemplatesNotFound):  # the given names themselves
            return "not found"
        if isinstance(error, TemplateNotFound):
            return f"{error.name!r} not found"
        if isinstance(error, TemplateSyntaxError):
            return f"line {error.lineno} of {error.name or error.filename!r}"
        # Jinja gives its frames the lines and files of the templates.
        places = [
            (line, frame.f_code.co_filename)
            for frame, line in walk_tb(error.__traceback__)
            if "__jinja_exception__" in frame.f_globals
        ]
        if not places:
            return ""
        line, name = places[-1]
        return f"line {line}" if name == "<template>" else f"line {line} of {name!r}"

    def caches_templates(self) -> bool:
        """Tell whether the environment looks for templates once only."""
        return not self.app.jinja_env.auto_reload

    def described(self, given: Any) -> Reply:
        """Describe what a handler gave: a response as it is, a body alone as far as it is known."""
        if isinstance(given, Response):
            return Reply(_complete(given), headers=tuple(given.headers))
        return Reply(given if isinstance(given, (str, bytes)) else b"")  # the framework makes a response of it later

    def native_handler(self, exc: BaseException, blueprints: Sequence[str]) -> NativeHandler | None:
        """Ask the framework; a raised `Problem` is first offered as itself, then as the framework's own exception."""
        if not self.native_handlers or not isinstance(exc, Exception):
            return None
        chosen = self._chosen(exc, blueprints)
        if not isinstance(exc, Problem) or (chosen is not None and not chosen.generic):
            return chosen
        # The exception is made for a handler only: it holds on to the problem, and so to all that led to it.
        if self._search.handler(_blank(exc.status), blueprints) is None:
            return None
        return self._chosen(_as_http_exception(exc), blueprints)

    def _chosen(self, exc: Exception, blueprints: Sequence[str]) -> NativeHandler | None:
        function = self._search.handler(exc, blueprints)
        if function is None:
            return None
        owner, cls = self._where(function, exc, blueprints)
        return NativeHandler(function, exc, owner, is_async(function), generic=cls is Exception)

    def _where(
        self, function: Callable[..., Any], exc: Exception, blueprints: Sequence[str]
    ) -> tuple[str | None, type | None]:
        """Find where the framework found a handler: the same one may be registered in several places."""
        code = exc.code if isinstance(exc, HTTPException) else None
        for status in dict.fromkeys((code, None)):
            for name in (*blueprints, None):
                found = self.app.error_handler_spec[name][status]
                for cls in type(exc).__mro__:
                    if found.get(cls) is function:
                        return name, cls
        return None, None


def _complete(response: Any) -> bytes:
    """Read the body of a response without consuming anything: none of a stream or a file."""
    parts = getattr(response.response, "data", response.response)  # Quart keeps a complete body in an object
    return b"".join(parts) if isinstance(parts, (list, tuple)) else parts if isinstance(parts, bytes) else b""


@lru_cache(maxsize=200)
def _blank(status: int) -> HTTPException:
    """Make the framework's exception for a status, by which alone it chooses."""
    exc = default_exceptions.get(status, HTTPException)()
    exc.code = status
    return exc


def _as_http_exception(problem: Problem) -> HTTPException:
    exc = default_exceptions.get(problem.status, HTTPException)(description=problem.detail)
    exc.code = problem.status
    exc.__cause__ = problem
    own_headers = exc.get_headers

    def get_headers(environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        return [*own_headers(environ, scope), *problem.headers]

    exc.get_headers = get_headers  # type: ignore[method-assign]
    return exc


def headers_of(pairs: Iterable[tuple[str, str]]) -> Headers:
    """Make headers of pairs that are known to be clean; Werkzeug would look at each of them once more."""
    headers: Any = Headers()
    headers._list.extend(pairs)
    return headers  # type: ignore[no-any-return]


def dressed(response: Any, answer: NativeAnswer, method: str) -> Any:
    """Give a response what its body alone did not say: status, headers, and no content where none may be.

    Both frameworks could take status and headers themselves, but not alike: only Flask reads ``"404 Gone"``, and Quart
    keeps one of several headers of a name.
    """
    if response is answer.body:  # the handler's own, which it may return for every request
        response = copy(response)
        response.headers = Headers(list(response.headers))
    if isinstance(answer.status, str):
        response.status = answer.status
    elif answer.status is not None:
        response.status_code = answer.status
    if answer.headers:
        response.headers.update(Headers(list(answer.headers)))
    given = {name.lower() for name, _ in response.headers}
    for name, value in answer.defaults:  # of one name there may be several
        if name.lower() not in given:
            response.headers.add(name, value)
    if answer.content_type is not None and response.content_type:
        response.content_type = answer.content_type(response.content_type)
    if answer.vary is not None:
        response.vary.update(parse_set_header(answer.vary))
    if not has_body(method, response.status_code):
        length = response.headers.get("Content-Length")
        response.set_data(b"")
        response.automatically_set_content_length = False  # of a stream it is not known, and not 0
        del response.headers["Content-Length"]
        if not has_body("GET", response.status_code):
            del response.headers["Content-Type"]
        elif length is not None:
            response.headers["Content-Length"] = length
    return response


def rule_blueprints(adapter: Any, exc: MethodNotAllowed) -> tuple[str, ...]:
    """Find the blueprints whose route has the URL with another method.

    Args:
        adapter: The URL adapter with which the request was routed.
        exc: What came of it.
    """
    found: dict[str, None] = {}
    waiting = set(exc.valid_methods or ())
    while waiting:
        method = min(waiting)
        waiting.discard(method)
        try:
            rule, _ = adapter.match(method=method, return_rule=True)
        except HTTPException:  # a redirect is one, too
            continue
        waiting.difference_update(rule.methods or ())
        found.update(dict.fromkeys(_blueprints_of(rule.endpoint)))
    return tuple(found)


@lru_cache(maxsize=1024)
def _blueprints_of(endpoint: str) -> tuple[str, ...]:
    name = endpoint.rpartition(".")[0]
    return blueprint_path(name) if name else ()
