"""Problem documents read back."""

from __future__ import annotations

import enum
import json
import math
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypedDict, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errbridge import Problem
from errbridge.problem.type_uri import ABOUT_BLANK
from errbridge.problem.values import to_json_value
from errbridge.representations.rendering import REPRESENTATIONS, render_json
from tests.core.fakes import ANY_TEXT, incident_of, render

JSON = "application/problem+json"
TEMPLATE = "https://example.com/read/{slug}"


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other tests may be running

T = TypeVar("T")


class Colour(enum.Enum):
    RED = "red"
    TWO = 2


class Place(TypedDict):
    street: str
    number: int


class Full(Problem, status=402, title="Not paid", type="https://example.com/full"):
    """One field of every kind that is converted."""

    flag: bool
    count: int
    ratio: float
    name: str
    cost: Decimal
    key: UUID
    at: datetime
    day: date
    wait: timedelta
    colour: Colour
    kind: Literal["a", "b"]
    maybe: int | None
    either: Decimal | bool
    counts: list[int]
    pair: tuple[int, str]
    many: tuple[Decimal, ...]
    names: frozenset[str]
    limits: dict[str, int]
    place: Place


FULL: dict[str, Any] = {
    "flag": True,
    "count": 3,
    "ratio": 0.5,
    "name": "n",
    "cost": Decimal("1.50"),
    "key": UUID(int=1),
    "at": datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    "day": date(2024, 1, 2),
    "wait": timedelta(seconds=1.5),
    "colour": Colour.TWO,
    "kind": "b",
    "maybe": None,
    "either": False,
    "counts": [1],
    "pair": (1, "x"),
    "many": (),
    "names": frozenset({"x", "y"}),
    "limits": {"i": 1},
    "place": {"street": "s", "number": 1},
}


class Small(Problem, status=403, title="No credit", slug="small-one"):
    """With one field that is needed and one that is not."""

    balance: int
    currency: str = "EUR"


class Smaller(Small, slug="smaller-one"):
    """Derived."""


class Untyped(Problem):
    """The base of others, without a status."""


class Derived(Untyped, status=409, type="urn:derived"):
    """Of that base."""


def answered(document: object, content_type: str = JSON, status: int = 400) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": content_type}, json.dumps(document).encode()


def sent(problem: Problem) -> tuple[int, dict[str, str], bytes]:
    return problem.status, {"Content-Type": JSON}, render_json(incident_of(problem).problem)


# Round trips.

STANDARD = st.fixed_dictionaries(
    {"status": st.integers(400, 599)},
    optional={
        "title": ANY_TEXT,
        "detail": ANY_TEXT,
        "instance": st.text(),
        "type": st.sampled_from(["about:blank", "urn:x", "/relative", "http://[", "https://example.com/x"]),
    },
)
NAMES = ANY_TEXT.filter(lambda name: name not in {"self", "status", "title", "detail", "type", "instance", "headers"})
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
VALUES = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3))


