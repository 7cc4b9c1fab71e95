"""The library in Quart."""

from __future__ import annotations

from quart import Quart

from errbridge_quart import ErrorHandler
from examples.shared_handlers import meanings

app = Quart(__name__)
errors = ErrorHandler(app, handler="api")
errors.include(meanings.handlers, app)


@app.get("/books/<name>")
async def book(name: str) -> dict[str, str]:
    return {"title": meanings.find(name)}


@app.get("/loans")
async def loans() -> dict[str, int]:
    raise ZeroDivisionError
