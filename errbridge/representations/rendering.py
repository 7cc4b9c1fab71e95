"""Representations: from an error to bytes, one module for each media type.

A document is a function of the problem, the others are functions of the incident, the page's also of the site. They
answer for any problem: values that a format cannot hold are replaced (`errbridge.problem.values`), never raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from errbridge.http import accept
from errbridge.representations.html import render_html
from errbridge.representations.json import render_json
from errbridge.representations.text import render_text
from errbridge.representations.xml import render_xml

__all__ = ["REPRESENTATIONS"]

REPRESENTATIONS: Mapping[str, Callable[..., bytes]] = {
    accept.JSON: render_json,
    accept.XML: render_xml,
    accept.HTML: render_html,
    accept.TEXT: render_text,
}
"""By media type."""
