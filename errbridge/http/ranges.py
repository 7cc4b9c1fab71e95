"""Lists of ranges with weights: what Accept and Accept-Language have in common (RFC 9110 sections 12.4.2 and 12.5).

A client that gets the grammar wrong is understood where its meaning is clear:

* A weight may be any decimal number, ``.5`` or ``0.3333``. More than 1 is as much as 1.
* A range whose weight is something else, such as ``-1``, ``1e-3`` or ``"0.5"``, is left out.
* A quote that is never closed runs to the end of the header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

__all__ = ["parse_ranges"]

_LONGEST = 4096  # characters of a header that are read
_MOST_RANGES = 32

_QUOTED = r'"(?:[^"\\]|\\.?)*+"?'  # possessive, so that no header is read twice
_is_number = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+").fullmatch


def parse_ranges(header: str) -> Iterator[tuple[str, tuple[bool, float]]]:
    """List the ranges: the name in lower case, and whether it has no parameters but a weight, and the weight."""
    read = header[:_LONGEST].lower()
    if '"' in read:  # a weight is not quoted, and nothing else of a parameter is of interest
        read = re.sub(_QUOTED, '""', read, flags=re.DOTALL)
    if len(header) > _LONGEST:
        read = read.rpartition(",")[0]  # what is left of the last range could mean something else
    for item in read.split(",", _MOST_RANGES)[:_MOST_RANGES]:
        name, _, parameters = item.partition(";")
        if (found := _parse_parameters(parameters)) is not None:
            yield name.strip(), found


@lru_cache(64)  # clients send few
def _parse_parameters(parameters: str) -> tuple[bool, float] | None:
    """Read whether a range has no parameters but a weight, and its weight; None if that is no number."""
    is_bare, weight = True, "1"
    for parameter in reversed(parameters.split(";")):  # the first q counts, wherever it is (RFC 9110 section 12.5.1)
        name, _, value = parameter.partition("=")
        name = name.strip()
        if name == "q":
            weight = value.strip()
        elif name:
            is_bare = False
    return (is_bare, min(float(weight), 1.0)) if _is_number(weight) else None
