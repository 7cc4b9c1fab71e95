"""The service in Flask, in two parts that can move by themselves. ``quart_app`` has the same in Quart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import flask

from errbridge_flask import ErrorHandler
from examples.migration import orders
from examples.migration.parts import CHANGING, READING


def make_app(parts: Iterable[str]) -> flask.Flask:
    app = flask.Flask(__name__)
    errors = ErrorHandler(app, handler="web")
    errors.api_register("/api")  # a prefix, not a blueprint: it holds wherever the routes are
    errors.include(orders.handlers, app)
    add = {READING: add_reading, CHANGING: add_changing}
    for part in parts:
        add[part](app)
    return app


def add_reading(app: flask.Flask) -> None:
    """Add the routes that read orders."""

    @app.get("/")
    def index() -> str:
        return flask.render_template("orders.html", orders=orders.every())

    @app.get("/orders/<int:number>")
    def page(number: int) -> str:
        return flask.render_template("order.html", order=orders.find(number))

    @app.get("/api/orders")
    def listed() -> list[dict[str, Any]]:
        return [orders.document(order) for order in orders.every()]

    @app.get("/api/orders/<int:number>")
    def one(number: int) -> dict[str, Any]:
        return orders.document(orders.find(number))


def add_changing(app: flask.Flask) -> None:
    """Add the routes that change orders, and the report."""

    @app.post("/api/orders")
    def place() -> tuple[dict[str, Any], int, dict[str, str]]:
        order = orders.place(flask.request.get_data())
        return orders.document(order), 201, {"Location": orders.address(order)}

    @app.delete("/api/orders/<int:number>")
    def cancel(number: int) -> tuple[str, int]:
        orders.cancel(number)
        return "", 204

    @app.get("/api/average/<article>")
    def average(article: str) -> dict[str, Any]:
        return {"article": article, "average": orders.average(article)}
