"""What a problem class declares: its fields, what their annotations mean, and which values they admit.

Annotations are resolved at their first use, so that they may name what is defined later. One that names something
unknown admits every value.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType, SimpleNamespace, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints, is_typeddict
from weakref import WeakKeyDictionary

from errbridge.problem.type_uri import build_type

__all__ = [
    "REQUIRED",
    "Declaration",
    "find_mismatches",
    "is_union",
    "read_annotations",
    "resolve_annotations",
    "unwrap_annotation",
]

REQUIRED: Any = object()
"""The default of a field that has none."""

# Weak keys: a cached class would never be collected, and so stay in every catalogue.
_RESOLVED: WeakKeyDictionary[type, Mapping[str, Any]] = WeakKeyDictionary()
_ADMITTED: WeakKeyDictionary[type, Mapping[str, tuple[type, ...]]] = WeakKeyDictionary()

_QUALIFIERS = frozenset({"Required", "NotRequired", "ReadOnly", "Final"})


class Declaration(NamedTuple):
    """What the class keywords and fields of a problem class say about all of its problems."""

    cls: type[Any]
    status: int | None  # None for a class that is only the base of others
    title: str | None  # its own or inherited
    uri: str | None  # the class keyword ``type`` of the class itself
    slug: str | None  # the class keyword, else made of the name; None for `Problem`, which is every type
    fields: Mapping[str, object]  # the extension members and their defaults

    def build_type(self, type_uri: str | None) -> str | None:
        """Return the type of the class's problems: its own, else one built from ``ERROR_TYPE_URI``, else None."""
        if self.uri is not None or self.status is None or self.slug is None:
            return self.uri
        return build_type(type_uri, self.status, self.slug)


def read_annotations(cls: type) -> Mapping[str, Any]:
    """Return the annotations of a class body itself, without evaluating them."""
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)
    return inspect.get_annotations(cls)


def resolve_annotations(cls: type) -> Mapping[str, Any]:
    """Resolve the annotations of a class and its bases, each by itself: one that fails becomes ``Any``."""
    if (known := _RESOLVED.get(cls)) is not None:
        return known
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        scope = vars(sys.modules[base.__module__]) if base.__module__ in sys.modules else {}
        for name, annotation in read_annotations(base).items():
            holder = SimpleNamespace(__annotations__={name: annotation})
            try:
                found[name] = get_type_hints(holder, scope, dict(vars(base)), include_extras=True)[name]
            except Exception:  # an annotation is code, and may raise anything
                found[name] = Any
    return _RESOLVED.setdefault(cls, MappingProxyType(found))


def unwrap_annotation(annotation: Any) -> Any:
    """Remove what says nothing about values, such as ``Annotated``, ``NewType`` and ``Required``."""
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


def is_union(annotation: Any) -> bool:
    """Return whether an annotation is ``A | B``, ``Union`` or ``Optional``."""
    return get_origin(annotation) in (Union, UnionType)


def find_mismatches(cls: type, values: Mapping[str, object]) -> list[str]:
    """Describe the values that are not of the class in their annotation.

    Only ``isinstance`` is asked: a ``list[int]`` has to be a list. An integer is a ``float`` too, as for type
    checkers, but a bool is no ``int``, as in JSON.
    """
    known = _ADMITTED.get(cls)
    if known is None:
        found = {name: tuple(_list_classes(annotation)) for name, annotation in resolve_annotations(cls).items()}
        # Without the fields that admit every value.
        known = _ADMITTED[cls] = {name: classes for name, classes in found.items() if object not in classes}
    return [
        f"{name} is {' or '.join(sorted({each.__name__ for each in known[name]}))}, not {type(value).__name__}"
        for name, value in values.items()
        if name in known
        and value.__class__ not in known[name]
        and (isinstance(value, bool) or not isinstance(value, known[name]))
    ]


def _list_classes(annotation: Any) -> Iterator[type]:
    annotation = unwrap_annotation(annotation)
    cls = get_origin(annotation) or annotation
    if is_union(annotation):
        for each in get_args(annotation):
            yield from _list_classes(each)
    elif cls is Literal:
        yield from map(type, get_args(annotation))
    elif is_typeddict(cls):
        yield dict
    elif cls is float:
        yield from (float, int)
    elif cls is list:  # no field can have a list as its default, and a tuple is the same in a document
        yield from (list, tuple)
    else:
        try:
            isinstance(None, cls)
        except TypeError:  # no class, or a protocol that isinstance refuses
            cls = object
        yield cls if isinstance(cls, type) else object
