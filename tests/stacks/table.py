"""The behaviour table that every stack is asked: one application, and the questions."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    HTTPException,
    NotFound,
    RequestedRangeNotSatisfiable,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)

from errbridge import Handlers, Problem, Reply, Scope
from tests.clients import Request
from tests.twins import World

__all__ = ["QUESTIONS", "an_app_of_everything"]

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
AXIOS = "application/json, text/plain, */*"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class OutOfCredit(Problem, status=402, title="Out of credit", type="https://example.com/out-of-credit"):
    balance: int
    cost: Decimal


class Nameless(HTTPException):
    code = None
    description = "has no status"


class Sold(Exception):
    """A domain exception that the shared module maps."""


class Unmapped(Exception):
    """A domain exception without a handler."""


shared = Handlers()


@shared.register(Sold)
def sold(exc: Sold) -> Problem:
    return Problem(410, detail=f"{exc} is sold", sku=str(exc))


@shared.register(KeyError)
async def unknown(exc: KeyError, incident: Any) -> Problem:
    return Problem(404, detail=f"no {exc.args[0]} for {incident.request.method}")


class Teapot:
    """A handler that is an object with an async ``__call__``."""

    async def __call__(self, exc: Exception) -> Reply:
        return Reply("short and stout", headers={"Content-Type": "text/plain; charset=utf-8", "X-Spout": "yes"})


shared.register(418)(Teapot())


def raising(make: Any) -> Any:
    def view(**values: Any) -> Any:
        raise make()

    return view


class Strange:
    """A value that no format can hold."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def cycle() -> list[Any]:
    made: list[Any] = [1]
    made.append(made)
    return made


ODD_NAMES: dict[str, Any] = {"1 st": [1, {"x y": True}]}

VIEWS: dict[str, Any] = {
    "crash": raising(lambda: ValueError("secret")),
    "sold": raising(lambda: Sold("a-1")),
    "unmapped": raising(Unmapped),
    "key": raising(lambda: KeyError("sku")),
    "teapot": raising(lambda: Problem(418)),
    "credit": raising(lambda: OutOfCredit(balance=30, cost=Decimal("50.10"), detail="Not enough")),
    "missing": raising(lambda: NotFound("no such item")),
    "returned": lambda: NotFound("returned, not raised"),
    "nameless": raising(Nameless),
    "unauthorized": raising(
        lambda: Unauthorized(www_authenticate=[WWWAuthenticate("basic", {"realm": "a"}), WWWAuthenticate("bearer")])
    ),
    "later": raising(lambda: TooManyRequests(retry_after=30)),
    "at-once": raising(lambda: ServiceUnavailable(retry_after=0)),
    "on-a-day": raising(lambda: ServiceUnavailable(retry_after=datetime(2030, 1, 1, tzinfo=UTC))),
    "range": raising(lambda: RequestedRangeNotSatisfiable(1234)),
    "odd": raising(lambda: Problem(499, detail="closed")),
    "odd-server": raising(lambda: Problem(599)),
    "split": raising(lambda: Problem(400, headers={"X-Evil": "a\r\nSet-Cookie: b=c", "X-Nul": "a\0b"})),
    "values": raising(
        lambda: Problem(
            400,
            detail="<script>alert(1)</script> \ud800 & \x00",
            when=datetime(2030, 1, 2, tzinfo=UTC),
            id=UUID(int=7),
            price=Decimal("1.50"),
            tags={"b", "a"},
            nan=float("nan"),
            none=None,
            cycle=cycle(),
            strange=Strange(),
            **ODD_NAMES,
        )
    ),
    "group": raising(lambda: ExceptionGroup("two", [NotFound("inner"), Problem(409, detail="worse")])),
    "bug-in-group": raising(lambda: ExceptionGroup("mixed", [NotFound(), ValueError("secret")])),
    "stop-async": raising(StopAsyncIteration),
    "timeout": raising(lambda: TimeoutError("secret")),
}


