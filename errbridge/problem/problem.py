"""The problem document of RFC 9457 as a Python exception: raise it in a view, or return it from a handler."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import Field
from inspect import CO_VARARGS, isfunction
from types import MappingProxyType, MemberDescriptorType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar

from errbridge.errors import suggest
from errbridge.http.headers import Headers, list_headers
from errbridge.http.response import AnyResponse
from errbridge.http.status import check_error_status, find_phrase
from errbridge.languages.language import Message, fill_in, is_usable
from errbridge.problem.fields import REQUIRED, Declaration, find_mismatches, read_annotations
from errbridge.problem.subclasses import subclasses
from errbridge.problem.type_uri import ABOUT_BLANK, make_slug

__all__ = ["LazyText", "Problem", "make_plain_text", "read_declaration", "restore_problem", "write_detail"]

_MEMBERS = frozenset({"type", "title", "status", "detail", "instance"})
_KEYWORDS = ("status", "title", "type", "slug")
_ARGUMENTS = ("instance", "template", "headers", "extensions")
_ATTRIBUTES = _MEMBERS | {"headers", "extensions"}
_OWN = frozenset({*dir(BaseException), "extensions", "template", "_own_type"})
_STATE = _ATTRIBUTES - {"type"} | {"template", "_own_type"}  # what the constructor makes
_ALIASES = {"code": "status", "name": "title", "description": "detail"}


def make_plain_text(value: object) -> str:
    """Turn a text of any kind into plain text: markup loses its tags, a lazy translation is resolved."""
    if isinstance(value, str) and type(value) in (str, Message):
        return value
    strip = getattr(value, "striptags", None)
    try:
        return str(strip() if callable(strip) else value)
    except Exception:  # no text is worth losing the error that it describes
        return type(value).__name__


class LazyText(Protocol):
    """A text that is translated when it is needed, or markup; both become plain text."""

    def __html__(self) -> str:
        """Return the text."""
        ...


if TYPE_CHECKING:
    from typing import Generic, Literal, Never, dataclass_transform

    ReadT_co = TypeVar("ReadT_co", covariant=True)
    GivenT_contra = TypeVar("GivenT_contra", contravariant=True)

    class _Member(Generic[ReadT_co, GivenT_contra]):
        """A member that may be given in more forms than it is read in."""

        def __get__(self, problem: object, cls: type[Any]) -> ReadT_co: ...
        def __set__(self, problem: object, value: GivenT_contra) -> None: ...

    def _positional(*, default: Any, kw_only: Literal[False] = False) -> Any: ...

    @dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(_positional,))
    class _Fielded(Exception):
        """Its subclasses have a constructor that takes their fields, for a type checker."""

    _UNSET: Any = None

    class _Members(_Fielded):
        status: _Member[int, int | None] = _positional(default=None, kw_only=False)
        detail: _Member[str | None, str | LazyText | None] = _positional(default=None, kw_only=False)
        title: _Member[str, str | LazyText | None] = _UNSET
        type: _Member[str, str | None] = _UNSET
        instance: _Member[str | None, str | None] = _UNSET
        template: _Member[str | None, str | None] = _UNSET
        headers: _Member[tuple[tuple[str, str], ...], Headers] = _UNSET

        def __init__(self, *args: object) -> None: ...

else:
    _Members = Exception


class Problem(_Members):
    """An HTTP error with every member of a problem document (RFC 9457).

    ``raise Problem(409, detail="Already sold", sku="a-1")`` in a view sends that document, or a page that shows it,
    depending on the scope and on the client's ``Accept``. A handler may return one, too.

    A subclass is a problem type. Its status, title and type are class keywords, its annotated fields are extension
    members, and its docstring documents the type::

        from decimal import Decimal
        from errbridge import Problem

        class OutOfCredit(Problem, status=403, title="You do not have enough credit"):
            balance: int
            cost: Decimal

        raise OutOfCredit(balance=30, cost=Decimal(50))

    A missing or unknown field is a TypeError. A value that is not of the annotated class is a RuntimeWarning, which a
    test run can turn into an error; in production the 403 stays a 403, with the value as it is.

    A class may have a detail for all of its problems, ``detail = "The balance is {balance}."``, with the fields in
    braces. Title and detail are then the messages to translate (see ``ERROR_LANGUAGES``).

    A constructor of the class's own may call ``super().__init__`` with anything that the arguments below say. Without
    that call, the problem is what its class says, and fields are the attributes of their names.

    You may assign to a member later. It takes what the constructor takes, and None is the default. Without a detail, a
    problem has none.

    Args:
        status: 400 to 599. Optional if the class has one.
        title: A short summary of the problem type; the status phrase by default.
        detail: What happened this time, as plain text.
        type: A URI reference that identifies the problem type; by default built from ``ERROR_TYPE_URI``, else
            ``about:blank``.
        instance: A URI reference that identifies this occurrence; the incident's ``urn:uuid:`` by default.
        template: The name of one of your templates, which shows the problem to people. The members of the problem are
            variables in it, besides ``error`` and ``incident``.
        headers: Response headers to add, for instance ``{"Retry-After": "30"}``.
        **extensions: Extension members (RFC 9457 section 3.2), any value; None becomes ``null``.

    Raises:
        ValueError: The status is not an integer from 400 to 599.
        TypeError: The status is missing, the fields are not those of the class, or the headers are not headers.
    """

    _status: ClassVar[int | None] = None
    _title: ClassVar[str | None] = None
    _uri: ClassVar[str | None] = None
    _slug: ClassVar[str | None] = None
    _computed: ClassVar[tuple[str, ...]] = ()  # members that the class keeps by a property that can be assigned
    _has_stock_detail = False  # the detail is the framework's sentence for every error of the status
    _has_default_detail = False  # the detail is the same for every such error: for programs, not for visitors
    _fields: ClassVar[Mapping[str, object]] = MappingProxyType({})

    def __init_subclass__(
        cls,
        *,
        status: int | None = None,
        title: str | None = None,
        type: str | None = None,
        slug: str | None = None,
        **kwargs: Never,  # those of another base; for a type checker there are none, so that it reports misspelt ones
    ) -> None:
        try:
            super().__init_subclass__(**kwargs)
        except TypeError as error:
            if "takes no keyword arguments" not in str(error):  # raised by another base
                raise
            unknown = f"{', '.join(kwargs)}= is no class keyword"
            close = "".join(suggest(name, _KEYWORDS) for name in kwargs)
            raise TypeError(f"{cls.__name__}: {unknown}; status=, title=, type= and slug= are{close}") from None
        if status is not None:
            cls._status = check_error_status(status)
        if title is not None:
            cls._title = title
        cls._computed = tuple(name for name in sorted(_MEMBERS) if getattr(getattr(cls, name, None), "fset", None))
        # A type belongs to one class: a subclass without its own does not pass for its parent. What a class has already
        # is that of the one which a decorator makes it again from, for slots.
        cls._uri = vars(cls).get("_uri") if type is None else type
        cls._slug = slug or vars(cls).get("_slug") or make_slug(cls.__name__)
        _check_class(cls)
        fields: dict[str, object] = {}
        for base in reversed(cls.__mro__[1:]):
            fields.update(base._fields if issubclass(base, Problem) else {})
        cls._fields = MappingProxyType(fields | _read_fields(cls))

    def __init__(
        self,
        /,
        status: int | None = None,
        detail: str | LazyText | None = None,
        *,
        title: str | LazyText | None = None,
        type: str | None = None,
        instance: str | None = None,
        template: str | None = None,
        headers: Headers = (),
        **extensions: Any,
    ) -> None:
        if status is None:
            status = self._default_status()
        try:
            status = check_error_status(status)
        except ValueError as error:
            if not self._fields:
                raise
            name = next(iter(self._fields))
            value = status if status.__class__ is int else "..."
            raise TypeError(f"{self.__class__.__name__} takes its fields by name, {name}={value}; {error}") from None
        self.extensions: Mapping[str, Any]
        self._own_type: str | None
        if TYPE_CHECKING:
            self.detail = detail  # so that pyright lets a class have one as well
        values = self.__dict__  # not by __setattr__, which would check everything once more
        values["status"] = status
        values["title"] = (title is not None and make_plain_text(title)) or self._default_title(status)
        values["detail"] = detail if detail is None else make_plain_text(detail)
        values["instance"] = instance if instance is None else make_plain_text(instance)
        values["headers"] = list_headers(headers)
        values["template"] = template
        own_type = type if type is not None else self._uri
        values["_own_type"] = own_type if own_type is None else make_plain_text(own_type)
        if self._fields:
            extensions = self._complete_fields(extensions)
        values["extensions"] = MappingProxyType(extensions)
        declared = getattr(self.__class__, "detail", None) if detail is None else None
        if declared is not None and not hasattr(declared, "__get__"):  # a property is no text
            values["_detail_template"] = make_plain_text(declared)
            values["detail"] = write_detail(self, str)
        for name in self._computed:  # the class takes them by a property of its own
            setattr(self, name, values[name])
        super().__init__(status, self.title, self.detail)

    def _catch_up(self) -> None:
        """Do what the constructor of a subclass left out, as that of a dataclass does."""
        own = dict(self.__dict__)
        fields: dict[str, Any] = {name: getattr(self, name, None) for name in self._fields}
        Problem.__init__(self, own.get("status") or self._status or 500, own.get("detail"), **fields)
        self.__dict__.update(own)

    def _default_status(self) -> int:
        if self._status is None:
            name = self.__class__.__name__
            raise TypeError(
                f"{name} needs a status: {name}(409, detail=...), or give the class one: "
                f"class {name}(Problem, status=409)"
            )
        return self._status

    def _default_title(self, status: int) -> str:
        return make_plain_text(self._title or find_phrase(status))

    def _complete_fields(self, given: dict[str, Any]) -> dict[str, Any]:
        wrong = [f"{name} is missing" for name, it in self._fields.items() if it is REQUIRED and name not in given]
        wrong += [f"{name} is not a field{suggest(name, self._fields)}" for name in given if name not in self._fields]
        if wrong:
            fields = ", ".join(self._fields)
            raise TypeError(f"{self.__class__.__name__} has the fields {fields}; {', '.join(wrong)}")
        for mismatch in find_mismatches(self.__class__, given):
            warnings.warn(f"{self.__class__.__name__}.{mismatch}", RuntimeWarning, stacklevel=3)
        values = {name: given.get(name, default) for name, default in self._fields.items()}
        self.__dict__.update(values)
        return values

    def _check_extensions(self, /, **given: Any) -> dict[str, Any]:
        if taken := sorted(_MEMBERS & given.keys()):
            raise TypeError(f"{', '.join(taken)} cannot be an extension member: assign to problem.{taken[0]}")
        return self._complete_fields(given) if self._fields else given

    if not TYPE_CHECKING:

        @property
        def type(self) -> str:
            """The URI reference that identifies the problem type."""
            return self._own_type or ABOUT_BLANK

    @property
    def slug(self) -> str:
        """The problem type in kebab-case, from the class keyword, else the class, else the status phrase."""
        return self._slug or make_slug(find_phrase(self.status))

    def document(self) -> dict[str, Any]:
        """List the members in the order of RFC 9457; ``detail`` and ``instance`` only if there are any.

        The framework's default text for a status is not a ``detail``, because a document is for programs.

        Example:
            >>> Problem(409, detail="Already sold", sku="a-1").document()
            {'type': 'about:blank', 'title': 'Conflict', 'status': 409, 'detail': 'Already sold', 'sku': 'a-1'}

        Returns:
            The members by name, extensions last (RFC 9457 section 3).
        """
        members: Any = {"type": self.type, "title": self.title, "status": self.status}
        if (detail := self.detail) is not None and not self._has_stock_detail:
            members["detail"] = detail
        if (instance := self.instance) is not None:
            members["instance"] = instance
        document: dict[str, Any] = members | self.extensions  # in half the time of an update from a view
        return document

    def fill_in(
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
            headers: Replace the problem's; None keeps those.
            extensions: Added, except for names that the problem has itself.

        Returns:
            The copy, of the same class.
        """
        own_type = self._own_type or type
        copy = self.__class__.__new__(self.__class__)
        object.__setattr__(copy, "args", self.args)  # not by that of the class, which checks members
        values = copy.__dict__
        values.update(self.__dict__)
        values["_own_type"] = own_type
        if self.instance is None:
            values["instance"] = instance
        if headers is not None:
            values["headers"] = headers
        if extensions:
            values["extensions"] = MappingProxyType({**extensions, **self.extensions})
        return copy

    @classmethod
    def from_response(
        cls, response: AnyResponse, *, body: bytes | str | None = None, type_uri: str | None = None
    ) -> Self:
        """Read the problem in another service's response.

        ``Problem.from_response(response)`` returns an object of the problem class with the document's ``type``, if
        there is one, else a `Problem`. Members that are not fields are in ``extensions``. A member with a value of the
        wrong type is ignored (RFC 9457 section 3.1), so the problem lacks that attribute.

        Args:
            response: From httpx, requests, or a test client of Flask or Quart; or ``(status, headers, body)``.
            body: Its content, if you have to await that: ``body=await response.get_data()``.
            type_uri: ``ERROR_TYPE_URI`` of the service, for classes without a ``type=`` of their own.

        Returns:
            The problem. Its class is the one with its ``type``, this one or one derived from it. Only `Problem` itself
            takes a type without a class.

        Raises:
            ValueError: The response is not a problem document, or the problem is not of this class.
            TypeError: It is not a response, or its body has to be awaited.
        """
        from errbridge.problem.reading import read_problem  # loaded by those who call other services

        declarations = [read_declaration(each) for each in (cls, *subclasses(cls))]
        declaration, members = read_problem(response, declarations, body=body, type_uri=type_uri)
        found: type[Self] = declaration.cls
        return restore_problem(found, members)

    def __str__(self) -> str:
        return f"{self.status} {self.title}" if self.detail is None else f"{self.status} {self.title}: {self.detail}"

    def __repr__(self) -> str:
        return f"<{self.__class__.__name__} {self}>"

    def __reduce__(self) -> tuple[Any, ...]:
        extensions = dict(self.extensions)
        return _restore, (self.__class__, {**self.__dict__, "extensions": extensions})

    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None:
            """Take a member in every form in which the constructor takes it."""
            values = self.__dict__
            if name == "status":
                value = check_error_status(self._default_status() if value is None else value)
                if name in values and values.get("title") == find_phrase(values[name]):
                    values["title"] = find_phrase(value)
            elif name == "title":
                value = (value is not None and make_plain_text(value)) or self._default_title(self.status)
            elif name == "headers":
                value = list_headers(value)
            elif name == "extensions":
                value = values[name] = MappingProxyType(self._check_extensions(**(value or {})))
            elif name == "type":
                own_type = self._uri if value is None else value
                name, value = "_own_type", own_type if own_type is None else make_plain_text(own_type)
            elif name in ("detail", "instance") and value is not None:
                value = make_plain_text(value)
            elif name not in _OWN and name in values.get("extensions", ()):
                values["extensions"] = MappingProxyType({**values["extensions"], name: value})
            if "_detail_template" in values and (name == "extensions" or name in self._fields):
                values["detail"] = write_detail(self, str)
            if name == "detail":
                for kept in ("_detail_template", "_has_stock_detail", "_has_default_detail"):  # of the one before
                    values.pop(kept, None)
            super().__setattr__(name, value)

        def __getattr__(self, name: str) -> Any:
            """Read extension members, and the names that Werkzeug's exceptions and older templates use."""
            extensions = self.__dict__.get("extensions", ())
            if name in extensions:
                return extensions[name]
            if name in _STATE and _STATE.difference(self.__dict__, self._computed):
                self._catch_up()
                return getattr(self, name)
            if name in _ALIASES:
                return getattr(self, _ALIASES[name])
            raise AttributeError(f"{self.__class__.__name__!r} object has no attribute {name!r}")


