"""Every use of what Flask and Quart do not document, each with its reason, and checked when an application is set up.

``App._find_error_handler(exc, blueprints)``: Every search for an error handler, in both frameworks, for requests and
WebSockets, goes through this method of ``flask.sansio.app.App``. errbridge answers in its place, so that everything
around a handler stays the framework's: debug, testing and propagate mode, ``TRAP_*``, signals, the log record,
``before_request`` and ``after_request``. The documented ways lose some of that: a handler for ``Exception`` silences
the signal and the debugger, one for ``HTTPException`` replaces the application's own, and neither reaches a blueprint's
handler for a URL that does not exist (pallets/flask#1498).

``App.error_handler_spec``: Where the application's own handlers are registered. The search returns a handler without
the blueprint on which it found it, and errbridge has to compare that place with its own scopes.

``form``, ``_form`` and ``_cached_json`` among the attributes of a request: What the application has read of the body.
Asking the request itself could read the body now, and has to be awaited in Quart. A name that is missing costs nothing
but that body: whether a key may be named is then decided without it.

The messages of exception groups: Quart 0.23 handles a request in a ``TaskGroup``, and it and Flask 3.2 raise the errors
of teardown functions in groups of groups. Where such a group holds one error, errbridge raises that error, as before.
An unknown message costs nothing but that.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from errbridge import SetupError

__all__ = ["HandlerSearch", "NativeRegistration", "find_search", "read_request_values", "ungroup"]

_FRAMEWORKS_OWN = "flask.sansio.app"

_GROUPS = (
    "unhandled errors in a TaskGroup",
    "Errors during context teardown",
    "Errors during request teardown",
    "Errors during websocket teardown",
    "Errors during app teardown",
)


class NativeRegistration(NamedTuple):
    """A handler that is registered with the framework itself.

    Attributes:
        blueprint: The blueprint; None for the application.
        status: The status code; None if it is registered for a class without one.
        cls: The class.
        function: The handler.
    """

    blueprint: str | None
    status: int | None
    cls: type[Exception]
    function: Callable[..., Any]


class HandlerSearch:
    """The framework's own search for an error handler.

    Args:
        find: The search.
        app: The application.
        is_replaced: Whether it is not the one that the framework has for every application.
    """

    def __init__(self, find: Callable[..., Any], app: Any, is_replaced: bool) -> None:
        self._find = find
        self._app = app
        self._is_replaced = is_replaced

    @property
    def is_empty(self) -> bool:
        """Whether there is no handler to find. A search leaves an empty entry for all that it did not find."""
        return not (self._is_replaced or self._app.error_handler_spec)

    def find(self, exc: Exception, blueprints: Sequence[str]) -> Callable[..., Any] | None:
        """Find the handler that the framework chooses.

        Args:
            exc: The exception.
            blueprints: The blueprints of the matched view, innermost first.
        """
        return None if self.is_empty else self._find(exc, list(blueprints))

    def locate(
        self, function: Callable[..., Any], exc: Exception, blueprints: Sequence[str]
    ) -> tuple[str | None, type | None]:
        """Find where the framework found a handler: the same one may be registered in several places.

        Returns:
            The blueprint, None for the application; and the class for which it is registered.
        """
        code = exc.code if isinstance(exc, HTTPException) else None
        for status in dict.fromkeys((code, None)):
            for name in (*blueprints, None):
                found = self._app.error_handler_spec[name][status]
                for cls in type(exc).__mro__:
                    if found.get(cls) is function:
                        return name, cls
        return None, None

    def registrations(self) -> Iterator[NativeRegistration]:
        """List the handlers that are registered with the framework itself."""
        for blueprint, by_status in self._app.error_handler_spec.items():
            for status, by_class in by_status.items():
                for cls, function in by_class.items():
                    yield NativeRegistration(blueprint, status, cls, function)


def find_search(app: Any) -> HandlerSearch:
    """Return the framework's search for handlers if it is what errbridge knows.

    Raises:
        SetupError: It is not.
    """
    found: Any = getattr(app, "_find_error_handler", None)
    is_known = callable(found) and len(inspect.signature(found).parameters) == 2
    if not is_known or not isinstance(getattr(app, "error_handler_spec", None), dict):
        raise SetupError(
            "this version of the framework searches error handlers in a way that errbridge does not know; "
            "install a version of errbridge that supports it, or the framework's version before"
        )
    # One that takes its place need not look among what is registered; by its name it may pass for the original.
    is_replaced = getattr(found, "__globals__", {}).get("__name__") != _FRAMEWORKS_OWN
    return HandlerSearch(found, app, is_replaced)


def read_request_values(request: Any) -> frozenset[str]:
    """Return every text of a request that the application has read: query, path, cookies, headers, form and JSON."""
    attributes = vars(request)
    found: set[str] = set()
    waiting: list[Any] = [request.args, request.view_args or {}, request.cookies, dict(request.headers)]
    waiting += [attributes[name] for name in ("form", "_form", "_cached_json") if name in attributes]
    while waiting:
        value = waiting.pop()
        if isinstance(value, MultiDict):
            waiting += value.lists()
        elif isinstance(value, Mapping):
            waiting += value.items()
        elif isinstance(value, (list, tuple)):
            waiting += value
        elif value is not None and value is not Ellipsis:
            found.add(str(value))
    return frozenset(found)


def ungroup(exc: BaseException) -> BaseException:
    """Return the error for which the framework made a group, if the group holds no other; else the exception itself."""
    while isinstance(exc, BaseExceptionGroup) and exc.message in _GROUPS and len(exc.exceptions) == 1:
        exc = exc.exceptions[0]
    return exc
