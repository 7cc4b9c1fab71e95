"""Problem types, one by one and as the catalogue of a service."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from errbridge.catalogue.schema import Schema, make_schema
from errbridge.errors import SetupError, suggest
from errbridge.http.accept import JSON
from errbridge.http.status import find_phrase
from errbridge.introspection import describe_class
from errbridge.problem.fields import REQUIRED, resolve_annotations
from errbridge.problem.problem import Problem, make_plain_text, read_declaration
from errbridge.problem.subclasses import subclasses
from errbridge.problem.type_uri import ABOUT_BLANK, build_type, make_slug

__all__ = ["DIALECT", "Catalogue", "Field", "ProblemType", "Types", "types_of"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The version of JSON Schema that every schema here is written in."""

Types = Iterable[type[Problem] | ModuleType] | type[Problem] | ModuleType | None
"""Problem classes, and modules for all types that are defined in them or below; None for every type of the process."""

_STATUSES = range(400, 600)
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*")


@dataclass(frozen=True, slots=True)
class Field:
    """An extension member of a problem type.

    Attributes:
        name: The name of the member.
        schema: The JSON Schema of its values.
        required: Whether you have to pass it to make a problem. A document always has it.
        default: Its value if you do not pass it; None for a required one.
    """

    name: str
    schema: Schema
    required: bool
    default: Any = None


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A problem type.

    Attributes:
        cls: Its class; `Problem` itself for a problem that is no more than its status.
        uri: The ``type`` of its documents; ``about:blank`` if it has none.
        slug: In kebab-case, unique in a catalogue.
        status: None only for the statuses without a name, which share a type.
        title: As the class has it, else the phrase of the status.
        documentation: The docstring of the class itself; empty if it has none.
        fields: Its extension members.
    """

    cls: type[Problem]
    uri: str
    slug: str
    status: int | None
    title: str
    documentation: str = ""
    fields: tuple[Field, ...] = ()

    @classmethod
    def of(cls, problem_class: type[Problem], type_uri: str | None = None) -> ProblemType:
        """Describe a problem class.

        Args:
            problem_class: A class with a status.
            type_uri: ``ERROR_TYPE_URI``.

        Returns:
            Its problem type.

        Raises:
            SetupError: It is no problem class, or has no status.
        """
        given: object = problem_class
        if not (isinstance(given, type) and issubclass(given, Problem)):
            raise SetupError(f"a catalogue is made of subclasses of Problem, not {given!r}")
        declared = read_declaration(problem_class)
        if declared.status is None:
            raise SetupError(
                f"{describe_class(problem_class)} has no status and is no problem type; give it one: "
                f"class {problem_class.__name__}(Problem, status=409)"
            )
        slug = declared.slug or make_slug(find_phrase(declared.status))
        if not _SLUG.fullmatch(slug):
            name = describe_class(problem_class)
            raise SetupError(f"{name} has the slug {slug!r}; a slug is a part of URIs, of letters, digits and - . _ ~")
        annotations, fields = resolve_annotations(problem_class), []
        for name, default in declared.fields.items():
            schema, required = make_schema(annotations.get(name, Any)), default is REQUIRED
            fields.append(Field(name, schema, required, None if required else default))
        return cls(
            cls=problem_class,
            uri=make_plain_text(declared._replace(slug=slug).build_type(type_uri) or ABOUT_BLANK),
            slug=slug,
            status=declared.status,
            title=find_phrase(declared.status) if declared.title is None else make_plain_text(declared.title),
            documentation=inspect.cleandoc(problem_class.__doc__ or ""),
            fields=tuple(fields),
        )

    @property
    def name(self) -> str:
        """The slug as the name of a component, such as ``OutOfCredit``."""
        return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", self.slug))

    def schema(self) -> Schema:
        """Describe the type's documents: the members of RFC 9457, then the fields.

        Members that it does not mention are allowed, as RFC 9457 section 3.2 requires.

        Returns:
            The JSON Schema (2020-12), complete in itself.
        """
        status: Schema = {"const": self.status}
        if self.status is None:
            lowest = 400 if self.slug == make_slug(find_phrase(499)) else 500
            status = {"minimum": lowest, "maximum": lowest + 99}
        return {
            "title": self.title,
            **({"description": self.documentation} if self.documentation else {}),
            "type": "object",
            "properties": {
                "type": {"type": "string", "format": "uri-reference", "const": self.uri},
                "title": {"type": "string", "examples": [self.title]},
                "status": {"type": "integer", **status},
                "detail": {"type": "string"},
                "instance": {"type": "string", "format": "uri-reference"},
                **{each.name: each.schema for each in self.fields},
            },
            "required": ["type", "title", "status", *(each.name for each in self.fields)],
        }


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The problem types of a service, by slug; make one with `Catalogue.of`.

    A catalogue does not change: it has the types that existed when you made it.

    Args:
        types: The problem types.
        type_uri: ``ERROR_TYPE_URI``, which the URIs of classes without a ``type=`` are built from.

    Raises:
        SetupError: Two types have one URI, or one slug.
    """

    types: tuple[ProblemType, ...]
    type_uri: str | None = None

    def __post_init__(self) -> None:
        by_uri: dict[str, ProblemType] = {}
        by_name: dict[str, ProblemType] = {}
        plain = {build_type(self.type_uri, each, make_slug(find_phrase(each))): each for each in reversed(_STATUSES)}
        for each in self.types:
            own = f"class {each.cls.__name__}(Problem, slug=...)"
            if (known := by_name.setdefault(each.name, each)) is not each:
                slugs = " and ".join(dict.fromkeys((known.slug, each.slug)))
                raise _conflict(describe_class(known.cls), each, f"one name by the slug {slugs}", own)
            if each.uri == ABOUT_BLANK:
                continue
            known, status = by_uri.setdefault(each.uri, each), plain.get(each.uri)
            advice = own if status is None or "{slug}" in str(self.type_uri) else "put {slug} into ERROR_TYPE_URI"
            if known is not each:
                raise _conflict(describe_class(known.cls), each, f"the type {each.uri}", advice)
            if status is not None and (each.fields or each.status != status):
                raise _conflict(f"every plain Problem({status})", each, f"the type {each.uri}", advice)

    @classmethod
    def of(cls, types: Types = None, *, type_uri: str | None = None) -> Catalogue:
        """Collect problem types.

        Args:
            types: Classes and modules; a module, or a package, means all types that are defined in it. By default
                every type of the process.
            type_uri: ``ERROR_TYPE_URI`` of the application, for instance ``"https://example.com/problems/{slug}"``.

        Returns:
            The types, sorted by their slugs.

        Raises:
            SetupError: Two types have one URI or one slug, or one of *types* is neither a problem type nor a module.
        """
        found = (ProblemType.of(each, type_uri) for each in types_of(types))
        return cls(tuple(sorted(found, key=lambda each: (each.slug, each.uri, describe_class(each.cls)))), type_uri)

    def __iter__(self) -> Iterator[ProblemType]:
        return iter(self.types)

    def __len__(self) -> int:
        return len(self.types)

    def find(self, slug: str) -> ProblemType | None:
        """Find a type by its slug.

        Args:
            slug: The slug of a type, or of a status: ``not-found`` is the type of a plain 404.

        Returns:
            The type, or None.
        """
        own = next((each for each in self.types if each.slug == slug), None)
        statuses = [status for status in _STATUSES if make_slug(find_phrase(status)) == slug]
        if own is not None or not statuses:
            return own
        first, is_named = statuses[0], len(statuses) == 1  # those without a name share a type
        means = f"status {first}" if is_named else f"a status from {first // 100}00 to {first // 100}99"
        return ProblemType(
            cls=Problem,
            uri=build_type(self.type_uri, first, slug) or ABOUT_BLANK,
            slug=slug,
            status=first if is_named else None,
            title=find_phrase(first),
            documentation=f"What HTTP means by {means}, and no more than that.",
        )

    def schema(self) -> Schema:
        """Describe the documents of all types.

        Returns:
            One JSON Schema (2020-12), with that of each type under ``$defs``.
        """
        schema: Schema = {"$schema": DIALECT, "title": "Problem types"}
        if self.types:
            schema["anyOf"] = [{"$ref": f"#/$defs/{each.name}"} for each in self.types]
        return schema | {"$defs": {each.name: each.schema() for each in self.types}}

    def openapi(self) -> dict[str, Any]:
        """Make an OpenAPI 3.1 document that consists of components.

        Each type has a schema and a response of its name. Refer to the file, or merge ``["components"]`` into the
        document of the service.

        Returns:
            The document, ready for ``json.dumps``.
        """
        return {
            "openapi": "3.1.0",
            "info": {"title": "Problem types", "version": "1"},
            "components": {
                "schemas": {each.name: each.schema() for each in self.types},
                "responses": {each.name: _make_response([each]) for each in self.types},
            },
        }

    def merge_into(
        self, document: dict[str, Any], operations: Mapping[str, Iterable[type[Problem]] | type[Problem]]
    ) -> dict[str, Any]:
        """Add problem responses to the operations of an OpenAPI document, in place.

        Example::

            class SoldOut(Problem, status=409): ...

            document = {"paths": {"/orders": {"post": {}}}}
            Catalogue.of([SoldOut]).merge_into(document, {"POST /orders": [SoldOut]})

        Args:
            document: The document, as a framework's extension makes it.
            operations: The problem class, or several, by method and path, written as in the document:
                ``"GET /orders/{id}"``.

        Returns:
            The document.

        Raises:
            SetupError: The document has no such operation, is not one of OpenAPI 3.1, or a class is not in the
                catalogue.
        """
        if (version := str(document.get("openapi") or document.get("swagger") or "3.1")) < "3.1":
            raise SetupError(f"the document is one of OpenAPI {version}, the problems are of 3.1: set OPENAPI_VERSION")
        known, paths = {each.cls: each for each in self}, document.get("paths", {})
        for name, classes in operations.items():
            method, _, path = name.partition(" ")
            operation = paths.get(path, {}).get(method.lower())
            if operation is None:
                names = [f"{verb.upper()} {each}" for each, verbs in paths.items() for verb in verbs]
                raise SetupError(f"the OpenAPI document has no operation {name!r}{suggest(name, names)}")
            by_status: dict[str, list[ProblemType]] = {}
            for cls in [classes] if isinstance(classes, type) else dict.fromkeys(classes):
                if cls not in known:
                    raise SetupError(f"{cls.__qualname__} is not in the catalogue")
                by_status.setdefault(str(known[cls].status), []).append(known[cls])
            for status, types in by_status.items():
                reference = {"$ref": f"#/components/responses/{types[0].name}"}
                response = reference if len(types) == 1 else _make_response(types)
                operation.setdefault("responses", {})[status] = response
        for kind, components in self.openapi()["components"].items():
            document.setdefault("components", {}).setdefault(kind, {}).update(components)
        return document


