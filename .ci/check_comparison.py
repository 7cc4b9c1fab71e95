"""Run the packages that docs/comparison.md compares, and compare what they do with the page.

Used by the comparison session, where the packages are installed. A probe makes an application, sends it a request, and
returns True or False. Columns about other languages are not run; their cells have footnotes that name the source.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2

PAGE = Path(__file__).parents[1] / "docs" / "comparison.md"
PACKAGES = ("Flask-ErrorsHandler", "Flask", "starlette-problem", "fastapi-problem", "APIFlask", "flask-smorest")
PROBLEM = "application/problem+json"
INVALID = {"count": "secret"}


class Answer:
    """What every client's response has in common."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.text = text

    @property
    def type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


Ask = Callable[..., Answer]


def bug() -> Any:
    raise KeyError("secret")


class Package:
    """One column: how an application with an API and a website is made of it."""

    name = ""

    def ask(self, *, testing: bool = False, handler: Callable[..., Any] | None = None) -> Ask:
        raise NotImplementedError

    def validated(self) -> str:
        """Return the answer to ``{"count": "secret"}``, where a number is expected; "" if nothing validates."""
        return ""

    def openapi(self) -> str:
        """Return the OpenAPI document of the same application; "" if nothing makes one."""
        return ""


def flask_client(app: Any, testing: bool) -> Ask:
    app.testing = testing

    def ask(path: str, method: str = "GET", **headers: str) -> Answer:
        response = app.test_client().open(path, method=method, headers=headers)
        return Answer(response.status_code, response.headers, response.get_data(as_text=True))

    return ask


def flask_views(app: Any, api: Any) -> None:
    from werkzeug.exceptions import Conflict, TooManyRequests

    def sold() -> Any:
        raise Conflict("gone")

    def busy() -> Any:
        raise TooManyRequests(retry_after=3)

    templates = dict.fromkeys(("404.html", "errors/404.html", "errors/4xx.html"), "our template")
    app.jinja_loader = jinja2.DictLoader(templates)
    for name, view in {"sold": sold, "bug": bug, "busy": busy}.items():
        api.add_url_rule(f"/{name}", name, view_func=view, methods=["GET"])
    app.add_url_rule("/sold", "sold", view_func=sold)
    app.register_blueprint(api)


class Errbridge(Package):
    """With the API style on a blueprint."""

    name = "errbridge"

    def ask(self, *, testing: bool = False, handler: Callable[..., Any] | None = None) -> Ask:
        import flask

        from errbridge_flask import ErrorHandler

        app, api = flask.Flask("probe"), flask.Blueprint("api", "probe", url_prefix="/api")
        errors = ErrorHandler(app, handler="web", ERROR_LANGUAGES=("en", "de"))
        errors.api_register(api)
        if handler is not None:
            errors.register(api, code=409)(handler)
        flask_views(app, api)
        return flask_client(app, testing)

    def validated(self) -> str:
        import flask
        import pydantic

        from errbridge.validation import client_data
        from errbridge_flask import ErrorHandler

        app = flask.Flask("probe")
        ErrorHandler(app, handler="api")
        order = pydantic.create_model("Order", count=int)

        @app.post("/orders")
        def view() -> Any:
            with client_data():
                return order.model_validate(flask.request.get_json()).model_dump()

        return app.test_client().post("/orders", json=INVALID).text

    def openapi(self) -> str:
        from errbridge import Problem
        from errbridge.catalogue import Catalogue

        class Sold(Problem, status=409):
            """An error that the document describes."""

        return str(Catalogue.of([Sold]).openapi())


class FlaskErrorsHandler(Package):
    """With the dispatcher by prefix."""

    name = "Flask-ErrorsHandler"

    def ask(self, *, testing: bool = False, handler: Callable[..., Any] | None = None) -> Ask:
        import flask
        from flask_errors_handler import ErrorHandler

        app, api = flask.Flask("probe"), flask.Blueprint("api", "probe", url_prefix="/api")
        errors = ErrorHandler(app, dispatcher="urlprefix")
        errors.api_register(api)
        errors.web_register(app)
        errors.register_dispatcher(app, "urlprefix")
        if handler is not None:
            errors.register(api, code=409)(handler)
        flask_views(app, api)
        return flask_client(app, testing)


class ByHand(Package):
    """As Flask's documentation shows it: one handler for HTTP errors, one for all others."""

    name = "`@errorhandler`"

    def ask(self, *, testing: bool = False, handler: Callable[..., Any] | None = None) -> Ask:
        import flask
        from werkzeug.exceptions import HTTPException

        app, api = flask.Flask("probe"), flask.Blueprint("api", "probe", url_prefix="/api")

        @app.errorhandler(Exception)
        def anything(exc: Exception) -> Any:
            if isinstance(exc, HTTPException):
                return flask.jsonify(code=exc.code, name=exc.name), exc.code
            return flask.jsonify(code=500, name="Internal Server Error"), 500

        if handler is not None:
            api.register_error_handler(409, handler)
        flask_views(app, api)
        return flask_client(app, testing)


