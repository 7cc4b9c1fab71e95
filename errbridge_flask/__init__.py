"""errbridge for Flask.

An adapter decides nothing. What it is for, to collect the facts of a request, drive the core's plan and make a response
of the outcome, is in `errbridge_flask.answering`, which comes with the first application: registering does without.
"""

from __future__ import annotations

try:
    import flask
    from flask.app import Flask
except ImportError as error:
    raise ImportError("errbridge_flask needs Flask: install errbridge[flask]") from error
if not hasattr(Flask, "wsgi_app"):
    raise ImportError("flask is Quart here, by quart-flask-patch: write 'from errbridge_quart import ErrorHandler'")

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import errbridge
from errbridge.pallets import BaseErrorHandler, locate_public

__all__ = ["ErrorHandler"]


class ErrorHandler(BaseErrorHandler[Flask, Flask | flask.Blueprint | str | errbridge.Scope]):
    """Error handling for Flask applications.

    Example::

        errors = ErrorHandler()  # or ErrorHandler(app)
        errors.api_register("/api")

    Its arguments are those of `errbridge.pallets.errorhandler.BaseErrorHandler`: an application, ``response=``,
    ``dispatcher=``, ``handler=``, ``replace_native=``, and the ``ERROR_*`` keys.
    """

    _app_class = Flask  # by its defining module: instrumentations replace flask.Flask
    _blueprint_class = flask.Blueprint

    def _attach(self, app: Flask, install: Callable[[Any], Any]) -> None:
        from errbridge_flask.answering import attach  # a program that only registers never pays for it

        attach(app, install)


if not TYPE_CHECKING:  # a type checker is to report names that do not exist

    def __getattr__(name: str) -> object:
        """Say where a name is that you may look for here."""
        raise locate_public(__name__, name)
