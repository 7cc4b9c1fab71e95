"""Data that is not valid, checked in views by each of the libraries, on Flask and Quart at once."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import apiflask
import attrs
import cattrs
import flask
import jsonschema
import marshmallow as ma
import msgspec
import pydantic
import pytest
import quart
import quart_schema
from jinja2 import DictLoader
from marshmallow import fields
from webargs.asyncparser import AsyncParser
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, BadRequestKeyError, Conflict, NotFound, Unauthorized, UnprocessableEntity

import errbridge_flask
import errbridge_quart
from errbridge import Handlers, Problem, Reply, validation
from errbridge.validation import client_data
from tests.applications import a_view, an_api, raising
from tests.clients import Request, Response
from tests.test_websockets import closed, handshake
from tests.twins import Build, World
from tests.versions import QUART

Ask = Callable[..., Response]
Check = Callable[[Any], Any]
SECRET = "hunter2"
ORDER = {"items": [{"count": 1}, {"count": SECRET}]}
PROBLEM = "application/problem+json"


class PydanticItem(pydantic.BaseModel):
    count: int


class PydanticOrder(pydantic.BaseModel):
    items: list[PydanticItem]


class MarshmallowItem(ma.Schema):
    count = fields.Integer(required=True)


class MarshmallowOrder(ma.Schema):
    items = fields.List(fields.Nested(MarshmallowItem), required=True)


class MsgspecItem(msgspec.Struct):
    count: int


class MsgspecOrder(msgspec.Struct):
    items: list[MsgspecItem]


@attrs.define
class AttrsItem:
    count: int


@attrs.define
class AttrsOrder:
    items: list[AttrsItem]


SCHEMA = {"properties": {"items": {"items": {"properties": {"count": {"type": "integer"}}}}}}

CHECKS: dict[str, Check] = {
    "pydantic": PydanticOrder.model_validate,
    "marshmallow": MarshmallowOrder().load,
    "msgspec": lambda given: msgspec.convert(given, MsgspecOrder),
    "cattrs": lambda given: cattrs.structure(given, AttrsOrder),
    "jsonschema": lambda given: jsonschema.validate(given, SCHEMA),
}
EVERY_CHECK = pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)


def of_body(world: World, function: Callable[[Any], Any]) -> Callable[[], Any]:
    """Make a view that gives the JSON of the request to a function."""

    def view() -> Any:
        return function(flask.request.get_json())

    async def async_view() -> Any:
        found = function(await quart.request.get_json())
        return await found if inspect.isawaitable(found) else found

    return async_view if world.is_async else view


def ordering(check: Check, *, declared: bool = True) -> Build:
    """Build an app with an API, a site and neither, where orders are checked, declared as the client's or not."""

    def build(world: World) -> None:
        def order(given: Any) -> str:
            with client_data() if declared else nullcontext():
                check(given)
            return "ordered"

        for name in ("api", "web", "app"):
            target = world.app if name == "app" else world.Blueprint(name, __name__, url_prefix=f"/{name}")
            target.add_url_rule("/order", "order", of_body(world, order), methods=["POST"])
            if name != "app":
                getattr(world.errors, f"{name}_register")(target)
                world.app.register_blueprint(target)

    return build


def posted(given: Any) -> dict[str, Any]:
    return {"method": "POST", "headers": [("Content-Type", "application/json")], "body": json.dumps(given).encode()}


def accepting(media_type: str) -> dict[str, Any]:
    asked = posted(ORDER)
    return {**asked, "headers": [*asked["headers"], ("Accept", media_type)]}


@EVERY_CHECK
def test_what_a_view_finds_not_to_be_valid_is_a_422_that_says_where(ask: Ask, check: Check) -> None:
    response = ask(ordering(check), "/api/order", **posted(ORDER))

    assert (response.status, response.content_type) == (422, PROBLEM)
    assert response.json["status"] == 422
    assert response.json["title"] == "Unprocessable Content"
    ((error),) = response.json["errors"]
    assert error["pointer"] == "/items/1/count"
    assert error["detail"]
    assert error["code"]
    assert SECRET not in response.text


@EVERY_CHECK
def test_what_is_valid_is_left_alone(ask: Ask, check: Check) -> None:
    assert ask(ordering(check), "/api/order", **posted({"items": [{"count": 1}]})).text == "ordered"


@EVERY_CHECK
@pytest.mark.parametrize("place", ["/api", "/web", ""])
@pytest.mark.parametrize("media_type", ["application/json", "application/xml", "text/plain", "text/html"])
def test_no_representation_has_the_value(ask: Ask, check: Check, place: str, media_type: str) -> None:
    response = ask(ordering(check), f"{place}/order", **accepting(media_type))

    assert response.status == 422
    assert SECRET not in response.text


