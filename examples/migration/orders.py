"""What does not move: the domain, how its input is read, and what its errors mean. No framework is imported here."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from typing import Any

from errbridge import Handlers, Problem

PRICES = {"tea": 3, "cup": 8, "kettle": 40}

handlers = Handlers()


@dataclass(frozen=True, slots=True)
class Order:
    """Some pieces of one article."""

    number: int
    article: str
    pieces: int
    shipped: bool = False

    @property
    def total(self) -> int:
        return PRICES[self.article] * self.pieces


class InvalidOrder(Problem, status=422, title="Invalid order", type="https://example.com/problems/invalid-order"):
    """The order cannot be read; ``errors`` says where and why."""

    errors: list[dict[str, str]]


class AlreadyShipped(Problem, status=409, title="Already shipped", type="https://example.com/problems/already-shipped"):
    """An order that has left the house cannot be cancelled."""

    number: int


class UnknownOrderError(LookupError):
    """There is no order of that number."""


@handlers.register(UnknownOrderError)
def unknown_order(exc: UnknownOrderError) -> Problem:
    """Say what it means over HTTP, once for both frameworks."""
    return Problem(404, detail=f"There is no order {exc.args[0]}.")


_orders = {order.number: order for order in (Order(1, "tea", 10), Order(2, "kettle", 1, shipped=True))}
_changing = threading.Lock()  # Flask's views run in threads, beside each other and beside Quart's


def every() -> list[Order]:
    return list(_orders.values())


def find(number: int) -> Order:
    try:
        return _orders[number]
    except KeyError:
        raise UnknownOrderError(number) from None


def place(body: bytes) -> Order:
    """Read a new order and keep it."""
    article, pieces = _read(body)
    with _changing:
        order = Order(max(_orders, default=0) + 1, article, pieces)
        _orders[order.number] = order
    return order


def cancel(number: int) -> None:
    with _changing:
        if find(number).shipped:
            raise AlreadyShipped(number=number, detail=f"Order {number} has been shipped; send it back instead.")
        del _orders[number]


def average(article: str) -> float:
    """Return the average order of an article; it has a bug, for the example."""
    pieces = [order.pieces for order in every() if order.article == article]
    return sum(pieces) / len(pieces)


def document(order: Order) -> dict[str, Any]:
    return {**asdict(order), "total": order.total}


def address(order: Order) -> str:
    """Return the URL of an order in the API.

    ``url_for`` knows only the routes of its own framework, and in the second step orders are placed in Flask and read
    in Quart.
    """
    return f"/api/orders/{order.number}"


def _read(body: bytes) -> tuple[str, int]:
    # The frameworks' own get_json() differ for a wrong content type, and for bytes that are not UTF-8.
    try:
        given: Any = json.loads(body)
    except ValueError:
        raise Problem(400, detail="The body is no JSON.") from None
    fields: dict[str, Any] = given if isinstance(given, dict) else {}
    errors: list[dict[str, str]] = []
    if (article := str(fields.get("article"))) not in PRICES:
        errors.append({"detail": f"is one of {', '.join(PRICES)}", "pointer": "/article"})
    if type(pieces := fields.get("pieces", 0)) is not int or pieces < 1:
        errors.append({"detail": "is a whole number above zero", "pointer": "/pieces"})
    if errors:
        raise InvalidOrder(errors=errors, detail="Correct what errors names, and send the order again.")
    return article, pieces