@UNHURRIED
@given(STANDARD, st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_problem_comes_back_from_json_as_it_was_sent(members: dict[str, Any], extensions: dict[str, Any]) -> None:
    incident = incident_of(Problem(**members, **extensions))
    read = Problem.from_response((members["status"], {"Content-Type": JSON}, render_json(incident.problem)))

    assert type(read) is Problem
    assert read.document() == to_json_value(incident.problem.document())


def test_every_field_comes_back_as_its_annotation_says() -> None:
    read = Problem.from_response(sent(Full(detail="d", **FULL)))

    assert type(read) is Full
    assert {name: read.extensions[name] for name in FULL} == FULL
    assert {name: getattr(read, name) for name in FULL} == FULL
    assert [type(read.extensions[name]) for name in FULL] == [type(value) for value in FULL.values()]
    assert (read.status, read.title, read.detail) == (402, "Not paid", "d")
    assert read.instance == incident_of().problem.instance
    assert str(read) == "402 Not paid: d"
    assert read.headers == ()


SHOWN = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=5)
FIELDS = st.fixed_dictionaries(
    {
        "flag": st.booleans(),
        "count": st.integers(),
        "ratio": st.floats(allow_nan=False, allow_infinity=False),
        "name": SHOWN,
        "cost": st.decimals(allow_nan=False),
        "key": st.uuids(),
        "at": st.datetimes(timezones=st.none() | st.just(UTC)),
        "day": st.dates(),
        "wait": st.timedeltas(timedelta(days=-1000), timedelta(days=1000)),
        "colour": st.sampled_from(Colour),
        "kind": st.sampled_from(["a", "b"]),
        "maybe": st.none() | st.integers(),
        "either": st.booleans() | st.decimals(allow_nan=False),
        "counts": st.lists(st.integers(), max_size=3),
        "pair": st.tuples(st.integers(), SHOWN),
        "many": st.lists(st.decimals(allow_nan=False), max_size=3).map(tuple),
        "names": st.frozensets(SHOWN, max_size=3),
        "limits": st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
        "place": st.fixed_dictionaries({"street": SHOWN, "number": st.integers()}),
    }
)


@UNHURRIED
@given(FIELDS)
def test_any_values_of_simple_fields_come_back_as_they_were_sent(values: dict[str, Any]) -> None:
    read = Full.from_response(sent(Full(**values)))

    assert {name: read.extensions[name] for name in values} == values


# Which class.


def test_the_type_decides_about_the_class() -> None:
    document = {"type": "https://example.com/read/small-one", "balance": 3, "more": [1]}
    read = Problem.from_response(answered(document, status=403), type_uri=TEMPLATE)

    assert isinstance(read, Small)
    assert type(read) is Small
    assert (read.balance, read.currency, read.title, read.type) == (3, "EUR", "No credit", document["type"])
    assert dict(read.extensions) == {"balance": 3, "currency": "EUR", "more": [1]}
    assert Problem.from_response(answered(document)).document()["balance"] == 3
    assert type(Problem.from_response(answered(document))) is Problem


def test_a_class_reads_its_own_problems_and_those_of_its_subclasses() -> None:
    answer = answered({"type": "https://example.com/read/smaller-one", "balance": 3})

    assert type(Small.from_response(answer, type_uri=TEMPLATE)) is Smaller
    assert type(Smaller.from_response(answer, type_uri=TEMPLATE)) is Smaller
    assert type(Untyped.from_response(answered({"type": "urn:derived"}))) is Derived
    with pytest.raises(ValueError, match=r"of the type https://example.com/read/smaller-one, but Full is https://e"):
        Full.from_response(answer, type_uri=TEMPLATE)
    with pytest.raises(ValueError, match=r"but Small is about:blank; pass type_uri= if the service builds its types"):
        Small.from_response(answer)
    with pytest.raises(ValueError, match="but Untyped is about:blank"):
        Untyped.from_response(answer, type_uri=TEMPLATE)


def test_a_document_without_a_type_is_of_a_class_without_one_by_its_status() -> None:
    assert type(Small.from_response(answered({"balance": 3}, status=403))) is Small
    assert type(Problem.from_response(answered({"balance": 3}, status=403))) is Problem
    assert Problem.from_response(answered({"type": ""}, status=403)).type == ABOUT_BLANK
    with pytest.raises(ValueError, match="of the type about:blank, but Small is about:blank"):
        Small.from_response(answered({"balance": 3}, status=404))
    with pytest.raises(ValueError, match="of the type about:blank, but Full is https"):
        Full.from_response(answered({}, status=402))


# Members of the wrong type.


@pytest.mark.parametrize("wrong", ["3", True, None, 3.5, [3], {"a": 3}])
def test_a_field_of_the_wrong_type_is_as_if_it_were_not_there(wrong: Any) -> None:
    read = Small.from_response(answered({"balance": wrong, "currency": 1}, status=403))

    assert dict(read.extensions) == {"currency": "EUR"}
    assert "balance" not in read.document()
    with pytest.raises(AttributeError, match="balance"):
        read.balance  # noqa: B018


