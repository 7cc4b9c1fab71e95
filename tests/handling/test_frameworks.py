"""What stays the framework's: debugging, signals, traps, responses, redirects."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    NotFound,
)

from tests.applications import (
    Ask,
    a_blueprint,
    a_catch_all,
    a_handler,
    a_native_handler,
    a_view,
    an_app,
    answering,
    at,
    in_style,
    raising,
    says,
)
from tests.clients import Request
from tests.handling.zoo import ERRORS, handlers, zoo
from tests.twins import Twins, World, quart_world

# What stays the framework's.

MODES: dict[str, dict[str, Any]] = {
    "debug": {"DEBUG": True},
    "testing": {"TESTING": True},
    "propagate": {"PROPAGATE_EXCEPTIONS": True},
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("registered", ["app *", "app Exception", "app 500", "app 5xx", "app HTTPException", ""])
def test_uncaught_exceptions_are_not_swallowed_where_the_developer_wants_to_see_them(
    world: World, mode: str, registered: str
) -> None:
    world.config = MODES[mode]
    handlers(registered)(world)

    error = world.find_escaped("/raise/KeyError")

    assert isinstance(error, KeyError)
    assert error.args == ("lost",)


@pytest.mark.parametrize("mode", MODES)
def test_a_style_does_not_swallow_them_either(world: World, mode: str) -> None:
    world.config = MODES[mode]
    zoo(in_style("api", "/zone"), in_style("failure"), at("outer", in_style("failure")))(world)

    for path in ("/zone/raise/KeyError", "/raise/KeyError", "/outer/inner/raise/KeyError"):
        assert isinstance(world.find_escaped(path), KeyError)


def test_without_those_modes_nothing_escapes(world: World) -> None:
    handlers("app *")(world)

    assert world.find_escaped("/raise/KeyError") is None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("registered", "error", "expected"),
    [
        ("app LookupError", "KeyError", (500, "app LookupError")),
        ("native app LookupError", "KeyError", (500, "native app LookupError")),
        ("native app Exception", "KeyError", (500, "native app Exception")),
        ("app *", "404", (404, "app *")),
        ("app 500", "500", (500, "app 500")),
        ("app Exception", "SoldOut", (409, "app Exception")),
    ],
)
def test_what_a_handler_claims_is_answered_in_every_mode(
    ask: Ask, mode: str, registered: str, error: str, expected: tuple[int, str]
) -> None:
    response = ask(handlers(registered), f"/raise/{error}", config=MODES[mode])

    assert (response.status, response.text) == expected


@pytest.mark.parametrize(("error", "expected"), [("KeyError", ["KeyError"]), ("404", []), ("SoldOut", []), ("500", [])])
@pytest.mark.parametrize("registered", ["", "app *", "native app 500"])
def test_the_signal_for_uncaught_exceptions_is_sent_as_without_errbridge(
    world: World, registered: str, error: str, expected: list[str]
) -> None:
    handlers(registered)(world)
    sent: list[str] = []

    def receive(sender: Any, exception: BaseException, **extra: Any) -> None:
        sent.append(type(exception).__name__)

    with world.framework.got_request_exception.connected_to(receive, world.app):
        world.call(Request(f"/raise/{error}"))

    assert sent == expected


def test_the_signal_is_not_sent_for_a_domain_exception_that_was_claimed(world: World) -> None:
    handlers("app LookupError")(world)
    sent: list[BaseException] = []

    def receive(sender: Any, exception: BaseException, **extra: Any) -> None:
        sent.append(exception)

    with world.framework.got_request_exception.connected_to(receive, world.app):
        world.call(Request("/raise/KeyError"))

    assert sent == []


@pytest.mark.parametrize("path", ["/raise/404", "/raise/KeyError", "/raise/SoldOut", "/nope", "/raise/Unfit"])
@pytest.mark.parametrize("registered", ["", "app *", "app LookupError"])
def test_the_functions_around_a_request_run_once_each(world: World, registered: str, path: str) -> None:
    ran: list[str] = []
    handlers(registered)(world)
    world.app.before_request(lambda: ran.append("before"))

    def after(response: Any) -> Any:
        ran.append(f"after {response.status_code}")
        response.headers["X-After"] = "ran"
        return response

    world.app.after_request(after)
    world.app.teardown_request(lambda exc: ran.append("teardown"))

    response = world.call(Request(path))

    assert ran == ["before", f"after {response.status}", "teardown"]
    assert response.header("X-After") == "ran"


def test_the_framework_writes_its_own_record_of_an_uncaught_exception(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    handlers("app *")(world)

    world.call(Request("/raise/KeyError"))
    world.call(Request("/raise/404"))

    (record,) = (record for record in caplog.records if record.name == world.app.logger.name)
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)


async def test_what_fails_while_quart_starts_is_recorded_as_without_errbridge(caplog: pytest.LogCaptureFixture) -> None:
    world = quart_world()
    world.app.before_serving(raising(KeyError))
    assert world.errors is not None

    with pytest.raises(KeyError):
        await world.app.startup()

    (record,) = caplog.records
    assert (record.name, "incident" in record.getMessage()) == (world.app.logger.name, False)


@pytest.mark.parametrize("error", ["404", "SoldOut", "Missing"])
def test_trap_http_exceptions_makes_a_crash_of_every_http_error(world: World, error: str) -> None:
    world.config = {"TRAP_HTTP_EXCEPTIONS": True, "TESTING": True}
    handlers("app *; app 404; app 409")(world)

    escaping = world.find_escaped(f"/raise/{error}")

    assert type(escaping) is type(ERRORS[error]())


@pytest.mark.parametrize("error", ["404", "SoldOut"])
def test_an_application_that_decides_itself_what_is_trapped_is_asked_about_every_http_error(
    world: World, error: str
) -> None:
    world.config = {"TESTING": True}
    handlers("app *")(world)
    world.app.trap_http_exception = lambda exc: type(exc) is type(ERRORS[error]())

    assert type(world.find_escaped(f"/raise/{error}")) is type(ERRORS[error]())


@pytest.mark.parametrize("error", ["404", "SoldOut"])
def test_a_trapped_http_error_is_answered_as_the_500_it_became(ask: Ask, error: str) -> None:
    config = {"TRAP_HTTP_EXCEPTIONS": True}

    response = ask(handlers("app 404; app 409; app 4xx; app 500"), f"/raise/{error}", config=config)

    assert (response.status, response.text) == (500, "app 500")


def test_a_native_handler_still_sees_a_trapped_http_error(ask: Ask) -> None:
    response = ask(handlers("native app 404; app 404"), "/raise/404", config={"TRAP_HTTP_EXCEPTIONS": True})

    assert (response.status, response.text) == (404, "native app 404")


def an_app_that_needs_an_argument(world: World) -> None:
    world.app.add_url_rule("/args", "args", view_func=lambda: world.framework.request.args["needed"])
    an_app(a_handler(400, says("400")), a_handler(500, says("500")))(world)


@pytest.mark.parametrize(("trap", "expected"), [(None, (400, "400")), (False, (400, "400")), (True, (500, "500"))])
def test_trap_bad_request_errors_makes_a_crash_of_a_missing_key(
    ask: Ask, trap: bool | None, expected: tuple[int, str]
) -> None:
    response = ask(an_app_that_needs_an_argument, "/args", config={"TRAP_BAD_REQUEST_ERRORS": trap})

    assert (response.status, response.text) == expected


def test_a_missing_key_escapes_in_debug_mode_as_without_errbridge(world: World) -> None:
    world.config = {"DEBUG": True}
    an_app_that_needs_an_argument(world)

    assert isinstance(world.find_escaped("/args"), BadRequest)


def test_a_header_that_is_missing_is_a_bad_request_for_quart_alone(world: World) -> None:
    a_view("/", lambda: world.framework.request.headers["X-Key"])(world)

    assert world.call(Request("/")).status == (400 if world.is_async else 500)


def test_a_handler_for_keyerror_is_asked_about_a_missing_key_after_that_for_400() -> None:
    application = an_app(an_app_that_needs_an_argument, a_handler(KeyError, says("KeyError"), on="/args"))

    assert Twins.built(application).ask("/args").text == "KeyError"
    assert Twins.built(an_app_that_needs_an_argument).ask("/args").text == "400"


# Responses instead of errors.


def an_app_that_aborts_with_responses(world: World) -> None:
    def ready() -> Any:
        return world.app.response_class("ready", 299, {"X-Ready": "yes"})

    world.app.add_url_rule("/brought", "brought", view_func=lambda: world.abort(404, response=ready()))
    world.app.add_url_rule("/ready", "ready", view_func=lambda: world.abort(ready()))
    a_catch_all(says("handler"))(world)


@pytest.mark.parametrize("path", ["/brought", "/ready"])
def test_a_response_given_to_abort_goes_out_as_it_is(ask: Ask, path: str) -> None:
    response = ask(an_app_that_aborts_with_responses, path)

    assert (response.status, response.text, response.header("X-Ready")) == (299, "ready", "yes")
    for name in ("X-Content-Type-Options", "Vary", "Cache-Control"):
        assert response.header(name) is None


@pytest.mark.parametrize(
    ("path", "expected"), [("/brought", (404, "native 299")), ("/ready", (299, "ready"))], ids=["brought", "ready"]
)
def test_native_handlers_see_a_response_given_to_abort_as_the_framework_does(
    ask: Ask, path: str, expected: tuple[int, str]
) -> None:
    native = a_native_handler(404, lambda exc: (f"native {exc.response.status_code}", 404))

    response = ask(an_app(an_app_that_aborts_with_responses, native), path)

    assert (response.status, response.text) == expected


def test_redirects_are_no_errors() -> None:
    def an_app_that_redirects(world: World) -> None:
        redirect = world.framework.redirect
        an_app(
            answering("/folder/"),
            a_view("/away", lambda: redirect("/folder/", 302)),
            a_view("/abort", lambda: world.abort(redirect("/folder/", 302))),
            a_catch_all(says("handler")),
            a_handler(["4xx", "5xx", "*"], says("handler"), on="/folder"),
        )(world)

    twins = Twins.built(an_app_that_redirects)

    for path, status, location in [
        ("/folder", 308, "http://localhost/folder/"),
        ("/away", 302, "/folder/"),
        ("/abort", 302, "/folder/"),
    ]:
        for world in twins.worlds:  # the frameworks write the body of a redirect differently
            response = world.call(Request(path))
            assert (response.status, response.header("Location")) == (status, location)


def test_options_stays_the_frameworks() -> None:
    for world in Twins.built(an_app(answering("/page"), a_catch_all(says("handler")))).worlds:
        response = world.call(Request("/page", "OPTIONS"))
        assert (response.status, response.body) == (200, b"")
        assert set((response.header("Allow") or "").split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("registered", ["app 404", "native app 404", "app 4xx"])
def test_an_http_error_that_a_view_returns_is_answered_like_one_that_it_raises(ask: Ask, registered: str) -> None:
    application = an_app(handlers(registered), a_view("/returned", lambda: NotFound("gone away")))

    response = ask(application, "/returned")

    assert (response.status, response.text) == (404, registered)


def test_an_http_error_that_a_view_returns_is_shown_in_the_style_of_its_scope(ask: Ask) -> None:
    application = a_blueprint("api", in_style("api"), a_view("/returned", lambda: NotFound("gone away")))

    response = ask(application, "/api/returned")

    assert (response.status, response.json["detail"]) == (404, "gone away")


@pytest.mark.parametrize(
    ("registered", "expected"),
    [("app 500", "app 500"), ("app *; app 4xx", "app *"), ("app Exception", "app Exception")],
)
def test_an_http_exception_without_a_status_is_a_500(ask: Ask, registered: str, expected: str) -> None:
    response = ask(handlers(registered), "/raise/Unfit")

    assert (response.status, response.text) == (500, expected)


def test_an_http_exception_without_a_status_is_shown_as_a_500(ask: Ask) -> None:
    response = ask(handlers(""), "/raise/Unfit", headers=[("Accept", "application/json")])

    assert (response.status, response.json["status"]) == (500, 500)


@pytest.mark.parametrize(("code", "status"), [("410", 410), ("soon", 500)])
def test_a_code_that_is_text_is_read_if_it_is_a_number(ask: Ask, code: str, status: int) -> None:
    class Gone(HTTPException):
        description = "It was sold."

    Gone.code = code  # type: ignore[assignment]

    assert ask(an_app(a_view("/fail", raising(Gone))), "/fail").status == status
