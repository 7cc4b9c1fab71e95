"""The order of things, carried out by both drivers: whatever is tested here is tested in both colours at once."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errbridge import Handlers, Page, Problem, Reply, RequestFacts, Scope
from errbridge.application.errormap import Installation
from errbridge.application.protocol import NativeAnswer, NativeHandler
from errbridge.application.settings import Settings
from errbridge.handling.case import opened
from errbridge.handling.drivers import Given, Outcome, Raised, drive
from errbridge.handling.plan import answer, answer_edge, answer_outside, claim
from errbridge.representations.rendering import REPRESENTATIONS
from errbridge.representations.response import Answer
from errbridge.representations.styles import API, DEFAULT, WEB
from errbridge.scopes.scope import ROOT
from tests.core.fakes import (
    ANY_TEXT,
    Application,
    Conflict,
    HttpError,
    NotFound,
    RaisesOnStr,
    Response,
    ServerError,
    arun,
    called,
    installed,
    place,
    registered,
)

UUID_TEXT = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
NOSNIFF = ("X-Content-Type-Options", "nosniff")


@dataclass
class Run:
    """What came of it, the same in both colours."""

    outcome: Outcome | None
    app: Application
    records: list[logging.LogRecord]

    @property
    def sent(self) -> Answer:
        assert isinstance(self.outcome, Answer), self.outcome
        return self.outcome

    @property
    def native(self) -> NativeAnswer:
        assert isinstance(self.outcome, Given), self.outcome
        return self.app.answers[-1]

    @property
    def text(self) -> str:
        assert self.sent.body is not None
        return self.sent.body.decode()

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found

    @property
    def failure(self) -> BaseException:
        assert isinstance(self.outcome, Raised), self.outcome
        return self.outcome.exception

    def header(self, name: str) -> list[str]:
        return [value for known, value in self.sent.headers if known.lower() == name.lower()]


def seen(outcome: Outcome | None) -> str:
    text = f"{type(outcome.exception)} {outcome.exception}" if isinstance(outcome, Raised) else repr(outcome)
    return re.sub("0x[0-9a-f]+", "0x", UUID_TEXT.sub("id", text))


Build = Callable[[Application, Installation], object]


class World:
    """Builds an application, breaks it, and looks at the answer, once with each driver."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.caplog = caplog
        caplog.set_level(logging.DEBUG, logger="errbridge")

    def __call__(
        self,
        build: Build,
        exc: Callable[[], BaseException] | BaseException,
        *,
        step: Callable[[Any], Any] = answer,
        config: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> Run:
        runs = []
        for asynchronous in (False, True):
            self.caplog.clear()
            app = Application(
                place("shop", "/shop"), place("shop.cart", "/shop/cart"), asynchronous=asynchronous, **config or {}
            )
            installation = installed(app, **options or {})
            build(app, installation)
            raised = exc() if callable(exc) else exc
            plan = step(opened(installation.table(), raised, RequestFacts(**facts)))
            outcome = None if plan is None else arun(plan) if asynchronous else drive(plan, called)
            runs.append(Run(outcome, app, list(self.caplog.records)))
        one, other = runs
        assert seen(one.outcome) == seen(other.outcome)
        assert [logged.levelno for logged in one.records] == [logged.levelno for logged in other.records]
        return one


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> World:
    return World(caplog)


def nothing(app: Application, installation: Installation) -> None:
    """Build nothing."""


def root(function: Callable[..., Any], *keys: Any) -> Build:
    return lambda app, installation: registered(installation, ROOT, *keys)(function)


def api(function: Callable[..., Any] | None = None, *keys: Any) -> Build:
    def build(app: Application, installation: Installation) -> None:
        installation.shared.set_style(ROOT, API)
        if function is not None:
            registered(installation, ROOT, *keys)(function)

    return build


def later(function: Callable[..., Any]) -> Callable[..., Any]:
    async def awaited(exc: BaseException) -> Any:
        return function(exc)

    return awaited


def returning_awaitable(function: Callable[..., Any]) -> Callable[..., Any]:
    awaited = later(function)
    return lambda exc: awaited(exc)


COLOURS = [lambda function: function, later, returning_awaitable]


def fail(exc: BaseException) -> None:
    raise RuntimeError("in the handler")


# Without anybody who answers: the style does.


def test_installing_is_enough_for_a_page(world: World) -> None:
    run = world(nothing, NotFound())

    assert (run.sent.status, run.sent.content_type) == (404, "text/html; charset=utf-8")
    assert "Not here" in run.text
    assert run.header("Vary") == ["Accept"]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/json", "application/problem+json"),
        ("application/xml", "application/problem+xml"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("", "text/html; charset=utf-8"),
    ],
)
def test_the_default_style_answers_what_is_asked_for(world: World, accept: str, content_type: str) -> None:
    assert world(nothing, NotFound(), accept=accept).sent.content_type == content_type


