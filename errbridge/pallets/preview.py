"""The routes that show a developer how the errors of an application look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from errbridge import Problem
from errbridge.adapter import Draft
from errbridge.handling import respond
from errbridge.handling.context import ErrorContext
from errbridge.inspection import preview
from errbridge.inspection.probes import copy_without_hooks
from errbridge.pallets.errorhandler import EXTENSION
from errbridge.pallets.exceptions import server_error
from errbridge.pallets.inspected import inspect
from errbridge.pallets.pages import add_pages
from errbridge.pallets.seam import Seam
from errbridge.representations.response import build_headers

__all__ = ["serve"]


def serve(app: Any, url_prefix: str) -> None:
    """Add the routes; see `BaseErrorHandler.preview`."""
    add_pages(app, url_prefix, _Preview(app).respond, method="preview", default="/_errors")


class _Preview:
    """The pages and documents of one application, made when a developer asks for them."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.seam: Seam = app.extensions[EXTENSION]

    def _list_drafts(self) -> Iterator[tuple[str, ErrorContext]]:
        subject = inspect(self.app)
        installation = copy_without_hooks(subject.installation)
        for folder in preview.list_folders(subject):
            yield from preview.list_drafts(installation, folder)

    def respond(self, path: str) -> Any:
        """Show the list, or an error as a client would see it; an awaitable if the framework is async."""
        if not self.app.debug:
            raise Problem(404)
        drafts = dict(self._list_drafts())
        if path in drafts:
            return self._show(drafts[path])
        if path:
            raise Problem(404, f"There is no {path} among the pages and documents of this application.")
        body, policy = preview.build_index(drafts, "")
        headers = build_headers("text/html", "Accept", policy)
        return self.seam.installation.application.make_response(Draft(body, 200, headers), "GET")

    def _show(self, drafted: ErrorContext) -> Any:
        """Answer an error as if it had happened: handlers are asked, and a 500 is that of an uncaught exception."""
        exc = drafted.exception
        if drafted.problem.status == 500:
            exc = server_error(RuntimeError("this is a preview"))
        installation = copy_without_hooks(self.seam.installation)
        run = respond.preview(installation, exc, drafted.request)
        return self.seam.make_handler(run)(exc)
