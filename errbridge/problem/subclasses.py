"""The classes that are derived from a class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

__all__ = ["subclasses"]

T = TypeVar("T")


def subclasses(base: type[T]) -> Iterator[type[T]]:
    """List every class that is derived from a class, directly or not, in the order of their definition.

    When a class was defined twice, for instance by reloading its module, the last definition counts.

    Args:
        base: The class.

    Yields:
        Each class once.
    """
    found: dict[tuple[str, str], type[T]] = {}
    waiting = [base]
    while waiting:
        for cls in waiting.pop(0).__subclasses__():
            found[cls.__module__, cls.__qualname__] = cls
            waiting.append(cls)
    yield from found.values()