def test_an_api_answers_with_a_problem_document(world: World) -> None:
    run = world(api(), lambda: Problem(409, detail="Sold", sku="a", headers={"Retry-After": "0"}))

    document = run.document
    assert UUID_TEXT.search(document.pop("instance"))
    assert document == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "Sold",
        "retry_after": 0,
        "sku": "a",
    }
    assert run.sent.headers == (
        ("Content-Type", "application/problem+json"),
        ("Retry-After", "0"),
        NOSNIFF,
        ("Vary", "Accept"),
    )


def test_documents_go_out_under_another_type_where_that_is_configured(world: World) -> None:
    config = {"ERROR_FORCE_CONTENT_TYPE": False, "ERROR_TYPE_URI": "urn:{slug}"}
    run = world(api(), NotFound(), config=config)

    assert run.sent.content_type == "application/json"
    assert run.document["type"] == "urn:not-found"


def test_an_uncaught_exception_shows_nothing_of_itself_and_is_not_stored(world: World) -> None:
    for accept in ("application/json", "application/xml", "text/plain", "text/html"):
        run = world(nothing, lambda: ServerError("secret", original_exception=ValueError("secret")), accept=accept)
        assert run.sent.status == 500
        assert "Unhandled Exception" in run.text
        assert "secret" not in run.text
        assert "ValueError" not in run.text
        assert run.header("Cache-Control") == ["no-store"]


def test_head_has_the_headers_of_get(world: World) -> None:
    get, head = world(api(), NotFound()), world(api(), NotFound(), method="HEAD")

    assert head.sent.body is None
    assert head.sent.headers == (*get.sent.headers, ("Content-Length", str(len(get.text.encode()))))


@pytest.mark.parametrize(("enabled", "vary"), [(True, "Accept, X-Requested-With"), (False, "Accept")])
def test_a_web_scope_answers_an_xml_http_request_with_a_document_unless_disabled(
    world: World, enabled: bool, vary: str
) -> None:
    def build(app: Application, installation: Installation) -> None:
        installation.shared.set_style(ROOT, WEB)

    run = world(build, NotFound(), config={"ERROR_XHR_ENABLED": enabled}, xhr=True)

    assert run.sent.content_type == ("application/problem+json" if enabled else "text/html; charset=utf-8")
    assert run.header("Vary") == [vary]


# What a handler may return.


@pytest.mark.parametrize("colour", COLOURS)
def test_a_problem_is_shown_in_the_style_of_the_nearest_scope_that_has_one(
    world: World, colour: Callable[..., Any]
) -> None:
    def build(app: Application, installation: Installation) -> None:
        installation.shared.set_style("shop", API)
        registered(installation, "shop.cart", 404)(colour(lambda exc: Problem(410, detail="Gone for good", sku="a")))

    run = world(build, NotFound(), path="/shop/cart/x")

    assert (run.sent.status, run.sent.content_type) == (410, "application/problem+json")
    assert (run.document["detail"], run.document["sku"]) == ("Gone for good", "a")
    assert UUID_TEXT.search(run.document["instance"])


@pytest.mark.parametrize("colour", COLOURS)
def test_none_passes_the_error_on_to_the_next_candidate(world: World, colour: Callable[..., Any]) -> None:
    asked: list[str] = []

    def passes(label: str) -> Callable[..., Any]:
        def handler(exc: BaseException) -> None:
            asked.append(label)

        return colour(handler)  # type: ignore[no-any-return]

    def build(app: Application, installation: Installation) -> None:
        registered(installation, ROOT, "*")(passes("all"))
        registered(installation, ROOT, 404)(passes("code"))
        registered(installation, "shop", "4xx")(passes("shop"))

    run = world(build, NotFound(), path="/shop/x")

    assert asked == ["shop", "code", "all"] * 2
    assert run.sent.status == 404


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    ("given", "body", "status"),
    [
        ("words", "words", 404),
        (b"bytes", b"bytes", 404),
        (bytearray(b"bytes"), b"bytes", 404),
        ({"a": 1}, {"a": 1}, 404),
        ([1], [1], 404),
        (("words", {"X-A": "1"}), "words", 404),
        (("words", [("X-A", "1")]), "words", 404),
        (("words", None), "words", 404),
        (("words", None, {"X-A": "1"}), "words", 404),
        (("words", 201), "words", 201),
        (("words", "418 Teapot"), "words", "418 Teapot"),
        (("words", 500, {"X-A": "1"}), "words", 500),
        ("", "", 404),
        ({}, {}, 404),
    ],
)
def test_what_a_view_may_return_keeps_the_errors_status_unless_it_has_one(
    world: World, colour: Callable[..., Any], given: Any, body: Any, status: Any
) -> None:
    run = world(root(colour(lambda exc: given), 404), lambda: NotFound(headers=[("X-E", "e")]))

    assert (run.native.body, run.native.status) == (body, status)
    assert run.native.headers == ((("X-A", "1"),) if isinstance(given, tuple) and "X-A" in str(given) else ())
    safe = (("Cache-Control", "no-store"),) if status == 500 else ()
    assert run.native.defaults == (("X-E", "e"), NOSNIFF, *safe)


