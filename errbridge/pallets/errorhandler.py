"""``ErrorHandler``, the public face of both adapters: registering, configuring, initializing."""

from __future__ import annotations

import inspect
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, Unpack, overload

from errbridge.application.hooks import Hooks, Locale, Observable
from errbridge.application.settings import (
    DEFAULTS,
    Configuration,
    DispatcherName,
    Options,
    ResponseDecorator,
    Settings,
    StyleName,
    check_dispatcher,
    check_style,
    find_misspelt,
)
from errbridge.errors import SetupError, suggest
from errbridge.handlers.handlers import Handler, Handlers, check_keys, is_key, read_meanings
from errbridge.handlers.registry import Registry
from errbridge.handlers.signatures import ErrorKey, ErrorKeys, ExcT, F, Meaning, Register, SecondT
from errbridge.problem.problem import Problem
from errbridge.scopes.dispatch import ErrorDispatcher
from errbridge.scopes.scope import ROOT, Scope, parse_place

if TYPE_CHECKING:
    from errbridge.adapter import Application, Installation

__all__ = ["EXTENSION", "BaseErrorHandler"]

AppT = TypeVar("AppT")
TargetT = TypeVar("TargetT")  # an application, a blueprint, a prefix or a Scope

EXTENSION = "errbridge"
"""The key of an application's ``extensions`` with the seam, which has the `Installation`."""


class Keywords(Configuration, total=False):
    """The options of an ``ErrorHandler`` as keyword arguments, for a type checker."""

    response: ResponseDecorator | None
    dispatcher: DispatcherName | type[ErrorDispatcher] | None
    handler: StyleName | None
    replace_native: bool | None


