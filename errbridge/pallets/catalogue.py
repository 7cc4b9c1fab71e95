"""The routes that serve the catalogue of problem types in one application."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from errbridge.adapter import Draft, log
from errbridge.application.settings import Settings
from errbridge.catalogue import Catalogue
from errbridge.catalogue.catalogue import Types
from errbridge.catalogue.pages import STYLE, render_json, render_page
from errbridge.errors import SetupError
from errbridge.http.accept import HTML
from errbridge.languages.language import Message
from errbridge.pallets.errorhandler import EXTENSION
from errbridge.pallets.pages import add_pages
from errbridge.pallets.seam import Seam
from errbridge.problem.problem import Problem
from errbridge.representations.response import build_headers

__all__ = ["serve"]


def serve(app: Any, url_prefix: str, types: Types | type[Problem]) -> None:
    """Add the routes; see `BaseErrorHandler.catalogue`."""
    seam: Seam = app.extensions[EXTENSION]
    type_uri = Settings.read(app.config).type_uri or f"{url_prefix}/{{slug}}"
    # The catalogue refuses what is no problem class and no module, by name.
    chosen = None if types is None else tuple(types if isinstance(types, Iterable) else [types])
    catalogue = Catalogue.of(chosen, type_uri=type_uri)

    def respond(path: str) -> Any:
        """Answer a request; an awaitable if the framework is async."""
        nonlocal catalogue
        request, error_map = seam.current_request(), seam.installation.error_map()
        facts, settings = seam.read_facts(None, request, ()), error_map.settings
        look = error_map.choose_look(STYLE, facts)
        try:
            catalogue = Catalogue.of(chosen, type_uri=settings.type_uri)  # with the types that exist by now
        except SetupError:
            log.exception("the problem types do not go together any more; those from before are served")
        shown = catalogue.find(path) if path else catalogue
        if shown is None:
            raise Problem(404, detail=Message("There is no such problem type."))
        if look.media_type == HTML:
            body, policy = render_page(shown, look.language, settings.site, facts.root_path)
            allowed = policy if settings.csp_enabled else None
            headers = build_headers(HTML, settings.vary(STYLE), allowed, look.language)
        else:
            media_type, body = render_json(shown)
            headers = build_headers(media_type, settings.vary(STYLE), None)
        draft = Draft(body, 200, (*headers, ("Cache-Control", "max-age=3600")))
        return seam.installation.application.make_response(draft, request.method)

    add_pages(app, url_prefix, respond, method="catalogue")
    # Only now, as a type that leads nowhere is worse than none.
    seam.installation.problem_types = chosen
    app.config["ERROR_TYPE_URI"] = type_uri
    seam.installation.own.touch()
