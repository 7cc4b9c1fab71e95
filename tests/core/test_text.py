"""``text/plain``."""

from __future__ import annotations

from typing import Any

from errbridge import Incident, Problem, RequestFacts
from errbridge.representations.rendering import render_text
from tests.core.fakes import (
    ID,
    incident_of,
)


def test_text_has_status_title_detail_extensions_and_the_reference() -> None:
    problem = Problem(
        409, detail="Sold\nout", sku="a-1", n=None, ok=True, no=False, list=[1, [2, 3]], map={"a": {"b": 1}}
    )

    assert render_text(incident_of(problem)).decode() == (
        "409 Conflict\n"
        "\n"
        "Sold\nout\n"
        "\n"
        "sku: a-1\n"
        "n: -\n"
        "ok: yes\n"
        "no: no\n"
        "list: 1, 2, 3\n"
        "map: a: b: 1\n"
        "\n"
        f"Reference: {ID}\n"
    )


def test_a_problem_that_says_no_more_than_its_status_is_short() -> None:
    assert render_text(incident_of(Problem(404))).decode() == f"404 Not Found\n\nReference: {ID}\n"
    assert render_text(incident_of(Problem(404, detail=""))).decode() == f"404 Not Found\n\nReference: {ID}\n"


def test_an_extension_takes_one_line() -> None:
    problem = Problem(409, note="a\n\nReference: forged\r\n\tb")

    assert b"\nnote: a Reference: forged b\n" in render_text(incident_of(problem))


def test_a_lone_surrogate_is_replaced_in_text() -> None:
    extensions: dict[str, Any] = {"\ud800": "\ud800"}
    rendered = render_text(incident_of(Problem(409, title="\ud800", detail="\udfff", **extensions)))

    assert rendered.decode().splitlines()[:5] == ["409 ?", "", "?", "", "\ufffd: \ufffd"]


def test_a_text_has_no_reference_that_leads_nowhere() -> None:
    problem = Problem(404)

    assert render_text(Incident(problem, problem, RequestFacts(), ID)) == b"404 Not Found\n"
