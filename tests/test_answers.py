"""What an answer looks like, on Flask and Quart at once."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import escape
from typing import Any
from xml.etree import ElementTree

import pytest
from jinja2 import DictLoader
from markupsafe import Markup
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestedRangeNotSatisfiable,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)

from errbridge import Page, Problem, Reply, Scope
from tests.clients import Request, Response
from tests.twins import Twins, World

Ask = Callable[..., Response]

JSON = "application/problem+json"
XML = "application/problem+xml"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"

EVERY = ["application/json", "application/xml", "text/html", "text/plain"]
"""What to accept to see every representation."""


class OutOfCredit(Problem, status=402, title="You do not have enough credit", type="https://example.com/credit"):
    """The balance does not cover the cost."""

    balance: int
    cost: Decimal


def styled(raised: Callable[[], Any] | None = None, **more: Callable[[], Any]) -> Callable[[World], None]:
    """Build an application with the prefixes /api, /web and /default, in each of which a view raises."""

    def build(world: World) -> None:
        world.errors.api_register("/api")
        world.errors.web_register("/web")
        world.errors.default_register("/default")

        def viewing(name: str, make: Callable[[], Any]) -> None:
            def view(style: str) -> Any:
                error = make()
                if isinstance(error, BaseException):
                    raise error
                return error

            world.app.add_url_rule(f"/<style>/{name}", name, view_func=view, methods=["GET", "POST"])

        for name, make in {"x": raised or NotFound, **more}.items():
            viewing(name, make)

    return build


def accepting(*values: str) -> dict[str, Any]:
    return {"headers": [("Accept", value) for value in values]}


# Which representation.

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

ACCEPT: list[tuple[str | None, str, str, str]] = [
    # Accept, and the answers of an API scope, a web scope and the default style.
    (None, JSON, HTML, HTML),
    ("", JSON, HTML, HTML),
    ("*/*", JSON, HTML, HTML),
    ("*", JSON, HTML, HTML),
    ("garbage", JSON, HTML, HTML),
    (";;;,,,q=", JSON, HTML, HTML),
    ("application/json;q=nonsense", JSON, HTML, HTML),
    ("image/png", JSON, HTML, HTML),
    ("image/png, */*;q=0.1", JSON, HTML, HTML),
    ("application/json", JSON, JSON, JSON),
    ("APPLICATION/JSON", JSON, JSON, JSON),
    ("application/problem+json", JSON, JSON, JSON),
    ("application/vnd.shop.v1+json", JSON, JSON, JSON),
    ("application/ld+json; charset=utf-8", JSON, JSON, JSON),
    ("application/*+json", JSON, JSON, JSON),
    ("application/json, text/plain, */*", JSON, JSON, JSON),
    ("application/json, text/javascript, */*; q=0.01", JSON, JSON, JSON),
    ("application/*", JSON, JSON, JSON),
    ("text/html", JSON, HTML, HTML),
    (BROWSER, JSON, HTML, HTML),
    ("application/xhtml+xml", JSON, HTML, HTML),
    ("text/html, application/json", JSON, HTML, HTML),
    ("application/json, text/html", JSON, HTML, HTML),
    ("text/html;q=0.5, application/json", JSON, JSON, JSON),
    ("text/html, application/json;q=0.9", JSON, HTML, HTML),
    ("text/html;q=0, */*", JSON, JSON, JSON),
    ("application/json;q=0", JSON, HTML, HTML),
    ("application/json;q=0, text/plain;q=0.1", TEXT, TEXT, TEXT),
    ("application/problem+xml", XML, XML, XML),
    ("application/xml", XML, XML, XML),
    ("text/xml", XML, XML, XML),
    ("application/xml, application/json", JSON, JSON, JSON),
    ("application/xml, application/json;q=0.9", XML, XML, XML),
    ("application/json, application/xml;q=0.9", JSON, JSON, JSON),
    ("application/xml, text/html", JSON, HTML, HTML),
    ("application/xml, text/html;q=0.1", JSON, HTML, HTML),
    ("application/xml, */*;q=0.5", XML, XML, XML),
    ("text/plain", TEXT, TEXT, TEXT),
    ("text/plain, */*;q=0.5", TEXT, TEXT, TEXT),
    ("text/plain, text/html", TEXT, HTML, HTML),
    ("text/*", TEXT, HTML, HTML),
    ("text/*, application/json;q=0.5", TEXT, HTML, HTML),
    ("*/*;q=0.8, text/plain;q=0.9", TEXT, TEXT, TEXT),
    ("*/*;q=0", JSON, HTML, HTML),
]


@pytest.mark.parametrize(("accept", "api", "web", "default"), ACCEPT)
def test_accept_decides_within_what_the_scope_offers(accept: str | None, api: str, web: str, default: str) -> None:
    twins = Twins.built(styled())
    headers = [] if accept is None else [("Accept", accept)]

    answered = [twins.ask(f"/{style}/nope", headers=headers) for style in ("api", "web", "default")]

    assert [response.content_type for response in answered] == [api, web, default]
    assert [response.status for response in answered] == [404, 404, 404]
    assert all(response.body for response in answered)


def test_several_lines_of_accept_are_one(ask: Ask) -> None:
    assert ask(styled(), "/web/x", **accepting("image/png", "application/json")).content_type == JSON


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [(31, JSON), (32, HTML)],
    ids=["the 32nd range", "the 33rd range"],
)
def test_no_more_than_32_ranges_of_accept_are_read(ask: Ask, ranges: int, expected: str) -> None:
    accept = ",".join(["a/b"] * ranges + ["application/json"])

    assert ask(styled(), "/web/x", **accepting(accept)).content_type == expected


@pytest.mark.parametrize(("length", "expected"), [(4096, JSON), (4097, HTML)])
def test_no_more_than_4_kb_of_accept_are_read(ask: Ask, length: int, expected: str) -> None:
    wanted = ",application/json"
    accept = "a/" + "b" * (length - 2 - len(wanted)) + wanted

    assert len(accept) == length
    assert ask(styled(), "/web/x", **accepting(accept)).content_type == expected


@pytest.mark.parametrize(
    ("accept", "api", "web", "default"),
    [
        (None, JSON, JSON, HTML),
        ("*/*", JSON, JSON, HTML),
        (BROWSER, JSON, JSON, HTML),
        ("text/html", JSON, JSON, HTML),
        ("application/xml", XML, XML, XML),
        ("garbage", JSON, JSON, HTML),
    ],
)
def test_an_xmlhttprequest_is_answered_with_a_document_by_a_website(
    accept: str | None, api: str, web: str, default: str
) -> None:
    twins = Twins.built(styled())
    headers = [("X-Requested-With", "XMLHttpRequest"), *([] if accept is None else [("Accept", accept)])]

    answered = [twins.ask(f"/{style}/x", headers=headers).content_type for style in ("api", "web", "default")]

    assert answered == [api, web, default]


@pytest.mark.parametrize(("value", "expected"), [("xmlhttprequest", JSON), ("fetch", HTML), ("", HTML)])
def test_only_xmlhttprequest_means_xhr(ask: Ask, value: str, expected: str) -> None:
    assert ask(styled(), "/web/x", headers=[("X-Requested-With", value)]).content_type == expected


def test_error_xhr_enabled_false_makes_it_like_any_other(ask: Ask) -> None:
    headers = [("X-Requested-With", "XMLHttpRequest")]

    response = ask(styled(), "/web/x", headers=headers, config={"ERROR_XHR_ENABLED": False})

    assert (response.content_type, response.header("Vary")) == (HTML, "Accept")


VARY = [("api", "Accept"), ("web", "Accept, X-Requested-With"), ("default", "Accept")]


@pytest.mark.parametrize(("style", "vary"), VARY)
@pytest.mark.parametrize("accept", [*EVERY, "*/*"])
def test_vary_names_what_the_choice_depended_on(ask: Ask, style: str, vary: str, accept: str) -> None:
    assert ask(styled(), f"/{style}/x", **accepting(accept)).header("Vary") == vary


def test_vary_is_added_to_what_the_error_says_itself(ask: Ask) -> None:
    build = styled(lambda: Problem(409, headers={"Vary": "Cookie, Accept"}))

    assert ask(build, "/web/x").header("Vary") == "Cookie, Accept, X-Requested-With"


@pytest.mark.parametrize("way", ["template", "response", "handler", "failed handler"])
@pytest.mark.parametrize(("style", "vary"), VARY)
def test_vary_is_sent_however_a_problem_comes_to_be_shown(ask: Ask, style: str, vary: str, way: str) -> None:
    def build(world: World) -> None:
        styled()(world)
        if way == "template":
            world.app.jinja_loader = DictLoader({"error.html": "template"})
        elif way == "handler":
            world.errors.register(f"/{style}")(lambda exc: Problem(410))
        elif way == "failed handler":
            world.errors.register(f"/{style}")(lambda exc: 1 / 0)

    options = {"response": lambda function: function} if way == "response" else {}
    accept = "text/html" if way == "template" else "application/json"

    response = ask(build, f"/{style}/x", **accepting(accept), options=options)

    assert response.header("Vary") == vary


@pytest.mark.parametrize(
    ("config", "as_json", "as_xml"),
    [
        ({}, JSON, XML),
        ({"ERROR_FORCE_CONTENT_TYPE": False}, "application/json", "application/xml"),
        ({"ERROR_CONTENT_TYPES": ["json"]}, JSON, "application/xml"),
        ({"ERROR_CONTENT_TYPES": ["xml"]}, "application/json", XML),
        ({"ERROR_CONTENT_TYPES": ()}, "application/json", "application/xml"),
    ],
)
def test_the_configuration_says_which_documents_are_sent_as_problems(
    config: dict[str, Any], as_json: str, as_xml: str
) -> None:
    twins = Twins.built(styled(), config=config)

    answered = [twins.ask("/api/x", **accepting(accept)).content_type for accept in ("application/json", "text/xml")]

    assert answered == [as_json, as_xml]


# The problem document.


def members(response: Response) -> list[tuple[str, Any]]:
    """Give the members in the order in which they were sent, without the incident's id."""
    pairs: list[tuple[str, Any]] = json.loads(response.body, object_pairs_hook=list)
    return [(name, "urn:uuid:<id>" if _is_incident(value) else value) for name, value in pairs]


