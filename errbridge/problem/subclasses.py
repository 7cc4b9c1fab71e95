"""TODO."""

from __future__ import annotations

from collections.abc import Iterator

from errbridge.problem.problem import Problem

__all__ = ["subclasses"]


def subclasses(base: type[Problem]) -> Iterator[type[Problem]]:
    """Give every class that is derived from a problem class, in the order of their definition.

    A class that was defined anew, by reloading its module for instance, counts in its last form.

    Args:
        base: The problem class.

    Yields:
        Each class once.
    """
    found: dict[tuple[str, str], type[Problem]] = {}
    waiting = [base]
    while waiting:
        for cls in waiting.pop(0).__subclasses__():
            found[cls.__module__, cls.__qualname__] = cls
            waiting.append(cls)
    yield from found.values()
