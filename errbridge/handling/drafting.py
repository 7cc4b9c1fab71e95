"""From what a handler returned to a response: errbridge finishes what it can, the framework converts the rest."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import GeneratorType
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
    draft = Draft(
        _plain_body(body),
        status,
        headers=others if content_type is None else (("Content-Type", content_type), *others),
        defaults=default_headers(incident, number) if has_defaults else (),
        content_type=context.error_map.settings.map_content_type if is_document else None,
        vary=vary if has_defaults else None,
    )
    response = yield Call(application.make_response, (draft, incident.request.method))
    return pass_on(context, response, application.read_status(response))


def _plain_body(body: Any) -> Any:
    """Replace a body that not every framework takes by an equal one that both do."""
    if isinstance(body, bytearray):
        return bytes(body)
    if isinstance(body, Iterator) and not isinstance(body, GeneratorType):
        return (chunk for chunk in body)
    return body


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
