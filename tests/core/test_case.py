"""A case: an error with everyone who may answer it."""

from __future__ import annotations

from typing import Any

import pytest

from errbridge import Problem, Scope
from errbridge.application.errormap import Installation
from errbridge.application.protocol import NativeHandler
from errbridge.handling.case import candidates, claimants, opened
from errbridge.http.accept import HTML, JSON, XML
from errbridge.representations.styles import API, DEFAULT, WEB
from errbridge.scopes.scope import ROOT
from tests.core.fakes import Application, NotFound, ServerError, case_of, installed, place, registered


def native(blueprint: str | None = None, *, generic: bool = False, is_async: bool = False) -> Any:
    """Make the search of a framework that has exactly one handler."""

    def framework(exc: BaseException) -> None: ...

    return lambda exc, blueprints: (
        NativeHandler(framework, exc, blueprint, is_async, generic) if blueprint in (None, *blueprints) else None
    )


def shop(**options: Any) -> tuple[Application, Installation]:
    app = Application(place("shop", "/shop"), place("shop.cart", "/shop/cart"))
    return app, installed(app, **options)


def labels(found: Any) -> list[str]:
    return [each.call.function.__name__ for each in found]


def name(installation: Installation, target: Any, label: str, *keys: Any) -> None:
    def handler(exc: BaseException) -> None: ...

    handler.__name__ = label
    registered(installation, target, *keys)(handler)


# Opening.


def test_a_case_knows_the_problem_the_scope_and_the_media_type_before_any_handler_is_asked() -> None:
    _, installation = shop()
    installation.shared.set_style("shop", API)
    case = case_of(installation, NotFound(), path="/shop/cart/x", accept="application/xml")

    assert [str(owner.scope) for owner in case.chain] == ["shop.cart", "shop", "app"]
    assert case.incident.scope == Scope(prefix="/shop/cart", blueprint="shop.cart")
    assert case.incident.problem.instance == f"urn:uuid:{case.incident.id}"
    assert (case.style, case.incident.media_type, case.uncaught) == (API, XML, False)


def test_every_case_has_an_id_of_its_own() -> None:
    installation = installed()
    ids = {case_of(installation, NotFound()).incident.id for _ in range(200)}

    assert len(ids) == 200


def test_the_id_is_a_random_uuid() -> None:
    import uuid

    for _ in range(200):
        found = uuid.UUID(case_of(installed(), NotFound()).incident.id)
        assert (found.version, found.variant) == (4, uuid.RFC_4122)


def test_the_style_is_that_of_the_nearest_scope_that_has_one() -> None:
    _, installation = shop()
    assert case_of(installation, NotFound(), path="/shop/cart").style is DEFAULT
    installation.shared.set_style("shop", WEB)
    assert case_of(installation, NotFound(), path="/shop/cart").style is WEB
    installation.shared.set_style("shop.cart", API)
    assert case_of(installation, NotFound(), path="/shop/cart").style is API


def test_a_scope_for_failures_gives_its_style_to_uncaught_exceptions_only() -> None:
    _, installation = shop()
    installation.shared.set_style(ROOT, API)
    installation.shared.set_failure("shop")

    assert case_of(installation, NotFound(), path="/shop").style is API
    assert case_of(installation, ServerError(original_exception=ValueError()), path="/shop").style is DEFAULT


