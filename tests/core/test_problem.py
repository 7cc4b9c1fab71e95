"""The problem document as an exception."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errbridge import Problem
from errbridge.problem.problem import make_plain_text
from errbridge.problem.type_uri import ABOUT_BLANK, make_slug
from tests.core.fakes import ANY_TEXT


class OutOfCredit(Problem, status=403, title="You do not have enough credit", type="https://example.com/credit"):
    """There is not enough credit for the order."""

    balance: int
    currency: str = "EUR"


class StillOutOfCredit(OutOfCredit):
    """Again."""

    since: str


class Bare(Problem, status=409):
    """A class without fields."""


class Named(Problem, status=409, slug="given-slug"):
    """A class with a slug of its own."""


class WithCode(Problem, status=409):
    """A class whose fields have the names of an older time."""

    code: str
    name: str
    description: str


# Status.


@pytest.mark.parametrize("status", [400, 404, 418, 419, 499, 500, 599])
def test_the_status_is_any_of_an_error(status: int) -> None:
    assert Problem(status).status == status


@pytest.mark.parametrize("status", [399, 600, 200, 0, -404, True, "404", 404.0, [404]])
def test_any_other_status_is_a_value_error(status: Any) -> None:
    with pytest.raises(ValueError, match="an integer from 400 to 599"):
        Problem(status)
    with pytest.raises(ValueError, match="an integer from 400 to 599"):
        type("Wrong", (Problem,), {}, status=status)


def test_a_status_is_needed_and_the_message_says_how_to_give_one() -> None:
    with pytest.raises(TypeError, match=r"Problem needs a status: Problem\(409, detail=...\)"):
        Problem(detail="x")

    class Untold(Problem):
        """Without a status."""

    with pytest.raises(TypeError, match=r"class Untold\(Problem, status=409\)"):
        Untold()
    assert Untold(410).status == 410


def test_a_given_status_replaces_that_of_the_class() -> None:
    assert Bare(422).status == 422
    assert Bare().status == 409


# Title, type, slug.


def test_the_title_is_the_given_one_else_that_of_the_class_else_the_phrase() -> None:
    assert OutOfCredit(balance=1, title="Now").title == "Now"
    assert OutOfCredit(balance=1).title == "You do not have enough credit"
    assert Bare().title == "Conflict"
    assert Problem(419).title == "Client Error"
    assert Problem(599).title == "Server Error"
    assert Problem(404, title="").title == "Not Found"


def test_the_type_is_the_given_one_else_that_of_the_class_else_about_blank() -> None:
    assert OutOfCredit(balance=1, type="urn:x").type == "urn:x"
    assert OutOfCredit(balance=1).type == "https://example.com/credit"
    assert Problem(404).type == ABOUT_BLANK == "about:blank"


def test_a_subclass_inherits_status_title_and_fields_but_not_the_type() -> None:
    problem = StillOutOfCredit(balance=1, since="May")

    assert (problem.status, problem.title) == (403, "You do not have enough credit")
    assert dict(problem.extensions) == {"balance": 1, "currency": "EUR", "since": "May"}
    assert problem.type == ABOUT_BLANK


def test_the_slug_is_the_given_one_else_of_the_class_else_of_the_phrase() -> None:
    assert Named().slug == "given-slug"
    assert OutOfCredit(balance=1).slug == "out-of-credit"
    assert Problem(404).slug == "not-found"
    assert Problem(418).slug == "im-a-teapot"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("OutOfCredit", "out-of-credit"),
        ("Out of credit", "out-of-credit"),
        ("HTTPError", "http-error"),
        ("Error404Page", "error-404-page"),
        ("URI Too Long", "uri-too-long"),
        ("I'm a Teapot", "im-a-teapot"),
        ("snake_case_name", "snake-case-name"),
        ("A", "a"),
        ("", ""),
        ("ÜberzogenÉtéX", "uberzogen-ete-x"),
    ],
)
def test_names_are_written_in_kebab_case(name: str, expected: str) -> None:
    assert make_slug(name) == expected


@pytest.mark.parametrize("name", ["日本", "Größe", "GrößeX"])
def test_a_name_whose_letters_a_slug_cannot_hold_needs_a_slug(name: str) -> None:
    with pytest.raises(ValueError, match=rf"give its slug: class {name}\(Problem, slug=...\)"):
        type(name, (Problem,), {}, status=409)
    named: Any = type(name, (Problem,), {}, status=409, slug="size")
    assert named().slug == "size"


# Detail.


def test_markup_in_a_detail_loses_its_tags() -> None:
    class Markup(str):
        __slots__ = ()

        def striptags(self) -> str:
            return "bold & plain"

    assert Problem(404, detail=Markup("<b>bold</b> &amp; plain")).detail == "bold & plain"


def test_a_lazy_translation_is_resolved_and_an_attribute_named_striptags_is_not_called_blindly() -> None:
    class Lazy:
        striptags = "no function"

        def __str__(self) -> str:
            return "übersetzt"

    assert make_plain_text(Lazy()) == "übersetzt"
    detail: Any = Lazy()
    assert Problem(404, detail=detail).detail == "übersetzt"


def test_no_detail_is_none_and_an_empty_one_stays() -> None:
    assert Problem(404).detail is None
    assert Problem(404, detail="").detail == ""


# Extensions.


def test_extension_members_are_read_as_attributes_and_stand_in_the_document_after_the_members_of_the_rfc() -> None:
    problem: Any = Problem(409, detail="d", instance="/x", sku="a-1", nothing=None, type="urn:t", title="T")

    assert (problem.sku, problem.nothing) == ("a-1", None)
    assert list(problem.document().items()) == [
        ("type", "urn:t"),
        ("title", "T"),
        ("status", 409),
        ("detail", "d"),
        ("instance", "/x"),
        ("sku", "a-1"),
        ("nothing", None),
    ]


def test_detail_and_instance_stand_in_the_document_only_where_there_are_any() -> None:
    assert Problem(404).document() == {"type": "about:blank", "title": "Not Found", "status": 404}


@given(
    st.dictionaries(
        ANY_TEXT.filter(
            lambda name: name not in ("status", "title", "detail", "type", "instance", "headers", "template")
        ),
        st.integers(),
        max_size=5,
    )
)
@settings(deadline=None, max_examples=100)
def test_extensions_may_have_any_name(extensions: dict[str, int]) -> None:
    document = Problem(409, **extensions).document()  # type: ignore[arg-type]

    assert {name: document[name] for name in extensions} == extensions
    assert document["status"] == 409


def test_the_names_of_werkzeug_and_of_older_templates_are_read_too() -> None:
    problem: Any = Problem(404, detail="gone fishing")

    assert (problem.code, problem.name, problem.description) == (404, "Not Found", "gone fishing")


def test_an_attribute_that_is_no_extension_is_an_attribute_error() -> None:
    problem: Any = Problem(404)

    with pytest.raises(AttributeError, match="'Problem' object has no attribute 'nope'"):
        _ = problem.nope
    assert not hasattr(Problem.__new__(Problem), "anything")


def test_extensions_are_changed_as_attributes_and_no_other_way() -> None:
    problem: Any = Problem(404, a=1)

    problem.a = 2
    problem.b = 3

    assert (problem.document()["a"], problem.a, problem.b) == (2, 2, 3)
    assert "b" not in problem.document()
    with pytest.raises(TypeError):
        problem.extensions["b"] = 2


# Typed subclasses.


def test_the_fields_of_a_class_are_its_extension_members_with_defaults() -> None:
    problem = OutOfCredit(balance=30)

    assert (problem.balance, problem.currency) == (30, "EUR")
    assert list(problem.document())[-2:] == ["balance", "currency"]
    assert OutOfCredit(balance=1, currency="CHF").extensions["currency"] == "CHF"


def test_fields_that_are_missing_or_unknown_are_named() -> None:
    with pytest.raises(
        TypeError, match=r"OutOfCredit has the fields balance, currency; balance is missing, blance is not a field"
    ):
        OutOfCredit(blance=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="since is missing"):
        StillOutOfCredit(balance=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "name", ["type", "title", "status", "detail", "instance", "headers", "extensions", "args", "document", "slug", "_x"]
)
def test_a_field_with_a_name_that_means_something_else_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=f"Wrong.{name} cannot be an extension member"):
        type("Wrong", (Problem,), {"__annotations__": {name: str}}, status=400)


def test_class_variables_are_no_fields() -> None:
    class Counted(Problem, status=429):
        """With something of its own."""

        limit: ClassVar[int] = 5
        used: int

    assert dict(Counted(used=6).extensions) == {"used": 6}
    assert Counted.limit == 5
    evaluated: Any = type("Evaluated", (Problem,), {"__annotations__": {"a": ClassVar[int], "b": int}}, status=400)
    assert dict(evaluated(b=1).extensions) == {"b": 1}
    text: Any = type("Text", (Problem,), {"__annotations__": {"a": "t.ClassVar[int]", "b": "int"}, "a": 5}, status=400)
    assert dict(text(b=1).extensions) == {"b": 1}


def test_a_title_that_is_the_phrase_of_the_status_follows_the_status() -> None:
    stock, own = Problem(404), Problem(404, title="Nothing here")

    stock.status = own.status = 410

    assert (stock.title, own.title) == ("Gone", "Nothing here")


def test_fields_may_have_the_names_of_an_older_time() -> None:
    problem = WithCode(code="E42", name="n", description="d")

    assert (problem.code, problem.name, problem.description) == ("E42", "n", "d")
    assert problem.status == 409
    assert problem.document()["code"] == "E42"


def test_class_keywords_of_others_reach_their_init_subclass() -> None:
    seen: dict[str, Any] = {}

    class Mixin:
        def __init_subclass__(cls, **kwargs: Any) -> None:
            seen.update(kwargs)

    class Mixed(Problem, Mixin, status=400, colour="red"):  # type: ignore[arg-type]  # for a type checker the mixin comes first
        """With a keyword of another base."""

    assert seen == {"colour": "red"}
    assert Mixed().status == 400


# Headers.


class PairsAndItems:
    """As Werkzeug's Headers: no Mapping, but with items() that repeats names."""

    def items(self) -> Iterator[tuple[str, str]]:
        yield from [("A", "1"), ("A", "2")]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return self.items()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "30"}, (("Retry-After", "30"),)),
        ([("A", "1"), ("A", "2")], (("A", "1"), ("A", "2"))),
        (PairsAndItems(), (("A", "1"), ("A", "2"))),
        (iter([("A", "1")]), (("A", "1"),)),
        ((), ()),
        ({}, ()),
        (None, ()),
    ],
)
def test_headers_are_given_as_a_mapping_or_as_pairs(headers: Any, expected: object) -> None:
    assert Problem(503, headers=headers).headers == expected


