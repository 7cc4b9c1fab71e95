"""Who is to blame for a validation error: the client only where the service says so."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from threading import Thread
from typing import Annotated, Any

import attrs
import cattrs
import jsonschema
import marshmallow as ma
import msgspec
import pydantic
import pytest
from marshmallow import fields

from errbridge import Handlers, Incident, Problem, RequestFacts
from errbridge.handlers.handlers import ScopeHandlers
from errbridge.validation import client_data, handlers, problem_of
from tests.core.validation.checks import (
    CHECKS,
    EVERY_CHECK,
    SECRET,
    Check,
    Colour,
    PydanticOrder,
    adapted,
    raised,
)

INVALID: Mapping[str, Any] = {"items": [{"count": SECRET}]}


def declared(check: Check) -> Check:
    """Return a check that declares its data to be the client's."""

    def checked(given: Any) -> Any:
        with client_data():
            return check(given)

    return checked


def pointers(problem: Problem | None) -> list[str]:
    assert problem is not None
    return [error["pointer"] for error in problem.extensions["errors"]]


# By default the service is to blame.


@EVERY_CHECK
def test_a_plain_validation_error_is_not_the_clients(check: Check) -> None:
    assert problem_of(raised(check, INVALID)) is None


@EVERY_CHECK
@pytest.mark.parametrize("has_input", [True, False])
def test_a_validation_error_from_the_clients_data_is_the_clients(check: Check, has_input: bool) -> None:
    exc = raised(declared(check), INVALID)
    problem = problem_of(exc, has_input=has_input)

    assert pointers(problem) == ["/items/0/count"]
    assert problem is not None
    assert (problem.status, problem.detail) == (422, "What was sent is not valid.")
    assert problem.__cause__ is exc


@EVERY_CHECK
def test_a_validation_error_is_the_clients_everywhere_if_the_service_says_so(check: Check) -> None:
    assert pointers(problem_of(raised(check, INVALID), everywhere=True)) == ["/items/0/count"]


@EVERY_CHECK
def test_a_request_without_any_input_is_not_to_blame_everywhere(check: Check) -> None:
    assert problem_of(raised(check, INVALID), everywhere=True, has_input=False) is None


class Unstructured:
    def __init__(self, anything: Any) -> None: ...


class ValidationError(Exception):
    """No library's."""


@pytest.mark.parametrize(
    "exc",
    [
        ValueError(),
        ValidationError(),
        ExceptionGroup("g", [ValueError()]),
        raised(declared(int), SECRET),
        raised(msgspec.json.decode, b"{"),
        raised(lambda given: jsonschema.validate(given, {"type": "nothing"}), {}),
        raised(lambda given: cattrs.Converter(detailed_validation=False).structure(given, int), SECRET),
        raised(lambda given: cattrs.structure(given, Unstructured), SECRET),
    ],
)
def test_other_exceptions_are_never_the_clients(exc: Exception) -> None:
    assert problem_of(exc, everywhere=True) is None


@attrs.define
class Hooked:
    colour: Colour


def test_a_bug_in_a_hook_of_any_library_is_the_fault_of_the_service() -> None:
    def bug(*_: Any) -> Any:
        raise LookupError(SECRET)

    class Schema(ma.Schema):
        colour = fields.String(validate=bug)

    checker = jsonschema.FormatChecker()
    checker.checks("colour")(bug)
    converter = cattrs.Converter()
    converter.register_structure_hook(Colour, bug)
    checks: list[Check] = [
        Schema().load,
        adapted(dict[str, Annotated[str, pydantic.AfterValidator(lambda given: bug(given))]]),
        lambda value: msgspec.convert(value, dict[str, complex], dec_hook=bug),
        lambda value: jsonschema.validate(
            value, {"properties": {"colour": {"format": "colour"}}}, format_checker=checker
        ),
        lambda value: converter.structure(value, Hooked),
    ]

    for check in checks:
        assert problem_of(raised(declared(check), {"colour": "red"}), everywhere=True) is None


