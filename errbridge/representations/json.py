"""``application/problem+json``, RFC 9457 section 3."""

from __future__ import annotations

import json

from errbridge.problem.problem import Problem
from errbridge.problem.values import to_json_value

__all__ = ["render_json"]

# Kept, because building an encoder costs as much as encoding a problem. It refuses what JSON cannot hold.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def render_json(problem: Problem) -> bytes:
    """Render a problem as JSON, with a line end for terminals."""
    document = problem.document()
    try:
        return f"{_encode(document)}\n".encode()
    except Exception:  # also what the methods of a value raise
        return f"{_encode(to_json_value(document))}\n".encode()
