"""A problem document of RFC 9457, parsed from JSON or XML.

A body is parsed whatever it is, or refused with a ValueError. No DTD is read, so there are no entities to resolve.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser, fromstring

from errbridge.http.accept import JSON, XML
from errbridge.problem.xml_names import NAMESPACE, decode_name

__all__ = ["parse_document"]

_NAMESPACE = f"{{{NAMESPACE}}}"
_MOST_BYTES = 1 << 20


def parse_document(media_type: str, body: bytes | str) -> tuple[dict[str, Any], bool]:
    """Parse a problem document of a media type, without converting its values.

    Returns:
        The members, and whether all values are texts, or lists and mappings of texts, as in XML.

    Raises:
        ValueError: It is no problem document.
    """
    parse = _PARSERS.get(media_type)
    if parse is None:
        raise ValueError(f"a problem document is {JSON} or {XML}, not {media_type[:80] or 'without a content type'}")
    if len(body) > _MOST_BYTES:
        raise ValueError(f"the body has more than {_MOST_BYTES} bytes, too many for a problem document")
    try:
        members = parse(body)
    except (ValueError, RecursionError, LookupError, ParseError) as error:
        raise ValueError(f"the body is no problem document: {error}") from error
    if not isinstance(members, dict):
        raise ValueError("the body is no problem document: it is no object")
    return members, parse is _parse_xml


def _parse_json(body: bytes | str) -> Any:
    text = body if isinstance(body, str) else body.decode("utf-8-sig")
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _parse_plain_json(body: bytes | str) -> Any:
    """Parse a document that ``ERROR_FORCE_CONTENT_TYPE`` sent as plain JSON; any other JSON is none."""
    members = _parse_json(body)
    if isinstance(members, dict) and {"type", "title", "status"} <= members.keys():
        return members
    raise ValueError(f"under application/json it needs type, title and status; else send {JSON}")


class _Builder(TreeBuilder):
    """Refuses what no problem document needs, as soon as it begins."""

    def doctype(self, *_arguments: object) -> NoReturn:
        raise ValueError("it has a document type declaration")


def _parse_xml(body: bytes | str) -> Any:
    """Parse RFC 9457 appendix B, as `errbridge.representations.xml` writes it."""
    root = fromstring(body, XMLParser(target=_Builder()))
    if root.tag != f"{_NAMESPACE}problem":
        raise ValueError(f"its root is not problem of the namespace {NAMESPACE}")
    return _read_members(root)


def _read_members(element: Element) -> dict[str, Any]:
    """Read the elements in an element; one of another namespace is an unknown extension."""
    children = [child for child in element if child.tag.startswith(_NAMESPACE)]
    return {decode_name(child.tag.removeprefix(_NAMESPACE)): _read_value(child) for child in children}


def _read_value(element: Element) -> Any:
    members = [child for child in element if child.tag.startswith(_NAMESPACE)]
    if not members:
        return element.text or ""
    if all(child.tag == f"{_NAMESPACE}i" for child in members):
        return [_read_value(child) for child in members]
    return _read_members(element)


_PARSERS: Mapping[str, Callable[[bytes | str], Any]] = {
    JSON: _parse_json,
    XML: _parse_xml,
    "application/json": _parse_plain_json,
    "application/xml": _parse_xml,
    "text/xml": _parse_xml,
}