# client_data().


def test_what_is_valid_passes_through_the_block() -> None:
    assert declared(int)("7") == 7


def test_an_exception_leaves_the_block_as_it_is() -> None:
    exc = ValueError(SECRET)

    with pytest.raises(ValueError, match=SECRET) as caught, client_data():
        raise exc

    assert caught.value is exc
    assert (exc.args, exc.__cause__, getattr(exc, "__notes__", None)) == ((SECRET,), None, None)


def test_only_what_leaves_the_block_is_the_clients() -> None:
    with client_data():
        inside = raised(PydanticOrder.model_validate, INVALID)  # which catches it

    assert problem_of(inside) is None


def test_an_exception_of_yours_from_a_validation_error_is_the_clients() -> None:
    class InvalidOrder(Exception):
        pass

    def check(given: Any) -> None:
        try:
            PydanticOrder.model_validate(given)
        except ValueError as error:
            raise InvalidOrder from error

    assert pointers(problem_of(raised(declared(check), INVALID))) == ["/items/0/count"]
    assert problem_of(raised(check, INVALID), everywhere=True) is None


def test_an_exception_from_a_validation_error_that_left_the_block_before_is_not_the_clients() -> None:
    def check(given: Any) -> None:
        try:
            declared(PydanticOrder.model_validate)(given)
        except ValueError as error:
            raise RuntimeError from error

    assert problem_of(raised(check, INVALID)) is None


def test_an_exception_that_is_its_own_cause_is_no_endless_search() -> None:
    exc = RuntimeError()
    exc.__cause__ = exc

    def check(_: object) -> None:
        with client_data():
            raise exc

    assert problem_of(raised(check, None)) is None


def test_the_members_of_a_group_are_the_clients() -> None:
    def check(given: Any) -> None:
        members = [raised(PydanticOrder.model_validate, given), ExceptionGroup("h", [raised(CHECKS["cattrs"], given)])]
        raise ExceptionGroup("g", members)

    group = raised(declared(check), INVALID)
    assert isinstance(group, ExceptionGroup)
    first, inner = group.exceptions

    assert problem_of(group) is None  # which of the members answers is not decided here
    assert pointers(problem_of(first)) == ["/items/0/count"]
    assert isinstance(inner, ExceptionGroup)
    assert pointers(problem_of(inner.exceptions[0])) == ["/items/0/count"]


def test_the_block_works_in_coroutines_of_one_loop() -> None:
    async def check(is_declared: bool) -> Problem | None:
        await asyncio.sleep(0)
        try:
            if is_declared:
                with client_data():
                    await asyncio.sleep(0)
                    PydanticOrder.model_validate(INVALID)
            await asyncio.sleep(0)
            PydanticOrder.model_validate(INVALID)
        except ValueError as exc:
            return problem_of(exc)
        raise AssertionError

    async def both() -> list[Problem | None]:
        return await asyncio.gather(*map(check, (True, False)))

    first, second = asyncio.run(both())

    assert (first is None, second is None) == (False, True)


def test_the_block_around_a_call_in_a_thread_and_within_it() -> None:
    async def check() -> Problem | None:
        try:
            with client_data():
                await asyncio.to_thread(PydanticOrder.model_validate, INVALID)
        except ValueError as exc:
            return problem_of(exc)
        raise AssertionError

    found: list[Problem | None] = []
    thread = Thread(target=lambda: found.append(problem_of(raised(declared(PydanticOrder.model_validate), INVALID))))
    thread.start()
    thread.join()

    assert [problem is None for problem in (asyncio.run(check()), *found)] == [False, False]


def test_the_block_is_no_decorator_for_that_does_nothing_on_a_coroutine_function() -> None:
    decorate: Any = client_data()

    with pytest.raises(TypeError):
        decorate(lambda: None)


# The handlers for one target.