# Completing.


def complete(problem: Problem, **extensions: Any) -> Problem:
    return problem.fill_in(type="urn:made", instance="urn:uuid:1", extensions=extensions)


def test_completing_fills_in_only_what_was_left_open() -> None:
    open_problem = complete(Problem(404, a=1), a=2, b=3)
    full = complete(Problem(404, type="urn:own", instance="/own"))

    assert (open_problem.type, open_problem.instance) == ("urn:made", "urn:uuid:1")
    assert dict(open_problem.extensions) == {"a": 1, "b": 3}
    assert (full.type, full.instance) == ("urn:own", "/own")
    assert Problem(404).fill_in(type=None, instance=None, extensions={}).document() == Problem(404).document()


def test_completing_changes_nothing_of_the_problem_itself() -> None:
    problem = OutOfCredit(balance=1)
    before = dict(problem.__dict__)

    copied = complete(problem, trace_id="t")

    assert problem.__dict__ == before
    assert type(copied) is OutOfCredit
    assert (copied.balance, copied.args) == (1, problem.args)
    assert "trace_id" in copied.document()
    assert "trace_id" not in problem.document()


# As an exception.


def test_a_problem_reads_well_in_a_log() -> None:
    assert str(Problem(404)) == "404 Not Found"
    assert str(Problem(404, detail="No such thing")) == "404 Not Found: No such thing"
    assert repr(OutOfCredit(balance=1)) == "<OutOfCredit 403 You do not have enough credit>"
    assert Problem(404, detail="d").args == (404, "Not Found", "d")


