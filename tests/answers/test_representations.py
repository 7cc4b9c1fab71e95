"""XML, text and the built-in page."""

from __future__ import annotations

import logging
import re
from html import escape
from typing import Any
from xml.etree import ElementTree

import pytest
from werkzeug.exceptions import (
    NotFound,
)

from errbridge import Problem
from tests.answers.every_style import EVERY, HOSTILE, accepting, in_every_style
from tests.applications import Ask, a_site
from tests.clients import Request
from tests.twins import Twins

# The other representations.


def test_xml_is_that_of_rfc_9457(ask: Ask) -> None:
    extensions: dict[str, Any] = {"allowed": ["GET", {"a": 1}], "more": None, "seen": True, "1 odd:name": "x"}
    raised = Problem(409, detail="a & b < c", instance="/1", **extensions)

    response = ask(in_every_style(lambda: raised), "/api/x", **accepting("application/problem+xml"))

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

    response = ask(in_every_style(lambda: raised), "/api/x", **accepting("application/xml"))

    root = ElementTree.fromstring(response.body)
    assert root.tag == "{urn:ietf:rfc:7807}problem"
    expected = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)
    assert root.findtext("{*}detail") == expected


def test_text_is_readable(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="errbridge")
    raised = Problem(429, detail="Slow down.", headers={"Retry-After": "30"}, sku="a", tags=["x", "y"], more=None)

    response = ask(in_every_style(lambda: raised), "/api/x", **accepting("text/plain"))

    lines = response.text.split("\n")
    assert lines[:4] == ["429 Too Many Requests", "", "Slow down.", ""]
    assert sorted(lines[4:8]) == ["more: -", "retry_after: 30", "sku: a", "tags: x, y"]
    assert (lines[8], lines[10:]) == ("", [""])
    assert re.fullmatch(r"Reference: [0-9a-f-]{36}", lines[9])


@pytest.mark.parametrize(("level", "has_reference"), [(logging.INFO, True), (logging.ERROR, False)])
def test_text_has_a_reference_where_a_log_record_has_the_id(
    ask: Ask, caplog: pytest.LogCaptureFixture, level: int, has_reference: bool
) -> None:
    caplog.set_level(level, logger="errbridge")

    for raised in (NotFound, lambda: Problem(409, sku="a")):
        response = ask(in_every_style(raised), "/api/x", **accepting("text/plain"))
        assert ("Reference: " in response.text) is has_reference


def test_the_built_in_page_says_what_happened_and_shows_the_way_out(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="errbridge")
    response = ask(in_every_style(lambda: NotFound("It was <i>never</i> here.")), "/web/x")

    page = response.text
    assert page.startswith("<!DOCTYPE html>\n<html lang=")
    assert "<title>Page not found · Error 404</title>" in page
    assert "It was &lt;i&gt;never&lt;/i&gt; here." in page
    assert '<a href="/">' in page
    assert len(re.findall(r"<code>[0-9a-f]{8}</code>", page)) == 1
    assert "<script" not in page
    assert "src=" not in page


@pytest.mark.parametrize("name", ["Since 1987-06-05", "Closed at 04:03:21", "5b2df7c2", "100%s %(time)s"])
def test_the_name_of_a_site_stays_as_it_is(ask: Ask, name: str) -> None:
    """The page of a 404 is rendered once, around places for what is different in each."""
    response = ask(a_site(), "/nope", config={"ERROR_SITE": {"name": name}})

    assert name in response.text


def test_a_logo_may_be_on_an_international_host(ask: Ask) -> None:
    response = ask(a_site(), "/nope", config={"ERROR_SITE": {"logo": "https://日本.jp/Käse.png"}})

    assert "; img-src https://xn--wgv71a.jp; " in str(response.header("Content-Security-Policy"))
    assert 'src="https://xn--wgv71a.jp/K%C3%A4se.png"' in response.text


@pytest.mark.parametrize("root", ["", "/mounted", "/a/b", "//evil.example.com"])
def test_the_way_out_of_the_built_in_page_stays_on_the_same_host(root: str) -> None:
    for world in Twins.built(in_every_style()).worlds:
        page = world.call(Request("/web/x", root_path=root, host="evil.example.com")).text
        links = re.findall(r'href="([^"]*)"', page)
        assert links
        for link in links:
            assert link == "" or (link.startswith("/") and not link.startswith("//"))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", ["detail", "title", "type", "instance", "extension", "name of an extension"])
def test_hostile_text_is_escaped_in_the_built_in_page(ask: Ask, kind: str, text: str) -> None:
    given: dict[str, Any] = {kind: text} if kind in ("detail", "title", "type", "instance") else {"sku": text}
    given = {text: "value"} if kind == "name of an extension" else given

    page = ask(in_every_style(lambda: Problem(409, **given)), "/web/x").text

    assert "<script" not in page
    assert "<img" not in page
    assert "'alert" not in page
    assert 'href="javascript' not in page
    if kind in ("detail", "title"):
        assert escape(text) in page


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("accept", EVERY)
def test_hostile_text_arrives_plain_where_no_browser_reads_it(ask: Ask, accept: str, text: str) -> None:
    response = ask(in_every_style(lambda: NotFound(text)), "/default/x", **accepting(accept))

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
        assert "echoed" not in ask(in_every_style(), "/web/echoed%3Cb%3E", **accepting(accept)).text