def test_a_native_response_keeps_its_own_status_and_gets_no_default_headers(world: World) -> None:
    response = Response("mine", 200, [("X-A", "1")])

    run = world(root(lambda exc: response, 404), NotFound())

    assert run.outcome == Given(response)
    assert (run.native.status, run.native.defaults) == (None, ())
    run = world(root(lambda exc: (response, 201), 404), NotFound())
    assert run.native.status == 201


def test_a_reply_decides_about_every_byte(world: World) -> None:
    run = world(root(lambda exc: Reply("<x/>", 499, {"Content-Type": "text/x"}), 404), NotFound())

    assert run.sent == Answer(499, (("Content-Type", "text/x"), NOSNIFF), b"<x/>")
    assert world(root(lambda exc: Reply("x"), 404), NotFound()).sent.status == 404


def test_headers_of_a_handler_never_carry_a_line_end(world: World) -> None:
    for returned in (("x", {"X-A": "1\r\nX-B: 2"}), ("x", 400, [("X-A", "1\0"), ("X\n", "2")])):
        given: Any = returned
        run = world(root(lambda exc, given=given: given, 404), NotFound())
        assert not set(repr(run.native.headers)) & {"\r", "\n", "\0"}
        assert [name for name, _ in run.native.headers] == ["X-A"]


@pytest.mark.parametrize("returned", [lambda error: error, None])
@pytest.mark.parametrize("error", [lambda: Problem(410, sku="a"), lambda: Conflict("busy", headers=[("X-A", "1")])])
def test_a_handler_may_raise_or_return_an_http_error_and_means_it(
    world: World, error: Callable[[], Exception], returned: Callable[..., Any] | None
) -> None:
    def handler(exc: BaseException) -> Any:
        if returned is None:
            raise error()
        return returned(error())

    run = world(api(handler, 404), NotFound())

    assert run.sent.content_type == "application/problem+json"
    assert run.document["status"] == run.sent.status in (409, 410)
    assert run.header("X-A") == (["1"] if run.sent.status == 409 else [])


def test_an_http_error_that_brings_a_response_is_that_response(world: World) -> None:
    response = Response("mine", 402)

    def handler(exc: BaseException) -> Any:
        raise HttpError(response=response)

    assert world(api(handler, 404), NotFound()).outcome == Given(response)


@pytest.mark.parametrize("name", ["response", "code", "original_exception", "get_headers", "name", "description"])
def test_a_problem_is_itself_whatever_its_extension_members_are_called(world: World, name: str) -> None:
    field: Any = type("Field", (Problem,), {"__annotations__": {name: object}}, status=409)
    extensions: dict[str, Any] = {name: "x"}

    def raises(exc: BaseException) -> None:
        raise field(**extensions)

    for handler in (lambda exc: Problem(409, **extensions), lambda exc: field(**extensions), raises):
        run = world(api(handler, 404), NotFound())
        assert (run.document["status"], run.document[name]) == (409, "x")
    for made in (lambda: Problem(409, **extensions), lambda: field(**extensions)):
        assert world(api(), made).document[name] == "x"
        assert world(nothing, made, step=claim).outcome is None


# Pages.


def paged(*templates: str, style: Any = WEB) -> Build:
    def named(template: str) -> Callable[[Mapping[str, Any]], str]:
        return lambda context: f"{template} {context['error'].title}"

    def build(app: Application, installation: Installation) -> None:
        installation.shared.set_style(ROOT, style)
        app.templates.update({template: named(template) for template in templates})

    return build


def test_a_page_of_the_applications_own_is_rendered_with_the_error_and_the_incident(world: World) -> None:
    def build(app: Application, installation: Installation) -> None:
        app.templates["own.html"] = lambda context: f"{context['error'].detail} {context['incident'].id} {context['x']}"
        registered(installation, ROOT, 404)(lambda exc: Page("own.html", x="\ud800"))

    run = world(build, NotFound())

    assert (run.sent.status, run.sent.content_type) == (404, "text/html; charset=utf-8")
    assert re.fullmatch(f"Not here {UUID_TEXT.pattern} \\?", run.text)


