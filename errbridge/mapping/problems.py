"""From an exception to the problem that it means. Nothing of an uncaught exception gets through here."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from errbridge.application.settings import Settings
from errbridge.handlers.handlers import NO_CLASSES, HttpClasses
from errbridge.http.headers import allowing, clean_headers, listed
from errbridge.http.request import RequestFacts
from errbridge.http.status import checked_status
from errbridge.problem.problem import Problem, plain_text

__all__ = [
    "complete",
    "is_http_error",
    "is_uncaught",
    "known",
    "normalize",
    "original_of",
    "representative",
    "status_of",
]

log = logging.getLogger("errbridge")

# Version 00 ends here; a later one may go on after another dash.
_TRACEPARENT = (
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?P<more>-.*)?"
)


def is_http_error(exc: BaseException) -> bool:
    """Tell whether an exception has a status of its own: a `Problem`, or a framework's HTTP exception."""
    return isinstance(exc, Problem) or (hasattr(exc, "get_headers") and hasattr(exc, "code"))


def status_of(exc: BaseException, otherwise: int) -> int:
    """Read the status that an HTTP error brings, whether it is one of an error or not.

    Args:
        exc: The HTTP error.
        otherwise: Given where it brings none.
    """
    status: object = exc.status if isinstance(exc, Problem) else getattr(exc, "code", None)
    return status if isinstance(status, int) else otherwise


def is_uncaught(exc: BaseException) -> bool:
    """Tell whether an exception is a bug: no HTTP error, or the 500 that a framework makes of one."""
    if isinstance(exc, Problem):  # which may have an extension member of any name
        return False
    return not is_http_error(exc) or (_is_500(exc) and getattr(exc, "original_exception", None) is not None)


def original_of(exc: BaseException) -> BaseException:
    """Give the exception of which a framework made its 500; any other exception as it is."""
    original = getattr(exc, "original_exception", None) if _is_500(exc) else None
    return original if isinstance(original, BaseException) else exc


def _is_500(exc: BaseException) -> bool:
    """Tell whether an exception may bring along another; others may have an attribute of that name."""
    return not isinstance(exc, Problem) and getattr(exc, "code", None) == 500


def representative(exc: BaseException, settings: Settings) -> BaseException | None:
    """Find the HTTP error that another exception stands for.

    Args:
        exc: Anything that was raised and is no HTTP error: what a library makes of data that is not valid, or the group
            of a task group in which a view called ``abort()``.
        settings: Whether validation errors stand for a problem.

    Returns:
        A 422 for a validation error. Of a group the member with the highest status, the first of equals. None for a
        bug, and for a group that holds one, which is more severe than any status.
    """
    members: list[BaseException] = []
    for member in _members(exc, settings):
        if is_uncaught(member):
            return None
        members.append(member)
    return max(members, key=lambda member: status_of(member, 500))


def _members(exc: BaseException, settings: Settings) -> Iterator[BaseException]:
    waiting = [exc]
    while waiting:
        exc = waiting.pop()
        if (meant := _validation_problem(exc, settings)) is not None:  # which may be a group, too
            yield meant
        elif isinstance(exc, BaseExceptionGroup):
            waiting.extend(reversed(exc.exceptions))
        else:
            yield exc


def _validation_problem(exc: BaseException, settings: Settings) -> Problem | None:
    if not settings.validation or is_http_error(exc):
        return None
    from errbridge import validation  # not before there is an exception that may need it

    return validation.problem_of(exc, everywhere=True, messages=settings.validation == "messages")


def normalize(
    exc: BaseException,
    request: RequestFacts,
    incident_id: str,
    settings: Settings,
    http: HttpClasses = NO_CLASSES,
) -> Problem:
    """Make the problem that an exception means.

    Args:
        exc: Anything that was raised. It is not changed.
        request: The request that it was raised in.
        incident_id: Becomes ``instance``, unless the problem brings its own.
        settings: For ``type`` and the words for an uncaught exception.
        http: The framework's own exceptions. What those say that bring nothing of their own is known already.

    Returns:
        A complete problem: ``type`` and ``instance`` are set, headers are safe to send, and what they say stands in
        members too.
    """
    if isinstance(exc, Problem):
        problem = exc
    elif (found := known(exc, settings, http)) is not None:
        problem = found
    elif is_uncaught(exc):
        problem = _unhandled(settings.default_msg)
    else:
        problem = _from_http_exception(exc, messages=settings.validation == "messages")
    return complete(problem, request, incident_id, settings)


