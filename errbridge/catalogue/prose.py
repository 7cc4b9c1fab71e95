"""Docstrings as HTML, for pages: what reStructuredText and Markdown have in common, and nothing else.

==================================  ===========================================================
written                             becomes
==================================  ===========================================================
a blank line                        the next paragraph
``- one`` or ``* one``              an item of a list; what is indented below it belongs to it
an indented line                    a line of its own
a name in one or two backticks      ``<code>``, without the role that a reference has
``**bold**``, ``*emphasis*``        ``<strong>``, ``<em>``
==================================  ===========================================================

Everything else is text, and escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

__all__ = ["blocks", "inline"]

_ITEM = re.compile(r"\s*[-*]\s+(?=\S)")
# Of stars only those that stand at words: 2 * 3 * 4 and **kwargs are text.
_MARKED = re.compile(
    r"(?::[\w:.-]{1,32}:)?(?P<ticks>``?)(?=[^`\s])(?P<code>[^`]*[^`\s])(?P=ticks)(?!`)"
    r"|(?<![\w*])\*\*(?=[^\s*])(?P<strong>(?:[^*]|\*(?!\*))*?\S)\*\*(?![\w*])"
    r"|(?<![\w*])\*(?=[^\s*])(?P<em>[^*]*?[^\s*])\*(?![\w*])"
)
_INDENTED = r"\n(?=\s)"


def inline(text: str) -> str:
    """Render the markup within a line.

    Example:
        >>> inline("a **bold** `<code>`")
        'a <strong>bold</strong> <code>&lt;code&gt;</code>'

    Args:
        text: As it was written.

    Returns:
        HTML.
    """
    return "".join(_marked(text))


def _marked(text: str) -> Iterator[str]:
    end = 0
    for found in _MARKED.finditer(text):
        yield escape(text[end : found.start()])
        end = found.end()
        if found["code"] is not None:
            yield f"<code>{escape(found['code'])}</code>"
        else:
            tag = "em" if found["strong"] is None else "strong"
            yield f"<{tag}>{inline(found[tag])}</{tag}>"
    yield escape(text[end:])


def blocks(text: str) -> Iterator[str]:
    """Render a docstring as paragraphs and lists.

    Args:
        text: Without the indentation that all of its lines have.

    Yields:
        HTML, one block after the other.
    """
    items: list[str] = []
    for lines in _grouped(text):
        bullet = _ITEM.match(lines[0])
        if bullet is not None:
            item = "\n".join([lines[0][bullet.end() :], *map(str.strip, lines[1:])])
            items.append(f'<li dir="auto">{inline(item)}</li>')
            continue
        yield from _list(items)
        items = []
        paragraph = inline("\n".join(lines).strip())
        yield f'<p dir="auto">{re.sub(_INDENTED, "<br>", paragraph)}</p>\n'
    yield from _list(items)


def _list(items: list[str]) -> Iterator[str]:
    if items:
        yield f"<ul>{''.join(items)}</ul>\n"


def _grouped(text: str) -> Iterator[list[str]]:
    """Give the lines of each paragraph, and of each item of a list."""
    lines: list[str] = []
    for line in text.splitlines():
        in_list = bool(lines) and _ITEM.match(lines[0]) is not None
        if lines and (not line.strip() or _ITEM.match(line) or (in_list and not line[0].isspace())):
            yield lines
            lines = []
        if line.strip():
            lines.append(line)
    if lines:
        yield lines