@pytest.mark.parametrize("name", ["type", "title", "detail", "instance"])
@pytest.mark.parametrize("wrong", [None, 1, True, ["x"], {"x": "y"}])
def test_a_member_of_the_rfc_of_the_wrong_type_is_as_if_it_were_not_there(name: str, wrong: Any) -> None:
    assert Problem.from_response(answered({name: wrong})).document() == Problem(400).document()


@pytest.mark.parametrize(
    ("member", "of_response", "status"),
    [(404, 400, 404), (404.0, 400, 404), ("404", 400, 400), (True, 400, 400), (200, 400, 400), (404, 200, 404)],
)
def test_the_status_is_the_members_if_that_is_one_of_an_error(member: Any, of_response: int, status: int) -> None:
    assert Problem.from_response(answered({"status": member}, status=of_response)).status == status


def test_the_status_may_be_known_of_the_class_alone() -> None:
    assert Problem.from_response(answered({"type": "urn:derived"}, status=200)).status == 409
    with pytest.raises(ValueError, match="neither the document nor the response has the status of an error: 200"):
        Problem.from_response(answered({"type": "urn:nobody"}, status=200))


WRONG: dict[str, list[Any]] = {
    "flag": [1, "true"],
    "count": [math.inf, "1"],
    "ratio": [True, "1"],
    "cost": ["x", True, None, ""],
    "key": ["x", 1],
    "at": ["yesterday", 1],
    "day": ["2024-13-01"],
    "wait": [math.inf, "1", 1e300],
    "colour": ["blue", "2", 2.0, True],
    "kind": ["c", 1],
    "maybe": ["1", 1.5],
    "either": ["x", None],
    "counts": ["1", {"i": 1}, [1, "2"]],
    "pair": [[1], [1, 2], [1, "x", 1]],
    "many": [["x"]],
    "names": [["a", 1]],
    "limits": [[], {"a": "1"}],
    "place": [[], {"number": "1"}],
}


@pytest.mark.parametrize(("name", "wrong"), [(name, wrong) for name, values in WRONG.items() for wrong in values])
def test_a_value_that_cannot_be_converted_is_ignored(name: str, wrong: Any) -> None:
    body = json.dumps({"type": "https://example.com/full", name: wrong}).replace("Infinity", "1e999")
    read = Problem.from_response((402, {"content-type": JSON}, body))

    assert type(read) is Full
    assert dict(read.extensions) == {}


class Sets(Problem, status=400, type="urn:sets"):
    """With a set of anything."""

    values: set[Any]
    opaque: complex
    odd: "NoSuchName"  # type: ignore[name-defined] # noqa: F821, UP037
    bare: list  # type: ignore[type-arg]
    generic: T  # type: ignore[valid-type]


def test_what_no_set_can_hold_is_ignored_and_what_has_no_simple_annotation_kept() -> None:
    document = {"type": "urn:sets", "values": [[1]], "opaque": "1j", "odd": {"a": 1}, "bare": [1, "a"], "generic": 1}

    assert dict(Problem.from_response(answered(document)).extensions) == {
        "opaque": "1j",
        "odd": {"a": 1},
        "bare": [1, "a"],
        "generic": 1,
    }


# What is no problem document.