class BaseErrorHandler(Observable, ABC, Generic[AppT, TargetT]):
    """Registers handlers and styles for the errors of applications, blueprints, URL prefixes and hosts.

    You can create it without an application, and initialize any number of applications with it.

    Args:
        app: An application to initialize at once.
        response: A decorator for a function that returns ``(document, status, headers)``. errbridge sends what the
            decorated function returns in place of each problem document. ``headers`` is a dict, so errbridge adds a
            header that occurs twice afterwards. If the decorated function takes an argument, it gets the incident, and
            may return None to leave the document as it is.
        dispatcher: ``"default"``, ``"urlprefix"``, ``"subdomain"``, ``"auto"``, or a subclass of `ErrorDispatcher`;
            instead of ``ERROR_DISPATCHER``.
        handler: ``"api"``, ``"web"`` or ``"default"``: the style of the application itself; instead of
            ``ERROR_HANDLER``.
        replace_native: Whether errbridge replaces the application's native handlers for ``HTTPException`` and
            ``Exception``, which extensions such as APIFlask and flask-smorest register; instead of
            ``ERROR_REPLACE_NATIVE``.
        **options: The four above, and values for the ``ERROR_*`` configuration keys.

    Raises:
        SetupError: An option is invalid.
    """

    _app_class: ClassVar[type]
    _blueprint_class: ClassVar[type]

    def __init__(self, app: AppT | None = None, **options: Unpack[Keywords]) -> None:
        self._registry = Registry()
        self._hooks = Hooks()
        self._given = _read(options)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: AppT, **options: Unpack[Keywords]) -> AppT:
        """Initialize an application.

        Example::

            errors = ErrorHandler()

            def create_app():
                return errors.init_app(Flask("shop"), handler="api")

        Args:
            app: The application.
            **options: As for the class, for this application alone.

        Returns:
            The application.

        Raises:
            SetupError: The application is not one of this framework, was initialized before, or an option is invalid.
        """
        self._check_app("init_app", app)
        application: Any = app
        if EXTENSION in application.extensions:
            raise SetupError(
                "this application has an ErrorHandler already; register on that one, and call init_app only once"
            )
        given = {**self._given, **_read(options)}
        chosen = Options(given.pop("response", None), given.pop("dispatcher", None), given.pop("handler", None))
        settings = {**DEFAULTS, **application.config, **given}
        Settings.read(settings)
        _warn_of_settings(app, settings)

        def install(described: Application) -> Installation:
            """Change the configuration, now that nothing can fail: a failure leaves nothing behind."""
            from errbridge.application.installation import Installation

            application.config.update({key: settings[key] for key in DEFAULTS})
            return Installation(described, self._registry, chosen, self._hooks)

        self._attach(app, install)
        return app

    @abstractmethod
    def _attach(self, app: AppT, install: Callable[[Any], Any]) -> None:
        """Load what answers errors, which registering does without, and attach it to an application."""

    # Registering.

    @overload
    def register(self, *targets: TargetT, code: type[ExcT]) -> Register[ExcT]: ...
    @overload
    def register(self, *targets: TargetT, code: tuple[type[ExcT], type[SecondT]]) -> Register[ExcT | SecondT]: ...
    @overload
    def register(self, key: type[ExcT], /, *targets: TargetT) -> Register[ExcT]: ...
    @overload
    def register(self, key: type[ExcT], second: type[SecondT], /, *targets: TargetT) -> Register[ExcT | SecondT]: ...
    @overload
    def register(self, target: TargetT, key: type[ExcT], /, *targets: TargetT) -> Register[ExcT]: ...
    @overload
    def register(
        self, target: TargetT, key: type[ExcT], second: type[SecondT], /, *targets: TargetT
    ) -> Register[ExcT | SecondT]: ...
    @overload
    def register(self, *targets_and_keys: TargetT | ErrorKeys, code: ErrorKeys | None = None) -> Register[Any]: ...
    def register(self, *targets_and_keys: Any, code: object = None) -> Any:
        """Register the decorated function as a handler.

        Example::

            @errors.register(api, 404)
            def missing(exc, incident):
                return Problem(404, detail=f"There is nothing at {incident.request.path}.")

        Args:
            *targets_and_keys: Where the handler applies, and for which errors, in any order. Targets are blueprints,
                applications, prefixes such as ``"/v2"`` or ``"//host/v2"``, or `Scope` objects; without any, every
                application of this ``ErrorHandler``. A blueprint owns the URLs under its prefix, even those without a
                route (pallets/flask#1498). Keys are status codes, exception classes, ``"4xx"``, ``"5xx"``, or several
                in a list or tuple; without any, every HTTP error and every uncaught exception.
            code: Keys, too.

        Returns:
            A decorator that returns the function unchanged. The function takes ``(exc)`` or ``(exc, incident)``, may be
            sync or async, and returns a `Problem`, a `Page`, a `Reply`, anything that a view may return, or None to
            pass the error on.

        Raises:
            SetupError: A target or key is invalid, or the function cannot be called as a handler.
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
    def map(self, meanings: Mapping[type[ExcT], Meaning], *targets: TargetT) -> None: ...
    @overload
    def map(self, meanings: Mapping[ErrorKey | tuple[ErrorKey, ...], Meaning], *targets: TargetT) -> None: ...
    def map(self, meanings: object, *targets: Any) -> None:
        """Map errors to problems or handlers, in a table.

        Example::

            errors.map({LookupError: 404, PermissionError: Problem(403, detail="Not yours.")})

        Args:
            meanings: A status, a `Problem`, a problem class without required fields, or a handler, for each key. A key
                may be a tuple of several.
            *targets: Blueprints, applications, prefixes or `Scope` objects; without any, every application.

        Raises:
            SetupError: A target or key is invalid, or a value cannot become a problem.
        """
        handlers = read_meanings(meanings)
        for registry, target in self._targets("map", targets):
            for keys, handler in handlers:
                registry.add_handler(target, keys, handler)

    def include(self, handlers: Handlers, *targets: TargetT) -> None:
        """Register all handlers of a `Handlers` object, including those that are added to it later.

        Example::

            handlers = Handlers()

            @handlers.register(LookupError)
            def missing(exc):
                return Problem(404, detail="There is no such thing.")

            errors.include(handlers, app)

        Args:
            handlers: The handlers.
            *targets: Blueprints, applications, prefixes or `Scope` objects; without any, every application.

        Raises:
            SetupError: A target is invalid, or *handlers* is not a `Handlers`.
        """
        if not isinstance(handlers, Handlers):
            raise SetupError(f"include() takes a Handlers object and its targets, not {handlers!r}")
        for registry, target in self._targets("include", targets):
            registry.include(target, handlers)

    def api_register(self, *targets: TargetT) -> None:
        """Send problem documents (RFC 9457) for the errors of these targets.

        Example::

            errors.api_register(api, "/v2", Scope(host="api.example.com"))

        Args:
            *targets: Blueprints, applications, prefixes or `Scope` objects; without any, every application.

        Raises:
            SetupError: A target is invalid.
        """
        self._set_style("api", targets)

    def web_register(self, *targets: TargetT) -> None:
        """Send pages for the errors of these targets, from your own templates if they exist.

        Example::

            errors.web_register(web)

        Args:
            *targets: Blueprints, applications, prefixes or `Scope` objects; without any, every application.

        Raises:
            SetupError: A target is invalid.
        """
        self._set_style("web", targets)

    def default_register(self, *targets: TargetT) -> None:
        """Send the built-in page for the errors of these targets, or a document or text if the client prefers that.

        Example::

            errors.default_register(app)

        Args:
            *targets: Blueprints, applications, prefixes or `Scope` objects; without any, every application.

        Raises:
            SetupError: A target is invalid.
        """
        self._set_style("default", targets)

    def failure_register(self, *targets: TargetT) -> None:
        """Send the built-in page for uncaught exceptions of these targets, and leave their other errors alone.

        Example::

            errors.failure_register(app)

        Args:
            *targets: Blueprints, applications, prefixes or `Scope` objects; without any, every application.

        Raises:
            SetupError: A target is invalid.
        """
        for registry, target in self._targets("failure_register", targets):
            registry.set_failure(target)

    def dispatcher_register(self, app: AppT, dispatcher: DispatcherName | type[ErrorDispatcher]) -> None:
        """Replace the dispatcher of an application.

        Example::

            errors.dispatcher_register(app, "urlprefix")

        Args:
            app: The application.
            dispatcher: A name or a class, as for the constructor.

        Raises:
            SetupError: The dispatcher is invalid, or the application was not initialized.
        """
        self._installation("dispatcher_register", app).use_dispatcher(check_dispatcher("dispatcher", dispatcher))

    # Watching.

    def locale_with(self, function: Locale | None) -> Locale | None:
        """Choose the language of a response with a function, among those of ``ERROR_LANGUAGES``.

        If it returns None or a language that is not among them, the request's ``Accept-Language`` decides. You can pass
        ``get_locale`` of Flask-Babel or quart-babel.

        Example::

            errors.locale_with(lambda: flask.session.get("language"))

        Args:
            function: A plain function without arguments, called for each error, within the request. It returns a tag
                such as ``pt-BR``, or a locale of Babel. None removes the function.

        Returns:
            The function that it replaces.

        Raises:
            SetupError: It is not a plain function without arguments.
        """
        return self._hooks.locale_with(function)

    def catalogue(
        self,
        app: AppT,
        url_prefix: str = "/problems",
        *,
        types: Iterable[type[Problem] | ModuleType] | type[Problem] | ModuleType | None = None,
    ) -> None:
        """Serve a page for every problem type, so that the ``type`` of a problem leads to its documentation.

        ``<url_prefix>/`` lists the types, ``<url_prefix>/<slug>`` describes one: HTML for people, its JSON Schema for
        programs, by the Accept header. If ``ERROR_TYPE_URI`` is not set, it becomes ``<url_prefix>/{slug}``, which is
        relative to the host and does not contain the mount of the application. If the application is mounted under a
        path, set ``ERROR_TYPE_URI``.

        Example::

            errors.catalogue(app, types=[OutOfCredit])

        Args:
            app: The application.
            url_prefix: Where the pages are.
            types: A class, a module or several; every type of the process by default.

        Raises:
            SetupError: Two types have one URI, an argument is invalid, the application was not initialized, or it
                takes no routes any more, as in Flask after the first request. Nothing was changed then.
        """
        from errbridge.pallets.catalogue import serve

        self._installation("catalogue", app)
        serve(app, url_prefix, types)

    def preview(self, app: AppT, url_prefix: str = "/_errors") -> None:
        """Show every page and document of every scope in every language, in debug mode only.

        ``<url_prefix>/`` lists them, including your own 500 page. They look as a client would get them. Outside debug
        mode these URLs are a 404.

        Example::

            errors.preview(app)

        Args:
            app: The application.
            url_prefix: Where the list is.

        Raises:
            SetupError: The application was not initialized, or takes no routes any more, or has a preview.
        """
        from errbridge.pallets.preview import serve

        self._installation("preview", app)
        serve(app, url_prefix)

    def style_sources(self, app: AppT) -> tuple[str, ...]:
        """Return the hashes of the built-in page's styles, for a Content-Security-Policy of your own.

        Example::

            policy = {"style-src": ["'self'", *errors.style_sources(app)]}

        Args:
            app: The application, whose ``ERROR_SITE`` may add a style.

        Returns:
            Source expressions for ``style-src``, such as ``'sha256-...'`` with the quotes.

        Raises:
            SetupError: The application was not initialized.
        """
        from errbridge.representations.html import list_style_sources  # pages are loaded by the first application

        return list_style_sources(self._installation("style_sources", app).settings.site)

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
            return self._registry, parse_place(target)
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
        installation: Installation | None = getattr(app.extensions.get(EXTENSION), "installation", None)
        if installation is None or installation.shared is not self._registry:
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


def _read(options: Mapping[str, Any]) -> dict[str, Any]:
    """Check options; None is as good as none, except for a configuration key."""
    known = ("response", "dispatcher", "handler", "replace_native", *DEFAULTS)
    for key in options:
        if key not in known:
            raise SetupError(f"there is no option {key!r}{suggest(key, known) or '; there are ' + ', '.join(known)}")
    read = {key: value for key, value in options.items() if value is not None or key in DEFAULTS}
    if not callable(read.get("response", callable)):
        raise SetupError(f"response= is a decorator, not {read['response']!r}")
    if "dispatcher" in read:
        read["dispatcher"] = check_dispatcher("dispatcher=", read["dispatcher"])
    if "handler" in read:
        read["handler"] = check_style("handler=", read["handler"])
    if "replace_native" in read:
        read["ERROR_REPLACE_NATIVE"] = read.pop("replace_native")
    return read


def _warn_of_settings(app: Any, settings: Mapping[str, Any]) -> None:
    """Warn of configuration that has no effect. It may be another package's, so it is no error."""
    texts = [f"errbridge has no configuration key {key}; did you mean {near}?" for key, near in find_misspelt(settings)]
    page = settings["ERROR_PAGE"]
    if page is not None and not _has_template(app, page):
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
    except Exception as error:  # also that of a loader that needs the application's own environment
        return not isinstance(error, TemplateNotFound)
    return True
