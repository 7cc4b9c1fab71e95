"""``ErrorHandler``, the public face of both adapters: registering, configuring, initialising."""

from __future__ import annotations

import inspect
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, Unpack, overload

from errbridge.application.hooks import Hook, Hooks, HookT, Locale, TraceId
from errbridge.application.settings import (
    DEFAULTS,
    Configuration,
    DispatcherName,
    Options,
    ResponseDecorator,
    Settings,
    StyleName,
    check_dispatcher,
    find_misspelt,
)
from errbridge.errors import SetupError, suggest
from errbridge.handlers.handlers import Handler, Handlers, check_keys, is_key, read_meanings
from errbridge.handlers.registry import Registry
from errbridge.handlers.signatures import ErrorKey, ErrorKeys, ExcT, F, Meaning, Register, SecondT
from errbridge.problem.problem import Problem
from errbridge.representations.styles import STYLES
from errbridge.scopes.dispatch import ErrorDispatcher
from errbridge.scopes.scope import ROOT, Scope

if TYPE_CHECKING:
    from errbridge.adapter import Application, Installation

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
        response: ResponseDecorator | None = None,
        dispatcher: DispatcherName | type[ErrorDispatcher] | None = None,
        handler: StyleName | None = None,
        replace_native: bool | None = None,
        **config: Unpack[Configuration],
    ) -> None:
        self._registry = Registry()
        self._hooks = Hooks()
        self._options = _options(response, dispatcher, handler)
        self._config = _read_keywords(config, replace_native)
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: AppT,
        *,
        response: ResponseDecorator | None = None,
        dispatcher: DispatcherName | type[ErrorDispatcher] | None = None,
        handler: StyleName | None = None,
        replace_native: bool | None = None,
        **config: Unpack[Configuration],
    ) -> AppT:
        """Initialise an application.

        Example::

            errors = ErrorHandler()

            def create_app():
                return errors.init_app(Flask("shop"), handler="api")

        Args:
            app: The application.
            response: As for the class, for this application alone. So are the next ones.
            dispatcher: As for the class.
            handler: As for the class.
            replace_native: As for the class.
            **config: As for the class.

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
        settings = {**DEFAULTS, **application.config, **self._config, **_read_keywords(config, replace_native)}
        Settings.read(settings)  # before anything is changed, so that a failure leaves nothing behind
        _warn_of_settings(app, {**self._config, **config})
        application.config.update({key: settings[key] for key in DEFAULTS})
        self._attach(app, lambda application: self._install(application, options))
        return app

    @abstractmethod
    def _attach(self, app: AppT, install: Callable[[Any], Any]) -> None:
        """Load what answers errors, which registering does without, and attach it to an application."""

    def _install(self, application: Application, options: Options) -> Installation:
        from errbridge.application.installation import Installation

        return Installation(application, self._registry, options, self._hooks)

    # Registering.

    @overload
    def register(self, *targets: AppT | BlueprintT | str | Scope, code: type[ExcT]) -> Register[ExcT]: ...
    @overload
    def register(
        self, *targets: AppT | BlueprintT | str | Scope, code: tuple[type[ExcT], type[SecondT]]
    ) -> Register[ExcT | SecondT]: ...
    @overload
    def register(self, key: type[ExcT], /, *targets: AppT | BlueprintT | str | Scope) -> Register[ExcT]: ...
    @overload
    def register(
        self, key: type[ExcT], second: type[SecondT], /, *targets: AppT | BlueprintT | str | Scope
    ) -> Register[ExcT | SecondT]: ...
    @overload
    def register(
        self, target: AppT | BlueprintT | str | Scope, key: type[ExcT], /, *targets: AppT | BlueprintT | str | Scope
    ) -> Register[ExcT]: ...
    @overload
    def register(
        self,
        target: AppT | BlueprintT | str | Scope,
        key: type[ExcT],
        second: type[SecondT],
        /,
        *targets: AppT | BlueprintT | str | Scope,
    ) -> Register[ExcT | SecondT]: ...
    @overload
    def register(
        self, *targets_and_keys: AppT | BlueprintT | str | Scope | ErrorKeys, code: ErrorKeys | None = None
    ) -> Register[Any]: ...
    def register(self, *targets_and_keys: Any, code: object = None) -> Any:
        """Register the decorated function as a handler.

        Example::

            @errors.register(api, 404)
            def missing(exc, incident):
                return Problem(404, detail=f"There is nothing at {incident.request.path}.")

        Args:
            *targets_and_keys: Where, and for what, in any order. Targets are blueprints, applications, prefixes such as
                ``"/v2"``, or `Scope` objects; without one it is every application of this ``ErrorHandler``. A blueprint
                also answers for URLs under its prefix that do not exist (pallets/flask#1498). Keys are a status code,
                an exception class, ``"4xx"``, ``"5xx"``, or several in a list or tuple; without one it is every HTTP
                error and every uncaught exception.
            code: Keys as well, for those who prefer to name them.

        Returns:
            A decorator that gives the function back unchanged. The function takes ``(exc)`` or ``(exc, incident)``,
            sync or async, and returns a `Problem`, a `Page`, a `Reply`, anything that a view may return, or None to
            pass the error on.

        Raises:
            SetupError: A target or key is none, or the function cannot be called like that.
        """
        keys = check_keys(*filter(is_key, targets_and_keys), code)
        found = self._targets("register", tuple(each for each in targets_and_keys if not is_key(each)))

        def decorate(function: F) -> F:
            handler = Handler.of(function)
            for registry, target in found:
                registry.add_handler(target, keys, handler)
            return function

        return decorate

    @overload
    def map(self, meanings: Mapping[type[ExcT], Meaning], *targets: AppT | BlueprintT | str | Scope) -> None: ...
    @overload
    def map(
        self, meanings: Mapping[ErrorKey | tuple[ErrorKey, ...], Meaning], *targets: AppT | BlueprintT | str | Scope
    ) -> None: ...
    def map(self, meanings: object, *targets: Any) -> None:
        """Say what errors mean, in a table.

        Example::

            errors.map({LookupError: 404, PermissionError: Problem(403, detail="Not yours.")})

        Args:
            meanings: By key (several in a tuple) a status, a `Problem`, a class of problems without required fields, or
                a handler.
            *targets: Blueprints, applications, prefixes or `Scope` objects; none means every application.

        Raises:
            SetupError: A target or key is none, or no problem can be made of what a key means.
        """
        handlers = read_meanings(meanings)
        for registry, target in self._targets("map", targets):
            for keys, handler in handlers:
                registry.add_handler(target, keys, handler)

    def include(self, handlers: Handlers, *targets: AppT | BlueprintT | str | Scope) -> None:
        """Register all handlers of a framework-free module, those it will register later as well.

        Example::

            handlers = Handlers()

            @handlers.register(LookupError)
            def missing(exc):
                return Problem(404, detail="There is no such thing.")

            errors.include(handlers, app)

        Args:
            handlers: The module's `Handlers`.
            *targets: Blueprints, applications, prefixes or `Scope` objects; none means every application.

        Raises:
            SetupError: A target is none, or *handlers* is something else.
        """
        if not isinstance(handlers, Handlers):
            raise SetupError(f"include() takes a Handlers object and its targets, not {handlers!r}")
        for registry, target in self._targets("include", targets):
            registry.include(target, handlers)

    def api_register(self, *targets: AppT | BlueprintT | str | Scope) -> None:
        """Answer the errors of these targets as an API does, with problem documents (RFC 9457).

        Example::

            errors.api_register(api, "/v2", Scope(host="api.example.com"))

        Args:
            *targets: Blueprints, applications, prefixes or `Scope` objects; none means every application.

        Raises:
            SetupError: A target is none.
        """
        self._set_style("api", targets)

    def web_register(self, *targets: AppT | BlueprintT | str | Scope) -> None:
        """Answer the errors of these targets as a website does, with pages.

        Example::

            errors.web_register(web)

        Args:
            *targets: Blueprints, applications, prefixes or `Scope` objects; none means every application.

        Raises:
            SetupError: A target is none.
        """
        self._set_style("web", targets)

    def default_register(self, *targets: AppT | BlueprintT | str | Scope) -> None:
        """Answer the errors of these targets with the plain built-in page, or what the client asks for instead.

        Example::

            errors.default_register(app)

        Args:
            *targets: Blueprints, applications, prefixes or `Scope` objects; none means every application.

        Raises:
            SetupError: A target is none.
        """
        self._set_style("default", targets)

    def failure_register(self, *targets: AppT | BlueprintT | str | Scope) -> None:
        """Answer the uncaught exceptions of these targets with the plain built-in page, and nothing else of them.

        Example::

            errors.failure_register(app)

        Args:
            *targets: Blueprints, applications, prefixes or `Scope` objects; none means every application.

        Raises:
            SetupError: A target is none.
        """
        for registry, target in self._targets("failure_register", targets):
            registry.set_failure(target)

    def dispatcher_register(self, app: AppT, dispatcher: DispatcherName | type[ErrorDispatcher]) -> None:
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
            def show(incident, reply):
                print(reply.status, incident.scope, incident.id)

        Args:
            function: A plain function is called in the thread or on the event loop that answers. An async one is a
                background task of a Quart application, and awaited by a Flask application.

        Returns:
            The function, so that this is a decorator as well.

        Raises:
            SetupError: The function is a generator, or cannot be called with ``(incident, reply)``.
        """
        return self._hooks.on_incident(function)

    def off_incident(self, function: Hook) -> None:
        """Call a function no more that was given to `on_incident`.

        Example::

            hook = errors.on_incident(lambda incident, reply: None)
            errors.off_incident(hook)

        Args:
            function: The function; nothing happens if it is not registered.
        """
        self._hooks.off_incident(function)

    def locale_with(self, function: Locale | None) -> Locale | None:
        """Choose the language of an answer with a function, among those of ``ERROR_LANGUAGES``.

        Without one, or where it returns None or a language that the service does not speak, the request's
        ``Accept-Language`` decides. ``get_locale`` of Flask-Babel and of quart-babel fit.

        Example::

            errors.locale_with(lambda: flask.session.get("language"))

        Args:
            function: A plain function without arguments, called at each error, within the request. It returns a tag
                such as ``pt-BR``, or a locale of Babel. None removes it.

        Returns:
            The function that it replaces.

        Raises:
            SetupError: It is no plain function without arguments.
        """
        return self._hooks.locale_with(function)

    def trace_with(self, function: TraceId | None) -> TraceId | None:
        """Set the function that returns the trace of an error; documents have it as ``trace_id``.

        Without a function, or if it returns None, it is the trace of the request's ``traceparent`` (W3C Trace Context).

        Example::

            errors.trace_with(lambda: "0af7651916cd43dd8448eb211c80319c")

        Args:
            function: A plain function without arguments, called at each error; None removes it.

        Returns:
            The function that it replaces.

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

    def preview(self, app: AppT, url_prefix: str = "/_errors") -> None:
        """Show every page and document of every scope in every language, in debug mode only.

        ``<url_prefix>/`` lists them. They are made as a client would get them, your own 500 page included. Outside
        debug mode the routes answer 404.

        Example::

            errors.preview(app)

        Args:
            app: The application.
            url_prefix: Where the list is.

        Raises:
            SetupError: The application was not initialised, or takes no routes any more, or has a preview.
        """
        from errbridge.pallets.preview import serve

        self._installation("preview", app)
        serve(app, url_prefix)

    def _set_style(self, name: str, targets: tuple[Any, ...]) -> None:
        for registry, target in self._targets(f"{name}_register", targets):
            registry.set_style(target, name)

    def _targets(self, verb: str, targets: tuple[Any, ...]) -> list[tuple[Registry, Hashable]]:
        return [self._target(verb, target) for target in targets] or [(self._registry, ROOT)]

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
        raise SetupError(
            f"{verb}() takes a blueprint or application of {self._app_class.__name__}, a prefix such as '/api', or a "
            f"Scope, not {self._describe(target)}"
            + ("; a style is for targets, and a handler for keys: write register()" if is_key(target) else "")
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
            raise SetupError(f"{verb}() takes an application of {self._app_class.__name__}, not {self._describe(app)}")

    def _describe(self, target: object) -> str:
        """Describe a wrong target; that of the other framework looks right in itself, so name its package."""
        origins = {cls.__module__.partition(".")[0] for cls in type(target).__mro__}
        own = self._app_class.__module__.partition(".")[0]
        # Quart's classes are derived from those of flask.sansio.
        other = next((name for name in ("quart", "flask") if name in origins), own)
        if other == own:
            return repr(target)
        return f"{target!r} of {other}; for that, write 'from errbridge_{other} import ErrorHandler'"


def _options(response: ResponseDecorator | None, dispatcher: object, handler: object) -> Options:
    if response is not None and not callable(response):
        raise SetupError(f"response= is a decorator, not {response!r}")
    style = None
    if handler is not None:
        style = STYLES.get(handler) if isinstance(handler, str) else None
        if style is None:
            known = ", ".join(map(repr, STYLES))
            raise SetupError(f"handler= is one of {known}, not {handler!r}{suggest(handler, STYLES)}")
    return Options(response, None if dispatcher is None else check_dispatcher("dispatcher=", dispatcher), style)


def _read_keywords(config: Mapping[str, Any], replace_native: bool | None) -> Mapping[str, Any]:
    for key in config:
        if key not in DEFAULTS:
            known = ("response", "dispatcher", "handler", "replace_native", *DEFAULTS)
            close = suggest(key, known)
            raise SetupError(f"there is no option {key!r}{close or '; there are ' + ', '.join(known)}")
    return config if replace_native is None else {**config, "ERROR_REPLACE_NATIVE": replace_native}


def _warn_of_settings(app: Any, given: Mapping[str, Any]) -> None:
    """Warn of configuration that has no effect. It may be another package's, so it is no error."""
    texts = [
        f"errbridge has no configuration key {key}; did you mean {near}?" for key, near in find_misspelt(app.config)
    ]
    page = given.get("ERROR_PAGE", app.config.get("ERROR_PAGE"))
    if isinstance(page, str) and not _has_template(app, page):
        texts.append(
            f"ERROR_PAGE is {page!r}, and there is no such template; the built-in page is sent instead "
            "(the templates of blueprints that are registered later are not known yet)"
        )
    if texts:
        level, frame = 0, inspect.currentframe()
        while frame is not None and frame.f_globals["__name__"].startswith("errbridge"):
            level, frame = level + 1, frame.f_back
        for text in texts:
            warnings.warn(text, UserWarning, level + 1)


def _has_template(app: Any, name: str) -> bool:
    """Ask the loaders alone: the environment is made once, and may be configured after init_app."""
    from jinja2 import Environment, TemplateNotFound

    try:
        app.create_global_jinja_loader().get_source(Environment(), name)
    except TemplateNotFound:
        return False
    except Exception:  # a loader that needs the application's own environment
        return True
    return True
