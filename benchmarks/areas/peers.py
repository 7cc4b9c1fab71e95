"""The same idea elsewhere: starlette-problem and fastapi-problem, each against its own bare framework."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.areas.kinds import BARE, PROBLEM
from benchmarks.calls import Ask, asgi_call, expecting
from benchmarks.measure import Case, Group

__all__ = ["AREAS", "groups"]

AREAS = ("starlette", "fastapi")
_KINDS = {
    "200": (Ask("/item"), 200),
    "404": (Ask("/nope"), 404),
    "abort": (Ask("/abort"), 404),
    "405": (Ask("/item", method="DELETE"), 405),
    "crash": (Ask("/crash"), 500),
}
log = logging.getLogger(__name__)


def _logged(error: Exception) -> None:
    """Do what the servers do with an exception that Starlette raises again after its answer."""
    log.error("Exception in ASGI application", exc_info=error)


def _starlette() -> Any:
    Starlette: Any = importlib.import_module("starlette.applications").Starlette  # noqa: N806 - a class
    responses: Any = importlib.import_module("starlette.responses")
    exceptions: Any = importlib.import_module("starlette.exceptions")
    routing: Any = importlib.import_module("starlette.routing")

    async def item(request: Any) -> Any:
        return responses.PlainTextResponse("An item.")

    async def abort(request: Any) -> Any:
        raise exceptions.HTTPException(404)

    async def crash(request: Any) -> Any:
        raise RuntimeError("a bug")

    views: dict[str, Callable[..., Any]] = {"item": item, "abort": abort, "crash": crash}
    return Starlette(routes=[routing.Route(f"/{name}", view, methods=["GET"]) for name, view in views.items()])


def _fastapi() -> Any:
    module: Any = importlib.import_module("fastapi")
    app = module.FastAPI()

    async def item() -> str:
        return "An item."

    async def abort() -> None:
        raise module.HTTPException(404)

    async def crash() -> None:
        raise RuntimeError("a bug")

    views: dict[str, Callable[..., Any]] = {"item": item, "abort": abort, "crash": crash}
    for name, view in views.items():
        app.add_api_route(f"/{name}", view, methods=["GET"])
    return app


def _with_problems(app: Any, package: str) -> Any:
    handler: Any = importlib.import_module(f"{package}.handler")
    if package == "fastapi_problem":
        handler.add_exception_handler(app, handler.new_exception_handler())
    else:
        handler.add_exception_handler(app)
    return app


def groups() -> Iterator[Group]:
    """Give the groups one by one, of those frameworks that are installed."""
    for area, make in zip(AREAS, (_starlette, _fastapi), strict=True):
        package = f"{area}_problem"
        if importlib.util.find_spec(area) is None or importlib.util.find_spec(package) is None:
            continue
        for name, (ask, status) in _KINDS.items():
            shown = "" if status == 200 else PROBLEM
            yield Group(
                area,
                name,
                [
                    Case(BARE, asgi_call(make(), ask, _logged), expecting(status)),
                    Case(
                        package.replace("_", "-"),
                        asgi_call(_with_problems(make(), package), ask, _logged),
                        expecting(status, shown),
                    ),
                ],
                is_async=True,
            )
