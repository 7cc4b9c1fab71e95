"""The values that flow on the way of an error. None of them changes once it is made.

What is made at each error is a named tuple, which costs a quarter of what a frozen dataclass costs; what a user makes,
and what is checked when it is made, is `Frozen`, like a dataclass.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from errbridge.frozen import Frozen
from errbridge.http.headers import Headers
from errbridge.http.request import RequestFacts
from errbridge.http.status import parse_status
from errbridge.problem.problem import Problem
from errbridge.scopes.scope import ROOT, Scope

__all__ = ["Incident", "Page", "Reply", "new_id"]


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
            parse_status(status)
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
