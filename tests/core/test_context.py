"""The context of an error: what is known of it before any handler is asked."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from errbridge import Problem, RequestFacts, Scope
from errbridge.adapter import HTTPErrorFacts, Installation
from errbridge.handling import context as contexts
from errbridge.http.accept import HTML, JSON, XML
from errbridge.representations.styles import API, DEFAULT, WEB
from errbridge.scopes.scope import ROOT
from tests.core.fakes import Application, ClientGone, NotFound, ServerError, install, open_context, place


def a_shop(**options: Any) -> tuple[Application, Installation]:
    app = Application(place("shop", "/shop"), place("shop.cart", "/shop/cart"))
    return app, install(app, **options)


def test_the_problem_the_owners_and_the_media_type_are_known_before_any_handler_is_asked() -> None:
    _, installation = a_shop()
    installation.shared.set_style("shop", "api")

    context = open_context(installation, NotFound(), path="/shop/cart/x", accept="application/xml")

    assert [str(owner.scope) for owner in context.chain.owners] == ["shop.cart", "shop", "app"]
    assert (context.look.style, context.look.media_type, context.original) == (API, XML, None)
    incident = context.incident
    assert incident.scope == Scope(prefix="/shop/cart", blueprint="shop.cart")
    assert (incident.id, incident.media_type, incident.original) == (context.id, XML, None)
    assert incident.problem.instance == f"urn:uuid:{context.id}"
    assert context.incident is incident


def test_every_error_has_an_id_of_its_own_which_is_a_random_uuid() -> None:
    installation = install()
    ids = {uuid.UUID(open_context(installation, NotFound()).id) for _ in range(200)}

    assert len(ids) == 200
    assert {(found.version, found.variant) for found in ids} == {(4, uuid.RFC_4122)}


def test_the_style_is_that_of_the_nearest_scope_that_has_one() -> None:
    _, installation = a_shop()
    assert open_context(installation, NotFound(), path="/shop/cart").look.style is DEFAULT
    installation.shared.set_style("shop", "web")
    assert open_context(installation, NotFound(), path="/shop/cart").look.style is WEB
    installation.shared.set_style("shop.cart", "api")
    assert open_context(installation, NotFound(), path="/shop/cart").look.style is API


def test_a_scope_for_failures_gives_its_style_to_uncaught_exceptions_only() -> None:
    _, installation = a_shop()
    installation.shared.set_style(ROOT, "api")
    installation.shared.set_failure("shop")

    assert open_context(installation, NotFound(), path="/shop").look.style is API
    assert open_context(installation, ValueError(), path="/shop").look.style is DEFAULT
    assert open_context(installation, ServerError(original=ValueError()), path="/shop").look.style is DEFAULT


def test_what_a_handler_makes_a_problem_of_is_no_uncaught_exception_any_more() -> None:
    _, installation = a_shop()
    installation.shared.set_style(ROOT, "api")
    installation.shared.set_failure("shop")
    exc = ValueError()
    context = open_context(installation, exc, path="/shop", accept="text/html")
    assert (context.look.style, context.look.media_type, context.owners) == (
        DEFAULT,
        HTML,
        context.chain.uncaught.owners,
    )
    assert context.incident.problem.status == 500

    restated = context.restate(Problem(409))

    assert (restated.look.style, restated.look.media_type, restated.owners) == (API, JSON, restated.chain.http.owners)
    assert (restated.incident.exception, restated.incident.id) == (exc, context.id)
    assert restated.incident.original is exc  # the record still shows where it comes from
    assert (restated.incident.scope, restated.chain) == (context.incident.scope, context.chain)
    assert restated.incident.problem.status == 409
    assert not restated.is_shared
    assert (context.problem.status, context.incident.problem.status, context.is_shared) == (500, 500, True)


def test_the_500_of_an_uncaught_exception_is_the_same_incident() -> None:
    app, installation = a_shop()
    exc = ValueError()
    context = open_context(installation, exc, path="/shop", blueprints=("shop",))
    assert context.incident.exception is exc

    error = ServerError(original=exc)
    later = context.as_server_error(error)

    assert (later.exception, later.original, later.id) == (error, exc, context.id)
    assert (later.incident.exception, later.incident.original) == (error, exc)
    assert (later.chain, later.look) == (context.chain, context.look)
    assert later.problem is context.problem
    assert context.exception is exc
    assert app.searched == [(exc, ("shop",)), (error, ("shop",))]


def test_a_page_made_in_advance_has_neither_an_id_nor_an_instance() -> None:
    context = open_context(install(), NotFound())
    anonymous = context.anonymize()

    assert (anonymous.id, anonymous.incident.problem.instance) == ("", None)
    assert context.incident.problem.instance is not None


def test_equal_errors_share_their_problem_and_one_with_words_of_its_own_does_not() -> None:
    installation = install()

    for exc, is_shared in (
        (NotFound(), True),
        (NotFound("own words"), False),
        (Problem(404), False),
        (ValueError(), True),
        (ServerError(original=ValueError()), True),
    ):
        context, other = open_context(installation, exc), open_context(installation, exc)
        assert context.is_shared is is_shared
        assert (context.problem is other.problem) is (is_shared or isinstance(exc, Problem))


def test_it_is_known_that_the_client_has_left() -> None:
    assert open_context(install(), ClientGone()).incident.client_gone
    assert not open_context(install(), NotFound()).incident.client_gone


def test_an_exception_that_was_read_already_is_not_read_again() -> None:
    request, http = RequestFacts(), HTTPErrorFacts(409, detail="as it was read")

    context = contexts.open_context(install(), NotFound(), http, request)

    assert (context.problem.status, context.problem.detail) == (409, "as it was read")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"path": "/shop/cart"}, ()),
        ({"path": "/shop/cart", "routing": True}, ("shop.cart", "shop")),
        ({"path": "/shop/cart", "blueprints": ("other",)}, ("other",)),
        ({"path": "/shop/cart", "blueprints": ("other",), "routing": True}, ("other",)),
        ({"path": "/x", "routing": True}, ()),
        ({"path": "/x", "routing": True, "rule_blueprints": ("shop",)}, ("shop",)),
    ],
)
def test_the_framework_is_asked_for_the_views_blueprints_and_on_routing_errors_for_those_of_the_url(
    facts: dict[str, Any], expected: tuple[str, ...]
) -> None:
    app, installation = a_shop()
    exc = NotFound()

    open_context(installation, exc, **facts)

    assert app.searched == [(exc, expected)]


@pytest.mark.parametrize(("style", "vary"), [("api", "Accept"), ("web", "Accept, X-Requested-With")])
def test_the_headers_that_the_media_type_depends_on_are_known(style: str, vary: str) -> None:
    installation = install()
    installation.shared.set_style(ROOT, style)

    assert open_context(installation, NotFound()).vary == vary


@pytest.mark.parametrize(
    ("facts", "expected"),
    [({}, True), ({"allow": ("GET",)}, False), ({"trace_id": "1"}, True), ({"request_id": "1"}, True)],
)
def test_methods_of_other_applications_are_not_shared_and_ids_are_filled_in(
    facts: dict[str, Any], expected: bool
) -> None:
    assert open_context(install(), NotFound(), **facts).is_shared is expected
