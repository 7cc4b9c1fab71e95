"""The routes that show a developer how the errors of an application look."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import InternalServerError

from errbridge import Problem
from errbridge.adapter import Draft
from errbridge.handling import respond
from errbridge.inspection.preview import build_index, list_drafts, list_folders
from errbridge.pallets.errorhandler import EXTENSION
from errbridge.pallets.inspected import inspect
from errbridge.pallets.pages import add_pages
from errbridge.pallets.seam import Seam
from errbridge.representations.response import build_headers

__all__ = ["serve"]


def serve(app: Any, url_prefix: str) -> None:
    """Add the routes; see `BaseErrorHandler.preview`."""
    seam: Seam = app.extensions[EXTENSION]

    def show(path: str) -> Any:
        """Show the list, or an error as a client would see it; an awaitable if the framework is async."""
        if not app.debug:
            raise Problem(404)
        subject = inspect(app)
        drafts = dict(draft for folder in list_folders(subject) for draft in list_drafts(subject, folder))
        if not path:
            body, policy = build_index(drafts, "")
            headers = build_headers("text/html", "Accept", policy)
            return subject.application.make_response(Draft(body, 200, headers), "GET")
        if path not in drafts:
            raise Problem(404, f"There is no {path} among the pages and documents of this application.")
        # As if it had happened: handlers are asked, and a 500 is that of an uncaught exception.
        exc = drafts[path].exception
        if drafts[path].problem.status == 500:
            exc = InternalServerError(original_exception=RuntimeError("this is a preview"))
        return seam.carry_out(respond.preview(subject.installation, exc, drafts[path].request))

    add_pages(app, url_prefix, show, method="preview")
