"""What is inspected: one application, with what only its framework knows, and errors that did not happen in it."""

from __future__ import annotations

import functools
import inspect
import logging
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from errbridge.application.errormap import ErrorMap, Owner
from errbridge.application.installation import Installation
from errbridge.application.protocol import Application
from errbridge.application.settings import Options
from errbridge.handlers.handlers import CATCH_ALL, Key
from errbridge.handling.context import ErrorContext, open_context
from errbridge.http.request import RequestFacts
from errbridge.introspection import describe_class, describe_function
from errbridge.log import log
from errbridge.scopes.patterns import (
    Variable,
    build_host_expression,
    build_path_expression,
    parse_segment,
    split_pattern,
)
from errbridge.scopes.scope import ROOT, Scope, list_blueprints
from errbridge.scopes.trie import ScopeTrie

__all__ = [
    "NativeEntry",
    "Replacement",
    "Source",
    "Subject",
    "capture_failures",
    "copy_without_hooks",
    "describe_error",
    "find_source",
    "is_of",
    "key_name",
]

_VALUES = ("1", "a", "aa", "1.0", "00000000-0000-4000-8000-000000000000", "2020-01-01")
_WORD = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class NativeEntry:
    """A handler that is registered with the framework itself, for a blueprint or the application (None)."""

    blueprint: str | None
    key: Key
    cls: type[Exception]  # the framework's class, if the key is a status
    function: Callable[..., Any]


Replacement = tuple[Callable[..., Any], str]
"""A function in place of a method of the framework that handles errors, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An application with errbridge in it."""

    name: str
    installation: Installation  # without hooks
    natives: tuple[NativeEntry, ...]
    routed: frozenset[str]  # the blueprints that have a route, and those around them
    replaced_methods: Mapping[str, Replacement]  # by the name of the framework's method
    was_registered: Callable[[object], bool]  # whether any application has a blueprint
    find_template_faults: Callable[[str], Iterable[str]]  # in a template, and in those that it refers to
    list_templates: Callable[[], Iterable[str]]  # those in HTML

    @property
    def application(self) -> Application:
        """The application, as the core sees it."""
        return self.installation.application

    @property
    def error_map(self) -> ErrorMap:
        """Everything that is registered."""
        return self.installation.error_map()

    def normalize_key(self, key: Key) -> Key:
        """Return the one form of keys that mean the same."""
        return self.application.http_classes.normalize_key(key)

    def list_natives(self, scope: Scope) -> Iterator[NativeEntry]:
        """List the native handlers of a scope. Only blueprints and the application can have some."""
        if scope.blueprint is not None or scope == ROOT:
            yield from (native for native in self.natives if native.blueprint == scope.blueprint)

    def is_replaced(self, native: NativeEntry) -> bool:
        """Return whether errbridge answers in place of a native handler (``replace_native=True``)."""
        is_catch_all = native.blueprint is None and self.normalize_key(native.key) == CATCH_ALL
        return is_catch_all and self.error_map.settings.replace_native

    def list_scopes(self) -> list[tuple[Scope, Owner]]:
        """List the scopes with their owners; blueprints once for each host."""
        return [(scope, owner) for scope, owner in self.error_map.owners.items() if isinstance(scope, Scope)]

    def list_readable_scopes(self) -> list[tuple[Scope, Owner]]:
        """List the scopes that can own something."""
        return [(scope, owner) for scope, owner in self.list_scopes() if self.find_fault(scope) is None]

    def find_fault(self, scope: Scope) -> Exception | None:
        """Return the reason why the application cannot read a scope; None if it can."""
        try:
            ScopeTrie((scope,), self.application.converters)
        except Exception as error:  # also whatever the constructor of a converter raises
            return error
        return None

    def locate(self, scope: Scope) -> tuple[str, str]:
        """Return the regular expressions of a scope's hosts and prefix, which are equal for scopes at one place."""
        converters = self.application.converters
        return build_host_expression(scope.host, converters), build_path_expression(scope.prefix, converters)

    def find_request(self, scope: Scope) -> RequestFacts | None:
        """Find an unknown URL that a scope contains; None if no value is known that one of its variables takes."""
        host = (scope.host or "").replace("*.", "a.")
        segments = (*split_pattern(host), *split_pattern(scope.prefix or "/"))
        try:
            first, *others = ("".join(map(self._fill, segment)) for segment in segments)
        except LookupError:
            return None
        return RequestFacts(host=first, path="/".join(others), routing=True)

    def _fill(self, token: str | Variable) -> str:
        if isinstance(token, str):
            return token
        pattern = re.compile(parse_segment((token,), self.application.converters).regex)
        listed: list[str] = _WORD.findall(token.arguments or "")  # any(a, b) takes one of its arguments
        for value in (*listed, *_VALUES):
            if pattern.fullmatch(value):
                return value
        raise LookupError

    def open_error(self, request: RequestFacts, status: int = 404) -> ErrorContext:
        """Open the context of an HTTP error."""
        exc = self.application.http_classes.by_status[status]()
        return open_context(self.installation, exc, self.application.http_error(exc), request)

    def open_scope(self, scope: Scope) -> ErrorContext | None:
        """Open an error that belongs to a scope first; None if no URL leads there, and it has no views."""
        request = self.find_request(scope)
        if request is not None and (scope == ROOT or (scope.host, scope.prefix) != (None, None)):
            context = self.open_error(request)
            if scope == ROOT or is_of(context.chain.owners[0], scope):
                return context
        if scope.blueprint is not None and scope.blueprint in self.routed:
            request = replace(request or RequestFacts(), routing=False, blueprints=list_blueprints(scope.blueprint))
            return self.open_error(request)
        return None


def is_of(owner: Owner, scope: Scope) -> bool:
    """Return whether an owner is that of a scope, or of its blueprint on any host."""
    return owner.scope == scope or (scope.blueprint is not None and owner.scope.blueprint == scope.blueprint)


def copy_without_hooks(installation: Installation, options: Options | None = None) -> Installation:
    """Copy errbridge in an application, maybe with other options. The copy calls no hook."""
    copied = Installation(installation.application, installation.shared, options or installation.options)
    copied.own, copied.problem_types = installation.own, installation.problem_types
    return copied


def describe_error(error: BaseException) -> str:
    """Describe an error as the last line of a traceback does."""
    return f"{describe_class(type(error))}: {error}"


@contextmanager
def capture_failures() -> Generator[list[str]]:
    """Keep the log empty, and list the failures that would have been logged: that of a template, for instance."""
    failures: list[str] = []

    def capture(record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None:
            failed = record.getMessage().removesuffix(" (incident )")  # a page that is made in advance has none
            failures.append(f"{failed}: {describe_error(record.exc_info[1])}")
        return False

    log.logger.addFilter(capture)
    try:
        yield failures
    finally:
        log.logger.removeFilter(capture)


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
    of_object = getattr(type(written).__call__, "__code__", None)
    name, code = describe_function(written), getattr(written, "__code__", of_object)
    if code is None or getattr(written, "__module__", "") == "errbridge":  # made by map()
        return Source(name)
    return Source(name, code.co_filename, code.co_firstlineno)


def key_name(key: Key | type[BaseException]) -> str:
    """Name what a handler is registered for, as a person would."""
    if key == CATCH_ALL:
        return "everything"
    return describe_class(key) if isinstance(key, type) else str(key)
