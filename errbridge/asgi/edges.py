"""What no application answers: the problems of the bridge itself. Their details are for programs; people get hints."""

from __future__ import annotations

from errbridge.languages.message import Message
from errbridge.problem.problem import Problem

__all__ = ["no_websocket", "not_mounted", "saturated", "too_large", "too_slow"]


def not_mounted() -> Problem:
    """No application is mounted at the URL."""
    return _build(404, Message("No application is mounted at this URL."))


def no_websocket() -> Problem:
    """The application at the URL speaks WSGI, which has no WebSockets; Werkzeug too says 400 to the wrong protocol."""
    return _build(400, Message("This URL does not speak WebSocket."))


def too_large(most: int) -> Problem:
    """The upload has more bytes than it may have."""
    detail = Message(
        "The request body may have at most {count} byte.",
        "The request body may have at most {count} bytes.",
        count=most,
    )
    return _build(413, detail)


def too_slow(seconds: float) -> Problem:
    """The upload paused for too long."""
    detail = Message("Nothing of the request body arrived for {seconds} seconds.", seconds=f"{seconds:g}")
    return _build(408, detail)


def saturated(seconds: int) -> Problem:
    """Too many requests wait for a thread."""
    problem = _build(503, Message("Too many requests are waiting here. Try again in a moment."))
    problem.headers = (("Retry-After", str(seconds)),)
    return problem


def _build(status: int, detail: Message) -> Problem:
    problem = Problem(status, detail)
    problem._has_default_detail = True  # pyright: ignore[reportPrivateUsage]
    return problem
