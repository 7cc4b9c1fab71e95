"""Problem documents."""

from __future__ import annotations

import copy
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import escape
from http import HTTPStatus
from typing import Any
from xml.etree import ElementTree

import attrs
import msgspec
import pydantic
import pytest
from markupsafe import Markup
from werkzeug.exceptions import (
    BadRequest,
    BadRequestKeyError,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    default_exceptions,
)

from errbridge import Problem
from tests.answers.every_style import EVERY, TRACE, accepting, in_every_style
from tests.applications import Ask, a_catch_all, an_app, answering, failing, in_style
from tests.clients import Request, Response
from tests.twins import Twins, World


class OutOfCredit(Problem, status=402, title="You do not have enough credit", type="https://example.com/credit"):
    """The balance does not cover the cost."""

    balance: int
    cost: Decimal


# The problem document.


def members(response: Response) -> list[tuple[str, Any]]:
    """Return the members in the order in which they were sent, without the incident's id."""
    pairs: list[tuple[str, Any]] = json.loads(response.body, object_pairs_hook=list)
    return [(name, "urn:uuid:<id>" if _is_incident(value) else value) for name, value in pairs]


def _is_incident(value: object) -> bool:
    return (
        isinstance(value, str)
        and re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value) is not None
    )


DOCUMENTS: dict[str, tuple[Callable[[], Any], list[tuple[str, Any]]]] = {
    "an HTTP error": (
        lambda: NotFound("not here"),
        [
            ("type", "about:blank"),
            ("title", "Not Found"),
            ("status", 404),
            ("detail", "not here"),
            ("instance", "urn:uuid:<id>"),
        ],
    ),
    "a problem": (
        lambda: Problem(409, detail="sold", sku="a", left=0, more=None, seen=True),
        [
            ("type", "about:blank"),
            ("title", "Conflict"),
            ("status", 409),
            ("detail", "sold"),
            ("instance", "urn:uuid:<id>"),
            ("sku", "a"),
            ("left", 0),
            ("more", None),
            ("seen", True),
        ],
    ),
    "a problem without a detail": (
        lambda: Problem(409),
        [("type", "about:blank"), ("title", "Conflict"), ("status", 409), ("instance", "urn:uuid:<id>")],
    ),
    "a problem with everything": (
        lambda: Problem(409, title="Sold", detail="sold", type="/sold", instance="/sales/7", sku="a"),
        [
            ("type", "/sold"),
            ("title", "Sold"),
            ("status", 409),
            ("detail", "sold"),
            ("instance", "/sales/7"),
            ("sku", "a"),
        ],
    ),
    "a typed problem": (
        lambda: OutOfCredit(detail="30 < 50", cost=Decimal("50.10"), balance=30),
        [
            ("type", "https://example.com/credit"),
            ("title", "You do not have enough credit"),
            ("status", 402),
            ("detail", "30 < 50"),
            ("instance", "urn:uuid:<id>"),
            ("balance", 30),
            ("cost", "50.10"),
        ],
    ),
    "an uncaught exception": (
        lambda: KeyError("secret"),
        [
            ("type", "about:blank"),
            ("title", "Internal Server Error"),
            ("status", 500),
            ("detail", "Unhandled Exception"),
            ("instance", "urn:uuid:<id>"),
        ],
    ),
}


@pytest.mark.parametrize("error", DOCUMENTS)
def test_a_problem_document_has_these_members_in_this_order(ask: Ask, error: str) -> None:
    raised, expected = DOCUMENTS[error]

    response = ask(in_every_style(raised), "/api/x")

    assert members(response) == expected
    assert response.status == dict(expected)["status"]
    assert response.header("Content-Length") == str(len(response.body))


def test_the_body_of_a_problem_is_compact_json_with_a_line_end(ask: Ask) -> None:
    response = ask(in_every_style(lambda: Problem(409, instance="/1", name_of_it="Käse & <b>")), "/api/x")

    assert response.text == (
        '{"type":"about:blank","title":"Conflict","status":409,"instance":"/1","name_of_it":"Käse & <b>"}\n'
    )