ProblemT = TypeVar("ProblemT", bound=Problem)


def write_detail(problem: Problem, translate: Callable[[str], str]) -> str:
    """Write the detail that a class has for all of its problems, translated and with the fields filled in."""
    from errbridge.problem.values import to_json_value  # for the few types with such a detail

    values = {name: to_json_value(value) for name, value in problem.extensions.items()}
    template = str(vars(problem)["_detail_template"])
    translation = translate(template)
    return fill_in(translation if is_usable(translation, template) else template, values)


def read_declaration(cls: type[Problem]) -> Declaration:
    """Return what a problem class declares about all of its problems."""
    return Declaration(cls, cls._status, cls._title, cls._uri, cls._slug, cls._fields)  # pyright: ignore[reportPrivateUsage]


def restore_problem(cls: type[ProblemT], members: Mapping[str, Any]) -> ProblemT:
    """Make a problem of a class from the members of its document; all except ``status`` may be missing."""
    declared = read_declaration(cls)
    defaults = {name: default for name, default in declared.fields.items() if default is not REQUIRED}
    extensions = {**defaults, **{name: value for name, value in members.items() if name not in _MEMBERS}}
    state = {
        **{name: value for name, value in extensions.items() if name in declared.fields},
        "status": members["status"],
        "title": make_plain_text(members.get("title", declared.title or find_phrase(members["status"]))),
        "detail": members.get("detail"),
        "instance": members.get("instance"),
        "template": None,
        "headers": (),
        "_own_type": members.get("type", declared.uri),
        "extensions": extensions,
    }
    return _restore(cls, state)


