"""msgspec's ``ValidationError``: a text with a path at its end. msgspec stops at the first fault.

The path names the members of objects and the places in arrays, but not the keys of a mapping: it then leads to the
mapping.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from errbridge.validation.faults import WORDS, Fault, Path, texts, told

__all__ = ["read"]

_PATH = re.compile(r" - at (?:`key` in )?`\$(?P<path>[^`]*)`\Z")
_STEP = re.compile(r"\[(?P<index>\d+)\]|\.(?P<name>[^.\[]+)|(?P<unknown>.)", re.DOTALL)
_MEMBER = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
_TEXTS = texts(
    {
        "type": [r"Expected `[^`]*`, got `[^`]*`"],
        "range": [r"Expected `[^`]*` (?:[<>]=?|that's a multiple of) [-+0-9.e]+"],
        "length": [r"Expected `[^`]*` of (?:at (?:least|most) )?length (?:[<>]=? )?\d+(?: to \d+)?(?:, got \d+)?"],
        "pattern": [r"Expected `str` matching regex .+"],
        "format": [
            r"Expected `[^`]*` with (?:a|no) timezone component",
            r"Invalid (?:RFC3339 encoded \w+|ISO8601 duration|UUID|decimal string|base64 encoded string)",
        ],
    }
)


def read(exc: Any) -> Iterator[Fault]:
    """Give the one fault there is."""
    text, where = _taken_apart(str(exc))
    path = _path(where)
    member = _MEMBER.fullmatch(text)
    if exc.__cause__ is not None:
        yield told("invalid", path, exc.__cause__)
    elif member is not None:
        code = "unknown" if member["what"] == "contains unknown" else "missing"
        yield Fault(code, (*path, member["name"]), WORDS[code])
    elif text.startswith(("Invalid enum value ", "Invalid value ")):
        yield Fault("choice", path, WORDS["choice"])
    else:
        yield _fault(text, path)


def _fault(text: str, path: Path) -> Fault:
    found = _TEXTS.fullmatch(text)
    if found is not None and found.lastgroup is not None:
        return Fault(found.lastgroup, path, f"{text}.")
    return Fault("invalid", path, WORDS["invalid"], own=text)


def _taken_apart(text: str) -> tuple[str, str]:
    found = _PATH.search(text)
    return (text, "") if found is None else (text[: found.start()], found["path"])


def _path(text: str) -> Path:
    path: Path = ()
    for step in _STEP.finditer(text):
        if step["unknown"] is not None:
            break
        path = (*path, step["name"] if step["index"] is None else int(step["index"]))
    return path
