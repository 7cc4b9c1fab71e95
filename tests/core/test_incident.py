"""The values that flow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from errbridge import Incident, Page, Problem, Reply, RequestFacts
from errbridge.incident import RequestHeaders
from errbridge.scopes import ROOT
from tests.core.fakes import incident_of

PAIRS = [("Accept", "text/html"), ("X-A", "1"), ("accept", "text/plain"), ("x-a", "")]


def test_headers_are_found_by_name_in_any_case_and_several_lines_are_joined() -> None:
    headers = RequestHeaders(lambda: PAIRS)

    assert headers["ACCEPT"] == headers["accept"] == "text/html, text/plain"
    assert headers.get("X-a") == "1, "
    assert headers.get("x-b") is None
    assert "x-A" in headers
    assert "X-B" not in headers
    assert dict(headers) == {"accept": "text/html, text/plain", "x-a": "1, "}
    assert len(headers) == 2
    with pytest.raises(KeyError):
        headers["nope"]


def test_headers_are_read_once_and_not_before_the_first_look() -> None:
    reads = []

    def read() -> Iterable[tuple[str, str]]:
        reads.append(1)
        return iter(PAIRS)

    headers = RequestHeaders(read)
    assert reads == []
    assert (headers["x-a"], headers["x-a"], len(headers)) == ("1, ", "1, ", 2)
    assert reads == [1]


def test_there_may_be_no_headers_at_all() -> None:
    assert dict(RequestHeaders()) == {}
    assert dict(RequestFacts().headers) == {}


def test_facts_have_defaults_that_say_nothing() -> None:
    facts = RequestFacts()

    assert (facts.method, facts.path, facts.host, facts.accept) == ("GET", "/", "", "")
    assert (facts.xhr, facts.routing, facts.websocket, facts.endpoint) == (False, False, False, None)
    assert (facts.blueprints, facts.rule_blueprints) == ((), ())


def test_an_incident_starts_at_the_application_without_a_media_type() -> None:
    incident = incident_of(Problem(404))

    assert incident.scope == ROOT
    assert incident.media_type == ""


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (incident_of(), "id"),
        (RequestFacts(), "path"),
        (Reply(), "body"),
        (Page("x.html"), "template"),
    ],
)
def test_nothing_that_flows_can_be_changed(value: Any, name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(value, name, "changed")


def test_a_reply_keeps_the_errors_status_unless_it_says_otherwise() -> None:
    assert (Reply("x").status, Reply("x", 404).status, Reply().body) == (None, 404, b"")


def test_a_page_is_one_template_or_several_with_any_context() -> None:
    context: dict[str, Any] = {"template": "t", "self": 1, "error": 2}
    page = Page("a.html", **context)

    assert page.template == "a.html"
    assert page.context == {"template": "t", "self": 1, "error": 2}
    assert Page(["a.html", "b.html"]).template == ("a.html", "b.html")
    assert Page(name for name in ("a", "b")).template == ("a", "b")
    assert Page("a", x=1) == Page("a", x=1)
    assert Page("a", x=1) != Page("a", x=2)


def test_an_incident_keeps_the_exception_that_was_raised() -> None:
    raised = ValueError("x")
    incident = Incident(raised, Problem(500), RequestFacts(), "id")

    assert incident.exception is raised


@pytest.mark.parametrize("template", ["", [], ["a.html", ""], ["a.html", 5], [None]])
def test_a_page_without_the_name_of_a_template_is_refused(template: Any) -> None:
    with pytest.raises(TypeError, match="takes the name of a template"):
        Page(template)


@pytest.mark.parametrize("body", [None, 5, True, ["a"], object()])
def test_a_reply_whose_body_is_neither_text_nor_bytes_is_refused(body: Any) -> None:
    with pytest.raises(TypeError, match="the body of a Reply is text or bytes"):
        Reply(body)


@pytest.mark.parametrize("status", ["404", 0, 99, 600, 99999, -1, 4.5, True])
def test_a_reply_with_a_status_that_http_does_not_have_is_refused(status: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="status of a"):
        Reply("x", status)
