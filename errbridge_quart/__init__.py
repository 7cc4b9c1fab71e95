"""errbridge for Quart.

An adapter decides nothing. What it is for, to collect the facts of a request or WebSocket, drive the core's plan and
make a response of the outcome, is in `errbridge_quart.answering`, which comes with the first application: registering
does without.
"""

from __future__ import annotations

try:
    import quart
    from quart.app import Quart
except ImportError as error:
    raise ImportError("errbridge_quart needs Quart: install errbridge[quart]") from error

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import errbridge
from errbridge.pallets import BaseErrorHandler, locate_public

__all__ = ["ErrorHandler"]


class ErrorHandler(BaseErrorHandler[Quart, Quart | quart.Blueprint | str | errbridge.Scope]):
    """Error handling for Quart applications.

    Example::

        errors = ErrorHandler()  # or ErrorHandler(app)
        errors.api_register("/api")

    Its arguments are those of `errbridge.pallets.errorhandler.BaseErrorHandler`: an application, ``response=``,
    ``dispatcher=``, ``handler=``, ``replace_native=``, and the ``ERROR_*`` keys.
    """

    _app_class = Quart  # by its defining module: instrumentations replace quart.Quart
    _blueprint_class = quart.Blueprint

    def _attach(self, app: Quart, install: Callable[[Any], Any]) -> None:
        from errbridge_quart.answering import attach  # a program that only registers never pays for it

        attach(app, install)


if not TYPE_CHECKING:  # a type checker is to report names that do not exist

    def __getattr__(name: str) -> object:
        """Say where a name is that you may look for here."""
        raise locate_public(__name__, name)