def _is_incident(value: object) -> bool:
    return (
        isinstance(value, str)
        and re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value) is not None
    )


DOCUMENTS: dict[str, tuple[Callable[[], Any], list[tuple[str, Any]]]] = {
    "an HTTP error": (
        lambda: NotFound("not here"),
        [
            ("type", "about:blank"),
            ("title", "Not Found"),
            ("status", 404),
            ("detail", "not here"),
            ("instance", "urn:uuid:<id>"),
        ],
    ),
    "a problem": (
        lambda: Problem(409, detail="sold", sku="a", left=0, more=None, seen=True),
        [
            ("type", "about:blank"),
            ("title", "Conflict"),
            ("status", 409),
            ("detail", "sold"),
            ("instance", "urn:uuid:<id>"),
            ("sku", "a"),
            ("left", 0),
            ("more", None),
            ("seen", True),
        ],
    ),
    "a problem without a detail": (
        lambda: Problem(409),
        [("type", "about:blank"), ("title", "Conflict"), ("status", 409), ("instance", "urn:uuid:<id>")],
    ),
    "a problem with everything": (
        lambda: Problem(409, title="Sold", detail="sold", type="/sold", instance="/sales/7", sku="a"),
        [
            ("type", "/sold"),
            ("title", "Sold"),
            ("status", 409),
            ("detail", "sold"),
            ("instance", "/sales/7"),
            ("sku", "a"),
        ],
    ),
    "a typed problem": (
        lambda: OutOfCredit(detail="30 < 50", cost=Decimal("50.10"), balance=30),
        [
            ("type", "https://example.com/credit"),
            ("title", "You do not have enough credit"),
            ("status", 402),
            ("detail", "30 < 50"),
            ("instance", "urn:uuid:<id>"),
            ("balance", 30),
            ("cost", "50.10"),
        ],
    ),
    "an uncaught exception": (
        lambda: KeyError("secret"),
        [
            ("type", "about:blank"),
            ("title", "Internal Server Error"),
            ("status", 500),
            ("detail", "Unhandled Exception"),
            ("instance", "urn:uuid:<id>"),
        ],
    ),
}


@pytest.mark.parametrize("error", DOCUMENTS)
def test_a_problem_document_has_these_members_in_this_order(ask: Ask, error: str) -> None:
    raised, expected = DOCUMENTS[error]

    response = ask(styled(raised), "/api/x")

    assert members(response) == expected
    assert response.status == dict(expected)["status"]
    assert response.header("Content-Length") == str(len(response.body))


def test_the_body_of_a_problem_is_compact_json_with_a_line_end(ask: Ask) -> None:
    response = ask(styled(lambda: Problem(409, instance="/1", name_of_it="Käse & <b>")), "/api/x")

    assert response.text == (
        '{"type":"about:blank","title":"Conflict","status":409,"instance":"/1","name_of_it":"Käse & <b>"}\n'
    )


VALUES: dict[str, tuple[Any, Any]] = {
    "datetime": (datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC), "2024-02-03T04:05:06+00:00"),
    "date": (date(2024, 2, 3), "2024-02-03"),
    "timedelta": (timedelta(minutes=1.5), 90.0),
    "uuid": (uuid.UUID(int=0xFF), "00000000-0000-0000-0000-0000000000ff"),
    "decimal": (Decimal("1.10"), "1.10"),
    "set": ({"b", "a"}, ["a", "b"]),
    "tuple": ((1, "b"), [1, "b"]),
    "nan": (float("nan"), None),
    "infinity": (float("-inf"), None),
    "surrogate": ("a\ud800b", "a\ufffdb"),
    "bytes": (b"bytes", "bytes"),
    "none": (None, None),
    "nested": ({"a": [{"b": {"c": None}}], 1: 2}, {"a": [{"b": {"c": None}}], "1": 2}),
    "unknown object": (object(), "object"),
    "none in a list": ([None], [None]),
}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("accept", EVERY)
def test_a_value_that_json_cannot_hold_never_makes_an_answer_fail(ask: Ask, value: str, accept: str) -> None:
    given, expected = VALUES[value]

    response = ask(styled(lambda: Problem(409, value=given)), "/default/x", **accepting(accept))

    assert response.status == 409
    if accept == "application/json":
        assert response.json["value"] == expected
    elif accept == "application/xml":
        assert ElementTree.fromstring(response.body).findtext("{*}status") == "409"
    else:
        assert "409" in response.text


