"""Which representation is sent."""

from __future__ import annotations

from typing import Any

import pytest

from errbridge import Problem
from tests.answers.every_style import EVERY, accepting, in_every_style
from tests.applications import HTML, JSON, XML, Ask, a_catch_all, an_app, with_templates
from tests.twins import Twins

TEXT = "text/plain; charset=utf-8"


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
    twins = Twins.built(in_every_style())
    headers = [] if accept is None else [("Accept", accept)]

    answered = [twins.ask(f"/{style}/nope", headers=headers) for style in ("api", "web", "default")]

    assert [response.content_type for response in answered] == [api, web, default]
    assert [response.status for response in answered] == [404, 404, 404]
    assert all(response.body for response in answered)


def test_several_lines_of_accept_are_one(ask: Ask) -> None:
    assert ask(in_every_style(), "/web/x", **accepting("image/png", "application/json")).content_type == JSON


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [(31, JSON), (32, HTML)],
    ids=["the 32nd range", "the 33rd range"],
)
def test_no_more_than_32_ranges_of_accept_are_read(ask: Ask, ranges: int, expected: str) -> None:
    accept = ",".join(["a/b"] * ranges + ["application/json"])

    assert ask(in_every_style(), "/web/x", **accepting(accept)).content_type == expected


@pytest.mark.parametrize(("length", "expected"), [(4096, JSON), (4097, HTML)])
def test_no_more_than_4_kb_of_accept_are_read(ask: Ask, length: int, expected: str) -> None:
    wanted = ",application/json"
    accept = "a/" + "b" * (length - 2 - len(wanted)) + wanted

    assert len(accept) == length
    assert ask(in_every_style(), "/web/x", **accepting(accept)).content_type == expected


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
    twins = Twins.built(in_every_style())
    headers = [("X-Requested-With", "XMLHttpRequest"), *([] if accept is None else [("Accept", accept)])]

    answered = [twins.ask(f"/{style}/x", headers=headers).content_type for style in ("api", "web", "default")]

    assert answered == [api, web, default]


@pytest.mark.parametrize(("value", "expected"), [("xmlhttprequest", JSON), ("fetch", HTML), ("", HTML)])
def test_only_xmlhttprequest_means_xhr(ask: Ask, value: str, expected: str) -> None:
    assert ask(in_every_style(), "/web/x", headers=[("X-Requested-With", value)]).content_type == expected


def test_error_xhr_enabled_false_makes_it_like_any_other(ask: Ask) -> None:
    headers = [("X-Requested-With", "XMLHttpRequest")]

    response = ask(in_every_style(), "/web/x", headers=headers, config={"ERROR_XHR_ENABLED": False})

    assert (response.content_type, response.header("Vary")) == (HTML, "Accept")


VARY = [("api", "Accept"), ("web", "Accept, X-Requested-With"), ("default", "Accept")]


@pytest.mark.parametrize(("style", "vary"), VARY)
@pytest.mark.parametrize("accept", [*EVERY, "*/*"])
def test_vary_names_what_the_choice_depended_on(ask: Ask, style: str, vary: str, accept: str) -> None:
    assert ask(in_every_style(), f"/{style}/x", **accepting(accept)).header("Vary") == vary


def test_vary_is_added_to_what_the_error_says_itself(ask: Ask) -> None:
    build = in_every_style(lambda: Problem(409, headers={"Vary": "Cookie, Accept"}))

    assert ask(build, "/web/x").header("Vary") == "Cookie, Accept, X-Requested-With"


@pytest.mark.parametrize("way", ["template", "response", "handler", "failed handler"])
@pytest.mark.parametrize(("style", "vary"), VARY)
def test_vary_is_sent_however_a_problem_comes_to_be_shown(ask: Ask, style: str, vary: str, way: str) -> None:
    shown = {
        "template": with_templates({"error.html": "template"}),
        "handler": a_catch_all(lambda exc: Problem(410), on=f"/{style}"),
        "failed handler": a_catch_all(lambda exc: 1 / 0, on=f"/{style}"),
    }.get(way, an_app())
    options = {"response": lambda function: function} if way == "response" else {}
    accept = "text/html" if way == "template" else "application/json"

    response = ask(an_app(in_every_style(), shown), f"/{style}/x", **accepting(accept), options=options)

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
    twins = Twins.built(in_every_style(), config=config)

    answered = [twins.ask("/api/x", **accepting(accept)).content_type for accept in ("application/json", "text/xml")]

    assert answered == [as_json, as_xml]
