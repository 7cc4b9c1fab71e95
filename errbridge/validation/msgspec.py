"""msgspec's ``ValidationError``: a text with a path at its end. msgspec stops at the first fault.

The path names the members of objects and the places in arrays, but not the keys of a mapping: it then leads to the
mapping.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from errbridge.validation.faults import EXPECTED, Fault, Path, find_code, own_words

__all__ = ["read"]

_TEXT = re.compile(r"(.*?)(?: - at (?:`key` in )?`\$([^`]*)`)?\Z", re.DOTALL)  # and maybe a path
_STEP = re.compile(r"\[(?P<index>\d+)\]|\.(?P<name>[^.\[]+)|(?P<unknown>.)", re.DOTALL)
_MEMBER = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
_TYPE = re.compile(r"Expected `([^`]*)`, got `[^`]*`")
_RULES = {
    "choice": r"Invalid (?:enum )?value .*",
    "range": r"Expected `[^`]*` (?:[<>]|that's a multiple of).*",
    "length": r"Expected `[^`]*` of (?:at (?:least|most) )?length .*",
    "pattern": r"Expected `str` matching regex .+",
    "format": r"Expected `[^`]*` with .* timezone component|Invalid (?:RFC3339|ISO8601|UUID|decimal|base64).*",
}


def read(exc: Any) -> Iterator[Fault]:
    """Return the one fault there is."""
    text, where = _TEXT.findall(str(exc))[0]
    path = _path(where)
    if exc.__cause__ is not None:
        yield Fault("invalid", path, own=own_words(exc.__cause__))
    elif (member := _MEMBER.fullmatch(text)) is not None:
        yield Fault("unknown" if member["what"] == "contains unknown" else "missing", (*path, member["name"]))
    elif (found := _TYPE.fullmatch(text)) is not None:
        yield Fault("type", path, _expected(found[1]), own=text)
    else:
        code = find_code(_RULES, text)
        yield Fault(code, path, own=None if code == "choice" else text)


def _expected(types: str) -> str | None:
    others = [name for name in types.split(" | ") if name != "null"]
    return EXPECTED.get(others[0]) if len(others) == 1 else None


def _path(text: str) -> Path:
    known = takewhile(lambda step: step["unknown"] is None, _STEP.finditer(text))
    return tuple(step["name"] if step["index"] is None else int(step["index"]) for step in known)
