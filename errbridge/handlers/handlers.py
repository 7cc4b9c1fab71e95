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
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Self, TypeGuard, overload
from weakref import WeakSet

from errbridge.errors import SetupError, suggest
from errbridge.handlers.signatures import ErrorKey, ErrorKeys, ExcT, F, Meaning, Register, SecondT
from errbridge.http.status import check_error_status
from errbridge.introspection import describe_function, is_async
from errbridge.problem.problem import Problem

__all__ = [
    "CATCH_ALL",
    "HTTPErrorClasses",
    "Handler",
    "Handlers",
    "Key",
    "ScopeHandlers",
    "check_keys",
    "is_class_name",
    "is_key",
    "read_meanings",
]

CATCH_ALL = "*"

Key = int | str | type[Exception]
"""A status, ``"4xx"``, ``"5xx"``, ``"*"``, a class of exceptions, or its full name (``"package.module.Class"``).

The name is for a class of a library that need not be installed. It is that in the class's own ``__module__`` and
``__qualname__``, which may differ from where you import the class.
"""


_FAMILIES = frozenset({"4xx", "5xx"})


def is_class_name(key: object) -> TypeGuard[str]:
    """Return whether a key can be the full name of a class, which ``api.example.com`` cannot."""
    parts = key.split(".") if isinstance(key, str) else []
    return len(parts) > 1 and all(map(str.isidentifier, parts)) and parts[-1].lstrip("_")[:1].isupper()


class Handler(NamedTuple):
    """A handler with what is known of it at registration, so that no request has to find out."""

    function: Callable[..., Any]
    arity: int  # 1 for ``(exc)``, 2 for ``(exc, incident)``
    is_async: bool  # whether calling it gives an awaitable; a plain function may still return one

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Self:
        """Look at a function once; a SetupError if it cannot be called with ``(exc)`` or ``(exc, incident)``."""
        if not callable(function):
            raise SetupError(f"a handler is a function of (exc) or (exc, incident), not {function!r}")
        if isinstance(function, type) and issubclass(function, BaseException):
            raise SetupError(
                f"a handler is a function, not {function.__name__}; write map({{key: {function.__name__}}})"
            )
        return cls(function, _arity(function), is_async(function))


