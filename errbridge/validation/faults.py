"""One fault of a request, and how it is written in a problem document.

Where a library has stable codes of its own, those are used (pydantic's ``type``, the keywords of JSON Schema). For the
others there are the codes of `WORDS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import FrameType
from typing import Literal, NamedTuple

from errbridge.introspection import walk_traceback

__all__ = [
    "WORDS",
    "Fault",
    "Path",
    "Place",
    "frames_of",
    "item",
    "pointer",
    "raised_in",
    "said_in_source",
    "texts",
    "told",
]

Path = tuple[str | int, ...]
Place = Literal["pointer", "parameter", "header"]

WORDS = {
    "missing": "This is required.",
    "unknown": "There is no such member.",
    "null": "This may not be null.",
    "type": "The value is not of the expected type.",
    "choice": "The value is not one of those that are allowed.",
    "range": "The value is not in the allowed range.",
    "length": "The length is not in the allowed range.",
    "pattern": "The text does not match the expected pattern.",
    "format": "The text does not have the expected format.",
    "invalid": "The value is not valid.",
}
"""The codes for libraries without codes of their own, and what is said where the rule is not known in detail."""

_LONGEST = 1024


class Fault(NamedTuple):
    """One thing that is wrong.

    Attributes:
        code: Which rule was broken.
        path: Where, from the outermost value inwards.
        detail: The rule, without anything that was sent.
        place: What the path leads into.
        own: What the application's own validator says of it, which may hold anything.
    """

    code: str
    path: Path
    detail: str
    place: Place = "pointer"
    own: str | None = None


def texts(patterns: Mapping[str, Iterable[str]]) -> re.Pattern[str]:
    """Compile what a library of texts says: the code of a text that matches is the ``lastgroup``.

    Args:
        patterns: Those of whole texts, by code.
    """
    return re.compile("|".join(f"(?P<{code}>{'|'.join(said)})" for code, said in patterns.items()))


def told(code: str, path: Path, exc: BaseException) -> Fault:
    """Report what a validator of the application raised.

    Args:
        code: One of `WORDS`, or of the library.
        path: Where.
        exc: What it raised. Its words are the detail if they stand in the source like that.
    """
    return Fault(code, path, said_in_source(exc) or WORDS["invalid"], own=_text(exc))


def said_in_source(exc: BaseException) -> str | None:
    """Give the message of an exception if it is a constant of the code that raised it.

    ``raise ValueError("The passwords differ.")`` says the same of every input. What is put together at run time, say
    with an f-string, may hold the input.
    """
    text = _text(exc)
    if text is None:
        return None
    for frame in reversed(frames_of(exc)):  # it is mostly the last one
        for constant in frame.f_code.co_consts:
            if type(constant) is str and constant == text:
                return text
    return None


def raised_in(exc: BaseException) -> str | None:
    """Name the module that raised an exception; empty for code that was generated without one, None if not known."""
    frames = frames_of(exc)
    return frames[-1].f_globals.get("__name__", "") if frames else None


def frames_of(exc: object) -> list[FrameType]:
    """List the frames that an exception went through, the outermost first; none where it has no traceback."""
    return [step.tb_frame for step in walk_traceback(exc)]


def _text(exc: BaseException) -> str | None:
    text = exc.args[0] if len(exc.args) == 1 else None
    return text if type(text) is str and text else None


def item(fault: Fault, *, messages: bool) -> dict[str, str]:
    """Write a fault as an item of ``errors``.

    Args:
        fault: What is wrong.
        messages: Whether the words of the application's own validators are shown, whatever they hold.
    """
    code, path, detail, place, own = fault
    written = {"detail": own[:_LONGEST] if messages and own else detail}
    if place == "pointer":
        where: str | None = pointer(path)
    else:
        where = str(path[0]) if path else None
    # A key that a client made very long would be repeated for each value below it; cut, it would lead elsewhere.
    if where is not None and len(where) <= _LONGEST:
        written[place] = where
    written["code"] = code
    return written


def pointer(path: Iterable[str | int]) -> str:
    """Write a JSON pointer (RFC 6901 section 3); the whole document is the empty one."""
    return "".join(["/" + str(name).replace("~", "~0").replace("/", "~1") for name in path])
