"""The routes that serve the catalogue of problem types in one application."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from errbridge.adapter import Draft, log
from errbridge.application.settings import Settings
from errbridge.catalogue import Catalogue, types_of
from errbridge.catalogue.pages import Frame, render_index, render_type
from errbridge.errors import SetupError
from errbridge.languages.message import Message
from errbridge.pallets.errorhandler import EXTENSION
from errbridge.pallets.pages import add_pages
from errbridge.pallets.seam import Seam
from errbridge.problem.problem import Problem

__all__ = ["serve"]

Types = Iterable[type[Problem] | ModuleType] | type[Problem] | ModuleType | None


def serve(app: Any, url_prefix: str, types: Types) -> None:
    """Add the routes; see `BaseErrorHandler.catalogue`."""
    template = Settings.read(app.config).type_uri or f"{url_prefix}/{{slug}}"
    pages = _Pages(app, types, template)
    add_pages(app, url_prefix, pages.respond, method="catalogue")
    # Only now, as a type that leads nowhere is worse than none.
    pages.seam.installation.problem_types = pages.types
    app.config["ERROR_TYPE_URI"] = template
    pages.seam.installation.own.touch()


class _Pages:
    """The pages of one application, with the types that exist at each request."""

    def __init__(self, app: Any, types: Types, type_uri: str) -> None:
        self.seam: Seam = app.extensions[EXTENSION]
        # The catalogue refuses what is no problem class and no module, by name.
        self.types = None if types is None else tuple(types if isinstance(types, Iterable) else [types])
        found = types_of(self.types)
        self._known: tuple[object, Catalogue] = ((type_uri, found), Catalogue.of(found, type_uri=type_uri))

    def _find_catalogue(self) -> Catalogue:
        """Return the catalogue of the types that exist by now; if they conflict, the one before, with one record."""
        type_uri, found = wanted = (self.seam.installation.error_map().settings.type_uri, types_of(self.types))
        known, catalogue = self._known
        if known != wanted:
            try:
                catalogue = Catalogue.of(found, type_uri=type_uri)
            except SetupError:
                log.exception("the problem types do not go together any more; those from before are served")
            self._known = (wanted, catalogue)
        return catalogue

    def respond(self, path: str) -> Any:
        """Answer a request; an awaitable if the framework is async."""
        request, installation = self.seam.current_request(), self.seam.installation
        facts, error_map = self.seam.read_facts(None, request, ()), installation.error_map()
        settings = error_map.settings
        vary = "Accept, Accept-Language" if len(settings.languages) > 1 else "Accept"
        language = error_map.find_language(facts.locale, facts.accept_language)
        frame = Frame(language, settings.site, facts.root_path, vary, has_policy=settings.csp_enabled)
        catalogue = self._find_catalogue()
        if not path:
            response = render_index(catalogue, facts.accept, frame)
        elif (found := catalogue.find(path)) is not None:
            response = render_type(found, facts.accept, frame)
        else:
            raise Problem(404, detail=Message("There is no such problem type."))
        return installation.application.make_response(Draft(response.body, 200, response.headers), request.method)
