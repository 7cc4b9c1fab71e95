"""``application/problem+json``, RFC 9457 section 3."""

from __future__ import annotations

import json
from json.encoder import encode_basestring

from errbridge.incident import Incident
from errbridge.problem.problem import Problem
from errbridge.problem.values import to_json_value

__all__ = ["render_json"]

# Kept: building an encoder costs as much as encoding a problem. Without a default it refuses what needs replacing.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def render_json(incident: Incident) -> bytes:
    """Render the problem of an incident as JSON, with a line end for terminals."""
    problem = incident.problem
    try:
        return f"{_members(problem)}\n".encode()
    except Exception:  # what a value's own methods may raise among them
        return f"{_encode(to_json_value(problem.document()))}\n".encode()


def _members(problem: Problem) -> str:
    """Write what every problem has by hand, which costs half as much as to have a dict encoded."""
    quoted = encode_basestring
    detail = "" if problem.detail is None else f',"detail":{quoted(problem.detail)}'
    instance = "" if problem.instance is None else f',"instance":{quoted(problem.instance)}'
    extensions = f",{_encode(dict(problem.extensions))[1:]}" if problem.extensions else "}"
    return (
        f'{{"type":{quoted(problem.type)},"title":{quoted(problem.title)},"status":{problem.status}'
        f"{detail}{instance}{extensions}"
    )
