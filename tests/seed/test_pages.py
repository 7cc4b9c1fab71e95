"""Custom error pages, and documents for an XMLHttpRequest, as the seed documents describe them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from werkzeug.exceptions import default_exceptions

from errbridge import (
    Page,
    Problem,
)
from tests.applications import (
    HTML,
    JSON,
    XML,
    Application,
    Ask,
    a_blueprint,
    a_handler,
    a_site,
    aborting,
    an_app,
    answering,
    failing,
    in_style,
    with_templates,
)
from tests.seed.shop import NO_SUCH_URL, TEMPLATES, WANTS_XML, XHR, Headers, JammedTillError, heading
from tests.twins import World

# "Custom Error Pages"


class ShopPage(NamedTuple):
    heading: str
    sentence: str


SHOP_PAGES = {
    403: ShopPage("Keep Out", "This cheese is not yours."),
    404: ShopPage("No Such Cheese", "We have never sold it."),
    410: ShopPage("Eaten", "There was some once."),
    500: ShopPage("The Mouse Did It", "We are looking for it."),
}
PATHS = {"/forbidden": 403, "/nope": 404, "/missing": 404, "/gone": 410, "/error": 500, "/broken": 500}


shop = an_app(
    answering("/", "cheese", endpoint="index"),
    aborting("/forbidden", 403),
    aborting("/missing", 404),
    aborting("/gone", 410),
    aborting("/error", 500),
    failing("/broken", JammedTillError),
)
"""A page, and views that fail in all the ways that the seed names."""


def template_view(world: World, name: str, status: int) -> Callable[[BaseException], Any]:
    """Write the handler of the seed document, in the colour that the framework's ``render_template`` has."""
    if not world.is_async:
        return lambda exc: (world.framework.render_template(name), status)

    async def handler(exc: BaseException) -> Any:
        return await world.framework.render_template(name), status

    return handler


def pages_of_native_handlers(world: World) -> None:
    shop(world)
    for status in SHOP_PAGES:
        world.app.register_error_handler(status, template_view(world, f"{status}.html", status))


def pages_of_errbridge_handlers_that_render(world: World) -> None:
    shop(world)
    for status in SHOP_PAGES:
        world.errors.register(world.app, code=status)(template_view(world, f"{status}.html", status))


pages_returned_by_errbridge_handlers = an_app(
    shop, *(a_handler(status, lambda exc, status=status: Page(f"{status}.html")) for status in SHOP_PAGES)
)

pages_of_the_web_style = an_app(
    shop, a_blueprint("site", url_prefix=None, template_folder="templates/seed_site"), in_style("web")
)


@pytest.mark.parametrize(
    "application",
    [
        pages_of_native_handlers,
        pages_of_errbridge_handlers_that_render,
        pages_returned_by_errbridge_handlers,
        pages_of_the_web_style,
    ],
    ids=["native", "rendered", "Page", "web style"],
)
@pytest.mark.parametrize(("path", "status"), PATHS.items())
def test_a_custom_page_extends_the_layout_and_links_to_the_app(
    ask: Ask, application: Application, path: str, status: int
) -> None:
    page = SHOP_PAGES[status]

    response = ask(application, path, app_options=TEMPLATES)

    assert (response.status, response.content_type) == (status, HTML)
    assert heading(response) == page.heading
    assert f"<title>{page.heading} | Cheese shop</title>" in response.text
    assert f"<p>{page.sentence}</p>" in response.text
    assert '<p><a href="/">Back to the counter</a></p>' in response.text
    assert "JammedTillError" not in response.text
    assert "the till is jammed" not in response.text


@pytest.mark.parametrize(
    ("path", "status", "name", "description"),
    [
        ("/nope", 404, "Not Found", NO_SUCH_URL),
        ("/gone", 410, "Gone", default_exceptions[410].description),
        ("/broken", 500, "Internal Server Error", "Unhandled Exception"),
    ],
)
def test_error_page_shows_every_error_without_a_page_of_its_own(
    ask: Ask, path: str, status: int, name: str, description: str
) -> None:
    response = ask(a_site(shop), path, app_options=TEMPLATES, config={"ERROR_PAGE": "error.html"})

    assert (response.status, response.content_type, heading(response)) == (status, HTML, f"{status} {name}")
    assert f"<p>{description}</p>" in response.text
    assert '<p><a href="/">Back to the counter</a></p>' in response.text


def test_error_page_may_be_any_template_and_has_the_error_under_old_and_new_names(ask: Ask) -> None:
    application = a_site(shop, failing("/late", lambda: Problem(504, title="Too late", detail="It is 9", type="/late")))

    response = ask(application, "/late", app_options=TEMPLATES, config={"ERROR_PAGE": "facts.html"})

    assert response.text == "504|504|Too late|Too late|It is 9|It is 9|/late|True|/late"


