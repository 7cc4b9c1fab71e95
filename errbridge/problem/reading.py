"""Problem documents read back, by whoever called a service: ``Problem.from_response()``.

1. The ``type`` decides about the class: the subclass of `Problem` that has that URI, of those that are imported, else
   `Problem` itself. Who asks for a subclass gets that one or one derived from it, or a ValueError.
2. A member that has not the type which RFC 9457 or the class gives it is treated as if it were not there (RFC 9457
   section 3.1). So of a class that was read back a member may be missing that it would insist on otherwise.
3. Values are as JSON has them. A field of a simple annotation (number, text, ``Decimal``, ``UUID``, date and time,
   enum, lists and mappings of these) is converted to it, if that loses nothing.
4. XML has neither null nor numbers. What no annotation explains is text, a list or a mapping; an empty element is None
   where the annotation allows it.
5. A body is read whatever it is, or refused with a ValueError. No DTD is read, so there are no entities to resolve.
"""

from __future__ import annotations

import json
import re
from collections import abc
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, Literal, NamedTuple, NoReturn, TypeVar, cast, get_args, get_origin, is_typeddict
from urllib.parse import urljoin
from uuid import UUID
from xml.parsers import expat

from errbridge.http.accept import JSON, XML
from errbridge.http.status import find_phrase, is_error
from errbridge.problem.fields import hints_of, is_union, unwrapped
from errbridge.problem.problem import ABOUT_BLANK, Problem, built_type, declared, revived
from errbridge.problem.response import received
from errbridge.problem.subclasses import subclasses
from errbridge.problem.values import plain
from errbridge.problem.xml_names import NAMESPACE, member_name

__all__ = ["read_document", "read_problem"]

ProblemT = TypeVar("ProblemT", bound=Problem)

_LARGEST = 1 << 20
_DEEPEST = 100
_MEMBERS: Mapping[str, type] = {"type": str, "title": str, "status": int, "detail": str, "instance": str}


def read_problem(
    cls: type[ProblemT], response: Any, *, body: bytes | str | None = None, type_uri: str | None = None
) -> ProblemT:
    """Read the problem of a response; see `Problem.from_response`.

    Args:
        cls: The class that is expected, or `Problem` for any.
        response: The response, or ``(status, headers, body)``.
        body: Its content, where reading that has to be awaited.
        type_uri: ``ERROR_TYPE_URI`` of the service.

    Raises:
        ValueError: It is no problem document, or a problem of another type.
        TypeError: It is no response, or has to be awaited.
    """
    answer = received(response, body)
    said, from_text = read_document(answer.media_type, answer.body)
    members = {name: _converted(annotation, said.get(name), from_text) for name, annotation in _MEMBERS.items()}
    known = {name: value for name, value in members.items() if name in said and value is not _IGNORED}
    status = next((one for one in (known.get("status"), answer.status) if is_error(one)), None)
    uri: str = known.get("type") or ABOUT_BLANK
    found = _class_of(cls, uri, status, answer.url, type_uri)
    status = declared(found).status if status is None else status
    if status is None:
        raise ValueError(f"neither the document nor the response has the status of an error: {answer.status!r}")
    fields = {name: hints_of(found).get(name, Any) for name in declared(found).fields}
    others = ((name, value) for name, value in said.items() if name not in _MEMBERS)
    extensions = {name: _converted(fields.get(name, Any), value, from_text) for name, value in others}
    return revived(
        found,
        status,
        title=known.get("title", declared(found).title or find_phrase(status)),
        detail=known.get("detail"),
        type=uri,
        instance=known.get("instance"),
        extensions={name: value for name, value in extensions.items() if value is not _IGNORED},
    )


