"""The configuration keys."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import astuple, fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from errbridge import (
    AutoDispatcher,
    DefaultDispatcher,
    ErrorDispatcher,
    Problem,
    RequestFacts,
    Scope,
    SetupError,
    SubdomainDispatcher,
    URLPrefixDispatcher,
)
from errbridge.application.settings import (
    DEFAULTS,
    Configuration,
    DispatcherName,
    Settings,
    StyleName,
    check_dispatcher,
)
from errbridge.http.accept import JSON, XML
from errbridge.representations.site import Site
from errbridge.representations.styles import API, DEFAULT, STYLES, WEB
from errbridge.scopes.dispatch import DISPATCHERS


class Mine(ErrorDispatcher):
    def dispatch(self, exc: BaseException, request: RequestFacts) -> list[Scope]:
        return []


class Abstract(ErrorDispatcher):
    """Does not implement dispatch."""


class Later(ErrorDispatcher):
    async def dispatch(self, exc: BaseException, request: RequestFacts) -> list[Scope]:  # type: ignore[override]
        return []


class Older(ErrorDispatcher):
    def dispatch(self, incident: object) -> list[Scope]:  # type: ignore[override]
        return []


class Demanding(Mine):
    def __init__(self, scopes: Any, more: object) -> None:
        super().__init__(scopes)


def settings_of(**config: Any) -> Settings:
    return Settings.read(config)


def test_the_keys_and_their_defaults_are_those_of_the_seed() -> None:
    assert dict(DEFAULTS) == {
        "ERROR_PAGE": None,
        "ERROR_DEFAULT_MSG": "Unhandled Exception",
        "ERROR_XHR_ENABLED": True,
        "ERROR_FORCE_CONTENT_TYPE": True,
        "ERROR_CONTENT_TYPES": ("json", "xml"),
        "ERROR_DISPATCHER": "auto",
        "ERROR_HANDLER": None,
        "ERROR_TYPE_URI": None,
        "ERROR_CSP_ENABLED": True,
        "ERROR_DEBUG_DOCUMENT": False,
        "ERROR_VALIDATION": False,
        "ERROR_REPLACE_NATIVE": False,
        "ERROR_SITE": None,
        "ERROR_LANGUAGES": ("en",),
        "ERROR_REQUEST_ID": "X-Request-ID",
        "ERROR_INCIDENT_HEADER": None,
    }


def test_an_empty_configuration_gives_the_defaults() -> None:
    assert astuple(settings_of()) == astuple(Settings())
    assert astuple(Settings.read(DEFAULTS)) == astuple(Settings())


def test_every_key_reaches_its_setting() -> None:
    settings = settings_of(
        ERROR_PAGE="oops.html",
        ERROR_DEFAULT_MSG="Sorry",
        ERROR_XHR_ENABLED=False,
        ERROR_FORCE_CONTENT_TYPE=False,
        ERROR_CONTENT_TYPES=["json"],
        ERROR_DISPATCHER="urlprefix",
        ERROR_HANDLER="web",
        ERROR_TYPE_URI="urn:{slug}",
        ERROR_CSP_ENABLED=False,
        ERROR_DEBUG_DOCUMENT=True,
        ERROR_VALIDATION="messages",
        ERROR_REPLACE_NATIVE=True,
        ERROR_SITE={"name": "Cheese & Co"},
        ERROR_LANGUAGES=["de", "pt_BR"],
        ERROR_REQUEST_ID="X-Correlation-ID",
        ERROR_INCIDENT_HEADER="X-Incident-ID",
    )

    assert [getattr(settings, field.name) for field in fields(Settings)] == [
        "oops.html",
        "Sorry",
        False,
        False,
        ("json",),
        URLPrefixDispatcher,
        WEB,
        "urn:{slug}",
        False,
        True,
        "messages",
        True,
        Site("Cheese & Co"),
        ("de", "pt-BR"),
        "X-Correlation-ID",
        "X-Incident-ID",
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ERROR_PAGE", ""),
        ("ERROR_PAGE", 5),
        ("ERROR_DEFAULT_MSG", ""),
        ("ERROR_DEFAULT_MSG", b"x"),
        ("ERROR_XHR_ENABLED", "yes"),
        ("ERROR_XHR_ENABLED", 1),
        ("ERROR_CSP_ENABLED", "yes"),
        ("ERROR_DEBUG_DOCUMENT", 1),
        ("ERROR_VALIDATION", "yes"),
        ("ERROR_LANGUAGES", ()),
        ("ERROR_LANGUAGES", "de"),
        ("ERROR_LANGUAGES", ["de", None]),
        ("ERROR_LANGUAGES", ["de", "german!"]),
        ("ERROR_LANGUAGES", ["pt-BR", "pt_br"]),
        ("ERROR_VALIDATION", 1),
        ("ERROR_REPLACE_NATIVE", 1),
        ("ERROR_REQUEST_ID", ""),
        ("ERROR_REQUEST_ID", "X Request"),
        ("ERROR_REQUEST_ID", True),
        *(("ERROR_REQUEST_ID", name) for name in ("Authorization", "Cookie")),  # a secret is no id
        ("ERROR_INCIDENT_HEADER", "X:Y"),
        ("ERROR_INCIDENT_HEADER", "X-A\r\nX-B"),
        *(("ERROR_INCIDENT_HEADER", name) for name in ("content-type", "Content-Security-Policy", "Host", "Sec-X")),
        ("ERROR_FORCE_CONTENT_TYPE", None),
        ("ERROR_CONTENT_TYPES", "json"),
        ("ERROR_CONTENT_TYPES", ("json", "html")),
        ("ERROR_CONTENT_TYPES", None),
        ("ERROR_DISPATCHER", "prefix"),
        ("ERROR_DISPATCHER", None),
        ("ERROR_DISPATCHER", ErrorDispatcher),
        ("ERROR_DISPATCHER", int),
        ("ERROR_HANDLER", "html"),
        ("ERROR_HANDLER", API),
        ("ERROR_TYPE_URI", ""),
        ("ERROR_TYPE_URI", 5),
        *(("ERROR_TYPE_URI", f"https://example.com/{text}") for text in ("{name}", "{slug", "{0.a}{}", "a b", "a\n")),
        *(("ERROR_TYPE_URI", f"https://example.com/{text}") for text in ("<slug>", "ä", "%s", "%zz", "\\", "{ä}")),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_key_and_the_value(key: str, value: object) -> None:
    with pytest.raises(SetupError, match=key) as caught:
        settings_of(**{key: value})
    assert repr(value) in str(caught.value)


def test_a_placeholder_that_is_none_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(
        SetupError, match=r"in which \{status\} and \{slug\} are replaced, .*; encode '\{name\}', '\{id\}' in 'urn:"
    ):
        settings_of(ERROR_TYPE_URI="urn:{name}:{slug}:{id}")


def test_no_content_types_may_be_forced_at_all() -> None:
    nothing: list[Any] = [(), [], set(), frozenset()]
    for empty in nothing:
        assert settings_of(ERROR_CONTENT_TYPES=empty).content_types == ()


@pytest.mark.parametrize(("name", "style"), [("api", API), ("web", WEB), ("default", DEFAULT), (None, None)])
def test_the_style_of_the_application_is_given_by_name(name: str | None, style: object) -> None:
    assert settings_of(ERROR_HANDLER=name).handler is style


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("default", DefaultDispatcher),
        ("auto", AutoDispatcher),
        ("urlprefix", URLPrefixDispatcher),
        ("subdomain", SubdomainDispatcher),
        (AutoDispatcher, AutoDispatcher),
        (Mine, Mine),
    ],
)
def test_a_dispatcher_is_given_by_name_or_as_a_class(value: Any, expected: type) -> None:
    assert check_dispatcher("KEY", value) is expected


@pytest.mark.parametrize("value", ["nope", None, 5, int, ErrorDispatcher])
def test_what_is_no_dispatcher_is_refused_with_those_that_exist(value: object) -> None:
    with pytest.raises(SetupError, match="KEY is one of 'default', 'urlprefix', 'subdomain', 'auto' or a subclass"):
        check_dispatcher("KEY", value)


@pytest.mark.parametrize(
    ("dispatcher", "words"),
    [
        (Abstract, r"KEY: Abstract does not implement dispatch\(exc, request\)"),
        (Later, r"KEY: Later.dispatch is async; write it with def, since Flask calls it too"),
        (Older, r"KEY: Older.dispatch has to take \(exc, request\)"),
        (Demanding, r"KEY: Demanding has to be made with one argument, the scopes"),
    ],
)
def test_a_dispatcher_that_could_not_be_asked_is_refused_at_set_up(dispatcher: Any, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        check_dispatcher("KEY", dispatcher)


@pytest.mark.parametrize(
    ("template", "problem", "expected"),
    [
        (None, Problem(404), None),
        ("https://example.com/{status}/{slug}", Problem(404), "https://example.com/404/not-found"),
        ("urn:{slug}:{slug}", Problem(429), "urn:too-many-requests:too-many-requests"),
        ("urn:fixed", Problem(500), "urn:fixed"),
        ("../%7Bslug%7D;$x", Problem(500), "../%7Bslug%7D;$x"),
    ],
)
def test_the_type_is_built_by_plain_substitution(template: str | None, problem: Problem, expected: str | None) -> None:
    assert settings_of(ERROR_TYPE_URI=template).build_type(problem) == expected


@pytest.mark.parametrize(
    ("config", "media_type", "expected"),
    [
        ({}, JSON, "application/problem+json"),
        ({}, XML, "application/problem+xml"),
        ({"ERROR_CONTENT_TYPES": ("json",)}, JSON, "application/problem+json"),
        ({"ERROR_CONTENT_TYPES": ("json",)}, XML, "application/xml"),
        ({"ERROR_FORCE_CONTENT_TYPE": False}, JSON, "application/json"),
        ({"ERROR_FORCE_CONTENT_TYPE": False}, XML, "application/xml"),
    ],
)
def test_documents_go_out_as_problems_where_that_is_forced(
    config: dict[str, Any], media_type: str, expected: str
) -> None:
    assert settings_of(**config).choose_content_type(media_type) == expected


@pytest.mark.parametrize(
    ("config", "content_type", "expected"),
    [
        ({}, "application/json", "application/problem+json"),
        ({}, "application/json; charset=utf-8", "application/problem+json; charset=utf-8"),
        ({}, "Application/JSON", "application/problem+json"),
        ({}, "text/json", "application/problem+json"),
        ({}, "application/xml", "application/problem+xml"),
        ({}, "text/xml ; charset=utf-8", "application/problem+xml; charset=utf-8"),
        ({}, "application/problem+json", "application/problem+json"),
        ({}, "application/vnd.api+json", "application/vnd.api+json"),
        ({}, "text/html; charset=utf-8", "text/html; charset=utf-8"),
        ({}, "", ""),
        ({"ERROR_CONTENT_TYPES": ("xml",)}, "application/json", "application/json"),
        ({"ERROR_FORCE_CONTENT_TYPE": False}, "application/json", "application/json"),
    ],
)
def test_what_the_response_decorator_makes_goes_out_as_a_problem_where_that_is_forced(
    config: dict[str, Any], content_type: str, expected: str
) -> None:
    assert settings_of(**config).map_content_type(content_type) == expected


# What a type checker knows


def admits(hint: Any, value: object) -> bool:
    """Return whether a type admits a value, as a type checker would."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return any(value is each for each in arguments)
    if origin in (Union, types.UnionType):
        return any(admits(each, value) for each in arguments)
    if origin is type:
        return isinstance(value, type) and issubclass(value, arguments[0])
    if origin is Mapping:
        return isinstance(value, Mapping)
    if origin in (Sequence, AbstractSet, list, tuple):
        return (
            isinstance(value, origin)
            and not isinstance(value, str)
            and all(admits(arguments[0], each) for each in value)
        )
    return type(value) is hint or (hint is types.NoneType and value is None)


def test_a_type_checker_knows_every_key() -> None:
    assert get_type_hints(Configuration).keys() == DEFAULTS.keys()
    assert get_args(DispatcherName) == tuple(DISPATCHERS)
    assert set(get_args(StyleName)) == set(STYLES)


VALUES = (
    *(None, True, False, 3, "api", "auto", "messages", Mine, int),
    *(["json"], ("xml", "json"), {"xml"}, ["yaml"], {"name": "Shop"}, Site()),
)


@pytest.mark.parametrize("key", DEFAULTS)
def test_a_type_checker_admits_what_set_up_admits(key: str) -> None:
    hint = get_type_hints(Configuration)[key]

    def is_read(value: object) -> bool:
        try:
            Settings.read({key: value})
        except SetupError:
            return False
        return True

    assert [value for value in VALUES if admits(hint, value)] == [value for value in VALUES if is_read(value)]
