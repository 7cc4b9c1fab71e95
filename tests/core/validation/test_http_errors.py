"""What libraries add to HTTP errors."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Container
from typing import Any

import flask
import marshmallow as ma
import pytest
import quart_schema
import werkzeug
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields
from quart_schema.validation import QuerystringValidationError, RequestHeadersValidationError
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import (
    BadRequest,
    BadRequestKeyError,
    Conflict,
    HTTPException,
    InternalServerError,
    NotFound,
    Unauthorized,
    UnprocessableEntity,
)
from werkzeug.test import EnvironBuilder

from errbridge.validation import Additions, read_http_error
from errbridge.validation.faults import INVALID, WORDS
from tests.core.validation.checks import CHECKS, GENERAL, SECRET, Check, raised

NOTHING = Additions()


def read(exc: BaseException, **options: Any) -> Additions:
    return read_http_error(exc, status=getattr(exc, "code", None) or 500, **options)


def carrying(exc: BaseException, /, **values: Any) -> Any:
    vars(exc).update(values)
    return exc


def errors_in(exc: BaseException, **options: Any) -> Any:
    return read(exc, **options).extensions["errors"]


@pytest.mark.parametrize("exc", [BadRequest(), NotFound(), InternalServerError(original_exception=ValueError(SECRET))])
def test_an_http_error_that_no_library_touched_has_no_additions(exc: BaseException) -> None:
    assert read(exc, everywhere=True, messages=True, debug=True) == NOTHING


# A part of the request that a view looks up.


def missing(key: Any) -> Exception:
    return raised(lambda name: ImmutableMultiDict()[name], key)


ERRORS = [{"detail": WORDS["missing"], "parameter": "na/me", "code": "missing"}]


def test_a_missing_key_is_named_in_debug_mode() -> None:
    assert errors_in(missing("na/me"), debug=True, request_values=lambda: ["na/me"]) == ERRORS


def test_a_missing_key_is_named_where_validation_is_on_and_the_code_chose_it() -> None:
    assert errors_in(missing("na/me"), everywhere=True, request_values=lambda: ["name"]) == ERRORS


def test_a_missing_key_is_not_named_where_the_client_chose_it() -> None:
    assert read(missing(SECRET), everywhere=True, request_values=lambda: {"a", SECRET}) == NOTHING


def test_a_missing_key_is_not_named_otherwise() -> None:
    def values() -> Container[str]:
        raise AssertionError("is not asked for")

    assert read(missing("name"), request_values=values) == NOTHING


class NotSold(NotFound, KeyError):
    """An exception of yours that is not about a part of the request."""


@pytest.mark.parametrize("exc", [BadRequestKeyError(), BadRequestKeyError(5), NotSold("a-1")])
def test_a_key_that_is_no_name_is_not_named(exc: BaseException) -> None:
    assert read(exc, debug=True) == NOTHING


def test_a_request_that_cannot_be_read_has_no_additions(caplog: pytest.LogCaptureFixture) -> None:
    def values() -> Container[str]:
        raise RuntimeError

    assert read(missing("name"), everywhere=True, request_values=values) == NOTHING
    assert [(record.name, record.levelno) for record in caplog.records] == [("errbridge", logging.ERROR)]


# A body that is no JSON.


def malformed(text: str | bytes, *, is_flask: bool, **options: Any) -> BadRequest:
    """Return the error that Werkzeug raises for a body, or the one that Flask raises from that."""
    environ = EnvironBuilder("/", method="POST", data=text, content_type="application/json").get_environ()
    request = (flask.Request if is_flask else werkzeug.Request)(environ)
    vars(request).update(options)
    with pytest.raises(BadRequest) as caught:
        request.get_json()
    return caught.value


@pytest.mark.parametrize("is_flask", [True, False])
@pytest.mark.parametrize(
    ("text", "words", "line", "column"),
    [
        ("", "Expected a value", 1, 1),
        ('{\n  "n":\n}', "Expected a value", 3, 1),
        ("{1: 2}", "Expected a name in double quotes", 1, 2),
        ('{"n" 1}', "Expected a colon", 1, 6),
        ('{"n": 1 "m"}', "Expected a comma or the end of the array or object", 1, 9),
        ('{"n": 1} hunter2', "Expected the end of the document", 1, 10),
        ('"\\hunter2"', "Expected a valid escape sequence", 1, 2),
        ('"a\nb"', "Expected an escape sequence for a control character", 1, 3),
        ('["hunter2', "Expected a closing quote for the text", 1, 2),
    ],
)
def test_a_body_that_is_no_json_says_where_and_what_was_expected(
    text: str, words: str, line: int, column: int, is_flask: bool
) -> None:
    assert errors_in(malformed(text, is_flask=is_flask)) == [
        {
            "detail": f"{words} at line {line}, column {column}.",
            "pointer": "",
            "line": line,
            "column": column,
            "code": "syntax",
        }
    ]


@given(st.text(min_size=3))
def test_no_text_that_was_sent_is_repeated(text: str) -> None:
    body = f'{{"n": {SECRET}{text}'

    assert SECRET not in str(errors_in(malformed(body, is_flask=True), messages=True))


def test_a_message_of_another_parser_is_not_repeated() -> None:
    class Parser:
        def loads(self, text: bytes) -> None:
            raise json.JSONDecodeError(f"{SECRET} is odd", "abc", 1)

    exc = malformed("{", is_flask=True, json_module=Parser())

    assert [error["detail"] for error in errors_in(exc)] == ["Expected JSON at line 1, column 2."]


@pytest.mark.parametrize("is_flask", [True, False])
def test_nothing_is_known_of_what_another_parser_raises(is_flask: bool) -> None:
    class Parser:
        def loads(self, text: bytes) -> None:
            raise ValueError(SECRET)

    assert read(malformed("{", is_flask=is_flask, json_module=Parser())) == NOTHING


def test_a_request_class_may_refuse_a_body_in_its_own_words() -> None:
    class Request(flask.Request):
        def on_json_loading_failed(self, e: ValueError | None) -> Any:
            raise BadRequest("Send an order.") from None

    request = Request(EnvironBuilder("/", method="POST", data="{", content_type="application/json").get_environ())
    with pytest.raises(BadRequest) as caught:
        request.get_json()
    assert read(caught.value) == NOTHING


def test_a_body_that_is_no_text_says_so() -> None:
    assert errors_in(malformed(b'"\xff"', is_flask=True)) == [
        {"detail": "Expected text in UTF-8.", "pointer": "", "code": "syntax"}
    ]


def test_json_of_another_service_is_no_fault_of_the_request() -> None:
    def respond(exc: HTTPException, *, is_hidden: bool = False) -> Check:
        def view(given: str) -> None:
            try:
                json.loads(given)
            except ValueError:
                if is_hidden:
                    raise exc from None
                raise exc  # noqa: B904 - as many do

        return view

    assert read(raised(respond(InternalServerError()), "{")) == NOTHING
    assert read(raised(respond(BadRequest(), is_hidden=True), "{")) == NOTHING
    assert read(raised(respond(BadRequest()), "{")) == NOTHING


# webargs, flask-smorest, Flask-RESTful and Flask-RESTX.


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("json", {"pointer": "/na~1me"}),
        ("form", {"pointer": "/na~1me"}),
        ("query", {"parameter": "na/me"}),
        ("querystring", {"parameter": "na/me"}),
        ("path", {"parameter": "na/me"}),
        ("view_args", {"parameter": "na/me"}),
        ("cookies", {"parameter": "na/me"}),
        ("headers", {"header": "na/me"}),
    ],
)
def test_what_webargs_found_says_where_it_looked(location: str, expected: dict[str, str]) -> None:
    exc = carrying(
        UnprocessableEntity(), exc=None, data={"messages": {location: {"na/me": ["Unknown field.", SECRET]}}}
    )

    assert errors_in(exc) == [
        {"detail": WORDS["unknown"], **expected, "code": "unknown"},
        {"detail": GENERAL, **expected, "code": "invalid"},
    ]
    assert errors_in(exc, messages=True)[1]["detail"] == SECRET


class Numbers(ma.Schema):
    by_name = fields.Dict(values=fields.Integer())


def test_what_webargs_found_is_read_with_the_data_that_it_was_about() -> None:
    error = raised(Numbers().load, {"by_name": {"a": SECRET}})
    assert isinstance(error, ma.ValidationError)

    assert errors_in(carrying(UnprocessableEntity(), exc=error, data={"messages": {"json": error.messages}})) == [
        {"detail": "Expected an integer.", "pointer": "/by_name/a", "code": "type"}
    ]


def test_a_query_that_is_wrong_as_a_whole_has_no_place() -> None:
    exc = carrying(UnprocessableEntity(), exc=None, data={"messages": {"query": ["Invalid value."]}})

    assert errors_in(exc) == [{"detail": GENERAL, "code": "invalid"}]


def test_the_headers_of_webargs_survive_and_its_schema_is_no_member() -> None:
    data = {"messages": {"json": {"a": ["b"]}}, "schema": Numbers(), "headers": {"X-A": "1"}}
    found = read(carrying(UnprocessableEntity(), exc=None, data=data))

    assert (found.detail, found.headers, list(found.extensions)) == (INVALID, (("X-A", "1"),), ["errors"])


def test_words_beside_messages_are_kept() -> None:
    found = read(carrying(UnprocessableEntity(), data={"message": "Look.", "messages": {"json": {"a": ["b"]}}}))

    assert (found.detail, list(found.extensions)) == ("Look.", ["errors"])


def test_words_headers_and_members_of_flask_smorest_are_kept() -> None:
    data = {"message": "No token.", "headers": {"WWW-Authenticate": "Bearer"}, "errors": {"json": {"a": ["b"]}}}

    assert read(carrying(Unauthorized(), exc=None, data=data)) == Additions(
        "No token.", (("WWW-Authenticate", "Bearer"),), {"errors": {"json": {"a": ["b"]}}}
    )


def test_words_and_members_of_flask_restful_and_restx_are_kept() -> None:
    data = {"message": "Already sold.", "sku": "a-1", "status": "sold", "type": 7, "detail": "x", 5: 6}

    assert read(carrying(Conflict(), data=data)) == Additions("Already sold.", (), {"sku": "a-1"})


def test_words_of_a_server_error_are_kept_as_well() -> None:
    data = {"message": "Try later.", "headers": {"Retry-After": 5}}

    assert read(carrying(InternalServerError(), data=data)) == Additions("Try later.", (("Retry-After", "5"),))


def test_what_the_parser_of_flask_restful_says_is_not_repeated() -> None:
    exc = carrying(BadRequest(), data={"message": {"count": f"invalid literal for int(): '{SECRET}'"}})

    item = {"detail": GENERAL, "parameter": "count", "code": "invalid"}
    assert read(exc) == Additions(INVALID, extensions={"errors": [item]})


def test_what_flask_restx_says_of_a_body_is_not_repeated() -> None:
    data = {"message": "Input payload validation failed", "errors": {"count": f"'{SECRET}' is not of type 'integer'"}}

    assert read(carrying(BadRequest(), data=data)) == Additions(
        INVALID,
        extensions={"errors": [{"detail": GENERAL, "pointer": "/count", "code": "invalid"}]},
    )


class Declined(HTTPException):
    code = 402

    def __init__(self, data: Any) -> None:
        super().__init__()
        self.data = data


@pytest.mark.parametrize("data", [{"card": SECRET, "message": SECRET, "headers": {"X-Card": SECRET}}, {}, SECRET])
def test_an_attribute_of_that_name_of_an_exception_of_yours_is_left_alone(data: Any) -> None:
    assert read(Declined(data)) == NOTHING


@pytest.mark.parametrize("data", [None, {}, {"messages": None}, {"messages": SECRET}, SECRET])
def test_other_data_of_an_http_error_is_left_alone(data: Any) -> None:
    assert read(carrying(UnprocessableEntity(), exc=ValueError(SECRET), data=data)) == NOTHING


def test_data_that_cannot_be_read_is_left_out_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert read(carrying(Conflict(), data={"message": "a", "headers": 5})) == NOTHING
    assert [(record.name, record.levelno) for record in caplog.records] == [("errbridge", logging.ERROR)]


# quart-schema.


@pytest.mark.parametrize("check", [CHECKS["pydantic"], CHECKS["msgspec"]])
@pytest.mark.parametrize(
    ("cls", "camel_case", "expected"),
    [
        (quart_schema.RequestSchemaValidationError, False, {"pointer": "/un_known"}),
        (quart_schema.RequestSchemaValidationError, True, {"pointer": "/unKnown"}),
        (QuerystringValidationError, False, {"parameter": "un_known"}),
        (QuerystringValidationError, True, {"parameter": "unKnown"}),
        (RequestHeadersValidationError, False, {"header": "un-known"}),
        (RequestHeadersValidationError, True, {"header": "un-known"}),
    ],
)
def test_what_quart_schema_found_says_where_it_looked(
    check: Check, cls: Callable[[Exception], BaseException], camel_case: bool, expected: dict[str, str]
) -> None:
    ((found),) = errors_in(cls(raised(check, {"items": [], "un_known": SECRET})), camel_case=camel_case)

    assert found == {"detail": WORDS["unknown"], **expected, "code": found["code"]}


def test_an_error_within_that_no_library_made_is_not_shown() -> None:
    assert read(quart_schema.RequestSchemaValidationError(TypeError(SECRET))) == NOTHING
