"""``ErrorHandler``, the public face of both adapters: registering, configuring, initialising."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from errbridge.application.hooks import Hook, Hooks, HookT, TraceId
from errbridge.application.settings import DEFAULTS, Options, Settings, check_dispatcher
from errbridge.errors import SetupError
from errbridge.handlers.handlers import F, Handler, Handlers, check_keys
from errbridge.handlers.registry import Registry
from errbridge.problem.problem import Problem
from errbridge.representations.styles import STYLES
from errbridge.scopes.dispatch import ErrorDispatcher
from errbridge.scopes.scope import ROOT, Scope

if TYPE_CHECKING:
    from errbridge.application.installation import Installation

__all__ = ["EXTENSION", "BaseErrorHandler"]

AppT = TypeVar("AppT")
BlueprintT = TypeVar("BlueprintT")

EXTENSION = "errbridge"
"""Under which an application's ``extensions`` have the `Installation`."""


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
        replace_native: Whether errbridge answers in place of the application's own handlers for ``HTTPException`` and
            ``Exception``, which extensions such as APIFlask and flask-smorest register; instead of
            ``ERROR_REPLACE_NATIVE``.
        **config: Values for the ``ERROR_*`` configuration keys.

    Raises:
        SetupError: Something given cannot work.
    """

    _app_class: ClassVar[type]
    _blueprint_class: ClassVar[type]

    def __init__(
        self,
        app: AppT | None = None,
        *,
        response: Callable[..., Any] | None = None,
        dispatcher: str | type[ErrorDispatcher] | None = None,
        handler: str | None = None,
        replace_native: bool | None = None,
        **config: Any,
    ) -> None:
        self._registry = Registry()
        self._hooks = Hooks()
        self._options = _options(response, dispatcher, handler)
        self._config = _known(config, replace_native)
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: AppT,
        *,
        response: Callable[..., Any] | None = None,
        dispatcher: str | type[ErrorDispatcher] | None = None,
        handler: str | None = None,
        replace_native: bool | None = None,
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
            replace_native: Likewise.
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
        settings = {**DEFAULTS, **application.config, **self._config, **_known(config, replace_native)}
        checked = Settings.read(settings)  # before anything is changed, so that a failure leaves nothing behind
        if checked.debug_document and not self._is_debugged(app):
            raise SetupError(
                "ERROR_DEBUG_DOCUMENT tells tracebacks to clients, so it is for debug mode only: switch that on before "
                "init_app (flask run --debug, quart run --debug, app.debug = True), or leave the key out"
            )
        application.config.update({key: settings[key] for key in DEFAULTS})
        self._attach(app, registry=self._registry, options=options, hooks=self._hooks)
        return app

    def _is_debugged(self, app: Any) -> bool:
        """Tell whether an application is in debug mode, or will be as soon as it runs."""
        return bool(app.debug)

    @abstractmethod
    def _attach(self, app: AppT, *, registry: Registry, options: Options, hooks: Hooks) -> None:
        """Load what answers errors, which registering does without, and attach it to an application."""

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
        keys = check_keys(code)
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
        self._set_style("api", targets)

    def web_register(self, *targets: Any) -> None:
        """Answer the errors of these targets as a website does, with pages.

        Example::

            errors.web_register(web)

        Args:
            *targets: As for `register`.

        Raises:
            SetupError: A target is none.
        """
        self._set_style("web", targets)

    def default_register(self, *targets: Any) -> None:
        """Answer the errors of these targets with the plain built-in page, or what the client asks for instead.

        Example::

            errors.default_register(app)

        Args:
            *targets: As for `register`.

        Raises:
            SetupError: A target is none.
        """
        self._set_style("default", targets)

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
        self._installation("dispatcher_register", app).use_dispatcher(check_dispatcher("dispatcher", dispatcher))

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
        return self._hooks.on_incident(function)

    def off_incident(self, function: Hook) -> None:
        """Call a function no more that was given to `on_incident`.

        Example::

            tell = errors.on_incident(lambda incident, reply: None)
            errors.off_incident(tell)

        Args:
            function: The function; nothing happens if it is not registered.
        """
        self._hooks.off_incident(function)

    def trace_with(self, function: TraceId | None) -> TraceId | None:
        """Have a function tell the trace that an error belongs to: documents show it as ``trace_id``.

        Without one, or where it tells none, that is the trace of the request's ``traceparent`` (W3C Trace Context).

        Example::

            errors.trace_with(lambda: "0af7651916cd43dd8448eb211c80319c")

        Args:
            function: A plain function without arguments, asked at each error; None ends that.

        Returns:
            The function that did so until now, to give it back.

        Raises:
            SetupError: It is no plain function without arguments.
        """
        return self._hooks.trace_with(function)

    def catalogue(
        self,
        app: AppT,
        url_prefix: str = "/problems",
        *,
        types: Iterable[type[Problem] | ModuleType] | type[Problem] | ModuleType | None = None,
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
            types: A class, a module or several; every type of the process by default.

        Raises:
            SetupError: Two types have one URI, something given cannot work, the application was not initialised, or it
                takes no routes any more, as Flask does after the first request. Nothing was changed then.
        """
        from errbridge.pallets.catalogue import serve

        self._installation("catalogue", app)
        serve(app, url_prefix, types)

    def _set_style(self, name: str, targets: tuple[Any, ...]) -> None:
        for registry, target in self._targets(f"{name}_register", targets):
            registry.set_style(target, name)

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
        installation: Installation = app.extensions.get(EXTENSION)
        if getattr(installation, "shared", None) is not self._registry:
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
    return Options(response, None if dispatcher is None else check_dispatcher("dispatcher=", dispatcher), style)


def _known(config: dict[str, Any], replace_native: bool | None) -> dict[str, Any]:
    for key in config:
        if key not in DEFAULTS:
            known = ", ".join(("response", "dispatcher", "handler", "replace_native", *DEFAULTS))
            raise SetupError(f"there is no option {key!r}; there are {known}")
    return config if replace_native is None else {**config, "ERROR_REPLACE_NATIVE": replace_native}