def test_a_cycle_never_makes_an_answer_fail(ask: Ask) -> None:
    cycle: dict[str, Any] = {"name": "cycle"}
    cycle["self"] = cycle

    assert ask(styled(lambda: Problem(409, value=cycle)), "/api/x").json["value"] == {"name": "cycle", "self": None}


@pytest.mark.parametrize("name", ["type", "title", "status", "detail", "instance"])
def test_an_extension_that_bears_a_reserved_name_is_refused(name: str) -> None:
    with pytest.raises(TypeError):
        type("Refused", (Problem,), {"__annotations__": {name: "str"}}, status=409)


@pytest.mark.parametrize("status", [200, 302, 399, 600, 0, -404, "404", 404.0, None, True])
def test_a_status_outside_of_400_to_599_is_refused(status: Any) -> None:
    with pytest.raises(TypeError if status is None else ValueError):
        Problem(status)


def test_instance_is_the_id_of_the_incident_and_different_each_time() -> None:
    seen: list[str] = []

    def build(world: World) -> None:
        styled()(world)
        world.errors.register("/api")(lambda exc, incident: seen.append(incident.id))

    twins = Twins.built(build)
    answered = [world.call(Request("/api/x")).json["instance"] for world in twins.worlds for _ in range(2)]

    assert answered == [f"urn:uuid:{incident}" for incident in seen]
    assert len(set(seen)) == 4
    assert all(uuid.UUID(incident).version == 4 for incident in seen)


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("traceparent", "expected"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        (f" 00-{TRACE}-00f067aa0ba902b7-00 ", TRACE),
        (f"01-{TRACE}-00f067aa0ba902b7-01-more", TRACE),
        (f"00-{TRACE}-00f067aa0ba902b7-01-more", None),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE.upper()}-00f067aa0ba902b7-01", None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE}-00f067aa0ba902b7", None),
        (f"00-{TRACE[1:]}-00f067aa0ba902b7-01", None),
        ("nonsense", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("path", ["/api/x", "/api/nope"])
def test_a_valid_traceparent_gives_the_document_its_trace_id(
    ask: Ask, path: str, traceparent: str, expected: str | None
) -> None:
    assert ask(styled(), path, headers=[("traceparent", traceparent)]).json.get("trace_id") == expected


class PaymentRequired(Problem, status=402): ...


class Slugged(Problem, status=402, slug="no-money"): ...


@pytest.mark.parametrize(
    ("template", "raised", "expected"),
    [
        ("https://example.com/p/{slug}", lambda: Problem(404), "https://example.com/p/not-found"),
        ("https://example.com/p/{slug}", NotFound, "https://example.com/p/not-found"),
        ("https://example.com/p/{status}", NotFound, "https://example.com/p/404"),
        ("/p#{status}-{slug}", PaymentRequired, "/p#402-payment-required"),
        ("/p/{slug}", Slugged, "/p/no-money"),
        ("/p/{slug}", lambda: Problem(418), "/p/im-a-teapot"),
        ("/p/{slug}", lambda: Problem(409, type="/mine"), "/mine"),
        ("/p/{slug}", lambda: OutOfCredit(balance=1, cost=Decimal(2)), "https://example.com/credit"),
        ("/p/{slug}", lambda: KeyError("secret"), "/p/internal-server-error"),
        ("/p/{0.__class__}{}{slug", NotFound, "/p/{0.__class__}{}{slug"),
        (None, NotFound, "about:blank"),
    ],
)
def test_error_type_uri_says_how_a_type_is_built(
    ask: Ask, template: str | None, raised: Callable[[], Any], expected: str
) -> None:
    assert ask(styled(raised), "/api/x", config={"ERROR_TYPE_URI": template}).json["type"] == expected


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("<b>bold</b> & more", "<b>bold</b> & more"),
        (Markup("<b>bold</b> &amp; more"), "bold & more"),
        (Markup("<p>one</p>"), "one"),
        (7, "7"),
    ],
)
@pytest.mark.parametrize("kind", [lambda detail: Problem(404, detail=detail), NotFound], ids=["Problem", "NotFound"])
def test_detail_is_plain_text(ask: Ask, kind: Callable[[Any], Any], detail: Any, expected: str) -> None:
    assert ask(styled(lambda: kind(detail)), "/api/x").json["detail"] == expected


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (404, "Not Found"),
        (413, "Content Too Large"),
        (418, "I'm a Teapot"),
        (422, "Unprocessable Content"),
        (419, "Client Error"),
        (499, "Client Error"),
        (599, "Server Error"),
        (511, "Network Authentication Required"),
    ],
)
@pytest.mark.parametrize("kind", ["Problem", "HTTPException"])
@pytest.mark.parametrize("accept", EVERY)
def test_codes_with_and_without_a_phrase_have_a_title(
    ask: Ask, status: int, title: str, kind: str, accept: str
) -> None:
    def raised() -> Any:
        return Problem(status) if kind == "Problem" else type("Own", (HTTPException,), {"code": status})()

    response = ask(styled(raised), "/default/x", **accepting(accept))

    assert response.status == status
    if accept == "application/json":
        assert (response.json["status"], response.json["title"]) == (status, title)
    elif accept == "application/xml":
        assert ElementTree.fromstring(response.body).findtext("{*}title") == title
    else:
        assert f"{status} {escape(title) if accept == 'text/html' else title}" in response.text


# The other representations.


def test_xml_is_that_of_rfc_9457(ask: Ask) -> None:
    extensions: dict[str, Any] = {"allowed": ["GET", {"a": 1}], "more": None, "seen": True, "1 odd:name": "x"}
    raised = Problem(409, detail="a & b < c", instance="/1", **extensions)

    response = ask(styled(lambda: raised), "/api/x", **accepting("application/problem+xml"))

    assert response.text == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<problem xmlns="urn:ietf:rfc:7807"><type>about:blank</type><title>Conflict</title><status>409</status>'
        "<detail>a &amp; b &lt; c</detail><instance>/1</instance><allowed><i>GET</i><i><a>1</a></i></allowed>"
        "<more/><seen>true</seen><_x0031__x0020_odd_x003A_name>x</_x0031__x0020_odd_x003A_name></problem>\n"
    )


@pytest.mark.parametrize("text", ["\x00\x01\x1f", "]]>", "<!-- ", "\ud800", "\ufffe", "&#0;", "\r\n", "\U0001f600"])
def test_xml_is_valid_for_any_character(ask: Ask, text: str) -> None:
    extensions: dict[str, Any] = {f"name{text}": {text: text}}
    raised = Problem(409, detail=text, **extensions)

    response = ask(styled(lambda: raised), "/api/x", **accepting("application/xml"))

    root = ElementTree.fromstring(response.body)
    assert root.tag == "{urn:ietf:rfc:7807}problem"
    expected = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)
    assert root.findtext("{*}detail") == expected


