"""What is inspected: one application, with what only its framework knows about it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from errbridge.application.errormap import ErrorMap, Owner
from errbridge.application.installation import Installation
from errbridge.handlers.handlers import CATCH_ALL, Key
from errbridge.introspection import describe_class, describe_function
from errbridge.scopes.scope import ROOT, Scope

__all__ = ["NativeEntry", "Replacement", "Source", "Subject", "find_source", "key_name", "list_scopes"]


@dataclass(frozen=True, slots=True)
class NativeEntry:
    """A handler that is registered with the framework itself, for a blueprint or the application (None)."""

    blueprint: str | None
    key: Key
    cls: type[Exception]  # the framework's class, if the key is a status
    function: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Replacement:
    """A function in place of a method of the framework that handles errors, and what to do about it."""

    function: Callable[..., Any]
    advice: str


@dataclass(frozen=True, slots=True)
class Subject:
    """An application with errbridge in it."""

    name: str
    installation: Installation
    natives: tuple[NativeEntry, ...]
    routed: frozenset[str]  # the blueprints that have a route, and those around them
    replaced_methods: Mapping[str, Replacement]  # by the name of the framework's method
    was_registered: Callable[[object], bool]  # whether any application has a blueprint
    find_template_faults: Callable[[str], Iterable[str]]  # in a template, and in those that it refers to
    list_templates: Callable[[], Iterable[str]]  # those in HTML

    @property
    def error_map(self) -> ErrorMap:
        """Everything that is registered."""
        return self.installation.error_map()

    def list_natives(self, scope: Scope) -> Iterator[NativeEntry]:
        """List the native handlers of a scope. Only blueprints and the application can have some."""
        if scope.blueprint is not None or scope == ROOT:
            yield from (native for native in self.natives if native.blueprint == scope.blueprint)

    def is_replaced(self, native: NativeEntry) -> bool:
        """Return whether errbridge answers in place of a native handler (``replace_native=True``)."""
        normalize = self.installation.application.http_classes.normalize_key
        is_catch_all = native.blueprint is None and normalize(native.key) == CATCH_ALL
        return is_catch_all and self.error_map.settings.replace_native


def list_scopes(subject: Subject) -> list[tuple[Scope, Owner]]:
    """List the scopes of an application with their owners; blueprints once for each host."""
    return [(scope, owner) for scope, owner in subject.error_map.owners.items() if isinstance(scope, Scope)]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a handler is written; what is written in C has a name only."""

    name: str
    file: str | None = None
    line: int | None = None


def find_source(function: Callable[..., Any]) -> Source:
    """Find out where a handler is written."""
    written: Any = function
    while isinstance(written, functools.partial):
        written = written.func
    with suppress(ValueError):  # it may be wrapped in itself
        written = inspect.unwrap(written)
    code = getattr(written, "__code__", None)
    if code is None:  # an object that can be called
        code = getattr(getattr(type(written), "__call__", None), "__code__", None)  # noqa: B004 - the method is wanted
    if code is None or getattr(written, "__module__", "") == "errbridge":  # made by map()
        return Source(describe_function(written))
    return Source(describe_function(written), code.co_filename, code.co_firstlineno)


def key_name(key: Key | type[BaseException]) -> str:
    """Name what a handler is registered for, as a person would."""
    if key == CATCH_ALL:
        return "everything"
    return describe_class(key) if isinstance(key, type) else str(key)
