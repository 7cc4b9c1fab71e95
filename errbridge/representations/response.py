"""The end of the way: finished bytes, and the rules that every finished answer keeps."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from errbridge.http.accept import HTML, JSON, TEXT, XML
from errbridge.http.headers import Headers, clean_headers, list_headers, merge_header, set_default_header
from errbridge.http.status import find_phrase, has_body, parse_status
from errbridge.incident import Incident, Reply

__all__ = ["Answer", "defaults", "finish", "finished_reply", "last_resort", "sorted_out", "usual_headers"]

_CONTENT_TYPES = {JSON: JSON, XML: XML, HTML: "text/html; charset=utf-8", TEXT: "text/plain; charset=utf-8"}

# What the server or the representation decides about; an exception's own values would contradict the body.
_NOT_FROM_EXCEPTIONS = frozenset(
    {"content-type", "content-length", "content-encoding", "transfer-encoding", "connection"}
)


class Answer(NamedTuple):
    """An answer that any server can send as it is.

    Attributes:
        status: The status code.
        headers: All of them, ``Content-Type`` first.
        body: None where the method or the status forbids content.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes | None

    @property
    def content_type(self) -> str | None:
        """The value of ``Content-Type``; None where there is no content to speak of."""
        name, value = self.headers[0] if self.headers else ("", "")
        return value if name == "Content-Type" else None


def defaults(incident: Incident, status: int) -> tuple[tuple[str, str], ...]:
    """List the headers that an answer has unless it sets them itself: the exception's own, and the safe ones."""
    found = [pair for pair in incident.problem.headers if pair[0].lower() not in _NOT_FROM_EXCEPTIONS]
    for name, value in _safe_headers(server_error=status >= 500):
        set_default_header(found, name, value)
    return tuple(found)


def _safe_headers(*, server_error: bool) -> tuple[tuple[str, str], ...]:
    nosniff = ("X-Content-Type-Options", "nosniff")
    return (nosniff, ("Cache-Control", "no-store")) if server_error else (nosniff,)


def finish(incident: Incident, body: bytes, content_type: str, vary: str, policy: str | None = None) -> Answer:
    """Make the answer of a representation.

    Args:
        incident: The error.
        body: What the representation made.
        content_type: A media type of ours, or a complete value.
        vary: The request headers that the choice depended on.
        policy: The Content-Security-Policy under which the body works, unless the problem brings one.
    """
    problem = incident.problem
    if not problem.headers and has_body(incident.request.method, problem.status):
        return Answer(problem.status, usual_headers(content_type, vary, policy, problem.status >= 500), body)
    headers = list(defaults(incident, problem.status))
    merge_header(headers, "Vary", vary)
    if policy is not None:
        set_default_header(headers, "Content-Security-Policy", policy)
    content = ("Content-Type", _CONTENT_TYPES.get(content_type, content_type))
    return _sendable(incident.request.method, problem.status, [content, *headers], body)


@lru_cache(maxsize=64)
def usual_headers(content_type: str, vary: str, policy: str | None, server_error: bool) -> tuple[tuple[str, str], ...]:
    """Make the headers of an answer that brings none of its own, as most errors do.

    Args:
        content_type: A media type of ours, or a complete value.
        vary: The request headers that the choice depended on.
        policy: The Content-Security-Policy under which the body works, if it needs one.
        server_error: Whether it must not be kept.
    """
    headers = [("Content-Type", _CONTENT_TYPES.get(content_type, content_type))]
    headers += _safe_headers(server_error=server_error)
    headers.append(("Vary", vary))
    if policy is not None:
        headers.append(("Content-Security-Policy", policy))
    return tuple(headers)


def sorted_out(headers: Headers | None) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    """Clean a handler's headers and take the content type out, of which there can be only one: the last.

    What the server decides about is left out; a length would be wrong as soon as a text is encoded.
    """
    content_type: str | None = None
    others: list[tuple[str, str]] = []
    for name, value in clean_headers(list_headers(headers)):
        match name.lower():
            case "content-type":
                content_type = value
            case "content-length" | "transfer-encoding" | "connection":
                pass
            case _:
                others.append((name, value))
    return content_type, tuple(others)


def finished_reply(incident: Incident, reply: Reply, text_type: str = TEXT, vary: str | None = None) -> Answer:
    """Make the answer that a handler described byte by byte; what it says itself wins.

    Args:
        incident: The error.
        reply: The description.
        text_type: The media type of a text for which it gives none.
        vary: The request headers that the choice may have depended on; None if it did not.
    """
    status = incident.problem.status if reply.status is None else parse_status(reply.status)
    if isinstance(reply.body, str):
        body, content_type = reply.body.encode("utf-8", "replace"), _CONTENT_TYPES[text_type]
    else:
        body, content_type = bytes(reply.body), "application/octet-stream"
    own_type, given = sorted_out(reply.headers)
    content_type = own_type or content_type
    own = {name.lower() for name, _ in given}
    added = [pair for pair in defaults(incident, status) if pair[0].lower() not in own]
    headers = [("Content-Type", content_type), *given, *added]
    if vary is not None:
        merge_header(headers, "Vary", vary)
    return _sendable(incident.request.method, status, headers, body)


def last_resort(method: str, status: int) -> Answer:
    """Make the answer for when everything else has failed."""
    text = f"{status} {find_phrase(status)}\n".encode()
    headers = [("Content-Type", _CONTENT_TYPES[TEXT]), *_safe_headers(server_error=True)]
    return _sendable(method, status, headers, text)


def _sendable(method: str, status: int, headers: list[tuple[str, str]], body: bytes) -> Answer:
    if has_body(method, status):
        return Answer(status, tuple(headers), body)
    if method == "HEAD" and has_body("GET", status):  # RFC 9110 section 8.6: what GET would have said
        headers.append(("Content-Length", str(len(body))))
        return Answer(status, tuple(headers), None)
    return Answer(status, tuple(pair for pair in headers if pair[0].lower() != "content-type"), None)
