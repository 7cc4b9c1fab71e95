"""Compare a response with the problem that it should be, and say what differs so that a person can read it."""

from __future__ import annotations

import builtins
import json
import re
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from numbers import Number
from re import Pattern
from textwrap import indent
from typing import Any, Literal, TypeGuard, cast

from errbridge.http.accept import JSON
from errbridge.http.response import AnyResponse
from errbridge.problem.problem import Problem, read_declaration
from errbridge.problem.response import ClientResponse, parse_document, read_response
from errbridge.problem.type_uri import ABOUT_BLANK, build_type
from errbridge.problem.values import to_json_value

__all__ = ["Check", "Expected", "Text", "assert_problem"]

Check = Callable[[Any], object]
"""A function that returns something true for the right value."""

Text = str | Pattern[str] | Check | None
"""A text to be equal to, a compiled pattern to be found in it, or a function that checks; None means absent or null."""

Expected = Any
"""A value to be equal to, a compiled pattern to be found, or a function that checks; None means absent or null."""

_UNSAID: Any = object()
_EXCERPT = 1200


def assert_problem(
    response: AnyResponse,
    problem: type[Problem] | None = None,
    /,
    *,
    status: int | Literal["4xx", "5xx"] | Check = _UNSAID,
    type: Text | type[Problem] = _UNSAID,
    title: Text = _UNSAID,
    detail: Text = _UNSAID,
    instance: Text = _UNSAID,
    pointer: Text = _UNSAID,
    parameter: Text = _UNSAID,
    header: Text = _UNSAID,
    code: Text = _UNSAID,
    headers: Mapping[str, Text] | None = None,
    content_type: Text = _UNSAID,
    body: bytes | str | None = None,
    type_uri: str | None = None,
    **extensions: Expected,
) -> Mapping[str, Any]:
    """Make sure that a response is a problem document, and the one that is expected.

    The response has to be a problem document (RFC 9457) that has the status of the response. Beyond that, only the
    arguments are compared. An expectation is a value, a compiled pattern (``re.compile("sold")``) to be found in a
    text, or a function (``lambda balance: balance > 0``) that returns something true; lists and mappings may contain
    any of these. None means that the member is absent or null.

    The type of a problem class is its own ``type=``. If it has none, the service builds the type, and you pass
    *type_uri* to compare it. Without *type_uri*, ``about:blank`` and every type that ends in the slug of the class
    (``/no-cards``, ``#no-cards``, ``/no-cards.html``) are accepted.

    Example::

        assert_problem(client.post("/users", json={}), status=422, pointer="/name")
        document = assert_problem(client.get("/buy/piano"), OutOfCredit, balance=30)

    Args:
        response: Of the test clients of Flask and Quart, of httpx or requests; a `Reply`; or
            ``(status, headers, body)``.
        problem: A problem class, whose status, title and type are expected.
        status: The status of the response and the document, or ``"4xx"`` or ``"5xx"``.
        type: The URI, or a problem class.
        title: The title.
        detail: The detail.
        instance: The instance.
        pointer: The ``pointer`` of one of the document's ``errors``; the next three are compared with the same error.
        parameter: Its ``parameter``.
        header: Its ``header``.
        code: Its ``code``.
        headers: Headers of the response, by name in any case; several values are joined by commas.
        content_type: Expected instead of ``application/problem+json``.
        body: The content, where the client has to await it.
        type_uri: ``ERROR_TYPE_URI`` of the service, for problem classes without a ``type=`` of their own.
        **extensions: Other members of the document.

    Returns:
        The members of the document.

    Raises:
        AssertionError: The response is another one. The message lists what differs, and shows the document.
        TypeError: It is no response, or has to be awaited, or its content has; or *problem* is no problem class. The
            message says what to do.
    """
    __tracebackhide__ = True
    got = read_response(response, body)
    if status == f"{got.status // 100}xx":
        status = got.status
    expected = {"status": status, "type": type, "title": title, "detail": detail, "instance": instance, **extensions}
    if problem is not None:
        if not _is_problem_class(problem):
            raise TypeError(f"a problem class is expected, not {problem!r}; the status is status=, the type type=")
        own = read_declaration(problem)
        declared = {"status": own.status or _UNSAID, "type": problem, "title": own.title or _UNSAID}
        expected |= {name: value for name, value in declared.items() if expected[name] is _UNSAID}
    if _is_problem_class(cls := expected["type"]):
        expected["type"] = _type_of(cls, type_uri, got.status)

    differences = [*_compare("status", expected.pop("status"), got.status)]
    if content_type is not _UNSAID:
        differences += _compare("content type", content_type, got.content_type)
    elif got.media_type != JSON:
        differences += _compare("content type", JSON, got.content_type or None)
        if got.media_type.startswith("text/"):
            differences.append("(a client that wants a document says so: Accept: application/json)")
    for name, value in (headers or {}).items():
        differences += _compare(name, value, got.headers.get(name))
    try:
        members = parse_document(JSON, got.body)
    except ValueError as error:
        if not differences or got.media_type.endswith("json"):
            differences.append(f"body: {error}")
        location = f", Location {got.headers['location']}" if "location" in got.headers else ""
        came = f"what came has the status {got.status}{location}:"
        raise AssertionError(
            _join("the response is no problem document:", differences, came, _list_readable(got))
        ) from None
    if (stated := members.get("status", got.status)) != got.status:
        differences.append(f"status: the response has {got.status}, its document says {stated!r}")
    for name, value in expected.items():
        differences += _compare(name, value, members.get(name))
    differences += _of_errors(members, {"pointer": pointer, "parameter": parameter, "header": header, "code": code})
    if differences:
        shown = json.dumps(members, indent=2, ensure_ascii=False)
        head = "the response is not the problem that was expected:"
        raise AssertionError(_join(head, differences, f"the document ({got.content_type}):", [shown]))
    return members


