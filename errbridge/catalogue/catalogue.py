"""The catalogue: every named problem type of a service, with its URI, its documentation and its schema.

A subclass of `Problem` that has a status is a type. Nothing registers it: the catalogue asks Python for the subclasses
that exist, so a module with problem types has to be imported before the catalogue is made. A class without a status is
a base of others and no type::

    from errbridge.catalogue import Catalogue

    catalogue = Catalogue.of(problems, type_uri="https://example.com/problems/{slug}")  # a module
    for problem_type in catalogue:
        print(problem_type.uri, problem_type.status, problem_type.title)

The URI is the identity of a type (RFC 9457 section 3.1.1). It is the class keyword ``type``, else built from
``ERROR_TYPE_URI`` and the slug. The slug is the class keyword ``slug``, which stays whatever becomes of the class;
without it, it follows the name of the class, and `ProblemType.pinned` is False.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

from errbridge.catalogue.schema import Schema, schema_of
from errbridge.errors import SetupError
from errbridge.http.accept import JSON, XML
from errbridge.http.status import find_phrase
from errbridge.problem.fields import hints_of
from errbridge.problem.problem import ABOUT_BLANK, Problem, built_type, declared, kebab, plain_text
from errbridge.problem.subclasses import subclasses
from errbridge.problem.xml_names import NAMESPACE

__all__ = ["DIALECT", "Catalogue", "Field", "ProblemType", "types_of"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The version of JSON Schema in which everything is written here."""

_STATUSES = range(400, 600)
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*")


