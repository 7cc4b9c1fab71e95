"""The routes that show a developer how the errors of an application look."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import iscoroutinefunction
from typing import Any

from errbridge import Problem, SetupError
from errbridge.adapter import Draft, Run
from errbridge.handling.respond import show
from errbridge.inspection import preview
from errbridge.inspection.probes import copy_without_hooks
from errbridge.pallets.inspected import inspect
from errbridge.pallets.seam import SEAM, Seam
from errbridge.representations.response import build_headers

__all__ = ["ENDPOINT", "serve"]

ENDPOINT = "errbridge_preview"
"""Of both routes: the list, and an error."""


def serve(app: Any, url_prefix: str) -> None:
    """Add the routes; see `BaseErrorHandler.preview`."""
    if not url_prefix.startswith("/") or url_prefix.endswith("/"):
        raise SetupError(f"url_prefix= is a path such as '/_errors', not {url_prefix!r}")
    if ENDPOINT in app.view_functions:
        raise SetupError("this application has a preview already; call preview() once")
    pages = _Preview(app, url_prefix)
    is_async = iscoroutinefunction(pages.seam.installation.application.make_response)
    view = pages.respond_async if is_async else pages.respond
    try:
        app.add_url_rule(f"{url_prefix}/", ENDPOINT, view, defaults={"path": ""}, methods=["GET"])
        app.add_url_rule(f"{url_prefix}/<path:path>", ENDPOINT, view, methods=["GET"])
    except AssertionError as error:
        raise SetupError("call preview() before the first request; the framework takes no routes after it") from error


class _Preview:
    """The pages and documents of one application, made when a developer asks for them."""

    def __init__(self, app: Any, url_prefix: str) -> None:
        self.app = app
        self.url_prefix = url_prefix
        self.seam: Seam = app.extensions[SEAM]

    def _list_drafts(self) -> Iterator[preview.Draft]:
        subject = inspect(self.app)
        installation = copy_without_hooks(subject.installation)
        for folder in preview.list_folders(subject):
            yield from preview.list_drafts(installation, folder)

    def respond(self, path: str) -> Any:
        """Show the list, or an error as a client would see it; an awaitable if the framework is async."""
        if not self.app.debug:
            raise Problem(404)
        drafts = {draft.path: draft for draft in self._list_drafts()}
        if path in drafts:
            return self.seam.carry_out(Run(show(drafts[path].context)), Exception())
        if path:
            raise Problem(404, f"There is no {path} among the pages and documents of this application.")
        body, policy = preview.build_index(drafts, "")
        headers = build_headers("text/html", "Accept", policy)
        return self.seam.installation.application.make_response(Draft(body, 200, headers), "GET")

    async def respond_async(self, path: str) -> Any:
        """Do the same in an async framework."""
        return await self.respond(path)