# What differs, a line or more for each.


def _compare(name: str, expected: Expected, value: Any) -> Iterator[str]:
    if expected is not _UNSAID and not _fits(value, expected):
        got = "nothing" if value is None else repr(value)
        yield f"{name}: expected {_shown(expected)}\n{'got':>{len(name) + 10}} {got}"


def _of_errors(members: Mapping[str, Any], expected: Mapping[str, Expected]) -> Iterator[str]:
    entry = {name: value for name, value in expected.items() if value is not _UNSAID}
    listed = members.get("errors")
    errors = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    if entry and not any(all(_fits(each.get(name), value) for name, value in entry.items()) for each in errors):
        wanted = ", ".join(f"{name} {_shown(value)}" for name, value in entry.items())
        yield f"errors: expected one with {wanted}; {'there are' if errors else 'the document lists no errors'}"
        yield from (f"  {json.dumps(each, ensure_ascii=False)}" for each in errors)


def _fits(value: Any, expected: Expected) -> bool:
    """Return whether a value is as expected."""
    if isinstance(expected, re.Pattern):
        return isinstance(value, str) and expected.search(value) is not None
    if _is_check(expected):
        return bool(expected(value))
    if isinstance(expected, Mapping):
        named = {next(iter(cast(Any, to_json_value({key: 0})))): item for key, item in expected.items()}
        if not isinstance(value, dict) or value.keys() != named.keys():
            return False
        return all(_fits(value[name], item) for name, item in named.items())
    if isinstance(expected, (list, tuple)):
        return isinstance(value, list) and len(value) == len(expected) and all(map(_fits, value, expected))
    written = to_json_value(expected)  # such as the text of a UUID, or the list that a set becomes
    if isinstance(written, (dict, list)):
        return _fits(value, written)
    return _equal(value, expected) or _equal(value, written)


def _is_check(expected: Expected) -> bool:
    return callable(expected) and not isinstance(expected, builtins.type)


def _equal(value: Any, expected: Any) -> bool:
    if isinstance(value, Number) and isinstance(expected, Number):
        return value == expected and isinstance(value, bool) is isinstance(expected, bool)  # 1 is not true
    return bool(value == expected)


def _is_problem_class(expected: Expected) -> TypeGuard[type[Problem]]:
    return isinstance(expected, builtins.type) and issubclass(expected, Problem)


def _type_of(cls: type[Problem], type_uri: str | None, status: int) -> Expected:
    """Return the type that a document of a class has; the service, whose *type_uri* may be unknown, may build it."""
    own = read_declaration(cls)
    if own.slug is None:  # Problem itself may have any
        return _UNSAID
    # Only at the end: /problems/no-cards is no type of a class Problems, nor is sold.html one of a class Html.
    ends_in_slug = rf"^(.*[^\w.-])?{re.escape(own.slug)}(\.\w+)?/?$|^{ABOUT_BLANK}$(?#type_uri= says how it is built)"
    return own.uri or build_type(type_uri, status, own.slug) or re.compile(ends_in_slug)


# The message.


def _join(head: str, differences: list[str], title: str, shown: list[str]) -> str:
    return "\n".join(
        [head, *(indent(each, "  ") for each in differences), title, *(indent(each, "  ") for each in shown)]
    )


def _list_readable(got: ClientResponse) -> list[str]:
    """List the first lines of a body; those of a page as a person would see them."""
    text = got.text
    if got.media_type in ("text/html", "application/xhtml+xml"):
        text = re.sub(r"(?is)<(style|script|head)\b.*?</\1\s*>", "", text[:100_000])
        text = unescape(re.sub(r"<[^>]*>", "\n", text))
    lines = [line.strip() for line in text[:_EXCERPT].splitlines()]
    shown = [line for line in lines if line]
    return [*shown, "..."] if len(text) > _EXCERPT else shown


def _shown(expected: Expected) -> str:
    if isinstance(expected, re.Pattern):
        return f"something with {expected.pattern!r}"
    if _is_check(expected):
        return f"what {getattr(expected, '__qualname__', repr(expected))} accepts"
    return "nothing" if expected is None else repr(expected)
