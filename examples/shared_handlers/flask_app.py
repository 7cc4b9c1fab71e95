"""The library in Flask."""

from __future__ import annotations

from flask import Flask

from errbridge_flask import ErrorHandler
from examples.shared_handlers import meanings

app = Flask(__name__)
errors = ErrorHandler(app, handler="api")
errors.include(meanings.handlers, app)


@app.get("/books/<name>")
def book(name: str) -> dict[str, str]:
    return {"title": meanings.find(name)}


@app.get("/loans")
def loans() -> dict[str, int]:
    raise ZeroDivisionError