def test_an_explained_case_is_no_bug_any_more() -> None:
    _, installation = shop()
    installation.shared.set_style(ROOT, API)
    installation.shared.set_failure("shop")
    exc = ValueError()
    case = case_of(installation, exc, path="/shop", accept="text/html")
    assert (case.style, case.incident.media_type, case.uncaught) == (DEFAULT, HTML, True)

    explained = case.meaning(Problem(409))

    assert (explained.style, explained.incident.media_type, explained.uncaught) == (API, JSON, False)
    assert (explained.incident.exception, explained.incident.id) == (exc, case.incident.id)
    assert (explained.incident.scope, explained.chain) == (case.incident.scope, case.chain)
    assert explained.incident.problem.status == 409
    assert case.incident.problem.status == 500


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"path": "/shop/cart"}, ()),
        ({"path": "/shop/cart", "routing": True}, ("shop.cart", "shop")),
        ({"path": "/shop/cart", "blueprints": ("other",)}, ("other",)),
        ({"path": "/x", "routing": True}, ()),
        ({"path": "/x", "routing": True, "rule_blueprints": ("shop",)}, ("shop",)),
    ],
)
def test_the_framework_is_asked_for_the_views_blueprints_and_on_routing_errors_for_those_of_the_url(
    facts: dict[str, Any], expected: tuple[str, ...]
) -> None:
    app, installation = shop()
    exc = NotFound()

    case_of(installation, exc, **facts)

    assert app.asked == [(exc, expected)]


# Step 1.


def test_an_exception_is_offered_to_handlers_of_its_class_along_the_whole_chain() -> None:
    _, installation = shop()
    name(installation, ROOT, "root_lookup", LookupError)
    name(installation, ROOT, "root_all", "*")
    name(installation, "shop", "shop_key", KeyError)
    name(installation, "shop", "shop_exception", Exception)
    name(installation, "shop.cart", "cart_lookup", LookupError)
    name(installation, "shop.cart", "cart_500", 500)
    name(installation, "shop.cart", "cart_value", ValueError)
    installation.shared.set_style("shop.cart", API)

    case = case_of(installation, KeyError("k"), path="/shop/cart")

    assert labels(claimants(case)) == ["cart_lookup", "shop_key", "root_lookup"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, ["cart", "shop", "framework", "root"]),
        ("shop", ["cart", "framework", "shop", "root"]),
        ("shop.cart", ["framework", "cart", "shop", "root"]),
    ],
)
def test_the_frameworks_choice_counts_at_the_scope_where_it_is_registered(
    where: str | None, expected: list[str]
) -> None:
    app, installation = shop()
    app.native = native(where)
    for target, label in ((ROOT, "root"), ("shop", "shop"), ("shop.cart", "cart")):
        name(installation, target, label, KeyError)

    case = case_of(installation, KeyError(), path="/x", blueprints=("shop.cart", "shop"))

    assert labels(claimants(case)) == expected


def test_a_native_handler_of_a_blueprint_does_not_count_at_a_plain_scope() -> None:
    app, installation = shop()
    app.native = native()
    name(installation, Scope(prefix="/x"), "scope", KeyError)

    assert labels(claimants(case_of(installation, KeyError(), path="/x"))) == ["scope", "framework"]


def test_a_native_handler_for_just_anything_waits_for_everybody_who_knows_the_class() -> None:
    app, installation = shop()
    app.native = native(generic=True)
    name(installation, ROOT, "root", KeyError)

    assert labels(claimants(case_of(installation, KeyError()))) == ["root", "framework"]
    assert labels(claimants(case_of(installation, ValueError()))) == ["framework"]


@pytest.mark.parametrize("keys", [(500,), ("5xx",), ("*",), (Exception,), (ServerError,)])
def test_a_nearer_scope_that_answers_the_500_wins_over_a_native_handler_for_just_anything(keys: tuple[Any]) -> None:
    app, installation = shop()
    app.native = native(generic=True)
    name(installation, "shop", "shop", *keys)

    assert labels(claimants(case_of(installation, KeyError(), path="/shop"))) == []
    assert labels(claimants(case_of(installation, KeyError(), path="/x"))) == ["framework"]


def test_a_nearer_style_or_page_for_failures_wins_over_a_native_handler_for_just_anything() -> None:
    app, installation = shop()
    app.native = native(generic=True)
    installation.shared.set_style("shop", API)
    installation.shared.set_failure(Scope(prefix="/fail"))

    assert labels(claimants(case_of(installation, KeyError(), path="/shop"))) == []
    assert labels(claimants(case_of(installation, KeyError(), path="/fail"))) == []
    assert labels(claimants(case_of(installation, KeyError(), path="/x"))) == ["framework"]


