"""Several real extensions in one application, in every order that matters, with errbridge among them.

`docs/extensions.md` has a program for each extension alone, which `tests/test_docs.py` runs.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

import apiflask
import flask
import flask_restful
import flask_restx
import flask_smorest
import pytest
import quart
import quart_auth
import quart_cors
import quart_rate_limiter
import quart_schema
import sentry_sdk
from flask_cors import CORS
from flask_jwt_extended import JWTManager, jwt_required
from flask_limiter import Limiter
from flask_login import LoginManager, login_required
from flask_wtf import CSRFProtect
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from quart.testing.connections import WebsocketResponseError
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

import errbridge_flask
import errbridge_quart
from errbridge import Problem
from tests.applications import HTML, JSON
from tests.versions import FLASK

SHOP = "https://shop.example"
FROM_SHOP = {"Origin": SHOP}
JSON_ERRORS = "application/json"  # of the extensions themselves

Step = Callable[[flask.Flask], object]


def orders(*steps: Step) -> list[tuple[Step, ...]]:
    return list(itertools.permutations(steps))


def names(steps: tuple[Step, ...]) -> str:
    return "-".join(step.__name__ for step in steps)


def bug() -> NoReturn:
    raise KeyError("secret")


# Flask: a site and an API, with a login, CSRF protection, CORS and limits.


def errors_of_shop(app: flask.Flask) -> None:
    errors = errbridge_flask.ErrorHandler(app, handler="web")
    errors.api_register("/api")


def login(app: flask.Flask) -> None:
    manager = LoginManager(app)
    manager.user_loader(lambda user_id: None)
    manager.login_view = "log_in"
    manager.blueprint_login_views = {"api": None}


def csrf(app: flask.Flask) -> None:
    CSRFProtect(app)


def cors(app: flask.Flask) -> None:
    CORS(app, resources={"/api/*": {"origins": SHOP}})


def a_shop(*steps: Step) -> flask.Flask:
    app = flask.Flask("shop")
    app.secret_key = "an example"
    for step in steps:
        step(app)
    limiter = Limiter(lambda: "everyone", app=app, storage_uri="memory://", headers_enabled=True)
    api = flask.Blueprint("api", __name__, url_prefix="/api")
    api.add_url_rule("/me", "me", login_required(dict))
    api.add_url_rule("/orders", "orders", dict, methods=["POST"])
    api.add_url_rule("/limited", "limited", limiter.limit("1 per hour")(lambda: "fine"))
    app.add_url_rule("/log-in", "log_in", str)
    app.add_url_rule("/account", "account", login_required(str))
    app.add_url_rule("/form", "form", str, methods=["POST"])
    app.register_blueprint(api)
    return app


@pytest.mark.parametrize("steps", orders(errors_of_shop, login, csrf, cors), ids=names)
def test_a_login_csrf_protection_cors_and_limits_leave_each_error_in_the_style_of_its_place(
    steps: tuple[Step, ...],
) -> None:
    client = a_shop(*steps).test_client()

    def ask(method: str, path: str) -> tuple[int, str | None, str | None]:
        response = client.open(path, method=method, headers=FROM_SHOP)
        return response.status_code, response.content_type, response.headers.get("Access-Control-Allow-Origin")

    assert ask("GET", "/api/me") == (401, JSON, SHOP)
    assert ask("GET", "/account") == (302 if FLASK < (3, 2) else 303, HTML, None)
    assert ask("POST", "/api/orders") == (400, JSON, SHOP)
    assert ask("POST", "/form") == (400, HTML, None)
    assert ask("GET", "/api/limited")[0] == 200
    assert ask("GET", "/api/limited") == (429, JSON, SHOP)
    assert "Retry-After" in client.get("/api/limited").headers
    assert ask("GET", "/api/nope") == (404, JSON, SHOP)
    assert ask("GET", "/nope") == (404, HTML, None)


# Flask: extensions that answer themselves, beside a style of errbridge's.


def smorest(app: flask.Flask) -> None:
    app.config.update(API_TITLE="Shop", API_VERSION="1", OPENAPI_VERSION="3.0.2")
    api = flask_smorest.Api(app)
    for version in ("v1", "v2"):
        blueprint = flask_smorest.Blueprint(version, version, url_prefix=f"/{version}")
        blueprint.add_url_rule("/sold", "sold", lambda: flask_smorest.abort(409, message="sold", headers={"X-A": "1"}))
        blueprint.add_url_rule("/bug", "bug", bug)
        api.register_blueprint(blueprint)


def errors_of_v2(app: flask.Flask) -> None:
    errbridge_flask.ErrorHandler(app).api_register("/v2")


@pytest.mark.parametrize("steps", orders(smorest, errors_of_v2), ids=names)
def test_a_style_on_a_prefix_answers_there_and_flask_smorest_everywhere_else(steps: tuple[Step, ...]) -> None:
    app = flask.Flask("shop")
    for step in steps:
        step(app)
    client = app.test_client()

    for version, content_type in {"v1": JSON_ERRORS, "v2": JSON}.items():
        for path, status in {"sold": 409, "bug": 500, "nope": 404}.items():
            response = client.get(f"/{version}/{path}")
            assert (response.status_code, response.content_type) == (status, content_type)
        assert client.get(f"/{version}/sold").headers["X-A"] == "1"


@pytest.mark.parametrize(
    ("status", "data"),
    [(422, {"errors": {"json": {"n": ["no"]}}}), (409, {"sku": "a"}), (404, {}), (400, {"exc": KeyError()})],
)
def test_a_sentence_of_the_framework_is_no_detail_where_flask_smorest_aborts(status: int, data: dict[str, Any]) -> None:
    app = flask.Flask("shop")
    app.add_url_rule("/x", "x", lambda: flask_smorest.abort(status, **data))
    errbridge_flask.ErrorHandler(app, handler="api")

    document = app.test_client().get("/x").get_json()

    assert set(document) == {"type", "title", "status", "instance", *(data.keys() - {"exc"})}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the extensions themselves
@pytest.mark.parametrize("module", [flask_restful, flask_restx])
def test_resources_answer_their_own_errors_and_errbridge_those_around_them(module: Any) -> None:
    class Seats(module.Resource):  # type: ignore[misc]
        def get(self) -> None:
            module.abort(409, message="sold")

    app = flask.Flask("shop")
    errors = errbridge_flask.ErrorHandler(app, handler="web")
    blueprint = flask.Blueprint("api", __name__, url_prefix="/api")
    module.Api(blueprint).add_resource(Seats, "/seats")
    blueprint.add_url_rule("/plain", "plain", lambda: flask.abort(409))
    errors.api_register(blueprint)
    app.register_blueprint(blueprint)
    client = app.test_client()

    asked = ["/api/seats", "/api/plain", "/api/nope", "/nope"]
    assert [client.get(path).content_type for path in asked] == [JSON_ERRORS, JSON, JSON, HTML]


def test_a_handler_on_a_prefix_is_nearer_than_those_of_flask_jwt_extended() -> None:
    app = flask.Flask("shop")
    app.config["JWT_SECRET_KEY"] = "an example of a secret that is long enough"
    errors = errbridge_flask.ErrorHandler(app, handler="api")
    JWTManager(app)
    for path in ("/v1/me", "/v2/me"):
        app.add_url_rule(path, path, jwt_required()(dict))
    errors.register("/v2", code=Exception)(lambda exc: Problem(401, detail="a catch-all"))
    client = app.test_client()

    # A native handler for a class claims its exception along the whole chain; a catch-all has to wait for that.
    assert [client.get(path).content_type for path in ("/v1/me", "/v2/me")] == [JSON_ERRORS, JSON_ERRORS]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the extensions themselves
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (apiflask.APIFlask, "behind-native"),
        (lambda name: _with(name, smorest), "behind-native"),
        (lambda name: _with(name, flask_restful.Api), "replaced-method"),
        (lambda name: _with(name, flask_restx.Api), "replaced-method"),
    ],
    ids=["apiflask", "flask-smorest", "flask-restful", "flask-restx"],
)
def test_check_reports_extensions_that_answer_before_errbridge(make: Callable[[str], flask.Flask], code: str) -> None:
    from errbridge_flask.cli import errors

    app = make("shop")
    errbridge_flask.ErrorHandler(app, handler="api")

    result = app.test_cli_runner().invoke(errors, ["check", "--json"])

    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    found = {finding["code"] for finding in json.loads(result.output)}
    assert found - {"conflicting-types"} == {code}  # which the problem classes of other tests may have


def _with(name: str, step: Step) -> flask.Flask:
    app = flask.Flask(name)
    step(app)
    return app


# Quart: a site and an API, with validation, a login, CORS and limits.


@dataclass
class Order:
    seat: int


def a_quart_shop(*, errbridge_first: bool) -> quart.Quart:
    app = quart.Quart("shop")
    app.secret_key = "an example"
    errors = errbridge_quart.ErrorHandler()
    errors.api_register("/api")
    if errbridge_first:
        errors.init_app(app, handler="web")
    quart_schema.QuartSchema(app)
    quart_auth.QuartAuth(app)
    quart_rate_limiter.RateLimiter(app)
    quart_cors.cors(app, allow_origin=SHOP)
    if not errbridge_first:
        errors.init_app(app, handler="web")

    async def order(data: Order) -> Any:
        return {"unfit": data.seat}

    async def empty() -> Any:
        return {}

    async def greet() -> None:
        await quart.websocket.send("welcome")

    limited = quart_rate_limiter.rate_limit(1, timedelta(hours=1))(empty)
    order = quart_schema.validate_request(Order)(quart_schema.validate_response(Order)(order))
    api = quart.Blueprint("api", __name__, url_prefix="/api")
    api.add_url_rule("/orders", "orders", order, methods=["POST"])
    api.add_url_rule("/me", "me", quart_auth.login_required(empty))
    api.add_url_rule("/limited", "limited", limited)
    api.add_websocket("/socket", "socket", quart_auth.login_required(greet))
    app.add_url_rule("/account", "account", quart_auth.login_required(empty))
    app.register_blueprint(api)
    return app


@pytest.mark.parametrize("errbridge_first", [True, False])
async def test_validation_a_login_cors_and_limits_of_quart_leave_each_error_in_the_style_of_its_place(
    errbridge_first: bool,
) -> None:
    client = a_quart_shop(errbridge_first=errbridge_first).test_client()

    async def ask(method: str, path: str, **request: Any) -> tuple[int, str | None, str | None]:
        response = await client.open(path, method=method, headers=FROM_SHOP, **request)
        return response.status_code, response.content_type, response.headers.get("Access-Control-Allow-Origin")

    assert await ask("POST", "/api/orders", json={}) == (400, JSON, SHOP)
    assert await ask("POST", "/api/orders", json={"seat": 7}) == (500, JSON, SHOP)
    assert await ask("GET", "/api/me") == (401, JSON, SHOP)
    assert await ask("GET", "/account") == (401, HTML, SHOP)
    assert (await ask("GET", "/api/limited"))[0] == 200
    assert await ask("GET", "/api/limited") == (429, JSON, SHOP)
    assert await ask("GET", "/api/nope") == (404, JSON, SHOP)
    with pytest.raises(WebsocketResponseError) as refused:
        async with client.websocket("/api/socket", headers=FROM_SHOP) as socket:
            await socket.receive()
    assert (refused.value.response.status_code, refused.value.response.content_type) == (401, JSON)


# Trackers.


class Sink(Transport):
    """Keeps what would be sent."""

    events: list[Any]

    def capture_envelope(self, envelope: Envelope) -> None:
        self.events += [item.payload.json for item in envelope.items if item.type == "event"]


@pytest.fixture
def sentry() -> Iterator[Step]:
    """Give a step that starts Sentry, and end it afterwards."""
    client = sentry_sdk.get_client()

    def start(app: flask.Flask) -> None:
        sentry_sdk.init(dsn="https://key@sentry.invalid/1", transport=Sink)
        transport: Any = sentry_sdk.get_client().transport
        transport.events = []

    yield start
    sentry_sdk.get_global_scope().set_client(client)


ORDERS = list(itertools.permutations(["errbridge", "sentry", "opentelemetry"]))


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_sentry_and_opentelemetry_learn_of_each_uncaught_exception_once_in_any_order(
    order: tuple[str, ...], sentry: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "lastResort", None)
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    app = flask.Flask("shop")
    steps: dict[str, Step] = {
        "errbridge": lambda app: errbridge_flask.ErrorHandler(app, handler="api"),
        "sentry": sentry,
        "opentelemetry": lambda app: FlaskInstrumentor().instrument_app(app, tracer_provider=provider),
    }
    for name in order:
        steps[name](app)
    app.add_url_rule("/bug", "bug", bug)
    client = app.test_client()
    try:
        answers = [client.get(path) for path in ("/bug", "/nope")]
    finally:
        FlaskInstrumentor().uninstrument_app(app)

    assert [(answer.status_code, answer.content_type) for answer in answers] == [(500, JSON), (404, JSON)]
    transport: Any = sentry_sdk.get_client().transport
    assert [event["exception"]["values"][-1]["type"] for event in transport.events] == ["KeyError"]
    assert [
        (
            span.status.status_code.name,
            [event.attributes["exception.type"] for event in span.events if event.attributes],
        )
        for span in spans.get_finished_spans()
    ] == [("ERROR", ["KeyError"]), ("UNSET", [])]


@pytest.mark.parametrize("order", [("errbridge", "sentry"), ("sentry", "errbridge")], ids="-".join)
async def test_sentry_learns_of_each_uncaught_exception_of_quart_once_in_any_order(
    order: tuple[str, ...], sentry: Step
) -> None:
    app: Any = quart.Quart("shop")
    steps: dict[str, Callable[[Any], object]] = {
        "errbridge": lambda app: errbridge_quart.ErrorHandler(app, handler="api"),
        "sentry": sentry,
    }
    for name in order:
        steps[name](app)
    app.add_url_rule("/bug", "bug", bug)
    client = app.test_client()

    answers = [await client.get(path) for path in ("/bug", "/nope")]

    assert [(answer.status_code, answer.content_type) for answer in answers] == [(500, JSON), (404, JSON)]
    transport: Any = sentry_sdk.get_client().transport
    assert [event["exception"]["values"][-1]["type"] for event in transport.events] == ["KeyError"]
