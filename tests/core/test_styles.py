"""How a scope's errors look."""

from __future__ import annotations

import pytest

from errbridge.http.accept import HTML, JSON, TEXT, XML
from errbridge.representations.styles import API, DEFAULT, STYLES, WEB, WEB_WITHOUT_XHR, Style


def test_the_styles_are_known_by_the_names_of_the_configuration() -> None:
    assert dict(STYLES) == {"api": API, "web": WEB, "default": DEFAULT}
    assert [style.name for style in STYLES.values()] == list(STYLES)


def test_every_style_offers_its_default() -> None:
    assert all(style.default in style.offers for style in STYLES.values())


def test_an_api_offers_documents_and_text_but_no_page() -> None:
    assert set(API.offers) == {JSON, XML, TEXT}
    assert API.default == JSON


def test_web_and_default_offer_everything_and_a_page_by_default() -> None:
    for style in (WEB, DEFAULT):
        assert set(style.offers) == {HTML, JSON, XML, TEXT}
        assert style.default == HTML


def test_only_a_web_scope_shows_templates_and_heeds_xml_http_requests() -> None:
    assert [(style.name, style.has_templates, style.heeds_xhr) for style in STYLES.values()] == [
        ("api", False, False),
        ("web", True, True),
        ("default", False, False),
    ]


@pytest.mark.parametrize(
    ("style", "xhr", "expected"),
    [
        (WEB, True, JSON),
        (WEB, False, HTML),
        (WEB_WITHOUT_XHR, True, HTML),
        (DEFAULT, True, HTML),
        (API, True, JSON),
    ],
)
def test_an_xml_http_request_asks_for_a_document_where_it_is_heeded(style: Style, xhr: bool, expected: str) -> None:
    assert style.choose_media_type("text/html", xhr=xhr) == expected


def test_vary_names_what_the_choice_depended_on() -> None:
    assert WEB.vary == "Accept, X-Requested-With"
    assert {style.vary for style in (API, DEFAULT, WEB_WITHOUT_XHR)} == {"Accept"}
