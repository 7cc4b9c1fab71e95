"""A failure on the way of an error, and the error that it came of."""

from __future__ import annotations

from contextlib import suppress

from errbridge.handling.context import ErrorContext

__all__ = ["TemplateFailure", "is_linked", "link"]


class TemplateFailure(Exception):
    """A template failed. The application never sees this; the log does, to name the template.

    Args:
        where: The template, and the place in it.
        error: The exception that it raised.
    """

    def __init__(self, where: str, error: Exception) -> None:
        super().__init__(where)
        self.where = where
        self.error = error


def link(error: Exception, context: ErrorContext) -> Exception:
    """Make the exception that was being handled the context of the one that it led to, and return the latter.

    Python does so itself, but not across threads. An exception that is raised for every request, as one of a module
    may be, is linked to the last one.
    """
    if isinstance(error, TemplateFailure):
        error = error.error
    handled = context.exception if context.original is None else context.original
    chain = _list_chain(error)
    if all(each is not handled for each in chain) and not is_linked(handled, error):
        end = next((each for each in chain if _is_linked_here(each)), chain[-1])
        vars(BaseException)["__context__"].__set__(end, handled)  # an exception's class may define __setattr__
        with suppress(Exception):  # some exceptions take no attributes
            end._errbridge_linked = True  # type: ignore[attr-defined]
    return error


def _is_linked_here(error: BaseException) -> bool:
    return error.__cause__ is None and "_errbridge_linked" in getattr(error, "__dict__", ())


def is_linked(error: BaseException, earlier: BaseException) -> bool:
    """Return whether an exception came of an earlier one."""
    return any(each is earlier for each in _list_chain(error))


def _list_chain(error: BaseException) -> list[BaseException]:
    chain = [error]
    seen = {id(error)}
    while True:
        earlier = chain[-1].__context__ if chain[-1].__cause__ is None else chain[-1].__cause__
        if earlier is None or id(earlier) in seen:
            return chain
        seen.add(id(earlier))
        chain.append(earlier)
