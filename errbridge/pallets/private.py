"""Every use of what Flask and Quart do not document, each with its reason, and checked when an application is set up.

``App._find_error_handler(exc, blueprints)``: Every search for an error handler, in both frameworks, for requests and
WebSockets, goes through this method of ``flask.sansio.app.App``. errbridge answers in its place, so that everything
around a handler stays the framework's: debug, testing and propagate mode, ``TRAP_*``, signals, the log record,
``before_request`` and ``after_request``. The documented ways lose some of that: a handler for ``Exception`` silences
the signal and the debugger, one for ``HTTPException`` replaces the application's own, and neither reaches a blueprint's
handler for a URL that does not exist (pallets/flask#1498).

``App.error_handler_spec``: Where the application's own handlers are registered. The search returns a handler without
the blueprint on which it found it, and errbridge has to compare that place with its own scopes.

``Blueprint.deferred_functions`` and ``Blueprint._blueprints``: What a blueprint recorded, and what is nested in it.
Nothing public has a rule as its author wrote it, or the options of a nesting; without them ``/a/b`` may be ``b`` under
``/a``, or ``/a/b`` without a prefix.

``Blueprint._got_registered_once``: Whether some application has the blueprint: one ``ErrorHandler`` may serve several.
A name that is missing costs nothing but that: ``errors check`` then reports the blueprints of other applications.

``form``, ``_form`` and ``_cached_json`` among the attributes of a request: What the application has read of the body.
Asking the request itself could read the body now, and has to be awaited in Quart. A name that is missing costs nothing
but that body: whether a key may be named is then decided without it.

``_data`` of the body of a request in Quart: What has been received of the content. Asking for it has to be awaited. If
the name is missing, content without a length and a type counts as none.

The messages of exception groups: Quart 0.23 handles a request in a ``TaskGroup``, and it and Flask 3.2 raise the errors
of teardown functions in groups of groups. Where such a group holds one error, errbridge raises that error, as before.
An unknown message costs nothing but that.

``Quart.handle_exception``: A documented method that has changed. Since Quart 0.23 it takes the context first.

``Flask.finalize_request``: A public method, documented as internal, whose response is the one that is sent, also if an
``after_request`` function fails. errbridge hands on whatever it is given; since Flask 3.2 that is the context first.

``werkzeug.debug.preserve_context`` in the environment of a request: Whether Werkzeug's debugger is around the
application already. A name that is missing means a second debugger under the bridge, in debug mode alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from types import CodeType, SimpleNamespace
from typing import Any

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, NotFound

from errbridge import SetupError

__all__ = [
    "HandlerSearch",
    "find_recorder",
    "find_search",
    "has_received_content",
    "read_nested",
    "read_request_values",
    "replay_routes",
    "takes_context",
    "ungroup",
    "was_registered",
]

_FRAMEWORKS = ("flask.app", "quart.app")
_FRAMEWORKS_OWN = "flask.sansio.app"

_GROUPS = (
    "unhandled errors in a TaskGroup",
    "Errors during context teardown",
    "Errors during request teardown",
    "Errors during websocket teardown",
    "Errors during app teardown",
)


class HandlerSearch:
    """The framework's own search for an error handler."""

    def __init__(self, find: Callable[..., Any], app: Any, is_replaced: bool) -> None:
        self._find = find
        self._app = app
        self._is_replaced = is_replaced  # by another one than the framework has for every application

    @property
    def is_empty(self) -> bool:
        """Whether there is no handler to find. A search leaves an empty entry for all that it did not find."""
        return not (self._is_replaced or self._app.error_handler_spec)

    def find(self, exc: Exception, blueprints: Sequence[str]) -> Callable[..., Any] | None:
        """Find the handler that the framework chooses; *blueprints* are those of the matched view, innermost first."""
        return None if self.is_empty else self._find(exc, list(blueprints))

    def locate(
        self, function: Callable[..., Any], exc: Exception, blueprints: Sequence[str]
    ) -> tuple[str | None, type | None]:
        """Find where the framework found a handler: the same one may be registered in several places.

        That is the blueprint, None for the application, and the class for which it is registered.
        """
        code = exc.code if isinstance(exc, HTTPException) else None
        for status in dict.fromkeys((code, None)):
            for name in (*blueprints, None):
                found = self._app.error_handler_spec.get(name, {}).get(status, {})  # a look with [] would add the keys
                for cls in type(exc).__mro__:
                    if found.get(cls) is function:
                        return name, cls
        return None, None

    def registrations(self) -> Iterator[tuple[str | None, type[Exception], Callable[..., Any]]]:
        """List the handlers that are registered with the framework itself: blueprint or None, class and function."""
        for blueprint, by_status in self._app.error_handler_spec.items():
            for by_class in by_status.values():
                yield from ((blueprint, cls, function) for cls, function in by_class.items())