@pytest.mark.parametrize(
    "problem",
    [
        Problem(409, title="T", detail="d", type="urn:t", instance="/i", headers={"A": "1"}, sku=[1, 2], none=None),
        OutOfCredit(balance=3, currency="CHF"),
        complete(StillOutOfCredit(balance=3, since="May"), more=1),
    ],
)
def test_a_problem_survives_copying_and_pickling(problem: Problem) -> None:
    for other in (pickle.loads(pickle.dumps(problem)), copy.copy(problem), copy.deepcopy(problem)):
        assert type(other) is type(problem)
        assert other.document() == problem.document()
        assert (other.headers, other.args, str(other), other.slug) == (
            problem.headers,
            problem.args,
            str(problem),
            problem.slug,
        )
        assert isinstance(other.extensions, Mapping)
        for name, value in problem.extensions.items():
            assert getattr(other, name) == value


def test_a_problem_is_raised_and_caught_like_any_exception() -> None:
    with pytest.raises(OutOfCredit) as caught:
        raise OutOfCredit(balance=1) from ValueError("cause")

    assert isinstance(caught.value.__cause__, ValueError)


def test_the_detail_may_follow_the_status_as_in_abort() -> None:
    problem = Problem(404, "There is no such book.")

    assert (problem.status, problem.detail) == (404, "There is no such book.")