def test_the_context_of_a_page_wins(world: World) -> None:
    def build(app: Application, installation: Installation) -> None:
        app.templates["own.html"] = lambda context: f"{context['error']}"
        registered(installation, ROOT, 404)(lambda exc: Page(["none.html", "own.html"], error="mine"))

    assert world(build, NotFound()).text == "mine"


def test_a_page_may_come_with_a_status_and_headers_every_one_of_them(world: World) -> None:
    def build(app: Application, installation: Installation) -> None:
        app.templates["own.html"] = lambda context: "own"
        cookies = [("Set-Cookie", "a"), ("Set-Cookie", "b"), ("content-type", "text/x")]
        registered(installation, ROOT, 404)(lambda exc: (Page("own.html"), "418 Teapot", cookies))

    run = world(build, NotFound())

    assert (run.sent.status, run.text) == (418, "own")
    assert run.header("Set-Cookie") == ["a", "b"]
    assert run.header("Content-Type") == ["text/x"]


@pytest.mark.parametrize(
    ("templates", "expected"),
    [
        (["error.html"], "error.html"),
        (["error.html", "errors/4xx.html"], "errors/4xx.html"),
        (["errors/4xx.html", "errors/404.html"], "errors/404.html"),
        (["errors/404.html", "shop/errors/4xx.html"], "shop/errors/4xx.html"),
        (["shop/errors/404.html", "cart/errors/4xx.html"], "cart/errors/4xx.html"),
        (["cart/errors/4xx.html", "cart/errors/404.html"], "cart/errors/404.html"),
        (["errors/5xx.html", "errors/500.html"], None),
        ([], None),
    ],
)
def test_the_template_of_a_web_scope_is_the_most_specific_one_innermost_blueprint_first(
    world: World, templates: list[str], expected: str | None
) -> None:
    run = world(paged(*templates), NotFound(), path="/shop/cart/x")

    assert run.sent.status == 404
    assert run.text == f"{expected} Not Found" if expected else run.text.startswith("<!DOCTYPE html>")
    assert run.header("Vary") == ["Accept, X-Requested-With"]


def test_all_names_of_templates_are_looked_up_in_their_order(world: World) -> None:
    run = world(paged(), ServerError(), path="/shop/cart/x", config={"ERROR_PAGE": "oops.html"})

    assert run.app.looked_up == [
        (
            "cart/errors/500.html",
            "cart/errors/5xx.html",
            "shop/errors/500.html",
            "shop/errors/5xx.html",
            "errors/500.html",
            "errors/5xx.html",
            "oops.html",
        )
    ]


def test_only_a_web_scope_shows_templates_and_only_as_a_page(world: World) -> None:
    assert world(paged("error.html", style=DEFAULT), NotFound()).text.startswith("<!DOCTYPE html>")
    assert world(paged("error.html"), NotFound(), accept="text/plain").text.startswith("404 Not Found")
    assert world(paged("error.html"), NotFound(), accept="application/json").document["status"] == 404


@pytest.mark.parametrize(("caching", "lookups"), [(True, 2), (False, 4)])
def test_a_template_is_looked_up_once_for_each_status_where_the_application_caches_them(
    world: World, caching: bool, lookups: int
) -> None:
    app = Application()
    app.caching = caching
    installation = installed(app, style=WEB)

    for exc in (NotFound(), Conflict(), NotFound(), Conflict()):
        drive(answer(opened(installation.table(), exc, RequestFacts())), called)

    assert len(app.looked_up) == lookups


# The response= decorator.


def decorated(app: Application, installation: Installation) -> None:
    installation.shared.set_style(ROOT, API)


def passing(function: Callable[[], Any]) -> Callable[[], Any]:
    def made() -> Any:
        document, status, headers = function()
        return {"error": document}, status, headers

    return made