VALUES: dict[str, tuple[Any, Any]] = {
    "datetime": (datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC), "2024-02-03T04:05:06+00:00"),
    "date": (date(2024, 2, 3), "2024-02-03"),
    "timedelta": (timedelta(minutes=1.5), 90.0),
    "uuid": (uuid.UUID(int=0xFF), "00000000-0000-0000-0000-0000000000ff"),
    "decimal": (Decimal("1.10"), "1.10"),
    "set": ({"b", "a"}, ["a", "b"]),
    "tuple": ((1, "b"), [1, "b"]),
    "nan": (float("nan"), None),
    "infinity": (float("-inf"), None),
    "surrogate": ("a\ud800b", "a\ufffdb"),
    "bytes": (b"bytes", "bytes"),
    "none": (None, None),
    "nested": ({"a": [{"b": {"c": None}}], 1: 2}, {"a": [{"b": {"c": None}}], "1": 2}),
    "unknown object": (object(), "object"),
    "none in a list": ([None], [None]),
}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("accept", EVERY)
def test_a_value_that_json_cannot_hold_never_makes_an_answer_fail(ask: Ask, value: str, accept: str) -> None:
    given, expected = VALUES[value]

    response = ask(in_every_style(lambda: Problem(409, value=given)), "/default/x", **accepting(accept))

    assert response.status == 409
    if accept == "application/json":
        assert response.json["value"] == expected
    elif accept == "application/xml":
        assert ElementTree.fromstring(response.body).findtext("{*}status") == "409"
    else:
        assert "409" in response.text


def test_a_cycle_never_makes_an_answer_fail(ask: Ask) -> None:
    cycle: dict[str, Any] = {"name": "cycle"}
    cycle["self"] = cycle

    assert ask(in_every_style(lambda: Problem(409, value=cycle)), "/api/x").json["value"] == {
        "name": "cycle",
        "self": None,
    }


@pytest.mark.parametrize("name", ["type", "title", "status", "detail", "instance"])
def test_an_extension_that_bears_a_reserved_name_is_refused(name: str) -> None:
    with pytest.raises(TypeError):
        type("Refused", (Problem,), {"__annotations__": {name: "str"}}, status=409)


@pytest.mark.parametrize("status", [200, 302, 399, 600, 0, -404, "404", 404.0, None, True])
def test_a_status_outside_of_400_to_599_is_refused(status: Any) -> None:
    with pytest.raises(TypeError if status is None else ValueError):
        Problem(status)


class Costs(Problem, status=402):
    detail = "The {item} costs {cost}."
    item: str
    cost: int


class Loud(Problem, status=409):
    @property  # type: ignore[misc]
    def detail(self) -> str | None:
        return vars(self).get("loud")

    @detail.setter
    def detail(self, value: str | None) -> None:
        vars(self)["loud"] = value and value.upper()


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("accept", EVERY)
def test_a_member_that_a_class_computes_is_its_own_in_every_language(ask: Ask, language: str, accept: str) -> None:
    response = ask(
        in_every_style(lambda: Loud(detail="Sold")),
        "/default/x",
        headers=[("Accept-Language", language), ("Accept", accept)],
        config={"ERROR_LANGUAGES": ["en", "de"]},
    )

    assert response.status == 409
    assert "SOLD" in response.text


ASSIGNED: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "a status": ("status", HTTPStatus.GONE, {"status": 410}),
    "a title": ("title", Markup("<b>Sold</b>"), {"title": "Sold"}),
    "a detail": ("detail", Markup("<b>Sold</b>"), {"detail": "Sold"}),
    "no detail": ("detail", None, {"detail": None}),
    "an instance": ("instance", Markup("/1"), {"instance": "/1"}),
    "headers": ("headers", {"Retry-After": 7}, {"retry_after": 7}),
    "no title": ("title", None, {"title": "Zahlung erforderlich"}),
    "members": ("extensions", {"item": "stool", "cost": 7}, {"cost": 7, "detail": "The stool costs 7."}),
    "a field": ("cost", 7, {"cost": 7, "detail": "The piano costs 7."}),
    "another attribute": ("note", "secret", {"note": None}),
}


class Model(pydantic.BaseModel):
    since: date = date(2026, 1, 2)
    secret: pydantic.SecretStr = pydantic.SecretStr("hunter2")


@attrs.define
class Attributes:
    since: date = date(2026, 1, 2)


class Struct(msgspec.Struct):
    since: date = date(2026, 1, 2)


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (Model(), {"since": "2026-01-02", "secret": "**********"}),
        (Attributes(), {"since": "2026-01-02"}),
        (Struct(), {"since": "2026-01-02"}),
        (Model, "ModelMetaclass"),
        (Struct, "StructMeta"),
    ],
)
def test_an_object_of_a_library_for_data_is_an_object(ask: Ask, member: Any, expected: Any) -> None:
    response = ask(in_every_style(lambda: Problem(409, member=member)), "/api/x")

    assert response.json["member"] == expected


