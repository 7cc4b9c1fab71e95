"""Values that cannot be changed once they are made, and that check what they are made of.

They behave as frozen dataclasses do, and a type checker takes them for such. They are none because the methods of a
dataclass are generated anew by each process that imports it; here they are written down.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from operator import attrgetter
from typing import Any, ClassVar, dataclass_transform

__all__ = ["Frozen"]


@dataclass_transform(frozen_default=True)
class Frozen:
    """Compares, prints and is copied by its fields.

    A subclass names them in order as its ``__match_args__``, and sets them with ``object.__setattr__``.
    """

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]]
    _values: ClassVar[Any]

    def __init_subclass__(cls) -> None:
        cls._values = attrgetter(*cls.__match_args__)

    def __eq__(self, other: object) -> bool:
        return self._values(self) == self._values(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values(self))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__qualname__}({shown})"

    def __setattr__(self, name: str, value: object) -> None:
        if name in self.__match_args__:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if name in self.__match_args__:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super().__delattr__(name)

    def __getstate__(self) -> tuple[Any, ...]:
        values: tuple[Any, ...] = self._values(self)
        return values

    def __setstate__(self, values: tuple[Any, ...]) -> None:
        for name, value in zip(self.__match_args__, values, strict=True):
            object.__setattr__(self, name, value)
