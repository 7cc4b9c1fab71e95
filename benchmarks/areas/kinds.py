"""The kinds of requests that are made of whole applications, the same in every framework."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from werkzeug.exceptions import HTTPException

from benchmarks.calls import BROWSER, Ask, expecting
from benchmarks.measure import Case, Group

__all__ = [
    "BARE",
    "CONSTANT",
    "CONSTANT_PAGE",
    "ERRBRIDGE",
    "ERRORS",
    "IN_GERMAN",
    "KINDS",
    "LANGUAGES",
    "LEANEST",
    "PROBLEM",
    "TEMPLATE",
    "Invalid",
    "Kind",
    "answered",
    "document",
    "furnished",
    "handled",
    "in_german",
    "logging_to_nowhere",
    "unprocessable",
    "validation",
]

AppT = TypeVar("AppT")

BARE = "bare"
ERRBRIDGE = "errbridge"
LEANEST = "the leanest handler possible"
LANGUAGES = "errbridge, 12 languages"

IN_GERMAN = ("document in German", "page in German")
"""The groups that compare a response in one of twelve languages with the same in English."""

PROBLEM = "application/problem+json"
CONSTANT = b'{"type":"about:blank","title":"Error","status":500,"detail":"Something went wrong.","instance":"/"}\n'
CONSTANT_PAGE = b"<!DOCTYPE html><title>Error</title><h1>Error</h1>" + b"<p>Something went wrong.</p>" * 100
ERRORS = [{"detail": "Input should be a valid integer", "pointer": "/price"}]
TEMPLATE = (
    "<!DOCTYPE html><html lang=en><head><title>{{ error.code }} {{ error.name }}</title></head><body><main>"
    "<h1>{{ error.name }}</h1><p>{{ error.description }}</p><a href='/'>Home</a></main></body></html>"
)
_WRONG_BODY = b'{"name": "piano", "price": "dear"}'
_HAS_PYDANTIC = importlib.util.find_spec("pydantic") is not None


@dataclass(frozen=True, slots=True)
class Kind:
    """A request and what is answered.

    Attributes:
        name: For the table.
        ask: The request.
        status: What is answered by everyone.
        page: Whether people would answer it with a page.
    """

    name: str
    ask: Ask
    status: int
    page: bool = False


KINDS = tuple(
    kind
    for kind in (
        Kind("200", Ask("/api/item"), 200),
        Kind("404", Ask("/nope"), 404),
        Kind("scoped 404", Ask("/api/nope"), 404),
        Kind("page", Ask("/nope", accept=BROWSER), 404, page=True),
        Kind("abort", Ask("/api/abort"), 404),
        Kind("405", Ask("/api/item", method="DELETE"), 405),
        Kind("validation", Ask("/api/invalid"), 422),
        Kind("pydantic", Ask("/api/model", body=b"{}", content_type="application/json"), 422),
        Kind("crash", Ask("/api/crash"), 500),
    )
    if kind.name != "pydantic" or _HAS_PYDANTIC
)


def validation() -> tuple[type[Exception], Callable[[], Any]]:
    """Give pydantic's exception, and a function that raises one; without pydantic something that is never asked for."""
    if not _HAS_PYDANTIC:
        return ValueError, lambda: None
    pydantic: Any = importlib.import_module("pydantic")
    model: Any = pydantic.create_model("Item", name=(str, ...), price=(int, ...))
    error: type[Exception] = pydantic.ValidationError
    return error, lambda: model.model_validate_json(_WRONG_BODY)


def document(status: int, title: str, detail: str | None) -> dict[str, Any]:
    """Make the members that people put into a handwritten document."""
    return {"type": "about:blank", "title": title, "status": status, "detail": detail}


class Invalid(Exception):
    """What people raise where errbridge has a `Problem`."""


def unprocessable(exc: Any) -> dict[str, Any]:
    """Make the document that people make of `Invalid` and of pydantic's exception."""
    ours = isinstance(exc, Invalid)
    errors = ERRORS if ours else exc.errors(include_url=False, include_input=False, include_context=False)
    return {**document(422, "Unprocessable Content", None), "errors": errors}


def furnished(
    app: Any, framework: Any, invalid: Callable[[], Exception] | None, colour: Callable[[Any], Any] = lambda view: view
) -> Any:
    """Make the blueprint with the views of all kinds. It is not registered: its handlers have to be there before.

    Args:
        app: The application.
        framework: The module of the framework.
        invalid: Makes what is raised for invalid input; None where people abort with a status.
        colour: Makes a view of the framework's own colour of a plain function.
    """
    api = framework.Blueprint("api", app.import_name, url_prefix="/api")

    def item() -> str:
        return "An item."

    def abort() -> None:
        framework.abort(404)

    def fail() -> None:
        if invalid is None:
            framework.abort(422)
        else:
            raise invalid()

    validation_error, validate = validation()

    def model() -> None:
        try:
            validate()
        except validation_error:
            if invalid is None:
                framework.abort(422)
            raise

    def crash() -> None:
        raise RuntimeError("a bug")

    for name, view in {"item": item, "abort": abort, "invalid": fail, "model": model, "crash": crash}.items():
        api.add_url_rule(f"/{name}", name, colour(view))
    return api


def handled(app: AppT, api: Any, http: Callable[[HTTPException], Any], invalid: Callable[[Exception], Any]) -> AppT:
    """Register handlers of an application's own, then the blueprint.

    Args:
        app: The application.
        api: The blueprint.
        http: Answers HTTP errors.
        invalid: Answers invalid input.
    """
    register: Any = app
    for cls, handler in ((HTTPException, http), (Invalid, invalid), (validation()[0], invalid)):
        register.register_error_handler(cls, handler)
    register.register_blueprint(api)
    return app


def answered(kind: Kind, name: str) -> tuple[str, bytes]:
    """Say how a contender's answer looks: its content type, and something that it contains."""
    if kind.status == 200:
        return "text/html", b"An item."
    if kind.page or name == BARE:
        return "text/html", b"</h"
    if name.startswith(ERRBRIDGE):
        if kind.status == 422:
            return PROBLEM, b'"pointer"'
        return PROBLEM, f'"status":{kind.status}'.encode()
    return "", b""


class _Nowhere:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


@contextmanager
def logging_to_nowhere() -> Iterator[None]:
    """Log as a service does, records formatted and written, but to a stream that keeps nothing."""
    handler = logging.StreamHandler(_Nowhere())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def in_german(
    area: str, build: Callable[..., Any], call: Callable[[Any, Ask], Any], *, is_async: bool = False
) -> Iterator[Group]:
    """Compare a document and a page in one of twelve languages with the same in English.

    Args:
        area: The area of the groups.
        build: Builds an application with errbridge that speaks ``languages=``.
        call: Makes the function that asks an application.
        is_async: Whether that is an async function.
    """
    languages = ("en", "de", "ar", "es", "fr", "he", "hi", "it", "ja", "ko", "nl", "pl")
    asked = ((Ask("/api/nope", language="de"), b"Not Found"), (Ask("/nope", accept=BROWSER, language="de"), b"</h"))
    for name, (ask, english) in zip(IN_GERMAN, asked, strict=True):
        contenders = ((ERRBRIDGE, build(), english), (LANGUAGES, build(languages=languages), b"Nicht gefunden"))
        cases = [Case(title, call(app, ask), expecting(404, within=words)) for title, app, words in contenders]
        yield Group(area, name, cases, is_async=is_async)
