"""One Flask or Quart application, as the core asks for it (`errbridge.application.protocol.Application`)."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

from jinja2 import ChoiceLoader, DictLoader, Environment, TemplateNotFound, TemplatesNotFound, TemplateSyntaxError
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule, parse_converter_args
from werkzeug.sansio.response import Response

from errbridge import Problem, Reply, Scope, SetupError
from errbridge.adapter import (
    TEMPLATES,
    Converter,
    Draft,
    Installation,
    NativeHandler,
    check_head,
)
from errbridge.pallets.blueprints import BlueprintPlaces
from errbridge.pallets.exceptions import HTTPErrorReader, build_exception
from errbridge.pallets.private import find_search

if TYPE_CHECKING:
    from errbridge.validation import Additions

__all__ = ["OWN_TEMPLATES", "PalletsApplication", "check_response", "finish_response", "wait_for"]

_DELIMITERS = {
    "{{": "variable_start_string",
    "}}": "variable_end_string",
    "{%": "block_start_string",
    "%}": "block_end_string",
}


class _OwnTemplates(DictLoader):
    """The templates of errbridge, with the delimiters of the application's: often ``[[ ]]``, for Vue."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, Any, Any]:
        source, name, is_current = super().get_source(environment, template)
        for default, own in _DELIMITERS.items():
            source = source.replace(default, getattr(environment, own))
        return source, name, is_current


OWN_TEMPLATES = _OwnTemplates(TEMPLATES)
"""The loader of errbridge's own templates."""


