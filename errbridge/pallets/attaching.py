"""Attaching errbridge to an application; loaded with the first one, and with it everything that answers errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from errbridge.adapter import Application, Installation, install
from errbridge.pallets.application import PalletsApplication
from errbridge.pallets.errorhandler import EXTENSION
from errbridge.pallets.private import find_search
from errbridge.pallets.seam import SEAM, Seam

__all__ = ["attach_seam"]


def attach_seam(
    app: Any,
    application_class: type[PalletsApplication],
    seam_class: type[Seam],
    make_installation: Callable[[Application], Installation],
) -> Seam:
    """Attach errbridge to an application, in place of its search for error handlers.

    Args:
        app: The application.
        application_class: The adapter's class of applications.
        seam_class: The adapter's class of seams.
        make_installation: Makes the installation, with everything that the ``ErrorHandler`` was given.

    Returns:
        The seam, for the errors that pass elsewhere.

    Raises:
        SetupError: The framework searches error handlers in another way than errbridge knows.
    """
    search = find_search(app)
    installation = make_installation(application_class(app, search))
    seam = seam_class(installation, app, search)
    app._find_error_handler = seam.find_error_handler
    for name, kind in (("handle_exception", "request"), ("handle_websocket_exception", "websocket")):
        if (handle := getattr(app, name, None)) is not None:
            setattr(app, name, seam.receiving(handle, getattr(app, f"full_dispatch_{kind}")))
    app.log_exception = seam.recording(app.log_exception)
    install(app, installation)
    app.extensions[EXTENSION] = installation
    app.extensions[SEAM] = seam
    return seam
