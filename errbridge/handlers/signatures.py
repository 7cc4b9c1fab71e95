"""What may be registered, as a type checker sees it: keys, handlers and what they return.

A decorator has to check a function and give its type back unchanged. Python has no intersection of types, but an
overloaded protocol demands all of its overloads: one compares the function with the exception it is registered for, the
other one infers its parameters and its result.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, overload

from errbridge.http.response import WithStatusCode
from errbridge.incident import Incident, Page, Reply
from errbridge.problem.problem import Problem

__all__ = ["Answer", "ErrorKey", "ErrorKeys", "ExcT", "F", "Meaning", "Register", "SecondT"]

ErrorKey = int | Literal["4xx", "5xx", "*"] | type[Exception]
"""What a handler is registered for: a status, a class of statuses, everything, or a class of exceptions."""

ErrorKeys = ErrorKey | Collection[ErrorKey]
"""One key, or several in a list, tuple or set."""

F = TypeVar("F", bound=Callable[..., Any])
ExcT = TypeVar("ExcT", bound=Exception)
SecondT = TypeVar("SecondT", bound=Exception)
ExcT_co = TypeVar("ExcT_co", covariant=True)
GivenP = ParamSpec("GivenP")
P = ParamSpec("P")
ResultT = TypeVar("ResultT")
ResultT_co = TypeVar("ResultT_co", covariant=True)


_Body = (
    Problem
    | Page
    | Reply
    | WithStatusCode  # a response object of the framework
    | str
    | bytes
    | Mapping[str, object]
    | list[Any]  # a list of str is no list of object
    | Iterator[str]
    | Iterator[bytes]
    | AsyncIterable[str]
    | AsyncIterable[bytes]
    | Exception
    | Callable[[Any, Any], Iterable[bytes]]  # a WSGI application, which Flask takes
    | None
)
_Headers = Mapping[str, str | Sequence[str]] | Iterable[tuple[str, str | Sequence[str]]]
_Result = _Body | tuple[_Body, int] | tuple[_Body, _Headers] | tuple[_Body, int, _Headers]

Answer = _Result | Awaitable[_Result]
"""What a handler returns: a problem, a page, a reply, anything that a view may return, or None to pass the error on."""

Meaning = int | Problem | Callable[[Any], Answer] | Callable[[Any, Incident], Answer]
"""What an error means in ``map()``: a status, a problem, a class of problems without required fields, or a handler.

A type checker takes such a class for a function that makes problems, and so refuses one with required fields.
"""


class Takes(Protocol[GivenP, P, ResultT_co]):
    """A handler of what it is given; its own parameters and its result are inferred."""

    @overload
    def __call__(self, *args: GivenP.args, **kwargs: GivenP.kwargs) -> Answer: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ResultT_co: ...


class Register(Protocol[ExcT_co]):
    """A decorator that registers a handler and gives it back unchanged.

    Its parameter is the exception that the handler is called with.
    """

    @overload
    def __call__(self, function: Takes[[ExcT_co], P, ResultT], /) -> Callable[P, ResultT]: ...
    @overload
    def __call__(self, function: Takes[[ExcT_co, Incident], P, ResultT], /) -> Callable[P, ResultT]: ...
    @overload  # a lambda, whose parameters have no types yet
    def __call__(
        self, function: Callable[[ExcT_co], Answer] | Callable[[ExcT_co, Incident], Answer], /
    ) -> Callable[..., Any]: ...
    def __call__(self, function: Any, /) -> Any:
        """Register a handler."""