@pytest.mark.parametrize(
    ("media_type", "shown"),
    [
        ("application/xml", "<errors><i><detail>Expected an integer.</detail><pointer>/items/1/count</pointer>"),
        ("text/plain", "\nerrors:\n- detail: Expected an integer., pointer: /items/1/count, code: type\n"),
    ],
)
def test_other_representations_say_where_as_well(ask: Ask, media_type: str, shown: str) -> None:
    assert shown in ask(ordering(CHECKS["cattrs"]), "/api/order", **accepting(media_type)).text


def test_a_page_of_the_application_has_them_too(ask: Ask) -> None:
    def build(world: World) -> None:
        ordering(CHECKS["cattrs"])(world)
        listed = "{% for one in error.errors %}{{ one.pointer }}: {{ one.detail }}{% endfor %}"
        world.app.jinja_loader = DictLoader({"errors/422.html": listed})

    assert ask(build, "/web/order", **posted(ORDER)).text == "/items/1/count: Expected an integer."


# Who comes first.


def test_a_handler_for_the_class_comes_first(ask: Ask) -> None:
    handlers = Handlers()

    @handlers.register(pydantic.ValidationError)
    def not_ours(exc: Exception) -> Problem:
        return Problem(502, detail="The other service answered nonsense.")

    def build(world: World) -> None:
        ordering(CHECKS["pydantic"])(world)
        world.errors.include(handlers, "/api")

    assert ask(build, "/api/order", **posted(ORDER)).status == 502
    assert ask(build, "/web/order", **posted(ORDER)).status == 422


@pytest.mark.parametrize("key", [pydantic.ValidationError, ValueError, Exception])
def test_a_handler_of_the_framework_for_the_class_comes_first(ask: Ask, key: type[Exception]) -> None:
    def build(world: World) -> None:
        ordering(CHECKS["pydantic"])(world)
        world.app.register_error_handler(key, lambda exc: (type(exc).__name__, 418))

    response = ask(build, "/order", **posted(ORDER))

    assert (response.status, response.text) == (418, "ValidationError")


@pytest.mark.parametrize("key", [422, "4xx", Problem, None])
def test_a_handler_for_the_status_gets_the_problem(ask: Ask, key: Any) -> None:
    def build(world: World) -> None:
        ordering(CHECKS["pydantic"])(world)

        def answer(exc: Problem) -> Reply:
            return Reply(f"{exc.status} {exc.extensions['errors'][0]['pointer']} {type(exc.__cause__).__name__}")

        world.errors.register(world.app, code=key)(answer)

    response = ask(build, "/order", **posted(ORDER))

    assert (response.status, response.text) == (422, "422 /items/1/count ValidationError")


def test_a_handler_of_the_framework_for_the_status_gets_its_exception(ask: Ask) -> None:
    def build(world: World) -> None:
        ordering(CHECKS["pydantic"])(world)
        world.app.register_error_handler(422, lambda exc: (type(exc).__name__, 422))

    assert ask(build, "/order", **posted(ORDER)).text == "UnprocessableEntity"


def test_a_handler_may_leave_it_to_the_problem(ask: Ask) -> None:
    def build(world: World) -> None:
        ordering(CHECKS["pydantic"])(world)
        world.errors.register(world.app, code=pydantic.ValidationError)(lambda exc: None)

    assert "errors" in ask(build, "/api/order", **posted(ORDER)).json


def test_a_handler_may_leave_it_to_be_a_bug(ask: Ask) -> None:
    def build(world: World) -> None:
        ordering(CHECKS["pydantic"], declared=False)(world)
        world.errors.register(world.app, code=pydantic.ValidationError)(lambda exc: None)

    assert ask(build, "/api/order", **posted(ORDER)).status == 500


def test_a_handler_may_leave_a_group_to_the_error_in_it(ask: Ask) -> None:
    def check(given: Any) -> None:
        raise ExceptionGroup("tasks", [NotFound()])

    def build(world: World) -> None:
        ordering(check)(world)
        world.errors.register(world.app, code=ExceptionGroup)(lambda exc: None)

    response = ask(build, "/api/order", **posted(ORDER))

    assert (response.status, response.content_type) == (404, PROBLEM)


def test_a_handler_that_raises_it_again_wants_it_to_be_a_bug(ask: Ask) -> None:
    def again(exc: Exception) -> None:
        raise exc

    def build(world: World) -> None:
        ordering(CHECKS["pydantic"])(world)
        world.errors.register(world.app, code=pydantic.ValidationError)(again)

    assert ask(build, "/order", **posted(ORDER)).status == 500


# How it is set up.


@EVERY_CHECK
@pytest.mark.parametrize("config", [{}, {"ERROR_VALIDATION": False}])
def test_a_plain_validation_error_is_a_bug_of_the_service(ask: Ask, check: Check, config: dict[str, Any]) -> None:
    response = ask(ordering(check, declared=False), "/api/order", **posted(ORDER), config=config)

    assert (response.status, response.json["detail"]) == (500, "Unhandled Exception")
    assert "errors" not in response.json
    assert SECRET not in response.text


