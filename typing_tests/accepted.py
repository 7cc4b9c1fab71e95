"""Programs that are right, which mypy and pyright accept, and which run (see tests/test_registering.py)."""

# A lambda has no types of its own: pyright calls its parameters unknown.
# pyright: reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, assert_type, reveal_type

import flask
import httpx
import quart
import werkzeug
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import Headers
from werkzeug.exceptions import Conflict, HTTPException, NotFound

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


class Costly(Problem, status=402):
    detail = "The {item} costs {cost}."  # refused by ty, pyrefly: they do not see the descriptor
    item: str
    cost: int


class Returned(SoldOut, status=410, title="Came back", type="urn:returned", slug="returned"):
    """With every kind of field."""

    kind: ClassVar[str] = "goods"
    reason: str | None = None
    when: datetime | None = None
    tags: tuple[str, ...] = ()
    mode: Literal["whole", "broken"] = "whole"
    note: Annotated[str, "For people"] = ""

    @property
    def remaining(self) -> int:
        return self.wanted - self.left


ValueT = TypeVar("ValueT")


class Wrong(Problem, Generic[ValueT], status=422):
    value: ValueT


class Shouting:
    def __init_subclass__(cls, loud: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)


class Loud(Shouting, Problem, status=400, loud=True):
    decibels: int


class Lost(Problem, LookupError, status=404): ...


class Traced(Problem):
    """A base of others, without a status."""

    trace: str = ""


class TracedLoss(Traced, status=404):
    shelf: int


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
assert_type(SoldOut.from_response((409, {"Content-Type": "application/problem+json"}, b"{}")), SoldOut)
Refunded(wanted=1, amount=Decimal(3), status=402)
assert_type(Wrong(value=3).value, int)
assert_type(Returned(wanted=1, tags=("a",), left=2).remaining, int)
Costly(item="tea", cost=3, detail="In other words.")
Loud(decibels=3)
TracedLoss(shelf=1, trace="x")
Problem(HTTPStatus.CONFLICT, headers=Headers({"X-A": "1"}))
error: LookupError = Lost()
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

    async def later(self, exc: NotSold, incident: Incident) -> str:
        return str(exc)

    @staticmethod
    def static(exc: NotSold) -> str:
        return str(exc)


class AnsweringLater:
    async def __call__(self, exc: Exception, incident: Incident) -> Reply:
        return Reply(str(exc))


def of_an_item(exc: NotSold, sku: str) -> str:
    return sku


handlers.register(NotSold)(Answering().later)
handlers.register(NotSold)(Answering.static)
handlers.register(NotSold)(AnsweringLater())
handlers.register(NotSold)(partial(of_an_item, sku="a"))
handlers.register(NotSold)(cache(Answering.static))
handlers.register(NotSold)(Answering())
handlers.register(NotSold)(Answering().plainly)
handlers.register(NotSold)(lambda exc: Problem(404))
handlers.register(NotSold)(lambda exc, incident: Problem(404, path=incident.request.path))
handlers.register()(lambda exc: None)
handlers.map({NotSold: 404, Locked: Gone, 403: Problem(403), (404, "5xx"): lambda exc: Problem(404), "4xx": either})
TABLE = {NotSold: 404, Locked: 423}
handlers.map(TABLE)  # refused by ty
CLASSES: dict[type[Exception], type[Problem]] = {NotSold: Lost}
handlers.map(CLASSES)
handlers.map({NotSold: HTTPStatus.NOT_FOUND, Locked: Costly(item="tea", cost=3), KeyError: Answering().plainly})
handlers.map({})


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


errors = ErrorHandler(app, dispatcher="urlprefix", handler="api", response=decorate, ERROR_PAGE=None)
ErrorHandler(dispatcher=ByPrefix, ERROR_CONTENT_TYPES=["json"], ERROR_TYPE_URI=None, ERROR_VALIDATION="messages")
assert_type(ErrorHandler().init_app(flask.Flask("other"), ERROR_CONTENT_TYPES=("xml",)), flask.Flask)
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


@errors.register(api, HTTPStatus.GONE)
@errors.register({NotSold, Locked}, code="5xx")
def stacked(exc: Exception) -> werkzeug.Response:
    return flask.redirect("/")


@errors.register(NotSold)
def with_an_option(exc: NotSold, /, *, verbose: bool = False) -> Iterator[str]:
    yield str(verbose)


@errors.register(NotSold)
def of_anything(*args: object) -> tuple[str, int, Headers]:
    return "x", 404, Headers()


@errors.register(409)
def in_a_list_of_headers(exc: Exception, incident: Incident | None = None) -> tuple[bytes, list[tuple[str, str]]]:
    return b"x", [("X-A", "1")]


@errors.register(409, Locked, NotSold, KeyError)
async def in_another_way(exc: Exception) -> Conflict | list[dict[str, int]]:
    return Conflict(str(exc))


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
policy: dict[str, list[str]] = {"style-src": ["'self'", *errors.style_sources(app)]}


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


def ask() -> None:
    assert_problem(app.test_client().get("/"), status=404, type=SoldOut, detail=lambda text: "x" in text, balance=30)
    assert_problem(httpx.get("http://localhost"), SoldOut, headers={"X-Shop": None}, pointer="/name")


async def ask_later() -> None:
    assert_problem(await quart_app.test_client().get("/"), status=404)


version: str = errbridge.__version__
SITE = {"name": "Shop"}
ErrorHandler(ERROR_SITE=SITE, ERROR_LANGUAGES=["en", "de"], replace_native=True, ERROR_PAGE="oops.html")
