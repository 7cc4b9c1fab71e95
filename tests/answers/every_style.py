"""An application with one prefix for each style, and what its clients accept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.exceptions import NotFound, ServiceUnavailable

from tests.applications import Application, Part, a_catch_all, a_view, an_app, in_style, with_templates

EVERY = ["application/json", "application/xml", "text/html", "text/plain"]
"""What to accept to see every representation."""

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

HOSTILE = [
    "<script>alert(1)</script>",
    "\"onmouseover='alert(1)",
    "</title></style><img src=x onerror=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;script&gt;",
]


def in_every_style(make: Callable[[], Any] = NotFound, **more: Callable[[], Any]) -> Application:
    """Set up the prefixes /api, /web and /default, with a view /x in each that raises, or else returns, what is made.

    Args:
        make: Makes the exception, or the result, of /x.
        more: The same for further views, by name.
    """

    def a_view_in_each(name: str, make: Callable[[], Any]) -> Part:
        def view(style: str) -> Any:
            made = make()
            if isinstance(made, BaseException):
                raise made
            return made

        return a_view(f"/<style>/{name}", view, endpoint=name, methods=["GET", "POST"])

    views = (a_view_in_each(name, make) for name, make in {"x": make, **more}.items())
    return an_app(in_style("api", "/api"), in_style("web", "/web"), in_style("default", "/default"), *views)


def an_api_handler(result: Callable[[], Any], raised: Callable[[], Any] = ServiceUnavailable) -> Application:
    """Set up a handler for /api that returns this, beside views that raise and a template ``page.html``."""
    handler = a_catch_all(lambda exc: result(), on="/api")
    return an_app(in_every_style(raised), with_templates({"page.html": "page"}), handler)


def accepting(*values: str) -> dict[str, Any]:
    """Return the arguments of a request that accepts these media types."""
    return {"headers": [("Accept", value) for value in values]}
