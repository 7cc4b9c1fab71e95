"""The problem document of RFC 9457 as a Python exception: raise it in a view, or return it from a handler."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import Field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeVar

from errbridge.http.headers import Headers, list_headers
from errbridge.http.status import check_error_status, find_phrase
from errbridge.problem.fields import misfits, own_annotations

__all__ = [
    "ABOUT_BLANK",
    "Declaration",
    "Problem",
    "built_type",
    "declared",
    "kebab",
    "plain_text",
    "revived",
]

ABOUT_BLANK = "about:blank"
"""The type of a problem that says no more than its status (RFC 9457 section 4.2.1)."""

_MEMBERS = frozenset({"type", "title", "status", "detail", "instance"})
_ALIASES = {"code": "status", "name": "title", "description": "detail"}
_REQUIRED = object()


@lru_cache(maxsize=1024)
def kebab(name: str) -> str:
    """Write a class name or a phrase in kebab-case: ``OutOfCredit`` and ``Out of credit`` as ``out-of-credit``."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name.replace("'", ""))
    return "-".join(word.lower() for word in words)


def built_type(type_uri: str | None, status: int, slug: str) -> str | None:
    """Build the ``type`` of a problem from ``ERROR_TYPE_URI``; None where there is no such setting."""
    if type_uri is None:
        return None
    # Substituted by name: str.format would let a template reach into the objects it is given.
    return type_uri.replace("{status}", str(status)).replace("{slug}", slug)


def plain_text(value: object) -> str:
    """Turn what somebody gave as a text into plain text: markup loses its tags, a lazy translation is resolved."""
    if type(value) is str:
        return value
    strip = getattr(value, "striptags", None)
    try:
        return str(strip() if callable(strip) else value)
    except Exception:  # nothing about a text is worth losing the error that it describes
        return type(value).__name__


