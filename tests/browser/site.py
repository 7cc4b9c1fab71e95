"""A site with an error of each kind, and nothing but the built-in page to show them."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import flask
from waitress import create_server
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from errbridge import Problem
from errbridge.languages.catalogues import LANGUAGES
from errbridge_flask import ErrorHandler

__all__ = ["MOUNTS", "PROBLEMS", "STATUSES", "Site", "serving"]

STATUSES = (400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 500, 502, 503, 504)

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" rx="12" fill="#b3261e"/>'
    '<path d="M10 32 38 18v16H10z" fill="#ffe08a"/><circle cx="22" cy="30" r="3" fill="#b3261e"/></svg>'
)
DRESSED = {
    "name": "Cheese & Co",
    "logo": LOGO,
    "accent": "#b3261e",
    "login_url": "/login",
    "contact": "help@example.com",
    "status_url": "https://status.example.com/",
}

ARABIC = "لم يتم العثور على العنوان المطلوب. تحقق من الكتابة."
LONG = "x" * 400

PROBLEMS = {
    "detail": Problem(409, title="Sold out", detail="Somebody else was faster.\nThe piano is sold."),
    "errors": Problem(
        422,
        errors=[
            {"detail": "must be a number", "pointer": "/items/0/price"},
            {"detail": "is required", "pointer": "/name"},
            *({"detail": f"wrong <b>{number}</b>", "parameter": LONG} for number in range(10)),
        ],
    ),
    "long": Problem(404, title=LONG, detail=LONG),
    "rtl": Problem(404, title="الصفحة غير موجودة", detail=ARABIC, errors=[{"detail": ARABIC}]),
    "wait": Problem(503, headers={"Retry-After": "30"}),
    "later": Problem(503, headers={"Retry-After": "1800"}),
}


class Documented(Problem, status=409, title="Sold out <b>", slug="documented"):
    """Another buyer was faster.

    There may be another piano, see others:

    - a grand piano
    - an upright one
    """

    sku: Annotated[str, "What was wanted"]
    others: tuple[int, ...] = ()


def _numbered(number: int) -> type[Problem]:
    class Numbered(Problem, status=400, slug=f"numbered-{number}" + number * "-and-longer"):
        """One of many."""

    return Numbered


@dataclass
class Site:
    """The site as it runs.

    Attributes:
        url: Where, without a slash at the end.
        requests: The paths that were asked for, in order.
        headers: Added to every answer; what an extension such as flask-talisman does.
    """

    url: str = ""
    requests: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


MOUNTS: dict[str, dict[str, Any]] = {
    "": {},
    "/dressed": {"ERROR_SITE": DRESSED},
    "/logo": {"ERROR_SITE": {"logo": LOGO}},
    "/arabic": {"ERROR_LANGUAGES": ["ar"], "ERROR_SITE": DRESSED},
    "/german": {"ERROR_LANGUAGES": ["de"]},
    "/spoken": {"ERROR_LANGUAGES": ["en", *LANGUAGES]},
}
"""The site at the root and below these paths, by its configuration."""


def application(site: Site, **config: Any) -> flask.Flask:
    app = flask.Flask(__name__)
    errors = ErrorHandler(app, **config)
    errors.catalogue(app, types=[Documented, *(_numbered(number) for number in range(30))])
    errors.locale_with(lambda: flask.request.args.get("language"))

    @app.before_request
    def note() -> None:
        site.requests.append(flask.request.root_path + flask.request.path)

    @app.after_request
    def add(response: flask.Response) -> flask.Response:
        response.headers.update(site.headers)
        return response

    @app.get("/")
    def home() -> str:
        return "<!DOCTYPE html><html lang=en><title>Home</title><h1>Home</h1>"

    @app.get("/status/<int:status>")
    def fail(status: int) -> str:
        flask.abort(status)

    @app.get("/crash")
    def crash() -> str:
        raise KeyError("secret")

    @app.get("/problem/<name>")
    def problem(name: str) -> str:
        raise PROBLEMS[name]

    return app


@contextlib.contextmanager
def serving() -> Iterator[Site]:
    """Serve the site on a port of its own: plain at the root, and in a site's clothes under ``/dressed``."""
    site = Site()
    logging.getLogger("errbridge").setLevel(logging.INFO)  # a page has a reference where there is a record
    mounted: dict[str, Any] = {mount: application(site, **config) for mount, config in MOUNTS.items()}
    app = DispatcherMiddleware(mounted.pop(""), mounted)
    server: Any = create_server(app, host="127.0.0.1", port=0, threads=2)
    site.url = f"http://127.0.0.1:{server.effective_port}"
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield site
    finally:
        server.asyncore.close_all(server._map)  # ends the loop of the thread, which has nothing left to watch
        thread.join(20)
        server.task_dispatcher.shutdown()
        logging.getLogger("errbridge").setLevel(logging.NOTSET)
