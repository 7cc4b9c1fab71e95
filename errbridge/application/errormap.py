"""errbridge as it is installed in one application: its settings, its registrations, and the table made of them.

Registering and configuring may go on for as long as the framework allows it. The table that answers errors is made of
all that when the first error asks for it, and made anew when something has changed since.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

from errbridge.application.protocol import Framework
from errbridge.application.settings import Options, Settings, Snapshot, snapshot
from errbridge.errors import SetupError
from errbridge.handlers.handlers import Handler, HandlerTable, Key
from errbridge.handlers.registry import Entry, Registry
from errbridge.http.request import RequestFacts
from errbridge.incident import Incident
from errbridge.problem.problem import Problem
from errbridge.representations.styles import DEFAULT, Style
from errbridge.scopes.dispatch import DISPATCHERS, ErrorDispatcher, make_dispatcher
from errbridge.scopes.scope import ROOT, Scope
from errbridge.scopes.trie import ScopeTrie

__all__ = ["Asked", "Chain", "Installation", "Owner", "Table"]

log = logging.getLogger("errbridge")


class Owner(NamedTuple):
    """A scope with all that is registered for it, ready to be asked."""

    scope: Scope
    handlers: HandlerTable
    style: Style | None = None
    failure: bool = False

    def answers(self, *, uncaught: bool) -> Style | None:
        """Give the style in which the scope answers an error that no handler took; None if it does not."""
        return DEFAULT if uncaught and self.failure else self.style


Asked = tuple[tuple[Owner, tuple[Handler, ...]], ...]
"""Owners, the nearest first, each with those of its handlers that are asked, the most specific first."""

_MOST_REMEMBERED = 1024  # chains of a table, and errors of a chain: a dispatcher may give any, a program make classes


class Chain:
    """The owners of an error, with everything that follows from who they are.

    There are few chains, and few kinds of errors, and so what is worked out for one error is kept for the next.

    Args:
        owners: The nearest first, the application last.

    Attributes:
        owners: As given.
        blueprints: The names of those that are blueprints.
        prepared: Kept for `errbridge.handling.prepared`.
        styles: In which an error is shown, and an uncaught exception: those of the nearest owner that has one.
        templates: The template of each status' page; None where there is none.
    """

    __slots__ = ("_answering", "_claiming", "blueprints", "owners", "prepared", "styles", "templates")

    def __init__(self, owners: tuple[Owner, ...]) -> None:
        self.owners = owners
        self.blueprints = tuple(owner.scope.blueprint for owner in owners if owner.scope.blueprint is not None)
        self.styles = tuple(
            next(style for owner in owners if (style := owner.answers(uncaught=uncaught)) is not None)
            for uncaught in (False, True)
        )
        self.prepared: dict[Hashable, Any] = {}
        self.templates: dict[int, str | None] = {}
        self._claiming: dict[type[BaseException], Asked] = {}
        self._answering: dict[tuple[type[BaseException], int, bool], Asked] = {}

    def __iter__(self) -> Iterator[Owner]:
        return iter(self.owners)

    def claiming(self, cls: type[BaseException]) -> Asked:
        """Give every owner with its handlers for a class of exceptions that are no HTTP errors."""
        found = self._claiming.get(cls)
        if found is None:
            found = tuple((owner, tuple(owner.handlers.for_class(cls))) for owner in self.owners)
            if len(self._claiming) < _MOST_REMEMBERED:
                self._claiming[cls] = found
        return found

    def answering(self, cls: type[BaseException], status: int, *, uncaught: bool) -> Asked:
        """Give the owners up to the one whose style answers, with their handlers for an HTTP error."""
        key = cls, status, uncaught
        found = self._answering.get(key)
        if found is None:
            found = tuple(self._up_to_the_style(*key))
            if len(self._answering) < _MOST_REMEMBERED:
                self._answering[key] = found
        return found

    def _up_to_the_style(
        self, cls: type[BaseException], status: int, uncaught: bool
    ) -> Iterator[tuple[Owner, tuple[Handler, ...]]]:
        for owner in self.owners:
            yield owner, tuple(owner.handlers.for_error(cls, status))
            if owner.answers(uncaught=uncaught) is not None:
                return


class Table:
    """Everything that answering an error needs, made anew when something is registered or configured.

    Args:
        installation: Whose table it is.
        settings: The checked settings.
        owners: Every scope that could own something, blueprints by name.
        dispatcher: Asked for the owners of a URL.

    Attributes:
        framework: The application.
        kept: How many answers its chains keep.
        observers: Who is told of its errors.
        response: The ``response=`` decorator; None where there is none.
        root: The application as the last owner of every error.
    """

    __slots__ = (
        "_at",
        "_chains",
        "_claimed",
        "_place",
        "dispatcher",
        "framework",
        "kept",
        "observers",
        "owners",
        "response",
        "root",
        "settings",
    )

    def __init__(
        self,
        installation: Installation,
        settings: Settings,
        owners: dict[str | Scope, Owner],
        dispatcher: ErrorDispatcher,
    ) -> None:
        self.framework = installation.framework
        self.observers = installation.shared.observers
        self.response: Callable[..., Any] | None = installation.options.response
        self.settings = settings
        self.owners = owners
        self.root = owners[ROOT]
        self.dispatcher = dispatcher
        self.kept = 0
        self._place = dispatcher if type(dispatcher) in DISPATCHERS.values() else None
        self._chains: dict[tuple[tuple[str, ...], tuple[Scope | str, ...]], Chain] = {}
        self._claimed: frozenset[type] = frozenset(cls for owner in owners.values() for cls in owner.handlers.classes)

    def is_claimed(self, cls: type[BaseException]) -> bool:
        """Tell whether any scope has a handler for a class of exceptions or its bases."""
        return not self._claimed.isdisjoint(cls.__mro__)

    def chain_at(self, request: RequestFacts) -> Chain | None:
        """Find who may answer without an incident; None where one could make a difference."""
        place = self._place
        if place is None:
            return None
        return self._chain(request.blueprints, _listed(place.dispatch(_ANY_ERROR, request)))

    def chain(self, incident: Incident) -> Chain:
        """Find who may answer."""
        blueprints = incident.request.blueprints
        try:
            return self._chain(blueprints, _listed(self.dispatcher.dispatch(incident.exception, incident.request)))
        except Exception:
            log.exception("%s failed; the URL is taken to have no owner", type(self.dispatcher).__qualname__)
            return self._chain(blueprints, ())

    def _chain(self, blueprints: tuple[str, ...], found: tuple[Scope | str, ...]) -> Chain:
        chain = self._chains.get((blueprints, found))
        if chain is None:
            chain = Chain(tuple(self._owners((*blueprints, *map(_key, found)))))
            if len(self._chains) < _MOST_REMEMBERED:
                self._chains[blueprints, found] = chain
        return chain

    def _owners(self, keys: Iterable[str | Scope]) -> Iterator[Owner]:
        for key in dict.fromkeys(keys):
            if key not in self.owners:
                yield Owner(key if isinstance(key, Scope) else Scope(blueprint=key), _NO_HANDLERS)
            elif key != ROOT:
                yield self.owners[key]
        yield self.root


_NO_HANDLERS = HandlerTable(())
_ANY_ERROR = Exception()  # the dispatchers of the core do not look at it


def _listed(found: Iterable[Scope | str] | Scope | str | None) -> tuple[Scope | str, ...]:
    if not found:
        return ()
    if isinstance(found, tuple):
        return found
    return (found,) if isinstance(found, (Scope, str)) else tuple(found)


def _key(scope: Scope | str) -> str | Scope:
    if isinstance(scope, Scope):
        return scope if scope.blueprint is None else scope.blueprint
    if isinstance(scope, str):
        return scope
    raise TypeError(f"a dispatcher lists Scope objects or names of blueprints, not {scope!r}")


class Installation:
    """errbridge in one application.

    Args:
        framework: The application, as the core sees it.
        shared: What is registered with the ``ErrorHandler`` for all of its applications.
        options: What was given to it.

    Raises:
        SetupError: The configuration is wrong.
    """

    def __init__(self, framework: Framework, shared: Registry, options: Options) -> None:
        self.framework = framework
        self.shared = shared
        self.own = Registry()
        self.options = options
        self.problem_types: tuple[type[Problem] | ModuleType, ...] | None = None  # of its catalogue; None for all
        # Requests in several threads may find a change at once. What belongs together is replaced together.
        values = snapshot(framework.config)
        self._settings: tuple[Snapshot, Settings] = (values, Settings.of(values))
        self._table: tuple[object, Table] | None = None

    def use_dispatcher(self, dispatcher: type[ErrorDispatcher]) -> None:
        """Replace the dispatcher; the last one is in force."""
        self.options = self.options._replace(dispatcher=dispatcher)
        self.own.touch()

    def table(self) -> Table:
        """Give the table for everything registered and configured by now."""
        versions = self.shared.version, self.own.version, self.framework.version()
        current = self._table
        if current is None or versions != current[0]:
            current = self._table = (versions, self._made())
        return current[1]

    def _settings_in_force(self) -> Settings:
        """Follow the configuration. What became wrong later is reported and not followed."""
        values = snapshot(self.framework.config)
        known, settings = self._settings
        if values != known:
            try:
                settings = Settings.of(values)
            except SetupError:
                log.exception("the configuration was changed to something wrong; what was right before stays in force")
            self._settings = (values, settings)
        return settings

    def _made(self) -> Table:
        settings = self._settings_in_force()
        owners: dict[str | Scope, Owner] = {}
        scopes: list[Scope] = []
        for place in self.framework.places():
            scope = place.scope
            scopes.append(scope)
            assert scope.blueprint is not None
            owners[scope.blueprint] = self._owner(scope, self._entries(place.blueprint))
        for target in (*self.shared.entries, *self.own.entries):
            if isinstance(target, Scope):
                owners[target] = self._owner(target, self._entries(target))
                if target != ROOT:
                    scopes.append(target)
        root = self._owner(ROOT, self._entries(ROOT))
        style = root.style or self.options.style or settings.style or DEFAULT
        owners[ROOT] = root._replace(style=style)
        dispatcher = self.options.dispatcher or settings.dispatcher
        return Table(self, settings, owners, self._dispatcher(dispatcher, tuple(dict.fromkeys(scopes))))

    def _dispatcher(self, cls: type[ErrorDispatcher], scopes: tuple[Scope, ...]) -> ErrorDispatcher:
        converters, domain = self.framework.converters, self.framework.config.get("SERVER_NAME")
        try:
            return make_dispatcher(cls, scopes, converters, domain=domain)
        except Exception:
            return make_dispatcher(cls, filter(self._is_readable, scopes), converters, domain=domain)

    def _is_readable(self, scope: Scope) -> bool:
        """Leave out a scope that uses a converter which the application does not have; only now is it known."""
        try:
            ScopeTrie((scope,), self.framework.converters)
        except Exception:  # also whatever the constructor of a converter raises for its arguments
            log.exception("the scope %s is left out", scope)
            return False
        return True

    def _entries(self, target: object) -> list[Entry]:
        registries = (self.shared, self.own)
        return [registry.entries[target] for registry in registries if target in registry.entries]

    def _owner(self, scope: Scope, entries: list[Entry]) -> Owner:
        registered: list[tuple[Key, Handler]] = [pair for entry in entries for pair in entry.registered()]
        style = None
        for entry in entries:
            style = entry.style or style
        failure = any(entry.failure for entry in entries)
        return Owner(scope, HandlerTable(registered, self.framework.http), style, failure)
