"""The exceptions that errbridge itself raises, all of them at set-up."""

from __future__ import annotations

__all__ = ["SetupError"]


class SetupError(ValueError):
    """errbridge was set up in a way that cannot work; the message says what to do.

    Raised while an application is being put together (registering, configuring, initialising), never while a
    request is being answered.
    """
