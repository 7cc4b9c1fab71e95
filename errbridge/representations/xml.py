"""``application/problem+xml``, RFC 9457 appendix B.

An array becomes a run of ``<i>`` elements, an object an element for each member. A member's name that XML does not
allow is written with ``_xHHHH_`` in place of each character that is in the way, an underscore before an ``x`` included,
and the empty name as ``_``, so that every name can be read back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from errbridge.incident import Incident
from errbridge.problem.values import JSONValue, to_json_value
from errbridge.problem.xml_names import NAMESPACE, encode_name

__all__ = ["render_xml"]


# XML 1.0 section 2.2: what may not stand in a document at all. Its complement would take 6 ms to compile.
_FORBIDDEN = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"


def render_xml(incident: Incident) -> bytes:
    """Render the problem of an incident as XML."""
    document = incident.problem.document()
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n', f'<problem xmlns="{NAMESPACE}">']
    for name, value in document.items():
        parts += _element(encode_name(name), to_json_value(value))
    parts.append("</problem>\n")
    return "".join(parts).encode()


def _element(name: str, value: JSONValue) -> Iterator[str]:
    content = "".join(_content(value))
    yield f"<{name}>{content}</{name}>" if content else f"<{name}/>"


def _content(value: JSONValue) -> Iterator[str]:
    match value:
        case None:
            return
        case bool():
            yield "true" if value else "false"
        case list():
            for item in value:
                yield from _element("i", item)
        case dict():
            for name, item in value.items():
                # An object whose only member is "i" would be read back as an array.
                yield from _element("_x0069_" if name == "i" and len(value) == 1 else encode_name(name), item)
        case _:
            # A carriage return written as itself would be read back as a line feed (XML 1.0 section 2.11).
            yield escape(re.sub(_FORBIDDEN, "\ufffd", str(value)), quote=False).replace("\r", "&#13;")
