"""Exceptions that look like something else, and values of a request: neither has a way into an answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errbridge.validation import client_data
from tests.clients import Request, Response
from tests.twins import Twins, World

pytestmark = pytest.mark.slow

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SECRET = "s3cret"
STYLES = ("api", "web", "plain")
ACCEPTS = ("application/json", "application/xml", "text/html", "text/plain", "*/*")

# Exceptions.

ATTRIBUTES = [
    "code", "description", "get_headers", "get_response", "get_body", "get_description", "response", "name",
    "original_exception", "status", "status_code", "headers", "title", "detail", "type", "instance", "extensions",
    "document", "data", "exc", "errors", "messages", "exceptions", "valid_methods", "www_authenticate", "retry_after",
    "is_shared", "fill_in", "slug", "template", "validation_error", "_has_stock_detail", "_errbridge_client_data",
    "__notes__", "body_params", "extra_fields",
]  # fmt: skip


def failing_attribute() -> property:
    def fail(self: object) -> Any:
        raise RuntimeError(SECRET)

    return property(fail)


def answering_attribute(value: Any) -> Callable[..., Any]:
    return lambda *args, **kwargs: value


values = st.one_of(
    st.sampled_from([None, True, 0, 200, 204, 302, 403, 404, 500, 599, 1000, SECRET, b"s3cret"]),
    st.just([("Set-Cookie", SECRET)]),
    st.just({"message": SECRET, "headers": {"Set-Cookie": SECRET}}),
    st.builds(lambda: KeyError(SECRET)),
    st.builds(failing_attribute),
    st.builds(answering_attribute, st.sampled_from([SECRET, 403, None, [("Set-Cookie", SECRET)], (SECRET, 403, {})])),
)


def build_class(base: type[Exception], attributes: Mapping[str, Any], magic: str) -> type[Exception]:
    """Build a class of exceptions with these attributes, and a ``__getattr__`` of some kind."""

    def fail(self: object, *args: Any) -> Any:
        raise RuntimeError(SECRET)

    def answer(self: object, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return answering_attribute(SECRET)

    magics: dict[str, dict[str, Any]] = {
        "": {},
        "answers": {"__getattr__": answer},
        "fails": {"__getattr__": fail},
        "unprintable": {"__str__": fail, "__repr__": fail},
        "unequal": {"__eq__": fail, "__hash__": fail, "__bool__": fail, "__len__": fail},
    }
    return type("NotFound", (base,), {**attributes, **magics[magic], "__module__": "werkzeug.exceptions"})


classes = st.builds(
    build_class,
    st.sampled_from([Exception, KeyError, OSError, ValueError, RuntimeError, TimeoutError, UnicodeError]),
    st.dictionaries(st.sampled_from(ATTRIBUTES), values, max_size=8),
    st.sampled_from(["", "answers", "fails", "unprintable", "unequal"]),
)


class Given:
    """What the views raise."""

    make: Callable[[], BaseException] = Exception


def raising_views(world: World) -> None:
    def view() -> Any:
        raise Given.make()

    async def view_later() -> Any:
        raise Given.make()

    world.app.logger.disabled = True
    for style in STYLES:
        if style != "plain":
            getattr(world.errors, f"{style}_register")(f"/{style}")
        world.app.add_url_rule(f"/{style}/x", style, view_later if world.is_async else view)


@pytest.fixture(scope="module")
def raising_twins() -> Twins:
    return Twins.built(raising_views)


@pytest.fixture(scope="module")
def propagating_twins() -> Twins:
    return Twins.built(raising_views, config={"PROPAGATE_EXCEPTIONS": True})


@FUZZ
@given(cls=classes, style=st.sampled_from(STYLES), accept=st.sampled_from(ACCEPTS))
def test_an_exception_with_hostile_attributes_is_an_uncaught_exception(
    raising_twins: Twins, cls: type[Exception], style: str, accept: str
) -> None:
    Given.make = lambda: cls(SECRET) if cls.__base__ is not UnicodeError else cls()

    response = raising_twins.ask(f"/{style}/x", headers=[("Accept", accept)])

    assert response.status == 500
    assert SECRET not in response.text + str(response.headers)
    assert response.header("Set-Cookie") is None
    if response.content_type == "application/problem+json":
        assert response.json["detail"] == "Unhandled Exception"


@FUZZ
@given(cls=classes)
def test_an_exception_with_hostile_attributes_is_raised_for_the_developer(
    propagating_twins: Twins, cls: type[Exception]
) -> None:
    exc = cls(SECRET) if cls.__base__ is not UnicodeError else cls()
    Given.make = lambda: exc

    for world in propagating_twins.worlds:
        assert world.find_escaped("/api/x", BaseException) is exc


# Values of a request.


class Order(pydantic.BaseModel):
    count: int


def reading_views(world: World) -> None:
    """Add views that do with a request what careless colleagues do."""
    current = world.framework.request
    world.app.logger.disabled = True

    def crash(given: Mapping[str, Any]) -> Any:
        raise LookupError(dict(given))

    def look_up(given: Mapping[str, Any]) -> Any:
        return {"eu": 1}[given["k"]]

    def look_up_in_request(given: Mapping[str, Any]) -> Any:
        return given[given["k"]]

    def validate(given: Mapping[str, Any]) -> Any:
        with client_data():
            return Order.model_validate({**given, "count": given.get("k")}).model_dump()

    def number(given: Mapping[str, Any]) -> Any:
        return str(int(given["k"]))

    def abort(given: Mapping[str, Any]) -> Any:
        return world.abort(404)

    for style in STYLES:
        blueprint = world.Blueprint(style, __name__, url_prefix=f"/{style}/<v>")
        for function in (crash, look_up, look_up_in_request, validate, number, abort):
            for source, read in readers(world, current).items():
                rule, name = f"/{function.__name__}/{source}", f"{function.__name__}_{source}"
                blueprint.add_url_rule(rule, name, as_view(world, function, read), methods=["POST"])
        if style != "plain":
            getattr(world.errors, f"{style}_register")(blueprint)
        world.app.register_blueprint(blueprint)


def readers(world: World, current: Any) -> dict[str, Callable[[], Any]]:
    return {
        "args": lambda: current.args,
        "cookies": lambda: current.cookies,
        "path": lambda: {"k": current.view_args["v"]},
        "form": (lambda: current.form),
        "json": (lambda: current.get_json()),
        "headers": lambda: {"k": current.headers["X-Value"]},
    }


def as_view(world: World, function: Callable[[Any], Any], read: Callable[[], Any]) -> Callable[..., Any]:
    async def view_later(v: str) -> Any:
        given = read()
        return function(await given if hasattr(given, "__await__") else given)

    def view(v: str) -> Any:
        return function(read())

    return view_later if world.is_async else view


@pytest.fixture(scope="module", params=[{}, {"ERROR_VALIDATION": True}], ids=["", "validation"])
def reading_twins(request: pytest.FixtureRequest) -> Twins:
    return Twins.built(reading_views, config=request.param)


VIEWS = ["crash", "look_up", "look_up_in_request", "validate", "number", "abort", "nope"]
SOURCES = ["args", "cookies", "path", "form", "json", "headers"]

planted = st.text("abcdefghijklmnopqrstuvwxyz<&\"'{}%:/ é", min_size=1, max_size=8).map(
    lambda text: f"pl4nt3d{text.strip()}"
)


def ask_with(value: str, url: str, source: str, accept: str) -> Mapping[str, Any]:
    """Build a request that has the value everywhere."""
    encoded = quote(value, safe="")
    is_json = source == "json"
    body = b'{"k": "' + value.encode("unicode-escape").replace(b'"', b'\\"').replace(b"\\x", b"\\u00") + b'"'
    broken = body + b",}" if "/number/" in url else body + b"}"
    ascii_value = value.encode("ascii", "replace").decode()
    return {
        "path": url.replace("VALUE", encoded) + f"?k={encoded}&{encoded}={encoded}",
        "method": "POST",
        "headers": [
            ("Accept", accept),
            ("Content-Type", "application/json" if is_json else "application/x-www-form-urlencoded"),
            ("X-Value", ascii_value),
            ("Cookie", f"k={quote(value, safe='')}"),
            ("User-Agent", ascii_value),
            ("Referer", f"http://a.example/{encoded}"),
            ("Authorization", f"Bearer {encoded}"),
        ],
        "body": broken if is_json else f"k={encoded}&{encoded}={encoded}".encode(),
    }


@settings(parent=FUZZ, max_examples=300)
@given(
    value=planted,
    style=st.sampled_from(STYLES),
    view=st.sampled_from(VIEWS),
    source=st.sampled_from(SOURCES),
    accept=st.sampled_from(ACCEPTS),
)
def test_no_value_of_a_request_is_in_an_answer_or_a_record(
    reading_twins: Twins, value: str, style: str, view: str, source: str, accept: str
) -> None:
    heard = Heard()
    logger = logging.getLogger("errbridge")
    level = logger.level
    logger.addHandler(heard)
    logger.setLevel(logging.DEBUG)
    try:
        request = ask_with(value, f"/{style}/VALUE/{view}/{source}", source, accept)
        responses = [world.call(Request(**request)) for world in reading_twins.worlds]
    finally:
        logger.removeHandler(heard)
        logger.setLevel(level)

    for response in responses:
        assert_clean(response)
    for record in heard.records:
        for name, field in vars(record).items():
            assert name in OF_THE_PATH or "pl4nt3d" not in str(field), name


# The path is recorded, and an exception has its own words.
OF_THE_PATH = {"path", "args", "msg", "message", "exc_info", "exc_text"}


def assert_clean(response: Response) -> None:
    if response.status >= 400:
        assert "pl4nt3d" not in response.text
        assert "pl4nt3d" not in str(response.headers)


class Heard(logging.Handler):
    """Collects the records of errbridge."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