class PalletsApplication(HTTPErrorReader):
    """What both frameworks answer in the same way. The adapters add what differs in colour.

    Args:
        app: The application.

    Attributes:
        installation: errbridge in the application.
        search: The framework's own search for error handlers.
        response_types: Werkzeug's response classes, which both frameworks derive theirs from.
        packages: What the traceback of any exception of a view begins with.

    Raises:
        SetupError: The framework searches error handlers in another way than errbridge knows.
    """

    response_types = (Response,)
    packages = (
        "asgiref",
        "asyncio",
        "concurrent",
        "contextlib",
        "errbridge",
        "errbridge_flask",
        "errbridge_quart",
        "flask",
        "quart",
        "threading",
        "werkzeug",
    )

    installation: Installation

    def __init__(self, app: Any) -> None:
        self.app = app
        self.search = find_search(app)
        self._places = BlueprintPlaces(app)
        self._make_response: Callable[[Any], Any] = app.make_response  # before it is wrapped

    @property
    def config(self) -> Mapping[str, Any]:
        """The application's configuration."""
        return self.app.config  # type: ignore[no-any-return]

    @property
    def domain(self) -> str | None:
        """The configuration key ``SERVER_NAME``, with its port."""
        return self.app.config.get("SERVER_NAME")  # type: ignore[no-any-return]

    @property
    def is_debugged(self) -> bool:
        """Whether the application is in debug mode."""
        return bool(self.app.debug)

    @property
    def name(self) -> str:
        """The name of the application, which is that of its logger as well."""
        return self.app.name  # type: ignore[no-any-return]

    @property
    def version(self) -> object:
        """Changes when a blueprint is registered or gets a route.

        It is read at each error. Views are counted rather than rules, which the URL map would have to gather first.
        """
        app = self.app
        return len(app.blueprints), len(app.view_functions), app.config.get("SERVER_NAME")

    def places(self) -> Iterable[tuple[Scope, object]]:
        """List where blueprints are registered, each once for each of its hosts."""
        return self._places.places()

    def folder_names(self, blueprint: str) -> Sequence[str]:
        """Return the name of the registration, then the blueprint's own."""
        return (*super().folder_names(blueprint), self.app.blueprints[blueprint].name)

    def converters(self, name: str, arguments: str | None) -> Converter:
        """Return the application's own converters, so that a prefix owns what its routes could match."""
        url_map = self.app.url_map
        try:
            converter_class = url_map.converters[name]
        except KeyError:
            known = ", ".join(sorted(url_map.converters))
            raise SetupError(f"there is no converter {name!r} in this application; it has {known}") from None
        args, kwargs = parse_converter_args(arguments) if arguments else ((), {})
        converter = converter_class(url_map, *args, **kwargs)
        return Converter(converter.regex, converter.part_isolating, converter.weight)

    def read_additions(self, exc: HTTPException) -> Additions | None:
        """Read what a library added to an exception, as the configuration allows."""
        try:
            from errbridge.validation import read_http_error  # not before there is an error that may need it
        except (ImportError, OSError):  # as in handling/respond.py
            return None

        config, setting = self.app.config, self.installation.settings.validation
        return read_http_error(
            exc,
            status=exc.code or 500,
            everywhere=bool(setting),
            messages=setting == "messages",
            debug=bool(self.app.debug),
            camel_case=bool(config.get("QUART_SCHEMA_CONVERT_CASING", False)),
            request_values=self.request_values,
        )

    @abstractmethod
    def request_values(self) -> frozenset[str]:
        """Return every text that the client sent with the current request, as far as the application has read it."""

    def native_handler(self, exc: BaseException, blueprints: Sequence[str]) -> NativeHandler | None:
        """Ask the framework; a raised `Problem` is first offered as itself, then as the framework's own exception."""
        if self.search.is_empty or not isinstance(exc, Exception):
            return None
        chosen = self._choose(exc, blueprints)
        if isinstance(exc, Problem) and (chosen is None or chosen.is_generic):
            return self._choose(build_exception(exc), blueprints)
        return chosen

    def _choose(self, exc: Exception, blueprints: Sequence[str]) -> NativeHandler | None:
        function = self.search.find(exc, blueprints)
        if function is None:
            return None
        blueprint, cls = self.search.locate(function, exc, blueprints)
        return NativeHandler(function, exc, blueprint, is_generic=cls in (Exception, HTTPException))

    def propagates(self) -> bool:
        """Decide as the framework does: by ``PROPAGATE_EXCEPTIONS``, otherwise by debug and testing mode."""
        propagate = self.app.config["PROPAGATE_EXCEPTIONS"]
        return bool(self.app.testing or self.app.debug) if propagate is None else bool(propagate)

    @property
    def catalogues(self) -> Iterable[tuple[str, str]]:
        """The catalogues that Flask-Babel and quart-babel read; both have the same keys, and neither is needed."""
        folders = str(self.app.config.get("BABEL_TRANSLATION_DIRECTORIES", "translations")).split(";")
        domains = str(self.app.config.get("BABEL_DOMAIN", "messages")).split(";")
        return [(domain, os.path.join(self.app.root_path, folder)) for folder in folders for domain in domains]

    def find_template(self, names: Sequence[str]) -> str | None:
        """Find the first that the application's environment has."""
        self.add_own_templates()
        try:
            return self.app.jinja_env.select_template(list(names)).name  # type: ignore[no-any-return]
        except TemplatesNotFound:
            return None

    def add_own_templates(self) -> None:
        """Let templates extend ``errbridge/page.html``; the application's own templates come first."""
        environment = self.app.jinja_env
        loader = environment.loader
        if not (isinstance(loader, ChoiceLoader) and OWN_TEMPLATES in loader.loaders):
            environment.loader = ChoiceLoader([loader, OWN_TEMPLATES] if loader else [OWN_TEMPLATES])

    def caches_templates(self) -> bool:
        """Return whether the environment looks for templates only once."""
        return not self.app.jinja_env.auto_reload

    @abstractmethod
    def render_template(
        self, names: str | Sequence[str], context: Mapping[str, Any], owner: Scope | None = None
    ) -> Any:
        """Render a template as the application does; a coroutine function if the framework is async."""

    @contextmanager
    def rendering_for(self, request: Any, owner: Scope | None) -> Generator[None]:
        """Let a request for a URL that does not exist belong to a blueprint, whose page is rendered within the block.

        Context processors, URL defaults and ``url_for(".endpoint")`` are found by the rule of a request. Its hooks have
        no part in rendering, so they do not run; but URL defaults may need what ``url_value_preprocessor`` sets.
        """
        if owner is None or request.url_rule is not None:
            yield
            return
        request.url_rule = Rule("/", endpoint=f"{owner.blueprint}.")
        try:
            waiting = [
                preprocess
                for name in reversed(request.blueprints)
                for preprocess in self.app.url_value_preprocessors.get(name, ())
            ]
            values = self._match(owner, request) if waiting else {}
            with suppress(HTTPException, Problem):  # it looked for what the URL means, and there is no such thing
                for preprocess in waiting:
                    preprocess(request.endpoint, values)
            yield
        finally:
            request.url_rule = None

    def _match(self, owner: Scope, request: Any) -> dict[str, Any]:
        """Return the values of the variables in the host and the prefix of a scope."""
        host, prefix = owner.host if owner.host and "<" in owner.host else "", (owner.prefix or "").rstrip("/")
        rules, converters = [Rule(prefix or "/", host=host, endpoint="")], self.app.url_map.converters
        url_map = Map(rules, converters=converters, host_matching=True)
        adapter = url_map.bind(host and request.host.partition(":")[0].rstrip("."))
        with suppress(HTTPException):
            return dict(adapter.match("/".join(request.path.split("/")[: len(prefix.split("/"))]) or "/")[1])
        return {}

    def locate_template_error(self, error: Exception) -> str:
        """Describe where a template failed, in the words of Jinja's own exceptions."""
        if isinstance(error, TemplatesNotFound):  # the names themselves
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

    def describe_response(self, value: Any) -> Reply:
        """Describe a response, or a body as far as it is known."""
        if isinstance(value, Response):
            return Reply(_complete_body(value), value.status_code, tuple(value.headers))
        return Reply(value if isinstance(value, (str, bytes)) else b"")  # the framework converts it later

    @abstractmethod
    def send_signal(self, exc: Exception) -> Any:
        """Send ``got_request_exception``; a coroutine function if the framework is async."""

    def read_status(self, value: Any) -> int:
        """Return the status of a response; the frameworks make one with 200 of any other value."""
        return value.status_code if isinstance(value, Response) else 200


