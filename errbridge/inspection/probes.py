"""Errors that did not happen, to find out how they would be answered."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator
from contextlib import contextmanager

from errbridge.application.errormap import Owner
from errbridge.application.installation import Installation
from errbridge.application.settings import Options
from errbridge.handling.context import ErrorContext, open_context
from errbridge.http.request import RequestFacts
from errbridge.inspection.subject import Subject, list_scopes
from errbridge.introspection import describe_class
from errbridge.log import log
from errbridge.problem.problem import Problem
from errbridge.scopes.patterns import (
    ConverterLookup,
    Variable,
    build_host_expression,
    build_path_expression,
    parse_segment,
    split_pattern,
)
from errbridge.scopes.scope import ROOT, Scope, list_blueprints
from errbridge.scopes.trie import ScopeTrie

__all__ = [
    "build_url",
    "capture_failures",
    "copy_without_hooks",
    "describe_error",
    "find_fault",
    "list_readable_scopes",
    "locate",
    "open_error",
    "open_scope",
]

_VALUES = ("1", "a", "aa", "1.0", "00000000-0000-4000-8000-000000000000", "2020-01-01")
_WORD = re.compile(r"[\w.-]+")


def copy_without_hooks(installation: Installation, options: Options | None = None) -> Installation:
    """Copy errbridge in an application, maybe with other options. The copy calls no hook."""
    copied = Installation(installation.application, installation.shared, options or installation.options)
    copied.own = installation.own
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


def open_error(installation: Installation, request: RequestFacts, status: int = 404) -> ErrorContext:
    """Open the context of an HTTP error."""
    application = installation.application
    cls = application.http_classes.by_status.get(status)
    exc = Problem(status) if cls is None else cls()
    return open_context(installation, exc, application.http_error(exc), request)


def find_fault(subject: Subject, scope: Scope) -> Exception | None:
    """Return the reason why the application cannot read a scope; None if it can."""
    try:
        ScopeTrie((scope,), subject.installation.application.converters)
    except Exception as error:  # also whatever the constructor of a converter raises
        return error
    return None


def list_readable_scopes(subject: Subject) -> list[tuple[Scope, Owner]]:
    """List the scopes of `list_scopes` that can own something."""
    return [(scope, owner) for scope, owner in list_scopes(subject) if find_fault(subject, scope) is None]


def locate(subject: Subject, scope: Scope) -> tuple[str, str]:
    """Return the regular expressions of a scope's hosts and of its prefix, which are equal for scopes at one place."""
    converters = subject.installation.application.converters
    return build_host_expression(scope.host, converters), build_path_expression(scope.prefix, converters)


def open_scope(subject: Subject, scope: Scope) -> ErrorContext | None:
    """Open an error that belongs to a scope first; None if no URL leads there, and it has no views."""
    url = build_url(scope, subject.installation.application.converters)
    host, path = url or ("", "/")
    if url is not None and (scope == ROOT or (scope.host, scope.prefix) != (None, None)):
        context = open_error(subject.installation, RequestFacts(path=path, host=host, routing=True))
        owner = context.chain.owners[0].scope
        if scope in (ROOT, owner) or (scope.blueprint is not None and owner.blueprint == scope.blueprint):
            return context
    if scope.blueprint is not None and scope.blueprint in subject.routed:
        request = RequestFacts(path=path, host=host, blueprints=list_blueprints(scope.blueprint))
        return open_error(subject.installation, request)
    return None


def build_url(scope: Scope, converters: ConverterLookup) -> tuple[str, str] | None:
    """Build a host and a path that a scope contains; None if no value is known that one of its variables takes."""
    host = "" if scope.host is None else scope.host.replace("*.", "a.")
    segments = (*split_pattern(host), *split_pattern(scope.prefix or "/"))
    try:
        first, *others = ("".join(_fill(token, converters) for token in segment) for segment in segments)
    except LookupError:
        return None
    return first, "/".join(others)


def _fill(token: str | Variable, converters: ConverterLookup) -> str:
    if isinstance(token, str):
        return token
    pattern = re.compile(parse_segment((token,), converters).regex)
    listed: list[str] = _WORD.findall(token.arguments or "")  # any(a, b) takes one of its arguments
    for value in (*listed, *_VALUES):
        if pattern.fullmatch(value):
            return value
    raise LookupError
