"""Handlers: how they are registered, and which of one scope's handlers answer an error.

Within one scope the most specific handler comes first:

1. the class of the exception,
2. its nearest base class,
3. the status code (a framework's class for a code and the code itself are one key),
4. the class of codes, ``"4xx"`` or ``"5xx"``,
5. the catch-all: ``"*"``, no key at all, ``Exception``, or the framework's ``HTTPException``.

The same key again replaces the handler that was there, as in Flask.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self, TypeVar
from weakref import WeakSet

from errbridge.errors import SetupError
from errbridge.http.status import check_error_status
from errbridge.introspection import describe_function, is_async

__all__ = [
    "CATCH_ALL",
    "F",
    "HTTPErrorClasses",
    "Handler",
    "Handlers",
    "Key",
    "ScopeHandlers",
    "check_keys",
]

CATCH_ALL = "*"

Key = int | str | type[Exception]
"""What a handler is registered for: a status, ``"4xx"``, ``"5xx"``, ``"*"``, or a class of exceptions."""

F = TypeVar("F", bound=Callable[..., Any])

_FAMILIES = frozenset({"4xx", "5xx"})


class Handler(NamedTuple):
    """A handler with what is known of it at registration, so that no request has to find out.

    Attributes:
        function: What the user wrote.
        arity: 1 for ``(exc)``, 2 for ``(exc, incident)``.
        is_async: Whether calling it gives an awaitable. A plain function may still return one.
    """

    function: Callable[..., Any]
    arity: int
    is_async: bool

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Self:
        """Look at a function once.

        Raises:
            SetupError: It cannot be called with ``(exc)`` or ``(exc, incident)``.
        """
        if not callable(function):
            raise SetupError(f"a handler is a function of (exc) or (exc, incident), not {function!r}")
        return cls(function, _arity(function), is_async(function))


def _arity(function: Callable[..., Any]) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some callables written in C have none
        return 1
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = sum(p.default is p.empty for p in positional)
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    needs_keyword = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if required > 2 or needs_keyword:
        raise SetupError(
            f"the handler {describe_function(function)} takes more than (exc, incident): give the other parameters "
            "defaults, or bind them"
        )
    if not positional and not takes_any:
        raise SetupError(
            f"the handler {describe_function(function)} takes no argument: give it (exc) or (exc, incident)"
        )
    return max(required, 1)


def check_keys(keys: object) -> tuple[Key, ...]:
    """Check what a handler is to be registered for.

    Args:
        keys: One key, or several in a list, tuple or set; None means everything.

    Raises:
        SetupError: One of them is no key.
    """
    if keys is None:
        return (CATCH_ALL,)
    if isinstance(keys, (list, tuple, set, frozenset)):
        several: Iterable[object] = keys
        if not keys:
            raise SetupError("there is no key in an empty list; leave it out, or write '*', to mean everything")
        return tuple(_key(key) for key in several)
    return (_key(keys),)


def _key(key: object) -> Key:
    if isinstance(key, type) and issubclass(key, BaseException):
        if not issubclass(key, Exception):
            raise SetupError(f"{key.__name__} ends the process or the task and passes through; it cannot be handled")
        return key
    if isinstance(key, int):
        try:
            return check_error_status(key)
        except ValueError as error:
            raise SetupError(f"{error}; there is no error to handle") from None
    if isinstance(key, str) and (key == CATCH_ALL or key in _FAMILIES):
        return key
    hint = "; write register() with parentheses" if callable(key) and not isinstance(key, type) else ""
    raise SetupError(
        f"a handler is registered for a status code, '4xx', '5xx', '*' or an exception class, not {key!r}{hint}"
    )


class Handlers:
    """Handlers without an application: written once, included in any Flask or Quart application.

    Example::

        handlers = Handlers()

        @handlers.register(LookupError)
        def missing(exc):
            return Problem(404, detail="There is no such thing")
    """

    def __init__(self) -> None:
        self._registered: list[tuple[Key, Handler]] = []
        self._watchers: WeakSet[Any] = WeakSet()

    def register(self, *keys: Key) -> Callable[[F], F]:
        """Register the decorated function.

        Args:
            *keys: Status codes, ``"4xx"``, ``"5xx"``, ``"*"`` or exception classes; none means everything.

        Returns:
            A decorator that gives the function back unchanged. The function takes ``(exc)`` or ``(exc, incident)``,
            sync or async.

        Raises:
            SetupError: A key is none, or the function cannot be called like that.
        """
        checked = check_keys(keys or None)

        def decorate(function: F) -> F:
            self.add(checked, Handler.of(function))
            return function

        return decorate

    def add(self, keys: Iterable[Key], handler: Handler) -> None:
        """Register a handler that was looked at already, for keys that were checked already.

        Args:
            keys: As `check_keys` gives them.
            handler: As `Handler.of` gives it.
        """
        self._registered.extend((key, handler) for key in keys)
        for watcher in self._watchers:
            watcher.touch()

    def watch(self, watcher: Any) -> None:
        """Call ``watcher.touch()`` whenever a handler is added, for as long as the watcher lives.

        Args:
            watcher: Referred to weakly.
        """
        self._watchers.add(watcher)

    def __iter__(self) -> Iterator[tuple[Key, Handler]]:
        return iter(self._registered)


@dataclass(frozen=True, slots=True)
class HTTPErrorClasses:
    """The exception classes in which a framework expresses HTTP errors.

    Attributes:
        base: Their base class; a handler for it is a catch-all.
        by_status: The class of each status code; a handler for the class is one for the code.
    """

    base: type[Exception] | None = None
    by_status: Mapping[int, type[Exception]] = field(default_factory=dict)

    def normalize_key(self, key: Key) -> Key:
        """Return the one form of keys that mean the same."""
        if key is Exception or key is self.base:
            return CATCH_ALL
        return next((status for status, cls in self.by_status.items() if cls is key), key)


_NO_CLASSES = HTTPErrorClasses()


class ScopeHandlers:
    """The handlers of one scope, ready to be asked.

    Args:
        registered: Pairs of key and handler; of the same key the last one counts.
        classes: The framework's classes of HTTP errors.

    Attributes:
        by_key: All of them, as registered; keys that mean the same in one form.
        classes: The handlers for classes of exceptions, those for status codes under the framework's class too.
    """

    __slots__ = ("_catch_all", "_families", "_statuses", "by_key", "classes")

    def __init__(self, registered: Iterable[tuple[Key, Handler]], classes: HTTPErrorClasses = _NO_CLASSES) -> None:
        by_key = self.by_key = {classes.normalize_key(key): handler for key, handler in registered}
        self._catch_all = by_key.get(CATCH_ALL)
        self.classes = {key: handler for key, handler in by_key.items() if isinstance(key, type)}
        self._statuses = {key: handler for key, handler in by_key.items() if isinstance(key, int)}
        self._families = {int(key[0]): by_key[key] for key in by_key if isinstance(key, str) and key != CATCH_ALL}
        for status, handler in self._statuses.items():
            if (of_status := classes.by_status.get(status)) is not None:
                self.classes[of_status] = handler

    def for_class(self, cls: type[BaseException]) -> Iterator[Handler]:
        """Give the handlers for a class of exceptions and its bases, the nearest first, each once; no catch-all."""
        if self.classes:
            found = (self.classes[base] for base in cls.__mro__ if base in self.classes)
            yield from {id(handler): handler for handler in found}.values()

    def for_error(self, cls: type[BaseException], status: int) -> Iterator[Handler]:
        """Give all handlers for an HTTP error, the most specific first, each once."""
        seen: set[int] = set()
        for _, handler in self.fitting(cls, status):
            if id(handler) not in seen:
                seen.add(id(handler))
                yield handler

    def fitting(self, cls: type[BaseException], status: int) -> Iterator[tuple[Key, Handler]]:
        """Give each key that an HTTP error has here, with its handler, the most specific first."""
        for base in cls.__mro__:
            if base in self.classes:
                yield base, self.classes[base]
        for key, found in (
            (status, self._statuses.get(status)),
            (f"{status // 100}xx", self._families.get(status // 100)),
            (CATCH_ALL, self._catch_all),
        ):
            if found is not None:
                yield key, found
