"""Pages and documents made in advance for each scope, to look at and to serve when the application is down.

They are made as real ones are: with the same styles, templates, ``response=`` decorator and representations. Handlers
are not asked. A file cannot know the incident that it will be shown for, so it has no reference: ``instance`` is left
out, and ``incident.id`` is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html import escape
from itertools import chain, count, groupby, product
from posixpath import basename, dirname

from errbridge.handling.context import ErrorContext
from errbridge.http.accept import HTML, JSON, TEXT, XML
from errbridge.http.status import find_phrase
from errbridge.inspection.subject import Subject
from errbridge.representations.html import build_page
from errbridge.scopes.scope import ROOT, Scope
from errbridge.scopes.trie import sort_scopes

__all__ = ["EXTENSIONS", "STATUSES", "Folder", "build_index", "list_drafts", "list_folders"]

STATUSES = (400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504)
"""The statuses that a page or document is made for."""

EXTENSIONS = {HTML: "html", JSON: "json", XML: "xml", TEXT: "txt"}

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Folder:
    """A scope with a folder of its own, and an error that belongs to it."""

    name: str
    scope: Scope
    context: ErrorContext


def list_folders(subject: Subject) -> list[Folder]:
    """List the scopes that can be the first owner of an error, in the order of precedence, the application last."""
    scopes = (scope for scope, _ in subject.list_readable_scopes() if scope != ROOT)
    folders: list[Folder] = []
    for scope in (*sort_scopes(scopes, subject.application.converters), ROOT):
        if (context := subject.open_scope(scope)) is not None:
            taken = {"app" if scope != ROOT else "", *(folder.name for folder in folders)}
            name = _UNSAFE.sub("-", str(scope)).strip("-.") or "root"
            names = chain([name], (f"{name}-{number}" for number in count(2)))
            folders.append(Folder(next(each for each in names if each not in taken), scope, context))
    return folders


def list_drafts(subject: Subject, folder: Folder) -> Iterator[tuple[str, ErrorContext]]:
    """List the files of a scope by their paths below the folder of all, with the errors that they show.

    There is one for each status, format and language; those of the default have a folder without its tag.
    """
    for number, language in enumerate(subject.error_map.languages):
        name = f"{folder.name}.{language}" if number else folder.name
        for status, media_type in product(STATUSES, folder.context.look.style.offers):
            request = replace(folder.context.request, accept=media_type, accept_language=language.tag)
            yield f"{name}/{status}.{EXTENSIONS[media_type]}", subject.open_error(request, status).anonymize()


def build_index(paths: Iterable[str], folder: str) -> tuple[bytes, str]:
    """Build a page with links to files, whose paths begin with *folder*; return it with its Content-Security-Policy."""
    content = "<h1>Error pages</h1>\n"
    for name, files in groupby(paths, dirname):
        content += f"<h2>{escape(name)}</h2>\n<ul>"
        for status, formats in groupby(files, lambda path: int(basename(path).partition(".")[0])):
            links = "".join(f'<a href="{escape(folder + path)}">{path.rpartition(".")[2]}</a>' for path in formats)
            content += f"<li><b>{status} {find_phrase(status)}</b>{links}</li>"
        content += "</ul>\n"
    return build_page("Error pages", content, _STYLE)


_STYLE = "main{display:block}h2{margin:2rem 0 .5rem}li{display:flex;flex-wrap:wrap;gap:0 1rem}li b{flex:1 1 16rem}"
