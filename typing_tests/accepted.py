"""Programs that are right, which every type checker accepts. They are never run."""

# A lambda has no types of its own: pyright calls its parameters unknown.
# pyright: reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, assert_type, reveal_type

import flask
import httpx
import quart
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, NotFound

import errbridge
from errbridge import Handlers, Incident, Page, Problem, Reply, RequestFacts, Scope, URLPrefixDispatcher
from errbridge.asgi import Asgi, Bridge, Wsgi
from errbridge.testing import assert_problem
from errbridge_flask import ErrorHandler
from errbridge_quart import ErrorHandler as QuartErrorHandler


class ShopError(Exception):
    """The base of the application's own exceptions."""


class NotSold(ShopError):
    item: str


class Locked(ShopError):
    row: int


# Problems


class SoldOut(Problem, status=409, title="Sold out"):
    wanted: int
    left: int = 0


class Refunded(SoldOut):
    amount: Decimal


class Gone(Problem, status=410, type="https://example.com/gone"):
    """Without fields."""


class Busy(Problem, status=503):
    def __init__(self, seconds: int) -> None:
        super().__init__(detail="Later.", headers={"Retry-After": str(seconds)}, seconds=seconds)


problem = SoldOut(wanted=3, detail="None left.", headers=[("X-Shop", "Bern")], title=None)
assert_type(problem.wanted, int)
assert_type(problem.status, int)
assert_type(problem.title, str)
assert_type(problem.type, str)
assert_type(problem.detail, str | None)
assert_type(problem.headers, tuple[tuple[str, str], ...])
assert_type(problem.extensions, Mapping[str, Any])
assert_type(SoldOut.from_response((409, {}, b"{}")), SoldOut)
Refunded(wanted=1, amount=Decimal(3), status=402)
assert_type([Gone(), Gone(404, "Not any more.")], list[Gone])
assert_type({Busy(3)}, set[Busy])
Problem(409, "Already sold", sku="a-1", price={"amount": 3}, type="about:blank", instance="urn:x")


# Handlers without an application

handlers = Handlers()


@handlers.register(NotSold)
def not_sold(exc: NotSold) -> Problem:
    return SoldOut(wanted=1, detail=exc.item)


@handlers.register(NotSold, Locked)
def either(exc: NotSold | Locked, incident: Incident) -> Problem | None:
    return Problem(409) if incident.request.method == "POST" else None


@handlers.register(NotSold)
async def of_a_base_class(exc: ShopError, incident: Incident, retries: int = 3) -> dict[str, str]:
    return {"item": str(exc), "retries": str(retries)}


@handlers.register([404, 410], code="5xx")
def several(exc: Exception) -> Page:
    return Page("gone.html", since=2020)


@handlers.register()
def everything(exc: Exception) -> tuple[str, int, dict[str, str]]:
    return str(exc), 500, {"Content-Type": "text/plain"}


@handlers.register(NotFound)
def native(exc: NotFound) -> Exception:
    return exc


@handlers.register(code=(NotSold, Locked))
def named(exc: NotSold | Locked) -> Reply:
    return Reply(b"sold", 410)


class Answering:
    def __call__(self, exc: NotSold) -> str:
        return self.plainly(exc)

    def plainly(self, exc: Exception) -> str:
        return str(exc)


handlers.register(NotSold)(Answering())
handlers.register(NotSold)(Answering().plainly)
handlers.register(NotSold)(lambda exc: Problem(404))
handlers.register(NotSold)(lambda exc, incident: Problem(404, path=incident.request.path))
handlers.register()(lambda exc: None)
handlers.map({NotSold: 404, Locked: Gone, 403: Problem(403), (404, "5xx"): lambda exc: Problem(404), "4xx": either})
TABLE = {NotSold: 404, Locked: 423}
handlers.map(TABLE)


# A decorator gives the function back as it was: each pair of types is the same.


def plain(exc: NotSold, incident: Incident, retries: int = 3) -> Problem | None:
    return None


async def later(exc: ShopError) -> tuple[dict[str, int], int]:
    return {}, 404