class Problem(Exception):
    """An HTTP error with everything that RFC 9457 lets a problem document say.

    ``raise Problem(409, detail="Already sold", sku="a-1")`` in a view answers with that document, or with a page that
    shows it, whichever the scope and the client ask for. A handler may return one just as well.

    A subclass makes a named problem type. Its status, title and type are class keywords, its annotated fields are
    extension members, its docstring documents the type::

        from decimal import Decimal
        from errbridge import Problem

        class OutOfCredit(Problem, status=403, title="You do not have enough credit"):
            balance: int
            cost: Decimal

        raise OutOfCredit(balance=30, cost=Decimal(50))

    Fields are checked: one that is missing or unknown is a TypeError. A value that is not of the annotated class is a
    RuntimeWarning, which a test run can make an error of; in production the 403 stays a 403, with the value as it is.

    Args:
        status: 400 to 599. Optional where the class has one.
        title: A short summary of the problem type; the status phrase by default.
        detail: What happened this time, as plain text.
        type: A URI reference that identifies the problem type; by default what ``ERROR_TYPE_URI`` makes, else
            ``about:blank``.
        instance: A URI reference that identifies this occurrence; the incident's ``urn:uuid:`` by default.
        headers: Response headers to add, for instance ``{"Retry-After": "30"}``.
        **extensions: Extension members (RFC 9457 section 3.2), any value; None becomes ``null``.

    Raises:
        ValueError: The status is not one of an error.
        TypeError: The status is missing, the fields are not those of the class, or the headers are none.
    """

    _status: ClassVar[int | None] = None
    _title: ClassVar[str | None] = None
    _class_type: ClassVar[str | None] = None
    _slug: ClassVar[str | None] = None
    _fields: ClassVar[Mapping[str, object]] = MappingProxyType({})

    status: int
    title: str
    detail: str | None
    instance: str | None
    headers: tuple[tuple[str, str], ...]
    extensions: Mapping[str, Any]

    def __init_subclass__(
        cls,
        *,
        status: int | None = None,
        title: str | None = None,
        type: str | None = None,
        slug: str | None = None,
        **kwargs: Any,
    ) -> None:
        try:
            super().__init_subclass__(**kwargs)
        except TypeError as error:
            if "takes no keyword arguments" not in str(error):  # another base has something to say
                raise
            unknown = f"{', '.join(kwargs)}= is no class keyword"
            raise TypeError(f"{cls.__name__}: {unknown}; status=, title=, type= and slug= are") from None
        if status is not None:
            cls._status = check_error_status(status)
        if title is not None:
            cls._title = title
        # A type belongs to one class: a subclass without its own does not pass for its parent.
        cls._class_type = type
        cls._slug = slug or kebab(cls.__name__)
        own = {name: cls.__dict__.get(name, _REQUIRED) for name in _annotated(cls)}
        for name, default in own.items():
            if name in _MEMBERS or name.startswith("_") or hasattr(Problem, name) or name in Problem.__annotations__:
                raise TypeError(
                    f"{cls.__name__}.{name} cannot be an extension member: the name has a meaning of its own in every "
                    "problem; choose another"
                )
            if isinstance(default, Field) or default.__class__.__hash__ is None:
                raise TypeError(
                    f"{cls.__name__}.{name} has a default that all problems would share; leave it out and pass a value"
                )
        fields: dict[str, object] = {}
        for base in reversed(cls.__mro__[1:]):
            fields.update(base._fields if issubclass(base, Problem) else {})
        cls._fields = MappingProxyType(fields | own)

    def __init__(
        self,
        status: int | None = None,
        detail: str | None = None,
        *,
        title: str | None = None,
        type: str | None = None,
        instance: str | None = None,
        headers: Headers = (),
        **extensions: Any,
    ) -> None:
        if status is None:
            status = self._status
            if status is None:
                raise TypeError(
                    f"{self.__class__.__name__} needs a status: {self.__class__.__name__}(409, detail=...), or give "
                    f"the class one: class {self.__class__.__name__}(Problem, status=409)"
                )
        self.status = check_error_status(status)
        self.title = plain_text(title if title is not None else self._title or find_phrase(self.status))
        self.detail = detail if detail is None else plain_text(detail)
        self.instance = instance if instance is None else plain_text(instance)
        self.headers = list_headers(headers)
        given_type = type if type is not None else self._class_type
        self._given_type = given_type if given_type is None else plain_text(given_type)
        if self._fields:
            extensions = self._checked(extensions)
        self.extensions = MappingProxyType(extensions)
        super().__init__(self.status, self.title, self.detail)

    def _checked(self, given: dict[str, Any]) -> dict[str, Any]:
        unknown = [name for name in given if name not in self._fields]
        missing = [name for name, default in self._fields.items() if default is _REQUIRED and name not in given]
        if unknown or missing:
            said = [f"{name} is missing" for name in missing] + [f"{name} is not a field" for name in unknown]
            raise TypeError(f"{self.__class__.__name__} has the fields {', '.join(self._fields)}; {', '.join(said)}")
        values = {name: given.get(name, default) for name, default in self._fields.items()}
        for misfit in misfits(self.__class__, given):
            warnings.warn(f"{self.__class__.__name__}.{misfit}", RuntimeWarning, stacklevel=3)
        self.__dict__.update(values)
        return values

    @classmethod
    def _declared(cls) -> Declaration:
        fields = {name: default is _REQUIRED for name, default in cls._fields.items()}
        return Declaration(cls._status, cls._title, cls._class_type, cls._slug, fields)

    @property
    def type(self) -> str:
        """The URI reference that identifies the problem type."""
        return self._given_type or ABOUT_BLANK

    @property
    def slug(self) -> str:
        """The problem type in kebab-case, from the class keyword, else the class, else the status phrase."""
        return self._slug or kebab(find_phrase(self.status))

    def document(self) -> dict[str, Any]:
        """List the members in the order of RFC 9457; ``detail`` and ``instance`` only where there are any.

        Example:
            >>> Problem(409, detail="Already sold", sku="a-1").document()
            {'type': 'about:blank', 'title': 'Conflict', 'status': 409, 'detail': 'Already sold', 'sku': 'a-1'}

        Returns:
            The members by name, extensions last (RFC 9457 section 3).
        """
        members: dict[str, Any] = {"type": self.type, "title": self.title, "status": self.status}
        if self.detail is not None:
            members["detail"] = self.detail
        if self.instance is not None:
            members["instance"] = self.instance
        members.update(self.extensions)
        return members

    def completed(
        self,
        *,
        type: str | None = None,
        instance: str | None = None,
        headers: tuple[tuple[str, str], ...] | None = None,
        extensions: Mapping[str, Any] = MappingProxyType({}),
    ) -> Problem:
        """Copy the problem and fill in what its author left open; the problem itself stays as it is.

        Args:
            type: Used unless the problem has a type.
            instance: Used unless the problem has one.
            headers: Take the place of the problem's; None keeps those.
            extensions: Added, except where the problem has a member of that name.

        Returns:
            The copy, of the same class.
        """
        copy = self.__class__.__new__(self.__class__)
        copy.__dict__.update(self.__dict__)
        copy.args = self.args
        copy._given_type = self._given_type or type
        copy.instance = self.instance if self.instance is not None else instance
        copy.headers = self.headers if headers is None else headers
        if extensions:
            copy.extensions = MappingProxyType({**extensions, **self.extensions})
        return copy

    @classmethod
    def from_response(cls, response: Any, *, body: bytes | str | None = None, type_uri: str | None = None) -> Self:
        """Read the problem that another service answered with, in JSON or XML.

        ``Problem.from_response(response)`` gives an object of the problem class whose ``type`` it is, if there is one,
        else a `Problem`; members without a meaning of their own are in ``extensions``. A member with a value of the
        wrong type is ignored (RFC 9457 section 3.1): the problem that was read has no such attribute.

        Args:
            response: Of httpx, requests, or a test client of Flask or Quart; or ``(status, headers, body)``.
            body: Its content, where that has to be awaited: ``body=await response.get_data()``.
            type_uri: ``ERROR_TYPE_URI`` of the service, for classes without a ``type=`` of their own.

        Returns:
            The problem, of the class whose ``type`` it has: this one, or one derived from it. Only `Problem` itself
            takes a type that no class has.

        Raises:
            ValueError: The response is no problem document, or the problem is not of this class.
            TypeError: It is no response, or its body has to be awaited.
        """
        from errbridge.problem.reading import read_problem

        return read_problem(cls, response, body=body, type_uri=type_uri)

    def __str__(self) -> str:
        return f"{self.status} {self.title}" if self.detail is None else f"{self.status} {self.title}: {self.detail}"

    def __repr__(self) -> str:
        return f"<{self.__class__.__name__} {self}>"

    def __reduce__(self) -> tuple[Any, ...]:
        state = {**self.__dict__, "extensions": dict(self.extensions)}
        return _restored, (self.__class__, state)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Read extension members, and the names that Werkzeug's exceptions and older templates use."""
            try:
                return self.__dict__["extensions"][name]
            except KeyError:
                if name in _ALIASES:
                    return getattr(self, _ALIASES[name])
                raise AttributeError(f"{self.__class__.__name__!r} object has no attribute {name!r}") from None