def an_app_of_everything(world: World) -> None:
    """Set up the application of the table: an API, a website, and the application's own plain pages."""
    app, errors = world.app, world.errors
    app.config["ERROR_LANGUAGES"] = ("en", "ar", "pt", "fr")
    errors.include(shared, app)

    scopes = {"api": errors.api_register, "web": errors.web_register, "plain": None}
    for name, register in scopes.items():
        blueprint = world.Blueprint(name, __name__, url_prefix=f"/{name}")
        if register is not None:
            register(blueprint)
        for path, view in VIEWS.items():
            blueprint.add_url_rule(f"/{path}", path, view)
        blueprint.add_url_rule("/page", "page", lambda: "a page")
        blueprint.add_url_rule("/strict/", "strict", lambda: "a page")
        blueprint.add_url_rule("/items/<int:number>", "item", lambda number: f"item {number}", methods=["GET", "PUT"])
        blueprint.add_url_rule(
            "/response", "response", lambda: world.abort(404, response=world.App.response_class("ready", status=410))
        )
        blueprint.add_url_rule(
            "/aborted", "aborted", lambda: world.abort(world.App.response_class("ready", status=418))
        )
        app.register_blueprint(blueprint)

    add_owners(world)
    add_choices(world)

    handled = world.Blueprint("handled", __name__, url_prefix="/handled")
    answers: dict[int, Any] = {
        400: "text & <b>",
        401: b"bytes",
        402: {"a": [1, None]},
        403: [1, 2],
        404: ("tuple", 410),
        405: ("headers", {"X-One": "1"}),
        406: ("all", 499, [("X-Two", "1"), ("X-Two", "2")]),
        408: Reply(b"\x00\x01", 418, {"Content-Type": "application/x-own"}),
        409: Reply("", 204),
        410: Problem(451, detail="read it elsewhere", headers={"Link": '<https://example.com>; rel="blocked-by"'}),
        411: NotFound("returned by a handler"),
        412: ("string status", "418 SHORT"),
        413: bytearray(b"array"),
        414: ("", 304),
        416: None,
        417: object(),
        418: 42,
        422: ("a", "b", "c", "d"),
    }
    for status, value in answers.items():
        handled.add_url_rule(f"/{status}", str(status), raising(lambda status=status: Problem(status)))
        errors.register(handled, code=status)(lambda exc, value=value: value)
    errors.register(handled, code=500)(raising_handler)
    handled.add_url_rule("/500", "500", raising(lambda: Problem(500)))
    handled.add_url_rule("/stop", "stop", raising(lambda: Problem(423)))
    errors.register(handled, code=423)(stopping_handler)
    app.register_blueprint(handled)


def named(name: str) -> Any:
    """Make a handler that answers with its own name, so that the answer shows who owned the error."""
    return lambda exc: Reply(name, headers={"Content-Type": "text/plain"})


PREFIXES = {
    "own": "/own",
    "api2": "/own/api",
    "v2": "/own/api/v2",
    "user": "/own/users/<int:uid>",
    "lang": "/own/<any(de, en):lang>",
    "file": "/own/files/<path:rest>/edit",
    "twin_b": "/own/twins",
    "twin_a": "/own/twins",
}
SCOPES = (
    Scope(prefix="/own/zone"),
    Scope(host="api.example.com"),
    Scope(host="*.example.com", prefix="/own"),
    Scope(host="<tenant>.example.org"),
)
OWNED = (
    "/own", "/own/", "/own/nope", "/owner", "/own/api", "/own/api/", "/own/api/nope", "/own/apiary", "/own/API/nope",
    "/own/api/v2", "/own/api/v2/nope", "/own/api/v22/nope", "/own/users/7", "/own/users/7/nope", "/own/users/x/nope",
    "/own/de/nope", "/own/fr/nope", "/own/files/a/b/edit", "/own/files/a/b/edit/more", "/own/files/a/editor",
    "/own/twins/nope", "/own/zone", "/own/zone/nope", "/own/zoned", "/own/parent/nope", "/own/parent/child/nope",
    "/own/second/nope", "/own/second/child/nope", "/own/moved/nope", "/own/declared/nope", "/own/api//nope",
    "/own/%61pi/nope", "/own/api%2Fv2/nope",
)  # fmt: skip
HOSTS = (
    "api.example.com",
    "API.EXAMPLE.COM:8080",
    "a.b.example.com",
    "example.com",
    "acme.example.org",
    "a.b.example.org",
)


def add_owners(world: World) -> None:
    """Build what owns URLs in every way there is; each owner answers with its name."""
    app, errors = world.app, world.errors
    for name, prefix in PREFIXES.items():
        blueprint = world.Blueprint(name, __name__, url_prefix=prefix)
        errors.register(blueprint)(named(name))
        blueprint.add_url_rule(f"/{name}", "page", lambda **values: "a page")  # Werkzeug 3.2 refuses two equal rules
        app.register_blueprint(blueprint)
    parent = world.Blueprint("parent", __name__)
    child = world.Blueprint("child", __name__, url_prefix="/child")
    moved = world.Blueprint("moved", __name__, url_prefix="/own/declared")
    for blueprint in (parent, child, moved):
        errors.register(blueprint)(named(blueprint.name))
    parent.register_blueprint(child)
    app.register_blueprint(parent, url_prefix="/own/parent")
    app.register_blueprint(parent, url_prefix="/own/second", name="second")
    app.register_blueprint(moved, url_prefix="/own/moved")
    for scope in SCOPES:
        errors.register(scope)(named(str(scope)))


