"""``ErrorHandler``, the public face of both adapters, and the seam by which it is attached.

Every search for an error handler, in Flask and in Quart, for requests and for WebSockets, goes through one method of
``flask.sansio.app.App``: ``_find_error_handler(exc, blueprints)``. That is the seam: errbridge answers in its place. So
all that the frameworks do around a handler stays theirs: debug, testing and propagate mode, ``TRAP_*``, signals, the
log record, ``before_request`` and ``after_request``. The method is private; whether it still is what it was is checked
when an application is initialised.

Two things never get there. An HTTP exception without a status, which both frameworks would send as 200, is met in the
public ``make_response``, together with an error that a view returned instead of raising it. And what escapes the
framework, from opening the session or tearing down, is met around the application.
"""

from __future__ import annotations

import inspect
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import ModuleType
from typing import Any, ClassVar, Generic, TypeVar

from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed
from werkzeug.routing import RoutingException

from errbridge.answer import Answer, last_resort
from errbridge.case import is_claimable, opened
from errbridge.config import DEFAULTS, Settings, dispatcher_class, snapshot
from errbridge.dispatch import ErrorDispatcher
from errbridge.drivers import Given, Outcome, Plan
from errbridge.errors import SetupError
from errbridge.handlers import F, Handler, Handlers, keys_of
from errbridge.incident import ALLOW, RequestFacts, RequestHeaders, is_xhr
from errbridge.installation import Installation, Options
from errbridge.normalize import is_http_error, is_uncaught, representative, status_of
from errbridge.observe import Hook, HookT, TraceId
from errbridge.pallets.application import FindHandler, PalletsApplication, headers_of, rule_blueprints
from errbridge.plan import answer, answer_debugging, answer_outside, claim
from errbridge.prepared import prepared
from errbridge.problem import Problem
from errbridge.registry import Registry
from errbridge.scopes import ROOT, Scope
from errbridge.styles import API, DEFAULT, STYLES, WEB, Style

__all__ = ["SEAM", "BaseErrorHandler", "Seam", "is_ready"]

log = logging.getLogger("errbridge")

AppT = TypeVar("AppT")
BlueprintT = TypeVar("BlueprintT")

EXTENSION = "errbridge"

