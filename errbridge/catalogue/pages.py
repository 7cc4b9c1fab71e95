"""What the URIs of problem types lead to (RFC 9457 section 3.1.1): a page about each type, and a list of all.

Both are there for people, in HTML, and for programs, in JSON: of a type its JSON Schema, of all a list. All links are
relative, so that they hold wherever the application is mounted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any, NamedTuple

from errbridge.catalogue.catalogue import DIALECT, Catalogue, Field, ProblemType
from errbridge.catalogue.prose import blocks, inline
from errbridge.catalogue.schema import Schema
from errbridge.http.accept import HTML, JSON, choose_media_type
from errbridge.problem.values import plain
from errbridge.representations.html import build_page

__all__ = ["TypePage", "index_page", "type_page"]

_STYLE = (
    "h2{margin:2rem 0 .5rem;font-size:1.125rem}"
    "dl{margin:0}"
    "dt{margin:.75rem 0 0}"
    "dt code{font-weight:600}"
    "dd{margin:0;color:var(--soft)}"
    "p code,li code,dd code{font-size:.9em}"
    "details{margin:2rem 0 0}"
    "summary{width:fit-content;font-weight:600;cursor:pointer}"
    "summary:focus-visible{outline:3px solid var(--accent);outline-offset:3px}"
    "pre{margin:.5rem 0 0;padding:1rem;white-space:pre-wrap;border:1px solid var(--line);border-radius:.625rem;"
    "background:var(--ground);font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}"
    "dt a,dt a:first-child{padding:0;border:0;background:none;color:var(--accent)}"
)


class TypePage(NamedTuple):
    """A page.

    Attributes:
        body: Its content.
        media_type: Of the body.
        policy: The Content-Security-Policy under which it works; None where there is nothing to protect.
    """

    body: bytes
    media_type: str
    policy: str | None = None


def type_page(problem_type: ProblemType, accept: str) -> TypePage:
    """Say what there is to know about a problem type.

    Args:
        problem_type: The type.
        accept: The Accept header of the request.
    """
    if _wants_json(accept):
        return _json({"$schema": DIALECT, **problem_type.schema()}, "application/schema+json")
    return _html(problem_type.title, "".join(_about(problem_type)))


def index_page(catalogue: Catalogue, accept: str) -> TypePage:
    """List the problem types of a service.

    Args:
        catalogue: All of them.
        accept: The Accept header of the request.
    """
    if _wants_json(accept):
        listed = [
            {
                "type": each.uri,
                "title": each.title,
                "status": each.status,
                "documentation": each.documentation,
                "schema": each.slug,
            }
            for each in catalogue
        ]
        return _json({"problems": listed}, "application/json")
    return _html("Problem types", "".join(_list(catalogue)))


def _wants_json(accept: str) -> bool:
    return choose_media_type(accept, (HTML, JSON), HTML) == JSON


def _json(document: Any, media_type: str) -> TypePage:
    body = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return TypePage(body.encode("utf-8", "replace"), media_type)


def _html(title: str, content: str) -> TypePage:
    body, policy = build_page(title, content, _STYLE)
    return TypePage(body, HTML, policy)


def _about(problem_type: ProblemType) -> Iterator[str]:
    status = f"Error {problem_type.status}" if problem_type.status is not None else "An error"
    yield f'<p class="status">{status}</p>\n<h1 dir="auto">{escape(problem_type.title)}</h1>\n'
    yield from blocks(problem_type.documentation)
    yield f"<h2>Type</h2>\n<p><code>{escape(problem_type.uri)}</code></p>\n"
    if problem_type.fields:
        yield "<h2>Members</h2>\n<dl>\n"
        for field in problem_type.fields:
            note = f"<dd>{inline(field.schema['description'])}</dd>" if "description" in field.schema else ""
            yield f"<dt><code>{escape(field.name)}</code></dt><dd>{escape(_member(field))}</dd>{note}\n"
        yield "</dl>\n"
    schema = json.dumps(problem_type.schema(), ensure_ascii=False, indent=2)
    yield f"<details>\n<summary>JSON Schema</summary>\n<pre>{escape(schema)}</pre>\n</details>\n"
    yield '<nav><a href="./">All problem types</a></nav>\n'


def _list(catalogue: Catalogue) -> Iterator[str]:
    yield '<h1>Problem types</h1>\n<p class="hint">What the errors of this service mean.</p>\n<dl>\n'
    for each in catalogue:
        yield f'<dt><a href="{escape(each.slug)}">{escape(each.title)}</a></dt>'
        yield f"<dd>Error {each.status}<br><code>{escape(each.uri)}</code></dd>\n"
    yield "</dl>\n"


def _member(field: Field) -> str:
    """Describe a member in words."""
    said = _said(field.schema)
    if field.required:
        return f"{said}; required"
    return f"{said}; optional, by default {json.dumps(plain(field.default), ensure_ascii=False)}"


def _said(schema: Schema) -> str:
    """Describe a schema in words."""
    match schema:
        case {"anyOf": list(choices)}:
            return " or ".join(map(_said, choices))
        case {"enum": list(values)}:
            return "one of " + ", ".join(json.dumps(value, ensure_ascii=False) for value in values)
        case {"type": "array", "items": dict(items)}:
            return f"array of {_said(items)}"
        case {"type": "array", "prefixItems": list(items)}:
            return f"array of {', '.join(map(_said, items))}"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"object of {_said(values)}"
        case {"type": "object", "properties": dict(members)}:
            return f"object with {', '.join(members)}"
        case {"type": str(name), "format": str(form)}:
            return f"{name} ({form})"
        case {"type": str(name)}:
            return name
        case _:
            return "anything"
