"""From an exception to the problem that it means."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errbridge import Problem, RequestFacts
from errbridge.adapter import HTTPErrorFacts
from errbridge.application.settings import Settings
from errbridge.handling.respond import status_of
from errbridge.http.headers import clean_headers
from errbridge.mapping.groups import find_http_error, find_single_error
from errbridge.mapping.problems import complete, uncaught_problem
from errbridge.validation import problem_of as problem_of_validation
from tests.core.fakes import (
    ANY_TEXT,
    ID,
    Application,
    Conflict,
    HttpError,
    NotFound,
    RaisesOnStr,
    ServerError,
    completed,
    facts_of,
    read_http_error,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


def meaning(exc: BaseException, settings: Settings | None = None, **facts: Any) -> Problem:
    """Complete the problem that an HTTP error means."""
    http = read_http_error(exc)
    problem = exc if http is None else http.problem
    assert isinstance(problem, Problem)
    return completed(problem, facts_of(**facts), settings)


def read(status: Any = 404, **facts: Any) -> Problem:
    """Return the problem of an HTTP exception that was read like this."""
    return HTTPErrorFacts(status, **facts).problem


# What kind of exception it is.


def test_http_errors_are_problems_and_instances_of_the_frameworks_class() -> None:
    class LooksLikeOne(Exception):
        code, description, response, headers, original = 404, "GET /?token=s3cret", None, (), None
        words = description

        def get_headers(self, *args: object) -> list[tuple[str, str]]:
            return [("Set-Cookie", "u=1")]

    class AnswersEverything(Exception):
        def __getattr__(self, name: str) -> Any:
            return self

    statuses = [
        status_of(Application(), exc)
        for exc in (Problem(410), NotFound(), HttpError(), LooksLikeOne(), AnswersEverything(), ValueError())
    ]

    assert statuses == [410, 404, 500, None, None, None]


def test_the_500_that_the_framework_makes_of_an_uncaught_exception_is_one_still() -> None:
    assert status_of(Application(), ServerError(original=ValueError())) is None
    assert status_of(Application(), ServerError()) == 500


@pytest.mark.parametrize("name", ["original_exception", "original", "response", "code", "get_headers"])
def test_a_problem_is_an_http_error_whatever_its_extension_members_are_called(name: str) -> None:
    extensions: dict[str, Any] = {name: "x"}

    assert status_of(Application(), Problem(409, **extensions)) == 409


# Problems and HTTP exceptions.


def test_a_problem_is_completed_and_stays_as_it_is() -> None:
    problem = Problem(409, detail="d", headers={"X-A": "1"}, sku="a")
    before = dict(problem.__dict__)

    found = meaning(problem, Settings(type_uri="urn:{slug}"))

    assert found.document() == {
        "type": "urn:conflict",
        "title": "Conflict",
        "status": 409,
        "detail": "d",
        "instance": f"urn:uuid:{ID}",
        "sku": "a",
    }
    assert found.headers == (("X-A", "1"),)
    assert problem.__dict__ == before


def test_an_http_exception_means_its_status_description_and_headers() -> None:
    found = meaning(NotFound("Nothing <b>here</b>", headers=[("X-A", "1")]))

    assert (found.status, found.title, found.detail) == (404, "Not Found", "Nothing <b>here</b>")
    assert found.headers == (("X-A", "1"),)
    assert found.instance == f"urn:uuid:{ID}"


def test_an_http_exception_without_a_description_has_no_detail() -> None:
    assert meaning(Conflict()).detail is None


@pytest.mark.parametrize("description", [{"field": ["too short"]}, ["a", "b"]])
def test_a_structured_description_becomes_a_member(description: object) -> None:
    found = meaning(Conflict(description))

    assert found.detail is None
    assert found.document()["description"] == description


@pytest.mark.parametrize("status", [None, 200, 302, "404", 0, 999, True])
def test_an_http_exception_without_an_error_status_is_a_500(status: Any) -> None:
    problem = read(status, detail="words")

    assert (problem.status, problem.detail) == (500, "words")


def test_a_name_of_its_own_is_the_title_and_what_a_library_attached_are_members() -> None:
    problem = read(409, title="Sold out", members={"sku": "a"})

    assert (problem.title, problem.detail, dict(problem.extensions)) == ("Sold out", None, {"sku": "a"})
    assert read(409, detail={"a": 1}, members={"sku": "a"}).extensions == {"description": {"a": 1}, "sku": "a"}


def test_only_the_frameworks_own_sentence_is_known_as_one() -> None:
    assert read(detail="Not here", is_stock=True)._has_stock_detail
    assert not read(detail="Not here")._has_stock_detail
    assert not Problem(404, "Not here")._has_stock_detail


def test_a_description_without_a_text_is_named_by_its_class() -> None:
    assert meaning(NotFound(RaisesOnStr())).detail == "RaisesOnStr"


# Uncaught exceptions.


def test_an_uncaught_exception_shows_the_configured_words_and_nothing_else() -> None:
    found = completed(uncaught_problem("Sorry"))

    assert found.document() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "Sorry",
        "instance": f"urn:uuid:{ID}",
    }
    assert found.headers == ()
    assert uncaught_problem("Sorry") is uncaught_problem("Sorry")


# Members that say what headers and request say.


@pytest.mark.parametrize(
    ("headers", "members"),
    [
        ([("Allow", "POST, GET")], {"allowed": ["GET", "POST"]}),
        ([("allow", "")], {"allowed": []}),
        (
            [("WWW-Authenticate", "Basic"), ("WWW-Authenticate", 'Bearer realm="x"')],
            {"authenticate": ["Basic", 'Bearer realm="x"']},
        ),
        ([("Retry-After", "120")], {"retry_after": 120}),
        ([("Retry-After", "0")], {"retry_after": 0}),
        ([("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT")], {"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"}),
        ([("Retry-After", "-5")], {"retry_after": "-5"}),
        ([("Retry-After", "9" * 5000)], {"retry_after": "9" * 5000}),
        ([("Content-Range", "bytes */1000")], {"units": "bytes", "length": 1000}),
        ([("Content-Range", "bytes 0-9/*")], {"units": "bytes"}),
        ([("Content-Range", "bytes */" + "9" * 5000)], {"units": "bytes"}),
        ([("X-Other", "1")], {}),
    ],
)
def test_facts_of_the_headers_appear_as_members(headers: list[tuple[str, str]], members: dict[str, object]) -> None:
    for exc in (Conflict(headers=headers), Problem(409, headers=headers)):
        assert dict(meaning(exc).extensions) == members


def test_a_member_of_the_author_wins_over_a_fact_of_the_headers() -> None:
    problem = Problem(503, headers={"Retry-After": "5"}, retry_after="soon", trace_id=None)

    found = meaning(problem, traceparent=f"00-{TRACE}-{SPAN}-01")

    assert dict(found.extensions) == {"retry_after": "soon", "trace_id": None}


@pytest.mark.parametrize(
    "traceparent",
    [
        f"00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-00",
        f" 00-{TRACE}-{SPAN}-01 ",
        f"01-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like",
    ],
)
def test_a_valid_traceparent_gives_the_trace_id(traceparent: str) -> None:
    assert meaning(NotFound(), traceparent=traceparent).document()["trace_id"] == TRACE


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "garbage",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-more",
        f" 00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01, 00-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01.what-the-future-will-not-be-like",
        f"cc-{TRACE}-{SPAN}-011",
    ],
)
def test_an_invalid_traceparent_gives_nothing(traceparent: str) -> None:
    assert "trace_id" not in meaning(NotFound(), traceparent=traceparent).document()


# Headers.


@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=5))
@settings(deadline=None, max_examples=300)
def test_headers_are_safe_to_send_whatever_they_were(headers: list[tuple[str, str]]) -> None:
    for name, value in clean_headers(headers):
        assert name != ""
        assert set(name) <= set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        assert all(" " <= character <= "~" or character == "\t" for character in value)
        assert value == value.strip()


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\r\n", "\x7f"])
def test_control_characters_never_pass(bad: str) -> None:
    assert clean_headers([("X-A", f"a{bad}Set-Cookie: b")]) == (("X-A", f"a{' ' * len(bad)}Set-Cookie: b"),)
    assert clean_headers([(f"X-A{bad}", "v")]) == ()
    assert clean_headers([("X-A", f"{bad}v{bad}")]) == (("X-A", "v"),)


@pytest.mark.parametrize("bad", ["\x85", "\u2028", "\ud800", "é", "\u0100"])
def test_what_is_not_ascii_is_seen_to_be_missing(bad: str) -> None:
    assert clean_headers([("X-A", f"a{bad}b")]) == (("X-A", "a?b"),)
    assert clean_headers([(f"X-A{bad}", "v")]) == ()


MORNING = datetime(2030, 1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        (
            "Location",
            "https://x.example/日本?x=é&y=%20",
            "https://x.example/%E6%97%A5%E6%9C%AC?x=%C3%A9&y=%20",
        ),
        ("content-location", "/é\ud800", "/%C3%A9?"),
        ("Link", '</é>; rel="help"; title="é", </b>', '</%C3%A9>; rel="help"; title="?", </b>'),
        (
            "Expires",
            MORNING.replace(tzinfo=timezone(timedelta(hours=1))),
            "Wed, 02 Jan 2030 02:04:05 GMT",
        ),
        ("Retry-After", MORNING, "Wed, 02 Jan 2030 03:04:05 GMT"),
    ],
)
def test_uris_and_dates_are_written_as_http_has_them(name: str, value: Any, sent: str) -> None:
    assert clean_headers([(name, value)]) == ((name, sent),)


def test_headers_keep_their_order_and_repetitions_and_any_value_becomes_text() -> None:
    given = [("B", 1), ("A", "x"), ("B", 2.5), ("", "x"), ("A B", "x"), ("A:", "x")]

    assert clean_headers(given) == (("B", "1"), ("A", "x"), ("B", "2.5"))


def test_a_header_whose_value_has_no_text_is_left_out_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    assert clean_headers([("X-A", RaisesOnStr()), (RaisesOnStr(), "1"), ("X-B", "2")]) == (("X-B", "2"),)
    assert [logged.levelno for logged in caplog.records] == [logging.ERROR] * 2


def test_allow_is_sorted_since_the_methods_come_from_a_set() -> None:
    assert clean_headers([("ALLOW", "POST,GET ,, HEAD")]) == (("ALLOW", "GET, HEAD, POST"),)


@given(
    status=st.integers(400, 599),
    detail=ANY_TEXT,
    headers=st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=3),
    trace=ANY_TEXT,
)
@settings(deadline=None, max_examples=200)
def test_no_text_makes_completing_fail(status: int, detail: str, headers: list[tuple[str, str]], trace: str) -> None:
    exc = HttpError(detail, headers=headers)
    exc.code = status

    for raised in (exc, Problem(status, detail=detail, headers=headers, title=detail, type=detail, instance=detail)):
        found = meaning(raised, traceparent=trace, path=detail, host=detail)
        assert (found.status, found.detail) == (status, detail)


@pytest.mark.parametrize("headers", [["X-A: 1"], "X-A: 1", [("X-A",)], [("a", "b", "c")], [5], 5])
def test_headers_in_a_wrong_shape_fail_where_they_are_given_or_not_at_all(headers: Any) -> None:
    try:
        problem = Problem(409, headers=headers)
    except (TypeError, ValueError):
        return  # the view sees it, as with any wrong argument
    assert meaning(problem).status == 409


def test_completing_uses_the_instance_and_type_of_the_problem_first() -> None:
    problem = Problem(404, type="urn:t", instance="/i")

    found = completed(problem, settings=Settings(type_uri="urn:other"))

    assert (found.type, found.instance) == ("urn:t", "/i")


def test_a_problem_without_an_incident_has_no_instance() -> None:
    assert complete(Problem(404), RequestFacts(), "", None).instance is None


# What the request adds.


def test_the_trace_that_is_recorded_here_wins_over_that_of_the_request() -> None:
    found = meaning(NotFound(), traceparent=f"00-{TRACE}-{SPAN}-01", trace_id="f" * 32)

    assert found.document()["trace_id"] == "f" * 32


def test_methods_that_other_applications_have_for_the_url_are_allowed_too() -> None:
    found = meaning(Problem(405, headers=[("Allow", "PUT"), ("X-A", "1")]), allow=("GET", "PUT"))

    assert found.headers == (("X-A", "1"), ("Allow", "GET, PUT"))
    assert found.extensions["allowed"] == ["GET", "PUT"]
    assert meaning(Problem(404), allow=("GET",)).headers == ()


# Groups.


def meant_by(exc: BaseException, *, validation: Any = True) -> BaseException | None:
    def read_validation(member: BaseException) -> Problem | None:
        return problem_of_validation(member, everywhere=bool(validation), messages=validation == "messages")

    return find_http_error(exc, lambda member: status_of(Application(), member), read_validation)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (ExceptionGroup("g", [Problem(404)]), 404),
        (ExceptionGroup("g", [NotFound(), Conflict()]), 409),
        (ExceptionGroup("g", [Conflict(), NotFound()]), 409),
        (ExceptionGroup("g", [Problem(503), ServerError(), NotFound()]), 503),
        (ExceptionGroup("g", [ExceptionGroup("inner", [NotFound(), Problem(422)]), Conflict()]), 422),
        (BaseExceptionGroup("g", [NotFound()]), 404),
    ],
)
def test_a_group_of_http_errors_means_the_most_severe(group: BaseException, expected: int) -> None:
    found = meant_by(group)

    assert found is not None
    assert meaning(found).status == expected


def test_of_equally_severe_members_the_first_counts() -> None:
    first, second, third = Problem(404), NotFound(), Problem(404)

    nested_first = ExceptionGroup("g", [ExceptionGroup("h", [first]), second, third])
    nested_later = ExceptionGroup("g", [second, ExceptionGroup("h", [first, third])])

    assert meant_by(nested_first) is first
    assert meant_by(nested_later) is second


def test_a_member_without_a_status_counts_as_the_500_that_it_is_answered_with() -> None:
    untold = HttpError()

    assert meant_by(ExceptionGroup("g", [NotFound(), untold])) is untold


@pytest.mark.parametrize(
    "exc",
    [
        ValueError(),
        ExceptionGroup("g", [ValueError()]),
        ExceptionGroup("g", [NotFound(), ValueError()]),
        ExceptionGroup("g", [NotFound(), ServerError(original=ValueError())]),
        BaseExceptionGroup("g", [NotFound(), KeyboardInterrupt()]),
    ],
)
def test_a_bug_in_a_group_is_more_severe_than_any_status(exc: BaseException) -> None:
    assert meant_by(exc) is None


class Order(pydantic.BaseModel):
    price: int


def invalid() -> pydantic.ValidationError:
    with pytest.raises(pydantic.ValidationError) as caught:
        Order.model_validate({})
    return caught.value


def test_a_member_that_is_a_validation_error_counts_as_the_problem_that_it_means() -> None:
    exc = invalid()
    found = meant_by(ExceptionGroup("g", [NotFound(), exc]))

    assert isinstance(found, Problem)
    assert (found.status, found.__cause__) == (422, exc)
    assert meant_by(exc, validation=False) is None
    assert meant_by(ExceptionGroup("g", [NotFound(), exc]), validation=False) is None


def test_the_only_error_of_a_group_or_the_first_of_one_class_is_found_however_deep_it_is() -> None:
    error = KeyError("k")

    assert find_single_error(error) is error
    for members in ([error], [error, KeyError()], [ExceptionGroup("i", [error]), KeyError()]):
        assert find_single_error(ExceptionGroup("g", [ExceptionGroup("h", members)])) is error
    for others in ([error, ValueError()], [ExceptionGroup("i", [error]), LookupError()]):
        group = ExceptionGroup("g", others)
        assert find_single_error(group) is group