@EVERY_CHECK
def test_a_plain_validation_error_has_its_stack_and_the_signal(
    world: World, check: Check, caplog: pytest.LogCaptureFixture
) -> None:
    signalled: list[BaseException] = []

    def learn(sender: Any, exception: BaseException, **_: Any) -> None:
        signalled.append(exception)

    async def async_learn(sender: Any, exception: BaseException, **_: Any) -> None:
        signalled.append(exception)

    ordering(check, declared=False)(world)
    with world.framework.got_request_exception.connected_to(async_learn if world.is_async else learn, world.app):
        world.call(Request("/api/order", **posted(ORDER)))

    with pytest.raises(Exception, match=r".") as found:
        check(ORDER)
    assert [type(exc) for exc in signalled] == [found.type]
    stacks = [record for record in caplog.records if record.exc_info and record.levelno == logging.ERROR]
    assert {record.exc_info[0] for record in stacks if record.exc_info} == {found.type}


def test_a_plain_validation_error_is_raised_in_testing_mode(world: World) -> None:
    world.config = {"TESTING": True}
    ordering(CHECKS["pydantic"], declared=False)(world)

    asked = Request("/api/order", **posted(ORDER))

    if world.is_async and QUART >= (0, 21):  # which shows the traceback then
        assert "<h1>ValidationError" in world.call(asked).text
    else:
        with pytest.raises(pydantic.ValidationError):
            world.call(asked)


@EVERY_CHECK
@pytest.mark.parametrize("value", [True, "messages"])
def test_the_client_is_to_blame_everywhere_if_the_service_says_so(ask: Ask, check: Check, value: Any) -> None:
    response = ask(
        ordering(check, declared=False),
        "/web/order",
        **accepting("application/json"),
        config={"ERROR_VALIDATION": value},
    )

    assert (response.status, response.json["errors"][0]["pointer"]) == (422, "/items/1/count")


@EVERY_CHECK
def test_the_client_is_to_blame_on_a_target_that_includes_the_handlers(ask: Ask, check: Check) -> None:
    def build(world: World) -> None:
        ordering(check, declared=False)(world)
        world.errors.include(validation.handlers, "/api")

    response = ask(build, "/api/order", **posted(ORDER))

    assert (response.status, response.json["errors"][0]["pointer"]) == (422, "/items/1/count")
    assert SECRET not in response.text
    assert ask(build, "/web/order", **posted(ORDER)).status == 500


@pytest.mark.parametrize("mode", ["DEBUG", "TESTING", "PROPAGATE_EXCEPTIONS"])
def test_the_client_is_to_blame_on_such_a_target_in_every_mode(ask: Ask, mode: str) -> None:
    def build(world: World) -> None:
        ordering(CHECKS["pydantic"], declared=False)(world)
        world.errors.include(validation.handlers, world.app)

    assert ask(build, "/api/order", **posted(ORDER), config={mode: True}).status == 422


def rows(*, declared: bool = False, included: bool = False) -> Build:
    """Build an app that checks data of its own, whatever it is asked for."""

    def build(world: World) -> None:
        def row(number: int = 0) -> str:
            with client_data() if declared else nullcontext():
                PydanticOrder.model_validate({})
            return "row"

        world.errors.api_register(world.app)
        if included:
            world.errors.include(validation.handlers, world.app)
        for name, rule in (("row", "/row"), ("numbered", "/row/<int:number>")):
            world.app.add_url_rule(rule, name, row, methods=["GET", "POST"])

    return build


HOW = [({"included": True}, {}), ({}, {"ERROR_VALIDATION": True}), ({}, {"ERROR_VALIDATION": "messages"})]


@pytest.mark.parametrize(("how", "config"), HOW)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_without_any_input_is_not_to_blame(ask: Ask, how: Any, config: dict[str, Any], method: str) -> None:
    assert ask(rows(**how), "/row", method, config=config).status == 500


@pytest.mark.parametrize(("how", "config"), HOW)
@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("/row?a=1", {}),
        ("/row/1", {}),
        ("/row", {"method": "POST", "body": b"a", "headers": [("Content-Type", "text/plain")]}),
    ],
)
def test_a_request_with_any_input_is_to_blame(
    ask: Ask, how: Any, config: dict[str, Any], path: str, request_: dict[str, Any]
) -> None:
    assert ask(rows(**how), path, **request_, config=config).status == 422


def test_a_request_whose_data_is_declared_is_to_blame_even_without_any(ask: Ask) -> None:
    assert ask(rows(declared=True), "/row", "POST").status == 422


class Named(ma.Schema):
    name = fields.String(required=True, error_messages={"required": "Tell your name."})


@pytest.mark.parametrize(("value", "detail"), [(True, "The value is not valid."), ("messages", "Tell your name.")])
def test_the_words_of_validators_are_shown_where_that_is_wanted(ask: Ask, value: Any, detail: str) -> None:
    response = ask(ordering(Named().load), "/api/order", **posted({}), config={"ERROR_VALIDATION": value})

    assert response.json["errors"] == [{"detail": detail, "pointer": "/name", "code": "invalid"}]


