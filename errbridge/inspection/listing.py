"""What is registered in an application: hosts, prefixes and blueprints, each with its style and its handlers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from errbridge.application.errormap import Owner
from errbridge.handlers.handlers import Key
from errbridge.inspection.subject import NativeEntry, Source, Subject, key_name, source_of
from errbridge.scopes.patterns import split_prefix
from errbridge.scopes.scope import ROOT, Scope

__all__ = ["HandlerEntry", "HostEntry", "Listing", "ScopeEntry", "listed_scopes", "listing", "sorted_keys"]


class HandlerEntry(NamedTuple):
    """A handler of a scope.

    Attributes:
        key: What it is registered for.
        source: Where it stands.
        native: Whether it was registered with the framework.
    """

    key: str
    source: Source
    native: bool


class ScopeEntry(NamedTuple):
    """A scope with what is registered for it.

    Attributes:
        prefix: The effective one; None for every path.
        blueprint: Its dotted name, if it is one.
        depth: How many scopes of the host contain it.
        style: ``api``, ``web`` or ``default``; None leaves that to the next scope of the chain.
        failure: Whether it answers uncaught exceptions with the plain page.
        handlers: Those of the framework first, then errbridge's from the most specific to the most general.
    """

    prefix: str | None
    blueprint: str | None
    depth: int
    style: str | None
    failure: bool
    handlers: tuple[HandlerEntry, ...]


class HostEntry(NamedTuple):
    """The scopes of a host.

    Attributes:
        host: As it was given; None for every host.
        scopes: Ordered by prefix, what contains before what is contained.
    """

    host: str | None
    scopes: tuple[ScopeEntry, ...]


class Listing(NamedTuple):
    """Everything that is registered in an application.

    Attributes:
        app: Its name.
        dispatcher: The name of the dispatcher's class.
        hosts: Those that have scopes of their own; last what counts for every host.
        views: Blueprints that own no URL space, only the errors of their own views.
        root: The application itself, which answers what nobody else does.
    """

    app: str
    dispatcher: str
    hosts: tuple[HostEntry, ...]
    views: tuple[ScopeEntry, ...]
    root: ScopeEntry


def listed_scopes(subject: Subject) -> list[tuple[Scope, Owner]]:
    """Give every scope of an application but the last with what is registered for it, blueprints once for each host."""
    table = subject.installation.table()
    places = [place.scope for place in subject.installation.framework.places()]
    others = [scope for scope in table.owners if isinstance(scope, Scope) and scope != ROOT]
    return [(scope, table.owners[scope.blueprint or scope]) for scope in (*places, *others)]


def listing(subject: Subject) -> Listing:
    """List what is registered in an application."""
    natives: dict[str | None, list[NativeEntry]] = {}
    for entry in subject.natives():
        natives.setdefault(entry.blueprint, []).append(entry)
    hosts: dict[str | None, list[tuple[Scope, Owner]]] = {}
    views: list[tuple[Scope, Owner]] = []
    for scope, owner in listed_scopes(subject):
        owns_urls = scope.prefix is not None or scope.host is not None
        (hosts.setdefault(scope.host, []) if owns_urls else views).append((scope, owner))
    table = subject.installation.table()
    return Listing(
        subject.name,
        type(table.dispatcher).__name__,
        tuple(
            HostEntry(host, tuple(_tree(scopes, natives)))
            for host, scopes in sorted(hosts.items(), key=lambda item: (item[0] is None, item[0] or ""))
        ),
        tuple(_entry(scope, owner, natives.get(scope.blueprint, ())) for scope, owner in sorted(views, key=_by_place)),
        _entry(ROOT, table.root, natives.get(None, ())),
    )


def _by_place(item: tuple[Scope, Owner]) -> tuple[object, ...]:
    scope = item[0]
    return [str(part) for part in _path(scope)], scope.blueprint is None, scope.blueprint or ""


def _path(scope: Scope) -> tuple[object, ...]:
    return split_prefix(scope.prefix)


def _tree(scopes: Iterable[tuple[Scope, Owner]], natives: dict[str | None, list[NativeEntry]]) -> Iterable[ScopeEntry]:
    containing: list[tuple[object, ...]] = []
    for scope, owner in sorted(scopes, key=_by_place):
        path = _path(scope)
        while containing and not _contains(containing[-1], path):
            containing.pop()
        # Only what was registered with a blueprint is the framework's to find: a prefix alone has no handlers there.
        own = natives.get(scope.blueprint, ()) if scope.blueprint is not None else ()
        yield _entry(scope, owner, own, len(containing))
        containing.append(path)


def _contains(outer: tuple[object, ...], inner: tuple[object, ...]) -> bool:
    return len(outer) < len(inner) and inner[: len(outer)] == outer


def _entry(scope: Scope, owner: Owner, natives: Iterable[NativeEntry], depth: int = 0) -> ScopeEntry:
    handlers = (
        *(HandlerEntry(key_name(native.key), source_of(native.function), True) for native in natives),
        *(
            HandlerEntry(key_name(key), source_of(owner.handlers.by_key[key].function), False)
            for key in sorted_keys(owner.handlers.by_key)
        ),
    )
    style = None if owner.style is None else owner.style.name
    return ScopeEntry(scope.prefix, scope.blueprint, depth, style, owner.failure, handlers)


def sorted_keys(keys: Iterable[Key]) -> list[Key]:
    """Sort the keys of handlers from the most specific to the most general."""
    return sorted(keys, key=lambda key: (_KINDS.index(_kind(key)), key_name(key)))


_KINDS = ("class", "status", "family", "*")


def _kind(key: Key) -> str:
    if isinstance(key, type):
        return "class"
    if isinstance(key, int):
        return "status"
    return "family" if len(key) > 1 else key
