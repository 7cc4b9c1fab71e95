"""The catalogue of problem types, and what is checked when a problem is made."""

from __future__ import annotations

import gc
import json
import sys
import types
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal, NewType, Protocol, TypedDict, TypeVar

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from errbridge import Problem, SetupError
from errbridge.catalogue import Catalogue, Field, ProblemType, types_of
from errbridge.problem.fields import resolve_annotations
from errbridge.problem.subclasses import subclasses
from errbridge.representations.rendering import render_json
from tests.core.fakes import incident_of

TEMPLATE = "https://example.com/problems/{slug}"
T = TypeVar("T")
Cents = NewType("Cents", int)


class OutOfCredit(Problem, status=403, title="You do not have enough credit"):
    """There is less credit than the order costs.

    Top the account up:

        POST /account
    """

    balance: Annotated[int, "In cents"]
    cost: Decimal
    since: Later | None = None


class StillOutOfCredit(OutOfCredit, type="https://example.com/still", slug="still"):
    limit: ClassVar[int] = 3
    items: tuple[Order, ...] = ()


class Locked(Problem, status=423, slug="locked-by-somebody"):
    """Another user has it."""


class Base(Problem):
    """The base of others, without a status."""


class Later(Enum):
    """Defined after what names it."""

    SOON = "soon"


class Order(TypedDict):
    lines: list[int]
    notes: dict[str, list[str]]


TYPES = (OutOfCredit, StillOutOfCredit, Locked)
CATALOGUE = Catalogue.of(TYPES, type_uri=TEMPLATE)


def define(name: str, module: str = "tests.core.defined", **keywords: Any) -> Any:
    """Define a problem type as a module does that is imported."""
    return types.new_class(name, (Problem,), keywords, lambda body: body.update(__module__=module))


# What is in it.


def test_a_type_says_everything_about_its_class() -> None:
    assert CATALOGUE.types[1] == ProblemType(
        cls=OutOfCredit,
        uri="https://example.com/problems/out-of-credit",
        slug="out-of-credit",
        status=403,
        title="You do not have enough credit",
        documentation="There is less credit than the order costs.\n\nTop the account up:\n\n    POST /account",
        fields=(
            Field("balance", {"type": "integer", "description": "In cents"}, True),
            Field("cost", {"type": "string", "format": "decimal"}, True),
            Field("since", {"anyOf": [{"enum": ["soon"]}, {"type": "null"}]}, False),
        ),
    )


def test_types_are_listed_by_slug() -> None:
    assert [each.slug for each in CATALOGUE] == ["locked-by-somebody", "out-of-credit", "still"]
    assert len(CATALOGUE) == 3
    assert Catalogue.of(reversed(TYPES), type_uri=TEMPLATE) == CATALOGUE


def test_documentation_is_that_of_the_class_itself() -> None:
    assert [each.documentation for each in CATALOGUE][2] == ""
    assert "description" not in CATALOGUE.types[2].schema()


def test_a_title_may_be_a_translation_that_is_made_later() -> None:
    class Lazy:
        def __str__(self) -> str:
            return "Gesperrt"

    found = ProblemType.of(define("Translated", status=423, title=Lazy(), type=""))
    assert (found.title, found.uri) == ("Gesperrt", "about:blank")


def test_two_types_without_a_uri_may_fit_one_document() -> None:
    one, other = define("FirstPlain", status=400), define("SecondPlain", status=400)

    Draft202012Validator(Catalogue.of([one, other]).schema()).validate(one().document())


def test_a_type_is_found_by_its_slug() -> None:
    for each in CATALOGUE:
        assert CATALOGUE.find(each.slug) is each
    assert CATALOGUE.find("other") is None


def test_the_uri_is_that_of_the_problems_that_are_sent() -> None:
    problem = StillOutOfCredit(balance=1, cost=Decimal(2))

    assert problem.type == ProblemType.of(StillOutOfCredit).uri
    assert ProblemType.of(OutOfCredit).uri == "about:blank"
    assert ProblemType.of(OutOfCredit, "/{status}/{slug}/{other}").uri == "/403/out-of-credit/{other}"


def test_a_status_has_a_type_too() -> None:
    found = CATALOGUE.find("not-found")

    assert found is not None
    assert (found.cls, found.uri, found.status, found.title, found.fields) == (
        Problem,
        "https://example.com/problems/not-found",
        404,
        "Not Found",
        (),
    )
    assert "status 404" in found.documentation


@pytest.mark.parametrize(("slug", "lowest"), [("client-error", 400), ("server-error", 500)])
def test_statuses_without_a_name_share_a_type(slug: str, lowest: int) -> None:
    found = CATALOGUE.find(slug)

    assert found is not None
    assert found.status is None
    assert found.schema()["properties"]["status"] == {"type": "integer", "minimum": lowest, "maximum": lowest + 99}


# What it is made of.


def test_by_default_every_type_of_the_process_is_in_it() -> None:
    found = types_of()

    assert set(TYPES) <= set(found)
    assert Base not in found
    assert Problem not in found