@pytest.mark.parametrize("mode", ["DEBUG", "TESTING", "PROPAGATE_EXCEPTIONS"])
def test_it_is_no_bug_that_a_developer_would_have_to_see(ask: Ask, mode: str) -> None:
    assert ask(ordering(CHECKS["pydantic"]), "/api/order", **posted(ORDER), config={mode: True}).status == 422


def test_the_settings_count_that_are_in_force(world: World) -> None:
    """A change of the configuration after the first error changes nothing, neither for a library nor for a form."""
    an_api(
        a_view("/key", raising(lambda: BadRequestKeyError("n"))),
        a_view("/model", lambda: PydanticItem.model_validate({})),
    )(world)
    before = [world.call(Request(f"{path}?m=1")).json for path in ("/key", "/model")]

    world.app.config["ERROR_VALIDATION"] = True
    after = [world.call(Request(f"{path}?m=1")).json for path in ("/key", "/model")]

    assert [{**each, "instance": ""} for each in after] == [{**each, "instance": ""} for each in before]


def test_what_traps_http_errors_traps_it_too(world: World) -> None:
    world.config = {"TRAP_HTTP_EXCEPTIONS": True}
    raised: list[BaseException] = []
    ordering(CHECKS["pydantic"])(world)
    world.errors.register(world.app, code=500)(lambda exc: raised.append(exc.original_exception))

    assert world.call(Request("/order", **posted(ORDER))).status == 500
    assert [type(exc) for exc in raised] == [pydantic.ValidationError]


