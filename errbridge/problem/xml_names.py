"""Member names as names of XML elements, and back (RFC 9457 appendix B)."""

from __future__ import annotations

import re
import sys

__all__ = ["NAMESPACE", "decode_name", "encode_name"]

NAMESPACE = "urn:ietf:rfc:7807"
"""RFC 9457 kept the namespace of its predecessor."""


# Of the names of XML 1.0 a safe part: ASCII without the colon. An underscore before an x could be read as a code, and
# one that is the whole name as the empty name.
_NOT_IN_NAMES = r"[^A-Za-z0-9._\-]|_(?=x)|^_\Z|^[0-9.\-]"


def encode_name(name: str) -> str:
    """Write any text as the name of an element."""
    return re.sub(_NOT_IN_NAMES, _encode, name) or "_"


def decode_name(name: str) -> str:
    """Read the name that `encode_name` wrote."""
    return "" if name == "_" else re.sub(_CODE, _decode, name)


_CODE = "_x([0-9A-F]{4,6})_"


def _decode(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return chr(code) if code <= sys.maxunicode else found[0]


def _encode(found: re.Match[str]) -> str:
    return f"_x{ord(found.group()):04X}_"
