"""The settings of one application: the ``ERROR_*`` configuration keys, and what ``ErrorHandler`` takes besides them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields
from inspect import isabstract, iscoroutinefunction, signature
from typing import Any, Literal, Self, TypedDict

from errbridge.errors import SetupError, suggest
from errbridge.http.language import TAG
from errbridge.problem.problem import Problem
from errbridge.problem.type_uri import build_type
from errbridge.representations.site import Site
from errbridge.representations.styles import STYLES, Style
from errbridge.scopes.dispatch import DISPATCHERS, ErrorDispatcher

__all__ = [
    "DEFAULTS",
    "Configuration",
    "DispatcherName",
    "Document",
    "Options",
    "ResponseDecorator",
    "Settings",
    "StyleName",
    "check_dispatcher",
    "check_style",
    "find_misspelt",
]

Document = Callable[[], tuple[dict[str, Any], int, dict[str, str]]]
"""A function that returns a problem document, its status and its headers."""

ResponseDecorator = Callable[[Document], Callable[[], object]]
"""What ``response=`` takes: the decorated function returns a response, or an awaitable of one."""

DispatcherName = Literal["default", "urlprefix", "subdomain", "auto"]
StyleName = Literal["api", "web", "default"]


class Configuration(TypedDict, total=False):
    """The configuration keys as keyword arguments, for a type checker; `Settings` has the rules."""

    ERROR_PAGE: str | None
    ERROR_DEFAULT_MSG: str
    ERROR_XHR_ENABLED: bool
    ERROR_FORCE_CONTENT_TYPE: bool
    ERROR_CONTENT_TYPES: Sequence[Literal["json", "xml"]] | AbstractSet[Literal["json", "xml"]]
    ERROR_DISPATCHER: DispatcherName | type[ErrorDispatcher]
    ERROR_HANDLER: StyleName | None
    ERROR_TYPE_URI: str | None
    ERROR_CSP_ENABLED: bool
    ERROR_DEBUG_DOCUMENT: bool
    ERROR_VALIDATION: bool | Literal["messages"]
    ERROR_REPLACE_NATIVE: bool
    ERROR_SITE: Mapping[str, str] | None
    ERROR_LANGUAGES: list[str] | tuple[str, ...]
    ERROR_REQUEST_ID: str | None
    ERROR_INCIDENT_HEADER: str | None


_OF_OTHERS = frozenset({"ERROR_404_HELP", "ERROR_INCLUDE_MESSAGE"})  # of Flask-RESTful and Flask-RESTX


def find_misspelt(config: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each key that does not exist with the known one that is close to it; others are the application's own."""
    from difflib import get_close_matches  # not before there is such a key

    for key in config:
        if key.startswith("ERROR_") and key not in DEFAULTS and key not in _OF_OTHERS:
            known = {each.removeprefix("ERROR_"): each for each in DEFAULTS}
            yield from ((key, known[near]) for near in get_close_matches(key.removeprefix("ERROR_"), known, 1))


@dataclass(frozen=True, slots=True)
class Options:
    """Arguments of ``ErrorHandler`` that are no configuration keys, or win over one.

    Attributes:
        response: A decorator over a function that returns ``(document, status, headers)``; it makes the documents.
        dispatcher: Wins over ``ERROR_DISPATCHER``.
        style: Wins over ``ERROR_HANDLER``.
    """

    response: ResponseDecorator | None = None
    dispatcher: type[ErrorDispatcher] | None = None
    style: Style | None = None


def _check_page(key: str, value: object) -> str | None:
    if value is None or (isinstance(value, str) and value):
        return value
    raise SetupError(f"{key} is the name of a template such as 'error.html', or None, not {value!r}")


