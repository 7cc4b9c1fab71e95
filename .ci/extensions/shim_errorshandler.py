"""The names of Flask-ErrorsHandler over errbridge, for that package's own tests (style ``shim``).

Each test that fails is explained in ``docs/moving/from-flask-errorshandler.md``.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any

import errbridge
import errbridge_flask


class ErrorHandler(errbridge_flask.ErrorHandler):
    """Takes what Flask-ErrorsHandler takes: a dispatcher that does not exist, and one application twice."""

    def init_app(self, app: Any, *, dispatcher: Any = None, **options: Any) -> Any:
        app.config.setdefault("ERROR_TYPE_URI", "https://httpstatuses.com/{status}")
        if "errbridge" not in app.extensions:
            super().init_app(app, **options)
        if dispatcher != "notfound":
            self.dispatcher_register(app, dispatcher)
        return app

    def register_dispatcher(self, app: Any, dispatcher: Any) -> None:
        self.dispatcher_register(app, dispatcher)


if os.environ["ERRBRIDGE_STYLE"] == "shim":
    module: Any = ModuleType("flask_errors_handler")
    module.ErrorHandler = ErrorHandler
    module.SubdomainDispatcher = errbridge.SubdomainDispatcher
    module.URLPrefixDispatcher = errbridge.URLPrefixDispatcher
    sys.modules["flask_errors_handler"] = module
