"""Pages and documents made in advance, of every scope, to look at and to serve when the application is down.

They come out of the same plan as real ones: the same styles, templates, the ``response=`` decorator and the same
representations. Handlers are not asked. A file cannot know the incident that it will be shown for, so it has no
reference: ``instance`` is left out, and ``incident.id`` is empty.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from errbridge.application.errormap import Installation
from errbridge.handling.case import Case
from errbridge.http.accept import HTML, JSON, TEXT, XML
from errbridge.http.request import RequestFacts
from errbridge.inspection.probes import probe, readable_scopes, request_of
from errbridge.inspection.subject import Subject
from errbridge.representations.styles import Style
from errbridge.scopes.precedence import sort_scopes
from errbridge.scopes.scope import ROOT, Scope

__all__ = ["EXTENSIONS", "STATUSES", "Room", "Sheet", "rooms", "sheets", "unobserved"]

log = logging.getLogger("errbridge")

STATUSES = (400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504)
"""Those that a page or document is made for."""

EXTENSIONS = {HTML: "html", JSON: "json", XML: "xml", TEXT: "txt"}

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Room(NamedTuple):
    """A scope with a folder of its own.

    Attributes:
        folder: Its name, unique in an application.
        scope: The scope.
        request: One whose errors belong to the scope.
        style: How they look.
    """

    folder: str
    scope: Scope
    request: RequestFacts
    style: Style


class Sheet(NamedTuple):
    """A file to be made.

    Attributes:
        path: Its name, below the folder of all of them.
        media_type: Of what is in it.
        case: The error that it shows.
    """

    path: str
    media_type: str
    case: Case


def rooms(subject: Subject) -> list[Room]:
    """List the scopes that errors can belong to, in the order of precedence, the application last."""
    scopes = (scope for scope, _ in readable_scopes(subject))
    found: list[Room] = []
    taken = {"app"}
    for scope in (*sort_scopes(scopes, subject.installation.framework.converters), ROOT):
        request = request_of(subject, scope)
        if request is not None:
            folder = "app" if scope == ROOT else _unique(_UNSAFE.sub("-", str(scope)).strip("-.") or "root", taken)
            found.append(Room(folder, scope, request, probe(subject.installation, request).style))
    return found


def _unique(name: str, taken: set[str]) -> str:
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}-{number}"
    taken.add(unique)
    return unique


def sheets(subject: Subject, room: Room) -> Iterator[Sheet]:
    """Give every page and document of a scope, ready to be shown."""
    for status in STATUSES:
        for media_type in room.style.offers:
            case = probe(subject.installation, replace(room.request, accept=media_type), status)
            yield Sheet(f"{room.folder}/{status}.{EXTENSIONS[media_type]}", media_type, _anonymous(case))


def _anonymous(case: Case) -> Case:
    incident = case.incident
    problem = incident.problem.fill_in()
    problem.instance = None
    return case._replace(incident=incident._replace(id="", problem=problem))


@contextmanager
def unobserved(installation: Installation) -> Generator[list[str]]:
    """Keep what is only a preview from the hooks and the log.

    Args:
        installation: errbridge in the application.

    Yields:
        A list that fills with what would have been logged with an exception: that a template failed, for instance.
    """
    observers = installation.shared.observers
    hooks = observers.hooks
    complaints = _Complaints()
    observers.hooks = []
    log.addFilter(complaints)
    try:
        yield complaints.found
    finally:
        log.removeFilter(complaints)
        observers.hooks = hooks


class _Complaints(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None:
            self.found.append(f"{record.getMessage()}: {record.exc_info[1]}")
        return False