def answered(check: Check, **facts: Any) -> Problem | None:
    """Return what the handlers make of an exception."""
    exc = raised(check, INVALID)
    (handler,) = ScopeHandlers(handlers).find(type(exc))
    request = RequestFacts(**facts)
    answer: Problem | None = handler.function(exc, Incident(exc, Problem(500), request, "id"))
    return answer


@EVERY_CHECK
def test_a_target_that_includes_the_handlers_blames_the_client(check: Check) -> None:
    assert pointers(answered(check)) == ["/items/0/count"]


@EVERY_CHECK
def test_the_handlers_decline_where_a_request_has_no_input(check: Check) -> None:
    assert answered(check, has_input=False) is None


def test_the_handlers_decline_a_bug() -> None:
    converter = cattrs.Converter()
    converter.register_structure_hook(int, lambda given, _: given.nothing)

    assert answered(lambda given: converter.structure(given, dict[str, list[dict[str, int]]])) is None


def test_the_handlers_leave_other_exceptions_alone() -> None:
    assert list(ScopeHandlers(handlers).find(ValueError)) == []


@pytest.mark.parametrize("is_first", [True, False])
def test_a_handler_for_the_class_takes_precedence(is_first: bool) -> None:
    own = Handlers()
    own.register(pydantic.ValidationError)(lambda exc: None)
    table = ScopeHandlers([*own, *handlers] if is_first else [*handlers, *own])
    first, *others = table.find(pydantic.ValidationError)

    assert first is next(iter(own))[1]
    assert others == [next(iter(handlers))[1]]


IMPORTED = """
import sys
import errbridge.validation
from errbridge.validation import client_data, handlers, problem_of
try:
    with client_data():
        raise ValueError
except ValueError as exc:
    assert problem_of(exc, everywhere=True) is None
libraries = "apiflask attr cattrs flask jsonschema marshmallow msgspec pydantic quart webargs werkzeug".split()
print([name for name in sys.modules if name.split(".")[0].split("_")[0] in libraries])
"""


def test_nothing_of_it_imports_a_library() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=False)

    assert (done.stdout.strip(), done.stderr) == ("[]", "")


# Exceptions that are about requests by themselves, but no HTTP errors of the framework's.


def of_library(module: str, name: str, base: type[Exception] = Exception) -> type[Exception]:
    """Make a class that says to be a library's, which need not be installed."""
    return type(name, (base,), {"__module__": module})


def test_the_request_errors_of_flask_pydantic_keep_their_status() -> None:
    exc: Any = of_library("flask_pydantic.exceptions", "ValidationError")()
    (error,) = raised_errors(PydanticOrder.model_validate, INVALID)
    own = {"type": "value_error", "loc": ("a",), "msg": f"Value error, {SECRET}", "ctx": {"error": SECRET}}
    exc.path_params, exc.query_params, exc.form_params, exc.body_params = None, [own], None, [error]

    problem = problem_of(exc)

    assert problem is not None
    assert problem.status == 400
    assert problem.extensions["errors"] == [
        {"detail": "The value is not valid.", "parameter": "a", "code": "value_error"},
        {"detail": "Expected an integer.", "pointer": "/items/0/count", "code": "int_parsing"},
    ]
    shown = problem_of(exc, messages=True)
    assert shown is not None
    assert shown.extensions["errors"][0]["detail"] == SECRET


def raised_errors(check: Check, given: Any) -> list[Any]:
    exc = raised(check, given)
    assert isinstance(exc, pydantic.ValidationError)
    return list(exc.errors())


def test_a_body_that_is_no_object_is_a_request_error_of_flask_pydantic() -> None:
    problem = problem_of(of_library("flask_pydantic.exceptions", "JsonBodyParsingError")(), has_input=False)

    assert problem is not None
    assert problem.status == 400
    assert problem.extensions["errors"] == [{"detail": "Expected an object.", "pointer": "", "code": "type"}]


