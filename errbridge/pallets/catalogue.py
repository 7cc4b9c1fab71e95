"""The routes that serve the catalogue of problem types in one application."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from inspect import iscoroutinefunction
from types import ModuleType
from typing import Any

from errbridge.application.protocol import NativeAnswer
from errbridge.application.settings import Settings, snapshot
from errbridge.catalogue import Catalogue, types_of
from errbridge.catalogue.pages import render_index, render_type
from errbridge.errors import SetupError
from errbridge.pallets.seam import SEAM, Seam
from errbridge.problem.problem import Problem

__all__ = ["ENDPOINT", "serve"]

log = logging.getLogger("errbridge")

ENDPOINT = "errbridge_problem_type"
"""Of both routes: the list, and a page."""

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")

Types = Iterable[type[Problem] | ModuleType] | type[Problem] | ModuleType | None


def serve(app: Any, url_prefix: str, types: Types) -> None:
    """Add the routes; see `BaseErrorHandler.catalogue`."""
    if not _PREFIX.fullmatch(url_prefix):
        raise SetupError(f"url_prefix= is a path such as '/problems', not {url_prefix!r}")
    if ENDPOINT in app.view_functions:
        raise SetupError("this application serves a catalogue already; call catalogue() once")
    template = Settings.of(snapshot(app.config)).type_uri or f"{url_prefix}/{{slug}}"
    pages = _Pages(app, types, template)
    view = _async(pages) if iscoroutinefunction(pages.seam.installation.framework.make_response) else pages.response
    try:
        app.add_url_rule(f"{url_prefix}/", ENDPOINT, view, defaults={"slug": ""}, methods=["GET"])
        app.add_url_rule(f"{url_prefix}/<slug>", ENDPOINT, view, methods=["GET"])
    except AssertionError as error:
        raise SetupError("call catalogue() before the first request; the framework takes no routes after it") from error
    # Only now, as a type that leads nowhere is worse than none.
    pages.seam.installation.problem_types = pages.types
    app.config["ERROR_TYPE_URI"] = template


class _Pages:
    """The pages of an application; they are of the types that exist when they are asked for."""

    def __init__(self, app: Any, types: Types, type_uri: str) -> None:
        self.seam: Seam = app.extensions[SEAM]
        self.types = _chosen(types)
        found = types_of(self.types)
        self._made: tuple[object, Catalogue] = ((type_uri, found), Catalogue.of(found, type_uri=type_uri))

    def _catalogue(self) -> Catalogue:
        """Follow what is defined and configured since. What became wrong is reported and not followed."""
        wanted = (self.seam.installation.table().settings.type_uri, types_of(self.types))
        known, catalogue = self._made
        if known != wanted:
            try:
                catalogue = Catalogue.of(wanted[1], type_uri=wanted[0])
            except SetupError:
                log.exception("the problem types do not go together any more; those from before are served")
            self._made = (wanted, catalogue)
        return catalogue

    def response(self, slug: str) -> Any:
        """Answer a request; an awaitable where the framework is async.

        Raises:
            Problem: There is no such type.
        """
        request = self.seam.current_request()
        _, accept, *_ = self.seam.read(request)
        installation = self.seam.installation
        csp = installation.table().settings.csp_enabled
        catalogue = self._catalogue()
        if not slug:
            answer = render_index(catalogue, accept, csp=csp)
        elif (found := catalogue.find(slug)) is not None:
            answer = render_type(found, accept, csp=csp)
        else:
            raise Problem(404, detail=f"There is no problem type {slug}.")
        return installation.framework.make_response(NativeAnswer(answer.body, 200, answer.headers), request.method)


def _chosen(types: Any) -> tuple[type[Problem] | ModuleType, ...] | None:
    if types is None:
        return None
    if isinstance(types, (ModuleType, type)):
        return (types,)  # a class that is no problem is refused later, by name
    try:
        return tuple(types)
    except TypeError:
        raise SetupError(f"types= takes problem classes and modules, not {types!r}") from None


def _async(pages: _Pages) -> Any:
    async def view(slug: str) -> Any:
        return await pages.response(slug)

    return view