class ApiFlask(Package):
    """As it comes."""

    name = "APIFlask"

    def ask(self, *, testing: bool = False, handler: Callable[..., Any] | None = None) -> Ask:
        import apiflask

        app: Any = apiflask.APIFlask("probe")
        api: Any = apiflask.APIBlueprint("api", "probe", url_prefix="/api")

        if handler is not None:
            api.register_error_handler(409, handler)
        flask_views(app, api)
        return flask_client(app, testing)

    def validated(self) -> str:
        import apiflask

        app: Any = apiflask.APIFlask("probe")
        schema: Any = type("Order", (apiflask.Schema,), {"count": apiflask.fields.Integer(required=True)})

        @app.post("/orders")
        @app.input(schema)
        def view(json_data: Any) -> Any:
            return json_data

        return app.test_client().post("/orders", json=INVALID).text

    def openapi(self) -> str:
        import apiflask

        app: Any = apiflask.APIFlask("probe")

        @app.get("/sold")
        @app.doc(responses=[409])
        def view() -> Any:
            return {}

        return str(app.spec)


class FlaskSmorest(Package):
    """As it comes."""

    name = "flask-smorest"

    def ask(self, *, testing: bool = False, handler: Callable[..., Any] | None = None) -> Ask:
        app, api = self.build(handler)
        flask_views(app, api)
        return flask_client(app, testing)

    def build(self, handler: Callable[..., Any] | None = None) -> tuple[Any, Any]:
        import flask
        import flask_smorest
        import marshmallow

        app = flask.Flask("probe")
        app.config.update(API_TITLE="probe", API_VERSION="1", OPENAPI_VERSION="3.1.0")
        app.extensions["probed"] = flask_smorest.Api(app)
        api: Any = flask_smorest.Blueprint("api", "probe", url_prefix="/api")
        schema = type("Order", (marshmallow.Schema,), {"count": marshmallow.fields.Integer(required=True)})

        @api.route("/orders", methods=["POST"])
        @api.arguments(schema)
        def order(data: Any) -> Any:
            return data

        if handler is not None:
            api.register_error_handler(409, handler)
        return app, api

    def validated(self) -> str:
        app, api = self.build()
        app.register_blueprint(api)
        return app.test_client().post("/api/orders", json=INVALID).text

    def openapi(self) -> str:
        app, api = self.build()
        app.extensions["probed"].register_blueprint(api)
        return str(app.extensions["probed"].spec.to_dict())


class StarletteProblem(Package):
    """As it comes; what needs FastAPI, with fastapi-problem."""

    name = "starlette-problem"

    def ask(self, *, testing: bool = False, handler: Callable[..., Any] | None = None) -> Ask:
        from starlette.applications import Starlette
        from starlette.exceptions import HTTPException
        from starlette.routing import Mount, Route
        from starlette.testclient import TestClient
        from starlette_problem.handler import add_exception_handler

        class Sold(HTTPException):
            """An error for which a handler can be registered."""

        async def sold(request: Any) -> Any:
            raise Sold(409, "gone")

        async def busy(request: Any) -> Any:
            raise HTTPException(429, "slow", {"Retry-After": "3"})

        async def bug(request: Any) -> Any:
            raise KeyError("secret")

        views = {"sold": sold, "busy": busy, "bug": bug}
        routes = [Route(f"/{name}", view) for name, view in views.items()]
        app = Starlette(routes=[Mount("/api", routes=routes), Route("/sold", sold)])
        add_exception_handler(app, handlers={} if handler is None else {Sold: handler})
        client = TestClient(app, raise_server_exceptions=testing)

        def ask(path: str, method: str = "GET", **headers: str) -> Answer:
            response = client.request(method, path, headers=headers)
            return Answer(response.status_code, response.headers, response.text)

        return ask

    def validated(self) -> str:
        from starlette.testclient import TestClient

        return TestClient(self.fastapi()).post("/orders", json=INVALID).text

    def openapi(self) -> str:
        return str(self.fastapi().openapi())

    def fastapi(self) -> Any:
        import fastapi
        import pydantic
        from fastapi_problem.handler import add_exception_handler, new_exception_handler

        app = fastapi.FastAPI()
        add_exception_handler(app, new_exception_handler())
        order: Any = pydantic.create_model("Order", count=int)

        def view(data: Any) -> Any:
            return data

        view.__annotations__["data"] = order
        app.post("/orders")(view)
        return app


def failing(*args: Any) -> Any:
    raise RuntimeError("the handler")


async def answering(*args: Any) -> Any:
    await asyncio.sleep(0)
    return "asynchronous", 409


