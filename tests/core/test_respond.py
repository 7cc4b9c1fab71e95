"""The order of things, through its one entry: whatever is tested here is tested with both drivers at once."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from errbridge import Handlers, Problem, Reply, RequestFacts, Scope
from errbridge.adapter import LEFT, Installation, Native, Raised, Response, respond
from errbridge.scopes.scope import ROOT
from tests.core.fakes import (
    COLOURS,
    UUID_TEXT,
    Application,
    Asked,
    Conflict,
    HttpError,
    MethodNotAllowed,
    NativeResponse,
    NotFound,
    OutOfStock,
    ServerError,
    World,
    a_shop,
    an_api,
    answer,
    at_root,
    chain_of,
    fail,
    follow,
    handle,
    install,
    native,
    register,
)

# What is no business of errbridge's.


def test_an_exception_that_is_an_answer_already_is_left_to_the_framework(world: World) -> None:
    run = world(at_root(fail), lambda: HttpError(response=NativeResponse("mine")))

    assert run.outcome is LEFT
    assert (run.records, run.app.searched) == ([], [])


@pytest.mark.parametrize("exc", [NotFound, lambda: Problem(404)])
def test_an_error_that_the_settings_make_a_crash_is_left_to_the_framework(world: World, exc: Any) -> None:
    def build(app: Application, installation: Installation) -> None:
        app.trapped = (NotFound, Problem)
        register(installation, ROOT)(fail)

    assert world(build, exc).outcome is LEFT


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(), GeneratorExit()], ids=lambda error: type(error).__name__
)
@pytest.mark.parametrize("is_async", [False, True])
def test_what_ends_the_process_passes_through_a_plan_untouched(error: BaseException, is_async: bool) -> None:
    def handler(exc: BaseException) -> None:
        raise error

    installation = install()
    register(installation, ROOT, 404)(handler)

    with pytest.raises(type(error)) as caught:
        answer(installation, NotFound(), is_async=is_async)
    assert caught.value is error


# What is an HTTP error: a problem, or an instance of the framework's class.


class Upstream(Exception):
    """Of a client library: it has everything that an HTTP exception has, but the class."""

    code, description, name = 403, "GET http://vault/?token=s3cret", "Forbidden"
    words, headers, response, original, original_exception = description, (("Set-Cookie", "u=1"),), None, None, None

    def get_headers(self, *args: object) -> list[tuple[str, str]]:
        return [("Set-Cookie", "u=1")]


class Remote(Exception):
    """Of a remote procedure: whatever attribute is looked up, it has one."""

    def __getattr__(self, name: str) -> Any:
        return Remote()


@pytest.mark.parametrize("exc", [Upstream, Remote])
def test_an_exception_that_only_looks_like_an_http_error_is_uncaught(world: World, exc: type[Exception]) -> None:
    def build(app: Application, installation: Installation) -> None:
        register(installation, ROOT, 403)(fail)

    raised = exc()
    assert world(build, raised).outcome == Raised(raised)

    run = world(build, raised, carry=handle, accept="application/json")
    assert (run.sent.status, run.document["detail"]) == (500, "Unhandled Exception")
    assert "s3cret" not in run.text
    assert run.header("Set-Cookie") == []
    (logged,) = run.records
    assert (logged.levelno, logged.exc_info) == (logging.ERROR, (exc, raised, None))


@pytest.mark.parametrize("exc", [Upstream, Remote])
def test_neither_may_a_handler_return_or_raise_one(world: World, exc: type[Exception]) -> None:
    def raises(caught: BaseException) -> None:
        raise exc()

    for handler in (raises, lambda caught: exc(), lambda caught: exc):
        run = world(an_api(handler, 404), NotFound())
        assert (run.document["status"], run.document["title"]) == (404, "Not Found")
        assert "s3cret" not in run.text
        assert [logged.levelno for logged in run.records] == [logging.ERROR]


@pytest.mark.parametrize("name", ["response", "code", "original_exception", "original", "get_headers", "description"])
def test_a_problem_is_itself_whatever_its_extension_members_are_called(world: World, name: str) -> None:
    field: Any = type("Field", (Problem,), {"__annotations__": {name: object}}, status=409)
    extensions: dict[str, Any] = {name: "x"}

    def raises(exc: BaseException) -> None:
        raise field(**extensions)

    for handler in (lambda exc: Problem(409, **extensions), lambda exc: field(**extensions), raises):
        run = world(an_api(handler, 404), NotFound())
        assert (run.document["status"], run.document[name]) == (409, "x")
    for made in (lambda: Problem(409, **extensions), lambda: field(**extensions)):
        assert world(an_api(), made).document[name] == "x"


# Step 2: an exception that is no HTTP error is offered to the handlers of its class.


def test_an_exception_that_no_handler_takes_is_raised_as_without_errbridge(world: World) -> None:
    exc = OutOfStock()

    run = world(at_root(fail, "*", 500, "5xx", ValueError), exc)

    assert run.failure is exc
    assert run.records == []
    assert (exc.__context__, exc.__cause__) == (None, None)


def test_an_exception_is_offered_to_handlers_of_its_class_along_the_whole_chain(asked: Asked) -> None:
    _, installation = a_shop()
    asked.register(installation, ROOT, "root_lookup", LookupError)
    asked.register(installation, ROOT, "root_all", "*")
    asked.register(installation, "shop", "shop_key", KeyError)
    asked.register(installation, "shop", "shop_exception", Exception)
    asked.register(installation, "shop.cart", "cart_lookup", LookupError)
    asked.register(installation, "shop.cart", "cart_500", 500)
    asked.register(installation, "shop.cart", "cart_value", ValueError)
    installation.shared.set_style("shop.cart", "api")

    assert asked.by(installation, KeyError("k"), path="/shop/cart") == ["cart_lookup", "shop_key", "root_lookup"]


@pytest.mark.parametrize("colour", COLOURS)
def test_a_domain_exception_mapped_once_looks_like_the_scope_it_happened_in(
    world: World, colour: Callable[..., Any]
) -> None:
    def build(app: Application, installation: Installation) -> None:
        installation.shared.set_style("shop", "api")
        register(installation, ROOT, LookupError)(colour(lambda exc: Problem(404, detail="None left")))

    run = world(build, OutOfStock(), path="/shop/x", accept="text/html")
    assert (run.document["status"], run.document["detail"]) == (404, "None left")
    run = world(build, OutOfStock(), path="/x")
    assert (run.sent.status, run.sent.content_type) == (404, "text/html; charset=utf-8")


def test_an_exception_that_every_handler_passes_on_is_raised(world: World) -> None:
    exc = OutOfStock()

    run = world(at_root(lambda exc: None, LookupError, OutOfStock), exc)

    assert run.failure is exc
    assert run.records == []


def test_a_handler_that_fails_on_an_exception_is_the_frameworks_to_deal_with_both_linked(world: World) -> None:
    exc = OutOfStock()

    run = world(at_root(fail, OutOfStock), exc)

    assert isinstance(run.failure, RuntimeError)
    assert run.failure.__context__ is exc
    assert run.records == []


def test_a_value_returned_for_an_exception_without_a_status_is_a_500(world: World) -> None:
    assert world(at_root(lambda exc: "words", OutOfStock), OutOfStock).draft.status == 500


def test_a_module_of_handlers_is_included_on_any_target(world: World) -> None:
    module = Handlers()

    @module.register(LookupError)
    def missing(exc: BaseException) -> Problem:
        return Problem(404, detail="There is no such thing")

    def build(app: Application, installation: Installation) -> None:
        installation.shared.include(Scope(prefix="/shop"), module)

    assert world(build, OutOfStock, path="/shop/x").sent.status == 404
    assert isinstance(world(build, OutOfStock, path="/x").outcome, Raised)


# Step 3: an HTTP error goes from scope to scope, up to the style that answers.


def test_an_http_error_goes_from_scope_to_scope_up_to_the_first_with_a_style(asked: Asked) -> None:
    _, installation = a_shop()
    asked.register(installation, ROOT, "root", 404)
    asked.register(installation, "shop", "shop_class", NotFound)
    asked.register(installation, "shop", "shop_family", "4xx")
    asked.register(installation, "shop", "shop_other", 409, "5xx")
    asked.register(installation, "shop.cart", "cart_all", "*")
    asked.register(installation, "shop.cart", "cart_exact", 404)
    within = ["cart_exact", "cart_all", "shop_class", "shop_family"]

    assert asked.by(installation, NotFound(), path="/shop/cart") == [*within, "root"]
    installation.shared.set_style("shop", "api")
    assert asked.by(installation, NotFound(), path="/shop/cart") == within


def test_a_page_for_failures_stops_uncaught_exceptions_only(asked: Asked) -> None:
    _, installation = a_shop()
    installation.shared.set_failure("shop")
    asked.register(installation, ROOT, "root", "*")

    assert asked.by(installation, NotFound(), path="/shop") == ["root"]
    assert asked.by(installation, ServerError(original=KeyError()), path="/shop") == []


def test_a_problem_is_answered_by_its_class_then_its_status(asked: Asked) -> None:
    class Sold(Problem, status=409):
        """Sold."""

    _, installation = a_shop()
    asked.register(installation, ROOT, "status", 409)
    asked.register(installation, ROOT, "family", "4xx")
    asked.register(installation, ROOT, "problem", Problem)
    asked.register(installation, ROOT, "sold", Sold)

    assert asked.by(installation, Sold()) == ["sold", "problem", "status", "family"]


def test_a_handler_is_called_with_as_many_arguments_as_it_takes(world: World) -> None:
    seen: list[tuple[Any, ...]] = []
    exc = NotFound()

    def build(app: Application, installation: Installation) -> None:
        register(installation, ROOT, "4xx")(lambda caught, incident: seen.append((caught, incident)))
        register(installation, ROOT, 404)(lambda caught: seen.append((caught,)))

    run = world(build, exc, path="/x", accept="application/json")

    (first,), (second, incident) = seen[:2]
    assert first is second is exc
    assert (incident.exception, incident.request.path, incident.media_type) == (exc, "/x", "application/problem+json")
    assert run.document["instance"] == f"urn:uuid:{incident.id}"


# What a handler answers.


@pytest.mark.parametrize("colour", COLOURS)
def test_a_problem_is_shown_in_the_style_of_the_nearest_scope_that_has_one(
    world: World, colour: Callable[..., Any]
) -> None:
    def build(app: Application, installation: Installation) -> None:
        installation.shared.set_style("shop", "api")
        register(installation, "shop.cart", 404)(colour(lambda exc: Problem(410, detail="Gone for good", sku="a")))

    run = world(build, NotFound(), path="/shop/cart/x")

    assert (run.sent.status, run.sent.content_type) == (410, "application/problem+json")
    assert (run.document["detail"], run.document["sku"]) == ("Gone for good", "a")
    assert UUID_TEXT.search(run.document["instance"])


@pytest.mark.parametrize("colour", COLOURS)
def test_none_passes_the_error_on_to_the_next_candidate(world: World, colour: Callable[..., Any], asked: Asked) -> None:
    def build(app: Application, installation: Installation) -> None:
        register(installation, ROOT, "*")(colour(asked.handler("all")))
        register(installation, ROOT, 404)(colour(asked.handler("code")))
        register(installation, "shop", "4xx")(colour(asked.handler("shop")))

    run = world(build, NotFound(), path="/shop/x")

    assert asked == ["shop", "code", "all"] * 2
    assert run.sent.status == 404


def test_a_handler_that_returns_the_exception_it_was_given_passes_the_error_on(world: World, asked: Asked) -> None:
    def returns_it(exc: BaseException) -> BaseException:
        asked.append("returns it")
        return exc

    def build(app: Application, installation: Installation) -> None:
        asked.register(installation, ROOT, "next", "4xx")
        register(installation, ROOT, 404)(returns_it)

    for exc in (NotFound(), Problem(404)):
        asked.clear()
        assert world(build, exc).sent.status == 404
        assert asked == ["returns it", "next"] * 2
    run = world(native(returns_it), NotFound())
    assert (run.sent.status, len(run.records)) == (404, 1)
    stock = OutOfStock()
    assert world(at_root(returns_it, OutOfStock), stock).outcome == Raised(stock)


def test_a_handler_that_raises_the_exception_it_was_given_passes_an_http_error_on(world: World, asked: Asked) -> None:
    def raises_it(exc: BaseException) -> None:
        raise exc

    def build(app: Application, installation: Installation) -> None:
        asked.register(installation, ROOT, "next", "4xx")
        register(installation, ROOT, 404)(raises_it)

    assert world(build, NotFound).sent.status == 404
    assert asked == ["next"] * 2


@pytest.mark.parametrize("returned", [lambda error: error, None])
@pytest.mark.parametrize("error", [lambda: Problem(410, sku="a"), lambda: Conflict("busy", headers=[("X-A", "1")])])
def test_a_handler_may_raise_or_return_an_http_error_and_means_it(
    world: World, error: Callable[[], Exception], returned: Callable[..., Any] | None
) -> None:
    def handler(exc: BaseException) -> Any:
        if returned is None:
            raise error()
        return returned(error())

    run = world(an_api(handler, 404), NotFound())

    assert run.sent.content_type == "application/problem+json"
    assert run.document["status"] == run.sent.status in (409, 410)
    assert run.header("X-A") == (["1"] if run.sent.status == 409 else [])


class Sold(Problem, status=409):
    """The item is sold."""


@pytest.mark.parametrize("cls", [Conflict, Sold])
def test_a_class_of_exceptions_that_a_handler_returns_is_raised(world: World, cls: type[Exception]) -> None:
    for handler in (lambda exc: cls, lambda exc: (cls, {"X-A": "1"})):
        run = world(an_api(handler, 404), NotFound())
        assert (run.sent.status, run.document["status"], run.document["title"]) == (409, 409, "Conflict")
        assert run.header("X-A") in ([], ["1"])
    assert world(an_api(lambda exc: (cls, {"X-A": "1"}), 404), NotFound()).header("X-A") == ["1"]


def test_an_http_error_that_brings_a_response_is_that_response(world: World) -> None:
    response = NativeResponse("mine", 402)

    def raises(exc: BaseException) -> Any:
        raise HttpError(response=response)

    for handler in (raises, lambda exc: HttpError(response=response)):
        run = world(an_api(handler, 404), NotFound())
        assert run.outcome == Native(response)
        assert (run.draft.status, run.draft.headers) == (None, ())
    run = world(an_api(lambda exc: (HttpError(response=response), 410, {"X-A": "1"}), 404), NotFound())
    assert (run.draft.body, run.draft.status, run.draft.headers) == (response, 410, (("X-A", "1"),))


# Tuples: their status and headers win.


@pytest.mark.parametrize(
    ("value", "status", "headers"),
    [
        (lambda: (Problem(409), 410), 410, {}),
        (lambda: (Problem(409), 409), 409, {}),
        (lambda: (Problem(409), "410 Gone"), 410, {}),
        (lambda: (Problem(409), {"X-A": "1"}), 409, {"X-A": "1"}),
        (lambda: (Problem(409), [("X-A", "1"), ("X-A", "2")]), 409, {"X-A": "1, 2"}),
        (lambda: (Problem(409, headers={"x-a": "0", "X-B": "0"}), {"X-A": "1"}), 409, {"X-A": "1", "X-B": "0"}),
        (lambda: (Problem(409), 410, {"X-A": "1"}), 410, {"X-A": "1"}),
        (lambda: (Problem(409), None), 409, {}),
        (lambda: (Problem(409), None, None), 409, {}),
        (lambda: (Conflict(), 409), 409, {}),
        (lambda: (Conflict(headers=[("X-A", "0")]), 410, {"X-A": "1"}), 410, {"X-A": "1"}),
    ],
)
@pytest.mark.parametrize("is_native", [False, True])
def test_a_problem_or_an_http_error_may_stand_in_a_tuple_whose_status_and_headers_win(
    world: World, value: Callable[[], Any], status: int, headers: dict[str, str], is_native: bool
) -> None:
    def build(app: Application, installation: Installation) -> None:
        installation.shared.set_style(ROOT, "api")
        if is_native:
            native(lambda exc: value())(app, installation)
        else:
            register(installation, ROOT, 404)(lambda exc: value())

    run = world(build, lambda: NotFound("Nothing"))

    assert (run.sent.status, run.document["status"]) == (status, status)
    assert run.document["title"] == {409: "Conflict", 410: "Gone"}[status]
    assert {name: ", ".join(run.header(name)) for name in ("X-A", "X-B") if run.header(name)} == headers
    assert [logged.levelno for logged in run.records] == [logging.INFO]


def test_a_title_of_its_own_stays_when_the_status_of_a_tuple_is_another(world: World) -> None:
    run = world(an_api(lambda exc: (Problem(409, title="Sold out"), 410), 404), NotFound())

    assert (run.document["status"], run.document["title"]) == (410, "Sold out")


def test_a_problem_in_a_tuple_is_not_changed(world: World) -> None:
    problem = Problem(409, headers={"X-A": "0"})

    run = world(an_api(lambda exc: (problem, 410, {"X-A": "1"}), 404), NotFound())

    assert run.sent.status == 410
    assert (problem.status, problem.title, dict(problem.headers)) == (409, "Conflict", {"X-A": "0"})


@pytest.mark.parametrize("status", [200, 99, 999, "words", True])
def test_a_status_that_is_no_error_cannot_be_that_of_a_problem(world: World, status: Any) -> None:
    run = world(an_api(lambda exc: (Problem(409), status), 404), NotFound())

    assert (run.sent.status, run.document["status"]) == (404, 404)
    assert [logged.levelno for logged in run.records] == [logging.ERROR]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((Reply("sold"), 409), (409, {})),
        ((Reply("sold", 410), 409), (409, {})),
        ((Reply("sold", 410), {"X-A": "1"}), (410, {"X-A": "1"})),
        ((Reply("sold", 410, {"x-a": "0", "X-B": "0"}), None, {"X-A": "1"}), (410, {"X-B": "0", "X-A": "1"})),
        ((Reply("sold"), None), (404, {})),
    ],
)
@pytest.mark.parametrize("is_native", [False, True])
def test_a_reply_may_stand_in_a_tuple_whose_status_and_headers_win(
    world: World, value: Any, expected: tuple[int, dict[str, str]], is_native: bool
) -> None:
    build = native(lambda exc: value) if is_native else at_root(lambda exc: value, 404)
    run = world(build, NotFound())

    assert run.text == "sold"
    found = {name: value for name, value in run.sent.headers if name.lower().startswith("x-") and len(name) == 3}
    assert (run.sent.status, found) == expected


# A problem of the same status keeps what the error brought.

CHALLENGES = [("WWW-Authenticate", 'Basic realm="a"'), ("WWW-Authenticate", 'Bearer realm="b"')]


@pytest.mark.parametrize(
    ("error", "status", "members"),
    [
        (lambda: MethodNotAllowed("GET", "PUT"), 405, {"allowed": ["GET", "PUT"]}),
        (lambda: Problem(401, headers=CHALLENGES), 401, {"authenticate": [value for _, value in CHALLENGES]}),
        (lambda: Problem(429, headers={"Retry-After": "30"}), 429, {"retry_after": 30}),
        (lambda: Problem(503, headers={"Retry-After": "0"}), 503, {"retry_after": 0}),
        (
            lambda: Problem(416, headers={"Content-Range": "bytes */5", "X-A": "1"}),
            416,
            {"units": "bytes", "length": 5},
        ),
    ],
)
def test_a_problem_of_the_same_status_keeps_the_headers_of_the_error_and_their_members(
    world: World, error: Callable[[], Exception], status: int, members: dict[str, Any]
) -> None:
    before = world(an_api(), error)

    def raises(exc: BaseException) -> None:
        raise Problem(status, detail="In our words.")

    for handler in (raises, lambda exc: Problem(status, detail="In our words.")):
        run = world(an_api(handler, status), error)
        assert run.document["detail"] == "In our words."
        assert {name: run.document[name] for name in members} == members
        assert sorted(run.sent.headers) == sorted(before.sent.headers)


def test_a_header_of_the_problems_own_wins_over_that_of_the_error(world: World) -> None:
    error = lambda: Problem(429, headers={"Retry-After": "30", "X-A": "1"})  # noqa: E731
    run = world(an_api(lambda exc: Problem(429, headers={"retry-after": "7"}), 429), error)

    assert (run.header("Retry-After"), run.header("X-A")) == (["7"], ["1"])
    assert run.document["retry_after"] == 7


def test_a_problem_of_another_status_has_its_own_headers_alone(world: World) -> None:
    run = world(an_api(lambda exc: Problem(404), 405), MethodNotAllowed())

    assert run.header("Allow") == []
    assert "allowed" not in run.document


def test_a_problem_that_is_returned_for_every_error_keeps_nothing_of_the_last_one(world: World) -> None:
    problem = Problem(429, detail="Slow down.")
    build = an_api(lambda exc: problem, 429)

    assert world(build, lambda: Problem(429, headers={"Retry-After": "30"})).header("Retry-After") == ["30"]
    assert world(build, lambda: Problem(429)).header("Retry-After") == []
    assert problem.headers == ()


# Each handler is called at most once for an error.


def test_a_handler_registered_in_several_places_is_asked_once_for_an_error(world: World, asked: Asked) -> None:
    handler = asked.handler("it")

    def build(app: Application, installation: Installation) -> None:
        for target in ("shop.cart", "shop", Scope(prefix="/shop"), ROOT):
            register(installation, target, 404, "4xx", "*")(handler)
        native(handler)(app, installation)

    world(build, NotFound(), path="/shop/cart/x")

    assert asked == ["it"] * 2


def test_a_handler_that_passed_an_exception_is_not_asked_again_for_its_500(world: World, asked: Asked) -> None:
    handler = asked.handler("it")

    def build(app: Application, installation: Installation) -> None:
        native(handler, is_generic=True)(app, installation)
        register(installation, ROOT, OutOfStock, 500)(handler)

    run = world(build, OutOfStock, carry=handle)

    assert run.sent.status == 500
    assert asked == ["it"] * 2
    assert len(run.records) == 1


@pytest.mark.parametrize("members", [[NotFound()], [NotFound(), NotFound()]])
def test_a_group_and_the_error_that_it_means_are_one_incident(world: World, members: list[Exception]) -> None:
    seen: list[Any] = []

    def build(app: Application, installation: Installation) -> None:
        for key in (ExceptionGroup, 404):  # one function for both would be called once
            register(installation, ROOT, key)(lambda exc, incident: seen.append(incident))

    run = world(build, ExceptionGroup("g", members))

    first, second = seen[:2]
    assert (type(first.exception), second.exception) == (ExceptionGroup, members[0])
    assert first.id == second.id == run.records[0].__dict__["incident_id"]


def test_a_handler_may_raise_the_answer_in_a_group_of_its_tasks(world: World) -> None:
    def fail(exc: Exception) -> None:
        raise ExceptionGroup("unhandled errors in a TaskGroup", [Problem(410)])

    def build(app: Application, installation: Installation) -> None:
        register(installation, ROOT, 404)(fail)

    assert world(build, NotFound).sent.status == 410


# Groups.


def test_a_group_of_http_errors_is_answered_as_the_most_severe(world: World) -> None:
    run = world(an_api(), lambda: ExceptionGroup("g", [NotFound(), Problem(409, detail="Worse."), NotFound()]))

    assert (run.sent.status, run.document["detail"]) == (409, "Worse.")


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("more", [0, 2])
def test_a_group_that_holds_domain_exceptions_of_one_class_is_that_classes_handlers(
    world: World, deep: bool, more: int
) -> None:
    seen: list[BaseException] = []
    error = OutOfStock()

    def handler(exc: BaseException) -> Problem:
        seen.append(exc)
        return Problem(404, detail="None left")

    group: Any = ExceptionGroup("g", [error, *(OutOfStock() for _ in range(more))])
    run = world(an_api(handler, OutOfStock), ExceptionGroup("outer", [group]) if deep else group)

    assert (run.document["status"], run.document["detail"]) == (404, "None left")
    assert [exc is error for exc in seen] == [True, True]


def test_a_handler_for_the_group_itself_comes_first(world: World) -> None:
    def build(app: Application, installation: Installation) -> None:
        register(installation, ROOT, OutOfStock)(fail)
        register(installation, ROOT, ExceptionGroup)(lambda exc: Problem(418))

    assert world(build, lambda: ExceptionGroup("g", [OutOfStock()])).sent.status == 418


@pytest.mark.parametrize("members", [[OutOfStock(), KeyError()], [OutOfStock(), NotFound()], [KeyError()]])
def test_a_group_of_different_domain_exceptions_or_of_one_that_no_handler_takes_is_raised(
    world: World, members: list[Exception]
) -> None:
    group = ExceptionGroup("g", members)

    run = world(at_root(lambda exc: Problem(404), OutOfStock), group)

    assert run.failure is group


def test_a_member_that_is_an_answer_already_is_that_answer(world: World) -> None:
    error = HttpError(response=NativeResponse("mine"))

    run = world(an_api(fail), ExceptionGroup("g", [error]))

    assert run.outcome == Native(error)


def test_a_member_that_the_settings_make_a_crash_is_one_in_a_group_too(world: World) -> None:
    group = ExceptionGroup("g", [NotFound()])

    def build(app: Application, installation: Installation) -> None:
        app.trapped = (NotFound,)

    assert world(build, group).failure is group


def test_a_handler_that_fails_on_the_error_of_a_group_is_the_frameworks_to_deal_with(world: World) -> None:
    error = OutOfStock()

    run = world(at_root(fail, OutOfStock), ExceptionGroup("g", [error]))

    assert isinstance(run.failure, RuntimeError)
    assert error in chain_of(run.failure)


# An uncaught exception and the 500 made of it are one error.


class Counting:
    """Counts the calls of what is worked out for an error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        self.calls: dict[str, int] = {}
        for name in names:
            owner_name, _, attribute = name.rpartition(".")
            module_name, _, class_name = owner_name.rpartition(".")
            module = __import__(module_name, fromlist=["x"])
            owner = getattr(module, class_name)
            self._count(monkeypatch, owner, attribute)

    def _count(self, monkeypatch: pytest.MonkeyPatch, owner: Any, attribute: str) -> None:
        original = getattr(owner, attribute)
        self.calls[attribute] = 0

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.calls[attribute] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, attribute, counted)