FAILING: dict[str, Any] = {
    "not-found": NotFound,
    "problem": lambda: Problem(404),
    "teapot": lambda: Problem(418),
    "key": lambda: KeyError("sku"),
    "lookup": lambda: IndexError("sku"),
    "crash": lambda: RuntimeError("secret"),
}
NATIVE: dict[str, tuple[Any, ...]] = {
    "native-code": (404,),
    "native-class": (KeyError,),
    "native-base": (LookupError,),
    "native-everything": (Exception,),
    "native-http": (HTTPException,),
    "native-500": (500,),
    "both-code": (404,),
}
OURS: dict[str, tuple[Any, ...]] = {
    "code": (404,),
    "class": (NotFound, KeyError),
    "base": (LookupError,),
    "family": ("4xx",),
    "server-errors": ("5xx",),
    "everything": ("*",),
    "most-specific": ("*", "4xx", 404, NotFound, Problem),
    "both-code": (404, "*"),
}


def add_choices(world: World) -> None:
    """Build one blueprint for each way to register a handler, each with a view for each way to fail."""
    for name in dict.fromkeys((*NATIVE, *OURS)):
        blueprint = world.Blueprint(name, __name__, url_prefix=f"/choice/{name}")
        for key in NATIVE.get(name, ()):
            blueprint.register_error_handler(key, lambda exc, name=name, key=key: (f"native {name} {key}", 410))
        for key in OURS.get(name, ()):
            world.errors.register(blueprint, code=key)(named(f"{name} {key}"))
        for path, make in FAILING.items():
            blueprint.add_url_rule(f"/{path}", path, raising(make))
        world.app.register_blueprint(blueprint)


def raising_handler(exc: Exception) -> Any:
    raise RuntimeError("secret of the handler")


def stopping_handler(exc: Exception) -> Any:
    raise StopIteration


def _questions() -> list[Request]:
    asked = [
        Request(f"/{scope}/{path}", headers=accept)
        for scope in ("api", "web", "plain")
        for path in (*VIEWS, "nope", "page", "strict", "items/x", "response", "aborted")
        for accept in ([], [("Accept", "application/json")], [("Accept", BROWSER)])
    ]
    asked += [
        Request(f"/{scope}/nope", headers=[("Accept", accept)])
        for scope in ("api", "web", "plain")
        for accept in (
            "*/*", AXIOS, "text/plain", "application/xml", "application/problem+xml, */*;q=0.1", "text/*",
            "application/vnd.x+json", "application/json;q=0, */*", "text/html;q=0.2, application/json;q=0.9",
            "image/png", "garbage;;,,=", "*", "a" * 5000, ",".join(["text/plain;q=0.1"] * 100),
        )
    ]  # fmt: skip
    asked += [
        Request(f"/{scope}/{path}", headers=[("Accept", accept), ("Accept-Language", language)])
        for scope in ("api", "web", "plain")
        for path in ("nope", "crash", "credit", "at-once")
        for accept in ("application/json", "application/xml", "text/plain", BROWSER)
        for language in ("ar", "pt-BR, fr;q=0.9")
    ]
    asked += [
        Request(f"/{scope}/{path}", method)
        for scope in ("api", "web", "plain")
        for path in ("nope", "crash", "page", "items/1", "unauthorized")
        for method in ("HEAD", "POST", "DELETE", "OPTIONS", "PATCH")
        # What Quart sends to its server in answer to HEAD is more than Flask does, where there is no error.
        if method != "HEAD" or path not in ("page", "items/1")
    ]
    asked += [
        Request(f"/handled/{path}", method)
        for path in (*range(400, 424), "500", "stop", "nope")
        for method in ("GET", "HEAD")
    ]
    asked += [Request(path) for path in OWNED]
    asked += [Request(path, host=host) for host in HOSTS for path in ("/own/nope", "/nope", "/own/page")]
    asked += [Request("/own/api/page", "POST"), Request("/own/users/7/page", "DELETE")]
    asked += [
        Request(f"/choice/{name}/{path}") for name in dict.fromkeys((*NATIVE, *OURS)) for path in (*FAILING, "nope")
    ]
    asked += [
        Request("/api/values", headers=[("Accept", "application/xml")]),
        Request("/api/values", headers=[("Accept", "text/plain")]),
        Request("/web/nope", headers=[("X-Requested-With", "XMLHttpRequest")]),
        Request("/api/nope", headers=[("X-Requested-With", "XMLHttpRequest")]),
        Request("/api/nope", headers=[("Traceparent", TRACE)]),
        Request("/api/nope", headers=[("Traceparent", TRACE[:-1])]),
        Request("/api/nope", headers=[("Accept", "text/html;q=0.1"), ("Accept", "text/plain")]),
        Request("/apiary/nope"),
        Request("/api"),
        Request("/%61pi/nope"),
        Request("/api/%C3%A9%F0%9F%98%80"),
        Request("/api/a%2Fb"),
        Request("/api/%3Cscript%3E?x=<y>"),
        Request("/" + "x" * 4000),
        Request("/api/nope", host="EXAMPLE.com:8080"),
        Request("/"),
    ]
    return asked


QUESTIONS = _questions()