class Taken(Problem, status=409):
    def __init__(self, item: str) -> None:
        self.item = item


Reserved: Any = dataclass(type("Reserved", (Problem,), {"__annotations__": {"item": str}}, status=409))


@pytest.mark.parametrize("cls", [Taken, Reserved])
@pytest.mark.parametrize("part", [failing, answering])
def test_a_problem_with_a_constructor_of_its_own_is_what_its_class_says(ask: Ask, cls: Any, part: Any) -> None:
    def make() -> Any:
        return cls("piano")

    view = part("/", make if part is failing else make())
    response = ask(an_app(view, in_style("api")), "/")

    assert (response.status, response.json["title"]) == (409, "Conflict")
    assert response.json.get("item") == ("piano" if cls is Reserved else None)


@pytest.mark.parametrize("base", [NotFound, MethodNotAllowed])
def test_no_problem_is_an_http_exception_of_the_framework_too(base: type[HTTPException]) -> None:
    with pytest.raises(TypeError, match="leave out other HTTP errors"):
        type("Wrong", (Problem, base), {}, status=404)


@pytest.mark.parametrize("name", ASSIGNED)
def test_a_problem_takes_later_what_its_constructor_takes(ask: Ask, name: str) -> None:
    attribute, value, changed = ASSIGNED[name]
    expected = {"status": 402, "detail": "The piano costs 4000.", **changed}

    def make() -> Problem:
        problem = Costs(item="piano", cost=4000)
        setattr(problem, attribute, value)
        return problem

    german = ("Accept-Language", "de")  # for which the detail of the class is written once more
    response = ask(in_every_style(make), "/api/x", headers=[german], config={"ERROR_LANGUAGES": ["en", "de"]})

    assert response.status == expected["status"]
    assert {member: response.json.get(member) for member in expected} == expected


@pytest.mark.parametrize("status", [200, "404", None])
def test_a_status_that_is_no_error_is_refused_where_it_is_assigned(world: World, status: Any) -> None:
    refused: list[Exception] = []

    def make() -> Problem:
        problem = Problem(409)
        try:
            problem.status = status
        except (TypeError, ValueError) as error:
            refused.append(error)
        return problem

    in_every_style(make)(world)

    assert world.call(Request("/api/x")).status == 409
    assert len(refused) == 1


def test_instance_is_the_id_of_the_incident_and_different_each_time() -> None:
    seen: list[str] = []

    application = an_app(in_every_style(), a_catch_all(lambda exc, incident: seen.append(incident.id), on="/api"))

    twins = Twins.built(application)
    answered = [world.call(Request("/api/x")).json["instance"] for world in twins.worlds for _ in range(2)]

    assert answered == [f"urn:uuid:{incident}" for incident in seen]
    assert len(set(seen)) == 4
    assert all(uuid.UUID(incident).version == 4 for incident in seen)