def outcome(ask: Ask, *request: str, **headers: str) -> Answer | None:
    with contextlib.suppress(Exception):
        return ask(*request, **headers)
    return None


def fails_well(package: Package) -> bool:
    found = outcome(package.ask(handler=failing), "/api/sold")
    return found is not None and found.status == 409


def runs_async(package: Package) -> bool:
    found = outcome(package.ask(handler=answering), "/api/sold")
    return found is not None and "asynchronous" in found.text


def form(answer: Answer) -> tuple[str, str]:
    return answer.type, re.sub(r'"[^"]*"', "", answer.text)[:3]


def keeps_headers_apart(package: Package) -> bool:
    ask = package.ask()
    first = ask("/api/busy").headers.get("retry-after")
    return first == "3" and "retry-after" not in ask("/api/sold").headers


PROBES: Mapping[str, Callable[[Package], bool]] = {
    "Errors in a view as `application/problem+json`": lambda p: p.ask()("/api/sold").type == PROBLEM,
    "Unknown URLs in the same format": lambda p: form(p.ask()("/api/nope")) == form(p.ask()("/api/sold")),
    "JSON under a prefix and HTML elsewhere, for unknown URLs too": lambda p: (
        p.ask()("/nope").type != p.ask()("/api/nope").type
    ),
    "Uncaught exceptions as `application/problem+json`": lambda p: p.ask()("/api/bug").type == PROBLEM,
    "Details of uncaught exceptions hidden by default": lambda p: "secret" not in p.ask()("/api/bug").text,
    "Uncaught exceptions raised in tests": lambda p: outcome(p.ask(testing=True), "/api/bug") is None,
    "`application/problem+xml`": lambda p: (
        p.ask()("/api/sold", Accept="application/problem+xml").type == "application/problem+xml"
    ),
    "HTML or JSON, depending on `Accept`": lambda p: (
        p.ask()("/sold", Accept="text/html").type == "text/html"
        and p.ask()("/sold", Accept="application/json").type != "text/html"
    ),
    "Keeps `Allow` and `Retry-After`": lambda p: (
        "allow" in p.ask()("/api/sold", "POST").headers and p.ask()("/api/busy").headers.get("retry-after") == "3"
    ),
    "Headers of an error stay out of later responses": lambda p: (
        keeps_headers_apart(p) or "retry-after" not in p.ask()("/api/busy").headers
    ),
    "Keeps the status if a handler fails": fails_well,
    "Sync and async handlers": runs_async,
    "Incident id in the document": lambda p: "urn:uuid:" in p.ask()("/api/sold").text,
    "Templates chosen by status (`404.html`, `4xx.html`)": lambda p: (
        "our template" in p.ask()("/nope", Accept="text/html").text
    ),
    "Lists the fields that failed validation": lambda p: "count" in p.validated(),
    "… without the invalid value": lambda p: "count" in p.validated() and "secret" not in p.validated(),
    "OpenAPI schemas for errors": lambda p: any(
        name in p.openapi() for name in ("Sold", "HTTPError", "'Error'", "HTTPValidationError")
    ),
    "Translated messages": lambda p: (
        p.ask()("/api/sold", **{"Accept-Language": "de"}).text != p.ask()("/api/sold").text
        and "Konflikt" in p.ask()("/api/sold", **{"Accept-Language": "de"}).text
    ),
    "W3C trace id in the document": lambda p: (
        "0af7651916cd43dd8448eb211c80319c"
        in p.ask()("/api/sold", traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").text
    ),
}


def table() -> tuple[list[str], dict[str, list[str]]]:
    block = re.search(
        r"<!-- table: comparison -->\n(.*?)<!-- table ends -->", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    assert block, "the page has no table"
    head, _, *rows = ([cell.strip() for cell in line[1:-1].split("|")] for line in block[1].strip().splitlines())
    return head[1:], {row[0]: [re.sub(r"\s*\[\^\w+\]", "", cell) for cell in row[1:]] for row in rows}


def main() -> int:
    """Compare, and say what differs."""
    logging.disable(logging.CRITICAL)
    columns, rows = table()
    wrong = []
    packages = [Errbridge(), FlaskErrorsHandler(), ByHand(), ApiFlask(), FlaskSmorest(), StarletteProblem()]
    for what, probe in PROBES.items():
        for package in packages:
            said = rows[what][next(i for i, name in enumerate(columns) if name.startswith(package.name))]
            found = probe(package)
            if said != "—" and {"yes": True, "no": False, "by hand": False}[said] is not found:
                wrong.append(f"{what}: {package.name} is said to be {said!r}, and is {found}")
    text = PAGE.read_text(encoding="utf-8")
    wrong += [
        f"the page was made with another version of {name} than {version(name)}"
        for name in PACKAGES
        if f"{name} {version(name)}" not in text
    ]
    print("\n".join(wrong) or f"{len(PROBES)} rows of {len(packages)} columns are as the page says")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
