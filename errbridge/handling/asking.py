"""Which handlers are asked about an error, in which order, and what one of them answered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from errbridge.application.errormap import Owner, Turns
from errbridge.application.protocol import NativeHandler
from errbridge.handlers.handlers import Handler
from errbridge.handling.context import ErrorContext
from errbridge.handling.drivers import Call, Colour
from errbridge.scopes.scope import ROOT

__all__ = ["Candidate", "find_candidates", "find_claimants", "has_own_handler", "is_registered_at"]


class Candidate(NamedTuple):
    """A handler that may answer.

    Attributes:
        call: The call that asks it.
        is_native: Whether it is registered with the framework, whose rules then hold for its result.
        sees_incident: Whether it may choose by what the client wants, also to pass.
    """

    call: Call
    is_native: bool
    sees_incident: bool


def find_claimants(context: ErrorContext) -> Iterator[Candidate]:
    """List the handlers that may take an exception as itself, before it is a 500 (step 1).

    The framework's choice is among them even if it is a handler for any exception: if no scope nearer than it would
    answer the 500, it is called as without errbridge.
    """
    native = context.native
    for owner, handlers in context.error_map.find_claimants(context.chain, type(context.exception)):
        if native is not None and not native.is_generic and is_registered_at(native, owner):
            yield _native_candidate(native)
        for handler in handlers:
            yield _candidate(handler, context)
    if native is not None and native.is_generic and _is_first(native, context):
        yield _native_candidate(native)


def find_candidates(context: ErrorContext) -> Iterator[Candidate]:
    """List the handlers that may answer an HTTP error, up to the scope whose style answers (step 2)."""
    native = context.native
    for owner, handlers in _turns(context):
        if native is not None and is_registered_at(native, owner):
            yield _native_candidate(native)
        for handler in handlers:
            yield _candidate(handler, context)


def _turns(context: ErrorContext) -> Turns:
    cls, status = type(context.exception), context.problem.status
    return context.error_map.find_handlers(context.chain, cls, status, context.is_uncaught)


def _candidate(handler: Handler, context: ErrorContext) -> Candidate:
    sees_incident = handler.arity == 2
    args = (context.exception, context.incident) if sees_incident else (context.exception,)
    return Candidate(Call(handler.function, args, _colour(handler.is_async)), False, sees_incident)


def _native_candidate(native: NativeHandler) -> Candidate:
    return Candidate(Call(native.function, (native.exception,), _colour(native.is_async)), True, False)


def _colour(is_async: bool) -> Colour:
    return Colour.ASYNC if is_async else Colour.SYNC


def has_own_handler(context: ErrorContext) -> bool:
    """Return whether a handler is registered for a class of the application's own that the exception has."""
    frameworks = {*context.application.http_classes.by_status.values(), context.application.http_classes.base}
    classes = takewhile(lambda cls: cls not in frameworks, type(context.exception).__mro__)
    return any(cls in owner.handlers.classes for cls in classes for owner in context.chain.owners)


def _is_first(native: NativeHandler, context: ErrorContext) -> bool:
    """Return whether no scope nearer than a handler for any exception would answer the 500."""
    server_error = context.application.http_classes.by_status.get(500, Exception)
    for owner, handlers in context.error_map.find_handlers(context.chain, server_error, 500, True):
        if is_registered_at(native, owner):
            return True
        if handlers:
            return False
    return False


def is_registered_at(native: NativeHandler, owner: Owner) -> bool:
    """Return whether the framework found its handler at this scope."""
    return native.blueprint == owner.scope.blueprint and (native.blueprint is not None or owner.scope == ROOT)
