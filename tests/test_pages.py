"""Pages: the application's own ones, what the log says when one fails, and the policy of the built-in one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from jinja2 import DictLoader, FileSystemLoader, TemplateNotFound

from errbridge import Page, Problem, Reply
from errbridge.asgi import Bridge
from tests.applications import (
    Application,
    Ask,
    a_blueprint,
    a_catch_all,
    a_handler,
    a_hook,
    a_site,
    a_view,
    aborting,
    an_app,
    answering,
    failing,
    in_style,
    raising,
    with_templates,
)
from tests.clients import Request
from tests.policy import POLICY
from tests.twins import Twins, World

CSP = "Content-Security-Policy"


# The application's own pages.


def page(main: str) -> str:
    return f"{{% extends 'layout.html' %}}{{% block main %}}{main}{{% endblock %}}"


own_pages = a_site(
    with_templates(
        {
            "layout.html": (
                "<title>{{ error.status }} | {{ site }}</title>{% block main %}{% endblock %}"
                "<a href='{{ url_for('home') }}'>Home</a>{% include 'imprint.html' %}"
            ),
            "imprint.html": "<p>{{ year }}</p>",
            "errors/404.html": page("<h1>Lost?</h1>"),
            "errors/4xx.html": page("<h1>{{ error.title|shout }}</h1>"),
            "error.html": page("<h1>Oh no</h1>{{ incident.id|length }}"),
            "shop/errors/404.html": (
                "{% extends 'errors/404.html' %}{% block main %}{{ super() }}"
                "<a href='{{ url_for('shop.shelf', name=shelf) }}'>Shelf</a>{% endblock %}"
            ),
        }
    ),
    a_hook("context_processor", lambda: {"site": "Cheese & Co", "year": 1999}),
    lambda world: world.app.add_template_filter(str.upper, "shout"),
    answering("/", endpoint="home"),
    aborting("/teapot", 418),
    failing("/crash", lambda: KeyError("secret")),
    a_blueprint(
        "shop",
        a_hook("context_processor", lambda: {"year": 2020}),
        a_hook("app_context_processor", lambda: {"shelf": "blue"}),
        lambda world: a_view("/shelves/<name>", lambda name: world.abort(404), endpoint="shelf")(world),
        in_style("web"),
    ),
)
"""A site and a shop in it, each with pages of its own, which all look like the site."""


SHELF = "<title>404 | Cheese &amp; Co</title><h1>Lost?</h1><a href='/shop/shelves/blue'>Shelf</a>"
END = "<a href='/'>Home</a><p>{}</p>"


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("/nope", 404, "<title>404 | Cheese &amp; Co</title><h1>Lost?</h1>" + END.format(1999)),
        ("/teapot", 418, "<title>418 | Cheese &amp; Co</title><h1>I&#39;M A TEAPOT</h1>" + END.format(1999)),
        ("/crash", 500, "<title>500 | Cheese &amp; Co</title><h1>Oh no</h1>36" + END.format(1999)),
        (
            "/shop/shelves/red",
            404,
            "<title>404 | Cheese &amp; Co</title><h1>Lost?</h1><a href='/shop/shelves/blue'>Shelf</a>"
            + END.format(2020),
        ),
        (
            "/shop/nope",
            404,
            "<title>404 | Cheese &amp; Co</title><h1>Lost?</h1><a href='/shop/shelves/blue'>Shelf</a>"
            + END.format(2020),
        ),
    ],
)
def test_pages_of_the_application_look_like_the_rest_of_it(ask: Ask, path: str, status: int, expected: str) -> None:
    response = ask(own_pages, path)

    assert (response.status, response.text) == (status, expected)
    assert response.content_type == "text/html; charset=utf-8"
    assert response.header(CSP) is None  # it is for the built-in page


@pytest.mark.parametrize("page", [Page("gone.html", since=1999), Page(("none.html", "gone.html"), since=1999)])
@pytest.mark.parametrize("registered", [404, "4xx", LookupError])
def test_a_handler_shows_a_page_of_its_own(ask: Ask, page: Page, registered: Any) -> None:
    def a_site_with_another_page(world: World) -> None:
        own_pages(world)
        loader: Any = world.app.jinja_loader
        loader.mapping["gone.html"] = (
            "{% extends 'layout.html' %}{% block main %}since {{ since }}, {{ error.status }}{% endblock %}"
        )
        an_app(failing("/lost", lambda: LookupError("secret")), a_handler(registered, lambda exc: page))(world)

    path, status = ("/lost", 500) if registered is LookupError else ("/nope", 404)
    response = ask(a_site_with_another_page, path)

    assert response.status == status
    assert f"since 1999, {status}" in response.text
    assert response.header(CSP) is None


# What the log says of a page that failed.

BROKEN = {
    "errors/404.html": "{% extends 'errors/layout.html' %}\n{% block main %}{{ 1 }}{% endblock %}",
    "errors/layout.html": "<html>\n\n{% block main %}{% endblock %}{{ 1 / 0 }}",
}

FAULTS: Mapping[str, tuple[dict[str, str], str]] = {
    "raises": ({"errors/404.html": "\n\n{{ 1 / 0 }}"}, "line 3 of '{folder}/errors/404.html'"),
    "its layout raises": (BROKEN, "line 3 of '{folder}/errors/layout.html'"),
    "what it includes raises": (
        {"errors/404.html": "{% include 'part.html' %}", "part.html": "\n{{ nothing.at.all }}"},
        "line 2 of '{folder}/part.html'",
    ),
    "is wrong": ({"errors/404.html": "\n{% if %}"}, "line 2 of 'errors/404.html'"),
    "its layout is wrong": (
        {"errors/404.html": "{% extends 'layout.html' %}", "layout.html": "\n\n{% endif %}"},
        "line 3 of 'layout.html'",
    ),
    "its layout is missing": ({"errors/404.html": "{% extends 'layout.html' %}"}, "'layout.html' not found"),
    "what it includes is missing": ({"errors/404.html": "\n{% include 'part.html' %}"}, "'part.html' not found"),
    "one of several is missing": (
        {"errors/404.html": "{% include ['a.html', 'b.html'] %}"},
        "not found",
    ),
}


LOOKED_FOR = " or 'errors/4xx.html'"  # a template that cannot be read fails when it is looked for


def records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "errbridge"]


def a_site_in(folder: Path, templates: Mapping[str, str], handler: Callable[..., Any] | None = None) -> Application:
    for name, source in templates.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)

    def set_up(world: World) -> None:
        world.app.jinja_loader = FileSystemLoader(folder)
        in_style("web")(world)
        if handler is not None:
            a_catch_all(handler)(world)

    return set_up


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("own", [False, True], ids=["by name", "a handler's Page"])
def test_the_log_says_which_template_failed_and_where(
    world: World, caplog: pytest.LogCaptureFixture, tmp_path: Path, fault: str, own: bool
) -> None:
    templates, where = FAULTS[fault]

    def shows(exc: BaseException) -> Page:
        return Page("errors/404.html")

    a_site_in(tmp_path, templates, shows if own else None)(world)

    response = world.call(Request("/nope"))

    assert (response.status, response.text[:15]) == (404, "<!DOCTYPE html>")
    (record,) = records(caplog)
    message = record.getMessage()
    tried = "'errors/404.html'" + (LOOKED_FOR if fault == "is wrong" and not own else "")
    template = f"template {tried}: {where.format(folder=tmp_path)}"
    assert f"answered 404 after the {'handler ' if own else template}" in message
    assert template in message
    assert record.exc_info is not None


def test_where_a_template_has_no_file_the_line_is_said(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.app.jinja_loader = DictLoader({"errors/4xx.html": "\n{{ 1 / 0 }}"})
    world.errors.web_register(world.app)

    world.call(Request("/nope"))

    (record,) = records(caplog)
    assert "after the template 'errors/4xx.html': line 2 failed" in record.getMessage()


def test_a_failure_outside_of_any_template_has_no_line(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.app.jinja_loader = DictLoader({"errors/4xx.html": "page"})
    world.app.context_processor(raising(lambda: RuntimeError("no database")))
    world.errors.web_register(world.app)

    world.call(Request("/nope"))

    (record,) = records(caplog)
    assert "after the template 'errors/4xx.html' failed" in record.getMessage()
    assert record.exc_info is not None
    assert "no database" in str(record.exc_info[1])


@pytest.mark.parametrize(
    ("page", "names"), [(Page("none.html"), "'none.html'"), (Page(("a.html", "b.html")), "'a.html' or 'b.html'")]
)
@pytest.mark.parametrize("returned", [lambda page: page, lambda page: (page, 410)])
def test_the_log_says_which_templates_of_a_handler_were_tried(
    world: World, caplog: pytest.LogCaptureFixture, page: Page, names: str, returned: Callable[[Page], Any]
) -> None:
    world.errors.register(world.app)(lambda exc: returned(page))

    assert world.call(Request("/nope")).status == 404

    (record,) = records(caplog)
    assert f"(template {names}: " in record.getMessage()
    assert "not found) failed" in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], TemplateNotFound)


def test_the_page_of_a_handler_for_a_class_fails_as_any_code_of_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.app.add_url_rule("/lost", "lost", view_func=raising(lambda: LookupError("secret")))
    world.errors.register(world.app, code=LookupError)(lambda exc: Page("none.html"))

    response = world.call(Request("/lost"))

    assert (response.status, "none.html" in response.text) == (500, False)
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.name == "tests.twins"  # the framework's own record, and no other
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], TemplateNotFound)


# The policy of the built-in page.


problems = an_app(
    failing("/plain", lambda: Problem(409)),
    failing("/own", lambda: Problem(409, headers={CSP: "default-src 'self'"})),
    failing("/lower", lambda: Problem(409, headers={CSP.lower(): "img-src *"})),
    failing("/crash", lambda: KeyError("secret")),
    answering("/ok", "fine"),
)


@pytest.mark.parametrize("path", ["/plain", "/crash", "/nope"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_built_in_page_brings_its_policy(ask: Ask, path: str, method: str) -> None:
    assert ask(problems, path, method).header(CSP) == POLICY


@pytest.mark.parametrize("accept", ["application/json", "application/xml", "text/plain"])
def test_what_no_browser_shows_as_a_page_has_no_policy(ask: Ask, accept: str) -> None:
    assert ask(problems, "/plain", headers=[("Accept", accept)]).header(CSP) is None


def test_what_is_no_error_has_no_policy(ask: Ask) -> None:
    assert ask(problems, "/ok").header(CSP) is None


@pytest.mark.parametrize(
    "given", ["<p>own</p>", Reply("<p>own</p>", headers={"Content-Type": "text/html"}), ("<p>own</p>", 410)]
)
def test_what_a_handler_answers_has_no_policy(ask: Ask, given: Any) -> None:
    assert ask(a_catch_all(lambda exc: given), "/nope").header(CSP) is None


@pytest.mark.parametrize("way", ["config", "options"])
def test_the_policy_can_be_turned_off(ask: Ask, way: str) -> None:
    assert ask(problems, "/plain", **{way: {"ERROR_CSP_ENABLED": False}}).header(CSP) is None


def test_a_policy_that_comes_with_the_error_is_kept(ask: Ask) -> None:
    assert ask(problems, "/own").header(CSP) == "default-src 'self'"
    assert ask(problems, "/lower").header(CSP) == "img-src *"


def with_policy(set_policy: Callable[[Any], None]) -> Application:
    """Set up an application that gives each of its answers a policy."""

    def set_up(world: World) -> None:
        problems(world)

        def after(response: Any) -> Any:
            set_policy(response)
            return response

        async def later(response: Any) -> Any:
            return after(response)

        world.app.after_request(later if world.is_async else after)

    return set_up


OWN = "default-src 'self'"


def assign(response: Any) -> None:
    response.headers[CSP] = OWN


def assign_object(response: Any) -> None:
    response.content_security_policy.default_src = "'self'"


@pytest.mark.parametrize("path", ["/plain", "/crash", "/nope"])
def test_a_policy_that_the_application_gives_all_its_answers_is_kept(ask: Ask, path: str) -> None:
    assert ask(with_policy(assign), path).header(CSP) == OWN


def test_an_application_that_fills_in_what_is_missing_finds_the_policy_there(ask: Ask) -> None:
    application = with_policy(lambda response: response.headers.setdefault(CSP, OWN))

    assert ask(application, "/plain").header(CSP) == POLICY
    assert ask(application, "/own").header(CSP) == OWN
    assert ask(application, "/ok").header(CSP) == OWN


def test_a_policy_that_is_only_reported_is_sent_beside_it(ask: Ask) -> None:
    def report(response: Any) -> None:
        response.headers[f"{CSP}-Report-Only"] = OWN

    response = ask(with_policy(report), "/plain")

    assert (response.header(CSP), response.header(f"{CSP}-Report-Only")) == (POLICY, OWN)


def test_an_application_can_change_the_policy_as_werkzeug_reads_it(ask: Ask) -> None:
    response = ask(with_policy(assign_object), "/plain")

    sources = dict(part.split(" ", 1) for part in (response.header(CSP) or "").split("; "))
    assert sources["default-src"] == "'self'"
    assert "sha256-" in sources["style-src"]


def test_the_policy_says_nothing_of_who_may_frame_the_page(ask: Ask) -> None:
    policy = ask(problems, "/plain").header(CSP) or ""

    assert "frame-ancestors" not in policy
    assert policy.split("; ")[0] == "default-src 'none'"


async def test_the_built_in_page_of_the_bridge_brings_it_too() -> None:
    bridge = Bridge({"/there": Twins.built(problems).quart.app})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(bridge), base_url="http://localhost") as client:
        page, document = [
            await client.get("/nope", headers={"Accept": accept}) for accept in ("text/html", "application/json")
        ]

    assert (page.status_code, page.headers[CSP]) == (404, POLICY)
    assert CSP not in document.headers


def test_the_policy_does_not_depend_on_the_error() -> None:
    twins = Twins.built(problems)

    assert {twins.ask(path).header(CSP) for path in ("/plain", "/crash", "/nope")} == {POLICY}
