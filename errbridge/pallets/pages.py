"""The routes under which an application serves pages of errbridge's own: a list, and one for each name."""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from errbridge.errors import SetupError
from errbridge.pallets.errorhandler import EXTENSION

__all__ = ["add_pages"]

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def add_pages(app: Any, url_prefix: str, respond: Callable[[str], Any], *, method: str) -> None:
    """Add the routes for a method of an ``ErrorHandler``; *respond* makes the page of a path, "" for the list."""
    if not _PREFIX.fullmatch(url_prefix):
        raise SetupError(f"url_prefix= is a path such as '/problems', not {url_prefix!r}")
    endpoint = f"errbridge_{method}"
    if endpoint in app.view_functions:
        raise SetupError(f"this application has these pages already; call {method}() once")

    def respond_now(path: str, **host: str) -> Any:
        """Make the page."""
        return respond(path)

    async def respond_later(path: str, **host: str) -> Any:
        """Make the page in an async framework."""
        return await respond(path)

    respond_later._quart_schema_hidden = True  # type: ignore[attr-defined] # as its decorator hide() does
    is_async = iscoroutinefunction(app.extensions[EXTENSION].installation.application.make_response)
    view = respond_later if is_async else respond_now
    options = {"host": "<host>"} if app.url_map.host_matching else {}  # on every host
    try:
        app.add_url_rule(f"{url_prefix}/", endpoint, view, defaults={"path": ""}, methods=["GET"], **options)
        app.add_url_rule(f"{url_prefix}/<path:path>", endpoint, view, methods=["GET"], **options)
    except AssertionError as error:
        raise SetupError(f"call {method}() before the first request; the framework takes no routes after it") from error
