"""The Flask app: an API, a site and a blueprint with a handler of its own. ``quart_app`` is the same in Quart."""

from __future__ import annotations

import flask

from errbridge_flask import ErrorHandler
from examples.demo import shop

app = flask.Flask(__name__)
errors = ErrorHandler(app, dispatcher="urlprefix")
api = flask.Blueprint("api", __name__, url_prefix="/api")
web = flask.Blueprint("web", __name__, url_prefix="/web")
custom = flask.Blueprint("custom", __name__, url_prefix="/custom")
errors.web_register(web)
errors.api_register(api)
errors.failure_register(app)
errors.include(shop.handlers, app)


@errors.register(custom)
def custom_error(exc: Exception) -> tuple[str, int, dict[str, str]]:
    return str(exc), 500, {"Content-Type": "text/plain"}


@app.route("/")
def index() -> str:
    raise NameError("test custom")


@api.route("/")
def api_index() -> str:
    flask.abort(500, "Error from api blueprint")


@api.route("/buy/<item>")
def api_buy(item: str) -> dict[str, int]:
    return {"balance": shop.buy(item)}


@web.route("/")
def web_index() -> str:
    flask.abort(500, "Error from web blueprint")


@web.route("/buy/<item>")
def web_buy(item: str) -> str:
    return f"Bought. The balance is {shop.buy(item)}."


@custom.route("/")
def custom_index() -> str:
    flask.abort(500, "Error from custom blueprint")


app.register_blueprint(web)
app.register_blueprint(api)
app.register_blueprint(custom)