class Field(NamedTuple):
    """An extension member of a problem type.

    Attributes:
        name: Of the member.
        annotation: As the class has it, resolved; ``Any`` where that is not possible.
        schema: The JSON Schema of its values.
        required: Whether it has to be given when a problem is made. In the document it always is.
        default: What it is where it was not given; None of a required one.
    """

    name: str
    annotation: Any
    schema: Schema
    required: bool
    default: Any = None


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A problem type.

    Attributes:
        cls: Its class; `Problem` itself for a problem that is no more than its status.
        uri: What ``type`` says in its documents; ``about:blank`` where nothing gives it one.
        slug: In kebab-case, unique in a catalogue.
        status: None only for the statuses without a name, which share a type.
        title: As the class has it, else the phrase of the status.
        documentation: The docstring of the class itself, as paragraphs; empty if it has none.
        fields: Its extension members.
        pinned: Whether renaming the class leaves the URI as it is.
    """

    cls: type[Problem]
    uri: str
    slug: str
    status: int | None
    title: str
    documentation: str = ""
    fields: tuple[Field, ...] = ()
    pinned: bool = True

    @classmethod
    def of(cls, problem_class: type[Problem], type_uri: str | None = None) -> ProblemType:
        """Describe a class.

        Args:
            problem_class: With a status.
            type_uri: ``ERROR_TYPE_URI``.

        Returns:
            What there is to say of it.

        Raises:
            SetupError: It is no problem class, or has no status.
        """
        given: object = problem_class
        if not (isinstance(given, type) and issubclass(given, Problem)):
            raise SetupError(f"a catalogue is made of subclasses of Problem, not {given!r}")
        said = declared(problem_class)
        if said.status is None:
            raise SetupError(
                f"{_name(problem_class)} has no status and is no problem type; give it one: "
                f"class {problem_class.__name__}(Problem, status=409)"
            )
        slug = said.slug or kebab(find_phrase(said.status))
        if not _SLUG.fullmatch(slug):
            raise SetupError(
                f"{_name(problem_class)} has the slug {slug!r}; it stands in URIs and is made of letters, digits and "
                "any of - . _ ~"
            )
        hints = hints_of(problem_class)
        return cls(
            problem_class,
            (said.type and plain_text(said.type)) or built_type(type_uri, said.status, slug) or ABOUT_BLANK,
            slug,
            said.status,
            plain_text(said.title) if said.title is not None else find_phrase(said.status),
            inspect.cleandoc(problem_class.__dict__.get("__doc__") or ""),
            tuple(
                Field(
                    name,
                    hints.get(name, Any),
                    schema_of(hints.get(name, Any)),
                    required,
                    None if required else inspect.getattr_static(problem_class, name),
                )
                for name, required in said.fields.items()
            ),
            pinned=said.type is not None or slug != kebab(problem_class.__name__),
        )

    @property
    def name(self) -> str:
        """The slug as the name of a component, such as ``OutOfCredit``."""
        return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", self.slug))

    def schema(self) -> Schema:
        """Give the JSON Schema (2020-12) of the type's documents: the members of RFC 9457, then the fields.

        Members that it does not mention are allowed, as RFC 9457 section 3.2 wants it.

        Returns:
            The schema, complete in itself.
        """
        status: Schema = {"const": self.status}
        if self.status is None:
            lowest = 400 if self.slug == kebab(find_phrase(499)) else 500
            status = {"minimum": lowest, "maximum": lowest + 99}
        schema: Schema = {
            "title": self.title,
            "description": self.documentation,
            "type": "object",
            "properties": {
                "type": {"type": "string", "format": "uri-reference", "const": self.uri},
                "title": {"type": "string", "examples": [self.title]},
                "status": {"type": "integer", **status},
                "detail": {"type": "string"},
                "instance": {"type": "string", "format": "uri-reference"},
                **{field.name: field.schema for field in self.fields},
            },
            "required": ["type", "title", "status", *(field.name for field in self.fields)],
        }
        if not self.documentation:
            del schema["description"]
        return schema


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The problem types of a service, by slug; make one with `Catalogue.of`.

    It does not change. What is defined or imported later is in the next one.

    Args:
        types: The problem types.
        type_uri: ``ERROR_TYPE_URI``, of which the URIs are built that no class gives.

    Raises:
        SetupError: Two types have one URI, or one slug.
    """

    types: tuple[ProblemType, ...]
    type_uri: str | None = None
    _by_uri: dict[str, ProblemType] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_uri: dict[str, ProblemType] = {}
        by_name: dict[str, ProblemType] = {}
        plain = {
            built_type(self.type_uri, status, kebab(find_phrase(status))): status for status in reversed(_STATUSES)
        }
        for each in self.types:
            if (known := by_name.setdefault(each.name, each)) is not each:
                both = {known.slug, each.slug}
                raise _conflict(known, each, f"the slug{'s' * (len(both) - 1)} {' and '.join(sorted(both))}")
            if each.uri == ABOUT_BLANK:
                continue
            if (known := by_uri.setdefault(each.uri, each)) is not each:
                raise _conflict(known, each, f"the type {each.uri}")
            if (status := plain.get(each.uri)) is not None and (each.fields or each.status != status):
                raise SetupError(
                    f"{_name(each.cls)} has the type of every plain Problem({status}), {each.uri}, but another status "
                    f"or more members; give it a slug of its own: class {each.cls.__name__}(Problem, slug=...)"
                )
        object.__setattr__(self, "_by_uri", by_uri)

    @classmethod
    def of(
        cls, types: Iterable[type[Problem] | ModuleType] | ModuleType | None = None, *, type_uri: str | None = None
    ) -> Catalogue:
        """Collect problem types.

        Args:
            types: Classes and modules; of a module, or a package, all types that are defined in it. By default every
                type of the process.
            type_uri: ``ERROR_TYPE_URI`` of the application, for instance ``"https://example.com/problems/{slug}"``.

        Returns:
            The types, sorted by their slugs.

        Raises:
            SetupError: Two types have one URI or one slug, or something given is neither a problem type nor a module.
        """
        found = (ProblemType.of(each, type_uri) for each in types_of(types))
        return cls(tuple(sorted(found, key=lambda each: (each.slug, each.uri, _name(each.cls)))), type_uri)

    def __iter__(self) -> Iterator[ProblemType]:
        return iter(self.types)

    def __len__(self) -> int:
        return len(self.types)

    def get(self, uri: str) -> ProblemType | None:
        """Look a type up by its URI.

        Args:
            uri: Compared as it is. ``about:blank`` is nobody's (RFC 9457 section 4.2.1).

        Returns:
            The type, or None.
        """
        return None if uri == ABOUT_BLANK else self._by_uri.get(uri)

    def find(self, slug: str) -> ProblemType | None:
        """Look a type up by its slug.

        Args:
            slug: Of a type, or of a status: ``not-found`` is the type of a plain 404.

        Returns:
            The type, or None.
        """
        for each in self.types:
            if each.slug == slug:
                return each
        return _of_status(slug, self.type_uri)

    def schema(self) -> Schema:
        """Give one JSON Schema (2020-12) for the documents of all types.

        Returns:
            The schema, with that of each type under ``$defs``.
        """
        schema: Schema = {"$schema": DIALECT, "title": "Problem types"}
        if self.types:
            schema["anyOf"] = [{"$ref": f"#/$defs/{each.name}"} for each in self.types]
        return schema | {"$defs": {each.name: each.schema() for each in self.types}}

    def openapi(self) -> dict[str, Any]:
        """Give an OpenAPI 3.1 document that consists of components.

        Each type has a schema and a response of its name. Refer to the file, or merge ``["components"]`` into the
        document of the service.

        Returns:
            The document, ready for ``json.dumps``.
        """
        return {
            "openapi": "3.1.0",
            "info": {"title": "Problem types", "version": "1"},
            "components": {
                "schemas": {
                    each.name: _with_xml(each.schema()) | {"xml": {"name": "problem", "namespace": NAMESPACE}}
                    for each in self.types
                },
                "responses": {each.name: _response(each) for each in self.types},
            },
        }


