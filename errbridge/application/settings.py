"""The ``ERROR_*`` configuration keys: their defaults, one place that checks them, and what is given beside them."""

import re
from collections.abc import Callable, Mapping
from inspect import isabstract, iscoroutinefunction, signature
from operator import itemgetter
from typing import Any, Literal, NamedTuple, Self

from errbridge.errors import SetupError
from errbridge.problem.problem import Problem, built_type
from errbridge.representations.styles import STYLES, Style
from errbridge.scopes.dispatch import DISPATCHERS, ErrorDispatcher

__all__ = ["DEFAULTS", "Options", "Settings", "Snapshot", "dispatcher_class", "snapshot"]

DEFAULTS: Mapping[str, Any] = {
    "ERROR_PAGE": "error.html",
    "ERROR_DEFAULT_MSG": "Unhandled Exception",
    "ERROR_XHR_ENABLED": True,
    "ERROR_FORCE_CONTENT_TYPE": True,
    "ERROR_CONTENT_TYPES": ("json", "xml"),
    "ERROR_DISPATCHER": "auto",
    "ERROR_HANDLER": None,
    "ERROR_TYPE_URI": None,
    "ERROR_CSP_ENABLED": True,
    "ERROR_DEBUG_DOCUMENT": False,
    "ERROR_VALIDATION": True,
}
"""Every key with its default; the documentation of each stands with the attribute of `Settings` that holds it."""

Snapshot = tuple[Any, ...]

_PLACEHOLDER = r"\{[^\W\d]\w*\}"  # other braces may belong to the URI


_values: Callable[[Mapping[str, Any]], Snapshot] = itemgetter(*DEFAULTS)


def snapshot(config: Mapping[str, Any]) -> Snapshot:
    """Take the values as they are now, to see later whether they changed."""
    try:
        return _values(config)
    except KeyError:
        return tuple(config.get(key, default) for key, default in DEFAULTS.items())


class Options(NamedTuple):
    """What can be given to ``ErrorHandler`` besides the configuration.

    Attributes:
        response: A decorator over a function that returns ``(document, status, headers)``; it makes a scope's
            documents.
        dispatcher: Decides instead of ``ERROR_DISPATCHER``.
        style: Decides instead of ``ERROR_HANDLER``.
    """

    response: Any = None
    dispatcher: type[ErrorDispatcher] | None = None
    style: Style | None = None


class Settings(NamedTuple):
    """The settings of one application.

    Attributes:
        page: ``ERROR_PAGE``, the template of a web scope's pages, after the more specific ones.
        default_msg: ``ERROR_DEFAULT_MSG``, the detail of an uncaught exception.
        xhr_enabled: ``ERROR_XHR_ENABLED``, whether a web scope answers an XMLHttpRequest with a document.
        force_content_type: ``ERROR_FORCE_CONTENT_TYPE``, whether documents are sent as ``application/problem+…``.
        content_types: ``ERROR_CONTENT_TYPES``, the formats that the previous one applies to.
        dispatcher: ``ERROR_DISPATCHER``, a name or a class.
        style: ``ERROR_HANDLER``, the style of the application itself: ``"api"``, ``"web"`` or ``"default"``.
        type_uri: ``ERROR_TYPE_URI``, how a problem's ``type`` is built from ``{status}`` and ``{slug}``.
        csp_enabled: ``ERROR_CSP_ENABLED``, whether the built-in page goes out with its Content-Security-Policy.
        debug_document: ``ERROR_DEBUG_DOCUMENT``, whether documents tell of uncaught exceptions, in debug mode only.
        validation: ``ERROR_VALIDATION``, whether an exception of a validation library is a 422, and ``"messages"`` if
            with the words of the application's own validators, whatever they hold.
    """

    page: str = "error.html"
    default_msg: str = "Unhandled Exception"
    xhr_enabled: bool = True
    force_content_type: bool = True
    content_types: tuple[str, ...] = ("json", "xml")
    dispatcher: type[ErrorDispatcher] = DISPATCHERS["auto"]
    style: Style | None = None
    type_uri: str | None = None
    csp_enabled: bool = True
    debug_document: bool = False
    validation: bool | Literal["messages"] = True

    @classmethod
    def of(cls, values: Snapshot) -> Self:
        """Check a snapshot of the configuration.

        Raises:
            SetupError: A value has the wrong type, or is a name that does not exist.
        """
        return cls(*(check(key, value) for (key, check), value in zip(_CHECKS.items(), values, strict=True)))

    def type_of(self, problem: Problem) -> str | None:
        """Build the ``type`` of a problem that has none of its own."""
        return None if self.type_uri is None else built_type(self.type_uri, problem.status, problem.slug)

    def sent_as(self, media_type: str) -> str:
        """Name the media type under which a document goes out."""
        form = media_type.rpartition("+")[2]
        forced = self.force_content_type and form in self.content_types
        return media_type if forced else f"application/{form}"

    def forced(self, content_type: str) -> str:
        """Name the content type under which a document goes out that the ``response=`` decorator made."""
        media_type, _, parameters = content_type.partition(";")
        form = media_type.strip().lower().rpartition("/")[2]
        if not self.force_content_type or form not in self.content_types:
            return content_type
        return f"application/problem+{form}" + (f";{parameters}" if parameters else "")