def _make_response(types: list[ProblemType]) -> dict[str, Any]:
    """Make the response of an operation that may answer with one of these problems of the same status."""
    schemas = [{"$ref": f"#/components/schemas/{each.name}"} for each in types]
    content = {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}
    return {"description": " or ".join(dict.fromkeys(each.title for each in types)), "content": {JSON: content}}


def types_of(chosen: Types = None) -> tuple[type[Problem], ...]:
    """List the problem types that exist by now.

    Args:
        chosen: As for `Catalogue.of`.

    Returns:
        The classes with a status. By default without those in errbridge itself.
    """
    every = [cls for cls in subclasses(Problem) if read_declaration(cls).status is not None]
    if chosen is None:
        return tuple(cls for cls in every if not cls.__module__.startswith("errbridge."))
    listed: Any = [chosen] if isinstance(chosen, (type, ModuleType)) else chosen
    found: list[type[Problem]] = []
    for each in listed:
        if isinstance(each, ModuleType):
            found += [cls for cls in every if f"{cls.__module__}.".startswith(f"{each.__name__}.")]
        else:
            found.append(each)
    return tuple(dict.fromkeys(found))


def _conflict(known: str, each: ProblemType, what: str, advice: str) -> SetupError:
    return SetupError(
        f"{known} and {describe_class(each.cls)} have {what}, and no client could tell them apart: {advice}"
    )
