"""The Quart app: an API, a site and a blueprint with a handler of its own. ``flask_app`` is the same in Flask."""

from __future__ import annotations

import quart

from errbridge_quart import ErrorHandler
from examples.demo import shop

app = quart.Quart(__name__)
errors = ErrorHandler(app, dispatcher="urlprefix")
api = quart.Blueprint("api", __name__, url_prefix="/api")
web = quart.Blueprint("web", __name__, url_prefix="/web")
custom = quart.Blueprint("custom", __name__, url_prefix="/custom")
errors.web_register(web)
errors.api_register(api)
errors.failure_register(app)
errors.include(shop.handlers, app)


@errors.register(custom)
async def custom_error(exc: Exception) -> tuple[str, int, dict[str, str]]:
    return str(exc), 500, {"Content-Type": "text/plain"}


@app.route("/")
async def index() -> str:
    raise NameError("test custom")


@api.route("/")
async def api_index() -> str:
    quart.abort(500, "Error from api blueprint")


@api.route("/buy/<item>")
async def api_buy(item: str) -> dict[str, int]:
    return {"balance": shop.buy(item)}


@web.route("/")
async def web_index() -> str:
    quart.abort(500, "Error from web blueprint")


@web.route("/buy/<item>")
async def web_buy(item: str) -> str:
    return f"Bought. The balance is {shop.buy(item)}."


@custom.route("/")
async def custom_index() -> str:
    quart.abort(500, "Error from custom blueprint")


app.register_blueprint(web)
app.register_blueprint(api)
app.register_blueprint(custom)
