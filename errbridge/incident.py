"""The values that an error becomes on its way: the incident, and what a handler may return."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from os import urandom
from time import time
from typing import Any

from errbridge.http.headers import Headers, leave_out
from errbridge.http.request import RequestFacts
from errbridge.http.status import parse_status
from errbridge.introspection import describe_class, locate
from errbridge.languages.language import ENGLISH, Language
from errbridge.problem.problem import Problem
from errbridge.scopes.scope import ROOT, Scope

__all__ = [
    "CloseFrame",
    "Incident",
    "Occurrence",
    "Page",
    "Reply",
    "current_incident_id",
    "get_current",
    "new_id",
    "set_current",
]


def new_id() -> str:
    """Return the id of a new incident: a random UUID (RFC 9562 section 5.4)."""
    digits = urandom(16).hex()
    variant = _VARIANT[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))  # RFC 9562 section 4.1: its first two bits are 1 0


@dataclass(slots=True)
class Occurrence:
    """That an error occurred. It exists before anything is known about the error.

    The id gets into the document (`mapping.problems.complete`), the page (`representations.html`), the log
    (`telemetry.record`), a header (`add_id`), the close frame of a WebSocket (`handling.closing`), and to whatever asks
    `current_incident_id`, from `handling.context.Run.open` on.

    Attributes:
        id: The id of the incident.
        seconds: When the exception arrived, in seconds since 1970.
        is_recorded: Whether a log record with the id was written.
        header: The name of the response header with the id (``ERROR_INCIDENT_HEADER``); None for none.
        failure: What failed in a response that a handler made of the error; it gets into the record.
        is_seen: Whether a handler was asked that takes the incident. It may have chosen by what the client wants, also
            to pass, so every response after it may depend on that.
    """

    id: str = field(default_factory=new_id)
    seconds: float = field(default_factory=time)
    is_recorded: bool = False
    header: str | None = None
    failure: Any = None
    is_seen: bool = False

    def add_id(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Set the header with the id, if there is to be one."""
        own = () if self.header is None else ((self.header, self.id),)
        return (*leave_out(headers, own), *own)

    @property
    def time(self) -> datetime:
        """When the exception arrived, in UTC."""
        return datetime.fromtimestamp(self.seconds, UTC)


_current: ContextVar[Occurrence | None] = ContextVar("errbridge.current", default=None)


def current_incident_id() -> str | None:
    """Return the id of the error that is being handled in this thread or task.

    The id exists before the framework sends its signal and writes its record, so a log filter, a signal receiver or an
    error tracker can have it.

    Example:
        >>> from errbridge import current_incident_id
        >>> current_incident_id() is None  # there is no error here
        True

    Returns:
        A UUID; None where no error is being handled.
    """
    occurrence = _current.get()
    return None if occurrence is None else occurrence.id


get_current: Callable[[], Occurrence | None] = _current.get
"""Return the incident of the request that this thread or task handles; None as long as there is no error."""

set_current: Callable[[Occurrence | None], object] = _current.set
"""Make an incident the current one. Around a request, None takes away that of a request that it may be inside."""