def _restore(cls: type[ProblemT], state: Mapping[str, Any]) -> ProblemT:
    problem = cls.__new__(cls)
    problem.__dict__.update(state)
    problem.__dict__["extensions"] = MappingProxyType(state["extensions"])
    problem.args = (problem.status, problem.title, problem.detail)
    return problem


def _check_class(cls: type[Problem]) -> None:
    """Refuse a class whose body or bases promise what its problems would not keep."""
    name = cls.__name__
    for each in (*_KEYWORDS, *_ARGUMENTS):
        if each not in vars(cls) or hasattr(vars(cls)[each], "__get__"):
            continue
        argument = "**members" if each == "extensions" else f"{each}=..."
        advice = f"class {name}(Problem, {argument})" if each in _KEYWORDS else f"super().__init__({argument})"
        raise TypeError(f"{name}.{each} in the body of the class does nothing; write {advice}")
    following = cls.__mro__[cls.__mro__.index(Problem) + 1 :]
    base = next(each for each in following if "__init__" in vars(each))
    init: Any = vars(base)["__init__"]
    if isfunction(init) and not init.__code__.co_flags & CO_VARARGS:
        raise TypeError(
            f"{name} cannot have the base {base.__qualname__}, whose __init__ takes no *args. A problem is an HTTP "
            "error already, so leave out other HTTP errors; put another base before Problem, or let it take *args"
        )


def _read_fields(cls: type[Problem]) -> dict[str, object]:
    """Return the fields that a class body annotates, and their defaults."""
    fields = {
        name: REQUIRED if isinstance(default := vars(cls).get(name, REQUIRED), MemberDescriptorType) else default
        for name, annotation in read_annotations(cls).items()
        if not _is_class_variable(annotation)
    }
    for name, default in fields.items():
        if name.startswith("_") or hasattr(Problem, name) or name in _ATTRIBUTES:
            raise TypeError(
                f"{cls.__name__}.{name} cannot be an extension member: the name has a meaning of its own in every "
                "problem; choose another"
            )
        if isinstance(default, Field) or default.__class__.__hash__ is None:
            raise TypeError(
                f"{cls.__name__}.{name} has a default that all problems would share; leave it out and pass a value"
            )
    return fields


def _is_class_variable(annotation: object) -> bool:
    text = annotation if isinstance(annotation, str) else repr(annotation)
    return text.partition("[")[0].rpartition(".")[2].strip() == "ClassVar"  # of typing, or of what it is called
