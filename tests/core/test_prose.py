"""Docstrings as HTML, for pages."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errbridge.catalogue.prose import blocks, inline

TAGS = {"p", "ul", "li", "br", "code", "strong", "em"}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain & <simple>", "plain &amp; &lt;simple&gt;"),
        ("``<code>`` and `code`", "<code>&lt;code&gt;</code> and <code>code</code>"),
        ("``a * b * c``", "<code>a * b * c</code>"),
        (":class:`Problem` or :py:meth:`run`", "<code>Problem</code> or <code>run</code>"),
        ("**bold** and *emphasis*.", "<strong>bold</strong> and <em>emphasis</em>."),
        ("**of ``code`` & *more***", "<strong>of <code>code</code> &amp; <em>more</em></strong>"),
        ("**bold\nover lines**", "<strong>bold\nover lines</strong>"),
        ("2 * 3 * 4, 2*3*4, 2 ** 3 ** 4", "2 * 3 * 4, 2*3*4, 2 ** 3 ** 4"),
        ("*args and **kwargs", "*args and **kwargs"),
        ("it`s a `b`", "it`s a <code>b</code>"),
        ("``` ` `` ** *", "``` ` `` ** *"),
        ("", ""),
    ],
)
def test_the_markup_within_a_line_is_rendered_and_the_rest_is_text(text: str, html: str) -> None:
    assert inline(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        (" \n\n ", ""),
        ("One\nline.\n\n\nTwo.\n", '<p dir="auto">One\nline.</p>\n<p dir="auto">Two.</p>\n'),
        (
            "Such as:\n- *one*\n- two,\n  with more\n\n* three\nAfter it.",
            (
                '<p dir="auto">Such as:</p>\n<ul><li dir="auto"><em>one</em></li><li dir="auto">two,\nwith more</li>'
                '<li dir="auto">three</li></ul>\n<p dir="auto">After it.</p>\n'
            ),
        ),
        ("*Not* a list\n-1 neither", '<p dir="auto"><em>Not</em> a list\n-1 neither</p>\n'),
        ("Attributes:\n    balance: Left.\n    cost: Of it.", "Attributes:<br>    balance: Left.<br>    cost: Of it."),
    ],
)
def test_paragraphs_and_lists_are_told_apart(text: str, html: str) -> None:
    whole = html if html.startswith("<") or not html else f'<p dir="auto">{html}</p>\n'

    assert "".join(blocks(text)) == whole


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
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


MARKED = st.text(st.sampled_from("ab <>&\"'`*-:\n")) | st.text()


@given(MARKED)
def test_whatever_a_docstring_holds_the_html_is_well_formed_and_loses_no_word(text: str) -> None:
    reader = _Reader()
    reader.feed("".join(blocks(text)))
    reader.close()

    assert reader.open == []
    assert reader.tags <= TAGS
    words = [letter for letter in text if letter in "ab<>&\"'"]
    assert [letter for letter in reader.text if letter in "ab<>&\"'"] == words