def test_a_dataclass_without_a_docstring_is_documented_by_its_signature() -> None:
    """Python 3.15 makes it when it is asked for."""

    @dataclass(eq=False)
    class Sold(Problem, status=409):
        sku: str = ""

    assert ProblemType.of(Sold).documentation.startswith("Sold(sku: ")


def test_a_module_stands_for_the_types_that_are_defined_in_it_and_below() -> None:
    one = define("InModule", "tests.core.defined.inner", status=400)
    beside = define("Beside", "tests.core.defined_beside", status=400)
    package = types.ModuleType("tests.core.defined")

    assert one in types_of(package)
    assert one in types_of([package, Locked])
    assert Locked in types_of([package, Locked, Locked])
    assert beside not in types_of(package)
    assert one in {each.cls for each in Catalogue.of(types.ModuleType("tests.core.defined.inner"))}


def test_of_a_class_that_was_defined_anew_the_last_one_counts() -> None:
    gc.disable()  # so that the first one is still there
    try:
        first, second = define("Again", status=400), define("Again", status=400)
        assert [cls for cls in subclasses(Problem) if cls.__name__ == "Again"] == [second]
        assert first is not second
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([Base], r"test_catalogue\.Base has no status and is no problem type; give it one: class Base\(Problem, stat"),
        ([Problem], "Problem has no status"),
        ([int], "made of subclasses of Problem, not <class 'int'>"),
        ([Locked()], "made of subclasses of Problem, not <Locked 423 Locked>"),
    ],
)
def test_what_is_no_problem_type_is_refused(wrong: Any, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        Catalogue.of(wrong)


@pytest.mark.parametrize("slug", ["a/b", "a b", "?", "..", "-", "\u00fc", "a\n"])
def test_a_slug_that_cannot_stand_in_a_uri_is_refused(slug: str) -> None:
    with pytest.raises(SetupError, match="a slug is a part of URIs, of letters, digits and"):
        Catalogue.of([define("Slugged", status=400, slug=slug)])


def test_a_class_whose_name_gives_no_slug_has_that_of_its_status() -> None:
    assert ProblemType.of(define("_", status=409)).slug == "conflict"


# Two types with one URI.


def refused(*classes: Any, type_uri: str | None = TEMPLATE) -> str:
    with pytest.raises(SetupError) as caught:
        Catalogue.of(classes, type_uri=type_uri)
    return str(caught.value)


def test_two_types_with_one_uri_are_refused_and_both_named() -> None:
    one = define("One", "shop.orders", status=400, type="urn:same")
    other = define("Other", "shop.items", status=400, type="urn:same")

    assert refused(one, other) == (
        "shop.orders.One and shop.items.Other have the type urn:same, and no client could tell them apart: "
        "class Other(Problem, slug=...)"
    )
    assert "put {slug} into ERROR_TYPE_URI" in refused(
        define("Three", status=400), define("Four", status=400), type_uri="https://example.com/{status}"
    )


def test_two_types_with_one_slug_are_refused() -> None:
    one = define("Same", "shop.orders", status=400, type="urn:one")
    other = define("Same", "shop.items", status=400, type="urn:other")

    assert "shop.orders.Same and shop.items.Same have one name by the slug same, " in refused(one, other, type_uri=None)
    assert "have one name by the slug a-b and a.b, " in refused(
        define("Dash", status=400, slug="a-b"), define("Dot", status=400, slug="a.b")
    )


def test_several_types_may_have_no_uri_of_their_own() -> None:
    found = Catalogue.of(TYPES)

    assert [each.uri for each in found] == ["about:blank", "about:blank", "https://example.com/still"]


def test_a_class_does_not_pass_for_a_plain_status() -> None:
    class Fielded(Problem, status=404, slug="not-found"):
        """With a field that a plain 404 has not."""

        sku: str

    said = "have the type https://example.com/problems/not-found, and no client could tell them apart: class "
    for cls in (Fielded, define("OtherStatus", status=410, slug="not-found")):
        assert refused(cls).startswith("every plain Problem(404) and ")
        assert said in refused(cls)
    same = define("NotFound", status=404)
    assert Catalogue.of([same], type_uri=TEMPLATE).find("not-found") == ProblemType.of(same, TEMPLATE)
    assert len(Catalogue.of([Fielded])) == 1


# JSON Schema and OpenAPI.

PROBLEMS = [
    Locked(),
    Locked(detail="d", instance="/i", title="Another"),
    OutOfCredit(balance=1, cost=Decimal("1.5")),
    OutOfCredit(balance=1, cost=Decimal(2), since=Later.SOON),
    StillOutOfCredit(balance=1, cost=Decimal(2), items=({"lines": [1], "notes": {"a": ["b"]}},)),
]


def document_of(problem: Problem) -> Any:
    completed = problem.fill_in(type=ProblemType.of(type(problem), TEMPLATE).uri, extensions={"trace_id": "t"})
    return json.loads(render_json(incident_of(completed).problem))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_document_of_a_type_satisfies_its_schema_and_no_other(problem: Problem) -> None:
    schema = CATALOGUE.schema()
    document = document_of(problem)

    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    for each in CATALOGUE:
        assert Draft202012Validator(each.schema()).is_valid(document) is (each.cls is type(problem))


@pytest.mark.parametrize(
    "change", [{"type": "urn:x"}, {"status": 404}, {"title": 1}, {"balance": "1"}, {"cost": 1.5}, {"since": "x"}]
)
def test_a_document_that_says_something_else_does_not_satisfy_the_schema(change: Mapping[str, Any]) -> None:
    document = document_of(PROBLEMS[3])

    assert Draft202012Validator(CATALOGUE.schema()).is_valid(document)
    assert not Draft202012Validator(CATALOGUE.schema()).is_valid(document | change)
    for name in change:
        assert not Draft202012Validator(CATALOGUE.schema()).is_valid(
            {member: value for member, value in document.items() if member != name}
        )


def test_the_schema_of_an_empty_catalogue_is_one_too() -> None:
    empty = Catalogue.of([])

    Draft202012Validator.check_schema(empty.schema())
    assert "anyOf" not in empty.schema()
    validate(empty.openapi())


def test_openapi_has_a_schema_and_a_response_for_every_type() -> None:
    document = CATALOGUE.openapi()

    validate(document)  # against the official schema of OpenAPI 3.1
    components = document["components"]
    assert list(components["schemas"]) == list(components["responses"]) == ["LockedBySomebody", "OutOfCredit", "Still"]
    assert components["responses"]["OutOfCredit"] == {
        "description": "You do not have enough credit",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/OutOfCredit"}}},
    }
    for problem in PROBLEMS:
        schema = components["schemas"][ProblemType.of(type(problem)).name]
        Draft202012Validator(schema).validate(document_of(problem))


def test_a_response_of_the_catalogue_can_stand_in_the_document_of_a_service() -> None:
    service = {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "paths": {
            "/buy": {"post": {"responses": {"403": {"$ref": "#/components/responses/OutOfCredit"}}}},
        },
        "components": CATALOGUE.openapi()["components"],
    }

    validate(service)


# Values of fields.


class Runs(Protocol):
    def run(self) -> None: ...


class Checked(Problem, status=400):
    """One field of every kind."""

    number: int = 0
    ratio: float = 0.0
    text: str = ""
    when: datetime | None = None
    names: Sequence[str] = ()
    rows: list[int] = ()  # type: ignore[assignment]
    sizes: dict[str, int] | None = None
    kind: Literal["a", 1] = "a"
    cents: Annotated[Cents, "In cents"] = Cents(0)
    order: Order | None = None
    nothing: None = None
    runs: Runs | None = None
    free: Any = None
    generic: T | None = None  # type: ignore[valid-type]
    unknown: NoSuchName | None = None  # type: ignore[name-defined] # noqa: F821


@pytest.mark.parametrize(
    "values",
    [
        {"number": 1, "ratio": 1, "text": "x", "when": datetime(2024, 1, 1, tzinfo=UTC), "names": ["a"]},
        {"ratio": 1.5, "when": None, "names": ("a",), "rows": (1,), "sizes": {}, "kind": 1, "cents": 3},
        {"order": {"lines": [], "notes": {}}, "runs": object(), "free": object(), "generic": 1, "unknown": 1},
        {"rows": ["what is in it is not looked at"]},
    ],
)
def test_values_of_the_annotated_classes_are_taken_silently(values: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Checked(**values).extensions.items() >= values.items()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("number", "1", "Checked.number is int, not str"),
        ("number", True, "Checked.number is int, not bool"),
        ("number", None, "Checked.number is int, not NoneType"),
        ("ratio", Decimal(1), "Checked.ratio is float or int, not Decimal"),
        ("text", b"x", "Checked.text is str, not bytes"),
        ("when", "2024-01-01", "Checked.when is NoneType or datetime, not str"),
        ("names", {"a"}, "Checked.names is Sequence, not set"),
        ("rows", {1: 2}, "Checked.rows is list or tuple, not dict"),
        ("kind", 1.5, "Checked.kind is int or str, not float"),
        ("cents", "3", "Checked.cents is int, not str"),
        ("order", [], "Checked.order is NoneType or dict, not list"),
        ("nothing", 0, "Checked.nothing is NoneType, not int"),
    ],
)
def test_any_other_value_is_a_warning_where_the_problem_was_made_and_stays_as_it_is(
    name: str, value: Any, said: str
) -> None:
    with pytest.warns(RuntimeWarning, match=said) as caught:
        problem = Checked(**{name: value})

    assert caught[0].filename == __file__
    assert problem.extensions[name] is value
    assert (problem.status, len(caught)) == (400, 1)


def test_a_warning_can_be_made_an_error_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match=r"Checked\.number is int"):
            Checked(number="1")  # type: ignore[arg-type]


def test_annotations_of_a_class_whose_module_is_gone_are_unknown() -> None:
    cls: Any = types.new_class(
        "Gone",
        (Problem,),
        {"status": 400},
        lambda body: body.update(__module__="gone", __annotations__={"a": "Decimal"}),
    )

    assert "gone" not in sys.modules
    assert resolve_annotations(cls)["a"] is Any
    assert ProblemType.of(cls).fields[0].schema == {}
