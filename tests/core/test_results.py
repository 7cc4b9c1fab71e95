"""From what a handler returned to a response, or to a draft that the framework converts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import GeneratorType
from typing import Any

import pytest

from errbridge import Incident, Problem, Reply
from errbridge.adapter import Draft, Installation, Native, Response
from errbridge.handling.results import Parts, split
from errbridge.scopes.scope import ROOT
from tests.core.fakes import (
    COLOURS,
    Application,
    NativeResponse,
    NotFound,
    World,
    answer,
    at_root,
    install,
    native,
    register,
)

NOSNIFF = ("X-Content-Type-Options", "nosniff")


# What a view may return.


class Items:
    def items(self) -> list[tuple[str, str]]:
        return [("X-A", "1")]


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("x", Parts("x")),
        (("x", 404), Parts("x", 404)),
        (("x", "404 Gone"), Parts("x", "404 Gone")),
        (("x", None), Parts("x")),
        (("x", {"X-A": "1"}), Parts("x", None, {"X-A": "1"})),
        (("x", [("X-A", "1")]), Parts("x", None, [("X-A", "1")])),
        (("x", (("X-A", "1"),)), Parts("x", None, (("X-A", "1"),))),
        (("x", 404, {"X-A": "1"}), Parts("x", 404, {"X-A": "1"})),
        (["x", 404], Parts(["x", 404])),
    ],
)
def test_a_value_is_taken_apart_into_body_status_and_headers(value: Any, parts: Parts) -> None:
    assert split(value) == parts


def test_an_object_with_items_in_a_tuple_is_headers() -> None:
    assert split(("x", items := Items())) == Parts("x", None, items)


@pytest.mark.parametrize("value", [(), ("x",), (1, 2, 3, 4)])
def test_a_tuple_of_another_form_is_refused_with_those_that_there_are(value: Any) -> None:
    with pytest.raises(TypeError, match=r"as \(body, status\), \(body, headers\) or \(body, status, headers\)"):
        split(value)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    ("value", "body", "status"),
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
    world: World, colour: Callable[..., Any], value: Any, body: Any, status: Any
) -> None:
    run = world(at_root(colour(lambda exc: value), 404), lambda: NotFound(headers=[("X-E", "e")]))

    assert (run.draft.body, run.draft.status) == (body, status)
    assert run.draft.headers == ((("X-A", "1"),) if isinstance(value, tuple) and "X-A" in str(value) else ())
    safe = (("Cache-Control", "no-store"),) if status == 500 else ()
    assert run.draft.defaults == (("X-E", "e"), NOSNIFF, *safe)
    assert (run.draft.content_type, run.draft.vary) == (None, None)


def test_a_native_response_keeps_its_own_status_and_gets_no_default_headers(world: World) -> None:
    response = NativeResponse("mine", 200, [("X-A", "1")])

    run = world(at_root(lambda exc: response, 404), NotFound())

    assert run.outcome == Native(response)
    assert (run.draft.status, run.draft.defaults) == (None, ())
    run = world(at_root(lambda exc: (response, 201), 404), NotFound())
    assert run.draft.status == 201


def test_the_content_type_of_a_handler_is_the_first_of_its_headers(world: World) -> None:
    run = world(
        at_root(lambda exc: ("x", {"X-A": "1", "content-type": "text/x", "Content-Length": "9"}), 404), NotFound()
    )

    assert run.draft.headers == (("Content-Type", "text/x"), ("X-A", "1"))


def test_an_iterator_becomes_a_generator_which_every_framework_streams(world: World) -> None:
    def generate() -> Any:
        yield b"a"

    class Streaming(Application):
        response_types = (NativeResponse, GeneratorType)  # and the fake can send it

        def make_response(self, draft: Draft, method: str) -> Any:
            self.drafts.append(draft)

    for body in (generate, lambda: iter([b"a"])):
        app = Streaming()
        installation = install(app)
        register(installation, ROOT, 404)(lambda exc, body=body: body())

        answer(installation, NotFound())

        (draft,) = app.drafts
        assert type(draft.body) is GeneratorType
        assert list(draft.body) == [b"a"]


def test_a_reply_decides_about_every_byte(world: World) -> None:
    run = world(at_root(lambda exc: Reply("<x/>", 499, {"Content-Type": "text/x"}), 404), NotFound())

    assert run.sent == Response(499, (("Content-Type", "text/x"), NOSNIFF), b"<x/>")
    assert world(at_root(lambda exc: Reply("x"), 404), NotFound()).sent.status == 404


def test_headers_of_a_handler_never_carry_a_line_end(world: World) -> None:
    for returned in (("x", {"X-A": "1\r\nX-B: 2"}), ("x", 400, [("X-A", "1\0"), ("X\n", "2")])):
        value: Any = returned
        run = world(at_root(lambda exc, value=value: value, 404), NotFound())
        assert not set(repr(run.draft.headers)) & {"\r", "\n", "\0"}
        assert [name for name, _ in run.draft.headers] == ["X-A"]


@pytest.mark.parametrize("value", ["words", Reply("words")])
def test_the_answer_of_a_handler_that_saw_the_incident_depends_on_what_the_client_wants(
    world: World, value: Any
) -> None:
    def vary(handler: Callable[..., Any], *others: Callable[..., Any]) -> str | None:
        def build(app: Application, installation: Installation) -> None:
            installation.shared.set_style(ROOT, "web")
            register(installation, ROOT, "4xx")(handler)
            for other in others:
                register(installation, ROOT, 404)(other)

        run = world(build, NotFound())
        return run.draft.vary if value == "words" else ", ".join(run.header("Vary")) or None

    def sees(exc: BaseException, incident: Incident) -> Any:
        return value

    def passes(exc: BaseException, incident: Incident) -> None:
        return None

    both = "Accept, X-Requested-With"
    assert vary(lambda exc: value) is None
    assert vary(sees) == both
    assert vary(lambda exc: value, passes) == both  # it may have passed because of what the client wants


def test_a_native_response_says_itself_what_it_depends_on(world: World) -> None:
    def handler(exc: BaseException, incident: Incident) -> NativeResponse:
        return NativeResponse("mine", 404)

    assert world(at_root(handler, 404), NotFound()).draft.vary is None


# What is known of an answer that is the framework's.


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("x", 200),
        (("x", 404), 404),
        (("x", "418 Teapot"), 418),
        (NativeResponse("r", 409), 409),
        ((NativeResponse("r", 409), 410), 410),
    ],
)
def test_the_status_of_a_native_answer_is_the_one_that_is_logged(world: World, value: Any, status: int) -> None:
    (logged,) = world(native(lambda exc: value), NotFound()).records

    assert logged.__dict__["status"] == status


@pytest.mark.parametrize(
    "value", [("words", 999), ("words", "OK"), NativeResponse("r", 700), (), ("x",), (1, 2, 3, 4)], ids=repr
)
def test_what_a_native_handler_returns_is_the_frameworks_even_if_errbridge_cannot_read_it(
    world: World, value: Any
) -> None:
    run = world(native(lambda exc: value), NotFound())

    assert run.outcome == Native(value)
    (logged,) = run.records
    assert logged.__dict__["status"] == 404


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NativeResponse(b"mine", 410, [("X-A", "1")]), Reply(b"mine", 410, (("X-A", "1"),))),
        ((NativeResponse("mine"), 410, {"X-B": "2"}), Reply("mine", 410, (("X-B", "2"),))),
        (("words", 410), Reply("words", 410)),
        ({"a": 1}, Reply(b"", 200)),
    ],
)
def test_hooks_get_a_description_of_what_the_framework_sends(world: World, value: Any, expected: Reply) -> None:
    seen: list[Reply] = []

    def build(app: Application, installation: Installation) -> None:
        installation.hooks.on_incident(lambda incident, reply: seen.append(reply))
        native(lambda exc: value)(app, installation)

    world(build, NotFound())

    assert seen == [expected, expected]


def test_hooks_get_a_description_of_what_a_handler_returned(world: World) -> None:
    seen: list[Reply] = []

    def build(app: Application, installation: Installation) -> None:
        installation.hooks.on_incident(lambda incident, reply: seen.append(reply))
        register(installation, ROOT, 404)(lambda exc: ("words", 410, {"X-A": "1"}))

    world(build, lambda: NotFound())

    assert seen[0] == Reply("words", 410, (("X-A", "1"), NOSNIFF))


def test_a_problem_from_another_exception_keeps_its_headers_in_every_kind_of_answer(world: World) -> None:
    for value in ("words", Reply("words"), ("words", 410)):
        run = world(at_root(lambda exc, value=value: value, 429), lambda: Problem(429, headers={"Retry-After": "3"}))
        headers = run.sent.headers if isinstance(run.outcome, Response) else run.draft.defaults
        assert ("Retry-After", "3") in headers
        assert [logged.levelno for logged in run.records] == [logging.INFO]