def _check_text(key: str, value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise SetupError(f"{key} is a non-empty string such as {DEFAULTS[key]!r}, not {value!r}")


def _check_flag(key: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise SetupError(f"{key} is True or False, not {value!r}")


def _check_validation(key: str, value: object) -> bool | Literal["messages"]:
    if value == "messages":
        return "messages"
    if isinstance(value, bool):
        return value
    raise SetupError(f"{key} is True, False or 'messages', not {value!r}")


def _check_formats(key: str, value: object) -> tuple[str, ...]:
    if isinstance(value, (list, tuple, set, frozenset)) and all(item in ("json", "xml") for item in value):
        return tuple(value)
    raise SetupError(f"{key} lists 'json', 'xml', both or none, not {value!r}")


def check_dispatcher(key: str, value: object) -> type[ErrorDispatcher]:
    """Find a dispatcher by its name, or check that a class is one.

    Raises:
        SetupError: It is neither a known name nor a subclass of `ErrorDispatcher`.
    """
    if isinstance(value, str) and value in DISPATCHERS:
        return DISPATCHERS[value]
    if isinstance(value, type) and issubclass(value, ErrorDispatcher) and value is not ErrorDispatcher:
        if isabstract(value):
            raise SetupError(f"{key}: {value.__name__} does not implement dispatch(exc, request)")
        if iscoroutinefunction(value.dispatch):
            raise SetupError(f"{key}: {value.__name__}.dispatch is async; write it with def, since Flask calls it too")
        try:
            signature(value.dispatch).bind(None, None, None)
        except TypeError:
            raise SetupError(f"{key}: {value.__name__}.dispatch has to take (exc, request)") from None
        try:
            signature(value).bind(None)
        except TypeError:
            raise SetupError(f"{key}: {value.__name__} has to be made with one argument, the scopes") from None
        return value
    known = ", ".join(repr(name) for name in DISPATCHERS)
    close = suggest(value, DISPATCHERS)
    raise SetupError(f"{key} is one of {known} or a subclass of ErrorDispatcher, not {value!r}{close}")


def check_style(key: str, value: object) -> Style | None:
    """Find a style by its name; None stays None.

    Raises:
        SetupError: There is no style of that name.
    """
    if value is None:
        return None
    if isinstance(value, str) and value in STYLES:
        return STYLES[value]
    known = ", ".join(map(repr, STYLES))
    raise SetupError(f"{key} is one of {known} or None, not {value!r}{suggest(value, STYLES)}")


_NOT_OF_A_URI = r"(?a)\{\w*\}|[^\w.~:/?#\[\]@!$&'()*+,;=%-]|%(?![0-9A-Fa-f]{2})"  # RFC 3986 section 2


def _check_type_uri(key: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and value:
        if wrong := [part for part in re.findall(_NOT_OF_A_URI, value) if part not in ("{status}", "{slug}")]:
            raise SetupError(
                f"{key} is a URI in which {{status}} and {{slug}} are replaced, and nothing else; "
                f"encode {', '.join(map(repr, wrong))} in {value!r}, or take it out"
            )
        return value
    raise SetupError(f"{key} is a string such as 'https://example.com/problems/{{slug}}' or None, not {value!r}")


def _check_languages(key: str, value: object) -> tuple[str, ...]:
    tags = tuple(value) if isinstance(value, (list, tuple)) else ()
    if not tags or not all(isinstance(tag, str) and re.fullmatch(TAG, tag) for tag in tags):
        raise SetupError(f"{key} lists the tags of languages such as ('en', 'pt-BR'), not {value!r}")
    tags = tuple(tag.replace("_", "-") for tag in tags)
    if len({tag.lower() for tag in tags}) < len(tags):
        raise SetupError(f"{key} lists a language twice: {value!r}")
    return tags


_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110 section 5.6.2


# These say something about the response already, or about a request.
_TAKEN = (
    r"(accept|access-control|authentication|content|cross-origin|proxy|sec)-.*|accept|age|allow|authorization|"
    r"cache-control|connection|cookie|date|etag|expires|host|keep-alive|last-modified|link|location|pragma|"
    r"referrer-policy|refresh|retry-after|server|set-cookie|strict-transport-security|te|trailer|transfer-encoding|"
    r"upgrade|vary|via|www-authenticate|x-content-type-options|x-frame-options"
)


def _check_header(key: str, value: object) -> str | None:
    example = "X-Request-ID" if key == "ERROR_REQUEST_ID" else "X-Incident-ID"
    if value is not None and not (isinstance(value, str) and re.fullmatch(_TOKEN, value)):
        raise SetupError(f"{key} is the name of a header such as {example!r} or None, not {value!r}")
    if value is not None and re.fullmatch(_TAKEN, value.lower()):
        raise SetupError(f"{key} cannot be {value!r}, which has another meaning; take {example!r}, for instance")
    return value


def _key(name: str) -> str:
    return f"ERROR_{name.upper()}"


def _setting(default: object, check: Callable[[str, object], Any]) -> Any:
    """Describe a configuration key, by the default of the key and the function that checks its values."""
    return field(default_factory=lambda: check("", default), metadata={"default": default, "check": check})


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """The checked values of the ``ERROR_*`` configuration keys.

    Attributes:
        page: ``ERROR_PAGE``, the template of a web scope's pages, after the more specific ones; None for none.
        default_msg: ``ERROR_DEFAULT_MSG``, the detail of an uncaught exception.
        xhr_enabled: ``ERROR_XHR_ENABLED``, whether a web scope answers an XMLHttpRequest with a document.
        force_content_type: ``ERROR_FORCE_CONTENT_TYPE``, whether documents are sent as ``application/problem+…``.
        content_types: ``ERROR_CONTENT_TYPES``, the formats for which *force_content_type* counts.
        dispatcher: ``ERROR_DISPATCHER``, a name or a class.
        handler: ``ERROR_HANDLER``, the style of the application itself: ``"api"``, ``"web"`` or ``"default"``.
        type_uri: ``ERROR_TYPE_URI``, how a problem's ``type`` is built from ``{status}`` and ``{slug}``.
        csp_enabled: ``ERROR_CSP_ENABLED``, whether the built-in page is sent with its Content-Security-Policy.
        debug_document: ``ERROR_DEBUG_DOCUMENT``, whether documents describe uncaught exceptions in debug mode.
        validation: ``ERROR_VALIDATION``, whether every exception of a validation library is the client's 422, and
            ``"messages"`` if the client also gets the messages of the application's own validators.
        replace_native: ``ERROR_REPLACE_NATIVE``, whether errbridge answers in place of the application's native
            catch-alls, its handlers for ``HTTPException`` and ``Exception``.
        languages: ``ERROR_LANGUAGES``, the tags of the languages that the service speaks, the default first.
        site: ``ERROR_SITE``, the name, the colour and the links of the built-in page.
        request_id: ``ERROR_REQUEST_ID``, the request header whose value is recorded, and shown in documents.
        incident_header: ``ERROR_INCIDENT_HEADER``, the response header with the id of the incident.
    """

    page: str | None = _setting(None, _check_page)
    default_msg: str = _setting("Unhandled Exception", _check_text)
    xhr_enabled: bool = _setting(True, _check_flag)
    force_content_type: bool = _setting(True, _check_flag)
    content_types: tuple[str, ...] = _setting(("json", "xml"), _check_formats)
    dispatcher: type[ErrorDispatcher] = _setting("auto", check_dispatcher)
    handler: Style | None = _setting(None, check_style)
    type_uri: str | None = _setting(None, _check_type_uri)
    csp_enabled: bool = _setting(True, _check_flag)
    debug_document: bool = _setting(False, _check_flag)
    validation: bool | Literal["messages"] = _setting(False, _check_validation)
    replace_native: bool = _setting(False, _check_flag)
    site: Site = _setting(None, Site.read)
    languages: tuple[str, ...] = _setting(("en",), _check_languages)
    request_id: str | None = _setting("X-Request-ID", _check_header)
    incident_header: str | None = _setting(None, _check_header)

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Self:
        """Check the values of a configuration; a key that is missing has its default.

        Raises:
            SetupError: A value has the wrong type, or is a name that does not exist.
        """
        keys = {_key(each.name): each for each in fields(cls)}
        values = {key: config.get(key, each.metadata["default"]) for key, each in keys.items()}
        return cls(**{each.name: each.metadata["check"](key, values[key]) for key, each in keys.items()})

    def build_type(self, problem: Problem) -> str | None:
        """Build the ``type`` of a problem that has none of its own."""
        return None if self.type_uri is None else build_type(self.type_uri, problem.status, problem.slug)

    def vary(self, style: Style) -> str:
        """Return the request headers that an answer in a style depends on (RFC 9110 section 12.5.5)."""
        return f"{style.vary}, Accept-Language" if len(self.languages) > 1 else style.vary

    def choose_content_type(self, media_type: str) -> str:
        """Return the media type under which a document is sent."""
        form = media_type.rpartition("+")[2]
        forced = self.force_content_type and form in self.content_types
        return media_type if forced else f"application/{form}"

    def map_content_type(self, content_type: str) -> str:
        """Return the content type to send for a document that the ``response=`` decorator made."""
        media_type, _, parameters = content_type.partition(";")
        form = media_type.strip().lower().rpartition("/")[2]
        if not self.force_content_type or form not in self.content_types:
            return content_type
        return f"application/problem+{form}" + (f";{parameters}" if parameters else "")


DEFAULTS: Mapping[str, Any] = {_key(each.name): each.metadata["default"] for each in fields(Settings)}
"""Every key with its default. `Settings` documents them."""
