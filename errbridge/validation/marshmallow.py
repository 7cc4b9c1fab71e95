"""marshmallow's ``ValidationError``.

Its messages are texts and nothing else: which rule was broken has to be read from them. Those that marshmallow has by
itself are known here. Others are the application's, and may hold the input: ``error="{input} is too short"``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from errbridge.validation.faults import WORDS, Fault, Path, Place

__all__ = ["faults_in", "read"]

_SCHEMA = "_schema"  # messages about an object as a whole
_NOTHING = object()

# A bound is a number, a date or a time.
_BOUND = r"[-+0-9.:TZ]{1,40}"
_COMPARED = rf"(?:greater|less) than (?:or equal to )?{_BOUND}"
_TEXTS = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"Missing data for required field\.", "missing"),
        (r"Unknown field\.", "unknown"),
        (r"Field may not be null\.", "null"),
        (r"Not a valid (?:string|number|integer|boolean|list|tuple|mapping type|Decimal|Mapping)\.", "type"),
        (r"Invalid (?:input )?type\.", "type"),
        (r"Number too large\.", "range"),
        (r"Special numeric values \(nan or infinity\) are not permitted\.", "range"),
        (rf"Must be {_COMPARED}(?: and {_COMPARED})?\.", "range"),
        (rf"(?:Shorter than minimum|Longer than maximum) length {_BOUND}\.", "length"),
        (rf"Length must be (?:between {_BOUND} and )?{_BOUND}\.", "length"),
        (r"String does not match expected pattern\.", "pattern"),
        (r"Not a valid (?:(?:naive|aware) )?(?:date|time|datetime|period of time)\.", "format"),
        (r"Not a valid (?:utf-8 string|UUID|URL|email address|IP(?:v[46])? (?:address|interface))\.", "format"),
        (r"Invalid JSON body\.", "format"),  # of webargs
        (r"Invalid (?:value|input)\.", "invalid"),
    )
)


def read(exc: Any) -> Iterator[Fault]:
    """List the faults in the order of the messages."""
    return faults_in(exc.messages, exc.data)


def faults_in(messages: object, data: object, place: Place = "pointer") -> Iterator[Fault]:
    """List the faults that messages tell of.

    Args:
        messages: As marshmallow nests them.
        data: The input, to tell the entries of a mapping from the members of an object; None if it is not known.
        place: What the names in the messages lead into.
    """
    return _faults(messages, _NOTHING if data is None else data, (), place)


def _faults(messages: object, data: object, path: Path, place: Place) -> Iterator[Fault]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            if name == _SCHEMA or _is_entry(name, inner, data):
                yield from _faults(inner, data, path, place)
            else:
                yield from _faults(inner, _inside(data, name), (*path, name), place)
    elif isinstance(messages, (list, tuple)):
        for message in messages:
            yield from _faults(message, data, path, place)
    else:
        yield _fault(str(messages), path, place)


def _fault(text: str, path: Path, place: Place) -> Fault:
    for pattern, code in _TEXTS:
        if pattern.fullmatch(text):
            return Fault(code, path, text, place)
    if text.startswith("Must be one of: "):  # what follows may be told by a text of the application's
        return Fault("choice", path, WORDS["choice"], place, own=text)
    return Fault("invalid", path, WORDS["invalid"], place, own=text)


def _is_entry(name: object, inner: object, data: object) -> bool:
    """Tell whether messages are about the key or value of a mapping's entry, to which the path leads already.

    A member of an object may be called ``key`` or ``value`` as well. Then it is there, or reported as missing.
    """
    if name not in ("key", "value") or data is _NOTHING:
        return False
    if not isinstance(data, Mapping):
        return True
    return name not in data and not (isinstance(inner, list) and _fault(str(inner[0]), (), "pointer").code == "missing")


def _inside(data: object, name: Any) -> object:
    if isinstance(data, Mapping):
        return data.get(name, _NOTHING)
    if isinstance(data, Sequence) and not isinstance(data, str) and isinstance(name, int) and name < len(data):
        return data[name]
    return _NOTHING