@dataclass(frozen=True, slots=True, eq=False)
class Incident:
    """One error, as handlers, templates and hooks see it.

    Attributes:
        exception: The exception that is being handled.
        problem: Its meaning, complete with ``type`` and ``instance``.
        request: The facts of the request.
        id: A UUID, also in the log record and on the page.
        scope: The scope that owns the error: the nearest of the chain.
        media_type: The media type of the response unless a handler decides otherwise.
        client_gone: Whether the exception says that the client has left.
        original: The exception that no part of the application caught; None for an HTTP error.
        app: The name of the application.
        time: When the exception reached errbridge, in UTC.
        reference: The first 8 characters of *id*, for people to quote; "" if no log record has the id.
        language: The language of the response; as text, its tag.
    """

    exception: BaseException
    problem: Problem
    request: RequestFacts
    id: str
    scope: Scope = ROOT
    media_type: str = ""
    client_gone: bool = False
    original: BaseException | None = None
    app: str = ""
    time: datetime = field(default_factory=partial(datetime.now, UTC))
    reference: str = ""
    language: Language = ENGLISH

    @property
    def cause(self) -> BaseException | None:
        """The exception that led to the error. It is *original*, or the one that the HTTP error was raised from."""
        if self.original is not None:
            return self.original
        if isinstance(self.exception, Problem) or self.problem.status >= 500:
            # By the descriptor: an exception's class may define __getattribute__.
            cause: BaseException | None = vars(BaseException)["__cause__"].__get__(self.exception)
            return cause
        return None

    @property
    def is_deliberate(self) -> bool:
        """Whether this is an HTTP error, or an exception with a handler for its class; both are raised on purpose."""
        return self.original is None or self.exception is self.original

    def describe(self, status: int | None = None) -> dict[str, Any]:
        """List the fields of the error's log record, for a record or an event of your own.

        Nothing else of the request is among them: no header, no body, no query.

        Example:
            >>> incident = Incident(LookupError(), Problem(404), RequestFacts(path="/x", root_path="/shop"), "1b4e28ba")
            >>> incident.describe()["path"], incident.describe()["exception"]
            ('/shop/x', 'LookupError')

        Args:
            status: The status of the response; None for the status of the problem.

        Returns:
            ``incident_id``, ``method``, ``path`` (with the mount), ``status``, ``scope``, ``app``, ``problem_type``,
            ``exception`` (the class), ``location`` (file and line of the application's own code), ``trace_id`` and
            ``request_id``. Text without a value is "".
        """
        request, cause = self.request, self.cause
        culprit = self.exception if cause is None else cause
        return {
            "incident_id": self.id,
            "method": "WEBSOCKET" if request.websocket else _make_line(request.method[:32]),
            "path": _make_line((request.root_path + request.path)[:_LONGEST]),
            "status": self.problem.status if status is None else status,
            "scope": str(self.scope),
            "app": self.app,
            "problem_type": self.problem.type,
            "exception": describe_class(type(culprit)),
            "location": locate(culprit, in_libraries=cause is not None),
            "trace_id": request.trace_id,
            "request_id": request.request_id,
        }


_CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
_LONGEST = 2048


def _make_line(text: str) -> str:
    """Take out what would make several lines of one, or is no text."""
    return text if text.isprintable() else re.sub(_CONTROL, "\ufffd", text)


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished response. Return one from a handler to control every byte.

    Example:
        >>> Reply("gone", 410, {"X-Since": "2020"})
        Reply(body='gone', status=410, headers={'X-Since': '2020'})

    Args:
        body: Text is encoded as UTF-8.
        status: None keeps the error's status.
        headers: Response headers. Without a ``Content-Type``, text is ``text/plain`` and bytes are
            ``application/octet-stream``.

    Raises:
        TypeError: The body is neither text nor bytes, or the status is no number.
        ValueError: HTTP has no such status.
    """

    body: str | bytes = b""
    status: int | None = None
    headers: Headers = ()

    def __post_init__(self) -> None:
        body: object = self.body
        if not isinstance(body, (str, bytes, bytearray, memoryview)):
            raise TypeError(f"the body of a Reply is text or bytes, not {type(body).__name__}")
        status: object = self.status
        if isinstance(status, str):
            raise TypeError("the status of a Reply is a number, not text")
        if status is not None:
            parse_status(status)


@dataclass(frozen=True, slots=True, init=False)
class Page:
    """One of the application's own templates, rendered as the application renders it.

    Example:
        >>> Page("gone.html", since=2020)
        Page(template='gone.html', context={'since': 2020})

    Args:
        template: The template's name, or several names, from which the first that exists is rendered.
        **context: Variables for the template, besides ``error`` and ``incident``.

    Raises:
        TypeError: The template is no name.
    """

    template: str | tuple[str, ...]
    context: Mapping[str, Any]

    def __init__(self, template: str | Iterable[str], /, **context: Any) -> None:
        names: tuple[object, ...] = (template,) if isinstance(template, str) else tuple(template)
        if not names or not all(isinstance(name, str) and name for name in names):
            raise TypeError(f"a Page takes the name of a template, or several, not {template!r}")
        object.__setattr__(self, "template", template if isinstance(template, str) else names)
        object.__setattr__(self, "context", context)


@dataclass(frozen=True, slots=True)
class CloseFrame:
    """The code and the reason of a WebSocket's close frame (RFC 6455 section 5.5.1)."""

    code: int
    reason: str
