"""What Werkzeug's HTTP exceptions say: the one module that knows their attributes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from io import UnsupportedOperation
from typing import TYPE_CHECKING, Any, Self, TypeVar

from markupsafe import Markup
from werkzeug.datastructures import Headers, iter_multi_items
from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    HTTPException,
    InternalServerError,
    SecurityError,
    default_exceptions,
)

from errbridge import Problem
from errbridge.adapter import Application, HTTPErrorClasses, HTTPErrorFacts, log

if TYPE_CHECKING:
    from errbridge.validation import Additions

__all__ = ["HTTPErrorReader", "Upload", "build_exception"]

_T = TypeVar("_T")

Environ = dict[str, Any] | None

# Werkzeug's own classes, whose objects say nothing but what they were made with.
_PLAIN = frozenset(cls for cls in default_exceptions.values() if cls.__module__ == HTTPException.__module__)
_STOCK_DESCRIPTIONS = frozenset(cls.description for cls in _PLAIN)
_NO_ARGUMENTS = {"response": None}  # everything that an exception has that was made without arguments


def _is_response(exc: HTTPException, code: int | None) -> bool:
    """Return whether an exception is an answer already: it carries a response, or is no error, like a redirect."""
    # A subclass may not have called the constructor.
    return getattr(exc, "response", None) is not None or (code is not None and 100 <= code < 400)


def _read_code(exc: HTTPException) -> int | None:
    """Return the status code; Werkzeug sends one that is text as well, with a phrase or without."""
    code: object = exc.code
    if isinstance(code, str):
        digits = code.partition(" ")[0]
        return int(digits) if digits.isdecimal() else None
    return exc.code


class HTTPErrorReader(Application):
    """What an application answers about HTTP exceptions.

    Attributes:
        app: The application of the framework.
        http_classes: Werkzeug's classes of HTTP errors.
    """

    app: Any
    http_classes = HTTPErrorClasses(HTTPException, default_exceptions)

    def http_error(self, exc: BaseException) -> HTTPErrorFacts | None:
        """Read an HTTP exception. Equal exceptions of Werkzeug's own classes share one object."""
        if not isinstance(exc, HTTPException):
            return None
        cls: Any = type(exc)
        if cls in _PLAIN and type(exc.description) is str and not (exc.code == 400 and _is_parse_error(exc)):
            attributes = vars(exc)
            if attributes == _NO_ARGUMENTS:
                return _read_plain(cls, exc.description, None)
            methods: Any = attributes.get("valid_methods")
            if attributes == {**_NO_ARGUMENTS, "valid_methods": methods} and _are_names(methods):
                return _read_plain(cls, exc.description, tuple(sorted(methods)))
        original = getattr(exc, "original_exception", None) if isinstance(exc, InternalServerError) else None
        if isinstance(original, BaseException):
            return HTTPErrorFacts.of_crash(original)
        added = _try(lambda: self.read_additions(exc)) if _may_have_additions(exc) else None
        return _read(exc, added, self.find_environ())

    @abstractmethod
    def read_additions(self, exc: HTTPException) -> Additions | None:
        """Read what a library added to an exception; called only if there may be something."""

    def find_environ(self) -> Environ:
        """Return the WSGI environ of the current request, for the application's own classes; None if there is none."""
        return None

    def traps(self, exc: BaseException) -> bool:
        """Return whether ``TRAP_HTTP_EXCEPTIONS`` or ``TRAP_BAD_REQUEST_ERRORS`` make a crash of an HTTP error."""
        if isinstance(exc, HTTPException):
            return bool(self.app.trap_http_exception(exc)) and getattr(exc, "original_exception", None) is None
        return isinstance(exc, Problem) and bool(self.app.trap_http_exception(exc))

    def override(self, exc: BaseException, status: int | None, headers: Sequence[tuple[str, str]]) -> BaseException:
        """Return an HTTP exception with the status and the headers of the tuple in which a view returned it.

        It is a copy, for the same object may be returned for every request.
        """
        if not isinstance(exc, HTTPException) or (status in (None, exc.code) and not headers):
            return exc
        return _override(exc, status, headers)


def _is_parse_error(exc: HTTPException) -> bool:
    """Return whether a 400 may come of a body that could not be parsed. Flask raises it from the parser's, or twice."""
    return isinstance(exc.__context__ if exc.__cause__ is None else exc.__cause__, (ValueError, BadRequest))


def _may_have_additions(exc: HTTPException) -> bool:
    """Return whether to look for the additions of a library: its modules need not be imported for every error."""
    attributes = vars(exc)
    return isinstance(exc, KeyError) or (exc.code == 400 and _is_parse_error(exc)) or not _ADDED.isdisjoint(attributes)


_ADDED = frozenset({"data", "exc", "validation_error"})  # by webargs and Flask-RESTful, by webargs, by quart-schema


def _are_names(methods: Any) -> bool:
    return isinstance(methods, (list, tuple, set, frozenset)) and all(type(method) is str for method in methods)


