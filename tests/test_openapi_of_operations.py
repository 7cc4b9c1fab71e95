"""The problems of operations in the documents that flask-smorest, APIFlask and quart-schema make."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import apiflask
import flask
import flask_smorest
import pytest
import quart
import quart_schema
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

import errbridge_quart
from errbridge import Problem, SetupError
from errbridge.catalogue import Catalogue


class SoldOut(Problem, status=409, title="Sold out"):
    """There is none left."""

    wanted: int


class Reserved(Problem, status=409):
    """Another customer has it."""


class Broke(Problem, status=402):
    """The card was refused."""


CATALOGUE = Catalogue.of([SoldOut, Reserved, Broke])
OPERATIONS: dict[str, list[type[Problem]]] = {"POST /orders": [SoldOut, Reserved, Broke]}


def order() -> dict[str, str]:
    return {}


def of_apiflask() -> Any:
    app = apiflask.APIFlask(__name__)
    app.config["OPENAPI_VERSION"] = "3.1.0"
    add: Any = lambda document: CATALOGUE.merge_into(document, OPERATIONS)  # noqa: E731
    app.spec_processor(add)
    app.post("/orders")(order)
    return app.test_client().get("/openapi.json").json


def of_flask_smorest() -> Any:
    app = flask.Flask(__name__)
    app.config.update(API_TITLE="Shop", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    api = flask_smorest.Api(app)
    orders = flask_smorest.Blueprint("orders", __name__)
    orders.route("/orders", methods=["POST"])(orders.response(200)(order))
    api.register_blueprint(orders)
    return CATALOGUE.merge_into(api.spec.to_dict(), OPERATIONS)


async def of_quart_schema() -> Any:
    class Provider(quart_schema.OpenAPIProvider):
        def schema(self) -> dict[str, Any]:
            return CATALOGUE.merge_into(super().schema(), OPERATIONS)

    app = quart.Quart(__name__)
    quart_schema.QuartSchema(app, openapi_provider_class=Provider)

    @app.post("/orders")
    async def order_later() -> dict[str, str]:
        return {}

    return await (await app.test_client().get("/openapi.json")).get_json()


@pytest.mark.parametrize("make", [of_apiflask, of_flask_smorest, of_quart_schema])
async def test_a_client_sees_the_problems_at_the_operation(make: Any) -> None:
    made = make()
    document = made if isinstance(made, dict) else await made
    responses = document["paths"]["/orders"]["post"]["responses"]

    assert responses["402"] == {"$ref": "#/components/responses/Broke"}
    schema = responses["409"]["content"]["application/problem+json"]["schema"]
    assert schema == {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("SoldOut", "Reserved")]}
    assert document["components"]["schemas"]["SoldOut"]["required"] == ["type", "title", "status", "wanted"]
    validate(document)


def test_a_document_of_either_type_is_valid_where_nothing_else_distinguishes_them() -> None:
    document: dict[str, Any] = {"paths": {"/orders": {"post": {}}}}
    CATALOGUE.merge_into(document, OPERATIONS)
    response = document["paths"]["/orders"]["post"]["responses"]["409"]
    schema = {**response["content"]["application/problem+json"]["schema"], "components": document["components"]}

    assert response["description"] == "Sold out or Conflict"
    for problem in (SoldOut(wanted=3), Reserved()):
        Draft202012Validator(schema).validate(problem.document())


def test_titles_that_are_the_same_are_named_once() -> None:
    class Held(Problem, status=409): ...

    document = Catalogue.of([Reserved, Held]).merge_into({"paths": {"/": {"get": {}}}}, {"GET /": [Reserved, Held]})

    assert document["paths"]["/"]["get"]["responses"]["409"]["description"] == "Conflict"


@pytest.mark.parametrize("classes", [Broke, [Broke, Broke]])
def test_a_class_may_be_named_alone_or_twice(classes: Any) -> None:
    document: dict[str, Any] = {"paths": {"/orders": {"post": {}}}}
    Catalogue.of(Broke).merge_into(document, {"POST /orders": classes})

    assert document["paths"]["/orders"]["post"]["responses"] == {"402": {"$ref": "#/components/responses/Broke"}}


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ({"POST /order": [Broke]}, r"no operation 'POST /order'; did you mean 'POST /orders'\?"),
        ({"POST /orders": [Problem]}, "Problem is not in the catalogue"),
    ],
)
def test_what_cannot_be_merged_is_refused(operations: dict[str, list[type[Problem]]], message: str) -> None:
    document: dict[str, Any] = {"paths": {"/orders": {"post": {}}}}
    with pytest.raises(SetupError, match=message):
        CATALOGUE.merge_into(copy.deepcopy(document), operations)


@pytest.mark.parametrize("about", [{"openapi": "3.0.3"}, {"swagger": "2.0"}])
def test_a_document_of_an_older_openapi_is_refused(about: dict[str, Any]) -> None:
    document = {**about, "paths": {"/orders": {"post": {}}}}
    with pytest.raises(SetupError, match=r"OpenAPI (3\.0\.3|2\.0), .* set OPENAPI_VERSION"):
        CATALOGUE.merge_into(document, OPERATIONS)
    assert document == {**about, "paths": {"/orders": {"post": {}}}}


def test_the_pages_of_problem_types_are_no_operations_of_quart_schema() -> None:
    app = quart.Quart(__name__)
    errors = errbridge_quart.ErrorHandler(app)
    quart_schema.QuartSchema(app)
    errors.catalogue(app, types=[SoldOut])
    errors.preview(app)

    async def document() -> Any:
        response = await app.test_client().get("/openapi.json")
        return await response.get_json()

    assert asyncio.run(document())["paths"] == {}