def test_the_request_errors_of_apiflask_keep_their_status_and_headers() -> None:
    base = of_library("apiflask.exceptions", "HTTPError")
    exc: Any = of_library("apiflask.exceptions", "_ValidationError", base)()
    exc.status_code, exc.message, exc.headers = 422, "Validation error", {"X-A": "1"}
    exc.detail = {"json": {"count": ["Not a valid integer."]}, "query": {"page": [SECRET]}}

    problem = problem_of(exc)

    assert problem is not None
    assert (problem.status, problem.headers) == (422, (("X-A", "1"),))
    assert problem.extensions["errors"] == [
        {"detail": "Expected an integer.", "pointer": "/count", "code": "type"},
        {"detail": "The value is not valid.", "parameter": "page", "code": "invalid"},
    ]
    assert problem_of(base()) is None


@pytest.mark.parametrize("name", ["_ValidationError", "ValidationError"])
def test_a_request_error_that_cannot_be_read_keeps_its_status(name: str, caplog: pytest.LogCaptureFixture) -> None:
    module = "apiflask.exceptions" if name.startswith("_") else "flask_pydantic.exceptions"
    problem = problem_of(of_library(module, name)())

    assert problem is not None
    assert (problem.status, dict(problem.extensions)) == (400, {})
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


# What may go wrong.


class RaisesOnMessages(ma.ValidationError):
    @property
    def messages(self) -> Any:
        raise RuntimeError(SECRET)

    @messages.setter
    def messages(self, value: Any) -> None: ...


class RaisesOnText(msgspec.ValidationError):
    def __str__(self) -> str:
        raise RuntimeError(SECRET)


class RaisesOnPath(jsonschema.ValidationError):
    @property
    def absolute_path(self) -> Any:
        raise RuntimeError(SECRET)


def endless() -> ma.ValidationError:
    messages: dict[str, Any] = {}
    messages["again"] = messages
    return ma.ValidationError(messages)


@pytest.mark.parametrize("exc", [RaisesOnMessages(""), RaisesOnText(), RaisesOnPath(""), endless()])
def test_an_error_that_cannot_be_read_is_a_422_without_errors_and_is_logged(
    exc: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    problem = problem_of(exc, everywhere=True)

    assert problem is not None
    assert (problem.status, dict(problem.extensions)) == (422, {})
    (logged,) = caplog.records
    assert (logged.name, logged.levelno) == ("errbridge", logging.ERROR)
    assert logged.exc_info is not None


# Where the data were, and bodies that are no JSON.


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("body", "pointer"),
        ("query", "parameter"),
        ("path", "parameter"),
        ("headers", "header"),
        ("cookies", "parameter"),
    ],
)
def test_a_fault_is_said_to_be_where_the_data_were(location: Any, place: str) -> None:
    with pytest.raises(pydantic.ValidationError) as caught, client_data(location):
        PydanticOrder.model_validate({"items": SECRET})
    problem = problem_of(caught.value)
    assert problem is not None
    (error,) = problem.extensions["errors"]
    assert error[place] == ("/items" if place == "pointer" else "items")
    assert {"pointer", "parameter", "header"} & error.keys() == {place}


def test_a_location_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one of body, query, path, headers, cookies, not in 'form'"):
        client_data("form")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parse", "body", "error_class"),
    [
        (json.loads, b"{", json.JSONDecodeError),
        (json.loads, b'"\xff"', UnicodeDecodeError),
        (msgspec.json.decode, b"{", msgspec.DecodeError),
    ],
)
def test_a_body_that_is_no_json_is_the_clients_in_such_a_block(
    parse: Any, body: bytes, error_class: type[Exception]
) -> None:
    with pytest.raises(error_class) as caught, client_data():
        parse(body)
    problem = problem_of(caught.value)
    assert problem is not None
    assert problem.status == 400
    (error,) = problem.extensions["errors"]
    assert error["code"] == "syntax"
    assert ("UTF-8" in error["detail"]) == (error_class is UnicodeDecodeError)


def test_a_body_that_is_no_json_is_a_bug_of_the_service_elsewhere() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("{")
    assert problem_of(caught.value, everywhere=True) is None
