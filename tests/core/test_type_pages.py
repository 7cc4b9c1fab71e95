"""The pages about problem types: docstrings as HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errbridge import Problem
from errbridge.catalogue import ProblemType
from errbridge.catalogue.pages import render_page
from errbridge.languages.language import ENGLISH
from errbridge.representations.site import Site

TAGS = {"p", "ul", "li"}


def rendered(documentation: str) -> str:
    """Return the part of a type's page that shows its documentation."""
    described = ProblemType(Problem, "urn:x", "x", 400, "X", documentation)
    body, _ = render_page(described, ENGLISH, Site(), "")
    found = re.search(r"</h1>\n(.*?)<h2>Type</h2>", body.decode("utf-8", "surrogatepass"), re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        (" \n\n ", ""),
        ("plain & <simple>", '<p dir="auto">plain &amp; &lt;simple&gt;</p>\n'),
        ("``code``, **bold** and *emphasis*", '<p dir="auto">``code``, **bold** and *emphasis*</p>\n'),
        ("One\nline.\n\n \nTwo.\n", '<p dir="auto">One\nline.</p>\n<p dir="auto">Two.</p>\n'),
        ("- one\n- <two>", '<ul><li dir="auto">one</li><li dir="auto">&lt;two&gt;</li></ul>\n'),
        (
            "Such as:\n- one,\n  with more\n- two\n\nAfter it.",
            (
                '<p dir="auto">Such as:</p>\n<ul><li dir="auto">one,\n  with more</li><li dir="auto">two</li></ul>\n'
                '<p dir="auto">After it.</p>\n'
            ),
        ),
        ("No list -\n-1 neither", '<p dir="auto">No list -\n-1 neither</p>\n'),
    ],
)
def test_a_docstring_is_shown_as_paragraphs_and_lists_and_everything_else_is_text(text: str, html: str) -> None:
    assert rendered(text) == html


class _Reader(HTMLParser):
    """Reads HTML as a browser would, and keeps the tags and the texts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert attrs in ([], [("dir", "auto")])
        self.tags.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(st.sampled_from("ab <>&\"'`*-:\n")) | st.text())
def test_whatever_a_docstring_holds_the_html_is_well_formed_and_loses_no_word(text: str) -> None:
    reader = _Reader()
    reader.feed(rendered(text))
    reader.close()

    assert reader.open == []
    assert reader.tags <= TAGS
    words = [letter for letter in text if letter in "ab<>&\"'`*"]
    assert [letter for letter in reader.text if letter in "ab<>&\"'`*"] == words