def test_text_is_readable(ask: Ask) -> None:
    raised = Problem(429, detail="Slow down.", headers={"Retry-After": "30"}, sku="a", tags=["x", "y"], more=None)

    response = ask(styled(lambda: raised), "/api/x", **accepting("text/plain"))

    lines = response.text.split("\n")
    assert lines[:4] == ["429 Too Many Requests", "", "Slow down.", ""]
    assert sorted(lines[4:8]) == ["more: -", "retry_after: 30", "sku: a", "tags: x, y"]
    assert (lines[8], lines[10:]) == ("", [""])
    assert re.fullmatch(r"Reference: [0-9a-f-]{36}", lines[9])


def test_the_built_in_page_says_what_happened_and_shows_the_way_out(ask: Ask) -> None:
    response = ask(styled(lambda: NotFound("It was <i>never</i> here.")), "/web/x")

    page = response.text
    assert page.startswith("<!DOCTYPE html>\n<html lang=")
    assert "<title>404 Not Found</title>" in page
    assert "It was &lt;i&gt;never&lt;/i&gt; here." in page
    assert '<a href="/">' in page
    assert len(re.findall(r"<code>[0-9a-f-]{36}</code>", page)) == 1
    assert "<script" not in page
    assert "src=" not in page


@pytest.mark.parametrize("root", ["", "/mounted", "/a/b", "//evil.example.com"])
def test_the_way_out_of_the_built_in_page_stays_on_the_same_host(root: str) -> None:
    for world in Twins.built(styled()).worlds:
        page = world.call(Request("/web/x", root_path=root, host="evil.example.com")).text
        links = re.findall(r'href="([^"]*)"', page)
        assert links
        for link in links:
            assert link == "" or (link.startswith("/") and not link.startswith("//"))


HOSTILE = [
    "<script>alert(1)</script>",
    "\"onmouseover='alert(1)",
    "</title></style><img src=x onerror=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;script&gt;",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", ["detail", "title", "type", "instance", "extension", "name of an extension"])
def test_hostile_text_is_escaped_in_the_built_in_page(ask: Ask, kind: str, text: str) -> None:
    given: dict[str, Any] = {kind: text} if kind in ("detail", "title", "type", "instance") else {"sku": text}
    given = {text: "value"} if kind == "name of an extension" else given

    page = ask(styled(lambda: Problem(409, **given)), "/web/x").text

    assert "<script" not in page
    assert "<img" not in page
    assert "'alert" not in page
    assert 'href="javascript' not in page
    if kind in ("detail", "title"):
        assert escape(text) in page


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("accept", EVERY)
def test_hostile_text_arrives_plain_where_no_browser_reads_it(ask: Ask, accept: str, text: str) -> None:
    response = ask(styled(lambda: NotFound(text)), "/default/x", **accepting(accept))

    assert response.header("X-Content-Type-Options") == "nosniff"
    if accept == "application/json":
        assert response.json["detail"] == text
    elif accept == "application/xml":
        assert ElementTree.fromstring(response.body).findtext("{*}detail") == text
    elif accept == "text/plain":
        assert text in response.text
    else:
        assert escape(text) in response.text


def test_the_path_of_a_request_is_not_echoed(ask: Ask) -> None:
    for accept in EVERY:
        assert "echoed" not in ask(styled(), "/web/echoed%3Cb%3E", **accepting(accept)).text


# Headers.

MONDAY = datetime(2024, 2, 5, 6, 7, 8, tzinfo=UTC)

HEADERS: dict[str, tuple[Callable[[], Any], int, dict[str, str], dict[str, Any]]] = {
    # What is raised, and the status, headers and members of the answer.
    "Allow": (
        lambda: MethodNotAllowed(["PUT", "GET"]),
        405,
        {"Allow": "GET, PUT"},
        {"allowed": ["GET", "PUT"]},
    ),
    "WWW-Authenticate": (
        lambda: Unauthorized(www_authenticate=WWWAuthenticate("basic", {"realm": "shop"})),
        401,
        {"WWW-Authenticate": "Basic realm=shop"},
        {"authenticate": ["Basic realm=shop"]},
    ),
    "several WWW-Authenticate": (
        lambda: Unauthorized(
            www_authenticate=[WWWAuthenticate("basic", {"realm": "shop"}), WWWAuthenticate("bearer", {"realm": "api"})]
        ),
        401,
        {"WWW-Authenticate": "Basic realm=shop, Bearer realm=api"},
        {"authenticate": ["Basic realm=shop", "Bearer realm=api"]},
    ),
    "several WWW-Authenticate of a Problem": (
        lambda: Problem(401, headers=[("WWW-Authenticate", "Basic"), ("WWW-Authenticate", 'Bearer realm="a, b"')]),
        401,
        {"WWW-Authenticate": 'Basic, Bearer realm="a, b"'},
        {"authenticate": ["Basic", 'Bearer realm="a, b"']},
    ),
    "Retry-After": (lambda: TooManyRequests(retry_after=30), 429, {"Retry-After": "30"}, {"retry_after": 30}),
    "Retry-After 0": (lambda: TooManyRequests(retry_after=0), 429, {"Retry-After": "0"}, {"retry_after": 0}),
    "Retry-After 0 of a Problem": (
        lambda: Problem(429, headers={"Retry-After": "0"}),
        429,
        {"Retry-After": "0"},
        {"retry_after": 0},
    ),
    "Retry-After a date": (
        lambda: ServiceUnavailable(retry_after=MONDAY),
        503,
        {"Retry-After": "Mon, 05 Feb 2024 06:07:08 GMT"},
        {"retry_after": "Mon, 05 Feb 2024 06:07:08 GMT"},
    ),
    "Content-Range": (
        lambda: RequestedRangeNotSatisfiable(length=1234),
        416,
        {"Content-Range": "bytes */1234"},
        {"units": "bytes", "length": 1234},
    ),
    "Content-Range in other units": (
        lambda: RequestedRangeNotSatisfiable(length=0, units="items"),
        416,
        {"Content-Range": "items */0"},
        {"units": "items", "length": 0},
    ),
    "any other": (
        lambda: Problem(409, headers={"X-Shop": "a", "ETag": '"1"'}),
        409,
        {"X-Shop": "a", "ETag": '"1"'},
        {},
    ),
    "of a subclass": (
        lambda: type(
            "Own", (HTTPException,), {"code": 409, "get_headers": lambda self, *_: [("X-Shop", "a"), ("X-Shop", "b")]}
        )(),
        409,
        {"X-Shop": "a, b"},
        {},
    ),
}


@pytest.mark.parametrize("accept", EVERY)
@pytest.mark.parametrize("header", HEADERS)
def test_the_headers_of_an_error_survive_in_every_representation(ask: Ask, header: str, accept: str) -> None:
    raised, status, headers, _ = HEADERS[header]

    response = ask(styled(raised), "/default/x", **accepting(accept))

    assert response.status == status
    assert {name: response.header(name) for name in headers} == headers


@pytest.mark.parametrize("header", HEADERS)
def test_what_the_headers_say_stands_in_members_too(ask: Ask, header: str) -> None:
    raised, _, _, expected = HEADERS[header]

    document = ask(styled(raised), "/api/x").json

    facts = ("allowed", "authenticate", "retry_after", "units", "length")
    assert {name: document[name] for name in facts if name in document} == expected


def test_every_www_authenticate_is_a_header_of_its_own(ask: Ask) -> None:
    response = ask(styled(HEADERS["several WWW-Authenticate"][0]), "/api/x")

    values = [value for name, value in response.headers if name.lower() == "www-authenticate"]
    assert values == ["Basic realm=shop", "Bearer realm=api"]


@pytest.mark.parametrize("accept", EVERY)
def test_allow_of_a_routing_405_survives_in_every_representation(ask: Ask, accept: str) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/page", "page", view_func=lambda: "page", methods=["GET", "PUT"])

    response = ask(build, "/page", "DELETE", **accepting(accept))

    assert (response.status, response.header("Allow")) == (405, "GET, HEAD, OPTIONS, PUT")


def test_a_member_of_the_problem_wins_over_what_its_headers_say(ask: Ask) -> None:
    raised = Problem(429, headers={"Retry-After": "30"}, retry_after="soon")

    response = ask(styled(lambda: raised), "/api/x")

    assert (response.header("Retry-After"), response.json["retry_after"]) == ("30", "soon")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (lambda: "body", "GET, PUT"),
        (lambda: Reply("body"), "GET, PUT"),
        (lambda: {"a": 1}, "GET, PUT"),
        (lambda: Problem(405), None),
        (lambda: Page("page.html"), "GET, PUT"),
        (lambda: ("body", 405, {"Allow": "POST"}), "POST"),
        (lambda: Reply("body", headers={"allow": "POST"}), "POST"),
    ],
    ids=["str", "Reply", "dict", "Problem", "Page", "tuple with its own", "Reply with its own"],
)
def test_the_headers_of_an_error_survive_a_handler_that_does_not_set_them(
    ask: Ask, result: Callable[[], Any], expected: str | None
) -> None:
    def build(world: World) -> None:
        styled(lambda: MethodNotAllowed(["PUT", "GET"]))(world)
        world.app.jinja_loader = DictLoader({"page.html": "page"})
        world.errors.register("/api")(lambda exc: result())

    response = ask(build, "/api/x")

    assert (response.status, response.header("Allow")) == (405, expected)


