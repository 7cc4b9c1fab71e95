"""The pages that the URIs of problem types lead to (RFC 9457 section 3.1.1): one for each type, and a list of all.

Each is HTML for people and JSON for programs: the JSON Schema of a type, or a list. Links are relative, so that they
hold wherever the application is mounted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from errbridge.catalogue.catalogue import DIALECT, Catalogue, Field, ProblemType
from errbridge.catalogue.schema import Schema
from errbridge.http.accept import HTML, JSON, choose_media_type
from errbridge.languages.language import ENGLISH, Language
from errbridge.languages.message import Message
from errbridge.problem.values import to_json_value
from errbridge.representations.html import build_page, link_home
from errbridge.representations.response import Response, build_headers
from errbridge.representations.site import Site

__all__ = ["Frame", "render_index", "render_type"]

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


@dataclass(frozen=True, slots=True)
class Frame:
    """What the pages of a request have in common."""

    language: Language = ENGLISH  # of titles and documentation, which are messages of the application's catalogue
    site: Site = field(default_factory=Site)
    root_path: str = ""  # the mount of the application
    vary: str = "Accept"  # the request headers that the choice depends on
    has_policy: bool = True  # whether they have the Content-Security-Policy under which they work

    def translate(self, message: str) -> str:
        """Translate a message, as HTML."""
        return escape(self.language.translate(message))


_TYPES = Message("Problem types")


def render_type(problem_type: ProblemType, accept: str, frame: Frame) -> Response:
    """Render a problem type."""
    if choose_media_type(accept, (HTML, JSON), HTML) == JSON:
        return _make_json({"$schema": DIALECT, **problem_type.schema()}, "application/schema+json", frame)
    return _make_page(problem_type.title, _describe_type(problem_type, frame), frame)


def render_index(catalogue: Catalogue, accept: str, frame: Frame) -> Response:
    """Render the list of all problem types."""
    if choose_media_type(accept, (HTML, JSON), HTML) != JSON:
        return _make_page(_TYPES, _list_types(catalogue, frame), frame)
    problems = [
        {
            "type": each.uri,
            "title": each.title,
            "status": each.status,
            "documentation": each.documentation,
            "schema": each.slug,
        }
        for each in catalogue
    ]
    return _make_json({"problems": problems}, "application/json", frame)


def _make_json(document: Any, media_type: str, frame: Frame) -> Response:
    body = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return _make_response(body.encode("utf-8", "replace"), media_type, replace(frame, language=ENGLISH))


def _make_page(title: str, parts: Iterable[str], frame: Frame) -> Response:
    title, home_url = frame.language.translate(title), link_home(frame.root_path)
    body, policy = build_page(
        title, "".join(parts), _STYLE, site=frame.site, language=frame.language, home_url=home_url
    )
    return _make_response(body, HTML, frame, policy)


def _make_response(body: bytes, media_type: str, frame: Frame, policy: str | None = None) -> Response:
    headers = build_headers(media_type, frame.vary, policy if frame.has_policy else None, frame.language)
    return Response(200, (*headers, ("Cache-Control", "max-age=3600")), body)


def _describe_type(problem_type: ProblemType, frame: Frame) -> Iterator[str]:
    t, status = frame.translate, problem_type.status
    named = Message("An error") if status is None else Message("Error {status}", status=status)
    yield f'<p class="status">{t(named)}</p>\n<h1 dir="auto">{t(problem_type.title)}</h1>\n'
    for paragraph in re.split(r"\n\s*\n", problem_type.documentation):
        # Lines that begin with "- " are the items of a list.
        words, *items = re.split(r"^- ", t(paragraph), flags=re.MULTILINE)
        if words.strip():
            yield f'<p dir="auto">{words.strip()}</p>\n'
        if items:
            listed = "".join(f'<li dir="auto">{item.strip()}</li>' for item in items)
            yield f"<ul>{listed}</ul>\n"
    yield f"<h2>{t(Message('Type'))}</h2>\n<p><code>{escape(problem_type.uri)}</code></p>\n"
    if problem_type.fields:
        yield f"<h2>{t(Message('Members'))}</h2>\n<dl>\n"
        for each in problem_type.fields:
            note = f'<dd dir="auto">{t(each.schema["description"])}</dd>' if "description" in each.schema else ""
            yield f"<dt><code>{escape(each.name)}</code></dt><dd>{_describe_field(each, frame)}</dd>{note}\n"
        yield "</dl>\n"
    schema = json.dumps(problem_type.schema(), ensure_ascii=False, indent=2)
    yield f"<details>\n<summary>JSON Schema</summary>\n<pre>{escape(schema)}</pre>\n</details>\n"
    yield f'<nav><a href="./">{t(Message("All problem types"))}</a></nav>\n'


def _list_types(catalogue: Catalogue, frame: Frame) -> Iterator[str]:
    t = frame.translate
    yield f'<h1>{t(_TYPES)}</h1>\n<p class="hint">{t(Message("What the errors of this service mean."))}</p>\n<dl>\n'
    for each in catalogue:
        status = t(Message("Error {status}", status=each.status))
        yield f'<dt><a href="{escape(each.slug)}"><bdi>{t(each.title)}</bdi></a></dt>'
        yield f"<dd>{status}<br><code>{escape(each.uri)}</code></dd>\n"
    yield "</dl>\n"


def _describe_field(field: Field, frame: Frame) -> str:
    form = f"<code>{escape(_describe_schema(field.schema))}</code>"
    if field.required:
        return f"{form} \u00b7 {frame.translate(Message('required'))}"
    default = escape(json.dumps(to_json_value(field.default), ensure_ascii=False))
    optional = frame.translate(Message("optional, by default {default}"))
    return f"{form} \u00b7 {optional.replace('{default}', f'<code>{default}</code>')}"


def _describe_schema(schema: Schema) -> str:
    """Write a schema in a notation that needs no language; its details are in the JSON Schema on the same page."""
    match schema:
        case {"anyOf": list(choices)}:
            return " | ".join(map(_describe_schema, choices))
        case {"enum": list(values)}:
            return " | ".join(json.dumps(value, ensure_ascii=False) for value in values)
        case {"type": "array", "items": dict(items)}:
            return f"array<{_describe_schema(items)}>"
        case {"type": str(name), "format": str(form)}:
            return f"{name} ({form})"
        case {"type": str(name)}:
            return name
        case _:
            return "any"