def passing_later(function: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
    async def made() -> Any:
        return passing(function)()

    return made


@pytest.mark.parametrize("response", [passing, passing_later])
@pytest.mark.parametrize("accept", ["", "application/xml"])
def test_the_response_decorator_makes_the_documents(world: World, response: Callable[..., Any], accept: str) -> None:
    problem = lambda: Problem(409, when=float("nan"), headers={"X-A": "1"})  # noqa: E731

    run = world(decorated, problem, options={"response": response}, accept=accept)

    assert set(run.native.body["error"]) == {"type", "title", "status", "instance", "when"}
    assert run.native.body["error"]["when"] is None
    assert run.native.status == 409
    assert ("X-A", "1") in run.native.headers
    assert run.native.content_type is not None
    assert run.native.content_type("application/json") == "application/problem+json"


def test_the_response_decorator_has_nothing_to_do_with_pages_and_text(world: World) -> None:
    run = world(nothing, NotFound(), options={"response": passing})
    assert run.sent.content_type == "text/html; charset=utf-8"
    run = world(decorated, NotFound(), options={"response": passing}, accept="text/plain")
    assert run.text.startswith("404 Not Found")


def test_headers_of_the_exception_survive_the_response_decorator_every_one_of_them(world: World) -> None:
    challenges = [("WWW-Authenticate", 'Basic realm="a"'), ("WWW-Authenticate", 'Bearer realm="b"')]
    run = world(decorated, lambda: Problem(401, headers=challenges), options={"response": passing})

    sent = ", ".join(value for name, value in sent_headers(run.native) if name.lower() == "www-authenticate")
    assert 'Basic realm="a"' in sent
    assert 'Bearer realm="b"' in sent


def test_cookies_of_the_exception_survive_the_response_decorator_each_in_a_line_of_its_own(world: World) -> None:
    cookies = [("Set-Cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"), ("Set-Cookie", "b=2")]
    run = world(decorated, lambda: Problem(401, headers=cookies), options={"response": passing})

    # RFC 9110 section 5.3: Set-Cookie cannot be combined into one line.
    assert [pair for pair in sent_headers(run.native) if pair[0] == "Set-Cookie"] == cookies


def sent_headers(native: NativeAnswer) -> list[tuple[str, str]]:
    """Give the headers that a framework sends for an answer, as `NativeAnswer` documents them."""
    own = {name.lower() for name, _ in native.headers}
    vary = [] if native.vary is None else [("Vary", native.vary)]
    return [*native.headers, *(pair for pair in native.defaults if pair[0].lower() not in own), *vary]


@pytest.mark.parametrize(("style", "vary"), [(API, {"Accept"}), (WEB, {"Accept", "X-Requested-With"})])
def test_vary_names_what_was_used_for_a_document_of_the_response_decorator_too(
    world: World, style: Any, vary: set[str]
) -> None:
    def build(app: Application, installation: Installation) -> None:
        installation.shared.set_style(ROOT, style)

    run = world(build, NotFound(), options={"response": passing}, accept="application/json")

    found = run.native.vary or ""
    assert {item.strip() for item in found.split(",")} == vary


# Step 1.


class OutOfStock(LookupError):
    pass


def test_nobody_who_could_take_an_exception_means_no_plan(world: World) -> None:
    assert world(root(fail, "*", 500, "5xx", ValueError), OutOfStock(), step=claim).outcome is None


@pytest.mark.parametrize("colour", COLOURS)
def test_a_domain_exception_mapped_once_looks_like_the_scope_it_happened_in(
    world: World, colour: Callable[..., Any]
) -> None:
    def build(app: Application, installation: Installation) -> None:
        installation.shared.set_style("shop", API)
        registered(installation, ROOT, LookupError)(colour(lambda exc: Problem(404, detail="None left")))

    run = world(build, OutOfStock(), step=claim, path="/shop/x", accept="text/html")
    assert (run.document["status"], run.document["detail"]) == (404, "None left")
    run = world(build, OutOfStock(), step=claim, path="/x")
    assert (run.sent.status, run.sent.content_type) == (404, "text/html; charset=utf-8")


def test_an_exception_that_everybody_passes_on_goes_on_its_way(world: World) -> None:
    exc = OutOfStock()

    run = world(root(lambda exc: None, LookupError, OutOfStock), exc, step=claim)

    assert run.failure is exc
    assert run.records == []


def test_a_handler_that_fails_on_an_exception_is_the_frameworks_to_deal_with_both_linked(world: World) -> None:
    exc = OutOfStock()

    run = world(root(fail, OutOfStock), exc, step=claim)

    assert isinstance(run.failure, RuntimeError)
    assert run.failure.__context__ is exc


def test_a_value_returned_for_an_exception_without_a_status_is_a_500(world: World) -> None:
    run = world(root(lambda exc: "words", OutOfStock), OutOfStock, step=claim)

    assert run.native.status == 500


# Native handlers.


def native(function: Callable[..., Any], blueprint: str | None = None, *, generic: bool = False) -> Build:
    def build(app: Application, installation: Installation) -> None:
        app.native = lambda exc, blueprints: NativeHandler(
            function, exc, blueprint, function.__name__ == "awaited", generic
        )

    return build


@pytest.mark.parametrize("colour", [lambda function: function, later])
@pytest.mark.parametrize(
    "given", ["words", ("words", 404), ("words", "404 Gone"), Response("r", 404), ("words", {"X-A": "1"}), {"a": 1}]
)
def test_what_a_native_handler_returns_is_the_frameworks(world: World, given: Any, colour: Callable[..., Any]) -> None:
    run = world(native(colour(lambda exc: given)), NotFound())

    assert run.outcome == Given(given)
    assert run.app.answers == []
    assert len(run.records) == 1


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("x", 200),
        (("x", 404), 404),
        (("x", "418 Teapot"), 418),
        (Response("r", 409), 409),
        ((Response("r", 409), 410), 410),
    ],
)
def test_the_status_of_a_native_answer_is_the_one_that_is_logged(world: World, given: Any, status: int) -> None:
    (logged,) = world(native(lambda exc: given), NotFound()).records

    assert logged.__dict__["status"] == status