TWO: list[tuple[str, str]] = [("WWW-Authenticate", "Basic"), ("WWW-Authenticate", "Bearer")]


def values(response: Response, name: str) -> list[str]:
    return [value for known, value in response.headers if known.lower() == name.lower()]


@pytest.mark.parametrize(
    "result",
    [
        lambda: "body",
        lambda: {"a": 1},
        lambda: ("body", {"X-Own": "1"}),
        lambda: ("body", 401),
        lambda: Reply("body"),
        lambda: Page("page.html"),
        lambda: (Page("page.html"), {"X-Own": "1"}),
        lambda: None,
    ],
    ids=["str", "dict", "tuple", "status", "Reply", "Page", "Page, headers", "None"],
)
def test_every_header_of_the_error_survives_a_handler_that_does_not_set_it(ask: Ask, result: Callable[[], Any]) -> None:
    response = ask(answering(result, lambda: Problem(401, headers=TWO)), "/api/x")

    assert values(response, "WWW-Authenticate") == ["Basic", "Bearer"]


@pytest.mark.parametrize(
    "result",
    [
        lambda: ("body", TWO),
        lambda: ("body", 401, TWO),
        lambda: Reply("body", headers=TWO),
        lambda: (Page("page.html"), TWO),
        lambda: (Page("page.html"), 401, TWO),
        lambda: Problem(401, headers=TWO),
    ],
    ids=["tuple", "three", "Reply", "Page", "Page of three", "Problem"],
)
@pytest.mark.parametrize("raised", [NotFound, lambda: Problem(401, headers={"www-authenticate": "Other"})])
def test_a_header_that_a_handler_sets_twice_is_sent_twice(
    ask: Ask, result: Callable[[], Any], raised: Callable[[], Any]
) -> None:
    assert values(ask(answering(result, raised), "/api/x"), "WWW-Authenticate") == ["Basic", "Bearer"]


@pytest.mark.parametrize(
    "result",
    [
        lambda headers: ("body", headers),
        lambda headers: ("body", 404, headers),
        lambda headers: (Page("page.html"), headers),
    ],
    ids=["tuple", "three", "Page"],
)
def test_a_list_of_values_in_a_dict_of_headers_is_sent_as_several_as_the_frameworks_do(
    ask: Ask, result: Callable[[dict[str, Any]], Any]
) -> None:
    headers = {"Set-Cookie": ["a=1", "b=2"]}

    assert values(ask(answering(lambda: result(headers), NotFound), "/api/x"), "Set-Cookie") == ["a=1", "b=2"]


def test_every_header_survives_the_response_decorator(ask: Ask) -> None:
    response = ask(styled(lambda: Problem(401, headers=TWO)), "/api/x", options={"response": lambda function: function})

    assert values(response, "WWW-Authenticate") == ["Basic", "Bearer"]


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
@pytest.mark.parametrize(
    "result",
    [
        lambda headers: ("body", headers),
        lambda headers: ("body", 404, headers),
        lambda headers: Reply("body", headers=headers),
        lambda headers: (Page("page.html"), headers),
        lambda headers: (Page("page.html"), 404, headers),
    ],
    ids=["tuple", "three", "Reply", "Page", "Page of three"],
)
def test_the_content_type_that_a_handler_sets_is_the_only_one(
    ask: Ask, result: Callable[[dict[str, str]], Any], name: str
) -> None:
    response = ask(answering(lambda: result({name: "text/x-own"}), NotFound), "/api/x")

    assert values(response, "Content-Type") == ["text/x-own"]


RESULTS: dict[str, Callable[[dict[str, str]], Any]] = {
    "str": lambda headers: ("body", headers),
    "dict": lambda headers: ({"a": 1}, headers),
    "Reply": lambda headers: Reply("body", headers=headers),
    "Problem": lambda headers: Problem(503, headers=headers),
    "Page": lambda headers: (Page("page.html"), headers),
    "status": lambda headers: ("body", 503, headers),
}


def answering(result: Callable[[], Any], raised: Callable[[], Any] = ServiceUnavailable) -> Callable[[World], None]:
    def build(world: World) -> None:
        styled(raised)(world)
        world.app.jinja_loader = DictLoader({"page.html": "page"})
        world.errors.register("/api")(lambda exc: result())

    return build