def test_a_nearer_handler_of_another_class_does_not_keep_the_native_one_from_answering() -> None:
    app, installation = shop()
    app.native = native("shop", generic=True)
    name(installation, "shop.cart", "cart", ValueError, 404)

    case = case_of(installation, KeyError(), path="/x", blueprints=("shop.cart", "shop"))

    assert labels(claimants(case)) == ["framework"]


def test_a_native_handler_registered_nowhere_in_the_chain_is_not_asked() -> None:
    app, installation = shop()
    app.native = lambda exc, blueprints: NativeHandler(print, exc, "elsewhere", False, True)

    assert labels(claimants(case_of(installation, KeyError()))) == []
    assert labels(candidates(case_of(installation, NotFound()))) == []


# Step 2.


def test_an_http_error_goes_from_scope_to_scope_up_to_the_first_with_a_style() -> None:
    _, installation = shop()
    name(installation, ROOT, "root", 404)
    name(installation, "shop", "shop_class", NotFound)
    name(installation, "shop", "shop_family", "4xx")
    name(installation, "shop", "shop_other", 409, "5xx")
    name(installation, "shop.cart", "cart_all", "*")
    name(installation, "shop.cart", "cart_exact", 404)
    case = case_of(installation, NotFound(), path="/shop/cart")

    assert labels(candidates(case)) == ["cart_exact", "cart_all", "shop_class", "shop_family", "root"]
    installation.shared.set_style("shop", API)
    assert labels(candidates(case_of(installation, NotFound(), path="/shop/cart"))) == [
        "cart_exact",
        "cart_all",
        "shop_class",
        "shop_family",
    ]


def test_within_a_scope_the_frameworks_choice_comes_first() -> None:
    app, installation = shop()
    name(installation, "shop", "shop", 404)
    name(installation, "shop.cart", "cart", 404)
    app.native = native("shop")

    case = case_of(installation, NotFound(), path="/shop/cart", routing=True)

    assert labels(candidates(case)) == ["cart", "framework", "shop"]


def test_a_nearer_style_wins_over_a_farther_native_handler() -> None:
    app, installation = shop()
    app.native = native()
    installation.shared.set_style("shop", API)

    assert labels(candidates(case_of(installation, NotFound(), path="/shop"))) == []
    assert labels(candidates(case_of(installation, NotFound(), path="/x"))) == ["framework"]


def test_a_page_for_failures_stops_uncaught_exceptions_only() -> None:
    _, installation = shop()
    installation.shared.set_failure("shop")
    name(installation, ROOT, "root", "*")

    assert labels(candidates(case_of(installation, NotFound(), path="/shop"))) == ["root"]
    assert labels(candidates(case_of(installation, ServerError(original_exception=KeyError()), path="/shop"))) == []


def test_a_problem_is_answered_by_its_class_then_its_status() -> None:
    class Sold(Problem, status=409):
        """Sold."""

    _, installation = shop()
    name(installation, ROOT, "status", 409)
    name(installation, ROOT, "family", "4xx")
    name(installation, ROOT, "problem", Problem)
    name(installation, ROOT, "sold", Sold)

    assert labels(candidates(case_of(installation, Sold()))) == ["sold", "problem", "status", "family"]


def test_a_handler_is_called_with_as_many_arguments_as_it_takes_and_a_native_one_with_what_the_framework_says() -> None:
    app, installation = shop()
    wrapped = ServerError()
    app.native = lambda exc, blueprints: NativeHandler(print, wrapped, None, True, False)
    registered(installation, ROOT, 404)(lambda exc, incident: None)
    exc = NotFound()
    case = opened(installation.table(), exc, case_of(installation, exc).incident.request)

    framework, own = candidates(case)

    assert (framework.native, framework.call.args, framework.call.colour.name) == (True, (wrapped,), "ASYNC")
    assert (own.native, own.call.args, own.call.colour.name) == (False, (exc, case.incident), "SYNC")