class Declaration(NamedTuple):
    """What a problem class says of all of its problems.

    Attributes:
        status: None of a class that is only the base of others.
        title: The class keyword, its own or inherited.
        type: The class keyword of the class itself.
        slug: The class keyword, else the name of the class; None of `Problem`.
        fields: Its extension members, and whether they have to be given.
    """

    status: int | None
    title: str | None
    type: str | None
    slug: str | None
    fields: Mapping[str, bool]


def declared(cls: type[Problem]) -> Declaration:
    """Read what a problem class says of all of its problems."""
    return cls._declared()  # pyright: ignore[reportPrivateUsage]


ProblemT = TypeVar("ProblemT", bound=Problem)


def revived(
    cls: type[ProblemT],
    status: int,
    *,
    title: str,
    detail: str | None,
    type: str | None,
    instance: str | None,
    extensions: Mapping[str, Any],
) -> ProblemT:
    """Make a problem of what its document says, which need not be all that the class insists on.

    Args:
        cls: Its class.
        status: Likewise, and so on: the members.
        title: Of the document.
        detail: Of the document.
        type: Of the document.
        instance: Of the document.
        extensions: The other members, whatever their names; fields with a default may be left out.
    """
    fields = cls._fields  # pyright: ignore[reportPrivateUsage]
    present = {name: extensions.get(name, fields[name]) for name in fields}
    present = {name: value for name, value in present.items() if value is not _REQUIRED}
    state = {
        **present,
        "status": status,
        "title": title,
        "detail": detail,
        "instance": instance,
        "headers": (),
        "_given_type": type,
        "extensions": {**present, **extensions},
    }
    return _restored(cls, state)


def _restored(cls: type[ProblemT], state: dict[str, Any]) -> ProblemT:
    problem = cls.__new__(cls)
    problem.__dict__.update(state)
    problem.extensions = MappingProxyType(state["extensions"])
    problem.args = (problem.status, problem.title, problem.detail)
    return problem


def _annotated(cls: type) -> list[str]:
    """Name the fields that a class body annotates itself, without evaluating the annotations."""
    return [name for name, annotation in own_annotations(cls).items() if not _is_class_variable(annotation)]


def _is_class_variable(annotation: object) -> bool:
    text = annotation if isinstance(annotation, str) else repr(annotation)
    return text.removeprefix("typing.").startswith("ClassVar")