@pytest.mark.parametrize("result", RESULTS)
def test_a_server_error_is_not_stored_and_nothing_is_sniffed(ask: Ask, result: str) -> None:
    response = ask(answering(lambda: RESULTS[result]({})), "/api/x")

    assert response.status == 503
    assert response.header("Cache-Control") == "no-store"
    assert response.header("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize("result", RESULTS)
def test_a_handlers_own_header_wins(ask: Ask, result: str) -> None:
    own = {"cache-control": "max-age=5", "X-Content-Type-Options": "none"}

    response = ask(answering(lambda: RESULTS[result](own)), "/api/x")

    assert response.header("Cache-Control") == "max-age=5"
    assert response.header("X-Content-Type-Options") == "none"


@pytest.mark.parametrize("accept", EVERY)
@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (NotFound, None),
        (ServiceUnavailable, "no-store"),
        (lambda: KeyError("x"), "no-store"),
        (lambda: Problem(599), "no-store"),
    ],
)
def test_the_built_in_answers_have_the_safe_headers(
    ask: Ask, raised: Callable[[], Any], expected: str | None, accept: str
) -> None:
    response = ask(styled(raised), "/default/x", **accepting(accept))

    assert response.header("Cache-Control") == expected
    assert response.header("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize("status", [404, 500, 503])
def test_a_native_response_object_is_left_untouched(ask: Ask, status: int) -> None:
    def build(world: World) -> None:
        styled(lambda: MethodNotAllowed(["GET"]))(world)
        world.errors.register("/api")(lambda exc: world.app.response_class("body", status, {"X-Own": "1"}))

    response = ask(build, "/api/x")

    assert sorted((name.lower(), value) for name, value in response.headers) == [
        ("content-length", "4"),
        ("content-type", HTML),
        ("x-own", "1"),
    ]
    assert (response.status, response.text) == (status, "body")


SPLIT = [("X-Own", "a\r\nSet-Cookie: b=c"), ("X-Own", "a\nb"), ("X-Own", "a\rb"), ("X-Own", "a\0b"), ("X\r\nY", "a")]


@pytest.mark.parametrize("header", SPLIT)
@pytest.mark.parametrize(
    "result",
    [
        lambda header: Problem(409, headers=[header]),
        lambda header: Reply("body", headers=[header]),
        lambda header: ("body", [header]),
        lambda header: ("body", 409, dict([header])),
        lambda header: (Page("page.html"), [header]),
    ],
    ids=["Problem", "Reply", "tuple", "three", "Page"],
)
def test_a_line_end_or_nul_never_passes_in_a_header(
    ask: Ask, result: Callable[[tuple[str, str]], Any], header: tuple[str, str]
) -> None:
    response = ask(answering(lambda: result(header), lambda: Problem(409)), "/api/x")

    assert response.status == 409
    assert response.header("Set-Cookie") is None
    for name, value in response.headers:
        assert not re.search("[\r\n\0]", name + value)


@pytest.mark.parametrize("accept", EVERY)
def test_a_line_end_in_the_header_of_an_exception_never_passes(ask: Ask, accept: str) -> None:
    raised = type("Own", (HTTPException,), {"code": 409, "get_headers": lambda self, *_: SPLIT})

    response = ask(styled(raised), "/default/x", **accepting(accept))

    assert response.status == 409
    assert response.header("Set-Cookie") is None
    assert (response.header("X-Own") or "").startswith("a")
    for name, value in response.headers:
        assert not re.search("[\r\n\0]", name + value)


FRAMING = {
    "Content-Length": "999",
    "Content-Type": "text/x-own",
    "Content-Encoding": "gzip",
    "Transfer-Encoding": "chunked",
    "Connection": "close",
}


@pytest.mark.parametrize(
    "result",
    [lambda: None, lambda: "body", lambda: Reply("body"), lambda: Page("page.html"), lambda: {"a": 1}],
    ids=["None", "str", "Reply", "Page", "dict"],
)
@pytest.mark.parametrize("kind", ["Problem", "HTTPException"])
def test_an_exception_does_not_decide_about_the_framing_of_its_answer(
    ask: Ask, kind: str, result: Callable[[], Any]
) -> None:
    def raised() -> Any:
        if kind == "Problem":
            return Problem(409, headers=FRAMING)
        return type("Own", (HTTPException,), {"code": 409, "get_headers": lambda self, *_: list(FRAMING.items())})()

    response = ask(answering(result, raised), "/api/x")

    assert response.status == 409
    assert response.header("Content-Length") == str(len(response.body))
    assert response.content_type != "text/x-own"
    for name in ("Content-Encoding", "Transfer-Encoding", "Connection"):
        assert response.header(name) is None


def test_a_reply_has_the_length_of_its_body(ask: Ask) -> None:
    response = ask(answering(lambda: Reply("body", headers={"Content-Length": "999"})), "/api/x")

    assert (response.text, values(response, "Content-Length")) == ("body", ["4"])


def test_state_of_one_request_never_shows_in_another() -> None:
    shared = Problem(429, detail="wait", headers={"Retry-After": "3"}, sku="a")

    def build(world: World) -> None:
        styled(lambda: shared)(world)
        world.app.jinja_loader = DictLoader({"errors/429.html": "{{ error.instance }} {{ error.trace_id }}"})

    twins = Twins.built(build)
    traced = twins.ask("/api/x", headers=[("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01")])
    plain = twins.ask("/api/x")
    page = twins.ask("/web/x")

    assert traced.json["trace_id"] == TRACE
    assert "trace_id" not in plain.json
    assert TRACE not in page.text
    assert len({traced.json["instance"], plain.json["instance"], page.text.split()[0]}) == 3
    assert (shared.instance, shared.type, dict(shared.extensions)) == (None, "about:blank", {"sku": "a"})
    assert shared.headers == (("Retry-After", "3"),)


# No content.


@pytest.mark.parametrize("accept", EVERY)
@pytest.mark.parametrize("path", ["/api/x", "/web/x", "/default/x", "/api/nope", "/api/crash"])
def test_head_has_the_headers_of_get_and_no_body(path: str, accept: str) -> None:
    twins = Twins.built(styled(crash=lambda: KeyError("x")))

    get, head = twins.ask(path, **accepting(accept)), twins.ask(path, "HEAD", **accepting(accept))

    assert (head.status, head.body) == (get.status, b"")
    assert get.body
    assert {name.lower(): value for name, value in head.headers} == {name.lower(): value for name, value in get.headers}


@pytest.mark.parametrize(
    "result",
    [
        lambda: "body",
        lambda: {"a": 1},
        lambda: Reply("body"),
        lambda: ("body", 404),
        lambda: Page("page.html"),
        lambda: Problem(410),
    ],
    ids=["str", "dict", "Reply", "tuple", "Page", "Problem"],
)
def test_head_of_what_a_handler_gives_has_no_body(result: Callable[[], Any]) -> None:
    twins = Twins.built(answering(result, NotFound))

    get, head = twins.ask("/api/x"), twins.ask("/api/x", "HEAD")

    assert (head.status, head.body) == (get.status, b"")
    assert head.header("Content-Length") == get.header("Content-Length") == str(len(get.body))


def test_head_of_a_stream_has_the_headers_of_get_and_no_body() -> None:
    def pieces() -> Iterator[str]:
        yield "one "
        yield "two"

    twins = Twins.built(answering(pieces, NotFound))

    get, head = twins.ask("/api/x"), twins.ask("/api/x", "HEAD")

    assert (get.text, head.body) == ("one two", b"")
    assert sorted(name.lower() for name, _ in head.headers) == sorted(name.lower() for name, _ in get.headers)


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("result", [lambda status: Reply("body", status), lambda status: ("body", status)])
def test_204_and_304_have_no_body(ask: Ask, status: int, result: Callable[[int], Any]) -> None:
    response = ask(answering(lambda: result(status), NotFound), "/api/x")

    assert (response.status, response.body) == (status, b"")
    assert response.header("Content-Length") is None


# Nothing of an uncaught exception.


class SecretError(Exception):
    """An exception whose every part is a secret."""

    def __init__(self) -> None:
        super().__init__("secret-message")
        self.add_note("secret-note")
        self.description = "secret-description"
        self.title = "secret-title"
        self.headers = {"X-Secret": "secret-header"}


def crash() -> Any:
    local = "secret-local"
    try:
        raise LookupError("secret-cause")
    except LookupError as error:
        if local:
            raise SecretError from error


@pytest.mark.parametrize("style", ["api", "web", "default"])
@pytest.mark.parametrize("accept", EVERY)
def test_an_uncaught_exception_shows_the_default_message_and_nothing_of_itself(
    ask: Ask, style: str, accept: str
) -> None:
    response = ask(styled(crash), f"/{style}/x", **accepting(accept), config={"ERROR_DEFAULT_MSG": "Oh no & <sorry>."})

    sent = response.text + str(response.headers)
    assert response.status == 500
    message = "Oh no & <sorry>."
    assert (escape(message) if response.content_type in (HTML, XML) else message) in response.text
    for secret in ("secret", "Secret", "LookupError", "Traceback", "test_answers", __file__, "local"):
        assert secret not in sent


@pytest.mark.parametrize("result", [lambda: "body", lambda: Reply("body"), lambda: Page("page.html")])
def test_nor_does_a_handler_of_it_send_its_parts_along(ask: Ask, result: Callable[[], Any]) -> None:
    response = ask(answering(result, crash), "/api/x")

    assert response.status == 500
    assert "ecret" not in response.text + str(response.headers)


def test_the_default_message_also_reaches_templates(ask: Ask) -> None:
    def build(world: World) -> None:
        styled(crash)(world)
        world.app.jinja_loader = DictLoader(
            {"errors/500.html": "{{ error.detail }}|{{ error.description }}|{{ error }}"}
        )

    response = ask(build, "/web/x", config={"ERROR_DEFAULT_MSG": "Sorry."})

    assert response.text == "Sorry.|Sorry.|500 Internal Server Error: Sorry."


def test_a_500_that_somebody_aborted_with_keeps_its_words(ask: Ask) -> None:
    def build(world: World) -> None:
        world.errors.api_register(world.app)
        world.app.add_url_rule("/", "home", view_func=lambda: world.abort(500, "on purpose"))

    response = ask(build, "/")

    assert (response.status, response.json["detail"]) == (500, "on purpose")


# Pages.


def pages(names: Iterable[str], **templates: str) -> Callable[[World], None]:
    """Build an application with templates that say their own name, and blueprints one within the other."""

    def build(world: World) -> None:
        world.app.jinja_loader = DictLoader({name: name for name in names} | templates)
        shop = world.Blueprint("shop", __name__, url_prefix="/shop")
        cart = world.Blueprint("cart", __name__, url_prefix="/cart")
        for place in (world.app, shop, cart):
            place.add_url_rule("/raise/<int:status>", "fail", view_func=lambda status: world.abort(status))
        shop.register_blueprint(cart)
        world.errors.web_register(world.app)
        world.app.register_blueprint(shop)

    return build


LOOKUP = [
    "cart/errors/404.html",
    "cart/errors/4xx.html",
    "shop/errors/404.html",
    "shop/errors/4xx.html",
    "errors/404.html",
    "errors/4xx.html",
    "error.html",
]


@pytest.mark.parametrize("missing", range(len(LOOKUP)))
@pytest.mark.parametrize("path", ["/shop/cart/raise/404", "/shop/cart/nope"])
def test_the_nearest_template_is_taken(ask: Ask, missing: int, path: str) -> None:
    assert ask(pages(LOOKUP[missing:]), path).text == LOOKUP[missing]


def test_without_any_template_there_is_the_built_in_page(ask: Ask) -> None:
    assert ask(pages(["errors/5xx.html"]), "/shop/cart/nope").text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/nope", "errors/404.html"),
        ("/shop/nope", "shop/errors/404.html"),
        ("/shop/raise/404", "shop/errors/404.html"),
        ("/shop/raise/403", "shop/errors/4xx.html"),
        ("/shop/cart/raise/403", "cart/errors/4xx.html"),
        ("/raise/403", "errors/4xx.html"),
        ("/raise/503", "error.html"),
        ("/shop/raise/503", "error.html"),
        ("/shopping/nope", "errors/404.html"),
    ],
)
def test_templates_are_looked_up_for_the_blueprints_of_the_chain(ask: Ask, path: str, expected: str) -> None:
    assert ask(pages(LOOKUP), path).text == expected


