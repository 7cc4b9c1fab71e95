"""errbridge in one application: what is registered and configured there, and the error map that is built from it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from types import ModuleType
from typing import Any
from weakref import WeakValueDictionary

from errbridge.application.errormap import ErrorMap, Owner
from errbridge.application.hooks import Hooks
from errbridge.application.protocol import Application
from errbridge.application.settings import Options, Settings
from errbridge.errors import SetupError
from errbridge.handlers.handlers import Handler, Key, ScopeHandlers
from errbridge.handlers.registry import Registrations, Registry
from errbridge.http.request import REFUSAL
from errbridge.incident import get_current, set_current
from errbridge.languages.catalogues import load_languages
from errbridge.log import log
from errbridge.problem.problem import Problem
from errbridge.representations.styles import DEFAULT, WEB, WEB_WITHOUT_XHR, Style
from errbridge.scopes.dispatch import ErrorDispatcher, make_dispatcher
from errbridge.scopes.scope import ROOT, Scope
from errbridge.scopes.trie import ScopeTrie

__all__ = ["Installation", "find_installation", "install"]


class Installation:
    """errbridge in one application.

    Args:
        application: The application, as the core sees it.
        shared: The registry of the ``ErrorHandler``, which all of its applications share; a new one if None.
        options: The arguments of the ``ErrorHandler``.
        hooks: The hooks of the ``ErrorHandler``.

    Attributes:
        own: The registry of this application alone.
        problem_types: The types of its catalogue; None for all that exist.

    Raises:
        SetupError: The configuration is wrong.
    """

    def __init__(
        self,
        application: Application,
        shared: Registry | None = None,
        options: Options | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self.application = application
        self.shared = shared or Registry()
        self.own = Registry()
        self.options = options or Options()
        self.hooks = hooks or Hooks()
        self.problem_types: tuple[type[Problem] | ModuleType, ...] | None = None
        self._settings = Settings.read(application.config)
        # Two threads may find a change at once. The versions and the map made for them are replaced together.
        self._built: tuple[object, ErrorMap] | None = None

    @property
    def settings(self) -> Settings:
        """The settings in force. Until the first error, they follow the configuration."""
        if self._built is None:
            with suppress(SetupError):  # which the first error reports
                return Settings.read(self.application.config)
        return self._settings

    get_current = staticmethod(get_current)
    set_current = staticmethod(set_current)

    def use_dispatcher(self, dispatcher: type[ErrorDispatcher]) -> None:
        """Replace the dispatcher; the last call counts."""
        self.options = replace(self.options, dispatcher=dispatcher)
        self.own.touch()

    @staticmethod
    def find_refusal(scope: Mapping[str, Any] | None) -> Problem | None:
        """Find what the bridge refuses in front of this application, for it to answer.

        Args:
            scope: The ASGI scope of the request; None if there is none.
        """
        return scope.get(REFUSAL) if scope else None

    def error_map(self) -> ErrorMap:
        """Return the error map of everything that is registered by now."""
        versions = self.shared.version, self.own.version, self.application.version
        built = self._built
        if built is None or versions != built[0]:
            built = self._built = (versions, self._build())
        return built[1]

    def registrations(self, target: object) -> list[Registrations]:
        """List what is registered for a target: for all applications first, then for this one."""
        return [registry.targets[target] for registry in (self.shared, self.own) if target in registry.targets]

    def _read_settings(self) -> Settings:
        """Read the configuration once more: it may be complete only after ``init_app``."""
        try:
            self._settings = Settings.read(self.application.config)
        except SetupError:
            log.exception("the configuration became wrong after init_app; the settings from before stay in force")
        return self._settings

    def _build(self) -> ErrorMap:
        settings = self._read_settings()
        owners: dict[str | Scope, Owner] = {}
        for scope, blueprint in self.application.places():
            name = str(scope.blueprint)
            owner = owners[scope] = self._build_owner(scope, blueprint)
            owners[name] = replace(owner, scope=replace(scope, host=None)) if name in owners else owner
        for target in (*self.shared.targets, *self.own.targets):
            if isinstance(target, Scope) and target != ROOT:
                owners[target] = self._build_owner(target, target)
        scopes = [key for key in owners if isinstance(key, Scope)]
        root = self._build_owner(ROOT, ROOT)
        style = root.style or self.options.style or settings.handler or DEFAULT
        owners[ROOT] = replace(root, style=self._adapt(style))
        dispatcher = self._build_dispatcher(self.options.dispatcher or settings.dispatcher, scopes)
        languages = load_languages(settings.languages, self.application.catalogues)
        return ErrorMap(settings, owners, dispatcher, self.options.response, languages)

    def _build_dispatcher(self, cls: type[ErrorDispatcher], scopes: list[Scope]) -> ErrorDispatcher:
        converters, domain = self.application.converters, self.application.domain
        try:
            return make_dispatcher(cls, scopes, converters, domain=domain)
        except Exception:
            return make_dispatcher(cls, filter(self._is_readable, scopes), converters, domain=domain)

    def _is_readable(self, scope: Scope) -> bool:
        """Log a scope that uses a converter which the application does not have; only now is it known."""
        try:
            ScopeTrie((scope,), self.application.converters)
        except Exception:  # also whatever the constructor of a converter raises for its arguments
            log.exception("the scope %s is left out", scope)
            return False
        return True

    def _adapt(self, style: Style | None) -> Style | None:
        return WEB_WITHOUT_XHR if style is WEB and not self._settings.xhr_enabled else style

    def _build_owner(self, scope: Scope, target: object) -> Owner:
        found = self.registrations(target)
        handlers: list[tuple[Key, Handler]] = [pair for each in found for pair in each.handlers()]
        style = self._adapt(next((each.style for each in reversed(found) if each.style is not None), None))
        failure = any(each.failure for each in found)
        names = () if scope.blueprint is None else self.application.folder_names(scope.blueprint)
        folders = tuple(f"{name}/errors" for name in names)
        return Owner(scope, ScopeHandlers(handlers, self.application.http_classes), style, failure, folders)


_installed: WeakValueDictionary[int, Installation] = WeakValueDictionary()


def install(app: object, installation: Installation) -> None:
    """Make errbridge known to what looks for it in an application: the bridge, and the tools for tests.

    Args:
        app: The application. The installation keeps it alive, and not the other way round.
        installation: errbridge in it.
    """
    _installed[_identify(app)] = installation


def find_installation(app: object) -> Installation | None:
    """Find errbridge in an application; None if it is not there, or if *app* is no application."""
    return _installed.get(_identify(app))


def _identify(app: object) -> int:
    return id(getattr(app, "__dict__", app))  # a proxy of an application has its attributes