@pytest.mark.parametrize("given", [("words", 999), ("words", "OK"), Response("r", 700)])
def test_what_a_native_handler_returns_is_the_frameworks_even_if_errbridge_cannot_read_it(
    world: World, given: Any
) -> None:
    run = world(native(lambda exc: given), NotFound())

    assert run.outcome == Given(given)
    assert len(run.records) == 1


def test_a_native_handler_may_return_what_errbridge_understands(world: World) -> None:
    assert world(native(lambda exc: Problem(410)), NotFound()).sent.status == 410
    assert world(native(lambda exc: Reply("x", 411)), NotFound()).sent.status == 411
    assert world(native(lambda exc: None), NotFound()).sent.status == 404

    def build(app: Application, installation: Installation) -> None:
        native(lambda exc: Page("own.html"))(app, installation)
        app.templates["own.html"] = lambda context: "own"

    assert world(build, NotFound()).text == "own"


def test_a_native_handler_takes_an_uncaught_exception_as_without_errbridge(world: World) -> None:
    exc = OutOfStock()

    def took(caught: BaseException) -> Any:
        return ("took", 500) if caught is exc else "another"

    assert world(native(took), exc, step=claim).outcome == Given(("took", 500))
    assert world(native(took, generic=True), exc, step=claim).outcome == Given(("took", 500))


# Failures: the next rung.


def stop(exc: BaseException) -> None:
    raise StopIteration


def garbage(exc: BaseException) -> object:
    return object()


FAILING: list[tuple[str, Callable[[BaseException], Any]]] = [
    ("raises", fail),
    ("stop", stop),
    ("garbage", garbage),
    ("tuple", lambda exc: (1, 2, 3, 4)),
    ("short tuple", lambda exc: ("x",)),
    ("empty tuple", lambda exc: ()),
    ("status", lambda exc: ("x", "no status")),
    ("empty status", lambda exc: ("x", " ")),
    ("headers", lambda exc: ("x", 400, 5)),
    ("page", lambda exc: Page("missing.html")),
    ("page in a tuple", lambda exc: (Page("missing.html"), 400)),
    ("reply body", lambda exc: Reply(5)),  # type: ignore[arg-type]
    ("reply status", lambda exc: Reply("x", 99999)),
    ("reply text status", lambda exc: Reply("x", "404")),  # type: ignore[arg-type]
    ("reply headers", lambda exc: Reply("x", None, 5)),  # type: ignore[arg-type]
    ("exception", lambda exc: ValueError("returned")),
    ("redirect", lambda exc: HttpError()),
    ("class", lambda exc: Problem),
]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(("name", "handler"), FAILING, ids=[name for name, _ in FAILING])
def test_a_handler_that_fails_gives_way_to_the_scopes_built_in_representation(
    world: World, name: str, handler: Callable[..., Any], colour: Callable[..., Any]
) -> None:
    run = world(api(colour(handler), 404), NotFound)

    assert (run.sent.status, run.document["status"], run.document["detail"]) == (404, 404, "Not here")
    (logged,) = run.records
    assert logged.levelno == logging.ERROR
    assert logged.exc_info is not None
    failure: BaseException | None = logged.exc_info[1]
    chain: list[BaseException] = []
    while failure is not None and len(chain) < 20:
        chain.append(failure)
        failure = failure.__cause__ or failure.__context__
    assert any(isinstance(each, NotFound) for each in chain)  # both exceptions, linked
    assert "handler" in logged.getMessage()
    assert "answered 404" in logged.getMessage()


@pytest.mark.parametrize("fails", [fail, later(fail)])
def test_a_native_handler_that_fails_gives_way_too(world: World, fails: Callable[..., Any]) -> None:
    run = world(native(fails), NotFound())

    assert (run.sent.status, len(run.records)) == (404, 1)


def test_where_exceptions_are_shown_the_failure_of_a_handler_is_raised(world: World) -> None:
    exc = NotFound()

    def build(app: Application, installation: Installation) -> None:
        app.propagating = True
        registered(installation, ROOT, 404)(fail)

    run = world(build, exc)

    assert isinstance(run.failure, RuntimeError)
    assert run.failure.__context__ is exc
    assert run.records == []


def broken_page(app: Application, installation: Installation) -> None:
    def render(context: Mapping[str, Any]) -> str:
        raise RuntimeError("in the template")

    installation.shared.set_style(ROOT, WEB)
    app.templates["error.html"] = render


