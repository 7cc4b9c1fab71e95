"""From a problem to bytes: the JSON document and the built-in page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

from jinja2 import Environment
from werkzeug.exceptions import NotFound

from benchmarks.calls import JSON_CLIENT
from benchmarks.measure import Case, Group
from errbridge import Incident, Problem, RequestFacts
from errbridge.http.accept import HTML, JSON
from errbridge.incident import new_id
from errbridge.representations.html import PageParts
from errbridge.representations.rendering import REPRESENTATIONS
from errbridge.scopes.scope import ROOT

__all__ = ["AREA", "ERRBRIDGE", "JINJA", "STDLIB", "groups"]

AREA = "rendering"
ERRBRIDGE, STDLIB, JINJA = "errbridge", "dict, json.dumps, encode", "compiled Jinja template"

_DETAIL = "The requested URL was not found on the server. If you entered it by hand, check your spelling."
_ID = "0b9f6f1e-3a52-4c5e-9d0a-1f2e3d4c5b6a"


def incident(media_type: str, detail: str = _DETAIL, incident_id: str = _ID) -> Incident:
    """Make the incident of a 404."""
    problem = Problem(404, detail=detail, instance=f"urn:uuid:{incident_id}")
    request = RequestFacts(method="GET", path="/nope", host="localhost", accept=JSON_CLIENT, routing=True)
    return Incident(
        exception=problem, problem=problem, request=request, id=incident_id, scope=ROOT, media_type=media_type
    )


def _document(problem: Problem) -> dict[str, Any]:
    return {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": problem.instance,
    }


def _json() -> Group:
    shown = incident(JSON)
    problem = shown.problem
    render = REPRESENTATIONS[JSON]
    ready = _document(problem)
    encode = json.JSONEncoder().encode

    def expect(body: bytes) -> None:
        assert json.loads(body) == ready

    return Group(
        AREA,
        "JSON document",
        [
            Case(STDLIB, lambda: json.dumps(_document(problem)).encode(), expect),
            Case("json.dumps of a ready dict, encode", lambda: json.dumps(ready).encode(), expect),
            Case("a kept encoder, ready dict, encode", lambda: encode(ready).encode(), expect),
            Case(ERRBRIDGE, lambda: render(problem), expect),
            Case("its dict alone", problem.document, lambda found: expect(json.dumps(found).encode())),
        ],
    )


def page_template() -> str:
    """Turn the built-in page of a 404 into a Jinja template that gives the same page."""
    page = REPRESENTATIONS[HTML](incident(HTML, "DETAIL")).decode()
    marked = page.replace("404", "{{ status }}").replace("Not Found", "{{ title }}")
    return marked.replace("DETAIL", "{{ detail }}").replace(_ID, "{{ id }}") + "\n"


def _page() -> Group:
    shown = incident(HTML)
    problem = shown.problem
    render = REPRESENTATIONS[HTML]
    wanted = render(shown)
    template = Environment(autoescape=True, keep_trailing_newline=False).from_string(page_template())
    error = NotFound(_DETAIL)

    def with_jinja() -> bytes:
        return template.render(status=problem.status, title=problem.title, detail=problem.detail, id=shown.id).encode()

    def expect(body: bytes) -> None:
        assert body == wanted

    def expect_werkzeug(body: bytes) -> None:
        assert b"Not Found" in body

    return Group(
        AREA,
        "built-in page",
        [
            Case(JINJA, with_jinja, expect),
            Case("Werkzeug's own page", lambda: error.get_body().encode(), expect_werkzeug),
            Case(ERRBRIDGE, lambda: render(shown), expect),
        ],
    )


def _page_parts() -> Group:
    """The page beside everything that its template asks for; what is left is putting it together."""
    shown = incident(HTML)
    render, parts = REPRESENTATIONS[HTML], PageParts(shown)
    names = [name for name, value in vars(PageParts).items() if isinstance(value, property)]

    def expect(made: Any) -> None:
        assert made is not None

    return Group(
        AREA,
        "parts of the built-in page",
        [
            Case(ERRBRIDGE, lambda: render(shown), expect),
            Case("status and heading", lambda: PageParts(shown), expect),
            *(Case(name, partial(getattr, parts, name), expect) for name in names),
        ],
    )


def _ids() -> Group:
    def expect(made: str) -> None:
        assert len(made) == 36

    make: Callable[[], str] = new_id
    return Group(
        AREA, "incident id", [Case("str(uuid4())", lambda: str(uuid4()), expect), Case(ERRBRIDGE, make, expect)]
    )


def groups() -> Iterator[Group]:
    """Give the groups one by one."""
    yield _json()
    yield _page()
    yield _page_parts()
    yield _ids()
