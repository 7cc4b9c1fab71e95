"""A problem document of RFC 9457, parsed from JSON. A body is parsed whatever it is, or refused with a ValueError."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from errbridge.http.accept import JSON

__all__ = ["parse_document"]

_MOST_BYTES = 1 << 20


def parse_document(media_type: str, body: bytes | str) -> dict[str, Any]:
    """Parse a problem document of a media type, without converting its values.

    Raises:
        ValueError: It is no problem document.
    """
    if media_type not in (JSON, "application/json"):
        raise ValueError(f"a problem document is {JSON}, not {media_type[:80] or 'without a content type'}")
    if len(body) > _MOST_BYTES:
        raise ValueError(f"the body has more than {_MOST_BYTES} bytes, too many for a problem document")
    try:
        text = body if isinstance(body, str) else body.decode("utf-8-sig")
        members = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the body is no problem document: {error}") from error
    if not isinstance(members, dict):
        raise ValueError("the body is no problem document: it is no object")
    # As ERROR_FORCE_CONTENT_TYPE sends it; any other plain JSON is none.
    if media_type != JSON and not {"type", "title", "status"} <= members.keys():
        raise ValueError(f"under application/json it needs type, title and status; else send {JSON}")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
