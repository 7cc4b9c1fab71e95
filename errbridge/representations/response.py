"""The finished response, and the rules that every finished response keeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from errbridge.http.accept import HTML, JSON, TEXT, XML
from errbridge.http.headers import Headers, clean_headers, leave_out, list_headers, merge_header, set_default_header
from errbridge.http.status import find_phrase, has_body, parse_status
from errbridge.incident import Incident, Reply
from errbridge.languages.language import ENGLISH, Language

__all__ = [
    "Response",
    "build_headers",
    "build_reply",
    "default_headers",
    "finish",
    "last_resort",
    "read_reply",
    "split_content_type",
]

_CONTENT_TYPES = {JSON: JSON, XML: XML, HTML: "text/html; charset=utf-8", TEXT: "text/plain; charset=utf-8"}

# The content type has a place of its own, and the server decides about the others: a length would be wrong as soon as a
# text is encoded.
_SET_APART = frozenset({"content-type", "content-length", "transfer-encoding", "connection"})
_NOT_FROM_EXCEPTIONS = _SET_APART | {"content-encoding"}  # as their values would contradict the body


_SAFE = (("X-Content-Type-Options", "nosniff"),)
_SAFE_FOR_SERVER_ERRORS = (*_SAFE, ("Cache-Control", "no-store"))


@dataclass(frozen=True, slots=True)
class Response:
    """A response that any server can send as it is."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes | None  # None where the method or the status forbids content

    @property
    def content_type(self) -> str | None:
        """The value of ``Content-Type``; None if the response has none."""
        return next((value for name, value in self.headers if name.lower() == "content-type"), None)

    def as_reply(self) -> Reply:
        """Describe the response for hooks."""
        return Reply(self.body or b"", self.status, self.headers)


def default_headers(incident: Incident, status: int) -> tuple[tuple[str, str], ...]:
    """List the headers that a response has unless it sets them itself: the exception's own, and the safe ones."""
    return tuple(_list_defaults(incident.problem.headers, status))


def _list_defaults(own: tuple[tuple[str, str], ...], status: int) -> list[tuple[str, str]]:
    found = [pair for pair in own if pair[0].lower() not in _NOT_FROM_EXCEPTIONS]
    for name, value in _SAFE if status < 500 else _SAFE_FOR_SERVER_ERRORS:
        set_default_header(found, name, value)
    return found


def build_headers(
    content_type: str,  # a media type of errbridge's own, or a complete value
    vary: str,  # the request headers that the choice depended on
    policy: str | None,  # the Content-Security-Policy under which the body works, if it needs one and `own` has none
    language: Language = ENGLISH,
    *,
    own: tuple[tuple[str, str], ...] = (),  # those that the error brings
    status: int = 200,
) -> tuple[tuple[str, str], ...]:
    """Build the headers of a page or document."""
    headers = _list_defaults(own, status)
    merge_header(headers, "Vary", vary)
    if language.is_negotiated:
        set_default_header(headers, "Content-Language", language.tag)
    if policy is not None:
        set_default_header(headers, "Content-Security-Policy", policy)
    return (("Content-Type", _CONTENT_TYPES.get(content_type, content_type)), *headers)


def split_content_type(headers: Headers | None) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    """Clean a handler's headers, leave out those that the server decides about, and split off the content type."""
    cleaned = clean_headers(list_headers(headers))  # in which the content type occurs once
    content_type = next((value for name, value in cleaned if name.lower() == "content-type"), None)
    others = (pair for pair in cleaned if pair[0].lower() not in _SET_APART)
    return content_type, tuple(others)


def read_reply(reply: Reply, text_type: str = TEXT) -> tuple[bytes, str, tuple[tuple[str, str], ...]]:
    """Read the body, the content type, for a text by default *text_type*, and the other headers of a reply."""
    content_type, others = split_content_type(reply.headers)
    if isinstance(reply.body, str):
        return reply.body.encode("utf-8", "replace"), content_type or _CONTENT_TYPES[text_type], others
    return bytes(reply.body), content_type or "application/octet-stream", others


def build_reply(incident: Incident, reply: Reply, text_type: str = TEXT, vary: str | None = None) -> Response:
    """Build the response that a handler described byte by byte; its own headers win. *vary* is what it depended on."""
    status = incident.problem.status if reply.status is None else parse_status(reply.status)
    body, content_type, own_headers = read_reply(reply, text_type)
    defaults = leave_out(default_headers(incident, status), own_headers)
    headers = [("Content-Type", content_type), *own_headers, *defaults]
    if vary is not None:
        merge_header(headers, "Vary", vary)
    return finish(incident.request.method, status, headers, body)


def last_resort(method: str, status: int) -> Response:
    """Build the response for when everything else has failed."""
    text = f"{status} {find_phrase(status)}\n".encode()
    headers = [("Content-Type", _CONTENT_TYPES[TEXT]), *_SAFE_FOR_SERVER_ERRORS]
    return finish(method, status, headers, text)


def finish(method: str, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Response:
    """Build a response to a request, without its body if the method or the status forbids content."""
    if has_body(method, status):
        return Response(status, tuple(headers), body)
    if method == "HEAD" and has_body("GET", status):  # RFC 9110 section 8.6: the length that GET would have had
        return Response(status, (*headers, ("Content-Length", str(len(body)))), None)
    return Response(status, tuple(pair for pair in headers if pair[0].lower() != "content-type"), None)
