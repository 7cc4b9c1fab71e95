"""The pages that the URIs of problem types lead to (RFC 9457 section 3.1.1): one for each type, and a list of all.

Each is HTML for people and JSON for programs: the JSON Schema of a type, or a list. Links are relative, so that they
hold wherever the application is mounted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

from errbridge.catalogue.catalogue import DIALECT, Catalogue, Field, ProblemType
from errbridge.catalogue.schema import Schema
from errbridge.http.accept import HTML, JSON
from errbridge.languages.language import Language, Message
from errbridge.problem.values import to_json_value
from errbridge.representations.html import build_page, link_home
from errbridge.representations.site import Site
from errbridge.representations.styles import Style

__all__ = ["STYLE", "render_json", "render_page"]

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


STYLE = Style("catalogue", HTML, (HTML, JSON))
"""What a client can ask for."""

_TYPES = Message("Problem types")

_Translate = Callable[[str], str]
"""Translates a message, or a text of the application, as HTML."""


def render_json(shown: ProblemType | Catalogue) -> tuple[str, bytes]:
    """Render the JSON Schema of a type, or the list of all types; return the media type and the content."""
    document: dict[str, Any]
    if isinstance(shown, Catalogue):
        media_type, document = "application/json", {"problems": [_list_members(each) for each in shown]}
    else:
        media_type, document = "application/schema+json", {"$schema": DIALECT, **shown.schema()}
    return media_type, f"{json.dumps(document, ensure_ascii=False, indent=2)}\n".encode("utf-8", "replace")


def _list_members(listed: ProblemType) -> dict[str, Any]:
    own = {"title": listed.title, "status": listed.status, "documentation": listed.documentation}
    return {"type": listed.uri, **own, "schema": listed.slug}


def render_page(shown: ProblemType | Catalogue, language: Language, site: Site, root_path: str) -> tuple[bytes, str]:
    """Render the page of a type, or of all types; return it with its Content-Security-Policy."""

    def translate(message: str) -> str:
        return escape(language.translate(message))

    if isinstance(shown, Catalogue):
        title, parts = language.translate(_TYPES), _list_types(shown, translate)
    else:
        title, parts = language.translate(shown.title), _describe_type(shown, translate)
    home_url = link_home(root_path)
    return build_page(title, "".join(parts), _STYLE, site=site, language=language, home_url=home_url)


def _describe_type(problem_type: ProblemType, t: _Translate) -> Iterator[str]:
    status = problem_type.status
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
            yield f"<dt><code>{escape(each.name)}</code></dt><dd>{_describe_field(each, t)}</dd>{note}\n"
        yield "</dl>\n"
    schema = json.dumps(problem_type.schema(), ensure_ascii=False, indent=2)
    yield f"<details>\n<summary>JSON Schema</summary>\n<pre>{escape(schema)}</pre>\n</details>\n"
    yield f'<nav><a href="./">{t(Message("All problem types"))}</a></nav>\n'


def _list_types(catalogue: Catalogue, t: _Translate) -> Iterator[str]:
    yield f'<h1>{t(_TYPES)}</h1>\n<p class="hint">{t(Message("What the errors of this service mean."))}</p>\n<dl>\n'
    for each in catalogue:
        status = t(Message("Error {status}", status=each.status))
        yield f'<dt><a href="{escape(each.slug)}"><bdi>{t(each.title)}</bdi></a></dt>'
        yield f"<dd>{status}<br><code>{escape(each.uri)}</code></dd>\n"
    yield "</dl>\n"


def _describe_field(field: Field, t: _Translate) -> str:
    form = f"<code>{escape(_describe_schema(field.schema))}</code>"
    if field.required:
        return f"{form} \u00b7 {t(Message('required'))}"
    default = escape(json.dumps(to_json_value(field.default), ensure_ascii=False))
    optional = t(Message("optional, by default {default}"))
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