def complete(problem: Problem, request: RequestFacts, incident_id: str, settings: Settings) -> Problem:
    """Fill in what the author of a problem left open."""
    headers = clean_headers(problem.headers) if problem.headers else ()
    if request.allow and problem.status == 405:
        headers = allowing(headers, request.allow)
    said = _facts(headers) if headers else {}
    if request.trace_id or request.traceparent:
        said = _trace(request) | said
    return problem.completed(
        type=settings.type_of(problem), instance=f"urn:uuid:{incident_id}", headers=headers, extensions=said
    )


_ONLY_TEXT = frozenset({str})
_NOTHING = {"response": None}  # all that an exception has that was made without arguments


def known(exc: BaseException, settings: Settings, http: HttpClasses) -> Problem | None:
    """Give what an exception means of which all that may be told is known by its class.

    Args:
        exc: Anything that was raised.
        settings: For the words for an uncaught exception.
        http: The framework's own exceptions. Their subclasses may compute what they say.

    Returns:
        A problem that is not complete. None for an exception that brings something of its own.
    """
    cls: Any = type(exc)
    if cls not in http.plain:
        return None
    given, description = vars(exc), getattr(exc, "description", None)
    if type(description) is str:  # else it may be a translation, another one for each request
        if given == _NOTHING:
            return _known(cls, description, None)
        methods: Any = given.get("valid_methods")
        if given == {**_NOTHING, "valid_methods": methods} and isinstance(methods, (list, tuple, set, frozenset)):
            named = _ONLY_TEXT.issuperset(map(type, methods))
            return _known(cls, description, tuple(sorted(methods))) if named else None
    return _unhandled(settings.default_msg) if is_uncaught(exc) else None


@lru_cache(maxsize=256)
def _unhandled(detail: str) -> Problem:
    return Problem(500, detail=detail)


@lru_cache(maxsize=256)
def _known(cls: Any, description: str, methods: tuple[str, ...] | None) -> Problem:
    exc = cls(description) if methods is None else cls(methods, description)
    return _from_http_exception(exc)


def _from_http_exception(exc: Any, *, messages: bool = False) -> Problem:
    try:
        status = checked_status(exc.code)
    except ValueError:
        status = 500
    try:
        return _described(exc, status, messages)
    except Exception:
        # Somebody's subclass of an HTTP exception may compute its description or headers, and fail at it.
        log.exception("%s could not be read; only its status is answered", type(exc).__qualname__)
        return Problem(status)


def _described(exc: Any, status: int, messages: bool) -> Problem:
    extensions: dict[str, Any] = {}
    description = exc.description
    detail = None
    if isinstance(description, (dict, list)):
        extensions["description"] = description
    elif description is not None:
        detail = plain_text(description)
    if status < 500 and _may_carry_validation_error(exc):
        from errbridge import validation

        extensions |= validation.read_http_error(exc, status=status, messages=messages).extensions
    return Problem(status, detail=detail, headers=_headers_of(exc), **extensions)


def _may_carry_validation_error(exc: Any) -> bool:
    """Tell whether it is worth a closer look: Werkzeug's missing key, or what webargs and quart-schema add."""
    return isinstance(exc, KeyError) or hasattr(exc, "exc") or hasattr(exc, "validation_error")


def _headers_of(exc: Any) -> list[tuple[str, str]]:
    headers = [(name, value) for name, value in exc.get_headers() if name.lower() != "content-type"]
    # Werkzeug's exceptions leave the header out when they should say "at once".
    if getattr(exc, "retry_after", None) == 0 and not any(name.lower() == "retry-after" for name, _ in headers):
        headers.append(("Retry-After", "0"))
    return headers


def _facts(headers: Iterable[tuple[str, str]]) -> dict[str, object]:
    """Say in members what the headers say, for clients that only see the document."""
    facts: dict[str, object] = {}
    challenges: list[str] = []
    for name, value in headers:
        match name.lower():
            case "allow":
                facts["allowed"] = listed(value)
            case "www-authenticate":
                challenges.append(value)
                facts["authenticate"] = challenges
            case "retry-after":
                facts["retry_after"] = int(value) if value.isdigit() and len(value) < 10 else value
            case "content-range":
                units, _, rest = value.partition(" ")
                length = rest.rpartition("/")[2]
                facts["units"] = units
                if length.isdigit() and len(length) < 20:
                    facts["length"] = int(length)
            case _:
                pass
    return facts


def _trace(request: RequestFacts) -> dict[str, object]:
    """Name the trace: the one that is recorded here, or that of W3C Trace Context, level 1, section 3.2."""
    if request.trace_id:
        return {"trace_id": request.trace_id}
    found = re.fullmatch(_TRACEPARENT, request.traceparent.strip())
    if found is None or (found["version"] == "00" and found["more"]):
        return {}
    return {"trace_id": found["trace"]}
