"""Pages from the application's templates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from jinja2 import DictLoader
from markupsafe import Markup
from werkzeug.exceptions import (
    NotFound,
)

from errbridge import Page, Problem, Scope
from tests.answers.every_style import HOSTILE, accepting, in_every_style
from tests.applications import (
    HTML,
    Application,
    Ask,
    a_blueprint,
    a_catch_all,
    a_hook,
    a_site,
    a_view,
    aborting,
    an_app,
    answering,
    failing,
    in_style,
    with_templates,
)
from tests.clients import Request
from tests.twins import Twins, World

# Pages.


def pages(names: Iterable[str], **templates: str) -> Application:
    """Set up a site with templates that say their own name, and blueprints one within the other."""

    def abort(world: World) -> None:
        a_view("/raise/<int:status>", lambda status: world.abort(status))(world)

    return a_site(
        with_templates({name: name for name in names} | templates),
        abort,
        a_blueprint("shop", abort, a_blueprint("cart", abort)),
    )


LOOKUP = [
    "cart/errors/404.html",
    "cart/errors/4xx.html",
    "shop/errors/404.html",
    "shop/errors/4xx.html",
    "errors/404.html",
    "errors/4xx.html",
    "error.html",
]


@pytest.mark.parametrize("missing", range(len(LOOKUP)))
@pytest.mark.parametrize("path", ["/shop/cart/raise/404", "/shop/cart/nope"])
def test_the_nearest_template_is_taken(ask: Ask, missing: int, path: str) -> None:
    assert ask(pages(LOOKUP[missing:]), path).text == LOOKUP[missing]


def test_without_any_template_there_is_the_built_in_page(ask: Ask) -> None:
    assert ask(pages(["errors/5xx.html"]), "/shop/cart/nope").text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/nope", "errors/404.html"),
        ("/shop/nope", "shop/errors/404.html"),
        ("/shop/raise/404", "shop/errors/404.html"),
        ("/shop/raise/403", "shop/errors/4xx.html"),
        ("/shop/cart/raise/403", "cart/errors/4xx.html"),
        ("/raise/403", "errors/4xx.html"),
        ("/raise/503", "error.html"),
        ("/shop/raise/503", "error.html"),
        ("/shopping/nope", "errors/404.html"),
    ],
)
def test_templates_are_looked_up_for_the_blueprints_of_the_chain(ask: Ask, path: str, expected: str) -> None:
    assert ask(pages(LOOKUP), path).text == expected


def test_error_page_names_the_last_template(ask: Ask) -> None:
    site = an_app(with_templates({"oops.html": ""}), pages(["oops.html", "error.html"]))
    response = ask(site, "/nope", config={"ERROR_PAGE": "oops.html"})

    assert (response.status, response.text, response.content_type) == (404, "oops.html", HTML)


def test_a_template_of_a_class_of_codes_is_for_that_class_only(ask: Ask) -> None:
    build = pages(["errors/4xx.html", "errors/5xx.html"])

    assert [ask(build, f"/raise/{status}").text for status in (400, 429, 500, 503)] == [
        *("errors/4xx.html", "errors/4xx.html"),
        *("errors/5xx.html", "errors/5xx.html"),
    ]


@pytest.mark.parametrize("style", ["api", "default"])
def test_only_web_scopes_use_templates(ask: Ask, style: str) -> None:
    application = an_app(in_every_style(), with_templates({"errors/404.html": "template", "error.html": "template"}))

    assert "template" not in ask(application, f"/{style}/x", **accepting("text/html")).text
    assert ask(application, "/web/x", **accepting("text/html")).text == "template"


TEMPLATE = (
    "{% extends 'layout.html' %}{% block body %}{{ url_for('home') }}|{{ url_for('shop.page', _external=True) }}|"
    "{{ greeting }}|{{ 'abc' | backwards }}|{{ shout('a') }}|{{ request.path }}|{{ config.ERROR_PAGE }}|"
    "{% endblock %}"
)


@pytest.mark.parametrize("path", ["/shop/nope", "/shop/broken", "/shop/crash"])
@pytest.mark.parametrize("context", ["sync", "async"])
def test_a_page_is_rendered_as_the_application_renders_its_own(path: str, context: str) -> None:
    def a_shop_with_a_layout(world: World) -> None:
        with_templates({"layout.html": "[{% block body %}{% endblock %}]", "error.html": TEMPLATE})(world)
        world.app.jinja_env.filters["backwards"] = lambda text: text[::-1]
        world.app.jinja_env.globals["shout"] = str.upper

        async def later() -> dict[str, str]:
            return {"greeting": "hello"}

        # Flask takes sync context processors only.
        processor = later if context == "async" and world.is_async else lambda: {"greeting": "hello"}
        world.app.context_processor(processor)
        shop = a_blueprint(
            "shop",
            answering("/page", endpoint="page"),
            aborting("/broken", 404),
            failing("/crash", lambda: KeyError("x")),
            in_style("web"),
        )
        an_app(answering("/", endpoint="home"), shop)(world)

    response = Twins.built(a_shop_with_a_layout).ask(path)

    assert response.text == f"[/|http://localhost/shop/page|hello|cba|A|{path}|error.html|]"


@pytest.mark.parametrize("template", ["{{ request.path }}", "{{ session.user }}{{ request.path }}"])
def test_a_page_from_a_template_varies_by_the_cookie_if_any_page_of_the_application_does(
    world: World, template: str
) -> None:
    """A template that reads the session; in Quart 0.23 every template."""
    world.app.secret_key = "tests"

    async def later() -> str:
        rendered: str = await world.framework.render_template("error.html")
        return rendered

    view = later if world.is_async else lambda: world.framework.render_template("error.html")
    an_app(in_style("web"), with_templates({"error.html": template}), a_view("/page", view))(world)

    page, error = world.call(Request("/page")), world.call(Request("/nope"))

    assert (page.text, error.text) == ("/page", "/nope")
    assert ("Cookie" in error.members("Vary")) == ("Cookie" in page.members("Vary"))


def test_a_page_of_a_handler_is_rendered_in_the_same_way(ask: Ask) -> None:
    application = an_app(
        with_templates({"own.html": "{{ url_for('home') }} {{ greeting }} {{ error.status }} {{ who }}"}),
        a_hook("context_processor", lambda: {"greeting": "hello"}),
        answering("/", endpoint="home"),
        a_catch_all(lambda exc: Page("own.html", who="you")),
    )

    assert ask(application, "/nope").text == "/ hello 404 you"


SHOWN = (
    "{{ error.status }}|{{ error.title }}|{{ error.detail }}|{{ error.type }}|{{ error.code }}|{{ error.name }}|"
    "{{ error.description }}|{{ error.instance == 'urn:uuid:' ~ incident.id }}|{{ incident.request.path }}|"
    "{{ incident.problem.status }}|{{ incident.scope }}|{{ error.sku }}"
)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (
            lambda: NotFound("not here"),
            "404|Not Found|not here|about:blank|404|Not Found|not here|True|/web/x|404|/web|",
        ),
        (
            lambda: Problem(409, title="Sold", detail="sold", type="/sold", sku="a"),
            "409|Sold|sold|/sold|409|Sold|sold|True|/web/x|409|/web|a",
        ),
        (
            lambda: KeyError("secret"),
            "500|Internal Server Error|Oh|about:blank|500|Internal Server Error|Oh|True|/web/x|500|/web|",
        ),
    ],
)
def test_a_template_is_given_the_error_and_the_incident(ask: Ask, raised: Callable[[], Any], expected: str) -> None:
    application = an_app(in_every_style(raised), with_templates({"error.html": SHOWN}))

    assert ask(application, "/web/x", config={"ERROR_DEFAULT_MSG": "Oh"}).text == expected


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_escaped_in_templates(ask: Ask, text: str) -> None:
    application = an_app(
        in_every_style(lambda: Problem(409, detail=text, title=text, sku=text)),
        with_templates(
            {"error.html": "{{ error.detail }}{{ error.title }}{{ error.description }}{{ error.name }}{{ error.sku }}"}
        ),
    )

    page = ask(application, "/web/x").text

    assert page == str(Markup.escape(text)) * 5


def test_a_template_that_comes_later_is_found_where_templates_are_reloaded() -> None:
    templates: dict[str, str] = {}

    def a_site_that_reloads(world: World) -> None:
        world.app.config["TEMPLATES_AUTO_RELOAD"] = True
        world.errors.web_register(world.app)
        world.app.jinja_loader = DictLoader(templates)

    twins = Twins.built(a_site_that_reloads)
    before = twins.ask("/nope").text
    templates["errors/4xx.html"] = "later"

    assert before.startswith("<!DOCTYPE html>")
    assert twins.ask("/nope").text == "later"


def test_an_application_whose_environment_has_no_loader_has_the_built_in_page(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    def an_app_without_templates(world: World) -> None:
        world.app.jinja_env.loader = None

    response = ask(an_app(in_every_style(), an_app_without_templates), "/web/nope")

    assert response.text.startswith("<!DOCTYPE html>")
    assert caplog.records == []


def test_the_page_of_a_prefix_or_host_comes_from_the_templates_of_the_app(ask: Ask) -> None:
    application = an_app(
        with_templates({"errors/404.html": "the app's"}),
        in_style("web", "/zone", Scope(host="shop.example.com")),
    )

    assert ask(application, "/zone/nope").text == "the app's"
    assert ask(application, "/nope", host="shop.example.com").text == "the app's"
    assert ask(application, "/nope").text != "the app's"