def test_the_links_of_a_page_lead_below_the_mount_point(ask: Ask) -> None:
    response = ask(pages_returned_by_errbridge_handlers, "/nope", app_options=TEMPLATES, root_path="/mounted")

    assert (response.status, heading(response)) == (404, "No Such Cheese")
    assert '<a href="/mounted/">Back to the counter</a>' in response.text


def test_a_page_has_filters_context_processors_and_its_own_context_on_a_routing_error(ask: Ask) -> None:
    def a_shop_that_shouts(world: World) -> None:
        shop(world)
        world.app.context_processor(lambda: {"owner": "Wallace"})
        world.app.add_template_filter(lambda text: f"{text.upper()}!", "shout")
        world.errors.register(world.app, code=404)(lambda exc: Page("shop.html", cheese="Wensleydale"))

    response = ask(a_shop_that_shouts, "/nope", app_options=TEMPLATES)

    assert (response.status, heading(response)) == (404, "Wensleydale of WALLACE!")


def test_a_page_in_a_tuple_takes_the_status_and_headers_beside_it(ask: Ask) -> None:
    application = an_app(shop, a_handler(404, lambda exc: (Page("410.html"), 410, {"X-Cheese": "eaten"})))

    response = ask(application, "/nope", app_options=TEMPLATES)

    assert (response.status, response.content_type, heading(response)) == (410, HTML, "Eaten")
    assert response.header("X-Cheese") == "eaten"


def test_a_page_is_the_first_of_several_templates_that_exists(ask: Ask) -> None:
    application = an_app(shop, a_handler(404, lambda exc: Page(["no-such-page.html", "410.html", "404.html"])))

    response = ask(application, "/nope", app_options=TEMPLATES)

    assert (response.status, heading(response)) == (404, "Eaten")


LOOKED_UP = [
    "inner/errors/404.html",
    "inner/errors/4xx.html",
    "outer/errors/404.html",
    "outer/errors/4xx.html",
    "errors/404.html",
    "errors/4xx.html",
    "error.html",
]


@pytest.mark.parametrize("path", ["/outer/inner/missing", "/outer/inner/nope"])
@pytest.mark.parametrize("missing", range(len(LOOKED_UP)), ids=LOOKED_UP)
def test_the_most_specific_template_that_exists_is_the_page(ask: Ask, path: str, missing: int) -> None:
    application = a_site(
        with_templates({name: f"this is {name}" for name in LOOKED_UP[missing:]}),
        a_blueprint("outer", a_blueprint("inner", aborting("/missing", 404))),
    )

    response = ask(application, path)

    assert (response.status, response.content_type) == (404, HTML)
    assert response.text == f"this is {LOOKED_UP[missing]}"


def test_a_website_without_templates_has_the_built_in_page(ask: Ask) -> None:
    response = ask(a_site(), "/nope")

    assert (response.status, response.content_type, heading(response)) == (404, HTML, "Page not found")


# "web that returns html page or api response if request is XHR"


@pytest.mark.parametrize(
    ("style", "headers", "expected"),
    [
        ("web", (), HTML),
        ("web", XHR, JSON),
        ("web", (("x-requested-with", "xmlhttprequest"),), JSON),
        ("web", (("X-Requested-With", "com.example.browser"),), HTML),
        ("web", (*XHR, ("Accept", "text/html, */*; q=0.01")), JSON),
        ("web", (*XHR, *WANTS_XML), XML),
        ("web", (("Accept", "application/json"),), JSON),
        ("default", XHR, HTML),
        ("api", XHR, JSON),
    ],
)
def test_an_xml_http_request_gets_a_document_from_a_website(
    ask: Ask, style: str, headers: Headers, expected: str
) -> None:
    response = ask(in_style(style), "/nope", headers=headers)

    assert (response.status, response.content_type) == (404, expected)
    assert response.header("Vary") == ("Accept, X-Requested-With" if style == "web" else "Accept")


@pytest.mark.parametrize(("headers", "expected"), [(XHR, HTML), ((*XHR, ("Accept", "application/json")), JSON)])
def test_a_website_can_ignore_that_a_request_is_an_xml_http_request(ask: Ask, headers: Headers, expected: str) -> None:
    response = ask(a_site(), "/nope", headers=headers, config={"ERROR_XHR_ENABLED": False})

    assert (response.status, response.content_type, response.header("Vary")) == (404, expected, "Accept")


def test_an_uncaught_exception_of_a_website_shows_an_xml_http_request_nothing_of_itself(ask: Ask) -> None:
    response = ask(a_site(failing("/broken", JammedTillError)), "/broken", headers=XHR)

    assert (response.status, response.content_type) == (500, JSON)
    assert response.json["detail"] == "Unhandled Exception"
    assert "till" not in response.text.lower()
