"""The values that flow on the way of an error. None of them changes once it is made.

What is made at each error is a named tuple, which costs a quarter of what a frozen dataclass costs; what a user makes,
and what is checked when it is made, is `Frozen`, like a dataclass.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from errbridge.frozen import Frozen
from errbridge.headers import Headers, joined
from errbridge.problem import Problem
from errbridge.scopes import ROOT, Scope
from errbridge.status import response_status

__all__ = ["ALLOW", "Incident", "Page", "Reply", "RequestFacts", "RequestHeaders", "is_xhr", "new_id"]


def new_id() -> str:
    """Make the id of an incident: a random UUID (RFC 9562 section 5.4)."""
    while True:
        try:
            return _ids.pop()
        except IndexError:  # another thread may take them all at once
            _ids.extend(_some_ids())


def _some_ids() -> Iterator[str]:
    """Make several ids of one call of the operating system, which costs more than all the rest of an id."""
    digits = (int.from_bytes(os.urandom(_BYTES)) & _RANDOM | _FIXED).to_bytes(_BYTES).hex()
    return map("-".join, re.findall("(.{8})(.{4})(.{4})(.{4})(.{12})", digits))


_IDS_AT_ONCE = 32
_BYTES = 16 * _IDS_AT_ONCE
_RANDOM = int("ffffffffffff0fff3fffffffffffffff" * _IDS_AT_ONCE, 16)
_FIXED = int("00000000000040008000000000000000" * _IDS_AT_ONCE, 16)  # the version and the variant
_ids: list[str] = []  # not given to anybody yet

# Two processes would give the same ones. A server that forks behind Python's back does so before the first error, when
# there are none yet.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ids.clear)


ALLOW = "errbridge.allow"
"""The key in the scope of an ASGI request under which the bridge says what `RequestFacts.allow` says."""


def is_xhr(requested_with: str) -> bool:
    """Tell by ``X-Requested-With`` whether a request is an XMLHttpRequest."""
    return requested_with.lower() == "xmlhttprequest"


class RequestHeaders(Mapping[str, str]):
    """The request's headers, by name in any case; several lines of one name are joined by commas.

    Args:
        read: Gives the pairs. It is not called before the first look.
        *given: What it is called with.
    """

    __slots__ = ("_given", "_read", "_values")

    def __init__(self, read: Callable[..., Iterable[tuple[str, str]]] = tuple, *given: Any) -> None:
        self._read = read
        self._given = given
        self._values: dict[str, str] | None = None

    def _folded(self) -> dict[str, str]:
        if self._values is None:
            self._values = joined((name.lower(), value) for name, value in self._read(*self._given))
        return self._values

    def __getitem__(self, name: str) -> str:
        return self._folded()[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._folded())

    def __len__(self) -> int:
        return len(self._folded())


_NO_HEADERS = RequestHeaders()


class RequestFacts(NamedTuple):
    """What the core knows of a request, the same from every framework.

    Attributes:
        method: ``GET``; of a WebSocket handshake ``GET`` as well.
        path: As the framework decoded it, below ``root_path``.
        host: The Host header as it came.
        root_path: Where the application is mounted (``SCRIPT_NAME``), without a trailing slash.
        accept: The Accept header, several lines joined.
        xhr: Whether ``X-Requested-With`` is ``XMLHttpRequest``.
        traceparent: The header of W3C Trace Context.
        endpoint: Of the matched route, in the framework's notation; None on a routing error.
        blueprints: The blueprints of the matched view, innermost first.
        rule_blueprints: On a routing 405, the blueprints of the rules that match with another method.
        allow: On a 405, methods that other applications of the process have for the URL.
        routing: Whether the error is that of routing itself (404 or 405).
        websocket: Whether the request opens a WebSocket.
        headers: All of them.
        trace_id: Of the trace that is being recorded here, where one is; it wins over *traceparent*.
    """

    method: str = "GET"
    path: str = "/"
    host: str = ""
    root_path: str = ""
    accept: str = ""
    xhr: bool = False
    traceparent: str = ""
    endpoint: str | None = None
    blueprints: tuple[str, ...] = ()
    rule_blueprints: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    routing: bool = False
    websocket: bool = False
    headers: RequestHeaders = _NO_HEADERS
    trace_id: str = ""


class Incident(NamedTuple):
    """One error on its way to an answer, as handlers, dispatchers and templates see it.

    Attributes:
        exception: What was raised.
        problem: What it means, complete with ``type`` and ``instance``.
        request: The request's facts.
        id: A UUID, also logged and shown on the page.
        scope: The scope that owns the error, the nearest of the chain. A dispatcher still sees the application here.
        media_type: What will be answered unless a handler decides otherwise. Empty for a dispatcher.
        client_gone: Whether the exception says that the client has left.
    """

    exception: BaseException
    problem: Problem
    request: RequestFacts
    id: str
    scope: Scope = ROOT
    media_type: str = ""
    client_gone: bool = False


class Reply(Frozen):
    """A finished answer. A handler may return one to decide about every byte.

    Example:
        >>> Reply("gone", 410, {"X-Since": "2020"})
        Reply(body='gone', status=410, headers={'X-Since': '2020'})

    Args:
        body: Text is encoded as UTF-8.
        status: None keeps the error's status.
        headers: ``{"Content-Type": ...}`` among them; without one, text is ``text/plain`` and bytes are
            ``application/octet-stream``.

    Raises:
        TypeError: The body is neither text nor bytes.
        ValueError: The status is none of HTTP.
    """

    __slots__ = __match_args__ = ("body", "status", "headers")

    body: str | bytes
    status: int | None
    headers: Headers

    def __init__(self, body: str | bytes = b"", status: int | None = None, headers: Headers = ()) -> None:
        content: object = body
        if not isinstance(content, (str, bytes, bytearray, memoryview)):
            raise TypeError(f"the body of a Reply is text or bytes, not {type(content).__name__}")
        number: object = status
        if isinstance(number, str):
            raise TypeError(f"the status of a Reply is a number, not {number!r}")
        if status is not None:
            response_status(status)
        put = object.__setattr__
        put(self, "body", body)
        put(self, "status", status)
        put(self, "headers", headers)


class Page(Frozen):
    """One of the application's own templates, rendered as the application renders it.

    Example:
        >>> Page("gone.html", since=2020)
        Page(template='gone.html', context={'since': 2020})

    Args:
        template: Its name, or several of which the first that exists is taken.
        **context: What the template is given besides ``error`` and ``incident``.

    Raises:
        TypeError: The template is no name.
    """

    __slots__ = __match_args__ = ("template", "context")

    template: str | tuple[str, ...]
    context: Mapping[str, Any]

    def __init__(self, template: str | Iterable[str], /, **context: Any) -> None:
        names: tuple[object, ...] = (template,) if isinstance(template, str) else tuple(template)
        if not names or not all(isinstance(name, str) and name for name in names):
            raise TypeError(f"a Page takes the name of a template, or several, not {template!r}")
        object.__setattr__(self, "template", template if isinstance(template, str) else names)
        object.__setattr__(self, "context", context)
