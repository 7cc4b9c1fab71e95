"""W3C Trace Context, level 1: the ``traceparent`` header."""

from __future__ import annotations

import re

__all__ = ["parse_traceparent"]

# Version 00 ends after the flags; a later version may go on after another dash. ff is no version.
_TRACEPARENT = (
    r"(?:00(?=.{53}\Z)|(?!00|ff)[0-9a-f]{2})-(?!0{32})(?P<trace_id>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
    r"(?:-.*)?"
)


def parse_traceparent(value: str) -> str | None:
    """Read the trace id of a ``traceparent`` header (section 3.2); None if the header is not valid."""
    found = re.fullmatch(_TRACEPARENT, value.strip())
    return found["trace_id"] if found else None
