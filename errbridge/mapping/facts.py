"""What the framework's own HTTP exception says, as the adapter that knows its class reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from errbridge.http.status import is_error
from errbridge.problem.problem import Problem, make_plain_text

__all__ = ["HTTPErrorFacts"]


@dataclass(frozen=True, eq=False)
class HTTPErrorFacts:
    """An HTTP exception of the framework, read.

    Attributes:
        own_response: Builds the response that the exception's class has in a way of its own, which is sent unless a
            handler is registered for the class; None if it has none.
        is_shared: Whether every such exception has this very object, so that what is derived from it can be kept. Not
            with ``Retry-After``, from which a page makes a time.
    """

    status: int | None  # None if the exception has none
    title: str | None = None  # a name of the exception's own; None for the standard phrase
    detail: object = None  # what happened, as text; a dict or list becomes the extension member ``description``
    is_stock: bool = False  # whether the detail is the framework's sentence for every error of the status
    headers: tuple[tuple[str, str], ...] = ()
    members: Mapping[str, Any] = field(default_factory=dict)  # extension members that a library attached
    original: BaseException | None = None  # the uncaught exception behind the framework's 500
    is_response: bool = False  # whether it is an answer already: a redirect, or one that carries a response
    response: object | None = None  # the response that it carries
    own_response: Callable[[], object] | None = None
    client_gone: bool = False
    is_shared: bool = False

    @classmethod
    def of_crash(cls, exc: BaseException) -> Self:
        """Return what the framework's 500 for an uncaught exception says: nothing but that."""
        return cls(500, original=exc)

    @cached_property
    def problem(self) -> Problem:
        """The problem that it means."""
        status = self.status if is_error(self.status) else 500
        if isinstance(self.detail, (dict, list)):
            members: dict[str, Any] = {"description": self.detail, **self.members}
            return Problem(status, title=self.title, headers=self.headers, **members)
        detail = None if self.detail is None else make_plain_text(self.detail)
        problem = Problem(status, detail, title=self.title, headers=self.headers, **self.members)
        problem._has_stock_detail = self.is_stock  # pyright: ignore[reportPrivateUsage]
        return problem
