"""Attaching errbridge to an application; loaded with the first one, and with it everything that answers errors."""

from __future__ import annotations

from typing import Any

from errbridge.adapter import Installation
from errbridge.application.hooks import Hooks
from errbridge.application.settings import Options
from errbridge.handlers.registry import Registry
from errbridge.pallets.application import PalletsApplication
from errbridge.pallets.errorhandler import EXTENSION
from errbridge.pallets.private import find_search
from errbridge.pallets.seam import SEAM, Seam

__all__ = ["attach_seam"]


def attach_seam(
    app: Any,
    application_class: type[PalletsApplication],
    seam_class: type[Seam],
    *,
    registry: Registry,
    options: Options,
    hooks: Hooks,
) -> Seam:
    """Attach errbridge to an application, in place of its search for error handlers.

    Args:
        app: The application.
        application_class: The adapter's class of applications.
        seam_class: The adapter's class of seams.
        registry: The registry of the ``ErrorHandler``.
        options: The arguments of the ``ErrorHandler``.
        hooks: The hooks of the ``ErrorHandler``.

    Returns:
        The seam, for the errors that pass elsewhere.

    Raises:
        SetupError: The framework searches error handlers in another way than errbridge knows.
    """
    search = find_search(app)
    installation = Installation(application_class(app, search), registry, options, hooks)
    seam = seam_class(installation, app, search)
    app._find_error_handler = seam.find_error_handler
    for name in ("handle_exception", "handle_websocket_exception"):
        if (handle := getattr(app, name, None)) is not None:
            setattr(app, name, seam.receiving(handle))
    app.extensions[EXTENSION] = installation
    app.extensions[SEAM] = seam
    return seam