# With whose frames the traceback of any exception of a view begins.
_FRAMEWORK = (
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
SEAM = "errbridge.seam"  # for the command line, which asks it what it would ask


class Seam(ABC):
    """Takes a framework's questions for an error handler to the core.

    Args:
        app: The application.
        find_handler: The framework's own search, for what stays its business.
        installation: errbridge in that application.
    """

    def __init__(self, app: Any, find_handler: FindHandler, installation: Installation) -> None:
        self.app = app
        self.installation = installation
        self._find_handler = find_handler

    @abstractmethod
    def current_request(self) -> Any:
        """Give the request, or WebSocket, that is being answered."""

    @abstractmethod
    def url_adapter(self) -> Any:
        """Give the URL adapter with which the current request was routed."""

    @abstractmethod
    def read_headers(self, request: Any) -> tuple[str, str, str, str]:
        """Read Host, Accept, X-Requested-With and Traceparent; several lines joined, empty where there is none."""

    @abstractmethod
    def headers(self, request: Any) -> Iterable[tuple[str, str]]:
        """Give the headers of a request as the client sent them."""

    @abstractmethod
    def scope(self, request: Any) -> Mapping[str, Any]:
        """Give the ASGI scope of a request; an empty one on a WSGI server."""

    def facts(self, exc: BaseException, request: Any, blueprints: Sequence[str]) -> RequestFacts:
        """Collect the facts of a request.

        Args:
            exc: The error that came of it.
            request: The request.
            blueprints: Those of the matched view, innermost first.
        """
        host, accept, requested_with, traceparent = self.read_headers(request)
        routing = exc is request.routing_exception
        observers = self.installation.shared.observers
        return RequestFacts(  # by position, which costs half as much as by name
            request.method,
            request.path,
            host,
            request.root_path.rstrip("/"),
            accept,
            is_xhr(requested_with),
            traceparent,
            request.endpoint,
            tuple(blueprints),
            rule_blueprints(self.url_adapter(), exc) if routing and isinstance(exc, MethodNotAllowed) else (),
            self.scope(request).get(ALLOW, ()),
            routing,
            request.scheme in ("ws", "wss"),
            RequestHeaders(partial(self.headers, request)),
            observers.current_trace() if observers.trace_id is not None else "",
        )

    @abstractmethod
    def handler(self, plan: Plan | Answer) -> Callable[[BaseException], Any]:
        """Make an error handler of the framework's own colour that carries out a plan."""

    def respond(self, outcome: Outcome) -> Any:
        """Turn an outcome into what the framework expects of an error handler."""
        if isinstance(outcome, Answer):
            response = self.app.response_class(outcome.body, outcome.status, headers_of(outcome.headers))
            if outcome.body is None and outcome.content_type is None:  # the frameworks would make one up
                del response.headers["Content-Type"]
            return response
        if isinstance(outcome, Given):
            return outcome.value
        raise outcome.exception

    def find_error_handler(self, exc: Exception, blueprints: list[str]) -> Callable[..., Any] | None:
        """Answer the framework's question; None lets the exception go on its way."""
        if is_ready(exc) or self.is_trapped(exc):
            return self._find_handler(exc, blueprints)
        plan = self.plan(exc, blueprints)
        return None if plan is None else self.handler(plan)

    def plan(self, exc: BaseException, blueprints: Sequence[str]) -> Plan | Answer | None:
        """Plan the answer to an exception; None where nobody claims it before it is a 500.

        Args:
            exc: The exception.
            blueprints: Those of the matched view, innermost first.
        """
        request = self.current_request()
        if is_http_error(exc):
            return self._answer(exc, request, blueprints)
        stands_for = partial(self._stand_in, exc, request, blueprints)
        try:
            if is_claimable(self.installation, exc, blueprints):
                case = opened(self.installation, exc, self.facts(exc, request, blueprints))
                if (claimed := claim(case, stands_for)) is not None:
                    return claimed
            return stands_for()
        except Exception:
            log.exception("errbridge failed before it could answer")
            return None

    def _answer(self, error: BaseException, request: Any, blueprints: Sequence[str]) -> Plan | Answer:
        try:
            facts = self.facts(error, request, blueprints)
            return prepared(self.installation, error, facts) or answer(opened(self.installation, error, facts))
        except Exception:
            log.exception("errbridge failed before it could answer")
            return _settled(last_resort(request.method, status_of(error, 500)))

    def _stand_in(self, exc: BaseException, request: Any, blueprints: Sequence[str]) -> Plan | Answer | None:
        """Plan the answer to the HTTP error that another exception stands for."""
        error = representative(exc, self.installation.table().settings)
        if error is None or self.is_trapped(error):
            return None
        return _settled(Given(error)) if is_ready(error) else self._answer(error, request, blueprints)

    def unanswered(self, value: object) -> Plan | Answer | None:
        """Plan the answer to what is about to become a response, if it is an error that nobody was asked about."""
        if isinstance(value, Problem):
            return self.plan(value, self.current_request().blueprints)
        if not isinstance(value, HTTPException) or isinstance(value, RoutingException) or is_ready(value):
            return None
        return self.plan(value, self.current_request().blueprints)

    def outside(self, exc: BaseException, request: Any) -> Any:
        """Answer what escaped the framework's own handling, where no request is at hand any more.

        Raises:
            BaseException: What was given, where exceptions are shown to the developer.
        """
        if self.installation.framework.propagates():
            if (document := self._debug_document(exc, request)) is not None:
                return document
            raise exc
        error: HTTPException = InternalServerError(original_exception=exc)  # whatever it is, it comes too late
        try:
            self.app.create_url_adapter(request)
        except HTTPException as unroutable:  # a Host that cannot be one; Quart finds out before there is a request
            error = unroutable
        try:
            facts = self.facts(error, request, request.blueprints)
            return self.respond(answer_outside(self.installation, error, facts))
        except Exception:
            log.exception("errbridge failed before it could answer")
            return self.respond(last_resort(request.method, 500))

    def _debug_document(self, exc: BaseException, request: Any) -> Any:
        """Tell a program of an exception that is shown to the developer; None if that is off, or it is no program."""
        if not self.app.debug:
            return None
        try:
            if not self.installation.table().settings.debug_document:
                return None
            if request.url_rule is None:  # Flask has let go of the request; whose view it was decides about the style
                with suppress(HTTPException):
                    request.url_rule, request.view_args = self.app.create_url_adapter(request).match(return_rule=True)
            error = InternalServerError(original_exception=exc)
            facts = self.facts(error, request, request.blueprints)
            answered = answer_debugging(self.installation, error, facts, _FRAMEWORK)
            return None if answered is None else self.respond(answered)
        except Exception:
            log.exception("errbridge failed before it could answer")
            return None

    def is_trapped(self, exc: BaseException) -> bool:
        """Tell whether ``TRAP_HTTP_EXCEPTIONS`` or ``TRAP_BAD_REQUEST_ERRORS`` make a crash of an HTTP error."""
        if isinstance(exc, HTTPException):
            return bool(self.app.trap_http_exception(exc)) and not is_uncaught(exc)
        return isinstance(exc, Problem) and bool(self.app.config["TRAP_HTTP_EXCEPTIONS"])


def is_ready(exc: BaseException) -> bool:
    """Tell whether an exception is an answer already: it brings a response, or is no error, like a redirect."""
    if not isinstance(exc, HTTPException):
        return False
    if getattr(exc, "response", None) is not None:  # a subclass may not have called the constructor
        return True
    return exc.code is not None and 100 <= exc.code < 400


def _settled(outcome: Outcome) -> Plan:
    """Plan nothing more."""
    yield from ()
    return outcome


class BaseErrorHandler(ABC, Generic[AppT, BlueprintT]):
    """Says how the errors of applications, blueprints and URL prefixes look, and who handles them.

    Made without an application it serves as many as it is initialised with; it keeps nothing of theirs.

    Args:
        app: Initialised at once if given.
        response: A decorator over a function that returns ``(document, status, headers)``. What the decorated
            function returns is the response wherever a problem document is to be sent. A header that occurs twice is
            not in ``headers``, which is a dict; it is added afterwards.
        dispatcher: ``"default"``, ``"urlprefix"``, ``"subdomain"``, ``"auto"``, or a subclass of `ErrorDispatcher`;
            instead of ``ERROR_DISPATCHER``.
        handler: ``"api"``, ``"web"`` or ``"default"``: the style of the application itself; instead of
            ``ERROR_HANDLER``.
        **config: Values for the ``ERROR_*`` configuration keys.

    Raises:
        SetupError: Something given cannot work.
    """

    _app_class: ClassVar[type]
    _blueprint_class: ClassVar[type]
    _application_class: ClassVar[type[PalletsApplication]]
    _seam_class: ClassVar[type[Seam]]

    def __init__(
        self,
        app: AppT | None = None,
        *,
        response: Callable[..., Any] | None = None,
        dispatcher: str | type[ErrorDispatcher] | None = None,
        handler: str | None = None,
        **config: Any,
    ) -> None:
        self._registry = Registry()
        self._options = _options(response, dispatcher, handler)
        self._config = _known(config)
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: AppT,
        *,
        response: Callable[..., Any] | None = None,
        dispatcher: str | type[ErrorDispatcher] | None = None,
        handler: str | None = None,
        **config: Any,
    ) -> AppT:
        """Initialise an application.

        Example::

            errors = ErrorHandler()

            def create_app():
                return errors.init_app(Flask("shop"), handler="api")

        Args:
            app: The application.
            response: As for the class; what is given here counts for this application.
            dispatcher: Likewise.
            handler: Likewise.
            **config: Likewise.

        Returns:
            The application.

        Raises:
            SetupError: The application is none, was initialised before, or something given cannot work.
        """
        self._check_app("init_app", app)
        application: Any = app
        if EXTENSION in application.extensions:
            raise SetupError(
                "this application has an ErrorHandler already; register on that one, and call init_app only once"
            )
        given = _options(response, dispatcher, handler)
        options = Options(
            given.response or self._options.response,
            given.dispatcher or self._options.dispatcher,
            given.style or self._options.style,
        )
        settings = {**DEFAULTS, **application.config, **self._config, **_known(config)}
        checked = Settings.of(snapshot(settings))  # before anything is changed, so that a failure leaves nothing behind
        if checked.debug_document and not application.debug:
            raise SetupError(
                "ERROR_DEBUG_DOCUMENT tells tracebacks to clients, so it is for debug mode only: switch that on before "
                "init_app (flask run --debug, quart run --debug, app.debug = True), or leave the key out"
            )
        application.config.update({key: settings[key] for key in DEFAULTS})
        find_handler = _checked_seam(application)
        installation = Installation(self._application_class(application, find_handler), self._registry, options)
        seam = self._seam_class(application, find_handler, installation)
        application._find_error_handler = seam.find_error_handler
        self._attach(app, seam)
        application.extensions[EXTENSION] = installation
        application.extensions[SEAM] = seam
        return app

    @abstractmethod
    def _attach(self, app: AppT, seam: Seam) -> None:
        """Meet what does not come to the seam: errors given to ``make_response``, and those around the request."""

    # Registering.

    def register(self, *targets: Any, code: Any = None) -> Callable[[F], F]:
        """Register the decorated function as a handler.

        Example::

            @errors.register(api, code=404)
            def missing(exc, incident):
                return Problem(404, detail=f"There is nothing at {incident.request.path}.")

        Args:
            *targets: Blueprints, applications, prefixes such as ``"/v2"``, or `Scope` objects. A blueprint also answers
                for URLs under its prefix that do not exist (pallets/flask#1498).
            code: A status code, an exception class, ``"4xx"``, ``"5xx"``, or several in a list or tuple. None means
                every HTTP error and every uncaught exception.

        Returns:
            A decorator that gives the function back unchanged. The function takes ``(exc)`` or ``(exc, incident)``,
            sync or async, and returns a `Problem`, a `Page`, a `Reply`, anything that a view may return, or None to
            pass the error on.

        Raises:
            SetupError: A target or key is none, or the function cannot be called like that.
        """
        keys = keys_of(code)
        found = self._targets("register", targets)

        def decorate(function: F) -> F:
            handler = Handler.of(function)
            for registry, target in found:
                registry.add_handler(target, keys, handler)
            return function

        return decorate

    def include(self, handlers: Handlers, *targets: Any) -> None:
        """Register all handlers of a framework-free module, those it will register later as well.

        Example::

            handlers = Handlers()

            @handlers.register(LookupError)
            def missing(exc):
                return Problem(404, detail="There is no such thing.")

            errors.include(handlers, app)

        Args:
            handlers: The module's `Handlers`.
            *targets: As for `register`.

        Raises:
            SetupError: A target is none, or *handlers* is something else.
        """
        if not isinstance(handlers, Handlers):
            raise SetupError(f"include() takes a Handlers object and its targets, not {handlers!r}")
        for registry, target in self._targets("include", targets):
            registry.include(target, handlers)

    def api_register(self, *targets: Any) -> None:
        """Answer the errors of these targets as an API does, with problem documents (RFC 9457).

        Example::

            errors.api_register(api, "/v2", Scope(host="api.example.com"))

        Args:
            *targets: As for `register`.

        Raises:
            SetupError: A target is none.
        """
        self._set_style("api_register", targets, API)

    def web_register(self, *targets: Any) -> None:
        """Answer the errors of these targets as a website does, with pages.

        Example::

            errors.web_register(web)

        Args:
            *targets: As for `register`.

        Raises:
            SetupError: A target is none.
        """
        self._set_style("web_register", targets, WEB)

    def default_register(self, *targets: Any) -> None:
        """Answer the errors of these targets with the plain built-in page, or what the client asks for instead.

        Example::

            errors.default_register(app)

        Args:
            *targets: As for `register`.

        Raises:
            SetupError: A target is none.
        """
        self._set_style("default_register", targets, DEFAULT)

    def failure_register(self, *targets: Any) -> None:
        """Answer the uncaught exceptions of these targets with the plain built-in page, and nothing else of them.

        Example::

            errors.failure_register(app)

        Args:
            *targets: As for `register`.

        Raises:
            SetupError: A target is none.
        """
        for registry, target in self._targets("failure_register", targets):
            registry.set_failure(target)

    def dispatcher_register(self, app: AppT, dispatcher: str | type[ErrorDispatcher]) -> None:
        """Replace the dispatcher of an application; only the last one registered is executed.

        Example::

            errors.dispatcher_register(app, "urlprefix")

        Args:
            app: The application.
            dispatcher: A name or a class, as for the constructor.

        Raises:
            SetupError: The dispatcher is none, or the application was not initialised.
        """
        self._installation("dispatcher_register", app).use_dispatcher(dispatcher_class("dispatcher", dispatcher))

    # Watching.

    def on_incident(self, function: HookT) -> HookT:
        """Call a function with ``(incident, reply)`` after each error, when the answer to it is decided.

        It is called once per error of all the applications, where the record is logged. It cannot change the answer:
        what it returns is not looked at, and what it raises is logged. Of a response object of the framework the reply
        has status and headers, and the body unless it is a stream.

        Example::

            @errors.on_incident
            def tell(incident, reply):
                print(reply.status, incident.scope, incident.id)

        Args:
            function: A plain function, called in the thread or on the event loop that answers. What takes long is a
                task for it to start.

        Returns:
            The function, so that this is a decorator as well.

        Raises:
            SetupError: The function is async, or cannot be called with ``(incident, reply)``.
        """
        return self._registry.observers.add(function)

    def off_incident(self, function: Hook) -> None:
        """Call a function no more that was given to `on_incident`.

        Example::

            tell = errors.on_incident(lambda incident, reply: None)
            errors.off_incident(tell)

        Args:
            function: The function; nothing happens if it is not registered.
        """
        self._registry.observers.remove(function)

    def trace_with(self, function: TraceId | None) -> None:
        """Have a function tell the trace that an error belongs to: documents show it as ``trace_id``.

        Without one, or where it tells none, that is the trace of the request's ``traceparent`` (W3C Trace Context).

        Example::

            errors.trace_with(lambda: "0af7651916cd43dd8448eb211c80319c")

        Args:
            function: A plain function without arguments, asked at each error; None ends that.

        Raises:
            SetupError: It is no plain function.
        """
        self._registry.observers.trace_with(function)

    def catalogue(
        self,
        app: AppT,
        url_prefix: str = "/problems",
        *,
        types: Iterable[type[Problem] | ModuleType] | ModuleType | None = None,
    ) -> None:
        """Serve a page about every problem type, so that the ``type`` of a problem leads somewhere.

        ``<url_prefix>/`` lists the types, ``<url_prefix>/<slug>`` says what one means: HTML for people, JSON for
        programs (the type's JSON Schema), by the Accept header. Unless ``ERROR_TYPE_URI`` is set it becomes
        ``<url_prefix>/{slug}``, a reference relative to the host, in which the place of an application that is mounted
        below a path is missing: set ``ERROR_TYPE_URI`` there.

        Example::

            errors.catalogue(app, types=[OutOfCredit])

        Args:
            app: The application.
            url_prefix: Where the pages are.
            types: Classes and modules; every type of the process by default.

        Raises:
            SetupError: Two types have one URI, something given cannot work, or the application was not initialised.
        """
        from errbridge.pallets.catalogue import serve

        self._installation("catalogue", app)
        serve(app, url_prefix, types)

    def _set_style(self, verb: str, targets: tuple[Any, ...], style: Style) -> None:
        for registry, target in self._targets(verb, targets):
            registry.set_style(target, style)

    def _targets(self, verb: str, targets: tuple[Any, ...]) -> list[tuple[Registry, Hashable]]:
        if not targets:
            raise SetupError(f"{verb}() needs to know where: pass a blueprint, an application, a prefix or a Scope")
        return [self._target(verb, target) for target in targets]

    def _target(self, verb: str, target: Any) -> tuple[Registry, Hashable]:
        if isinstance(target, self._blueprint_class):
            return self._registry, target
        if isinstance(target, self._app_class):
            return self._installation(verb, target).own, ROOT
        if isinstance(target, str):
            return self._registry, Scope(prefix=target)
        if isinstance(target, Scope):
            if target.blueprint is not None:
                raise SetupError("pass the blueprint itself, not a Scope with its name")
            return self._registry, target
        key = isinstance(target, int) or (isinstance(target, type) and issubclass(target, BaseException))
        raise SetupError(
            f"{verb}() takes a blueprint or application of {self._app_class.__name__}, a prefix such as '/api', or a "
            f"Scope, not {_described(target)}"
            + ("; pass it as code=" if key else "")
            + (f"; write @errors.{verb}(...) above the function" if inspect.isroutine(target) else "")
        )

    def _installation(self, verb: str, app: Any) -> Installation:
        self._check_app(verb, app)
        installation = app.extensions.get(EXTENSION)
        if not isinstance(installation, Installation) or installation.shared is not self._registry:
            raise SetupError("the application does not know this ErrorHandler; call init_app(app) first")
        return installation

    def _check_app(self, verb: str, app: object) -> None:
        if not isinstance(app, self._app_class):
            raise SetupError(f"{verb}() takes an application of {self._app_class.__name__}, not {_described(app)}")


