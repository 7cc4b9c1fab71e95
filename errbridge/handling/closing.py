"""How an error ends a WebSocket that was accepted already: the code and the reason of the close frame (RFC 6455).

==================  ====  =========================================================
error               code  reason
==================  ====  =========================================================
uncaught exception  1011  the phrase of 500, and nothing of the exception; or what a handler answered, as below
HTTP error          4000  plus the status; status, phrase and detail, cut to fit
==================  ====  =========================================================

Never 1000, which would mean that all went well (RFC 6455 section 7.4.1).
"""

from __future__ import annotations

import re

from errbridge.handling.context import ErrorContext
from errbridge.http.status import find_phrase, is_error
from errbridge.incident import CloseFrame
from errbridge.languages.language import ENGLISH, Language

__all__ = ["choose_close_frame", "close_frame"]

_LONGEST = 123  # bytes, RFC 6455 section 5.5: 125 less the two of the code
_INTERNAL_ERROR = 1011
_PRIVATE = 4000  # RFC 6455 section 7.4.2: 4000 to 4999 are for private use
_CONTROL = r"[\x00-\x1f\x7f\ud800-\udfff]+"


def choose_close_frame(context: ErrorContext, status: int, reference: str = "", *, is_shown: bool = True) -> CloseFrame:
    """Choose the frame for an error.

    Args:
        context: The error.
        status: The status of the answer that a handshake would have got.
        reference: What the client can quote.
        is_shown: Whether the answer shows the problem.
    """
    problem, is_mapped = context.completed, context.exception is context.original
    is_uncaught = context.original is not None and (status == 500 or not is_mapped)
    is_silent = is_uncaught and problem._has_default_detail  # pyright: ignore[reportPrivateUsage]
    detail = problem.document().get("detail") if is_shown and not is_silent else None
    return close_frame(
        status, is_uncaught=is_uncaught, detail=detail, reference=reference, language=context.look.language
    )


def close_frame(
    status: int,
    *,
    is_uncaught: bool,
    detail: str | None = None,
    reference: str = "",
    language: Language = ENGLISH,
) -> CloseFrame:
    """Return the frame with which to close a WebSocket after an error.

    Args:
        status: The status of the answer that a handshake would have got.
        is_uncaught: Whether the error is an uncaught exception.
        detail: The detail of the problem that was answered; None if that says only what the phrase says.
        reference: What the client can quote; it ends the reason.
        language: The language of the reason.
    """
    end = f" ({reference})" if reference else ""
    is_internal = is_uncaught or not is_error(status)
    if is_internal and detail is None:
        return CloseFrame(_INTERNAL_ERROR, language.translate(find_phrase(500)) + end)
    phrase = language.translate(find_phrase(status))
    reason = f"{status} {phrase}" if detail is None else f"{status} {phrase}: {detail}"
    return CloseFrame(
        _INTERNAL_ERROR if is_internal else _PRIVATE + status, _shorten(re.sub(_CONTROL, " ", reason), end)
    )


def _shorten(text: str, end: str) -> str:
    """Cut a text between two characters to the bytes that a close frame has for it and its end."""
    content, space = text.encode(), _LONGEST - len(end)
    if len(content) > space:
        text = content[: space - len("…".encode())].decode(errors="ignore") + "…"
    return text + end