@pytest.mark.parametrize(
    ("content_type", "body", "said"),
    [
        ("text/html", b"<html>", "application/problem\\+json, not text/html"),
        ("", b"{}", "not without a content type"),
        ("application/problem+xml", b"<problem/>", "not application/problem\\+xml"),
        ("application/vnd.api+json", b"{}", "not application/vnd.api\\+json"),
        (JSON, b"", "no problem document: "),
        (JSON, b"[]", "it is no object"),
        (JSON, b'{"a": NaN}', "NaN is no JSON"),
        (JSON, b"\xff", "no problem document: "),
        (JSON, b'{"a":' * 100_000, "no problem document: "),
        (JSON, b'{"a": 1' + b"0" * 5000 + b"}", "no problem document: "),
        (JSON, b'{"a": "' + b"x" * (1 << 20) + b'"}', "more than 1048576 bytes"),
        ("application/json", b'{"error": "x"}', "needs type, title and status"),
        ("application/json", b"[]", "it is no object"),
    ],
)
def test_what_is_no_problem_document_is_a_value_error_that_says_why(content_type: str, body: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Problem.from_response((400, {"Content-Type": content_type}, body))


@UNHURRIED
@given(st.binary(), st.sampled_from([JSON, "application/json"]))
def test_bytes_of_any_kind_are_read_or_refused(body: bytes, content_type: str) -> None:
    with suppress(ValueError):
        assert Problem.from_response((400, {"Content-Type": content_type}, body)).status in range(400, 600)


@UNHURRIED
@given(st.dictionaries(st.sampled_from([*FULL, "type", "status", "title", "__class__", "i"]) | st.text(), VALUES))
def test_a_document_of_any_content_gives_a_problem_that_can_be_shown(document: dict[str, Any]) -> None:
    bodies = [json.dumps(each) for each in (document, document | {"type": "https://example.com/full"})]
    bodies = [body.replace("NaN", "0").replace("Infinity", "1e999") for body in bodies]
    read = Problem.from_response((400, {"Content-Type": JSON}, bodies[0]))
    full = Full.from_response((402, {"Content-Type": JSON}, bodies[1]))

    for problem in (read, full):
        assert all(render(media_type, problem) for media_type in REPRESENTATIONS)
        assert 400 <= problem.status <= 599


# Responses.


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_a_plain_media_type_counts_for_what_is_a_problem_document_all_the_same(content_type: str) -> None:
    assert Problem.from_response(answered({"type": "urn:x", "title": "T", "status": 409}, content_type)).title == "T"


def test_the_body_may_be_given_in_every_form_of_bytes_and_text() -> None:
    body = b'\xef\xbb\xbf{"title": "T\xc3\xa4"}'
    bodies: list[Any] = [body, bytearray(body), memoryview(body), '{"title": "T\u00e4"}']
    for given_body in bodies:
        headers: Any = [(b"content-type", JSON.encode())]
        assert Problem.from_response((400, headers, given_body)).title == "T\u00e4"
    assert Problem.from_response((400, {"content-type": JSON}, b""), body=body).title == "T\u00e4"


def test_a_message_never_repeats_the_content_of_what_is_no_response() -> None:
    class Secret:
        def __repr__(self) -> str:
            return "token=s3cret"

    wrong: Any
    for wrong in ({"Authorization": "s3cret"}, (Secret(), {}, b"s3cret"), Secret()):
        with pytest.raises(TypeError) as raised:
            Problem.from_response(wrong)
        assert "s3cret" not in str(raised.value)


def test_a_message_repeats_no_more_than_a_short_text_of_another_service() -> None:
    with pytest.raises(ValueError, match="of the type xxx") as raised:
        Full.from_response(answered({"type": "x" * 10_000}))
    assert len(str(raised.value)) < 500
    with pytest.raises(ValueError, match="not text/xxx") as raised:
        Problem.from_response((400, {"Content-Type": f"text/{'x' * 10_000}"}, b""))
    assert len(str(raised.value)) < 500


def test_a_title_that_is_a_lazy_translation_is_a_text_in_a_problem_that_was_read() -> None:
    class Lazy:
        def __str__(self) -> str:
            return "Gesperrt"

    title: Any = Lazy()

    class Translated(Problem, status=423, title=title, type="urn:translated"):
        """With a title of the application's catalogue."""

    read = Problem.from_response(answered({"type": "urn:translated"}))
    assert type(read) is Translated
    assert read.title == "Gesperrt"


@pytest.mark.parametrize("wrong", [None, "text", (400, {}), (400, {"Content-Type": JSON}, None), {"title": "T"}])
def test_what_is_no_response_is_a_type_error(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"give one of httpx, requests, Flask or Quart, or \(status|cannot be read"):
        Problem.from_response(wrong)
