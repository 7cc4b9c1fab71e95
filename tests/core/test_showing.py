"""How a problem is shown: by the application's templates, by the ``response=`` decorator, and by errbridge itself."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errbridge import Page, Problem, RequestFacts, Scope
from errbridge.adapter import Draft, HTTPErrorFacts, Installation, Response
from errbridge.application.errormap import Look
from errbridge.application.settings import Settings
from errbridge.handling import builtin
from errbridge.handling.context import ErrorContext
from errbridge.http.accept import HTML, JSON, TEXT, XML
from errbridge.mapping.problems import uncaught_problem
from errbridge.representations.rendering import REPRESENTATIONS
from errbridge.representations.styles import API, DEFAULT, STYLES, WEB
from errbridge.scopes.scope import ROOT
from tests.clients import OCCURRENCE
from tests.core.fakes import (
    ANY_TEXT,
    UUID_TEXT,
    Application,
    Build,
    Conflict,
    MethodNotAllowed,
    NotFound,
    RaisesOnStr,
    ServerError,
    World,
    an_api,
    answer,
    at_root,
    chain_of,
    fail,
    install,
    nothing,
    open_context,
    place,
    register,
)

NOSNIFF = ("X-Content-Type-Options", "nosniff")


@pytest.fixture(autouse=True)
def nothing_is_kept_of_other_tests() -> None:
    builtin._render_shared.cache_clear()


# Without a handler the style answers.


def test_installing_is_enough_for_a_page(world: World) -> None:
    run = world(nothing, NotFound())

    assert (run.sent.status, run.sent.content_type) == (404, "text/html; charset=utf-8")
    assert "Page not found" in run.text
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
    run = world(an_api(), lambda: Problem(409, detail="Sold", sku="a", headers={"Retry-After": "0"}))

    document = run.document
    assert UUID_TEXT.search(document.pop("instance"))
    assert document == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "Sold",
        "sku": "a",
        "retry_after": 0,
    }
    assert run.sent.headers == (
        ("Content-Type", "application/problem+json"),
        ("Retry-After", "0"),
        NOSNIFF,
        ("Vary", "Accept"),
    )


def test_documents_go_out_under_another_type_where_that_is_configured(world: World) -> None:
    config = {"ERROR_FORCE_CONTENT_TYPE": False, "ERROR_TYPE_URI": "urn:{slug}"}
    run = world(an_api(), NotFound(), config=config)

    assert run.sent.content_type == "application/json"
    assert run.document["type"] == "urn:not-found"


def test_an_uncaught_exception_shows_nothing_of_itself_and_is_not_stored(world: World) -> None:
    for accept in ("application/json", "application/xml", "text/plain", "text/html"):
        run = world(nothing, lambda: ServerError("secret", original=ValueError("secret")), accept=accept)
        assert run.sent.status == 500
        assert ("Something went wrong" if accept == "text/html" else "Unhandled Exception") in run.text
        assert "secret" not in run.text
        assert "ValueError" not in run.text
        assert run.header("Cache-Control") == ["no-store"]


@pytest.mark.parametrize("exc", [NotFound, lambda: NotFound("own words")])
def test_head_has_the_headers_of_get(world: World, exc: Callable[[], Exception]) -> None:
    get, head = world(an_api(), exc), world(an_api(), exc, method="HEAD")

    assert head.sent.body is None
    assert head.sent.headers == (*get.sent.headers, ("Content-Length", str(len(get.text.encode()))))


@pytest.mark.parametrize(("enabled", "vary"), [(True, "Accept, X-Requested-With"), (False, "Accept")])
def test_a_web_scope_answers_an_xml_http_request_with_a_document_unless_disabled(
    world: World, enabled: bool, vary: str
) -> None:
    run = world(a_site(), NotFound(), config={"ERROR_XHR_ENABLED": enabled}, xhr=True)

    assert run.sent.content_type == ("application/problem+json" if enabled else "text/html; charset=utf-8")
    assert run.header("Vary") == [vary]


def test_the_trace_of_a_request_is_shown_in_its_answer_alone(world: World) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    installation = install(style=API)

    def shown(**facts: Any) -> bytes:
        sent = answer(installation, NotFound(), **facts)
        assert isinstance(sent, Response)
        assert sent.body is not None
        return sent.body

    assert b"trace_id" not in shown()
    assert trace.encode() in shown(traceparent=f"00-{trace}-b7ad6b7169203331-01")
    assert b"trace_id" not in shown()
    assert b'"trace_id":"f' in shown(trace_id="f" * 32)


# Pages of the application's own.


def a_site(*templates: str, style: str = "web") -> Build:
    def named(template: str) -> Callable[[Mapping[str, Any]], str]:
        return lambda context: f"{template} {context['error'].title}"

    def build(app: Application, installation: Installation) -> None:
        installation.shared.set_style(ROOT, style)
        app.templates.update({template: named(template) for template in templates})

    return build


def test_a_page_of_the_applications_own_is_rendered_with_the_error_and_the_incident(world: World) -> None:
    def build(app: Application, installation: Installation) -> None:
        app.templates["own.html"] = lambda context: f"{context['error'].detail} {context['incident'].id} {context['x']}"
        register(installation, ROOT, 404)(lambda exc: Page("own.html", x="\ud800"))

    run = world(build, NotFound())

    assert (run.sent.status, run.sent.content_type) == (404, "text/html; charset=utf-8")
    assert re.fullmatch(f"Not here {UUID_TEXT.pattern} \\?", run.text)


def test_the_context_of_a_page_wins(world: World) -> None:
    def build(app: Application, installation: Installation) -> None:
        app.templates["own.html"] = lambda context: f"{context['error']}"
        register(installation, ROOT, 404)(lambda exc: Page(["none.html", "own.html"], error="mine"))

    assert world(build, NotFound()).text == "mine"


def test_a_page_may_stand_in_a_tuple_with_a_status_and_headers_every_one_of_them(world: World) -> None:
    def build(app: Application, installation: Installation) -> None:
        app.templates["own.html"] = lambda context: "own"
        cookies = [("Set-Cookie", "a"), ("Set-Cookie", "b"), ("content-type", "text/x")]
        register(installation, ROOT, 404)(lambda exc: (Page("own.html"), "418 Teapot", cookies))

    run = world(build, NotFound())

    assert (run.sent.status, run.text) == (418, "own")
    assert run.header("Set-Cookie") == ["a", "b"]
    assert run.header("Content-Type") == ["text/x"]


@pytest.mark.parametrize("arity", [1, 2])
def test_the_page_of_a_handler_that_saw_the_incident_depends_on_what_the_client_wants(world: World, arity: int) -> None:
    def build(app: Application, installation: Installation) -> None:
        app.templates["own.html"] = lambda context: "own"
        handler = (lambda exc: Page("own.html")) if arity == 1 else (lambda exc, incident: Page("own.html"))
        register(installation, ROOT, 404)(handler)

    assert world(build, NotFound()).header("Vary") == ([] if arity == 1 else ["Accept"])


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
    run = world(a_site(*templates), NotFound(), path="/shop/cart/x")

    assert run.sent.status == 404
    assert run.text == f"{expected} Not Found" if expected else run.text.startswith("<!DOCTYPE html>")
    assert run.header("Vary") == ["Accept, X-Requested-With"]


def test_all_names_of_templates_are_looked_up_in_their_order(world: World) -> None:
    run = world(a_site(), ServerError(), path="/shop/cart/x", config={"ERROR_PAGE": "oops.html"})

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
    assert world(a_site("error.html", style="default"), NotFound()).text.startswith("<!DOCTYPE html>")
    assert world(a_site("error.html"), NotFound(), accept="text/plain").text.startswith("404 Not Found")
    assert world(a_site("error.html"), NotFound(), accept="application/json").document["status"] == 404


@pytest.mark.parametrize(("is_caching", "lookups"), [(True, 2), (False, 4)])
@pytest.mark.parametrize("is_there", [False, True])
def test_a_template_is_looked_up_once_for_each_status_where_the_application_caches_them(
    is_caching: bool, lookups: int, is_there: bool
) -> None:
    app = Application()
    app.is_caching = is_caching
    if is_there:
        app.templates["error.html"] = lambda context: "own"
    installation = install(app, style=WEB)

    for exc in (NotFound(), Conflict(), NotFound(), Conflict()):
        answer(installation, exc)

    assert len(app.looked_up) == lookups


def test_a_template_that_is_added_while_templates_are_reloaded_is_found() -> None:
    app = Application()
    app.is_caching = False
    installation = install(app, style=WEB)

    def shown() -> bytes:
        sent = answer(installation, NotFound())
        assert isinstance(sent, Response)
        return sent.body or b""

    assert shown().startswith(b"<!DOCTYPE html>")
    app.templates["error.html"] = lambda context: "my own"
    assert shown() == b"my own"


# The response= decorator.


def wrap(function: Callable[[], Any]) -> Callable[[], Any]:
    def made() -> Any:
        document, status, headers = function()
        return {"error": document}, status, headers

    return made


def wrap_async(function: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
    async def made() -> Any:
        return wrap(function)()

    return made


@pytest.mark.parametrize("response", [wrap, wrap_async])
@pytest.mark.parametrize("accept", ["", "application/xml"])
def test_the_response_decorator_makes_the_documents(world: World, response: Callable[..., Any], accept: str) -> None:
    problem = lambda: Problem(409, when=float("nan"), headers={"X-A": "1"})  # noqa: E731

    run = world(an_api(), problem, options={"response": response}, accept=accept)

    assert set(run.draft.body["error"]) == {"type", "title", "status", "instance", "when"}
    assert run.draft.body["error"]["when"] is None
    assert run.draft.status == 409
    assert ("X-A", "1") in run.draft.headers
    assert run.draft.content_type is not None
    assert run.draft.content_type("application/json") == "application/problem+json"


def test_the_response_decorator_has_nothing_to_do_with_pages_and_text(world: World) -> None:
    run = world(nothing, NotFound(), options={"response": wrap})
    assert run.sent.content_type == "text/html; charset=utf-8"
    run = world(an_api(), NotFound(), options={"response": wrap}, accept="text/plain")
    assert run.text.startswith("404 Not Found")


def test_headers_of_the_exception_survive_the_response_decorator_every_one_of_them(world: World) -> None:
    challenges = [("WWW-Authenticate", 'Basic realm="a"'), ("WWW-Authenticate", 'Bearer realm="b"')]
    run = world(an_api(), lambda: Problem(401, headers=challenges), options={"response": wrap})

    sent = ", ".join(value for name, value in sent_headers(run.draft) if name.lower() == "www-authenticate")
    assert 'Basic realm="a"' in sent
    assert 'Bearer realm="b"' in sent


def test_cookies_of_the_exception_survive_the_response_decorator_each_in_a_line_of_its_own(world: World) -> None:
    cookies = [("Set-Cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"), ("Set-Cookie", "b=2")]
    run = world(an_api(), lambda: Problem(401, headers=cookies), options={"response": wrap})

    # RFC 9110 section 5.3: Set-Cookie cannot be combined into one line.
    assert [pair for pair in sent_headers(run.draft) if pair[0] == "Set-Cookie"] == cookies


def sent_headers(draft: Draft) -> list[tuple[str, str]]:
    """List the headers that a framework sends for a draft, as `Draft` documents them."""
    own = {name.lower() for name, _ in draft.headers}
    vary = [] if draft.vary is None else [("Vary", draft.vary)]
    return [*draft.headers, *(pair for pair in draft.defaults if pair[0].lower() not in own), *vary]


@pytest.mark.parametrize(("style", "vary"), [("api", {"Accept"}), ("web", {"Accept", "X-Requested-With"})])
def test_vary_names_what_was_used_for_a_document_of_the_response_decorator_too(
    world: World, style: str, vary: set[str]
) -> None:
    run = world(a_site(style=style), NotFound(), options={"response": wrap}, accept="application/json")

    assert {item.strip() for item in (run.draft.vary or "").split(",")} == vary


# Failures: the built-in representation, then constant bytes.


def a_broken_site(app: Application, installation: Installation) -> None:
    def render(context: Mapping[str, Any]) -> str:
        raise RuntimeError("in the template")

    installation.shared.set_style(ROOT, "web")
    app.templates["error.html"] = render


def test_a_template_that_fails_gives_way_to_the_built_in_page(world: World) -> None:
    exc = NotFound()
    run = world(a_broken_site, exc)

    assert run.text.startswith("<!DOCTYPE html>")
    (logged,) = run.records
    assert logged.levelno == logging.ERROR
    assert "after the template 'error.html' failed" in logged.getMessage()
    assert logged.exc_info is not None
    assert isinstance(logged.exc_info[1], RuntimeError)
    assert exc in chain_of(logged.exc_info[1])


def test_a_broken_template_is_logged_at_each_error_not_at_the_first_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    app = Application()
    installation = install(app)
    a_broken_site(app, installation)

    for _ in range(4):
        sent = answer(installation, NotFound(), accept="text/html")
        assert isinstance(sent, Response)
        assert (sent.body or b"").startswith(b"<!DOCTYPE html>")

    assert [logged.levelno for logged in caplog.records] == [logging.ERROR] * 4
    assert all(logged.exc_info and isinstance(logged.exc_info[1], RuntimeError) for logged in caplog.records)
    assert len({logged.__dict__["incident_id"] for logged in caplog.records}) == 4


def test_a_template_that_cannot_be_compiled_is_logged_at_each_error_and_shown_once_it_can(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Application()
    installation = install(app, style=WEB)
    find_template = app.find_template

    def broken(names: Any) -> str:
        raise ZeroDivisionError("a syntax error")

    app.find_template = broken  # type: ignore[method-assign]
    for _ in range(3):
        answer(installation, NotFound())
    assert [logged.levelno for logged in caplog.records] == [logging.ERROR] * 3
    assert "'errors/404.html' or 'errors/4xx.html' or 'error.html': line 7 failed" in caplog.records[-1].getMessage()

    app.find_template = find_template  # type: ignore[method-assign]
    app.templates["error.html"] = lambda context: "mended"
    sent = answer(installation, NotFound())
    assert isinstance(sent, Response)
    assert sent.body == b"mended"


def test_the_page_of_a_handler_that_fails_is_named_with_its_templates(world: World) -> None:
    def build(app: Application, installation: Installation) -> None:
        app.templates["own.html"] = lambda context: str(1 / 0)
        register(installation, ROOT, 404)(lambda exc: Page("own.html"))
        register(installation, ROOT, 409)(lambda exc: Page(["a.html", "own.html"]))

    (logged,) = world(build, NotFound()).records
    assert "(template 'own.html': line 7) failed" in logged.getMessage()
    (logged,) = world(build, Conflict()).records
    assert "(template 'a.html' or 'own.html': line 7) failed" in logged.getMessage()


def test_a_template_that_cannot_be_looked_up_gives_way_to_the_built_in_page(world: World) -> None:
    def build(app: Application, installation: Installation) -> None:
        def find_template(names: Any) -> None:
            raise OSError("the disk is gone")

        installation.shared.set_style(ROOT, "web")
        app.find_template = find_template  # type: ignore[method-assign]

    run = world(build, NotFound())

    assert run.text.startswith("<!DOCTYPE html>")
    assert len(run.records) == 1


def test_where_exceptions_are_shown_the_failure_of_a_template_is_raised(world: World) -> None:
    exc = NotFound()

    def build(app: Application, installation: Installation) -> None:
        app.is_propagating = True
        a_broken_site(app, installation)

    run = world(build, exc)

    assert (type(run.failure), str(run.failure)) == (RuntimeError, "in the template")
    assert run.failure.__context__ is exc


def broken_decorator(function: Callable[[], Any]) -> Callable[[], Any]:
    raise RuntimeError("in the decorator")


def broken_inside(function: Callable[[], Any]) -> Callable[[], Any]:
    def made() -> Any:
        raise RuntimeError("in the decorated")

    return made


@pytest.mark.parametrize(
    "response", [broken_decorator, broken_inside, lambda function: None, lambda function: lambda: object()]
)
def test_a_response_decorator_that_fails_gives_way_to_the_built_in_document(
    world: World, response: Callable[..., Any]
) -> None:
    run = world(an_api(), NotFound(), options={"response": response})

    assert run.document["status"] == 404
    assert len(run.records) == 1


def test_a_response_decorator_without_a_result_fails_with_what_to_return(world: World) -> None:
    run = world(an_api(), NotFound(), options={"response": lambda function: lambda: None})

    (logged,) = run.records
    assert "after the response= decorator failed" in logged.getMessage()
    assert logged.exc_info is not None
    assert "return (document, status, headers)" in str(logged.exc_info[1])


@pytest.fixture
def broken_representations(monkeypatch: pytest.MonkeyPatch) -> None:
    def render(*_given: object) -> bytes:
        raise RuntimeError("in the representation")

    for media_type in list(REPRESENTATIONS):
        monkeypatch.setitem(REPRESENTATIONS, media_type, render)


@pytest.mark.parametrize("accept", ["application/json", "application/xml", "text/plain", "text/html"])
@pytest.mark.parametrize("exc", [Conflict, lambda: Conflict("own words")])
@pytest.mark.usefixtures("broken_representations")
def test_a_representation_that_fails_gives_way_to_constant_bytes(
    world: World, accept: str, exc: Callable[[], Exception]
) -> None:
    raised = exc()
    run = world(nothing, raised, accept=accept)

    assert (run.sent.status, run.sent.body) == (409, b"409 Conflict\n")
    assert run.sent.content_type == "text/plain; charset=utf-8"
    (logged,) = run.records
    assert logged.levelno == logging.ERROR
    assert logged.exc_info is not None
    assert isinstance(logged.exc_info[1], RuntimeError)
    assert logged.exc_info[1].__context__ is raised


def test_a_representation_that_failed_is_tried_again_and_reported_each_time(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_given: object) -> bytes:
        raise RuntimeError("not now")

    installation = install()
    with monkeypatch.context() as patch:
        patch.setitem(REPRESENTATIONS, HTML, failing)
        for _ in range(2):
            sent = answer(installation, NotFound())
            assert isinstance(sent, Response)
            assert sent.body == b"404 Not Found\n"
    assert [logged.levelno for logged in caplog.records] == [logging.ERROR] * 2

    sent = answer(installation, NotFound())
    assert isinstance(sent, Response)
    assert (sent.body or b"").startswith(b"<!DOCTYPE html>")


@pytest.mark.usefixtures("broken_representations")
def test_a_failing_handler_and_a_failing_representation_are_one_record_of_what_failed_first(world: World) -> None:
    run = world(at_root(fail, 404), NotFound())

    assert (run.sent.status, run.sent.body) == (404, b"404 Not Found\n")
    (logged,) = run.records
    assert "after the handler tests.core.fakes.fail failed" in logged.getMessage()


@pytest.mark.parametrize("title", [5, None, ["x"], RaisesOnStr(), b"x"])
def test_a_title_that_is_no_text_does_not_break_the_answer(world: World, title: Any) -> None:
    for accept in ("application/json", "application/xml", "text/plain", "text/html"):
        run = world(nothing, lambda: Problem(409, title=title), accept=accept)
        assert run.sent.status == 409
        assert run.sent.body


# What equal errors share.


def rendered_alone(context: ErrorContext) -> Response:
    """Answer an error as if no other were equal to it."""
    context.is_shared = False
    return builtin.show_built_in(context)


FACTS = st.builds(
    HTTPErrorFacts,
    st.integers(400, 599),
    detail=st.none() | st.text(max_size=20),
    title=st.none() | st.text(max_size=20),
    is_stock=st.booleans(),
    headers=st.lists(
        st.sampled_from(["Allow", "WWW-Authenticate", "Content-Range", "X-A", "Vary"]).flatmap(
            lambda name: st.tuples(st.just(name), st.text("aGET ,7*/=", max_size=8))
        ),
        max_size=3,
    ).map(tuple),
    is_shared=st.just(True),
)
PROBLEMS = FACTS.map(lambda facts: facts.problem) | st.text(max_size=20).map(uncaught_problem)


@given(
    problem=PROBLEMS,
    style=st.sampled_from([API, WEB, DEFAULT]),
    media_type=st.sampled_from([JSON, XML, HTML, TEXT]),
    method=st.sampled_from(["GET", "HEAD", "POST", "DELETE", "BREW"]),
    root_path=st.sampled_from(["", "/mount", "/a/b"]) | ANY_TEXT,
    facts=st.fixed_dictionaries(
        {}, optional={"path": st.just("/shop/x") | ANY_TEXT, "host": ANY_TEXT, "accept": ANY_TEXT, "xhr": st.booleans()}
    ),
    config=st.fixed_dictionaries(
        {},
        optional={
            "ERROR_FORCE_CONTENT_TYPE": st.booleans(),
            "ERROR_XHR_ENABLED": st.booleans(),
            "ERROR_CSP_ENABLED": st.booleans(),
            "ERROR_TYPE_URI": st.sampled_from(["urn:{slug}", "https://example.com/{status}"]),
        },
    ),
)
@settings(
    deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_what_equal_errors_share_is_what_an_error_alone_would_be_answered_with(
    problem: Problem,
    style: Any,
    media_type: str,
    method: str,
    root_path: str,
    facts: dict[str, Any],
    config: dict[str, Any],
) -> None:
    installation = install(Application(place("shop", "/shop"), **config))
    context = open_context(installation, NotFound(), method=method, root_path=root_path, **facts)
    context.problem, context.look = problem, context.look._replace(style=style, media_type=media_type)
    context.original = None

    first, second = builtin.show_built_in(context), builtin.show_built_in(context)

    assert context.is_shared
    assert first == second == rendered_alone(context)
    assert method == "HEAD" or media_type in (HTML, TEXT) or context.id.encode() in (first.body or b"")


def test_equal_errors_are_rendered_once_around_their_ids(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="errbridge")
    rendered: list[object] = []
    render_html = REPRESENTATIONS[HTML]

    def counting(incident: Any, site: Any) -> bytes:
        rendered.append(incident)
        return render_html(incident, site)

    monkeypatch.setitem(REPRESENTATIONS, HTML, counting)
    installation = install()
    sent = [answer(installation, NotFound()) for _ in range(5)]
    bodies = {found.body for found in sent if isinstance(found, Response)}

    assert (len(rendered), len(bodies)) == (1, 5)
    assert len({OCCURRENCE.sub("", (body or b"").decode()) for body in bodies}) == 1


@pytest.mark.parametrize(
    "exc", [lambda: NotFound("own words"), lambda: Problem(404), lambda: Problem(404, detail="Not here")]
)
def test_an_error_with_words_of_its_own_is_rendered_alone(exc: Callable[[], Exception]) -> None:
    for _ in range(3):
        answer(install(), exc())

    assert builtin._render_shared.cache_info().currsize == 0


@pytest.mark.parametrize(
    "facts",
    [
        {"trace_id": "of another kind"},
        {"request_id": "r-1", "method": "HEAD"},
        {"root_path": "/mount", "method": "HEAD"},
        {"allow": ("GET",)},
    ],
    ids=lambda facts: next(iter(facts)),
)
def test_an_answer_that_a_request_adds_something_to_is_rendered_alone(facts: dict[str, Any]) -> None:
    answer(install(), MethodNotAllowed(), **facts)

    assert builtin._render_shared.cache_info().currsize == 0


def test_methods_of_other_applications_are_allowed_in_the_answer_to_one_request_alone(world: World) -> None:
    alone = world(an_api(), MethodNotAllowed).document
    together = world(an_api(), MethodNotAllowed, allow=("DELETE",)).document

    assert (alone["allowed"], together["allowed"]) == (["GET", "PUT"], ["DELETE", "GET", "PUT"])
    assert world(an_api(), MethodNotAllowed).document["allowed"] == ["GET", "PUT"]


def test_a_page_made_in_advance_is_rendered_alone() -> None:
    sent = builtin.show_built_in(open_context(install(), NotFound()).anonymize())

    assert builtin._render_shared.cache_info().currsize == 0
    assert not UUID_TEXT.search((sent.body or b"").decode())


def test_mounts_that_clients_make_up_share_one_answer() -> None:
    installation = install()
    for number in range(20):
        found = answer(installation, NotFound(), root_path=f"/mount{number}")
        assert isinstance(found, Response)
        assert f'href="/mount{number}/"' in (found.body or b"").decode()

    assert builtin._render_shared.cache_info().currsize == 1


def test_what_equal_errors_share_is_not_kept_without_bound() -> None:
    limit = builtin._render_shared.cache_info().maxsize
    assert limit is not None
    assert limit <= 2048


def test_methods_that_clients_make_up_share_one_answer() -> None:
    installation = install()
    for number in range(20):
        answer(installation, NotFound(), method=f"METHOD{number}")

    assert builtin._render_shared.cache_info().currsize == 1


def test_applications_with_words_of_their_own_do_not_share_an_answer() -> None:
    installations = [install(Application(ERROR_DEFAULT_MSG=f"Words {number}")) for number in range(5)]
    for _ in range(2):
        for number, installation in enumerate(installations):
            sent = answer(installation, ServerError(original=KeyError()), accept="text/plain")
            assert isinstance(sent, Response)
            assert f"Words {number}\n".encode() in (sent.body or b"")


def test_a_setting_that_counts_after_a_registration_changes_what_equal_errors_share() -> None:
    app = Application()
    installation = install(app, style=API)

    def shown() -> bytes:
        sent = answer(installation, NotFound())
        assert isinstance(sent, Response)
        return sent.body or b""

    assert b"about:blank" in shown()
    app.config["ERROR_TYPE_URI"] = "urn:{slug}"
    installation.shared.touch()
    assert b"urn:not-found" in shown()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_placeholder_is_in_an_answer(method: str) -> None:
    for style in STYLES.values():
        for accept in ("", "application/json", "application/xml", "text/plain", "text/html"):
            sent = answer(install(style=style), NotFound(), accept=accept, method=method)
            assert all(text not in repr(sent) for text in builtin._PLACES)


# Everything together.


@given(
    text=ANY_TEXT,
    accept=st.one_of(ANY_TEXT, st.sampled_from(["", "*/*", "application/json", "application/xml", "text/plain"])),
    status=st.integers(400, 599),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
    headers=st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=2),
    style=st.sampled_from(list(STYLES)),
    xhr=st.booleans(),
)
@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_text_of_a_client_or_an_author_keeps_an_answer_from_being_complete(
    world: World,
    text: str,
    accept: str,
    status: int,
    method: str,
    headers: list[tuple[str, str]],
    style: str,
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


def test_the_look_of_an_answer_is_all_but_the_problem_and_the_request() -> None:
    """Settings that say the same are still two: what one application shares with itself is not another's."""
    look = Look(Settings(), DEFAULT, HTML)
    other = Look(Settings(csp_enabled=False), DEFAULT, HTML)
    problem = HTTPErrorFacts(404, is_shared=True).problem
    form = builtin.Form("GET", has_reference=False, has_trace=False, has_request_id=False)

    one, two = (builtin._render_shared(each, problem, form) for each in (look, other))

    assert one.body == two.body
    assert {"Content-Security-Policy"} == {name for name, _ in one.headers} - {name for name, _ in two.headers}


def test_folders_of_templates_are_those_of_the_blueprints_innermost_first_then_the_applications() -> None:
    places = [place("shop", "/shop"), place("shop.cart", "/shop/cart")]
    chain = install(Application(*places)).error_map().find_chain(NotFound(), RequestFacts(path="/shop/cart"))

    assert chain.folders == ("cart/errors", "shop/errors", "errors")