def _described(target: object) -> str:
    """Name a wrong target with where its class comes from: a blueprint of the other framework looks right in itself."""
    module = type(target).__module__
    return repr(target) if module == "builtins" else f"{target!r} of {module.partition('.')[0]}"


def _options(response: object, dispatcher: object, handler: object) -> Options:
    if response is not None and not callable(response):
        raise SetupError(f"response= is a decorator, not {response!r}")
    style = None
    if handler is not None:
        style = STYLES.get(handler) if isinstance(handler, str) else None
        if style is None:
            raise SetupError(f"handler= is one of {', '.join(map(repr, STYLES))}, not {handler!r}")
    return Options(response, None if dispatcher is None else dispatcher_class("dispatcher=", dispatcher), style)


def _known(config: dict[str, Any]) -> dict[str, Any]:
    for key in config:
        if key not in DEFAULTS:
            known = ", ".join(("response", "dispatcher", "handler", *DEFAULTS))
            raise SetupError(f"there is no option {key!r}; there are {known}")
    return config


def _checked_seam(app: Any) -> FindHandler:
    """Give the framework's search for handlers, if it still is what errbridge knows."""
    found: Any = getattr(app, "_find_error_handler", None)
    if callable(found) and len(inspect.signature(found).parameters) == 2:
        return found  # type: ignore[no-any-return]
    raise SetupError(
        "this version of the framework searches error handlers in a way that errbridge does not know; "
        "install a version of errbridge that supports it, or the framework's version before"
    )
