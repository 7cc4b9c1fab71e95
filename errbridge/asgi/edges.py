"""What no application answers: the problems of the bridge itself."""

from __future__ import annotations

from errbridge.problem.problem import Problem

__all__ = ["no_websocket", "not_mounted", "saturated", "too_large", "too_slow"]


def not_mounted() -> Problem:
    """No application is mounted at the URL."""
    return Problem(404, detail="No application is mounted at this URL.")


def no_websocket() -> Problem:
    """The application at the URL speaks WSGI, which has no WebSockets; Werkzeug too says 400 to the wrong protocol."""
    return Problem(400, detail="This URL does not speak WebSocket.")


def too_large(most: int) -> Problem:
    """The upload has more bytes than it may have."""
    return Problem(413, detail=f"The request body may have at most {most} bytes.")


def too_slow(seconds: float) -> Problem:
    """The upload paused for too long."""
    return Problem(408, detail=f"Nothing of the request body arrived for {seconds:g} seconds.")


def saturated(seconds: int) -> Problem:
    """Too many requests wait for a thread."""
    detail = "Too many requests are waiting here. Try again in a moment."
    return Problem(503, detail=detail, headers={"Retry-After": str(seconds)})