def _arity(function: Callable[..., Any]) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some callables written in C have none
        return 1
    required = [p.kind for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if len(required) > 2 or inspect.Parameter.KEYWORD_ONLY in required:
        said = "takes more than (exc, incident): give the other parameters defaults, or bind them"
    elif not any(p.kind <= p.VAR_POSITIONAL for p in parameters):
        said = "takes no argument: give it (exc) or (exc, incident)"
    else:
        return max(len(required), 1)
    raise SetupError(f"the handler {describe_function(function)} {said}")


def is_key(argument: object) -> bool:
    """Return whether an argument is meant as a key, or several, and not as a target; it may be a wrong one."""
    if isinstance(argument, str):
        return re.fullmatch(r"\*|\dxx|\d+", argument, re.IGNORECASE) is not None or is_class_name(argument)
    return isinstance(argument, (int, type, BaseException, list, tuple, set, frozenset))


def check_keys(*arguments: object) -> tuple[Key, ...]:
    """Check keys, and lists, tuples or sets of several; None is left out, and nothing is everything."""
    keys: list[Key] = []
    for argument in arguments:
        if isinstance(argument, (list, tuple, set, frozenset)):
            several: Iterable[object] = argument
            if not argument:
                raise SetupError("there is no key in an empty list; leave it out, or write '*', to mean everything")
            keys.extend(_key(key) for key in several)
        elif argument is not None:
            keys.append(_key(argument))
    return tuple(keys) or (CATCH_ALL,)


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
    if isinstance(key, str) and (key == CATCH_ALL or key in _FAMILIES or is_class_name(key)):
        return key
    hint = ""
    if isinstance(key, str):
        hint = f"; write {key}, without quotes" if key.isdecimal() else suggest(key, _FAMILIES)
    elif isinstance(key, BaseException):
        hint = f"; write {type(key).__name__}, the class"
    elif inspect.isroutine(key):
        hint = "; write register() with parentheses"
    elif not isinstance(key, type):
        hint = "; a target is for the register() and include() of an ErrorHandler"
    wanted = "a status code, '4xx', '5xx', '*' or an exception class"
    raise SetupError(f"a handler is registered for {wanted}, not {key!r}{hint}")


def read_meanings(meanings: object) -> list[tuple[tuple[Key, ...], Handler]]:
    """Make a handler for each item of a table that says what errors mean, as ``map()`` takes it."""
    if not isinstance(meanings, Mapping):
        raise SetupError(f"map() takes a table such as {{LookupError: 404}}, not {meanings!r}")
    return [(check_keys(keys), _make_handler(meaning)) for keys, meaning in meanings.items()]


def _make_handler(meaning: object) -> Handler:
    if isinstance(meaning, type) and issubclass(meaning, Problem):
        try:
            meaning()
        except TypeError as error:
            raise SetupError(f"{error}; write a handler, which makes a {meaning.__name__} of the exception") from None
        return _answer_with(meaning, "", wrapped=meaning)
    if isinstance(meaning, Problem):
        return _answer_with(meaning.fill_in, f"Problem({meaning})")
    if isinstance(meaning, int):
        _key(meaning)
        return _answer_with(partial(Problem, meaning), f"Problem({meaning})")
    if callable(meaning) and not isinstance(meaning, type):
        return Handler.of(meaning)
    raise SetupError(f"what an error means is a status, a Problem or a handler, not {meaning!r}")


def _answer_with(make: Callable[[], Problem], name: str, wrapped: type[Problem] | None = None) -> Handler:
    def answer(exc: Exception) -> Problem:
        return make()

    answer.__module__, answer.__qualname__ = "errbridge", name  # as `describe_function` shows it
    if wrapped is not None:
        answer.__wrapped__ = wrapped  # type: ignore[attr-defined]
    return Handler(answer, 1, False)


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
        self.watchers: WeakSet[Any] = WeakSet()  # their ``touch()`` is called after each change

    @overload
    def register(self, key: type[ExcT], /) -> Register[ExcT]: ...
    @overload
    def register(self, key: type[ExcT], second: type[SecondT], /) -> Register[ExcT | SecondT]: ...
    @overload
    def register(self, *, code: type[ExcT]) -> Register[ExcT]: ...
    @overload
    def register(self, *, code: tuple[type[ExcT], type[SecondT]]) -> Register[ExcT | SecondT]: ...
    @overload
    def register(self, *keys: ErrorKeys, code: ErrorKeys | None = None) -> Register[Any]: ...
    def register(self, *keys: object, code: object = None) -> Any:
        """Register the decorated function.

        Args:
            *keys: Status codes, ``"4xx"``, ``"5xx"``, ``"*"`` or exception classes, one by one or in a list; without
                any, every error.
            code: Keys, too.

        Returns:
            A decorator that returns the function unchanged. The function takes ``(exc)`` or ``(exc, incident)``, and
            may be sync or async.

        Raises:
            SetupError: A key is invalid, or the function cannot be called as a handler.
        """
        checked = check_keys(*keys, code)

        def decorate(function: F) -> F:
            self.add(checked, Handler.of(function))
            return function

        return decorate

    @overload
    def map(self, meanings: Mapping[type[ExcT], Meaning]) -> None: ...
    @overload
    def map(self, meanings: Mapping[ErrorKey | tuple[ErrorKey, ...], Meaning]) -> None: ...
    def map(self, meanings: object) -> None:
        """Map errors to problems or handlers, in a table.

        Example::

            handlers = Handlers()
            handlers.map({LookupError: 404, PermissionError: Problem(403, detail="Not yours.")})

        Args:
            meanings: A status, a `Problem`, a problem class without required fields, or a handler, for each key. A key
                may be a tuple of several.

        Raises:
            SetupError: A key is invalid, or a value cannot become a problem.
        """
        for keys, handler in read_meanings(meanings):
            self.add(keys, handler)

    def add(self, keys: Iterable[Key], handler: Handler) -> None:
        """Register a handler that was looked at already, for keys that were checked already.

        Args:
            keys: As `check_keys` gives them.
            handler: As `Handler.of` gives it.
        """
        self._registered.extend((key, handler) for key in keys)
        for watcher in self.watchers:
            watcher.touch()

    def __iter__(self) -> Iterator[tuple[Key, Handler]]:
        return iter(self._registered)


@dataclass(frozen=True, slots=True)
class HTTPErrorClasses:
    """The exception classes in which a framework expresses HTTP errors."""

    base: type[Exception] | None = None  # a handler for it is a catch-all
    by_status: Mapping[int, type[Exception]] = field(default_factory=dict)  # a handler for one is one for its status

    def normalize_key(self, key: Key) -> Key:
        """Return the one form of keys that mean the same."""
        if key is Exception or key is self.base:
            return CATCH_ALL
        return next((status for status, cls in self.by_status.items() if cls is key), key)


_NO_CLASSES = HTTPErrorClasses()


class ScopeHandlers:
    """The handlers of one scope, ready to be asked; of the same key the last one counts."""

    __slots__ = ("by_key", "classes")

    def __init__(self, registered: Iterable[tuple[Key, Handler]], classes: HTTPErrorClasses = _NO_CLASSES) -> None:
        # Keys that mean the same have one form, and handlers for status codes are under the framework's class too.
        self.by_key = {classes.normalize_key(key): handler for key, handler in registered}
        self.classes: dict[Key, Handler] = {key: each for key, each in self.by_key.items() if isinstance(key, type)}
        self.classes |= {cls: self.by_key[code] for code, cls in classes.by_status.items() if code in self.by_key}

    def find(self, cls: type[BaseException], status: int | None = None) -> Iterable[Handler]:
        """Find the handlers for an error, the most specific first, each once.

        An exception that is no HTTP error has no status, and only handlers for classes may take it.
        """
        return {id(handler): handler for _, handler in self.list_fitting(cls, status)}.values()

    def list_fitting(self, cls: type[BaseException], status: int | None = None) -> list[tuple[Key, Handler]]:
        """List each key that an error has here, with its handler, the most specific first."""
        handlers = {**self.by_key, **self.classes}
        keys: list[Any] = [key for base in cls.__mro__ for key in (base, f"{base.__module__}.{base.__qualname__}")]
        if status is not None:
            keys += status, f"{status // 100}xx", CATCH_ALL
        return [(key, handlers[key]) for key in keys if key in handlers]