WORKED_OUT = (
    "errbridge.application.errormap.ErrorMap.find_chain",
    "errbridge.application.errormap.ErrorMap.choose_look",
    "errbridge.handling.context.uncaught_problem",
    "errbridge.handling.context.Occurrence",
)


def test_an_uncaught_exception_and_its_500_are_one_incident_and_worked_out_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Any] = []
    _, installation = a_shop()
    installation.shared.set_style("shop", "api")
    register(installation, ROOT, OutOfStock)(lambda exc, incident: seen.append(incident))
    register(installation, "shop", 500)(lambda exc, incident: seen.append(incident))
    counting = Counting(monkeypatch, *WORKED_OUT)

    outcome = handle(installation, OutOfStock(), path="/shop/x")

    assert counting.calls == {"find_chain": 1, "choose_look": 1, "uncaught_problem": 1, "Occurrence": 1}
    assert isinstance(outcome, Response)
    first, second = seen
    assert isinstance(first.exception, OutOfStock)
    assert isinstance(second.exception, ServerError)
    assert first.original is second.original is first.exception
    assert first.id == second.id == caplog.records[0].__dict__["incident_id"]
    assert first.id.encode() in (outcome.body or b"")
    assert len(caplog.records) == 1


def test_only_the_500_made_of_the_exception_before_is_the_same_incident() -> None:
    installation = install()
    exc = OutOfStock()

    before = follow(installation, exc)
    same = follow(installation, ServerError(original=exc), before)
    other = follow(installation, ServerError(original=exc))
    unrelated = follow(installation, ServerError(original=OutOfStock()), before)

    first, second = (context.id for context in same.contexts)
    (third,), (fourth,) = ([context.id for context in run.contexts] for run in (other, unrelated))
    assert first == second
    assert len({first, third, fourth}) == 3


