"""The problem in another service's response: ``Problem.from_response()``.

1. The ``type`` decides about the class: the one that has that URI among those that are imported. `Problem` itself takes
   any type; with another class, a type that belongs neither to it nor to a class derived from it is a ValueError.
2. A member whose value has the wrong type is ignored (RFC 9457 section 3.1), so a problem may lack a field.

The module knows no problem class: it is given their declarations, and returns members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from errbridge.http.status import is_error
from errbridge.problem.conversion import MISMATCHES, convert
from errbridge.problem.fields import Declaration, resolve_annotations
from errbridge.problem.response import parse_document, read_response
from errbridge.problem.type_uri import ABOUT_BLANK

__all__ = ["read_problem"]

_MEMBERS = {"type": str, "title": str, "status": int, "detail": str, "instance": str}
_LONGEST_TYPE = 200


def read_problem(
    response: Any, declarations: Sequence[Declaration], *, body: bytes | str | None = None, type_uri: str | None = None
) -> tuple[Declaration, dict[str, Any]]:
    """Return the declaration of a problem's class, and the problem's members; see `Problem.from_response`.

    *declarations* are those of the expected class, then of all classes derived from it.
    """
    answer = read_response(response, body)
    document = parse_document(answer.media_type, answer.body)
    standard = {name: value for name, value in document.items() if name in _MEMBERS}
    members = _convert_members(standard, _MEMBERS)
    members["type"] = members.get("type") or ABOUT_BLANK
    status = next((each for each in (members.get("status"), answer.status) if is_error(each)), None)
    declaration = _find_declaration(declarations, members["type"], status, type_uri)
    members["status"] = declaration.status if status is None else status
    if members["status"] is None:
        raise ValueError(f"neither the document nor the response has the status of an error: {answer.status}")
    resolved = resolve_annotations(declaration.cls)
    annotations = {name: resolved.get(name, Any) for name in declaration.fields}
    extensions = {name: value for name, value in document.items() if name not in _MEMBERS}
    return declaration, members | _convert_members(extensions, annotations)


def _convert_members(members: Mapping[str, Any], annotations: Mapping[str, Any]) -> dict[str, Any]:
    """Convert members to their annotations, and leave out those of the wrong type."""
    converted = {}
    for name, value in members.items():
        with suppress(*MISMATCHES):
            converted[name] = convert(annotations.get(name, Any), value)
    return converted


def _find_declaration(
    declarations: Sequence[Declaration], uri: str, status: int | None, type_uri: str | None
) -> Declaration:
    """Find the class of a type; among several, the last one derived or defined."""
    expected = declarations[0]
    own_type = expected.build_type(type_uri)
    takes_any = expected.slug is None  # as Problem itself
    found = [expected] if takes_any else []
    if uri == ABOUT_BLANK:
        # Such a document has no more than its status, which is enough for a class without a type.
        if own_type is None and expected.status == status:
            found = [expected]
    else:
        found += [each for each in declarations if each.build_type(type_uri) == uri]
    if found:
        return found[-1]
    hint = "" if type_uri else "; pass type_uri= if the service builds its types from ERROR_TYPE_URI"
    is_of = f"{expected.cls.__name__} is {own_type or ABOUT_BLANK}"
    raise ValueError(f"the problem is of the type {uri[:_LONGEST_TYPE]}, but {is_of}{hint}")
