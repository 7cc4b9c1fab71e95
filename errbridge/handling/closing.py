"""How an error ends a WebSocket that was accepted already: the code and the reason of the close frame (RFC 6455).

==================  ====  =========================================================
error               code  reason
==================  ====  =========================================================
uncaught exception  1011  the phrase of 500, and nothing of the exception
HTTP error          4000  plus the status; status, phrase and detail, cut to fit
==================  ====  =========================================================

Never 1000, which would say that all went well (RFC 6455 section 7.4.1).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from errbridge.http.status import find_phrase, is_error
from errbridge.mapping.problems import is_uncaught, status_of
from errbridge.problem.problem import Problem, plain_text

__all__ = ["Close", "close_of"]

_LONGEST = 123  # bytes, RFC 6455 section 5.5: 125 less the two of the code
_INTERNAL_ERROR = 1011
_PRIVATE = 4000  # RFC 6455 section 7.4.2: 4000 to 4999 are for private use
_CONTROL = r"[\x00-\x1f\x7f\ud800-\udfff]+"


class Close(NamedTuple):
    """What a close frame says."""

    code: int
    reason: str


def close_of(exc: BaseException, answered: object) -> Close:
    """Say with which code and reason to close.

    Args:
        exc: The error, as the handler got it.
        answered: The response that a handshake would have been answered with; its status counts.
    """
    status: object = getattr(answered, "status_code", None)
    if not is_error(status) or (status == 500 and is_uncaught(exc)):
        return Close(_INTERNAL_ERROR, find_phrase(500))
    reason = f"{status} {find_phrase(status)}"
    if (detail := _detail(exc, status)) is not None:
        reason = f"{reason}: {detail}"
    return Close(_PRIVATE + status, _cut(re.sub(_CONTROL, " ", reason)))


def _detail(exc: BaseException, status: int) -> str | None:
    """Give the words of an error, unless a handler made another error of it."""
    detail = exc.detail if isinstance(exc, Problem) else getattr(exc, "description", None)
    return plain_text(detail) if status_of(exc, 0) == status and detail is not None else None


def _cut(text: str) -> str:
    """Shorten a text to the bytes that a close frame has for it, between two characters."""
    content = text.encode()
    if len(content) <= _LONGEST:
        return text
    return content[: _LONGEST - len("…".encode())].decode(errors="ignore") + "…"
