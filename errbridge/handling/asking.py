"""Which handlers are asked about an error, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from errbridge.application.errormap import Owner, Turns
from errbridge.application.protocol import NativeHandler
from errbridge.handlers.handlers import Handler
from errbridge.handling.context import ErrorContext
from errbridge.handling.drivers import Call
from errbridge.introspection import is_async
from errbridge.scopes.scope import ROOT

__all__ = ["Candidate", "find_candidates", "find_claimants", "has_own_handler", "is_registered_at"]


class Candidate(NamedTuple):
    """A handler that may answer.

    Attributes:
        call: The call that asks it.
        is_native: Whether it is registered with the framework, whose rules then hold for its result.
        vary: The request headers that its answer may depend on.
    """

    call: Call
    is_native: bool
    vary: str | None


def find_claimants(context: ErrorContext) -> Iterator[Candidate]:
    """List the handlers that may take an exception as itself, before it is a 500 (step 2).

    The framework's choice is among them even if it is a handler for any exception: if no scope nearer than it would
    answer the 500, it is called as without errbridge.
    """
    native = context.native
    is_generic = native is not None and native.is_generic
    turns = context.error_map.find_turns(context.chain.owners, type(context.exception), None)
    yield from _take_turns(context, turns, None if is_generic else native)
    if native is not None and is_generic and _is_first(native, context):
        yield from _offer_native(context, native, None)


def find_candidates(context: ErrorContext) -> Iterator[Candidate]:
    """List the handlers that may answer an HTTP error, up to the scope whose style answers (step 3)."""
    turns = context.error_map.find_turns(context.reach.owners, type(context.exception), context.problem.status)
    return _take_turns(context, turns, context.native)


def _take_turns(context: ErrorContext, turns: Turns, native: NativeHandler | None) -> Iterator[Candidate]:
    """List the handlers that were not asked yet, in the order of the turns.

    A handler that takes the incident may choose by what the client wants, also to pass, so all answers after it may
    depend on that.
    """
    vary = None
    for owner, handlers in turns:
        if native is not None and is_registered_at(native, owner):
            yield from _offer_native(context, native, vary)
        for handler in handlers:
            if not _is_asked(context, handler.function):
                if handler.arity == 2:
                    vary = context.vary
                yield Candidate(_call(handler, context), False, vary)


def _offer_native(context: ErrorContext, native: NativeHandler, vary: str | None) -> Iterator[Candidate]:
    if not _is_asked(context, native.function):
        call = Call(native.function, (native.exception,), may_block=not is_async(native.function))
        yield Candidate(call, True, vary)


def _is_asked(context: ErrorContext, function: object) -> bool:
    return any(asked is function for asked in context.asked)


def _call(handler: Handler, context: ErrorContext) -> Call:
    args = (context.exception, context.incident) if handler.arity == 2 else (context.exception,)
    return Call(handler.function, args, may_block=not handler.is_async)


def has_own_handler(context: ErrorContext) -> bool:
    """Return whether a handler is registered for a class of the application's own that the exception has."""
    frameworks = {*context.application.http_classes.by_status.values(), context.application.http_classes.base}
    classes = takewhile(lambda cls: cls not in frameworks, type(context.exception).__mro__)
    return any(cls in owner.handlers.classes for cls in classes for owner in context.chain.owners)


def _is_first(native: NativeHandler, context: ErrorContext) -> bool:
    """Return whether no scope nearer than a handler for any exception would answer the 500.

    In propagate mode there is no 500, and handlers for it are not asked.
    """
    propagates = context.application.propagates()
    server_error = context.application.http_classes.by_status.get(500, Exception)
    for owner, handlers in context.error_map.find_turns(context.chain.uncaught.owners, server_error, 500):
        if is_registered_at(native, owner):
            return True
        if handlers and not propagates:
            return False
    return False


def is_registered_at(native: NativeHandler, owner: Owner) -> bool:
    """Return whether the framework found its handler at this scope."""
    return native.blueprint == owner.scope.blueprint and (native.blueprint is not None or owner.scope == ROOT)