def test_a_template_that_fails_gives_way_to_the_built_in_page(world: World) -> None:
    run = world(broken_page, NotFound())

    assert run.text.startswith("<!DOCTYPE html>")
    (logged,) = run.records
    assert (logged.levelno, "failed" in logged.getMessage()) == (logging.ERROR, True)


def test_a_template_that_cannot_be_looked_up_gives_way_to_the_built_in_page(world: World) -> None:
    def build(app: Application, installation: Installation) -> None:
        def find_template(names: Any) -> None:
            raise OSError("the disk is gone")

        installation.shared.set_style(ROOT, WEB)
        app.find_template = find_template  # type: ignore[method-assign]

    run = world(build, NotFound())

    assert run.text.startswith("<!DOCTYPE html>")
    assert len(run.records) == 1


def test_where_exceptions_are_shown_the_failure_of_a_template_is_raised(world: World) -> None:
    def build(app: Application, installation: Installation) -> None:
        app.propagating = True
        broken_page(app, installation)

    run = world(build, NotFound())

    assert str(run.failure) == "in the template"


def broken(function: Callable[[], Any]) -> Callable[[], Any]:
    raise RuntimeError("in the decorator")


def broken_inside(function: Callable[[], Any]) -> Callable[[], Any]:
    def made() -> Any:
        raise RuntimeError("in the decorated")

    return made


@pytest.mark.parametrize("response", [broken, broken_inside, lambda function: None, lambda function: lambda: object()])
def test_a_response_decorator_that_fails_gives_way_to_the_built_in_document(
    world: World, response: Callable[..., Any]
) -> None:
    run = world(decorated, NotFound(), options={"response": response})

    assert run.document["status"] == 404
    assert len(run.records) == 1


@pytest.mark.parametrize("accept", ["application/json", "application/xml", "text/plain", "text/html"])
def test_a_representation_that_fails_gives_way_to_constant_bytes(
    world: World, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    def render(incident: object) -> bytes:
        raise RuntimeError("in the representation")

    for media_type in list(REPRESENTATIONS):
        monkeypatch.setitem(REPRESENTATIONS, media_type, render)

    exc = Conflict()
    run = world(nothing, exc, accept=accept)

    assert (run.sent.status, run.sent.body) == (409, b"409 Conflict\n")
    assert run.sent.content_type == "text/plain; charset=utf-8"
    (logged,) = run.records
    assert logged.levelno == logging.ERROR
    assert logged.exc_info is not None
    assert isinstance(logged.exc_info[1], RuntimeError)
    assert logged.exc_info[1].__context__ is exc


def test_a_failing_handler_and_a_failing_representation_are_one_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def render(incident: object) -> bytes:
        raise RuntimeError("in the representation")

    for media_type in list(REPRESENTATIONS):
        monkeypatch.setitem(REPRESENTATIONS, media_type, render)

    run = world(root(fail, 404), NotFound())

    assert run.sent.status == 404
    assert len(run.records) == 1


@pytest.mark.parametrize("title", [5, None, ["x"], RaisesOnStr(), b"x"])
def test_a_title_that_is_no_text_does_not_break_the_answer(world: World, title: Any) -> None:
    for accept in ("application/json", "application/xml", "text/plain", "text/html"):
        run = world(nothing, lambda: Problem(409, title=title), accept=accept)
        assert run.sent.status == 409
        assert run.sent.body


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), GeneratorExit()])
def test_what_ends_the_process_passes_through_a_plan_untouched(error: BaseException) -> None:
    def handler(exc: BaseException) -> None:
        raise error

    installation = installed()
    registered(installation, ROOT, 404)(handler)
    for run in (lambda plan: drive(plan, called), arun):
        with pytest.raises(type(error)) as caught:
            run(answer(opened(installation.table(), NotFound(), RequestFacts())))
        assert caught.value is error


# Linking.


def test_a_failure_that_has_a_context_of_its_own_keeps_it(world: World) -> None:
    exc = OutOfStock()

    def handler(caught: BaseException) -> None:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("second") from error

    run = world(root(handler, OutOfStock), exc, step=claim)

    assert isinstance(run.failure.__cause__, KeyError)
    assert run.failure.__cause__.__context__ is exc


def test_an_exception_that_is_raised_again_is_not_linked_to_itself(world: World) -> None:
    exc = OutOfStock()

    def again(caught: BaseException) -> None:
        raise caught

    run = world(root(again, OutOfStock), exc, step=claim)

    assert run.failure is exc
    assert (exc.__context__, exc.__cause__) == (None, None)


def test_a_chain_that_is_a_ring_already_ends(world: World) -> None:
    first, second = ValueError("first"), KeyError("second")
    first.__context__, second.__context__ = second, first

    def handler(caught: BaseException) -> None:
        raise first

    assert isinstance(world(root(handler, OutOfStock), OutOfStock, step=claim).outcome, Raised)