def _complete_body(response: Any) -> bytes:
    """Read the body of a response without consuming anything: nothing of a stream or a file."""
    parts = getattr(response.response, "data", response.response)  # Quart keeps a complete body in an object
    return b"".join(parts) if isinstance(parts, (list, tuple)) else parts if isinstance(parts, bytes) else b""


def check_response(response: Any) -> Any:
    """Return a response if it is one that a server can send.

    Raises:
        TypeError: An ``after_request`` function returned something else.
        ValueError: The status or a header is none.
    """
    if not isinstance(response, Response):
        name = type(response).__name__
        raise TypeError(f"an after_request function returned {name}; it has to return the response")
    if [name for name, value in response.headers if value.strip(" \t") != value]:  # Hypercorn refuses that
        response.headers = Headers([(name, value.strip(" \t")) for name, value in response.headers])
    check_head(response.status_code, response.headers, "utf-8")
    return response


async def wait_for(awaitable: Any) -> Any:
    """Wait for an awaitable, as a coroutine."""
    return await awaitable


def finish_response(response: Any, draft: Draft, method: str) -> Any:
    """Give a response what its body alone did not say: status, headers, and no content where there may be none.

    Both frameworks could take status and headers themselves, but not alike: only Flask reads ``"404 Gone"``, and Quart
    keeps one of several headers of a name (not reported).

    Args:
        response: The framework's response for the body.
        draft: The draft.
        method: The method of the request.
    """
    finished = draft.finish(method, status=response.status_code, headers=list(response.headers))
    if response is draft.body:  # the handler's own, which it may return for every request
        response = copy(response)
        response.headers = Headers()
    if draft.status is not None:
        response.status = draft.status  # with the phrase of a text
    if finished.body is None:
        response.set_data(b"")
        response.automatically_set_content_length = False  # a stream's is not known, and not 0
    response.headers = Headers(list(finished.headers))
    return response