def test_a_base_that_refuses_its_own_subclasses_says_so_itself() -> None:
    class Final:
        def __init_subclass__(cls, **kwargs: Any) -> None:
            raise TypeError("there is no subclass of Final")

    with pytest.raises(TypeError, match="there is no subclass of Final"):
        type("Odd", (Problem, Final), {})


def test_an_unknown_class_keyword_is_named_with_the_known_ones() -> None:
    with pytest.raises(TypeError, match=r"Odd: code= is no class keyword; status=, title=, type= and slug= are"):
        type("Odd", (Problem,), {}, code=402)


def test_an_extension_member_comes_before_another_name_of_a_standard_one() -> None:
    problem = Problem(409, code="sold", name="piano")

    assert (problem.code, problem.name, problem.description) == ("sold", "piano", None)  # type: ignore[attr-defined]


def test_an_extension_may_have_the_name_of_an_attribute_of_exceptions() -> None:
    problem = Problem(409, args=["a", "b"])

    for each in (problem, copy.copy(problem), pickle.loads(pickle.dumps(problem)), problem.fill_in(instance="/i")):
        assert each.document()["args"] == ["a", "b"]
        assert each.args == (409, "Conflict", None)


def test_a_type_is_assigned_as_the_constructor_takes_it() -> None:
    problem = Problem(409)

    problem.type = "urn:sold"
    assert problem.document()["type"] == "urn:sold"
    problem.type = None
    assert problem.document()["type"] == "about:blank"


class Strict(Problem, status=403):
    def __new__(cls) -> Self:
        return super().__new__(cls)

    def __init__(self) -> None:
        super().__init__(detail="strict")


class Loud(Problem, status=403):
    """A class that keeps a member in a way of its own."""

    @property  # type: ignore[misc]
    def detail(self) -> str | None:
        return vars(self).get("_loud")

    @detail.setter
    def detail(self, value: str | None) -> None:
        vars(self)["_loud"] = value and value.upper()


def test_a_class_may_make_its_problems_and_keep_their_members_itself() -> None:
    assert Strict().fill_in(instance="/i").document()["detail"] == "strict"
    assert Loud(detail="loud").fill_in(instance="/i").document()["detail"] == "LOUD"
    assert "detail" not in Loud().document()


# Constructors of their own.


def a_dataclass(name: str, **options: Any) -> Any:
    body = {"__annotations__": {"book": str, "days": int}, "days": 30, "__module__": __name__}
    return dataclass(**options)(type(name, (Problem,), body, status=409, title="Lent", type="urn:lent", slug="given"))


Borrowed = a_dataclass("Borrowed")
Slotted = a_dataclass("Slotted", slots=True)


