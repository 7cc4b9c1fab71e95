"""``application/problem+xml``, RFC 9457 appendix B.

An array becomes a run of ``<i>`` elements, an object an element for each member. `encode_name` encodes the names that
XML does not allow, so that every name can be read back.
"""

from __future__ import annotations

import re
from html import escape

from errbridge.problem.problem import Problem
from errbridge.problem.values import JSONValue, to_json_value

__all__ = ["NAMESPACE", "encode_name", "render_xml"]

NAMESPACE = "urn:ietf:rfc:7807"  # RFC 9457 kept that of its predecessor

# Of the names of XML 1.0 a safe part: ASCII without the colon. An underscore before an x could be read as a code, and
# one that is the whole name as the empty name.
_NOT_IN_NAMES = r"[^A-Za-z0-9._\-]|_(?=x)|^_\Z|^[0-9.\-]"

# Characters that XML 1.0 section 2.2 excludes. The complement of those that it allows would take 6 ms to compile.
_FORBIDDEN = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"


def render_xml(problem: Problem) -> bytes:
    """Render a problem as XML."""
    members = "".join(
        _write_element(encode_name(name), to_json_value(value)) for name, value in problem.document().items()
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<problem xmlns="{NAMESPACE}">{members}</problem>\n'.encode()


def encode_name(name: str) -> str:
    """Write any text as the name of an element."""
    return re.sub(_NOT_IN_NAMES, lambda found: f"_x{ord(found.group()):04X}_", name) or "_"


def _write_element(name: str, value: JSONValue) -> str:
    content = _write_content(value)
    return f"<{name}>{content}</{name}>" if content else f"<{name}/>"


def _write_content(value: JSONValue) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return "".join(_write_element("i", item) for item in value)
        case {"i": item, **others} if not others:  # as <i> it would be read back as an array
            return _write_element("_x0069_", item)
        case dict():
            return "".join(_write_element(encode_name(name), item) for name, item in value.items())
        case _:
            # A carriage return written as itself would be read back as a line feed (XML 1.0 section 2.11).
            return escape(re.sub(_FORBIDDEN, "\ufffd", str(value)), quote=False).replace("\r", "&#13;")