@pytest.mark.parametrize(
    ("traceparent", "expected"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        (f" 00-{TRACE}-00f067aa0ba902b7-00 ", TRACE),
        (f"01-{TRACE}-00f067aa0ba902b7-01-more", TRACE),
        (f"00-{TRACE}-00f067aa0ba902b7-01-more", None),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE.upper()}-00f067aa0ba902b7-01", None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE}-00f067aa0ba902b7", None),
        (f"00-{TRACE[1:]}-00f067aa0ba902b7-01", None),
        ("nonsense", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("path", ["/api/x", "/api/nope"])
def test_a_valid_traceparent_gives_the_document_its_trace_id(
    ask: Ask, path: str, traceparent: str, expected: str | None
) -> None:
    assert ask(in_every_style(), path, headers=[("traceparent", traceparent)]).json.get("trace_id") == expected


class PaymentRequired(Problem, status=402): ...


class Slugged(Problem, status=402, slug="no-money"): ...


@pytest.mark.parametrize(
    ("template", "raised", "expected"),
    [
        ("https://example.com/p/{slug}", lambda: Problem(404), "https://example.com/p/not-found"),
        ("https://example.com/p/{slug}", NotFound, "https://example.com/p/not-found"),
        ("https://example.com/p/{status}", NotFound, "https://example.com/p/404"),
        ("/p#{status}-{slug}", PaymentRequired, "/p#402-payment-required"),
        ("/p/{slug}", Slugged, "/p/no-money"),
        ("/p/{slug}", lambda: Problem(418), "/p/im-a-teapot"),
        ("/p/{slug}", lambda: Problem(409, type="/mine"), "/mine"),
        ("/p/{slug}", lambda: OutOfCredit(balance=1, cost=Decimal(2)), "https://example.com/credit"),
        ("/p/{slug}", lambda: KeyError("secret"), "/p/internal-server-error"),
        (None, NotFound, "about:blank"),
    ],
)
def test_error_type_uri_says_how_a_type_is_built(
    ask: Ask, template: str | None, raised: Callable[[], Any], expected: str
) -> None:
    assert ask(in_every_style(raised), "/api/x", config={"ERROR_TYPE_URI": template}).json["type"] == expected


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("<b>bold</b> & more", "<b>bold</b> & more"),
        (Markup("<b>bold</b> &amp; more"), "bold & more"),
        (Markup("<p>one</p>"), "one"),
        (7, "7"),
    ],
)
@pytest.mark.parametrize("kind", [lambda detail: Problem(404, detail=detail), NotFound], ids=["Problem", "NotFound"])
def test_detail_is_plain_text(ask: Ask, kind: Callable[[Any], Any], detail: Any, expected: str) -> None:
    assert ask(in_every_style(lambda: kind(detail)), "/api/x").json["detail"] == expected


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (404, "Not Found"),
        (413, "Content Too Large"),
        (418, "I'm a Teapot"),
        (422, "Unprocessable Content"),
        (419, "Client Error"),
        (499, "Client Error"),
        (599, "Server Error"),
        (511, "Network Authentication Required"),
    ],
)
@pytest.mark.parametrize("kind", ["Problem", "HTTPException"])
@pytest.mark.parametrize("accept", EVERY)
def test_codes_with_and_without_a_phrase_have_a_title(
    ask: Ask, status: int, title: str, kind: str, accept: str
) -> None:
    def raised() -> Any:
        return Problem(status) if kind == "Problem" else type("Own", (HTTPException,), {"code": status})()

    response = ask(in_every_style(raised), "/default/x", **accepting(accept))

    assert response.status == status
    if accept == "application/json":
        assert (response.json["status"], response.json["title"]) == (status, title)
    elif accept == "application/xml":
        assert ElementTree.fromstring(response.body).findtext("{*}title") == title
    elif accept == "text/plain":
        assert f"{status} {title}" in response.text
    else:  # people get words of ours where there are any
        head, _, body = response.text.partition("<body>")
        assert f'content="{status} {escape(title)}"' in head
        assert f"Error {status}" in body
        assert (escape(title) in body) is (status in (418, 419, 499))


@pytest.mark.parametrize(("code", "status"), [("409", 409), ("409 Sold out", 409), ("Sold out", 500)])
def test_a_code_that_is_text_begins_with_the_status(ask: Ask, code: str, status: int) -> None:
    response = ask(in_every_style(type("Own", (HTTPException,), {"code": code})), "/api/x")

    assert (response.status, response.json["status"]) == (status, status)


# The framework's own sentences.


class Missing(NotFound):
    description = "There is no such record."


class Described(BadRequest):
    """Has a method of its own that returns the framework's sentence."""

    def get_description(self, environ: Any = None, scope: Any = None) -> str:
        return super().get_description(environ, scope)


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
@pytest.mark.parametrize(
    "make",
    [
        *default_exceptions.values(),
        Described,
        lambda: BadRequestKeyError("key"),
        lambda: copy.deepcopy(NotFound()),
        lambda: NotFound("".join(NotFound.description or "")),  # equal, not the same
    ],
)
def test_the_sentence_of_the_framework_is_no_detail_of_a_document(
    ask: Ask, make: Callable[[], Any], accept: str
) -> None:
    response = ask(in_every_style(make), "/api/x", **accepting(accept))

    assert "detail" not in response.text


@pytest.mark.parametrize(
    ("make", "detail"),
    [
        (lambda: NotFound("Not here."), "Not here."),
        (Missing, "There is no such record."),
        (lambda: Missing("Not here."), "Not here."),
    ],
)
def test_a_sentence_of_the_application_is(ask: Ask, make: Callable[[], Any], detail: str) -> None:
    assert ask(in_every_style(make), "/api/x").json["detail"] == detail


def test_a_response_decorator_is_given_no_sentence_of_the_framework_either(ask: Ask) -> None:
    def shout(function: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: {"members": sorted(function()[0])}

    response = ask(in_every_style(), "/api/x", options={"response": shout})

    assert response.json == {"members": ["instance", "status", "title", "type"]}