def _response(problem_type: ProblemType) -> dict[str, Any]:
    content = {"schema": {"$ref": f"#/components/schemas/{problem_type.name}"}}
    return {"description": problem_type.title, "content": {JSON: content, XML: content}}


def _with_xml(schema: Schema) -> Schema:
    """Say of arrays how they are written in XML: RFC 9457 appendix B, as the OpenAPI keyword ``xml`` has it."""
    said = {key: _with_xml_inside(key, value) for key, value in schema.items()}
    if said.get("type") == "array" and "prefixItems" not in said:
        said["xml"] = {"wrapped": True}
        said["items"] = said.get("items", {}) | {"xml": {"name": "i"}}
    return said


def _with_xml_inside(key: str, value: Any) -> Any:
    match key, value:
        case "properties", dict():
            return {name: _with_xml(schema) for name, schema in value.items()}
        case (("items" | "additionalProperties"), dict()):
            return _with_xml(value)
        case (("anyOf" | "prefixItems"), list()):
            return [_with_xml(schema) for schema in value]
        case _:
            return value


def types_of(chosen: Iterable[type[Problem] | ModuleType] | ModuleType | None = None) -> tuple[type[Problem], ...]:
    """Give the problem types that exist by now.

    Args:
        chosen: As for `Catalogue.of`.

    Returns:
        The classes that have a status. Those of errbridge itself, such as a test's, are given only if they are chosen.
    """
    every = [cls for cls in subclasses(Problem) if declared(cls).status is not None]
    if chosen is None:
        return tuple(cls for cls in every if not cls.__module__.startswith("errbridge."))
    found: list[type[Problem]] = []
    given: Iterable[type[Problem] | ModuleType] = [chosen] if isinstance(chosen, ModuleType) else chosen
    for each in given:
        if isinstance(each, ModuleType):
            found += [cls for cls in every if f"{cls.__module__}.".startswith(f"{each.__name__}.")]
        else:
            found.append(each)
    return tuple(dict.fromkeys(found))


def _of_status(slug: str, type_uri: str | None) -> ProblemType | None:
    """Describe the type of the problems that are no more than their status."""
    statuses = [status for status in _STATUSES if kebab(find_phrase(status)) == slug]
    if not statuses:
        return None
    named = len(statuses) == 1
    means = f"status {statuses[0]}" if named else f"a status from {statuses[0] // 100}00 to {statuses[0] // 100}99"
    return ProblemType(
        Problem,
        built_type(type_uri, statuses[0], slug) or ABOUT_BLANK,
        slug,
        statuses[0] if named else None,
        find_phrase(statuses[0]),
        f"What HTTP means by {means}, and no more than that.",
    )


def _conflict(known: ProblemType, wanted: ProblemType, what: str) -> SetupError:
    return SetupError(
        f"{_name(known.cls)} and {_name(wanted.cls)} have {what}; give one of them another: "
        f"class {wanted.cls.__name__}(Problem, slug=...)"
    )


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
