"""``application/problem+json``, RFC 9457 section 3."""

from __future__ import annotations

import json

from errbridge.incident import Incident
from errbridge.representations.values import plain

__all__ = ["render_json"]

# Kept: building an encoder costs as much as encoding a problem. Without a default it refuses what needs replacing.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def render_json(incident: Incident) -> bytes:
    """Render the problem of an incident as JSON, with a line end for terminals."""
    document = incident.problem.document()
    try:
        return f"{_encode(document)}\n".encode()
    except Exception:  # what a value's own methods may raise among them
        return f"{_encode(plain(document))}\n".encode()