@lru_cache(maxsize=256)
def _read_plain(cls: Any, description: str, methods: tuple[str, ...] | None) -> HTTPErrorFacts:
    exc: HTTPException = cls(description) if methods is None else cls(methods, description)
    return HTTPErrorFacts(
        exc.code,
        detail=description,
        is_stock=description in _STOCK_DESCRIPTIONS,
        headers=tuple(_read_headers(exc, None)),
        client_gone=issubclass(cls, ClientDisconnected),
        is_shared=True,
    )


def _read(exc: HTTPException, added: Additions | None, environ: Environ) -> HTTPErrorFacts:
    cls: Any = type(exc)
    code = _read_code(exc)
    headers = tuple(_try(lambda: _read_headers(exc, environ)) or ())
    words = None if added is None else added.detail
    if words is None and cls.get_description is not HTTPException.get_description:
        words = _try(lambda: _strip_markup(exc.get_description(environ)))
    elif words is None:
        words = _try(lambda: exc.description)
    is_response = _is_response(exc, code)
    is_plain = cls.get_body is HTTPException.get_body and cls.get_response is HTTPException.get_response
    build = exc.get_response if environ is None else partial(exc.get_response, environ)  # as the frameworks call it
    return HTTPErrorFacts(
        code,
        title=None if cls.name is HTTPException.name else _try(lambda: str(exc.name)),
        detail=words,
        is_stock=isinstance(words, str) and (words in _STOCK_DESCRIPTIONS or isinstance(exc, SecurityError)),
        headers=headers if added is None else (*headers, *added.headers),
        members={} if added is None else added.extensions,
        is_response=is_response,
        response=getattr(exc, "response", None),
        own_response=None if is_plain or is_response or exc.code is None else build,
        client_gone=isinstance(exc, ClientDisconnected),
    )


def _try(read: Callable[[], _T]) -> _T | None:
    """Read one thing of an exception. A subclass may compute it and fail, which costs nothing but that."""
    try:
        return read()
    except Exception:
        log.exception("an HTTP exception could not be read completely")
        return None


def _strip_markup(text: str) -> str:
    """Take the tags out of a description; Werkzeug's method returns HTML."""
    return Markup(text).striptags()


def _read_headers(exc: HTTPException, environ: Environ) -> list[tuple[str, str]]:
    given: Any = exc.get_headers(environ, None)  # Werkzeug passes both, and a subclass may have no defaults for them
    pairs = iter_multi_items(given or ())  # Werkzeug takes a mapping as well, and None
    headers = [(name, value) for name, value in pairs if name.lower() != "content-type"]
    # Werkzeug leaves the header out if it means "at once" (not reported).
    if getattr(exc, "retry_after", None) == 0 and not any(name.lower() == "retry-after" for name, _ in headers):
        headers.append(("Retry-After", "0"))
    return headers


def _override(exc: HTTPException, status: int | None, headers: Sequence[tuple[str, str]]) -> HTTPException:
    changed = exc.__class__.__new__(exc.__class__)
    changed.__dict__.update(vars(exc))
    changed.args, changed.__cause__, changed.__context__ = exc.args, exc.__cause__, exc.__context__
    names = {name.lower() for name, _ in headers}

    def get_headers(*args: Any) -> list[tuple[str, str]]:
        return [*(pair for pair in exc.get_headers(*args) if pair[0].lower() not in names), *headers]

    def get_response(*args: Any) -> Any:
        response: Any = exc.get_response(*args)
        response.status_code = changed.code
        response.headers.update(Headers(list(headers)))
        return response

    changed.code = exc.code if status is None else status
    changed.__dict__.update(get_headers=get_headers, get_response=get_response)
    return changed


class Upload:
    """An upload that raises ``ClientDisconnected`` if the client leaves.

    With a length, or ``MAX_CONTENT_LENGTH``, Werkzeug wraps the server's stream, whose OSError then has this meaning.
    Where the server ends the stream by itself, Werkzeug does not (not reported). Everything else stays the server's:
    that of gunicorn reads lines, that of waitress can seek.

    Args:
        stream: The server's stream.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = self._lines = stream

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._stream, name)
        return partial(self._read, found) if name in _READING else found

    def __iter__(self) -> Self:
        self._lines = iter(self._stream)
        return self

    def __next__(self) -> bytes:
        return self._read(next, self._lines)  # type: ignore[no-any-return]

    def _read(self, read: Callable[..., Any], *args: Any) -> Any:
        try:
            return read(*args)
        except UnsupportedOperation:  # which is an OSError
            raise
        except OSError as error:
            raise ClientDisconnected from error


_READING = frozenset({"read", "read1", "readall", "readinto", "readline", "readlines"})


def build_exception(problem: Problem) -> HTTPException:
    """Build the HTTP exception that a native handler gets for a raised problem."""
    exc = default_exceptions.get(problem.status, HTTPException)(description=problem.detail)
    exc.code = problem.status
    exc.__cause__ = problem
    headers = [*exc.get_headers(), *problem.headers]
    exc.get_headers = lambda *args, **kwargs: headers.copy()  # type: ignore[method-assign]
    return exc
