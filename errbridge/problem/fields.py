"""The fields of a problem class: what its annotations mean, and which values they admit.

Annotations are resolved when they are needed first, so that they may name what is defined later. One that names
something which cannot be found says nothing, and admits everything.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType, SimpleNamespace, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict
from weakref import WeakKeyDictionary

__all__ = ["hints_of", "is_union", "misfits", "own_annotations", "unwrapped"]

# What was found out about a class is kept as long as the class: an unused type would stay in every catalogue otherwise.
_HINTS: WeakKeyDictionary[type, Mapping[str, Any]] = WeakKeyDictionary()
_ADMITTED: WeakKeyDictionary[type, Mapping[str, tuple[type, ...]]] = WeakKeyDictionary()


def own_annotations(cls: type) -> Mapping[str, Any]:
    """Give the annotations of a class body itself, without evaluating them."""
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)
    return inspect.get_annotations(cls)


def hints_of(cls: type) -> Mapping[str, Any]:
    """Resolve the annotations of a class and of its bases, each on its own: one that fails becomes ``Any``."""
    known = _HINTS.get(cls)
    if known is None:
        known = _HINTS[cls] = MappingProxyType(_resolved(cls))
    return known


def _resolved(cls: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        scope = vars(sys.modules[base.__module__]) if base.__module__ in sys.modules else {}
        for name, annotation in own_annotations(base).items():
            holder = SimpleNamespace(__annotations__={name: annotation})
            try:
                found[name] = get_type_hints(holder, scope, dict(vars(base)), include_extras=True)[name]
            except Exception:  # evaluating somebody's text may raise anything
                found[name] = Any
    return found


def unwrapped(annotation: Any) -> Any:
    """Take away what says nothing about values, such as ``Annotated``, ``NewType`` and ``Required``."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated or getattr(origin, "_name", None) in _QUALIFIERS:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        else:
            return annotation


_QUALIFIERS = frozenset({"Required", "NotRequired", "ReadOnly", "Final"})


def is_union(annotation: Any) -> bool:
    """Tell whether an annotation is ``A | B``, ``Union`` or ``Optional``."""
    return get_origin(annotation) in (Union, UnionType)


def misfits(cls: type, values: Mapping[str, object]) -> list[str]:
    """Describe the values that are not of the class which their annotation names.

    Only what ``isinstance`` can tell counts: of ``list[int]`` that it is a list. An integer is a ``float`` as well, as
    type checkers have it, but a bool is no ``int``: JSON does not take one for the other.

    Args:
        cls: The class with the annotations.
        values: The fields' values by name.
    """
    known = _ADMITTED.get(cls)
    if known is None:
        known = _ADMITTED[cls] = _admitted(cls)
    return [
        f"{name} is {' or '.join(sorted({one.__name__ for one in known[name]}))}, not {type(value).__name__}"
        for name, value in values.items()
        if name in known and value.__class__ not in known[name] and not _is_of(value, known[name])
    ]


def _is_of(value: object, admitted: tuple[type, ...]) -> bool:
    return isinstance(value, admitted) and value.__class__ is not bool


def _admitted(cls: type) -> Mapping[str, tuple[type, ...]]:
    """Give the classes whose values each field admits; fields that admit anything are left out."""
    found = {name: tuple(_classes(annotation)) for name, annotation in hints_of(cls).items()}
    return {name: classes for name, classes in found.items() if object not in classes}


def _classes(annotation: Any) -> Iterator[type]:
    annotation = unwrapped(annotation)
    if is_union(annotation):
        for one in get_args(annotation):
            yield from _classes(one)
        return
    if get_origin(annotation) is Literal:
        yield from map(type, get_args(annotation))
        return
    cls = get_origin(annotation) or annotation
    if is_typeddict(cls):
        yield dict
    elif cls is float:
        yield from (float, int)
    elif cls is list:  # a field cannot have a list as its default, and a tuple is the same in a document
        yield from (list, tuple)
    else:
        yield cls if _is_plain_class(cls) else object


def _is_plain_class(cls: object) -> bool:
    try:
        isinstance(None, cls)  # type: ignore[arg-type]
    except TypeError:  # no class, or a protocol that cannot be asked
        return False
    return isinstance(cls, type)
