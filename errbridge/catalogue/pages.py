"""The pages that the URIs of problem types lead to (RFC 9457 section 3.1.1): one for each type, and a list of all.

Each is HTML for people and JSON for programs: the JSON Schema of a type, or a list. Links are relative, so that they
hold wherever the application is mounted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

from errbridge.catalogue.catalogue import DIALECT, Catalogue, Field, ProblemType
from errbridge.catalogue.schema import Schema
from errbridge.http.accept import HTML, JSON, choose_media_type
from errbridge.problem.values import to_json_value
from errbridge.representations.html import build_page
from errbridge.representations.response import Response, build_headers

__all__ = ["render_index", "render_type"]

_STYLE = (
    "main{display:block}h2{margin:2rem 0 .5rem;font-size:1.125rem}"
    "dl{margin:0}"
    "dt{margin:.75rem 0 0}"
    "dt code{font-weight:600}"
    "dd{margin:0;color:var(--soft)}"
    "p code,dd code{font-size:.9em}"
    "details{margin:2rem 0 0}"
    "summary{width:fit-content;font-weight:600;cursor:pointer}"
    "summary:focus-visible{outline:3px solid var(--link);outline-offset:3px}"
    "pre{margin:.5rem 0 0;padding:1rem;white-space:pre-wrap;border:1px solid var(--line);border-radius:.625rem;"
    "background:var(--panel);font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}"
)


def render_type(problem_type: ProblemType, accept: str, *, csp: bool) -> Response:
    """Render a problem type; *csp*: with the Content-Security-Policy under which the page works."""
    if _prefers_json(accept):
        return _make_json({"$schema": DIALECT, **problem_type.schema()}, "application/schema+json")
    return _make_page(problem_type.title, "".join(_describe_type(problem_type)), csp=csp)


def render_index(catalogue: Catalogue, accept: str, *, csp: bool) -> Response:
    """Render the list of all problem types; *csp* as in `render_type`."""
    if _prefers_json(accept):
        return _make_json({"problems": [_summarize(each) for each in catalogue]}, "application/json")
    return _make_page("Problem types", "".join(_list_types(catalogue)), csp=csp)


def _summarize(problem_type: ProblemType) -> dict[str, Any]:
    return {
        "type": problem_type.uri,
        "title": problem_type.title,
        "status": problem_type.status,
        "documentation": problem_type.documentation,
        "schema": problem_type.slug,
    }


def _prefers_json(accept: str) -> bool:
    return choose_media_type(accept, (HTML, JSON), HTML) == JSON


def _make_json(document: Any, media_type: str) -> Response:
    body = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return _make_response(body.encode("utf-8", "replace"), media_type)


def _make_page(title: str, content: str, *, csp: bool) -> Response:
    body, policy = build_page(title, content, _STYLE)
    return _make_response(body, HTML, policy if csp else None)


def _make_response(body: bytes, media_type: str, policy: str | None = None) -> Response:
    headers = build_headers(media_type, "Accept", policy)
    return Response(200, (*headers, ("Cache-Control", "max-age=3600")), body)


def _describe_type(problem_type: ProblemType) -> Iterator[str]:
    status = f"Error {problem_type.status}" if problem_type.status is not None else "An error"
    yield f'<p class="status">{status}</p>\n<h1 dir="auto">{escape(problem_type.title)}</h1>\n'
    for paragraph in re.split(r"\n\s*\n", problem_type.documentation):
        yield from _render_paragraph(paragraph)
    yield f"<h2>Type</h2>\n<p><code>{escape(problem_type.uri)}</code></p>\n"
    if problem_type.fields:
        yield "<h2>Members</h2>\n<dl>\n"
        for field in problem_type.fields:
            note = f"<dd>{escape(field.schema['description'])}</dd>" if "description" in field.schema else ""
            yield f"<dt><code>{escape(field.name)}</code></dt><dd>{escape(_describe_field(field))}</dd>{note}\n"
        yield "</dl>\n"
    schema = json.dumps(problem_type.schema(), ensure_ascii=False, indent=2)
    yield f"<details>\n<summary>JSON Schema</summary>\n<pre>{escape(schema)}</pre>\n</details>\n"
    yield '<nav><a href="./">All problem types</a></nav>\n'


def _render_paragraph(text: str) -> Iterator[str]:
    """Render a paragraph of a docstring; lines that begin with ``- `` are the items of a list."""
    words, *items = re.split(r"^- ", escape(text), flags=re.MULTILINE)
    if words.strip():
        yield f'<p dir="auto">{words.strip()}</p>\n'
    if items:
        listed = "".join(f'<li dir="auto">{item.strip()}</li>' for item in items)
        yield f"<ul>{listed}</ul>\n"


def _list_types(catalogue: Catalogue) -> Iterator[str]:
    yield '<h1>Problem types</h1>\n<p class="hint">What the errors of this service mean.</p>\n<dl>\n'
    for each in catalogue:
        yield f'<dt><a href="{escape(each.slug)}">{escape(each.title)}</a></dt>'
        yield f"<dd>Error {each.status}<br><code>{escape(each.uri)}</code></dd>\n"
    yield "</dl>\n"


def _describe_field(field: Field) -> str:
    if field.required:
        return f"{_describe_schema(field.schema)}; required"
    default = json.dumps(to_json_value(field.default), ensure_ascii=False)
    return f"{_describe_schema(field.schema)}; optional, by default {default}"


def _describe_schema(schema: Schema) -> str:
    """Describe a schema in words; its details are in the JSON Schema on the same page."""
    match schema:
        case {"anyOf": list(choices)}:
            return " or ".join(map(_describe_schema, choices))
        case {"enum": list(values)}:
            return "one of " + ", ".join(json.dumps(value, ensure_ascii=False) for value in values)
        case {"type": "array", "items": dict(items)}:
            return f"array of {_describe_schema(items)}"
        case {"type": str(name), "format": str(form)}:
            return f"{name} ({form})"
        case {"type": str(name)}:
            return name
        case _:
            return "anything"