def _text(key: str, value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise SetupError(f"{key} is a non-empty string such as {DEFAULTS[key]!r}, not {value!r}")


def _flag(key: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise SetupError(f"{key} is True or False, not {value!r}")


def _validation(key: str, value: object) -> bool | Literal["messages"]:
    if value == "messages":
        return "messages"
    if isinstance(value, bool):
        return value
    raise SetupError(f"{key} is True, False or 'messages', not {value!r}")


def _formats(key: str, value: object) -> tuple[str, ...]:
    if isinstance(value, (list, tuple, set, frozenset)) and all(item in ("json", "xml") for item in value):
        return tuple(value)
    raise SetupError(f"{key} lists 'json', 'xml', both or none, not {value!r}")


def dispatcher_class(key: str, value: object) -> type[ErrorDispatcher]:
    """Find a dispatcher by its name, or check that it is one.

    Raises:
        SetupError: It is neither a known name nor a subclass of `ErrorDispatcher`.
    """
    if isinstance(value, str) and value in DISPATCHERS:
        return DISPATCHERS[value]
    if isinstance(value, type) and issubclass(value, ErrorDispatcher) and value is not ErrorDispatcher:
        if isabstract(value):
            raise SetupError(f"{key}: {value.__name__} does not implement dispatch(exc, request)")
        if iscoroutinefunction(value.dispatch):
            raise SetupError(f"{key}: {value.__name__}.dispatch is async; write it with def, for Flask calls it, too")
        try:
            signature(value).bind(None)
        except TypeError:
            raise SetupError(f"{key}: {value.__name__} has to be made with one argument, the scopes") from None
        return value
    known = ", ".join(repr(name) for name in DISPATCHERS)
    raise SetupError(f"{key} is one of {known} or a subclass of ErrorDispatcher, not {value!r}")


def _style(key: str, value: object) -> Style | None:
    if value is None:
        return None
    if isinstance(value, str) and value in STYLES:
        return STYLES[value]
    raise SetupError(f"{key} is one of {', '.join(map(repr, STYLES))} or None, not {value!r}")


def _template(key: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and value:
        if unknown := [name for name in re.findall(_PLACEHOLDER, value) if name not in ("{status}", "{slug}")]:
            raise SetupError(
                f"{key} has {{status}} and {{slug}} replaced, and nothing else; "
                f"take {', '.join(unknown)} out of {value!r}"
            )
        return value
    raise SetupError(f"{key} is a string such as 'https://example.com/problems/{{slug}}' or None, not {value!r}")


_CHECKS: Mapping[str, Callable[[str, object], Any]] = {
    "ERROR_PAGE": _text,
    "ERROR_DEFAULT_MSG": _text,
    "ERROR_XHR_ENABLED": _flag,
    "ERROR_FORCE_CONTENT_TYPE": _flag,
    "ERROR_CONTENT_TYPES": _formats,
    "ERROR_DISPATCHER": dispatcher_class,
    "ERROR_HANDLER": _style,
    "ERROR_TYPE_URI": _template,
    "ERROR_CSP_ENABLED": _flag,
    "ERROR_DEBUG_DOCUMENT": _flag,
    "ERROR_VALIDATION": _validation,
}