def test_it_is_logged_as_a_4xx_without_the_value(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    ordering(CHECKS["pydantic"])(world)

    world.call(Request("/api/order", **posted(ORDER)))

    (record,) = caplog.records
    assert (record.levelno, record.exc_info) == (logging.INFO, None)
    assert SECRET not in logging.Formatter().format(record)


class Hostile(ma.ValidationError):
    def __getattribute__(self, name: str) -> Any:
        if name in ("messages", "data"):
            raise RuntimeError(SECRET)
        return super().__getattribute__(name)


def test_an_error_that_cannot_be_read_is_answered_all_the_same(ask: Ask) -> None:
    def check(given: Any) -> None:
        raise Hostile(SECRET)

    response = ask(ordering(check), "/api/order", **posted(ORDER))

    assert (response.status, "errors" in response.json, SECRET in response.text) == (422, False, False)


def test_a_group_of_them_is_a_422_and_a_bug_among_them_is_a_500(ask: Ask) -> None:
    def failing(*others: Exception) -> Check:
        def check(given: Any) -> None:
            try:
                CHECKS["pydantic"](given)
            except ValueError as exc:
                raise ExceptionGroup("tasks", [exc, *others]) from None

        return check

    assert "errors" in ask(ordering(failing(NotFound())), "/api/order", **posted(ORDER)).json
    assert ask(ordering(failing(LookupError())), "/api/order", **posted(ORDER)).status == 500


def test_a_bug_in_a_hook_is_a_500_and_logged_with_its_stack(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    def bug(given: Any, _: object) -> Any:
        return given.nothing

    converter = cattrs.Converter()
    converter.register_structure_hook(AttrsItem, bug)
    build = ordering(lambda given: converter.structure(given, AttrsOrder))

    response = ask(build, "/api/order", **posted(ORDER))

    assert (response.status, "errors" in response.json) == (500, False)
    stacks = [logging.Formatter().format(record) for record in caplog.records if record.name != "errbridge"]
    assert ["given.nothing" in stack for stack in stacks] == [True, True]  # one of each framework


# Werkzeug.


def finding(world: World) -> None:
    """Build an app whose views look up what is not there."""
    world.errors.api_register(world.app)
    request = world.framework.request
    world.app.add_url_rule("/fixed", "fixed", lambda: request.args["na/me"])
    world.app.add_url_rule("/chosen", "chosen", lambda: request.args[request.args["column"]])
    world.app.add_url_rule("/chosen/<column>", "by_path", lambda column: request.args[column])


def by_form(world: World) -> None:
    world.errors.api_register(world.app)

    def view() -> Any:
        form = flask.request.form
        return form[form["column"]]

    async def async_view() -> Any:
        form = await quart.request.form
        return form[form["column"]]

    world.app.add_url_rule("/chosen", "chosen", async_view if world.is_async else view, methods=["POST"])


DEBUG = {"DEBUG": True, "TRAP_BAD_REQUEST_ERRORS": False}
FORM = {
    "method": "POST",
    "headers": [("Content-Type", "application/x-www-form-urlencoded")],
    "body": f"column={SECRET}".encode(),
}


@pytest.mark.parametrize("config", [DEBUG, {"ERROR_VALIDATION": True}, {"ERROR_VALIDATION": "messages"}])
def test_a_part_of_the_request_that_a_view_misses_is_named_where_validation_is_on_and_in_debug_mode(
    ask: Ask, config: dict[str, Any]
) -> None:
    response = ask(finding, "/fixed?other=1", config=config)

    assert response.status == 400
    assert response.json["errors"] == [{"detail": "This is required.", "parameter": "na/me", "code": "missing"}]


def test_a_header_that_a_view_misses_is_named_as_one_on_quart(quart_world: World) -> None:
    """In Flask it is a KeyError of the view: Werkzeug reads a WSGI environment there."""
    quart_world.app.config["ERROR_VALIDATION"] = True
    an_api(a_view("/", lambda: quart.request.headers["X-Key"]))(quart_world)

    assert quart_world.call(Request("/?other=1")).json["errors"] == [
        {"detail": "This is required.", "header": "X-Key", "code": "missing"}
    ]


def test_a_part_of_the_request_that_a_view_misses_is_not_named_otherwise(ask: Ask) -> None:
    response = ask(finding, "/fixed?other=1")

    assert (response.status, "errors" in response.json) == (400, False)
    assert "na/me" not in response.text


@pytest.mark.parametrize("config", [{}, {"ERROR_VALIDATION": True}, {"ERROR_VALIDATION": "messages"}])
@pytest.mark.parametrize(
    ("build", "path", "request_"),
    [
        (finding, f"/chosen?column={SECRET}", {}),
        (finding, f"/chosen/{SECRET}", {}),
        (by_form, "/chosen", FORM),
    ],
)
def test_a_key_that_the_client_chose_is_never_named(
    ask: Ask, config: dict[str, Any], build: Build, path: str, request_: dict[str, Any]
) -> None:
    response = ask(build, path, **request_, config=config)

    assert (response.status, "errors" in response.json) == (400, False)
    assert SECRET not in response.text.replace(path, "")


@pytest.mark.parametrize("config", [{}, {"DEBUG": True, "TRAP_BAD_REQUEST_ERRORS": False}])
def test_a_body_that_is_no_json_is_a_400_that_says_where_and_what_was_expected(
    world: World, config: dict[str, Any]
) -> None:
    world.config = config
    world.errors.api_register(world.app)
    world.app.add_url_rule("/", "index", of_body(world, lambda given: "read"), methods=["POST"])

    response = world.call(
        Request("/", "POST", headers=[("Content-Type", "application/json")], body=b'{\n  "hunter2" 1}')
    )

    assert response.status == 400
    assert response.json["errors"] == [
        {"detail": "Expected a colon at line 2, column 13.", "pointer": "", "line": 2, "column": 13, "code": "syntax"}
    ]
    assert SECRET not in response.text
    assert "browser" not in response.text


@pytest.mark.parametrize("words", ["The filter is no JSON.", None])
def test_an_http_error_that_a_view_makes_of_a_parsers_error_says_what_the_view_says(
    ask: Ask, words: str | None
) -> None:
    def build(world: World) -> None:
        def parse() -> None:
            try:
                json.loads("{server")
            except ValueError:
                world.abort(400, words)

        world.errors.api_register(world.app)
        world.app.add_url_rule("/", "index", parse)

    response = ask(build, "/", config={"ERROR_VALIDATION": True})

    assert (response.status, response.json.get("detail"), "errors" in response.json) == (400, words, False)


def test_an_http_error_that_a_view_makes_of_that_of_a_body_says_what_the_view_says(world: World) -> None:
    def refuse() -> None:
        world.abort(400, "Send an order as JSON.")

    def index() -> None:
        try:
            flask.request.get_json()
        except BadRequest:
            refuse()

    async def index_later() -> None:
        try:
            await quart.request.get_json()
        except BadRequest:
            refuse()

    world.errors.api_register(world.app)
    world.app.add_url_rule("/", "index", index_later if world.is_async else index, methods=["POST"])

    response = world.call(Request("/", "POST", headers=[("Content-Type", "application/json")], body=b"{"))

    assert (response.status, response.json["detail"]) == (400, "Send an order as JSON.")
    assert "errors" not in response.json


# flask-smorest, Flask-RESTful and Flask-RESTX keep the keyword arguments of abort() in an attribute of the exception.


def aborted(exc: Any, data: dict[str, Any]) -> Build:
    def build(world: World) -> None:
        def view() -> None:
            exc.data = data
            raise exc

        world.errors.api_register(world.app)
        world.app.add_url_rule("/", "index", view)

    return build


def test_words_and_headers_of_flask_smorest_are_kept(ask: Ask) -> None:
    data = {"message": "No token.", "headers": {"WWW-Authenticate": "Bearer"}, "errors": {"json": {"a": ["b"]}}}
    response = ask(aborted(Unauthorized(), data), "/")

    assert (response.status, response.json["detail"]) == (401, "No token.")
    assert response.header("WWW-Authenticate") == "Bearer"
    assert response.json["errors"] == {"json": {"a": ["b"]}}


def test_words_and_members_of_flask_restful_and_restx_are_kept(ask: Ask) -> None:
    response = ask(aborted(Conflict(), {"message": "Already sold.", "sku": "a-1"}), "/")

    assert (response.status, response.json["detail"], response.json["sku"]) == (409, "Already sold.", "a-1")


# webargs: its parser for Flask, and the one that a Quart app writes after its pattern.


class QuartParser(AsyncParser[quart.Request]):
    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION
    __location_map__ = {**FlaskParser.__location_map__}

    async def load_json(self, req: quart.Request, schema: ma.Schema) -> Any:
        return await req.get_json()

    async def load_form(self, req: quart.Request, schema: ma.Schema) -> Any:
        return self._makeproxy(await req.form, schema)

    def load_querystring(self, req: quart.Request, schema: ma.Schema) -> Any:
        return self._makeproxy(req.args, schema)

    def load_headers(self, req: quart.Request, schema: ma.Schema) -> Any:
        return self._makeproxy(req.headers, schema)

    def load_cookies(self, req: quart.Request, schema: ma.Schema) -> Any:
        return req.cookies

    def handle_error(self, error: ma.ValidationError, *args: Any, **kwargs: Any) -> Any:
        aborted: Any = UnprocessableEntity()
        aborted.data, aborted.exc = {"messages": error.messages}, error
        raise aborted

    def get_default_request(self) -> quart.Request:
        return quart.request


def parsing(world: World) -> None:
    parser: Any = QuartParser() if world.is_async else FlaskParser()
    world.errors.api_register(world.app)
    wanted = {"X-Count": fields.Integer(required=True), "numbers": fields.List(fields.Integer())}

    def ordered(*args: Any, **kwargs: Any) -> str:
        return "ordered"

    async def async_ordered(*args: Any, **kwargs: Any) -> str:
        return "ordered"

    for location in ("json", "query", "form", "headers", "cookies"):
        view = parser.use_args(wanted, location=location)(async_ordered if world.is_async else ordered)
        world.app.add_url_rule(f"/{location}", location, view, methods=["GET", "POST"])


@pytest.mark.parametrize(
    ("location", "asked", "place"),
    [
        ("json", posted({"X-Count": SECRET}), {"pointer": "/X-Count"}),
        (
            "form",
            {
                "method": "POST",
                "headers": [("Content-Type", "application/x-www-form-urlencoded")],
                "body": f"X-Count={SECRET}".encode(),
            },
            {"pointer": "/X-Count"},
        ),
        ("query", {}, {"parameter": "X-Count"}),
        ("headers", {"headers": [("X-Count", SECRET)]}, {"header": "X-Count"}),
        ("cookies", {"headers": [("Cookie", f"X-Count={SECRET}")]}, {"parameter": "X-Count"}),
    ],
)
def test_webargs_says_where_it_looked(ask: Ask, location: str, asked: dict[str, Any], place: dict[str, str]) -> None:
    response = ask(parsing, f"/{location}?X-Count={SECRET}", **asked)

    assert (response.status, response.content_type) == (422, PROBLEM)
    assert response.json["errors"] == [{"detail": "Expected an integer.", **place, "code": "type"}]
    assert SECRET not in response.text


def test_webargs_points_into_the_body(ask: Ask) -> None:
    response = ask(parsing, "/json", **posted({"X-Count": 1, "numbers": [1, SECRET], "un~known": SECRET}))

    assert [error["pointer"] for error in response.json["errors"]] == ["/numbers/1", "/un~0known"]


def test_the_words_of_webargs_fields_are_shown_where_that_is_wanted(ask: Ask) -> None:
    def build(world: World) -> None:
        parser: Any = QuartParser() if world.is_async else FlaskParser()
        world.errors.api_register(world.app)

        def view(args: Any) -> str:
            return "named"

        async def async_view(args: Any) -> str:
            return "named"

        view_func = parser.use_args(Named, location="query")(async_view if world.is_async else view)
        world.app.add_url_rule("/", "index", view_func)

    response = ask(build, "/", config={"ERROR_VALIDATION": "messages"})

    assert response.json["errors"] == [{"detail": "Tell your name.", "parameter": "name", "code": "invalid"}]


def test_a_body_that_is_no_json_is_wrong_as_a_whole_for_webargs() -> None:
    world = World("flask", flask, errbridge_flask)
    parsing(world)

    response = world.call(Request("/json", "POST", (("Content-Type", "application/json"),), b"{"))

    assert response.status == 400
    ((error),) = response.json["errors"]
    assert (error["line"], error["column"], error["code"]) == (1, 2, "syntax")


# quart-schema, which is for Quart only.


@pytest.fixture
def quart_world() -> World:
    return a_quart_world()


class Search(pydantic.BaseModel):
    page_size: int = 1


class Tracked(pydantic.BaseModel):
    x_count: int


class CamelItem(pydantic.BaseModel):
    item_count: int


class CamelOrder(pydantic.BaseModel):
    order_items: list[CamelItem]


def schema_app(world: World, model: type, **config: Any) -> None:
    world.app.config.update(config)
    quart_schema.QuartSchema(world.app)
    world.errors.api_register(world.app)

    async def order(data: Any) -> str:
        return "ordered"

    async def search(query_args: Search) -> str:
        return "found"

    async def track(headers: Tracked) -> str:
        return "tracked"

    async def own() -> Any:
        return {"items": SECRET}

    world.app.post("/order")(quart_schema.validate_request(model)(order))
    world.app.get("/search")(quart_schema.validate_querystring(Search)(search))
    world.app.get("/track")(quart_schema.validate_headers(Tracked)(track))
    world.app.get("/own")(quart_schema.validate_response(model)(own))


@pytest.mark.parametrize("model", [PydanticOrder, MsgspecOrder])
def test_quart_schema_keeps_its_status_and_says_where(quart_world: World, model: type) -> None:
    schema_app(quart_world, model)

    response = quart_world.call(Request("/order", **posted(ORDER)))

    assert (response.status, response.content_type) == (400, PROBLEM)
    assert "detail" not in response.json  # the framework's sentence is for people
    assert [error["pointer"] for error in response.json["errors"]] == ["/items/1/count"]
    assert SECRET not in response.text


@pytest.mark.parametrize(
    ("path", "headers", "place"),
    [
        (f"/search?page_size={SECRET}", (), {"parameter": "page_size"}),
        ("/track", (("X-Count", SECRET),), {"header": "x-count"}),
    ],
)
def test_quart_schema_says_where_it_looked(
    quart_world: World, path: str, headers: tuple[tuple[str, str], ...], place: dict[str, str]
) -> None:
    schema_app(quart_world, PydanticOrder)

    response = quart_world.call(Request(path, headers=headers))

    assert response.status == 400
    ((error),) = response.json["errors"]
    assert error == {
        "detail": "Expected an integer.",
        **place,
        "code": "int_parsing",
    }
    assert SECRET not in response.text


def test_names_that_quart_schema_converted_are_those_of_the_client(quart_world: World) -> None:
    schema_app(quart_world, CamelOrder, QUART_SCHEMA_CONVERT_CASING=True)

    response = quart_world.call(Request("/order", **posted({"orderItems": [{"itemCount": SECRET}]})))
    searched = quart_world.call(Request(f"/search?pageSize={SECRET}"))

    assert [error["pointer"] for error in response.json["errors"]] == ["/orderItems/0/itemCount"]
    assert [error["parameter"] for error in searched.json["errors"]] == ["pageSize"]


def test_an_answer_that_is_not_valid_is_the_fault_of_the_service(quart_world: World) -> None:
    schema_app(quart_world, PydanticOrder)

    response = quart_world.call(Request("/own"))

    assert (response.status, response.json["detail"]) == (500, "Unhandled Exception")
    assert "errors" not in response.json
    assert SECRET not in response.text


def test_a_task_group_of_quart_with_a_validation_error_is_a_422(quart_world: World) -> None:
    async def in_tasks(given: Any) -> str:
        with client_data():
            async with asyncio.TaskGroup() as group:
                group.create_task(asyncio.to_thread(CHECKS["pydantic"], given))
        return "ordered"

    quart_world.errors.api_register(quart_world.app)
    quart_world.app.add_url_rule("/order", "order", of_body(quart_world, in_tasks), methods=["POST"])

    response = quart_world.call(Request("/order", **posted(ORDER)))

    assert (response.status, response.json["errors"][0]["pointer"]) == (422, "/items/1/count")


def test_a_websocket_is_denied_or_closed_with_it(quart_world: World) -> None:
    async def before() -> None:
        with client_data():
            CHECKS["pydantic"](ORDER)

    async def after() -> None:
        await quart.websocket.accept()
        with client_data():
            CHECKS["pydantic"](ORDER)

    quart_world.errors.api_register(quart_world.app)
    quart_world.app.websocket("/before")(before)
    quart_world.app.websocket("/after")(after)

    denied = asyncio.run(handshake(quart_world.app, "/before"))

    assert (denied.status, denied.json["errors"][0]["pointer"]) == (422, "/items/1/count")
    code, reason = asyncio.run(closed(quart_world.app, "/after"))
    assert code == 4422
    assert reason.startswith("422 Unprocessable Content")


# Libraries that check requests alone: their errors are the client's by themselves, whatever is set up.


class Numbered(pydantic.BaseModel):
    n: int


def numbering_with_webargs(world: World) -> None:
    parser: Any = QuartParser() if world.is_async else FlaskParser()

    def number(given: Any) -> str:
        return "numbered"

    async def async_number(given: Any) -> str:
        return "numbered"

    view = parser.use_args({"n": fields.Integer(required=True)})(async_number if world.is_async else number)
    world.app.add_url_rule("/", "number", view, methods=["POST"])


def numbering_with_quart_schema(world: World) -> None:
    quart_schema.QuartSchema(world.app)

    async def number(data: Any) -> str:
        return "numbered"

    world.app.post("/")(quart_schema.validate_request(Numbered)(number))


def numbering_with_flask_pydantic(world: World) -> None:
    import flask_pydantic  # which imports pydantic.v1, with a warning on Python 3.14

    world.app.config["FLASK_PYDANTIC_VALIDATION_ERROR_RAISE"] = True
    view: Any = flask_pydantic.validate(body=Numbered)(lambda: "numbered")
    world.app.add_url_rule("/", "number", view, methods=["POST"])


def numbering_with_apiflask(world: World) -> None:
    app: Any = world.app

    def process(error: Any) -> Any:
        return validation.problem_of(error)

    def number(json_data: Any) -> str:
        return "numbered"

    app.error_processor(process)
    app.post("/")(app.input({"n": fields.Integer(required=True)})(number))


class APIFlaskWorld(World):
    @property
    def App(self) -> Any:  # noqa: N802 - it is a class
        return apiflask.APIFlask


def flask_world() -> World:
    return World("flask", flask, errbridge_flask)


def a_quart_world() -> World:
    return World("quart", quart, errbridge_quart)


REQUEST_LIBRARIES: dict[str, tuple[Callable[[], World], Build, int]] = {
    "webargs on Flask": (flask_world, numbering_with_webargs, 422),
    "webargs on Quart": (a_quart_world, numbering_with_webargs, 422),
    "quart-schema": (a_quart_world, numbering_with_quart_schema, 400),
    "Flask-Pydantic": (flask_world, numbering_with_flask_pydantic, 400),
    "APIFlask": (lambda: APIFlaskWorld("flask", flask, errbridge_flask), numbering_with_apiflask, 422),
}


@pytest.mark.filterwarnings("ignore:Core Pydantic V1:UserWarning")
@pytest.mark.parametrize(("how", "config"), [({}, {}), *HOW])
@pytest.mark.parametrize("library", REQUEST_LIBRARIES)
@pytest.mark.parametrize("mode", [{}, {"TESTING": True}])
def test_an_error_of_a_library_for_requests_keeps_its_status(
    library: str, how: Any, config: dict[str, Any], mode: dict[str, Any]
) -> None:
    make, build, status = REQUEST_LIBRARIES[library]
    world = make()
    world.config = {**config, **mode}
    world.errors.api_register(world.app)
    if how:
        world.errors.include(validation.handlers, world.app)
    build(world)

    wrong = world.call(Request("/", **posted({"n": SECRET})))
    missing = world.call(Request("/", **posted({})))

    assert [(response.status, response.content_type) for response in (wrong, missing)] == [(status, PROBLEM)] * 2
    for response, detail in ((wrong, "Expected an integer."), (missing, "This is required.")):
        ((error),) = response.json["errors"]
        assert error["pointer"] == "/n"
        assert error["detail"] == detail or config == {"ERROR_VALIDATION": "messages"}
    assert SECRET not in wrong.text
    assert world.call(Request("/", **posted({"n": 1}))).text == "numbered"


# What it costs those who do not validate.

ONLY_A_404 = """
import asyncio, sys
import errbridge_{name}, {name}
app = {name}.{cls}("app")
errbridge_{name}.ErrorHandler(app)
@app.get("/bad")
def bad():
    {name}.abort(400)
client = app.test_client()
for path, status in (("/nope", 404), ("/bad", 400)):
    response = client.get(path)
    if asyncio.iscoroutine(response):
        response = asyncio.run(response)
    assert response.status_code == status
rooms = ("errbridge.validation", "pydantic", "pydantic_core", "marshmallow", "msgspec", "cattrs", "attrs", "jsonschema",
         "quart_schema", "webargs")
print([name for name in sys.modules if name.startswith(rooms)])
"""


@pytest.mark.parametrize(("name", "cls"), [("flask", "Flask"), ("quart", "Quart")])
def test_nothing_of_it_is_imported_before_a_validation_error_occurs(name: str, cls: str) -> None:
    code = ONLY_A_404.format(name=name, cls=cls)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert done.stdout.strip() == "[]"


def test_a_request_with_content_but_neither_its_length_nor_its_type_may_be_to_blame() -> None:
    app = quart.Quart("untyped")
    errbridge_quart.ErrorHandler(app, handler="api", ERROR_VALIDATION=True)

    @app.post("/v")
    async def validate() -> str:
        return str(pydantic.TypeAdapter(int).validate_json(await quart.request.get_data()))

    async def ask() -> int:
        return (await app.test_client().post("/v", data=b'"x"')).status_code

    assert asyncio.run(ask()) == 422