# The log.


@pytest.mark.parametrize(
    ("exc", "level", "stack"),
    [
        (NotFound, logging.INFO, False),
        (lambda: Problem(503), logging.ERROR, False),
        (lambda: ServerError(original_exception=ValueError("v")), logging.ERROR, True),
    ],
)
def test_every_answer_is_logged_once(world: World, exc: Callable[[], BaseException], level: int, stack: bool) -> None:
    for build in (nothing, api(lambda exc: None, "*"), api(lambda exc: "words", "*"), api(lambda exc: Reply("x"), "*")):
        (logged,) = world(build, exc, path="/x").records
        assert (logged.name, logged.levelno, logged.exc_info is not None) == ("errbridge", level, stack)
        assert logged.__dict__["scope"] == "app"


def test_the_record_has_the_id_that_the_client_sees(world: World) -> None:
    run = world(api(), NotFound())

    # The fixture gives the outcome of the sync run and its records.
    assert run.document["instance"] == f"urn:uuid:{run.records[0].__dict__['incident_id']}"


# Where there is no application to ask.


def test_what_escapes_a_request_is_answered_without_handlers_and_templates(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    app = Application()
    app.templates["error.html"] = lambda context: "own"
    installation = installed(app, style=WEB)
    registered(installation, ROOT, "*", ValueError)(fail)

    for exc, status in ((ValueError("secret"), 500), (NotFound(), 404)):
        caplog.clear()
        sent = answer_outside(installation.table(), exc, RequestFacts(accept="application/json"))
        assert isinstance(sent, Answer)
        assert (sent.status, sent.content_type) == (status, "application/problem+json")
        assert b"secret" not in (sent.body or b"")
        assert len(caplog.records) == 1


def test_in_front_of_all_applications_a_problem_is_answered_by_accept(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="errbridge")
    problem = Problem(413, detail="Too much", max_bytes=5)

    sent = answer_edge(problem, RequestFacts(accept="application/json"))
    assert (sent.status, sent.content_type) == (413, "application/problem+json")
    assert json.loads(sent.body or b"")["max_bytes"] == 5
    page = answer_edge(problem, RequestFacts(), Settings(type_uri="urn:{slug}"))
    assert page.content_type == "text/html; charset=utf-8"
    forced = answer_edge(problem, RequestFacts(accept="application/json"), Settings(force_content_type=False))
    assert forced.content_type == "application/json"
    assert [logged.levelno for logged in caplog.records] == [logging.INFO] * 3


def test_the_cause_of_a_problem_in_front_of_all_applications_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    problem = Problem(502)
    problem.__cause__ = ConnectionError("upstream")

    sent = answer_edge(problem, RequestFacts())

    assert sent.status == 502
    assert b"upstream" not in (sent.body or b"")
    (logged,) = caplog.records
    assert logged.exc_info is not None
    assert isinstance(logged.exc_info[1], ConnectionError)


# Everything together.


@given(
    text=ANY_TEXT,
    accept=st.one_of(ANY_TEXT, st.sampled_from(["", "*/*", "application/json", "application/xml", "text/plain"])),
    status=st.integers(400, 599),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
    headers=st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=2),
    style=st.sampled_from([API, WEB, DEFAULT]),
    xhr=st.booleans(),
)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_of_a_client_or_an_author_keeps_an_answer_from_being_complete(
    world: World,
    text: str,
    accept: str,
    status: int,
    method: str,
    headers: list[tuple[str, str]],
    style: Any,
    xhr: bool,
) -> None:
    def build(app: Application, installation: Installation) -> None:
        installation.shared.set_style(Scope(prefix="/p"), style)

    extensions: dict[str, Any] = {f"x{text}": text}
    run = world(
        build,
        lambda: Problem(status, title=text, detail=text, headers=headers, **extensions),
        path=f"/p/{text}",
        host=text,
        accept=accept,
        method=method,
        xhr=xhr,
        traceparent=text,
        root_path=text,
    )

    assert run.sent.status == status
    assert (run.sent.body is None) == (method == "HEAD")
    assert run.sent.content_type
    assert run.header("X-Content-Type-Options")
    for name, value in run.sent.headers:
        assert not set(name + value) & {"\r", "\n", "\0"}
        (name + value).encode("ascii")


def test_a_module_of_handlers_is_included_on_any_target(world: World) -> None:
    module = Handlers()

    @module.register(LookupError)
    def missing(exc: BaseException) -> Problem:
        return Problem(404, detail="There is no such thing")

    def build(app: Application, installation: Installation) -> None:
        installation.shared.include(Scope(prefix="/shop"), module)

    assert world(build, OutOfStock, step=claim, path="/shop/x").sent.status == 404
    assert world(build, OutOfStock, step=claim, path="/x").outcome is None
