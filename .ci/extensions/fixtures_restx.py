"""The fixtures of Flask-RESTX's tests, which its source distribution lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flask
import flask_restx
import pytest
from flask.testing import FlaskClient


class Client(FlaskClient):
    """A client that returns documents."""

    def get_json(self, url: str, status: int = 200, **request: Any) -> Any:
        response = self.get(url, **request)
        assert (response.status_code, response.mimetype) == (status, "application/json")
        return response.json

    def post_json(self, url: str, data: Any, status: int = 200, **request: Any) -> Any:
        response = self.post(url, json=data, **request)
        assert (response.status_code, response.mimetype) == (status, "application/json")
        return response.json

    def get_specs(self, prefix: str = "", status: int = 200, **request: Any) -> Any:
        return self.get_json(f"{prefix}/swagger.json", status, **request)


@pytest.fixture
def app(request: pytest.FixtureRequest) -> flask.Flask:
    app = flask.Flask("tests")
    app.test_client_class = Client
    for mark in request.node.iter_markers("options"):
        app.config.update({key.upper(): value for key, value in mark.kwargs.items()})
    return app


@pytest.fixture
def client(app: flask.Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


@pytest.fixture
def api(request: pytest.FixtureRequest, app: flask.Flask) -> Iterator[flask_restx.Api]:
    marks = [mark.kwargs for mark in request.node.iter_markers("api")]
    api = flask_restx.Api(app, **(marks[0] if marks else {}))
    with app.test_request_context():
        yield api


@pytest.fixture(autouse=True)
def request_context(request: pytest.FixtureRequest) -> Iterator[None]:
    marks = list(request.node.iter_markers("request_context"))
    if not marks:
        yield
        return
    with request.getfixturevalue("app").test_request_context(*marks[0].args, **marks[0].kwargs):
        yield
