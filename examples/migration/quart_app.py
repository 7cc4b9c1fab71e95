"""The service in Quart, in two parts that can move by themselves. ``flask_app`` has the same in Flask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import quart

from errbridge_quart import ErrorHandler
from examples.migration import orders
from examples.migration.parts import CHANGING, READING


def make_app(parts: Iterable[str]) -> quart.Quart:
    app = quart.Quart(__name__)
    errors = ErrorHandler(app, handler="web")
    errors.api_register("/api")  # a prefix, not a blueprint: it holds wherever the routes are
    errors.include(orders.handlers, app)
    add = {READING: add_reading, CHANGING: add_changing}
    for part in parts:
        add[part](app)
    return app


def add_reading(app: quart.Quart) -> None:
    """Add the routes that read orders."""

    @app.get("/")
    async def index() -> str:
        return await quart.render_template("orders.html", orders=orders.every())

    @app.get("/orders/<int:number>")
    async def page(number: int) -> str:
        return await quart.render_template("order.html", order=orders.find(number))

    @app.get("/api/orders")
    async def listed() -> list[dict[str, Any]]:
        return [orders.document(order) for order in orders.every()]

    @app.get("/api/orders/<int:number>")
    async def one(number: int) -> dict[str, Any]:
        return orders.document(orders.find(number))


def add_changing(app: quart.Quart) -> None:
    """Add the routes that change orders, and the report."""

    @app.post("/api/orders")
    async def place() -> tuple[dict[str, Any], int, dict[str, str]]:
        order = orders.place(await quart.request.get_data(cache=True, as_text=False, parse_form_data=False))
        return orders.document(order), 201, {"Location": orders.address(order)}

    @app.delete("/api/orders/<int:number>")
    async def cancel(number: int) -> tuple[str, int]:
        orders.cancel(number)
        return "", 204

    @app.get("/api/average/<article>")
    async def average(article: str) -> dict[str, Any]:
        return {"article": article, "average": orders.average(article)}