def test_the_failure_of_a_handler_is_the_same_incident_as_the_error_it_was_asked_about() -> None:
    installation = install()
    register(installation, ROOT, OutOfStock)(fail)

    before = follow(installation, OutOfStock())
    assert isinstance(before.outcome, Raised)
    failure = before.outcome.exception
    first, second = follow(installation, ServerError(original=failure), before).contexts

    assert (first.id, first.original) == (second.id, failure.__context__)
    assert second.original is failure


def test_the_contexts_of_an_error_are_traced_the_latest_last() -> None:
    installation = install()
    handler = register(installation, ROOT, OutOfStock)(lambda exc: None)
    group = ExceptionGroup("g", [OutOfStock()])

    (context,) = follow(installation, NotFound()).contexts
    assert type(context.exception) is NotFound
    assert context.asked == []
    outer, inner = follow(installation, group).contexts
    assert (outer.exception, inner.exception) == (group, group.exceptions[0])
    (context,) = follow(installation, OutOfStock()).contexts
    assert context.asked == [handler]


def test_a_failing_handler_of_an_exception_is_the_error_that_is_answered(world: World) -> None:
    run = world(an_api(fail, OutOfStock), OutOfStock, carry=handle)

    assert (run.sent.status, run.document["detail"]) == (500, "Unhandled Exception")
    (logged,) = run.records
    assert logged.exc_info is not None
    assert isinstance(logged.exc_info[1], RuntimeError)
    assert any(isinstance(each, OutOfStock) for each in chain_of(logged.exc_info[1]))


# Plans.


def test_an_error_without_handlers_is_answered_without_a_call() -> None:
    run = respond(install(), NotFound(), RequestFacts())

    assert isinstance(run.outcome, Response)


def test_a_traceback_leads_from_the_handler_to_the_error(world: World) -> None:
    (logged,) = world(an_api(fail, 404), NotFound()).records

    assert logged.exc_info is not None
    assert logged.exc_info[1] is not None
    printed = "".join(traceback.format_exception(logged.exc_info[1]))
    assert "During handling of the above exception" in printed
