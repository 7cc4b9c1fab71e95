"""From what a view or handler returned to a response: errbridge makes what it can, the framework the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from functools import partial
from typing import Any, NamedTuple

from errbridge.application.protocol import Application, Draft
from errbridge.handling.context import ErrorContext
from errbridge.handling.plans import Call, Native, Plan
from errbridge.handling.reporting import report
from errbridge.http.accept import HTML, TEXT
from errbridge.http.headers import leave_out, list_headers
from errbridge.http.status import check_error_status, has_body, parse_status
from errbridge.incident import Page, Reply
from errbridge.problem.problem import Problem
from errbridge.representations.response import build_reply, default_headers, read_reply, split_content_type

__all__ = [
    "Parts",
    "check_chunk",
    "convert",
    "convert_result",
    "inherit_headers",
    "override_problem",
    "override_reply",
    "pass_on",
    "take_apart",
]


class Parts(NamedTuple):
    """What a view may return, taken apart.

    Attributes:
        body: A response, or what becomes one.
        status: The status that was given with it.
        headers: The headers that were given with it.
        is_class: Whether *body* is an exception whose class was returned, so that it counts as raised.
    """

    body: Any
    status: Any = None
    headers: Any = None
    is_class: bool = False


def split(value: Any) -> Parts:
    """Take apart what a view may return: a body, ``(body, status or headers)``, or all three.

    Raises:
        TypeError: It is a tuple of another form.
    """
    if not isinstance(value, tuple):
        return Parts(value)
    if len(value) == 3:
        return Parts(*value)
    if len(value) == 2:
        body, second = value
        if isinstance(second, (list, tuple)) or hasattr(second, "items"):
            return Parts(body, None, second)
        return Parts(body, second)
    raise TypeError("a handler returns a tuple as (body, status), (body, headers) or (body, status, headers)")


def take_apart(value: Any) -> Parts:
    """Take apart what a view or handler returned. A class of exceptions becomes an exception, as if it was raised."""
    try:
        parts = split(value)
    except TypeError:  # the framework says what is wrong
        parts = Parts(value)
    if isinstance(parts.body, type) and issubclass(parts.body, BaseException):
        return parts._replace(body=parts.body(), is_class=True)
    return parts


def override_problem(problem: Problem, parts: Parts) -> Problem:
    """Apply the status and the headers of a tuple, which win."""
    if parts.status is None and not parts.headers:
        return problem
    given = list_headers(parts.headers)
    problem = problem.fill_in(headers=(*leave_out(problem.headers, given), *given))
    if parts.status is not None:
        problem.status = check_error_status(parse_status(parts.status))
    return problem


def override_reply(reply: Reply, parts: Parts) -> Reply:
    """Apply the status and the headers of a tuple, which win."""
    if parts.status is None and not parts.headers:
        return reply
    given = list_headers(parts.headers)
    kept = leave_out(list_headers(reply.headers), given)
    status = reply.status if parts.status is None else parse_status(parts.status)
    return Reply(reply.body, status, (*kept, *given))


def inherit_headers(problem: Problem, handled: Problem) -> Problem:
    """Keep the headers of the error that a handler made another problem of the same status of (RFC 9110 15.5.6)."""
    if problem.status != handled.status or not handled.headers or problem is handled:
        return problem
    return problem.fill_in(headers=(*problem.headers, *leave_out(handled.headers, problem.headers)))


# The response.


def convert_result(application: Application, parts: Parts, method: str) -> Plan:
    """Plan the response for a page or reply that a view returned. There is no error, so nothing is reported.

    Args:
        application: The application.
        parts: What the view returned; the body is the page or reply.
        method: The method of the request.
    """
    body, text_type = parts.body, TEXT
    if isinstance(body, Page):
        page = yield Call(application.render_template, (body.template, body.context))
        body, text_type = Reply(str(page)), HTML
    reply = override_reply(body, parts)
    content, content_type, others = read_reply(reply, text_type)
    status = 200 if reply.status is None else reply.status
    draft = Draft(content, status, (("Content-Type", content_type), *others))
    return Native((yield Call(application.make_response, (draft, method))))


def convert(context: ErrorContext, value: Any, *, vary: str | None = None, is_document: bool = False) -> Plan:
    """Plan the response for a value that a view could have returned.

    Args:
        context: The error.
        value: The value.
        vary: The request headers that the choice of this answer may depend on.
        is_document: Whether it is the problem document, as the ``response=`` decorator made it.
    """
    incident, application = context.incident, context.application
    if isinstance(value, Reply):
        response = build_reply(incident, value, vary=vary)
        report(context, response.status, response.as_reply)
        return response
    body, status, headers, _ = split(value)
    is_response = isinstance(body, application.response_types)
    if status is None and not is_response:
        status = incident.problem.status
    number = incident.problem.status if status is None else parse_status(status)
    content_type, others = split_content_type(headers)
    has_defaults = is_document or not is_response
    if isinstance(body, (Iterator, AsyncIterator)):
        body = yield from _start(body) if has_body(incident.request.method, number) else _drop(body)
    defaults = default_headers(incident, number) if has_defaults else ()
    if is_document and incident.language.is_negotiated:
        defaults = (*defaults, ("Content-Language", incident.language.tag))
    draft = Draft(
        bytes(body) if isinstance(body, bytearray) else body,  # which not every framework takes
        status,
        headers=others if content_type is None else (("Content-Type", content_type), *others),
        defaults=defaults,
        content_type=context.error_map.settings.map_content_type if is_document else None,
        vary=vary if has_defaults else None,
    )
    response = yield Call(application.make_response, (draft, incident.request.method))
    return pass_on(context, response, application.read_status(response))


def _start(chunks: Iterator[Any] | AsyncIterator[Any]) -> Generator[Call, Any, Iterator[Any] | AsyncIterator[Any]]:
    """Take the first chunk of a stream: what fails by then can still be answered.

    Returns:
        A generator of all chunks, as not every framework takes other iterators. It has begun: to close a generator that
        has not would not close the stream.
    """
    if isinstance(chunks, AsyncIterator):
        later = _stream_async(chunks)
        yield Call(anext, (later,))
        return later
    stream = _stream(chunks)
    yield Call(next, (stream,), may_block=True)
    return stream


def _drop(chunks: Iterator[Any] | AsyncIterator[Any]) -> Generator[Call, Any, Iterator[Any]]:
    """Close a stream that is not sent.

    Returns:
        An empty one.
    """
    is_async = isinstance(chunks, AsyncIterator)
    if (close := getattr(chunks, "aclose" if is_async else "close", None)) is not None:
        yield Call(close, (), may_block=not is_async)
    return (chunk for chunk in b"")


def _stream(chunks: Iterator[Any]) -> Iterator[str | bytes]:
    """Yield once when the first chunk is there, then all chunks, and close the stream (PEP 3333)."""
    try:
        first = check_chunk(next(chunks, b""))
        yield b""
        yield first
        for chunk in chunks:
            yield check_chunk(chunk)
    finally:
        if (close := getattr(chunks, "close", None)) is not None:
            close()


async def _stream_async(chunks: AsyncIterator[Any]) -> AsyncIterator[str | bytes]:
    """Do as `_stream` does."""
    try:
        first = check_chunk(await anext(chunks, b""))
        yield b""
        yield first
        async for chunk in chunks:
            yield check_chunk(chunk)
    finally:
        if (aclose := getattr(chunks, "aclose", None)) is not None:
            await aclose()


def check_chunk(chunk: Any, kinds: tuple[type, ...] = (str, bytes)) -> Any:
    """Return a part of a stream if it is one that a server can send.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(chunk, kinds):
        raise TypeError(f"a stream yields text or bytes, not {type(chunk).__name__}")
    return chunk


def pass_on(context: ErrorContext, value: Any, status: int | None = None) -> Native:
    """Return the outcome that only the framework can send.

    Args:
        context: The error.
        value: A response of the framework, or what a native handler returned.
        status: The status that it will have; None if the framework finds out.
    """
    if status is None:
        try:
            status = _find_status(context.application, value)
        except (TypeError, ValueError):
            status = context.problem.status
    report(context, status, partial(_describe, context, value, status))
    return Native(value)


def _find_status(application: Application, value: Any) -> int:
    """Return the status of a response, or of a value that becomes one."""
    body, status, *_ = split(value)
    return application.read_status(body) if status is None else parse_status(status)


def _describe(context: ErrorContext, value: Any, status: int) -> Reply:
    body, _, headers, _ = split(value)
    reply = context.application.describe_response(body)
    return Reply(reply.body, status, (*list_headers(reply.headers), *list_headers(headers)))