class Own(Problem, status=409):
    def __init__(self, book: str) -> None:
        self.book = book
        self.status = 410
        self.detail = f"{book} is gone"


class Forgetful(Problem):
    book: str

    def __init__(self) -> None:
        pass


@pytest.mark.parametrize(
    ("cls", "document"),
    [
        (Borrowed, {"type": "urn:lent", "title": "Lent", "status": 409, "book": "Emma", "days": 30}),
        (Slotted, {"type": "urn:lent", "title": "Lent", "status": 409, "book": "Emma", "days": 30}),
        (Own, {"type": "about:blank", "title": "Gone", "status": 410, "detail": "Emma is gone"}),
    ],
)
def test_a_constructor_need_not_call_that_of_the_problem(cls: Any, document: dict[str, Any]) -> None:
    for problem in (
        cls("Emma"),
        cls("Emma").fill_in(),
        copy.copy(cls("Emma")),
        pickle.loads(pickle.dumps(cls("Emma"))),
    ):
        assert problem.document() == document
        assert problem.book == "Emma"
    assert Slotted("Emma").slug == "given"


def test_what_a_constructor_leaves_out_is_null_and_its_status_500() -> None:
    with pytest.warns(RuntimeWarning, match="Forgetful.book is str, not NoneType"):
        assert str(Forgetful()) == "500 Internal Server Error"


def test_the_name_of_an_extension_may_be_self() -> None:
    assert Problem(409, self="/orders/1").document()["self"] == "/orders/1"


# What the body of a class, or an assignment, cannot say.


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ({"title": "T"}, r"Wrong\(Problem, title=...\)"),
        ({"status": 410, "__annotations__": {"status": int}}, r"Wrong\(Problem, status=...\)"),
        ({"type": "urn:x"}, r"Wrong\(Problem, type=...\)"),
        ({"slug": "x"}, r"Wrong\(Problem, slug=...\)"),
        ({"headers": {"A": "1"}}, r"super\(\).__init__\(headers=...\)"),
        ({"template": "gone.html"}, r"super\(\).__init__\(template=...\)"),
        ({"extensions": {"a": 1}}, r"super\(\).__init__\(\*\*members\)"),
    ],
)
def test_a_member_in_the_body_of_a_class_is_refused_with_the_place_for_it(body: dict[str, Any], advice: str) -> None:
    with pytest.raises(TypeError, match=f"does nothing; write .*{advice}"):
        type("Wrong", (Problem,), body, status=409)


class Picky(Exception):
    def __init__(self, text: str) -> None: ...


def test_a_base_whose_constructor_takes_other_arguments_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Wrong cannot have the base Picky, whose __init__ takes no \*args"):
        type("Wrong", (Problem, Picky), {}, status=404)
    for base in (ValueError, LookupError, OSError):
        mixed: Any = type("Mixed", (Problem, base), {}, status=404)
        assert str(mixed(detail="here")) == "404 Not Found: here"


def test_none_assigns_the_default() -> None:
    problem: Any = OutOfCredit(400, title="T", type="urn:t", balance=1)

    problem.status = problem.title = problem.type = None
    assert (problem.status, problem.title) == (403, "You do not have enough credit")
    assert problem.type == "https://example.com/credit"
    problem.title = ""
    assert problem.title == "You do not have enough credit"
    plain: Any = Problem(409, a=1)
    plain.extensions = None
    assert plain.document() == {"type": "about:blank", "title": "Conflict", "status": 409}
    with pytest.raises(TypeError, match=r"Problem needs a status"):
        plain.status = None


def test_extensions_are_assigned_as_the_constructor_takes_them() -> None:
    problem: Any = OutOfCredit(balance=1)

    problem.extensions = {"balance": 2}
    assert (problem.balance, problem.document()["currency"]) == (2, "EUR")
    with pytest.raises(TypeError, match="blance is not a field"):
        problem.extensions = {"blance": 2}
    with pytest.raises(TypeError, match=r"status, type cannot be an extension member: assign to problem.status"):
        problem.extensions = {"type": "urn:x", "status": 1}
