"""Member names as names of XML elements (RFC 9457 appendix B)."""

from __future__ import annotations

import re

__all__ = ["NAMESPACE", "encode_name"]

NAMESPACE = "urn:ietf:rfc:7807"
"""RFC 9457 kept the namespace of its predecessor."""


# Of the names of XML 1.0 a safe part: ASCII without the colon. An underscore before an x could be read as a code, and
# one that is the whole name as the empty name.
_NOT_IN_NAMES = r"[^A-Za-z0-9._\-]|_(?=x)|^_\Z|^[0-9.\-]"


def encode_name(name: str) -> str:
    """Write any text as the name of an element."""
    return re.sub(_NOT_IN_NAMES, _encode, name) or "_"


def _encode(found: re.Match[str]) -> str:
    return f"_x{ord(found.group()):04X}_"
