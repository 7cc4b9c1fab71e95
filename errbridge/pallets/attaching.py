"""Attaching errbridge to an application, with the classes of the adapter.

It is loaded with the first application, and with it everything that answers errors.
"""

from __future__ import annotations

from typing import Any

from errbridge.application.errormap import Installation
from errbridge.application.settings import Options
from errbridge.handlers.registry import Registry
from errbridge.pallets.application import PalletsApplication
from errbridge.pallets.errorhandler import EXTENSION
from errbridge.pallets.seam import SEAM, Seam, checked_seam

__all__ = ["attached"]


def attached(
    app: Any,
    application_class: type[PalletsApplication],
    seam_class: type[Seam],
    registry: Registry,
    options: Options,
) -> Seam:
    """Attach errbridge to an application, at the seam.

    Args:
        app: The application.
        application_class: As the core sees it.
        seam_class: By which errors come to the core.
        registry: What is registered with its ``ErrorHandler``.
        options: What was given to that.

    Returns:
        The seam, for the errors that do not come to it by themselves.

    Raises:
        SetupError: The framework has another seam than errbridge knows.
    """
    search = checked_seam(app)
    installation = Installation(application_class(app, search), registry, options)
    seam = seam_class(app, search, installation)
    app._find_error_handler = seam.find_error_handler
    app.extensions[EXTENSION] = installation
    app.extensions[SEAM] = seam
    return seam
