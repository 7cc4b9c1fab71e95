"""From what a handler returned to a response: errbridge finishes what it can, the framework converts the rest."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from functools import partial
from typing import Any

from errbridge.application.protocol import Application, Draft
from errbridge.handling.context import ErrorContext
from errbridge.handling.drivers import Call, Native, Plan
from errbridge.handling.reporting import report
from errbridge.handling.results import split
from errbridge.http.headers import list_headers
from errbridge.http.status import parse_status
from errbridge.incident import Reply
from errbridge.representations.response import build_reply, default_headers, describe, split_content_type

__all__ = ["convert", "pass_on"]


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
        report(context, response.status, partial(describe, response))
        return response
    body, status, headers, _ = split(value)
    is_response = isinstance(body, application.response_types)
    if status is None and not is_response:
        status = incident.problem.status
    number = incident.problem.status if status is None else parse_status(status)
    content_type, others = split_content_type(headers)
    has_defaults = is_document or not is_response
    if isinstance(body, (Iterator, AsyncIterator)):
        body = yield from _start(body)
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
        A generator of all chunks, as not every framework takes other iterators.
    """
    if isinstance(chunks, AsyncIterator):
        first = yield Call(anext, (chunks, b""))
        return _go_on_async(_check(first), chunks)
    first = yield Call(next, (chunks, b""), may_block=True)
    return _go_on(_check(first), chunks)


def _go_on(first: str | bytes, chunks: Iterator[Any]) -> Iterator[str | bytes]:
    try:
        yield first
        for chunk in chunks:
            yield _check(chunk)
    finally:
        if isinstance(chunks, Generator):
            chunks.close()


async def _go_on_async(first: str | bytes, chunks: AsyncIterator[Any]) -> AsyncIterator[str | bytes]:
    try:
        yield first
        async for chunk in chunks:
            yield _check(chunk)
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()


def _check(chunk: Any) -> str | bytes:
    if isinstance(chunk, (str, bytes)):
        return chunk
    raise TypeError(f"a stream yields text or bytes, not {type(chunk).__name__}")


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