def test_error_page_names_the_last_template(ask: Ask) -> None:
    response = ask(pages(["oops.html", "error.html"]), "/nope", config={"ERROR_PAGE": "oops.html"})

    assert (response.status, response.text, response.content_type) == (404, "oops.html", HTML)


def test_a_template_of_a_class_of_codes_is_for_that_class_only(ask: Ask) -> None:
    build = pages(["errors/4xx.html", "errors/5xx.html"])

    assert [ask(build, f"/raise/{status}").text for status in (400, 429, 500, 503)] == [
        *("errors/4xx.html", "errors/4xx.html"),
        *("errors/5xx.html", "errors/5xx.html"),
    ]


@pytest.mark.parametrize("style", ["api", "default"])
def test_only_web_scopes_use_templates(ask: Ask, style: str) -> None:
    def build(world: World) -> None:
        styled()(world)
        world.app.jinja_loader = DictLoader({"errors/404.html": "template", "error.html": "template"})

    assert "template" not in ask(build, f"/{style}/x", **accepting("text/html")).text
    assert ask(build, "/web/x", **accepting("text/html")).text == "template"


TEMPLATE = (
    "{% extends 'layout.html' %}{% block body %}{{ url_for('home') }}|{{ url_for('shop.page', _external=True) }}|"
    "{{ greeting }}|{{ 'abc' | backwards }}|{{ shout('a') }}|{{ request.path }}|{{ config.ERROR_PAGE }}|"
    "{% endblock %}"
)


@pytest.mark.parametrize("path", ["/shop/nope", "/shop/broken", "/shop/crash"])
@pytest.mark.parametrize("context", ["sync", "async"])
def test_a_page_is_rendered_as_the_application_renders_its_own(path: str, context: str) -> None:
    def build(world: World) -> None:
        world.app.secret_key = "tests"
        world.app.jinja_loader = DictLoader({"layout.html": "[{% block body %}{% endblock %}]", "error.html": TEMPLATE})
        world.app.jinja_env.filters["backwards"] = lambda text: text[::-1]
        world.app.jinja_env.globals["shout"] = str.upper

        async def later() -> dict[str, str]:
            return {"greeting": "hello"}

        def crashing() -> None:
            raise KeyError("x")

        # Flask takes sync context processors only.
        processor = later if context == "async" and world.is_async else lambda: {"greeting": "hello"}
        world.app.context_processor(processor)
        shop = world.Blueprint("shop", __name__, url_prefix="/shop")
        shop.add_url_rule("/page", "page", view_func=lambda: "page")
        shop.add_url_rule("/broken", "broken", view_func=lambda: world.abort(404))
        shop.add_url_rule("/crash", "crash", view_func=crashing)
        world.app.add_url_rule("/", "home", view_func=lambda: "home")
        world.errors.web_register(shop)
        world.app.register_blueprint(shop)

    response = Twins.built(build).ask(path)

    assert response.text == f"[/|http://localhost/shop/page|hello|cba|A|{path}|error.html|]"