def read_document(media_type: str, body: bytes | str) -> tuple[dict[str, Any], bool]:
    """Parse a problem document, and leave its members as they are.

    Args:
        media_type: In lower case, without parameters.
        body: The content.

    Returns:
        The members, and whether all values are texts, as those of XML are.

    Raises:
        ValueError: It is no problem document.
    """
    read = _READERS.get(media_type)
    if read is None:
        raise ValueError(f"a problem document is {JSON} or {XML}, not {media_type or 'without a content type'}")
    if len(body) > _LARGEST:
        raise ValueError(f"the body has more than {_LARGEST} bytes, too many for a problem document")
    try:
        document = read(body)
    except (ValueError, RecursionError, LookupError, expat.ExpatError) as error:
        raise ValueError(f"the body is no problem document: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("the body is no problem document: it is no object")
    return cast(dict[str, Any], document), read is _xml


# What a body says.


def _json(body: bytes | str) -> object:
    text = body if isinstance(body, str) else body.decode("utf-8-sig")
    return json.loads(text, parse_constant=_refused)


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _plain_json(body: bytes | str) -> object:
    """Read what ``ERROR_FORCE_CONTENT_TYPE`` may have made of a problem; anybody's other JSON is none."""
    document = _json(body)
    if isinstance(document, dict) and {"type", "title", "status"} <= cast(dict[str, Any], document).keys():
        return cast(dict[str, Any], document)
    raise ValueError(f"under application/json it needs type, title and status; else send {JSON}")


class _Element(NamedTuple):
    name: str
    children: list[_Element]
    texts: list[str]

    def members(self) -> dict[str, Any]:
        return {member_name(child.name): child.value() for child in self.children}

    def value(self) -> Any:
        if not self.children:
            return "".join(self.texts)
        if all(child.name == "i" for child in self.children):
            return [child.value() for child in self.children]
        return self.members()


def _xml(body: bytes | str) -> object:
    """Read RFC 9457 appendix B, as `errbridge.representations.xml` writes it."""
    top = _Element("", [], [])
    open_elements = [top]

    def start(name: str, _attributes: object) -> None:
        if len(open_elements) > _DEEPEST:
            raise ValueError("its elements are nested too deeply")
        namespace, _, local = name.rpartition(" ")
        element = _Element(local, [], [])
        if namespace == NAMESPACE:  # of another one it would be an extension that nobody knows
            open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(_name: str) -> None:
        open_elements.pop()

    def text(data: str) -> None:
        open_elements[-1].texts.append(data)

    def doctype(*_declared: object) -> NoReturn:
        raise ValueError("it has a document type declaration")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    parser.Parse(body, True)
    if not (top.children and top.children[0].name == "problem"):
        raise ValueError(f"its root is not problem of the namespace {NAMESPACE}")
    return top.children[0].members()


_READERS: Mapping[str, Callable[[bytes | str], object]] = {
    JSON: _json,
    XML: _xml,
    "application/json": _plain_json,
    "application/xml": _xml,
    "text/xml": _xml,
}


# Which class it is.


def _class_of(cls: type[ProblemT], uri: str, status: int | None, url: str, type_uri: str | None) -> type[ProblemT]:
    """Find the class of a type URI; of several the one that was derived or defined last."""
    candidates = [cls, *cast(Iterable[type[ProblemT]], subclasses(cls))]
    if uri == ABOUT_BLANK:
        # Such a document says no more than its status, which is enough for whoever asks for a class without a type.
        unnamed = cls is Problem or (_uri_of(cls, type_uri) is None and declared(cls).status == status)
        found = [cls] if unnamed else []
    else:
        wanted = _resolved(url, uri)
        found = [one for one in candidates if (own := _uri_of(one, type_uri)) and _resolved(url, own) == wanted]
        if not found and cls is Problem:
            found = [cls]
    if found:
        return found[-1]
    said = f"{cls.__name__} is {_uri_of(cls, type_uri) or ABOUT_BLANK}"
    hint = "" if type_uri else "; pass type_uri= if the service builds its types from ERROR_TYPE_URI"
    raise ValueError(f"the problem is of the type {uri}, but {said}{hint}")


def _uri_of(cls: type[Problem], type_uri: str | None) -> str | None:
    said = declared(cls)
    if said.type is not None or said.status is None or said.slug is None:
        return said.type
    return built_type(type_uri, said.status, said.slug)


def _resolved(url: str, uri: str) -> str:
    """Resolve a URI reference (RFC 9457 section 3.1.1); one that cannot be is compared as it is."""
    try:
        return urljoin(url, uri)
    except ValueError:
        return uri


# What a member's value is.

_IGNORED: Any = object()
"""Stands for a value of the wrong type."""


def _converted(annotation: Any, value: Any, from_text: bool) -> Any:
    """Convert a value to an annotation; `_IGNORED` if it has another type."""
    annotation = unwrapped(annotation)
    if is_union(annotation):
        return _one_of(get_args(annotation), value, from_text)
    if get_origin(annotation) is Literal:
        return _same(get_args(annotation), value, from_text)
    cls = NoneType if annotation is None else get_origin(annotation) or annotation
    if not isinstance(cls, type):
        return value
    if issubclass(cls, Enum):
        return _same(cls, value, from_text)
    if is_typeddict(cls) or issubclass(cls, abc.Mapping):
        return _mapping(cls, get_args(annotation), value, from_text)
    if cls in _ARRAYS:
        return _array(cls, get_args(annotation), value, from_text)
    convert = (_TEXTS if from_text and cls in _TEXTS else _VALUES).get(cls)
    if convert is None:
        return value
    try:
        return convert(value)
    except (ValueError, TypeError, ArithmeticError):
        return _IGNORED


def _one_of(annotations: tuple[Any, ...], value: Any, from_text: bool) -> Any:
    if from_text and value == "" and NoneType in annotations:
        return None
    found = (_converted(annotation, value, from_text) for annotation in annotations)
    return next((one for one in found if one is not _IGNORED), _IGNORED)


def _same(choices: Iterable[Any], value: Any, from_text: bool) -> Any:
    """Find the one of some values that is written like this."""
    for choice in choices:
        written: object = plain(choice)
        if from_text:
            written = _WORDS.get(written, str(written)) if isinstance(written, (bool, NoneType)) else str(written)
        if written == value and type(written) is type(value):
            return choice
    return _IGNORED


_WORDS: Mapping[bool | None, str] = {True: "true", False: "false", None: ""}


def _mapping(cls: type, arguments: tuple[Any, ...], value: Any, from_text: bool) -> Any:
    if from_text and value == "":
        return {}
    if not isinstance(value, dict):
        return _IGNORED
    members = cast(dict[str, Any], value)
    hints: Mapping[str, Any] = hints_of(cls) if is_typeddict(cls) else {}
    other: Any = arguments[1] if len(arguments) == 2 else Any
    found = {name: _converted(hints.get(name, other), one, from_text) for name, one in members.items()}
    return _IGNORED if any(one is _IGNORED for one in found.values()) else found


def _array(cls: type, arguments: tuple[Any, ...], value: Any, from_text: bool) -> Any:
    if from_text and value == "":
        value = []
    if not isinstance(value, list):
        return _IGNORED
    items: list[Any] = value
    annotations: Iterable[Any] = [arguments[0] if arguments else Any] * len(items)
    if cls is tuple and arguments and arguments[-1] is not Ellipsis:
        annotations = arguments
        if len(arguments) != len(items):
            return _IGNORED
    found = [_converted(one, item, from_text) for one, item in zip(annotations, items, strict=True)]
    try:
        return _IGNORED if any(item is _IGNORED for item in found) else _ARRAYS[cls](found)
    except TypeError:  # a set of what cannot be in one
        return _IGNORED


_ARRAYS: Mapping[type, Callable[[list[Any]], Any]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    abc.Sequence: list,
    abc.MutableSequence: list,
    abc.Set: frozenset,
    abc.MutableSet: set,
}


def _instance(*types: type) -> Callable[[Any], Any]:
    """Take a value as it is if it is of exactly one of these types: True is no number."""

    def convert(value: Any) -> Any:
        return value if type(value) in types else _IGNORED

    return convert


def _integer(value: Any) -> Any:
    if type(value) is float and value.is_integer():  # JSON Schema counts 1.0 among the integers, as JSON does
        return int(value)
    return value if type(value) is int else _IGNORED


def _from_str(convert: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda value: convert(value) if type(value) is str else _IGNORED


def _decimal(value: Any) -> Any:
    return Decimal(str(value)) if type(value) in (str, int, float) else _IGNORED


def _seconds(value: Any) -> Any:
    return timedelta(seconds=value) if type(value) in (int, float) else _IGNORED


_VALUES: Mapping[type, Callable[[Any], Any]] = {
    NoneType: _instance(NoneType),
    bool: _instance(bool),
    int: _integer,
    float: _instance(float, int),
    str: _instance(str),
    Decimal: _decimal,
    UUID: _from_str(UUID),
    datetime: _from_str(datetime.fromisoformat),
    date: _from_str(date.fromisoformat),
    time: _from_str(time.fromisoformat),
    timedelta: _seconds,
}

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def _from_text(convert: Callable[[str], Any]) -> Callable[[Any], Any]:
    """Convert the text of a number, and nothing that only Python takes for one."""
    return lambda value: convert(value) if type(value) is str and _NUMBER.fullmatch(value.strip()) else _IGNORED


_TEXTS: Mapping[type, Callable[[Any], Any]] = {
    NoneType: lambda value: None if value == "" else _IGNORED,
    bool: lambda value: {"true": True, "false": False}.get(value, _IGNORED) if type(value) is str else _IGNORED,
    int: _from_text(int),
    float: _from_text(float),
    timedelta: _from_text(lambda text: timedelta(seconds=float(text))),
}
