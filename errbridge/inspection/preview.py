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
from itertools import starmap

from errbridge.application.installation import Installation
from errbridge.handling.context import ErrorContext
from errbridge.http.accept import HTML, JSON, TEXT, XML
from errbridge.http.status import find_phrase
from errbridge.inspection.probes import list_readable_scopes, open_error, open_scope
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
    scopes = (scope for scope, _ in list_readable_scopes(subject) if scope != ROOT)
    folders: list[Folder] = []
    for scope in (*sort_scopes(scopes, subject.installation.application.converters), ROOT):
        if (context := open_scope(subject, scope)) is not None:
            folders.append(Folder(_choose_name(scope, folders), scope, context))
    return folders


def _choose_name(scope: Scope, others: list[Folder]) -> str:
    if scope == ROOT:
        return "app"
    name = _UNSAFE.sub("-", str(scope)).strip("-.") or "root"
    taken = {"app", *(other.name for other in others)}
    names = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 2)))
    return next(each for each in names if each not in taken)


def list_drafts(installation: Installation, folder: Folder) -> Iterator[tuple[str, ErrorContext]]:
    """List the files of a scope by their paths below the folder of all, with the errors that they show.

    There is one for each status, format and language; those of the default have a folder without its tag.
    """
    for number, language in enumerate(installation.error_map().languages):
        name = f"{folder.name}.{language}" if number else folder.name
        for status in STATUSES:
            for media_type in folder.context.look.style.offers:
                request = replace(folder.context.request, accept=media_type, accept_language=language.tag)
                path = f"{name}/{status}.{EXTENSIONS[media_type]}"
                yield path, open_error(installation, request, status).anonymize()


def build_index(paths: Iterable[str], folder: str) -> tuple[bytes, str]:
    """Build a page with links to files, whose paths begin with *folder*; return it with its Content-Security-Policy."""
    lists: dict[str, dict[str, list[str]]] = {}
    for path in paths:
        name, _, file = path.rpartition("/")
        status, _, extension = file.partition(".")
        links = lists.setdefault(name, {}).setdefault(status, [])
        links.append(f'<a href="{escape(folder + path)}">{extension}</a>')
    content = "".join(
        f"<h2>{escape(name)}</h2>\n<ul>{''.join(starmap(_list_links, statuses.items()))}</ul>\n"
        for name, statuses in lists.items()
    )
    return build_page("Error pages", f"<h1>Error pages</h1>\n{content}", _STYLE)


_STYLE = "main{display:block}h2{margin:2rem 0 .5rem}li{display:flex;flex-wrap:wrap;gap:0 1rem}li b{flex:1 1 16rem}"


def _list_links(status: str, links: list[str]) -> str:
    return f"<li><b>{status} {find_phrase(int(status))}</b>{''.join(links)}</li>"
