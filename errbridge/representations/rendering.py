"""Representations: from an error to bytes, for each media type.

A document is a function of the problem, the others are functions of the incident, the page's also of the site. They
answer for any problem: values that a format cannot hold are replaced (`errbridge.problem.values`), never raised.

In ``application/problem+xml`` (RFC 9457 appendix B), an array is a run of ``<i>`` elements, an object an element for
each member. `encode_name` encodes the names that XML does not allow, so that every name can be read back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from html import escape

from errbridge.http import accept
from errbridge.incident import Incident
from errbridge.languages.language import Language, Message
from errbridge.problem.problem import Problem
from errbridge.problem.values import JSONValue, to_json_value
from errbridge.representations.html import render_html

__all__ = ["NAMESPACE", "REPRESENTATIONS", "encode_name", "render_json", "render_text", "render_xml"]

# Kept, because building an encoder costs as much as encoding a problem. It refuses what JSON cannot hold.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def render_json(problem: Problem) -> bytes:
    """Render a problem as JSON, with a line end for terminals."""
    document = problem.document()
    try:
        return f"{_encode(document)}\n".encode()
    except Exception:  # also what the methods of a value raise
        return f"{_encode(to_json_value(document))}\n".encode()


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


def render_text(incident: Incident) -> bytes:
    """Render the problem of an incident as readable text."""
    problem, language = incident.problem, incident.language
    lines = [f"{problem.status} {problem.title}"]
    if problem.detail:
        lines += "", problem.detail
    if problem.extensions:
        lines.append("")
        for given_name, given in problem.extensions.items():
            name, value = to_json_value(given_name), to_json_value(given)
            if isinstance(value, list) and any(isinstance(item, dict) for item in value):  # as validation errors are
                lines += f"{name}:", *(f"- {_write_value(item, language)}" for item in value)
            else:
                lines.append(f"{name}: {_write_value(value, language)}")
    if incident.reference:  # nothing would be found by it otherwise
        lines += "", language.translate(Message("Reference: {reference}", reference=incident.id))
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _write_value(value: JSONValue, language: Language) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return language.translate(Message("yes") if value else Message("no"))
        case list():
            return ", ".join(_write_value(item, language) for item in value)
        case dict():
            return ", ".join(f"{name}: {_write_value(item, language)}" for name, item in value.items())
        case _:
            return " ".join(str(value).split())


REPRESENTATIONS: Mapping[str, Callable[..., bytes]] = {
    accept.JSON: render_json,
    accept.XML: render_xml,
    accept.HTML: render_html,
    accept.TEXT: render_text,
}
"""By media type."""
