"""What is inspected: one application, with what only its framework knows of it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from errbridge.application.errormap import Installation
from errbridge.handlers.handlers import CATCH_ALL, Key
from errbridge.introspection import describe_function

__all__ = ["NativeEntry", "Source", "Subject", "as_data", "key_name", "source_of"]


class NativeEntry(NamedTuple):
    """A handler that was registered with the framework itself.

    Attributes:
        blueprint: Where; None for the application.
        key: What for.
        function: The handler.
    """

    blueprint: str | None
    key: Key
    function: Callable[..., Any]


class Subject(Protocol):
    """An application with errbridge in it. The adapters' commands bring one."""

    @property
    def name(self) -> str:
        """The application's name."""
        ...

    @property
    def installation(self) -> Installation:
        """What errbridge keeps of it."""
        ...

    def natives(self) -> Iterable[NativeEntry]:
        """List the handlers that were registered with the framework."""
        ...

    def routed(self) -> Collection[str]:
        """Name the blueprints that have a route, and those around them."""
        ...

    def type_pages(self) -> str | None:
        """Name the path below which there are pages about problem types; None if there are none."""
        ...

    def template_faults(self, name: str) -> Iterable[str]:
        """Say what is wrong with a template and with those that it extends, includes or imports."""
        ...


class Source(NamedTuple):
    """Where a handler stands.

    Attributes:
        name: Its dotted name.
        file: The file's path; None where there is no source, as for what is written in C.
        line: The line on which it begins, with its decorators.
    """

    name: str
    file: str | None = None
    line: int | None = None


def source_of(function: Callable[..., Any]) -> Source:
    """Find out where a handler was written."""
    written: Any = function
    while isinstance(written, functools.partial):
        written = written.func
    with suppress(ValueError):  # it may be wrapped in itself
        written = inspect.unwrap(written)
    code = getattr(written, "__code__", None)
    if code is None:  # an object that can be called
        code = getattr(getattr(type(written), "__call__", None), "__code__", None)  # noqa: B004 - the method is wanted
    if code is None:
        return Source(describe_function(written))
    return Source(describe_function(written), code.co_filename, code.co_firstlineno)


def key_name(key: Key | type[BaseException]) -> str:
    """Name what a handler is registered for, as a person would."""
    if key == CATCH_ALL:
        return "everything"
    if isinstance(key, type):
        return key.__qualname__ if key.__module__ == "builtins" else f"{key.__module__}.{key.__qualname__}"
    return str(key)


def as_data(value: object) -> Any:
    """Turn the values of this package into what JSON can hold: named tuples become objects."""
    if isinstance(value, tuple):
        fields = getattr(value, "_fields", None)
        if fields is None:
            return [as_data(item) for item in value]
        return {name: as_data(item) for name, item in zip(fields, value, strict=True)}
    return value