def test_a_page_of_a_handler_is_rendered_in_the_same_way(ask: Ask) -> None:
    def build(world: World) -> None:
        world.app.jinja_loader = DictLoader(
            {"own.html": "{{ url_for('home') }} {{ greeting }} {{ error.status }} {{ who }}"}
        )
        world.app.context_processor(lambda: {"greeting": "hello"})
        world.app.add_url_rule("/", "home", view_func=lambda: "home")
        world.errors.register(world.app)(lambda exc: Page("own.html", who="you"))

    assert ask(build, "/nope").text == "/ hello 404 you"


SHOWN = (
    "{{ error.status }}|{{ error.title }}|{{ error.detail }}|{{ error.type }}|{{ error.code }}|{{ error.name }}|"
    "{{ error.description }}|{{ error.instance == 'urn:uuid:' ~ incident.id }}|{{ incident.request.path }}|"
    "{{ incident.problem.status }}|{{ incident.scope }}|{{ error.sku }}"
)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (
            lambda: NotFound("not here"),
            "404|Not Found|not here|about:blank|404|Not Found|not here|True|/web/x|404|/web|",
        ),
        (
            lambda: Problem(409, title="Sold", detail="sold", type="/sold", sku="a"),
            "409|Sold|sold|/sold|409|Sold|sold|True|/web/x|409|/web|a",
        ),
        (
            lambda: KeyError("secret"),
            "500|Internal Server Error|Oh|about:blank|500|Internal Server Error|Oh|True|/web/x|500|/web|",
        ),
    ],
)
def test_a_template_is_given_the_error_and_the_incident(ask: Ask, raised: Callable[[], Any], expected: str) -> None:
    def build(world: World) -> None:
        styled(raised)(world)
        world.app.jinja_loader = DictLoader({"error.html": SHOWN})

    assert ask(build, "/web/x", config={"ERROR_DEFAULT_MSG": "Oh"}).text == expected


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_escaped_in_templates(ask: Ask, text: str) -> None:
    def build(world: World) -> None:
        styled(lambda: Problem(409, detail=text, title=text, sku=text))(world)
        world.app.jinja_loader = DictLoader(
            {"error.html": "{{ error.detail }}{{ error.title }}{{ error.description }}{{ error.name }}{{ error.sku }}"}
        )

    page = ask(build, "/web/x").text

    assert page == str(Markup.escape(text)) * 5


def test_a_template_that_comes_later_is_found_where_templates_are_reloaded() -> None:
    templates: dict[str, str] = {}

    def build(world: World) -> None:
        world.app.config["TEMPLATES_AUTO_RELOAD"] = True
        world.errors.web_register(world.app)
        world.app.jinja_loader = DictLoader(templates)

    twins = Twins.built(build)
    before = twins.ask("/nope").text
    templates["error.html"] = "later"

    assert before.startswith("<!DOCTYPE html>")
    assert twins.ask("/nope").text == "later"


def test_the_page_of_a_prefix_or_host_comes_from_the_templates_of_the_app(ask: Ask) -> None:
    def build(world: World) -> None:
        world.app.jinja_loader = DictLoader({"errors/404.html": "the app's"})
        world.errors.web_register("/zone", Scope(host="shop.example.com"))

    assert ask(build, "/zone/nope").text == "the app's"
    assert ask(build, "/nope", host="shop.example.com").text == "the app's"
    assert ask(build, "/nope").text != "the app's"


# Styles.


def test_failure_register_answers_uncaught_exceptions_and_nothing_else() -> None:
    def build(world: World) -> None:
        world.app.jinja_loader = DictLoader({"error.html": "template"})
        shop = world.Blueprint("shop", __name__, url_prefix="/shop")
        for name, make in {"crash": crash, "missing": NotFound, "sold": lambda: Problem(409)}.items():

            def view(make: Callable[[], Any] = make) -> None:
                raise make()

            shop.add_url_rule(f"/{name}", name, view_func=view)
        world.errors.failure_register(shop)
        world.errors.web_register(world.app)
        world.app.register_blueprint(shop)

    twins = Twins.built(build)

    assert twins.ask("/shop/crash").status == 500
    assert twins.ask("/shop/crash").text.startswith("<!DOCTYPE html>")
    assert [twins.ask(f"/shop/{name}").text for name in ("missing", "sold", "nope")] == ["template"] * 3


@pytest.mark.parametrize(
    ("option", "expected"),
    [("api", JSON), ("web", "template"), ("default", "<!DOCTYPE html>"), (None, "<!DOCTYPE html>")],
)
@pytest.mark.parametrize("way", ["option", "config"])
def test_error_handler_is_the_style_of_the_app(ask: Ask, option: str | None, expected: str, way: str) -> None:
    def build(world: World) -> None:
        world.app.jinja_loader = DictLoader({"error.html": "template"})

    given: dict[str, Any] = (
        {"options": {"handler": option}} if way == "option" else {"config": {"ERROR_HANDLER": option}}
    )

    response = ask(build, "/nope", **given)

    assert expected in (response.content_type, response.text[: len(expected)])


def test_of_two_styles_for_one_target_the_last_counts(ask: Ask) -> None:
    def build(world: World) -> None:
        world.errors.web_register("/a")
        world.errors.api_register("/a", world.app)
        world.errors.default_register(world.app)

    assert ask(build, "/a/nope").content_type == JSON
    assert ask(build, "/nope").content_type == HTML


@pytest.mark.parametrize("named", ["json", "xml"])
def test_the_response_decorator_makes_the_documents(ask: Ask, named: str) -> None:
    def decorator(function: Callable[[], tuple[dict[str, Any], int, dict[str, str]]]) -> Callable[[], Any]:
        def wrapper() -> Any:
            document, status, headers = function()
            text = json.dumps({"status": document["status"], "detail": document["detail"]})
            return text, status, {**headers, "Content-Type": f"application/{named}", "X-Made": "yes"}

        return wrapper

    response = ask(styled(lambda: TooManyRequests("slow", retry_after=3)), "/api/x", options={"response": decorator})

    assert (response.status, response.json) == (429, {"status": 429, "detail": "slow"})
    assert response.content_type == f"application/problem+{named}"
    assert (response.header("X-Made"), response.header("Retry-After")) == ("yes", "3")
    assert response.header("X-Content-Type-Options") == "nosniff"


def test_the_response_decorator_does_not_make_pages(ask: Ask) -> None:
    response = ask(styled(), "/web/x", options={"response": lambda function: lambda: "decorated"})

    assert response.content_type == HTML
    assert "decorated" not in response.text