def find_search(app: Any) -> HandlerSearch:
    """Return the framework's search for handlers; a SetupError if it is not what errbridge knows."""
    found: Any = getattr(app, "_find_error_handler", None)
    framework = next(cls for cls in type(app).__mro__ if cls.__module__ in _FRAMEWORKS)
    if not (callable(found) and len(inspect.signature(found).parameters) == 2 and _can_search(framework)):
        raise _unknown(framework.__name__, "searches error handlers")
    # One that takes its place need not look among what is registered; by its name it may pass for the original.
    is_replaced = getattr(found, "__globals__", {}).get("__name__") != _FRAMEWORKS_OWN
    return HandlerSearch(found, app, is_replaced)


@lru_cache(maxsize=8)
def _can_search(framework: Any) -> bool:
    """Register handlers in an application of their own, and make sure that they are found and located."""
    functions: tuple[Any, Any] = str, repr  # any two
    on_class, on_status = functions
    with suppress(AttributeError, KeyError, TypeError, ValueError):
        app = framework("errbridge_probe", root_path=".", static_folder=None)
        search = HandlerSearch(app._find_error_handler, app, is_replaced=False)
        was_empty = search.is_empty
        app.register_error_handler(LookupError, on_class)
        registered = app.error_handler_spec[None][None][LookupError]  # the agents of APMs wrap a handler
        app.error_handler_spec["shop"][404][NotFound] = on_status  # as a blueprint's setup does
        expected = [(KeyError(), registered, (None, LookupError)), (NotFound(), on_status, ("shop", NotFound))]
        return (
            was_empty
            and all(search.find(exc, ["shop"]) is function for exc, function, _ in expected)
            and all(search.locate(function, exc, ["shop"]) == place for exc, function, place in expected)
            and search.find(NotFound(), []) is None
            and {function for *_, function in search.registrations()} == {registered, on_status}
        )
    return False


def find_recorder(blueprint: Any) -> CodeType:
    """Return the code of the functions with which blueprints record a route; a SetupError if it is unknown."""
    return _probe_recorder(next(cls for cls in reversed(type(blueprint).__mro__) if "record" in vars(cls)))


def replay_routes(blueprint: Any, add_url_rule: Callable[..., None]) -> None:
    """Call a function as the registration of a blueprint calls ``add_url_rule``, with what the author wrote."""
    code = find_recorder(blueprint)
    for deferred in blueprint.deferred_functions:
        # Only the framework's own are called, which hand a rule on. Others may do anything, and have already done it.
        if getattr(deferred, "__code__", None) is code:
            deferred(SimpleNamespace(add_url_rule=add_url_rule))


def read_nested(blueprint: Any) -> list[tuple[Any, Mapping[str, Any]]]:
    """List the blueprints that are nested in a blueprint, with their options."""
    return blueprint._blueprints  # type: ignore[no-any-return]


@lru_cache(maxsize=8)
def _probe_recorder(cls: Any) -> CodeType:
    """Record a route and a nested blueprint, and make sure that both are read."""
    seen: list[tuple[str, str]] = []

    def note(rule: str, endpoint: str, view_func: Any, **options: Any) -> None:
        seen.append((rule, endpoint))

    with suppress(AttributeError, TypeError, ValueError):
        outer, inner = (cls(name, __name__, root_path=".") for name in ("outer", "inner"))
        outer.add_url_rule("/rule", "endpoint")
        outer.register_blueprint(inner, url_prefix="/inner")
        (recorded,) = outer.deferred_functions
        recorded(SimpleNamespace(add_url_rule=note))
        if seen == [("/rule", "endpoint")] and read_nested(outer) == [(inner, {"url_prefix": "/inner"})]:
            return recorded.__code__  # type: ignore[no-any-return]
    raise _unknown(cls.__module__.partition(".")[0].capitalize(), "keeps the routes of blueprints")


def was_registered(blueprint: object) -> bool:
    """Return whether a blueprint was registered in any application."""
    return bool(getattr(blueprint, "_got_registered_once", False))


def takes_context(method: Callable[..., Any]) -> bool:
    """Return whether a method takes the framework's context before an exception; a SetupError if it takes others."""
    count = len(inspect.signature(method).parameters)
    if count not in (1, 2):
        raise _unknown("Quart", "handles uncaught exceptions")
    return count == 2


def _unknown(framework: str, does: str) -> SetupError:
    return SetupError(
        f"this version of {framework} {does} in a way that errbridge does not know; "
        f"install a version of errbridge that supports it, or the framework's version before"
    )


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


def has_received_content(request: Any) -> bool:
    """Return whether Quart has received content for a request, or for a WebSocket, which has none."""
    return bool(getattr(getattr(request, "body", None), "_data", b""))


def ungroup(exc: BaseException) -> BaseException:
    """Return the error for which the framework made a group, if the group holds no other; else the exception itself."""
    while isinstance(exc, BaseExceptionGroup) and exc.message in _GROUPS and len(exc.exceptions) == 1:
        exc = exc.exceptions[0]
    return exc
