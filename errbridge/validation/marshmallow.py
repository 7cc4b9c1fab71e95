"""marshmallow's ``ValidationError``. Its messages are nested texts, so the rule has to be read from a text.

marshmallow's own texts are known here. Others are yours, and may contain the input: ``error="{input} is too short"``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from errbridge.validation.faults import EXPECTED, FORMATS, Fault, Path, find_code

__all__ = ["list_faults", "read"]

_SCHEMA = "_schema"  # messages about an object as a whole
_UNKNOWN = "Unknown field."
_EXPECTED = re.compile(r"Not a valid (?:naive |aware )?(\S+)(?: type| string| address| of time)?\.")
_RULES = {
    "missing": r"Missing data for required field\.",
    "unknown": r"Unknown field\.",
    "null": r"Field may not be null\.",
    "type": r"Invalid (?:input )?type\.|Not a valid Mapping\.",
    "choice": r"Must be one of: .*",
    "range": r"Number too large\.|Special numeric values .*|Must be (?:greater|less) than .*",
    "length": r"(?:Shorter than minimum|Longer than maximum) length .*|Length must be .*",
    "pattern": r"String does not match expected pattern\.",
    "format": r"Invalid JSON body\.|Not a valid IP.*",
}


def read(exc: Any) -> Iterator[Fault]:
    """Return the faults in the order of the messages."""
    return list_faults(exc.messages, exc.data)


def list_faults(messages: object, given: object, path: Path = ()) -> Iterator[Fault]:
    """Return the faults that nested messages describe, about a value (None if it is not known) and its place."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            value = _inside(given, name)
            is_member = inner == [_UNKNOWN] or (isinstance(inner, Mapping) and value is not None)
            if name == _SCHEMA and not is_member:  # a client can give a member this name
                yield from list_faults(inner, None, path)
                continue
            for part in inner.values() if _is_entry(inner, value) else (inner,):
                yield from list_faults(part, value, (*path, name))
    elif isinstance(messages, (list, tuple)):
        for message in messages:
            yield from list_faults(message, given, path)
    else:
        yield _fault(str(messages), path)


def _fault(text: str, path: Path) -> Fault:
    expected = _EXPECTED.fullmatch(text)
    if expected is not None and (detail := EXPECTED.get(expected[1])) is not None:
        is_format = any(expected[1] in names.split() for names in FORMATS.values())
        return Fault("format" if is_format else "type", path, detail, own=text)
    return Fault(find_code(_RULES, text), path, own=text)


def _is_entry(inner: Any, value: object) -> bool:
    """Check whether messages are about the key and value of a mapping's entry, not about members of these names.

    marshmallow writes both alike. They are about an entry if the value is no object, or lacks a member that the
    messages go into.
    """
    if value is None or not isinstance(inner, Mapping) or not inner.keys() <= {"key", "value"}:
        return False
    if not isinstance(value, Mapping):
        return True
    return any(name not in value and isinstance(found, Mapping) for name, found in inner.items())


def _inside(given: Any, name: Any) -> object:
    if isinstance(given, Mapping):
        return given.get(name)
    return given[name] if isinstance(given, (list, tuple)) and isinstance(name, int) and name < len(given) else None