reveal_type(plain)
reveal_type(handlers.register(NotSold)(plain))
reveal_type(later)
reveal_type(handlers.register(NotSold)(later))


# Flask

app = flask.Flask(__name__)
api = flask.Blueprint("api", __name__)


def decorate(document: Callable[[], tuple[dict[str, Any], int, dict[str, str]]]) -> Callable[[], flask.Response]:
    return lambda: flask.Response(*document())


class ByPrefix(URLPrefixDispatcher):
    def dispatch(self, exc: BaseException, request: RequestFacts) -> tuple[Scope, ...]:
        return ()


errors = ErrorHandler(app, dispatcher="urlprefix", handler="api", response=decorate, ERROR_PAGE="oops.html")
ErrorHandler(dispatcher=ByPrefix, ERROR_CONTENT_TYPES=["json"], ERROR_TYPE_URI=None, ERROR_VALIDATION="messages")
assert_type(ErrorHandler().init_app(app, ERROR_CONTENT_TYPES=("xml",)), flask.Flask)
errors.api_register(api, "/v2", Scope(host="api.example.com"))
errors.web_register()
errors.failure_register(app)
errors.default_register(app, "/x")
errors.include(handlers)
errors.include(handlers, api, "/v2")
errors.map({NotSold: 404, 410: Gone}, api)
errors.dispatcher_register(app, ByPrefix)


@errors.register(app, NotSold)
def here(exc: NotSold) -> ResponseReturnValue:
    return flask.jsonify(item=exc.item), 404


@errors.register(NotSold, 404)
def mixed(exc: Exception) -> flask.Response:
    return flask.Response("none")


@errors.register(api, "/v2", code=Locked)
def by_code(exc: Locked) -> tuple[Problem, dict[str, str]]:
    return Problem(423), {"X-Row": str(exc.row)}


@errors.register(api, NotSold, Locked)
async def two(exc: NotSold | Locked) -> str:
    return "x"


@errors.register(api)
def any_error(exc: HTTPException, incident: Incident) -> str | None:
    return exc.description


@errors.register(api, 404)
def missing(exc: Exception) -> Awaitable[ResponseReturnValue]:
    raise exc


reveal_type(plain)
reveal_type(errors.register(app, code=NotSold)(plain))


@errors.on_incident
def tell(incident: Incident, reply: Reply) -> None: ...


@errors.on_incident
async def tell_later(incident: Incident, reply: Reply) -> None: ...


def current_trace() -> str | None:
    return None


errors.on_incident(lambda incident, reply: None)
errors.off_incident(tell)
errors.trace_with(current_trace)
errors.trace_with(None)


# Quart

quart_app = quart.Quart(__name__)
quart_errors = QuartErrorHandler(quart_app, handler="web")


@quart_errors.register(quart.Blueprint("site", __name__), code=404)
async def page(exc: Exception) -> quart.typing.ResponseReturnValue:
    return await quart.render_template("404.html"), 404


# The bridge and the tests


def wsgi(environ: dict[str, object], start_response: Callable[..., object]) -> list[bytes]:
    return []


async def asgi(scope: object, receive: object, send: object) -> None: ...


bridge = Bridge({"/": quart_app, "/legacy": app, "//admin.example.com/": wsgi, "/other": asgi}, threads=8, waiting=None)
Bridge([quart_app, app])
Bridge({Scope(host="example.com"): Asgi(quart_app), Scope(prefix="/x"): Wsgi(app)})
PLACES: dict[str | Scope, flask.Flask | quart.Quart] = {"/": app, Scope(prefix="/x"): quart_app}
Bridge(PLACES)
bridge.on_incident(tell)
bridge.on_incident(tell_later)

assert_problem(app.test_client().get("/"), status=404, type=SoldOut, detail=lambda text: "x" in text, balance=30)
assert_problem(httpx.get("http://localhost"), SoldOut, headers={"X-Shop": None}, pointer="/name")


async def ask() -> None:
    assert_problem(await quart_app.test_client().get("/"), status=404)


assert_type(errbridge.__version__, str)
